"""Rectangular current pulses with linear edges, before them a rest and after them a relaxation."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from .errors import InputError
from .parameters import Parameters, quantity


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pulse(Parameters):
    """The nominal write pulse of a device and the timing that all its pulses share."""

    current_density: float = quantity("nominal current density in the heavy metal at width w_0", "A/m^2", gt=0)
    duration: float = quantity("nominal duration, full width at half maximum", "s", gt=0)
    rise_time: float = quantity("linear rise from 0 to 100 %", "s", default=0.0, ge=0)
    fall_time: float = quantity("linear fall from 100 % to 0", "s", default=0.0, ge=0)
    rest_time: float = quantity(
        "time at rest before the pulse, for thermal equilibrium in the well", "s", default=1e-9, ge=0
    )
    relaxation_time: float = quantity("time after the pulse until the outcome is read", "s", default=5e-9, ge=0)

    def problems(self) -> Iterator[str]:
        """The edges fit into the duration."""
        if self.duration < self.shortest:
            yield f"duration = {self.duration:g} [s] must be >= (rise_time + fall_time)/2 = {self.shortest:g}"

    @property
    def shortest(self) -> float:
        """Shortest full width at half maximum [s] that these edges allow."""
        return 0.5 * (self.rise_time + self.fall_time)

    def waveform(self, duration: float) -> "Waveform":
        """The pulse shape for another duration [s]; amplitude 1.

        Raises:
            InputError: the edges do not fit into the duration.
        """
        if not duration >= self.shortest:
            raise InputError(f"duration = {duration:g} [s] must be >= (rise_time + fall_time)/2 = {self.shortest:g}")
        steps = (
            self.rest_time,
            self.rise_time,
            duration - self.shortest,
            self.fall_time,
            self.relaxation_time,
        )
        return Waveform(time=np.concatenate([[0.0], np.cumsum(steps)]), value=np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0]))


@dataclasses.dataclass(frozen=True)
class Waveform:
    """A piecewise linear shape; points at equal times make a jump.

    Attributes:
        time: corner times, ascending from 0, shape (n,) [s].
        value: values at the corners relative to the amplitude, shape (n,) [1].
    """

    time: np.ndarray
    value: np.ndarray

    @property
    def length(self) -> float:
        """Total time [s]."""
        return float(self.time[-1])

    def sample(self, n_steps: int) -> np.ndarray:
        """Values at both ends of n_steps equal steps, shape (n_steps + 1,), so that their trapezoid sum is exact.

        Each value is the mean of the shape over the step-long interval centred on its time (half of it at the two
        ends): a jump is shared as its place demands, and the transferred charge does not depend on the step.
        """
        step = self.length / n_steps
        charge = self._charge((np.arange(n_steps + 2) - 0.5) * step)
        value = np.diff(charge) / step
        value[[0, -1]] *= 2
        return value

    def square_time(self) -> float:
        """Integral of the squared shape [s], for the energy."""
        v0, v1, dt = self.value[:-1], self.value[1:], np.diff(self.time)
        return float(np.sum(dt * (v0 * v0 + v0 * v1 + v1 * v1) / 3))

    def _charge(self, time: np.ndarray) -> np.ndarray:
        """Integral of the shape from 0 to each time, same shape as time [s]; constant outside."""
        dt, change = np.diff(self.time), np.diff(self.value)
        at_corner = np.concatenate([[0.0], np.cumsum((self.value[:-1] + 0.5 * change) * dt)])
        time = np.clip(time, 0.0, self.length)
        i = np.clip(np.searchsorted(self.time, time, side="right") - 1, 0, dt.size - 1)
        since = time - self.time[i]
        slope = np.divide(change, dt, out=np.zeros_like(dt), where=dt > 0)
        return at_corner[i] + since * (self.value[i] + 0.5 * slope[i] * since)
