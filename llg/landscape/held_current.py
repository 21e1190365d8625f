"""The wall under a current that is held: its motion, and a landscape tilted by the work of the torques.

The field-like torque and the Oersted field have an energy, which is that of `llg.walls.q_phi`. The damping-like and the
spin-transfer torques have none: the work that they do depends on the way. Where the angle follows the place, with
f2 = 0 along the valley phi_J(q), the way is given, and

    U(q) = - integral of 2 mu0 Ms t s2 f1(q, phi_J(q), J) dq

is a potential of the wall: it moves along the valley as in U, with the friction alpha N(q)/Delta^2 and the noise that
belongs to it. That is exact where the angle is held firmly, and exact without these torques. Elsewhere U is a guide, of
which `llg.rates.flux_sampling` needs no more: it samples the motion itself. Off the valley the energy is that of the
angle from it,

    E_J(q, phi) = E(q, phi - phi_J(q) + phi_0(q)) + U(q) - E(q, phi_0(q)),      phi_0 the lowest angle at q.
"""

import functools

import numpy as np

from dwcore.errors import RunError
from llg.constants import MU_0
from llg.device.device import Device
from llg.landscape.wells import lowest_angle
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

_STAGES = 8  # in which the current is raised to follow the angle
_NEWTON = 20
_LARGEST_TURN = 0.05  # of the angle in one step of Newton's method [rad]


class HeldCurrentModel(QPhiModel):
    """The wall in one device while a current flows; energies are those of the tilted landscape."""

    def __init__(self, device: Device, current_density: float):
        """Follow the angle of the wall along the track.

        Args:
            device: the device.
            current_density: heavy-metal current density, held [A/m^2].

        Raises:
            RunError: nowhere near its lowest angle does the wall stand still against the torques.
        """
        super().__init__(device)
        self.current_density = current_density
        self._conservative = QPhiModel(device)
        self._conservative.H_DL_per_J = self._conservative.u_per_J = 0.0

    @functools.cached_property
    def _tilt(self):
        """Splines of U less the energy of the valley [J], and of the turn of the angle [rad], over q [m]."""
        from scipy.interpolate import CubicSpline

        q, J, rest = self.device.geometry.q, self.current_density, self._conservative
        first = lowest_angle(rest, q, J)
        phi = self._turned(q, first)
        factor = -2 * MU_0 * self.Ms * self.t * self.widths(q).s2
        push = factor * (super().fields(q, phi, J)[0] - rest.fields(q, first, J)[0])
        return CubicSpline(q, push).antiderivative(), CubicSpline(q, phi - first)

    def _turned(self, q: np.ndarray, phi: np.ndarray) -> np.ndarray:
        """Return the angles at which the torques leave the wall, from the lowest ones without them."""
        h = 1e-4
        strength = np.linspace(0, 1, _STAGES + 1)[1:]
        model = QPhiModel(self.device)
        for share in strength:
            model.H_DL_per_J, model.u_per_J = share * self.H_DL_per_J, share * self.u_per_J
            for _ in range(_NEWTON):
                f2 = model.fields(q, phi, self.current_density)[1]
                slope = self._slope(model, q, phi, h)
                if np.any(slope >= 0):
                    break
                step = np.clip(-f2 / slope, -_LARGEST_TURN, _LARGEST_TURN)
                phi = phi + step
                if np.abs(step).max() < 1e-10:
                    break
            if np.any(slope >= 0) or np.abs(step).max() > 1e-6:
                lost = q[np.argmax(slope)] if np.any(slope >= 0) else q[np.argmax(np.abs(step))]
                raise RunError(
                    f"{self.current_density:g} A/m^2 turn the wall at {lost:.4g} m over the top of what holds its angle: "
                    "no wells, and no rates, under it"
                )
        return phi

    def _slope(self, model: QPhiModel, q: np.ndarray, phi: np.ndarray, h: float) -> np.ndarray:
        """Return the derivative of f2 by phi [A/m], by central differences."""
        above, below = (model.fields(q, phi + s, self.current_density)[1] for s in (h, -h))
        return (above - below) / (2 * h)

    def energy(self, q, phi, field: Field = NO_FIELD, current_density: float = 0.0) -> np.ndarray:
        """Return E_J [J] at q [m] and phi [rad]; arguments as `QPhiModel.energy`, the current beside the held one."""
        work, turn = self._tilt
        inside = np.clip(q, 0.0, self.device.track.length)
        J = self.current_density + current_density
        return self._conservative.energy(q, phi - turn(inside), field, J) + work(inside)

    def fields(self, q, phi, current_density=0.0, field: Field = NO_FIELD) -> tuple[np.ndarray, np.ndarray]:
        """Return f1 and f2 [A/m]; arguments as `QPhiModel.fields`, the current on top of the held one."""
        return super().fields(q, phi, self.current_density + np.asarray(current_density), field)

    def fastest_rate(self, field: Field = NO_FIELD, current_density: float = 0.0) -> float:
        """Return the upper estimate of the fastest rate [1/s]; the current comes on top of the held one."""
        return super().fastest_rate(field, abs(current_density) + abs(self.current_density))

    @property
    def has_energy(self) -> bool:
        """Whether all torques of the current have an energy, so that the landscape is exact."""
        return self.H_DL_per_J == 0 and self.u_per_J == 0
