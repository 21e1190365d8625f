"""Sign rule: every weight with a gradient has the same chance of one pulse against it, however large it is.

The simplest periphery there is: one bit per weight and a common clock. With the chance at one it is the Manhattan
rule; on few levels only small chances settle.

References:
    M. Prezioso et al., Nature 521, 61 (2015), for the Manhattan rule on a crossbar.
"""

import numpy as np

from arraysim.rules.rule import Rule


class SignRule(Rule):
    """The rule for one layer."""

    def __init__(self, shape: tuple[int, int], *, seed: tuple[int, ...]):
        """Start the rule.

        Args:
            shape: (rows, columns).
            seed: of the draws [1].
        """
        self._shape, self._seed, self._batch = shape, seed, np.zeros(1, np.int64)

    def directions(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return the pulse to send to each weight: +1, -1 or 0, shape (rows, columns), int8.

        Args:
            gradient: of the loss, mean over the batch, shape (rows, columns) [1].
            rate: chance of a pulse [1].
        """
        draw = np.random.default_rng([*self._seed, self._batch[0]]).random(self._shape, np.float32)
        self._batch += 1
        return -np.sign(gradient).astype(np.int8) * (draw < rate)

    def memory(self) -> dict[str, np.ndarray]:
        """Number of the next batch."""
        return {"batch": self._batch}
