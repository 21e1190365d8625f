"""Magnetic tunnel junction read-out: conductance against wall position."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from dwcore.parameters import Parameters, quantity


@dataclasses.dataclass(frozen=True, kw_only=True)
class Readout(Parameters):
    """Junction on top of the track from `start` to `end`, as wide as the track there."""

    RA: float = quantity("resistance-area product in the parallel state", "ohm m^2", gt=0)
    TMR: float = quantity("tunnel magnetoresistance (R_AP - R_P)/R_P", "1", gt=0)
    start: float = quantity("left end of the junction", "m", ge=0)
    end: float = quantity("right end of the junction", "m", gt=0)

    def problems(self) -> Iterator[str]:
        """The junction has a length."""
        if self.end <= self.start:
            yield f"end = {self.end:g} [m] must be > start = {self.start:g}"

    def conductance(self, q, x: np.ndarray, w: np.ndarray, Delta: float) -> np.ndarray:
        """Conductance [S] of the junction with the wall at q.

        The tunnel conductance of each element is linear in the cosine between free and reference layer
        (J. C. Slonczewski, Phys. Rev. B 39, 6995 (1989)). The reference layer points as the domain on the left of the
        wall does, so that the conductance grows with q for both signs of Q.

        Args:
            q: wall positions, shape (n,) [m].
            x: uniform positions along the track, shape (m,) [m].
            w: width at x, shape (m,) [m].
            Delta: wall width parameter [m].
        """
        inside = (x >= self.start) & (x <= self.end)
        x, w = x[inside], w[inside]
        G_P = w / self.RA
        G_AP = G_P / (1 + self.TMR)
        parallel = -np.tanh((x[None, :] - np.atleast_1d(q)[:, None]) / Delta)
        return np.trapezoid(0.5 * (G_P + G_AP) + 0.5 * (G_P - G_AP) * parallel, x, axis=1)
