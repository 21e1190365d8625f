"""Ensembles of noisy trajectories: validates, cuts into blocks of lanes, runs them on threads, gathers outcomes."""

import dataclasses
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from llg.device import Device
from llg.drive import Drive
from llg.errors import InputError, RunError
from llg.kernels.noise import stream_id, trajectory_keys
from llg.kernels.q_phi import LANES
from llg.run_plan import LARGEST_STEP_COUNT, LARGEST_TEMPERATURE, plan_run

BLOCK = 128
"""Trajectories per task; results do not depend on it."""


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
    first: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> Ensemble:
    """Run n trajectories of the rigid wall from one starting point.

    The same seed gives bit-identical trajectories for any jobs and block, and whatever else runs beside them.

    Args:
        device: the device (instance) to simulate.
        drive: current, field and gate in time.
        n: number of trajectories.
        start: initial q [m] and phi [rad].
        seed: root seed of the noise.
        temperature: temperature [K]; the device's own by default, 0 for no noise.
        dt: time step [s]; by default that of `llg.time_step`.
        samples: number of equidistant times at which to record, besides the start; 0 records nothing.
        jobs: threads; all processors by default.
        block: trajectories per task.
        noise_scale: factor on the noise; other than 1 only to see a statistical test fail.
        first: number of the first trajectory; n = 3 and then n = 2 from number 3 on are the same five as n = 5.
        progress: called with the number of trajectories that a task has finished.

    Raises:
        InputError: impossible arguments.
        RunError: a trajectory diverged.
    """
    _check(device, drive, n, start, seed, samples, jobs, block)
    if not 0 <= first < 2**63:
        raise InputError(f"first = {first} must be >= 0 and < 2^63")
    temperature = device.temperature if temperature is None else temperature
    if not 0 <= temperature < LARGEST_TEMPERATURE:
        raise InputError(f"temperature = {temperature:g} [K] must be >= 0 and < {LARGEST_TEMPERATURE:g}")
    task = _Task(device, drive, n, start, seed, temperature, dt, samples, noise_scale, first)
    lanes = -(-block // LANES) * LANES
    firsts = range(0, n, lanes)
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        for first, _ in zip(firsts, pool.map(lambda f: task.run(f, min(f + lanes, n)), firsts), strict=True):
            progress(min(first + lanes, n) - first)
    return task.result()


def _check(device: Device, drive: Drive, n: int, start, seed: int, samples: int, jobs: int | None, block: int):
    if n < 1 or samples < 0 or block < 1 or (jobs is not None and jobs < 1):
        raise InputError(f"n = {n}, block = {block} and jobs = {jobs} must be >= 1, samples = {samples} must be >= 0")
    if samples > LARGEST_STEP_COUNT:
        raise InputError(f"samples = {samples} must be <= {LARGEST_STEP_COUNT:.0e}")
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

    def __init__(self, device, drive, n, start, seed, temperature, dt, samples, noise_scale, first):
        self.plan, self.first = plan_run(device, drive, temperature, dt, samples, noise_scale), np.uint64(first)
        self.current = np.broadcast_to(np.asarray(drive.current_density, float), (n,))
        self.start = self.plan.model.complete(*start)
        point = (*drive.values(), temperature, *start)
        self.stream_of = lambda J: stream_id(seed, device.instance, J, *point)
        self.keys = None if np.ndim(drive.current_density) == 0 else _noise_keys(self.current, self.stream_of, first)
        self.final = np.empty((len(self.start), n))
        self.recorded = np.empty((samples + 1 if samples else 0, len(self.start), n))

    def run(self, first: int, last: int):
        """Advance trajectories first to last - 1, LANES at a time."""
        for begin in range(first, last, LANES):
            self._run_lanes(slice(begin, min(begin + LANES, last)))

    def _run_lanes(self, where: slice):
        amplitude, keys = _padded(self.current[where]), self._lane_keys(where)
        units = self.plan.stretches[0].input.units
        state = tuple(np.full(LANES, value / unit) for value, unit in zip(self.start, units, strict=True))
        if self.recorded.size:
            self.recorded[0, :, where] = np.array(self.start)[:, None]
        for stretch in self.plan.stretches:
            data = stretch.input
            if data.units != units:
                state = tuple(x * (old / new) for x, old, new in zip(state, units, data.units, strict=True))
                units = data.units
            step = self.plan.dt * data.rate
            noise = data.noise_per_sqrt_dt * np.sqrt(step)
            rows = self.plan.rows, stretch.first, stretch.count
            data.advance(*state, amplitude, *keys, *rows, step, noise, data.table, data.x_end, data.coefficients)
            if stretch.sample is not None:
                _store(self.recorded[stretch.sample], where, state, units)
        _store(self.final, where, state, units)

    def _lane_keys(self, where: slice) -> tuple[np.ndarray, np.ndarray]:
        if self.keys is not None:
            return _padded(self.keys[0][where]), _padded(self.keys[1][where])
        keys = np.empty((2, LANES), np.uint64)
        trajectory_keys(self.stream_of(float(self.current[0])), self.first + np.uint64(where.start), keys[0], keys[1])
        return keys[0], keys[1]

    def result(self) -> Ensemble:
        """Check and gather the outcomes."""
        q = self.final[0]
        diverged = q.size - np.count_nonzero(np.isfinite(self.final).all(axis=0))
        if diverged:
            raise RunError(f"{diverged} of {q.size} trajectories diverged at dt = {self.plan.dt:g} s; use a smaller dt")
        model = self.plan.model
        left = (q <= 0) | (q >= model.device.track.length)
        names = [name for name, _unit in model.coordinates]
        final = dict(zip(names, self.final, strict=True))
        recorded = dict(zip(names, self.recorded.swapaxes(0, 1), strict=True))
        return Ensemble(final, left, self.plan.dt, self.plan.n_steps, self.plan.time, recorded)


def _store(target: np.ndarray, where: slice, state: tuple[np.ndarray, ...], units: tuple[float, ...]):
    for row, values, unit in zip(target, state, units, strict=True):
        row[where] = values[: where.stop - where.start] * unit


def _padded(values: np.ndarray) -> np.ndarray:
    out = np.zeros(LANES, values.dtype)
    out[: values.size] = values
    return out


def _noise_keys(current: np.ndarray, stream_of: Callable, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys of all trajectories; each counts its own number, from `first` on, among those of its current density."""
    keys = np.empty((2, current.size), np.uint64)
    for J in np.unique(current):
        mine = np.flatnonzero(current == J)
        part = np.empty((2, mine.size), np.uint64)
        trajectory_keys(stream_of(float(J)), np.uint64(first), part[0], part[1])
        keys[:, mine] = part
    return keys[0], keys[1]
