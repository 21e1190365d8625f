"""What a wall feels of the outline when it widens or tilts at a fixed magnetic moment.

A wall of width Delta' that is tilted by chi, x = q' + y tan chi, sees what an upright wall of width Delta'/cos chi sees
on a track of the outline w_chi(x), the extent along y of the slanted line through (x, 0). So the averages of
`llg.device.geometry` serve for both.

The coordinate q of the extended models is fixed by the magnetic moment along z, not by the centre q' of the deformed
wall: q is the place of the upright wall of width Delta with the same moment. Where the outline slopes the two differ.
In this coordinate the moment does not depend on the deformation, and neither the gyrotropic coupling nor the Zeeman
energy does. The averages, as functions of q, are taken as linear in a measure zeta of the deformation:

    s1(q, zeta) = s1(q) + zeta b1(q),    s2(q, zeta) = s2(q) + zeta b2(q),    P(q, zeta) = P(q) + zeta p(q)

with b1, b2 and p from the exact averages of walls deformed as far as the models are meant for. P is the potential of
the damping-like torque at fixed phi, dP/dq = s_J.
"""

import dataclasses
import functools
import math
from collections.abc import Callable

import numpy as np

from llg.constants import MU_0
from llg.device.device import Device
from llg.device.geometry import average_width
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

WIDENED = (0.8, 1.2)
"""Widths over that of the wall at rest between which the averages are taken as linear."""
TILTS = np.radians([10.0, 20.0, 30.0])
"""Tilts to which the averages are fitted [rad]."""
SATURATIONS = np.arange(0.0, 8.1, 0.5)
"""Values of kappa tried in zeta = sin^2 chi/(1 + kappa sin^2 chi)."""
_SLICES_PER_DELTA = 8
_REACH = 25
_DEEPEST = 0.8
_ITERATIONS, _NUDGE = 14, 1e-4


@dataclasses.dataclass(frozen=True)
class Response:
    """Change of the averages with the deformation zeta at fixed magnetic moment, on the grid of the geometry.

    Attributes:
        b1: change of s1, shape (n,) [m].
        b2: change of s2, shape (n,) [m].
        db1: derivative of b1 along the track, shape (n,) [1].
        db2: derivative of b2 along the track, shape (n,) [1].
        p: change of the potential of the damping-like torque, shape (n,) [m^2].
        dp: its derivative along the track, shape (n,) [m].
        saturation: kappa of the tilt, zeta = sin^2 chi/(1 + kappa sin^2 chi) [1].
    """

    b1: np.ndarray
    b2: np.ndarray
    db1: np.ndarray
    db2: np.ndarray
    p: np.ndarray
    dp: np.ndarray
    saturation: float = 0.0


@dataclasses.dataclass(frozen=True)
class _Deformed:
    """Averages of one deformed wall as functions of its moment-fixed place; arrays of shape (n,)."""

    s1: np.ndarray
    s2: np.ndarray
    ds1: np.ndarray
    ds2: np.ndarray
    P: np.ndarray
    dP: np.ndarray


@functools.lru_cache(maxsize=256)
def widening_response(device: Device) -> Response:
    """Return the response to zeta = Delta'/Delta - 1."""
    Delta = device.straight_wall.Delta
    low, high = (_stacked(_deformed(device, device.width_at, _full(device), f * Delta)) for f in WIDENED)
    return _response(device, (high - low) / (WIDENED[1] - WIDENED[0]), 0.0)


@functools.lru_cache(maxsize=256)
def tilt_response(device: Device) -> Response:
    """Return the response to zeta = sin^2 chi/(1 + kappa sin^2 chi), fitted to the exact averages."""
    Delta = device.straight_wall.Delta
    upright = _stacked(_deformed(device, device.width_at, _full(device), Delta))
    tilted = [_stacked(_deformed(device, *_slanted(device, math.tan(chi)), Delta / math.cos(chi))) for chi in TILTS]
    change, square = np.array(tilted) - upright, np.sin(TILTS) ** 2
    size = np.abs(change[:, :2]).max(axis=0)
    weight = np.where(size > 1e-3 * device.track.width, 1 / np.maximum(size, 1e-30) ** 2, 0.0)
    best = (math.inf, upright * 0.0, 0.0)
    for kappa in SATURATIONS:
        zeta = square / (1 + kappa * square)
        pull = zeta / square / np.sum(zeta**2 / square)
        slope = np.tensordot(pull, change, 1)
        rest = (change - zeta[:, None, None] * slope)[:, :2]
        misfit = float(np.sum(np.sum(rest**2 / square[:, None, None], axis=0) * weight))
        if misfit < best[0]:
            best = misfit, slope, float(kappa)
    return _response(device, best[1], best[2])


def _full(device: Device) -> Callable:
    """Return the extent of the track weighed with the crowded current density over J: the same everywhere."""
    return lambda x: np.full_like(x, device.track.width)


def _stacked(deformed: "_Deformed") -> np.ndarray:
    return np.stack([getattr(deformed, f.name) for f in dataclasses.fields(deformed)])


def _response(device: Device, change: np.ndarray, saturation: float) -> Response:
    """Return the response with these changes of the fields of `_Deformed`, shape (6, n).

    Next to contact pads a wall with large tilt leaves the law; the averages are kept positive there.
    """
    g = device.geometry
    s1, s2, ds1, ds2, P, dP = change
    low1, low2 = s1 < -_DEEPEST * g.s1, s2 < -_DEEPEST * g.s2
    return Response(
        b1=np.where(low1, -_DEEPEST * g.s1, s1), b2=np.where(low2, -_DEEPEST * g.s2, s2),
        db1=np.where(low1, -_DEEPEST * g.ds1, ds1), db2=np.where(low2, -_DEEPEST * g.ds2, ds2),
        p=P, dp=dP, saturation=saturation,
    )  # fmt: skip


def _deformed(device: Device, outline: Callable, crowded: Callable, Delta: float) -> _Deformed:
    """Return the averages over a wall of another width on another outline, at the places of equal magnetic moment.

    Args:
        device: gives the grid, the upright wall and its moments.
        outline: extent along y at x, both shape (n,) [m].
        crowded: the same weighed with the crowded current density over J.
        Delta: width along x [m].
    """
    from scipy.interpolate import CubicHermiteSpline  # slow to import, and most walls never need it

    g, kappa = device.geometry, device.torque.current_crowding
    length = device.track.length
    wide, flow = (average_width(f, length, Delta, g.w_0) for f in (outline, crowded))
    rest = device.straight_wall.Delta
    s1, s2, s_c = (CubicHermiteSpline(a.q, s, ds) for a, s, ds in (
        (wide, wide.s1, wide.ds1), (wide, wide.s2, wide.ds2), (flow, flow.s1, flow.ds1)))  # fmt: skip
    moment = CubicHermiteSpline(g.q, g.s2, g.ds2).antiderivative()(g.q)
    step, beyond = 0.02 * rest, 1.5 * _REACH * max(rest, Delta) + float(g.w.max())
    x = np.arange(-beyond + 0.5 * step, length + beyond, step)  # all the track: slanted lines move it about each notch
    shift = _moment_difference(x, device.width_at, rest, outline, Delta, np.tanh)
    place, far = g.q.copy(), s2.antiderivative()
    for _ in range(6):  # Newton: the moment of the deformed wall at `place` equals that of the upright one at q
        place -= (_beyond(far, s2, place, length) + shift - moment) / _ends(s2, place, length)
    along = g.s2 / _ends(s2, place, length)  # d place/dq
    inside = (place >= 0) & (place <= length)
    slope = [np.where(inside, s.derivative()(np.clip(place, 0, length)), 0.0) * along for s in (s1, s2)]
    P_1 = _beyond(s1.antiderivative(), s1, place, length)
    P_1 = P_1 + _moment_difference(x, device.width_at, rest, outline, Delta, _gudermann)
    P_c = _beyond(s_c.antiderivative(), s_c, place, length)
    P_c = P_c + _moment_difference(x, _full(device), rest, crowded, Delta, _gudermann)
    s_J = (1 - kappa) * _ends(s1, place, length) + kappa * _ends(s_c, place, length)
    return _Deformed(
        s1=_ends(s1, place, length), s2=_ends(s2, place, length), ds1=slope[0], ds2=slope[1],
        P=(1 - kappa) * P_1 + kappa * P_c, dP=s_J * along,
    )  # fmt: skip


def _ends(spline, place, length):
    return spline(np.clip(place, 0, length))


def _beyond(integral, spline, place, length):
    """Return the integral of the spline from 0, whose value stays that at the ends beyond them."""
    inside = np.clip(place, 0, length)
    return integral(inside) + (place - inside) * spline(inside)


def _gudermann(z):
    return 2 / np.pi * np.arctan(np.sinh(np.clip(z, -300, 300)))


def _moment_difference(
    x: np.ndarray, outline: Callable, Delta: float, other: Callable, other_Delta: float, profile: Callable
) -> float:
    """Return half the integral of outline profile(x/Delta) - other profile(x/other Delta), wall at q = 0 [m^2].

    The profile is odd and goes from -1 to 1; this is the constant that the running integrals of s1 and s2 lack. The
    places x [m], equally far apart, reach on both sides to where the outlines are the same.
    """
    difference = outline(x) * profile(x / Delta) - other(x) * profile(x / other_Delta)
    return 0.5 * float(difference.sum()) * float(x[1] - x[0])


def _slanted(device: Device, slope: float) -> tuple[Callable, Callable]:
    """Return the extent along y of slanted lines through (x, 0), plain and weighed with the crowded current."""
    half, Delta = 0.505 * float(device.geometry.w.max()), device.straight_wall.Delta
    slices = max(math.ceil(2 * half * slope / Delta * _SLICES_PER_DELTA), 32)
    y = ((np.arange(slices) + 0.5) / slices * 2 - 1) * half
    dy, beyond = y[1] - y[0], 2 * _REACH * Delta + 2 * half
    x = np.arange(-beyond, device.track.length + beyond, device.geometry.step / 3)
    extent, flow = np.zeros_like(x), np.zeros_like(x)
    for one in y:
        w = device.width_at(x + one * slope)
        part = np.clip((0.5 * w - abs(one)) / dy + 0.5, 0, 1) * dy
        extent += part
        flow += part * device.track.width / w
    return (lambda at: np.interp(at, x, extent)), (lambda at: np.interp(at, x, flow))


class ThirdCoordinateModel(QPhiModel):
    """A wall with a third coordinate, its width or tilt, at rest where f3 vanishes; all methods broadcast."""

    bounds: tuple[float, float]
    straight: float
    longest: float
    """Bounds of the third coordinate, its value for the straight wall, longest step to rest; in units of `scale`."""

    def __init__(self, device: Device):
        super().__init__(device)
        self.h_sigma = self.sigma_0 / (2 * MU_0 * self.Ms * self.Delta)
        self.scale = 1.0

    @property
    def response(self) -> Response:
        """Change of the averaged widths with the deformation zeta."""
        raise NotImplementedError

    @functools.cached_property
    def _response_splines(self):
        from scipy.interpolate import CubicHermiteSpline  # slow to import, and the ensembles never need it

        q, r = self.device.geometry.q, self.response
        b1, b2 = CubicHermiteSpline(q, r.b1, r.db1), CubicHermiteSpline(q, r.b2, r.db2)
        return b1, b2, b1.derivative(), b2.derivative(), CubicHermiteSpline(q, r.p, r.dp)

    def deformed(self, q) -> tuple[np.ndarray, ...]:
        """Return (b1 [m], b2 [m], b1' [1], b2' [1], p [m^2]) at q [m]."""
        q = np.clip(q, 0.0, self.device.track.length)
        return tuple(spline(q) for spline in self._response_splines)

    def forces(
        self, q, phi, third, current_density=0.0, field: Field = NO_FIELD, *, fl_current=None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the right-hand sides (f1, f2, f3) [A/m] including all torques.

        Args:
            q: wall position, any shape [m].
            phi: wall angle [rad].
            third: the third coordinate, SI.
            current_density: heavy-metal current density [A/m^2].
            field: applied field.
            fl_current: current density of the field-like torque, if another [A/m^2].
        """
        raise NotImplementedError

    def relaxed(self, q, phi, field: Field = NO_FIELD, current_density: float = 0.0) -> np.ndarray:
        """Return the third coordinate of least energy at q [m] and phi [rad], SI, by Newton's method."""
        value = np.full(np.broadcast_shapes(np.shape(q), np.shape(phi)), self.straight)
        for _ in range(_ITERATIONS):
            force, low, high = (
                self.forces(q, phi, (value + d) * self.scale, 0.0, field, fl_current=current_density)[2]
                for d in (0.0, -_NUDGE, _NUDGE)
            )
            slope = np.minimum((high - low) / (2 * _NUDGE), -0.1 * self.h_sigma)
            change = np.clip(force / slope, -self.longest, self.longest)
            value = np.clip(value - change, *self.bounds)
            if np.max(np.abs(change)) < 1e-9:
                break
        return value * self.scale

    def fields(self, q, phi, current_density=0.0, field: Field = NO_FIELD) -> tuple[np.ndarray, np.ndarray]:
        """Return the right-hand sides (f1, f2) [A/m] with the third coordinate at rest at q [m] and phi [rad]."""
        f1, f2, _ = self.forces(q, phi, self.relaxed(q, phi, field, current_density), current_density, field)
        return f1, f2

    def complete(self, q: float, phi: float, third: float | None = None) -> tuple[float, ...]:
        """Return all coordinates of a wall at q [m] with angle phi [rad]; the third is at rest if not given [SI]."""
        return float(q), float(phi), float(self.relaxed(q, phi) if third is None else third)
