"""Escape rates between neighbouring states at rest."""

import numpy as np

from llg.landscape import Well, valley
from llg.langer import escape_rate
from llg.q_phi import QPhiModel

METHOD = "Langer"


def retention_rates(model: QPhiModel, wells: list[Well], temperature: float) -> np.ndarray:
    """Rates from each state to its neighbours by Langer's formula.

    Args:
        model: the wall in its device.
        wells: the states.
        temperature: temperature [K].

    Returns:
        From-state by to-state, shape (S, S), zero on the diagonal [1/s].
    """
    path = valley(model)
    rates = np.zeros((len(wells), len(wells)))
    for i, j in zip(range(len(wells) - 1), range(1, len(wells)), strict=True):
        saddle = (wells[i].right_edge, float(np.interp(wells[i].right_edge, path.q, path.phi)))
        for a, b in ((i, j), (j, i)):
            rates[a, b] = escape_rate(model, (wells[a].q, wells[a].phi), saddle, temperature)
    return rates
