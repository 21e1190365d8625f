"""A wall ensemble as one would write it in an afternoon: vectorized numpy, tables read with np.interp, Heun's scheme.

The same equations as `llg.kernels.q_phi` (its docstring has them) in reduced units, for spin-orbit torque without
field-like part. The baseline of `benchmarks/solvers.py`.
"""

import itertools
import math

import numpy as np

from llg.constants import GAMMA_0, K_B, MU_0


class NumpyEnsemble:
    """Noisy walls of one device under one pulse.

    Args:
        model: an `llg.QPhiModel`.
        temperature: temperature [K].
    """

    def __init__(self, model, temperature: float):
        g, Delta, Ms = model.device.geometry, model.Delta, model.Ms
        w_0, t = model.device.track.width, model.t
        self.model, self.alpha, self.Q = model, model.alpha, model.Q
        self.grid, self.x_end = g.q / Delta, model.device.track.length / Delta
        self.a = Delta * g.ds2 / g.s2
        self.p = -self.a * model.sigma_0 / (2 * MU_0 * Ms**2 * Delta)
        self.b, self.c, self.n = Delta * g.ds1 / g.s2, g.s1 / g.s2, w_0 / g.s2
        self.theta = K_B * temperature / (2 * MU_0 * Ms**2 * Delta * t * w_0)
        self.h_K, self.h_D = model.H_K / Ms, 0.5 * math.pi * model.Q * model.H_D / Ms
        self.torque = 0.5 * math.pi * model.Q * model.H_DL_per_J / Ms
        self.rate = GAMMA_0 * Ms

    def velocity(self, x, phi, j):
        """dx/dt, dphi/dt and the noise amplitude per root of time."""
        p, a, b, c, n = (np.interp(x, self.grid, column) for column in (self.p, self.a, self.b, self.c, self.n))
        sine, cosine = np.sin(phi), np.cos(phi)
        local = (1 - self.model.kappa) * c + self.model.kappa * n
        thermal = self.theta * n * a
        f1 = p - 0.5 * self.h_K * a * cosine**2 + b * self.h_D * cosine - j * self.torque * local * cosine - thermal
        f2 = self.h_K * sine * cosine - c * self.h_D * sine + (1 - self.model.kappa) * j * self.torque * b * sine
        alpha, Q = self.alpha, self.Q
        mobility = 1 / (1 + alpha**2)
        noise = np.sqrt(2 * alpha * self.theta * mobility * n)
        return mobility * (alpha * (f1 + 0.5 * thermal) - Q * f2), mobility * (Q * f1 + alpha * f2), noise

    def run(self, q: float, phi: float, current: np.ndarray, dt: float, n: int, rng) -> np.ndarray:
        """Final positions [m] of n walls from one start; current at the ends of steps of dt [s], [A/m^2]."""
        x, phi, h = np.full(n, q / self.model.Delta), np.full(n, float(phi)), dt * self.rate
        for j_0, j_1 in itertools.pairwise(current):
            xi = math.sqrt(h) * rng.standard_normal((2, n))
            v_0, r_0, g_0 = self.velocity(x, phi, j_0)
            v_1, r_1, g_1 = self.velocity(x + v_0 * h + g_0 * xi[0], phi + r_0 * h + g_0 * xi[1], j_1)
            on_track = (x > 0) & (x < self.x_end)
            x = np.where(on_track, x + 0.5 * ((v_0 + v_1) * h + (g_0 + g_1) * xi[0]), x)
            phi = np.where(on_track, phi + 0.5 * ((r_0 + r_1) * h + (g_0 + g_1) * xi[1]), phi)
        return x * self.model.Delta
