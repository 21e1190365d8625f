"""What all kinds of calibration data share: measured values, their errors, the model's prediction."""

import dataclasses
from abc import ABC, abstractmethod

import numpy as np

from dwcore.errors import InputError
from dwcore.storage.measurements import Measurements
from llg.device.device import Device

CURRENT_AXIS = (r"current density ($10^{11}$ A/m$^2$)", 1e11)
"""Label and SI value of the plotted unit of a current density."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CalibrationData(ABC):
    """One set of measurements; each kind derives from it with its own law.

    Attributes:
        source: file it came from.
        x: abscissa, for plots and for the order of the points, shape (n,), SI.
        measured: measured values, shape (n,), SI.
        series: number of the curve that each point belongs to, shape (n,), int.
        labels: name of each curve, for plots.
        errors_known: the standard errors are known; else one for all points is estimated from the residuals.
        measured_error: standard errors of `measured`, shape (n,), SI, where they are known and do not change with the
            fit.
    """

    source: str
    x: np.ndarray
    measured: np.ndarray
    series: np.ndarray
    labels: tuple[str, ...] = ("",)
    errors_known: bool
    measured_error: np.ndarray | None = None

    kind = ""
    y_axis = ("", 1.0)
    """Label and SI value of the plotted unit."""

    @property
    def x_axis(self) -> tuple[str, float]:
        """Label and SI value of the plotted unit of the abscissa."""
        raise NotImplementedError

    @property
    def simulated(self) -> bool:
        """The prediction is a simulated average."""
        return False

    @property
    def difference_step(self) -> float:
        """Relative change of a parameter for its derivative [1]; large where the prediction is a simulated average."""
        return 0.02 if self.simulated else 1e-3

    @abstractmethod
    def predict(self, device: Device) -> np.ndarray:
        """Return what the model of `device` gives for `measured`, shape (n,), SI."""

    def error(self, device: Device, predicted: np.ndarray) -> np.ndarray:
        """Return the standard errors, shape (n,), SI; their relative sizes where they are not known."""
        return np.ones_like(predicted) if self.measured_error is None else self.measured_error

    def deviance_roots(self, predicted: np.ndarray, error: np.ndarray) -> np.ndarray:
        """Return residuals whose sum of squares is -2 log(likelihood ratio), shape (n,) [1]."""
        return (self.measured - predicted) / error

    def concerns(self, device: Device, predicted: np.ndarray) -> list[str]:
        """Return what makes this prediction doubtful, one sentence each."""
        return []


def place_of(device: Device, origin: float | None) -> float:
    """Return the place on the track [m] at which the positions in the data are zero.

    Args:
        device: the device.
        origin: as the user gave it [m]; by default the centre of the only notch, the middle of a track without notches.

    Raises:
        InputError: off the track, or not given on a track with several notches.
    """
    length = device.track.length
    if origin is None:
        if len(device.notches) > 1:
            raise InputError(
                f'device "{device.name}": has {len(device.notches)} notches; say which one by a place near it, such as '
                f"--origin {device.notches[0].position:g}"
            )
        origin = device.notches[0].position if device.notches else 0.5 * length
    if not 0 <= origin <= length:
        raise InputError(f"origin = {origin:g} [m] must lie on the track, 0 to {length:g}")
    return origin


def on_track(device: Device, q: np.ndarray, source: str) -> np.ndarray:
    """Return positions q [m] along the track.

    Raises:
        InputError: one of them lies off the track.
    """
    for worst in (q.min(), q.max()):
        if not 0 <= worst <= device.track.length:
            raise InputError(f"{source}: q = {worst:g} [m] must lie on the track, 0 to {device.track.length:g}")
    return q


def read_positions(
    table: Measurements, device: Device, mz_length: float | None
) -> tuple[np.ndarray, bool, np.ndarray | None]:
    """Return the wall positions of a table, counted from where q = 0 lies.

    Args:
        table: holds q, or q_S, or m_z.
        device: gives the polarity of the wall.
        mz_length: turns the mean m_z of a simulator table into q_S = Q m_z mz_length/2: magnetized area over w_0 [m];
            where mumax3 moved its window (ext_dwpos), that is added.

    Returns:
        Positions [m], whether they are q_S, and their standard errors [m] or None; shape (n,).

    Raises:
        InputError: no positions, or two kinds of them and no choice.
    """
    if mz_length is not None:
        if mz_length <= 0:
            raise InputError(f"{table.path}: mz_length = {mz_length:g} [m] must be > 0")
        window = table.get("q") - table.get("q")[0] if _is_window(table) else 0.0
        return window + 0.5 * device.wall.Q * mz_length * table.get("mz"), True, None
    names = [name for name in ("q", "q_S") if name in table.columns] or [n for n in ("q", "q_S") if table.has(n)]
    if len(names) > 1:
        raise InputError(f"{table.path}: holds both q and q_S; choose with --column q=NAME or q_S=NAME")
    if not names and table.has("mz"):
        raise InputError(f"{table.path}: holds m_z and no position; --mz-length L makes q_S = L m_z/2 of it")
    name = names[0] if names else "q"
    if name == "q" and _is_window(table) and np.ptp(table.get("q")) == 0:
        raise InputError(
            f"{table.path}: ext_dwpos, the position of the window that follows the wall, never changes; "
            "--mz-length L makes q_S = L m_z/2 within it"
        )
    error = table.get(name, error=True) if table.has(name, error=True) else None
    return table.get(name), name == "q_S", error


def _is_window(table: Measurements) -> bool:
    """Return whether the positions of a mumax3 table are those of the window that follows the wall."""
    return "q" not in table.columns and table.has("q") and any(n.startswith("ext_dw") for n in table.file.names)


def only_q_phi(device: Device, what: str):
    """Refuse equations of motion for which a law has not been worked out.

    Raises:
        InputError: the device asks for other equations than (q, phi).
    """
    if device.wall.model != "q-phi":
        raise InputError(f'device "{device.name}": {what} is fitted with [wall] model = "q-phi" only')


def refuse_static_field(device: Device):
    """Refuse a device in a field of its own: the data say in which field each of them was taken.

    Raises:
        InputError: the device has a [field] or a [profile].
    """
    for key in ("field", "profile"):
        if getattr(device, key) is not None:
            raise InputError(f'device "{device.name}": calibration takes one without [{key}]; data name their fields')
