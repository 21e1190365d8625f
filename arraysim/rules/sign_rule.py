"""Sign rule: every weight with a gradient has the same chance of one pulse against it, however large it is.

The simplest periphery there is: one bit per weight and a common clock. With the chance at one it is the Manhattan
rule; on few levels only small chances settle.

References:
    M. Prezioso et al., Nature 521, 61 (2015), for the Manhattan rule on a crossbar.
"""

import numpy as np

from arraysim.rules.rule import Rule
from arraysim.synapses.weights import PulsedWeights
from dwcore.numerics.compiled import compiled
from dwcore.numerics.noise import step_bits, stream_id


class SignRule(Rule):
    """The rule for one layer.

    Attributes:
        shape: (rows, columns).
        keys: of the stream that draws weights.
    """

    def __init__(self, shape: tuple[int, int], *, seed: tuple[int, ...]):
        """Start the rule.

        Args:
            shape: (rows, columns).
            seed: of the draws [1].
        """
        self.shape = shape
        self.keys = stream_id(seed[0], seed[-1], *seed, 0.0), stream_id(seed[0], seed[-1], *seed, 1.0)
        self._batch = np.zeros(1, np.int64)

    @classmethod
    def for_layer(cls, weights: PulsedWeights, *, seed: tuple[int, ...], threshold: float, **settings) -> "SignRule":
        """Return the rule for one layer; it needs neither steps nor thresholds."""
        return cls(weights.values.shape, seed=seed, **settings)

    def pulses_of(self, gradient: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
        """Return which weights get a pulse, flat indices, and in which sense."""
        slope = np.ascontiguousarray(gradient).ravel()
        weight, count = np.empty(slope.size, np.int64), np.empty(slope.size, np.int8)
        threshold, batch = self.take_batch(rate)
        m = _draw(slope, np.uint64(threshold), np.uint64(batch) << np.uint64(32), *self.keys, weight, count)
        return weight[:m], count[:m]

    def directions(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return the pulse to send to each weight: +1, -1 or 0, shape (rows, columns), int8.

        Args:
            gradient: of the loss, mean over the batch, shape (rows, columns) [1].
            rate: chance of a pulse [1].
        """
        sent = np.zeros(self.shape, np.int8)
        weight, count = self.pulses_of(gradient, rate)
        sent.ravel()[weight] = count
        return sent

    def memory(self) -> dict[str, np.ndarray]:
        """Return the number of the next batch."""
        return {"batch": self._batch}

    def take_batch(self, rate: float) -> tuple[int, int]:
        """Return below which 32 bits a weight is drawn, and the number of the batch, which is used up by that."""
        batch = int(self._batch[0])
        self._batch += 1
        return int(min(1.0, rate) * 2**32), batch


@compiled()
def _draw(slope, threshold, base, key_1, key_2, weight, count):
    """List the weights that are drawn and have a slope; the draw is a function of (batch, weight)."""
    m = 0
    for i in range(slope.size):
        bits = step_bits(key_1, key_2, base + np.uint64(i))
        if (bits >> np.uint64(32)) < threshold and slope[i] != 0:
            weight[m] = i
            count[m] = -1 if slope[i] > 0 else 1
            m += 1
    return m
