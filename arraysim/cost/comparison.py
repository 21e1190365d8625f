"""A chip beside its baselines: the same network, settings and component figures with other cells."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from arraysim.cost.cell import Resistive
from arraysim.cost.digital_chip import digital_cost
from arraysim.cost.estimate import chip_cost, sram_settings
from arraysim.cost.ledger import ChipCost
from arraysim.cost.settings import ChipSettings
from arraysim.cost.workload import resolved
from arraysim.networks.definition import ArrayLayer

BASELINES = ("sram-8-parallel", "sram-equal-parallel", "sram-8-sequential", "sram-equal-sequential", "digital")
"""SRAM arrays with 8 bits or the precision of the device's weights, read in parallel or row by row; digital logic."""
PAPER = {"area": 13.8, "energy": 9.6, "latency": 3.5}
"""CMOS over domain-wall synapses, trained VGG8: S. Dhull et al., IEEE TNNLS 36 (3), 4996 (2025)."""


def equal_bits(synapse: Resistive, settings: ChipSettings) -> int:
    """Return the bits with as many values as a weight of the device has: 2 L - 1 for a pair of L levels [1]."""
    levels = synapse.conductance.size
    return max(1, math.ceil(math.log2(2 * levels - 1 if settings.cells == "pair" else levels)))


def baseline_cost(
    name: str,
    layers: Sequence[ArrayLayer],
    settings: ChipSettings,
    synapse: Resistive,
    *,
    factors: Mapping[str, float] | None = None,
) -> ChipCost:
    """Estimate one of the `BASELINES`.

    Args:
        name: of the baseline.
        layers: of the network.
        settings: of the chip that it is compared with.
        synapse: device of that chip, for the precision of its weights.
        factors: factor on single component figures [1].
    """
    if name == "digital":
        return digital_cost(layers, settings, factors=factors)
    _, bits, readout = name.split("-")
    own = sram_settings(settings, bits=8 if bits == "8" else equal_bits(synapse, settings), readout=readout)
    label = f"SRAM, {own.weight_bits} bit, {readout}"
    return chip_cost(layers, own, None, factors=factors, name=label)


def ratios(baseline: ChipCost, chip: ChipCost) -> dict[str, float]:
    """Return the baseline over chip: area, energy and latency of all phases, and of the forward phase alone [1]."""
    result = {
        "area": baseline.total_area / chip.total_area,
        "energy": baseline.total_energy() / chip.total_energy(),
        "latency": baseline.total_latency() / chip.total_latency(),
        "forward_energy": baseline.total_energy("forward") / chip.total_energy("forward"),
        "forward_latency": baseline.total_latency("forward") / chip.total_latency("forward"),
    }
    arrays = ("forward", "backward")
    if chip.total_energy("backward"):
        result["array_energy"] = baseline.total_energy(*arrays) / chip.total_energy(*arrays)
        result["array_latency"] = baseline.total_latency(*arrays) / chip.total_latency(*arrays)
    return result


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """A chip and its baselines, by name."""

    chip: ChipCost
    baselines: dict[str, ChipCost]

    def __repr__(self) -> str:
        found = ", ".join(f"{name} {one['energy']:.3g}" for name, one in self.ratios().items())
        return f"<Comparison of {self.chip!r}; energy of the others over it: {found}>"

    def ratios(self) -> dict[str, dict[str, float]]:
        """Return the ratios of every baseline to the chip."""
        return {name: ratios(cost, self.chip) for name, cost in self.baselines.items()}


def compare(
    layers: Sequence[ArrayLayer],
    settings: ChipSettings,
    synapse: Resistive,
    *,
    names: Sequence[str] = BASELINES,
    factors: Mapping[str, float] | None = None,
) -> Comparison:
    """Estimate a chip and its baselines.

    Args:
        layers: of the network.
        settings: of the chip.
        synapse: its device.
        names: baselines to take.
        factors: factor on single component figures [1].
    """
    settings = resolved(settings, layers)
    chip = chip_cost(layers, settings, synapse, factors=factors)
    baselines = {name: baseline_cost(name, layers, settings, synapse, factors=factors) for name in names}
    return Comparison(chip, baselines)
