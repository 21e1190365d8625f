"""Minimum-energy paths of the wall on (q, phi), by the string method.

A string of images between two places slides down the forces -dE/dx, x = (q/Delta, phi), while the images are kept
equally spaced along it, until the force has no part across it. Its highest point is the transition state. The string
starts from the straight line in (q, phi). Where two angles are equivalent (Bloch walls without DMI), each place of the
wall has two wells, joined through the Neel walls in between, and paths along the track keep the angle.

References:
    W. E, W. Ren, E. Vanden-Eijnden, J. Chem. Phys. 126, 164103 (2007).
"""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError, RunError
from llg.constants import GAMMA_0
from llg.landscape.fixed_points import FixedPoint, fixed_points, refined, wrapped
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

IMAGES = 101
_STEP = 1.0  # over the stiffest rate; stable up to 2, without overshoot up to 1
_ITERATIONS = 20000
_TOLERANCE = 1e-5  # motion of an image in one step
_BULGE = 0.2  # [rad]
_SAME_PATH = 0.05
_SAME_PLACE = 1.0  # wells closer than this, in wall widths, differ by their angle
_Ends = tuple[tuple[float, float], tuple[float, float]]  # q [m] and phi [rad] where a path starts and ends


@dataclasses.dataclass(frozen=True)
class EnergyPath:
    """A path from one place of the wall to another.

    Attributes:
        q: positions, shape (m,) [m].
        phi: angles without jumps, shape (m,) [rad].
        energy: energy there, shape (m,) [J].
        saddle: the transition state; None where the path has its top at an end or on a plateau.
        turns: the path leads between two angles at one place, not along the track.
    """

    q: np.ndarray
    phi: np.ndarray
    energy: np.ndarray
    saddle: FixedPoint | None
    turns: bool = False

    @property
    def barrier(self) -> float:
        """Energy from the start of the path to its highest point [J]."""
        return float(self.energy.max() - self.energy[0])


def has_energy(model: QPhiModel, current_density: float) -> bool:
    """Return whether the forces at a current density [A/m^2] have an energy, as damping-like and spin-transfer do not."""
    return current_density == 0 or (model.H_DL_per_J == 0 and model.u_per_J == 0)


@checked
def minimum_energy_path(
    model: QPhiModel,
    start: tuple[float, float],
    end: tuple[float, float],
    field: Field = NO_FIELD,
    current_density: float = 0.0,
    *,
    images: int = IMAGES,
    bulge: float = 0.0,
) -> EnergyPath:
    """Relax a string between two places, which stay where they are.

    Args:
        model: the wall in its device.
        start: q [m] and phi [rad].
        end: q [m] and phi [rad]; angles apart by 2 pi are the same place on another way round.
        field: applied field.
        current_density: for the field-like torque, which has an energy [A/m^2].
        images: points of the string.
        bulge: how far the middle of the string starts beside the straight line in angle [rad].

    Raises:
        InputError: the drive has no energy.
        RunError: the string does not come to rest.
    """
    if not has_energy(model, current_density):
        raise InputError(f"current_density = {current_density:g} [A/m^2]: its torque has no energy, thus no path")
    scale = np.array([model.Delta, 1.0])
    x = np.linspace(np.array(start) / scale, np.array(end) / scale, images)
    x[:, 1] += bulge * np.sin(np.linspace(0, np.pi, images))
    pace = _STEP * GAMMA_0 / (model.fastest_rate(field) * np.sqrt(1 + model.alpha**2))
    for _ in range(_ITERATIONS):
        moved = x.copy()
        moved[1:-1] += pace * _force(model, x[1:-1], field, current_density)
        moved = _equally_spaced(moved)
        change = np.abs(moved - x).max()
        x = moved
        if change < _TOLERANCE:
            break
    else:
        raise RunError(f"no minimum-energy path from q = {start[0]:g} m to {end[0]:g} m after {_ITERATIONS} steps")
    return _finished(model, x, field, current_density)


def _force(model: QPhiModel, x: np.ndarray, field: Field, current_density: float) -> np.ndarray:
    """Return -dE/dx over a constant energy, shape (m, 2) [A/m]; at most that of the straight track where wider."""
    q = x[:, 0] * model.Delta
    share = np.minimum(model.widths(q).s2 / model.device.track.width, 1.0)
    return np.stack(model.fields(q, x[:, 1], current_density, field), axis=-1) * share[:, None]


def _equally_spaced(x: np.ndarray) -> np.ndarray:
    """Return the images moved along the string to equal distances, shape (m, 2)."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(x, axis=0).T))])
    even = np.linspace(0.0, length[-1], length.size)
    return np.stack([np.interp(even, length, column) for column in x.T], axis=-1)


def _finished(model: QPhiModel, x: np.ndarray, field: Field, current_density: float) -> EnergyPath:
    """Return the relaxed string with its highest image moved to the saddle, where it is near one."""
    q, phi = x[:, 0] * model.Delta, x[:, 1]
    energy = model.energy(q, phi, field, current_density)
    i = int(np.argmax(energy))
    point = refined(model, q[i], phi[i], current_density, field) if 0 < i < q.size - 1 else None
    if point is None or point.kind != "saddle":
        return EnergyPath(q, phi, energy, None)
    q[i], phi[i] = point.q, phi[i] + wrapped(point.phi - phi[i])
    energy[i] = model.energy(point.q, point.phi, field, current_density)
    return EnergyPath(q, phi, energy, point)


def paths_of_track(
    model: QPhiModel, points: list[FixedPoint] | None = None, field: Field = NO_FIELD, current_density: float = 0.0
) -> list[EnergyPath]:
    """Return the paths that join the wells of a device, and lead on to both ends of the track.

    Each well is joined to the one of nearest angle in the next place along the track, and to the next angles at its
    own place where there are several.

    Args:
        model: the wall in its device.
        points: its fixed points, where they are known already.
        field: applied field.
        current_density: for the field-like torque [A/m^2].

    Raises:
        InputError: the drive has no energy.
    """
    points = fixed_points(model, current_density, field) if points is None else points
    places = _places(model, [point for point in points if point.kind == "stable"])
    paths = [
        path
        for here, there in itertools.pairwise(places)
        for pair in _along(here, there)
        for path in _either_side(model, pair, field, current_density)
    ]
    for place, end in ((places[0], 0.0), (places[-1], model.device.track.length)) if places else ():
        for well in place:
            paths += _outwards(model, well, end, field, current_density)
    for place in places:
        for pair in _around(place):
            path = minimum_energy_path(model, *pair, field, current_density)
            paths.append(dataclasses.replace(path, turns=True))
    return paths


def _places(model: QPhiModel, wells: list[FixedPoint]) -> list[list[FixedPoint]]:
    """Return the wells gathered by position, from left to right."""
    places: list[list[FixedPoint]] = []
    for well in sorted(wells, key=lambda well: well.q):
        if places and well.q - places[-1][-1].q < _SAME_PLACE * model.Delta:
            places[-1].append(well)
        else:
            places.append([well])
    return places


def _along(here: list[FixedPoint], there: list[FixedPoint]) -> Iterator[_Ends]:
    """Return start and end of the paths between two neighbouring places, each well to the nearest angle."""
    few, many = sorted((here, there), key=len)
    for well in many:
        other = min(few, key=lambda candidate: abs(wrapped(candidate.phi - well.phi)))
        left, right = (well, other) if well in here else (other, well)
        yield (left.q, left.phi), (right.q, left.phi + float(wrapped(right.phi - left.phi)))


def _around(place: list[FixedPoint]) -> Iterator[_Ends]:
    """Return start and end of the paths between the angles of one place, once around the circle."""
    ordered = sorted(place, key=lambda well: well.phi)
    if len(ordered) < 2:
        return
    for well, other in itertools.pairwise([*ordered, ordered[0]]):
        yield (well.q, well.phi), (other.q, well.phi + float(wrapped(other.phi - well.phi, 0.0)))


def _either_side(model: QPhiModel, pair: _Ends, field: Field, current_density: float) -> list[EnergyPath]:
    """Return the path between two wells; two of them where it splits around a hill."""
    sides = (_BULGE, -_BULGE)
    return _different([minimum_energy_path(model, *pair, field, current_density, bulge=side) for side in sides])


def _outwards(model: QPhiModel, well: FixedPoint, end: float, field: Field, current_density: float):
    """Return the path from a well to an end of the track at q [m]; two of them where the valley splits on the way."""
    paths = []
    for side in (_BULGE, -_BULGE):
        outside = end, _relaxed_angle(model, end, well.phi + side, field, current_density)
        paths.append(minimum_energy_path(model, (well.q, well.phi), outside, field, current_density, bulge=side))
    return _different(paths)


def _different(pair: list[EnergyPath]) -> list[EnergyPath]:
    one, other = pair
    return pair[:1] if np.abs(one.phi - other.phi).max() < _SAME_PATH else pair


def _relaxed_angle(model: QPhiModel, q: float, phi: float, field: Field, current_density: float) -> float:
    """Return the angle [rad] to which a wall held at q [m] relaxes from phi [rad]."""
    x = np.array([[q / model.Delta, phi]])
    pace = _STEP * GAMMA_0 / (model.fastest_rate(field) * np.sqrt(1 + model.alpha**2))
    for _ in range(_ITERATIONS):
        step = pace * _force(model, x, field, current_density)[0, 1]
        x[0, 1] += step
        if abs(step) < 0.01 * _TOLERANCE:
            break
    return float(x[0, 1])
