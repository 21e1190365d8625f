"""What every update rule offers: pulses from what drives the rows and columns, and a memory that can be kept."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from arraysim.synapses.memory import Checkpointed
from arraysim.synapses.synapse_array import SynapseArray
from arraysim.synapses.weights import PulsedWeights
from dwcore.numerics.product import product


class Rule(Checkpointed, ABC):
    """The rule for one layer. It sees row signals, column errors and its own memory, never a weight to write.

    Rules that form the product of rows and columns on the crossbar itself override ``update`` and need the signals;
    for the others ``rule.write(weights, gradient, rate)`` does the same.
    """

    @classmethod
    def for_layer(cls, weights: PulsedWeights, *, seed: tuple[int, ...], threshold: float, **settings) -> "Rule":
        """Return the rule for one layer; arguments as for ``registry.make_rule``."""
        rule: Any = cls
        return rule(weights.values.shape, weights.mean_step, seed=seed, **settings)

    def update(self, weights: PulsedWeights, inputs: np.ndarray, errors: np.ndarray, rate: float) -> None:
        """Send the pulses for one batch.

        Args:
            weights: of the layer.
            inputs: what drove the rows, shape (n, rows); for a convolution n counts images times positions [1].
            errors: what came back on the columns, shape (n, columns); ``inputs.T @ errors`` is the gradient of the
                loss, mean over the batch [1].
            rate: learning rate [1].
        """
        weights.pulse_some(*self.pulses(inputs, errors, rate))

    def write(self, weights: PulsedWeights, gradient: np.ndarray, rate: float) -> None:
        """Send the pulses for one batch, of which the gradient of the loss is given, shape (rows, columns)."""
        weights.pulse_some(*self.pulses_of(gradient, rate))

    def pulses(self, inputs: np.ndarray, errors: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
        """Return which weights get pulses, flat indices, and how many, > 0 to raise the weight; both of shape (m,)."""
        return self.pulses_of(product(inputs.T, errors), rate)

    def pulses_of(self, gradient: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the same of a gradient of the loss, shape (rows, columns)."""
        direction = self.directions(gradient, rate).ravel()
        weight = np.flatnonzero(direction)
        return weight, direction[weight]

    @abstractmethod
    def directions(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return the number of pulses to send to each weight, > 0 to raise it, shape (rows, columns), int8."""

    @property
    def arrays(self) -> list[SynapseArray]:
        """Arrays that the rule needs besides those of the weights."""
        return []
