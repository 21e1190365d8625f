"""A tabulated extra potential V_extra(q), from micromagnetics, experiment or a thought experiment."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from dwcore.parameters import Parameters, numbers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Potential(Parameters):
    """Potential energy of the wall against its position; beyond the table it goes on with the slope at its end."""

    q: tuple[float, ...] = numbers("wall positions, ascending", "m")
    V: tuple[float, ...] = numbers("potential energy at q", "J")

    def problems(self) -> Iterator[str]:
        """A table is complete and in order."""
        if len(self.q) != len(self.V) or len(self.q) < 4:
            yield f"q ({len(self.q)}) and V ({len(self.V)}) must have the same length >= 4"
        elif np.any(np.diff(self.q) <= 0):
            yield "q must be strictly ascending"

    def evaluate(self, q) -> tuple[np.ndarray, np.ndarray]:
        """Potential [J] and its derivative [N] at q [m]: cubic spline, linear beyond the ends."""
        from scipy.interpolate import CubicSpline  # slow to import, and few devices need it

        spline = CubicSpline(self.q, self.V, bc_type="natural")
        inside = np.clip(q, self.q[0], self.q[-1])
        slope = spline(inside, 1)
        return spline(inside) + slope * (np.asarray(q) - inside), slope
