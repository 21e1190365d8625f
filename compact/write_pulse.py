"""The pulse to write with: the grid point that moves the wall by just one state most surely."""

import numpy as np

from .table import TransitionTable


def one_step_probability(table: TransitionTable, *, device: int = 0, temperature: int = 0) -> np.ndarray:
    """Mean probability, over the states that have a neighbour on that side, to move there.

    Args:
        table: the transition table.
        device: number of the device instance.
        temperature: number of the temperature.

    Returns:
        Shape (2, A, D): towards higher states, towards lower states [1].
    """
    p = table.probability[device, temperature]
    S = table.position.size
    lower, upper = np.arange(S - 1), np.arange(1, S)
    return np.stack([p[:, :, lower, upper].mean(axis=-1), p[:, :, upper, lower].mean(axis=-1)])


def write_pulses(
    table: TransitionTable, *, device: int = 0, temperature: int = 0
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Best grid points (current index, duration index) to move one state up and one state down."""
    p = one_step_probability(table, device=device, temperature=temperature)
    up, down = (np.unravel_index(np.argmax(part), part.shape) for part in p)
    return (int(up[0]), int(up[1])), (int(down[0]), int(down[1]))
