"""Transition matrices of devices drawn from the fitted spread, as many as an array needs."""

from collections.abc import Sequence

import numpy as np

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
    if table.fit is None:
        raise InputError("the table has no fit, make one with `dwsynapse fit`")
    if devices < 1 or first < 0:
        raise InputError(f"devices = {devices} must be >= 1 and first = {first} >= 0")
    model = table.fit.model
    vectors = [table.fit.drawn_vector(first + number, seed) for number in range(devices)]
    pulses = [
        {"temperature": p.temperature, "current_density": p.current_density, "duration": p.duration} for p in points
    ]
    return np.array([[model.matrix(**pulse, vector=vector) for pulse in pulses] for vector in vectors])
