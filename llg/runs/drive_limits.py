"""Where a drive goes beyond the rigid wall: domains that cant or turn over, walls that turn in pieces, films that warm.

With H_k = 2 K_eff/(mu0 Ms) a field h H_k in the plane cants the domains by asin h. With a field g H_k along z it turns
the domain against it over beyond the astroid, h^(2/3) + g^(2/3) = 1 [1]. The damping-like torque of a current turns with
the domain: it cants by theta with sin 2 theta = 2 H_DL/H_k, and turns the domain over from H_DL = H_k/2 on.

A wall whose angle a drive turns for ever does so as a whole only where the track is narrow. Along y its angle has the
energy 2 A Delta (dphi/dy)^2 + kappa phi^2/2 per area, kappa what holds it at rest. So it changes within
Lambda = sqrt(4 A Delta/kappa), and a Bloch line is pi Lambda wide [2]. Wider walls turn line by line, at another
velocity [3].

The width of a wall follows its angle, as H_K cos^2 phi and fields in the plane make it wider or narrower
(`llg.walls.q_phi_delta`), within a time that is short against a turn. A wall that turns breathes so, and a wall of fixed
width is then too fast or too slow.

References:
    [1] E. C. Stoner, E. P. Wohlfarth, Philos. Trans. R. Soc. A 240, 599 (1948).
    [2] A. P. Malozemoff, J. C. Slonczewski, Magnetic Domain Walls in Bubble Materials, Academic Press (1979).
    [3] Y. Yoshimura et al., Nat. Phys. 12, 157 (2016): chiral walls beyond breakdown.
"""

import dataclasses
import math

import numpy as np

from llg.constants import MU_0
from llg.device.device import Device
from llg.device.material import gained_by_angle
from llg.device.pulse import Waveform
from llg.device.static_field import field_words
from llg.runs.models import with_model
from llg.runs.velocity import straight_track
from llg.walls.analytic import rest_angle, straight_track_velocity
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel, wall_field
from llg.walls.q_phi_delta import QPhiDeltaModel

CANTED = 0.25
"""Field in the plane, or of the damping-like torque, over H_k at which the domains cant too far."""
CELSIUS = (15.0, 150.0)
"""Temperatures [K] whose numbers are usual of devices in degrees Celsius, but for liquid nitrogen."""
WARM = 0.1
"""Share of the temperature of a film by which it may become warmer unsaid."""
MISPACED = 0.05
"""Share by which a wall of fixed width may be too fast or too slow unsaid."""
_MARGIN = 20.0  # [Delta] of straight track
_HEAT_STEPS = 2048
_NUDGE = 1e-3  # [rad]
_ANGLES = 720
_MOVES = 1e7  # [Delta/s] below which a wall does not move


def domain_notes(device: Device, current_density: float, drive: Field) -> list[str]:
    """Return what fields and torques do to the domains, of which the wall of the model knows nothing.

    A wall whose moment lies along a field in the plane has the energy sigma_0 [sqrt(1 - h^2) - h arccos h] instead of
    sigma_0 (1 - pi h/2), the integral of 2 sqrt(A K_eff) (sin theta - h) between both domains. Against the field pi h is
    added to both, and the difference is the same.

    Args:
        device: the device.
        current_density: the largest that is of interest [A/m^2].
        drive: the largest field of a drive, on top of [field] and [profile].
    """
    film = device.material
    if film.in_plane:
        return []
    unit = 2 * film.K_eff / (MU_0 * film.Ms)
    fields = _extremes(device, drive)
    model, found = QPhiModel(device), list[str]()
    in_plane = max(math.hypot(H_x, H_y) for H_x, H_y, _ in fields) / unit
    along = max(abs(H_z) for _, _, H_z in fields) / unit
    torque = abs(model.H_DL_per_J * current_density) / unit
    gained = max(gained_by_angle(device.straight_wall, film, H_x, H_y) for H_x, H_y, _ in fields)
    if in_plane >= 1 or gained >= device.straight_wall.sigma_0:
        found.append(
            f"field: {in_plane:.0%} of the anisotropy field in the plane leaves a wall no energy: walls form by themselves, "
            "or the domains turn into the field"
        )
    elif in_plane ** (2 / 3) + along ** (2 / 3) >= 1:
        found.append(
            f"field: {along:.0%} of the anisotropy field along z, with {in_plane:.0%} in the plane, turns the domain against "
            "it over, of which the wall knows nothing"
        )
    elif in_plane > CANTED:
        above = math.sqrt(1 - in_plane**2) - in_plane * math.acos(in_plane) - (1 - math.pi * in_plane / 2)
        found.append(
            f"field: the field in the plane, {in_plane:.0%} of the anisotropy field, cants the domains by "
            f"{math.degrees(math.asin(in_plane)):.0f} degrees, which the model leaves out: a wall along or against it has "
            f"{above:.1%} of sigma_0 more than the model says"
        )
    if torque > CANTED:
        does = "turns the domains over"
        if torque < 0.5:
            does = f"cants the domains by {math.degrees(0.5 * math.asin(2 * torque)):.0f} degrees"
        found.append(
            f"torque: at {abs(current_density):.3g} A/m^2 the damping-like field is {torque:.0%} of the anisotropy field and "
            f"{does}, of which the wall knows nothing"
        )
    return found


def _extremes(device: Device, drive: Field) -> list[tuple[float, float, float]]:
    """Return the fields along the track [A/m]: those of [field] and the drive, with the profile at each of its places."""
    held, profile = device.field or NO_FIELD, device.profile
    uniform = np.array([held.H_x + drive.H_x, held.H_y + drive.H_y, held.H_z + drive.H_z])
    stray = [] if profile is None else [profile.H_x_at, profile.H_y_at, profile.H_z_at]
    places = max((len(values) for values in stray), default=1) or 1
    varied = np.array([values or [0.0] * places for values in stray]).T if stray else np.zeros((1, 3))
    return [tuple(row) for row in (uniform + varied).tolist()]


def breakdown_notes(device: Device, current_density: float, drive: Field) -> list[str]:
    """Return whether the drive turns the angle of a wall for ever that is too wide to turn as a whole.

    Args:
        device: the device.
        current_density: the largest magnitude that is of interest [A/m^2].
        drive: the largest field of a drive, on top of [field].
    """
    field = wall_field(device, drive)
    if current_density == 0 and field == NO_FIELD and device.field is None:
        return []
    even = straight_track(device, _MARGIN * device.straight_wall.Delta)
    model = QPhiModel(even)
    line = math.pi * angle_length(model)
    if device.track.width <= line:
        return []
    currents = np.array([current_density, -current_density])
    if not straight_track_velocity(model, currents, field)[1].any():
        return []
    return [
        f"breakdown: {_drive_words(current_density, drive)} turns the angle of the wall for ever on the straight track; a wall "
        f"longer than a Bloch line, {1e9 * line:.3g} nm here, turns piece by piece and moves at another velocity"
    ]


def breathing_notes(device: Device, current_density: float, drive: Field) -> list[str]:
    """Return whether the width that a drive gives the wall changes its velocity by more than `MISPACED`.

    Args:
        device: the device.
        current_density: the largest magnitude that is of interest [A/m^2].
        drive: the largest field of a drive, on top of [field].
    """
    field = wall_field(device, drive)
    still = current_density == 0 and field == NO_FIELD and device.field is None
    if still or device.wall.model == "q-phi-delta":
        return []
    pairs = [velocity_of_fixed_width(device, J, field) for J in dict.fromkeys((current_density, -current_density))]
    least = _MOVES * device.straight_wall.Delta
    excess = max((fixed / own - 1 for fixed, own in pairs if abs(own) > least), key=abs, default=0.0)
    if abs(excess) <= MISPACED:
        return []
    return [
        f"breathing: under {_drive_words(current_density, drive)} the width of the wall follows its angle, on the straight "
        f"track; with a fixed width, as in {device.wall.model}, it is {abs(excess):.0%} too {'fast' if excess > 0 else 'slow'}"
        "; compare with the model q-phi-delta"
    ]


def velocity_of_fixed_width(device: Device, current_density: float, field: Field) -> tuple[float, float]:
    """Return the mean velocities [m/s] of walls of fixed width, and of a width that is at rest at each angle.

    Both are of the straight track. A wall that stands still at an angle has the velocity there, one that turns for ever
    the mean over the time of a turn, the sum of v/phi' over that of 1/phi'.

    Args:
        device: the device.
        current_density: heavy-metal current density [A/m^2].
        field: applied field, in the frame of the wall.
    """
    even = straight_track(device, _MARGIN * device.straight_wall.Delta)
    fixed, free = QPhiModel(even), QPhiDeltaModel(with_model(even, "q-phi-delta"))
    q, start = 0.5 * even.track.length, rest_angle(fixed, field)
    beside = start + np.array([-_NUDGE, 0.0, _NUDGE])
    width = free.relaxed(q, beside, field, current_density)
    v, turning, _ = free.velocity(q, beside, width, current_density, field)
    way = np.sign(turning[1 if abs(turning[1]) > _NUDGE * np.abs(turning).max() else 2])
    phi = start + way * 2 * np.pi * np.arange(_ANGLES) / _ANGLES
    width = free.relaxed(q, phi, field, current_density)
    v, turning, _ = free.velocity(q, phi, width, current_density, field)
    stops = np.flatnonzero(way * turning[1:] <= 0)
    if stops.size:
        first = int(stops[0])
        slowing = turning[first] - turning[first + 1]
        share = turning[first] / slowing if slowing else 0.0
        own = v[first] + share * (v[first + 1] - v[first])
    else:
        own = np.sum(v / turning) / np.sum(1 / turning)
    return float(straight_track_velocity(fixed, current_density, field)[0][0]), float(own)


def _drive_words(current_density: float, drive: Field) -> str:
    at = [f"{abs(current_density):.3g} A/m^2"] if current_density else []
    at += [field_words(dataclasses.asdict(drive))] if drive != NO_FIELD else []
    return " and ".join(at) or "[field]"


def angle_length(model: QPhiModel) -> float:
    """Return the length Lambda [m] within which the angle of a wall at rest on a straight track changes along it."""
    q, phi = 0.5 * model.device.track.length, rest_angle(model)
    energy = model.energy(q, phi + np.array([-_NUDGE, 0.0, _NUDGE]))
    kappa = float(energy @ [1, -2, 1]) / (_NUDGE**2 * model.t * float(model.widths(q).s2))
    return math.sqrt(4 * model.device.material.A * model.Delta / kappa) if kappa > 0 else math.inf


def heat_notes(
    device: Device, temperature: float, current_density: float = 0.0, shape: Waveform | None = None
) -> list[str]:
    """Return whether a temperature looks like degrees Celsius, or is far from that which the film is known for.

    The heat of a pulse counts for the second.

    Args:
        device: the device; with [temperature_laws] its film follows.
        temperature: of the substrate [K].
        current_density: amplitude of a pulse [A/m^2].
        shape: of the pulse in time.
    """
    found = []
    if CELSIUS[0] <= temperature <= CELSIUS[1] and round(temperature) != 77:
        found.append(
            f"temperature: {temperature:g} K are {temperature - 273.15:.4g} degrees Celsius; {temperature:g} of these are "
            f'"{temperature:g} degC"'
        )
    if device.temperature_laws is not None or temperature == 0:
        return found
    rise = 0.0
    if device.heating is not None and device.stack is not None and shape is not None and current_density:
        steps = shape.held(shape.length).sample(_HEAT_STEPS)
        rise = float(device.heating.rise(device.steady_rise(current_density), steps, shape.length / _HEAT_STEPS).max())
    if abs(temperature + rise - device.temperature) <= WARM * device.temperature:
        return found
    how = f"the pulse heats the track to {temperature + rise:.4g} K" if rise else f"at {temperature:g} K"
    return [
        *found,
        f"temperature: {how}, with Ms, K_u, A and D of {device.temperature:g} K; [temperature_laws] say how they change",
    ]
