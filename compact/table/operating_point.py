"""Operating points of an array: the few pulses its drivers can send, and their choice from a table."""

import dataclasses
import math

import numpy as np

from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError


@dataclasses.dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """One kind of pulse.

    Attributes:
        current_density: signed [A/m^2].
        duration: [s].
        temperature: of the chip [K].
    """

    current_density: float
    duration: float
    temperature: float

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not math.isfinite(value):
                raise InputError(f"operating point: {field.name} = {value} must be finite")


def single_step_score(probability: np.ndarray, conductance: np.ndarray, sense: int) -> np.ndarray:
    """Return the mean probability of a move by exactly one level, less that of losing the wall.

    The mean runs over the states that have a next level in this sense.

    Args:
        probability: shape (..., S, S+1) [1].
        conductance: of the states, shape (S,) [S].
        sense: +1 for pulses that raise the conductance, -1 for those that lower it.

    Returns:
        Shape (...) [1].
    """
    order = np.argsort(conductance)[::sense]
    return (probability[..., order[:-1], order[1:]] - probability[..., order[:-1], -1]).mean(axis=-1)


def mean_move(probability: np.ndarray, conductance: np.ndarray, sense: int) -> np.ndarray:
    """Return the mean number of levels that a pulse moves by in a sense, over the states, less that of lost walls.

    Args:
        probability: shape (..., S, S+1) [1].
        conductance: of the states, shape (S,) [S].
        sense: +1 counts upwards, -1 downwards.

    Returns:
        Shape (...) [1].
    """
    level = np.argsort(np.argsort(conductance))
    moved = sense * np.subtract.outer(level, level).T
    return np.einsum("...ij,ij->...i", probability[..., :-1], moved).mean(axis=-1) - probability[..., -1].mean(axis=-1)


@checked
def write_points(table: TransitionTable, *, temperature: float) -> tuple[OperatingPoint, OperatingPoint]:
    """Return the pulses to write with: the device's nominal pulse where the table has it, else the best ones.

    Args:
        table: the table.
        temperature: of the chip, the nearest grid temperature decides [K].

    Returns:
        The point that raises the conductance and the one that lowers it, both on the grid.

    Raises:
        InputError: no pulse of the table moves the wall in one of the senses, or the nominal one does not; says which does.
    """
    pulse = table.config.get("device", {}).get("pulse", {})
    J, duration = pulse.get("current_density", math.nan), pulse.get("duration", math.nan)
    on_grid = all(np.isclose(axis, value, rtol=1e-9, atol=0).any() for axis, value in _signed(table, J, duration))
    if not on_grid:
        return _choose(table, temperature, None)
    try:
        return _choose(table, temperature, (J, duration))
    except InputError:
        if (better := _others(table, temperature)) is None:
            raise
        raise InputError(
            f"the nominal pulse, {J:.4g} A/m^2 for {duration:.3g} s, does not move walls to both sides at {temperature:g} K; "
            f"others of the table do, such as {better.current_density:.4g} A/m^2 for {better.duration:.3g} s, as [pulse] of "
            "its device"
        ) from None


def _others(table: TransitionTable, temperature: float) -> OperatingPoint | None:
    """Return the best pulse that raises the conductance where there is one to each side, else None."""
    try:
        return _choose(table, temperature, None)[0]
    except InputError:
        return None


@checked
def best_points(table: TransitionTable, *, temperature: float) -> tuple[OperatingPoint, OperatingPoint]:
    """Return the points of the table's grid whose pulses best move a wall by one level, up and down.

    Scores are means over the device instances; among equal scores the lower energy wins. Where the pulses that
    move walls in a sense never move them by just one level, the one that moves them least is taken.

    Args:
        table: the table.
        temperature: of the chip, the nearest grid temperature decides [K].

    Returns:
        The point that raises the conductance and the one that lowers it.

    Raises:
        InputError: no pulse of the table moves the wall in one of the senses.
    """
    return _choose(table, temperature, None)


def grid_index(table: TransitionTable, point: OperatingPoint) -> tuple[int, int]:
    """Return the numbers of the current density and the duration of the grid that are nearest to a point."""
    a = np.argmin(np.abs(table.current_density - point.current_density))
    return int(a), int(np.argmin(np.abs(table.duration - point.duration)))


def _signed(table: TransitionTable, J: float, duration: float):
    return (table.current_density, J), (table.current_density, -J), (table.duration, duration)


def _choose(table: TransitionTable, temperature: float, only: tuple[float, float] | None):
    """Return best points up and down, among all or among those of one current density (of either sign) and duration."""
    if table.position.size < 2:
        raise InputError("the table has one state only, no pulse writes a weight")
    nearest = int(np.argmin(np.abs(table.temperature - temperature)))
    allowed = np.ones(table.energy_per_pulse.shape, bool)
    if only is not None:
        allowed &= np.isclose(np.abs(table.current_density), only[0], rtol=1e-9, atol=0)[:, None]
        allowed &= np.isclose(table.duration, only[1], rtol=1e-9, atol=0)
    found = []
    for sense, word in ((+1, "raises"), (-1, "lowers")):
        law = table.probability[:, nearest], table.conductance, sense
        move = mean_move(*law).mean(axis=0)
        score = np.where(allowed & (move > 0), single_step_score(*law).mean(axis=0), -np.inf)
        if score.max() <= 0:
            score = np.where(allowed & (move > 0), -move, -np.inf)
        if score.max() == -np.inf:
            raise InputError(f"the table has no pulse that {word} the conductance at {temperature:g} K")
        energy = np.where(score == score.max(), table.energy_per_pulse, np.inf)
        a, d = np.unravel_index(np.argmin(energy), energy.shape)
        current_density, duration = float(table.current_density[a]), float(table.duration[d])
        found.append(OperatingPoint(current_density=current_density, duration=duration, temperature=temperature))
    return found[0], found[1]
