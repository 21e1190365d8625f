"""Escape rate from a well by forward flux sampling: any barrier, any damping, the real noisy motion.

The rate is the flux of first crossings of an interface near the bottom, after a visit to the core of the well, times
the probabilities to reach each next interface before falling back to the core, times that to reach the core of another
well from the last one. Nothing is assumed of the stationary law or of the interfaces, which only decide the work.

A pilot run places the interfaces so that `SHARE` of the trials reach the next one; it is then thrown away. The replicas
that follow are whole, independent runs over the same interfaces: their mean has no bias, and its standard error is
their spread over the root of their number. They run in batches, and stop after the one with which the error asked for
is reached.

References:
    R. J. Allen, C. Valeriani, P. R. ten Wolde, J. Phys.: Condens. Matter 21, 463102 (2009).
    R. J. Allen, D. Frenkel, P. R. ten Wolde, J. Chem. Phys. 124, 024102 (2006).
"""

import dataclasses
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dwcore.errors import InputError, RunError
from dwcore.numerics.noise import stream_id
from dwcore.numerics.threads import thread_count
from llg.constants import K_B
from llg.kernels.heun import LANES
from llg.landscape.wells import Well
from llg.rates.escape_coordinate import Place, motion_in_well, place_of
from llg.rates.flux_kernel import LOST_LEFT, LOST_RIGHT, REACHED, UNDECIDED, run_basin, run_trials
from llg.rates.thermal_grid import thermal_grid
from llg.runs.scaling import field_rows, kernel_input
from llg.runs.time_step import time_step
from llg.walls.q_phi import NO_FIELD, QPhiModel

TRIALS = 2048
"""Trials per interface and replica."""
REPLICAS = 16
BATCH = 8
"""Replicas after which the error is looked at."""
SHARE = 0.3
"""Share of the pilot's trials that reach the next interface."""
EVERY = 4
"""Steps between two looks at a wall."""
STEP_ERROR = 0.02
"""Relative error of the rate that the time step may make, by estimate."""
_FEWEST_PILOT_TRIALS = 128
_CROSSINGS_PER_TRIAL = 8  # that are kept
_LARGEST_LEVELS = 1000
_PILOT, _SPARED = -1, 0.1  # number of the pilot run, share of its trials that may be left undecided
_FEWEST, _MORE = 20, 16  # trials of the pilot that must get further, and times its trials that it takes to see them
_PER_INTERFACE = 10  # trials at least
_SAFE = 100.0  # times the rate that the pilot has found up to some interface bounds the rate out of the well
_SETTLING = 6.0  # relaxation times of the well, or times to wander off and back, before the flux is counted
_HELD = 20.0  # lower barrier [kB T] above which too few walls wander off for the flux to feel it
_PATIENCE = 3000.0  # relaxation times after which a trial counts as stuck
_LONGEST_WANDERING = 300.0  # times to wander off after which it does so too


@dataclasses.dataclass(frozen=True)
class Escape:
    """Rates out of one well on one side.

    Attributes:
        rate: to each well, and last to the end of the track, mean over the replicas, shape (S + 1,) [1/s].
        rate_error: standard errors, shape (S + 1,) [1/s].
        total: sum of the rates of each replica, shape (replicas,) [1/s].
        interfaces: progress at the interfaces, shape (m,) [kB T].
        steps: time steps of all trajectories together.
        dt: time step [s].
    """

    rate: np.ndarray
    rate_error: np.ndarray
    total: np.ndarray
    interfaces: np.ndarray
    steps: int
    dt: float


def flux_rates(
    model: QPhiModel,
    wells: list[Well],
    home: int,
    direction: int,
    *,
    temperature: float,
    seed: int,
    trials: int = TRIALS,
    replicas: int = REPLICAS,
    error: float = 0.0,
    dt: float | None = None,
    jobs: int | None = None,
    noise_scale: float = 1.0,
    most: float = math.inf,
    fair: float = math.inf,
    least: float = 0.0,
) -> Escape:
    """Sample the escapes from one well to one side.

    The same seed gives the same result for any number of threads.

    Args:
        model: the wall in its device.
        wells: all wells of the track.
        home: number of the well to escape from.
        direction: 1 for the wells and the end on its right, -1 for those on its left.
        temperature: temperature [K].
        seed: root seed.
        trials: trials per interface and replica, but ten for each interface at least: with fewer, few of the walls that
            start are ancestors of those that leave, and the spread of the replicas understates the error.
        replicas: independent runs at most, at least 2.
        error: standard error over total rate at which no further batch of replicas is run; 0 for all of them.
        dt: time step [s]; by default `flux_step`.
        jobs: threads; all processors by default.
        noise_scale: factor on the noise; other than 1 only to see a statistical test fail.
        most: time steps of all trajectories together that it takes at most; what whole batches have found by then
            counts.
        fair: time steps beyond which no batch but the first is begun, by what the one before it took.
        least: rate [1/s] at which it ends: once the pilot has seen that fewer walls get so far.

    Raises:
        InputError: impossible arguments.
        NoWayOut: no trial gets any further.
        OutOfSteps: the first batch takes more steps than `most`, or the rate is below `least`.
        RunError: trajectories get stuck between the wells.
    """
    if trials < 8 or replicas < 2:
        raise InputError(f"trials = {trials} must be >= 8, replicas = {replicas} must be >= 2")
    dt = (
        flux_step(model, wells[home], direction, temperature)
        if dt is None
        else time_step(model, dt, temperature=temperature)
    )
    sampler = _Sampler(model, wells, home, direction, temperature, seed, dt, noise_scale, trials, most, least)
    interfaces = sampler.place_interfaces()
    sampler.n = max(trials, _PER_INTERFACE * len(interfaces))
    rates = _batches(sampler, interfaces, replicas, error, thread_count(jobs), fair)
    standard = rates.std(axis=0, ddof=1) / math.sqrt(len(rates))
    return Escape(rates.mean(axis=0), standard, rates.sum(axis=1), np.array(interfaces), sampler.steps, dt)


def _batches(
    sampler: "_Sampler", interfaces: list[float], replicas: int, error: float, threads: int, fair: float = math.inf
) -> np.ndarray:
    """Return the rates of whole runs, shape (n, S + 1) [1/s], batch by batch until the error or the work is reached."""
    rates, taken = np.empty((0, len(sampler.wells) + 1)), 0
    with ThreadPoolExecutor(threads) as pool:
        while (done := len(rates)) < replicas:
            if done and sampler.steps + taken > fair:
                break
            before = sampler.steps
            batch = np.arange(done, min(done + BATCH, replicas))
            groups = [group.tolist() for group in np.array_split(batch, min(threads, batch.size))]
            try:
                rates = np.vstack([rates, *pool.map(lambda group: sampler.run(group, interfaces), groups)])
            except OutOfSteps:
                if not done:
                    raise
                break
            total, taken = rates.sum(axis=1), sampler.steps - before
            if total.std(ddof=1) < error * math.sqrt(total.size) * total.mean():  # not where no wall has left yet
                break
    return rates


def flux_step(model: QPhiModel, well: Well, direction: int, temperature: float) -> float:
    """Return the time step [s] whose error in the rate is a few percent.

    The scheme shifts the temperature of a swing of angular frequency w and damping rate c by (w dt)^2/4, and by
    w (w dt)^3/(4 c) as it feeds the swing; the rate changes by barrier/kB T times that.
    """
    barrier = (well.barrier_right if direction > 0 else well.barrier_left) / (K_B * temperature)
    swing = motion_in_well(model, well)
    fastest = max(abs(np.linalg.eigvals(swing.matrix)))
    damped = math.sqrt(4 * STEP_ERROR / barrier) / fastest
    driven = (4 * STEP_ERROR * swing.damping / swing.frequency / barrier) ** (1 / 3) / swing.frequency
    return min(time_step(model, temperature=temperature), damped, driven)


def wandering_time(model: QPhiModel, wells: list[Well], home: int, temperature: float) -> float:
    """Return the time [s] in which walls fill the way to the neighbours, L^2/(pi^2 D_q), D_q of a held angle.

    They belong to the well until they reach another core, so the flux counts only once there are as many as there will
    be.
    """
    places = np.array([0.0, *(well.q for well in wells), model.device.track.length])
    reach = np.diff(places)[home : home + 2].max()
    diffusion = K_B * temperature * model.Delta**2 / (model.alpha * float(model.friction(wells[home].q)))
    return reach**2 / (math.pi**2 * diffusion)


class Unreached(RunError):
    """No wall has left the well to this side in so many time steps; `below` bounds the rate [1/s]."""

    def __init__(self, message: str, below: float, steps: float = 0):
        super().__init__(message)
        self.below, self.steps = below, steps


class OutOfSteps(Unreached):
    """The work that was allowed does not suffice."""


class NoWayOut(Unreached):
    """No trial gets any further."""


class _Sampler:
    """What all runs of one escape share."""

    def __init__(self, model, wells, home, direction, temperature, seed, dt, noise_scale, trials, most, least):
        self.wells, self.home, self.direction = wells, home, direction
        self.n, self.pilot_n = trials, max(trials, _FEWEST_PILOT_TRIALS)
        self.capacity = _CROSSINGS_PER_TRIAL * self.pilot_n
        grid = thermal_grid(model, wells, temperature)
        place = place_of(model, wells, grid, home, direction, temperature)
        self.place = (place.inverse_step, place.energy, place.progress, place.core, place.owner)
        self.pool = _boltzmann_pool(place, home, seed, place.core)
        self.spread = _boltzmann_pool(place, home, seed, np.full(place.core.size, np.inf))
        data = kernel_input(model, temperature, noise_scale)
        drive = np.zeros((EVERY + 1, 5))
        drive[:, 0], drive[:, 1:4], drive[:, 4] = model.current_density, field_rows(model, NO_FIELD), 1.0
        step = dt * data.rate
        self.motion = (drive, step, data.noise_per_sqrt_dt * np.sqrt(step), data.table, data.x_end, data.coefficients)
        self.look = EVERY * dt
        relaxation = 1 / (motion_in_well(model, wells[home]).slowest * self.look)
        wandering = wandering_time(model, wells, home, temperature) / self.look
        held = min(wells[home].barrier_left, wells[home].barrier_right) / (K_B * temperature) > _HELD
        self.burn_in = int(_SETTLING * max(relaxation, 0.0 if held else wandering)) + 1
        self.limit = int(max(_PATIENCE * relaxation, _LONGEST_WANDERING * wandering)) + 1
        current = (model.current_density,) if model.current_density else ()
        point = (temperature, float(home), float(direction), dt, *current)
        self.stream_of = lambda replica, level: stream_id(seed, model.device.instance, *point, replica, level)
        self.looks = self.burn_in
        self.most, self.least, self.reached = most, least, math.inf
        if most < math.inf:
            self.limit = min(self.limit, int(most / (self.pilot_n * EVERY)) + 1)
        self.steps, self.lock = 0, threading.Lock()

    def basin(self, replica: int, target: float, looks: int):
        """Return the flux over the first interface [1/s] and configurations on it, shape (n, 2)."""
        self._count(looks * LANES)
        crossings, time = np.empty((self.capacity, 2)), np.zeros(1, np.int64)
        fixed = (self.motion, self.place, crossings, time)
        stream = self.stream_of(replica, 0)
        count = run_basin(self.pool, stream, self.home, target, self.burn_in, looks, *fixed)
        return count / (max(time[0], 1) * self.look), crossings[: min(count, self.capacity)]

    def trials(self, replicas: list[int], level: int, starts: list[np.ndarray], n: int, target: float):
        """Return the fates, peaks and last configurations of n trials of each replica, shape (replicas, n, ...).

        They share their lanes, so that few stand idle until the last trial is through. In the pilot, replica -1, some
        are left undecided.
        """
        pick, stream, before = [], [], 0
        for replica, start in zip(replicas, starts, strict=True):
            stream.append(self.stream_of(replica, level))
            offset = float(stream[-1]) / 2**64
            at = np.minimum(((np.arange(n) + offset) * start.shape[0] / n).astype(np.int64), start.shape[0] - 1)
            pick.append(before + at)
            before += start.shape[0]
        size = len(replicas) * n
        fate, peak, end = np.empty(size, np.int64), np.empty(size), np.empty((size, 2))
        number = np.tile(np.arange(n, dtype=np.uint64), len(replicas))
        whose = (np.concatenate(starts), np.concatenate(pick), np.repeat(np.array(stream, np.uint64), n), number)
        spared = int(_SPARED * n) if replicas == [_PILOT] else 0
        self._count(run_trials(*whose, self.home, target, self.limit, spared, self.motion, self.place, fate, peak, end))
        if np.count_nonzero(fate == UNDECIDED) > spared:
            if self.most < math.inf:
                raise self._given_up
            raise RunError(
                f"a wall from the well at {self.wells[self.home].q:g} m is stuck between the wells; is there a second "
                "well at another angle?"
            )
        return fate.reshape(-1, n), peak.reshape(-1, n), end.reshape(-1, n, 2)

    def _count(self, looks: int):
        with self.lock:
            self.steps += looks * EVERY
            if self.steps > self.most:
                raise self._given_up

    @property
    def _place(self) -> str:
        return f"the well at {self.wells[self.home].q:g} m"

    @property
    def _given_up(self) -> OutOfSteps:
        message = f"flux sampling has not reached the way out of {self._place} in {self.most:.2g} time steps"
        return OutOfSteps(message, _SAFE * self.reached, self.steps)

    def gone(self, fate: np.ndarray) -> np.ndarray:
        """Return the trials that escaped to this side."""
        if self.direction > 0:
            return (fate > self.home) | (fate == LOST_RIGHT)
        return ((fate >= 0) & (fate < self.home)) | (fate == LOST_LEFT)

    def place_interfaces(self) -> list[float]:
        """Return the interfaces of a pilot run, each where `SHARE` of the trials from the one before get to."""
        interfaces = [self._first_interface()]
        while True:
            rate, start = self.basin(_PILOT, interfaces[0], self.looks)
            if start.shape[0] >= self.pilot_n:
                break
            if self.looks > self.limit and start.shape[0] < _FEWEST:
                if self.most < math.inf:
                    raise self._given_up
                raise RunError(f"the wall hardly moves in the well at {self.wells[self.home].q:g} m")
            self.looks *= 2
        for level in range(1, _LARGEST_LEVELS):
            self.reached, n = rate, self.pilot_n
            if _SAFE * rate < self.least:
                side = "right" if self.direction > 0 else "left"
                slow = f"fewer than {self.least:g} walls a second get out of {self._place} to the {side}"
                raise OutOfSteps(slow, self.least, self.steps)
            further = np.empty(0)
            while further.size < _FEWEST and n <= _MORE * self.pilot_n:
                (fate,), (peak,), _ = self.trials([_PILOT], level, [start], n, np.inf)
                gone = self.gone(fate)
                further = np.sort(np.where(gone, np.inf, peak)[gone | (peak > interfaces[-1])])
                if gone.mean() >= SHARE or gone.sum() > 0.5 * further.size >= _FEWEST:
                    return interfaces
                n *= 4
            if further.size < _FEWEST:
                break
            interfaces.append(float(further[max(further.size - int(SHARE * fate.size), 0)]))
            (fate,), _, (end,) = self.trials([_PILOT], level, [start], fate.size, interfaces[-1])
            reached = (fate == REACHED) | self.gone(fate)
            start, rate = end[reached], rate * reached.mean()
        below = rate * _FEWEST / fate.size
        raise NoWayOut(f"no way out of {self._place} beyond {interfaces[-1]:.1f} kB T", below, self.steps)

    def _first_interface(self) -> float:
        """Return the progress that the wall exceeds a tenth of the time, and at least the energy of the core."""
        inverse_step, _, progress, core, owner = self.place
        i = np.round(self.spread[:, 0] * inverse_step).astype(np.int64)
        k = np.round(self.spread[:, 1] / (2 * np.pi) * (progress.shape[1] - 1)).astype(np.int64)
        return float(max(np.quantile(progress[i, k], 0.9), core[owner == self.home].min()))

    def run(self, replicas: list[int], interfaces: list[float]) -> np.ndarray:
        """Return whole runs: rates to each well and to the end of the track, shape (replicas, S + 1) [1/s]."""
        share = min(1.0, 2 * self.n / self.pilot_n)
        looks = int(self.burn_in + share * self.looks)
        rate, starts = (
            list(found) for found in zip(*(self.basin(r, interfaces[0], looks) for r in replicas), strict=True)
        )
        result = np.zeros((len(replicas), len(self.wells) + 1))
        for level, target in enumerate([*interfaces[1:], np.inf], 1):
            alive = [k for k in range(len(replicas)) if starts[k].shape[0]]
            if not alive:
                break
            some = self.trials([replicas[k] for k in alive], level, [starts[k] for k in alive], self.n, target)
            for k, fate, _, end in zip(alive, *some, strict=True):
                further = (fate == REACHED) | self.gone(fate)
                if target < np.inf:
                    rate[k] *= further.mean()
                    starts[k] = end[further]
                for well in np.unique(fate[further]) if target == np.inf else ():
                    result[k, well if well >= 0 else -1] += rate[k] * np.mean(fate == well)
        return result


def _boltzmann_pool(place: Place, home: int, seed: int, below: np.ndarray, size: int = 4096) -> np.ndarray:
    """Return walls x, phi in equilibrium in a well below an energy at each place, shape (size, 2), shuffled."""
    rng = np.random.default_rng((seed, home))
    mine = np.flatnonzero(place.owner == home)
    energy = place.energy[mine, :-1]
    weight = np.where(energy < below[mine, None], np.exp(-energy), 0.0).ravel()
    cell = rng.choice(weight.size, size, p=weight / weight.sum())
    angles = energy.shape[1]
    x = (mine[cell // angles] + rng.uniform(-0.5, 0.5, size)) / place.inverse_step
    return np.column_stack([x, (cell % angles + rng.uniform(-0.5, 0.5, size)) % angles * 2 * np.pi / angles])
