"""Jitted time loop of the wall with moving width (q, phi, Delta), Stratonovich Heun scheme, over lanes of trajectories.

Reduced units as in `llg.kernels.q_phi`, with Delta_0 for the width. Inside the loop the third coordinate is
v = sqrt(Delta/Delta_0), in which its noise does not depend on the width. With lambda = v^2, n = w_0/s2 and a = d ln s2/dx,

    dx/dt   = lambda [alpha f1 - Q f2 + (alpha/2) theta n a]/(1 + alpha^2)  + eps sqrt(n) v xi_1
    dphi/dt = [Q f1 + alpha f2]/(1 + alpha^2)                               + eps sqrt(n)/v xi_2
    dv/dt   = (6/(pi^2 alpha)) v f3 + (3/(pi^2 alpha)) theta n/v            + eps r sqrt(n) xi_3

where f1 contains the drift -theta n a of the mobility gradient (`docs/theory-extended-walls.md`, section 5). The stationary law
without drive is exp(-E/kB T) in (q, phi, Delta).
"""

import numpy as np
from numba import njit

from dwcore.numerics.compiled import compiled
from dwcore.numerics.elementary import sincos
from dwcore.numerics.memory import load_lane, store_lane
from dwcore.numerics.noise import normal_pair, step_bits, third_normals
from dwcore.numerics.vector_width import prefer_wide_vectors
from llg.kernels.packed_table import interpolate
from llg.kernels.q_phi import LANES

COLUMNS = 10


@njit(inline="always")
def drift(x, phi, v, j, hx, hy, hz, tau, table, c):
    """Deterministic velocity (dx/dt, dphi/dt, dv/dt), noise factor g and 1/v of one lane.

    Args:
        x: position in units of Delta_0.
        phi: wall angle [rad].
        v: root of Delta/Delta_0.
        j: current density of this lane at this time [A/m^2].
        hx: pi/2 times the in-plane field along x including the chiral field of the wall at rest, in Ms.
        hy: pi/2 times the field along y, in Ms.
        hz: Q times the field along z, in Ms.
        tau: temperature relative to that of the coefficients.
        table: packed geometry table, columns as in `llg.runs.extended_scaling`.
        c: `llg.runs.extended_scaling.DeltaCoefficients`.
    """
    (inverse_step, last_cell, table_unit, h_k, damping_like, field_like, stt_q, stt_phi) = c[:8]
    (uniform, crowding, m_x1, m_x2, m_p1, m_p2, half_theta, h_d, half_h_sigma, m_v, _) = c[8:]
    u = x * inverse_step
    u = u if u > 0.0 else 0.0
    u = u if u < last_cell else last_cell
    cell = np.int64(u)
    f = (u - np.float64(cell)) * table_unit
    i = np.uint64(cell) * np.uint64(COLUMNS)
    a_0 = interpolate(table, i, f)
    b_0 = interpolate(table, i + np.uint64(1), f)
    s_0 = interpolate(table, i + np.uint64(2), f)
    a_1 = interpolate(table, i + np.uint64(3), f)
    b_1 = interpolate(table, i + np.uint64(4), f)
    s_1 = interpolate(table, i + np.uint64(5), f)
    k_1 = interpolate(table, i + np.uint64(6), f)
    t_1 = interpolate(table, i + np.uint64(7), f)
    p = interpolate(table, i + np.uint64(8), f)
    g = interpolate(table, i + np.uint64(9), f)
    sine, cosine = sincos(phi)
    inverse_v = 1.0 / v
    lam, inverse = v * v, inverse_v * inverse_v
    zeta, n = lam - 1.0, g * g
    a, b, s, k = a_0 + zeta * a_1, b_0 + zeta * b_1, s_0 + zeta * s_1, 1.0 + zeta * k_1
    local = uniform * s + crowding * n
    stt = j * (uniform + crowding * n) * inverse
    thermal = half_theta * tau * n
    j_dl, j_fl = j * damping_like, j * field_like
    pull = (hx - h_d) * cosine + hy * sine
    across = 0.5 * h_k * cosine * cosine
    shape = half_h_sigma * (lam + inverse) + lam * across
    in_plane = lam * (pull + uniform * j_fl * sine) + h_d * cosine
    f1 = hz + p - a * shape + b * in_plane - j_dl * local * cosine + stt_q * stt - 2.0 * thermal * a_0
    f2 = (
        k * h_k * sine * cosine
        - s * ((hx - h_d + h_d * inverse) * sine - hy * cosine)
        + j_fl * local * cosine
        + lam * uniform * j_dl * b * sine
        - stt_phi * stt
    )
    f3 = (
        s_1 * in_plane
        + s * pull
        + j_fl * local * sine
        - k_1 * shape
        - k * (half_h_sigma * (1.0 - inverse * inverse) + across)
        - j_dl * t_1 * cosine
    )
    vx = lam * (m_x1 * (f1 + thermal * a_0) + m_x2 * f2)
    return vx, m_p1 * f1 + m_p2 * f2, m_v * (v * f3 + thermal * inverse_v), g, inverse_v


@njit(inline="always")
def held(v):
    """Root of Delta/Delta_0 kept between the bounds of `llg.walls.q_phi_delta`."""
    v = v if v > 0.5 else 0.5
    return v if v < 2.0 else 2.0


@compiled(error_model="numpy", fastmath={"contract"})
def advance_lanes(x, phi, width, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, table, x_end, c):
    """Advance LANES trajectories by n_steps Heun steps in place.

    Arguments as `llg.kernels.q_phi.advance_lanes`, and

    Args:
        width: Delta/Delta_0, shape (LANES,).
    """
    prefer_wide_vectors()
    noise_v = c[18]
    v = np.sqrt(width)
    xi_x, xi_phi, xi_even, xi_odd = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    x_ahead, phi_ahead, v_ahead = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for step in range(step_0, step_0 + n_steps):
        j_0, hx_0, hy_0, hz_0, tau_0 = drive[step, 0], drive[step, 1], drive[step, 2], drive[step, 3], drive[step, 4]
        after = step + 1
        j_1, hx_1, hy_1, hz_1, tau_1 = (
            drive[after, 0],
            drive[after, 1],
            drive[after, 2],
            drive[after, 3],
            drive[after, 4],
        )
        heat_0, heat_1 = noise * np.sqrt(tau_0), noise * np.sqrt(tau_1)
        counter = np.uint64(step)
        for index in range(LANES):
            lane = np.uint64(index)
            normal_1, normal_2 = normal_pair(step_bits(load_lane(key_1, lane), load_lane(key_2, lane), counter))
            store_lane(xi_x, lane, normal_1)
            store_lane(xi_phi, lane, normal_2)
        if step % 2 == 0 or step == step_0:
            even = counter - counter % np.uint64(2)
            for index in range(LANES):
                lane = np.uint64(index)
                normal_1, normal_2 = third_normals(load_lane(key_1, lane), load_lane(key_2, lane), even)
                store_lane(xi_even, lane, noise_v * normal_1)
                store_lane(xi_odd, lane, noise_v * normal_2)
        xi_v = xi_even if step % 2 == 0 else xi_odd
        for index in range(LANES):
            lane = np.uint64(index)
            x_0, phi_0, v_0 = load_lane(x, lane), load_lane(phi, lane), load_lane(v, lane)
            vx, vphi, vv, g, inverse_v = drift(
                x_0, phi_0, v_0, load_lane(amplitude, lane) * j_0, hx_0, hy_0, hz_0, tau_0, table, c
            )
            g *= heat_0
            dx = vx * dt + g * v_0 * load_lane(xi_x, lane)
            dphi = vphi * dt + g * inverse_v * load_lane(xi_phi, lane)
            dv = vv * dt + g * load_lane(xi_v, lane)
            store_lane(x_ahead, lane, x_0 + dx)
            store_lane(phi_ahead, lane, phi_0 + dphi)
            store_lane(v_ahead, lane, held(v_0 + dv))
        for index in range(LANES):
            lane = np.uint64(index)
            x_1, phi_1, v_1 = load_lane(x_ahead, lane), load_lane(phi_ahead, lane), load_lane(v_ahead, lane)
            vx, vphi, vv, g, inverse_v = drift(
                x_1, phi_1, v_1, load_lane(amplitude, lane) * j_1, hx_1, hy_1, hz_1, tau_1, table, c
            )
            g *= heat_1
            x_0, phi_0, v_0 = load_lane(x, lane), load_lane(phi, lane), load_lane(v, lane)
            x_new = 0.5 * (x_0 + x_1 + vx * dt + g * v_1 * load_lane(xi_x, lane))
            phi_new = 0.5 * (phi_0 + phi_1 + vphi * dt + g * inverse_v * load_lane(xi_phi, lane))
            v_new = held(0.5 * (v_0 + v_1 + vv * dt + g * load_lane(xi_v, lane)))
            on_track = (x_0 > 0.0) & (x_0 < x_end)
            store_lane(x, lane, x_new if on_track else x_0)
            store_lane(phi, lane, phi_new if on_track else phi_0)
            store_lane(v, lane, v_new if on_track else v_0)
    for index in range(LANES):
        width[index] = v[index] * v[index]


@compiled(error_model="numpy")
def advance(x, phi, width, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, table, x_end, c):
    """Advance trajectories in any number of groups of LANES; arguments as `advance_lanes`, arrays of that length."""
    for first in range(0, x.size, LANES):
        part = slice(first, first + LANES)
        advance_lanes(
            x[part], phi[part], width[part], amplitude[part], key_1[part], key_2[part],
            drive, step_0, n_steps, dt, noise, table, x_end, c,
        )  # fmt: skip
