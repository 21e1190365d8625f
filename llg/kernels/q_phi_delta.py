"""Jitted time loop of the wall with moving width (q, phi, Delta), Stratonovich Heun scheme, over lanes of trajectories.

Reduced units as in `llg.kernels.q_phi`, with Delta_0 for the width. Inside the loop the third coordinate is v =
sqrt(Delta/Delta_0), in which its noise does not depend on the width. With lambda = v^2, n = w_0/s2 and a = d ln s2/dx,

    dx/dt   = lambda [alpha f1 - Q f2 + (alpha/2) theta n a]/(1 + alpha^2)  + eps sqrt(n) v xi_1
    dphi/dt = [Q f1 + alpha f2]/(1 + alpha^2)                               + eps sqrt(n)/v xi_2
    dv/dt   = (6/(pi^2 alpha)) v f3 + (3/(pi^2 alpha)) theta n/v            + eps r sqrt(n) xi_3

where f1 contains the drift -theta n a of the mobility gradient (`docs/theory-extended-walls.md`, section 5). The
stationary law without drive is exp(-E/kB T) in (q, phi, Delta).
"""

import numpy as np
from numba import njit

from dwcore.numerics.compiled import compiled
from dwcore.numerics.elementary import sincos
from dwcore.numerics.vector_width import prefer_wide_vectors
from llg.kernels.heun import LANES, advance_three
from llg.kernels.packed_table import cell_of, interpolate

COLUMNS = 10


@njit(inline="always")
def drift(x, phi, v, j, hx, hy, hz, tau, heat, table, c):
    """Return the deterministic velocity (dx/dt, dphi/dt, dv/dt) and noise amplitudes of the three, of one lane.

    Args:
        x: position in units of Delta_0.
        phi: wall angle [rad].
        v: root of Delta/Delta_0.
        j: current density of this lane at this time [A/m^2].
        hx: pi/2 times the in-plane field along x including the chiral field of the wall at rest, in Ms.
        hy: pi/2 times the field along y, in Ms.
        hz: Q times the field along z, in Ms.
        tau: temperature relative to that of the coefficients.
        heat: eps sqrt(dt) at that temperature.
        table: packed geometry table, columns as in `llg.runs.scaling`.
        c: `llg.runs.scaling.DeltaCoefficients`.
    """
    i, f = cell_of(x, c.inverse_step, c.last_cell, c.table_unit, np.uint64(COLUMNS))
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
    local = c.uniform * s + c.crowding * n
    stt = j * (c.uniform + c.crowding * n) * inverse
    thermal = c.half_theta * tau * n
    j_dl, j_fl = j * c.damping_like, j * c.field_like
    pull = (hx - c.h_D) * cosine + hy * sine
    across = 0.5 * c.h_K * cosine * cosine
    shape = c.half_h_sigma * (lam + inverse) + lam * across
    in_plane = lam * (pull + c.uniform * j_fl * sine) + c.h_D * cosine
    f1 = hz + p - a * shape + b * in_plane - j_dl * local * cosine + c.stt_q * stt - 2.0 * thermal * a_0
    f2 = (
        k * c.h_K * sine * cosine
        - s * ((hx - c.h_D + c.h_D * inverse) * sine - hy * cosine)
        + j_fl * local * cosine
        + lam * c.uniform * j_dl * b * sine
        - c.stt_phi * stt
    )
    f3 = (
        s_1 * in_plane
        + s * pull
        + j_fl * local * sine
        - k_1 * shape
        - k * (c.half_h_sigma * (1.0 - inverse * inverse) + across)
        - j_dl * t_1 * cosine
    )
    heated = heat * g
    vx = lam * (c.mobility_x1 * (f1 + thermal * a_0) + c.mobility_x2 * f2)
    return (
        vx,
        c.mobility_phi1 * f1 + c.mobility_phi2 * f2,
        c.mobility_v * (v * f3 + thermal * inverse_v),
        heated * v,
        heated * inverse_v,
        heated,
    )


@njit(inline="always")
def held(v):
    """Return the root of Delta/Delta_0 kept between the bounds of `llg.walls.q_phi_delta`."""
    v = v if v > 0.5 else 0.5
    return v if v < 2.0 else 2.0


@compiled(error_model="numpy", fastmath={"contract"})
def advance_lanes(x, phi, width, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, table, x_end, c):
    """Advance LANES trajectories by n_steps Heun steps in place; arguments as `llg.kernels.q_phi.advance_lanes`, and

    Args:
        width: Delta/Delta_0, shape (LANES,).
    """
    prefer_wide_vectors()
    v = np.sqrt(width)
    advance_three(
        drift, held, x, phi, v, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, c.noise_v, table, x_end, c
    )
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
