"""Recorded trajectories in a file: write, read, validate."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.storage import files, records
from dwcore.storage.records import data
from llg.device.device import Device
from llg.device.device_file import device_from_mapping
from llg.runs.simulation import PulseRun

SCHEMA = "dwsynapse.trajectories"


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Trajectories:
    """What a trajectory file holds.

    Attributes:
        device: the device as it was simulated.
        current_density: amplitude of the pulse [A/m^2].
        duration: time under current, see `llg.runs.simulation.PulseCase` [s].
        time: sample times, shape (m,) [s].
        pulse: pulse shape at the sample times, shape (m,) [1].
        q: wall positions, shape (n, m) [m].
        phi: wall angles, shape (n, m) [rad].
        Delta: wall widths, shape (n, m) [m]; None where the equations of motion have none.
        chi: wall tilts, shape (n, m) [rad]; likewise.
        temperature: that of the noise, 0 without any [K]; None where no one said it.
        H_x: applied field along x at the sample times, on top of that of the device, shape (m,) [A/m]; None without.
        H_y: the same along y.
        H_z: the same along z.
    """

    device: Device
    current_density: float
    duration: float
    time: np.ndarray = data("time since the start of the rest before the pulse", "s", "m")
    pulse: np.ndarray = data("pulse shape relative to its amplitude", "1", "m")
    q: np.ndarray = data("wall position, trajectory by time", "m", "n m")
    phi: np.ndarray = data("wall angle, trajectory by time", "rad", "n m")
    Delta: np.ndarray | None = data("wall width, trajectory by time", "m", "n m", default=None)
    chi: np.ndarray | None = data("wall tilt, trajectory by time", "rad", "n m", default=None)
    temperature: float | None = None
    H_x: np.ndarray | None = data("applied field along x, on top of that of the device", "A/m", "m", default=None)
    H_y: np.ndarray | None = data("applied field along y, on top of that of the device", "A/m", "m", default=None)
    H_z: np.ndarray | None = data("applied field along z, on top of that of the device", "A/m", "m", default=None)

    def __repr__(self) -> str:
        n, m = self.q.shape
        return (
            f"<Trajectories of {self.device.name!r}: {n} walls at {m} times over {1e9 * self.time[-1]:.4g} ns, "
            f"J = {self.current_density:.4g} A/m^2>"
        )


def record(run: PulseRun) -> Trajectories:
    """Return the recorded trajectories of a run.

    Raises:
        InputError: the run kept outcomes only.
    """
    ensemble, drive, device = run.ensemble, run.case.drive, run.case.device
    if ensemble is None or not ensemble.time.size:
        raise InputError("the run has no recorded trajectories; give the number of samples")
    shape = np.interp(ensemble.time, drive.waveform.time, drive.waveform.value)
    shape_of_field = drive.field_waveform
    factor = np.ones(ensemble.time.size)
    if shape_of_field is not None:
        factor = np.interp(ensemble.time, shape_of_field.time, shape_of_field.value)
    fields = {name: value * factor for name, value in dataclasses.asdict(drive.field).items() if value}
    third = {name: ensemble.samples[name].T for name in ("Delta", "chi") if name in ensemble.samples}
    if run.temperature and run.temperature != device.temperature:
        device = dataclasses.replace(device, temperature=run.temperature)
    return Trajectories(
        device=device, temperature=run.temperature, current_density=drive.single_current, duration=run.case.duration,
        time=ensemble.time, pulse=shape, q=ensemble.q_samples.T, phi=ensemble.phi_samples.T, **third, **fields,
    )  # fmt: skip


@checked
def save_trajectories(
    path,
    trajectories: Trajectories,
    *,
    seed: int,
    notes: Sequence[str] | None = None,
    inputs=(),
    force: bool = False,
):
    """Write trajectories to an HDF5 file.

    Args:
        path: file to write.
        trajectories: what to write.
        seed: root seed of the noise.
        notes: what to know beside them, see `llg.runs.simulation.notes_on`; None where nothing has looked for it.
        inputs: paths of the files they are made from.
        force: overwrite an existing file.

    Raises:
        InputError: the file exists and `force` is not set, or cannot be written.
    """
    drive = {"current_density": trajectories.current_density, "duration": trajectories.duration}
    drive |= {} if trajectories.temperature is None else {"temperature": trajectories.temperature}
    device = trajectories.device
    config = {"device": device.config(), "wall_shape": device.wall_shape, **drive, "instance": device.instance}
    config |= {} if notes is None else {"notes": list(notes)}
    with files.create(path, SCHEMA, config=config, seed=seed, inputs=inputs, force=force) as file:
        records.write(file, trajectories)


def load_trajectories(path) -> Trajectories:
    """Read a trajectory file.

    Raises:
        InputError: not a sound trajectory file; names the file and the fault.
    """
    with files.open_checked(path, SCHEMA) as file:
        config = files.provenance(file)["config"]
        given = {
            "device": device_from_mapping(records.entry(file, config, "device", dict), f"{path}: device"),
            "current_density": records.entry(file, config, "current_density", float),
            "duration": records.entry(file, config, "duration", float),
        }
        if "temperature" in config:
            given["temperature"] = records.entry(file, config, "temperature", float)
        return records.read(file, Trajectories, given=given)
