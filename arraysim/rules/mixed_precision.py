"""Mixed-precision rule: the digital side collects what is too small for a pulse.

Each weight has a digital accumulator. Requested changes add up in it; when they reach a threshold of h steps, a pulse
is sent and its mean step is taken off, one per weight and batch. The rule does not know of misses and double moves;
they average out. Accumulators may start anywhere between the thresholds: then the first changes do not wait until a
whole step has come together, and the mean weight follows the requested change from the first batch on (a dither).

What lies in the accumulator is missing from the weight. Under many small changes of random sign its density is that of
a diffusion between -h and h with sources at h - 1 and 1 - h: a trapezoid of variance (h^2 + (1 - h)^2)/6 steps squared,
1/6 at h = 1 and 1/12 towards h = 1/2. From the source it takes (2 h - 1)/s^2 changes of variance s^2 to the next pulse.
So h = 1 sends the fewest pulses, h = 0.6 sends up to five times as many and halves the variance, and h = 1/2 would take
each back.

The rule has no momentum. A step of a device is large, and the gradient answers it at once; a velocity would go on for
many batches in the old direction and send the next pulse too.

References:
    S. R. Nandakumar et al., ISCAS 2018, doi:10.1109/ISCAS.2018.8351656; Front. Neurosci. 14, 406 (2020).
"""

import numpy as np

from arraysim.rules.accumulator_kernel import accumulate_gradient, accumulate_signals, write_gradient
from arraysim.rules.rule import Rule
from arraysim.synapses.weights import PulsedWeights
from dwcore.errors import InputError
from dwcore.numerics.product import product

# Up to here a pass over the rows that were driven is faster than a product by BLAS and a pass over all.
_SMALL_BATCH = 32


class MixedPrecision(Rule):
    """The rule for one layer.

    Attributes:
        accumulator: change not yet sent, shape (rows, columns), float32 [1].
        step: mean weight change by a pulse, float32 [1].
        threshold: of the accumulator at which a pulse is sent, float32 [1].
    """

    def __init__(
        self,
        shape: tuple[int, int],
        mean_step: float,
        *,
        threshold: float = 1.0,
        seed: tuple[int, ...] | None = None,
    ):
        """Start with accumulators that are empty or, with a seed, drawn evenly between minus and plus the threshold.

        Args:
            shape: (rows, columns).
            mean_step: mean weight change by a pulse [1].
            threshold: of the accumulator over the mean step at which a pulse is sent, above 1/2 and at most 1 [1].
            seed: of the first accumulators; None starts with empty ones [1].

        Raises:
            InputError: threshold is outside its range.
        """
        if not 0.5 < threshold <= 1:
            raise InputError(f"threshold = {threshold} [1] must be > 0.5 and <= 1")
        self.step, self.threshold = np.float32(mean_step), np.float32(threshold * mean_step)
        self.accumulator = np.zeros(shape, np.float32)
        if seed is not None:
            drawn = np.random.default_rng(seed).random(shape, np.float32)
            self.accumulator[:] = (2 * drawn - 1) * self.threshold
        self._waiting = np.zeros(shape[0], np.bool_)
        self._weight = np.empty(self.accumulator.size, np.int64)
        self._count = np.empty(self.accumulator.size, np.int8)

    @classmethod
    def for_layer(
        cls, weights: PulsedWeights, *, seed: tuple[int, ...], threshold: float, **settings
    ) -> "MixedPrecision":
        """Return the rule for one layer, accumulators drawn from the seed."""
        return cls(weights.values.shape, weights.mean_step, threshold=threshold, seed=seed, **settings)

    def pulses(self, inputs: np.ndarray, errors: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
        """Return which weights get pulses, flat indices, and how many, valid until the next call."""
        if len(inputs) > _SMALL_BATCH:
            return self.pulses_of(product(inputs.T, errors), rate)
        signals = (np.ascontiguousarray(signal, np.float32) for signal in (inputs, errors))
        return self._listed(accumulate_signals, *signals, rate)

    def pulses_of(self, gradient: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
        """Return which weights get pulses and how many, valid until the next call."""
        return self._listed(accumulate_gradient, np.ascontiguousarray(gradient, np.float32), rate)

    def write(self, weights: PulsedWeights, gradient: np.ndarray, rate: float) -> None:
        """Send the pulses for one batch, in one call: between products of matrices every line of Python costs time."""
        array = weights.array
        event = array.take_events(weights.events_per_pulse)
        gradient = np.ascontiguousarray(gradient, np.float32)
        sent, reads = write_gradient(self._memory(), gradient, np.float32(rate), event, weights.target())
        if sent:
            array.count_reads(reads)
        else:
            array.take_events(-weights.events_per_pulse)

    def directions(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return the number of pulses to send to each weight, > 0 to raise it, shape (rows, columns), int8.

        Args:
            gradient: of the loss, mean over the batch, shape (rows, columns) [1].
            rate: learning rate [1].
        """
        sent = np.zeros(self.accumulator.shape, np.int8)
        weight, count = self.pulses_of(gradient, rate)
        sent.ravel()[weight] = count
        return sent

    def memory(self) -> dict[str, np.ndarray]:
        """Return the accumulators, themselves, not copies."""
        return {"accumulator": self.accumulator}

    def _restored(self) -> None:
        self._waiting[:] = True

    def _listed(self, kernel, *arguments):
        *arrays, rate = arguments
        m = kernel(self._memory(), *arrays, np.float32(rate))
        return self._weight[:m], self._count[:m]

    def _memory(self) -> tuple:
        """Return accumulators and lists, as the kernels take them."""
        return self.accumulator, self._waiting, self.step, self.threshold, self._weight, self._count
