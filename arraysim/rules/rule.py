"""What every update rule offers: pulses from what drives the rows and columns, and a memory that can be kept."""

from abc import ABC, abstractmethod

import numpy as np

from arraysim.synapses.memory import refill
from arraysim.synapses.weights import PairedWeights


class Rule(ABC):
    """The rule for one layer. It sees row signals, column errors and its own memory, never a weight to write."""

    def update(self, weights: PairedWeights, inputs: np.ndarray, errors: np.ndarray, rate: float) -> None:
        """Send the pulses for one batch.

        Args:
            weights: of the layer.
            inputs: what drove the rows, shape (n, rows); for a convolution n counts images times positions [1].
            errors: what came back on the columns, shape (n, columns); ``inputs.T @ errors`` is the gradient of the
                loss, mean over the batch [1].
            rate: learning rate [1].
        """
        weights.pulse(self.directions(inputs.T @ errors, rate))

    @abstractmethod
    def directions(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return the number of pulses to send to each weight, > 0 to raise it, shape (rows, columns), int8."""

    def memory(self) -> dict[str, np.ndarray]:
        """Return the arrays that hold what the rule remembers, themselves, not copies."""
        return {}

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Return a copy of what the rule remembers."""
        return {name: values.copy() for name, values in self.memory().items()}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint of a rule built alike.

        Raises:
            InputError: it belongs to another rule.
        """
        refill(self.memory(), saved, "rule")
