"""Pulses on a row of notches: how surely one moves the wall by one state, and the shortest that does it surely.

Energy rises with the length of a pulse, and of all that is required only the certainty of a step needs length. So of all
pulses of one current density the shortest sure one is the best in every objective: the length is not searched beside
the rest, but found for each design. With the length the share of walls that stay falls and the share that goes too far
rises. A pulse that is not sure is too short if more walls stay than go too far, so that a bisection finds the shortest.

A row of at most five notches stands for a longer one. Its inner states stand for all inner states; the pulses that leave
the first state and those that arrive in the last weigh as much as they do among all pulses of the whole.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaincinv

from llg.device.device import Device
from llg.landscape.settling import Settling
from llg.landscape.wells import Well
from llg.runs.drive import Drive
from llg.runs.outcomes import count_outcomes
from llg.runs.run_plan import EnsembleCase
from llg.walls.q_phi import QPhiModel

DOUBT = 3.0
"""Standard deviations beyond which a pulse that misses too often gets no further round."""
PILOT = 16
"""Pulses in each direction that tell which way a positive current drives the wall."""
FALL = 0.05
"""Relative change of the length of a pulse that divides the share of walls that stay by e, about."""
APART = 1 << 24
"""Numbers of trajectories between those of one start and the next, so that no two share their noise."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A row of notches and its wells.

    Attributes:
        device: with one well per notch.
        wells: its wells.
        states: of the whole track that the row stands for.
        longest: the longest pulse that is thought of [s].
        seed: root seed of the noise.
        jobs: threads.
    """

    device: Device
    wells: Sequence[Well]
    states: int
    longest: float
    seed: int
    jobs: int | None = 1

    @functools.cached_property
    def shares(self) -> np.ndarray:
        """Share of the pulses that leave each state, from the first in their direction to the last but one."""
        inner = len(self.wells) - 3
        weights = [1.0, *[(self.states - 3) / inner] * inner, 1.0] if inner > 0 else [1.0] * (len(self.wells) - 1)
        return np.array(weights) / (self.states - 1)

    @functools.cached_property
    def _settling(self) -> Settling:
        return Settling(QPhiModel(self.device), list(self.wells), self.device.temperature)

    @functools.cached_property
    def _upward(self) -> int:
        """Sign of the current that drives the wall up the row, told by a few long pulses from the middle."""
        S, net = len(self.wells), 0
        for sign in (1, -1):
            for start in {(S - 1) // 2, S // 2}:
                counts = self._counts(start, sign, self.longest, 0, PILOT)
                net += sign * int(counts[start + 1 : S].sum() - counts[:start].sum())
        return 1 if net >= 0 else -1

    def _counts(self, start: int, sign: int, duration: float, first: int, n: int) -> np.ndarray:
        """Return how many of n pulses from a state end in each well, then in none, shape (S + 1,)."""
        pulse, well = self.device.section("pulse"), self.wells[start]
        drive = Drive(waveform=pulse.waveform(duration), current_density=sign * abs(pulse.current_density))
        case = EnsembleCase(device=self.device, drive=drive, start=(well.q, well.phi), n=n, seed=self.seed, first=first,
                            temperature=self.device.temperature, dt=None)  # fmt: skip
        return count_outcomes(case, list(self.wells), settling=self._settling, jobs=self.jobs).counts

    def outcomes(self, duration: float, begin: int, end: int) -> np.ndarray:
        """Return how many pulses leave the wall behind the next state, in it, and beyond it, shape (3,).

        Args:
            duration: length of the pulse [s].
            begin: pulses per direction that were seen before.
            end: pulses per direction after these.
        """
        S, found = len(self.wells), np.zeros(3)
        for direction in (1, -1):
            for k, share in enumerate(self.shares):
                start = k if direction > 0 else S - 1 - k
                first, last = round(begin * share), round(end * share)
                if last > first:
                    noise = (2 * k + (direction < 0)) * APART + first
                    counts = self._counts(start, direction * self._upward, duration, noise, last - first)
                    moved = np.append(direction * (np.arange(S) - start), S)  # a wall that left the track went too far
                    found += [counts[moved < 1].sum(), counts[moved == 1].sum(), counts[moved > 1].sum()]
        return found

    def certainty(self, duration: float, wanted: float, rounds: Sequence[int]) -> np.ndarray:
        """Return outcomes of a pulse, from rounds that end once it is clearly not sure.

        Args:
            duration: length of the pulse [s].
            wanted: probability of one step.
            rounds: pulses per direction after each round.
        """
        done = np.zeros(3)
        for begin, end in zip((0, *rounds), rounds, strict=False):
            done += self.outcomes(duration, begin, end)
            missed, allowed = done[0] + done[2], (1 - wanted) * done.sum()
            if missed > min(allowed + DOUBT * math.sqrt(allowed + 1), (1 - wanted) * 2 * rounds[-1]):
                break
        return done


def shortest(judge: Callable[[int], tuple[bool, float]], top: int, guess: int, within: int = 1) -> int:
    """Return a number that is enough, as all above it are, of the least ones; top if there is none.

    Args:
        judge: says of a number whether it is enough, and about how far off it is.
        top: largest number; the least one is 0.
        guess: where to begin.
        within: a number so far below, at most, is not enough, or there is none.
    """
    low, high, at, stride = -1, top + 1, min(guess, top), 1
    while high - low > (within if high <= top else 1):
        enough, off = judge(at)
        low, high = (low, at) if enough else (at, high)
        if low >= 0 and high <= top:
            at = (low + high) // 2
        else:
            by = max(stride, round(abs(off)))
            at = max(high - by, 0) if enough else min(low + by, top)
        stride *= 2
    return min(high, top)


def interval(hits: float, n: float) -> tuple[float, float]:
    """Return Jeffreys' interval of 95 % of a share; it reaches 0 or 1 where no outcome speaks against that."""
    low = float(betaincinv(hits + 0.5, n - hits + 0.5, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 0.5, n - hits + 0.5, 0.975)) if hits < n else 1.0
    return low, high


def aim(required: float, n: int) -> float | None:
    """Return the probability to aim at, so that n pulses are likely to show the required one; None if they cannot.

    The share q of misses at which the interval of n pulses just keeps to 1 - required is shown by every other sample
    alone; one that is smaller by the same factor once more is shown by nearly all.
    """
    if interval(n, n)[0] <= required:
        return None
    if interval(0.5 * n, n)[0] >= required:
        return required
    hits = brentq(lambda h: interval(h, n)[0] - required, 0.5 * n, n)
    return 1 - (1 - hits / n) ** 2 / (1 - required)
