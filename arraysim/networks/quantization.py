"""Values in a number of bits: results of activations and errors sent backward.

Rounding is to the nearest level. Its derivative is taken as one where the value lies inside the range and as zero
where it was cut (straight-through estimator).

References:
    Y. Bengio, N. Leonard, A. Courville, arXiv:1308.3432 (2013).
"""

import numpy as np


def unsigned(value: np.ndarray, bits: int, limit: float) -> np.ndarray:
    """Return values from 0 to ``limit`` on 2**bits equally spaced levels; what lies outside is cut."""
    step = value.dtype.type(limit / (2**bits - 1))
    return np.rint(np.clip(value, 0, limit) / step) * step


def signed(value: np.ndarray, bits: int, limit: float) -> np.ndarray:
    """Return values from -limit to limit on 2**bits - 1 equally spaced levels, one of them zero."""
    if limit == 0:
        return value
    step = value.dtype.type(limit / (2 ** (bits - 1) - 1))
    return np.rint(np.clip(value, -limit, limit) / step) * step


def errors(value: np.ndarray, bits: int) -> np.ndarray:
    """Return errors on ``signed`` levels up to the batch's largest, which the periphery rescales to; 0 bits: as is."""
    return signed(value, bits, float(np.abs(value).max())) if bits else value
