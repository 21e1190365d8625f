"""Escape rate over a high barrier with its dynamic prefactor (Kramers and Langer).

    rate = (lambda_+/2 pi) sqrt(det H_well/|det H_saddle|) exp(-(E_saddle - E_well)/kB T)

lambda_+ is the growth rate of the unstable mode of the noiseless motion dx/dt = -G grad E linearized at the saddle,
G = (N M)^-1, and H the Hessian of E in x = (q/Delta, phi).

Valid for barriers of several kB T and damping not so weak that energy diffusion limits the rate
(alpha times the barrier well above kB T).

References:
    J. S. Langer, Ann. Phys. (N.Y.) 54, 258 (1969).
    P. Hanggi, P. Talkner, M. Borkovec, Rev. Mod. Phys. 62, 251 (1990), section IV.
"""

import math

import numpy as np

from .constants import K_B
from .q_phi import QPhiModel

_H = 1e-3


def hessian(model: QPhiModel, q: float, phi: float) -> np.ndarray:
    """Second derivatives of E in (q/Delta, phi) [J], shape (2, 2), by central differences."""
    x, Delta = np.array([q / model.Delta, phi]), model.Delta
    offsets = _H * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1], [1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]])
    points = x + offsets
    pp, pm, mp, mm, px, mx, py, my, zero = model.energy(points[:, 0] * Delta, points[:, 1])
    cross = (pp - pm - mp + mm) / (4 * _H**2)
    return np.array([[(px + mx - 2 * zero) / _H**2, cross], [cross, (py + my - 2 * zero) / _H**2]])


def escape_rate(model: QPhiModel, well: tuple[float, float], saddle: tuple[float, float], temperature: float) -> float:
    """Escape rate [1/s] from a well over one saddle.

    Args:
        model: the wall in its device.
        well: q [m] and phi [rad] of the bottom.
        saddle: q [m] and phi [rad] of the saddle.
        temperature: temperature [K].

    Returns:
        The rate; nan where the point given as saddle is not one.
    """
    H_well, H_saddle = hessian(model, *well), hessian(model, *saddle)
    determinant = np.linalg.det(H_saddle)
    if determinant >= 0 or np.linalg.det(H_well) <= 0:
        return math.nan
    alpha, Q = model.alpha, model.Q
    mobility = np.linalg.inv(np.array([[alpha, Q], [-Q, alpha]])) / float(model.friction(saddle[0]))
    growth = np.linalg.eigvals(-mobility @ H_saddle).real.max()
    barrier = float(model.energy(*saddle) - model.energy(*well))
    prefactor = growth / (2 * math.pi) * math.sqrt(np.linalg.det(H_well) / -determinant)
    return prefactor * math.exp(-barrier / (K_B * temperature))
