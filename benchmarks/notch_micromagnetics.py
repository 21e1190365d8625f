"""Depinning fields and stiffness of notches: the rigid and the relaxed wall beside micromagnetics on a mesh of its own.

The magnetization m(x, y), |m| = 1, of a film without variation along z has the energy

    E/t = integral of { A |grad m|^2 + K_eff (1 - m_z^2) + D [m_z div m - (m . grad) m_z] - Ms B_z m_z } dA,

K_eff = K_u - mu0 Ms^2/2 (Rohart and Thiaville, PRB 88, 184422 (2013), eqs. 3 to 6). It is put on linear triangles that follow
the exact outline. All terms are quadratic in the nodes, E = m.H m/2 - b l.m_z, and the natural boundary condition of the DMI,
2A dm/dn + D [m_z n - (m.n) z] = 0, comes by itself. Lengths are in Delta = sqrt(A/K_eff), energies in sigma_0 Delta t with
sigma_0 = 4 sqrt(A K_eff), and b = Ms B_z Delta/sigma_0. Nothing of this is shared with `llg.device.relaxed_wall`, which cuts
square cells by the outline and minimizes at fixed moment: here the wall is held by the field.

A wall at rest in the notch is found by implicit descent. From there the branch of equilibria is followed by its arc length in
(m, b) by Newton's method. The lowest eigenvalue of the second variation says whether the wall is stable. The depinning field is
the one at which it first vanishes. The stiffness is db/dq_S, q_S = integral of m_z dA/(2w), at rest in the well on the right (a
rectangle may have two), from the linear response.

Magnetostatics beyond the local term is left out on purpose: both walls have the same energy, and what differs is the shape alone.
H_K = 0, but for walls without DMI and between Bloch and Neel, whose density mu0 Ms H_K m_x^2/2 holds the angle. What the full
magnetostatics changes is in tests/llg/walls/test_micromagnetics.py.

Negative control: the rigid wall beside it. Run: python benchmarks/notch_micromagnetics.py [WORD OF A NAME ...]
"""

import dataclasses
import itertools
import math
import sys
import time
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.spatial import Delaunay, cKDTree

from llg import QPhiModel, device_from_mapping
from llg.constants import MU_0
from llg.device.device import Device
from llg.device.track import edge_cuts
from llg.landscape.wells import lowest_angle
from llg.walls.analytic import rest_angle

FILM = {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3}
MARGIN = 9.0  # [Delta] of even track on either side of the notch
CELLS = 0.3, 0.2  # edges of the triangles [Delta]


@dataclasses.dataclass(frozen=True)
class Case:
    """One notch on one track; sizes in nm, D in mJ/m^2, H_K in kA/m."""

    name: str
    shape: str
    depth: float
    width: float
    track: float = 64.0
    D: float = 1.0
    H_K: float = 0.0
    edge: str | None = None

    def device(self, wall_shape: str) -> Device:
        """The device with the wall rigid or relaxed."""
        reach = self.width * (3.2 if self.shape == "gaussian" else 1.0)
        length = (reach + 400.0) * 1e-9
        notch = {"position": 0.5 * length, "shape": self.shape, "depth": self.depth * 1e-9, "width": self.width * 1e-9}
        return device_from_mapping(
            {
                "name": self.name,
                "material": FILM | {"D": self.D * 1e-3},
                "wall": {"H_K": self.H_K * 1e3, "shape": wall_shape},
                "track": {"length": length, "width": self.track * 1e-9, "thickness": 0.6e-9},
                "notch": [notch | ({"edge": self.edge} if self.edge else {})],
            }
        )


CASES = (
    Case("triangular, d = 6", "triangular", 6, 30),
    Case("triangular, d = 10", "triangular", 10, 30),
    Case("cosine, reference device", "cosine", 20, 120, 100),
    Case("deep triangular, 128 nm", "triangular", 20, 58, 128),
    Case("rectangular", "rectangular", 6, 30),
    Case("half the width, cosine", "cosine", 16, 60),
    Case("narrow track, 50 nm", "cosine", 8, 30, 50),
    Case("wide track, 130 nm", "semicircular", 12, 40, 130),
    Case("one edge, cosine", "cosine", 16, 60, edge="upper"),
    Case("one edge, triangular", "triangular", 10, 30, edge="upper"),
    Case("one edge, 100 nm", "cosine", 30, 100, 100, edge="upper"),
    Case("one edge, very deep", "cosine", 40, 100, edge="upper"),
    Case("one edge, narrow, 50 nm", "gaussian", 8, 25, 50, edge="upper"),
    Case("one edge, rectangular", "rectangular", 10, 40, edge="upper"),
    Case("trapezoidal, 50 nm", "trapezoidal", 8, 40, 50),
    Case("very deep rectangular", "rectangular", 16, 40),
    Case("very deep triangular", "triangular", 24, 58),
    Case("weak DMI", "triangular", 10, 30, D=0.3),
    Case("strong DMI", "triangular", 10, 30, D=1.4),
    Case("negative DMI, 90 nm", "triangular", 12, 40, 90, D=-1.2),
    Case("no DMI", "triangular", 10, 30, D=0.0, H_K=30),
    Case("no DMI, one edge", "triangular", 10, 30, D=0.0, H_K=30, edge="upper"),
    Case("Bloch-Neel, 30 degrees", "triangular", 10, 30, D=0.11, H_K=30),
    Case("Bloch-Neel, 60 degrees", "triangular", 10, 30, D=0.063, H_K=30),
    Case("Bloch-Neel, cosine", "cosine", 16, 60, D=0.2, H_K=60),
    Case("Bloch-Neel, one edge", "cosine", 16, 60, D=0.2, H_K=60, edge="upper"),
)


def edge_points(height, ends: tuple[float, float], corners: list[float], h: float) -> np.ndarray:
    """Return points h apart on an edge y = height(x), corners and steps included, shape (n, 2)."""
    tiny, lines = 1e-9, []
    stops = [ends[0], *corners, ends[1]]
    for a, b in itertools.pairwise(stops):
        x = np.linspace(a, b, 801)
        lines.append(np.stack([x, height(np.clip(x, a + tiny, b - tiny))], axis=1))
    points = []
    for number, line in enumerate(lines):
        pieces = [line]
        if number and abs(step := line[0, 1] - lines[number - 1][-1, 1]) > 1e-6:
            pieces.insert(0, np.array([line[0] - [0.0, step], line[0]]))
        for piece in pieces:
            s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(piece, axis=0).T))])
            at = np.linspace(0, s[-1], max(round(s[-1] / h), 1) + 1)[:-1]
            points.append(np.stack([np.interp(at, s, column) for column in piece.T], axis=1))
    return np.concatenate([*points, lines[-1][-1:]])


def triangles(device: Device, h: float) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes, shape (n, 2), and triangles, shape (m, 3), of the track about its notch, edge h [Delta]."""
    Delta, (notch,), width = device.straight_wall.Delta, device.notches, device.track.width
    end = notch.reach / Delta + MARGIN
    corners = [-notch.reach / Delta, 0.0, notch.reach / Delta]

    def upper(x):
        return (0.5 * width - edge_cuts(device.notches, notch.position + np.asarray(x) * Delta)[0]) / Delta

    def lower(x):
        return (edge_cuts(device.notches, notch.position + np.asarray(x) * Delta)[1] - 0.5 * width) / Delta

    edges = [edge_points(height, (-end, end), corners, h) for height in (upper, lower)]
    for side in (-end, end):
        y = np.linspace(-0.5 * width / Delta, 0.5 * width / Delta, round(width / Delta / h) + 1)[1:-1]
        edges.append(np.stack([np.full(y.size, side), y], axis=1))
    edges = np.concatenate(edges)
    rows = np.arange(-0.5 * width / Delta, 0.5 * width / Delta, h * math.sqrt(0.75))
    inner = []
    for number, y in enumerate(rows):
        x = np.arange(-end + 0.5 * h * (number % 2), end, h)
        inner.append(np.stack([x, np.full(x.size, y)], axis=1))
    inner = np.concatenate(inner)
    inside = (inner[:, 1] < upper(inner[:, 0])) & (inner[:, 1] > lower(inner[:, 0]))
    inner = inner[inside & (cKDTree(edges).query(inner)[0] > 0.65 * h)]
    nodes = np.concatenate([edges, inner])
    corner = Delaunay(nodes).simplices
    x, y = nodes[corner].mean(axis=1).T
    a, b, c = (nodes[corner[:, i]] for i in range(3))
    area = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    used, corner = np.unique(corner[(y < upper(x)) & (y > lower(x)) & (area > 1e-4 * h**2)], return_inverse=True)
    return nodes[used], corner.reshape(-1, 3)


class Film:
    """The energy of a magnetization on triangles, and its equilibria."""

    def __init__(self, nodes: np.ndarray, corner: np.ndarray, delta: float, shape: float):
        """Assemble the energy; delta is D/sigma_0, shape is mu0 Ms H_K Delta/sigma_0, of a density shape m_x^2/2 [1]."""
        n = len(nodes)
        one, two, three = (nodes[corner[:, i]] for i in range(3))
        double = (two - one)[:, 0] * (three - one)[:, 1] - (two - one)[:, 1] * (three - one)[:, 0]
        turned = np.stack([three - two, one - three, two - one], axis=1)[..., ::-1] * [-1.0, 1.0]
        slope = turned / double[:, None, None]
        area = 0.5 * np.abs(double)
        rows, columns = np.repeat(corner, 3, axis=1).ravel(), np.tile(corner, (1, 3)).ravel()

        def assembled(values):
            return sparse.csr_matrix((values.ravel(), (rows, columns)), shape=(n, n))

        stiff = assembled(area[:, None, None] * np.einsum("tik,tjk->tij", slope, slope))
        along = [assembled(np.repeat(area[:, None, None] / 3 * slope[:, None, :, k], 3, axis=1)) for k in (0, 1)]
        self.area = np.bincount(corner.ravel(), np.repeat(area / 3, 3), n)
        chiral = [delta * (g - g.T) for g in along]
        easy = sparse.diags(0.5 * self.area)
        self.H = sparse.bmat(
            [
                [0.5 * stiff + sparse.diags(shape * self.area), None, chiral[0].T],
                [None, 0.5 * stiff, chiral[1].T],
                [chiral[0], chiral[1], 0.5 * stiff - easy],
            ],
            format="csr",
        )
        self.x = nodes[:, 0]
        self.m = np.zeros((3, n))
        self.b = 0.0
        self.soft: np.ndarray | None = None

    def place(self, q: float, phi: float):
        """Put a straight wall of an angle [rad] at q [Delta]."""
        x = self.x - q
        self.m = np.stack([math.cos(phi) / np.cosh(x), math.sin(phi) / np.cosh(x), -np.tanh(x)])

    def energy(self) -> float:
        """Energy [sigma_0 Delta t] but for a constant."""
        return 0.5 * float(self.m.ravel() @ (self.H @ self.m.ravel())) - self.b * self.moment()

    def moment(self) -> float:
        """Integral of m_z [Delta^2]."""
        return float(self.area @ self.m[2])

    def variations(self):
        """Return tangents T, shape (3n, 2n), the gradient along them, the second variation, and the pull of a field."""
        n, m = self.area.size, self.m
        helper = np.where(np.abs(m[1]) < 0.9, 1.0, 0.0)
        other = np.stack([1 - helper, helper, np.zeros(n)])
        first = np.cross(m, other, axis=0)
        first /= np.linalg.norm(first, axis=0)
        second = np.cross(m, first, axis=0)
        T = sparse.bmat([[sparse.diags(a), sparse.diags(b)] for a, b in zip(first, second, strict=True)], format="csr")
        gradient = self.H @ m.ravel()
        gradient[2 * n :] -= self.b * self.area
        level = np.tile(np.sum(m * gradient.reshape(3, n), axis=0), 2)
        pull = T[2 * n :].T @ self.area
        return T, T.T @ gradient, (T.T @ self.H @ T - sparse.diags(level)).tocsc(), pull

    def moved(self, T, step: np.ndarray) -> np.ndarray:
        """Return the moments moved along the tangents."""
        m = self.m + (T @ step).reshape(self.m.shape)
        return m / np.linalg.norm(m, axis=0)

    def rest(self):
        """Descend to an equilibrium by implicit steps whose length grows."""
        stiffness, weight = 1.0, sparse.diags(np.tile(self.area, 2))
        for _ in range(200):
            T, gradient, second, _ = self.variations()
            if np.abs(gradient / np.tile(self.area, 2)).max() < 1e-7:
                return
            before, energy = self.m, self.energy()
            self.m = self.moved(T, -splu(second + stiffness * weight).solve(gradient))
            if self.energy() > energy + 1e-12:
                self.m, stiffness = before, 8 * stiffness
            else:
                stiffness *= 0.25
        raise RuntimeError("the wall does not come to rest")

    def look(self) -> "Local":
        """Return what the equilibrium says: how it follows the field, and whether it is stable."""
        T, _, second, pull = self.variations()
        solved, weight = splu(second), np.tile(self.area, 2)
        driven = solved.solve(pull)
        v = pull / weight if self.soft is None else T.T @ self.soft
        for _ in range(8):
            v = solved.solve(weight * v)
            v /= math.sqrt(v @ (weight * v))
        self.soft = T @ v
        return Local(self.moment(), self.b, float(pull @ driven), T @ driven, float(v @ (second @ v)))

    def follow(self, way: np.ndarray, b_way: float, ds: float) -> bool:
        """Go a step along the branch of equilibria in a direction of length 1; return False, and stay, where there is none."""
        m0, b0, weight = self.m, self.b, np.tile(self.area, 3)
        self.m, self.b = m0 + ds * way.reshape(m0.shape), b0 + ds * b_way
        self.m = self.m / np.linalg.norm(self.m, axis=0)
        for _ in range(8):
            T, gradient, second, pull = self.variations()
            free, driven = splu(second).solve(np.stack([-gradient, pull], axis=1)).T
            along = T.T @ (weight * way)
            gone = way @ (weight * (self.m - m0).ravel()) + b_way * (self.b - b0)
            db = (ds - gone - along @ free) / (along @ driven + b_way)
            step = free + db * driven
            self.m, self.b = self.moved(T, step), self.b + db
            if np.abs(step).max() < 1e-5:
                return True
        self.m, self.b = m0, b0
        return False


class Local(NamedTuple):
    """An equilibrium: moment [Delta^2], field, its answer to the field in the moment and in m, and the softest curvature."""

    moment: float
    b: float
    follows: float
    answer: np.ndarray
    lowest: float


def branch(film: Film, ds: float) -> list[tuple[float, Local]]:
    """Follow a wall from rest until it is no longer stable; return its equilibria against the arc length."""
    path, weight = [(0.0, film.look())], np.tile(film.area, 3)
    way, b_way = np.zeros(weight.size), 1.0
    if path[0][1].lowest <= 0:
        raise RuntimeError("the wall is not stable in the middle")
    finest = ds / 20
    while ds > finest:
        s, here = path[-1]
        length = math.copysign(
            math.sqrt(here.answer @ (weight * here.answer) + 1), here.answer @ (weight * way) + b_way
        )
        way, b_way, kept = here.answer / length, 1 / length, (film.m, film.b)
        if not film.follow(way, b_way, ds):
            ds *= 0.5
            continue
        there = film.look()
        if there.lowest <= 0 and ds > 4 * finest:
            (film.m, film.b), ds = kept, 0.25 * ds
            continue
        path.append((s + ds, there))
        if there.lowest <= 0:
            return path
    raise RuntimeError(f"the branch is lost at b = {path[-1][1].b:.4g}")


def solve(case: Case, h: float) -> tuple[float, float, str]:
    """Return the depinning field [T], the stiffness dB/dq_S [T/m] and a remark, edge of the triangles h [Delta]."""
    device = case.device("rigid")
    wall, width = device.straight_wall, device.track.width / device.straight_wall.Delta
    shape = MU_0 * device.material.Ms * wall.H_K * wall.Delta / wall.sigma_0
    film = Film(*triangles(device, h), device.material.D / wall.sigma_0, shape)
    film.place(0.3 * device.notches[0].reach / wall.Delta, float(rest_angle(QPhiModel(device))))
    film.rest()
    unit = wall.sigma_0 / (device.material.Ms * wall.Delta)  # [T]
    path = branch(film, 0.3 * math.sqrt(2 * width))
    s, b, lowest = (np.array(values) for values in zip(*((s, at.b, at.lowest) for s, at in path), strict=True))
    zero = np.interp(0.0, -lowest[-2:], s[-2:])
    fold = np.polyval(np.polyfit(s[-3:] - zero, b[-3:], 2), 0.0)
    at = path[-1][1].moment / (2 * width) * wall.Delta
    remark = f"{film.area.size} nodes, {len(path)} places, lost at q_S = {1e9 * at:.1f} nm"
    return float(unit * fold), unit * 2 * width / path[0][1].follows / wall.Delta, remark


def of_the_package(case: Case, shape: str) -> tuple[float, float]:
    """Return the same of the wall of this package, rigid or relaxed."""
    device = case.device(shape)
    model, middle = QPhiModel(device), device.notches[0].position
    q = np.linspace(middle, middle + device.notches[0].reach + 5 * model.Delta, 8001)
    rest = q[np.argmin(model.energy(q, lowest_angle(model, q)))]
    near = rest + 0.1 * model.Delta * np.array([-1.0, 0.0, 1.0])
    low, _, high = -MU_0 * model.fields(near, lowest_angle(model, near))[0]
    moved = (near[2] - near[0]) * model.widths(near).s2[1] / device.track.width
    return float((-MU_0 * model.fields(q, lowest_angle(model, q))[0])[q >= rest].max()), float((high - low) / moved)


def main():
    words = sys.argv[1:]
    for case in CASES:
        if words and not any(word in case.name for word in words):
            continue
        start = time.process_time()
        coarse, fine = (solve(case, h) for h in CELLS)
        spent = time.process_time() - start
        print(f"{case.name}: {1e3 * fine[0]:.2f} mT, {1e-6 * fine[1]:.3f} mT/nm; {fine[2]}; {spent:.0f} s")
        print(f"    coarse mesh: {off(coarse, fine)}")
        for shape in ("rigid", "auto"):
            print(f"    {shape} wall: {off(of_the_package(case, shape), fine)}", flush=True)


def off(found: tuple, true: tuple) -> str:
    """Say how far a field and a stiffness are off."""
    field, stiffness = (100 * (one / other - 1) for one, other in zip(found[:2], true[:2], strict=True))
    return f"field {field:+.1f} %, stiffness {stiffness:+.1f} %"


if __name__ == "__main__":
    main()
