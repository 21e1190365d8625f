"""Magnetic material and the straight wall it makes."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Self

from dwcore.errors import InputError
from dwcore.parameters import Parameters, quantity, word
from llg.constants import MU_0

LARGEST_TEMPERATURE = 2000.0
"""Temperatures [K] are below this; no film in question is magnetic there."""
MODELS = ("q-phi", "q-phi-delta", "q-phi-chi")
"""Equations of motion: rigid wall, wall of moving width, wall that tilts; see `llg.runs.models`."""

ANISOTROPIES, CHIRALITIES = (0, 1e8, "MJ/m^3"), (0, 0.1, "mJ/m^2")
"""Least and largest plausible K_u [J/m^3] and D [J/m^2]."""
WALL_SHAPES = ("auto", "relaxed", "rigid")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Material(Parameters):
    """Perpendicularly magnetized film, or a soft strip magnetized along the track."""

    Ms: float = quantity("saturation magnetization", "A/m", gt=0, plausible=(1e3, 4e6, "MA/m"))
    A: float = quantity("exchange stiffness", "J/m", gt=0, plausible=(1e-14, 1e-9, "pJ/m"))
    K_u: float = quantity(
        "uniaxial anisotropy: perpendicular, K_eff + mu0 Ms^2/2; of a soft strip along it, shape included",
        "J/m^3",
        gt=0,
        plausible=ANISOTROPIES,
    )
    D: float = quantity(
        "interfacial Dzyaloshinskii-Moriya constant, density D[m_z div m - (m.grad) m_z]",
        "J/m^2",
        default=0.0,
        plausible=CHIRALITIES,
    )
    alpha: float = quantity("Gilbert damping", "1", gt=0, le=1)
    easy_axis: str = word("z: perpendicular film, x: soft strip with walls across it", default="z", choices=("z", "x"))

    @property
    def in_plane(self) -> bool:
        """The strip is magnetized along the track."""
        return self.easy_axis == "x"

    @property
    def K_eff(self) -> float:
        """Effective anisotropy [J/m^3]: K_u - mu0 Ms^2/2 of a perpendicular film, K_u of a soft strip."""
        return self.K_u if self.in_plane else self.K_u - 0.5 * MU_0 * self.Ms**2

    def neel_share(self, wall: "StraightWall") -> float:
        """Return |cos phi| at rest on a straight track, 1 of a Neel wall: pi |H_D|/(2 H_K) up to 1."""
        if wall.H_K <= 0:
            return 1.0
        return min(math.pi * abs(self.D) / (2 * MU_0 * self.Ms * wall.Delta * wall.H_K), 1.0)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong: the film must be perpendicular, a strip cannot be chiral."""
        if self.in_plane and self.D != 0:
            yield f'D = {self.D:g} [J/m^2] must be 0 where easy_axis = "x"'
        if self.K_eff <= 0:
            least = 0.5 * MU_0 * self.Ms**2
            yield f"K_u = {self.K_u:g} [J/m^3] must be > mu0 Ms^2/2 = {least:g} for a perpendicular film"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wall(Parameters):
    """What the straight wall is known to be, from micromagnetics or measurement; overrides what the material gives."""

    model: str = word("equations of motion", default="q-phi", choices=MODELS)
    shape: str = word(
        "relaxed: of least energy in each notch; rigid: straight across the track; auto: relaxed wherever that can be",
        default="auto",
        choices=WALL_SHAPES,
    )
    Q: float = quantity("+1: up on the left and down on the right, -1: the reverse", "1", default=1.0)
    Delta: float | None = quantity("wall width parameter", "m", default=None, gt=0, plausible=(1e-10, 1e-6, "nm"))
    sigma_0: float | None = quantity(
        "energy of the straight Bloch wall without DMI", "J/m^2", default=None, gt=0, plausible=(1e-7, 1, "mJ/m^2")
    )
    H_K: float | None = quantity(
        "in-plane shape field of the wall, > 0 favours Bloch", "A/m", default=None, plausible=(0, 1e8, "A/m")
    )

    def problems(self) -> Iterator[str]:
        """Yield what is wrong: Q is a sign."""
        if abs(self.Q) != 1:
            yield f"Q = {self.Q:g} [1] must be +1 or -1"

    def resolved(self, material: Material, thickness: float) -> "StraightWall":
        """Return the wall with all that is not given filled in.

        Delta = sqrt(A/K_eff), sigma_0 = 4 sqrt(A K_eff), H_K = Ms t ln 2/(pi Delta). In a soft strip
        sigma_0 is that of a wall with its moment out of the plane, which costs -mu0 Ms H_K Delta more.

        Args:
            material: the film.
            thickness: film thickness t [m].

        Raises:
            InputError: H_K of a wall in a soft strip, which depends on its cross-section, is not given, or leaves no
                energy to a wall with its moment out of the plane.

        References:
            H_K from the magnetostatic energy of a Neel wall in a film thinner than the wall: S. V. Tarasenko,
            A. Stankiewicz, V. V. Tarasenko, J. Ferre, J. Magn. Magn. Mater. 189, 19 (1998).
        """
        Delta = math.sqrt(material.A / material.K_eff) if self.Delta is None else self.Delta
        H_K, sigma_0 = self.H_K, self.sigma_0
        if H_K is None:
            if material.in_plane:
                raise InputError('[wall]: H_K = -(N_z - N_y) Ms must be given where easy_axis = "x"')
            H_K = material.Ms * thickness * math.log(2) / (math.pi * Delta)
        if sigma_0 is None:
            sigma_0 = 4 * math.sqrt(material.A * material.K_eff)
            if material.in_plane:
                most = sigma_0 / (MU_0 * material.Ms * Delta)
                if most <= H_K:
                    raise InputError(
                        f"[wall]: H_K = {H_K:g} [A/m] must be < 4 sqrt(A K_eff)/(mu0 Ms Delta) = {most:.4g}: beyond it the "
                        f"energy of a wall with its moment out of the plane is negative"
                    )
                sigma_0 -= MU_0 * material.Ms * H_K * Delta
        return StraightWall(model=self.model, shape=self.shape, Q=self.Q, Delta=Delta, sigma_0=sigma_0, H_K=H_K)

    def following(self, before: tuple[Material, float], after: tuple[Material, float]) -> Self:
        """Return the same wall in a changed film: what is given changes by the factors of the formulas of `resolved`.

        Args:
            before: film that the given values belong to, and its thickness [m].
            after: the changed film and its thickness [m].
        """
        old, new = _formulas(*before), _formulas(*after)
        given = [name for name in old if getattr(self, name) is not None]
        return dataclasses.replace(self, **{name: getattr(self, name) * new[name] / old[name] for name in given})


@dataclasses.dataclass(frozen=True, kw_only=True)
class StraightWall(Wall):
    """The straight wall with all its numbers known."""

    Delta: float = quantity("wall width parameter", "m", gt=0)
    sigma_0: float = quantity("energy of the straight Bloch wall without DMI", "J/m^2", gt=0)
    H_K: float = quantity("in-plane shape field of the wall, > 0 favours Bloch", "A/m")


def gained_by_angle(wall: StraightWall, film: Material, H_x: float, H_y: float) -> float:
    """Return what a straight wall gains by its angle from D and a field in the plane [J/m^2].

    That is pi Delta mu0 Ms |(Q H_D + H_x, H_y)|.

    Args:
        wall: the wall.
        film: the film.
        H_x: field along the track [A/m].
        H_y: field across it [A/m].
    """
    unit = MU_0 * film.Ms * wall.Delta
    return math.pi * unit * math.hypot(H_x - wall.Q * film.D / unit, H_y)


def energy_problems(wall: Wall, film: Material, thickness: float) -> Iterator[str]:
    """Yield why a straight wall would have a negative energy at some angle.

    The energy is sigma_0 - pi |D cos phi| + mu0 Ms H_K Delta cos^2 phi.

    Args:
        wall: the wall.
        film: the film.
        thickness: film thickness t [m].

    Raises:
        InputError: as `Wall.resolved`.
    """
    straight = wall.resolved(film, thickness)
    left = straight.sigma_0 - math.pi * abs(film.D)
    if left <= 0:
        yield (
            f"[material]: D = {film.D:g} [J/m^2] must be below sigma_0/pi = {straight.sigma_0 / math.pi:.3g} in size "
            f"(4 sqrt(A K_eff)/pi): beyond it the wall energy is negative and the magnetization a spiral"
        )
    elif left + MU_0 * film.Ms * straight.H_K * straight.Delta <= 0:
        least = -left / (MU_0 * film.Ms * straight.Delta)
        yield (
            f"[wall]: H_K = {straight.H_K:g} [A/m] must be > -(sigma_0 - pi |D|)/(mu0 Ms Delta) = {least:.4g}: beyond it "
            f"the wall energy is negative"
        )


def _formulas(film: Material, thickness: float) -> dict[str, float]:
    """Return what the straight wall's Delta, sigma_0 and H_K are proportional to."""
    Delta = math.sqrt(film.A / film.K_eff)
    H_K = film.Ms if film.in_plane else film.Ms * thickness / Delta
    return {"Delta": Delta, "sigma_0": math.sqrt(film.A * film.K_eff), "H_K": H_K}
