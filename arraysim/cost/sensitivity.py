"""How much the ratios to a baseline depend on each assumption: one at a time, down and up."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from arraysim.cost.cell import Resistive
from arraysim.cost.comparison import baseline_cost, ratios
from arraysim.cost.components import published
from arraysim.cost.estimate import chip_cost
from arraysim.cost.settings import ChipSettings
from arraysim.cost.workload import resolved
from arraysim.networks.crossbars import ArrayLayer
from dwcore.arguments import checked

FACTOR = 2.0
"""Published figures and continuous settings are halved and doubled."""
NUMBERS = (
    "clock",
    "on_resistance",
    "read_voltage",
    "read_pulse",
    "mirror",
    "input_activity",
    "error_activity",
    "pulses_per_update",
    "columns_per_converter",
    "array_rows",
    "array_columns",
    "gradient_bits",
    "gradient_macs",
    "batch_size",
    "buffer_port_bits",
    "bus_bits",
)
STEPS = {"converter_bits": 1, "input_bits": 1, "error_bits": 1}
SWITCHES = (
    "transistors",
    "duplication",
    "converter",
    "backward_converters",
    "input_coding",
    "front_end",
    "column_current",
    "subtraction",
    "bit_combination",
    "overlap",
    "pipeline",
    "cells",
    "gradient",
    "gradient_memory",
    "input_reuse",
    "buffer",
    "network",
    "activations",
    "off_chip",
)


@dataclasses.dataclass(frozen=True)
class Sensitivity:
    """One assumption.

    Attributes:
        name: of the setting or component.
        kind: "component", "setting" or "switch".
        low, high: what it was changed to, as text.
        low_ratios, high_ratios: ratios to the baseline then.
    """

    name: str
    kind: str
    low: str
    high: str
    low_ratios: dict[str, float]
    high_ratios: dict[str, float]

    def swing(self, ratio: str) -> float:
        """Return the larger over smaller value of a ratio [1]."""
        low, high = self.low_ratios[ratio], self.high_ratios[ratio]
        return max(low, high) / min(low, high)


@checked
def sensitivities(
    layers: Sequence[ArrayLayer], settings: ChipSettings, synapse: Resistive, *, baseline: str
) -> tuple[dict[str, float], list[Sensitivity]]:
    """Return the ratios to a baseline, and how they change with each assumption, that of both chips together.

    Args:
        layers: of the network.
        settings: of the chip.
        synapse: its device.
        baseline: one of `arraysim.cost.comparison.BASELINES`.

    Returns:
        The ratios as assumed, and the assumptions by falling effect on the energy.
    """

    shown = resolved(settings, layers)

    def evaluate(changed: ChipSettings, factors=None) -> dict[str, float]:
        chip = chip_cost(layers, changed, synapse, factors=factors)
        return ratios(baseline_cost(baseline, layers, changed, synapse, factors=factors), chip)

    base = evaluate(settings)
    found = [*_components(settings, evaluate), *_settings(settings, shown, evaluate),
             *_switches(settings, evaluate, base)]  # fmt: skip
    found = [one for one in found if max(one.swing(ratio) for ratio in base) > 1 + 1e-9]
    return base, sorted(found, key=lambda one: -one.swing("energy"))


def _components(settings: ChipSettings, evaluate: Callable) -> Iterator[Sensitivity]:
    for name in published():
        if name in ("sram_reference_bits", "sram_efficiency", "placement_density"):
            limits = 1 / 1.4, 1.4
        elif name.endswith("threshold"):
            limits = 0.8, 1.2
        else:
            limits = 1 / FACTOR, FACTOR
        low, high = (evaluate(settings, {name: factor}) for factor in limits)
        yield Sensitivity(name, "component", f"x {limits[0]:.3g}", f"x {limits[1]:.3g}", low, high)


def _settings(settings: ChipSettings, shown: ChipSettings, evaluate: Callable) -> Iterator[Sensitivity]:
    """Yield numbers, from those that the size of the network made of the settings; each design sizes its own memories."""
    for name in (*NUMBERS, *STEPS):
        value = getattr(shown, name)
        pair = [_changed(name, value, up) for up in (False, True)]
        if pair[0] == value and pair[1] == value:
            continue
        low, high = (evaluate(dataclasses.replace(settings, **{name: one})) for one in pair)
        yield Sensitivity(name, "setting", _text(pair[0]), _text(pair[1]), low, high)


def _changed(name: str, value, up: bool):
    if name in STEPS:
        return value + STEPS[name] if up else max(1, value - STEPS[name])
    factor = FACTOR if up else 1 / FACTOR
    if isinstance(value, tuple):
        most = 1.0 if name.endswith("activity") else float("inf")
        return tuple(min(most, one * factor) for one in value)
    return max(1, round(value * factor)) if isinstance(value, int) else value * factor


def _switches(settings: ChipSettings, evaluate: Callable, base: dict) -> Iterator[Sensitivity]:
    choices = {field.name: field.metadata.get("choices", ()) for field in dataclasses.fields(ChipSettings)}
    for name in SWITCHES:
        chosen = getattr(settings, name)
        for other in choices[name]:
            if other not in (chosen, "auto"):
                changed = evaluate(dataclasses.replace(settings, **{name: other}))
                yield Sensitivity(name, "switch", chosen, other, base, changed)


def _text(value) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{one:.3g}" for one in value)
    return str(value) if isinstance(value, int) else f"{value:.3g}"
