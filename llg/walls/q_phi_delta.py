"""Wall with its width as a coordinate (q, phi, Delta): energy and equations of motion, in SI and in plain numpy.

Profile cos theta = -Q tanh((x - q)/Delta) with a width Delta that moves. With lambda = Delta/Delta_0, zeta = lambda - 1
and the averages s1 = s1(q) + zeta b1(q), s2 = s2(q) + zeta b2(q) at fixed magnetic moment
(`llg.walls.deformed_geometry`):

    E/t = s2 [(sigma_0/2)(lambda + 1/lambda) + mu0 Ms H_K Delta cos^2 phi] - s1 pi mu0 Ms [Delta (H_x cos phi + H_y sin
    phi)
          + Delta_0 Q H_D cos phi] - s_J pi Delta mu0 Ms H_FL sin phi - 2 Q mu0 Ms H_z integral s2(q) dq + V_extra/t

    alpha q'/Delta + Q phi'          = gamma0 f1 + beta u (s_u/s2)/Delta
    alpha phi' - Q q'/Delta          = gamma0 f2 - Q u (s_u/s2)/Delta
    alpha (pi^2/12) Delta'/Delta     = gamma0 f3

with f_i = -dE/d(q, phi, Delta)/(2 mu0 Ms t s2(q)), f2 divided by Delta as well, and the damping-like torque. Delta_0 is
the width of the Bloch wall without field; exchange A = sigma_0 Delta_0/4 and anisotropy K = sigma_0/(4 Delta_0).

References:
    A. Thiaville, Y. Nakatani, in Spin Dynamics in Confined Magnetic Structures III (Springer 2006), p. 161.
    O. Boulle, L. D. Buda-Prejbeanu, M. Miron, G. Gaudin, J. Appl. Phys. 112, 053901 (2012).
"""

import functools
import math

import numpy as np

from llg.constants import GAMMA_0, MU_0
from llg.device.device import Device
from llg.walls.analytic import rest_angle
from llg.walls.deformed_geometry import Response, ThirdCoordinateModel, widening_response
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

LEAST, LARGEST = 0.25, 4.0
"""Bounds of Delta/Delta_0; the wall is held between them."""
FRICTION = math.pi**2 / 12
_STRIDE = 4  # of the geometry's grid, some tens of points per Delta


class QPhiDeltaModel(ThirdCoordinateModel):
    """Energy, forces and velocities of a wall of moving width; all methods broadcast over q, phi and Delta."""

    coordinates = (("q", "m"), ("phi", "rad"), ("Delta", "m"))
    bounds, straight, longest = (LEAST, LARGEST), 1.0, 0.2

    def __init__(self, device: Device):
        super().__init__(device)
        self.scale = self.Delta

    @functools.cached_property
    def response(self) -> Response:
        """Change of the averaged widths with zeta."""
        return widening_response(self.device)

    def _extra(self, q):
        V, slope = super()._extra(q)
        if self.device.wall_shape == "rigid" or not self.device.notches:
            return V, slope
        inside = np.clip(q, 0.0, self.device.track.length)
        return V + self._own_gain(inside), slope + self._own_gain(inside, 1)

    @functools.cached_property
    def _own_gain(self):
        """Spline of the energy [J] that the width gains at rest, which `llg.device.relaxed_wall` has counted."""
        from scipy.interpolate import CubicSpline  # slow to import, and the ensembles never need it

        g, r, material = self.device.geometry, self.response, self.device.material
        chiral = math.pi * abs(material.D) * material.neel_share(self.device.straight_wall) / self.sigma_0
        lam = np.ones_like(g.q)
        for _ in range(20):  # Newton's method on the derivative of E = s2 (lam + 1/lam)/2 - chiral s1
            s2 = g.s2 + (lam - 1) * r.b2
            force = 0.5 * s2 * (1 - lam**-2) + 0.5 * r.b2 * (lam + 1 / lam) - chiral * r.b1
            lam = np.clip(lam - np.clip(force / (s2 * lam**-3 + r.b2 * (1 - lam**-2)), -0.2, 0.2), LEAST, LARGEST)
        zeta = lam - 1
        gain = g.s2 - chiral * g.s1 - 0.5 * (g.s2 + zeta * r.b2) * (lam + 1 / lam) + chiral * (g.s1 + zeta * r.b1)
        return CubicSpline(g.q, self.sigma_0 * self.t * gain)

    def energy(  # type: ignore[override]  # one coordinate more
        self, q, phi, Delta=None, field: Field = NO_FIELD, current_density: float = 0.0
    ) -> np.ndarray:
        """Return the energy [J]; without Delta the least one over it, with its width at rest at that q and phi.

        Args:
            q: wall position, any shape [m].
            phi: wall angle, broadcast with q [rad].
            Delta: wall width [m].
            field: applied field.
            current_density: heavy-metal current density [A/m^2], for its field-like torque.
        """
        if Delta is None:
            Delta = self.relaxed(q, phi, field, current_density)
        lam, w = np.asarray(Delta) / self.Delta, self.widths(q)
        (b1, b2, *_), field = self.deformed(q), self.whole(field)
        s1, s2 = w.s1 + (lam - 1) * b1, w.s2 + (lam - 1) * b2
        s_J = (1 - self.kappa) * s1 + self.kappa * self.device.track.width
        ms, cosine, sine = MU_0 * self.Ms, np.cos(phi), np.sin(phi)
        shape = s2 * (0.5 * self.sigma_0 * (lam + 1 / lam) + ms * self.H_K * Delta * cosine**2)
        in_plane = s1 * (Delta * (field.H_x * cosine + field.H_y * sine) + self.Delta * self.Q * self.H_D * cosine)
        in_plane = in_plane + s_J * Delta * self.H_FL_per_J * current_density * sine
        zeeman = 2 * self.Q * ms * field.H_z * self.moment(q)
        return self.t * (shape - math.pi * ms * in_plane - zeeman) + self._extra(q)[0]

    def forces(
        self, q, phi, Delta, current_density=0.0, field: Field = NO_FIELD, *, fl_current=None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the right-hand sides (f1, f2, f3) [A/m] including all torques."""
        w, (b1, b2, db1, db2, p), field = self.widths(q), self.deformed(q), self.whole(field)
        lam = np.asarray(Delta) / self.Delta
        zeta, uniform, half_pi = lam - 1, 1 - self.kappa, math.pi / 2
        sine, cosine = np.sin(phi), np.cos(phi)
        H_DL = self.H_DL_per_J * current_density
        H_FL = self.H_FL_per_J * (current_density if fl_current is None else fl_current)
        u = self.u_per_J * current_density * w.s_u / w.s2 / (Delta * GAMMA_0)
        a, b = (w.ds2 + zeta * db2) / w.s2, half_pi * (w.ds1 + zeta * db1) / w.s2
        c, k = half_pi * (w.s1 + zeta * b1) / w.s2, 1 + zeta * b2 / w.s2
        s_J = uniform * c + half_pi * self.kappa * self.device.track.width / w.s2
        c1, k1 = half_pi * b1 / w.s2, b2 / w.s2
        across = 0.5 * self.H_K * cosine**2
        shape = self.Delta * (0.5 * self.h_sigma * (lam + 1 / lam) + lam * across)
        pull = field.H_x * cosine + field.H_y * sine
        chiral = self.Q * self.H_D
        in_plane = self.Delta * (lam * (pull + uniform * H_FL * sine) + chiral * cosine)
        f1 = self.Q * field.H_z - a * shape + b * in_plane - self.Q * s_J * H_DL * cosine + self.beta * u
        f1 = f1 - self.extra_force(q) / (2 * MU_0 * self.Ms * self.t * w.s2)
        f2 = k * self.H_K * sine * cosine - c * ((field.H_x + chiral / lam) * sine - field.H_y * cosine)
        f2 = f2 + s_J * H_FL * cosine + uniform * self.Q * Delta * b * H_DL * sine - self.Q * u
        f3 = -k1 * shape / self.Delta - k * (0.5 * self.h_sigma * (1 - lam**-2) + across)
        f3 = f3 + c1 * in_plane / self.Delta + c * pull + s_J * H_FL * sine
        f3 = f3 - half_pi * self.Q * p / (self.Delta * w.s2) * H_DL * cosine
        return f1, f2, f3

    def velocity(  # type: ignore[override]  # one coordinate more
        self, q, phi, Delta, current_density=0.0, field: Field = NO_FIELD
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (dq/dt [m/s], dphi/dt [rad/s], dDelta/dt [m/s]) without noise, arguments as `forces`."""
        f1, f2, f3 = self.forces(q, phi, Delta, current_density, field)
        rate = GAMMA_0 / (1 + self.alpha**2)
        return (
            Delta * rate * (self.alpha * f1 - self.Q * f2),
            rate * (self.Q * f1 + self.alpha * f2),
            Delta * GAMMA_0 * f3 / (self.alpha * FRICTION),
        )

    def fastest_rate(self, field: Field = NO_FIELD, current_density: float = 0.0) -> float:
        """Return an upper estimate of the fastest relaxation or precession rate [1/s]; the width is the fastest."""
        return super().fastest_rate(field, current_density) + breathing_rate(self.device, field)


@functools.lru_cache(maxsize=256)
def breathing_rate(device: Device, field: Field = NO_FIELD) -> float:
    """Return the fastest rate [1/s] at which the width relaxes about a wall at rest, anywhere along the track.

    From alpha (pi^2/12) Delta'/Delta = gamma0 f3, that is -gamma0 lambda (df3/dlambda)/(alpha pi^2/12) where f3 = 0,

        -df3/dlambda = k h_sigma/lambda^3 + k1 [h_sigma (1 - 1/lambda^2) + H_K cos^2 phi] - 2 c1 (H_x cos phi + H_y sin phi)

    with h_sigma = sigma_0/(2 mu0 Ms Delta_0), k = s2(q, zeta)/s2, k1 = b2/s2 and c1 = (pi/2) b1/s2. On a straight track
    without field that is gamma0 (h_sigma + H_K cos^2 phi)/(alpha pi^2/12); in a notch the wall is narrower and stiffer.

    Args:
        device: the device; the rate depends neither on what else holds the wall nor on the current.
        field: applied field.
    """
    model, half_pi = QPhiDeltaModel(device), math.pi / 2
    phi, q, field_in = rest_angle(QPhiModel(device), field), device.geometry.q[::_STRIDE], model.whole(field)
    lam = model.relaxed(q, phi, field) / model.Delta
    w, (b1, b2, *_) = model.widths(q), model.deformed(q)
    k, k1, c1 = 1 + (lam - 1) * b2 / w.s2, b2 / w.s2, half_pi * b1 / w.s2
    pull = field_in.H_x * math.cos(phi) + field_in.H_y * math.sin(phi)
    shape = model.h_sigma * (1 - lam**-2) + model.H_K * math.cos(phi) ** 2
    stiffness = k * model.h_sigma * lam**-3 + k1 * shape - 2 * c1 * pull
    return GAMMA_0 * float(np.max(np.abs(lam * stiffness))) / (model.alpha * FRICTION)
