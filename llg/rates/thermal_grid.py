"""The energy of the wall at rest in units of kB T on a grid of (q, phi) that resolves its wells, and its curvature."""

import dataclasses
import math

import numpy as np

from dwcore.errors import RunError
from llg.constants import K_B
from llg.landscape.wells import Well, well_index
from llg.walls.q_phi import QPhiModel

_H = 1e-3
_CELLS_PER_DELTA = 8
_ANGLES = 128
_CELLS_PER_THERMAL_WIDTH = 6
_ALIKE = 1e-3  # [kB T]
_LARGEST = 3e7  # points of a grid: 240 MB an array


@dataclasses.dataclass(frozen=True)
class ThermalGrid:
    """The landscape at one temperature.

    Attributes:
        q: positions over the whole track, shape (n,) [m].
        phi: angles from 0 to 2 pi, both included, shape (m + 1,) [rad].
        energy: E less `reference`, shape (n, m + 1) [kB T].
        reference: energy of the deepest well [J].
        owner: well between whose saddles each position lies, -1 for none, shape (n,).
        cell: area of a cell in (q/Delta, phi) [1].
        inverse_step: grid points per wall width [1].
    """

    q: np.ndarray
    phi: np.ndarray
    energy: np.ndarray
    reference: float
    owner: np.ndarray
    cell: float
    inverse_step: float

    @property
    def mirrored(self) -> bool:
        """Whether the track is its own mirror image: left and right exchanged, which turns phi to -phi."""
        return bool(np.allclose(self.energy, self.energy[::-1, ::-1], rtol=0, atol=_ALIKE))


def thermal_grid(model: QPhiModel, wells: list[Well], temperature: float) -> ThermalGrid:
    """Tabulate the energy, fine enough for the thermal width of the stiffest well.

    Raises:
        RunError: the wall is so cold, or a well so stiff, that the grid would not fit in memory.
    """
    kT, length = K_B * temperature, model.device.track.length / model.Delta
    stiffness = np.max([np.diag(hessian(model, w.q, w.phi)) for w in wells], axis=0) / kT
    per_unit = _CELLS_PER_THERMAL_WIDTH * np.sqrt(np.maximum(stiffness, 0.0))
    n = math.ceil(length * max(_CELLS_PER_DELTA, per_unit[0]))
    m = max(_ANGLES, math.ceil(2 * math.pi * per_unit[1]))
    if n * m > _LARGEST:
        raise RunError(
            f"at {temperature:g} K the stiffest well needs a grid of {n} x {m} points, must be <= {_LARGEST:g} in all: "
            "no rates there"
        )
    q, phi = np.linspace(0.0, model.device.track.length, n + 1), np.linspace(0.0, 2 * math.pi, m + 1)
    reference = min(w.energy for w in wells)
    energy = (model.energy(q[:, None], phi) - reference) / kT
    owner = well_index(wells, q).astype(np.int64)
    return ThermalGrid(q, phi, energy, reference, owner, length / n * 2 * math.pi / m, n / length)


def hessian(model: QPhiModel, q: float, phi: float) -> np.ndarray:
    """Return the second derivatives of E in (q/Delta, phi) [J], shape (2, 2), by central differences."""
    x, Delta = np.array([q / model.Delta, phi]), model.Delta
    offsets = _H * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1], [1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]])
    points = x + offsets
    pp, pm, mp, mm, px, mx, py, my, zero = model.energy(points[:, 0] * Delta, points[:, 1])
    cross = (pp - pm - mp + mm) / (4 * _H**2)
    return np.array([[(px + mx - 2 * zero) / _H**2, cross], [cross, (py + my - 2 * zero) / _H**2]])
