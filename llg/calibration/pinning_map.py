"""Pinning maps q(B_z): the field that holds the wall at rest at each place.

At rest f1 = f2 = 0 (`llg.walls.q_phi`), so that with the lowest wall angle phi(q)

    B_z(q) = -mu0 Q f1(q, phi(q)) at H_z = 0      that is,  dE/dq = 2 Q Ms B_z s2(q) t.

The position may be q, a place along the track, or q_S = (1/2w) integral of m_z dA from full micromagnetics, for which
dE/dq_S = 2 Ms B_z w t; the two differ in a notch, dq_S = (s2/w) dq.

The field is the measured value, q the abscissa. An error of q counts as an error of the field with the slope of
the map, to second order: the map is averaged over q +- error, so that its maximum does not bend the fit.

References:
    Effective variance: J. Orear, Am. J. Phys. 50, 912 (1982).
"""

import dataclasses

import numpy as np
import scipy

from dwcore.arguments import checked
from dwcore.storage.measurements import Measurements
from llg.calibration.data import CalibrationData, on_track, only_q_phi, place_of, read_positions
from llg.constants import MU_0
from llg.device.device import Device
from llg.walls.q_phi import QPhiModel


@dataclasses.dataclass(frozen=True, kw_only=True)
class PinningMap(CalibrationData):
    """Fields that hold the wall.

    Attributes:
        origin: place on the track where the positions are zero [m].
        integrated: the positions are q_S instead of q.
        field_error: standard error of the field, shape (n,) [T]; 0 if none is known.
        position_error: standard error of the position, shape (n,) [m]; 0 if none is known.
    """

    origin: float
    integrated: bool
    field_error: np.ndarray
    position_error: np.ndarray

    kind = "pinning map"
    x_axis = ("wall position (nm)", 1e-9)
    y_axis = ("holding field (mT)", 1e-3)

    def predict(self, device: Device) -> np.ndarray:
        """Return the field that holds the wall at each position, shape (n,) [T]."""
        middle, left, right = self._around(device)
        return middle - 0.5 * (left + right - 2 * middle)

    def error(self, device: Device, predicted: np.ndarray) -> np.ndarray:
        """Return the error of the field and, through the slope of the map, of the position, shape (n,) [T]."""
        if not self.errors_known:
            return np.ones_like(predicted)
        middle, left, right = self._around(device)
        from_position = 0.5 * ((left - middle) ** 2 + (right - middle) ** 2)
        return np.sqrt(self.field_error**2 + from_position)

    def _around(self, device: Device) -> np.ndarray:
        """Return the fields at the positions and one standard error to the left and right of them, shape (3, n) [T]."""
        model = QPhiModel(device)
        if not self.position_error.any():
            return np.tile(self._field(model, self.x), (3, 1))
        steps = np.array([0.0, -1.0, 1.0])[:, None] * self.position_error
        return self._field(model, self.x + steps)

    def _field(self, model: QPhiModel, x: np.ndarray) -> np.ndarray:
        q = along_track(model.device, x, self.origin) if self.integrated else self.origin + x
        return holding_field(model, q)


def undriven_angle(model: QPhiModel, q) -> np.ndarray:
    """Return lowest wall angle [rad] at q [m] without field and current, from the balance of H_K and the chiral field.

    dE/dphi = 0 has cos(phi) = pi H_D s1/(2 Q H_K s2) where that is a cosine and H_K > 0; else the wall is a Neel wall.
    """
    w = model.widths(q)
    chiral = np.pi * model.Q * model.H_D * w.s1 * np.ones_like(q)
    stiffness = 2 * model.H_K * w.s2
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.where(stiffness > np.abs(chiral), chiral / stiffness, np.sign(chiral))
    return np.arccos(cosine)


def holding_field(model: QPhiModel, q) -> np.ndarray:
    """Return the field mu0 H_z [T] in which the wall rests at q [m]; same shape as q."""
    f1, _ = model.fields(q, undriven_angle(model, q))
    return -MU_0 * model.Q * f1


def along_track(device: Device, q_S: np.ndarray, origin: float) -> np.ndarray:
    """Return places along the track [m] of the integrated positions q_S [m], counted from `origin` [m]; same shape."""
    g = device.geometry
    swept = scipy.interpolate.CubicHermiteSpline(g.q, g.s2, g.ds2).antiderivative()
    target = np.asarray(q_S) * device.track.width + swept(origin)
    q = np.interp(target, swept(g.q), g.q)
    return q - (swept(q) - target) / np.interp(q, g.q, g.s2)


@checked
def read_pinning_map(
    path, device: Device, *, origin: float | None = None, columns=None, mz_length: float | None = None
) -> PinningMap:
    """Read a pinning map: columns q or q_S, and Bz, with their errors if known.

    Args:
        path: table with q_nm or q_S_nm and Bz_mT (or other units), or a mumax3 or OOMMF table.
        device: where the fit starts.
        origin: place on the track where q = 0 [m], see `llg.calibration.data.place_of`.
        columns: names of columns that have names of their own.
        mz_length: turns the mean m_z of a table into q_S [m], see `llg.calibration.data.read_positions`.

    Raises:
        InputError: missing columns, or positions off the track.
    """
    only_q_phi(device, "a pinning map")
    table = Measurements(path, columns)
    origin = place_of(device, origin)
    x, integrated, position_error = read_positions(table, device, mz_length)
    field_known = table.has("Bz", error=True)
    none = np.zeros_like(x)
    data = PinningMap(
        source=str(path),
        x=x,
        measured=table.get("Bz"),
        series=np.zeros(x.size, int),
        errors_known=field_known or position_error is not None,
        origin=origin,
        integrated=integrated,
        field_error=table.get("Bz", error=True) if field_known else none,
        position_error=none if position_error is None else position_error,
    )
    on_track(device, along_track(device, x, origin) if integrated else origin + x, str(path))
    table.note_unread()
    return data
