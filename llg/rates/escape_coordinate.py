"""How far an escape from a well has come: the coordinate of flux sampling, and the cores of the wells.

A wall counts as being in a well once its energy is within `CORE_KT` of the bottom (less for shallow wells), between
the saddles: it has lost the energy of the escape, however often it swung back over the saddle before.

Progress is the height of the saddle less the work that noise must still do. With X = +-sqrt(2 V(q)/kB T), V(q) the
energy at the best angle, and Y = +-sqrt(2 (E - V)/kB T), the wall moves near the bottom as dz = -A z dt + noise,
z = (X, Y), with a stationary law of unit covariance; to be at X_s, the saddle, a time t later costs

    (X_s - m(t))^2/(2 v(t)),   m = (exp(-A t) z)_X,   v = 1 - |row X of exp(-A t)|^2,

in kB T, and the least of it over t is the work left. It is the exact exponent of the probability to escape in a
harmonic well for any damping: a swinging wall is judged by its energy and phase, an overdamped one by its place.
Elsewhere it is a guess, which decides how much work a rate takes, not its value.

A lightly damped wall on the other side of the well has to pass the bottom first. Without noise, its angle held by
kappa, it loses

    dE/dx = alpha sqrt(2 kappa (E - V)),      x in wall widths, E in kB T,

on its way there, and passes with no more energy than the angle can hold: beyond that it turns around and stays where it
is. Its progress is that at the bottom, where the harmonic well promises more.

Over a flat top, on an even track between notches far apart, no work is left and yet few walls get across: a wall that
diffuses gets on before it falls back with a probability of one over the way that it has behind it. So

    ln(1 + integral of exp[(V(q) - V_saddle)/kB T] dq/Delta)   from the bottom of the well to where the wall is

is added, which is nothing below the top.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import scipy

from llg.constants import K_B
from llg.landscape.wells import Well
from llg.rates.thermal_grid import ThermalGrid, hessian
from llg.walls.q_phi import QPhiModel

CORE_KT = 1.0
"""A wall within this energy of the bottom of its well is in its core."""
_CORE_OF_BARRIER = 0.25
_LEAST_STIFFNESS = 0.05
_HORIZON = 4.0  # slowest relaxation times that the work left looks ahead
_STEP, _GROWTH = 0.3, 0.05  # its steps, in the fastest relaxation time or as a share of the time
_LIGHT = 5.0  # angular frequency over damping rate of a swing from which walls hang on the slope of the other side
_LEVELS = 400  # of the energy of walls on their way back


@dataclasses.dataclass(frozen=True)
class Place:
    """Landscape at one temperature on a grid of positions and angles, as `llg.rates.flux_kernel.observe` takes it.

    Attributes:
        inverse_step: grid points per wall width [1].
        energy: energy above the bottom of the well, angles from 0 to 2 pi, shape (n, m + 1) [kB T].
        progress: coordinate of the escape, shape (n, m + 1) [kB T].
        core: energy below which the wall is in the core of the well there, shape (n,) [kB T].
        owner: well between whose saddles each position lies, -1 for none, shape (n,).
    """

    inverse_step: float
    energy: np.ndarray
    progress: np.ndarray
    core: np.ndarray
    owner: np.ndarray


@dataclasses.dataclass(frozen=True)
class Motion:
    """Linear motion at the bottom of a well.

    Attributes:
        matrix: A of dz/dt = -A z with z = (X, Y), shape (2, 2) [1/s].
        frequency: undamped angular frequency [rad/s].
        damping: rate at which the energy of a swing decays [1/s].
        slowest: slowest relaxation rate [1/s].
    """

    matrix: np.ndarray
    frequency: float
    damping: float
    slowest: float


def motion_in_well(model: QPhiModel, well: Well) -> Motion:
    """Return the frequency and damping of the wall at the bottom of a well."""
    H = hessian(model, well.q, well.phi)
    H[1, 1] = max(H[1, 1], _LEAST_STIFFNESS * H[0, 0])  # an angle that nothing holds
    alpha, Q = model.alpha, model.Q
    motion = np.linalg.inv(np.array([[alpha, Q], [-Q, alpha]])) @ H / float(model.friction(well.q))
    along, across = math.sqrt(np.linalg.det(H) / H[1, 1]), math.sqrt(H[1, 1])
    scale = np.array([[along, 0.0], [across * H[0, 1] / H[1, 1], across]])
    matrix = scale @ motion @ np.linalg.inv(scale)
    slowest = float(np.linalg.eigvals(matrix).real.min())
    return Motion(matrix, float(np.sqrt(np.linalg.det(matrix))), float(np.trace(matrix)), slowest)


def core_energies(wells: list[Well], temperature: float) -> np.ndarray:
    """Return the energy below which a wall between the saddles of each well is in its core, shape (S,) [J]."""
    depth = [min(CORE_KT * K_B * temperature, _CORE_OF_BARRIER * min(w.barrier_left, w.barrier_right)) for w in wells]
    return np.array([w.energy for w in wells]) + depth


def place_of(
    model: QPhiModel, wells: list[Well], grid: ThermalGrid, home: int, direction: int, temperature: float
) -> Place:
    """Return the landscape with the progress from well `home` towards the right (direction 1) or the left (-1)."""
    kT, well, q = K_B * temperature, wells[home], grid.q
    energy = grid.energy - (well.energy - grid.reference) / kT
    core = np.where(grid.owner >= 0, (core_energies(wells, temperature)[grid.owner] - well.energy) / kT, -np.inf)
    along = np.sign(q - well.q) * direction
    valley = energy.min(axis=1)
    X = along * np.sqrt(2 * np.maximum(valley, 0.0))
    Y = _sign_of_angle(energy) * np.sqrt(2 * (energy - valley[:, None]))
    other, saddle = (barrier / kT for barrier in (well.barrier_left, well.barrier_right)[::direction])
    beyond = (q - (well.right_edge if direction > 0 else well.left_edge)) * direction > 0
    swing = motion_in_well(model, well)
    matrix = swing.matrix * np.array([[1.0, direction], [direction, 1.0]])

    def height(X, Y):
        return saddle - _work_left(matrix, math.sqrt(2 * saddle), X, Y)

    progress = height(X[:, None], Y)
    away = np.flatnonzero(along < 0)[::-direction]
    if swing.frequency > _LIGHT * swing.damping:
        progress[away] = np.minimum(progress[away], _way_back(model.alpha, grid, energy[away], height))
    progress[away] = np.minimum(progress[away], other)  # beyond, it escapes to the other side
    order = slice(None, None, direction)
    fallen = np.maximum.accumulate(np.where(beyond, saddle - valley, 0.0)[order])[order]
    progress[beyond] = (saddle + fallen)[beyond, None]
    crossed = (
        np.cumsum(np.where(along > 0, np.exp(np.minimum(valley - saddle, 0.0)), 0.0)[order])[order] / grid.inverse_step
    )
    progress += np.log1p(crossed)[:, None]
    return Place(grid.inverse_step, energy, progress, core, grid.owner)


def _way_back(alpha: float, grid: ThermalGrid, energy: np.ndarray, height: Callable) -> np.ndarray:
    """Return the progress with which walls on the other side of the well pass its bottom, shape (n, m + 1) [kB T].

    Args:
        alpha: damping [1].
        grid: of places and angles.
        energy: above the bottom, at places from there outwards, shape (n, m + 1) [kB T].
        height: progress of a wall with X and Y in the harmonic well.
    """
    levels = np.linspace(0.0, math.sqrt(energy.max(initial=0.0)), _LEVELS) ** 2
    progress = np.maximum(*(height(0.0, sign * np.sqrt(2 * levels)) for sign in (-1, 1)))
    angles, found = energy[:, :-1], np.empty(energy.shape)
    curvature = np.roll(angles, 1, axis=1) - 2 * angles + np.roll(angles, -1, axis=1)
    held = (
        np.maximum(np.take_along_axis(curvature, angles.argmin(axis=1)[:, None], axis=1)[:, 0], 0.0) / grid.phi[1] ** 2
    )
    for i, here in enumerate(energy):
        lost = alpha / grid.inverse_step * np.sqrt(2 * held[i] * np.maximum(levels - here.min(), 0.0))
        progress = np.interp(np.clip(levels - lost, 0.0, here.max()), levels, progress)
        found[i] = np.interp(here, levels, progress)
    return found


def _sign_of_angle(energy: np.ndarray) -> np.ndarray:
    """Return sign of the angle's deviation from the nearest valley in angle: that of dE/dphi on the way up from it."""
    slope = np.roll(energy[:, :-1], -1, axis=1) - np.roll(energy[:, :-1], 1, axis=1)
    return np.sign(np.column_stack([slope, slope[:, 0]]))


def _work_left(matrix: np.ndarray, target: float, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return the least work [kB T] of noise to be at X = target later; none where the wall gets there by itself."""
    rates = np.linalg.eigvals(matrix)
    work, reached = np.full(Y.shape, 0.5 * target**2), np.zeros(Y.shape, bool)
    time, last = 0.0, _HORIZON / rates.real.min()
    while time < last:
        time += max(_STEP / np.abs(rates).max(), _GROWTH * time)
        row = scipy.linalg.expm(-matrix * time)[0]
        mean = row[0] * X + row[1] * Y
        work = np.minimum(work, (target - mean) ** 2 / (2 * (1 - row @ row)))
        reached |= mean > target
    return np.where(reached, 0.0, work)
