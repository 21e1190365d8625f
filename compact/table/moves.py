"""How surely one pulse moves the wall by a given number of states, averaged over the states."""

import numpy as np

from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError


@checked
def move_probability(
    table: TransitionTable, steps: int, *, device: int | None = None, temperature: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean probability to move by just `steps` states, over the states that have one so far on that side.

    The rows of a table come from different trajectories, so that their errors add in squares.

    Args:
        table: the transition table.
        steps: number of states to move by, 1 to S - 1.
        device: number of the device instance; the mean over all by default.
        temperature: number of the temperature.

    Returns:
        Probability and its standard error, each of shape (2, A, D): towards higher states, towards lower states [1].

    Raises:
        InputError: the track has too few states for so many steps.
    """
    S = table.position.size
    if not 1 <= steps < S:
        raise InputError(f"steps = {steps} must be >= 1 and < {S}, the number of states")
    chosen = slice(None) if device is None else [device]
    p, error = table.probability[chosen, temperature], table.standard_error[chosen, temperature]
    lower, upper = np.arange(S - steps), np.arange(steps, S)
    pairs = ((lower, upper), (upper, lower))
    mean = np.stack([p[..., start, end].mean(axis=(0, -1)) for start, end in pairs])
    total = np.stack([np.sqrt(np.sum(error[..., start, end] ** 2, axis=(0, -1))) for start, end in pairs])
    return mean, total / (lower.size * len(p))


def upward_sign(table: TransitionTable, *, device: int | None = None, temperature: int = 0) -> int:
    """Return the sign of the current that drives towards higher states, as the table itself shows it: +1 or -1."""
    up, down = move_probability(table, 1, device=device, temperature=temperature)[0]
    return 1 if np.sum(np.sign(table.current_density)[:, None] * (up - down)) >= 0 else -1


def moves_along_drive(
    table: TransitionTable, steps: int, *, device: int | None = None, temperature: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the same as `move_probability`, but only in the direction in which each current drives the wall.

    Returns:
        Probability and its standard error, each of shape (A, D) [1].
    """
    mean, error = move_probability(table, steps, device=device, temperature=temperature)
    sign = upward_sign(table, device=device, temperature=temperature)
    upwards = (sign * table.current_density >= 0)[:, None]
    return np.where(upwards, mean[0], mean[1]), np.where(upwards, error[0], error[1])


def ladder(states: int, sense: int, miss: float, double: float, lost: float) -> np.ndarray:
    """Return what a pulse does that moves by one state, misses or moves two, and stops at the end; shape (S, S+1) [1].

    Args:
        states: their number [1].
        sense: +1 or -1.
        miss: chance that nothing happens [1].
        double: chance of two states [1].
        lost: chance that the device is lost [1].
    """
    matrix = np.zeros((states, states + 1))
    matrix[:, states] = lost
    for start in range(states):
        for move, chance in ((0, miss), (1, 1 - miss - double - lost), (2, double)):
            matrix[start, min(max(start + sense * move, 0), states - 1)] += chance
    return matrix
