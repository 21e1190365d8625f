"""What a training on chip costs: the chip of its network, with the pulses and reads that it really took."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from arraysim.cost.cell import synapse_of_table
from arraysim.cost.comparison import Comparison, compare
from arraysim.cost.ledger import BLOCKS, ChipCost
from arraysim.cost.settings import ChipSettings
from arraysim.networks.definition import ArrayLayer, array_layers
from arraysim.training.result import TrainingResult
from compact.table.transition_table import TransitionTable
from dwcore.canvas.number_text import time_text, with_prefix
from dwcore.errors import InputError, nearest

IMAGES = {
    "digits": ((8, 8, 1), 1797),
    "mnist": ((28, 28, 1), 60000),
    "fashion-mnist": ((28, 28, 1), 60000),
    "cifar10": ((32, 32, 3), 50000),
}
"""Shape of an image and number of images to train on, those to test among them where a set has none of its own."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingUse:
    """Trainings of one network.

    Attributes:
        results: one per seed.
        image_shape: (rows, columns, channels).
        images: that each seed trained on, per epoch [1].
    """

    results: Sequence[TrainingResult]
    image_shape: tuple[int, ...]
    images: int

    @property
    def epochs(self) -> int:
        """Passes through the training images, of the longest seed [1]."""
        return max(len(result.hardware.pulses) - 1 for result in self.results)

    def layers(self) -> list[ArrayLayer]:
        """Return the crossbars of the network."""
        first = self.results[0]
        return array_layers(first.config.network, self.image_shape, len(first.chip.confusion))

    def settings(self, settings: ChipSettings) -> ChipSettings:
        """Return the settings with batch size, images, pulses and single reads of the trainings, mean over the seeds.

        The first reset of the arrays is left out. Pulses are shared among the layers as the synapses received them.
        """
        batch = self.results[0].config.batch_size
        per_epoch = -(-self.images // batch)
        pulses = np.mean([self._per_layer(result, per_epoch) for result in self.results], axis=0)
        reads = np.mean([self._rate(result, result.hardware.reads, per_epoch) for result in self.results])
        return dataclasses.replace(
            settings,
            batch_size=batch,
            images_per_epoch=self.images,
            pulses_per_update=tuple(pulses.tolist()),
            reads_per_update=(float(reads),),
        )

    @staticmethod
    def _rate(result: TrainingResult, counted: np.ndarray, per_epoch: int) -> float:
        devices = sum(2 * weight.size for weight in result.hardware.weight)
        updates = (len(counted) - 1) * per_epoch
        return (int(counted[-1]) - int(counted[0])) / (updates * devices) if updates else 0.0

    def _per_layer(self, result: TrainingResult, per_epoch: int) -> np.ndarray:
        mean = self._rate(result, result.hardware.pulses, per_epoch)
        received = np.array([layer.mean(dtype=float) for layer in result.hardware.pulses_received])
        sizes = np.array([layer.size for layer in result.hardware.pulses_received], float)
        overall = received @ sizes / sizes.sum()
        return mean * received / overall if overall else np.zeros(received.size)


def use_of_file(results: Sequence[TrainingResult], where: str) -> TrainingUse:
    """Return what a training file says; shape and number of the images follow from the name of the data set.

    Args:
        results: all seeds of the file.
        where: its name for messages.

    Raises:
        InputError: the data set is not known here.
    """
    first = results[0]
    if first.dataset not in IMAGES:
        raise InputError(f'{where}: data set "{first.dataset}" is unknown{nearest(first.dataset, IMAGES)}')
    shape, images = IMAGES[first.dataset]
    if first.dataset == "digits":
        images -= int(first.chip.confusion.sum())
    images = round(images * (1 - first.config.validation_fraction))
    return TrainingUse(results=results, image_shape=shape, images=images)


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
