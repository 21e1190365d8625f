"""Fourth-order finite volumes on a line of equal cells: values and gradients at the faces from values in the cells.

The flux f at a face is reconstructed so that its difference over a cell is the derivative of f at the centre of the
cell to fourth order (conservative finite differences): with f_k the values left and right of the face,

    f    = [7 (f_-1 + f_1) - (f_-2 + f_2)]/12
    f' h = [15 (f_1 - f_-1) - (f_2 - f_-2)]/12

On a line with two ends the outer faces carry nothing, and the faces next to them use two cells, to second order.

References:
    C.-W. Shu, S. Osher, J. Comput. Phys. 77, 439 (1988): fluxes whose differences are derivatives.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy

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
