"""Chiral wall with its tilt as a coordinate (q, phi, chi): energy and equations of motion, in SI and in plain numpy.

The wall is the straight line x = q + y tan chi, its profile cos theta = -Q tanh(((x - q) cos chi - y sin chi)/Delta).
With zeta = sin^2 chi/(1 + kappa sin^2 chi) and the averages s1 = s1(q) + zeta b1(q), s2 = s2(q) + zeta b2(q) at fixed
magnetic moment (`llg.walls.deformed_geometry`):

    E/t = (s2/cos chi) [sigma_0 + mu0 Ms H_K Delta cos^2(phi + chi)] + s2(q) c sigma_0 (1/cos chi - 1)
          - (s1/cos chi) pi Delta mu0 Ms [Q H_D cos(phi + chi) + H_x cos phi + H_y sin phi]
          - (s_J/cos chi) pi Delta mu0 Ms H_FL sin phi - 2 Q mu0 Ms H_z integral s2(q) dq + V_extra/t

    alpha cos chi q'/Delta + Q phi'   = gamma0 f1 + beta u cos chi (s_u/s2)/Delta
    alpha phi'/cos chi - Q q'/Delta   = gamma0 f2 - Q u (s_u/s2)/Delta
    alpha Z chi'                      = gamma0 f3,    Z = (rho + (pi sin chi)^2/2 rho)^2/(12 cos^3 chi)

with rho = s2/Delta, f_i = -(Delta d/dq, d/dphi, d/dchi)E/(2 mu0 Ms Delta t s2(q)) and the damping-like torque. The
normal of the wall is at the angle -chi, so that the chiral energy is least at phi = -chi or phi = pi - chi. c is what
the edges of the track add to the stiffness (`edge_stiffness`).

References:
    O. Boulle, S. Rohart, L. D. Buda-Prejbeanu, E. Jue, I. M. Miron, S. Pizzini, J. Vogel, G. Gaudin, A. Thiaville,
    Phys. Rev. Lett. 111, 217203 (2013).
    E. Martinez, S. Emori, N. Perez, L. Torres, G. S. D. Beach, J. Appl. Phys. 115, 213909 (2014).
"""

import functools
import math

import numpy as np

from llg.constants import GAMMA_0, MU_0
from llg.device.device import Device
from llg.walls.deformed_geometry import Response, ThirdCoordinateModel, tilt_response
from llg.walls.q_phi import NO_FIELD, Field

LARGEST = 1.4
"""Largest tilt [rad]; the wall is held within."""


def edge_stiffness(width: float, Delta: float) -> float:
    """Return the relative increase c of the tilt stiffness by the edges of the track [1].

    At the edges the chiral boundary condition holds the slope of the wall at 2/pi of that inside, over a length of
    (pi/2) Delta; the tilt is the slope of the straight line fitted to the wall (`docs/theory-extended-walls.md`,
    section 4).

    Args:
        width: width of the track [m].
        Delta: wall width [m].
    """
    reach = width / (math.pi * Delta)
    held = 3 / reach**2 * (1 - math.tanh(reach) / reach)
    return 1 / (1 - (1 - 2 / math.pi) * held) - 1


class QPhiChiModel(ThirdCoordinateModel):
    """Energy, forces and velocities of a wall that tilts; all methods broadcast over q, phi and chi."""

    coordinates = (("q", "m"), ("phi", "rad"), ("chi", "rad"))
    bounds, straight, longest = (-LARGEST, LARGEST), 0.0, 0.25

    def __init__(self, device: Device):
        super().__init__(device)
        self.edge_stiffness = edge_stiffness(device.track.width, self.Delta)

    @functools.cached_property
    def response(self) -> Response:
        """Change of the averaged widths with zeta."""
        return tilt_response(self.device)

    def _zeta(self, chi):
        """Return the measure of the tilt and its derivative [1]."""
        square, saturation = np.sin(chi) ** 2, self.response.saturation
        return square / (1 + saturation * square), np.sin(2 * chi) / (1 + saturation * square) ** 2

    def energy(  # type: ignore[override]  # one coordinate more
        self, q, phi, chi=None, field: Field = NO_FIELD, current_density: float = 0.0
    ) -> np.ndarray:
        """Return the energy [J]; without chi the least one over it, with the tilt at rest at that q and phi.

        Args:
            q: wall position, any shape [m].
            phi: wall angle, broadcast with q [rad].
            chi: tilt [rad].
            field: applied field.
            current_density: heavy-metal current density [A/m^2], for its field-like torque.
        """
        if chi is None:
            chi = self.relaxed(q, phi, field, current_density)
        w, (b1, b2, *_), field = self.widths(q), self.deformed(q), self.whole(field)
        zeta, ms = self._zeta(chi)[0], MU_0 * self.Ms
        s1, s2 = w.s1 + zeta * b1, w.s2 + zeta * b2
        s_J = (1 - self.kappa) * s1 + self.kappa * self.device.track.width
        along = np.cos(phi + chi)
        shape = s2 * (self.sigma_0 + ms * self.H_K * self.Delta * along**2)
        in_plane = s1 * (self.Q * self.H_D * along + field.H_x * np.cos(phi) + field.H_y * np.sin(phi))
        in_plane = in_plane + s_J * self.H_FL_per_J * current_density * np.sin(phi)
        zeeman = 2 * self.Q * ms * field.H_z * self.moment(q)
        line = (shape - math.pi * self.Delta * ms * in_plane) / np.cos(chi)
        line = line + w.s2 * self.edge_stiffness * self.sigma_0 * (1 / np.cos(chi) - 1)
        return self.t * (line - zeeman) + self._extra(q)[0]

    def forces(
        self, q, phi, chi, current_density=0.0, field: Field = NO_FIELD, *, fl_current=None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the right-hand sides (f1, f2, f3) [A/m] including all torques."""
        w, (b1, b2, db1, db2, _), field = self.widths(q), self.deformed(q), self.whole(field)
        S, C = np.sin(chi), np.cos(chi)
        (zeta, slope), uniform, half_pi = self._zeta(chi), 1 - self.kappa, math.pi / 2
        sine, cosine, across, along = np.sin(phi), np.cos(phi), np.sin(phi + chi), np.cos(phi + chi)
        H_DL = self.H_DL_per_J * current_density
        H_FL = self.H_FL_per_J * (current_density if fl_current is None else fl_current)
        u = self.u_per_J * current_density * w.s_u / w.s2 / (self.Delta * GAMMA_0)
        a, b = (w.ds2 + zeta * db2) / w.s2, half_pi * (w.ds1 + zeta * db1) / w.s2
        c, k = half_pi * (w.s1 + zeta * b1) / w.s2, 1 + zeta * b2 / w.s2
        s_J = uniform * c + half_pi * self.kappa * self.device.track.width / w.s2
        c1, k1 = half_pi * b1 / w.s2, b2 / w.s2
        chiral = self.Q * self.H_D
        shape = self.h_sigma + 0.5 * self.H_K * along**2
        in_plane = chiral * along + field.H_x * cosine + field.H_y * sine
        f1 = self.Q * field.H_z + self.Delta / C * (b * (in_plane + uniform * H_FL * sine) - a * shape)
        edge = self.edge_stiffness * self.h_sigma
        f1 = f1 - w.ds2 / w.s2 * self.Delta * edge * (1 / C - 1)
        f1 = f1 - self.extra_force(q) / (2 * MU_0 * self.Ms * self.t * w.s2)
        f1 = f1 - self.Q * s_J * H_DL * cosine + self.beta * u * C
        turn = k * self.H_K * across * along - c * chiral * across
        f2 = (turn - c * (field.H_x * sine - field.H_y * cosine) + s_J * H_FL * cosine) / C
        f2 = f2 + uniform * self.Q * self.Delta * b * H_DL * sine / C**2 - self.Q * u
        length = k * shape - c * in_plane - s_J * H_FL * sine
        change = k1 * shape - c1 * (in_plane + uniform * H_FL * sine)
        f3 = (turn - S / C * (length + edge) - slope * change) / C
        return f1, f2, f3

    def velocity(  # type: ignore[override]  # one coordinate more
        self, q, phi, chi, current_density=0.0, field: Field = NO_FIELD
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (dq/dt [m/s], dphi/dt [rad/s], dchi/dt [rad/s]) without noise, arguments as `forces`."""
        f1, f2, f3 = self.forces(q, phi, chi, current_density, field)
        rate, C = GAMMA_0 / (1 + self.alpha**2), np.cos(chi)
        rho = self.widths(q).s2 / self.Delta
        Z = (rho + (math.pi * np.sin(chi)) ** 2 / (2 * rho)) ** 2 / (12 * C**3)
        return (
            self.Delta * rate * (self.alpha / C * f1 - self.Q * f2),
            rate * (self.Q * f1 + self.alpha * C * f2),
            GAMMA_0 * f3 / (self.alpha * Z),
        )

    def fastest_rate(self, field: Field = NO_FIELD, current_density: float = 0.0) -> float:
        """Return the upper estimate of the fastest relaxation or precession rate [1/s]; limits the time step."""
        g, r = self.device.geometry, self.response
        stiffness = self.h_sigma * (1 + 2 * np.abs(r.b2) / g.s2) + math.pi * abs(self.H_D)
        tilt = GAMMA_0 * 12 / self.alpha * float(np.max(stiffness * (self.Delta / g.s2) ** 2))
        return super().fastest_rate(field, current_density) + tilt
