"""What the rigid wall sees of a profile along the track (`llg.device.profile`), averaged over the wall."""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import numpy as np

from llg.constants import MU_0
from llg.device.electrical import Torque
from llg.device.geometry import Geometry, Grid, averages
from llg.device.material import Material, StraightWall, Wall
from llg.device.profile import Profile
from llg.device.track import Track, spans


@dataclasses.dataclass(frozen=True)
class ProfileAverages:
    """Averages over the wall in a profile, all of which is relative.

    Attributes:
        profile: the profile.
        film: the film of the device.
        wall: its straight wall.
        track: its track.
        width: function from x, shape (n,) [m], to w tau, same shape [m].
    """

    profile: Profile
    film: Material
    wall: StraightWall
    track: Track
    width: Callable[[np.ndarray], np.ndarray]

    def average(self, f: Callable[[np.ndarray], np.ndarray]) -> Geometry:
        """Return <w tau f> over the wall, f a function of x [m]."""
        grid, parts, points = self._widths
        return averages(parts * f(grid.x), points * f(grid.q), grid, self.wall.Delta, self.track.width)

    @functools.cached_property
    def _widths(self) -> tuple[Grid, np.ndarray, np.ndarray]:
        """The grid of the geometry, and w tau at its x and q [m]."""
        grid = Grid.of(self.track.length, self.wall.Delta)
        return grid, self.width(grid.x), self.width(grid.q)

    @property
    def q(self) -> np.ndarray:
        """Grid of the averages, that of the geometry [m]."""
        return self._widths[0].q

    @functools.cached_property
    def potential(self) -> Callable[..., np.ndarray]:
        """Spline over q [m] of the energy of what changes along the track, but for the angle [J]."""
        from scipy.interpolate import CubicHermiteSpline  # slow to import, and few devices need it

        q, film, wall, t = self.q, self.film, self.wall, self.track.thickness
        V, slope = np.zeros((2, q.size))
        if (K_u := self.profile.factor("K_u")) is not None:
            hard = self.average(lambda x: K_u(x) - 1)
            unit = 2 * wall.Delta * t * film.K_u
            V, slope = V + unit * hard.s2, slope + unit * hard.ds2
        if (H_z := self.profile.field("H_z")) is not None:
            up, unit = self.average(H_z), -2 * wall.Q * MU_0 * film.Ms * t
            V = V + unit * CubicHermiteSpline(q, up.s2, up.ds2).antiderivative()(q)
            slope = slope + unit * up.s2
        return CubicHermiteSpline(q, V, slope)

    @functools.cached_property
    def in_plane(self) -> np.ndarray | None:
        """Fields in the plane beyond the uniform ones, times the width, and their slopes on the grid of the geometry.

        Rows <w tau (H_x + Q H_D (delta - 1))>_1, <w tau H_y>_1 [A] and their derivatives by q [A/m], shape (4, n); None
        where there are none.
        """
        film, wall = self.film, self.wall
        chiral = -wall.Q * film.D / (MU_0 * film.Ms * wall.Delta)
        D = self.profile.factor("D") if film.D else None
        parts: dict[int, list[Callable]] = {0: [], 1: []}
        if D is not None:
            parts[0].append(lambda x: chiral * (D(x) - 1))
        for row, name in enumerate(("H_x", "H_y")):
            if (field := self.profile.field(name)) is not None:
                parts[row].append(field)
        if not any(parts.values()):
            return None
        rows = np.zeros((4, self.q.size))
        for row, functions in parts.items():
            for function in functions:
                g = self.average(function)
                rows[row] += g.s1
                rows[row + 2] += g.ds1
        return rows


def profile_problems(profile: Profile, film: Material, wall: Wall, track: Track, torque: Torque) -> Iterator[str]:
    """Yield what a profile asks of the rest of the device."""
    varied, where = profile.varied, "[profile]"
    if not spans(profile.x, track.length):
        yield f"{where}: x = {profile.x[0]:g} to {profile.x[-1]:g} [m] must span part of the track, 0 to {track.length:g}"
    beyond = [name for name in varied if name not in ("K_u", "H_z")]
    if beyond and wall.model != "q-phi":
        yield f'{where}: {", ".join(beyond)} along the track: [wall] model must be "q-phi", not "{wall.model}"'
    fields = [name for name in varied if name.startswith("H_")]
    if film.in_plane and fields:
        yield f'{where}: {", ".join(fields)} along the track need [material] easy_axis = "z"'
    if "thickness" in varied and (torque.P > 0 or (torque.theta_SH != 0 and torque.current_crowding != 1)):
        yield f"{where}: a thickness that changes needs [torque] P = 0 and current_crowding = 1"
