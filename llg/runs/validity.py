"""Notes on a result: where the device or its operating point strains what the rigid wall takes for granted."""

import math

import numpy as np

from llg.constants import MU_0
from llg.device.device import WIDEST, Device
from llg.device.profile_averages import critical_share
from llg.device.pulse import Waveform
from llg.device.shape_factors import prism_factor, wall_factor
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
_SHAPE = 0.1  # share of K_eff, and of what holds the angle, by which the shape of film and track may differ unsaid
_COMPENSATED = 1e5  # [A/m]; ferromagnetic films have more
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
    found += [*_film_notes(device), *domain_notes(device, current_density, field), *_profile_notes(device)]
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
    film, wall, given = device.material, device.straight_wall, device.wall
    found: list[str] = []
    if film.Ms < _COMPENSATED:
        found.append(
            f"Ms: {film.Ms:.3g} A/m is that of a ferrimagnet near compensation; wells, barriers and depinning fields hold, "
            "but motion, thresholds of currents and rates are those of a film with the gamma of a ferromagnet"
        )
    if film.in_plane:
        return found
    size = device.track.thickness, device.track.width
    across = prism_factor(*size)
    change = 0.5 * MU_0 * film.Ms**2 * (1 - across) / film.K_eff
    if change > _SHAPE and (given.Delta is None or given.sigma_0 is None):
        found.append(
            f"K_eff: across the track N_z is {across:.3g}, not the 1 of a film, so that K_eff is {change:.0%} larger, sigma_0 "
            f"some {change / 2:.0%} larger and Delta as much smaller: give both in [wall]"
        )
    H_K = film.Ms * wall_factor(size[0], wall.Delta, size[1])
    held = max(abs(wall.H_K), math.pi / 2 * abs(film.D) / (MU_0 * film.Ms * wall.Delta))
    if given.H_K is None and abs(H_K - wall.H_K) > _SHAPE * held:
        found.append(
            f"H_K: {wall.H_K:.3g} A/m is that of a thin film and a wide track; with the thickness and the edges of this one "
            f"it is {H_K:.3g}: give it in [wall]"
        )
    return found


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
    if (share := float(critical_share(profile, device.material, device.straight_wall).max())) > NEAR_SPIRAL:
        found.append(
            f"profile: D up to {share:.0%} of the critical value there, at which the magnetization is a spiral"
        )
    shaped = [name for name in profile.varied if name in ("K_u", "D", "thickness")]
    if device.wall_shape == "relaxed" and device.notches and shaped:
        found.append(f"profile: in the notches the wall has the relaxed shape of a film of uniform {', '.join(shaped)}")
    return found


def _shape_notes(device: Device, edge: float) -> list[str]:
    """Return what strains the shape that the wall has in the notches, and over other slopes of the outline.

    Args:
        device: the device.
        edge: time of the steepest edge of the current [s].
    """
    found, track = [], device.track
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


def _neck(device: Device) -> float:
    """Return the narrowest width [Delta] that the notches leave, 0 where it is not a narrow neck."""
    g, Delta = device.geometry, device.straight_wall.Delta
    narrow = (g.w < _NECK * Delta) & (g.w <= (1 - _CUT + 1e-9) * device.track.base_width(g.q))
    return float(g.w[narrow].min()) / Delta if narrow.any() else 0.0


def tilt_and_excess(device: Device, current_density: float) -> tuple[float, float]:
    """Return the largest tilt [rad] within 3 ns of a current from rest, and how much too fast q-phi then is [1].

    Both are of the straight track, without noise; the velocities are means of the last third of that time.
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
            return [1e-9 * float(rate) for rate in (*rates[1:], rates[0] / model.Delta)]

        return solve_ivp(turn, (0.0, times[-1]), [*start, *more, 0.0], method="LSODA", rtol=1e-3, atol=1e-3)

    tilting, upright = run(QPhiChiModel(with_model(even, "q-phi-chi")), 0.0), run(QPhiModel(with_model(even, "q-phi")))
    way, more = (np.diff(np.interp(times, r.t, r.y[-1]))[0] for r in (tilting, upright))
    return float(np.abs(tilting.y[1]).max()), float(more / way - 1) if abs(way) > _STILL else 0.0
