"""Closed forms of the motion of a rigid wall on a straight track, without noise.

Signs as in docs/theory-llg.md; the tests hold each formula against the equations of motion, integrated in time. On a
straight track nothing depends on q, so that the angle alone decides: it runs to the first angle at which it may stand
still, or turns for ever. `straight_track_velocity` makes use of that for any mixture of drives.

References:
    [1] N. L. Schryer, L. R. Walker, J. Appl. Phys. 45, 5406 (1974).
    [2] A. Thiaville, Y. Nakatani, J. Miltat, Y. Suzuki, Europhys. Lett. 69, 990 (2005).
    [3] A. Thiaville, S. Rohart, E. Jue, V. Cros, A. Fert, EPL 100, 57002 (2012).
    [4] A. Mougin, M. Cormier, J. P. Adam, P. J. Metaxas, J. Ferre, Europhys. Lett. 78, 57007 (2007).
"""

import numpy as np

from llg.constants import GAMMA_0
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

_HALF_PI = np.pi / 2
_ANGLES = 2 * np.pi * np.arange(8) / 8  # the rate of the angle has harmonics up to the second
_ON_CIRCLE = 1e-7
_NOISE = 1e-13
_ACCURACY = 40.0
_NUDGE = 1e-4  # [rad]
_NEWTON = 8


def walker_field(alpha: float, H_K: float, H_D: float = 0.0) -> float:
    """Return the largest H_z [A/m] at which the wall angle can stand still: alpha |H_K|/2 for H_D = 0 [1].

    With the chiral field it is alpha times the largest value of (H_K/2) sin 2 phi - (pi/2) H_D sin phi, thus
    (pi/2) alpha |H_D| for |H_D| >> |H_K| [3].

    Args:
        alpha: Gilbert damping [1].
        H_K: in-plane shape field of the wall [A/m].
        H_D: chiral field [A/m].
    """
    b = _HALF_PI * H_D
    if H_K == 0:
        return alpha * abs(b)
    root = np.sqrt(b**2 + 8 * H_K**2)
    cosine = np.array([b + root, b - root]) / (4 * H_K)
    cosine = cosine[np.abs(cosine) <= 1]
    return float(alpha * np.max(np.sqrt(1 - cosine**2) * np.abs(H_K * cosine - b)))


def field_velocity(H_z, *, Q: float, Delta: float, alpha: float, walker: float):
    """Return the mean velocity [m/s] in a perpendicular field, below and above the Walker field [1, 4].

    v = Q gamma0 Delta H_z/alpha below, Q (gamma0 Delta/alpha) [H_z - sgn(H_z) sqrt(H_z^2 - H_W^2)/(1 + alpha^2)] above.
    Exact where either H_K or H_D vanishes.

    Args:
        H_z: field, any shape [A/m].
        Q: +1 for up on the left [1].
        Delta: wall width parameter [m].
        alpha: Gilbert damping [1].
        walker: Walker field [A/m].
    """
    slip = np.sign(H_z) * np.sqrt(np.maximum(np.square(H_z) - walker**2, 0.0))
    return Q * GAMMA_0 * Delta / alpha * (H_z - slip / (1 + alpha**2))


def walker_drift(*, Delta: float, alpha: float, beta: float, H_K: float) -> float:
    """Return u_W = gamma0 Delta |H_K|/(2 |1 - beta/alpha|) [m/s], beyond which spin transfer turns the wall [2].

    Infinity for beta = alpha. Without DMI.
    """
    return np.inf if alpha == beta else GAMMA_0 * Delta * abs(H_K) / (2 * abs(1 - beta / alpha))


def spin_transfer_velocity(u, *, Delta: float, alpha: float, beta: float, H_K: float):
    """Return mean velocity [m/s] under spin-transfer torque without DMI: beta u/alpha up to u_W, breakdown above [2].

    Args:
        u: spin drift velocity along +x, any shape [m/s].
        Delta: wall width parameter [m].
        alpha: Gilbert damping [1].
        beta: non-adiabaticity [1].
        H_K: in-plane shape field of the wall [A/m].
    """
    most = walker_drift(Delta=Delta, alpha=alpha, beta=beta, H_K=H_K)
    slip = np.sign(u) * np.sqrt(np.maximum(np.square(u) - np.square(most), 0.0))
    return beta * np.asarray(u) / alpha + (alpha - beta) / (alpha * (1 + alpha**2)) * slip


def spin_hall_velocity(H_DL, *, Delta: float, alpha: float, H_D: float):
    """Return the velocity [m/s] under the damping-like torque for H_K << H_D [3].

    |v| = (pi/2) gamma0 Delta |H_D|/sqrt(1 + (alpha H_D/H_DL)^2), along +x for H_DL H_D < 0, that is theta_SH J D > 0.

    Args:
        H_DL: effective field hbar theta_SH J/(2 e mu0 Ms t), any shape [A/m].
        Delta: wall width parameter [m].
        alpha: Gilbert damping [1].
        H_D: chiral field -D/(mu0 Ms Delta) [A/m].
    """
    if H_D == 0:
        return np.zeros_like(np.asarray(H_DL, float))
    return -_HALF_PI * GAMMA_0 * Delta * H_D * H_DL / np.hypot(H_DL, alpha * H_D)


def rest_angle(model: QPhiModel, field: Field = NO_FIELD) -> float:
    """Return the angle [rad] at rest in the middle of the track without current; one where several are equal.

    Args:
        model: the wall in its device.
        field: applied field; H_z does not matter.
    """
    q = 0.5 * model.device.track.length
    angles = np.linspace(-np.pi, np.pi, 181)
    phi = float(angles[np.argmin(np.round(model.energy(q, angles, field) / abs(model.energy(q, 0.0)), 12))])
    for _ in range(_NEWTON):
        f2 = model.fields(q, phi + np.array([-_NUDGE, 0.0, _NUDGE]), 0.0, field)[1]
        slope = float(f2[2] - f2[0]) / (2 * _NUDGE)
        phi -= float(f2[1]) / slope if slope < 0 else 0.0
    return phi


def straight_track_velocity(
    model: QPhiModel, current_density, field: Field = NO_FIELD
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean velocity that the wall settles to from rest, for any drive, and whether it turns.

    Args:
        model: the wall on a straight track.
        current_density: heavy-metal current densities, shape (n,) [A/m^2].
        field: applied field; its in-plane part is there before the rest.

    Returns:
        Velocity, shape (n,) [m/s]; the angle turns for ever, shape (n,), bool.
    """
    q, start = 0.5 * model.device.track.length, rest_angle(model, field)
    results = [_settled(model, q, start, J, field) for J in np.atleast_1d(current_density)]
    velocity, turns = zip(*results, strict=True)
    return np.array(velocity), np.array(turns)


def _settled(model: QPhiModel, q: float, start: float, current_density: float, field: Field) -> tuple[float, bool]:
    harmonics = np.fft.fft(model.velocity(q, _ANGLES, current_density, field)[1]) / _ANGLES.size
    scale = np.abs(harmonics).max()
    harmonics[np.abs(harmonics) < _NOISE * scale] = 0.0
    # The rate of the angle is the sum of harmonics[k] z^k for k = -2 to 2 with z = exp(i phi).
    z = np.roots(harmonics[[2, 1, 0, -1, -2]])
    distance = np.abs(np.log(np.abs(z[z != 0])))
    still = np.angle(z[z != 0][distance < _ON_CIRCLE])
    if scale == 0 or still.size:
        phi = _first(model, q, start, still, current_density, field) if scale else start
        return float(model.velocity(q, phi, current_density, field)[0]), False
    points = np.clip(_ACCURACY / distance.min(initial=1.0), 256, 2**20)  # the sum converges as exp(-points distance)
    v, rate = model.velocity(q, np.linspace(0, 2 * np.pi, int(points), endpoint=False), current_density, field)
    return float(np.sum(v / rate) / np.sum(1 / rate)), True


def _first(model: QPhiModel, q: float, start: float, still: np.ndarray, current_density: float, field: Field) -> float:
    """Return the first of the angles at which the wall stands still on its way from the start [rad]."""
    beside = model.velocity(q, start + np.array([-_NUDGE, 0.0, _NUDGE]), current_density, field)[1]
    if abs(beside[1]) < 1e-3 * np.abs(beside[[0, 2]]).min():  # it stands still from the start
        if beside[2] < 0:
            return start
        beside, start = beside[2:], start + _NUDGE  # any disturbance takes the wall away
    sign = np.sign(beside[len(beside) // 2])
    return start + sign * float(np.mod(sign * (still - start), 2 * np.pi).min())
