"""Program a network of numbers into new arrays, by reset pulses and write-verify; what that costs in accuracy."""

import numpy as np

from arraysim.datasets.datasets import Dataset
from arraysim.inference.infer import stored_network
from arraysim.networks.crossbars import array_layers
from arraysim.networks.network import Network
from arraysim.programming.config import ProgrammingConfig
from arraysim.programming.result import ProgrammedChip
from arraysim.programming.write_verify import write_verify
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.weights import FloatWeights
from arraysim.training.config import VERIFY
from arraysim.training.hardware import record_of, totals_of
from arraysim.training.result import LearnedWeights
from arraysim.training.task import divide
from dwcore.arguments import checked


@checked
def program(
    learned: LearnedWeights, dataset: Dataset, law: PulseLaw, *, seed: int, config: ProgrammingConfig
) -> ProgrammedChip:
    """Program a network.

    Args:
        learned: the weights that are wanted.
        dataset: on whose test images the network is measured.
        law: what the two pulses, up and down, do to the synapses.
        seed: of the devices, the pulses and the read noise; also divides a data set that has no test images of its own.
        config: network, arrays, and the loop.

    Raises:
        InputError: the weights, the data or the law do not fit the network.
    """
    test = divide(dataset, seed=seed, config=config).test
    numbers = [FloatWeights(weight) for weight in learned.weight]
    float32_accuracy = _accuracy(stored_network(config, numbers, learned.digital, dataset), test, config)
    shapes = array_layers(config.network, dataset.image_shape, dataset.classes)
    weights = [
        config.make(
            law,
            rows=shape.rows,
            columns=shape.columns,
            largest_weight=config.largest_weight(wanted),
            seed=seed,
            number=number,
        )
        for number, (shape, wanted) in enumerate(zip(shapes, learned.weight, strict=True))
    ]
    network = stored_network(config, weights, learned.digital, dataset)
    for one in weights:
        one.clear()
    history = [totals_of(weights)]
    layers = tuple(
        write_verify(one, wanted, seed=(seed, VERIFY, number + 1), config=config)
        for number, (one, wanted) in enumerate(zip(weights, learned.weight, strict=True))
    )
    history.append(totals_of(weights))
    return ProgrammedChip(
        seed=seed,
        dataset=dataset.name,
        origin=dataset.origin(),
        config=config,
        learned=learned,
        float32_accuracy=float32_accuracy,
        accuracy=_accuracy(network, test, config),
        hardware=record_of(weights, network, {name: [entry[name] for entry in history] for name in history[0]}),
        layers=layers,
    )


def _accuracy(network: Network, test: Dataset, config: ProgrammingConfig) -> float:
    guess = network.evaluate(test.inputs, test.labels, mirrored=config.mirrored)[1]
    return float(np.mean(guess == test.labels))
