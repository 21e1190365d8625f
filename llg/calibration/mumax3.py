"""Scripts for mumax3 that simulate a device in full, in tables that `dwsynapse calibrate` reads as they are.

    track.toml      the device cut to the piece of track around one notch, for `calibrate`
    pinning.mx3     field that holds the wall at each place of the notch           -> calibrate --pinning
    velocity.mx3    steady velocity against current on the straight track          -> calibrate --velocity
    depinning.mx3   shares of pulses at the device's temperature that depin it     -> calibrate --depinning

mumax3 takes all torques of the current from one polarization and one vector J. With Pol = w_0/w where the current is
crowded (else 1), J_z = theta_SH J, J_x = P (1 + beta^2) J in the ferromagnet, Lambda = 1, FixedLayer = -y and
EpsilonPrime = -k_FL Pol/2, its torques are those of `llg.walls.q_phi`. The film is that of [material]: Delta, sigma_0
and H_K come out of the simulation, so that [wall] is not used. The outline is made of columns, half a cell wide, that
cut the cells of the edge (EdgeSmooth).

References:
    A. Vansteenkiste et al., AIP Adv. 4, 107133 (2014): mumax3, its fields and torques.
"""

import dataclasses
import math
from pathlib import Path

import numpy as np

from dwcore.errors import InputError
from dwcore.storage.atomic import replacing
from llg.calibration.data import place_of
from llg.device.device import Device
from llg.device.device_file import device_text
from llg.landscape.wells import find_wells
from llg.runs.velocity import straight_track
from llg.walls.analytic import rest_angle, straight_track_velocity
from llg.walls.q_phi import QPhiModel

MOST_CURRENT = 5e11
"""End of velocity.mx3 for a device without a pulse [A/m^2]."""
TRIALS = 20
"""Pulses at each current of depinning.mx3."""
_CELL, _CELLS_PER_DELTA = 2e-9, 3.0  # [m] largest cell, and cells per wall width
_MARGIN = 15.0  # [Delta] of straight track on either side of the notch
_SETTLING, _MEASURED = 3e-9, 3e-9  # [s] before and while the velocity is measured
_FIELDS, _FURTHER = 50, 1.4  # steps of the field, up to this many times the depinning field
_CURRENTS = 0.7, 1.3, 0.1  # first, last and step of the pulses, in that of the device
_TILT = 0.1  # [rad] of the first angle, off an unstable balance
_LEVELS = 200  # of the width that a region of its own stands for


def mumax3_files(device: Device, *, origin: float | None = None) -> dict[str, str]:
    """Return the scripts and the device for `calibrate`, name -> content.

    Args:
        device: the device (instance).
        origin: the notch nearest to this place [m] is simulated; by default the only one.

    Raises:
        InputError: a strip along x, no notch or several without an origin, or a potential, gate, static field or profile.
        RunError: the notch does not hold the wall.
    """
    others = [key for key in ("potential", "gate", "field", "profile") if getattr(device, key) is not None]
    if device.material.in_plane or others:
        what = "a perpendicular film" + (f" without {' and '.join(f'[{key}]' for key in others)}" if others else "")
        raise InputError(f'device "{device.name}": mumax3 takes {what}')
    if not device.notches:
        raise InputError(f'device "{device.name}": has no notch; the scripts for mumax3 map one')
    track = _around(device, place_of(device, origin))
    scripts = {"pinning.mx3": _pinning(track), "velocity.mx3": _velocity(track)}
    if track.pulse is not None:
        scripts["depinning.mx3"] = _depinning(track)
    comments = ["The piece of track that the scripts for mumax3 simulate; start of calibrate."]
    return {"track.toml": device_text(track, comments), **scripts}


def save_mumax3(folder: str | Path, device: Device, *, origin: float | None = None, force: bool = False) -> list[Path]:
    """Write the files of `mumax3_files` into a folder; return their paths.

    Raises:
        InputError: as `mumax3_files`, or a file exists and `force` is not set.
        RunError: as `mumax3_files`, or the disk failed.
    """
    files = mumax3_files(device, origin=origin)
    Path(folder).mkdir(parents=True, exist_ok=True)
    paths = [Path(folder) / name for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        with replacing(path, force=force) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return paths


def left_out(device: Device) -> list[str]:
    """Return what of the device the scripts do not simulate, one line each."""
    wall = [name for name in ("Delta", "sigma_0", "H_K") if getattr(device.wall, name) is not None]
    found = [f"wall: {', '.join(wall)} of [wall] not used, they follow from [material] in mumax3"] if wall else []
    if device.heating is not None:
        found.append("heating: the scripts keep the temperature of the device")
    if device.stack is not None and device.stack.oersted is not None:
        found.append("stack: the scripts leave out the Oersted field")
    if device.pulse is None:
        found.append(
            f"pulse: without [pulse] there is no depinning.mx3, and velocity.mx3 goes up to {MOST_CURRENT:g} A/m^2"
        )
    if any(rms > 0 for rms, _ in device.track.edges) or device.track.outline_x or device.track.pad_width is not None:
        found.append("track: one notch on a straight track, without roughness, tabulated outline and pads")
    return found


def _around(device: Device, place: float) -> Device:
    """Return the device cut to the straight track around the notch nearest to a place [m]."""
    notch = min(device.notches, key=lambda notch: abs(notch.position - place))
    local = float(device.track.base_width(np.array([notch.position]))[0])
    x = np.linspace(0.0, device.track.length, 4001)
    cut = notch.cut(x) > 1e-3 * notch.depth
    half = float(np.abs(x[cut] - notch.position).max()) + _MARGIN * device.straight_wall.Delta
    bare = straight_track(device, 2 * half).replace({"track.width": local, "track.edge_roughness_rms": 0.0})
    named = dataclasses.replace(bare, name=f"{device.name}, notch at {1e9 * notch.position:.1f} nm", instance=0)
    return named.replace(notches=(dataclasses.replace(notch, position=half),))


def _pinning(track: Device) -> str:
    wells = find_wells(QPhiModel(track), track.temperature)
    most = _FURTHER * max(max(well.depinning_field_left, well.depinning_field_right) for well in wells)
    step = most / _FIELDS
    sides = "".join(
        f"""\
m = TwoDomain({_domains(track)})
for size = {first:.6g}; size < {most:.6g}; size += {step:.6g} {{
	Bz = {sign}*size
	B_ext = vector(0, 0, Bz)
	relax()
	q = {_position(track)}
	if abs(q) < {_reach(track):.6g} {{
		TableSave()
	}}
}}
"""
        for sign, first in ((1, 0.0), (-1, step))
    )
    return _script(
        track,
        "Field that holds the wall at each place. calibrate track.toml --pinning pinning.out/table.txt",
        f"""\
size := 0.0
Bz := 0.0
TableAddVar(q, "q_S_m", "m")
TableAddVar(Bz, "Bz_T", "T")
{sides}""",
    )


def _velocity(track: Device) -> str:
    most = MOST_CURRENT if track.pulse is None else track.pulse.current_density
    currents = most * np.linspace(0.1, 1.0, 10)
    model = QPhiModel(straight_track(track, track.track.length))
    fastest = float(np.abs(straight_track_velocity(model, currents)[0]).max())
    length = 2.4 * fastest * (_SETTLING + _MEASURED) + 2 * _MARGIN * model.Delta
    even = straight_track(track, max(length, track.track.length))
    return _script(
        even,
        "Steady velocity against current. calibrate track.toml --velocity velocity.out/table.txt",
        f"""\
speed := 0.0
amps := 0.0
TableAddVar(speed, "v_m_per_s", "m/s")
TableAddVar(amps, "J_A_per_m2", "A/m2")
for amps = {currents[0]:.6g}; amps < {currents[-1] + 0.5 * currents[0]:.6g}; amps += {currents[0]:.6g} {{
	J = vector(0, 0, 0)
	m = TwoDomain({_domains(even)})
	relax()
	J = {_torques(even, "amps")}
	run({_SETTLING:g})
	q = {_position(even)}
	run({_MEASURED:g})
	speed = ({_position(even)} - q)/{_MEASURED:g}
	TableSave()
}}
""",
    )


def _depinning(track: Device) -> str:
    pulse = track.section("pulse")
    flat = pulse.duration - pulse.shortest
    edges = [
        (_torques(track, f"amps*(t-t0)/{pulse.rise_time:g}"), pulse.rise_time),
        (_torques(track, "amps"), flat),
        (_torques(track, f"amps*(1-(t-t0)/{pulse.fall_time:g})"), pulse.fall_time),
        ("vector(0, 0, 0)", pulse.relaxation_time),
    ]
    first, last, step = (factor * pulse.current_density for factor in _CURRENTS)
    steps = "".join(f"\t\tt0 = t\n\t\tJ = {J}\n\t\trun({time:.6g})\n" for J, time in edges if time > 0)
    return _script(
        track,
        "Pulses that depin the wall. calibrate track.toml --depinning depinning.out/table.txt",
        f"""\
amps := 0.0
t0 := 0.0
seed := 1
depinned := 0.0
TableAddVar(amps, "J_A_per_m2", "A/m2")
TableAddVar(depinned, "depinned", "")
Temp = {track.temperature:g}
FixDt = 1e-13
SetSolver(2)
for amps = {first:.6g}; amps < {last + 0.5 * step:.6g}; amps += {step:.6g} {{
	for k := 1; k <= {TRIALS}; k++ {{
		J = vector(0, 0, 0)
		m = TwoDomain({_domains(track)})
		relax()
		seed++
		ThermSeed(seed)
		run({pulse.rest_time:.6g})
{steps}		q = {_position(track)}
		depinned = 0
		if abs(q) > {_reach(track):.6g} {{
			depinned = 1
		}}
		TableSave()
	}}
}}
""",
    )


def _script(track: Device, title: str, runs: str) -> str:
    """Return a script: mesh, film and outline of a track, then what it runs."""
    film, torque, model = track.material, track.torque, QPhiModel(track)
    size = min(_CELL, model.Delta / _CELLS_PER_DELTA)
    across = 2 * math.ceil(0.5 * track.track.width / size + 1)
    along = 16 * math.ceil(track.track.length / size / 16)
    return f"""\
// {" ".join(title.split())}
// {" ".join(track.name.split())}
SetGridSize({along}, {across}, 1)
SetCellSize({track.track.length / along:.8g}, {size:.8g}, {track.track.thickness:.8g})
EdgeSmooth = 8
{_outline(track, track.track.length / along)}
Msat = {film.Ms:.8g}
Aex = {film.A:.8g}
Ku1 = {film.K_u:.8g}
AnisU = vector(0, 0, 1)
Dind = {film.D:.8g}
alpha = {film.alpha:.8g}
xi = {torque.beta:.8g}
Lambda = 1
FixedLayer = vector(0, -1, 0)
m = TwoDomain({_domains(track)})
q := 0.0
{runs}"""


def _outline(track: Device, cell: float) -> str:
    """Return the shape of the track in columns of equal width, and the torques per current in each."""
    length, step = track.track.length, 0.5 * cell
    x = step * (np.arange(round(length / step)) + 0.5)
    level = track.track.width / _LEVELS
    w = level * np.round(track.width_at(x) / level)
    ends = np.flatnonzero(np.diff(w)) + 1
    edge = track.notches[0].edge if track.notches else None
    side = {"upper": -0.5, "lower": 0.5, None: 0.0}[edge]
    shape, torques, regions = "track := ", [], {track.track.width: 0}
    for number, (first, last) in enumerate(zip([0, *ends], [*ends, w.size], strict=True)):
        width, middle = w[first], step * 0.5 * (first + last) - 0.5 * length
        column = f"rect({step * (last - first):.6g}, {width:.6g}).transl({middle:.6g}, {side * (track.track.width - width):.6g}, 0)"
        shape += column if number == 0 else f"\ntrack = track.add({column})"
        region = regions.setdefault(float(width), len(regions))
        torques.append(f"DefRegion({region}, xrange({middle - 0.5 * step * (last - first):.6g}, "
                       f"{middle + 0.5 * step * (last - first):.6g}))")  # fmt: skip
    kappa, k_FL = track.torque.current_crowding, track.torque.k_FL
    for width, region in regions.items():
        crowd = 1 - kappa + kappa * track.track.width / width
        torques.append(
            f"Pol.SetRegion({region}, {crowd:.6g})\nEpsilonPrime.SetRegion({region}, {-0.5 * k_FL * crowd:.6g})"
        )
    return "\n".join([shape, "SetGeom(track)", *torques])


def _torques(track: Device, current: str) -> str:
    """Return the vector J of mumax3 for an expression of the current density in the heavy metal."""
    torque = track.torque
    fraction = track.stack.ferromagnet_fraction() if track.stack else 1.0
    along = torque.P * (1 + torque.beta**2) * fraction
    return f"vector({along:.8g}*{current}, 0, {torque.theta_SH:.8g}*{current})"


def _domains(track: Device) -> str:
    """Return the arguments of TwoDomain: left domain, wall at its rest angle, right domain."""
    model = QPhiModel(track)
    angle = float(rest_angle(model)) + _TILT
    return f"0, 0, {model.Q:g}, {math.cos(angle):.6g}, {math.sin(angle):.6g}, 0, 0, 0, {-model.Q:g}"


def _position(track: Device) -> str:
    """Return the expression of q_S = Q <m_z> area/(2 w_0) [m], from the middle of the track."""
    return f"{track.straight_wall.Q * _farthest(track):.8g}*m.comp(2).average()"


def _farthest(track: Device) -> float:
    """Return the largest q_S [m]: half the area over the width."""
    g = track.geometry
    return 0.5 * float(np.trapezoid(track.width_at(g.q), g.q)) / track.track.width


def _reach(track: Device) -> float:
    """Return the distance q_S [m] from the middle beyond which the wall has left its notch."""
    return _farthest(track) - (_MARGIN - 5) * track.straight_wall.Delta
