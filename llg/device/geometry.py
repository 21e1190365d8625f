"""The two averages of the track width that a rigid wall feels, and their derivatives.

    s1(q) = integral of w(x) sech  ((x - q)/Delta) dx/(pi Delta)      (in-plane part of the wall)
    s2(q) = integral of w(x) sech^2((x - q)/Delta) dx/(2 Delta)       (exchange, anisotropy, Zeeman)

Both are convolutions of the outline with a kernel of unit area. They are evaluated on a uniform grid of the outline,
averaged over each cell so that steps in w(x) land where they are, with the derivatives from the derivatives of
the kernels. The sum over the grid converges faster than any power of the cell because the kernels are analytic; the
error left is that of the cell averages, of relative order (cell/Delta)^2/24.
"""

import dataclasses

import numpy as np

CELLS_PER_DELTA = 40
_SUBCELLS = 8
_REACH = 25  # kernels are cut at this many Delta, where sech has fallen to 3e-11


@dataclasses.dataclass(frozen=True)
class Geometry:
    """Averaged widths of one track for one wall width.

    Attributes:
        q: wall positions, uniform from 0 to the length of the track, shape (n,) [m].
        w: outline at q, shape (n,) [m].
        s1: sech average of the width, shape (n,) [m].
        s2: sech^2 average of the width, shape (n,) [m].
        ds1: derivative of s1, shape (n,) [1].
        ds2: derivative of s2, shape (n,) [1].
        w_0: width that the current density refers to [m].
    """

    q: np.ndarray
    w: np.ndarray
    s1: np.ndarray
    s2: np.ndarray
    ds1: np.ndarray
    ds2: np.ndarray
    w_0: float

    @property
    def step(self) -> float:
        """Distance of the grid points [m]."""
        return float(self.q[1] - self.q[0])


def average_width(outline, length: float, Delta: float, w_0: float) -> Geometry:
    """Average an outline over the wall.

    Args:
        outline: function from positions, shape (n,) [m], to full widths, shape (n,) [m].
        length: length of the track [m].
        Delta: wall width parameter [m].
        w_0: width that the current density refers to [m].

    Returns:
        The averages at about `CELLS_PER_DELTA` points per Delta.
    """
    grid = Grid.of(length, Delta)
    return averages(outline(grid.x), outline(grid.q), grid, Delta, w_0)


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """Places at which an outline is looked at.

    Attributes:
        q: points of the averages, shape (n + 1,) [m].
        x: parts of the cells around them and beyond both ends, shape (m,) [m].
        cell: length of a cell [m].
        reach: cells to either side that the wall reaches.
    """

    q: np.ndarray
    x: np.ndarray
    cell: float
    reach: int

    @classmethod
    def of(cls, length: float, Delta: float) -> "Grid":
        """Return the grid of a track for a wall of the width Delta [m]."""
        n = max(int(np.ceil(length / Delta * CELLS_PER_DELTA)), 16)
        cell = length / n
        reach = int(np.ceil(_REACH * Delta / cell))
        centres = cell * np.arange(-reach, n + reach + 1)
        offsets = cell * ((np.arange(_SUBCELLS) + 0.5) / _SUBCELLS - 0.5)
        return cls(cell * np.arange(n + 1), (centres[:, None] + offsets).ravel(), cell, reach)


def averages(parts: np.ndarray, points: np.ndarray, grid: Grid, Delta: float, w_0: float) -> Geometry:
    """Average widths over the wall; arguments as of `average_width`, widths at `grid.x` and at `grid.q` [m]."""
    cell, reach = grid.cell, grid.reach
    w = parts.reshape(-1, _SUBCELLS).mean(axis=1)
    z = cell * np.arange(-reach, reach + 1) / Delta  # (x - q)/Delta
    sech, tanh = 1 / np.cosh(z), np.tanh(z)
    k1 = sech * cell / (np.pi * Delta)
    k2 = sech**2 * cell / (2 * Delta)
    kernels = (k1, k2, k1 * tanh / Delta, 2 * k2 * tanh / Delta)
    s1, s2, ds1, ds2 = _correlate(w, np.stack(kernels))
    return Geometry(q=grid.q, w=points, s1=s1, s2=s2, ds1=ds1, ds2=ds2, w_0=w_0)


def _correlate(w: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """Return the correlation of w (m,) with kernels (k, r) where they overlap in full, shape (k, m - r + 1)."""
    reach = kernels.shape[1]
    size = 1 << (w.size + reach - 2).bit_length()
    spectrum = np.fft.rfft(w, size) * np.fft.rfft(kernels[:, ::-1], size)
    return np.fft.irfft(spectrum, size)[:, reach - 1 : w.size]
