"""Functions between the crossbars, and their derivatives as functions of the result."""

import numpy as np


def _relu_derivative(value: np.ndarray) -> np.ndarray:
    return (value > 0).astype(value.dtype)


FUNCTIONS = {
    "tanh": (np.tanh, lambda value: 1 - value * value),
    "relu": (lambda x: np.maximum(x, 0), _relu_derivative),
}
"""Name -> (function, derivative of it given its result)."""
