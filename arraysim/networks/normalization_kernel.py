"""Jitted arithmetic of batch normalization on values of shape (n, channels)."""

from numba import njit


@njit(cache=True, nogil=True)
def add_up(value, total, square):
    """Add the values of each channel to ``total`` and their squares to ``square``, both float64."""
    for i in range(value.shape[0]):
        for c in range(value.shape[1]):
            x = value[i, c]
            total[c] += x
            square[c] += x * x


@njit(cache=True, nogil=True)
def scale_and_shift(value, slope, offset, out):
    """Write ``slope * value + offset`` of each channel."""
    for i in range(value.shape[0]):
        for c in range(value.shape[1]):
            out[i, c] = slope[c] * value[i, c] + offset[c]


@njit(cache=True, nogil=True)
def add_up_errors(error, value, total, product):
    """Add the errors of each channel to ``total`` and errors times values to ``product``, both float64."""
    for i in range(error.shape[0]):
        for c in range(error.shape[1]):
            total[c] += error[i, c]
            product[c] += error[i, c] * value[i, c]


@njit(cache=True, nogil=True)
def errors_back(error, value, slope, on_value, offset, out):
    """Write ``slope * error + on_value * value + offset`` of each channel."""
    for i in range(error.shape[0]):
        for c in range(error.shape[1]):
            out[i, c] = slope[c] * error[i, c] + on_value[c] * value[i, c] + offset[c]
