"""What a training asked of the synapses: layers, pulses and single reads per device and batch."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from arraysim.cost.settings import ChipSettings
from arraysim.networks.definition import ArrayLayer, array_layers
from arraysim.training.result import TrainingResult
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
