"""A network on chip, read again through another periphery."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from arraysim.datasets.datasets import Dataset
from arraysim.networks.network import Network
from arraysim.periphery.config import Periphery
from arraysim.periphery.reader import PeripheryReader
from arraysim.synapses.memory import refill
from arraysim.synapses.weights import FloatWeights
from arraysim.training.result import ChipResult
from arraysim.training.task import Task, divide
from dwcore.errors import InputError

# Training images that ranges are calibrated on.
CALIBRATION_IMAGES = 256


class StoredWeights(FloatWeights):
    """Weights of conductances as they were at the end of a training.

    Attributes:
        conductances: planes, each of shape (rows, columns) [S].
        factors: number each plane enters with, the largest one or minus one.
        scale: weight per conductance [1/S].
        reader: read path, or None to multiply exactly.
    """

    def __init__(self, conductance: np.ndarray, weight_per_conductance: np.ndarray, reader=None):
        """Take what a training file holds.

        Args:
            conductance: shape (planes, rows, columns) [S].
            weight_per_conductance: shape (planes,) [1/S].
            reader: read path.

        Raises:
            InputError: they do not fit together.
        """
        if conductance.ndim != 3 or weight_per_conductance.shape != conductance.shape[:1]:
            raise InputError(
                f"conductances of shape {conductance.shape} with {weight_per_conductance.shape} weights per conductance"
            )
        self.conductances, self.reader = tuple(conductance), reader
        self.scale = float(np.abs(weight_per_conductance).max())
        self.factors = tuple(float(value / self.scale) for value in weight_per_conductance)
        super().__init__(np.tensordot(weight_per_conductance, conductance, 1).astype(np.float32))

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return inputs, shape (batch, rows), times the weights, through the reader if there is one."""
        return super().forward(inputs) if self.reader is None else self.reader.forward(inputs, self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inference:
    """How well a network did.

    Attributes:
        accuracy: share of the test images classified correctly [1].
        loss: mean over the test images [1].
    """

    accuracy: float
    loss: float


def infer(result: ChipResult, dataset: Dataset, periphery: Periphery | None = None) -> Inference:
    """Read the network of a chip through a periphery, which may be another than it was trained with.

    Ranges are calibrated on training images and then kept. Converters and noise are those of the seed of the run.

    Args:
        result: the chip, trained or programmed.
        dataset: the data it was made for.
        periphery: what is between; None multiplies exactly.

    Raises:
        InputError: the data are not those of the training, or the network does not fit them.
    """
    network = trained_network(result, dataset, periphery)
    test = divide(dataset, seed=result.seed, config=result.config).test
    loss, guess = network.evaluate(test.inputs, test.labels, mirrored=result.config.mirrored)
    return Inference(accuracy=float(np.mean(guess == test.labels)), loss=loss)


def trained_network(result: ChipResult, dataset: Dataset, periphery: Periphery | None = None) -> Network:
    """Return the network of a chip, to be read as often as wanted: ``network.forward(dataset.inputs(chosen))``.

    Args:
        result: the chip, trained or programmed.
        dataset: the data it was made for.
        periphery: what is between; None multiplies exactly.

    Raises:
        InputError: the data are not those of the training, or the network does not fit them.
    """
    if dataset.name != result.dataset:
        raise InputError(f'the network was made for "{result.dataset}", not for "{dataset.name}"')
    hardware = result.hardware
    weights = [
        StoredWeights(
            conductance, factor, None if periphery is None else PeripheryReader(periphery, seed=result.seed, number=n)
        )
        for n, (conductance, factor) in enumerate(
            zip(hardware.conductance, hardware.weight_per_conductance, strict=True)
        )
    ]
    network = stored_network(result.config, weights, hardware.digital, dataset)
    if periphery is not None:
        train = divide(dataset, seed=result.seed, config=result.config).train
        network.forward(train.inputs(slice(CALIBRATION_IMAGES)))
        for one in weights:
            one.reader.adapt = False
    return network


def stored_network(
    task: Task, weights: Sequence[FloatWeights], digital: dict[str, np.ndarray], dataset: Dataset
) -> Network:
    """Return the network.

    Args:
        task: what the network is.
        weights: of each crossbar.
        digital: what the digital layers remember, arrays by name; further ones are left out.
        dataset: shape of its images and number of classes.

    Raises:
        InputError: they do not fit together.
    """
    network = Network(
        task.network,
        weights,
        input_shape=dataset.image_shape,
        classes=dataset.classes,
        label_smoothing=task.label_smoothing,
        products=task.products,
    )
    memory = network.memory()
    known = {name: values.astype(memory[name].dtype) for name, values in digital.items() if name in memory}
    refill(memory, known, "the digital layers")
    return network
