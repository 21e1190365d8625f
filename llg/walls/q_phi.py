"""Rigid wall (q, phi) on a track of varying width: energy and equations of motion, in SI and in plain numpy.

This is the readable form of the model. The time loop lives in `llg.kernels.q_phi`, in reduced units, and is tested
against this one. Q = +1: up on the left, down on the right. Energy, with the averaged widths of `llg.device.geometry`:

    E/t = s2 [sigma_0 + mu0 Ms H_K Delta cos^2 phi] - s1 pi Delta mu0 Ms [(H_x + Q H_D) cos phi + H_y sin phi]
          - s_J pi Delta mu0 Ms H_FL sin phi - 2 Q mu0 Ms H_z integral s2 dq + V_extra/t,     H_D = -D/(mu0 Ms Delta)

Motion (Thiele equations of the two collective coordinates with spin-orbit and spin-transfer torque), with ' = d/dt:

    alpha q'/Delta + Q phi'  = gamma0 f1 + beta u (s_u/s2)/Delta
    alpha phi' - Q q'/Delta  = gamma0 f2 - Q u (s_u/s2)/Delta
    f1 = -(dE/dq)/(2 mu0 Ms t s2) - (pi/2) Q (s_J/s2) H_DL cos phi
    f2 = -(dE/dphi)/(2 mu0 Ms Delta t s2) + (pi/2) Q Delta (s_J'/s2) H_DL sin phi

H_FL is the field along y that goes with the current: field-like torque and Oersted field of the heavy metal. With a
profile along the track s1 (H_x + Q H_D) and s1 H_y change, `llg.device.profile_averages`. With a crowding fraction
kappa, J(x)/J = (1 - kappa) + kappa w_0/w(x), the current averages over the wall are
s_J = (1 - kappa) s1 + kappa w_0 and s_u = (1 - kappa) s2 + kappa w_0.

References:
    A. Thiaville, Y. Nakatani, in Spin Dynamics in Confined Magnetic Structures III (Springer 2006), p. 161.
    E. Martinez, S. Emori, N. Perez, L. Torres, G. S. D. Beach, J. Appl. Phys. 115, 213909 (2014).
"""

import dataclasses
import functools
import math

import numpy as np

from llg.constants import GAMMA_0, MU_0
from llg.device.device import Device


@dataclasses.dataclass(frozen=True, kw_only=True)
class Field:
    """Uniform applied field [A/m]."""

    H_x: float = 0.0
    H_y: float = 0.0
    H_z: float = 0.0


NO_FIELD = Field()


def wall_field(device: Device, field: Field) -> Field:
    """Return a field given along the track's axes in the frame of the wall, whose z axis is the easy axis.

    A soft strip along x has the wall's moment turn in the y-z plane: (x, y, z) of the track are (z, x, y) of the wall.
    """
    return Field(H_x=field.H_y, H_y=field.H_z, H_z=field.H_x) if device.material.in_plane else field


@dataclasses.dataclass(frozen=True)
class Widths:
    """Averaged widths at wall positions; all arrays have the shape of q.

    Attributes:
        s1: sech average [m].
        s2: sech^2 average [m].
        ds1: derivative of s1 [1].
        ds2: derivative of s2 [1].
        s_J: current-weighted sech average [m].
        ds_J: its derivative [1].
        s_u: current-weighted sech^2 average [m].
    """

    s1: np.ndarray
    s2: np.ndarray
    ds1: np.ndarray
    ds2: np.ndarray
    s_J: np.ndarray
    ds_J: np.ndarray
    s_u: np.ndarray


class QPhiModel:
    """Energy, forces and velocities of the wall in one device; all methods broadcast over q and phi."""

    coordinates: tuple[tuple[str, str], ...] = (("q", "m"), ("phi", "rad"))
    """Name and unit of each coordinate."""
    current_density = 0.0
    """Heavy-metal current density that is held [A/m^2]; only `llg.landscape.held_current` has one."""

    def __init__(self, device: Device):
        self.device = device
        wall, material, torque = device.straight_wall, device.material, device.torque
        self.Q, self.Delta, self.sigma_0, self.H_K = wall.Q, wall.Delta, wall.sigma_0, wall.H_K
        self.Ms, self.alpha, self.t = material.Ms, material.alpha, device.track.thickness
        self.H_D = -material.D / (MU_0 * self.Ms * self.Delta)
        held = device.field
        self.held = NO_FIELD if held is None else wall_field(device, Field(H_x=held.H_x, H_y=held.H_y, H_z=held.H_z))
        self.kappa, self.beta = torque.current_crowding, torque.beta
        self.H_DL_per_J = torque.damping_like_field(self.Ms, self.t)
        self.H_FL_per_J = torque.k_FL * self.H_DL_per_J
        if device.stack is not None:
            self.H_FL_per_J += device.stack.oersted_field(device.track.width, self.t)
        fraction = device.stack.ferromagnet_fraction() if device.stack else 1.0
        self.u_per_J = -torque.drift_velocity(self.Ms) * fraction  # electrons flow against the current

    def whole(self, field: Field) -> Field:
        """Return an applied field with that of the device, which acts at all times."""
        held = self.held
        return Field(H_x=field.H_x + held.H_x, H_y=field.H_y + held.H_y, H_z=field.H_z + held.H_z)

    @functools.cached_property
    def _splines(self):
        from scipy.interpolate import CubicHermiteSpline  # slow to import, and the ensembles never need it

        g = self.device.geometry
        s1 = CubicHermiteSpline(g.q, g.s1, g.ds1)
        s2 = CubicHermiteSpline(g.q, g.s2, g.ds2)
        return s1, s2, s1.derivative(), s2.derivative(), s2.antiderivative()

    def widths(self, q) -> Widths:
        """Return the averaged widths at q [m]; beyond the ends of the track those at the end."""
        q = np.clip(q, 0.0, self.device.track.length)
        s1, s2, ds1, ds2 = (spline(q) for spline in self._splines[:4])
        uniform, crowded = 1 - self.kappa, self.kappa * self.device.track.width
        return Widths(s1, s2, ds1, ds2, uniform * s1 + crowded, uniform * ds1, uniform * s2 + crowded)

    @functools.cached_property
    def _in_plane_splines(self):
        from scipy.interpolate import CubicHermiteSpline  # slow to import, and the ensembles never need it

        averages = self.device.averages
        rows = None if averages is None else averages.in_plane
        if rows is None:
            return None
        q = self.device.geometry.q
        return tuple(CubicHermiteSpline(q, rows[i], rows[i + 2]) for i in range(2))

    def along(self, q) -> tuple[np.ndarray, ...] | None:
        """Return what the profile adds to s1 (H_x + Q H_D) and s1 H_y [A], both derivatives [A/m]; None for nothing."""
        if self._in_plane_splines is None:
            return None
        q = np.clip(q, 0.0, self.device.track.length)
        x, y = self._in_plane_splines
        return x(q), y(q), x(q, 1), y(q, 1)

    def moment(self, q) -> np.ndarray:
        """Return the integral of s2 from the left end of the track to q [m^2]: moment along z over 2 Q Ms t."""
        return self._splines[4](np.clip(q, 0.0, self.device.track.length))

    def energy(self, q, phi, field: Field = NO_FIELD, current_density: float = 0.0) -> np.ndarray:
        """Return the energy [J] at q [m] and phi [rad]; the damping-like and spin-transfer torques have none.

        Args:
            q: wall position, any shape [m].
            phi: wall angle, broadcast with q [rad].
            field: applied field.
            current_density: heavy-metal current density [A/m^2], for its field-like torque.
        """
        w, field = self.widths(q), self.whole(field)
        shape = w.s2 * (self.sigma_0 + MU_0 * self.Ms * self.H_K * self.Delta * np.cos(phi) ** 2)
        in_plane = w.s1 * ((field.H_x + self.Q * self.H_D) * np.cos(phi) + field.H_y * np.sin(phi))
        if (along := self.along(q)) is not None:
            in_plane = in_plane + along[0] * np.cos(phi) + along[1] * np.sin(phi)
        in_plane = in_plane + w.s_J * self.H_FL_per_J * current_density * np.sin(phi)
        zeeman = 2 * self.Q * MU_0 * self.Ms * field.H_z * self.moment(q)
        energy = self.t * (shape - math.pi * self.Delta * MU_0 * self.Ms * in_plane - zeeman)
        return energy + self._extra(q)[0]

    def extra_force(self, q):
        """Return the derivative of V_extra [N] at q [m]."""
        return self._extra(q)[1]

    def _extra(self, q):
        return self.device.extra_potential(q)

    def fields(self, q, phi, current_density=0.0, field: Field = NO_FIELD) -> tuple[np.ndarray, np.ndarray]:
        """Return the right-hand sides (f1, f2) of the two equations including all torques [A/m].

        Args:
            q: wall position, any shape [m].
            phi: wall angle, broadcast with q [rad].
            current_density: heavy-metal current density, broadcast with q [A/m^2].
            field: applied field.
        """
        w, field = self.widths(q), self.whole(field)
        sine, cosine = np.sin(phi), np.cos(phi)
        h_x = field.H_x + self.Q * self.H_D
        H_DL, H_FL = self.H_DL_per_J * current_density, self.H_FL_per_J * current_density
        u = self.u_per_J * current_density * w.s_u / w.s2 / (self.Delta * GAMMA_0)
        half_pi = math.pi / 2
        pinning = -w.ds2 / w.s2 * (self.sigma_0 / (2 * MU_0 * self.Ms) + 0.5 * self.H_K * self.Delta * cosine**2)
        pinning = pinning + half_pi * self.Delta * w.ds1 / w.s2 * (h_x * cosine + field.H_y * sine)
        pinning = pinning + half_pi * self.Delta * w.ds_J / w.s2 * H_FL * sine
        if (along := self.along(q)) is not None:
            pinning = pinning + half_pi * self.Delta / w.s2 * (along[2] * cosine + along[3] * sine)
        pinning = pinning - self.extra_force(q) / (2 * MU_0 * self.Ms * self.t * w.s2)
        f1 = self.Q * field.H_z + pinning - half_pi * self.Q * w.s_J / w.s2 * H_DL * cosine + self.beta * u
        f2 = (
            self.H_K * sine * cosine
            - half_pi * w.s1 / w.s2 * (h_x * sine - field.H_y * cosine)
            + half_pi * w.s_J / w.s2 * H_FL * cosine
            + half_pi * self.Q * self.Delta * w.ds_J / w.s2 * H_DL * sine
            - self.Q * u
        )
        return f1, f2 if along is None else f2 - half_pi / w.s2 * (along[0] * sine - along[1] * cosine)

    def velocity(self, q, phi, current_density=0.0, field: Field = NO_FIELD) -> tuple[np.ndarray, np.ndarray]:
        """Return (dq/dt [m/s], dphi/dt [rad/s]) without noise, arguments as `fields`."""
        f1, f2 = self.fields(q, phi, current_density, field)
        rate = GAMMA_0 / (1 + self.alpha**2)
        return self.Delta * rate * (self.alpha * f1 - self.Q * f2), rate * (self.Q * f1 + self.alpha * f2)

    def friction(self, q) -> np.ndarray:
        """Return N(q) = 2 mu0 Ms Delta t s2/gamma0 [J s]: energy per unit of (angular velocity x angle)."""
        return self._friction(self.widths(q).s2)

    @property
    def least_friction(self) -> float:
        """Friction where the wall is shortest [J s]."""
        return float(self._friction(self.device.geometry.s2.min()))

    def _friction(self, s2):
        return 2 * MU_0 * self.Ms * self.Delta * self.t * s2 / GAMMA_0

    def complete(self, q: float, phi: float) -> tuple[float, ...]:
        """Return all coordinates of a wall at q [m] with angle phi [rad]."""
        return float(q), float(phi)

    def fastest_rate(self, field: Field = NO_FIELD, current_density: float = 0.0) -> float:
        """Return the upper estimate of the fastest relaxation or precession rate [1/s]; limits the time step."""
        g, field = self.device.geometry, self.whole(field)
        in_plane = math.hypot(abs(field.H_x) + abs(self.H_D), field.H_y)
        angle = abs(self.H_K) + math.pi / 2 * in_plane * np.max(g.s1 / g.s2) + abs(field.H_z)
        force = (
            self.sigma_0 * g.ds2 - math.pi * self.Delta * MU_0 * self.Ms * abs(self.H_D) * g.ds1
        ) * self.t + self.extra_force(g.q)
        if (along := self.along(g.q)) is not None:
            angle = angle + math.pi / 2 * np.max(np.hypot(along[0], along[1]) / g.s2)
            force = force - math.pi * self.Delta * MU_0 * self.Ms * self.t * np.hypot(along[2], along[3])
        curvature = np.max(np.abs(np.gradient(force, g.q)) / g.s2) * self.Delta / (2 * MU_0 * self.Ms * self.t)
        return GAMMA_0 / math.sqrt(1 + self.alpha**2) * float(angle + curvature + self._current_field(current_density))

    def _current_field(self, current_density: float) -> float:
        """Return the upper estimate of the fields [A/m] of all torques of a current density [A/m^2]."""
        g, w_0 = self.device.geometry, self.device.track.width
        s_J, s_u = (1 - self.kappa) * g.s1 + self.kappa * w_0, (1 - self.kappa) * g.s2 + self.kappa * w_0
        spin_orbit = math.pi / 2 * np.max(s_J / g.s2) * (abs(self.H_DL_per_J) + abs(self.H_FL_per_J))
        spin_transfer = np.max(s_u / g.s2) * (1 + abs(self.beta)) * abs(self.u_per_J) / (self.Delta * GAMMA_0)
        return float(abs(current_density) * (spin_orbit + spin_transfer))
