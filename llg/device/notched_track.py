"""What a relaxed wall gains in all the notches of a track, and in those of devices that differ a little.

Notches far from each other each add the potential of `llg.device.relaxed_wall`. Notches that overlap where they are cut
to more than half their depth are relaxed as one. Neighbours nearer than `NEAR` wall widths, counted from where they are
cut to half their depth, are relaxed in pairs; where there is another neighbour on the other side, one pair takes over
from the other within the notch that both share,

    V = sum over pairs B_ij V_ij,      sum over pairs B_ij = 1.

Device instances differ in each notch. The potential of each is expanded about the notch of the nominal device,

    V(p) = V(c) + sum_i { f_i [V(c + s e_i) - V(c - s e_i)]/2 + f_i^2 [V(c + s e_i) - 2 V(c) + V(c - s e_i)]/2 },

f = (p - c)/s within -1 and 1, where p are the logarithms of the track's width, the depth, the length and delta,
s = `STEP`, and c is p of the nominal notch plus whole multiples of 2 s. Near notches do together what they do in the
nominal device.
"""

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np

from llg.device.notch import Notch
from llg.device.relaxed_wall import Cut, correction, rows_across

NEAR = 5.0
"""Distance [Delta] from which on notches do not see each other."""
STEP = 0.15
"""Step of the logarithms over which the potential is taken for a parabola."""


@dataclasses.dataclass(frozen=True)
class NotchedTrack:
    """All that the gain depends on.

    Attributes:
        notches: the notches of the track.
        width: function from places [m] to the width of the track without notches [m].
        Delta: wall width parameter [m].
        delta: |D cos phi_rest|/sigma_0 [1].
    """

    notches: tuple[Notch, ...]
    width: Callable[[np.ndarray], np.ndarray]
    Delta: float
    delta: float

    @property
    def snaps(self) -> bool:
        """Whether the wall snaps from one shape to another in a notch."""
        return any(correction(*self._of(part)[1:]).snapped.any() for chain in self._chains() for part in _pairs(chain))

    def potential(self, q: np.ndarray, nominal: "NotchedTrack | None" = None) -> np.ndarray:
        """Return V [sigma_0 Delta t] and its derivative by q/Delta, shape (2, n).

        Args:
            q: places of the wall, shape (n,) [m].
            nominal: track about which to expand; None, or one with more or fewer notches, relaxes the wall in just
                these.
        """
        V = np.zeros((2, q.size))
        if nominal is None or len(nominal.notches) != len(self.notches):
            for chain in self._chains():
                V += self._chained(q, chain)
            return V
        for notch, other in zip(self.notches, nominal.notches, strict=True):
            V += self._expanded(q, notch, nominal.sizes(other))
        for chain in nominal._chains():
            notches = sum(chain, ())
            if len(notches) > 1:
                V += nominal._chained(q, chain) - sum(nominal._relaxed(q, (notch,)) for notch in notches)
        return V

    def sizes(self, notch: Notch) -> np.ndarray:
        """Return the width of the track there, depth and length of a notch in units of Delta, and delta, shape (4,)."""
        width = float(self.width(np.array([notch.position]))[0])
        return np.array([width / self.Delta, notch.depth / self.Delta, notch.width / self.Delta, self.delta])

    def _relaxed(self, q: np.ndarray, notches: tuple[Notch, ...]) -> np.ndarray:
        """Return V and its derivative of notches relaxed as one."""
        middle, *wall = self._of(notches)
        return correction(*wall).evaluate((q - middle) / self.Delta)

    def _of(self, notches: tuple[Notch, ...]) -> tuple[float, tuple[Cut, ...], float, float]:
        """Return the middle of notches from left to right [m], and the arguments of `correction`."""
        middle = 0.5 * (notches[0].position + notches[-1].position)
        width = np.mean([self.sizes(notch)[0] for notch in notches])
        cuts = tuple(_cut(notch, (notch.position - middle) / self.Delta, *self.sizes(notch)[1:3]) for notch in notches)
        return middle, cuts, round(float(width), 9), round(self.delta, 12)

    def _expanded(self, q: np.ndarray, notch: Notch, nominal: np.ndarray) -> np.ndarray:
        """Return V and its derivative of one notch, from those of notches of sizes about the nominal ones."""
        x, sizes = (q - notch.position) / self.Delta, self.sizes(notch)
        known = nominal > 0  # all but a delta of 0
        off = np.log(sizes[known] / nominal[known])
        steps = 2 * np.round(off / (2 * STEP))
        f = off / STEP - steps
        rows = rows_across(
            float(nominal[0] * np.exp(STEP * steps[0]))
        )  # the same cells, so that differences are smooth

        def near(steps: np.ndarray) -> np.ndarray:
            size = np.zeros(4)
            size[known] = nominal[known] * np.exp(STEP * steps)
            width, depth, length, delta = size.tolist()
            cut = _cut(notch, 0.0, min(depth, 0.98 * width / notch.edges), length)
            half = _cut(notch, 0.0, *sizes[1:3]).half
            inside = np.abs(x) < half  # a place in or beside the one stands for one in or beside the other
            stretch = np.where(inside, cut.half / half, 1.0)
            at = np.where(inside, x * stretch, x + np.sign(x) * (cut.half - half))
            return correction((cut,), round(width, 9), round(delta, 12), rows).evaluate(at) * [np.ones(x.size), stretch]

        centre = V = near(steps)
        for along, unit in zip(f, np.eye(f.size), strict=True):
            if along:
                up, down = near(steps + unit), near(steps - unit)
                V = V + 0.5 * along * (up - down) + 0.5 * along**2 * (up - 2 * centre + down)
        return V

    def _chains(self) -> list[list[tuple[Notch, ...]]]:
        """Return the notches from left to right: those relaxed as one in a tuple, near ones of these in a list."""
        chains: list[list[tuple[Notch, ...]]] = []
        for notch in sorted(self.notches, key=lambda notch: notch.position):
            gap = min((self._gap(other, notch) for other in chains[-1][-1]), default=np.inf) if chains else np.inf
            if gap <= 0:
                chains[-1][-1] += (notch,)
            elif gap < NEAR:
                chains[-1].append((notch,))
            else:
                chains.append([(notch,)])
        return chains

    def _chained(self, q: np.ndarray, chain: list[tuple[Notch, ...]]) -> np.ndarray:
        """Return V and its derivative of near notches, pair by pair."""
        V, left = np.zeros((2, q.size)), np.stack([np.ones(q.size), np.zeros(q.size)])
        pairs = _pairs(chain)
        for number, pair in enumerate(pairs, 1):
            right = np.zeros((2, q.size))
            if number < len(pairs):
                right = _product(left, self._taken_over(q, chain[number]))
            V += _product(left - right, self._relaxed(q, pair))
            left = right
        return V

    def _taken_over(self, q: np.ndarray, notches: tuple[Notch, ...]) -> np.ndarray:
        """Return what rises from 0 to 1 across notches, and its derivative by q/Delta, shape (2, n)."""
        start, end = (x[0].position + _core(x[0])[i] for i, x in enumerate((notches, notches[::-1])))
        half = max(0.5 * (end - start) / self.Delta, 1.0)
        u = np.clip((q - 0.5 * (start + end)) / self.Delta / half, -1, 1)
        return np.stack([0.5 + 0.75 * u - 0.25 * u**3, 0.75 * (1 - u**2) / half])

    def _gap(self, left: Notch, right: Notch) -> float:
        """Return the distance of two notches from where they are cut to half their depth [Delta]."""
        return float(right.position + _core(right)[0] - left.position - _core(left)[1]) / self.Delta


def _pairs(chain: list[tuple[Notch, ...]]) -> list[tuple[Notch, ...]]:
    return [left + right for left, right in itertools.pairwise(chain)] or chain


def _product(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the product of two functions and its derivative, each in rows of both."""
    return np.stack([one[0] * other[0], one[0] * other[1] + one[1] * other[0]])


def _cut(notch: Notch, place: float, depth: float, length: float) -> Cut:
    return Cut(round(float(place), 9), round(float(depth), 9), round(float(length), 9), notch.form, notch.edge)


def _core(notch: Notch) -> tuple[float, float]:
    """Return where a notch begins and ends to be cut to half its depth, from its position [m]."""
    x = np.linspace(-notch.reach, notch.reach, 2001)
    deep = x[notch.cut(notch.position + x) >= 0.5 * notch.depth]
    return (float(deep[0]), float(deep[-1])) if deep.size else (0.0, 0.0)
