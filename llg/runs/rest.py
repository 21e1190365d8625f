"""Rest after the drive: walls that have not settled in a well go on, without drive, until they have.

A drive ends with a time of rest, the relaxation time of its pulse. Most walls have settled by then. A few still lie
near a barrier or on a flat piece of the track; where they end is not decided yet. They go on one by one, for at most
`LONGEST`, with noise of their own, so that what comes out depends on nothing but the trajectory.
"""

import functools
import math

import numpy as np

from dwcore.numerics.noise import trajectory_keys
from llg.constants import K_B
from llg.kernels.heun import LANES
from llg.landscape.settling import Settling
from llg.landscape.wells import Well, well_index
from llg.runs.ensemble import LaneRun
from llg.walls.q_phi import QPhiModel

LONGEST = 100e-9
"""Most that a wall rests beyond its drive [s]."""
SHALLOWEST_KT = 2.0
"""Walls do not go on where no well has a level of settling this far above its bottom: they would never have settled."""
_LOOK = 0.5e-9  # [s] from one look at a wall that goes on to the next
_COOL = 0.01  # relative rise of temperature below which the heat of the drive is gone


class Rest:
    """Which walls of a run have settled in which well, and the rest of those that have not.

    Args:
        run: the trajectories.
        wells: wells of the track at rest; may be empty.
        settling: their levels, where they are known already.
    """

    def __init__(self, run: LaneRun, wells: list[Well], settling: Settling | None = None):
        case, plan = run.case, run.plan
        self.run, self.wells = run, wells
        self.model = settling.model if settling else plan.model  # that of many runs has its splines already
        self.steps = plan.rest_steps(_COOL) if wells else 0
        if not wells:
            return
        if settling is None:
            settling = Settling(QPhiModel(plan.model.device), wells, case.temperature)
            self.bottoms = self.model.energy(*np.array([self.model.complete(w.q, w.phi) for w in wells]).T)
        else:  # a rigid wall
            self.bottoms = np.array([well.energy for well in wells])
        self.levels = settling.rest_levels(self.steps * plan.dt)
        if self.levels.max() < SHALLOWEST_KT * K_B * case.temperature:
            self.steps = 0

    def moving(self, final: np.ndarray) -> np.ndarray:
        """Return which walls on the track have not settled, shape (n,), from their coordinates, shape (m, n) [SI]."""
        q = final[0]
        if not self.wells:
            return np.zeros(q.size, bool)
        index = well_index(self.wells, q)
        on_track = (q > 0) & (q < self.model.device.track.length)
        high = self.model.energy(*final) - self.bottoms[index] >= self.levels[index]
        return on_track & ((index < 0) | high)

    def counts(self, q: np.ndarray) -> np.ndarray:
        """Return the number of positions [m] in each well, then in none of them, shape (S + 1,)."""
        S = len(self.wells)
        index = well_index(self.wells, q) if S else np.full(q.size, -1)
        return np.bincount(np.where(index < 0, S, index), minlength=S + 1)

    def finish(self, where: slice, final: np.ndarray) -> int:
        """Let walls that have not settled go on; return how many have not even then.

        Args:
            where: numbers of the trajectories.
            final: their coordinates at the end of the drive, replaced by those after the rest, shape (m, n) [SI].
        """
        who = np.flatnonzero(self.moving(final))
        if not self.steps:
            return who.size
        plan, data = self.run.plan, self.run.plan.stretches[-1].input
        step = plan.dt * data.rate
        noise = data.noise_per_sqrt_dt * np.sqrt(step)
        for look in range(round(LONGEST / _LOOK)):
            if not who.size:
                break
            state = tuple(_padded(values[who] / unit) for values, unit in zip(final, data.units, strict=True))
            keys = np.empty((2, state[0].size), np.uint64)
            stream = self.run.stream_of(float(self.run.current[0]), float(look))
            for lane, number in enumerate(who):
                trajectory = self.run.first + np.uint64(where.start + number)
                trajectory_keys(stream, trajectory, keys[0, lane : lane + 1], keys[1, lane : lane + 1])
            count = len(self._drive) - 1
            data.advance(*state, np.zeros(state[0].size), *keys, self._drive, 0, count, step, noise, data.table,
                         data.x_end, data.coefficients)  # fmt: skip
            for values, moved, unit in zip(final, state, data.units, strict=True):
                values[who] = moved[: who.size] * unit
            who = who[self.moving(final[:, who])]
        return who.size

    @functools.cached_property
    def _drive(self) -> np.ndarray:
        """Rows of the kernel between two looks, without current and field, at the temperature of the device."""
        return np.tile(self.run.plan.still, (math.ceil(_LOOK / self.run.plan.dt) + 1, 1))


def _padded(values: np.ndarray) -> np.ndarray:
    """Return values and zeros up to a full group of lanes."""
    return np.append(values, np.zeros(-values.size % LANES))
