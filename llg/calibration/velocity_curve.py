"""Velocity curves v(J), v(B_z) or both: the steady or mean velocity of the wall on a straight track at T = 0.

The closed form is `llg.walls.analytic.straight_track_velocity`: from its rest angle the wall turns until it moves
steadily, or for ever, and then moves at the mean velocity over a turn.

Thermal noise, creep and the tilt of the wall are not in this law: use data above the creep regime and below the
currents at which the wall tilts.
"""

import dataclasses

import numpy as np

from dwcore.errors import InputError
from dwcore.storage.measurements import Measurements
from llg.calibration.data import CURRENT_AXIS, CalibrationData, only_q_phi
from llg.constants import MU_0
from llg.device.device import Device
from llg.runs.velocity import straight_track
from llg.walls.analytic import straight_track_velocity
from llg.walls.q_phi import Field, QPhiModel


@dataclasses.dataclass(frozen=True, kw_only=True)
class VelocityCurve(CalibrationData):
    """Velocities under current and field.

    Attributes:
        current_density: shape (n,) [A/m^2].
        field: B_z, shape (n,) [T].
    """

    current_density: np.ndarray
    field: np.ndarray

    kind = "velocity curve"
    y_axis = ("velocity (m/s)", 1.0)

    @property
    def x_axis(self) -> tuple[str, float]:
        """Current density where it varies, else the field."""
        return CURRENT_AXIS if self.x is self.current_density else ("field (mT)", 1e-3)

    def predict(self, device: Device) -> np.ndarray:
        """Return the velocity at each point, shape (n,) [m/s]."""
        return steady_velocity(device, self.current_density, self.field)


def steady_velocity(device: Device, current_density: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Return the mean velocity of a wall on an even track, from rest, at T = 0.

    Args:
        device: the device; its notches do not matter.
        current_density: heavy-metal current density, shape (n,) [A/m^2].
        field: B_z, shape (n,) [T].

    Returns:
        Velocity, shape (n,) [m/s].
    """
    model = QPhiModel(straight_track(device, device.track.length))
    velocity = np.empty(np.shape(current_density))
    for B in np.unique(field):
        here = field == B
        velocity[here] = straight_track_velocity(model, current_density[here], Field(H_z=B / MU_0))[0]
    return velocity


def read_velocity_curve(path, device: Device, *, columns=None) -> VelocityCurve:
    """Read a velocity curve: columns v and J or Bz or both, and the error of v if known.

    Args:
        path: table with v_m_per_s and J_A_per_m2 or Bz_mT, or other units.
        device: where the fit starts.
        columns: names of columns that have names of their own.

    Raises:
        InputError: missing columns, or other equations of motion than (q, phi).
    """
    only_q_phi(device, "a velocity curve")
    table = Measurements(path, columns)
    if not (table.has("J") or table.has("Bz")):
        raise InputError(f"{path}: a velocity curve needs a column J or Bz")
    v, J, B = table.get("v"), table.get_or("J", 0.0), table.get_or("Bz", 0.0)
    over_current = np.ptp(J) > 0 or not table.has("Bz")
    x, other = (J, B) if over_current else (B, J)
    levels, series = np.unique(other, return_inverse=True)
    name = "{:g} mT" if over_current else "{:g}e11 A/m2"
    known = table.has("v", error=True)
    table.note_unread()
    return VelocityCurve(
        source=str(path),
        x=x,
        measured=v,
        series=series,
        labels=tuple(name.format(level / (1e-3 if over_current else 1e11)) for level in levels),
        errors_known=known,
        current_density=J,
        field=B,
        measured_error=table.get("v", error=True) if known else None,
    )
