"""Transition matrices between the grid points of a table, multilinear in temperature, current, duration."""

import itertools
import math

import numpy as np

from compact.table import TransitionTable
from llg.errors import InputError

# A grid end that went through a unit conversion may be off by a few roundings.
EDGE_TOLERANCE = 1e-9


def transition_matrix(
    table: TransitionTable, *, temperature: float, current_density: float, duration: float, device: int = 0
) -> np.ndarray:
    """Return the probabilities of the outcomes of one pulse.

    A weighted mean of the up to eight grid points around the pulse, with weights >= 0 of sum 1, so that rows
    stay probabilities.

    Args:
        table: the table.
        temperature: [K].
        current_density: signed [A/m^2].
        duration: [s].
        device: number of the device instance, 0 to K - 1 [1].

    Returns:
        From-state by to-state, last column no state, shape (S, S+1) [1].

    Raises:
        InputError: a value lies outside the grid, or there is no such device.
    """
    n_devices = table.counts.shape[0]
    if not isinstance(device, int | np.integer) or not 0 <= device < n_devices:
        raise InputError(f"device = {device!r} must be an integer from 0 to {n_devices - 1}")
    corners = (
        _neighbours("temperature", temperature, table.temperature, "K"),
        _neighbours("current_density", current_density, table.current_density, "A/m^2"),
        _neighbours("duration", duration, table.duration, "s"),
    )
    n_states = table.position.size
    matrix = np.zeros((n_states, n_states + 1))
    for (t, weight_t), (j, weight_j), (d, weight_d) in itertools.product(*corners):
        matrix += weight_t * weight_j * weight_d * table.probability[device, t, j, d]
    return matrix


def _neighbours(name: str, value: float, grid: np.ndarray, unit: str) -> list[tuple[int, float]]:
    """Return (index, weight) of the one or two grid points around a value."""
    low, high = float(grid[0]), float(grid[-1])
    slack = EDGE_TOLERANCE * max(abs(low), abs(high))
    if not isinstance(value, int | float | np.integer | np.floating) or math.isnan(value):
        raise InputError(f"{name} = {value!r} must be a number in {unit}")
    if not low - slack <= value <= high + slack:
        raise InputError(f"{name} = {value:g} [{unit}] is outside the table, {low:g} to {high:g}")
    value = min(max(float(value), low), high)
    right = int(np.searchsorted(grid, value))
    if grid[right] == value:
        return [(right, 1.0)]
    share = float((value - grid[right - 1]) / (grid[right] - grid[right - 1]))
    return [(right - 1, 1.0 - share), (right, share)]
