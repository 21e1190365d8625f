"""Time evolution of the probability density of the wall under one current waveform.

Classical Runge-Kutta steps of fourth order, as long as stability allows, on the cells that hold probability: all
within `MARGIN` cells of one above `FLOOR` times the largest. The set of cells is renewed every `STEPS_PER_SET` steps.
Faces to cells outside are closed, so that the sum over the cells and what has left over the ends of the track is
conserved. Fluxes of fourth order leave tiny negative values in the far tails; with each renewal these are cut and the
rest is scaled to the same sum. `Density.mended` adds up how much that was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import scipy

from llg.device.pulse import Waveform
from llg.fokker_planck.operator import Operator

FLOOR = 1e-13
MARGIN = 12
STEPS_PER_SET = 24
STABLE = 2.5
"""Step times the largest column sum of the operator; the method is stable up to 2.78."""
_SLACK = 6  # further cells taken along, so that the set need not change each time


@dataclasses.dataclass(frozen=True)
class Density:
    """Where the wall is.

    Attributes:
        p: probability of each cell, >= 0, shape (n_q, n_phi) [1].
        left: probability of having left over the left and the right end, shape (2,) [1].
        mended: sum of the negative values cut and of the values dropped as too small [1].
        dt: smallest time step used [s].
    """

    p: np.ndarray
    left: np.ndarray
    mended: float
    dt: float


def evolve(
    operator: Operator,
    p: np.ndarray,
    waveform: Waveform,
    current_density: float = 0.0,
    *,
    begin: float = 0.0,
    progress: Callable[[float], None] = lambda seconds: None,
) -> Density:
    """Evolve a density from `begin` to the end of a waveform.

    Args:
        operator: the Fokker-Planck operator.
        p: probability of each cell at `begin`, >= 0, shape (n_q, n_phi) [1].
        waveform: shape of the current in time.
        current_density: amplitude [A/m^2].
        begin: time to start at [s].
        progress: called with the time that has just been covered [s].
    """
    run = _Run(operator, p)
    for duration, J_0, J_1 in _stretches(waveform, current_density, begin):
        done = 0.0
        while duration - done > 1e-9 * duration:
            fractions = np.array([done, duration]) / duration
            covered = run.advance(duration - done, *(J_0 + (J_1 - J_0) * fractions))
            done += covered
            progress(covered)
    return Density(run.p, run.left, run.mended, run.dt)


def _stretches(waveform: Waveform, J: float, begin: float) -> Iterator[tuple[float, float, float]]:
    """Return the duration [s], first and last current density [A/m^2] of each linear stretch from `begin` on."""
    for i in range(waveform.time.size - 1):
        t_0, t_1 = max(waveform.time[i], begin), waveform.time[i + 1]
        if t_1 > t_0:
            slope = (waveform.value[i + 1] - waveform.value[i]) / (t_1 - waveform.time[i])
            first, last = waveform.value[i + 1] - slope * np.array([t_1 - t_0, 0.0])
            yield t_1 - t_0, J * first, J * last


class _Run:
    """A density on its way, with the matrices of the cells that hold it."""

    def __init__(self, operator: Operator, p: np.ndarray):
        self.operator, self.p = operator, p
        self.left, self.mended, self.dt = np.zeros(2), 0.0, np.inf
        self.cells = np.zeros(p.shape, bool)
        self.key: tuple[float, float] | None = None
        self.matrices: tuple[scipy.sparse.csr_matrix, scipy.sparse.csr_matrix | None]

    def advance(self, duration: float, J_0: float, J_1: float) -> float:
        """Advance by at most `duration` [s], over which the current goes from J_0 to J_1; return the time covered."""
        if self.p.sum() < FLOOR:
            return duration
        constant, per_J = self._matrices(J_0, J_1)
        norm = _norm(constant) if per_J is None else max(_norm(constant + J * per_J) for J in (J_0, J_1))
        steps = int(np.ceil(duration * norm / STABLE))
        dt, count = duration / steps, min(steps, STEPS_PER_SET)
        y = np.concatenate([self.p[self.cells], self.left])
        for step in range(count):
            J = J_0 + (J_1 - J_0) * (step + np.array([0.0, 0.5, 1.0])) / steps
            y = _runge_kutta(constant, per_J, y, dt, J)
        self.dt = min(self.dt, dt)
        self._keep(y)
        return dt * count

    def _matrices(self, J_0: float, J_1: float) -> tuple[scipy.sparse.csr_matrix, scipy.sparse.csr_matrix | None]:
        """Return the operator on occupied cells and both ends: constant part, and part per current if that changes."""
        occupied = self.p > FLOOR * self.p.max()
        needed = _around(occupied, MARGIN)
        if np.any(needed & ~self.cells) or self.cells.sum() > 2 * needed.sum():
            self.cells, self.key = _around(occupied, MARGIN + _SLACK), None
        if self.key != (J_0, J_1):
            operator, index, J = self.operator, np.flatnonzero(self.cells), 0.5 * (J_0 + J_1)
            base = (operator.at_rest if J_0 == J_1 == 0 else operator.driven)[index][:, index]
            torque = operator.torque[index][:, index]
            escape = np.zeros((2, *self.p.shape))
            escape[[0, 1], [0, -1]] = operator.escape(J)
            escape = escape[:, self.cells]
            if J_0 == J_1:
                self.matrices = _closed(base + J * torque, escape), None
            else:
                self.matrices = _closed(base, escape), _closed(torque, 0 * escape)
            self.key = J_0, J_1
        return self.matrices

    def _keep(self, y: np.ndarray):
        """Store the values of the cells, cut where negative and scaled so that all still adds up to the same."""
        goal = float(y[:-2].sum() + self.p[~self.cells].sum())
        p = np.maximum(y[:-2], 0.0)
        self.mended += abs(float(p.sum()) - goal)
        self.left = y[-2:]
        self.p = np.zeros_like(self.p)
        self.p[self.cells] = p * (goal / p.sum())


def _around(occupied: np.ndarray, margin: int) -> np.ndarray:
    return scipy.ndimage.maximum_filter(occupied, size=2 * margin + 1, mode=("constant", "wrap"))


def _closed(matrix: scipy.sparse.csr_matrix, escape: np.ndarray) -> scipy.sparse.csr_matrix:
    """Extend by the two ends and let each column add up to zero: what would go elsewhere stays where it is."""
    cells = matrix.shape[0]
    surplus = np.asarray(matrix.sum(axis=0)).ravel() + escape.sum(axis=0)
    inner = scipy.sparse.vstack([matrix - scipy.sparse.diags(surplus), scipy.sparse.csr_matrix(escape)])
    return scipy.sparse.hstack([inner, scipy.sparse.csr_matrix((cells + 2, 2))], format="csr")


def _norm(matrix: scipy.sparse.csr_matrix) -> float:
    return float(abs(matrix).sum(axis=0).max())


def _runge_kutta(constant, per_J, y: np.ndarray, dt: float, J: np.ndarray) -> np.ndarray:
    """Return one step of the classical method; J at its beginning, middle and end [A/m^2]."""

    def rate(y: np.ndarray, J: float) -> np.ndarray:
        return constant @ y if per_J is None else constant @ y + J * (per_J @ y)

    k_1 = rate(y, J[0])
    k_2 = rate(y + 0.5 * dt * k_1, J[1])
    k_3 = rate(y + 0.5 * dt * k_2, J[1])
    k_4 = rate(y + dt * k_3, J[2])
    return y + dt / 6 * (k_1 + 2 * (k_2 + k_3) + k_4)
