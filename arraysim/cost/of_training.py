"""What a training on chip costs: the chip of its network, with the pulses and reads that it really took."""

import dataclasses

import numpy as np

from arraysim.cost.comparison import Comparison, compare
from arraysim.cost.ledger import BLOCKS, ChipCost
from arraysim.cost.settings import ChipSettings
from arraysim.cost.table_use import synapse_of_table
from arraysim.cost.training_use import TrainingUse
from compact.table.transition_table import TransitionTable
from dwcore.canvas.number_text import time_text, with_prefix

BESIDE = ("sram-8-parallel", "sram-equal-parallel", "digital")
"""Baselines shown beside a training."""


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingCost:
    """Cost of a training.

    Attributes:
        comparison: chip and baselines, per image.
        images: that one seed trained on, all epochs together [1].
    """

    comparison: Comparison
    images: int

    @property
    def chip(self) -> ChipCost:
        """The chip."""
        return self.comparison.chip


def training_cost(
    table: TransitionTable, use: TrainingUse, *, where: str = "table", settings: ChipSettings | None = None
) -> TrainingCost:
    """Estimate the chip that did a training.

    Args:
        table: of the synapses.
        use: the training.
        where: name of the table for messages.
        settings: of the chip; the defaults if None.

    Raises:
        InputError: the table holds no device.
    """
    synapse = synapse_of_table(table, where)
    used = use.settings(settings or ChipSettings())
    return TrainingCost(compare(use.layers(), used, synapse, names=BESIDE), use.epochs * use.images)


def summary_of(cost: TrainingCost) -> dict:
    """Return the cost as plain numbers for summaries."""
    chip = cost.chip
    energy, latency = chip.energy.sum(axis=(0, 2)), chip.latency.sum(axis=(0, 2))
    return {
        "node_nm": chip.facts["settings"]["node_nm"],
        "area_m2": chip.total_area,
        "energy_J_per_image": chip.total_energy(),
        "latency_s_per_image": chip.total_latency(),
        "inference_energy_J_per_image": chip.total_energy("forward"),
        "inference_latency_s_per_image": chip.total_latency("forward"),
        "training_energy_J": cost.images * chip.total_energy(),
        "training_latency_s": cost.images * chip.total_latency(),
        "blocks": {
            block: {"area_m2": float(a), "energy_J_per_image": float(e), "latency_s_per_image": float(t)}
            for block, a, e, t in zip(BLOCKS, chip.area, energy, latency, strict=True)
        },
        "arrays_per_layer": dict(zip(chip.layers, chip.facts["arrays_per_layer"], strict=True)),
        "utilization": chip.facts["utilization"],
        "ratios": cost.comparison.ratios(),
    }


def cost_line(cost: dict) -> str:
    """Return one line about the chip, from what `summary_of` returns."""
    ratio = cost["ratios"]["sram-8-parallel"]
    return (
        f"  chip at {cost['node_nm']:g} nm: {1e6 * cost['area_m2']:.3g} mm2; training image "
        f"{with_prefix(cost['energy_J_per_image'], 'J')}, {time_text(cost['latency_s_per_image'])}; inference "
        f"{with_prefix(cost['inference_energy_J_per_image'], 'J')}, "
        f"{time_text(cost['inference_latency_s_per_image'])}; 8-bit SRAM takes {ratio['area']:.2g} x the area, "
        f"{ratio['energy']:.2g} x the energy, {ratio['latency']:.2g} x the time"
    )


def block_rows(cost: dict) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a table of blocks: name, area, energy, latency, from what `summary_of` returns."""
    rows = []
    for name, block in cost["blocks"].items():
        values = (block["area_m2"], block["energy_J_per_image"], block["latency_s_per_image"])
        if any(values):
            area, energy, latency = values
            rows.append((name, f"{1e12 * area:.0f}", with_prefix(energy, "J"), time_text(latency)))
    totals = np.array([[*block.values()] for block in cost["blocks"].values()]).sum(axis=0)
    rows.append(("total", f"{1e12 * totals[0]:.0f}", with_prefix(totals[1], "J"), time_text(totals[2])))
    return tuple(rows)
