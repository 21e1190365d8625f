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
import scipy

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
    cells = np.array([cell_content(states, row, weight) for row in y])
    probability = np.array([_with_mean(states, p, m) for p, m in zip(cells, mean, strict=True)])
    shift = np.abs(np.cumsum(probability - cells, axis=1)).max(axis=1)
    return Rows(probability=probability, mean=mean, std=np.sqrt(np.maximum(square - mean**2, 0)), shift=shift)


def cell_content(states: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the exact share of y(u), linear between its points, that is nearest to each state, shape (S,) [1].

    Args:
        states: shape (S,).
        y: shape (m,).
        weight: shares of u between the points, shape (m - 1,).
    """
    low, high = np.minimum(y[:-1], y[1:])[:, None], np.maximum(y[:-1], y[1:])[:, None]
    border = (states[1:] + states[:-1])[None, :] / 2
    length = high - low
    below = (np.clip(border, low, high) - low) / np.where(length < _POINT, 1.0, length)
    below = np.where(length < _POINT, border > low, below)
    return np.diff(weight @ below, prepend=0.0, append=1.0)


def _with_mean(states: np.ndarray, cells: np.ndarray, mean: float) -> np.ndarray:
    """Pass probability between neighbours until the mean is exact."""
    missing = mean - cells @ states
    left, right = cells[:-1], cells[1:]
    both = left + right
    passed = np.divide(left * right, both, out=np.zeros_like(both), where=both > 0)
    reach = passed @ np.diff(states)
    if abs(missing) < _POINT:
        return cells
    if abs(missing) <= reach and abs(missing) * passed.max() <= LARGEST_SHIFT * reach:
        return _passed_on(cells, passed * missing / reach)
    return _narrowest(states, cells, mean)


def _passed_on(cells: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Return the cells after `flow` has moved from each to the next."""
    return np.maximum(cells - np.append(flow, 0.0) + np.append(0.0, flow), 0.0)


def _narrowest(states: np.ndarray, cells: np.ndarray, mean: float) -> np.ndarray:
    """Return the distribution of this mean with least spread within the largest shift; wider bounds if none is."""
    S = states.size
    moved = np.eye(S, S - 1, -1) - np.eye(S, S - 1)
    for bound in (LARGEST_SHIFT, 2 * LARGEST_SHIFT, 1.0):
        found = scipy.optimize.linprog(
            (states - mean) ** 2 @ moved,
            A_ub=-moved,
            b_ub=cells,
            A_eq=np.diff(states)[None, :] * (S - 1),
            b_eq=[(mean - cells @ states) * (S - 1)],
            bounds=(-bound, bound),
        )
        if found.status == 0:
            return _passed_on(cells, found.x)
    raise RunError(f"no distribution over the states has the mean {mean:g}")
