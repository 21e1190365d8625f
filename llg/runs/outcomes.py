"""Outcomes of many trajectories without the trajectories: counted by blocks, in memory that does not grow with n."""

import dataclasses
import math
import threading
from collections.abc import Callable

import numpy as np

from dwcore.errors import InputError
from llg.kernels.heun import LANES
from llg.kernels.q_phi import run_block
from llg.landscape.settling import Settling
from llg.landscape.wells import Well
from llg.runs.ensemble import Ensemble, LaneRun, diverged, each_block
from llg.runs.rest import Rest
from llg.runs.run_plan import EnsembleCase

_Q_UNIT = 1e-21
"""Displacements are summed as whole multiples of this [m], so that their sum does not depend on the order."""


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """Where n trajectories settled.

    Attributes:
        counts: number that settled in each well, then in none of them, shape (S + 1,).
        left: number that left the track.
        displacement: mean of position at the end of the drive less initial one [m]; NaN where trajectories were stopped
            early.
        dt: time step used [s].
        n_steps: steps of a whole trajectory.
        steps_done: steps done by all lanes together, without those of the rest.
        unsettled: number on the track that had not settled even after the rest that `llg.runs.rest` gives them.
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
    case: EnsembleCase,
    wells: list[Well],
    *,
    settling: Settling | None = None,
    jobs: int | None = None,
    block: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Outcomes:
    """Run trajectories as `llg.runs.ensemble.simulate` does, with the same noise, and count where they settle.

    Args:
        case: the trajectories; one current density for all of them.
        wells: wells of the track; may be empty.
        settling: stop trajectories once they have settled in a well; None runs all to the end. It takes effect on the
            rigid wall at its temperature after the last current, without field, gate and heating.
        jobs: threads.
        block: trajectories per task; by default such that all threads get about as many.
        progress: called with the number of trajectories that a task has finished.

    Raises:
        InputError: impossible arguments.
        RunError: a trajectory diverged.
    """
    run = _counted(case)
    quiet = _quiet(run, settling)
    tally = _Tally(run, Rest(run, wells, settling if quiet is not None else None))
    surface = None if quiet is None or settling is None else settling.surface((run.plan.n_steps - quiet) * run.plan.dt)

    def work(begin: int, end: int):
        ends = _whole(run, begin, end) if surface is None else _early(run, quiet or 0, surface, begin, end)
        tally.add(begin, end, *ends)

    each_block(work, case.n, block, jobs, progress)
    return tally.outcomes(case.n, displaced=quiet is None)


def ensemble_outcomes(ensemble: Ensemble, case: EnsembleCase, wells: list[Well], jobs: int | None = None) -> Outcomes:
    """Return the outcomes of an ensemble: those that `count_outcomes` counts without keeping the trajectories."""
    run, final = _counted(case), np.array(list(ensemble.final.values()))
    tally = _Tally(run, Rest(run, wells))
    steps = run.plan.n_steps

    def add(begin: int, end: int):
        tally.add(begin, end, final[:, begin:end].copy(), (end - begin) * steps)

    each_block(add, case.n, None, jobs, lambda done: None)
    return tally.outcomes(case.n, displaced=True)


def _counted(case: EnsembleCase) -> LaneRun:
    if np.ndim(case.drive.current_density):
        raise InputError("current_density must be one number where only outcomes are counted")
    return LaneRun(case)


def _quiet(run: LaneRun, settling: Settling | None) -> int | None:
    """Return the first step from which on the walls are at rest and may be stopped; None if there is no such step."""
    plan, case = run.plan, run.case
    rigid = case.device.wall.model == "q-phi" and len(plan.stretches) == 1
    if settling is None or not rigid or case.temperature != settling.temperature:
        return None
    return plan.n_steps - plan.rest_steps() if plan.rest_steps() else None


def _whole(run: LaneRun, begin: int, end: int) -> tuple[np.ndarray, int]:
    """Return the final coordinates of trajectories begin to end - 1, shape (m, end - begin) [SI], and the steps."""
    final = np.empty((len(run.start), end - begin))
    run.run(slice(begin, end), final)
    return final, -(-(end - begin) // LANES) * LANES * run.plan.n_steps


def _early(run: LaneRun, quiet: int, surface: np.ndarray, begin: int, end: int) -> tuple[np.ndarray, int]:
    """Return the same, but each trajectory where it was stopped."""
    plan, data = run.plan, run.plan.stretches[0].input
    amplitude, key_1, key_2 = run.lanes(slice(begin, end))
    state = [np.full(amplitude.size, value / unit) for value, unit in zip(run.start, data.units, strict=True)]
    step = plan.dt * data.rate
    noise, final = data.noise_per_sqrt_dt * np.sqrt(step), np.empty((2, end - begin))
    done = run_block(
        *state, amplitude, key_1, key_2, plan.rows, quiet, plan.n_steps, step, noise, data.table, data.x_end,
        data.coefficients, surface, data.units[0] / plan.model.device.geometry.step, *final,
    )  # fmt: skip
    return final * np.array(data.units)[:, None], done


class _Tally:
    """Sums over blocks, in whole numbers so that their order does not matter."""

    def __init__(self, run: LaneRun, rest: Rest):
        self.rest, self.plan, self.start = rest, run.plan, run.start[0]
        self.lock = threading.Lock()
        self.counts = np.zeros(len(rest.wells) + 1, np.int64)
        self.left = self.lost = self.steps = self.units = self.unsettled = 0

    def add(self, begin: int, end: int, final: np.ndarray, steps: int):
        """Count trajectories begin to end - 1 by their final coordinates, which are used up, shape (m, n) [SI]."""
        final[:, ~np.isfinite(final).all(axis=0)] = np.nan
        units = _whole_sum(final[0, np.isfinite(final[0])] - self.start)
        moving = self.rest.finish(slice(begin, end), final)
        q = final[0]
        good = np.isfinite(q)
        counts = self.rest.counts(q[good])
        left = int(np.count_nonzero((q <= 0) | (q >= self.plan.model.device.track.length)))
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
