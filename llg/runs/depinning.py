"""Depinning current of each well at T = 0: the least current step that drives the wall out of it."""

import itertools
import math

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import RunError
from llg.device.pulse import Waveform
from llg.landscape.wells import Well
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate
from llg.runs.models import equation_of
from llg.runs.time_step import largest_time_step
from llg.runs.velocity import straight_track
from llg.walls.analytic import straight_track_velocity
from llg.walls.q_phi import QPhiModel

HOLDS = 20e-9, 60e-9, 180e-9
"""Lengths of the current step [s], one after the other while a wall in the well still gets on."""
WINDOWS = (1e9, 2e12, 1e13, 1e14)
"""Bounds of the current densities tried one window after the other [A/m^2]; large ones need small time steps."""
_USUAL = 1e11  # [A/m^2] at which the torques together show which way they drive the wall
_NEEL = 1e-3  # |sin phi| below which the angle is its own mirror image
_SAMPLES, _STILL = 240, 1e-2  # of the way; [Delta] by which a wall that is held gets on in the second half of the time
_LANES = 64
_PASSES = 2
_PRECISION = 1e-4
_SHORT = 4e-9  # [s] in which a current above the first window does what others need the first of HOLDS for


@checked
def depinning_current(model: QPhiModel, well: Well, direction: int) -> float:
    """Return the least current density [A/m^2] that, switched on and held, drives the wall out of a well at T = 0.

    The sign of the current is that with which all torques together drive the wall that way; where they act against each
    other the other sign is tried too. The wall starts at rest at the bottom. Inertia of the angle lets it overshoot, so
    that this dynamic threshold lies below the static one for light damping. Where the wall rests at several angles of
    the same energy, as a Bloch wall does, the least current of all counts. Each pass brackets the threshold among
    `_LANES` currents. The wall is out where nothing of the well holds it any more, at `Well.right_foot` or
    `Well.left_foot`: the current that has driven it there drives it on, however far the next well is. The step lasts
    until no wall in the well gets on any more, at most the last of `HOLDS`. A wall that creeps back from the other side
    of the well does not get on.

    Args:
        model: the wall in its device.
        well: where it starts.
        direction: +1 to the right out of the well, -1 to the left.

    Returns:
        Magnitude, to a relative precision of about 1e-4; infinity if no current moves the wall.
    """
    return depinning_steps(model, well, direction)[0]


def depinning_steps(model: QPhiModel, well: Well, direction: int) -> tuple[float, float]:
    """Return the depinning current, and the least larger current step tried that does not drive the wall out.

    At weak damping the angle that a larger step turns swings back in time, and the wall stays. What is tried are the
    currents of the first pass, 13 % apart below 2e12 A/m^2; a range that is narrower can be missed.

    Args:
        model: the wall in its device.
        well: where it starts.
        direction: +1 to the right out of the well, -1 to the left.

    Returns:
        Both magnitudes [A/m^2], the first that of `depinning_current`; nan for the second where there is none.
    """
    if model.H_DL_per_J == 0 and model.u_per_J == 0:
        return float("inf"), float("nan")
    least = math.inf, math.nan
    for phi in rest_angles(model, well):
        push = _Push(model, well, phi, direction)
        least = push.steps_below(least[0]) or least
    return least


def rest_angles(model: QPhiModel, well: Well) -> list[float]:
    """Return the angles at which the wall rests at the bottom of a well: the well's own, and a mirror image if another.

    Without a field across the track the energy is even in the angle: a Bloch wall, or one between Bloch and Neel, turns
    to either side alike.
    """
    if abs(np.sin(well.phi)) < _NEEL or not np.isclose(model.energy(well.q, -well.phi), well.energy, rtol=1e-9, atol=0):
        return [well.phi]
    return [well.phi, -well.phi]


class _Push:
    """Current steps on a wall at rest in a well at one angle, in one direction."""

    def __init__(self, model: QPhiModel, well: Well, phi: float, direction: int):
        self.device, self.well, self.direction = model.device, well, direction
        self.start, self.Delta = (well.q, phi), model.Delta
        self.foot = well.right_foot if direction > 0 else well.left_foot
        even = QPhiModel(straight_track(model.device, 20 * model.Delta))
        still, driven = straight_track_velocity(even, np.array([0.0, _USUAL]))[0]
        self.usual = np.sign(driven - still) or 1.0
        self.wall = equation_of(model.device).model(model.device)

    def steps_below(self, limit: float) -> tuple[float, float] | None:
        """Return what `depinning_steps` does of this angle; None if its least current is not below a limit [A/m^2]."""
        least = limit * (1 - _PRECISION)
        windows = ((low, high) for low, high in itertools.pairwise(WINDOWS) if low < least)
        for (low, high), sign in itertools.product(windows, (self.usual, -self.usual)):
            lengths: tuple[float, ...] = HOLDS if low == WINDOWS[0] else (_SHORT, *HOLDS)
            currents = np.geomspace(low, high, _LANES)
            out, held, lengths = self.out_of_well(sign * currents, lengths)
            if out.any():
                break
        else:
            return None
        first = int(np.argmax(out))
        again = currents[first:][held[first:]]
        if first == 0 and low == WINDOWS[0]:
            raise RunError(f"the wall leaves the well at {self.well.q:g} m below {low:g} A/m^2; not a well")
        below, above = currents[max(first - 1, 0)], currents[first]
        for _ in range(_PASSES):
            if below >= least:
                return None
            currents = np.linspace(below, min(above, least), _LANES)
            out, _held, lengths = self.out_of_well(sign * currents, lengths)
            if out.any():  # another step may move the threshold past the bracket
                first = int(np.argmax(out))
                below, above = currents[max(first - 1, 0)], currents[first]
            elif above > least:
                return None
        return float(0.5 * (below + above)), float(again[0]) if again.size else math.nan

    def out_of_well(
        self, J: np.ndarray, lengths: tuple[float, ...]
    ) -> tuple[np.ndarray, np.ndarray, tuple[float, ...]]:
        """Return which currents drive the wall out, below the least of which no wall still gets on, and which hold it.

        Args:
            J: current densities that push it out of the well, shape (n,) [A/m^2].
            lengths: of the step, tried one after the other while a wall gets on [s].

        Returns:
            Both as arrays of bool, shape (n,), and the lengths from the last one that was needed.
        """
        out, held, slow = np.zeros(J.size, bool), np.zeros(J.size, bool), np.arange(J.size)
        for tried in range(len(lengths)):
            way = self._way(J[slow], lengths[tried])
            out[slow] = way[-1] > 0
            gained = way[_SAMPLES // 2 :].max(axis=0) - way[_SAMPLES // 4 : _SAMPLES // 2].max(axis=0)
            first = np.argmax(out) if out.any() else J.size
            gets_on = (gained > _STILL * self.Delta) & ~_creeps_back(way)
            held[slow] = ~gets_on & ~out[slow]
            slow = slow[gets_on & ~out[slow] & (slow < first)]
            if not slow.size:
                break
        return out, held, lengths[tried:]

    def _way(self, J: np.ndarray, length: float) -> np.ndarray:
        """Return the way beyond the foot under steps of a length [s], shape (samples + 1, n) [m].

        A width or tilt follows the wall at once, so that the largest time step shows its motion as well.
        """
        drive = Drive(waveform=Waveform(np.array([0.0, length]), np.ones(2)), current_density=self.direction * J)
        follows = len(self.wall.coordinates) > 2 and self.device.gate is None
        dt = largest_time_step(self.wall, current_density=drive.largest_current) if follows else None
        run = simulate(
            self.device, drive, n=J.size, start=self.start, seed=0, temperature=0.0, dt=dt, samples=_SAMPLES, jobs=1
        )
        return (run.q_samples - self.foot) * self.direction


def _creeps_back(way: np.ndarray) -> np.ndarray:
    """Return which walls come to rest short of the foot, as they come back from behind their start, shape (n,).

    A wall that a step has pushed deep into the other side of its well, and then lets go, relaxes to its place of rest
    as exp(-t/tau), where tau grows with the current: a Bloch wall whose angle the current holds. From two successive
    ways g, h of equal time, h < g, the rest of the way is the geometric series h r/(1 - r), r = h/g. Walls in front of
    their start are not judged so: what slows down there may still get over a saddle.

    Args:
        way: places from the foot, negative inside, shape (m, n) [m].
    """
    quarter = way.shape[0] // 4
    before, after = way[-1 - quarter] - way[-1 - 2 * quarter], way[-1] - way[-1 - quarter]
    behind = way[-1 - 2 * quarter :].max(axis=0) < way[0]
    slowing = (after >= 0) & (after < before)
    return behind & slowing & (way[-1] * (before - after) + after**2 < 0)
