"""Mixed-precision rule: the digital side collects what is too small for a pulse.

Each weight has a digital accumulator. Requested changes add up in it; when they reach the mean step of a pulse, one
pulse is sent and that step is taken off. Misses and double moves are not known to the rule, they average out.

References:
    S. R. Nandakumar et al., ISCAS 2018, doi:10.1109/ISCAS.2018.8351656; Front. Neurosci. 14, 406 (2020).
"""

import numpy as np

from arraysim.rules.rule import Rule


class MixedPrecision(Rule):
    """The rule for one layer.

    Attributes:
        accumulator: change not yet sent, shape (rows, columns) [1].
        velocity: momentum of the gradient descent, shape (rows, columns) [1].
    """

    def __init__(self, shape: tuple[int, int], mean_step: float, *, momentum: float):
        """Start with empty accumulators.

        Args:
            shape: (rows, columns).
            mean_step: mean weight change by a pulse [1].
            momentum: share of the velocity kept from batch to batch [1].
        """
        self.accumulator = np.zeros(shape, np.float32)
        self.velocity = np.zeros(shape, np.float32)
        self._step, self._momentum = np.float32(mean_step), np.float32(momentum)

    def directions(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return the pulse to send to each weight: +1, -1 or 0, shape (rows, columns), int8.

        Args:
            gradient: of the loss, mean over the batch, shape (rows, columns) [1].
            rate: learning rate [1].
        """
        self.velocity *= self._momentum
        self.velocity -= np.float32(rate) * gradient
        self.accumulator += self.velocity
        sent = (self.accumulator >= self._step).astype(np.int8) - (self.accumulator <= -self._step)
        self.accumulator -= sent * self._step
        return sent

    def memory(self) -> dict[str, np.ndarray]:
        """Accumulators and velocities."""
        return {"accumulator": self.accumulator, "velocity": self.velocity}
