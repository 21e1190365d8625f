"""The books of an estimate: area per block, energy and latency per layer, block and phase, and how each came about.

Every figure is entered once, so that blocks, phases and layers add up to the totals.
"""

import dataclasses
import html
from collections.abc import Iterable

import numpy as np

from dwcore.canvas.number_text import time_text, with_prefix
from dwcore.errors import InputError

PHASES = ("forward", "backward", "weight gradient", "update")
"""Backward: gradients of the activations, through the transposed arrays. Update: write pulses."""
BLOCKS = (
    "arrays",
    "drivers",
    "multiplexers",
    "front end",
    "converters",
    "shift-and-add",
    "adder trees",
    "multipliers",
    "accumulators",
    "function units",
    "buffers",
    "interconnect",
    "gradient unit",
    "control",
    "off-chip memory",
    "leakage",
)


@dataclasses.dataclass(frozen=True)
class Step:
    """One line of a derivation: symbol = formula = value [unit], from these published components."""

    symbol: str
    formula: str
    value: float
    unit: str
    components: tuple[str, ...] = ()


class Entry:
    """One block: area [m^2], energy [J] and latency [s] per image, shape (layers, phases), and its derivation.

    What is entered must be finite; otherwise an InputError names the block.
    """

    def __init__(self, block: str, layers: int):
        if block not in BLOCKS:
            raise ValueError(block)
        self.block = block
        self.area = 0.0
        self.energy = np.zeros((layers, len(PHASES)))
        self.latency = np.zeros((layers, len(PHASES)))
        self.steps: list[Step] = []

    def note(self, symbol: str, formula: str, value: float, unit: str, *components: str) -> float:
        """Enter a line of the derivation and return its value."""
        self.steps.append(Step(symbol, formula, float(value), unit, components))
        return value

    def set_area(self, formula: str, value: float, *components: str) -> None:
        """Enter the area of the block [m^2]."""
        self._check("area", value)
        self.area = float(self.note("A", formula, value, "m^2", *components))

    def add_energy(self, phase: str, formula: str, values, *components: str) -> None:
        """Enter energies per image by layer, shape (layers,) [J]."""
        self._add(self.energy, phase, "E", formula, values, "J", components)

    def hide(self, phase: str, behind: np.ndarray, what: str) -> None:
        """Take the latency of layers out that passes behind other blocks, where `behind` holds, shape (layers,)."""
        column = self.latency[:, PHASES.index(phase)]
        if (behind & (column != 0)).any():
            self.add_latency(phase, f"- what passes behind {what}", np.where(behind, -column, 0.0))

    def add_latency(self, phase: str, formula: str, values, *components: str) -> None:
        """Enter latencies per image by layer, shape (layers,) [s]."""
        self._add(self.latency, phase, "t", formula, values, "s", components)

    def _add(self, book, phase: str, symbol: str, formula: str, values, unit: str, components) -> None:
        self._check(f"{'energy' if unit == 'J' else 'time'} of the {phase} phase", values)
        column = book[:, PHASES.index(phase)]
        before = column.sum()
        column += values
        self.note(f"{symbol}({phase})", formula, column.sum() - before, unit, *components)

    def _check(self, what: str, values) -> None:
        if not np.all(np.isfinite(values)):
            raise InputError(
                f"{self.block}: the {what} is not finite: a setting or component is beyond what the model means"
            )


@dataclasses.dataclass(frozen=True, eq=False)
class ChipCost:
    """A whole estimate, per image.

    Attributes:
        name: what was estimated.
        layers: names of the layers.
        area: per block, shape (blocks,) [m^2].
        energy: shape (layers, blocks, phases) [J].
        latency: one layer after the other, shape (layers, blocks, phases) [s].
        derivation: lines per block.
        facts: figures that are not costs, such as the number of arrays.
    """

    name: str
    layers: tuple[str, ...]
    area: np.ndarray
    energy: np.ndarray
    latency: np.ndarray
    derivation: dict[str, tuple[Step, ...]]
    facts: dict

    def __repr__(self) -> str:
        return f"<ChipCost {self.name}: {', '.join(_texts(self.total_area, self.total_energy(), self.total_latency()))} per image>"

    def _repr_html_(self) -> str:
        rows = [
            (block, self.area[number], self.energy[:, number].sum(), self.latency[:, number].sum())
            for number, block in enumerate(BLOCKS)
        ]
        rows = [row for row in rows if any(row[1:])] + [
            ("total", self.total_area, self.total_energy(), self.total_latency())
        ]
        cells = "".join(
            f"<tr><td>{name}</td><td>{'</td><td>'.join(_texts(*values))}</td></tr>" for name, *values in rows
        )
        head = f"<tr><th>{html.escape(self.name)}</th><th>area</th><th>energy</th><th>latency</th></tr>"
        return f"<table>{head}{cells}</table>"

    def block(self, name: str) -> int:
        """Return the number of a block."""
        return BLOCKS.index(name)

    @property
    def total_area(self) -> float:
        """Area of the chip [m^2]."""
        return float(self.area.sum())

    def total_energy(self, *phases: str) -> float:
        """Return the energy per image of some phases, of all if none is named [J]."""
        return float(self.energy[:, :, _numbers(phases)].sum())

    def total_latency(self, *phases: str) -> float:
        """Return the time per image of some phases, of all if none is named [s]."""
        return float(self.latency[:, :, _numbers(phases)].sum())


def _texts(area: float, energy: float, latency: float) -> tuple[str, str, str]:
    return f"{1e6 * area:.3g} mm2", with_prefix(energy, "J"), time_text(latency)


def _numbers(phases: Iterable[str]) -> list[int]:
    return [PHASES.index(phase) for phase in (phases or PHASES)]


def close_books(name: str, layers: Iterable[str], entries: Iterable[Entry], facts: dict) -> ChipCost:
    """Put the entries of all blocks together."""
    layers = tuple(layers)
    area = np.zeros(len(BLOCKS))
    energy = np.zeros((len(layers), len(BLOCKS), len(PHASES)))
    latency = np.zeros_like(energy)
    derivation: dict[str, tuple[Step, ...]] = {}
    for entry in entries:
        number = BLOCKS.index(entry.block)
        area[number] += entry.area
        energy[:, number] += entry.energy
        latency[:, number] += entry.latency
        derivation[entry.block] = derivation.get(entry.block, ()) + tuple(entry.steps)
    return ChipCost(name, layers, area, energy, latency, derivation, facts)
