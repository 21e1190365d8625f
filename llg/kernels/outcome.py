"""Jitted run of a block of rigid walls of which only the final position counts: those that have settled stop early.

After the drive has ended, the energy of each wall is looked at every few steps. Walls that have settled (`llg.landscape.settling`)
or left the track give up their lane to one that still moves, so that the lanes stay full. What a wall does depends
on its own noise keys alone, and not on its lane.
"""

import numpy as np
from numba import njit

from dwcore.numerics.compiled import compiled
from dwcore.numerics.elementary import sincos
from llg.kernels.heun import LANES
from llg.kernels.q_phi import advance

CHECK_EVERY = 32
"""Steps between two looks at the energy."""


@njit(inline="always")
def excess_energy(x, phi, surface, inverse_step):
    """Energy [J] above that at which a wall at rest counts as settled, from `llg.landscape.settling.Settling.surface`."""
    u = min(max(x * inverse_step, 0.0), surface.shape[0] - 1.000001)
    cell = int(u)
    f = u - cell
    _sine, cosine = sincos(phi)
    A = surface[cell, 0] + f * (surface[cell + 1, 0] - surface[cell, 0])
    B = surface[cell, 1] + f * (surface[cell + 1, 1] - surface[cell, 1])
    C = surface[cell, 2] + f * (surface[cell + 1, 2] - surface[cell, 2])
    return A + cosine * (C + cosine * B)


@compiled(error_model="numpy", fastmath={"contract"})
def run_block(
    x, phi, amplitude, key_1, key_2, drive, quiet, n_steps, dt, noise, table, x_end, c, surface, inverse_step, place
):
    """Run walls to the end, or until they have settled; the lane arrays are used up.

    Args:
        x: position in wall widths, shape (n,), n a multiple of LANES.
        phi: wall angle [rad], shape (n,).
        amplitude: current amplitude of each lane, shape (n,) [A/m^2].
        key_1: first noise key, shape (n,), uint64.
        key_2: second noise key, shape (n,), uint64.
        drive: as in `llg.kernels.q_phi.advance`.
        quiet: number of the first step from which on nothing drives the walls; n_steps if there is none.
        n_steps: number of steps.
        dt: time step in 1/(gamma0 Ms).
        noise: eps sqrt(dt).
        table: packed geometry table.
        x_end: length of the track in wall widths.
        c: coefficients.
        surface: energy above the level of settling, shape (m, 3), see `excess_energy`.
        inverse_step: grid points of `surface` per wall width.
        place: output, position where each wall stopped, shape (m,) with m <= n; further walls are padding.

    Returns:
        Number of steps that all lanes together have done.
    """
    walls = place.size
    who = np.arange(walls)
    moving, step, done = walls, 0, 0
    while moving > 0:
        count = min(CHECK_EVERY, n_steps - step) if step >= quiet else quiet - step
        lanes = -(-moving // LANES) * LANES
        advance(
            x[:lanes], phi[:lanes], amplitude[:lanes], key_1[:lanes], key_2[:lanes],
            drive, step, count, dt, noise, table, x_end, c,
        )  # fmt: skip
        done += lanes * count
        step += count
        lane = 0
        while lane < moving:
            on_track = (x[lane] > 0.0) & (x[lane] < x_end)
            if step < n_steps and on_track and not excess_energy(x[lane], phi[lane], surface, inverse_step) < 0.0:
                lane += 1
                continue
            place[who[lane]] = x[lane]
            moving -= 1
            x[lane], phi[lane], who[lane] = x[moving], phi[moving], who[moving]
            amplitude[lane], key_1[lane], key_2[lane] = amplitude[moving], key_1[moving], key_2[moving]
    return done
