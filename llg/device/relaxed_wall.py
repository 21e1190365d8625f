"""What a wall gains by taking the shape of least energy in a notch, as a potential beside that of the rigid wall.

A rigid wall stays straight across the track. A real one bows, and its level lines fan out at slanted edges: for a
chiral wall the DMI is a term of the edge, 2A dtheta/dn = D n_x. For each distinct notch the wall is relaxed here in two
dimensions, at fixed magnetic moment along z, with the local energy whose constants are those of the device's own
straight wall, A' = sigma_0 Delta/4, K' = sigma_0/(4 Delta) and D:

    U(q_S) = min over m(x, y) of t { A' sum a |dm|^2 + K' sum f (1 - m_z^2) h^2
                                     + D h sum a (m_z,i m_n,j - m_z,j m_n,i) },      q_S = sum f m_z h^2/(2 w)

on square cells cut by the outline: f is the share of a cell, a that of a face inside it, i and j are neighbours along
n. Their edge h is the one nearest to Delta/3.6 of which a whole number fills half the track, so that the energy of the
even track does not jitter as Delta changes. A stiff spring on q_S holds the wall; its pull is dU/dq_S. The rigid wall's
place is the one of the same moment, w dq_S = s2(q) dq, and what is added to its energy is

    V(q) = U(q_S(q)) - U(far) - [E(q) - E(far)],      E/t = s2 sigma_0 - pi s1 |D cos phi_rest|

without the term of H_K, which stays as it is. There is no new coordinate: the shape follows q at once. It decays in
some 40 ps at alpha = 0.3, the slower the smaller alpha; faster edges and weaker damping are outside. In units of Delta
and sigma_0 Delta t, V depends on the outline over Delta and on delta = D/sigma_0 alone. Left out are long-range
magnetostatics beyond that in sigma_0, and the slopes of a tabulated outline, of roughness and of contact pads. Where
the wall snaps from one shape to another (off the corners of rectangular or deep notches) the lower of the energies on
the way out and on the way back counts.

References:
    S. Rohart, A. Thiaville, Phys. Rev. B 88, 184422 (2013): DMI at edges, and the energy density used here.
    D. C. Liu, J. Nocedal, Math. Program. 45, 503 (1989): the minimizer, as in `scipy.optimize`.
"""

import dataclasses
import functools
import hashlib
import math

import numpy as np

from dwcore.errors import RunError
from dwcore.numerics.product import one_blas_thread
from llg.device import relaxed_wall_cache
from llg.device.geometry import average_width
from llg.device.notch import Form

CELLS_PER_DELTA = 3.6
_VERSION = 10  # of the method; part of the key of what is kept
_STRIDE = 2  # cells from one place of the wall to the next
_REACH = 5.0  # [Delta] beyond the notch, where the correction ends
_FADED = 1.0, 4.0  # [Delta] from there, between which it is faded out: its errors would be wells on an even track
_PAD = 8.0  # [Delta] of track that is free to move on either side of the wall
_SPRING = 1.5  # stiffness against the place, per width of the track; so the wall follows out of deep notches, too
_SAMPLES = 16  # of the outline per cell
_LEAST_FILL = 1e-3  # smaller cells are left out
_GRADIENT = 3e-5  # of the scaled angles at which the search ends, in units of sigma_0 Delta t
_SNAP = 0.1  # energy between two places, beyond the work of the force, at which the wall has snapped to another shape
_OVERSHOOT = 0.03  # the same beyond which no smooth curve goes through both places
_ROUND = 0.1  # [Delta] over which a kink is rounded: four steps of the grid on which devices keep the potential
_ADVICE = 'give [wall] shape = "rigid"'
_OPPOSITE = {"upper": "lower", "lower": "upper"}
_ROUNDING = 30  # times that still counts as the end where rounding stops the search


@dataclasses.dataclass(frozen=True)
class Cut:
    """One notch of both edges, or of one, in units of Delta."""

    place: float
    depth: float
    width: float
    form: Form
    edge: str | None = None

    def depth_at(self, x: np.ndarray) -> np.ndarray:
        """Return the depth per edge at x, same shape as x [Delta]."""
        return self.depth * self.form.share(2 * (x - self.place) / self.width)

    @property
    def mirrored(self) -> "Cut":
        """The notch at the other side of the middle, seen in the mirror."""
        return Cut(0.0 - self.place, self.depth, self.width, self.form.mirrored, self.edge)

    @property
    def flipped(self) -> "Cut":
        """The notch with the upper edge for the lower one."""
        return dataclasses.replace(self, edge=None if self.edge is None else _OPPOSITE[self.edge])

    @property
    def half(self) -> float:
        """Distance from its place within which the notch cuts the edge [Delta]."""
        return 0.5 * self.width * self.form.reach


@dataclasses.dataclass(frozen=True)
class Correction:
    """V against the place of the wall from the middle of a group of notches, 0 beyond the ends.

    Attributes:
        q: places, ascending, shape (n,) [Delta].
        V: correction, shape (n,) [sigma_0 Delta t].
        slope: its derivative, shape (n,) [sigma_0 t].
        snapped: 1 on the side of the middle where the wall has snapped from one shape to another, else 0, shape (n,).
    """

    q: np.ndarray
    V: np.ndarray
    slope: np.ndarray
    snapped: np.ndarray

    @functools.cached_property
    def _spline(self):
        from scipy.interpolate import CubicHermiteSpline  # slow to import, and rigid walls never need it

        return CubicHermiteSpline(self.q, self.V, self.slope)

    def evaluate(self, q: np.ndarray) -> np.ndarray:
        """Return V and its derivative at q [Delta], shape (2, n)."""
        found = np.zeros((2, q.size))
        inside = (q > self.q[0]) & (q < self.q[-1])
        found[:, inside] = self._spline(q[inside]), self._spline(q[inside], 1)
        return found


@functools.lru_cache(maxsize=1024)
def correction(cuts: tuple[Cut, ...], width: float, delta: float, rows: int | None = None) -> Correction:
    """Return V of a group of notches on a straight track, relaxed now or when it was first asked for on this computer.

    Of a group and its mirror images one is relaxed, and stands for all: they agree to the last bit.

    Args:
        cuts: the notches about the middle of the group.
        width: width of the track [Delta].
        delta: |D cos phi_rest|/sigma_0 [1].
        rows: cells across half the track; `rows_across` of the width by default.

    Raises:
        RunError: the wall does not come to rest.
    """
    rows = rows_across(width) if rows is None else rows
    flipped, mirrored = tuple(cut.flipped for cut in cuts), tuple(cut.mirrored for cut in reversed(cuts))
    if repr(flipped) < repr(cuts):
        return correction(flipped, width, delta, rows)
    if repr(mirrored) < repr(cuts):
        image = correction(mirrored, width, delta, rows)
        return Correction(-image.q[::-1], image.V[::-1], -image.slope[::-1], image.snapped[::-1])
    key = hashlib.sha256(repr((_VERSION, cuts, width, delta, rows)).encode()).hexdigest()
    kept = relaxed_wall_cache.read(key)
    if kept is None:
        import scipy.optimize  # noqa: F401  # brings a BLAS of its own, whose threads must be found below
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, user_api="blas"):
            kept = _both_sides(cuts, width, delta, 2 * rows / width)
        relaxed_wall_cache.keep(key, kept)
    return Correction(*kept)


def rows_across(width: float) -> int:
    """Return how many cells of about Delta/`CELLS_PER_DELTA` fill half a track of a width [Delta]."""
    return max(round(0.5 * width * CELLS_PER_DELTA), 1)


def _both_sides(cuts: tuple[Cut, ...], width: float, delta: float, density: float) -> np.ndarray:
    """Return q, V, its slope and whether it snapped, from the left end to the right one, shape (4, n).

    The last argument is the number of cells per Delta.
    """

    def edges(x):
        return [
            0.5 * width - np.max([0 * x, *(cut.depth_at(x) for cut in cuts if cut.edge in (None, edge))], axis=0)
            for edge in _OPPOSITE
        ]

    def mirrored(x):
        return edges(-x)

    whole = any(cut.edge for cut in cuts)
    reach = max(max(abs(cut.place - cut.half), abs(cut.place + cut.half)) for cut in cuts) + _REACH
    rigid = _Rigid(lambda x: sum(edges(x)), reach, delta)
    right = _sweep(_Strip(edges, whole, reach, density, delta), reach, rigid)
    x = np.linspace(0, reach, 4001)
    if np.allclose(edges(x), mirrored(x), rtol=0, atol=1e-6 * width):
        right[0, 0] = right[2, 0] = 0.0
        left = right
    else:
        turned = _Rigid(lambda x: sum(mirrored(x)), reach, delta)
        left = _sweep(_Strip(mirrored, whole, reach, density, delta), reach, turned)
        middle = 0.5 * (left[1, 0] + right[1, 0])  # the two searches end a little apart at their common start
        for side in (left, right):
            side[1] += (middle - side[1, 0]) * (1 - side[0] / side[0, -1])
    turned = left[:, :0:-1] * np.array([[-1.0], [1.0], [-1.0], [1.0]])
    q, energy, force, snapped = _with_kinks(np.concatenate([turned, right], axis=1))
    V, slope = energy - rigid.energy(q), force - rigid.energy(q, 1)
    u = np.clip((reach - np.abs(q) - _FADED[0]) / (_FADED[1] - _FADED[0]), 0, 1)  # 1 in the notch, 0 at the ends
    share, change = u**2 * (3 - 2 * u), -np.sign(q) * 6 * u * (1 - u) / (_FADED[1] - _FADED[0])
    return np.stack([q, share * V, share * slope + change * V, snapped])


class _Rigid:
    """The rigid wall against its place [Delta]: averaged width s2 [Delta] and energy without H_K [sigma_0 Delta t]."""

    def __init__(self, outline, reach: float, delta: float):
        from scipy.interpolate import CubicHermiteSpline  # slow to import, and rigid walls never need it

        end = reach + _PAD + 1.0
        g = average_width(lambda x: outline(x - end), 2 * end, 1.0, 1.0)
        self.s2 = CubicHermiteSpline(g.q - end, g.s2, g.ds2)
        self.energy = CubicHermiteSpline(g.q - end, g.s2 - math.pi * delta * g.s1, g.ds2 - math.pi * delta * g.ds1)


def _sweep(strip: "_Strip", reach: float, rigid: _Rigid) -> np.ndarray:
    """Return q, energy, force and whether it snapped, of a wall that moves from 0 to `reach`, shape (4, n).

    The energy is that of the rigid wall at the end, and so is the force.
    """
    out = _pass(strip, range(0, math.ceil(reach / strip.h) + _STRIDE, _STRIDE), rigid.s2)
    q, energy, force = out
    snapped = np.any(np.abs(_misfit(q, energy, force)) > _SNAP)
    if snapped:
        back = _pass(strip, range((q.size - 1) * _STRIDE, -1, -_STRIDE), rigid.s2)[:, ::-1]
        q, energy, force = np.where(back[1] < energy, back, out)
    energy = energy - energy[-1] + rigid.energy(q[-1])
    force[-1] = rigid.energy(q[-1], 1)
    return np.stack([q, energy, force, np.full(q.size, float(snapped))])


def _misfit(q: np.ndarray, energy: np.ndarray, force: np.ndarray) -> np.ndarray:
    """Return what each step of the energy is beyond the work of the force, shape (n - 1,)."""
    return np.diff(energy) - 0.5 * (force[1:] + force[:-1]) * np.diff(q)


def _with_kinks(path: np.ndarray) -> np.ndarray:
    """Return q, energy, force and snaps with two points more wherever a smooth curve through them would overshoot.

    There two shapes change places. Their energies, straight from either end, meet in a kink where they cross, rounded
    by a parabola; where they do not cross, the energy is a straight line.
    """
    q, energy, force, snapped = path
    more, kept = [path[:, :0]], np.ones(q.size, bool)
    for i in np.flatnonzero(np.abs(_misfit(q, energy, force)) > _OVERSHOOT):
        step, slopes = q[i + 1] - q[i], force[i : i + 2]
        mean, tiny = (energy[i + 1] - energy[i]) / step, 1e-3 * step
        kink = (mean - slopes[1]) / (slopes[0] - slopes[1]) * step if slopes[0] > slopes[1] else -1.0
        if 0 < kink < step:
            at = kink + _ROUND * np.array([-0.5, 0.5])
            kept &= np.abs(q - q[i] - kink) > 0.6 * _ROUND
            inside = energy[i] + slopes[0] * kink + slopes * (at - kink)
        else:
            at, slopes = np.array([tiny, step - tiny]), np.array([mean, mean])
            inside = energy[i] + mean * at
        more.append(np.stack([q[i] + at, inside, slopes, np.full(2, snapped[i])]))
    joined = np.concatenate([path[:, kept], *more], axis=1)
    return joined[:, np.argsort(joined[0], kind="stable")]


def _pass(strip: "_Strip", columns: range, s2) -> np.ndarray:
    """Return place, energy and force of the wall moved through some columns right of the middle, shape (3, n).

    Args:
        strip: the track; its wall is where it was left.
        columns: cells from the middle, in steps of `_STRIDE`.
        s2: average of the width over the place [Delta], a spline.
    """
    moment = s2.antiderivative()
    moved: list[tuple[float, float, float]] = []
    middle, window, h = len(strip.fill) // 2, math.ceil(_PAD / strip.h), strip.h
    for column in columns:
        free = slice(middle + column - window, min(middle + column + window, 2 * middle))
        if not moved:
            free = slice(0, 2 * middle)
        else:
            strip.shift(free, columns.step)
        q = moved[-1][0] + columns.step * h if moved else column * h
        energy, reached, pull = strip.relax(
            float(moment(q) - moment(0.0)), _SPRING * strip.width / float(s2(q)) ** 2, free
        )
        for _ in range(20):
            q -= float((moment(q) - moment(0.0) - reached) / s2(q))
        moved.append((q, energy, pull * float(s2(q))))
    if len(moved) > 1 and np.any(np.diff([q for q, *_ in moved]) * columns.step < 0):
        raise RunError(f"the relaxed wall does not follow out of a notch; {_ADVICE}")
    return np.array(moved).T


class _Strip:
    """A piece of track on either side of the middle, and the moments on it; of mirror images the upper half alone."""

    def __init__(self, edges, whole: bool, reach: float, density: float, delta: float):
        """Cut the cells by the upper and lower edge, functions of x [Delta]: distances from the middle."""
        cells, h = math.ceil((reach + _PAD) * density), 1 / density
        x = h * ((np.arange(2 * cells * _SAMPLES) + 0.5) / _SAMPLES - cells)
        top, bottom = (side.reshape(2 * cells, _SAMPLES, 1) / h for side in edges(x))
        face_top, face_bottom = (side[:, None] / h for side in edges(h * (np.arange(1, 2 * cells + 1) - cells)))
        if not whole:
            bottom, face_bottom = 0 * bottom, 0 * face_bottom
        row = np.arange(-math.ceil(bottom.max() - 1e-9), math.ceil(top.max() - 1e-9))
        self.h, self.delta, self.whole = h, delta, whole
        self.fill = (np.clip(top - row, 0, 1) - np.clip(-bottom - row, 0, 1)).mean(axis=1)
        self.right = np.clip(face_top - row, 0, 1) - np.clip(-face_bottom - row, 0, 1)
        inside = np.clip(4 * (top - row - 1) + 0.5, 0, 1) * np.clip(4 * (row + 1 + bottom) + 0.5, 0, 1)
        self.above = inside.mean(axis=1)
        empty = self.fill < _LEAST_FILL
        self.fill[empty] = self.right[empty] = self.above[empty] = 0.0
        self.right[:-1][empty[1:]] = self.above[:, :-1][empty[:, 1:]] = 0.0
        self.right[-1] = self.above[:, -1] = 0.0
        bonds = self.right + self.above
        bonds[1:] += self.right[:-1]
        bonds[:, 1:] += self.above[:, :-1]
        self.scale = np.sqrt(np.maximum(0.5 * (bonds + h**2 * self.fill), 1e-3))
        self.angles = np.zeros((*self.fill.shape, 2))
        middle = h * (np.arange(2 * cells) + 0.5 - cells)
        self.angles[..., 0] = 2 * np.arctan(np.exp(middle))[:, None]
        self.m, self.slope = (np.zeros((*self.fill.shape, 3)) for _ in range(2))
        self.width = (1 if whole else 2) * float((top + bottom).max()) * h

    def shift(self, columns: slice, stride: int):
        """Move the moments of some columns to the right by a stride."""
        source = np.clip(np.arange(columns.start, columns.stop) - stride, 0, len(self.fill) - 1)
        self.angles[columns] = self.angles[source]

    def relax(self, moment: float, stiffness: float, columns: slice) -> tuple[float, float, float]:
        """Relax some columns at a moment; return the energy, the moment reached and minus the pull of the spring on it.

        Args:
            moment: half the integral of m_z that the spring aims at [Delta^2].
            stiffness: of the spring on it [sigma_0 t/Delta^3].
            columns: those that move.

        Raises:
            RunError: the search does not come to rest.
        """
        from scipy.optimize import minimize

        from llg.kernels.wall_energy import energy_and_slope, moments, turn_to_angles

        near = slice(max(columns.start - 1, 0), min(columns.stop + 1, len(self.fill)))
        inner = slice(columns.start - near.start, columns.stop - near.start)
        angles, m, slope, fill, right, above, scale = (
            part[near] for part in (self.angles, self.m, self.slope, self.fill, self.right, self.above, self.scale)
        )
        if near.stop < len(self.fill):
            right = right.copy()
            right[-1] = 0.0
        moments(self.angles, self.m)
        rest = float(np.sum(self.fill * self.m[..., 2]) - np.sum(fill * m[..., 2]))
        factor, gradient = scale[inner, :, None], np.empty_like(angles)
        if self.whole:
            moment, stiffness = 2 * moment, 0.5 * stiffness

        def spring(inside: float) -> float:
            return stiffness * ((inside + rest) * self.h**2 - moment)

        def objective(variables: np.ndarray) -> tuple[float, np.ndarray]:
            angles[inner] = variables.reshape(angles[inner].shape) / factor
            moments(angles, m)
            energy, inside = energy_and_slope(m, fill, right, above, self.whole, self.h, self.delta, slope)
            turn_to_angles(angles, m, slope, fill, spring(inside) * self.h**2, scale, gradient)
            return energy + 0.5 * spring(inside) ** 2 / stiffness, gradient[inner].ravel()

        options = {"maxcor": 15, "maxiter": 3000, "maxfun": 6000, "ftol": 1e-12, "gtol": _GRADIENT}
        with one_blas_thread():
            end = minimize(objective, (angles[inner] * factor).ravel(), jac=True, method="L-BFGS-B", options=options)
        if not end.success and np.abs(end.jac).max() > _ROUNDING * _GRADIENT:
            raise RunError(f"the relaxed wall does not come to rest in a notch, {end.message}; {_ADVICE}")
        objective(end.x)
        energy, inside = energy_and_slope(
            self.m, self.fill, self.right, self.above, self.whole, self.h, self.delta, self.slope
        )
        pull, parts = stiffness * (inside * self.h**2 - moment), 1 if self.whole else 2
        return parts * energy, 0.5 * parts * inside * self.h**2, -2 * pull
