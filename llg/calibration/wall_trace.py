"""Trajectories q(t) of a wall that starts at rest and is driven by a current J(t), a field B_z(t) or both.

The prediction integrates the equations of motion of the device at T = 0 from the place of rest nearest to the first
position. For averages over many noisy trajectories give their temperature: the prediction is then the mean of an
ensemble with fixed noise, the same for all values of the parameters, so that it changes smoothly with them.

A new trace begins where `trace` changes or, without that column, where the time falls. Current and field are
linear between the rows, and before the first row of a trace what they are there, from t = 0 on.
"""

import dataclasses

import numpy as np
import scipy

from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.storage.measurements import Measurements
from llg.calibration.data import CalibrationData, on_track, place_of, read_positions
from llg.calibration.pinning_map import along_track, holding_field, undriven_angle
from llg.constants import MU_0
from llg.device.device import Device
from llg.device.pulse import Waveform
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate
from llg.runs.models import equation_of
from llg.runs.time_step import time_step
from llg.walls.q_phi import Field, QPhiModel

SAMPLES = 1000
ENSEMBLE = 512
"""Trajectories behind one predicted average."""
REST = 2e-9
"""Time that an ensemble gets to reach equilibrium before t = 0 [s]."""
STEP_SHARE = 0.7
"""Time step of a fit over the largest good one of its start."""
LEAST_GAP = 1e-9
"""A wall closer than this to an end of the track [m] has reached it."""
LEAST_FIELD = 1e-6
"""Smaller variations of the holding field along the track [T] hold nothing."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class WallTrace(CalibrationData):
    """Positions in time, one series per trace; `x` is the time.

    Attributes:
        origin: place on the track where the positions are zero [m].
        integrated: the positions are q_S (see `llg.calibration.pinning_map`) instead of q.
        current_density: shape (n,) [A/m^2].
        field: B_z, shape (n,) [T].
        temperature: of the averaged data; 0 for a single trajectory without noise [K].
        first_start: where the device that the fit starts from rests, q [m] and phi [rad].
        dt: time step of all predictions, so that they share their noise [s].
        seed: root seed of the noise.
        jobs: threads.
    """

    origin: float
    integrated: bool
    current_density: np.ndarray
    field: np.ndarray
    temperature: float
    first_start: tuple[float, float]
    dt: float
    seed: int
    jobs: int | None = None

    kind = "trajectory"
    x_axis = ("time (ns)", 1e-9)
    y_axis = ("wall position (nm)", 1e-9)

    @property
    def simulated(self) -> bool:
        """Whether the prediction is an average."""
        return self.temperature > 0

    def predict(self, device: Device) -> np.ndarray:
        """Return the position at each time, shape (n,) [m]."""
        q = np.empty_like(self.measured)
        for number in range(len(self.labels)):
            mine = self.series == number
            q[mine] = self._trace(device, mine)
        if not self.integrated:
            return q - self.origin
        grid = np.linspace(-1, 1, 401) * np.abs(q - self.origin).max() * 1.2
        return np.interp(q, along_track(device, grid, self.origin), grid)

    def concerns(self, device: Device, predicted: np.ndarray) -> list[str]:
        """Yield a warning where the wall runs off the track."""
        ends = np.array([0.0, device.track.length]) - self.origin
        if self.integrated:
            ends *= np.mean(device.geometry.s2) / device.track.width
        if predicted.min() > ends[0] + LEAST_GAP and predicted.max() < ends[1] - LEAST_GAP:
            return []
        return [f"{self.source}: the fitted wall reaches the end of the track; make the track longer"]

    def _trace(self, device: Device, mine: np.ndarray) -> np.ndarray:
        t = self.x[mine]
        rest = REST if self.simulated else 0.0
        current_density, current = _shape(t, self.current_density[mine], rest)
        field, field_waveform = _shape(t, self.field[mine], rest)
        drive = Drive(
            waveform=current,
            current_density=current_density,
            field=Field(H_z=field / MU_0),
            field_waveform=field_waveform,
        )
        end = simulate(
            device,
            drive,
            n=ENSEMBLE if self.simulated else 1,
            start=self.first_start if self.simulated else place_of_rest(device, self.first_start[0]),
            seed=self.seed,
            temperature=self.temperature,
            dt=shared_step(device, self.dt, drive, self.temperature),
            samples=SAMPLES,
            jobs=self.jobs,
        )
        return scipy.interpolate.CubicSpline(end.time, end.q_samples.mean(axis=1))(rest + t)


def _shape(t: np.ndarray, values: np.ndarray, rest: float) -> tuple[float, Waveform]:
    """Return amplitude and shape of a drive that is zero during a rest [s] and then has `values` at the times t [s]."""
    amplitude = float(values[np.argmax(np.abs(values))])
    value = values / amplitude if amplitude else np.zeros_like(values)
    corners = [(0.0, 0.0), (rest, 0.0)] if rest else []
    corners += [(rest, value[0]), *zip(rest + t, value, strict=True)]
    return amplitude, Waveform(*(np.array(column) for column in zip(*corners, strict=True)))


def shared_step(device: Device, dt: float, drive: Drive, temperature: float) -> float:
    """Return the common time step [s], or a smaller one where this device and drive need it."""
    model = equation_of(device).model(device)
    limits = drive.largest_field, drive.largest_current, temperature
    try:
        return time_step(model, dt, *limits)
    except InputError:
        return time_step(model, None, *limits)


def first_step(device: Device) -> float:
    """Return a time step [s] that leaves room for faster devices."""
    return STEP_SHARE * time_step(equation_of(device).model(device))


def place_of_rest(device: Device, q: float) -> tuple[float, float]:
    """Return place [m] and angle [rad] of the wall at rest within two wall widths of q [m]; q if none is there."""
    model = QPhiModel(device)
    reach = 2 * device.straight_wall.Delta
    near = np.clip(q + np.linspace(-reach, reach, 401), 0, device.track.length)
    slope = holding_field(model, near) * model.Q
    up = np.flatnonzero((slope[:-1] <= 0) & (slope[1:] > 0))
    if up.size and np.ptp(slope) > LEAST_FIELD:
        i = up[np.argmin(np.abs(near[up] - q))]
        q = float(near[i] - slope[i] * (near[i + 1] - near[i]) / (slope[i + 1] - slope[i]))
    return q, float(undriven_angle(model, np.array(q)))


@checked
def read_wall_trace(
    path,
    device: Device,
    *,
    origin: float | None = None,
    columns=None,
    mz_length: float | None = None,
    temperature: float = 0.0,
    seed: int = 1,
    jobs: int | None = None,
) -> WallTrace:
    """Read trajectories: columns t, q or q_S, J or Bz, optionally trace and the error of the position.

    Args:
        path: table with t_ns, q_nm and J_A_per_m2 (or other units), or a mumax3 or OOMMF table.
        device: where the fit starts.
        origin: place on the track where q = 0 [m], see `llg.calibration.data.place_of`.
        columns: names of columns that have names of their own.
        mz_length: turns the mean m_z of a table into q_S [m], see `llg.calibration.data.read_positions`.
        temperature: of averaged data [K]; 0 for one trajectory without noise.
        seed: root seed of the noise of the predictions.
        jobs: threads; all processors by default.

    Raises:
        InputError: missing columns or times out of order.
    """
    table = Measurements(path, columns)
    origin = place_of(device, origin)
    q, integrated, error = read_positions(table, device, mz_length)
    if not (table.has("J") or table.has("Bz")):
        raise InputError(f"{path}: a trajectory needs a column J or Bz")
    t, J, B = table.get("t"), table.get_or("J", 0.0), table.get_or("Bz", 0.0)
    changes = np.diff(table.get("trace")) != 0 if table.has("trace") else np.diff(t) < 0
    series = np.concatenate([[0], np.cumsum(changes)])
    _check_times(str(path), series, t)
    where = on_track(device, along_track(device, q, origin) if integrated else origin + q, str(path))
    table.note_unread()
    return WallTrace(
        source=str(path),
        x=t,
        measured=q,
        series=series,
        labels=tuple(f"{J[series == k][-1] / 1e11:g}e11 A/m2" for k in range(series[-1] + 1)),
        errors_known=error is not None,
        origin=origin,
        integrated=integrated,
        current_density=J,
        field=B,
        measured_error=error,
        temperature=temperature,
        first_start=place_of_rest(device, float(where[0])),
        dt=first_step(device),
        seed=seed,
        jobs=jobs,
    )


def _check_times(path: str, series: np.ndarray, t: np.ndarray):
    for k in range(series[-1] + 1):
        times = t[series == k]
        if times[0] < 0 or np.any(np.diff(times) <= 0) or times[-1] <= 0:
            raise InputError(f"{path}: the times of trace {k + 1} must ascend from t >= 0")
