"""What a current does in a device: its torques, the resistance of the stack, Joule heating; and how the state is read.

Heating has one thermal resistance and one time constant,

    tau_th d(Delta T)/dt = R_th P(t) - Delta T,     P = R I(t)^2.

The temperature enters through the thermal noise, and with [temperature_laws] through the film. Without them the
material keeps its values, so that the model holds for rises well below the Curie temperature.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from dwcore.parameters import Parameters, quantity, word
from llg.constants import E_CHARGE, HBAR, MU_0, MU_B

_SHEETS = 20  # of the heavy metal, for its Oersted field
RESISTIVITIES = (1e-10, 1, "uohm cm")
"""Least and largest plausible resistivity [ohm m]."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Torque(Parameters):
    """Spin-orbit and spin-transfer torque."""

    theta_SH: float = quantity(
        "spin Hall angle; theta_SH J D > 0 drives the wall to +x", "1", default=0.0, plausible=(0, 5, "%")
    )
    k_FL: float = quantity(
        "field-like over damping-like effective field", "1", default=0.0, needs="theta_SH != 0", plausible=(0, 10, "%")
    )
    P: float = quantity("spin polarization of the current in the ferromagnet", "1", default=0.0, ge=0, le=1)
    beta: float = quantity("non-adiabaticity of the spin-transfer torque", "1", default=0.0, needs="P > 0")
    current_crowding: float = quantity(
        "0: uniform J; 1: J(x) = J w_0/w(x); between: the weighted mean of both",
        "1",
        default=1.0,
        ge=0,
        le=1,
        needs="theta_SH != 0 or P > 0 or stack.oersted = below|above",
    )

    def damping_like_field(self, Ms: float, thickness: float) -> float:
        """Return H_DL/J = hbar theta_SH/(2 e mu0 Ms t) [m], with the field -H_DL m x y and J in the heavy metal."""
        return HBAR * self.theta_SH / (2 * E_CHARGE * MU_0 * Ms * thickness)

    def drift_velocity(self, Ms: float) -> float:
        """Return u/J_e = mu_B P/(e Ms) [m^3/C] per current density along the electron flow in the ferromagnet."""
        return MU_B * self.P / (E_CHARGE * Ms)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stack(Parameters):
    """Heavy metal and ferromagnet, conducting in parallel; the drive current density is that in the heavy metal."""

    t_HM: float = quantity("thickness of the heavy metal", "m", gt=0, plausible=(1e-11, 1e-5, "nm"))
    rho_HM: float = quantity("resistivity of the heavy metal", "ohm m", gt=0, plausible=RESISTIVITIES)
    rho_FM: float = quantity("resistivity of the ferromagnet", "ohm m", gt=0, plausible=RESISTIVITIES)
    R_contact: float = quantity("resistance of both contacts and leads together", "ohm", default=0.0, ge=0)
    oersted: str | None = word(
        "side of the ferromagnet on which the heavy metal lies, for its Oersted field; without it that is left out",
        default=None, choices=("below", "above"),
    )  # fmt: skip

    def current(self, current_density, width: float, thickness: float):
        """Return the total current [A] for a heavy-metal current density [A/m^2] where the track has `width` [m].

        The layers see the same electric field, so that the ferromagnet of `thickness` [m] carries its share
        J rho_HM/rho_FM.
        """
        return current_density * width * (self.t_HM + thickness * self.rho_HM / self.rho_FM)

    def resistance(self, x: np.ndarray, w: np.ndarray, thickness: float) -> float:
        """Return the resistance of the track [ohm]: sum of its slices plus contacts.

        Args:
            x: positions, shape (n,) [m].
            w: width at x, shape (n,) [m].
            thickness: thickness of the ferromagnet [m].
        """
        sheet = 1 / (self.t_HM / self.rho_HM + thickness / self.rho_FM)
        return float(sheet * np.trapezoid(1 / w, x)) + self.R_contact

    def oersted_field(self, width: float, thickness: float) -> float:
        """Return the mean Oersted field along y on the ferromagnet per current density [m]; 0 where it is left out.

        A wide layer below has -t_HM/2. In a strip of width w a sheet of it at the distance h from the middle of the
        ferromagnet has, on the mean over the width, the share (2/pi)[atan(w/h) - (h/2w) ln(1 + w^2/h^2)] of that of an
        endless one (Biot and Savart). The ferromagnet's own current and the field along z at the edges cancel on the
        mean.

        Args:
            width: width of the track [m].
            thickness: thickness of the ferromagnet [m].
        """
        if self.oersted is None:
            return 0.0
        place, weight = np.polynomial.legendre.leggauss(_SHEETS)
        h = (0.5 * thickness + 0.5 * self.t_HM * (1 + place)) / width
        share = 2 / np.pi * (np.arctan(1 / h) - 0.5 * h * np.log1p(1 / h**2))
        return (-0.5 if self.oersted == "below" else 0.5) * self.t_HM * float(0.5 * weight @ share)

    def ferromagnet_fraction(self) -> float:
        """Return the current density in the ferromagnet over that in the heavy metal [1]."""
        return self.rho_HM / self.rho_FM


@dataclasses.dataclass(frozen=True, kw_only=True)
class Heating(Parameters):
    """Thermal path from the track to the substrate."""

    R_th: float = quantity("thermal resistance: temperature rise of the track per dissipated power", "K/W", ge=0)
    tau_th: float = quantity("thermal time constant", "s", gt=0)

    def rise(self, steady: float, shape: np.ndarray, step: float) -> np.ndarray:
        """Return the temperature rise at the ends of equal time steps.

        The power is taken as constant within a step, for which the solution is exact.

        Args:
            steady: rise that the amplitude of the pulse would reach, see `llg.device.device.Device.steady_rise` [K].
            shape: pulse shape at the ends of the steps, shape (n + 1,) [1].
            step: length of a step [s].

        Returns:
            Rise above the temperature of the substrate, shape (n + 1,) [K].
        """
        target = steady * ((shape[:-1] ** 2 + shape[:-1] * shape[1:] + shape[1:] ** 2) / 3)
        decay = np.exp(-step / self.tau_th)
        rise = np.zeros(shape.size)
        for n, goal in enumerate(target):
            rise[n + 1] = decay * rise[n] + (1 - decay) * goal
        return rise


@dataclasses.dataclass(frozen=True, kw_only=True)
class Readout(Parameters):
    """Junction on top of the track from `start` to `end`, as wide as the track there."""

    RA: float = quantity(
        "resistance-area product in the parallel state", "ohm m^2", gt=0, plausible=(1e-15, 1e-3, "ohm um^2")
    )
    TMR: float = quantity("tunnel magnetoresistance (R_AP - R_P)/R_P", "1", gt=0, plausible=(0, 20, "%"))
    start: float = quantity("left end of the junction", "m", ge=0)
    end: float = quantity("right end of the junction", "m", gt=0)

    def problems(self) -> Iterator[str]:
        """Yield a junction without a length."""
        if self.end <= self.start:
            yield f"end = {self.end:g} [m] must be > start = {self.start:g}"

    def conductance(self, q, x: np.ndarray, w: np.ndarray, Delta: float) -> np.ndarray:
        """Return the conductance [S] of the junction with the wall at q.

        The tunnel conductance of each element is linear in the cosine between free and reference layer
        (J. C. Slonczewski, Phys. Rev. B 39, 6995 (1989)). The reference layer points as the domain on the left of the
        wall does, so that the conductance grows with q for both signs of Q. The cosine, -tanh((x - q)/Delta), is integrated
        exactly from place to place, from the left end of the junction to the right one, with the mean width there.

        Args:
            q: wall positions, shape (n,) [m].
            x: positions along the whole track, ascending, shape (m,) [m].
            w: width at x, shape (m,) [m].
            Delta: wall width parameter [m].
        """
        places = np.array([self.start, *x[(x > self.start) & (x < self.end)], self.end])
        ends = np.interp(places, x, w)
        width, length = 0.5 * (ends[1:] + ends[:-1]), np.diff(places)
        z = np.abs(places - np.atleast_1d(q)[:, None]) / Delta
        parallel = -Delta * np.diff(z + np.log1p(np.exp(-2 * z)))  # the integral of tanh z is ln cosh z
        G_P, G_AP = 1 / self.RA, 1 / (self.RA * (1 + self.TMR))
        return (0.5 * (G_P + G_AP) * length + 0.5 * (G_P - G_AP) * parallel) @ width
