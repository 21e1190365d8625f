"""Escape rates between the states at rest, for the transition table."""

import numpy as np

from dwcore.errors import RunError
from llg.landscape.wells import Well
from llg.rates.rate_matrix import rate_matrix
from llg.walls.q_phi import QPhiModel

METHOD = "Langer, corrected for weak damping"


def retention_rates(model: QPhiModel, wells: list[Well], temperature: float) -> np.ndarray | None:
    """Return the rates from each state to each other.

    Args:
        model: the wall in its device.
        wells: the states.
        temperature: temperature [K].

    Returns:
        From-state by to-state, shape (S, S), zero on the diagonal [1/s]; None where the formula does not hold.
    """
    try:
        return rate_matrix(model, wells, temperature).rate
    except RunError:
        return None
