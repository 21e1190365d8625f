"""Tiki-Taka style rule: a fast array collects the gradient on chip, its columns are carried to the weights in turn.

The fast array has the same kind of devices as the weights. Each batch writes stochastic pulses to it, `gain` times as
many as the weights would get, so that single pulses are small against what it holds. Now and then some of its columns
are read, one after the other through the ordinary read path; a `share` of what was read, over the gain, goes to the
weights of the column as pulses, and the same share is taken back from the fast column.

In the original the fast devices fall back to their symmetry point by themselves, as their steps up and down differ.
Steps of a wall between notches are nearly the same both ways, so here pulses take back what was carried over; then the
mean change of the weights is the wanted one, spread over about `period / share` batches like by a momentum. With
`take_back=False` the fall is left to the devices, as in the original.

References:
    T. Gokmen and W. Haensch, Front. Neurosci. 14, 103 (2020).
"""

import math

import numpy as np

from arraysim.rules.rule import Rule
from arraysim.rules.stochastic_pulses import StochasticPulses
from arraysim.synapses.synapse_array import SynapseArray
from arraysim.synapses.weights import PulsedWeights
from dwcore.errors import InputError

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
        gain: float = 20.0,
        period: int = 3,
        share: float = 0.2,
        take_back: bool = True,
        cycles: int = 31,
    ):
        """Build the fast array and bring it to zero by pulses.

        Args:
            weights: of the layer.
            seed: of the draws [1].
            gain: change of the fast array over that wanted of the weights [1].
            period: batches in which every column is carried over once [1].
            share: of what was read that is carried over at a time [1].
            take_back: take it back from the fast array by pulses.
            cycles: length of the pulse trains, 1 to 64 [1].

        Raises:
            InputError: a number is outside its range.
        """
        if not gain > 0 or not math.isfinite(gain):
            raise InputError(f"gain = {gain} [1] must be > 0 and finite")
        if not isinstance(period, int) or period < 1:
            raise InputError(f"period = {period!r} must be an integer >= 1")
        if not 0 < share <= 1:
            raise InputError(f"share = {share} [1] must be > 0 and <= 1")
        self.fast = weights.sibling(_FAST_NUMBER + weights.number)
        self.fast.clear()
        self._collect = StochasticPulses(self.fast.values.shape, self.fast.mean_step, seed=seed, cycles=cycles)
        self._gain, self._share, self._take_back, self._seed = gain, share, take_back, seed
        self._columns = -(-weights.values.shape[1] // period)
        self._batch = np.zeros(1, np.int64)

    @classmethod
    def for_layer(cls, weights: PulsedWeights, *, seed: tuple[int, ...], threshold: float, **settings) -> "TikiTaka":
        """Return the rule for one layer; it collects on devices, which have no threshold."""
        return cls(weights, seed=seed, **settings)

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

    def _restored(self) -> None:
        self.fast.refresh()

    def _carry(self, weights: PulsedWeights, columns: np.ndarray) -> None:
        rows, width = self.fast.values.shape
        one_hot = np.zeros((columns.size, width), np.float32)
        one_hot[np.arange(columns.size), columns] = 1
        carried = self._share * self.fast.backward(one_hot).ravel()
        rng = np.random.default_rng([*self._seed, int(self._batch[0])])
        weight = (np.arange(rows) * width + columns[:, None]).ravel()
        _pulse(weights, weight, carried / self._gain, rng)
        if self._take_back:
            _pulse(self.fast, weight, -carried, rng)


def _pulse(weights: PulsedWeights, weight: np.ndarray, change: np.ndarray, rng: np.random.Generator) -> None:
    """Send the pulses that make a change; numbers are rounded up or down at random, so that their mean is right."""
    count = np.floor(change / weights.mean_step + rng.random(change.shape, np.float32)).astype(np.int32)
    listed = np.flatnonzero(count)
    weights.pulse_some(weight[listed], count[listed])
