"""Mean and spread of what one pulse does, and the staircases that pulses of one kind climb."""

import numpy as np


def step_mean(conductance: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the mean change of conductance from each state, shape (S,) [S].

    Args:
        conductance: of the states, shape (S,) [S].
        matrix: probability from state to state, shape (S, S) [1].
    """
    return matrix @ conductance - conductance


def step_std(conductance: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the standard deviation of the conductance after one pulse from each state, shape (S,) [S]."""
    mean = matrix @ conductance
    return np.sqrt(np.maximum(matrix @ conductance**2 - mean**2, 0.0))


def staircase(conductance: np.ndarray, matrix: np.ndarray, *, start: int, pulses: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the conductance after 0, 1, ... pulses, each of shape (pulses + 1,) [S].

    Args:
        conductance: of the states, shape (S,) [S].
        matrix: probability from state to state, shape (S, S) [1].
        start: number of the state before the first pulse.
        pulses: number of pulses.
    """
    law = np.eye(conductance.size)[start]
    mean, square = np.empty(pulses + 1), np.empty(pulses + 1)
    for n in range(pulses + 1):
        mean[n], square[n] = law @ conductance, law @ conductance**2
        law = law @ matrix
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))
