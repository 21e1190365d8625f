"""Magnetic material and the straight wall it makes."""

import dataclasses
import math
from collections.abc import Iterator

from .constants import MU_0
from .parameters import Parameters, quantity, word

MODELS = ("q-phi",)
"""Names of the equations of motion, see `llg.models`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Material(Parameters):
    """Perpendicularly magnetized film."""

    Ms: float = quantity("saturation magnetization", "A/m", gt=0)
    A: float = quantity("exchange stiffness", "J/m", gt=0)
    K_u: float = quantity("uniaxial perpendicular anisotropy", "J/m^3", gt=0)
    D: float = quantity(
        "interfacial Dzyaloshinskii-Moriya constant, density D[m_z div m - (m.grad) m_z]",
        "J/m^2",
        default=0.0,
    )
    alpha: float = quantity("Gilbert damping", "1", gt=0, le=1)

    @property
    def K_eff(self) -> float:
        """Effective anisotropy K_u - mu0 Ms^2/2 of the film [J/m^3]."""
        return self.K_u - 0.5 * MU_0 * self.Ms**2

    def problems(self) -> Iterator[str]:
        """The film must be perpendicular."""
        if self.K_eff <= 0:
            least = 0.5 * MU_0 * self.Ms**2
            yield f"K_u = {self.K_u:g} [J/m^3] must be > mu0 Ms^2/2 = {least:g} for a perpendicular film"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wall(Parameters):
    """What the straight wall is known to be, from micromagnetics or measurement; overrides what the material gives."""

    model: str = word("equations of motion", default="q-phi", choices=MODELS)
    Q: float = quantity("+1: up on the left and down on the right, -1: the reverse", "1", default=1.0)
    Delta: float | None = quantity("wall width parameter", "m", default=None, gt=0)
    sigma_0: float | None = quantity("energy of the straight Bloch wall without DMI", "J/m^2", default=None, gt=0)
    H_K: float | None = quantity("in-plane shape field of the wall, > 0 favours Bloch", "A/m", default=None)

    def problems(self) -> Iterator[str]:
        """Q is a sign."""
        if abs(self.Q) != 1:
            yield f"Q = {self.Q:g} [1] must be +1 or -1"

    def resolved(self, material: Material, thickness: float) -> "Wall":
        """Fill what is not given: Delta = sqrt(A/K_eff), sigma_0 = 4 sqrt(A K_eff), H_K = Ms t ln 2/(pi Delta).

        Args:
            material: the film.
            thickness: film thickness t [m].

        References:
            H_K from the magnetostatic energy of a Neel wall in a film thinner than the wall: S. V. Tarasenko,
            A. Stankiewicz, V. V. Tarasenko, J. Ferre, J. Magn. Magn. Mater. 189, 19 (1998).
        """
        Delta = math.sqrt(material.A / material.K_eff) if self.Delta is None else self.Delta
        sigma_0 = 4 * math.sqrt(material.A * material.K_eff) if self.sigma_0 is None else self.sigma_0
        H_K = material.Ms * thickness * math.log(2) / (math.pi * Delta) if self.H_K is None else self.H_K
        return Wall(model=self.model, Q=self.Q, Delta=Delta, sigma_0=sigma_0, H_K=H_K)
