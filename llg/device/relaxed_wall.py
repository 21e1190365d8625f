"""What a wall gains by taking the shape of least energy in a notch, as a potential beside that of the rigid wall.

A rigid wall stays straight across the track. A real one bows, and its level lines fan out at slanted edges: for a chiral wall
the DMI is a term of the edge, 2A dtheta/dn = D n_x. For each distinct notch the wall is relaxed here in two dimensions,
at fixed magnetic moment along z, with the local energy whose constants are those of the device's own straight wall,
A' = sigma_0 Delta/4, K' = sigma_0/(4 Delta) and D:

    U(q_S) = min over m(x, y) of t { A' sum a |dm|^2 + K' sum f (1 - m_z^2) h^2
                                     + D h sum a (m_z,i m_n,j - m_z,j m_n,i) },      q_S = sum f m_z h^2/(2 w)

on square cells of edge h = Delta/3.6 cut by the outline: f is the share of a cell, a that of a face inside it, i and j are
neighbours along n. A stiff spring on q_S holds the wall; its pull is dU/dq_S. The rigid wall's place is the one of the same moment,
w dq_S = s2(q) dq, and what is added to its energy is

    V(q) = U(q_S(q)) - U(far) - [E(q) - E(far)],      E/t = s2 sigma_0 - pi s1 |D cos phi_rest|

without the term of H_K, which stays as it is. There is no new coordinate: the shape follows q at once. It decays in some 40 ps
at alpha = 0.3, the slower the smaller alpha; faster edges and weaker damping are outside. In units of Delta and
sigma_0 Delta t, V depends on the outline over Delta and on delta = D/sigma_0 alone. Left out are long-range magnetostatics
beyond that in sigma_0, and the slopes of a tabulated outline, of roughness and of contact pads. Where the wall snaps
from one shape to another (off the corners of rectangular or deep notches) the lower of the energies on the way out and
on the way back counts.

Device instances differ in each notch; theirs are interpolated between notches whose sizes are powers of exp(`LATTICE`).

References:
    S. Rohart, A. Thiaville, Phys. Rev. B 88, 184422 (2013): DMI at edges, and the energy density used here.
    D. C. Liu, J. Nocedal, Math. Program. 45, 503 (1989): the minimizer, as in `scipy.optimize`.
"""

import contextlib
import dataclasses
import functools
import hashlib
import math
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from dwcore.errors import RunError
from dwcore.numerics.product import one_blas_thread
from llg.device.geometry import average_width
from llg.device.notch import Notch

CELLS_PER_DELTA = 3.6
LATTICE = 0.15
"""Step of the logarithms of width, depth, length and delta between which device instances are interpolated."""
_VERSION = 2  # of the method; part of the key of what is kept
_STRIDE = 2  # cells from one place of the wall to the next
_REACH = 5.0  # [Delta] beyond the notch, where the correction ends
_PAD = 8.0  # [Delta] of track that is free to move on either side of the wall
_SAMPLES = 16  # of the outline per cell
_LEAST_FILL = 1e-3  # smaller cells are left out
_GRADIENT = 3e-5  # of the scaled angles at which the search ends, in units of sigma_0 Delta t
_SNAP = 0.1  # energy between two places, beyond the work of the force, at which the wall has snapped to another shape
_ROUNDING = 30  # times that still counts as the end where rounding stops the search


@dataclasses.dataclass(frozen=True)
class Cut:
    """One notch in units of Delta; `shape` holds what is not a size: shape, top and table."""

    place: float
    depth: float
    width: float
    shape: tuple

    def depth_at(self, x: np.ndarray) -> np.ndarray:
        """Return the depth per edge at x, same shape as x [Delta]."""
        shape, top, table_x, table_depth = self.shape
        notch = Notch(
            position=self.place, depth=self.depth, width=self.width,
            shape=shape, top=top, table_x=table_x, table_depth=table_depth,
        )  # fmt: skip
        return notch.cut(x)

    @property
    def half(self) -> float:
        """Distance from its place within which the notch cuts the edge [Delta]."""
        if self.shape[0] == "table":
            return 0.5 * self.width * max(abs(x) for x in self.shape[2])
        return (1.6 if self.shape[0] == "gaussian" else 0.5) * self.width


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

    def evaluate(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return V and its derivative at q, same shape as q [Delta]."""
        from scipy.interpolate import CubicHermiteSpline  # slow to import, and rigid walls never need it

        spline = CubicHermiteSpline(self.q, self.V, self.slope)
        inside = (q > self.q[0]) & (q < self.q[-1])
        at = np.clip(q, self.q[0], self.q[-1])
        return np.where(inside, spline(at), 0.0), np.where(inside, spline(at, 1), 0.0)


def notch_potential(
    q: np.ndarray, notches: Iterable[Notch], width, Delta: float, delta: float, *, between: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return V [sigma_0 Delta t] of all notches of a track, and its derivative by q/Delta, at q.

    Args:
        q: places of the wall, shape (n,) [m].
        notches: the notches of the track.
        width: function from places [m] to the width of the track without notches [m].
        Delta: wall width parameter [m].
        delta: |D cos phi_rest|/sigma_0 [1].
        between: interpolate single notches between those of the lattice, instead of relaxing just these.
    """
    V, slope = np.zeros(q.size), np.zeros(q.size)
    for middle, cuts, local in _cut_groups(notches, width, Delta):
        x = (q - middle) / Delta
        if between and len(cuts) == 1:
            part = _interpolated(x, cuts[0], local, delta)
        else:
            part = correction(cuts, round(local, 9), round(delta, 12)).evaluate(x)
        V, slope = V + part[0], slope + part[1]
    return V, slope


def snaps(notches: Iterable[Notch], width, Delta: float, delta: float) -> bool:
    """Return whether the wall snaps from one shape to another in a notch; arguments as `notch_potential`."""
    groups = _cut_groups(notches, width, Delta)
    return any(correction(cuts, round(local, 9), round(delta, 12)).snapped.any() for _, cuts, local in groups)


def _cut_groups(notches: Iterable[Notch], width, Delta: float) -> Iterator[tuple[float, tuple[Cut, ...], float]]:
    """Yield the middle [m] of each group of overlapping notches, its notches and the width of the track [Delta]."""
    for group in _groups(sorted(notches, key=lambda notch: notch.position), Delta):
        middle = 0.5 * (group[0].position + group[-1].position)
        local = float(np.mean(width(np.array([notch.position for notch in group])))) / Delta
        yield middle, tuple(_cut(notch, middle, Delta) for notch in group), local


def _cut(notch: Notch, middle: float, Delta: float) -> Cut:
    place, depth, width = (round(size / Delta, 9) for size in (notch.position - middle, notch.depth, notch.width))
    return Cut(place, depth, width, (notch.shape, notch.top, notch.table_x, notch.table_depth))


def _groups(notches: list[Notch], Delta: float) -> Iterator[list[Notch]]:
    """Yield the notches that overlap, together; from left to right."""
    group: list[Notch] = []
    end = -math.inf
    for notch in notches:
        half = _cut(notch, notch.position, Delta).half * Delta
        if group and notch.position - half >= end - 1e-3 * Delta:
            yield group
            group, end = [], -math.inf
        group.append(notch)
        end = max(end, notch.position + half)
    if group:
        yield group


def _interpolated(x: np.ndarray, cut: Cut, width: float, delta: float) -> tuple[np.ndarray, np.ndarray]:
    """Return V and its derivative at x [Delta] by linear interpolation within a simplex of the lattice.

    Places in and beside a notch of the lattice stand for those in and beside this one.
    """
    sizes = np.log([width, cut.depth, cut.width, *([delta] if delta > 0 else [])]) / LATTICE
    low = np.floor(sizes).astype(int)
    order = np.argsort(-(sizes - low), kind="stable")
    falling = np.concatenate([[1.0], np.sort(sizes - low)[::-1], [0.0]])
    corners = [low + np.isin(np.arange(low.size), order[:k]) for k in range(low.size + 1)]
    V, slope = np.zeros(x.size), np.zeros(x.size)
    for corner, weight in zip(corners, falling[:-1] - falling[1:], strict=True):
        w, depth, length, *chiral = (round(float(size), 9) for size in np.exp(LATTICE * corner))
        other = dataclasses.replace(cut, place=0.0, depth=min(depth, 0.49 * w), width=length)
        inside = np.abs(x) < cut.half
        stretch = np.where(inside, other.half / cut.half, 1.0)
        at = np.where(inside, x * stretch, x + np.sign(x) * (other.half - cut.half))
        value, steep = correction((other,), w, *(chiral or [0.0])).evaluate(at)
        V, slope = V + weight * value, slope + weight * stretch * steep
    return V, slope


@functools.lru_cache(maxsize=1024)
def correction(cuts: tuple[Cut, ...], width: float, delta: float) -> Correction:
    """Return V of a group of notches on a straight track, relaxed now or when it was first asked for on this computer.

    Args:
        cuts: the notches about the middle of the group.
        width: width of the track [Delta].
        delta: |D cos phi_rest|/sigma_0 [1].

    Raises:
        RunError: the wall does not come to rest.
    """
    key = hashlib.sha256(repr((_VERSION, CELLS_PER_DELTA, cuts, width, delta)).encode()).hexdigest()
    kept = _read(key)
    if kept is None:
        kept = _both_sides(cuts, width, delta)
        _keep(key, kept)
    return Correction(*kept)


def _both_sides(cuts: tuple[Cut, ...], width: float, delta: float) -> np.ndarray:
    """Return q, V, its slope and whether it snapped, shape (4, n), from the middle to the right and from there, mirrored, to the left."""

    def outline(x):
        return width - 2 * np.max([cut.depth_at(x) for cut in cuts], axis=0)

    reach = max(max(abs(cut.place - cut.half), abs(cut.place + cut.half)) for cut in cuts) + _REACH
    right = _sweep(outline, reach, delta)
    x = np.linspace(0, reach, 4001)
    same = np.allclose(outline(x), outline(-x), rtol=0, atol=1e-6 * width)
    left = right if same else _sweep(lambda x: outline(-x), reach, delta)
    middle = 0.5 * (left[1, 0] + right[1, 0])  # the two searches end a little apart at their common start
    for side in (left, right) if not same else ():
        side[1] += (middle - side[1, 0]) * (1 - side[0] / side[0, -1])
    return np.concatenate([left[:, :0:-1] * np.array([[-1.0], [1.0], [-1.0], [1.0]]), right], axis=1)


def _sweep(outline, reach: float, delta: float) -> np.ndarray:
    """Return q, V, its slope and whether it snapped, of a wall that moves from 0 to `reach`, shape (4, n) [Delta]."""
    from scipy.interpolate import CubicHermiteSpline

    cells = math.ceil((reach + _PAD) * CELLS_PER_DELTA)
    h = 1 / CELLS_PER_DELTA
    strip = _Strip(outline, cells, h, delta)
    g = average_width(lambda x: outline(x - cells * h), 2 * cells * h, 1.0, 1.0)
    s1, s2 = (CubicHermiteSpline(g.q - cells * h, s, ds) for s, ds in ((g.s1, g.ds1), (g.s2, g.ds2)))
    out = _pass(strip, range(0, math.ceil(reach * CELLS_PER_DELTA) + _STRIDE, _STRIDE), s2)
    q, energy, force = out
    snapped = np.any(np.abs(np.diff(energy) - 0.5 * (force[1:] + force[:-1]) * np.diff(q)) > _SNAP)
    if snapped:
        back = _pass(strip, range((q.size - 1) * _STRIDE, -1, -_STRIDE), s2)[:, ::-1]
        q, energy, force = np.where(back[1] < energy, back, out)
    V = energy - (s2(q) - math.pi * delta * s1(q))
    slope = force - (s2(q, 1) - math.pi * delta * s1(q, 1))
    slope[-1] = 0.0
    if np.allclose(outline(g.q), outline(-g.q)):
        slope[0] = 0.0
    return np.stack([q, V - V[-1], slope, np.full(q.size, float(snapped))])


def _pass(strip: "_Strip", columns: range, s2) -> np.ndarray:
    """Return place, energy and force of the wall moved through some columns right of the middle, shape (3, n).

    Args:
        strip: the track; its wall is where it was left.
        columns: cells from the middle, in steps of `_STRIDE`.
        s2: average of the width over the place [Delta], a spline.
    """
    moment = s2.antiderivative()
    moved: list[tuple[float, float, float]] = []
    middle, window, h = len(strip.fill) // 2, math.ceil(_PAD * CELLS_PER_DELTA), strip.h
    for column in columns:
        free = slice(middle + column - window, min(middle + column + window, 2 * middle))
        if not moved:
            free = slice(0, 2 * middle)
        else:
            strip.shift(free, columns.step)
        q = moved[-1][0] + columns.step * h if moved else column * h
        energy, reached, pull = strip.relax(float(moment(q) - moment(0.0)), free)
        for _ in range(20):
            q -= float((moment(q) - moment(0.0) - reached) / s2(q))
        moved.append((q, energy, pull * float(s2(q))))
    return np.array(moved).T


class _Strip:
    """The upper half of a piece of track, and the moments on it."""

    def __init__(self, outline, cells: int, h: float, delta: float):
        x = h * ((np.arange(2 * cells * _SAMPLES) + 0.5) / _SAMPLES - cells)
        half = 0.5 * outline(x).reshape(2 * cells, _SAMPLES, 1) / h
        row = np.arange(math.ceil(half.max() - 1e-9))
        face = 0.5 * outline(h * (np.arange(1, 2 * cells + 1) - cells))[:, None] / h
        self.h, self.delta = h, delta
        self.fill = np.clip(half - row, 0, 1).mean(axis=1)
        self.right = np.clip(face - row, 0, 1)
        self.above = np.clip(4 * (half - row - 1) + 0.5, 0, 1).mean(axis=1)
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
        self.stiffness = 1.5 / (2 * float(half.max()) * h)

    def shift(self, columns: slice, stride: int):
        """Move the moments of some columns to the right by a stride."""
        source = np.clip(np.arange(columns.start, columns.stop) - stride, 0, len(self.fill) - 1)
        self.angles[columns] = self.angles[source]

    def relax(self, moment: float, columns: slice) -> tuple[float, float, float]:
        """Relax some columns at a moment; return the energy, the moment reached and minus the pull of the spring on it.

        Args:
            moment: half the integral of m_z that the spring aims at [Delta^2].
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

        def spring(inside: float) -> float:
            return self.stiffness * ((inside + rest) * self.h**2 - moment)

        def objective(variables: np.ndarray) -> tuple[float, np.ndarray]:
            angles[inner] = variables.reshape(angles[inner].shape) / factor
            moments(angles, m)
            energy, inside = energy_and_slope(m, fill, right, above, self.h, self.delta, slope)
            turn_to_angles(angles, m, slope, fill, spring(inside) * self.h**2, scale, gradient)
            return energy + 0.5 * spring(inside) ** 2 / self.stiffness, gradient[inner].ravel()

        options = {"maxcor": 15, "maxiter": 3000, "maxfun": 6000, "ftol": 1e-12, "gtol": _GRADIENT}
        with one_blas_thread():
            end = minimize(objective, (angles[inner] * factor).ravel(), jac=True, method="L-BFGS-B", options=options)
        if not end.success and np.abs(end.jac).max() > _ROUNDING * _GRADIENT:
            raise RunError(f"the relaxed wall does not come to rest in a notch: {end.message}")
        objective(end.x)
        energy, inside = energy_and_slope(self.m, self.fill, self.right, self.above, self.h, self.delta, self.slope)
        pull = self.stiffness * (inside * self.h**2 - moment)
        return 2 * energy, inside * self.h**2, -2 * pull


def _folder() -> Path | None:
    """Return the folder of the user's cache where corrections are kept; None where there is no place for it."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "dwsynapse" / "relaxed-walls"
    except RuntimeError:  # neither HOME nor an entry among the users
        return None


def _read(key: str) -> np.ndarray | None:
    """Return what was kept under a key; None where there is nothing sound."""
    folder = _folder()
    try:
        kept = np.load(folder / f"{key}.npy", allow_pickle=False) if folder else None
    except (OSError, ValueError, EOFError):
        return None
    if kept is None:
        return None
    sound = kept.ndim == 2 and len(kept) == 4 and kept.dtype == float
    return kept if sound and np.all(np.isfinite(kept)) and np.all(np.diff(kept[0]) > 0) else None


def _keep(key: str, values: np.ndarray):
    """Keep values under a key if there is a place for them; a reader sees all of them or none."""
    folder = _folder()
    if folder is None:
        return
    temporary = folder / f".{secrets.token_hex(8)}.npy"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(temporary, values, allow_pickle=False)
        temporary.replace(folder / f"{key}.npy")
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
