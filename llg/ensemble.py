"""Ensembles of noisy trajectories: validates, cuts into blocks of lanes, runs them on threads, gathers outcomes."""

import dataclasses
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .device import Device
from .errors import InputError, RunError
from .heating import temperature_rise
from .models import equation_of
from .noise import stream_id, trajectory_keys
from .pulse import Waveform
from .q_phi import NO_FIELD, Field, QPhiModel
from .q_phi_kernel import LANES
from .scaling import field_rows

STEP_TIMES_RATE = 0.1
"""Default time step times the fastest rate of the device."""
LARGEST_STEP_TIMES_RATE = 0.5
"""Beyond this the outcome depends on the step; refused."""
BLOCK = 128
"""Trajectories per task; results do not depend on it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drive:
    """What acts on the wall.

    Attributes:
        waveform: shape of the current in time.
        current_density: heavy-metal current density at w_0, a number or shape (n,) with one per trajectory [A/m^2].
        field: constant applied field.
    """

    waveform: Waveform
    current_density: float | np.ndarray = 0.0
    field: Field = NO_FIELD


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """Outcomes of n trajectories, and the trajectories themselves where asked for.

    Attributes:
        final: final value of each coordinate by name ("q" [m], "phi" [rad], ...), shape (n,).
        left: the wall has left the track, shape (n,), bool.
        dt: time step used [s].
        n_steps: number of steps.
        time: sample times, shape (m,) [s]; empty without recording.
        samples: recorded values of each coordinate by name, shape (m, n).
    """

    final: dict[str, np.ndarray]
    left: np.ndarray
    dt: float
    n_steps: int
    time: np.ndarray
    samples: dict[str, np.ndarray]

    @property
    def q(self) -> np.ndarray:
        """Final wall position, shape (n,) [m]."""
        return self.final["q"]

    @property
    def phi(self) -> np.ndarray:
        """Final wall angle, shape (n,) [rad]."""
        return self.final["phi"]

    @property
    def q_samples(self) -> np.ndarray:
        """Recorded wall positions, shape (m, n) [m]."""
        return self.samples["q"]

    @property
    def phi_samples(self) -> np.ndarray:
        """Recorded wall angles, shape (m, n) [rad]."""
        return self.samples["phi"]


def time_step(model: QPhiModel, dt: float | None = None, field: Field = NO_FIELD) -> float:
    """The default time step [s] in an applied field, or `dt` [s] if it is small enough.

    Raises:
        InputError: dt is not positive or too large for this device; says which to use.
    """
    rate = model.fastest_rate(field)
    if dt is None:
        return STEP_TIMES_RATE / rate
    if not 0 < dt * rate <= LARGEST_STEP_TIMES_RATE:
        best, most = STEP_TIMES_RATE / rate, LARGEST_STEP_TIMES_RATE / rate
        raise InputError(f"dt = {dt:g} [s] must be > 0 and <= {most:.2g} for this device; use {best:.2g}")
    return dt


def simulate(
    device: Device,
    drive: Drive,
    *,
    n: int,
    start: tuple[float, float],
    seed: int,
    temperature: float | None = None,
    dt: float | None = None,
    samples: int = 0,
    jobs: int | None = None,
    block: int = BLOCK,
    noise_scale: float = 1.0,
    progress: Callable[[int], None] = lambda done: None,
) -> Ensemble:
    """Run n trajectories of the rigid wall from one starting point.

    The same seed gives bit-identical trajectories for any jobs and block, and whatever else runs beside them.

    Args:
        device: the device (instance) to simulate.
        drive: current and field.
        n: number of trajectories.
        start: initial q [m] and phi [rad].
        seed: root seed of the noise.
        temperature: temperature [K]; the device's own by default, 0 for no noise.
        dt: time step [s]; by default `STEP_TIMES_RATE` over the fastest rate of the device.
        samples: number of equidistant times at which to record, besides the start; 0 records nothing.
        jobs: threads; all processors by default.
        block: trajectories per task.
        noise_scale: factor on the noise; other than 1 only to see a statistical test fail.
        progress: called with the number of trajectories that a task has finished.

    Raises:
        InputError: impossible arguments.
        RunError: a trajectory diverged.
    """
    _check(device, drive, n, start, seed, samples, jobs, block)
    temperature = device.temperature if temperature is None else temperature
    if not 0 <= temperature < 2000:
        raise InputError(f"temperature = {temperature:g} [K] must be >= 0 and < 2000")
    task = _Task(device, drive, n, start, seed, temperature, dt, samples, noise_scale)
    lanes = -(-block // LANES) * LANES
    firsts = range(0, n, lanes)
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        for first, _ in zip(firsts, pool.map(lambda f: task.run(f, min(f + lanes, n)), firsts), strict=True):
            progress(min(first + lanes, n) - first)
    return task.result()


def _check(device: Device, drive: Drive, n: int, start, seed: int, samples: int, jobs: int | None, block: int):
    if n < 1 or samples < 0 or block < 1 or (jobs is not None and jobs < 1):
        raise InputError(f"n = {n}, block = {block} and jobs = {jobs} must be >= 1, samples = {samples} must be >= 0")
    if not 0 <= seed < 2**63:
        raise InputError(f"seed = {seed} must be >= 0 and < 2^63")
    if not 0 <= start[0] <= device.track.length:
        raise InputError(f"start q = {start[0]:g} [m] must lie on the track, 0 to {device.track.length:g}")
    if not np.isfinite(start[1]):
        raise InputError(f"start phi = {start[1]:g} [rad] must be finite")
    current = np.asarray(drive.current_density, float)
    if current.shape not in ((), (n,)) or not np.all(np.isfinite(current)):
        raise InputError(f"current_density must be a finite number or {n} of them [A/m^2], one per trajectory")


class _Task:
    """Inputs and outputs that the blocks of one ensemble share."""

    def __init__(self, device, drive, n, start, seed, temperature, dt, samples, noise_scale):
        equation = equation_of(device)
        self.model = equation.model(device)
        self.input = equation.kernel_input(self.model, temperature, noise_scale)
        length = drive.waveform.length
        stride = max(int(np.ceil(length / (time_step(self.model, dt, drive.field) * max(samples, 1)))), 1)
        self.n_steps, self.stride, self.samples = stride * max(samples, 1), stride, samples
        self.dt = length / self.n_steps
        self.rows = self._drive_rows(drive, temperature)
        self.current = np.broadcast_to(np.asarray(drive.current_density, float), (n,))
        self.start = self.model.complete(*start)
        point = (*drive.waveform.time, *drive.waveform.value, *dataclasses.astuple(drive.field), temperature, *start)
        self.stream_of = lambda J: stream_id(seed, device.instance, J, *point)
        self.keys = None if np.ndim(drive.current_density) == 0 else _noise_keys(self.current, self.stream_of)
        self.final = np.empty((len(self.start), n))
        self.recorded = np.empty((samples + 1 if samples else 0, len(self.start), n))

    def _drive_rows(self, drive: Drive, temperature: float) -> np.ndarray:
        rows = np.ones((self.n_steps + 1, 5))
        rows[:, 0] = drive.waveform.sample(self.n_steps)
        rows[:, 1:4] = field_rows(self.model, drive.field)
        device = self.model.device
        if device.heating is not None and temperature > 0:
            if np.ndim(drive.current_density):
                raise InputError("current_density must be one number for all trajectories of a device with [heating]")
            rows[:, 4] += temperature_rise(device, drive.current_density, rows[:, 0], self.dt) / temperature
        return rows

    def run(self, first: int, last: int):
        """Advance trajectories first to last - 1, LANES at a time."""
        for begin in range(first, last, LANES):
            self._run_lanes(slice(begin, min(begin + LANES, last)))

    def _run_lanes(self, where: slice):
        count = where.stop - where.start
        data = self.input
        state = tuple(np.full(LANES, value / unit) for value, unit in zip(self.start, data.units, strict=True))
        step = self.dt * data.rate
        fixed = (step, data.noise_per_sqrt_dt * np.sqrt(step), data.table, data.x_end, data.coefficients)
        amplitude, keys = _padded(self.current[where]), self._lane_keys(where)
        if self.samples:
            self.recorded[0, :, where] = np.array(self.start)[:, None]
        for sample in range(max(self.samples, 1)):
            data.advance(*state, amplitude, *keys, self.rows, sample * self.stride, self.stride, *fixed)
            if self.samples:
                self._store(self.recorded[sample + 1], where, state, count)
        self._store(self.final, where, state, count)

    def _store(self, target: np.ndarray, where: slice, state: tuple[np.ndarray, ...], count: int):
        for row, values, unit in zip(target, state, self.input.units, strict=True):
            row[where] = values[:count] * unit

    def _lane_keys(self, where: slice) -> tuple[np.ndarray, np.ndarray]:
        if self.keys is not None:
            return _padded(self.keys[0][where]), _padded(self.keys[1][where])
        keys = np.empty((2, LANES), np.uint64)
        trajectory_keys(self.stream_of(float(self.current[0])), np.uint64(where.start), keys[0], keys[1])
        return keys[0], keys[1]

    def result(self) -> Ensemble:
        """Check and gather the outcomes."""
        q = self.final[0]
        diverged = q.size - np.count_nonzero(np.isfinite(self.final).all(axis=0))
        if diverged:
            raise RunError(f"{diverged} of {q.size} trajectories diverged at dt = {self.dt:g} s; use a smaller dt")
        left = (q <= 0) | (q >= self.model.device.track.length)
        time = self.dt * self.stride * np.arange(self.samples + 1) if self.samples else np.empty(0)
        names = [name for name, _unit in self.model.coordinates]
        final = dict(zip(names, self.final, strict=True))
        recorded = dict(zip(names, self.recorded.swapaxes(0, 1), strict=True))
        return Ensemble(final, left, self.dt, self.n_steps, time, recorded)


def _padded(values: np.ndarray) -> np.ndarray:
    out = np.zeros(LANES, values.dtype)
    out[: values.size] = values
    return out


def _noise_keys(current: np.ndarray, stream_of: Callable[[float], np.uint64]) -> tuple[np.ndarray, np.ndarray]:
    """Keys of all trajectories; each counts its own number among those of its current density."""
    keys = np.empty((2, current.size), np.uint64)
    for J in np.unique(current):
        mine = np.flatnonzero(current == J)
        part = np.empty((2, mine.size), np.uint64)
        trajectory_keys(stream_of(float(J)), np.uint64(0), part[0], part[1])
        keys[:, mine] = part
    return keys[0], keys[1]
