"""Escape rates over high barriers with their dynamic prefactor (Kramers and Langer), on (q, phi).

    rate of a well over one saddle = lambda_+/(2 pi) * 2 pi kB T/sqrt|det H| * exp(-E_saddle/kB T)/Z

lambda_+ is the growth rate of the unstable mode of the noiseless motion at the saddle, H the Hessian of E there in x =
(q/Delta, phi), and Z = integral of exp(-E/kB T) dx over the whole well. With Z of the harmonic well and the curvature
of E at the saddle this is Langer's formula. Both are exact integrals here, for notches far apart leave a barrier that
is flat over many wall widths: with the free energy A(q) = -kB T ln integral exp(-E/kB T) dphi,

    L = integral of exp([A(q) - A_top]/kB T) [N(q)/N_top] dq/Delta   from the bottom of the well to the end of the way,

the curvature along q is -2 pi kB T/L^2, that of the parabola with the same L. Where the wall creeps over the barrier
(lambda_+ small against the relaxation of phi) the rate is then that of diffusion in A(q), exactly (H. A. Kramers,
Physica 7, 284 (1940)); where it flies over, the curvature cancels. Rates over equivalent saddles add; wells at several
angles of one place count as one.

Weak damping is corrected by `llg.rates.turnover`.

References:
    J. S. Langer, Ann. Phys. (N.Y.) 54, 258 (1969).
    P. Hanggi, P. Talkner, M. Borkovec, Rev. Mod. Phys. 62, 251 (1990), sections IV and VII.
"""

import dataclasses
import math

import numpy as np

from dwcore.errors import RunError
from llg.constants import K_B
from llg.landscape.wells import Well
from llg.rates.thermal_grid import ThermalGrid, hessian
from llg.walls.q_phi import QPhiModel

LEAST_HOLD = 6.0
"""Energy [kB T] that it must take to turn the wall around at a saddle: the formula takes its angle as held."""
NEGLIGIBLE = 30.0
"""A way out of a well this much above another one [kB T] counts as closed."""
_HIGHEST = 10.0
"""Saddles this much above the lowest between the same wells do not count [kB T]."""
_NEWTON = 20


@dataclasses.dataclass(frozen=True)
class Saddle:
    """Where the wall crosses from one well to the next at one angle.

    Attributes:
        q: position [m].
        phi: angle [rad].
        energy: E there [J].
        hessian: second derivatives of E in (q/Delta, phi), the first for a parabola of the same L, shape (2, 2) [J].
        growth: lambda_+ [1/s].
    """

    q: float
    phi: float
    energy: float
    hessian: np.ndarray
    growth: float


@dataclasses.dataclass(frozen=True)
class Passage:
    """All saddles between two neighbouring wells, or between the last well and the end of the track.

    Attributes:
        left: well on the left, -1 for the left end of the track.
        right: well on the right, S for the right end.
        saddles: the saddles that count.
        energy: that of the lowest [J].
        weight: sum of lambda_+ kB T/sqrt|det H| exp(-(E_saddle - energy)/kB T) [1/s].
    """

    left: int
    right: int
    saddles: tuple[Saddle, ...]
    energy: float
    weight: float

    def rate(self, free_energy: float, reference: float, temperature: float) -> float:
        """Return the escape rate [1/s] from a well of this free energy over `reference` [kB T]."""
        return self.weight * math.exp(free_energy - (self.energy - reference) / (K_B * temperature))


def free_energy(grid: ThermalGrid, well: int) -> float:
    """Return minus the logarithm of the integral of exp(-(E - reference)/kB T) over q/Delta and phi, over a well.

    The integral itself underflows in a shallow well hundreds of kB T above the deepest one.
    """
    energy = grid.energy[grid.owner == well, :-1]
    lowest = float(energy.min())
    return lowest - math.log(float(np.exp(lowest - energy).sum()) * grid.cell)


def passages(model: QPhiModel, wells: list[Well], grid: ThermalGrid, temperature: float) -> list[Passage]:
    """Return the ways between neighbouring wells and off the track, from left to right.

    Raises:
        RunError: nothing holds the angle of the wall between two wells.
    """
    places = [grid.q[0], *(well.q for well in wells), grid.q[-1]]
    first, last, far = wells[0], wells[-1], NEGLIGIBLE * K_B * temperature
    begin = 0 if first.barrier_left > first.barrier_right + far else -1
    stop = len(wells) - (last.barrier_right > last.barrier_left + far)
    return [_passage(model, grid, i, places[i + 1], places[i + 2], temperature) for i in range(begin, stop)]


def _passage(model: QPhiModel, grid: ThermalGrid, left: int, start: float, end: float, temperature: float) -> Passage:
    """Return the way over the highest free energy between two places [m]."""
    kT = K_B * temperature
    on_way = (grid.q >= start) & (grid.q <= end)
    q, E = grid.q[on_way], grid.energy[on_way, :-1]
    lowest = E.min(axis=1)
    A = lowest - np.log(np.exp(lowest[:, None] - E).sum(axis=1) * grid.phi[1])
    q_top, A_top = _top(q, A)
    friction = model.friction(q) / float(model.friction(q_top))
    length = float(np.trapezoid(np.exp(A - A_top) * friction, q)) / model.Delta
    angles = _angles(model, q_top, E[np.argmin(np.abs(q - q_top))], grid.phi[:-1])
    energies = model.energy(q_top, angles)
    _check_hold(model, q_top, float(energies.min()), kT)
    saddles = [
        _saddle(model, q_top, phi, length, kT)
        for phi, energy in zip(angles, energies, strict=True)
        if energy - energies.min() < _HIGHEST * kT
    ]
    base = min(saddle.energy for saddle in saddles)
    weights = [
        s.growth * kT / math.sqrt(-np.linalg.det(s.hessian)) * math.exp(-(s.energy - base) / kT) for s in saddles
    ]
    return Passage(left, left + 1, tuple(saddles), base, sum(weights))


def _top(q: np.ndarray, A: np.ndarray) -> tuple[float, float]:
    """Return the place [m] and value of the largest A, between the points of the grid where it is not at an end."""
    i = int(np.argmax(A))
    if not 0 < i < q.size - 1:
        return float(q[i]), float(A[i])
    low, here, high = A[i - 1 : i + 2]
    bend = low + high - 2 * here
    shift = 0.5 * (low - high) / bend if bend < 0 else 0.0
    return float(q[i] + shift * (q[1] - q[0])), float(here - 0.25 * (low - high) * shift)


def _angles(model: QPhiModel, q: float, energy: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Return the angles of least E at one place, from values on a circle of angles, by Newton's method [rad]."""
    angles = phi[(energy <= np.roll(energy, 1)) & (energy < np.roll(energy, -1))]
    for _ in range(_NEWTON):
        h = 1e-4
        below, here, above = (model.fields(q, angles + shift)[1] for shift in (-h, 0.0, h))
        slope = (above - below) / (2 * h)  # f2 is minus the derivative of E
        angles = angles + np.where(slope < 0, np.clip(-here / np.where(slope < 0, slope, 1.0), -0.1, 0.1), 0.0)
    return np.arctan2(np.sin(angles), np.cos(angles))


def _check_hold(model: QPhiModel, q: float, energy: float, kT: float):
    hold = float(model.energy(q, np.linspace(0, 2 * np.pi, 181)).max() - energy) / kT
    if hold < LEAST_HOLD:
        raise RunError(
            f"the angle of the wall is held by {hold:.2g} kB T at the saddle at {q:g} m, must be >= "
            f"{LEAST_HOLD:g} for Langer's rate; sample the flux instead (method flux)"
        )


def _saddle(model: QPhiModel, q: float, phi: float, length: float, kT: float) -> Saddle:
    H = hessian(model, q, phi)
    H[0, 0] = H[0, 1] ** 2 / H[1, 1] - 2 * math.pi * kT / length**2
    drag = float(model.friction(q)) * np.array([[model.alpha, model.Q], [-model.Q, model.alpha]])
    growth = float(np.linalg.eigvals(-np.linalg.solve(drag, H)).real.max())
    return Saddle(q, float(phi), float(model.energy(q, phi)), H, growth)
