"""The wall in snapshots of the magnetization (OVF of mumax3 or OOMMF): place, angle, width and tilt, also in time.

In each row of cells along the track the profile is m_z = -Q tanh((x - x_w)/Delta_x), so that artanh(-Q m_z) is a
straight line over x; it is fitted where |m_z| < `_INSIDE`, weighted with the error of the artanh. A straight line
through the places x_w over y, from the middle of the track, gives

    q = x_w in the middle,   tan chi = dx_w/dy,   Delta = <Delta_x> cos chi,
    phi = angle of sum (m_x, m_y) over the wall

as `llg.walls.q_phi_chi` defines them. `bow` is the rms distance of the row's places from the straight line: what a wall
that is straight does not have. Layers along z are averaged. Cells without a moment are not part of the track.
"""

import dataclasses
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.storage.ovf_file import VectorField, read_ovf
from llg.device.device import Device
from llg.runs.trajectories import Trajectories

_log = logging.getLogger(__name__)
_INSIDE = 0.8
_FEWEST_CELLS, _FEWEST_ROWS = 3, 2
_LARGEST_BOW = 0.5
"""Bow over the width of the wall beyond which a straight line stands for no wall."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SnapshotWall:
    """The wall of one snapshot.

    Attributes:
        time: simulation time [s]; None where the file says none.
        Q: polarity, +1 for up on the left.
        q: place of its middle from the left end of the track [m].
        phi: angle of its moment [rad].
        chi: tilt [rad].
        Delta: width [m].
        bow: rms distance of the wall from a straight line [m].
    """

    time: float | None
    Q: float
    q: float
    phi: float
    chi: float
    Delta: float
    bow: float


def wall_of(field: VectorField, *, left: float = 0.0) -> SnapshotWall:
    """Return the wall of a snapshot.

    Args:
        field: the magnetization, in any unit.
        left: place of the mesh's left end on the track [m].

    Raises:
        InputError: no wall, several of them, or too few cells across the wall.
    """
    m = field.value.sum(axis=0)
    size = np.linalg.norm(m, axis=-1)
    track = size > 1e-3 * size.max()
    m = m / np.where(track, size, 1.0)[..., None]
    x = field.cell[0] * (np.arange(m.shape[1]) + 0.5) + left
    y = field.cell[1] * (np.arange(m.shape[0]) + 0.5)
    Q = _polarity(field.path, m[..., 2], track)
    rows = [_row(field.path, x, m[k, :, 2], track[k], Q) for k in range(m.shape[0])]
    kept = [(y[k], *row) for k, row in enumerate(rows) if row is not None]
    if len(kept) < min(_FEWEST_ROWS, m.shape[0]):
        raise InputError(f"{field.path}: has no wall with {_FEWEST_CELLS} cells across it in a row along the track")
    y, place, width = np.array(kept).T
    there = np.flatnonzero(track.any(axis=1))
    middle = 0.5 * field.cell[1] * (there[0] + there[-1] + 1)
    slope, q = np.polyfit(y - middle, place, 1) if y.size > 1 else (0.0, float(place[0]))
    bow = float(np.sqrt(np.mean((place - q - slope * (y - middle)) ** 2)))
    chi = float(np.arctan(slope))
    Delta = float(width.mean() * np.cos(chi))
    if bow > _LARGEST_BOW * Delta:
        words = "%s: the wall bows by %.2g of its width; place and tilt are those of a straight line"
        _log.warning(words, field.path, bow / Delta)
    inside = track & (np.abs(m[..., 2]) < _INSIDE)
    phi = float(np.arctan2(m[inside, 1].sum(), m[inside, 0].sum()))
    return SnapshotWall(time=field.time, Q=Q, q=float(q), phi=phi, chi=chi, Delta=Delta, bow=bow)


def _polarity(path: str, m_z: np.ndarray, track: np.ndarray) -> float:
    """Return +1 where the left end is up and the right one down, -1 for the reverse."""
    columns = np.flatnonzero(track.any(axis=0))
    left, right = (float(m_z[:, k][track[:, k]].mean()) for k in (columns[0], columns[-1]))
    if left * right > -0.25:
        raise InputError(f"{path}: has no wall between its ends, whose m_z are {left:.2f} and {right:.2f}")
    return 1.0 if left > 0 else -1.0


def _row(path: str, x: np.ndarray, m_z: np.ndarray, track: np.ndarray, Q: float) -> tuple[float, float] | None:
    """Return place and width of the wall in one row [m]; None where the row has no or hardly any wall."""
    if np.count_nonzero(np.diff(np.sign(m_z[track & (np.abs(m_z) > 0.5)]))) > 1:
        raise InputError(f"{path}: has more than one wall in a row along the track")
    inside = track & (np.abs(m_z) < _INSIDE)
    if np.count_nonzero(inside) < _FEWEST_CELLS:
        return None
    u = np.arctanh(-Q * m_z[inside])
    slope, offset = np.polyfit(x[inside], u, 1, w=1 - m_z[inside] ** 2)
    return (float(-offset / slope), float(1 / slope)) if slope > 0 else None


@checked
def as_trajectory(device: Device, walls: Sequence[SnapshotWall], *, current_density: float = 0.0) -> Trajectories:
    """Return a series of walls, in any order, as the trajectory of one; the first time is zero.

    Args:
        device: whose track they are on.
        walls: walls of snapshots, each of another time.
        current_density: constant current density of the simulation [A/m^2].

    Raises:
        InputError: fewer than two times, a wall without one or twice the same.
    """
    known = [(wall.time, wall) for wall in walls if wall.time is not None]
    if len(known) < len(walls):
        raise InputError("a trajectory needs the simulation time in each file, and one says none")
    if len(known) < 2 or len({time for time, _ in known}) < len(known):
        raise InputError(f"a trajectory needs two files or more, each of another time; {len(known)} are given")
    known.sort(key=lambda pair: pair[0])
    time = np.array([time for time, _ in known]) - known[0][0]
    values: dict[str, Any] = {
        name: np.array([[getattr(wall, name) for _, wall in known]]) for name in ("q", "phi", "Delta", "chi")
    }
    values["phi"] = np.unwrap(values["phi"], axis=1)
    return Trajectories(
        device=device, current_density=current_density, duration=float(time[-1]), time=time,
        pulse=np.full(time.size, 1.0 if current_density else 0.0), **values,
    )  # fmt: skip


@checked
def walls_of(device: Device, files: Sequence, *, left: float | None = None) -> list[SnapshotWall]:
    """Return the wall of each snapshot.

    Args:
        device: whose track the snapshots show.
        files: OVF files.
        left: place of the mesh's left end on the track [m]; by default the mesh must be as long as the track.

    Raises:
        InputError: no sound file, another track, no wall or one of the other polarity, or a soft strip.
    """
    if device.material.in_plane:
        raise InputError(f'device "{device.name}": snapshots are read of perpendicular films only')
    return [_checked(device, read_ovf(path), left) for path in files]


def _checked(device: Device, field: VectorField, left: float | None) -> SnapshotWall:
    length = field.cell[0] * field.value.shape[2]
    if left is None and abs(length - device.track.length) > 1.01 * field.cell[0]:
        raise InputError(
            f"{field.path}: the mesh is {length:g} m long and the track {device.track.length:g} m; say where its left end "
            "lies (left)"
        )
    wall = wall_of(field, left=left or 0.0)
    if wall.Q != device.wall.Q:
        raise InputError(f"{field.path}: the wall has Q = {wall.Q:+g}, the device {device.wall.Q:+g}")
    return wall
