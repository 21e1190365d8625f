"""Energy landscape of the wall: wells, saddles, barriers, and the field that pulls the wall out of each well.

Without drive the wall angle follows the position: along the valley phi_min(q), the lowest angle at each q, the energy
E_min(q) has its minima at the wells and its maxima at the saddles of E(q, phi).
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import RunError
from llg.constants import K_B, MU_0
from llg.device.device import Device
from llg.walls.q_phi import QPhiModel

PROMINENCE_KT = 1.0
"""A well is a minimum from which the wall must climb at least this many kB T; shallower ones beside it belong to it."""
_FLAT = 0.01
"""A top is flat within this many kB T of its highest place, which is that of the grid or of rounding there."""
_ANGLES = np.linspace(-np.pi, np.pi, 361)


@dataclasses.dataclass(frozen=True)
class Well:
    """One stable position of the wall.

    Attributes:
        q: position [m].
        phi: angle [rad].
        energy: energy at the bottom [J].
        left_edge: position of the saddle on the left, or 0 at the end of the track [m].
        right_edge: position of the saddle on the right, or the length of the track [m].
        left_foot: place [m] on the way to the left edge where the wall is free of the well: 0.01 kB T are left to
            climb.
        right_foot: the same to the right [m].
        barrier_left: energy to climb to the left edge [J].
        barrier_right: energy to climb to the right edge [J].
        depinning_field_left: magnitude of mu0 H_z that drives the wall out to the left at T = 0 [T].
        depinning_field_right: the same to the right [T].
    """

    q: float
    phi: float
    energy: float
    left_edge: float
    right_edge: float
    left_foot: float
    right_foot: float
    barrier_left: float
    barrier_right: float
    depinning_field_left: float
    depinning_field_right: float


@dataclasses.dataclass(frozen=True)
class Valley:
    """The energy along the track with the angle at its minimum.

    Attributes:
        q: positions, shape (n,) [m].
        phi: lowest angle at each, shape (n,) [rad].
        energy: energy there, shape (n,) [J].
        force: dE_min/dq there, shape (n,) [N].
    """

    q: np.ndarray
    phi: np.ndarray
    energy: np.ndarray
    force: np.ndarray


@checked
def valley(model: QPhiModel, points: int | None = None) -> Valley:
    """Follow the lowest angle along the track at zero field and current.

    Args:
        model: the wall in its device.
        points: number of positions; by default those of the geometry.
    """
    geometry = model.device.geometry
    q = geometry.q if points is None else np.linspace(0, model.device.track.length, points)
    phi = lowest_angle(model, q)
    s2 = model.widths(q).s2
    f1, _ = model.fields(q, phi)
    return Valley(q, phi, model.energy(q, phi), -f1 * 2 * MU_0 * model.Ms * model.t * s2)


def lowest_angle(model: QPhiModel, q: np.ndarray, current_density: float = 0.0) -> np.ndarray:
    """Return the angle of least energy at each q: best of a grid, then Newton steps on dE/dphi (f2 = 0).

    Args:
        model: the wall in its device.
        q: places, ascending, shape (n,) [m].
        current_density: heavy-metal current density [A/m^2], of whose torques those count that have an energy.
    """
    coarse = q[:: max(q.size // 200, 1)]
    energies = model.energy(coarse[:, None], _ANGLES[None, :], current_density=current_density)
    phi = _ANGLES[np.argmin(energies.min(axis=0))] * np.ones_like(q)
    h = 1e-4
    for _ in range(30):
        here, above, below = (model.fields(q, phi + shift, current_density)[1] for shift in (0.0, h, -h))
        slope = (above - below) / (2 * h)
        safe = slope < 0  # a minimum of E has df2/dphi < 0
        phi = phi + np.where(safe, np.clip(-here / np.where(safe, slope, 1.0), -0.1, 0.1), 1e-3)
    return phi


@checked
def find_wells(model: QPhiModel, temperature: float) -> list[Well]:
    """Return all wells of the track from left to right.

    Args:
        model: the wall in its device.
        temperature: temperature [K] that sets the least depth, `PROMINENCE_KT` kB T.

    Raises:
        RunError: the track has no well.
    """
    path = valley(model)
    floor = PROMINENCE_KT * K_B * temperature
    minima = _minima(path.energy)
    deep = [int(i) for i in minima if _climb(path.energy, i) >= floor]
    pairs = itertools.pairwise([0, *deep])  # an even track has many minima of one energy within its rounding
    bottoms = np.array([j for i, j in pairs if path.energy[i : j + 1].max() - path.energy[j] >= floor], int)
    if bottoms.size == 0:
        held = f" under {model.current_density:g} A/m^2" if model.current_density else ""
        raise RunError(f'device "{model.device.name}": the wall has no well deeper than {PROMINENCE_KT:g} kB T{held}')
    flat = _FLAT * K_B * temperature
    edges = [_top(path.energy, i, j, flat) for i, j in itertools.pairwise([0, *bottoms, path.q.size - 1])]
    places = zip(edges[:-1], bottoms, edges[1:], strict=True)
    wells = []
    for left, bottom, right in places:
        inside = minima[(minima > left) & (minima < right)]
        several = bool(np.count_nonzero(path.energy[inside] < path.energy[bottom] + floor) > 1)
        wells.append(_well(model, path, left, int(bottom), right, several, K_B * temperature))
    return wells


def _minima(energy: np.ndarray) -> np.ndarray:
    """Return the indices of the minima away from the ends; of a flat one the middle, the left one of two."""
    turns = np.flatnonzero(np.diff(energy) != 0)
    falls = np.diff(energy)[turns] < 0
    bottom = np.flatnonzero(falls[:-1] & ~falls[1:])
    return (turns[bottom] + 1 + turns[bottom + 1]) // 2


def _top(energy: np.ndarray, start: int, stop: int, flat: float) -> int:
    """Return the index of the highest place between two others, of a flat top the middle, or the end of the track.

    Between notches far apart the energy rises to a middle, and beside the last one to the end of the track, by less
    than its rounding.

    Args:
        energy: along the track [J].
        start: index where the way begins, 0 for the left end of the track.
        stop: index where it ends, the last for the right end.
        flat: how far below the highest place the top begins [J].
    """
    part = energy[start : stop + 1]
    high = start + np.flatnonzero(part >= part.max() - flat)
    if high[0] == 0 or high[-1] == energy.size - 1:
        return int(high[0] if high[0] == 0 else high[-1])
    middle = int(high[0] + high[-1]) // 2
    beside = int(high[0] + high[-1] + 1) // 2
    return middle if energy[middle] >= energy[beside] else beside


def _foot(energy: np.ndarray, kT: float) -> int:
    """Return after how many places on the way out of a well the top begins, which may be flat from there on [J]."""
    return int(np.argmax(energy >= energy.max() - _FLAT * kT))


def _climb(energy: np.ndarray, i: int) -> float:
    """Return how far a wall climbs at least from a minimum before it gets lower, or to an end of the track [J]."""
    lower = np.flatnonzero(energy < energy[i])
    left, right = lower[lower < i], lower[lower > i]
    first, last = (left[-1] + 1 if left.size else 0), (right[0] if right.size else energy.size)
    return float(min(energy[first : i + 1].max(), energy[i:last].max()) - energy[i])


def _middle(path: Valley, left: int, right: int, kT: float) -> tuple[float, float]:
    """Return the mean place [m] and angle [rad] at equilibrium in a well with several bottoms, less than kB T apart."""
    part = slice(left, right + 1)
    weight = np.exp(-(path.energy[part] - path.energy[part].min()) / kT)
    q = float(np.average(path.q[part], weights=weight))
    return q, float(np.interp(q, path.q, path.phi))


def _well(model: QPhiModel, path: Valley, left: int, bottom: int, right: int, several: bool, kT: float) -> Well:
    """Return the well between two edges; where it has several bottoms its place is that of the wall on average."""
    i = bottom - 1 if path.force[bottom] > 0 else bottom
    fraction = path.force[i] / (path.force[i] - path.force[i + 1])
    q = path.q[i] + fraction * (path.q[i + 1] - path.q[i])
    phi = path.phi[i] + fraction * (path.phi[i + 1] - path.phi[i])
    if several:
        q, phi = _middle(path, left, right, kT)
    energy = float(model.energy(q, phi))
    field = path.force / (2 * model.Ms * model.t * model.widths(path.q).s2)
    return Well(
        q=float(q),
        phi=float(phi),
        energy=energy,
        left_edge=float(path.q[left]),
        right_edge=float(path.q[right]),
        left_foot=float(path.q[bottom - _foot(path.energy[left : bottom + 1][::-1], kT)]),
        right_foot=float(path.q[bottom + _foot(path.energy[bottom : right + 1], kT)]),
        barrier_left=float(path.energy[left : bottom + 1].max() - energy),
        barrier_right=float(path.energy[bottom : right + 1].max() - energy),
        depinning_field_left=float(-field[left : bottom + 1].min()),
        depinning_field_right=float(field[bottom : right + 1].max()),
    )


def empty_notches(device: Device, places: Sequence[float]) -> list[str]:
    """Return one line of the notches in which no well lies, such as at the end of a track; none where all have one.

    Args:
        device: the device (instance).
        places: of its wells [m].
    """
    empty = [i for i, notch in enumerate(device.notches) if not any(notch.holds(q) for q in places)]
    if not empty:
        return []
    first = f"[[notch]] {empty[0] + 1} at {1e9 * device.notches[empty[0]].position:.4g} nm"
    said = first if len(empty) == 1 else f"{len(empty)} of {len(device.notches)} notches, the first {first},"
    return [f"notch: {said} without a well of {PROMINENCE_KT:g} kB T or more"]


def well_index(wells: list[Well], q: np.ndarray) -> np.ndarray:
    """Return the number of the well that each position belongs to, -1 outside of all; same shape as q [m]."""
    edges = np.array([wells[0].left_edge, *(w.right_edge for w in wells)])
    index = np.searchsorted(edges, q, side="right") - 1
    return np.where((q <= edges[0]) | (q >= edges[-1]), -1, index)
