"""Heun steps over lanes of trajectories, for equations of motion with three coordinates; what all kernels share.

The loop takes the drift as an argument and is drawn into the kernel of each equation of motion (`inline="always"`), so
that the compiler sees one function, vectorizes it and keeps it between runs.
"""

import numpy as np
from numba import njit

from dwcore.numerics.memory import load_lane, store_lane
from dwcore.numerics.noise import normal_pair, step_bits, third_normals

LANES = 64
"""Trajectories that a kernel advances side by side."""


@njit(inline="always")
def drive_at(drive, row):
    """Return pulse shape, hx, hy, hz and relative temperature of one row of the drive, see `q_phi.advance_lanes`."""
    return drive[row, 0], drive[row, 1], drive[row, 2], drive[row, 3], drive[row, 4]


@njit(inline="always")
def draw_pairs(first, second, key_1, key_2, counter):
    """Fill two deviates of each lane at the step `counter` (uint64), shape (LANES,) each."""
    for index in range(LANES):
        lane = np.uint64(index)
        normal_1, normal_2 = normal_pair(step_bits(load_lane(key_1, lane), load_lane(key_2, lane), counter))
        store_lane(first, lane, normal_1)
        store_lane(second, lane, normal_2)


@njit(inline="always")
def advance_three(
    drift, held, x, phi, third, amplitude, key_1, key_2, drive, step_0, n_steps, dt, noise, noise_3, table, x_end, c
):
    """Advance LANES trajectories with a third coordinate by n_steps Heun steps in place.

    Arguments as `llg.kernels.q_phi.advance_lanes`, and

    Args:
        drift: function of (x, phi, third, j, hx, hy, hz, tau, heat, table, c) that returns the three velocities of a
            lane and its three noise amplitudes, which are proportional to `heat`.
        held: function that keeps the third coordinate within its bounds.
        third: third coordinate, shape (LANES,).
        noise_3: factor on the noise of the third coordinate.
    """
    xi_x, xi_phi, xi_even, xi_odd = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    x_ahead, phi_ahead, third_ahead = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for step in range(step_0, step_0 + n_steps):
        j_0, hx_0, hy_0, hz_0, tau_0 = drive_at(drive, step)
        j_1, hx_1, hy_1, hz_1, tau_1 = drive_at(drive, step + 1)
        heat_0, heat_1 = noise * np.sqrt(tau_0), noise * np.sqrt(tau_1)
        counter = np.uint64(step)
        draw_pairs(xi_x, xi_phi, key_1, key_2, counter)
        if step % 2 == 0 or step == step_0:
            even = counter - counter % np.uint64(2)
            for index in range(LANES):
                lane = np.uint64(index)
                normal_1, normal_2 = third_normals(load_lane(key_1, lane), load_lane(key_2, lane), even)
                store_lane(xi_even, lane, noise_3 * normal_1)
                store_lane(xi_odd, lane, noise_3 * normal_2)
        xi_3 = xi_even if step % 2 == 0 else xi_odd
        for index in range(LANES):
            lane = np.uint64(index)
            x_0, phi_0, third_0 = load_lane(x, lane), load_lane(phi, lane), load_lane(third, lane)
            vx, vphi, v3, gx, gphi, g3 = drift(
                x_0, phi_0, third_0, load_lane(amplitude, lane) * j_0, hx_0, hy_0, hz_0, tau_0, heat_0, table, c
            )
            store_lane(x_ahead, lane, x_0 + (vx * dt + gx * load_lane(xi_x, lane)))
            store_lane(phi_ahead, lane, phi_0 + (vphi * dt + gphi * load_lane(xi_phi, lane)))
            store_lane(third_ahead, lane, held(third_0 + (v3 * dt + g3 * load_lane(xi_3, lane))))
        for index in range(LANES):
            lane = np.uint64(index)
            x_1, phi_1, third_1 = load_lane(x_ahead, lane), load_lane(phi_ahead, lane), load_lane(third_ahead, lane)
            vx, vphi, v3, gx, gphi, g3 = drift(
                x_1, phi_1, third_1, load_lane(amplitude, lane) * j_1, hx_1, hy_1, hz_1, tau_1, heat_1, table, c
            )
            x_0, phi_0, third_0 = load_lane(x, lane), load_lane(phi, lane), load_lane(third, lane)
            x_new = 0.5 * (x_0 + x_1 + vx * dt + gx * load_lane(xi_x, lane))
            phi_new = 0.5 * (phi_0 + phi_1 + vphi * dt + gphi * load_lane(xi_phi, lane))
            third_new = held(0.5 * (third_0 + third_1 + v3 * dt + g3 * load_lane(xi_3, lane)))
            on_track = (x_0 > 0.0) & (x_0 < x_end)
            store_lane(x, lane, x_new if on_track else x_0)
            store_lane(phi, lane, phi_new if on_track else phi_0)
            store_lane(third, lane, third_new if on_track else third_0)
