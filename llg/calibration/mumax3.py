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

import math
from pathlib import Path

import numpy as np

from dwcore.arguments import checked
from llg.calibration.simulated_track import (
    MOST_CURRENT,
    farthest,
    first_angle,
    holding_fields,
    piece_of_track,
    reach,
    save_files,
    side_of_notch,
    simplified,
    track_file,
    velocity_notes,
    velocity_run,
)
from llg.device.device import Device
from llg.walls.q_phi import QPhiModel

TRIALS = 20
"""Pulses at each current of depinning.mx3."""
_CELL, _CELLS_PER_DELTA = 2e-9, 3.0  # [m] largest cell, and cells per wall width
_CURRENTS = 0.7, 1.3, 0.1  # first, last and step of the pulses, in that of the device
_LEVELS = 200  # of the width that a region of its own stands for


def mumax3_files(device: Device, *, origin: float | None = None) -> dict[str, str]:
    """Return the scripts and the device for `calibrate`, name -> content.

    Args:
        device: the device (instance).
        origin: the notch nearest to this place [m] is simulated; by default the only one.

    Raises:
        InputError: as `llg.calibration.simulated_track.piece_of_track`.
        RunError: the notch does not hold the wall.
    """
    track = piece_of_track(device, origin, "mumax3")
    scripts = {"pinning.mx3": _pinning(track), "velocity.mx3": _velocity(track)}
    if track.pulse is not None:
        scripts["depinning.mx3"] = _depinning(track)
    return {**track_file(track, "mumax3"), **scripts}


@checked
def save_mumax3(folder: str | Path, device: Device, *, origin: float | None = None, force: bool = False) -> list[Path]:
    """Write the files of `mumax3_files` into a folder; return their paths.

    Raises:
        InputError: as `mumax3_files`, or a file exists and `force` is not set.
        RunError: as `mumax3_files`, or the disk failed.
    """
    return save_files(folder, mumax3_files(device, origin=origin), force=force)


def left_out(device: Device) -> list[str]:
    """Return what of the device the scripts do not simulate, one line each."""
    found = [*simplified(device, "mumax3"), *velocity_notes(device)]
    if device.pulse is None:
        found.append(
            f"pulse: without [pulse] there is no depinning.mx3, and velocity.mx3 goes up to {MOST_CURRENT:g} A/m^2"
        )
    return found


def _pinning(track: Device) -> str:
    most, step = holding_fields(track)
    sides = "".join(
        f"""\
m = TwoDomain({_domains(track)})
for size = {first:.6g}; size < {most:.6g}; size += {step:.6g} {{
	Bz = {sign}*size
	B_ext = vector(0, 0, Bz)
	relax()
	q = {_position(track)}
	if abs(q) < {reach(track):.6g} {{
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
    currents, even, time = velocity_run(track)
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
	run({time:g})
	q = {_position(even)}
	run({time:g})
	speed = ({_position(even)} - q)/{time:g}
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
FixDt = 1e-13
SetSolver(2)
for amps = {first:.6g}; amps < {last + 0.5 * step:.6g}; amps += {step:.6g} {{
	for k := 1; k <= {TRIALS}; k++ {{
		J = vector(0, 0, 0)
		Temp = 0
		m = TwoDomain({_domains(track)})
		relax()
		Temp = {track.temperature:g}
		seed++
		ThermSeed(seed)
		run({pulse.rest_time:.6g})
{steps}		q = {_position(track)}
		depinned = 0
		if abs(q) > {reach(track):.6g} {{
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
    side = side_of_notch(track)
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
    angle = first_angle(track)
    return f"0, 0, {model.Q:g}, {math.cos(angle):.6g}, {math.sin(angle):.6g}, 0, 0, 0, {-model.Q:g}"


def _position(track: Device) -> str:
    """Return the expression of q_S = Q <m_z> area/(2 w_0) [m], from the middle of the track."""
    return f"{track.straight_wall.Q * farthest(track):.8g}*m.comp(2).average()"
