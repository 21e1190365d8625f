"""Jitted arithmetic of digital layers: pooling over squares that do not overlap, and batch normalization.

Images are (rows, columns, channels); normalization takes values of shape (n, channels).
"""

from numba import njit


@njit(cache=True, nogil=True)
def largest(image, size, out, place):
    """Keep the largest value of each square.

    Args:
        image: shape (n, rows, columns, channels).
        size: side of a square.
        out: shape (n, rows // size, columns // size, channels).
        place: which of the size * size values it was, the first of equals, same shape, uint8.
    """
    for n in range(out.shape[0]):
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                for c in range(out.shape[3]):
                    out[n, i, j, c] = image[n, i * size, j * size, c]
                    place[n, i, j, c] = 0
                for k in range(1, size * size):
                    source = image[n, i * size + k // size, j * size + k % size]
                    for c in range(out.shape[3]):
                        if source[c] > out[n, i, j, c]:
                            out[n, i, j, c] = source[c]
                            place[n, i, j, c] = k


@njit(cache=True, nogil=True)
def to_largest(error, size, place, out):
    """Send each error back to the value that was kept.

    Args:
        error: shape (n, rows // size, columns // size, channels).
        size: side of a square.
        place: as from ``largest``.
        out: shape (n, rows, columns, channels), zeros on entry.
    """
    for n in range(error.shape[0]):
        for i in range(error.shape[1]):
            for j in range(error.shape[2]):
                for c in range(error.shape[3]):
                    k = place[n, i, j, c]
                    out[n, i * size + k // size, j * size + k % size, c] = error[n, i, j, c]


@njit(cache=True, nogil=True)
def mean(image, size, out):
    """Keep the mean of each square; arguments as in ``largest``."""
    for n in range(out.shape[0]):
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                out[n, i, j] = 0
                for k in range(size * size):
                    source = image[n, i * size + k // size, j * size + k % size]
                    for c in range(out.shape[3]):
                        out[n, i, j, c] += source[c]
                for c in range(out.shape[3]):
                    out[n, i, j, c] /= size * size


@njit(cache=True, nogil=True)
def to_mean(error, size, out):
    """Spread each error over its square; ``out`` has zeros on entry."""
    for n in range(error.shape[0]):
        for i in range(error.shape[1]):
            for j in range(error.shape[2]):
                for k in range(size * size):
                    target = out[n, i * size + k // size, j * size + k % size]
                    for c in range(error.shape[3]):
                        target[c] = error[n, i, j, c] / (size * size)


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
