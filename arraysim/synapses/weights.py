"""Weights as a network takes them: plain numbers, or devices in an array that pulses alone write."""

from typing import Any, Protocol

import numpy as np

from arraysim.synapses.memory import Checkpointed
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.synapse_array import SynapseArray, stream_keys
from arraysim.synapses.weight_kernel import fill_weights, pulse_weights
from dwcore.errors import InputError
from dwcore.numerics.product import product


class Reader(Protocol):
    """A read path. Without one, weights multiply as exact numbers.

    A reader finds in ``weights.conductances`` the planes of the crossbars, in ``weights.factors`` the number each
    plane enters with, and in ``weights.scale`` the weight per conductance:
    ``values = scale * sum of factor * plane``. Planes are (rows, columns), or (rows, 1) for a reference column.
    """

    adapt: bool

    def forward(self, inputs: np.ndarray, weights) -> np.ndarray:
        """Return inputs, shape (batch, rows), times the weights, shape (batch, columns)."""

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Return a copy of what reading has changed."""

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint."""

    def backward(self, errors: np.ndarray, weights) -> np.ndarray:
        """Return errors, shape (batch, columns), times the transposed weights, shape (batch, rows)."""


class FloatWeights:
    """Weights held as numbers, written at will.

    Attributes:
        values: shape (rows, columns) [1].
    """

    def __init__(self, values: np.ndarray):
        self.values = values

    def __repr__(self) -> str:
        rows, columns = self.values.shape
        return f"<{type(self).__name__} {rows} x {columns}>"

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return inputs, shape (batch, rows), times the weights."""
        return product(inputs, self.values)

    def backward(self, errors: np.ndarray) -> np.ndarray:
        """Return errors, shape (batch, columns), times the transposed weights."""
        return product(errors, self.values.T)


# The two kinds of pulses an array of weights is written with.
UP, DOWN = 0, 1
# Pulses per state that bring practically every wall to its lowest level, even when one in four fails.
RESET_PULSES_PER_STATE = 2

_CHOICE = 3


class PulsedWeights(FloatWeights, Checkpointed):
    """Weights held by synapses: weight = scale * (sum of factor * conductance), written by pulses only.

    Use one of its kinds: ``PairedWeights``, ``ReferencedWeights``, ``SignificantWeights``.

    Attributes:
        array: the synapses, shape (digits * sides, rows, columns), digit by digit, G+ before G-.
        scale: weight per conductance [1/S].
        mean_step: mean weight change by a pulse, over the senses and the devices [1].
        level: mean difference of neighbouring levels of the least digit [1].
        number: of the array among those with the same seed [1].
        largest: weight whose devices are all at their ends [1].
        factors: number each plane of ``conductances`` enters with.
        reader: read path of both passes, or None to multiply exactly.
    """

    def __init__(
        self,
        law: PulseLaw,
        *,
        rows: int,
        columns: int,
        largest_weight: float,
        seed: int,
        number: int = 0,
        sides: int = 2,
        digits: int = 1,
        base: int = 1,
        reader: Reader | None = None,
        **devices,
    ):
        """Build the array, every wall in its first state.

        Args:
            law: pulse ``UP`` raises the conductance, ``DOWN`` lowers it.
            rows: inputs.
            columns: outputs.
            largest_weight: of a weight whose devices are all at their ends [1].
            seed: root seed [1].
            number: of this array among those with the same seed [1].
            sides: two for pairs, one for devices with a reference [1].
            digits: of significance [1].
            base: weight of each digit over that of the one below [1].
            reader: read path of both passes; None multiplies exactly.
            devices: ``conductance_std_dtod``, ``faults`` and ``count_wear`` of ``SynapseArray``; wear is counted.

        Raises:
            InputError: the pulses of the law do not go up and down, or the weight has no digits.
        """
        devices = {"count_wear": True} | devices
        self._built: dict[str, Any] = {
            "rows": rows,
            "columns": columns,
            "largest_weight": largest_weight,
            "seed": seed,
        } | devices
        step = _checked_step(law, digits, base)
        self.array = SynapseArray(law, shape=(digits * sides, rows, columns), seed=seed, number=number, **devices)
        self.number, self.largest = number, float(largest_weight)
        self.reader, self._sides, self._digits, self._base = reader, sides, digits, base
        weight = float(base) ** np.arange(digits)
        weight /= weight.sum()
        self.factors = tuple(float(sign * w) for w in weight for sign in (1, -1))
        self.scale = float(largest_weight / (np.ptp(law.conductance) * (1.0 if sides == 2 else 0.5)))
        self.mean_step = float(self.scale * weight[0] * step)
        self.level = float(self.scale * weight[0] * np.ptp(law.conductance) / (law.states - 1))
        # Where there is one digit only, the last bit of room counts.
        self._least_room = np.float32(step / 2 if digits > 1 else 0.0)
        self._keys = stream_keys(seed, number, _CHOICE)
        self._planes = np.empty(1, np.float32)
        levels, own = self.array.levels, self.array.device_factors()
        self._reading = levels, int(len(levels) > 1), own if own.size else np.ones(1, np.float32), int(own.size > 0)
        super().__init__(np.empty((rows, columns), np.float32))
        self.refresh()

    def __repr__(self) -> str:
        rows, columns = self.values.shape
        read = "exact" if self.reader is None else "through a periphery"
        return f"<{type(self).__name__} {rows} x {columns}: up to {self.largest:.4g}, {self.array!r}, read {read}>"

    def sibling(self, number: int):
        """Return new weights of the same kind and size, read without a reader: a read path belongs to one array.

        Args:
            number: of their array among those with the same seed [1].
        """
        return type(self)(self.array.law, number=number, **self._built, **self._kind())

    @property
    def arrays(self) -> list[SynapseArray]:
        """All arrays of the weights; the first holds the devices that updates pulse."""
        return [self.array]

    @property
    def conductances(self) -> tuple[np.ndarray, ...]:
        """The planes of devices, each of shape (rows, columns), float32; do not write to them [S]."""
        if self._planes.size == 1:
            self._planes = self.array.conductance.ravel()
        return tuple(self._planes.reshape(self.array.shape))

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return inputs, shape (batch, rows), times the weights, through the reader if there is one."""
        return super().forward(inputs) if self.reader is None else self.reader.forward(inputs, self)

    def backward(self, errors: np.ndarray) -> np.ndarray:
        """Return errors, shape (batch, columns), times the transposed weights, through the reader likewise."""
        return super().backward(errors) if self.reader is None else self.reader.backward(errors, self)

    def pulse(self, direction: np.ndarray) -> None:
        """Send pulses to each weight that is to change.

        Args:
            direction: number of pulses, > 0 to raise the weight and < 0 to lower it, shape (rows, columns), integers.
        """
        weight = np.flatnonzero(direction)
        self.pulse_some(weight, np.asarray(direction).ravel()[weight])

    def pulse_some(self, weight: np.ndarray, count: np.ndarray, turn: np.ndarray | None = None) -> None:
        """Send pulses to some weights; ``weight_kernel`` says which device each goes to.

        Args:
            weight: flat indices, shape (m,).
            count: number of pulses, > 0 to raise the weight and < 0 to lower it, shape (m,), integers.
            turn: number of the cycle in which the pulses begin, shape (m,); no weight gets two in one cycle. None
                begins all in the same, then none may be listed twice.
        """
        if weight.size == 0:
            return
        count = np.asarray(count)
        count = count if count.dtype == np.int8 else count.astype(np.int32)
        pulses = max(int(count.max()), -int(count.min())) + (0 if turn is None else int(turn.max()))
        turn = np.empty(0, np.int64) if turn is None else turn
        first = self.array.take_events(pulses * self.events_per_pulse)
        self.array.count_reads(pulse_weights(np.asarray(weight, np.int64), count, turn, first, self.target()))

    @property
    def events_per_pulse(self) -> int:
        """Event numbers of the array that one pulse to each weight may need: of a digit and of those that step back."""
        return 1 + (self._digits - 1) * (self._base - 1)

    def target(self) -> tuple:
        """Return what pulses write, as ``weight_kernel.pulse_weights`` takes it; for kernels that send them themselves.

        Who uses it takes event numbers from the array, and counts the reads there.
        """
        array = self.array
        values, devices = self.values.ravel(), self._devices()
        places = values, self._planes, devices, array.pulses_sent, array.instance
        return *places, self._reading, array.writing, array.write_keys, self._keys, self._layout

    def read(self, weight: np.ndarray) -> np.ndarray:
        """Read some weights by reading each of their devices, which is counted.

        Args:
            weight: flat indices, shape (m,).

        Returns:
            Shape (m,), float32 [1].
        """
        self.array.count_reads(weight.size * self._digits * self._sides)
        return self.values.ravel()[weight]

    def initialize(self, share: float, rng: np.random.Generator) -> None:
        """Drive every wall to its lowest level, then send pulses up to one device of each pair.

        Their number is drawn evenly from zero to what the share needs, at least one.

        Args:
            share: largest initial weight as a share of the largest weight [1].
            rng: chooses devices and numbers of pulses.
        """
        pulses = max(1, round(share * (self.array.law.states - 1)))
        self._reset(self.array)
        size = (self._digits, self.values.size)
        side, number = rng.integers(2, size=size), rng.integers(pulses, size=size, endpoint=True)
        plane = 2 * np.arange(self._digits)[:, None] + side
        synapse = (plane * self.values.size + np.arange(self.values.size)).ravel()
        for sent in range(pulses):
            self.array.apply(np.sort(synapse[number.ravel() > sent]), UP)
        self.refresh()

    def clear(self) -> None:
        """Bring all weights to about zero by pulses that do not look: every wall to its lowest level."""
        self._reset(self.array)
        self.refresh()

    def rest(self, seconds: float) -> None:
        """Leave the weights without pulses for a time [s], during which walls may escape.

        Raises:
            InputError: the law has no escape rates, or the time is negative.
        """
        for array in self.arrays:
            array.rest(seconds)
        self.refresh()

    def refresh(self) -> None:
        """Read the weights from the devices again, after pulses to the arrays that did not go through the weights."""
        self._layout = self._arrangement()
        fill_weights(
            self.values.ravel(), self._planes, self._devices(), self.array.instance, self._reading, self._layout
        )

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint of weights built alike.

        Raises:
            InputError: it belongs to others, or has states that there are not: what they read would be outside a table.
        """
        state, known = np.asarray(saved.get("state", 0)), self.array.levels.shape[1]
        if state.dtype.kind in "iu" and state.size and not 0 <= state.min() <= state.max() < known:
            raise InputError(f"state from {state.min()} to {state.max()} [1] must be >= 0 and < {known}")
        super().restore(saved)

    def _restored(self) -> None:
        self.refresh()

    def memory(self) -> dict[str, np.ndarray]:
        """Return the arrays that pulses and reads change, themselves, not copies."""
        return self.array.memory()

    def _kind(self) -> dict:
        """Return the arguments that only this kind of weights takes."""
        return {}

    def _offset(self) -> np.ndarray:
        """Return the conductance each row's weights are counted from, shape (rows,), float32 [S]."""
        return np.zeros(self.values.shape[0], np.float32)

    def _devices(self) -> tuple:
        """Return the state, settling and wear, as ``weight_kernel`` takes them."""
        state, settled, received = self.array.devices
        return (
            state,
            settled if settled.size else np.zeros(1, np.uint8),
            int(settled.size > 0),
            received if received.size else np.zeros(1, np.uint32),
            int(received.size > 0),
        )

    def _arrangement(self) -> tuple:
        """Return how devices make weights, as ``weight_kernel`` takes it."""
        window = self.array.law.conductance
        return (
            self._digits,
            self._sides,
            self._base,
            self.values.shape[1],
            np.array(self.factors[: self._digits * self._sides], np.float32),
            self._offset(),
            np.float32(self.scale),
            np.float32(window.min()),
            np.float32(window.max()),
            self._least_room,
        )

    @staticmethod
    def _reset(array: SynapseArray) -> None:
        for _ in range(RESET_PULSES_PER_STATE * array.law.states):
            array.apply_all(DOWN)


def _checked_step(law: PulseLaw, digits: int, base: int) -> float:
    """Return the mean change of a conductance by a pulse, over both senses [S].

    Raises:
        InputError: the pulses of the law do not go up and down, or the weight has no digits.
    """
    steps = np.array([law.mean_step(UP), -law.mean_step(DOWN)]) if law.pulses == 2 else np.zeros(2)
    if steps.min() <= 0:
        raise InputError(f"weights need one pulse up and one down, mean steps are {steps} [S] in these senses")
    for name, value in (("digits", digits), ("base", base)):
        if not isinstance(value, int) or not 1 <= value <= 16:
            raise InputError(f"{name} = {value!r} must be an integer from 1 to 16")
    return steps.mean()


class PairedWeights(PulsedWeights):
    """Weights held by pairs of synapses: weight = scale (G+ - G-)."""
