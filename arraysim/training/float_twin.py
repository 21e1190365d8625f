"""The float32 twin: the same network with weights held as numbers, trained by gradient descent with momentum."""

from collections.abc import Callable

import numpy as np

from arraysim.networks.crossbars import ArrayLayer
from arraysim.networks.network import Network, first_weights
from arraysim.synapses.memory import refill
from arraysim.synapses.weights import FloatWeights
from arraysim.training.config import INITIAL, TrainingConfig
from arraysim.training.descent import Descent
from arraysim.training.result import LearnedWeights


class FloatTwin:
    """A network in float32 and its descent.

    Attributes:
        label: for progress and error messages.
        name: in files.
        rate: learning rate at the start [1].
        network: the network.
    """

    label, name = "float32", "float32"

    def __init__(
        self,
        layers: list[ArrayLayer],
        *,
        input_shape,
        classes: int,
        seed: int,
        config: TrainingConfig,
        network: Callable[..., Network] = Network,
    ):
        """Draw the first weights, see ``first_weights``.

        Args:
            layers: crossbars of the network.
            input_shape: of one image.
            classes: number of classes [1].
            seed: root seed [1].
            config: network and schedule.
            network: makes the network.
        """
        self.rate = config.float32_learning_rate
        weights = []
        for number, layer in enumerate(layers):
            rng = np.random.default_rng([seed, INITIAL, number])
            values = first_weights((layer.rows, layer.columns), config.network.rectified, rng)
            weights.append(FloatWeights(values))
        self.network = network(
            config.network,
            weights,
            input_shape=input_shape,
            classes=classes,
            label_smoothing=config.label_smoothing,
            products=config.products,
        )
        self._descent = Descent(
            [*(w.values for w in weights), *self.network.parameters], momentum=config.float32_momentum
        )

    def update(self, share: float) -> None:
        """Take one step by the gradients that the layers hold.

        Args:
            share: of the first learning rate [1].
        """
        gradients = [layer.gradient() for layer in self.network.crossbars]
        self._descent.step(gradients + self.network.gradients, share * self.rate)

    def calibrate(self, on: bool) -> None:
        """Nothing to calibrate."""

    def end_epoch(self) -> dict:
        """Nothing to note."""
        return {}

    def record(self) -> LearnedWeights:
        """Return a copy of what it has learned."""
        return LearnedWeights(
            weight=tuple(layer.weights.values.copy() for layer in self.network.crossbars),
            digital={name: values.copy() for name, values in self.network.memory().items()},
        )

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Return a copy of everything that training has changed."""
        return {name: values.copy() for name, values in self._memory().items()}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint of a twin built alike.

        Raises:
            InputError: it belongs to another network.
        """
        refill(self._memory(), saved, "float32 twin")

    def _memory(self) -> dict[str, np.ndarray]:
        return self.network.memory() | self._descent.memory()
