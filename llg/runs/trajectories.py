"""Recorded trajectories in a file: write, read, validate."""

import dataclasses

import numpy as np

from dwcore.errors import InputError
from dwcore.storage.files import create, open_checked, provenance, put
from llg.device.device import Device, device_from_mapping
from llg.runs.ensemble import Ensemble

SCHEMA = "dwsynapse.trajectories"
THIRD = {"Delta": ("m", "wall width, trajectory by time"), "chi": ("rad", "wall tilt, trajectory by time")}
"""Unit and meaning of the coordinates that only some equations of motion have."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trajectories:
    """What a trajectory file holds.

    Attributes:
        device: the device (nominal instance).
        current_density: amplitude of the pulse [A/m^2].
        time: sample times, shape (m,) [s].
        pulse: pulse shape at the sample times, shape (m,) [1].
        q: wall positions, shape (n, m) [m].
        phi: wall angles, shape (n, m) [rad].
        third: the further coordinate by name, "Delta" [m] or "chi" [rad], shape (n, m); empty for the rigid wall.
    """

    device: Device
    current_density: float
    time: np.ndarray
    pulse: np.ndarray
    q: np.ndarray
    phi: np.ndarray
    third: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)


def record(device: Device, current_density: float, waveform, ensemble: Ensemble) -> Trajectories:
    """Gather a recorded ensemble."""
    shape = np.interp(ensemble.time, waveform.time, waveform.value)
    third = {name: ensemble.samples[name].T for name in THIRD if name in ensemble.samples}
    return Trajectories(
        device=device, current_density=current_density, time=ensemble.time, pulse=shape,
        q=ensemble.q_samples.T, phi=ensemble.phi_samples.T, third=third,
    )  # fmt: skip


def save_trajectories(path, trajectories: Trajectories, *, seed: int, inputs=(), force: bool = False):
    """Write trajectories to an HDF5 file.

    Raises:
        InputError: the file exists and `force` is not set, or cannot be written.
    """
    device = trajectories.device
    config = {"device": device.config(), "current_density": trajectories.current_density, "instance": device.instance}
    with create(path, SCHEMA, config=config, seed=seed, inputs=inputs, force=force) as file:
        put(
            file,
            "time",
            trajectories.time,
            unit="s",
            long_name="time since the start of the rest before the pulse",
        )
        put(file, "pulse", trajectories.pulse, unit="1", long_name="pulse shape relative to its amplitude")
        put(file, "q", trajectories.q, unit="m", long_name="wall position, trajectory by time")
        put(file, "phi", trajectories.phi, unit="rad", long_name="wall angle, trajectory by time")
        for name, values in trajectories.third.items():
            put(file, name, values, unit=THIRD[name][0], long_name=THIRD[name][1])


def load_trajectories(path) -> Trajectories:
    """Read a trajectory file.

    Raises:
        InputError: not a sound trajectory file; names the file and the fault.
    """
    with open_checked(path, SCHEMA) as file:
        config = provenance(file)["config"]
        try:
            arrays = {name: file[name][()] for name in ("time", "pulse", "q", "phi")}
            third = {name: file[name][()] for name in THIRD if name in file}
            device = device_from_mapping(config["device"], f"{path}: device")
            current_density = float(config["current_density"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: not a sound trajectory file: {error}") from None
    m = arrays["time"].size
    if arrays["q"].ndim != 2 or arrays["q"].shape[1] != m or arrays["phi"].shape != arrays["q"].shape:
        raise InputError(f"{path}: q {arrays['q'].shape} and phi {arrays['phi'].shape} do not fit {m} times")
    if any(values.shape != arrays["q"].shape for values in third.values()):
        raise InputError(f"{path}: {', '.join(third)} do not fit q {arrays['q'].shape}")
    if arrays["pulse"].shape != (m,):
        raise InputError(f"{path}: pulse {arrays['pulse'].shape} does not fit {m} times")
    return Trajectories(device=device, current_density=current_density, third=third, **arrays)
