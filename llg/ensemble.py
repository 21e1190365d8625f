"""Ensembles of noisy trajectories: validates, cuts into blocks of lanes, runs them on threads, gathers outcomes."""

import dataclasses
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .device import Device
from .errors import InputError, RunError
from .noise import stream_id, trajectory_keys
from .pulse import Waveform
from .q_phi import NO_FIELD, Field, QPhiModel
from .q_phi_kernel import LANES, advance
from .scaling import field_rows, kernel_input, reduced_time

STEP_TIMES_RATE = 0.1
"""Default time step times the fastest rate of the device."""
LARGEST_STEP_TIMES_RATE = 0.5
"""Beyond this the outcome depends on the step; refused."""
BLOCK = 1024
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
        q: final wall position, shape (n,) [m].
        phi: final wall angle, shape (n,) [rad].
        left: the wall has left the track, shape (n,), bool.
        dt: time step used [s].
        n_steps: number of steps.
        time: sample times, shape (m,) [s]; empty without recording.
        q_samples: recorded positions, shape (m, n) [m].
        phi_samples: recorded angles, shape (m, n) [rad].
    """

    q: np.ndarray
    phi: np.ndarray
    left: np.ndarray
    dt: float
    n_steps: int
    time: np.ndarray
    q_samples: np.ndarray
    phi_samples: np.ndarray


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
        self.model = QPhiModel(device)
        self.Delta, Ms = self.model.Delta, self.model.Ms
        length = drive.waveform.length
        stride = max(int(np.ceil(length / (time_step(self.model, dt, drive.field) * max(samples, 1)))), 1)
        self.n_steps, self.stride, self.samples = stride * max(samples, 1), stride, samples
        self.dt = length / self.n_steps
        self.input = kernel_input(self.model, temperature, noise_scale)
        self.step = reduced_time(self.dt, Ms)
        self.rows = np.empty((self.n_steps + 1, 4))
        self.rows[:, 0] = drive.waveform.sample(self.n_steps)
        self.rows[:, 1:] = field_rows(self.model, drive.field)
        self.current = np.broadcast_to(np.asarray(drive.current_density, float), (n,))
        self.start = float(start[0]), float(start[1])  # an integer angle would make integer lanes
        point = (
            *drive.waveform.time,
            *drive.waveform.value,
            *dataclasses.astuple(drive.field),
            temperature,
            *start,
        )
        self.keys = _noise_keys(self.current, lambda J: stream_id(seed, device.instance, J, *point))
        self.q, self.phi = np.empty(n), np.empty(n)
        self.q_samples, self.phi_samples = np.empty((2, samples + 1 if samples else 0, n))

    def run(self, first: int, last: int):
        """Advance trajectories first to last - 1, LANES at a time."""
        for begin in range(first, last, LANES):
            self._run_lanes(slice(begin, min(begin + LANES, last)))

    def _run_lanes(self, where: slice):
        count = where.stop - where.start
        x, phi = np.full(LANES, self.start[0] / self.Delta), np.full(LANES, self.start[1])
        amplitude, key_1, key_2 = (_padded(a[where]) for a in (self.current, *self.keys))
        noise = self.input.noise_per_sqrt_dt * np.sqrt(self.step)
        if self.samples:
            self.q_samples[0, where], self.phi_samples[0, where] = self.start
        for sample in range(max(self.samples, 1)):
            advance(
                x, phi, amplitude, key_1, key_2, self.rows, sample * self.stride, self.stride,
                self.step, noise, self.input.table, self.input.x_end, self.input.coefficients,
            )  # fmt: skip
            if self.samples:
                self.q_samples[sample + 1, where] = x[:count] * self.Delta
                self.phi_samples[sample + 1, where] = phi[:count]
        self.q[where], self.phi[where] = x[:count] * self.Delta, phi[:count]

    def result(self) -> Ensemble:
        """Check and gather the outcomes."""
        diverged = ~(np.isfinite(self.q) & np.isfinite(self.phi))
        if diverged.any():
            raise RunError(
                f"{diverged.sum()} of {self.q.size} trajectories diverged at dt = {self.dt:g} s; use a smaller dt"
            )
        left = (self.q <= 0) | (self.q >= self.model.device.track.length)
        time = self.dt * self.stride * np.arange(self.samples + 1) if self.samples else np.empty(0)
        return Ensemble(self.q, self.phi, left, self.dt, self.n_steps, time, self.q_samples, self.phi_samples)


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
