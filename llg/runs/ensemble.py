"""Ensembles of noisy trajectories: validates, cuts into blocks of lanes, runs them on threads, gathers outcomes."""

import dataclasses
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np

from dwcore.errors import InputError, RunError
from llg.device.device import Device
from llg.kernels.heun import LANES
from llg.runs.drive import Drive
from llg.runs.lane_run import LaneRun
from llg.runs.run_plan import LARGEST_STEP_COUNT, LARGEST_TEMPERATURE

LARGEST_BLOCK = 2048
"""Trajectories per task at most; results do not depend on it."""


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
    temperature = check_arguments(device, drive, n, start, seed, temperature, jobs, block, first)
    if not 0 <= samples <= LARGEST_STEP_COUNT:
        raise InputError(f"samples = {samples} must be >= 0 and <= {LARGEST_STEP_COUNT:.0e}")
    case = {"n": n, "start": start, "seed": seed, "temperature": temperature, "dt": dt, "first": first}
    run = LaneRun(device, drive, **case, samples=samples, noise_scale=noise_scale)
    final = np.empty((len(run.start), n))
    recorded = np.empty((samples + 1, len(run.start), n)) if samples else None

    def work(begin: int, end: int):
        where = slice(begin, end)
        run.run(where, final[:, where], None if recorded is None else recorded[:, :, where])

    each_block(work, n, block, jobs, progress)
    return _result(run, final, recorded)


def default_block(n: int, jobs: int | None) -> int:
    """Trajectories per task: at most `LARGEST_BLOCK`, and as many tasks as make all threads equally busy."""
    threads = jobs or os.cpu_count() or 1
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
    """
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

    threads = jobs or os.cpu_count() or 1
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


def check_arguments(device, drive, n, start, seed, temperature, jobs, block, first) -> float:
    """Refuse impossible arguments of `simulate`; returns the temperature [K]."""
    if min(value for value in (n, block, jobs) if value is not None) < 1:
        raise InputError(f"n = {n}, block = {block} and jobs = {jobs} must be >= 1")
    if not 0 <= seed < 2**63:
        raise InputError(f"seed = {seed} must be >= 0 and < 2^63")
    if not 0 <= first < 2**63:
        raise InputError(f"first = {first} must be >= 0 and < 2^63")
    if not 0 <= start[0] <= device.track.length:
        raise InputError(f"start q = {start[0]:g} [m] must lie on the track, 0 to {device.track.length:g}")
    if not np.isfinite(start[1]):
        raise InputError(f"start phi = {start[1]:g} [rad] must be finite")
    current = np.asarray(drive.current_density, float)
    if current.shape not in ((), (n,)) or not np.all(np.isfinite(current)):
        raise InputError(f"current_density must be a finite number or {n} of them [A/m^2], one per trajectory")
    temperature = device.temperature if temperature is None else temperature
    if not 0 <= temperature < LARGEST_TEMPERATURE:
        raise InputError(f"temperature = {temperature:g} [K] must be >= 0 and < {LARGEST_TEMPERATURE:g}")
    return temperature


def diverged(count: int, n: int, dt: float) -> RunError:
    """The error of `count` of n trajectories that are no numbers any more."""
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
