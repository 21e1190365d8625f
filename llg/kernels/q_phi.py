"""Jitted time loop of the rigid wall (q, phi), Stratonovich Heun scheme, over lanes of trajectories.

Reduced units: x = q/Delta, fields in Ms, time in 1/(gamma0 Ms). With f1, f2 the right-hand sides of the two field
equations (`llg.walls.q_phi`), n(x) = w_0/s2 and a(x) = d ln s2/dx,

    dx/dt   = [alpha f1 - Q f2 + (alpha/2) theta n a]/(1 + alpha^2) + eps g(x) xi_1
    dphi/dt = [Q f1 + alpha f2]/(1 + alpha^2)                       + eps g(x) xi_2

where f1 contains the drift -theta n a of the mobility gradient, g = sqrt(n) and eps^2 = 2 alpha theta/(1 + alpha^2).
The stationary law without drive is exp(-E/kB T) in (q, phi).

Where only the final position counts (`run_block`), walls that have settled stop early. After the drive has ended, the
energy of each wall is looked at every few steps. Walls that have settled (`llg.landscape.settling`) or left the track
give up their lane to one that still moves, so that the lanes stay full. What a wall does depends on its own noise keys
alone, and not on its lane.
"""

import numpy as np
from numba import njit
from numba.extending import overload

from dwcore.numerics.compiled import compiled
from dwcore.numerics.elementary import sincos
from dwcore.numerics.memory import load_lane, store_lane
from dwcore.numerics.vector_width import prefer_wide_vectors
from llg.kernels.heun import LANES, draw_pairs, drive_at
from llg.kernels.packed_table import cell_of, interpolate

COLUMNS = 5
PROFILE_COLUMNS = 4
"""Further columns where D or the in-plane field changes along the track, see `llg.runs.scaling.kernel_input`."""
CHECK_EVERY = 32
"""Steps between two looks at the energy."""


def with_profile(f1, f2, cosine, sine, table, i, f, c):
    """Return f1 and f2 with the fields of a profile, which only coefficients with `profile_columns` have; njit."""
    return _profiled(f1, f2, cosine, sine, table, i, f) if "profile_columns" in c._fields else (f1, f2)


@overload(with_profile, inline="always")
def _with_profile(f1, f2, cosine, sine, table, i, f, c):
    if "profile_columns" in c.fields:
        return lambda f1, f2, cosine, sine, table, i, f, c: _profiled(f1, f2, cosine, sine, table, i, f)
    return lambda f1, f2, cosine, sine, table, i, f, c: (f1, f2)


@njit(inline="always")
def _profiled(f1, f2, cosine, sine, table, i, f):
    b_x = interpolate(table, i + np.uint64(5), f)
    b_y = interpolate(table, i + np.uint64(6), f)
    s_x = interpolate(table, i + np.uint64(7), f)
    s_y = interpolate(table, i + np.uint64(8), f)
    return f1 + (cosine * b_x + sine * b_y), f2 + (cosine * s_y - sine * s_x)


def columns_of(c):
    """Return the columns of the table that coefficients go with, uint64; njit."""
    return np.uint64(COLUMNS + PROFILE_COLUMNS if "profile_columns" in c._fields else COLUMNS)


@overload(columns_of, inline="always")
def _columns_of(c):
    columns = COLUMNS + PROFILE_COLUMNS if "profile_columns" in c.fields else COLUMNS
    return lambda c: np.uint64(columns)


@njit(inline="always")
def drift(x, phi, j, hx, hy, hz, tau, table, c):
    """Return the deterministic velocity (dx/dt, dphi/dt) and noise factor g of one lane.

    Args:
        x: position in wall widths.
        phi: wall angle [rad].
        j: current density of this lane at this time [A/m^2].
        hx: pi/2 times the in-plane field along x including the chiral field, in Ms.
        hy: pi/2 times the field along y, in Ms.
        hz: Q times the field along z, in Ms.
        tau: temperature relative to that of the coefficients.
        table: packed geometry table with the columns p, a, b, c, g and those of a profile, see
            `llg.runs.scaling.kernel_input`.
        c: `llg.runs.scaling.Coefficients`.
    """
    i, f = cell_of(x, c.inverse_step, c.last_cell, c.table_unit, columns_of(c))
    p = interpolate(table, i, f)
    a = interpolate(table, i + np.uint64(1), f)
    b = interpolate(table, i + np.uint64(2), f)
    s = interpolate(table, i + np.uint64(3), f)
    g = interpolate(table, i + np.uint64(4), f)
    sine, cosine = sincos(phi)
    n = g * g
    local = c.uniform * s + c.crowding * n
    stt = c.uniform + c.crowding * n
    thermal = c.half_theta * tau * n * a
    j_dl, j_fl = j * c.damping_like, j * c.field_like
    f1 = (
        (hz + p - 2.0 * thermal)
        + cosine * (b * hx - j_dl * local - 0.5 * c.h_K * a * cosine)
        + sine * (b * (hy + c.uniform * j_fl))
        + j * c.stt_q * stt
    )
    f2 = (
        cosine * (s * hy + j_fl * local) + sine * (c.h_K * cosine - s * hx + c.uniform * j_dl * b) - j * c.stt_phi * stt
    )
    f1, f2 = with_profile(f1, f2, cosine, sine, table, i, f, c)
    return c.mobility_x1 * (f1 + thermal) + c.mobility_x2 * f2, c.mobility_phi1 * f1 + c.mobility_phi2 * f2, g


@compiled(error_model="numpy", fastmath={"contract"})
def advance_lanes(x, phi, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, table, x_end, c):
    """Advance LANES trajectories by n_steps Heun steps in place.

    A lane whose wall has left the track (x outside (0, x_end)) stays where it is. Each step is three loops over the
    lanes, noise, predictor and corrector: short enough that the processor works on several lanes ahead.

    Args:
        x: position in wall widths, shape (LANES,).
        phi: wall angle [rad], shape (LANES,).
        amplitude: current amplitude of each lane, shape (LANES,) [A/m^2].
        key_1: first noise key, shape (LANES,), uint64.
        key_2: second noise key, shape (LANES,), uint64.
        drive: waveform, rows at the ends of the steps, shape (>= step_0 + n_steps + 1, 5): pulse shape, hx, hy,
            hz, and the temperature relative to that of the noise.
        step_0: number of the first step.
        n_steps: number of steps.
        dt: time step in 1/(gamma0 Ms).
        noise: eps sqrt(dt).
        table: packed geometry table, see `drift`.
        x_end: length of the track in wall widths.
        c: coefficients.
    """
    prefer_wide_vectors()
    xi_x, xi_phi = np.empty(LANES), np.empty(LANES)
    x_ahead, phi_ahead = np.empty(LANES), np.empty(LANES)
    x_half, phi_half = np.empty(LANES), np.empty(LANES)
    for step in range(step_0, step_0 + n_steps):
        j_0, hx_0, hy_0, hz_0, tau_0 = drive_at(drive, step)
        j_1, hx_1, hy_1, hz_1, tau_1 = drive_at(drive, step + 1)
        heat_0, heat_1 = noise * np.sqrt(tau_0), noise * np.sqrt(tau_1)
        draw_pairs(xi_x, xi_phi, key_1, key_2, np.uint64(step))
        for index in range(LANES):
            lane = np.uint64(index)
            x_0, phi_0 = load_lane(x, lane), load_lane(phi, lane)
            vx, vphi, g = drift(x_0, phi_0, load_lane(amplitude, lane) * j_0, hx_0, hy_0, hz_0, tau_0, table, c)
            g *= heat_0
            dx = vx * dt + g * load_lane(xi_x, lane)
            dphi = vphi * dt + g * load_lane(xi_phi, lane)
            store_lane(x_ahead, lane, x_0 + dx)
            store_lane(phi_ahead, lane, phi_0 + dphi)
            store_lane(x_half, lane, x_0 + 0.5 * dx)
            store_lane(phi_half, lane, phi_0 + 0.5 * dphi)
        for index in range(LANES):
            lane = np.uint64(index)
            j = load_lane(amplitude, lane) * j_1
            vx, vphi, g = drift(
                load_lane(x_ahead, lane), load_lane(phi_ahead, lane), j, hx_1, hy_1, hz_1, tau_1, table, c
            )
            g *= heat_1
            x_new = load_lane(x_half, lane) + 0.5 * (vx * dt + g * load_lane(xi_x, lane))
            phi_new = load_lane(phi_half, lane) + 0.5 * (vphi * dt + g * load_lane(xi_phi, lane))
            x_0 = load_lane(x, lane)
            on_track = (x_0 > 0.0) & (x_0 < x_end)
            store_lane(x, lane, x_new if on_track else x_0)
            store_lane(phi, lane, phi_new if on_track else load_lane(phi, lane))


@compiled(error_model="numpy")
def advance(x, phi, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, table, x_end, c):
    """Advance trajectories in any number of groups of LANES; arguments as `advance_lanes`, arrays of that length."""
    for first in range(0, x.size, LANES):
        part = slice(first, first + LANES)
        advance_lanes(
            x[part], phi[part], amplitude[part], key_1[part], key_2[part],
            drive, step_0, n_steps, dt, noise, table, x_end, c,
        )  # fmt: skip


@njit(inline="always")
def excess_energy(x, phi, surface, inverse_step):
    """Return the energy [J] above that of a settled wall, from `llg.landscape.settling.Settling.surface`."""
    u = min(max(x * inverse_step, 0.0), surface.shape[0] - 1.000001)
    cell = int(u)
    f = u - cell
    sine, cosine = sincos(phi)
    A = surface[cell, 0] + f * (surface[cell + 1, 0] - surface[cell, 0])
    B = surface[cell, 1] + f * (surface[cell + 1, 1] - surface[cell, 1])
    C = surface[cell, 2] + f * (surface[cell + 1, 2] - surface[cell, 2])
    S = surface[cell, 3] + f * (surface[cell + 1, 3] - surface[cell, 3])
    return A + cosine * (C + cosine * B) + sine * S


@compiled(error_model="numpy", fastmath={"contract"})
def run_block(
    x,
    phi,
    amplitude,
    key_1,
    key_2,
    drive,
    quiet,
    n_steps,
    dt,
    noise,
    table,
    x_end,
    c,
    surface,
    inverse_step,
    place,
    angle,
):
    """Run walls to the end, or until they have settled; the lane arrays are used up.

    Args:
        x: position in wall widths, shape (n,), n a multiple of LANES.
        phi: wall angle [rad], shape (n,).
        amplitude: current amplitude of each lane, shape (n,) [A/m^2].
        key_1: first noise key, shape (n,), uint64.
        key_2: second noise key, shape (n,), uint64.
        drive: as in `advance`.
        quiet: number of the first step from which on nothing drives the walls; n_steps if there is none.
        n_steps: number of steps.
        dt: time step in 1/(gamma0 Ms).
        noise: eps sqrt(dt).
        table: packed geometry table.
        x_end: length of the track in wall widths.
        c: coefficients.
        surface: energy above the level of settling, shape (m, 4), see `excess_energy`.
        inverse_step: grid points of `surface` per wall width.
        place: output, position where each wall stopped, shape (m,) with m <= n; further walls are padding.
        angle: output, its angle there, shape (m,) [rad].

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
            place[who[lane]], angle[who[lane]] = x[lane], phi[lane]
            moving -= 1
            x[lane], phi[lane], who[lane] = x[moving], phi[moving], who[moving]
            amplitude[lane], key_1[lane], key_2[lane] = amplitude[moving], key_1[moving], key_2[moving]
    return done
