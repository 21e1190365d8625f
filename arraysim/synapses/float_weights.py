"""Weights as plain numbers, with which those held by synapses are compared."""

import numpy as np

from dwcore.numerics.product import product


class FloatWeights:
    """Weights held as numbers, written at will.

    Attributes:
        values: shape (rows, columns) [1].
    """

    def __init__(self, values: np.ndarray):
        self.values = values

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return inputs, shape (batch, rows), times the weights."""
        return product(inputs, self.values)

    def backward(self, errors: np.ndarray) -> np.ndarray:
        """Return errors, shape (batch, columns), times the transposed weights."""
        return product(errors, self.values.T)
