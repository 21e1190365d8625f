"""Escape rates of a table at a temperature, and where walls are after a time: the exponential of their matrix.

Rates span many orders of magnitude, and a billion synapses make rare escapes matter, so every step keeps
entries >= 0 and small ones to full relative precision: the Taylor series of the uniformized chain (no
subtractions) for a short time, squared until the time is reached, rows scaled back to one after each squaring.

References:
    A. Jensen, Skand. Aktuarietidskr. 36, 87 (1953), for uniformization.
"""

import math

import numpy as np

from compact.table.transition_table import TransitionTable


def retention_rates(table: TransitionTable, temperature: float) -> dict[str, np.ndarray]:
    """Return escape rates at a temperature, their logarithm linear in the inverse temperature.

    They are nan where they are unknown for a state that the instance has, at one of the grid temperatures about this
    one at least, and 0 for one that it lacks.

    Returns:
        "retention_rate" from-state by to-state, shape (K, S, S), and "retention_lost" off the ends of the track, shape
        (K, S), each as far as the table has it [1/s].
    """
    return {
        name: _between(table, temperature, values[..., None])[..., 0] if name == "retention_lost" else
        _between(table, temperature, values)
        for name in ("retention_rate", "retention_lost") if (values := getattr(table, name)) is not None
    }  # fmt: skip


def _between(table: TransitionTable, temperature: float, rate: np.ndarray) -> np.ndarray:
    """Return rates (K, T, S, n) at a temperature, shape (K, S, n)."""
    low, high, share = between_temperatures(table, temperature, rate, lambda T: 1 / T)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.exp((1 - share) * np.log(low) + share * np.log(high))
    unknown = (np.isnan(low) | np.isnan(high)) & _has(table, temperature, low.shape[:2])[..., None]
    return np.where(unknown, np.nan, np.where((low > 0) & (high > 0), between, 0.0))


def _has(table: TransitionTable, temperature: float, shape: tuple[int, ...]) -> np.ndarray:
    """Return whether instances have a state at the grid temperatures below or above, shape (K, S); nobody knows between."""
    if table.instance_states is None:
        return np.ones(shape, bool)
    low, high, _ = between_temperatures(table, temperature, table.instance_states.present, lambda T: 1 / T)
    return (low > 0) | (high > 0)


def typical_retention_rates(table: TransitionTable, temperature: float, devices: int) -> dict[str, np.ndarray]:
    """Return the geometric means of the rates over the table's devices, for each of so many drawn ones.

    Those that lack one of the two states say nothing about the rate between them; where all do, drawn ones do, too: 0.
    Outside the temperatures of the table, where a fit still answers, the rates are unknown, nan.
    """
    found, known_here = {}, table.temperature[0] <= temperature <= table.temperature[-1]
    for name, rate in retention_rates(table, temperature).items():
        known = has = _has(table, temperature, rate.shape[:2])
        if name == "retention_rate":
            known = has[:, :, None] & has[:, None, :]
        count = known.sum(axis=0)
        with np.errstate(divide="ignore"):
            mean = np.exp(np.where(known, np.log(rate), 0.0).sum(axis=0) / np.maximum(count, 1))
        mean = np.where(count > 0, mean, 0.0) if known_here else np.full_like(mean, np.nan)
        found[name] = np.broadcast_to(mean, (devices, *mean.shape))
    return found


def with_losses(rate: np.ndarray, lost: np.ndarray | None) -> np.ndarray:
    """Return rates between S states and the two of a wall that has left the track, which keep it.

    A wall leaves by the end that is nearer to its state: the way to the other end leads through other states.

    Args:
        rate: from-state by to-state, shape (..., S, S) [1/s].
        lost: off the ends of the track, shape (..., S) [1/s]; None for none.

    Returns:
        Shape (..., S + 2, S + 2); S is a wall lost at the first state, S + 1 one lost at the last [1/s].
    """
    S = rate.shape[-1]
    full = np.zeros((*rate.shape[:-2], S + 2, S + 2))
    full[..., :S, :S] = rate
    if lost is not None:
        first = np.arange(S) < 0.5 * S
        full[..., :S, S], full[..., :S, S + 1] = np.where(first, lost, 0.0), np.where(first, 0.0, lost)
    return full


def between_temperatures(table: TransitionTable, temperature: float, values: np.ndarray, scale) -> tuple:
    """Return values (K, T, ...) at the grid temperatures below and above, and the place between them."""
    grid = table.temperature
    at = int(np.argmin(np.abs(grid - temperature)))
    if grid.size == 1 or grid[at] == temperature:
        return values[:, at], values[:, at], 0.0
    right = int(np.clip(np.searchsorted(grid, temperature), 1, grid.size - 1))
    low, high = scale(grid[right - 1]), scale(grid[right])
    return values[:, right - 1], values[:, right], (scale(temperature) - low) / (high - low)


_TERMS = 18  # the series of exp(1/2) to double precision


def stay_probability(rate: np.ndarray, seconds: float) -> np.ndarray:
    """Return the probabilities to be in each state after a time.

    Args:
        rate: from-state by to-state, the diagonal is ignored, shape (..., S, S) [1/s].
        seconds: >= 0 [s].

    Returns:
        From-state by to-state, rows sum to 1, shape (..., S, S) [1].
    """
    escape = np.where(np.eye(rate.shape[-1], dtype=bool), 0.0, rate) * seconds
    total = escape.sum(axis=-1)
    fastest = float(total.max())
    squarings = max(0, math.ceil(math.log2(2 * fastest))) if fastest > 0 else 0
    short = math.ldexp(fastest, -squarings)
    chain = np.eye(rate.shape[-1]) if fastest == 0 else _diagonal_completed(escape / fastest)
    term = np.broadcast_to(np.eye(rate.shape[-1]), escape.shape) * math.exp(-short)
    found = term.copy()
    for k in range(1, _TERMS):
        term = term @ chain * (short / k)
        found += term
    for _ in range(squarings):
        found = _scaled(found) @ found
    return _scaled(found)


def _diagonal_completed(escape: np.ndarray) -> np.ndarray:
    """Return the rows completed to a sum of one on the diagonal."""
    stay = np.maximum(0.0, 1.0 - escape.sum(axis=-1))
    return escape + stay[..., None] * np.eye(escape.shape[-1])


def _scaled(rows: np.ndarray) -> np.ndarray:
    return rows / rows.sum(axis=-1, keepdims=True)
