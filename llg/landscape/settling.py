"""When a wall at rest has settled: below this energy it stays in its well for the remaining time, to a stated chance.

Let e = E/kB T, x = (q/Delta, phi), D the diffusion constant of the wall, a = d ln s2/dx, and let Omega be the part of a
well where e is below e_edge, the energy of its lower edge: a wall that has not left Omega has passed neither edge. With

    G = div grad e - a de/dx + |a de/dphi|/alpha,   Gamma = largest D G in Omega,   |Omega| = its area in x,

a wall that starts in Omega with the energy e_0 leaves it within the time t with a probability of at most

    P <= exp(1 + e_0 - e_edge) [1 + Gamma t Gamma |Omega|/(2 D)].

`docs/performance.md` has the proof. Everything is evaluated at a temperature `MARGIN` above the real one, more than the
time step heats the wall (`llg.runs.time_step`).
"""

import dataclasses
import functools
import math

import numpy as np

from llg.constants import GAMMA_0, K_B, MU_0
from llg.landscape.wells import Well
from llg.walls.q_phi import QPhiModel

CHANCE = 1e-9
"""Largest probability that a trajectory that is stopped would have ended elsewhere."""
MARGIN = 1.05
"""Temperature of the bound relative to the real one."""
THERMAL_KT, EDGE_KT = 5.0, 3.0
"""In a shallow well a wall is at rest this far above the bottom or lower, and this far below the edge [kB T]."""
_ANGLES = 180
_STRIDE = 4
"""Every so many points of the geometry are looked at; it has some 40 per Delta."""


@dataclasses.dataclass(frozen=True)
class EscapeBound:
    """Bound on the escape from one well.

    Attributes:
        edge: energy of its lower edge [J].
        unit: kB T with the margin [J].
        rate: Gamma [1/s].
        cells: Gamma |Omega|/(2 D) [1].
    """

    edge: float
    unit: float
    rate: float
    cells: float

    def chance(self, energy: float, time: float) -> float:
        """Return the bound on the probability of escape within `time` [s] of a wall of this energy [J]."""
        return min(math.exp(1 + (energy - self.edge) / self.unit) * (1 + self.rate * time * self.cells), 1.0)

    def level(self, time: float) -> float:
        """Return the energy [J] below which a wall has settled: its chance of escape within `time` [s] is `CHANCE`."""
        return self.edge + self.unit * (math.log(CHANCE) - 1 - math.log1p(self.rate * time * self.cells))


class Settling:
    """Energies at which the rigid walls of one device at rest count as settled.

    Args:
        model: the rigid wall in its device.
        wells: all wells of the track.
        temperature: temperature [K], > 0.
    """

    def __init__(self, model: QPhiModel, wells: list[Well], temperature: float):
        self.model, self.wells, self.temperature = model, wells, temperature
        self.parts = _energy_parts(model)

    @functools.cached_property
    def bounds(self) -> list[EscapeBound]:
        """Bounds on the escape from each well."""
        unit = MARGIN * K_B * self.temperature
        return [_bound(self.model, self.parts, well, unit) for well in self.wells]

    def rest_levels(self, time: float) -> np.ndarray:
        """Return the energy above the bottom of each well below which a wall is at rest there, shape (S,) [J].

        Its chance to escape within `time` [s] is then below `CHANCE`. A well too shallow for that bound holds its walls
        to no such chance: there a wall is at rest `THERMAL_KT` kB T above the bottom or lower, which thermal motion
        seldom exceeds, but at least `EDGE_KT` kB T below the edge. Without noise every wall below the edge stays.
        """
        lowest = np.array([min(well.barrier_left, well.barrier_right) for well in self.wells])
        kT = K_B * self.temperature
        if kT == 0:
            return lowest
        deep = lowest + MARGIN * kT * (math.log(CHANCE) - 1)
        if time > 0:
            deep = np.array([bound.level(time) for bound in self.bounds]) - [well.energy for well in self.wells]
        return np.maximum(deep, np.minimum(THERMAL_KT * kT, lowest - EDGE_KT * kT))

    def surface(self, time: float) -> np.ndarray:
        """Return the energy less the level of its well, as the kernel reads it.

        Args:
            time: remaining time [s].

        Returns:
            Shape (grid points of the geometry, 4): at each point A, B, C, S of E - level = A + B cos^2 phi + C cos phi
            + S sin phi [J]. A is infinite where no well is, edges included.
        """
        q = self.parts.q
        level = np.full(q.size, -np.inf)
        for well, bound in zip(self.wells, self.bounds, strict=True):
            level[(q > well.left_edge) & (q < well.right_edge)] = bound.level(time)
        return np.stack([self.parts.value[0] - level, *self.parts.value[1:]], axis=1)


@dataclasses.dataclass(frozen=True)
class _Parts:
    """A, B, C, S of E = A + B cos^2 phi + C cos phi + S sin phi and derivatives by q/Delta, of shape (4, n) [J]."""

    q: np.ndarray
    value: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray


def _energy_parts(model: QPhiModel) -> _Parts:
    g, Delta, t = model.device.geometry, model.Delta, model.t
    V, force = model.device.extra_potential(g.q)
    wall, shape = t * model.sigma_0, t * MU_0 * model.Ms * model.H_K * Delta
    moment, held = t * MU_0 * model.Ms, model.held
    along = -moment * math.pi * Delta * (model.Q * model.H_D + held.H_x)
    across, up = -moment * math.pi * Delta * held.H_y, -2 * model.Q * moment * held.H_z
    value = np.stack([wall * g.s2 + V, shape * g.s2, along * g.s1, across * g.s1])
    slope = np.stack([wall * g.ds2 + force, shape * g.ds2, along * g.ds1, across * g.ds1])
    if (varied := model.along(g.q)) is not None:
        value[2:] -= moment * math.pi * Delta * np.stack(varied[:2])
        slope[2:] -= moment * math.pi * Delta * np.stack(varied[2:])
    if up:
        value[0] += up * model.moment(g.q)
        slope[0] += up * g.s2
    slope *= Delta
    return _Parts(g.q, value, slope, np.gradient(slope, g.step / Delta, axis=1))


def _bound(model: QPhiModel, parts: _Parts, well: Well, unit: float) -> EscapeBound:
    """Evaluate the constants of the bound on a grid of (q, phi) over one well."""
    inside = np.flatnonzero((parts.q >= well.left_edge) & (parts.q <= well.right_edge))
    edges, inside = inside[[0, -1]], inside[::_STRIDE]
    g, Delta = model.device.geometry, model.Delta
    phi = np.linspace(-np.pi, np.pi, _ANGLES, endpoint=False)
    cosine = np.cos(phi)
    sine = np.sin(phi)
    by_angle = np.stack([np.ones(phi.size), cosine**2, cosine, sine])
    e, e_x, e_xx = (part[:, inside].T @ by_angle / unit for part in (parts.value, parts.slope, parts.curvature))
    _, B, C, S = (part[:, None] for part in parts.value[:, inside] / unit)
    e_phi = S * cosine - sine * (2 * B * cosine + C)
    e_phiphi = -2 * B * np.cos(2 * phi) - C * cosine - S * sine
    a, s2 = (Delta * g.ds2 / g.s2)[inside, None], g.s2[inside, None]
    G = e_xx + e_phiphi - a * e_x + np.abs(a * e_phi) / model.alpha
    D = model.alpha / (1 + model.alpha**2) * unit * GAMMA_0 / (2 * MU_0 * model.Ms * Delta * model.t * s2)
    edge = float((parts.value[:, edges].T @ by_angle).min()) / unit
    omega = e < edge
    rate = float(np.max(D * G, where=omega, initial=0.0))
    area = np.count_nonzero(omega) * (_STRIDE * g.step / Delta) * (2 * math.pi / _ANGLES)
    least = float(np.min(D * np.ones(phi.size), where=omega, initial=np.inf))
    return EscapeBound(edge * unit, unit, rate, rate * area / (2 * least))
