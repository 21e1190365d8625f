"""What one image asks of a chip: arrays per layer, reads, conversions, bits moved, pulses."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from arraysim.cost.cell import Cell
from arraysim.cost.components import Parts
from arraysim.cost.ledger import PHASES, Entry
from arraysim.cost.settings import ChipSettings
from arraysim.networks.crossbars import ArrayLayer
from arraysim.periphery.tiles import TileShape, map_network
from dwcore.errors import InputError

SHORTEST_CLOCK = 4.0
"""Shortest period of a clock in delays of a gate with a fan-out of four: a register and one gate."""
DIGITAL = {"forward": "digital", "backward": "digital_backward", "weight gradient": "digital_gradient"}
ON_CHIP_BITS = 2**23
"""Largest memory that is put on the chip where the settings leave that open."""


@dataclasses.dataclass(frozen=True, eq=False)
class Workload:
    """A network on a chip; arrays of numbers have one entry per layer.

    Attributes:
        layers: as the network defines them.
        settings, cell, parts: of the chip.
        rows, columns, positions, input_values, output_values, kernel, groups: of the layers [1].
        row_tiles, column_tiles: arrays one below the other and side by side, those of all groups [1].
        copies: of each layer [1].
        utilization: share of the cells of the arrays in use [1].
        input_activity, error_activity: share of bits that are 1 [1].
        pulses: write pulses per device and batch [1].
        checks: devices read one by one per device and batch [1].
        digital: multiplications per image of digital layers that go with a layer, by phase [1].
    """

    layers: tuple[ArrayLayer, ...]
    settings: ChipSettings
    cell: Cell
    parts: Parts
    rows: np.ndarray
    columns: np.ndarray
    positions: np.ndarray
    input_values: np.ndarray
    output_values: np.ndarray
    kernel: np.ndarray
    groups: np.ndarray
    row_tiles: np.ndarray
    column_tiles: np.ndarray
    copies: np.ndarray
    utilization: float
    input_activity: np.ndarray
    error_activity: np.ndarray
    pulses: np.ndarray
    checks: np.ndarray
    digital: dict[str, np.ndarray]

    def entry(self, block: str) -> Entry:
        """Return the empty books of one block."""
        return Entry(block, len(self.layers))

    @property
    def names(self) -> list[str]:
        """Names of the layers."""
        return [layer.name for layer in self.layers]

    @property
    def arrays(self) -> np.ndarray:
        """Arrays of each layer, copies included [1]."""
        return self.row_tiles * self.column_tiles * self.copies

    @property
    def array_count(self) -> int:
        """Arrays of the chip [1]."""
        return int(self.arrays.sum())

    @property
    def weights(self) -> np.ndarray:
        """Weights of each layer, one copy [1]."""
        return self.rows * self.columns

    @property
    def devices(self) -> np.ndarray:
        """Cells in use of each layer, one copy [1]."""
        return self.weights * self.cell.cells_per_weight

    @property
    def driven(self) -> np.ndarray:
        """Values that enter a layer at one position: the rows of every group [1]."""
        return self.rows * self.groups

    @property
    def sharing(self) -> np.ndarray:
        """Arrays side by side that share their rows, those of one group [1]."""
        return self.column_tiles / self.groups

    @property
    def macs(self) -> np.ndarray:
        """Multiplications per image [1]."""
        return self.weights * self.positions

    @property
    def references(self) -> float:
        """Reference columns over the columns of an array that they stand beside [1]."""
        single = self.cell.kind == "device" and self.settings.cells == "single"
        return self.settings.reference_columns / self.settings.array_columns if single else 0.0

    @property
    def clock_period(self) -> float:
        """Clock period [s]."""
        return 1 / self.settings.clock

    def cycles(self, delay: float) -> float:
        """Return a delay rounded up to whole clocks, at least one [s]."""
        return max(1, np.ceil(delay * self.settings.clock * (1 - 1e-9))) * self.clock_period

    def phase(self, name: str) -> "Reads":
        """Return the reads of the forward or the backward phase, per image."""
        return _forward(self) if name == "forward" else _backward(self)

    @property
    def backward_layers(self) -> np.ndarray:
        """1 for layers through which errors travel; they need not reach the inputs, unless digital weights learn there."""
        needed = np.ones(len(self.layers))
        needed[0] = self.layers[0].digital_gradient > 0
        return needed


@dataclasses.dataclass(frozen=True, eq=False)
class Reads:
    """Reads of the arrays in one phase, per image; arrays have one entry per layer.

    Attributes:
        name: of the phase.
        bits: of each value that enters [1].
        groups: sums of an array that logic adds to one: bits of a weight, columns of a pair [1].
        pulses: reads per position: one per bit, or one, of every group that is read apart [1].
        activity: share of driven lines [1].
        lines: driven lines of one read of one position, all arrays [1].
        cells: cells that take part in one read of one position [1].
        incoming: values that the arrays take in [1].
        outgoing: finished values that they give out [1].
        conversions: analog sums that are converted [1].
        sums: sums over the input bits and groups, of single arrays [1].
        partial_sums: of these, added to one output [1].
        steps: positions one after the other [1].
        turns: conversions one after the other at a converter, per read [1].
        column_tiles: arrays that share an input [1].
    """

    name: str
    bits: int
    groups: int
    pulses: int
    activity: np.ndarray
    lines: np.ndarray
    cells: np.ndarray
    incoming: np.ndarray
    outgoing: np.ndarray
    conversions: np.ndarray
    sums: np.ndarray
    partial_sums: np.ndarray
    steps: np.ndarray
    turns: int
    column_tiles: np.ndarray

    @property
    def serial(self) -> np.ndarray:
        """Conversions one after the other, per image and layer [1]."""
        return self.steps * self.pulses * self.turns


def _incoming(settings: ChipSettings, every: np.ndarray, kernel: np.ndarray, once: np.ndarray) -> np.ndarray:
    """Return how many values enter the arrays: once per kernel, once per column of kernels, or once [1]."""
    least = np.minimum(once, every)
    return {"none": every, "column": np.maximum(every / kernel, least), "full": least}[settings.input_reuse]


def _forward(work: Workload) -> Reads:
    settings, cell = work.settings, work.cell
    pulses = 1 if settings.input_coding == "multi-level" else settings.input_bits
    sums = work.positions * work.columns * work.row_tiles
    return Reads(
        name="forward",
        bits=settings.input_bits,
        groups=cell.conversions_per_weight,
        pulses=pulses,
        activity=work.input_activity,
        lines=work.rows * work.column_tiles,
        cells=work.devices,
        incoming=_incoming(settings, work.positions * work.driven, work.kernel, work.input_values),
        outgoing=work.output_values,
        conversions=sums * pulses * cell.conversions_per_weight,
        sums=sums,
        partial_sums=work.row_tiles,
        steps=np.ceil(work.positions / work.copies),
        turns=max(1, math.ceil(settings.columns_per_converter / cell.columns_per_conversion)),
        column_tiles=work.sharing,
    )


def _backward(work: Workload) -> Reads:
    """Return the reads backward: the error of an input is the sum over the kernels that cover it, of the columns of each.

    A position of the layer's input gathers the errors of k x k positions of its output; what the arrays of the k x k
    places of the kernel give is added in the tree. Columns of different significance are read one group after the
    other, since a row adds the currents of all columns alike.
    """
    settings, cell = work.settings, work.cell
    groups = cell.significances
    pulses = groups * (1 if settings.input_coding == "multi-level" else settings.error_bits)
    here = work.backward_layers
    sums = here * work.positions * work.rows * work.column_tiles
    return Reads(
        name="backward",
        bits=settings.error_bits,
        groups=groups,
        pulses=pulses,
        activity=work.error_activity,
        lines=here * work.columns * cell.cells_per_weight / groups * work.row_tiles,
        cells=here * work.devices / groups,
        incoming=here
        * _incoming(settings, work.positions * work.columns * work.kernel**2, work.kernel, work.output_values),
        outgoing=here * work.input_values,
        conversions=sums * pulses,
        sums=sums,
        partial_sums=np.where(here > 0, work.sharing * work.kernel**2, 1),
        steps=here * np.ceil(work.positions / work.copies),
        turns=settings.columns_per_converter,
        column_tiles=work.row_tiles,
    )


def macs_by_phase(work: Workload) -> dict[str, float]:
    """Return the multiplications per image of the phases that multiply [1]."""
    trains = work.settings.training
    return {
        "forward": float(work.macs.sum()),
        "backward": float((work.macs * work.backward_layers).sum()) if trains else 0.0,
        "weight gradient": float(work.macs.sum()) if trains else 0.0,
    }


def read_phases(settings: ChipSettings) -> tuple[str, ...]:
    """Return the phases that read the arrays."""
    return PHASES[:2] if settings.training else PHASES[:1]


def resolved(settings: ChipSettings, layers: Sequence[ArrayLayer]) -> ChipSettings:
    """Return the settings with all choices made that are left to the size of the network.

    Multipliers: a power of two near a 64th of the weights, 16 to 1024. Gradients, activations with errors of an image
    or, where gradients are summed over it, of a batch, and weights of the digital baseline: on the chip up to 1 MiB
    each.
    """
    weights = sum(layer.rows * layer.columns for layer in layers)
    macs = settings.gradient_macs or 2 ** int(np.clip(round(np.log2(weights / 64)), 4, 10))
    kept = sum(layer.input_values * settings.input_bits + layer.output_values * settings.error_bits for layer in layers)
    images = settings.batch_size if settings.gradient == "per-batch" else 1
    sizes = {
        "gradient_memory": weights * settings.gradient_bits,
        "activations": kept * images,
        "digital_weights": weights * settings.weight_bits,
    }
    places: dict[str, Any] = {
        name: ("on-chip" if size <= ON_CHIP_BITS else "off-chip")
        for name, size in sizes.items()
        if getattr(settings, name) == "auto"
    }
    digital = settings.digital_macs or 4 * macs
    return dataclasses.replace(settings, gradient_macs=macs, digital_macs=digital, **places)


def column_sum_bits(settings: ChipSettings, cell: Cell) -> int:
    """Return the bits that tell all sums of a full column apart: log2(rows x steps of what one converter reads) [1].

    Binary inputs meet cells of L levels, L - 1 steps; a pair has twice as many, bits combined before the converter
    2^bits - 1.
    """
    steps = (cell.levels - 1) * round(cell.columns_per_conversion)
    if cell.kind == "sram" and cell.conversions_per_weight == 1:
        steps = 2**cell.cells_per_weight - 1
    return max(1, math.ceil(math.log2(settings.array_rows * steps)))


def workload(layers: Sequence[ArrayLayer], settings: ChipSettings, cell: Cell, parts: Parts) -> Workload:
    """Lay a network on a chip.

    Args:
        layers: of the network.
        settings: of the chip.
        cell: of its arrays.
        parts: component figures at its node.

    Raises:
        InputError: a setting has not one entry per layer, or the memory does not fit.
    """
    layers = tuple(layers)
    settings = resolved(settings, layers)
    shortest = SHORTEST_CLOCK * parts.technology.gate_delay
    if settings.clock * shortest > 1:
        raise InputError(f"clock = {settings.clock:g} [Hz] must be <= {1 / shortest:.3g}, a period of four gate delays "
                         f"at {settings.node_nm:g} nm ({settings.transistors})")  # fmt: skip
    if not settings.converter_bits:
        settings = dataclasses.replace(settings, converter_bits=column_sum_bits(settings, cell))
    tile = TileShape(rows=settings.array_rows, columns=settings.array_columns, weight="single")
    names = ("rows", "columns", "positions", "input_values", "output_values", "kernel", "groups")
    numbers = {name: np.array([getattr(layer, name) for layer in layers], float) for name in names}
    # A group is a crossbar of its own: other groups on its rows would get its inputs.
    group = [dataclasses.replace(one, columns=one.columns // one.groups * cell.cells_per_weight) for one in layers]
    placed = map_network(group, tile)
    own = numbers["groups"] * [layer.tiles for layer in placed.layers]
    copies = _copies(settings, own)
    used = np.sum(copies * numbers["groups"] * [layer.devices for layer in placed.layers])
    return Workload(
        layers=layers,
        settings=settings,
        cell=cell,
        parts=parts,
        **numbers,
        row_tiles=np.array([layer.row_tiles for layer in placed.layers], float),
        column_tiles=numbers["groups"] * [layer.column_tiles for layer in placed.layers],
        copies=copies,
        utilization=float(used / (copies @ own * settings.array_rows * settings.array_columns)),
        input_activity=_per_layer("input_activity", settings.input_activity, len(layers)),
        error_activity=_per_layer("error_activity", settings.error_activity, len(layers)),
        pulses=_per_layer("pulses_per_update", settings.pulses_per_update, len(layers)),
        checks=_per_layer("reads_per_update", settings.reads_per_update, len(layers)),
        digital={phase: np.array([getattr(layer, name) for layer in layers], float) for phase, name in DIGITAL.items()},
    )


def _copies(settings: ChipSettings, own: np.ndarray) -> np.ndarray:
    if settings.copies:
        return _per_layer("copies", settings.copies, own.size)
    if settings.duplication == "fill-tile":
        return np.maximum(1.0, np.floor(settings.arrays_per_tile / own))
    return np.ones(own.size)


def _per_layer(name: str, values: Sequence[float], layers: int) -> np.ndarray:
    if len(values) not in (1, layers):
        raise InputError(f"{name} has {len(values)} entries, must have 1 or one per layer, {layers}")
    return np.broadcast_to(np.array(values, float), (layers,)).copy()
