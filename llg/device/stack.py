"""Electrical stack: what a current density in the heavy metal costs."""

import dataclasses

import numpy as np

from dwcore.parameters import Parameters, quantity


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stack(Parameters):
    """Heavy metal and ferromagnet, conducting in parallel; the drive current density is that in the heavy metal."""

    t_HM: float = quantity("thickness of the heavy metal", "m", gt=0)
    rho_HM: float = quantity("resistivity of the heavy metal", "ohm m", gt=0)
    rho_FM: float = quantity("resistivity of the ferromagnet", "ohm m", gt=0)
    R_contact: float = quantity("resistance of both contacts and leads together", "ohm", default=0.0, ge=0)

    def current(self, current_density, width: float, thickness: float):
        """Total current [A] for a heavy-metal current density [A/m^2] where the track has `width` [m].

        The layers see the same electric field, so that the ferromagnet of `thickness` [m] carries its share
        J rho_HM/rho_FM.
        """
        return current_density * width * (self.t_HM + thickness * self.rho_HM / self.rho_FM)

    def resistance(self, x: np.ndarray, w: np.ndarray, thickness: float) -> float:
        """Resistance of the track [ohm]: sum of its slices plus contacts.

        Args:
            x: positions, shape (n,) [m].
            w: width at x, shape (n,) [m].
            thickness: thickness of the ferromagnet [m].
        """
        sheet = 1 / (self.t_HM / self.rho_HM + thickness / self.rho_FM)
        return float(sheet * np.trapezoid(1 / w, x)) + self.R_contact

    def ferromagnet_fraction(self) -> float:
        """Current density in the ferromagnet over that in the heavy metal [1]."""
        return self.rho_HM / self.rho_FM
