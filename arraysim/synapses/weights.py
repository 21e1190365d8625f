"""Weights as differences of two conductances, and the plain numbers they are compared with.

Both kinds multiply in both directions; a network does not know which it holds.
"""

import numpy as np
from numba import njit

from arraysim.networks.product import product
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.reader import Reader
from arraysim.synapses.synapse_array import SynapseArray, stream_keys
from arraysim.synapses.update_kernel import counter
from llg.errors import InputError
from llg.kernels.noise import step_bits

# The two kinds of pulses an array of pairs is written with.
UP, DOWN = 0, 1
# Pulses per state that bring practically every wall to its lowest level, even when one in four fails.
RESET_PULSES_PER_STATE = 2

_CHOICE = 3
_U11 = np.uint64(11)


class FloatWeights:
    """Weights held as numbers, written at will.

    Attributes:
        values: shape (rows, columns) [1].
    """

    def __init__(self, values: np.ndarray):
        self.values = values

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return inputs, shape (batch, rows), times the weights."""
        return product(inputs, self.values)

    def backward(self, errors: np.ndarray) -> np.ndarray:
        """Return errors, shape (batch, columns), times the transposed weights."""
        return product(errors, self.values.T)


class PairedWeights(FloatWeights):
    """Weights held by pairs of synapses: weight = scale (G+ - G-), written by pulses only.

    Attributes:
        array: the synapses, shape (2, rows, columns); plane 0 is G+.
        scale: weight per conductance [1/S].
        mean_step: mean weight change by a pulse, over both devices; the same up and down, as raising the weight
            raises G+ or lowers G- and lowering it does the opposite [1].
        factors: number each plane of ``conductances`` enters with.
        reader: read path of both passes, or None to multiply exactly.
    """

    factors = (1.0, -1.0)

    def __init__(
        self,
        law: PulseLaw,
        *,
        rows: int,
        columns: int,
        largest_weight: float,
        seed: int,
        number: int = 0,
        conductance_std_dtod: float = 0.0,
        reader: Reader | None = None,
    ):
        """Build the array of pairs, every wall in its first state.

        Args:
            law: pulse ``UP`` raises the conductance, ``DOWN`` lowers it.
            rows: inputs.
            columns: outputs.
            largest_weight: difference of highest and lowest level as a weight [1].
            seed: root seed [1].
            number: of this array among those with the same seed [1].
            conductance_std_dtod: as in ``SynapseArray`` [1].
            reader: read path of both passes; None multiplies exactly.

        Raises:
            InputError: the pulses of the law do not go up and down.
        """
        steps = np.array([law.mean_step(UP), -law.mean_step(DOWN)]) if law.pulses == 2 else np.zeros(2)
        if steps.min() <= 0:
            raise InputError(f"a pair needs one pulse up and one down, mean steps are {steps} [S] in these senses")
        self.array = SynapseArray(
            law,
            shape=(2, rows, columns),
            seed=seed,
            number=number,
            conductance_std_dtod=conductance_std_dtod,
        )
        self.reader = reader
        self.scale = largest_weight / np.ptp(law.conductance)
        self.mean_step = float(self.scale * steps.mean())
        self._range = float(law.conductance.min()), float(law.conductance.max())
        self._keys = stream_keys(seed, number, _CHOICE)
        super().__init__(np.empty((rows, columns), np.float32))
        self._refresh()

    @property
    def conductances(self) -> tuple[np.ndarray, np.ndarray]:
        """The planes G+ and G-, each of shape (rows, columns), read-only [S]."""
        plus, minus = self.array.conductance
        return plus, minus

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return inputs, shape (batch, rows), times the weights, through the reader if there is one."""
        return super().forward(inputs) if self.reader is None else self.reader.forward(inputs, self)

    def backward(self, errors: np.ndarray) -> np.ndarray:
        """Return errors, shape (batch, columns), times the transposed weights, through the reader likewise."""
        return super().backward(errors) if self.reader is None else self.reader.backward(errors, self)

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Return a copy of everything pulses and reads have changed."""
        return self.array.checkpoint()

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint of weights built alike.

        Raises:
            InputError: it belongs to other weights.
        """
        self.array.restore(saved)
        self._refresh()

    def initialize(self, share: float, rng: np.random.Generator) -> None:
        """Drive every wall to its lowest level, then send pulses up to one device of each pair.

        Their number is drawn evenly from zero to what the share needs, at least one.

        Args:
            share: largest initial weight as a share of the largest weight [1].
            rng: chooses devices and numbers of pulses.
        """
        pulses = max(1, round(share * (self.array.law.states - 1)))
        for _ in range(RESET_PULSES_PER_STATE * self.array.law.states):
            self.array.apply_all(DOWN)
        side = rng.integers(2, size=self.values.size)
        number = rng.integers(pulses, size=side.size, endpoint=True)
        synapse = np.repeat(side * side.size + np.arange(side.size), number)
        self.array.apply(synapse, np.full(synapse.size, UP))
        self._refresh()

    def pulse(self, direction: np.ndarray) -> None:
        """Send pulses to each pair that is to change.

        The two conductances of these pairs are read, and a device is drawn with a probability proportional to the
        room it has left. Drawing rather than taking the larger room lets a pair work around a device that does
        not move any more.

        Args:
            direction: number of pulses, > 0 to raise the weight and < 0 to lower it, shape (rows, columns), integers.
        """
        left = np.array(direction)
        while left.any():
            self._pulse_once(left)
            left -= np.sign(left)

    def _pulse_once(self, direction: np.ndarray) -> None:
        """Send one pulse to each pair whose direction is not zero."""
        pair = np.flatnonzero(direction)
        sense = direction.ravel()[pair]
        pairs = self.values.size
        plus, minus = self.array.read(pair), self.array.read(pair + pairs)
        side = np.empty(pair.size, np.int64)
        received = self.array.pulses_received
        events = received[pair] + received[pair + pairs]
        _choose(side, pair, events, sense, plus, minus, *self._range, *self._keys)
        # Raising the weight lowers G-.
        self.array.apply(pair + side * pairs, np.where((sense > 0) == (side == 0), UP, DOWN))
        conductance = self.array.conductance.reshape(2, -1)
        self.values.ravel()[pair] = self.scale * (conductance[0, pair] - conductance[1, pair])

    def _refresh(self) -> None:
        conductance = self.array.conductance
        self.values[:] = self.scale * (conductance[0] - conductance[1])


@njit(cache=True, nogil=True)
def _choose(side, pair, events, sense, plus, minus, low, high, key_1, key_2):
    """Draw the device of each pair, 0 for G+ and 1 for G-, in proportion to its room; evenly if there is none.

    The draw is a function of the pair and the number of pulses it has received.
    """
    for j in range(pair.size):
        room_plus = max(0.0, high - plus[j] if sense[j] > 0 else plus[j] - low)
        room_minus = max(0.0, minus[j] - low if sense[j] > 0 else high - minus[j])
        share = 0.5
        if room_plus + room_minus > 0.0:
            share = room_plus / (room_plus + room_minus)
        bits = step_bits(key_1, key_2, counter(pair[j], events[j]))
        side[j] = 0 if np.float64(np.int64(bits >> _U11)) * 2.0**-53 < share else 1
