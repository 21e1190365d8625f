"""Transition matrices between the grid points of a table.

Between a pulse that does nothing and one that moves the wall by two states lies one that moves it by one, not one that
does either in half of the trials. So the module interpolates the normal quantiles of the chance to end in state m or
beyond, not the probabilities. A threshold smeared by noise makes them nearly linear in the current. Shares of zero and
one count as half an outcome. Quantiles run linearly in temperature, current density and the logarithm of duration. With
a fit the quantiles of the closed form are subtracted first and give the shape between the grid points. On the grid
points the shares of the counts come back exactly.
"""

import itertools
import math

import numpy as np
import scipy

from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.numerics.shares import share

# A grid end that went through a unit conversion may be off by a few roundings.
EDGE_TOLERANCE = 1e-9
_RESOLUTION = 1e-12  # shares closer to zero or one than this have no quantile in double precision


@checked
def transition_matrix(
    table: TransitionTable,
    *,
    temperature: float,
    current_density: float,
    duration: float,
    device: int = 0,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Return the probabilities of the outcomes of one pulse.

    Rows are probabilities; the chance to end in a state or beyond it (among walls not lost) stays between its values at
    the neighbouring grid points where the table has no fit.

    Args:
        table: the table.
        temperature: [K].
        current_density: signed [A/m^2].
        duration: [s].
        device: number of the device instance, 0 to K - 1 [1].
        rng: draws the rows of the grid points from their posterior; None takes the shares that were counted.

    Returns:
        From-state by to-state, last column no state, shape (S, S+1) [1].

    Raises:
        InputError: a value lies outside the grid, or there is no such device.
    """
    n_devices = table.counts.shape[0]
    if not isinstance(device, int | np.integer) or not 0 <= device < n_devices:
        raise InputError(f"device = {device!r} must be an integer from 0 to {n_devices - 1}")
    axes = (
        _neighbours("temperature", temperature, table.temperature, "K"),
        _neighbours("current_density", current_density, table.current_density, "A/m^2"),
        _neighbours("duration", duration, table.duration, "s", logarithmic=True),
    )
    corners = [(tuple(i for i, _ in corner), math.prod(w for _, w in corner)) for corner in itertools.product(*axes)]
    counts = {index: table.counts[(device, *index)].astype(float) for index, _ in corners}
    if rng is not None:
        counts = {index: _drawn(c, rng) for index, c in counts.items()}
    if len(corners) == 1:
        (rows,) = counts.values()
        return rows / rows.sum(axis=-1, keepdims=True)
    pulse = {"temperature": temperature, "current_density": current_density, "duration": duration}
    return _between(table, device, corners, counts, pulse)


def _drawn(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return rows of shares times trials, shares drawn from the posterior of counts, same shape [1]."""
    weights = rng.gamma(counts + 1 / counts.shape[-1])
    return counts.sum(axis=-1, keepdims=True) * weights / weights.sum(axis=-1, keepdims=True)


def inside(name: str, value: float, grid: np.ndarray, unit: str, *, where: str = "") -> float:
    """Return a value of an axis of a table, exactly on its end where only a rounding is between them.

    Args:
        name: of the axis.
        value: the value, in the unit.
        grid: grid points of the axis, ascending, shape (n,).
        unit: SI unit.
        where: what the message begins with.

    Raises:
        InputError: it is not a number, or outside the table.
    """
    low, high = float(grid[0]), float(grid[-1])
    slack = EDGE_TOLERANCE * max(abs(low), abs(high))
    if not isinstance(value, int | float | np.integer | np.floating) or math.isnan(value):
        raise InputError(f"{where}{name} = {value!r} must be a number in {unit}")
    if not low - slack <= value <= high + slack:
        raise InputError(f"{where}{name} = {value:g} [{unit}] is outside the table, {low:g} to {high:g}")
    return min(max(float(value), low), high)


def _between(table: TransitionTable, device: int, corners: list, counts: dict, pulse: dict) -> np.ndarray:
    """Return the matrix from the weighted quantiles of the corners."""
    floor = half_outcome(np.min([trials(c) for c in counts.values()], axis=0))
    quantile = np.zeros_like(floor)
    fitted = table.fitted_probability
    for index, weight in corners:
        q = quantiles(chances(counts[index]), floor)
        if fitted is not None:
            q -= quantiles(chances(fitted[(device, *index)]), floor)
        quantile += weight * q
    if table.fit is not None:
        quantile += quantiles(chances(table.fit.model.matrix(**pulse, device=device)), floor)
    return _matrix(np.clip((scipy.special.ndtr(quantile) - floor) / (1.0 - 2.0 * floor), 0.0, 1.0))


def trials(counts: np.ndarray) -> np.ndarray:
    """Return the trials behind each chance of `chances`, shape (S, S): first all, then those not lost."""
    n = np.repeat(counts[:, :-1].sum(axis=1, keepdims=True), len(counts), axis=1)
    n[:, 0] += counts[:, -1]
    return n


def half_outcome(n: np.ndarray) -> np.ndarray:
    """Return the chance that n trials leave in doubt of what never, or always, came about [1]."""
    return np.clip(share(0.0, n), _RESOLUTION, 0.49)


def chances(rows: np.ndarray) -> np.ndarray:
    """Return chances from rows (S, S+1): to be lost, then to end in state 1, 2, ... or beyond; shape (S, S)."""
    kept = rows[:, :-1].sum(axis=1, keepdims=True)
    beyond = np.cumsum(rows[:, -2:0:-1], axis=1)[:, ::-1] / np.where(kept > 0, kept, 1.0)
    return np.concatenate([rows[:, -1:] / rows.sum(axis=1, keepdims=True), np.where(kept > 0, beyond, 0.5)], axis=1)


def quantiles(chance: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Return the normal quantiles of chances, where 0 and 1 count as `floor` and its complement, same shape [1]."""
    return scipy.special.ndtri(floor + (1.0 - 2.0 * floor) * np.clip(chance, 0.0, 1.0))


def _matrix(chance: np.ndarray) -> np.ndarray:
    """Return the rows of a matrix from `chances`."""
    S = len(chance)
    lost, beyond = chance[:, :1], np.minimum.accumulate(chance[:, 1:], axis=1)
    edges = np.concatenate([np.ones((S, 1)), beyond, np.zeros((S, 1))], axis=1)
    return np.concatenate([(1.0 - lost) * (edges[:, :-1] - edges[:, 1:]), lost], axis=1)


def _neighbours(
    name: str, value: float, grid: np.ndarray, unit: str, *, logarithmic: bool = False
) -> list[tuple[int, float]]:
    """Return (index, weight) of the one or two grid points around a value."""
    value = inside(name, value, grid, unit)
    right = int(np.searchsorted(grid, value))
    if grid[right] == value:
        return [(right, 1.0)]
    before, after = float(grid[right - 1]), float(grid[right])
    share = math.log(value / before) / math.log(after / before) if logarithmic else (value - before) / (after - before)
    return [(right - 1, 1.0 - share), (right, share)]
