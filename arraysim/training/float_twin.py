"""The float32 twin: the same network with weights held as numbers, trained by gradient descent with momentum."""

import math

import numpy as np

from arraysim.networks.network import Network
from arraysim.synapses.weights import FloatWeights
from arraysim.training.config import INITIAL, TrainingConfig


class FloatTwin:
    """A network in float32 and its descent.

    Attributes:
        label: for progress and error messages.
        rate: learning rate at the start [1].
        network: the network.

    References:
        B. T. Polyak, USSR Comput. Math. Math. Phys. 4, 1 (1964), for the momentum.
    """

    label = "float32"

    def __init__(self, shapes: list[tuple[int, int]], *, seed: int, config: TrainingConfig):
        """Draw the first weights, evenly and such that sums over unit inputs have unit variance.

        Args:
            shapes: (rows, columns) of each layer.
            seed: root seed [1].
            config: network and schedule.
        """
        self.rate = config.float32_learning_rate
        layers = []
        for number, (rows, columns) in enumerate(shapes):
            bound = math.sqrt(3 / rows)
            values = np.random.default_rng([seed, INITIAL, number]).uniform(-bound, bound, (rows, columns))
            layers.append(FloatWeights(values.astype(np.float32)))
        self.network = Network(layers, activation=config.activation, label_smoothing=config.label_smoothing)
        self._momentum = np.float32(config.momentum)
        self._velocity = [np.zeros_like(layer.values) for layer in layers]

    def update(self, gradients: list[np.ndarray], rate: float) -> None:
        """Take one step.

        Args:
            gradients: of the loss by the weights of each layer, shape (rows, columns) [1].
            rate: learning rate [1].
        """
        for layer, velocity, gradient in zip(self.network.layers, self._velocity, gradients, strict=True):
            velocity *= self._momentum
            velocity -= np.float32(rate) * gradient
            layer.values += velocity

    def end_epoch(self) -> None:
        """Nothing to note."""
