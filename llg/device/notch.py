"""What pins the wall: notches, by how deep they cut each edge, and a tabulated potential.

Each shape of a notch maps the reduced distance v = 2|x - position|/width to the fraction of the depth: 1 at the bottom
of a notch that is deepest in its centre, 0 outside. `width` is the full width at the edge of the track, except for the
Gaussian, where it is the full width at half depth and the tails go on.
"""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dwcore.parameters import Parameters, descent, numbers, quantity, word

PLACES = (0, 1e-3, "nm")
"""Plausible places along a track [m]."""


def _triangular(v, top):
    return np.clip(1 - v, 0, None)


def _rectangular(v, top):
    return np.where(v <= 1, 1.0, 0.0)


def _trapezoidal(v, top):
    return np.clip((1 - v) / (1 - top), 0, 1)


def _semicircular(v, top):
    return np.sqrt(np.clip(1 - v**2, 0, None))


def _gaussian(v, top):
    return np.exp2(-(v**2))


def _cosine(v, top):
    return np.where(v <= 1, 0.5 + 0.5 * np.cos(np.pi * np.minimum(v, 1)), 0.0)


SHAPES = {
    "triangular": _triangular,
    "rectangular": _rectangular,
    "trapezoidal": _trapezoidal,
    "semicircular": _semicircular,
    "gaussian": _gaussian,
    "cosine": _cosine,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Notch(Parameters):
    """A symmetric pair of cuts into both edges of the track, or a cut into one of them."""

    position: float = quantity("centre of the notch, from the left end of the track", "m")
    shape: str = word("outline of the cut", choices=(*SHAPES, "table"))
    depth: float = quantity("depth per edge", "m", gt=0)
    width: float = quantity(
        "full width at the edge (Gaussian: at half depth; table: scales table_x)",
        "m",
        gt=0,
        plausible=(1e-10, 1e-3, "nm"),
    )
    edge: str | None = word("the one edge that is cut; both if not given", default=None, choices=("upper", "lower"))
    top: float = quantity(
        "trapezoidal: width of the bottom over width at the edge",
        "1",
        default=0.5,
        ge=0,
        lt=1,
        needs="shape = trapezoidal",
    )
    table_x: tuple[float, ...] = numbers("table: 2(x - position)/width, ascending", "1")
    table_depth: tuple[float, ...] = numbers("table: depth over `depth`, from 0 to 1", "1")

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the table: it must be complete and in order."""
        if self.shape != "table":
            if self.table_x or self.table_depth:
                yield f'table_x and table_depth need shape = "table", not "{self.shape}"'
            return
        if len(self.table_x) != len(self.table_depth) or len(self.table_x) < 2:
            lengths = f"table_x ({len(self.table_x)}) and table_depth ({len(self.table_depth)})"
            yield f"{lengths} must have the same length >= 2"
        elif wrong := descent("table_x", self.table_x):
            yield wrong
        elif min(self.table_depth) < 0 or max(self.table_depth) > 1:
            yield "table_depth must lie between 0 and 1"

    def holds(self, x: float) -> bool:
        """Whether a place x [m] lies within its full width."""
        return abs(x - self.position) <= self.width / 2

    @property
    def edges(self) -> int:
        """Number of edges that it cuts."""
        return 2 if self.edge is None else 1

    @property
    def form(self) -> "Form":
        """What is not a size."""
        return Form(self.shape, self.top, self.table_x, self.table_depth)

    @property
    def reach(self) -> float:
        """Distance from its position within which it cuts the edge; of a Gaussian to 1e-3 of its depth [m]."""
        return 0.5 * self.width * self.form.reach

    def cut(self, x: np.ndarray) -> np.ndarray:
        """Return the depth per edge [m] at positions x [m], same shape as x."""
        return self.depth * self.form.share(2 * (x - self.position) / self.width)


class Form(NamedTuple):
    """Outline of a notch, whatever its sizes; attributes as of `Notch`."""

    shape: str
    top: float = 0.5
    table_x: tuple[float, ...] = ()
    table_depth: tuple[float, ...] = ()

    @property
    def reach(self) -> float:
        """Reduced distance within which it cuts the edge; of a Gaussian to 1e-3 of its depth."""
        return {"table": max(map(abs, self.table_x), default=0.0), "gaussian": 3.2}.get(self.shape, 1.0)

    @property
    def mirrored(self) -> "Form":
        """The outline seen in the mirror; only a table differs from its image."""
        x = tuple(0.0 - value for value in reversed(self.table_x))
        return self._replace(table_x=x, table_depth=self.table_depth[::-1])

    def share(self, v: np.ndarray) -> np.ndarray:
        """Return the share of the depth at reduced distances v, with their sign, same shape."""
        if self.shape == "table":
            return np.interp(v, self.table_x, self.table_depth, left=0.0, right=0.0)
        return SHAPES[self.shape](np.abs(v), self.top)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Potential(Parameters):
    """Potential energy of the wall against its position; beyond the table it goes on with the slope at its end."""

    q: tuple[float, ...] = numbers("wall positions, ascending", "m", plausible=PLACES)
    V: tuple[float, ...] = numbers("potential energy at q", "J", plausible=(0, 1e-12, "aJ"))

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the table: it must be complete and in order."""
        if len(self.q) != len(self.V) or len(self.q) < 4:
            yield f"q ({len(self.q)}) and V ({len(self.V)}) must have the same length >= 4"
        elif wrong := descent("q", self.q):
            yield wrong

    def evaluate(self, q) -> tuple[np.ndarray, np.ndarray]:
        """Return the potential [J] and its derivative [N] at q [m]: cubic spline, linear beyond the ends."""
        from scipy.interpolate import CubicSpline  # slow to import, and few devices need it

        spline = CubicSpline(self.q, self.V, bc_type="natural")
        inside = np.clip(q, self.q[0], self.q[-1])
        slope = spline(inside, 1)
        return spline(inside) + slope * (np.asarray(q) - inside), slope
