"""Rectangular pulses with linear edges, trains of them, and any piecewise linear waveform, from a CSV file as well.

A waveform file has a column of times and a column of values, straight lines between the rows.

    time_ns, value            or with the units apart      time [ns], value [A/m^2]
    0.0,     0.0                                           0.0,       0.0
    0.2,     1.0                                           0.2,       7e11

Rows at equal times make a jump. Lines that begin with # and empty lines do not count. Values without a unit are
relative to the amplitude that goes with the waveform.
"""

import dataclasses
import re
from collections.abc import Iterator

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.numerics.plain_array import plain_array
from dwcore.parameters import Parameters, quantity
from dwcore.storage.column_file import ColumnFile, read_columns
from dwcore.units import to_si

LEAST_CURRENT = 1e3
"""Least plausible current density of a pulse [A/m^2]."""
MOST_POINTS = 100_000
"""Largest number of pulses in a train and of points in a waveform file."""
_HEADER = re.compile(r"(?P<name>time|value)(?:_(?P<a>\S+)|\s*\[(?P<b>[^\]]+)\]|\s*\((?P<c>[^)]+)\))?")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pulse(Parameters):
    """The nominal write pulse of a device and the timing that all its pulses share."""

    current_density: float = quantity(
        "nominal current density in the heavy metal at width w_0",
        "A/m^2",
        gt=0,
        plausible=(LEAST_CURRENT, 1e15, "TA/m^2"),
    )
    duration: float = quantity("nominal duration, full width at half maximum", "s", gt=0, plausible=(1e-15, 1e-2, "ns"))
    rise_time: float = quantity("linear rise from 0 to 100 %", "s", default=0.0, ge=0, plausible=(0, 1e-2, "ns"))
    fall_time: float = quantity("linear fall from 100 % to 0", "s", default=0.0, ge=0, plausible=(0, 1e-2, "ns"))
    rest_time: float = quantity(
        "time at rest before the pulse, for thermal equilibrium in the well", "s", default=1e-9, ge=0
    )
    relaxation_time: float = quantity(
        "time of rest after the pulse; a wall that moves even then goes on", "s", default=5e-9, ge=0
    )

    def problems(self) -> Iterator[str]:
        """Yield an edge that does not fit into the duration."""
        if self.duration < self.shortest:
            yield f"duration = {self.duration:g} [s] must be >= (rise_time + fall_time)/2 = {self.shortest:g}"

    @property
    def shortest(self) -> float:
        """Shortest full width at half maximum [s] that these edges allow."""
        return 0.5 * (self.rise_time + self.fall_time)

    def waveform(
        self, duration: float, *, pulses: int = 1, period: float | None = None, alternating: bool = False
    ) -> "Waveform":
        """Return the pulse shape for another duration, once or as a train; amplitude 1.

        Args:
            duration: full width at half maximum of each pulse [s].
            pulses: number of pulses.
            period: time from the start of one pulse to that of the next [s]; back to back by default.
            alternating: every second pulse has the opposite sign.

        Raises:
            InputError: the edges do not fit into the duration, or the pulses into the period.
        """
        if not duration > 0:
            raise InputError(f"duration = {duration:g} [s] must be > 0")
        if not duration >= self.shortest:
            raise InputError(f"duration = {duration:g} [s] must be >= (rise_time + fall_time)/2 = {self.shortest:g}")
        full = duration + self.shortest
        period = full if period is None else period
        if not 1 <= pulses <= MOST_POINTS:
            raise InputError(f"pulses = {pulses} must be >= 1 and <= {MOST_POINTS}")
        if not full * (1 - 1e-12) <= period < np.inf:
            rule = "duration + (rise_time + fall_time)/2, the length of a pulse"
            raise InputError(f"period = {period:g} [s] must be >= {full:g} = {rule}")
        one = (self.rise_time, duration - self.shortest, self.fall_time, max(period - full, 0.0))
        steps = [self.rest_time, *one * pulses]
        steps[-1] = self.relaxation_time
        signs = (-1.0) ** (np.arange(pulses) * alternating)
        value = np.multiply.outer(signs, [0.0, 1.0, 1.0, 0.0]).ravel() + 0.0
        return Waveform(np.concatenate([[0.0], np.cumsum(steps)]), np.concatenate([[0.0], value, [0.0]]))

    def framed(self, shape: "Waveform") -> "Waveform":
        """Return a current shape with the rest before it and the relaxation after it, both without current."""
        end = self.rest_time + shape.length
        before, after = [0.0, self.rest_time], [end, end + self.relaxation_time]
        time = np.concatenate([before, self.rest_time + shape.time, after])
        return Waveform(time, np.concatenate([[0.0, 0.0], shape.value, [0.0, 0.0]]))


@dataclasses.dataclass(frozen=True)
class Waveform:
    """A piecewise linear shape; points at equal times make a jump.

    Attributes:
        time: corner times, ascending from 0, shape (n,) [s].
        value: values at the corners relative to the amplitude, shape (n,) [1].
    """

    time: np.ndarray
    value: np.ndarray

    def __post_init__(self):
        time, value = (
            plain_array(f"waveform: {name}", getattr(self, name)).astype(float) for name in ("time", "value")
        )
        if time.ndim != 1 or time.shape != value.shape or time.size < 2:
            raise InputError(f"waveform: time {time.shape} and value {value.shape} must have one length >= 2")
        if not (np.isfinite(time).all() and np.isfinite(value).all()):
            raise InputError("waveform: time and value must be finite")
        if time[0] != 0 or np.any(np.diff(time) < 0) or time[-1] <= 0:
            raise InputError(f"waveform: time must ascend from 0, goes from {time[0]:g} to {time[-1]:g} [s]")
        object.__setattr__(self, "time", time)
        object.__setattr__(self, "value", value)

    @property
    def edge(self) -> float:
        """Shortest time in which the shape goes, or would go on, from zero to its peak: 0 at a jump [s]."""
        change, peak = np.abs(np.diff(self.value)), np.max(np.abs(self.value))
        moving = change > 0
        return float(np.min(np.diff(self.time)[moving] * peak / change[moving], initial=np.inf))

    def delayed(self, delay: float) -> "Waveform":
        """Return the shape after `delay` [s], during which it has its first value."""
        return Waveform(np.concatenate([[0.0], self.time + delay]), np.concatenate([self.value[:1], self.value]))

    def magnitude(self) -> "Waveform":
        """Return the absolute value of the shape, with a corner wherever it changes sign."""
        time, value = self.time, self.value
        i = np.flatnonzero(value[:-1] * value[1:] < 0)
        zero = time[i] + (time[i + 1] - time[i]) * value[i] / (value[i] - value[i + 1])
        return Waveform(np.insert(time, i + 1, zero), np.abs(np.insert(value, i + 1, 0.0)))

    def held(self, length: float) -> "Waveform":
        """Return the shape with its last value held until `length` [s]; longer shapes as they are."""
        if length <= self.length:
            return self
        return Waveform(np.append(self.time, length), np.append(self.value, self.value[-1]))

    @property
    def length(self) -> float:
        """Total time [s]."""
        return float(self.time[-1])

    def sample(self, n_steps: int) -> np.ndarray:
        """Return values at the ends of n_steps equal steps, shape (n_steps + 1,); their trapezoid sum is exact.

        Each value is the mean of the shape over the step-long interval centred on its time (half of it at the two
        ends): a jump is shared as its place demands, and the transferred charge does not depend on the step.
        """
        step = self.length / n_steps
        charge = self._charge((np.arange(n_steps + 2) - 0.5) * step)
        value = np.diff(charge) / step
        value[[0, -1]] *= 2
        return value

    def square_time(self) -> float:
        """Return the integral of the squared shape [s], for the energy."""
        v0, v1, dt = self.value[:-1], self.value[1:], np.diff(self.time)
        return float(np.sum(dt * (v0 * v0 + v0 * v1 + v1 * v1) / 3))

    def _charge(self, time: np.ndarray) -> np.ndarray:
        """Return the integral of the shape from 0 to each time, same shape as time [s]; constant outside."""
        dt, change = np.diff(self.time), np.diff(self.value)
        at_corner = np.concatenate([[0.0], np.cumsum((self.value[:-1] + 0.5 * change) * dt)])
        time = np.clip(time, 0.0, self.length)
        i = np.clip(np.searchsorted(self.time, time, side="right") - 1, 0, dt.size - 1)
        since = time - self.time[i]
        slope = np.divide(change, dt, out=np.zeros_like(dt), where=dt > 0)
        return at_corner[i] + since * (self.value[i] + 0.5 * slope[i] * since)


@checked
def read_waveform(path, unit: str | None = None) -> tuple[Waveform, float | None]:
    """Read a waveform.

    Args:
        path: CSV file.
        unit: SI unit that the values may have; None where they must be relative.

    Returns:
        The waveform from the first time on, which must be >= 0 (the first value holds before it), and the amplitude
        [unit] that it is relative to: the largest magnitude in the file, or None for relative values.

    Raises:
        InputError: no such file, or not a waveform; one line with file, line and rule.
    """
    table = read_columns(path)
    factors = _columns(table, unit)
    time, value = (factors[name][1] * table.numbers(factors[name][0]) for name in ("time", "value"))
    first = table.lines[0]
    if time.size < 2 or time.size > MOST_POINTS:
        raise InputError(f"{path}: has {time.size} rows, must have >= 2 and <= {MOST_POINTS}")
    if time[0] < 0:
        raise InputError(f"{path} line {first}: time = {time[0]:g} [s] must be >= 0")
    back = np.flatnonzero(np.diff(time) < 0)
    if back.size:
        i = int(back[0]) + 1
        raise InputError(f"{path} line {table.lines[i]}: time = {time[i]:g} [s] must be >= that of the row before")
    if time[-1] == 0:
        raise InputError(f"{path} line {table.lines[-1]}: the last time must be > 0")
    amplitude = None
    if factors["value"][2]:
        amplitude = float(np.abs(value).max()) or 1.0
        value = value / amplitude
    if time[0] > 0:
        time, value = np.insert(time, 0, 0.0), np.insert(value, 0, value[0])
    return Waveform(time, value), amplitude


def _columns(table: ColumnFile, unit: str | None) -> dict[str, tuple[str, float, bool]]:
    """Return the column, factor to SI and whether it has a unit, of "time" and of "value"."""
    found = {}
    for column, unit_apart in zip(table.names, table.units, strict=True):
        match = _HEADER.fullmatch(column)
        if match is None or match["name"] in found:
            raise InputError(f'{table.path}: column "{column}" must be time with a unit, as time_ns, or value')
        name, written = match["name"], match["a"] or match["b"] or match["c"] or unit_apart
        found[name] = column, _factor(table.path, column, written, "s" if name == "time" else unit), bool(written)
    for name in ("time", "value"):
        if name not in found:
            raise InputError(f'{table.path}: no column "{name}"; the header must be like time_ns,value')
    if not found["time"][2]:
        raise InputError(f'{table.path}: column "{found["time"][0]}" must name its unit, as in time_ns')
    return found


def _factor(path: str, column: str, written: str | None, unit: str | None) -> float:
    if not written:
        return 1.0
    if unit is None:
        raise InputError(f'{path}: column "{column}" must have no unit, its values are relative')
    try:
        return to_si(f"1 {written.replace('_per_', '/')}", unit)
    except InputError:
        raise InputError(f'{path}: column "{column}" has the unit "{written}", must be one like {unit}') from None
