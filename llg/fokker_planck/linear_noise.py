"""A wall that starts at one point, some time later: a Gaussian around the path without noise.

To first order in the noise the deviation from that path is an Ornstein-Uhlenbeck process, with the mean m and the
covariance C of (x, phi), x = q/Delta, from

    dm/dt = v(m),     dC/dt = K C + C K^T + 2 D 1,     K = dv/d(x, phi).

Exact for a harmonic well, good for times in which the spread stays small.

References:
    C. W. Gardiner, Stochastic Methods (Springer 2009), section 7.2 (expansion in small noise).
"""

from collections.abc import Callable

import numpy as np

from llg.constants import K_B
from llg.walls.q_phi import Field, QPhiModel

_STEP = 1e-5


def gaussian(
    model: QPhiModel,
    start: tuple[float, float],
    time: float,
    *,
    temperature: float,
    field: Field,
    current: Callable[[float], float],
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of a wall that was at one point a given time ago.

    Args:
        model: the wall in its device.
        start: q [m] and phi [rad] at time 0.
        time: time since then [s].
        temperature: temperature [K].
        field: constant applied field.
        current: current density [A/m^2] against time [s].

    Returns:
        Mean of (q/Delta, phi), shape (2,), and covariance, shape (2, 2).
    """
    from scipy.integrate import solve_ivp

    unit = np.array([model.Delta, 1.0])

    def rate(t: float, y: np.ndarray) -> np.ndarray:
        J = current(t * time)
        around = y[:2] + _STEP * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
        v = np.stack(model.velocity(*(around * unit).T, J, field), axis=1) / unit
        K = np.stack([v[1] - v[2], v[3] - v[4]], axis=1) / (2 * _STEP)
        C = y[2:].reshape(2, 2)
        diffusion = K_B * temperature * model.alpha / ((1 + model.alpha**2) * model.friction(y[0] * model.Delta))
        growth = K @ C + C @ K.T + 2 * float(diffusion) * np.eye(2)
        return time * np.concatenate([v[0], growth.ravel()])

    first = np.concatenate([np.array(start) / unit, np.zeros(4)])
    y = solve_ivp(rate, (0.0, 1.0), first, rtol=1e-8, atol=1e-12).y[:, -1]
    return y[:2], y[2:].reshape(2, 2)
