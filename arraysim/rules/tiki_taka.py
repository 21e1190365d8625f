"""Tiki-Taka style rule: a fast array collects the gradient on chip, its columns are carried to the weights in turn.

The fast array has the same kind of devices as the weights. Each batch writes stochastic pulses to it, `gain` times as
many as the weights would get. Now and then some of its columns are read, one after the other through the ordinary read
path; the weights of a column get the pulses that make their mean change what was read over `gain`, and the fast column
is driven back by `give_back` times what was read.

In the original the fast devices fall back to their symmetry point by themselves, as their steps up and down differ
(give_back = 0). Steps of a wall between notches are nearly the same both ways, so here what was carried over is taken
back by pulses (give_back = 1); then the mean change of the weights is the wanted one.

References:
    T. Gokmen and W. Haensch, Front. Neurosci. 14, 103 (2020).
"""

import math

import numpy as np

from arraysim.rules.rule import Rule
from arraysim.rules.stochastic_pulses import StochasticPulses
from arraysim.synapses.memory import refill
from arraysim.synapses.synapse_array import SynapseArray
from arraysim.synapses.weights import PulsedWeights
from llg.errors import InputError

# Fast arrays have numbers of their own, beyond those of layers and references.
_FAST_NUMBER = 1 << 21


class TikiTaka(Rule):
    """The rule for one layer.

    Attributes:
        fast: the fast array, as weights.
    """

    def __init__(
        self,
        weights: PulsedWeights,
        *,
        seed: tuple[int, ...],
        gain: float = 2.0,
        period: int = 10,
        give_back: float = 1.0,
        cycles: int = 10,
    ):
        """Build the fast array and bring it to zero by pulses.

        Args:
            weights: of the layer.
            seed: of the draws [1].
            gain: change of the fast array over that wanted of the weights [1].
            period: batches in which every column is carried over once [1].
            give_back: share of what was read that is taken back from the fast array [1].
            cycles: length of the pulse trains, 1 to 64 [1].

        Raises:
            InputError: a number is outside its range.
        """
        if not gain > 0 or not math.isfinite(gain):
            raise InputError(f"gain = {gain} [1] must be > 0 and finite")
        if not isinstance(period, int) or period < 1:
            raise InputError(f"period = {period!r} must be an integer >= 1")
        if not 0 <= give_back <= 1:
            raise InputError(f"give_back = {give_back} [1] must be >= 0 and <= 1")
        self.fast = weights.sibling(_FAST_NUMBER + weights.number)
        self.fast.clear()
        self._collect = StochasticPulses(self.fast.values.shape, self.fast.mean_step, seed=seed, cycles=cycles)
        self._gain, self._give_back, self._seed = gain, give_back, seed
        self._columns = -(-weights.values.shape[1] // period)
        self._batch = np.zeros(1, np.int64)

    @property
    def arrays(self) -> list[SynapseArray]:
        """Those of the fast array."""
        return self.fast.arrays

    def update(self, weights: PulsedWeights, inputs: np.ndarray, errors: np.ndarray, rate: float) -> None:
        """Collect one batch on the fast array and carry some of its columns over; arguments as for every rule."""
        self._collect.update(self.fast, inputs, errors, rate * self._gain)
        columns = self.fast.values.shape[1]
        first = int(self._batch[0]) * self._columns
        self._carry(weights, np.unique(np.arange(first, first + self._columns) % columns))
        self._batch += 1

    def directions(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Not for this rule.

        Raises:
            InputError: always; use ``update``.
        """
        raise InputError("the Tiki-Taka rule needs what drives rows and columns, a gradient is not enough")

    def memory(self) -> dict[str, np.ndarray]:
        """The fast array under names that begin with ``fast_``, and the numbers of samples and batches."""
        fast = {f"fast_{name}": values for name, values in self.fast.memory().items()}
        return fast | self._collect.memory() | {"batch": self._batch}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint of a rule built alike.

        Raises:
            InputError: it belongs to another rule.
        """
        refill(self.memory(), saved, "rule")
        self.fast.refresh()

    def _carry(self, weights: PulsedWeights, columns: np.ndarray) -> None:
        rows, width = self.fast.values.shape
        one_hot = np.zeros((columns.size, width), np.float32)
        one_hot[np.arange(columns.size), columns] = 1
        read = self.fast.backward(one_hot)  # shape (columns.size, rows)
        rng = np.random.default_rng([*self._seed, int(self._batch[0])])
        weight = (np.arange(rows) * width + columns[:, None]).ravel()
        carried = _rounded(read.ravel() / (self._gain * weights.mean_step), rng)
        weights.pulse_some(weight[carried != 0], carried[carried != 0])
        back = _rounded(-self._give_back * read.ravel() / self.fast.mean_step, rng)
        self.fast.pulse_some(weight[back != 0], back[back != 0])


def _rounded(value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Round up or down at random, so that the mean is the value."""
    return np.floor(value + rng.random(value.shape, np.float32)).astype(np.int32)
