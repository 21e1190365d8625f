"""What scripts for full micromagnetics have in common: the piece of track, what they run, where the wall has left.

A script simulates the straight track around one notch, its middle at x = y = 0. The position of the wall is
q_S = Q integral m_z dA/(2 w_0), counted from the notch. The holding fields go beyond the depinning field of the wall
model; the velocities end at the current of the pulse.
"""

import dataclasses
from pathlib import Path

import numpy as np

from dwcore.errors import InputError
from dwcore.storage.atomic import replacing
from llg.calibration.data import place_of
from llg.device.device import Device
from llg.device.device_file import device_text
from llg.landscape.wells import find_wells
from llg.runs.velocity import settling_time, straight_track
from llg.walls.analytic import rest_angle, straight_track_velocity
from llg.walls.q_phi import QPhiModel

MOST_CURRENT = 5e11
"""End of the velocities for a device without a pulse [A/m^2]."""
LEAST_SETTLING = 3e-9
"""Least time before, and while, a velocity is measured [s]; weak damping takes longer."""
LONGEST_TRACK = 40e-6
"""Longest track that velocities are simulated on [m]: a grid of 20,000 cells along it."""
LONG = 20e-9
"""Settling time [s] from which on it is said how long the scripts run."""
_MARGIN = 15.0  # [Delta] of straight track on either side of the notch
_FIELDS, _FURTHER = 50, 1.4  # steps of the field, up to this many times the depinning field
_TILT = 0.1  # [rad] of the first angle, off an unstable balance


def piece_of_track(device: Device, origin: float | None, program: str) -> Device:
    """Return the device cut to the straight track around one notch.

    Args:
        device: the device (instance).
        origin: the notch nearest to this place [m]; by default the only one.
        program: that the scripts are for, for messages.

    Raises:
        InputError: a strip along x, no notch or several without an origin, or a potential, gate, static field or
            profile.
    """
    others = [key for key in ("potential", "gate", "field", "profile") if getattr(device, key) is not None]
    if device.material.in_plane or others:
        what = "a perpendicular film" + (f" without {' and '.join(f'[{key}]' for key in others)}" if others else "")
        raise InputError(f'device "{device.name}": {program} takes {what}')
    if not device.notches:
        raise InputError(f'device "{device.name}": has no notch; the scripts for {program} map one')
    return _around(device, place_of(device, origin))


def track_file(track: Device, program: str) -> dict[str, str]:
    """Return the device file of the piece of track, name -> content."""
    comments = [f"The piece of track that the scripts for {program} simulate; start of calibrate."]
    return {"track.toml": device_text(track, comments)}


def save_files(folder: str | Path, files: dict[str, str], *, force: bool) -> list[Path]:
    """Write files, name -> content, into a folder; return their paths.

    Raises:
        InputError: a file exists and `force` is not set.
        RunError: the disk failed.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    paths = [Path(folder) / name for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        with replacing(path, force=force) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return paths


def simplified(device: Device, program: str) -> list[str]:
    """Return what of the device no script simulates, one line each."""
    wall = [name for name in ("Delta", "sigma_0", "H_K") if getattr(device.wall, name) is not None]
    found = [f"wall: {', '.join(wall)} of [wall] not used, they follow from [material] in {program}"] if wall else []
    if device.heating is not None:
        found.append("heating: the scripts keep the temperature of the device")
    if device.stack is not None and device.stack.oersted is not None:
        found.append("stack: the scripts leave out the Oersted field")
    if any(rms > 0 for rms, _ in device.track.edges) or device.track.outline_x or device.track.pad_width is not None:
        found.append("track: one notch on a straight track, without roughness, tabulated outline and pads")
    return found


def velocity_notes(device: Device) -> list[str]:
    """Return where the velocities end before the current of the pulse, and how long they take, one line each."""
    found, (currents, _, time) = [], velocity_run(device)
    if currents[-1] < _wanted_current(device):
        found.append(
            f"velocity: currents end at {currents[-1]:.3g} A/m^2; faster walls would leave {1e6 * LONGEST_TRACK:g} um of track "
            f"in the {2e9 * time:.3g} ns that they need at alpha = {device.material.alpha:g}"
        )
    if time > LONG:
        found.append(
            f"velocity: a wall settles for {1e9 * time:.3g} ns at alpha = {device.material.alpha:g}; all currents together "
            f"are {2e6 * currents.size * time:.2g} us of simulated time"
        )
    return found


def holding_fields(track: Device) -> tuple[float, float]:
    """Return the largest field of the pinning map and its step [T].

    Raises:
        RunError: the notch does not hold the wall.
    """
    wells = find_wells(QPhiModel(track), track.temperature)
    most = _FURTHER * max(max(well.depinning_field_left, well.depinning_field_right) for well in wells)
    return most, most / _FIELDS


def velocity_run(track: Device) -> tuple[np.ndarray, Device, float]:
    """Return the currents of the velocities [A/m^2], a straight track long enough for the fastest wall, and the time.

    The time [s] passes before a velocity is measured, and again while it is. Where walls would leave `LONGEST_TRACK`
    before they move steadily, as at weak damping, the currents end where they do not.
    """
    most = _wanted_current(track)
    model = QPhiModel(straight_track(track, track.track.length))
    time, margin = settling_time(model, LEAST_SETTLING), 2 * _MARGIN * model.Delta
    wanted = most * np.geomspace(1.0, 1e-4, 401)
    speed = np.abs(straight_track_velocity(model, wanted)[0])
    length = 2.4 * 2 * time * np.maximum.accumulate(speed[::-1])[::-1] + margin
    first = int(np.argmax(length <= max(LONGEST_TRACK, length[-1])))
    return (
        wanted[first] * np.linspace(0.1, 1.0, 10),
        straight_track(track, max(length[first], track.track.length)),
        time,
    )


def _wanted_current(device: Device) -> float:
    return MOST_CURRENT if device.pulse is None else device.pulse.current_density


def first_angle(track: Device) -> float:
    """Return the angle of the wall before it relaxes [rad]."""
    return float(rest_angle(QPhiModel(track))) + _TILT


def side_of_notch(track: Device) -> float:
    """Return by how much of the cut the middle of the track moves along y: 0 for a notch in both edges, else +-1/2."""
    edge = track.notches[0].edge if track.notches else None
    return {"upper": -0.5, "lower": 0.5, None: 0.0}[edge]


def _around(device: Device, place: float) -> Device:
    """Return the device cut to the straight track around the notch nearest to a place [m]."""
    notch = min(device.notches, key=lambda notch: abs(notch.position - place))
    local = float(device.track.base_width(np.array([notch.position]))[0])
    x = np.linspace(0.0, device.track.length, 4001)
    cut = notch.cut(x) > 1e-3 * notch.depth
    half = float(np.abs(x[cut] - notch.position).max()) + _MARGIN * device.straight_wall.Delta
    smooth = {"track.edge_roughness_rms": 0.0, "track.edge_roughness_rms_lower": None}
    bare = straight_track(device, 2 * half).replace({"track.width": local, **smooth})
    named = dataclasses.replace(bare, name=f"{device.name}, notch at {1e9 * notch.position:.1f} nm", instance=0)
    return named.replace(notches=(dataclasses.replace(notch, position=half),))


def farthest(track: Device) -> float:
    """Return the largest q_S [m]: half the area over the width."""
    g = track.geometry
    return 0.5 * float(np.trapezoid(track.width_at(g.q), g.q)) / track.track.width


def reach(track: Device) -> float:
    """Return the distance q_S [m] from the middle beyond which the wall has left its notch."""
    return farthest(track) - (_MARGIN - 5) * track.straight_wall.Delta
