"""Jitted time loop of the wall that tilts (q, phi, chi), Stratonovich Heun scheme, over lanes of trajectories.

Reduced units as in `llg.kernels.q_phi`. With C = cos chi, S = sin chi, n = w_0/s2, a = d ln s2/dx, rho = s2/Delta and
R = 1/(rho + pi^2 S^2/(2 rho))^2,

    dx/dt   = [(alpha/C) f1 - Q f2 + (alpha/2C) theta n a]/(1 + alpha^2)                 + eps sqrt(n/C) xi_1
    dphi/dt = [Q f1 + alpha C f2]/(1 + alpha^2)                                          + eps sqrt(n C) xi_2
    dchi/dt = (12/alpha) C^3 R [f3 - (theta/2) n S (3/C + 2 pi^2 C sqrt(R)/rho)]
                                + eps r sqrt(n C^3 R) xi_3

where f1 contains the drift -theta n a of the mobility gradient (`docs/theory-extended-walls.md`, section 5). The
stationary law without drive is exp(-E/kB T) in (q, phi, chi).
"""

import numpy as np
from numba import njit

from dwcore.numerics.compiled import compiled
from dwcore.numerics.elementary import sincos, sincos_quarter
from dwcore.numerics.vector_width import prefer_wide_vectors
from llg.kernels.heun import LANES, advance_three
from llg.kernels.packed_table import cell_of, interpolate

COLUMNS = 9
_PI_SQUARED = 9.869604401089358


@njit(inline="always")
def drift(x, phi, chi, j, hx, hy, hz, tau, heat, table, c):
    """Return the deterministic velocity (dx/dt, dphi/dt, dchi/dt) and noise amplitudes of the three, of one lane.

    Args:
        x: position in wall widths.
        phi: wall angle [rad].
        chi: tilt [rad].
        j: current density of this lane at this time [A/m^2].
        hx: pi/2 times the in-plane field along x including the chiral field of the upright wall, in Ms.
        hy: pi/2 times the field along y, in Ms.
        hz: Q times the field along z, in Ms.
        tau: temperature relative to that of the coefficients.
        heat: eps sqrt(dt) at that temperature.
        table: packed geometry table, columns as in `llg.runs.scaling`.
        c: `llg.runs.scaling.ChiCoefficients`.
    """
    i, f = cell_of(x, c.inverse_step, c.last_cell, c.table_unit, np.uint64(COLUMNS))
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
    denominator, saturated = 2.0 * c.rho * c.rho + _PI_SQUARED * square * n * n, 1.0 + c.saturation * square
    secant, inverse = 1.0 / C, 1.0 / (denominator * saturated)  # two divisions for three quotients
    fraction, inverse = denominator * inverse, saturated * inverse
    root = 2.0 * c.rho * n * inverse  # sqrt(R)
    zeta, slope = square * fraction, 2.0 * S * C * fraction * fraction
    a, b, s, k = a_0 + zeta * a_1, b_0 + zeta * b_1, s_0 + zeta * s_1, 1.0 + zeta * k_1
    local = c.uniform * s + c.crowding * n
    stt = j * (c.uniform + c.crowding * n)
    thermal = c.half_theta * tau * n
    j_dl, j_fl = j * c.damping_like, j * c.field_like
    hx -= c.h_D
    shape = c.h_sigma + 0.5 * c.h_K * along * along
    in_plane = c.h_D * along + hx * cosine + hy * sine
    turn = across * (k * c.h_K * along - s * c.h_D)
    loose = in_plane + c.uniform * j_fl * sine
    torque = j_dl * sine * c.uniform * secant
    f1 = (hz + p) + a_0 * (c.edge - thermal) + secant * (b * loose - a * shape - a_0 * c.edge)
    f1 += C * c.stt_q * stt - j_dl * local * cosine
    f2 = secant * (turn - s * (hx * sine - hy * cosine) + j_fl * local * cosine + b * torque) - c.stt_phi * stt
    length = c.edge + k * shape - s * in_plane - j_fl * local * sine
    f3 = secant * (turn - S * secant * length - slope * (k_1 * shape - s_1 * loose))
    f3 -= thermal * S * (3.0 * secant + 4.0 * _PI_SQUARED * C * n * n * inverse)
    g_phi = g * np.sqrt(C)
    mobile = C * root
    return (
        c.mobility_x1 * secant * f1 + c.mobility_x2 * f2,
        c.mobility_phi1 * (f1 - thermal * a_0) + c.mobility_phi2 * C * f2,
        c.mobility_chi * C * mobile * mobile * f3,
        heat * (g_phi * secant),
        heat * g_phi,
        heat * (c.noise_chi * g_phi * mobile),
    )


@njit(inline="always")
def held(chi):
    """Return the tilt kept between the bounds of `llg.walls.q_phi_chi`."""
    chi = chi if chi > -1.4 else -1.4
    return chi if chi < 1.4 else 1.4


@compiled(error_model="numpy", fastmath={"contract"})
def advance_lanes(x, phi, chi, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, table, x_end, c):
    """Advance LANES trajectories by n_steps Heun steps in place; arguments as `llg.kernels.q_phi.advance_lanes`, and

    Args:
        chi: tilt, shape (LANES,) [rad].
    """
    prefer_wide_vectors()
    advance_three(
        drift, held, x, phi, chi, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, 1.0, table, x_end, c
    )


@compiled(error_model="numpy")
def advance(x, phi, chi, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, table, x_end, c):
    """Advance trajectories in any number of groups of LANES; arguments as `advance_lanes`, arrays of that length."""
    for first in range(0, x.size, LANES):
        part = slice(first, first + LANES)
        advance_lanes(
            x[part], phi[part], chi[part], amplitude[part], key_1[part], key_2[part],
            drive, step_0, n_steps, dt, noise, table, x_end, c,
        )  # fmt: skip
