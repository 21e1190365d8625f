"""Gradient descent with momentum on numbers in digital memory.

References:
    B. T. Polyak, USSR Comput. Math. Math. Phys. 4, 1 (1964), for the momentum.
"""

from collections.abc import Sequence

import numpy as np

from dwcore.numerics.compiled import compiled


class Descent:
    """Descent on a list of arrays.

    Attributes:
        velocity: last change of each array.
        momentum: share of the last change that is kept, float32 [1].
    """

    def __init__(self, arrays: Sequence[np.ndarray], *, momentum: float):
        """Start at rest.

        Args:
            arrays: what is changed, float32.
            momentum: share of the last change that is kept [1].
        """
        self._arrays = list(arrays)
        self.momentum = np.float32(momentum)
        self.velocity = [np.zeros_like(values) for values in self._arrays]

    def step(self, gradients: Sequence[np.ndarray], rate: float) -> None:
        """Take one step.

        Args:
            gradients: of the loss by each array.
            rate: learning rate [1].
        """
        for values, velocity, gradient in zip(self._arrays, self.velocity, gradients, strict=True):
            flat = np.ascontiguousarray(gradient).ravel()
            _descend(values.reshape(-1), velocity.reshape(-1), flat, np.float32(rate), self.momentum)

    def memory(self) -> dict[str, np.ndarray]:
        """Return the arrays and their velocities, themselves, not copies."""
        velocities = {f"velocity_{number}": values for number, values in enumerate(self.velocity)}
        return velocities | {f"values_{number}": values for number, values in enumerate(self._arrays)}


@compiled()
def _descend(values, velocity, gradient, rate, momentum):
    for i in range(values.size):
        velocity[i] = momentum * velocity[i] - rate * gradient[i]
        values[i] += velocity[i]
