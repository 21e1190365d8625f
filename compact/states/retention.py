"""Escape rates between the states at rest, for the transition table."""

import numpy as np

from dwcore.errors import RunError
from llg.landscape.wells import Well
from llg.rates.rate_matrix import RateMatrix, rate_matrix
from llg.walls.q_phi import QPhiModel

METHOD = "Langer, corrected for weak damping"


def escape_rates(model: QPhiModel, wells: list[Well], temperature: float) -> RateMatrix | None:
    """Return the rates between the wells and off the track, arguments as `retention_rates`; None where unknown."""
    try:
        return rate_matrix(model, wells, temperature)
    except RunError:
        return None


def retention_rates(model: QPhiModel, wells: list[Well], temperature: float) -> np.ndarray | None:
    """Return the rates from each state to each other.

    Args:
        model: the wall in its device.
        wells: the states.
        temperature: temperature [K].

    Returns:
        From-state by to-state, shape (S, S), zero on the diagonal [1/s]; None where the formula does not hold.
    """
    found = escape_rates(model, wells, temperature)
    return None if found is None else found.rate
