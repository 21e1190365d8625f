"""Jitted time loop of the wall that tilts (q, phi, chi), Stratonovich Heun scheme, over lanes of trajectories.

Reduced units as in `llg.kernels.q_phi`. With C = cos chi, S = sin chi, n = w_0/s2, a = d ln s2/dx, rho = s2/Delta and
R = 1/(rho + pi^2 S^2/(2 rho))^2,

    dx/dt   = [(alpha/C) f1 - Q f2 + (alpha/2C) theta n a]/(1 + alpha^2)                 + eps sqrt(n/C) xi_1
    dphi/dt = [Q f1 + alpha C f2]/(1 + alpha^2)                                          + eps sqrt(n C) xi_2
    dchi/dt = (12/alpha) C^3 R [f3 - (theta/2) n S (3/C + 2 pi^2 C sqrt(R)/rho)]                   + eps r sqrt(n C^3 R) xi_3

where f1 contains the drift -theta n a of the mobility gradient (`docs/theory-extended-walls.md`, section 5). The stationary law
without drive is exp(-E/kB T) in (q, phi, chi).
"""

import numpy as np
from numba import njit

from dwcore.numerics.compiled import compiled
from dwcore.numerics.elementary import sincos, sincos_quarter
from dwcore.numerics.memory import load_lane, store_lane
from dwcore.numerics.noise import normal_pair, step_bits, third_normals
from dwcore.numerics.vector_width import prefer_wide_vectors
from llg.kernels.packed_table import interpolate
from llg.kernels.q_phi import LANES

COLUMNS = 9
_PI_SQUARED = 9.869604401089358


@njit(inline="always")
def drift(x, phi, chi, j, hx, hy, hz, tau, table, c):
    """Deterministic velocity (dx/dt, dphi/dt, dchi/dt) and noise factors of the three, of one lane.

    Args:
        x: position in wall widths.
        phi: wall angle [rad].
        chi: tilt [rad].
        j: current density of this lane at this time [A/m^2].
        hx: pi/2 times the in-plane field along x including the chiral field of the upright wall, in Ms.
        hy: pi/2 times the field along y, in Ms.
        hz: Q times the field along z, in Ms.
        tau: temperature relative to that of the coefficients.
        table: packed geometry table, columns as in `llg.runs.extended_scaling`.
        c: `llg.runs.extended_scaling.ChiCoefficients`.
    """
    (inverse_step, last_cell, table_unit, h_k, damping_like, field_like, stt_q, stt_phi) = c[:8]
    (uniform, crowding, m_x1, m_x2, m_p1, m_p2, half_theta, h_d, h_sigma) = c[8:17]
    (m_chi, rho, noise_chi, saturation, edge) = c[17:]
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
    p = interpolate(table, i + np.uint64(7), f)
    g = interpolate(table, i + np.uint64(8), f)
    sine, cosine = sincos(phi)
    s_half, c_half = sincos_quarter(0.5 * chi)  # |chi| stays below pi/2: no reduction needed
    S, C = 2.0 * s_half * c_half, 1.0 - 2.0 * s_half * s_half
    along, across = cosine * C - sine * S, sine * C + cosine * S
    square, n = S * S, g * g
    denominator, saturated = 2.0 * rho * rho + _PI_SQUARED * square * n * n, 1.0 + saturation * square
    secant, inverse = 1.0 / C, 1.0 / (denominator * saturated)  # two divisions for three quotients
    fraction, inverse = denominator * inverse, saturated * inverse
    root = 2.0 * rho * n * inverse  # sqrt(R)
    zeta, slope = square * fraction, 2.0 * S * C * fraction * fraction
    a, b, s, k = a_0 + zeta * a_1, b_0 + zeta * b_1, s_0 + zeta * s_1, 1.0 + zeta * k_1
    local = uniform * s + crowding * n
    stt = j * (uniform + crowding * n)
    thermal = half_theta * tau * n
    j_dl, j_fl = j * damping_like, j * field_like
    hx -= h_d
    shape = h_sigma + 0.5 * h_k * along * along
    in_plane = h_d * along + hx * cosine + hy * sine
    turn = across * (k * h_k * along - s * h_d)
    loose = in_plane + uniform * j_fl * sine
    torque = j_dl * sine * uniform * secant
    f1 = (hz + p) + a_0 * (edge - thermal) + secant * (b * loose - a * shape - a_0 * edge)
    f1 += C * stt_q * stt - j_dl * local * cosine
    f2 = secant * (turn - s * (hx * sine - hy * cosine) + j_fl * local * cosine + b * torque) - stt_phi * stt
    length = edge + k * shape - s * in_plane - j_fl * local * sine
    f3 = secant * (turn - S * secant * length - slope * (k_1 * shape - s_1 * loose))
    f3 -= thermal * S * (3.0 * secant + 4.0 * _PI_SQUARED * C * n * n * inverse)
    g_phi = g * np.sqrt(C)
    mobile = C * root
    return (
        m_x1 * secant * f1 + m_x2 * f2,
        m_p1 * (f1 - thermal * a_0) + m_p2 * C * f2,
        m_chi * C * mobile * mobile * f3,
        g_phi * secant,
        g_phi,
        noise_chi * g_phi * mobile,
    )


@njit(inline="always")
def held(chi):
    """Tilt kept between the bounds of `llg.walls.q_phi_chi`."""
    chi = chi if chi > -1.4 else -1.4
    return chi if chi < 1.4 else 1.4


@compiled(error_model="numpy", fastmath={"contract"})
def advance_lanes(x, phi, chi, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, table, x_end, c):
    """Advance LANES trajectories by n_steps Heun steps in place.

    Arguments as `llg.kernels.q_phi.advance_lanes`, and

    Args:
        chi: tilt, shape (LANES,) [rad].
    """
    prefer_wide_vectors()
    xi_x, xi_phi, xi_even, xi_odd = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    x_ahead, phi_ahead, chi_ahead = np.empty(LANES), np.empty(LANES), np.empty(LANES)
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
                store_lane(xi_even, lane, normal_1)
                store_lane(xi_odd, lane, normal_2)
        xi_chi = xi_even if step % 2 == 0 else xi_odd
        for index in range(LANES):
            lane = np.uint64(index)
            x_0, phi_0, chi_0 = load_lane(x, lane), load_lane(phi, lane), load_lane(chi, lane)
            vx, vphi, vchi, gx, gphi, gchi = drift(
                x_0, phi_0, chi_0, load_lane(amplitude, lane) * j_0, hx_0, hy_0, hz_0, tau_0, table, c
            )
            dx = vx * dt + heat_0 * gx * load_lane(xi_x, lane)
            dphi = vphi * dt + heat_0 * gphi * load_lane(xi_phi, lane)
            dchi = vchi * dt + heat_0 * gchi * load_lane(xi_chi, lane)
            store_lane(x_ahead, lane, x_0 + dx)
            store_lane(phi_ahead, lane, phi_0 + dphi)
            store_lane(chi_ahead, lane, held(chi_0 + dchi))
        for index in range(LANES):
            lane = np.uint64(index)
            x_1, phi_1, chi_1 = load_lane(x_ahead, lane), load_lane(phi_ahead, lane), load_lane(chi_ahead, lane)
            vx, vphi, vchi, gx, gphi, gchi = drift(
                x_1, phi_1, chi_1, load_lane(amplitude, lane) * j_1, hx_1, hy_1, hz_1, tau_1, table, c
            )
            x_0, phi_0, chi_0 = load_lane(x, lane), load_lane(phi, lane), load_lane(chi, lane)
            x_new = 0.5 * (x_0 + x_1 + vx * dt + heat_1 * gx * load_lane(xi_x, lane))
            phi_new = 0.5 * (phi_0 + phi_1 + vphi * dt + heat_1 * gphi * load_lane(xi_phi, lane))
            chi_new = held(0.5 * (chi_0 + chi_1 + vchi * dt + heat_1 * gchi * load_lane(xi_chi, lane)))
            on_track = (x_0 > 0.0) & (x_0 < x_end)
            store_lane(x, lane, x_new if on_track else x_0)
            store_lane(phi, lane, phi_new if on_track else phi_0)
            store_lane(chi, lane, chi_new if on_track else chi_0)


@compiled(error_model="numpy")
def advance(x, phi, chi, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, table, x_end, c):
    """Advance trajectories in any number of groups of LANES; arguments as `advance_lanes`, arrays of that length."""
    for first in range(0, x.size, LANES):
        part = slice(first, first + LANES)
        advance_lanes(
            x[part], phi[part], chi[part], amplitude[part], key_1[part], key_2[part],
            drive, step_0, n_steps, dt, noise, table, x_end, c,
        )  # fmt: skip
