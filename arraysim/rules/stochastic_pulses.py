"""Stochastic-pulse rule: the crossbar itself forms the product, where pulses on rows and columns meet.

For each sample, rows and columns send trains of pulses whose density is proportional to the input and to the error; a
device is written where two pulses meet. No product is computed and no digital memory kept. Over one train the mean
change is ``-rate * input * error``, as long as no line would have to fire more often than every cycle.

The two densities are balanced by the largest input and the largest error of the sample (update management). Both senses
are taken to be written in the same cycle; a chip with one polarity at a time needs twice the cycles.

References:
    T. Gokmen and Y. Vlasov, Front. Neurosci. 10, 333 (2016), eqs. 1-2; T. Gokmen, M. Onen and W. Haensch, Front.
    Neurosci. 11, 538 (2017), for the balance.
"""

import numpy as np

from arraysim.rules.coincidence_kernel import MOST_CYCLES, MOST_LINES, count_meetings, draw_trains, list_meetings
from arraysim.rules.rule import Rule
from arraysim.synapses.weights import PulsedWeights
from dwcore.errors import InputError
from dwcore.numerics.noise import stream_id

# Samples handled at a time: bounds the memory, changes no result.
_BLOCK = 64


class StochasticPulses(Rule):
    """The rule for one layer."""

    def __init__(self, shape: tuple[int, int], mean_step: float, *, seed: tuple[int, ...], cycles: int = 10):
        """Start the rule.

        Args:
            shape: (rows, columns).
            mean_step: mean weight change by a pulse [1].
            seed: of the trains [1].
            cycles: length of a train, 1 to 64 [1].

        Raises:
            InputError: the trains are too short or long, or there are too many lines.
        """
        if not 1 <= cycles <= MOST_CYCLES:
            raise InputError(f"cycles = {cycles} must be from 1 to {MOST_CYCLES}")
        if max(shape) > MOST_LINES:
            raise InputError(f"weights of shape {shape}: at most {MOST_LINES} rows and columns can send pulse trains")
        self._shape, self._step, self._cycles, self._seed = shape, mean_step, cycles, seed
        self._keys = [stream_id(seed[0], seed[-1], *seed, float(n)) for n in range(4)]
        self._samples = np.zeros(1, np.int64)

    def update(self, weights: PulsedWeights, inputs: np.ndarray, errors: np.ndarray, rate: float) -> None:
        """Send the trains of one batch, sample after sample; arguments as for every rule."""
        for first in range(0, len(inputs), _BLOCK):
            part = slice(first, first + _BLOCK)
            weights.pulse_some(*self.meetings(inputs[part], errors[part], rate))

    def meetings(self, inputs: np.ndarray, errors: np.ndarray, rate: float) -> tuple[np.ndarray, ...]:
        """Return where pulses meet: weight, +1 or -1, and number of the cycle; each of shape (m,)."""
        inputs, errors = (np.ascontiguousarray(signal, np.float32) for signal in (inputs, errors))
        largest = [np.abs(signal).max(axis=1).astype(np.float64) for signal in (inputs, errors)]
        # Chances of a row and a column whose product, times the cycles, is the wanted number of pulses.
        both = np.sqrt(rate / (self._cycles * self._step))
        balance = np.sqrt(np.divide(largest[1], largest[0], out=np.ones_like(largest[0]), where=largest[0] > 0))
        balance[balance == 0] = 1.0
        row, row_train, row_length = self._trains(inputs, both * balance, self._keys[:2])
        column, column_train, column_length = self._trains(errors, both / balance, self._keys[2:])
        self._samples += len(inputs)
        meetings = count_meetings(row_train, row_length, column_train, column_length, self._cycles)
        weight, count, turn = np.empty(meetings, np.int64), np.empty(meetings, np.int8), np.empty(meetings, np.int64)
        trains = row, row_train, row_length, column, column_train, column_length
        list_meetings(*trains, self._cycles, self._shape[1], weight, count, turn)
        return weight, count, turn

    def directions(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return one pulse or none for each weight, with the chance that makes the mean change the wanted one.

        For callers that have the gradient only, so that a digital product replaces the meeting of trains.

        Args:
            gradient: of the loss, mean over the batch, shape (rows, columns) [1].
            rate: learning rate [1].

        Returns:
            Shape (rows, columns), int8.
        """
        draw = np.random.default_rng([*self._seed, int(self._samples[0])]).random(self._shape, np.float32)
        self._samples += 1
        return -np.sign(gradient).astype(np.int8) * (draw * np.float32(self._step) < np.abs(rate * gradient))

    def memory(self) -> dict[str, np.ndarray]:
        """Return the number of samples so far."""
        return {"samples": self._samples}

    def _trains(self, signal: np.ndarray, gain: np.ndarray, keys: list) -> tuple[np.ndarray, ...]:
        line, train = np.empty(signal.shape, np.int32), np.empty(signal.shape, np.uint64)
        length = np.empty(len(signal), np.int32)
        draw_trains(signal, gain, self._cycles, self._samples[0], *keys, line, train, length)
        return line, train, length
