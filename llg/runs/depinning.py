"""Depinning current of each well at T = 0: the least current step that drives the wall out of it."""

import itertools

import numpy as np

from dwcore.errors import RunError
from llg.device.pulse import Waveform
from llg.landscape.wells import Well
from llg.runs.ensemble import Drive, simulate
from llg.runs.velocity import straight_track
from llg.walls.analytic import straight_track_velocity
from llg.walls.q_phi import QPhiModel

HOLD = 20e-9
"""Length of the current step [s]."""
WINDOWS = (1e9, 2e12, 1e13, 1e14)
"""Bounds of the current densities tried one window after the other [A/m^2]; large ones need small time steps."""
_USUAL = 1e11  # [A/m^2] at which the torques together show which way they drive the wall
_NEEL = 1e-3  # |sin phi| below which the angle is its own mirror image
_LANES = 64
_PASSES = 2


def depinning_current(model: QPhiModel, well: Well, direction: int, *, hold: float = HOLD) -> float:
    """Return the least current density [A/m^2] that, switched on at once and held, drives the wall out of a well at T = 0.

    The sign of the current is that with which all torques together drive the wall that way; where they act against each
    other the other sign is tried too. The wall starts at rest at the bottom. Inertia of the angle lets it overshoot, so
    that this dynamic threshold lies below the static one for light damping. Where the wall rests at several angles of the
    same energy, as a Bloch wall does, the least current of all counts. Each pass brackets the threshold among `_LANES`
    currents.

    Args:
        model: the wall in its device.
        well: where it starts.
        direction: +1 for the right edge of the well, -1 for the left one.
        hold: length of the step [s].

    Returns:
        Magnitude, to a relative precision of about 1e-4; infinity if no current moves the wall.
    """
    if model.H_DL_per_J == 0 and model.u_per_J == 0:
        return float("inf")
    return min(_from_angle(model, well, phi, direction, hold) for phi in rest_angles(model, well))


def rest_angles(model: QPhiModel, well: Well) -> list[float]:
    """Return the angles at which the wall rests at the bottom of a well: that of the well, and its mirror image if another.

    Without a field across the track the energy is even in the angle: a Bloch wall, or one between Bloch and Neel, turns to
    either side alike.
    """
    if abs(np.sin(well.phi)) < _NEEL or not np.isclose(model.energy(well.q, -well.phi), well.energy, rtol=1e-9, atol=0):
        return [well.phi]
    return [well.phi, -well.phi]


def _from_angle(model: QPhiModel, well: Well, phi: float, direction: int, hold: float) -> float:
    """Return what `depinning_current` does of a wall that starts at an angle [rad]."""
    edge = well.right_edge if direction > 0 else well.left_edge
    even = QPhiModel(straight_track(model.device, 20 * model.Delta))
    still, driven = straight_track_velocity(even, np.array([0.0, _USUAL]))[0]
    usual = np.sign(driven - still) or 1.0
    step = Waveform(np.array([0.0, hold]), np.array([1.0, 1.0]))

    def bracket(currents: np.ndarray, sign: float) -> np.ndarray | None:
        """Return the two currents between which the wall begins to leave, the first twice if it leaves already there."""
        drive = Drive(waveform=step, current_density=direction * sign * currents)
        end = simulate(model.device, drive, n=_LANES, start=(well.q, phi), seed=0, temperature=0.0, jobs=1)
        out = (end.q - edge) * direction > 0
        first = int(np.argmax(out))
        return currents[[max(first - 1, 0), first]] if out.any() else None

    windows = (np.geomspace(low, high, _LANES) for low, high in itertools.pairwise(WINDOWS))
    tries = ((window, sign) for window in windows for sign in (usual, -usual))
    found, sign = next(((pair, s) for window, s in tries if (pair := bracket(window, s)) is not None), (None, usual))
    if found is None:
        return float("inf")
    if found[1] == WINDOWS[0]:
        raise RunError(f"the wall leaves the well at {well.q:g} m below {found[0]:g} A/m^2; not a well")
    for _ in range(_PASSES):
        closer = bracket(np.linspace(found[0], found[1], _LANES), sign)
        found = found if closer is None else closer  # another step may move the threshold past the bracket
    return float(np.mean(found))
