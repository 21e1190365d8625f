"""Notes on a result: where the device or its operating point strains what the rigid wall takes for granted."""

import dataclasses
import math

import numpy as np

from llg.constants import MU_0
from llg.device.device import WIDEST, Device
from llg.device.film_along import critical_share
from llg.device.material import StraightWall, energy_problems
from llg.device.pulse import Waveform
from llg.device.shape_factors import wall_of_least_energy
from llg.runs.drive_limits import breakdown_notes, breathing_notes, domain_notes
from llg.runs.models import with_model
from llg.runs.velocity import straight_track
from llg.walls.analytic import rest_angle
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel
from llg.walls.q_phi_chi import QPhiChiModel

LARGEST_TILT, UNTILTED = math.radians(30), math.radians(15)
"""Tilts [rad] up to which the model with a tilt is good, and those without one."""
TOO_FAST = 0.1
"""Share by which a model without a tilt may be faster than one with it unsaid."""
NEAR_SPIRAL = 0.9
"""Share of the critical DMI beyond which a wall is hardly one."""
_NECK, _NARROW, _CUT = 4.2, 3.0, 0.4  # necks [Delta], share of the width that is cut: the relaxed wall is too stiff
_FOLLOWED = 3e-9  # [s] of current within which the tilt is looked for
_MARGIN = 20.0  # [Delta] of straight track
_STILL = 1e-2  # [Delta] in a third of that time, below which a wall does not move
_MUCH = 1.1  # factor by which [stack] changes the spin-transfer torque before it is said
_BETWEEN = 0.05  # from Bloch, share 0 of D, and from Neel, share 1
_STRAIGHT = "depinning fields are good to some 10 %, stiffness to 30 %, in deep, steep or one-sided notches to 40 % and a factor of 2.6"
_SHAPE = 0.1  # share of Delta, and of what holds the angle, by which the stray field may change them unsaid
_UNITS = {"Delta": (1e-9, "nm"), "H_K": (1.0, "A/m")}
_LONG_RANGE, _SHORT = 0.1, 6.0  # of a depinning field, that a stray field may change unsaid; length of a notch [Delta]
_IN_SHORT, _IN_LONG = 4.0, 2.0  # most that it changed the field in micromagnetics, in shares mu0 Ms^2 t/(pi sigma_0)
_UNEQUAL = 5e4
"""Net moment [A/m] at which the angular momenta of Gd-Co cancel: (1 - 2.0/2.2) of the moment of its Co, some 0.55 MA/m."""
_FERRIMAGNETIC = 4 * _UNEQUAL  # gamma = gamma0 Ms/(Ms -+ _UNEQUAL) is a third above, a fifth below gamma0
_SHARPEST, _WEAKEST = 50e-12, 0.05  # edge [s] and damping that the relaxed shape follows


def notes(
    device: Device, current_density: float = 0.0, shape: Waveform | None = None, field: Field = NO_FIELD
) -> list[str]:
    """Return one line for each thing that strains the model, none where it holds.

    Args:
        device: the device.
        current_density: the largest that is of interest [A/m^2].
        shape: of the current in time; by default that of [pulse].
        field: the largest of a drive, on top of [field].
    """
    if shape is None and device.pulse is not None:
        shape = device.pulse.waveform(device.pulse.duration)
    edge = shape.edge if shape is not None and current_density else math.inf
    found, wall, film = [], device.straight_wall, device.material
    across = float(device.geometry.w.min()) / wall.Delta
    if across > WIDEST:
        found.append(
            f"width: the track is {across:.0f} wall widths wide where it is narrowest; the rigid wall takes it for "
            f"straight, which real walls are not over more than {WIDEST:g}"
        )
    share = math.pi * abs(film.D) / wall.sigma_0
    if share > NEAR_SPIRAL:
        found.append(f"D: {share:.0%} of the critical value, at which the magnetization becomes a spiral")
    found += [*_film_notes(device), *domain_notes(device, current_density, field)]
    found += [*_profile_notes(device), *_spiral_notes(device)]
    found += [*breakdown_notes(device, current_density, field), *breathing_notes(device, current_density, field)]
    (tilt, excess), tilts = tilt_and_excess(device, current_density), wall.model == "q-phi-chi"
    if tilt > (LARGEST_TILT if tilts else UNTILTED) or (excess > TOO_FAST and not tilts):
        what = f"tilt: at {abs(current_density):.3g} A/m^2 the wall tilts by {math.degrees(tilt):.0f} degrees"
        fast = f" and makes it {excess:.0%} too fast" if excess > TOO_FAST else ""
        rule = f"{wall.model} knows no tilt{fast}; compare with the model q-phi-chi"
        found.append(f"{what}, {f'q-phi-chi is good for {math.degrees(LARGEST_TILT):.0f}' if tilts else rule}")
    if current_density and any(notch.edge is not None for notch in device.notches):
        found.append(
            "notch: where one edge alone is cut the wall turns as it moves; fields have been compared with micromagnetics, "
            "currents have not"
        )
    found += _shape_notes(device, edge)
    share = device.stack.ferromagnet_fraction() if device.stack else 1.0
    if device.torque.P > 0 and abs(math.log(share)) > math.log(_MUCH):
        found.append(
            f"stack: the ferromagnet carries rho_HM/rho_FM = {share:.3g} of the current density in the heavy metal, so "
            f"that [stack] changes the spin-transfer velocity by this factor against a device without it"
        )
    return found


def _film_notes(device: Device) -> list[str]:
    """Return what film and track are that the model, or its Delta, sigma_0 and H_K of a thin film, takes them not for."""
    film = device.material
    found: list[str] = []
    if film.Ms < _FERRIMAGNETIC:
        found.append(
            f"Ms: {film.Ms:.3g} A/m is mostly that of a ferrimagnet; wells, barriers and depinning fields hold, but motion, "
            "thresholds of currents and rates are those of a film with the gamma of a ferromagnet, not that times "
            f"Ms/(Ms -+ {_UNEQUAL:g} A/m), as in Gd-Co with more Co or more Gd"
        )
    if film.in_plane:
        return found
    return found + _stray_field_notes(device)


def wall_with_stray_field(device: Device) -> StraightWall:
    """Return the straight wall with what [wall] does not give from the wall of least energy, stray field and edges in it."""
    film, wall = device.material, device.wall.resolved(device.material, device.track.thickness)
    Delta, sigma_0, H_K = wall_of_least_energy(film.Ms, film.A, film.K_u, device.track.thickness, device.track.width)
    given = device.wall
    return dataclasses.replace(
        wall,
        Delta=Delta if given.Delta is None else wall.Delta,
        sigma_0=sigma_0 if given.sigma_0 is None else wall.sigma_0,
        H_K=H_K if given.H_K is None else wall.H_K,
    )


def _stray_field_notes(device: Device) -> list[str]:
    """Return whether Delta or H_K differs by much from that of a wall with its stray field, or such a wall has no energy.

    sigma_0 is no part of the advice: what the stray field takes from it the edges of a notch give back
    (`docs/theory-llg.md`, section 10).
    """
    given, film, thickness = device.wall, device.material, device.track.thickness
    missing = [name for name in _UNITS if getattr(given, name) is None]
    if not missing:
        return []
    wall, least = given.resolved(film, thickness), wall_with_stray_field(device)
    if any(energy_problems(least, film, thickness)):
        return [
            f"wall: with its stray field, which sigma_0 = {wall.sigma_0:.3g} J/m^2 leaves out, a wall on this track has no "
            f"energy at D = {film.D:g} J/m^2: domains form by themselves"
        ]
    held = max(abs(wall.H_K), math.pi / 2 * abs(film.D) / (MU_0 * film.Ms * wall.Delta))
    if max(abs(wall.Delta / least.Delta - 1), abs(least.H_K - wall.H_K) / held) <= _SHAPE:
        return []

    def words(wall: StraightWall) -> str:
        numbers = [f'{name} = "{getattr(wall, name) / _UNITS[name][0]:.4g} {_UNITS[name][1]}"' for name in missing]
        return " and ".join(numbers)

    return [
        f"wall: {words(wall)} leave out its stray field, and the thickness and the edges of this track; with these: "
        f"{words(least)}, to be given in [wall]"
    ]


def _spiral_notes(device: Device) -> list[str]:
    """Return whether the wall is hardly one at some place, under profile and gate together."""
    film, changed = device.material, [name for name in ("profile", "gate") if getattr(device, name) is not None]
    if film.in_plane or not changed:
        return []
    wall = device.wall.resolved(film, device.track.thickness)
    if (share := float(critical_share(device.film_along, film, wall).max())) <= NEAR_SPIRAL:
        return []
    where = " and ".join(changed)
    return [f"{where}: D up to {share:.0%} of the critical value there, at which the magnetization is a spiral"]


def _profile_notes(device: Device) -> list[str]:
    """Return what a profile strains in the rigid or relaxed wall, one line each."""
    profile = device.profile
    found: list[str] = []
    if profile is None:
        return found
    part = max((abs(f - 1) for f in profile.K_u_factor), default=0.0) * device.material.K_u / device.material.K_eff
    if part > 0.3:
        found.append(
            f"profile: K_u changes by up to {part:.0%} of K_eff; to first order its energy is some {part / 4:.0%} too high"
        )
    shaped = [name for name in profile.varied if name in ("K_u", "D", "thickness")]
    if device.wall_shape == "relaxed" and device.notches and shaped:
        found.append(f"profile: in the notches the wall has the relaxed shape of a film of uniform {', '.join(shaped)}")
    if device.gate is not None and "thickness" in profile.varied:
        off = max(abs(f - 1) for f in profile.thickness_factor)
        found.append(
            f"gate and profile: the gate acts on a film of the nominal thickness, which is up to {off:.0%} off"
        )
    return found


def _shape_notes(device: Device, edge: float) -> list[str]:
    """Return what strains the shape that the wall has in the notches, and over other slopes of the outline.

    Args:
        device: the device.
        edge: time of the steepest edge of the current [s].
    """
    found, track = [], device.track
    found += _long_range_notes(device)
    if device.notches and device.wall_shape == "rigid":
        why = f": {device.not_relaxed}" if device.not_relaxed else ""
        found.append(f"shape: the wall stays straight in the notches, where real walls bend; {_STRAIGHT}{why}")
    if device.notches and device.wall_shape == "relaxed":
        if device.material.alpha < _WEAKEST:
            alpha = device.material.alpha
            found.append(f"alpha = {alpha:g}: the relaxed shape follows the wall at once only for >= {_WEAKEST:g}")
        if edge < _SHARPEST:
            found.append(
                f"pulse: its steepest edge lasts {1e12 * edge:.3g} ps, and the relaxed shape follows edges of "
                f"{1e12 * _SHARPEST:g} ps and more (rise_time, fall_time)"
            )
        if device.nominal is None and device.notched_track.snaps:
            found.append(
                "shape: in a notch the wall snaps from one shape to another, and the lower of both energies counts; it "
                "underestimates what pulls the wall off the corners from within"
            )
        share = device.material.neel_share(device.straight_wall)
        if any(notch.edge for notch in device.notches) and _BETWEEN < share < 1 - _BETWEEN:
            found.append(
                "notch: where one edge alone is cut a wall between Bloch and Neel has a stiffness some 8 %, and a depinning "
                "field some 3 %, too large"
            )
        if neck := _neck(device):
            found.append(
                f"notch: a neck of {neck:.2g} Delta is left of the track; where it is below {_NECK:g} and {_CUT:.0%} of the "
                f"track or more are cut, the stiffness of the well is {'10 to 30' if neck < _NARROW else '5 to 10'} % too large"
            )
    rough = device.instance > 0 and any(rms > 0 for rms, _ in (device.nominal or device).track.edges)
    slopes = [("rough edges", rough), ("tabulated outlines", bool(track.outline_x) and not rough)]
    if track.outline_x and max(track.outline_x[0], track.length - track.outline_x[-1]) > device.straight_wall.Delta:
        first, last = track.outline_x[0], track.outline_x[-1]
        found.append(
            f"outline: says {first:g} to {last:g} m of the {track.length:g} m of track; the rest keeps the last width"
        )
    if straight := [words for words, given in slopes if given]:
        found.append(f"shape: the wall stays straight over {', '.join(straight)}, where real walls bend; {_STRAIGHT}")
    return found


def _long_range_notes(device: Device) -> list[str]:
    """Return whether the stray field between a wall and the edges of a notch may change a depinning field by much.

    The currents Ms t around both domains are its source, so that it scales as mu0 Ms^2 t/pi over sigma_0. The factor falls
    with the logarithms of length and width over Delta, and is below zero in long notches: there the wall itself is cheaper
    (`docs/theory-llg.md`, section 10).
    """
    film, wall = device.material, device.straight_wall
    if film.in_plane or not device.notches:
        return []
    share = MU_0 * film.Ms**2 * device.track.thickness / (math.pi * wall.sigma_0)
    short = min(notch.width for notch in device.notches) < _SHORT * wall.Delta
    change = (_IN_SHORT if short else _IN_LONG) * share
    if change <= _LONG_RANGE:
        return []
    return [
        f"notch: mu0 Ms^2 t/pi is {share:.1%} of sigma_0; the stray field between the wall and the edges of notches "
        f"{'below' if short else 'of at least'} {_SHORT:g} Delta, which the model leaves out, may change depinning fields "
        f"by up to {change:.0%}, mostly upwards, and the stiffness of their wells by about as much"
    ]


def _neck(device: Device) -> float:
    """Return the narrowest width [Delta] that the notches leave, 0 where it is not a narrow neck."""
    g, Delta = device.geometry, device.straight_wall.Delta
    narrow = (g.w < _NECK * Delta) & (g.w <= (1 - _CUT + 1e-9) * device.track.base_width(g.q))
    return float(g.w[narrow].min()) / Delta if narrow.any() else 0.0


def tilt_and_excess(device: Device, current_density: float) -> tuple[float, float]:
    """Return the largest tilt [rad] within 3 ns of a current from rest, and how much too fast q-phi then is [1].

    Both are of the straight track, without noise; the velocities are means of the last third of that time. The wall that
    tilts has its stray field in it, where [wall] leaves that open.
    """
    from scipy.integrate import solve_ivp  # slow to import

    if device.material.in_plane or current_density == 0 or device.material.D == 0:
        return 0.0, 0.0
    even = straight_track(device, _MARGIN * device.straight_wall.Delta)
    q, times = 0.5 * even.track.length, 1e9 * _FOLLOWED * np.array([2 / 3, 1.0])
    start = [float(rest_angle(QPhiModel(with_model(even, "q-phi"))))]

    def run(model, *more):
        def turn(_time, y):
            rates = model.velocity(q, *y[:-1], current_density)
            return [1e-9 * float(rate) for rate in (*rates[1:], rates[0] / even.straight_wall.Delta)]

        return solve_ivp(turn, (0.0, times[-1]), [*start, *more, 0.0], method="LSODA", rtol=1e-3, atol=1e-3)

    real, wall = with_model(even, "q-phi-chi"), wall_with_stray_field(even)
    if not any(energy_problems(wall, even.material, even.track.thickness)):
        real = real.replace({f"wall.{name}": getattr(wall, name) for name in ("Delta", "sigma_0", "H_K")})
    tilting, upright = run(QPhiChiModel(real), 0.0), run(QPhiModel(with_model(even, "q-phi")))
    way, more = (np.diff(np.interp(times, r.t, r.y[-1]))[0] for r in (tilting, upright))
    return float(np.abs(tilting.y[1]).max()), float(more / way - 1) if abs(way) > _STILL else 0.0
