"""Use a pinning map from micromagnetics as it is: the potential of a wall on an un-notched track.

In terms of q_S = (1/2w) integral of m_z dA the internal energy obeys dE/dq_S = 2 Q Ms B_z w t exactly, at each
place the wall is held at, and that is the law of a rigid wall on an even track of width w in a potential V_extra = E.
So the notches of the device are taken out and each gets the potential of the map. Positions q along the track are
turned into q_S by the averaged width of the device's own notches.

The force is that of the holding field where the map has one, else the slope of the energy. Beyond the ends of the
map it falls to zero within `TAPER` wall widths. What the map does not know is lost with the notch: the smaller area
under the wall in it (its friction), and current crowding.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy

from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.storage.measurements import Measurements
from llg.calibration.data import place_of, read_positions, refuse_static_field
from llg.device.device import Device
from llg.device.notch import Potential

TAPER = 2.0
"""Length beyond the end of the map over which the force falls to zero, in wall widths [1]."""
POINTS_PER_DELTA = 8
OPEN_END = 0.05
"""A force at the end of the map above this share of its maximum is reported."""
LEAST_POINTS = 4


@dataclasses.dataclass(frozen=True)
class PotentialMap:
    """The force that pins the wall around one place.

    Attributes:
        x: q_S from the centre of the notch, ascending, shape (n,) [m].
        force: dE/dq_S, shape (n,) [N].
    """

    x: np.ndarray
    force: np.ndarray

    @property
    def open_ends(self) -> list[float]:
        """Ends of the map [m] where the wall is still pinned."""
        limit = OPEN_END * np.abs(self.force).max()
        return [float(self.x[i]) for i in (0, -1) if abs(self.force[i]) > limit]

    def energy(self, taper: float):
        """Return the energy against q_S as a function, zero at x = 0 and constant beyond the ends.

        Args:
            taper: length over which the force falls to zero beyond each end [m].
        """
        u = np.linspace(0, 1, 9)[1:]
        falling = (1 - u) ** 2 * (1 + 2 * u)
        x = np.concatenate([self.x[0] - taper * u[::-1], self.x, self.x[-1] + taper * u])
        force = np.concatenate([self.force[0] * falling[::-1], self.force, self.force[-1] * falling])
        integral = scipy.interpolate.PchipInterpolator(x, force).antiderivative()
        return lambda q: integral(np.clip(q, x[0], x[-1])) - integral(0.0), x[0], x[-1]


@checked
def read_potential_map(
    path, device: Device, *, columns=None, mz_length: float | None = None, mirror: bool = False
) -> PotentialMap:
    """Read a map: columns q or q_S, and Bz or E (or dE).

    Args:
        path: table, see `dwcore.storage.measurements`.
        device: the notched device; its averaged width turns q into q_S.
        columns: names of columns that have names of their own.
        mz_length: turns the mean m_z of a table into q_S [m], see `llg.calibration.data.read_positions`.
        mirror: the map holds one side of a symmetric notch, from its centre on.

    Raises:
        InputError: missing columns, too few or repeated positions, `mirror` on a map of both sides, or a
            device in a static field.
    """
    refuse_static_field(device)
    table = Measurements(path, columns)
    x, integrated, _ = read_positions(table, device, mz_length)
    if (far := np.abs(x).max()) > device.track.length:
        raise InputError(f"{path}: a place {far:g} [m] from the middle must be within the length of the track, "
                         f"{device.track.length:g}")  # fmt: skip
    x = x if integrated else _swept(device, x)
    order = np.argsort(x)
    x = x[order]
    if x.size < LEAST_POINTS or np.any(np.diff(x) <= 0):
        raise InputError(f"{path}: needs at least {LEAST_POINTS} positions, each only once")
    if table.has("Bz"):
        force = 2 * device.wall.Q * device.material.Ms * device.track.width * device.track.thickness * table.get("Bz")
        force = force[order]
    else:
        energy = table.get("E") if table.has("E") else table.get("dE")
        force = scipy.interpolate.CubicSpline(x, energy[order])(x, 1)
    table.note_unread()
    return PotentialMap(*_mirrored(x, force, str(path))) if mirror else PotentialMap(x, force)


def _swept(device: Device, q: np.ndarray) -> np.ndarray:
    g = device.geometry
    integral = scipy.interpolate.CubicHermiteSpline(g.q, g.s2, g.ds2).antiderivative()
    centre = device.notches[0].position if device.notches else 0.5 * device.track.length
    return (integral(centre + q) - integral(centre)) / device.track.width


def _mirrored(x: np.ndarray, force: np.ndarray, path: str) -> tuple[np.ndarray, np.ndarray]:
    grain = 1e-3 * (x[-1] - x[0])
    if x[0] < -grain:
        raise InputError(f"{path}: begins at q = {x[0]:g} [m], must begin at 0 to be mirrored")
    outside = x > grain
    x, force = x[outside], force[outside]
    return np.concatenate([-x[::-1], [0.0], x]), np.concatenate([-force[::-1], [0.0], force])


def with_potential(device: Device, pinning: PotentialMap, places: Sequence[float] | None = None) -> Device:
    """Return the device on an even track, with the potential of the map instead of its notches.

    Args:
        device: the notched device.
        pinning: the map of one notch.
        places: where on the track its centre lies [m]; by default at every notch.

    Raises:
        InputError: a place off the track, or the device has a potential already.
    """
    if device.potential is not None:
        raise InputError(f'device "{device.name}": has a [potential] already')
    if places is None:
        places = [notch.position for notch in device.notches] or [place_of(device, None)]
    places = sorted(place_of(device, place) for place in places)
    Delta = device.straight_wall.Delta
    energy, left, right = pinning.energy(TAPER * Delta)
    begin, end = places[0] + left, places[-1] + right
    q = np.linspace(begin, end, max(int((end - begin) / Delta * POINTS_PER_DELTA), 32) + 1)
    V = sum(energy(q - place) for place in places)
    potential = Potential(q=tuple(map(float, q)), V=tuple(map(float, V)))
    return dataclasses.replace(device, notches=(), potential=potential)
