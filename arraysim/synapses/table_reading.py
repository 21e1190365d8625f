"""What a pulse law takes from a transition table at one temperature."""

import numpy as np

from compact.table.operating_point import OperatingPoint
from compact.table.transition_table import TransitionTable


def pulse_energy(table: TransitionTable, point: OperatingPoint) -> float:
    """Return the energy of one pulse, bilinear in current density and duration [J]."""
    at_duration = [np.interp(point.duration, table.duration, row) for row in table.energy_per_pulse]
    return float(np.interp(point.current_density, table.current_density, at_duration))


def retention_rates(table: TransitionTable, temperature: float) -> np.ndarray | None:
    """Return escape rates, their logarithm linear in the inverse temperature, shape (K, S, S) [1/s]; None without."""
    if table.retention_rate is None:
        return None
    low, high, share = _between(table, temperature, table.retention_rate, lambda T: 1 / T)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.exp((1 - share) * np.log(low) + share * np.log(high))
    return np.where((low > 0) & (high > 0), between, 0.0)


def typical_retention_rates(table: TransitionTable, temperature: float, devices: int) -> np.ndarray | None:
    """Return the geometric mean of the rates over the table's devices, for each of so many drawn ones."""
    rate = retention_rates(table, temperature)
    if rate is None:
        return None
    with np.errstate(divide="ignore"):
        mean = np.exp(np.log(rate).mean(axis=0))
    return np.broadcast_to(mean, (devices, *mean.shape))


def instance_levels(table: TransitionTable, temperature: float) -> dict[str, np.ndarray]:
    """Return conductance and spread of each device instance, linear in temperature, shape (K, S) [S]; empty without."""
    if table.instance_states is None:
        return {}
    found = {}
    for name in ("conductance", "conductance_std_ctoc"):
        low, high, share = _between(table, temperature, getattr(table.instance_states, name), lambda T: T)
        found[f"instance_{name}"] = (1 - share) * low + share * high
    return found


def _between(table: TransitionTable, temperature: float, values: np.ndarray, scale) -> tuple:
    """Return values (K, T, ...) at the grid temperatures below and above, and the place between them."""
    grid = table.temperature
    at = int(np.argmin(np.abs(grid - temperature)))
    if grid.size == 1 or grid[at] == temperature:
        return values[:, at], values[:, at], 0.0
    right = int(np.clip(np.searchsorted(grid, temperature), 1, grid.size - 1))
    low, high = scale(grid[right - 1]), scale(grid[right])
    return values[:, right - 1], values[:, right], (scale(temperature) - low) / (high - low)
