"""Voltage- or strain-controlled anisotropy: how much K_u a gate adds, where, and what the rigid wall sees of it.

A voltage V across an oxide of thickness t_ox adds delta K_u = xi V/(t_ox t), strain adds delta K_u directly. A gate
over the whole track makes another straight wall (Delta, sigma_0, H_K). One over a part of it adds, to first order in
delta K_u, a potential of its own: the rigid wall's anisotropy energy weighs it with sech^2,

    V_gate(q) = t delta K_u integral_start^end w(x) sech^2((x - q)/Delta) dx.

The level is the share of the full drive: `rest_level` between pulses, 1 on top of a pulse.

References:
    C.-G. Duan et al., Phys. Rev. Lett. 101, 137201 (2008): surface anisotropy linear in the field.
    A. J. Schellekens, A. van den Brink, J. H. Franken, H. J. M. Swagten, B. Koopmans, Nat. Commun. 3, 847 (2012), and
    U. Bauer, S. Emori, G. S. D. Beach, Nat. Nanotechnol. 8, 411 (2013): gates that hold and release domain walls.
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from dwcore.parameters import Parameters, quantity
from llg.device.geometry import average_width

if TYPE_CHECKING:
    from scipy.interpolate import CubicHermiteSpline

LEVELS = 32
"""A gate that changes in time takes this many equal steps from its lowest to its highest level."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gate(Parameters):
    """A gate electrode or piezoelectric clamp; give xi, oxide_thickness and voltage, or delta_K_u."""

    xi: float | None = quantity(
        "interface anisotropy per electric field; xi V > 0 raises K_u",
        "J/(V m)",
        default=None,
        plausible=(0, 1e-9, "fJ/(V m)"),
    )
    oxide_thickness: float | None = quantity(
        "thickness of the gate oxide", "m", default=None, gt=0, plausible=(1e-11, 1e-5, "nm")
    )
    voltage: float | None = quantity("gate voltage at level 1", "V", default=None)
    delta_K_u: float | None = quantity("change of K_u at level 1, for strain", "J/m^3", default=None)
    rest_level: float = quantity("level between pulses: 0 for a pulsed gate, 1 for a constant one", "1", default=0.0)
    start: float | None = quantity("left end of the gate; with end, or the gate covers the track", "m", default=None)
    end: float | None = quantity("right end of the gate", "m", default=None)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong: one way to drive, both ends or none."""
        electric = (self.xi, self.oxide_thickness, self.voltage)
        given = [value is not None for value in electric]
        if any(given) if self.delta_K_u is not None else not all(given):
            yield "either xi, oxide_thickness and voltage or delta_K_u must be given"
        if (self.start is None) != (self.end is None):
            yield "start and end must be given together"
        elif self.start is not None and self.end is not None and self.end <= self.start:
            yield f"end = {self.end:g} [m] must be > start = {self.start:g}"

    @property
    def local(self) -> bool:
        """The gate covers a part of the track only."""
        return self.start is not None

    @property
    def ends(self) -> tuple[float, float]:
        """Left and right end of the gate [m], infinitely far where it covers the track."""
        return (-np.inf if self.start is None else self.start), (np.inf if self.end is None else self.end)

    def change(self, level: float, thickness: float) -> float:
        """Return the change of K_u [J/m^3] at a level, for a film of `thickness` [m]."""
        if self.xi is not None and self.voltage is not None and self.oxide_thickness is not None:
            return level * self.xi * self.voltage / (self.oxide_thickness * thickness)
        return level * (self.delta_K_u or 0.0)

    def potential(self, outline: Callable, length: float, thickness: float, Delta: float) -> "CubicHermiteSpline":
        """Return V_gate(q) [J] of a local gate per change of K_u [J/m^3], for q on the track.

        Args:
            outline: function from positions, shape (n,) [m], to full widths, shape (n,) [m].
            length: length of the track [m].
            thickness: thickness of the film [m].
            Delta: wall width parameter [m].
        """
        from scipy.interpolate import CubicHermiteSpline  # slow to import, and few devices need it

        start, end = self.ends
        g = average_width(lambda x: outline(x) * ((x >= start) & (x <= end)), length, Delta, 1.0)
        return CubicHermiteSpline(g.q, 2 * Delta * thickness * g.s2, 2 * Delta * thickness * g.ds2)


def quantized(level: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the level of each time step, rounded to `LEVELS` equal steps between the lowest and the highest one.

    Args:
        level: level at the ends of the time steps, shape (n + 1,) [1].
        low: lowest level [1].
        high: highest level [1].

    Returns:
        Shape (n,) [1]; time steps in a row with the same level make one segment of the time loop.
    """
    if low == high:
        return np.full(level.size - 1, low)
    middle = 0.5 * (level[:-1] + level[1:])
    part = np.rint(LEVELS * (middle - low) / (high - low)) / LEVELS
    return low * (1 - part) + high * part
