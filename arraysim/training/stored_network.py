"""A network whose weights and digital layers hold what is known of them, to be used and not to be trained."""

from collections.abc import Sequence

import numpy as np

from arraysim.datasets.datasets import Dataset
from arraysim.networks.network import Network
from arraysim.synapses.memory import refill
from arraysim.synapses.weights import FloatWeights
from arraysim.training.task import Task


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
    )
    memory = network.memory()
    known = {name: values.astype(memory[name].dtype) for name, values in digital.items() if name in memory}
    refill(memory, known, "the digital layers")
    return network
