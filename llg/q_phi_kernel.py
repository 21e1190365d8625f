"""Jitted time loop of the rigid wall (q, phi), Stratonovich Heun scheme, over lanes of trajectories.

Reduced units: x = q/Delta, fields in Ms, time in 1/(gamma0 Ms). With f1, f2 the right-hand sides of the two field
equations (`llg.equations`), n(x) = w_0/s2 and a(x) = d ln s2/dx,

    dx/dt   = [alpha f1 - Q f2 + (alpha/2) theta n a]/(1 + alpha^2) + eps g(x) xi_1
    dphi/dt = [Q f1 + alpha f2]/(1 + alpha^2)                       + eps g(x) xi_2

where f1 contains the drift -theta n a of the mobility gradient, g = sqrt(n) and eps^2 = 2 alpha theta/(1 + alpha^2).
The stationary law without drive is exp(-E/kB T) in (q, phi).
"""

import numpy as np
from numba import njit

from .elementary import sincos
from .memory import load_constant, load_lane, store_lane
from .noise import normal_pair, step_bits

LANES = 64


@njit(inline="always")
def drift(x, phi, j, hx, hy, hz, table, last_cell, c):
    """Deterministic velocity (dx/dt, dphi/dt) and noise factor g of one lane.

    Args:
        x: position in wall widths, counted from the start of the table in units of its step.
        phi: wall angle [rad].
        j: current amplitude relative to the reference of the coefficients.
        hx: pi/2 times the in-plane field along x including the chiral field, in Ms.
        hy: pi/2 times the field along y, in Ms.
        hz: Q times the field along z, in Ms.
        table: geometry, shape (cells, 10): p, a, b, c, g and their differences to the next row.
        last_cell: index of the last cell as float.
        c: coefficients, see `llg.scaling.Coefficients`.
    """
    (
        inv_step,
        h_k,
        damping_like,
        field_like,
        stt_q,
        stt_phi,
        crowding,
        m_x1,
        m_x2,
        m_p1,
        m_p2,
        half_theta,
    ) = c
    u = x * inv_step
    u = u if u > 0.0 else 0.0
    u = u if u < last_cell else last_cell
    i = np.uint64(np.int64(u)) * np.uint64(10)
    f = u - np.float64(np.int64(u))
    p = load_constant(table, i + np.uint64(0)) + f * load_constant(table, i + np.uint64(5))
    a = load_constant(table, i + np.uint64(1)) + f * load_constant(table, i + np.uint64(6))
    b = load_constant(table, i + np.uint64(2)) + f * load_constant(table, i + np.uint64(7))
    s = load_constant(table, i + np.uint64(3)) + f * load_constant(table, i + np.uint64(8))
    g = load_constant(table, i + np.uint64(4)) + f * load_constant(table, i + np.uint64(9))
    sine, cosine = sincos(phi)
    n = g * g
    uniform = 1.0 - crowding
    local = uniform * s + crowding * n
    stt = uniform + crowding * n
    thermal = half_theta * n * a
    f1 = (
        hz
        + p
        - 2.0 * thermal
        - 0.5 * h_k * a * cosine * cosine
        + b * (hx * cosine + (hy + uniform * field_like * j) * sine)
        - damping_like * j * local * cosine
        + stt_q * j * stt
    )
    f2 = (
        h_k * sine * cosine
        - s * (hx * sine - hy * cosine)
        + j * (local * field_like * cosine + uniform * b * damping_like * sine - stt * stt_phi)
    )
    return m_x1 * (f1 + thermal) + m_x2 * f2, m_p1 * f1 + m_p2 * f2, g


@njit(error_model="numpy", fastmath={"contract"}, cache=True, nogil=True)
def advance(x, phi, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, table, x_end, c):
    """Advance LANES trajectories by n_steps Heun steps in place.

    A lane whose wall has left the track (x outside (0, x_end)) stays where it is.

    Args:
        x: position in wall widths, shape (LANES,).
        phi: wall angle [rad], shape (LANES,).
        amplitude: current amplitude of each lane, shape (LANES,).
        key_1: first noise key, shape (LANES,), uint64.
        key_2: second noise key, shape (LANES,), uint64.
        drive: waveform, rows at the ends of the steps, shape (>= step_0 + n_steps + 1, 4): pulse shape, hx, hy, hz.
        step_0: number of the first step.
        n_steps: number of steps.
        dt: time step in 1/(gamma0 Ms).
        noise: eps sqrt(dt).
        table: geometry table, see `drift`.
        x_end: length of the track in wall widths.
        c: coefficients.
    """
    last_cell = table.size // 10 - 1.0
    for step in range(step_0, step_0 + n_steps):
        j0, hx0, hy0, hz0 = drive[step, 0], drive[step, 1], drive[step, 2], drive[step, 3]
        j1, hx1, hy1, hz1 = drive[step + 1, 0], drive[step + 1, 1], drive[step + 1, 2], drive[step + 1, 3]
        counter = np.uint64(step)
        for index in range(LANES):
            lane = np.uint64(index)
            xi_1, xi_2 = normal_pair(step_bits(load_lane(key_1, lane), load_lane(key_2, lane), counter))
            xi_1 *= noise
            xi_2 *= noise
            x_0 = load_lane(x, lane)
            phi_0 = load_lane(phi, lane)
            j = load_lane(amplitude, lane)
            vx_0, vp_0, g_0 = drift(x_0, phi_0, j * j0, hx0, hy0, hz0, table, last_cell, c)
            x_1 = x_0 + vx_0 * dt + g_0 * xi_1
            phi_1 = phi_0 + vp_0 * dt + g_0 * xi_2
            vx_1, vp_1, g_1 = drift(x_1, phi_1, j * j1, hx1, hy1, hz1, table, last_cell, c)
            x_new = x_0 + 0.5 * ((vx_0 + vx_1) * dt + (g_0 + g_1) * xi_1)
            phi_new = phi_0 + 0.5 * ((vp_0 + vp_1) * dt + (g_0 + g_1) * xi_2)
            on_track = (x_0 > 0.0) & (x_0 < x_end)
            store_lane(x, lane, x_new if on_track else x_0)
            store_lane(phi, lane, phi_new if on_track else phi_0)
