"""Weights that were trained elsewhere, from an archive of numpy arrays (.npz) without objects, which run code."""

from pathlib import Path

import numpy as np

from arraysim.datasets.datasets import Dataset
from arraysim.networks.crossbars import array_layers
from arraysim.networks.network import Network
from arraysim.synapses.weights import FloatWeights
from arraysim.training.result import LearnedWeights
from arraysim.training.task import Task
from dwcore.errors import InputError, nearest
from dwcore.storage.array_archive import read_arrays


def load_weights(path, task: Task, dataset: Dataset) -> LearnedWeights:
    """Read the weights of a network.

    Args:
        path: file with the arrays ``weight_0``, ``weight_1``, ... of the shapes of the network's crossbars, (rows,
            columns), the bias in the last row; and, where it normalizes, ``normalization_0_parameters`` (scale, shift)
            and ``normalization_0_running`` (mean, variance), ..., each (2, channels). What was added to the variance
            may stand in ``normalization_0_epsilon``.
        task: what the network is.
        dataset: shape of its images and number of classes.

    Raises:
        InputError: not such a file, or its arrays do not fit the network.
    """
    needed, epsilons = _shapes(task, dataset)
    found = read_arrays(Path(path))
    problems = []
    for name, own in epsilons.items():
        given = found.pop(name, np.array(own))
        if given.shape != () or given.dtype.kind not in "fiu" or not np.isclose(given, own, rtol=1e-6, atol=0):
            problems.append(f"{name} = {given} must be epsilon = {own:g} of that layer of the network")
    problems += [f'unknown array "{name}"{nearest(name, needed)}' for name in found if name not in needed]
    for name, shape in needed.items():
        if name not in found:
            problems.append(f"lacks {name}, of shape {shape}")
        elif found[name].dtype.kind not in "fiu" or found[name].shape != shape:
            problems.append(f"{name} is {found[name].dtype} {found[name].shape}, numbers of shape {shape} are needed")
        elif not np.all(np.abs(found[name]) <= np.finfo(np.float32).max):
            problems.append(f"{name} must be finite, in single precision, too")
        elif name.endswith("_running") and (found[name][1] < 0).any():
            problems.append(f"{name}: a variance of {found[name][1].min():g} must be >= 0")
    if problems:
        raise InputError(f"{path}: {'; '.join(problems)}")
    arrays = {name: values.astype(np.float32) for name, values in found.items()}
    weights = [name for name in needed if name.startswith("weight_")]
    return LearnedWeights(
        weight=tuple(arrays[name] for name in weights),
        digital={name: arrays[name] for name in needed if name not in weights},
    )


def _shapes(task: Task, dataset: Dataset) -> tuple[dict[str, tuple[int, ...]], dict[str, float]]:
    """Return the shapes of the arrays of a network by name, and what its normalizations add to the variance."""
    layers = array_layers(task.network, dataset.image_shape, dataset.classes)
    blank = [FloatWeights(np.empty((layer.rows, layer.columns), np.float32)) for layer in layers]
    network = Network(task.network, blank, input_shape=dataset.image_shape, classes=dataset.classes)
    shapes: dict[str, tuple[int, ...]] = {
        f"weight_{number}": (layer.rows, layer.columns) for number, layer in enumerate(layers)
    }
    epsilons = {f"normalization_{number}_epsilon": layer.epsilon for number, layer in enumerate(network.normalizations)}
    return shapes | {name: values.shape for name, values in network.memory().items()}, epsilons
