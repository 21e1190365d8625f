"""Matrix product whose result depends on nothing but its factors.

A BLAS library sums in an order that changes with the number of its threads and with the size of the block a row
falls into; here each element is summed from first to last, so a training run is the same everywhere.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _accumulate(left, right, out):
    for i in range(left.shape[0]):
        for k in range(left.shape[1]):
            factor = left[i, k]
            for j in range(right.shape[1]):
                out[i, j] += factor * right[k, j]


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return ``left @ right``, summed in order.

    Args:
        left: shape (m, k), float32 or float64.
        right: shape (k, n), of the same type.
    """
    out = np.zeros((left.shape[0], right.shape[1]), dtype=left.dtype)
    _accumulate(left, np.ascontiguousarray(right), out)
    return out
