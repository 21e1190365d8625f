"""The noiseless motion (dq/dt, dphi/dt) over (q, phi) under a held current and field: what phase portraits show."""

import dataclasses

import numpy as np

from dwcore.arguments import checked
from llg.drawing.energy_surface import turn_around
from llg.landscape.fixed_points import FixedPoint, fixed_points, wrapped
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

Q_STEPS, PHI_STEPS = 160, 96
MOST_STEPS = 4000
"""Steps after which a line ends that neither comes to rest nor leaves."""
_NEIGHBOURS = 1
_REACH = 10.0  # wall widths shown on either side of a lone well
_STEP, _ARRIVED, _ASIDE = 0.08, 0.06, 1e-3  # lengths in (q/Delta, phi)


@dataclasses.dataclass(frozen=True)
class Flow:
    """The motion on part of a track, and what stands out in it.

    Attributes:
        current_density: held current density [A/m^2].
        field: applied field, as figures name it.
        q: positions, evenly spaced, shape (n,) [m].
        phi: angles over one turn, evenly spaced, shape (m,) [rad].
        q_rate: dq/dt, shape (n, m) [m/s].
        phi_rate: dphi/dt, shape (n, m) [rad/s].
        points: fixed points in this part of the track.
        trajectories: from each well at rest once the drive is on: q [m] and phi [rad], each of shape (k,).
        borders: lines that lead into the saddles and part the basins of the stable points, in the same form.
    """

    current_density: float
    field: Field
    q: np.ndarray
    phi: np.ndarray
    q_rate: np.ndarray
    phi_rate: np.ndarray
    points: list[FixedPoint]
    trajectories: list[tuple[np.ndarray, np.ndarray]]
    borders: list[tuple[np.ndarray, np.ndarray]]


@checked
def flow(
    model: QPhiModel,
    *,
    current_density: float = 0.0,
    field: Field = NO_FIELD,
    q_range: tuple[float, float] | None = None,
) -> Flow:
    """Evaluate the motion on a grid, find its fixed points, follow the wall from each well and to each saddle.

    Args:
        model: the wall in its device.
        current_density: heavy-metal current density, held [A/m^2].
        field: applied field in the frame of the wall.
        q_range: part of the track; by default around the middle well and its neighbours [m].
    """
    wells = [point for point in fixed_points(model) if point.kind == "stable"]
    low, high = part_of_track(model, wells) if q_range is None else q_range
    points = [p for p in fixed_points(model, current_density, field) if low <= p.q <= high]
    wells = [well for well in wells if low <= well.q <= high]
    q = np.linspace(low, high, Q_STEPS + 1)
    phi = turn_around(wells) + np.linspace(0, 2 * np.pi, PHI_STEPS + 1)
    rates = model.velocity(q[:, None], phi[None, :], current_density, field)
    driven = current_density != 0 or field != NO_FIELD
    starts = [(well.q / model.Delta, well.phi) for well in wells] if driven else []
    beside = [start for point in points if point.kind == "saddle" for start in _beside(model, point)]
    ends = {1: "stable", -1: "unstable"}
    ways, borders = (
        follow(
            lambda x, sign=sign: _direction(model, x, sign, current_density, field),
            np.array(first).reshape(-1, 2),
            (low / model.Delta, high / model.Delta),
            np.array([(p.q / model.Delta, p.phi) for p in points if p.kind == ends[sign]]).reshape(-1, 2),
        )
        for sign, first in ((1, starts), (-1, beside))
    )
    drawn = [[(x[:, 0] * model.Delta, x[:, 1]) for x in lines] for lines in (ways, borders)]
    return Flow(current_density, field, q, phi, *rates, points, *drawn)


def part_of_track(model: QPhiModel, wells: list[FixedPoint]) -> tuple[float, float]:
    """Return the ends [m] of the part of the track with the middle well and its neighbours."""
    length = model.device.track.length
    q = np.sort([well.q for well in wells])
    places = q[np.diff(q, prepend=-np.inf) > model.Delta]
    if places.size < 2:
        centre = places[0] if places.size else length / 2
        reach = _REACH * model.Delta
    else:
        middle = places.size // 2
        near = places[max(middle - _NEIGHBOURS, 0) : middle + _NEIGHBOURS + 1]
        centre = 0.5 * (near[0] + near[-1])
        reach = 0.5 * (near[-1] - near[0]) + 0.5 * np.diff(places).min()
    return max(centre - reach, 0.0), min(centre + reach, length)


def _beside(model: QPhiModel, saddle: FixedPoint):
    """Return two places (q/Delta, phi) on the line that leads into a saddle, one on each side."""
    direction = saddle.directions[:, 1].real
    for side in (-1, 1):
        yield saddle.q / model.Delta + side * _ASIDE * direction[0], saddle.phi + side * _ASIDE * direction[1]


def _direction(model: QPhiModel, x: np.ndarray, sign: int, current_density: float, field: Field) -> np.ndarray:
    """Return the unit vectors along the motion at x in (q/Delta, phi), against it for sign = -1, shape (n, 2)."""
    v = sign * np.stack(model.velocity(x[:, 0] * model.Delta, x[:, 1], current_density, field), axis=-1)
    v[:, 0] /= model.Delta
    return v / np.maximum(np.hypot(*v.T), 1e-300)[:, None]


def follow(direction, starts: np.ndarray, q_range: tuple[float, float], ends: np.ndarray) -> list[np.ndarray]:
    """Return the lines along a field of directions, by the classical Runge-Kutta method in equal lengths.

    Args:
        direction: function from places, shape (n, 2), to unit vectors, shape (n, 2).
        starts: where the lines begin, shape (n, 2).
        q_range: a line ends where its first coordinate leaves this range.
        ends: a line ends near one of these points, shape (m, 2); the second coordinate is an angle [rad].

    Returns:
        One array of places per line, shape (k, 2); at most `MOST_STEPS` steps.
    """
    lines = [[start] for start in starts]
    going = np.arange(len(starts))
    x = starts.astype(float)
    for _ in range(MOST_STEPS):
        k1 = direction(x)
        k2 = direction(x + 0.5 * _STEP * k1)
        k3 = direction(x + 0.5 * _STEP * k2)
        x = x + _STEP / 6 * (k1 + 2 * k2 + 2 * k3 + direction(x + _STEP * k3))
        for line, place in zip(going, x, strict=True):
            lines[line].append(place)
        apart = np.stack([x[:, None, 0] - ends[:, 0], wrapped(x[:, None, 1] - ends[:, 1])])
        arrived = (np.hypot(*apart) < _ARRIVED).any(axis=1)
        on = (x[:, 0] > q_range[0]) & (x[:, 0] < q_range[1]) & ~arrived
        going, x = going[on], x[on]
        if not going.size:
            break
    return [np.array(line) for line in lines]
