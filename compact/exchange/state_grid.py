"""Rows of a transition table from a continuous law of the change of conductance.

The law is given by its quantiles: where a synapse in state i is after one pulse, y(u) with u even in 0 to 1, linear
between the given u. All lengths here are shares of the conductance range, so that the states lie in 0 to 1.

Putting each y into the nearest state keeps the distribution but not the mean: a pulse that moves by 2.27 states moves
by 2.22, and twenty of them are a whole state off. Splitting each y between its two neighbours keeps the mean but widens
the distribution. A row here is the exact content of the cells, corrected by probability passed between neighbouring
states until the mean is exact, in proportion to what both hold; where that would change the cumulative distribution
by more than `LARGEST_SHIFT`, the least spread distribution within that bound takes its place.
"""

import dataclasses

import numpy as np

from dwcore.errors import RunError

LARGEST_SHIFT = 0.045
"""Largest change of the cumulative distribution between two states that the mean may cost [1]."""
_POINT = 1e-12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rows:
    """Where a pulse leads from each state, and how well the states can say so.

    Attributes:
        probability: shape (S, S) [1].
        mean: exact mean of y, shape (S,) [1].
        std: exact standard deviation of y, shape (S,) [1].
        shift: largest difference of the cumulative distribution from the exact content of the cells, shape (S,) [1].
    """

    probability: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    shift: np.ndarray


def assign_states(states: np.ndarray, y: np.ndarray, u: np.ndarray) -> Rows:
    """Return the rows for the laws y(u); what leaves the range stays at its end.

    Args:
        states: places of the states, strictly ascending from 0 to 1, shape (S,) [1].
        y: quantiles after the pulse from each state, shape (S, m) [1].
        u: their cumulative probabilities, from 0 to 1, shape (m,) [1].
    """
    y, weight = np.clip(y, 0.0, 1.0), np.diff(u)
    low, high = y[:, :-1], y[:, 1:]
    mean = (low + high) @ weight / 2
    square = (low**2 + low * high + high**2) @ weight / 3
    cells = np.array([cell_content(states, row, u) for row in y])
    probability = _with_means(states, cells, mean)
    shift = np.abs(np.cumsum(probability - cells, axis=1)).max(axis=1)
    return Rows(probability=probability, mean=mean, std=np.sqrt(np.maximum(square - mean**2, 0)), shift=shift)


def cell_content(states: np.ndarray, y: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return the exact share of y(u), linear between its points, that is nearest to each state, shape (S,) [1].

    What is just between two states belongs to the higher.

    Args:
        states: shape (S,).
        y: shape (m,).
        u: shape (m,).
    """
    border = (states[1:] + states[:-1]) / 2
    if np.all(y[1:] >= y[:-1]):  # the cumulative distribution is the inverse; of a jump the mirrored one finds its foot
        below = np.interp(-border, -y[::-1], u[::-1], left=1.0, right=0.0)
    else:
        low, high = np.minimum(y[:-1], y[1:])[:, None], np.maximum(y[:-1], y[1:])[:, None]
        length = high - low
        share = (np.clip(border, low, high) - low) / np.where(length < _POINT, 1.0, length)
        below = np.diff(u) @ np.where(length < _POINT, border > low, share)
    return np.diff(below, prepend=0.0, append=1.0)


def _with_means(states: np.ndarray, cells: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Pass probability between neighbours until the mean of each row is exact; shapes (S,), (n, S), (n,)."""
    missing = mean - cells @ states
    left, right = cells[:, :-1], cells[:, 1:]
    both = left + right
    passed = np.divide(left * right, both, out=np.zeros_like(both), where=both > 0)
    reach = passed @ np.diff(states)
    largest = np.abs(missing) * passed.max(axis=1)
    enough = (np.abs(missing) <= reach) & (largest <= LARGEST_SHIFT * reach)
    share = np.divide(missing, reach, out=np.zeros_like(missing), where=enough & (reach > 0))
    found = _passed_on(cells, passed * share[:, None])
    for row in np.flatnonzero(~enough & (np.abs(missing) >= _POINT)):
        found[row] = _narrowest(states, cells[row], mean[row])
    return found


def _passed_on(cells: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Return the cells after `flow` has moved from each to the next, along the last axis."""
    edge = np.zeros((*cells.shape[:-1], 1))
    return np.maximum(cells - np.concatenate([flow, edge], axis=-1) + np.concatenate([edge, flow], axis=-1), 0.0)


def _narrowest(states: np.ndarray, cells: np.ndarray, mean: float) -> np.ndarray:
    """Return the distribution of this mean with least spread within the largest shift; wider bounds if none is.

    Its cumulative distribution is as low as the bound allows up to some state and as high beyond, which is below all
    others of that mean in the convex order (M. Shaked and J. G. Shanthikumar, Stochastic Orders, Springer 2007, 3.A).
    """
    gap, cumulative = np.diff(states), np.cumsum(cells)[:-1]
    area = states[-1] - mean  # that of the cumulative distribution, whatever its shape
    for bound in (LARGEST_SHIFT, 2 * LARGEST_SHIFT, 1.0):
        low, high = np.maximum(cumulative - bound, 0.0), np.minimum(cumulative + bound, 1.0)
        needed = area - low @ gap
        room = np.cumsum(((high - low) * gap)[::-1])[::-1]  # gained by all from each on
        if not -_POINT <= needed <= room[0] + _POINT:
            continue
        filled = np.clip((needed - np.append(room[1:], 0.0)) / gap, 0.0, high - low)
        return np.diff(low + filled, prepend=0.0, append=1.0)
    raise RunError(f"no distribution over the states has the mean {mean:g}")
