"""How weights held by synapses are multiplied when wires and converters stand between numbers and conductances."""

from typing import Protocol

import numpy as np


class Reader(Protocol):
    """A read path. Without one, weights multiply as exact numbers.

    A reader finds in ``weights.conductances`` the planes of the crossbars, in ``weights.factors`` the number each
    plane enters with, and in ``weights.scale`` the weight per conductance:
    ``values = scale * sum of factor * plane``. Planes are (rows, columns), or (rows, 1) for a reference column.
    """

    def forward(self, inputs: np.ndarray, weights) -> np.ndarray:
        """Return inputs, shape (batch, rows), times the weights, shape (batch, columns)."""

    def backward(self, errors: np.ndarray, weights) -> np.ndarray:
        """Return errors, shape (batch, columns), times the transposed weights, shape (batch, rows)."""
