"""Outcomes of many trajectories without the trajectories: counted block by block, in memory that does not grow with n."""

import dataclasses
import math
import threading
from collections.abc import Callable

import numpy as np

from dwcore.errors import InputError
from llg.device.device import Device
from llg.kernels.heun import LANES
from llg.kernels.q_phi import run_block
from llg.landscape.settling import Settling
from llg.landscape.wells import Well, unsettled_count, well_index
from llg.runs.drive import Drive
from llg.runs.ensemble import Ensemble, LaneRun, diverged, each_block
from llg.runs.run_plan import EnsembleCase
from llg.walls.q_phi import NO_FIELD

_Q_UNIT = 1e-21
"""Displacements are summed as whole multiples of this [m], so that their sum does not depend on the order."""


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """Where n trajectories ended.

    Attributes:
        counts: number that ended in each well, then in none of them, shape (S + 1,).
        left: number that left the track.
        displacement: mean of final less initial position [m]; NaN where trajectories were stopped early.
        dt: time step used [s].
        n_steps: steps of a whole trajectory.
        steps_done: steps done by all lanes together.
        unsettled: number on the track that may still change their well, see `llg.landscape.wells.unsettled_count`.
    """

    counts: np.ndarray
    left: int
    displacement: float
    dt: float
    n_steps: int
    steps_done: int
    unsettled: int = 0

    @property
    def n(self) -> int:
        """Number of trajectories."""
        return int(self.counts.sum())


def count_outcomes(
    device: Device,
    drive: Drive,
    wells: list[Well],
    *,
    n: int,
    start: tuple[float, float],
    seed: int,
    temperature: float | None = None,
    dt: float | None = None,
    settling: Settling | None = None,
    jobs: int | None = None,
    block: int | None = None,
    first: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> Outcomes:
    """Run n trajectories as `llg.runs.ensemble.simulate` does, with the same noise, and count where they end.

    Args:
        device: the device (instance) to simulate; this and the next ones as `llg.runs.ensemble.simulate` takes them.
        drive: current, field and gate in time; one current density for all trajectories.
        wells: wells of the track; may be empty.
        n: number of trajectories.
        start: initial q [m] and phi [rad].
        seed: root seed of the noise.
        temperature: temperature [K].
        dt: time step [s].
        settling: stop trajectories once they have settled in a well; None runs all to the end. It takes effect on the
            rigid wall at its temperature after the last current, without field, gate and heating.
        jobs: threads.
        block: trajectories per task; by default such that all threads get about as many.
        first: number of the first trajectory.
        progress: called with the number of trajectories that a task has finished.

    Raises:
        InputError: impossible arguments.
        RunError: a trajectory diverged.
    """
    if np.ndim(drive.current_density):
        raise InputError("current_density must be one number where only outcomes are counted")
    temperature = device.temperature if temperature is None else temperature
    run = LaneRun(
        EnsembleCase(
            device=device, drive=drive, n=n, start=start, seed=seed, temperature=temperature, dt=dt, first=first
        )
    )
    quiet = _quiet(run, settling)
    tally = _Tally(wells, run)
    if quiet is None or settling is None:
        each_block(lambda *part: tally.add(*_whole(run, *part)), n, block, jobs, progress)
    else:
        surface = settling.surface((run.plan.n_steps - quiet) * run.plan.dt)
        each_block(lambda *part: tally.add(*_early(run, quiet, surface, *part)), n, block, jobs, progress)
    return tally.outcomes(n, displaced=quiet is None)


def ensemble_outcomes(
    ensemble: Ensemble, wells: list[Well], start: float, device: Device | None = None, temperature: float = 0.0
) -> Outcomes:
    """Return the outcomes of an ensemble that started at `start` [m]; which have settled only for a known device."""
    n, index = ensemble.q.size, _index(wells, ensemble.q)
    displacement = float(np.mean(ensemble.q - start))
    steps = n * ensemble.n_steps
    left = int(ensemble.left.sum())
    moving = unsettled_count(device, wells, ensemble.q, temperature) if device else 0
    return Outcomes(_counts(index, len(wells)), left, displacement, ensemble.dt, ensemble.n_steps, steps, moving)


def _quiet(run: LaneRun, settling: Settling | None) -> int | None:
    """Return the first step from which on the walls are at rest and may be stopped; None if there is no such step."""
    plan, case = run.plan, run.case
    rigid = case.device.wall.model == "q-phi" and len(plan.stretches) == 1
    if settling is None or not rigid or case.drive.field != NO_FIELD or case.temperature != settling.temperature:
        return None
    disturbed = np.flatnonzero((plan.rows[:, 0] != 0) | (plan.rows[:, 4] != 1))
    quiet = int(disturbed[-1]) + 1 if disturbed.size else 0
    return quiet if quiet < plan.n_steps else None


def _whole(run: LaneRun, begin: int, end: int) -> tuple[np.ndarray, int]:
    """Return the final positions [m] of trajectories begin to end - 1 (nan if diverged), and the steps done."""
    final = np.empty((len(run.start), end - begin))
    run.run(slice(begin, end), final)
    q = np.where(np.isfinite(final).all(axis=0), final[0], np.nan)
    return q, -(-(end - begin) // LANES) * LANES * run.plan.n_steps


def _early(run: LaneRun, quiet: int, surface: np.ndarray, begin: int, end: int) -> tuple[np.ndarray, int]:
    """Return the same, but each trajectory where it was stopped."""
    plan, data = run.plan, run.plan.stretches[0].input
    amplitude, key_1, key_2 = run.lanes(slice(begin, end))
    state = [np.full(amplitude.size, value / unit) for value, unit in zip(run.start, data.units, strict=True)]
    step = plan.dt * data.rate
    noise, place = data.noise_per_sqrt_dt * np.sqrt(step), np.empty(end - begin)
    done = run_block(
        *state, amplitude, key_1, key_2, plan.rows, quiet, plan.n_steps, step, noise, data.table, data.x_end,
        data.coefficients, surface, data.units[0] / plan.model.device.geometry.step, place,
    )  # fmt: skip
    return place * data.units[0], done


def _index(wells: list[Well], q: np.ndarray) -> np.ndarray:
    return well_index(wells, q) if wells else np.full(q.size, -1)


def _counts(index: np.ndarray, S: int) -> np.ndarray:
    return np.bincount(np.where(index < 0, S, index), minlength=S + 1)


class _Tally:
    """Sums over blocks, in whole numbers so that their order does not matter."""

    def __init__(self, wells: list[Well], run: LaneRun):
        self.wells, self.plan, self.start = wells, run.plan, run.start[0]
        self.lock = threading.Lock()
        self.counts = np.zeros(len(wells) + 1, np.int64)
        self.left = self.lost = self.steps = self.units = self.unsettled = 0
        self.device, self.temperature = run.case.device, run.case.temperature

    def add(self, q: np.ndarray, steps: int):
        """Count the final positions of a block [m]."""
        good = np.isfinite(q)
        counts = _counts(_index(self.wells, q[good]), len(self.wells))
        left = int(np.count_nonzero((q <= 0) | (q >= self.plan.model.device.track.length)))
        units = _whole_sum(q[good] - self.start)
        moving = unsettled_count(self.device, self.wells, q[good], self.temperature)
        with self.lock:
            self.counts += counts
            self.left += left
            self.lost += q.size - int(np.count_nonzero(good))
            self.steps += steps
            self.units += units
            self.unsettled += moving

    def outcomes(self, n: int, displaced: bool) -> Outcomes:
        """Return all sums; refuse diverged trajectories."""
        if self.lost:
            raise diverged(self.lost, n, self.plan.dt)
        displacement = self.units * _Q_UNIT / n if displaced else math.nan
        return Outcomes(
            self.counts, self.left, displacement, self.plan.dt, self.plan.n_steps, self.steps, self.unsettled
        )


def _whole_sum(displacement: np.ndarray) -> int:
    """Return the sum of displacements [m] in whole units; each is below 9 mm, their sum is not bounded."""
    high, low = np.divmod(np.rint(displacement / _Q_UNIT).astype(np.int64), 1 << 32)
    return (int(high.sum()) << 32) + int(low.sum())
