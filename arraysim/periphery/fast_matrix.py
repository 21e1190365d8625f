"""The effective matrix of an array in the approximation of single passage, which costs no more than looking at each device.

Entry (i, j) is the conductance of the device times the voltage that arrives at it from driver i, all bit lines at 0 V, times
the share of its current that arrives at sink j, all word lines at 0 V. What other lines send back is left out, so the
approximation is good for changes: the exact matrix of some earlier state plus the difference of two of these is off by about
1 % where the wires themselves change the result by its whole size (docs/theory-periphery.md).
"""

import numpy as np

from arraysim.periphery.line_kernel import fill_ratios
from arraysim.periphery.wires import Wires


def single_passage_matrix(conductance: np.ndarray, wires: Wires) -> np.ndarray:
    """Return the approximate currents into the sinks per voltage of the drivers, shape (rows, columns) [S].

    Args:
        conductance: of the devices, shape (rows, columns), float64 [S].
        wires: their resistances.
    """
    share = _arriving(np.ascontiguousarray(conductance), *wires.bit)
    # Word lines run to their source on the left as bit lines run down to theirs.
    voltage = _arriving(np.ascontiguousarray(conductance[:, ::-1].T), *wires.word).T[:, ::-1]
    return conductance * voltage * share


def _arriving(conductance: np.ndarray, segment: float, end: float) -> np.ndarray:
    """Return each node's voltage per voltage of the line's source below the last row, shape (n, m) [1]."""
    ratio = np.empty_like(conductance)
    fill_ratios(conductance, segment, end, ratio)
    return np.cumprod(ratio[::-1], axis=0)[::-1]
