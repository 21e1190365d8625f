"""Stochastic-pulse rule: no digital memory, a pulse with the probability that makes its mean step the wanted one.

References:
    T. Gokmen and Y. Vlasov, Front. Neurosci. 10, 333 (2016), for stochastic updates; here the product of input and
    error is formed digitally and rounded stochastically to zero or one pulse.
"""

import numpy as np

from arraysim.rules.rule import Rule


class StochasticPulses(Rule):
    """The rule for one layer."""

    def __init__(self, shape: tuple[int, int], mean_step: float, *, seed: tuple[int, ...]):
        """Start the rule.

        Args:
            shape: (rows, columns).
            mean_step: mean weight change by a pulse [1].
            seed: of the draws [1].
        """
        self._shape, self._step = shape, np.float32(mean_step)
        self._seed, self._batch = seed, np.zeros(1, np.int64)

    def directions(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return the pulse to send to each weight: +1, -1 or 0, shape (rows, columns), int8.

        A wanted change beyond one mean step gives one pulse.

        Args:
            gradient: of the loss, mean over the batch, shape (rows, columns) [1].
            rate: learning rate [1].
        """
        wanted = -np.float32(rate) * gradient
        draw = np.random.default_rng([*self._seed, self._batch[0]]).random(self._shape, np.float32)
        self._batch += 1
        return np.sign(wanted).astype(np.int8) * (draw * self._step < np.abs(wanted))

    def memory(self) -> dict[str, np.ndarray]:
        """Number of the next batch."""
        return {"batch": self._batch}
