"""Transition matrices of devices drawn from the fitted spread, as many as an array needs."""

from collections.abc import Sequence

import numpy as np

from compact.forms.model import FittedModel
from compact.table.operating_point import OperatingPoint
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError


def drawn_matrices(
    table: TransitionTable, points: Sequence[OperatingPoint], *, devices: int, seed: int, first: int = 0
) -> np.ndarray:
    """Return the matrices of devices that no sweep has seen, shape (devices, P, S, S+1) [1].

    Device `first` + i is a pure function of (fit, seed, `first` + i): a larger array begins with the devices of a
    smaller one.

    Args:
        table: a table with a fit of at least 8 device instances.
        points: the P pulses.
        devices: how many to draw.
        seed: root seed.
        first: number of the first one.

    Raises:
        InputError: the table has no fit or the fit no spread, or a point is impossible.
    """
    fit = table.needed_fit()
    if devices < 1 or first < 0:
        raise InputError(f"devices = {devices} must be >= 1 and first = {first} >= 0")
    vectors = [fit.drawn_vector(first + number, seed) for number in range(devices)]
    return np.array([[_matrix(fit.model, point, vector) for point in points] for vector in vectors])


def _matrix(model: FittedModel, p: OperatingPoint, vector: np.ndarray) -> np.ndarray:
    return model.matrix(
        temperature=p.temperature, current_density=p.current_density, duration=p.duration, vector=vector
    )
