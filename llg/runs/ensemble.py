"""Ensembles of noisy trajectories: validates, cuts into blocks of lanes, runs them on threads, gathers outcomes."""

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError, RunError
from dwcore.numerics.noise import stream_id, trajectory_keys
from dwcore.numerics.threads import thread_count
from llg.device.device import Device
from llg.kernels.heun import LANES
from llg.runs.drive import Drive
from llg.runs.run_plan import EnsembleCase, plan_run

LARGEST_BLOCK = 2048
"""Trajectories per task at most; results do not depend on it."""


@dataclasses.dataclass(frozen=True, repr=False)
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

    def __repr__(self) -> str:
        recorded = f", {self.time.size} samples over {1e9 * self.time[-1]:.4g} ns" if self.time.size else ""
        q = f"q = {1e9 * self.q.mean():.4g} +- {1e9 * self.q.std():.2g} nm"
        return (
            f"<Ensemble of {self.q.size} trajectories ({', '.join(self.final)}): {q}, {int(self.left.sum())} off the "
            f"track, {self.n_steps} steps of {1e12 * self.dt:.4g} ps{recorded}>"
        )

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


class LaneRun:
    """Runs the trajectories of a case by their numbers; what comes out depends on nothing else."""

    def __init__(self, case: EnsembleCase):
        self.case, self.plan, self.first = case, plan_run(case), np.uint64(case.first)
        current = case.drive.current_density
        self.current = np.broadcast_to(np.asarray(current, float), (case.n,))
        self.start = self.plan.model.complete(*case.start)
        self.stream_of = _streams(case)
        self.keys = None if np.ndim(current) == 0 else _noise_keys(self.current, self.stream_of, case.first)

    def lanes(self, where: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return current [A/m^2] and both noise keys of some trajectories, padded to full groups of lanes."""
        count = -(-(where.stop - where.start) // LANES) * LANES
        amplitude = _padded(self.current[where], count)
        if self.keys is not None:
            return amplitude, _padded(self.keys[0][where], count), _padded(self.keys[1][where], count)
        keys = np.empty((2, count), np.uint64)
        trajectory_keys(self.stream_of(float(self.current[0])), self.first + np.uint64(where.start), keys[0], keys[1])
        return amplitude, keys[0], keys[1]

    def run(self, where: slice, final: np.ndarray, recorded: np.ndarray | None = None):
        """Run trajectories from their start to the end.

        Args:
            where: their numbers.
            final: output, final value of each coordinate, shape (coordinates, count).
            recorded: output, values at the start and at each sample, shape (samples + 1, coordinates, count).
        """
        lanes = self.lanes(where)
        size = lanes[0].size
        units = self.plan.stretches[0].input.units
        state = tuple(np.full(size, value / unit) for value, unit in zip(self.start, units, strict=True))
        if recorded is not None:
            recorded[0] = np.array(self.start)[:, None]
        for stretch in self.plan.stretches:
            data = stretch.input
            if data.units != units:
                state = tuple(x * (old / new) for x, old, new in zip(state, units, data.units, strict=True))
                units = data.units
            step = self.plan.dt * data.rate
            noise = data.noise_per_sqrt_dt * np.sqrt(step)
            rows = self.plan.rows, stretch.first, stretch.count
            data.advance(*state, *lanes, *rows, step, noise, data.table, data.x_end, data.coefficients)
            if recorded is not None and stretch.sample is not None:
                _store(recorded[stretch.sample], state, units)
        _store(final, state, units)


@checked
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
    block: int | None = None,
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
        dt: time step [s]; by default that of `llg.runs.time_step`.
        samples: number of equidistant times at which to record, besides the start; 0 records nothing.
        jobs: threads; all processors by default.
        block: trajectories per task; by default such that all threads get about as many.
        noise_scale: factor on the noise; other than 1 only to see a statistical test fail.
        first: number of the first trajectory; n = 3 and then n = 2 from number 3 on are the same five as n = 5.
        progress: called with the number of trajectories that a task has finished.

    Raises:
        InputError: impossible arguments.
        RunError: a trajectory diverged.
    """
    run = LaneRun(
        EnsembleCase(
            device=device, drive=drive, n=n, start=start, seed=seed, dt=dt, samples=samples, first=first,
            temperature=device.temperature if temperature is None else temperature, noise_scale=noise_scale,
        )
    )  # fmt: skip
    final = np.empty((len(run.start), n))
    recorded = np.empty((samples + 1, len(run.start), n)) if samples else None

    def work(begin: int, end: int):
        where = slice(begin, end)
        run.run(where, final[:, where], None if recorded is None else recorded[:, :, where])

    each_block(work, n, block, jobs, progress)
    return _result(run, final, recorded)


def default_block(n: int, jobs: int | None) -> int:
    """Return the trajectories per task: at most `LARGEST_BLOCK`, and as many tasks as make all threads equally busy."""
    threads = thread_count(jobs)
    return max(-(-n // (threads * -(-n // (threads * LARGEST_BLOCK)))), 1)


def each_block(
    work: Callable[[int, int], None], n: int, block: int | None, jobs: int | None, progress: Callable[[int], None]
):
    """Call work(begin, end) for blocks of trajectories on threads, in any order.

    Args:
        work: runs trajectories begin to end - 1 of those asked for.
        n: number of trajectories.
        block: trajectories per call, rounded up to full groups of lanes; None for the default.
        jobs: threads; all processors by default.
        progress: called with the number of trajectories of each finished block.

    Raises:
        InputError: no threads or no trajectories at all.
    """
    if min(value for value in (n, block, jobs) if value is not None) < 1:
        raise InputError(f"n = {n}, block = {block} and jobs = {jobs} must be >= 1")
    lanes = -(-(block or default_block(n, jobs)) // LANES) * LANES
    begins, turn, failed = iter(range(0, n, lanes)), threading.Lock(), threading.Event()

    def serve():
        while not failed.is_set():
            with turn:
                begin = next(begins, None)
            if begin is None:
                return
            end = min(begin + lanes, n)
            work(begin, end)
            with turn:
                progress(end - begin)

    threads = thread_count(jobs)
    if threads == 1:
        serve()
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            for done in as_completed([pool.submit(serve) for _ in range(threads)]):
                done.result()
        except BaseException:
            failed.set()
            raise


def diverged(count: int, n: int, dt: float) -> RunError:
    """Return the error of `count` of n trajectories that diverged to NaN."""
    return RunError(f"{count} of {n} trajectories diverged at dt = {dt:g} s; use a smaller dt")


def _result(run: LaneRun, final: np.ndarray, recorded: np.ndarray | None) -> Ensemble:
    """Check and gather the outcomes."""
    q, plan = final[0], run.plan
    lost = q.size - np.count_nonzero(np.isfinite(final).all(axis=0))
    if lost:
        raise diverged(lost, q.size, plan.dt)
    left = (q <= 0) | (q >= plan.model.device.track.length)
    names = [name for name, _unit in plan.model.coordinates]
    recorded = np.empty((0, *final.shape)) if recorded is None else recorded
    samples = dict(zip(names, recorded.swapaxes(0, 1), strict=True))
    return Ensemble(dict(zip(names, final, strict=True)), left, plan.dt, plan.n_steps, plan.time, samples)


def _streams(case: EnsembleCase) -> Callable[..., np.uint64]:
    """Return the hash of all that noise belongs to but the trajectory's number: a function of its current and more."""
    point = (*case.drive.values(), case.temperature, *case.start)
    return lambda J, *more: stream_id(case.seed, case.device.instance, J, *point, *more)


def _store(target: np.ndarray, state: tuple[np.ndarray, ...], units: tuple[float, ...]):
    for row, values, unit in zip(target, state, units, strict=True):
        row[:] = values[: row.size] * unit


def _padded(values: np.ndarray, count: int) -> np.ndarray:
    out = np.zeros(count, values.dtype)
    out[: values.size] = values
    return out


def _noise_keys(current: np.ndarray, stream_of: Callable, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys of all trajectories; each counts, from `first` on, among those of its current density."""
    keys = np.empty((2, current.size), np.uint64)
    for J in np.unique(current):
        mine = np.flatnonzero(current == J)
        part = np.empty((2, mine.size), np.uint64)
        trajectory_keys(stream_of(float(J)), np.uint64(first), part[0], part[1])
        keys[:, mine] = part
    return keys[0], keys[1]
