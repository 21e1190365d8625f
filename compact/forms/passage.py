"""From the passage of ridges to rows of transition matrices: directions, thresholds of ridges, ends of the track.

Ridges are numbered along the track: ridge r lies between states r - 1 and r; 0 and S are the ends. A current drives all
walls one way, towards higher or lower states; nothing moves against it but the stray share.
"""

import dataclasses

import numpy as np

from compact.forms.forms import Form

HELD = np.inf
"""Threshold of an end that lets no wall out."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Pulses:
    """Pulses of one direction, from some states.

    Attributes:
        current_density: magnitude, shape (n,) [A/m^2].
        duration: shape (n,) [s].
        temperature: shape (n,) [K].
        state: before the pulse, shape (n,).
        up: towards higher states, shape (n,), bool.
    """

    current_density: np.ndarray
    duration: np.ndarray
    temperature: np.ndarray
    state: np.ndarray
    up: np.ndarray

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.state.size

    def distance(self, states: int) -> np.ndarray:
        """Return the number of ridges to the end of the track, the end included, shape (n,)."""
        return np.where(self.up, states - self.state, self.state + 1)


def grid_pulses(
    temperature: np.ndarray, current_density: np.ndarray, duration: np.ndarray, states: int, upward: int
) -> Pulses:
    """Return all pulses of a grid from all states, in a table's order (T, A, D, S); `upward` is +1 or -1."""
    axes = np.meshgrid(temperature, current_density, duration, np.arange(states), indexing="ij")
    T, J, tau, state = (axis.ravel() for axis in axes)
    return Pulses(current_density=np.abs(J), duration=tau, temperature=T, state=state, up=J * upward >= 0)


def effective_threshold(pulses: Pulses, threshold: np.ndarray, share: float) -> np.ndarray:
    """Return threshold current density for passing k = 1..S ridges, shape (n, S) [A/m^2]; HELD where no wall passes.

    The mean over the ridges passed, each run-on ridge with the weight `share` of the first; for the end of the track,
    whose ridge is of another kind, its own threshold.

    Args:
        pulses: the pulses.
        threshold: of each ridge, upwards and downwards, shape (2, S+1) [A/m^2].
        share: see `forms.Form`.
    """
    S = threshold.shape[1] - 1
    step = np.arange(S)
    ridge = np.where(pulses.up[:, None], pulses.state[:, None] + 1 + step, pulses.state[:, None] - step)
    inside = (ridge >= 1) & (ridge <= S - 1)
    own = threshold[np.where(pulses.up, 0, 1)[:, None], np.clip(ridge, 0, S)]
    weight = np.where(step == 0, 1.0, share)
    total = np.cumsum(np.where(inside, own, 0.0) * weight, axis=1)
    mean = total / np.cumsum(weight)
    at_end = step == (pulses.distance(S) - 1)[:, None]
    return np.where(inside, mean, np.where(at_end, own, HELD))


def reached(
    form: Form, values: dict, pulses: Pulses, effective: np.ndarray, rest=None, most: int | None = None
) -> np.ndarray:
    """Return the chance to pass at least k = 1..S ridges, shape (n, S) [1]; zero beyond `most` ridges if given."""
    near = effective[:, :most]
    chance = form.passed(values, pulses.current_density[:, None] / near, pulses.duration, pulses.temperature, rest)
    found = np.zeros(effective.shape)
    found[:, : near.shape[1]] = np.minimum.accumulate(np.where(np.isfinite(near), chance, 0.0), axis=1)
    return found


def displacement(chance: np.ndarray, distance: np.ndarray, stray: float) -> np.ndarray:
    """Return the probability of the outcomes by ridges passed, shape (n, S+2) [1].

    Columns 0..S: so many ridges, the last one of each row (its distance) is the loss over the end; column S+1: any of
    the outcomes against the drive and, for a wall that cannot be lost that way, the loss.

    Args:
        chance: of passing at least k ridges, shape (n, S).
        distance: ridges to the end, shape (n,).
        stray: share of trials that end in any of the S+1 outcomes alike.
    """
    n, S = chance.shape
    edge = np.concatenate([np.ones((n, 1)), chance, np.zeros((n, 1))], axis=1)
    p = (1.0 - stray) * (edge[:, :-1] - edge[:, 1:])
    p = np.where(np.arange(S + 1) <= distance[:, None], p + stray / (S + 1), 0.0)
    return np.concatenate([p, (stray * (S - distance) / (S + 1))[:, None]], axis=1)


def to_matrix_rows(p: np.ndarray, pulses: Pulses) -> np.ndarray:
    """Return the rows of a transition matrix from displacements, shape (n, S+1) [1]."""
    n, S = p.shape[0], p.shape[1] - 2
    distance = pulses.distance(S)
    final = np.where(pulses.up[:, None], np.arange(S) - pulses.state[:, None], pulses.state[:, None] - np.arange(S))
    along = np.take_along_axis(p, np.clip(final, 0, S), axis=1)
    against = (p[:, -1] / np.maximum(S - distance, 1))[:, None]
    rows = np.where(final >= 0, along, against)
    return np.concatenate([rows, p[np.arange(n), distance][:, None]], axis=1)


def to_displacement_counts(counts: np.ndarray, pulses: Pulses) -> np.ndarray:
    """Return the counts by ridges passed, in the columns of `displacement`, from rows of counts (n, S+1)."""
    n, S = counts.shape[0], counts.shape[1] - 1
    out = np.zeros((n, S + 2))
    rows = np.arange(n)
    for final in range(S):
        step = np.where(pulses.up, final - pulses.state, pulses.state - final)
        np.add.at(out, (rows, np.where(step >= 0, step, S + 1)), counts[:, final])
    np.add.at(out, (rows, pulses.distance(S)), counts[:, S])
    return out
