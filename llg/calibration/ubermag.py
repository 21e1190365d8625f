"""Scripts for Ubermag (OOMMF) that simulate a device in full, in tables that `dwsynapse calibrate` reads as they are.

    track.toml      the device cut to the piece of track around one notch, for `calibrate`
    pinning.py      field that holds the wall at each place of the notch      -> pinning.csv, calibrate --pinning
    velocity.py     steady velocity against current on the straight track     -> velocity.csv, calibrate --velocity

The film is that of [material], as for mumax3 (`llg.calibration.mumax3`). The cells whose middle lies within the outline
are magnetized: a cell of OOMMF that is cut has no energy of its own, so that cells are small instead. Its interfacial
energy (class Cnv_z) is D (m . grad m_z - m_z div m), the negative of that of [material].

The torque of OOMMF's SpinXferEvolve is, without the damping that turns it,

    dm/dt = gamma0 beta [eps m x (mp x m) + eps' (mp x m)],     beta = hbar J/(mu0 e t Ms),     eps = P/2 at Lambda = 1.

With P = 1, mp = -y, J = theta_SH J_HM and eps' = -k_FL/2 it is that of the fields H_DL (y x m) and H_FL y with
H_DL = hbar theta_SH J_HM/(2 e mu0 Ms t) and H_FL = k_FL H_DL: the torques of `llg.walls.q_phi`. Spin transfer along
the track has an evolver of its own there, which takes no spin-orbit torque: velocities of a device with P > 0 are left
out. Pulses at a temperature need an evolver that OOMMF does not come with: they are left out too.

References:
    M. Beg, M. Lang, H. Fangohr, IEEE Trans. Magn. 58, 7300205 (2022): Ubermag.
    OOMMF User's Guide, Oxs_SpinXferEvolve, https://math.nist.gov/oommf/
    https://ubermag.github.io/documentation: micromagneticmodel 0.65, discretisedfield 0.92, oommfc 0.66.
"""

import math
import textwrap
from pathlib import Path

import numpy as np

from dwcore.arguments import checked
from llg.calibration.simulated_track import (
    MOST_CURRENT,
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
from llg.constants import GAMMA_0
from llg.device.device import Device
from llg.walls.q_phi import QPhiModel

_CELL, _CELLS_PER_DELTA = 1e-9, 6.0  # [m] largest cell, and cells per wall width


_FUNCTIONS = '''\
def magnetization(point):
    """Return Ms within the outline of the track, else 0."""
    column = min(int((point[0] / LENGTH + 0.5) * N[0]), N[0] - 1)
    stretch = bisect.bisect_right(FIRST, column) - 1
    return MS if abs(1e9 * point[1] - MIDDLE[stretch]) < WIDTHS[stretch] / 2 else 0


def direction(point):
    """Return the moment of a wall in the middle of the track."""
    u = point[0] / DELTA
    return (math.cos(ANGLE) / math.cosh(u), math.sin(ANGLE) / math.cosh(u), -Q * math.tanh(u))


def wall():
    """Return the magnetization of the track with a wall in its middle."""
    return df.Field(MESH, nvdim=3, value=direction, norm=magnetization)


def position(system):
    """Return q_S, the integral of m_z over twice the width, from the middle of the track [m]."""
    cell = LENGTH / N[0] * WIDTH / N[1]
    return Q * float(system.m.array[..., 2].sum()) / MS * cell / (2 * WIDTH)
'''


def ubermag_files(device: Device, *, origin: float | None = None) -> dict[str, str]:
    """Return the scripts and the device for `calibrate`, name -> content.

    Args:
        device: the device (instance).
        origin: the notch nearest to this place [m] is simulated; by default the only one.

    Raises:
        InputError: as `llg.calibration.simulated_track.piece_of_track`.
        RunError: the notch does not hold the wall.
    """
    track = piece_of_track(device, origin, "Ubermag")
    scripts = {"pinning.py": _pinning(track)}
    if track.torque.P == 0:
        scripts["velocity.py"] = _velocity(track)
    return {**track_file(track, "Ubermag"), **scripts}


@checked
def save_ubermag(folder: str | Path, device: Device, *, origin: float | None = None, force: bool = False) -> list[Path]:
    """Write the files of `ubermag_files` into a folder; return their paths.

    Raises:
        InputError: as `ubermag_files`, or a file exists and `force` is not set.
        RunError: as `ubermag_files`, or the disk failed.
    """
    return save_files(folder, ubermag_files(device, origin=origin), force=force)


def left_out(device: Device) -> list[str]:
    """Return what of the device the scripts do not simulate, one line each."""
    found = simplified(device, "OOMMF")
    if device.torque.P > 0:
        found.append(
            f"torque: P = {device.torque.P:g}, and OOMMF takes no spin transfer beside the spin-orbit torque: "
            "no velocity.py; --to mumax3 has both"
        )
    else:
        found += velocity_notes(device)
    if device.torque.P == 0 and device.pulse is None:
        found.append(f"pulse: without [pulse] velocity.py goes up to {MOST_CURRENT:g} A/m^2")
    if device.pulse is not None:
        found.append("pulse: no pulses at a temperature, for which OOMMF needs an extension; --to mumax3 has them")
    return found


def _pinning(track: Device) -> str:
    most, step = holding_fields(track)
    runs = f"""\
LEFT_NOTCH = {reach(track):.8g}  # q_S from where on the wall has left the notch [m]
system = film()
rows = []
for sign in (1, -1):
    system.m = wall()
    for k in range({round(most / step)}):
        Bz = sign * k * {step:.8g}
        system.energy.zeeman.H = (0, 0, Bz / mm.consts.mu0)
        oc.MinDriver().drive(system)
        if abs(position(system)) > LEFT_NOTCH:
            break
        if k > 0 or sign > 0:
            rows.append((position(system), Bz))
"""
    title = "Field that holds the wall at each place. dwsynapse calibrate track.toml --pinning pinning.csv"
    return _script(track, "pinning", title, "q_S_m,Bz_T", runs)


def _velocity(track: Device) -> str:
    currents, even, time = velocity_run(track)
    runs = f"""\
CURRENTS = [
{_listed(currents, "{:.8g}")}
]  # in the heavy metal [A/m^2]
system = film()
system.m = wall()
oc.MinDriver().drive(system)
at_rest = system.m.array.copy()
rows = []
for current in CURRENTS:
    system.m.array = at_rest.copy()
    system.dynamics = mm.Precession(gamma0={GAMMA_0:.10g}) + mm.Damping(alpha={track.material.alpha:.8g})
    system.dynamics += mm.Slonczewski(
        J={track.torque.theta_SH:.8g} * current, mp=(0, -1, 0), P=1, Lambda=1, eps_prime={-0.5 * track.torque.k_FL:.8g}
    )
    oc.TimeDriver().drive(system, t={time:g}, n=1)
    q = position(system)
    oc.TimeDriver().drive(system, t={time:g}, n=1)
    rows.append(((position(system) - q) / {time:g}, current))
"""
    title = "Steady velocity against current. dwsynapse calibrate track.toml --velocity velocity.csv"
    return _script(even, "velocity", title, "v_m_per_s,J_A_per_m2", runs)


def _script(track: Device, name: str, title: str, header: str, runs: str) -> str:
    """Return a script: mesh, film and outline of a track, what it runs, and the table that it writes."""
    film, model = track.material, QPhiModel(track)
    size = min(_CELL, model.Delta / _CELLS_PER_DELTA)
    along, across = (math.ceil(extent / size - 1e-9) for extent in (track.track.length, track.track.width))
    return f'''\
"""{title}

{" ".join(track.name.split())}
"""

import bisect
import csv
import math
import os

import discretisedfield as df
import micromagneticmodel as mm
import oommfc as oc

if os.path.exists("{name}.csv"):
    raise SystemExit("{name}.csv exists")

LENGTH, WIDTH, THICKNESS = {track.track.length:.10g}, {track.track.width:.10g}, {track.track.thickness:.10g}  # [m]
N = ({along}, {across}, 1)  # cells
MS = {film.Ms:.10g}  # [A/m]
Q, DELTA, ANGLE = {model.Q:g}, {model.Delta:.8g}, {first_angle(track):.8g}  # up on the left if Q = 1; [m]; [rad]
{_outline(track, along)}
MESH = df.Mesh(region=df.Region(p1=(-LENGTH / 2, -WIDTH / 2, 0), p2=(LENGTH / 2, WIDTH / 2, THICKNESS)), n=N)


{_FUNCTIONS}

def film():
    """Return the track without a field."""
    system = mm.System(name="{name}")
    system.energy = (
        mm.Exchange(A={film.A:.10g})
        + mm.UniaxialAnisotropy(K={film.K_u:.10g}, u=(0, 0, 1))
        + mm.DMI(D={-film.D:.10g}, crystalclass="Cnv_z")
        + mm.Demag()
        + mm.Zeeman(H=(0, 0, 0))
    )
    return system


{runs}
with open("{name}.csv", "x", newline="", encoding="utf-8") as file:
    csv.writer(file).writerows([{header.split(",")!r}, *rows])
'''


def _outline(track: Device, along: int) -> str:
    """Return the outline in stretches of columns of cells of equal width: first column, middle and width [nm]."""
    x = track.track.length / along * (np.arange(along) + 0.5)
    w = np.round(1e9 * track.width_at(x), 4)
    first = np.concatenate([[0], np.flatnonzero(np.diff(w)) + 1])
    middle = side_of_notch(track) * (1e9 * track.track.width - w[first])
    return "\n".join(
        f"{name} = [\n{_listed(values, form)}\n]  # {what}"
        for name, values, form, what in (
            ("FIRST", first, "{:d}", "column of cells of each stretch of equal width"),
            ("MIDDLE", middle, "{:.8g}", "of the track there [nm]"),
            ("WIDTHS", w[first], "{:.8g}", "of the track there [nm]"),
        )
    )


def _listed(values, form: str) -> str:
    """Return numbers as the lines of a list."""
    return textwrap.fill(
        ", ".join(form.format(value) for value in values) + ",", 110, initial_indent="    ", subsequent_indent="    "
    )
