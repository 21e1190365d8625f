"""A chip beside its baselines: the same network, settings and component figures with other cells."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from arraysim.cost.cell import Resistive
from arraysim.cost.digital_chip import digital_cost, gpu_cost
from arraysim.cost.estimate import chip_cost, sram_settings
from arraysim.cost.ledger import ChipCost
from arraysim.cost.settings import ChipSettings
from arraysim.networks.crossbars import ArrayLayer

BASELINES = (
    "sram-8-parallel",
    "sram-equal-parallel",
    "sram-8-sequential",
    "sram-equal-sequential",
    "sram-8-analog",
    "digital-cim",
    "sram-best",
    "digital",
    "gpu",
)
"""SRAM arrays with 8 bits or the precision of the device's weights, read in parallel, row by row, or with the bits of a
weight combined before the converter; multiplied beside the cells (digital-cim); the one of these with 8 bits that takes
the least energy times time; a digital accelerator; a graphics processor at its published peak."""
AT_EQUAL_ACCURACY = ("sram-8-parallel", "sram-equal-parallel", "digital-cim", "sram-best", "gpu")
"""Baselines shown with converters that tell all sums of a column apart."""
ORGANIZATIONS = ("sram-8-parallel", "sram-8-sequential", "sram-8-analog", "digital-cim")


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
    known: Mapping[str, ChipCost] | None = None,
) -> ChipCost:
    """Estimate one of the `BASELINES`.

    Args:
        name: of the baseline.
        layers: of the network.
        settings: of the chip that it is compared with.
        synapse: device of that chip, for the precision of its weights.
        factors: factor on single component figures [1].
        known: baselines that are estimated already, all else alike.
    """
    if known and name in known:
        return known[name]
    if name in ("digital", "gpu"):
        return {"digital": digital_cost, "gpu": gpu_cost}[name](layers, settings, factors=factors)
    if name == "sram-best":
        found = [baseline_cost(one, layers, settings, synapse, factors=factors, known=known) for one in ORGANIZATIONS]
        best = min(found, key=lambda cost: cost.total_energy() * cost.total_latency())
        return dataclasses.replace(best, name=f"best SRAM: {best.name}")
    if name == "digital-cim":
        own = sram_settings(settings, readout="digital")
        return chip_cost(layers, own, None, factors=factors, name="SRAM, 8 bit, digital CIM")
    _, precision, readout = name.split("-")
    bits = 8 if precision == "8" else equal_bits(synapse, settings)
    combined = {"readout": "parallel", "bit_combination": "analog"} if readout == "analog" else {"readout": readout}
    own = sram_settings(settings, bits=bits, **combined)
    label = "bits combined" if readout == "analog" else readout
    return chip_cost(layers, own, None, factors=factors, name=f"SRAM, {bits} bit, {label}")


def ratios(baseline: ChipCost, chip: ChipCost) -> dict[str, float]:
    """Return the baseline over chip: area, energy and latency of all phases, time between images, forward alone [1]."""
    result = {
        "area": baseline.total_area / chip.total_area,
        "energy": baseline.total_energy() / chip.total_energy(),
        "latency": baseline.total_latency() / chip.total_latency(),
        "interval": baseline.facts["image_interval_s"] / chip.facts["image_interval_s"],
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
    chip = chip_cost(layers, settings, synapse, factors=factors)
    baselines: dict[str, ChipCost] = {}
    for name in names:
        baselines[name] = baseline_cost(name, layers, settings, synapse, factors=factors, known=baselines)
    return Comparison(chip, baselines)
