"""Jitted loops of forward flux sampling: lanes of trajectories that stop, each for itself, where their fate is decided.

The motion is that of `llg.kernels.q_phi.advance`, in its reduced units; every few steps each lane is looked at. A lane
that is done takes the next trial at once. The noise of a trial is a function of the stream, of the number of the trial,
and of its own steps.
"""

import numpy as np
from numba import njit

from dwcore.numerics.compiled import compiled
from dwcore.numerics.noise import shifted_key, trajectory_keys
from llg.kernels.heun import LANES
from llg.kernels.q_phi import advance

FELL_BACK, REACHED, LOST_LEFT, LOST_RIGHT, UNDECIDED = -1, -2, -3, -4, -5
"""Fates of a trial besides the number of the foreign well whose core it reached."""


@njit(inline="always")
def observe(x, phi, place):
    """Return the progress [kB T], well whose core holds the wall (-1: none), of one lane.

    Args:
        x: position in wall widths.
        phi: angle [rad].
        place: fields of `llg.rates.escape_coordinate.Place`.
    """
    inverse_step, energy, progress, core, owner = place
    u = min(max(x * inverse_step, 0.0), energy.shape[0] - 1.000001)
    turns = phi * (0.5 / np.pi)
    v = min((turns - np.floor(turns)) * (energy.shape[1] - 1), energy.shape[1] - 1.000001)
    i, k = int(u), int(v)
    f, g = u - i, v - k
    here = _bilinear(energy, i, k, f, g)
    return _bilinear(progress, i, k, f, g), (owner[i] if here < core[i] else -1)


@njit(inline="always")
def _bilinear(table, i, k, f, g):
    low = table[i, k] + g * (table[i, k + 1] - table[i, k])
    high = table[i + 1, k] + g * (table[i + 1, k + 1] - table[i + 1, k])
    return low + f * (high - low)


@compiled(error_model="numpy")
def run_trials(start, pick, stream, number, home, target, limit, spared, motion, place, fate, peak, end):
    """Run trials from stored configurations until each has reached the next interface, another core, or fallen back.

    Args:
        start: configurations x, phi, shape (m, 2).
        pick: configuration that each trial starts from, shape (n,), int64.
        stream: hash of all that each trial belongs to, shape (n,), uint64.
        number: of each trial among those of its stream, shape (n,), uint64; its noise depends on these two.
        home: number of the well that they left.
        target: progress of the next interface [kB T]; infinity to run until a core is reached.
        limit: largest number of looks at one trial.
        spared: number of trials that may be left undecided, once all others are through.
        motion: drive rows of the steps between two looks, shape (every + 1, 5), then the arguments of `advance` from
            `dt` on.
        place: see `observe`.
        fate: output, shape (n,), int64: well reached, or one of the constants of this module.
        peak: output, largest progress seen, shape (n,) [kB T].
        end: output, last configuration, shape (n, 2).

    Returns:
        Number of looks at all trials together.
    """
    drive, dt, noise, table, x_end, c = motion
    every = drive.shape[0] - 1
    x, phi, whole = np.zeros(LANES), np.zeros(LANES), np.ones(LANES)
    keys = np.empty((2, LANES), np.uint64)
    trial, looks = np.full(LANES, -1), np.zeros(LANES, np.int64)
    following, running, seen = 0, 0, 0
    while True:
        for lane in range(LANES):
            while trial[lane] < 0 and following < pick.size:
                trial[lane], following, running = following, following + 1, running + 1
                n = trial[lane]
                x[lane], phi[lane], looks[lane] = start[pick[n], 0], start[pick[n], 1], 0
                trajectory_keys(stream[n], number[n], keys[0, lane : lane + 1], keys[1, lane : lane + 1])
                peak[n] = -np.inf
                decided = _judge(x[lane], phi[lane], home, target, x_end, place, n, fate, peak)
                if decided:
                    end[n, 0], end[n, 1] = x[lane], phi[lane]
                    trial[lane], running = -1, running - 1
        if running == 0 or (following == pick.size and running <= spared):
            for lane in range(LANES):
                if trial[lane] >= 0:
                    n = trial[lane]
                    fate[n], end[n, 0], end[n, 1] = UNDECIDED, x[lane], phi[lane]
            return seen
        seen += running
        advance(x, phi, whole, keys[0], keys[1], drive, 0, every, dt, noise, table, x_end, c)
        for lane in range(LANES):
            keys[0, lane] = shifted_key(keys[0, lane], np.uint64(every))
            n = trial[lane]
            if n < 0:
                continue
            looks[lane] += 1
            decided = _judge(x[lane], phi[lane], home, target, x_end, place, n, fate, peak)
            if looks[lane] >= limit and not decided:
                fate[n], decided = UNDECIDED, True
            if decided:
                end[n, 0], end[n, 1] = x[lane], phi[lane]
                trial[lane], running = -1, running - 1


@njit(inline="always")
def _judge(x, phi, home, target, x_end, place, n, fate, peak):
    progress, well = observe(x, phi, place)
    peak[n] = max(peak[n], progress)
    fate[n] = REACHED
    if x <= 0.0:
        fate[n] = LOST_LEFT
    elif x >= x_end:
        fate[n] = LOST_RIGHT
    elif well == home:
        fate[n] = FELL_BACK
    elif well >= 0:
        fate[n] = well
    elif progress < target:
        return False
    return True


@compiled(error_model="numpy")
def run_basin(start, stream, home, target, burn_in, looks, motion, place, crossings, time):
    """Let LANES walls live in a well and note each first crossing of an interface after a visit to the core.

    A wall that reaches another core, or leaves the track, starts anew in the core.

    Args:
        start: configurations in the core, x and phi, shape (m, 2).
        stream: hash of all that these walls belong to, uint64.
        home: number of the well.
        target: progress of the interface [kB T].
        burn_in: looks before anything counts.
        looks: looks at each wall.
        motion: see `run_trials`.
        place: see `observe`.
        crossings: output, configurations x, phi at the crossings, in the order of time, shape (capacity, 2).
        time: output, number of looks that counted, shape (1,), int64.

    Returns:
        Number of crossings, which may be more than were stored.
    """
    drive, dt, noise, table, x_end, c = motion
    every = drive.shape[0] - 1
    x, phi, whole = np.empty(LANES), np.empty(LANES), np.ones(LANES)
    keys = np.empty((2, LANES), np.uint64)
    trajectory_keys(stream, np.uint64(0), keys[0], keys[1])
    starts, armed = np.zeros(LANES, np.int64), np.ones(LANES, np.bool_)
    count = 0
    time[0] = 0
    for lane in range(LANES):
        x[lane], phi[lane] = start[lane % start.shape[0]]
    for look in range(looks):
        counts = look >= burn_in
        time[0] += LANES * counts
        advance(x, phi, whole, keys[0], keys[1], drive, 0, every, dt, noise, table, x_end, c)
        for lane in range(LANES):
            keys[0, lane] = shifted_key(keys[0, lane], np.uint64(every))
            progress, well = observe(x[lane], phi[lane], place)
            if well == home:
                armed[lane] = True
            elif well >= 0 or x[lane] <= 0.0 or x[lane] >= x_end:
                starts[lane] += 1
                x[lane], phi[lane] = start[(lane + LANES * starts[lane]) % start.shape[0]]
                armed[lane] = True
            elif progress >= target and armed[lane]:
                armed[lane] = False
                if counts:
                    if count < crossings.shape[0]:
                        crossings[count, 0], crossings[count, 1] = x[lane], phi[lane]
                    count += 1
    return count
