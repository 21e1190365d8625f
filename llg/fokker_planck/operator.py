"""The Fokker-Planck operator of the wall on a grid of (q, phi): sparse matrices that act on the cell probabilities.

With x = q/Delta, the Ito drift b = G (-grad E + torques) + kB T div G and the diffusion constant D = kB T alpha g,
g = 1/[N (1 + alpha^2)], the same for x and phi, the density obeys

    dp/dt = -div F,     F = b p - grad(D p),

with fluxes of fourth order at the faces (`line`). The current enters linearly: drift and operator are a
constant part plus J times another.

Faces. The flux f at a face is reconstructed so that its difference over a cell is the derivative of f at the centre of
the cell to fourth order (conservative finite differences): with f_k the values left and right of the face,

    f    = [7 (f_-1 + f_1) - (f_-2 + f_2)]/12
    f' h = [15 (f_1 - f_-1) - (f_2 - f_-2)]/12

On a line with two ends the outer faces carry nothing, and the faces next to them use two cells, to second order.

Law at rest. The stationary flux of exp(-E/kB T) has no dissipative part; its gyrotropic part is the curl of
psi = D exp(-E/kB T)/alpha. Derivatives of the grid commute, so the curl on the grid has no divergence on the grid.
What the fluxes of exp(-E/kB T) miss of that curl is a small drift beta at each face, of fourth order in the cell
size. Taking it away makes exp(-E/kB T) stationary to rounding. Far up the slopes, where the law at rest changes so
much from cell to cell that beta is no small correction, it is left out.

References:
    C.-W. Shu, S. Osher, J. Comput. Phys. 77, 439 (1988): fluxes whose differences are derivatives.
    H. Risken, The Fokker-Planck Equation (Springer 1989), chapters 4 and 6.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy

from llg.constants import K_B
from llg.walls.q_phi import Field, QPhiModel

LARGEST_CORRECTION = 0.5
"""Largest drift that makes the law at rest exact, relative to the drift itself."""
_HIGHEST = 600.0  # energies [kB T] above which exp(-E/kB T) is cut, before it underflows
_VALUE = np.array([-1.0, 7.0, 7.0, -1.0]) / 12
_GRADIENT = np.array([1.0, -15.0, 15.0, -1.0]) / 12
_MEAN = np.array([0.5, 0.5])
_DIFFERENCE = np.array([-1.0, 1.0])


@dataclasses.dataclass(frozen=True)
class Line:
    """Sparse operators of one line of n cells; n + 1 faces, or n on a ring, face k to the left of cell k.

    Attributes:
        value: face values of a flux from its cell values, fourth order, shape (faces, n) [1].
        gradient: face values of a derivative, fourth order, shape (faces, n) [1/step].
        mean: plain mean of the two cells at a face, shape (faces, n) [1].
        divergence: outflow of each cell over its size, shape (n, faces) [1/step].
    """

    value: scipy.sparse.csr_matrix
    gradient: scipy.sparse.csr_matrix
    mean: scipy.sparse.csr_matrix
    divergence: scipy.sparse.csr_matrix

    @property
    def derivative(self) -> scipy.sparse.csr_matrix:
        """Fourth-order derivative at the cells from the values in the cells, shape (n, n) [1/step]."""
        return self.divergence @ self.value


def line(cells: int, step: float, ring: bool) -> Line:
    """Make the operators of one line.

    Args:
        cells: number of cells, at least 8.
        step: size of a cell.
        ring: the ends are joined.
    """
    faces = cells if ring else cells + 1
    k = np.arange(cells)
    right = (k + 1) % cells if ring else k + 1
    ones = np.ones(cells)
    divergence = scipy.sparse.csr_matrix(
        (np.concatenate([-ones, ones]) / step, (np.tile(k, 2), np.concatenate([k, right]))), shape=(cells, faces)
    )
    return Line(
        value=_at_faces(cells, ring, _VALUE, _MEAN),
        gradient=_at_faces(cells, ring, _GRADIENT, _DIFFERENCE) / step,
        mean=_at_faces(cells, ring, _MEAN, _MEAN),
        divergence=divergence,
    )


def _at_faces(cells: int, ring: bool, wide: np.ndarray, narrow: np.ndarray) -> scipy.sparse.csr_matrix:
    face = np.arange(cells if ring else cells + 1)
    reach = wide.size // 2
    inner = face if ring else face[reach : face.size - reach]
    outer = np.setdiff1d(face[1:-1], inner) if not ring else face[:0]
    entries = [(inner, inner + o, c) for o, c in zip(range(-reach, reach), wide, strict=True)]
    entries += [(outer, outer + o, c) for o, c in zip((-1, 0), narrow, strict=True)]
    rows = np.concatenate([row for row, _, _ in entries])
    columns = np.concatenate([column for _, column, _ in entries]) % cells
    values = np.concatenate([np.full(row.size, c) for row, _, c in entries])
    return scipy.sparse.csr_matrix((values, (rows, columns)), shape=(face.size, cells))


@dataclasses.dataclass(frozen=True)
class CellGrid:
    """Cells of equal size over the track and the full turn of the angle.

    Attributes:
        q: centres of the cells along the track, shape (n_q,) [m].
        phi: centres of the cells over the angle, from -pi to pi, shape (n_phi,) [rad].
        dx: size of a cell along the track in wall widths [1].
        dphi: size of a cell over the angle [rad].
    """

    q: np.ndarray
    phi: np.ndarray
    dx: float
    dphi: float

    @property
    def shape(self) -> tuple[int, int]:
        """Number of cells along the track and over the angle."""
        return self.q.size, self.phi.size


def make_grid(model: QPhiModel, dx: float, dphi: float) -> CellGrid:
    """Return the grid with cells of at most dx [wall widths] by dphi [rad]."""
    length = model.device.track.length
    n_q = max(int(np.ceil(length / (dx * model.Delta))), 8)
    n_phi = max(int(np.ceil(2 * np.pi / dphi)), 8)
    q, phi = (np.arange(n_q) + 0.5) / n_q, (np.arange(n_phi) + 0.5) / n_phi
    return CellGrid(q * length, (2 * phi - 1) * np.pi, length / n_q / model.Delta, 2 * np.pi / n_phi)


class Operator:
    """Rates of change of the cell probabilities, for one device, field and temperature.

    Attributes:
        grid: the cells.
        rest_energy: energy of the wall in the cells without current, shape (n_q, n_phi) [kB T].
        at_rest: operator without current, with exp(-E/kB T) stationary, shape (cells, cells) [1/s].
        driven: the constant part of the operator under current, shape (cells, cells) [1/s].
        torque: its part per current density, shape (cells, cells) [m^2/(A s)].
    """

    def __init__(self, model: QPhiModel, grid: CellGrid, temperature: float, field: Field):
        self.grid = grid
        q, phi = grid.q[:, None], grid.phi[None, :]
        kT = K_B * temperature
        self.rest_energy = model.energy(q, phi, field) / kT
        self._D = kT * model.alpha / ((1 + model.alpha**2) * model.friction(q))
        self._drift, self._drift_per_J = self._drifts(model, field)
        self._x, self._phi = line(q.size, grid.dx, ring=False), line(phi.size, grid.dphi, ring=True)
        self._along_q = lambda matrix: scipy.sparse.kron(matrix, scipy.sparse.identity(phi.size), format="csr")
        self._along_phi = lambda matrix: scipy.sparse.kron(scipy.sparse.identity(q.size), matrix, format="csr")
        x, angle = self._x, self._phi
        spread = self._along_q(x.divergence @ x.gradient) + self._along_phi(angle.divergence @ angle.gradient)
        diffusion = spread @ scipy.sparse.diags(np.broadcast_to(self._D, grid.shape).ravel())
        self.driven = (self._transport(self._drift) + diffusion).tocsr()
        self.torque = self._transport(self._drift_per_J).tocsr()
        self.at_rest = (self.driven + self._balance(model)).tocsr()

    def law_at_rest(self) -> np.ndarray:
        """Return the probability of each cell in equilibrium, exp(-E/kB T), shape (n_q, n_phi) [1]."""
        weight = np.exp(-np.minimum(self.rest_energy - self.rest_energy.min(), _HIGHEST))
        return weight / weight.sum()

    def escape(self, current_density: float) -> np.ndarray:
        """Return rate [1/s] at which the first and the last row of cells lose walls over the end, shape (2, n_phi)."""
        drift = self._drift[0] + current_density * self._drift_per_J[0]
        outward = np.maximum([-drift[0], drift[-1]], 0.0)
        return 2 * self._D[[0, -1]] / self.grid.dx**2 + outward / self.grid.dx

    def _drifts(self, model: QPhiModel, field: Field) -> tuple[np.ndarray, np.ndarray]:
        """Return Ito drift of (x, phi) without current [1/s] and per current density, each of shape (2, n_q, n_phi)."""
        q, phi = self.grid.q[:, None], self.grid.phi[None, :]
        widths = model.widths(q)
        gradient = -self._D * widths.ds2 / widths.s2 * model.Delta
        J = 1e12  # any current serves, the velocity is linear in it
        still, moved = (np.stack(model.velocity(q, phi, current, field)) for current in (0.0, J))
        unit = np.array([model.Delta, 1.0])[:, None, None]
        divergence = np.stack([gradient, model.Q / model.alpha * gradient])
        return still / unit + divergence, (moved - still) / (J * unit)

    def _transport(self, drift: np.ndarray) -> scipy.sparse.csr_matrix:
        b_x, b_phi = (scipy.sparse.diags(b.ravel()) for b in drift)
        return -(self._along_q(self._x.derivative) @ b_x + self._along_phi(self._phi.derivative) @ b_phi)

    def _balance(self, model: QPhiModel) -> scipy.sparse.csr_matrix:
        """Return the part of the operator that makes the law at rest stationary, shape (cells, cells) [1/s]."""
        x, angle, law = self._x, self._phi, self.law_at_rest()
        psi = model.Q / model.alpha * self._D * law
        excess_x = self._drift[0] * law + (angle.derivative @ psi.T).T
        excess_phi = self._drift[1] * law - x.derivative @ psi
        missed_x = x.value @ excess_x - x.gradient @ (self._D * law)
        missed_phi = (angle.value @ excess_phi.T - angle.gradient @ (self._D * law).T).T
        speed = np.hypot(*self._drift)
        beta_x = _small(missed_x, x.mean @ law, x.mean @ speed)
        beta_phi = _small(missed_phi, (angle.mean @ law.T).T, (angle.mean @ speed.T).T)
        along_q = self._along_q(x.divergence) @ scipy.sparse.diags(beta_x.ravel()) @ self._along_q(x.mean)
        return along_q + self._along_phi(angle.divergence) @ scipy.sparse.diags(beta_phi.ravel()) @ self._along_phi(
            angle.mean
        )


def _small(flux: np.ndarray, density: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Return the drift flux/density where it is small against the speed, else 0."""
    drift = np.divide(flux, density, out=np.zeros_like(flux), where=density > 0)
    return np.where(np.abs(drift) <= LARGEST_CORRECTION * speed, drift, 0.0)
