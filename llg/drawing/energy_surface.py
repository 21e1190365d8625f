"""The energy of the wall over (q, phi) on a grid, with wells, saddles and minimum-energy paths: what figures show."""

import dataclasses

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError
from llg.constants import K_B
from llg.landscape.fixed_points import FixedPoint, fixed_points, wrapped
from llg.landscape.minimum_energy_path import EnergyPath, has_energy, paths_of_track
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

Q_STEPS, PHI_STEPS = 900, 180
_SAME_ANGLE = 0.5  # [rad] between a well and the saddles beside it along the track
_HEADROOM = 1.6  # the scale goes to this multiple of the highest barrier


@dataclasses.dataclass(frozen=True)
class EnergySurface:
    """Energy over position and angle, in kB T above the deepest well.

    Attributes:
        q: positions, shape (n,) [m].
        phi: angles, over one turn with the wells in the middle, shape (m,) [rad].
        energy: energy, shape (n, m) [kB T].
        zero: the energy that counts as 0 [J].
        temperature: that of the unit kB T [K].
        points: fixed points of the motion without torques; the stable ones are the wells, of kB T and deeper.
        paths: minimum-energy paths between the wells and to the ends of the track.
    """

    q: np.ndarray
    phi: np.ndarray
    energy: np.ndarray
    zero: float
    temperature: float
    points: list[FixedPoint]
    paths: list[EnergyPath]

    def height(self, energy):
        """Return an energy [J] on the scale of the surface [kB T]."""
        return (energy - self.zero) / (K_B * self.temperature)

    @property
    def top(self) -> float:
        """Where a scale should end that shows wells and saddles [kB T]."""
        along = [path for path in self.paths if not path.turns]
        if not along:
            return float(self.energy.max())
        tops = [self.height(path.energy.max()) for path in along]
        closed = [top for top, path in zip(tops, along, strict=True) if path.saddle is not None]
        return float(_HEADROOM * (max(closed) if closed else min(tops)))


@checked
def energy_surface(
    model: QPhiModel,
    *,
    field: Field = NO_FIELD,
    current_density: float = 0.0,
    temperature: float | None = None,
) -> EnergySurface:
    """Evaluate the energy over the whole track and one turn of the angle.

    Args:
        model: the wall in its device.
        field: applied field.
        current_density: for the field-like torque, which has an energy [A/m^2].
        temperature: sets the unit kB T; the device's own by default [K].

    Raises:
        InputError: the drive has no energy.
    """
    if not has_energy(model, current_density):
        raise InputError(f"current_density = {current_density:g} [A/m^2]: its torque has no energy to draw")
    temperature = model.device.temperature if temperature is None else temperature
    points = fixed_points(model, current_density, field)
    height = [float(model.energy(point.q, point.phi, field, current_density)) for point in points]
    points = _without_ripples(points, height, model.Delta, K_B * temperature)
    wells = [point for point in points if point.kind == "stable"]
    q = np.linspace(0, model.device.track.length, Q_STEPS + 1)
    phi = turn_around(wells) + np.linspace(0, 2 * np.pi, PHI_STEPS + 1)
    energy = model.energy(q[:, None], phi[None, :], field, current_density)
    zero = min((float(model.energy(w.q, w.phi, field, current_density)) for w in wells), default=float(energy.min()))
    paths = paths_of_track(model, points, field, current_density)
    return EnergySurface(q, phi, (energy - zero) / (K_B * temperature), zero, temperature, points, paths)


def _without_ripples(points: list[FixedPoint], energy: list[float], Delta: float, kT: float) -> list[FixedPoint]:
    """Return the points without the wells that hold no wall: less than kB T deep along the track, as on a plateau.

    Args:
        points: fixed points.
        energy: theirs [J].
        Delta: wall width parameter [m].
        kT: thermal energy [J].
    """

    def held(point: FixedPoint, bottom: float) -> bool:
        for side in (-1, 1):
            along = [
                ((saddle.q - point.q) * side, top)
                for saddle, top in zip(points, energy, strict=True)
                if saddle.kind == "saddle" and abs(wrapped(saddle.phi - point.phi)) < _SAME_ANGLE
            ]
            if (beside := [pair for pair in along if pair[0] > Delta]) and min(beside)[1] - bottom < kT:
                return False
        return True

    return [p for p, bottom in zip(points, energy, strict=True) if p.kind != "stable" or held(p, bottom)]


def turn_around(points: list[FixedPoint]) -> float:
    """Return the lower end [rad] of the turn of the angle whose ends stay farthest from the points."""
    if not points:
        return -np.pi
    angles = np.unique(np.round(np.mod([point.phi for point in points], 2 * np.pi), 6))
    gaps = np.diff(angles, append=angles[0] + 2 * np.pi)
    widest = int(np.argmax(gaps > gaps.max() - 1e-4))
    middle = angles[widest] + 0.5 * gaps[widest]
    return float(wrapped(middle, -np.pi - 1e-3))  # a turn from -pi, not from +pi
