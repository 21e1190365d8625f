"""Where the noiseless motion of the wall stands still on (q, phi), and whether it is stable there.

The wall stands still where both right-hand sides f1 and f2 of the field equations (`llg.walls.q_phi`) vanish, with or
without an energy. All such points are found: a grid is searched for cells in which both change sign, and Newton's
method goes on from there. Without drive the stable points are the wells of E, the saddles its transition states.

References:
    S. H. Strogatz, Nonlinear Dynamics and Chaos (Perseus 1994), chapters 5 and 6.
"""

import dataclasses

import numpy as np

from dwcore.arguments import checked
from llg.constants import MU_0
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

KINDS = ("stable", "saddle", "unstable")
_Q_STEP = 0.25  # of the search grid, in wall widths
_PHI_STEPS = 120
_FLAT = 1e-7  # forces below this share of sigma_0/(2 mu0 Ms Delta), 1e-4 kB T per wall width, count as none
_ISOLATED = 1e-4  # least ratio of the two rates of an isolated point
_OFF_GRID = 0.3819  # shifts the grid off the symmetric angles and places, so that no root lies on a line of it
_H = 1e-4
_ITERATIONS = 40


@dataclasses.dataclass(frozen=True)
class FixedPoint:
    """One place where the wall stands still.

    Attributes:
        q: position [m].
        phi: angle, from -pi to pi [rad].
        kind: one of `KINDS`.
        rates: eigenvalues of the linearized motion, the one with the largest real part first, shape (2,) complex [1/s].
        directions: their eigenvectors in (q/Delta, phi) as columns, shape (2, 2) complex.
    """

    q: float
    phi: float
    kind: str
    rates: np.ndarray
    directions: np.ndarray


def wrapped(phi, low: float = -np.pi):
    """Return the same angles [rad] between low and low + 2 pi."""
    return low + np.mod(np.asarray(phi) - low, 2 * np.pi)


@checked
def fixed_points(model: QPhiModel, current_density: float = 0.0, field: Field = NO_FIELD) -> list[FixedPoint]:
    """Return all isolated fixed points on the track, from left to right.

    Where the track is so straight that nothing holds the wall along it, fixed points fill lines and are left out.

    Args:
        model: the wall in its device.
        current_density: heavy-metal current density, held [A/m^2].
        field: applied field.
    """
    starts = _candidates(model, current_density, field)
    x, converged = _newton(model, starts, current_density, field)
    length = model.device.track.length / model.Delta
    near = np.abs(x - starts).max(axis=1) < 3 * max(_Q_STEP, 2 * np.pi / _PHI_STEPS)
    x = x[converged & near & (x[:, 0] > 0) & (x[:, 0] < length)]
    points = [classified(model, q * model.Delta, phi, current_density, field) for q, phi in _distinct(x)]
    points = [point for point in points if _isolated(point)]
    return sorted(points, key=lambda point: (round(point.q / model.Delta, 3), point.phi))


def classified(
    model: QPhiModel, q: float, phi: float, current_density: float = 0.0, field: Field = NO_FIELD
) -> FixedPoint:
    """Return the fixed point at q [m] and phi [rad] with the eigenvalues of the motion around it."""
    matrix = _jacobian(model.velocity, model, np.array([[q / model.Delta, phi]]), current_density, field)[0]
    matrix[0] /= model.Delta
    rates, directions = np.linalg.eig(matrix)
    order = np.argsort(-rates.real)
    rates, directions = rates[order].astype(complex), directions[:, order].astype(complex)
    kind = KINDS[int((rates.real > 0).sum())]
    return FixedPoint(float(q), float(wrapped(phi)), kind, rates, directions)


def refined(
    model: QPhiModel, q: float, phi: float, current_density: float = 0.0, field: Field = NO_FIELD
) -> FixedPoint | None:
    """Return the isolated fixed point within a wall width and a radian of q [m] and phi [rad], if there is one."""
    start = np.array([[q / model.Delta, phi]])
    x, converged = _newton(model, start, current_density, field)
    if not converged[0] or np.abs(x - start).max() > 1:
        return None
    point = classified(model, x[0, 0] * model.Delta, x[0, 1], current_density, field)
    return point if _isolated(point) else None


def _isolated(point: FixedPoint) -> bool:
    slowest, fastest = np.sort(np.abs(point.rates))
    return bool(slowest > _ISOLATED * fastest)


def _candidates(model: QPhiModel, current_density: float, field: Field) -> np.ndarray:
    """Return the centres of the grid cells that may hold a fixed point, shape (n, 2), in (q/Delta, phi)."""
    length = model.device.track.length / model.Delta
    n = max(int(np.ceil(length / _Q_STEP)), 8)
    x = (np.arange(n + 2) - _OFF_GRID) * length / n
    phi = (np.arange(_PHI_STEPS + 1) + _OFF_GRID) * 2 * np.pi / _PHI_STEPS - np.pi
    f = np.stack(model.fields(x[:, None] * model.Delta, phi[None, :], current_density, field))
    corners = np.stack([f[:, :-1, :-1], f[:, 1:, :-1], f[:, :-1, 1:], f[:, 1:, 1:]])
    both = ((corners.min(axis=0) <= 0) & (corners.max(axis=0) >= 0)).all(axis=0)
    flat = _FLAT * model.sigma_0 / (2 * MU_0 * model.Ms * model.Delta)
    both &= np.abs(corners[:, 0]).max(axis=0) > flat
    wide = both.copy()  # the curves f1 = 0 and f2 = 0 may cross just beside a cell that both pass through
    for step in (-1, 1):
        wide |= np.roll(both, step, axis=1)
    for step in (-1, 1):
        wide[max(step, 0) : wide.shape[0] + min(step, 0)] |= both[max(-step, 0) : wide.shape[0] - max(step, 0)]
    i, j = np.nonzero(wide)
    return np.stack([0.5 * (x[i] + x[i + 1]), 0.5 * (phi[j] + phi[j + 1])], axis=1)


def _jacobian(function, model: QPhiModel, x: np.ndarray, current_density: float, field: Field) -> np.ndarray:
    """Return derivatives in (q/Delta, phi) of two functions at x, shape (n, 2); central differences, (n, 2, 2)."""
    columns = []
    for step in np.eye(2) * _H:
        ahead, behind = x + step, x - step
        above = function(ahead[:, 0] * model.Delta, ahead[:, 1], current_density, field)
        below = function(behind[:, 0] * model.Delta, behind[:, 1], current_density, field)
        columns.append((np.stack(above, axis=-1) - np.stack(below, axis=-1)) / (2 * _H))
    return np.stack(columns, axis=-1)


def _newton(model: QPhiModel, x: np.ndarray, current_density: float, field: Field) -> tuple[np.ndarray, np.ndarray]:
    """Run Newton's method from each start, shape (n, 2); return where it ends, and whether it converged, shape (n,)."""
    x, step = x.copy(), np.ones_like(x)
    for _ in range(_ITERATIONS):
        f = np.stack(model.fields(x[:, 0] * model.Delta, x[:, 1], current_density, field), axis=-1)
        step = -np.einsum("nij,nj->ni", np.linalg.pinv(_jacobian(model.fields, model, x, current_density, field)), f)
        step = np.clip(step, -_Q_STEP, _Q_STEP)
        x = x + step
        if not x.size or np.abs(step).max() < 1e-10:
            break
    return x, np.abs(step).max(axis=1, initial=0.0) < 1e-7


def _distinct(x: np.ndarray) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    for point in x:
        apart = [np.hypot(point[0] - other[0], wrapped(point[1] - other[1])) for other in found]
        if min(apart, default=1.0) > 1e-3:
            found.append(point)
    return found
