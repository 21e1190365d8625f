"""Jitted arithmetic of digital layers: pooling over squares that do not overlap, and batch normalization.

Images are (rows, columns, channels); normalization takes values of shape (n, channels). Values and errors may be numbers
of bfloat16 (`arraysim.networks.bfloat16`), parameters may not. Loops over channels read what they may need before they
choose: a read in one branch alone keeps them from being vectorized.
"""

from arraysim.networks.bfloat16 import narrow, wide
from dwcore.numerics.compiled import compiled


@compiled()
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
                best, which = out[n, i, j], place[n, i, j]
                best[:] = image[n, i * size, j * size]
                which[:] = 0
                for k in range(1, size * size):
                    source = image[n, i * size + k // size, j * size + k % size]
                    for c in range(out.shape[3]):
                        value, kept, where = source[c], best[c], which[c]
                        larger = wide(value) > wide(kept)
                        best[c], which[c] = value if larger else kept, k if larger else where


@compiled()
def to_largest(error, size, place, out):
    """Send each error back to the value that was kept.

    Args:
        error: shape (n, rows // size, columns // size, channels).
        size: side of a square.
        place: as from ``largest``.
        out: shape (n, rows, columns, channels), zeros on entry where no square lies.
    """
    nothing = error.dtype.type(0)
    for n in range(error.shape[0]):
        for i in range(error.shape[1]):
            for j in range(error.shape[2]):
                for k in range(size * size):
                    target = out[n, i * size + k // size, j * size + k % size]
                    for c in range(error.shape[3]):
                        value = error[n, i, j, c]
                        target[c] = value if place[n, i, j, c] == k else nothing


@compiled()
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


@compiled()
def to_mean(error, size, out):
    """Spread each error over its square; ``out`` as in ``to_largest``."""
    for n in range(error.shape[0]):
        for i in range(error.shape[1]):
            for j in range(error.shape[2]):
                for k in range(size * size):
                    target = out[n, i * size + k // size, j * size + k % size]
                    for c in range(error.shape[3]):
                        target[c] = error[n, i, j, c] / (size * size)


@compiled()
def add_up(value, total, square):
    """Add the values of each channel to ``total`` and their squares to ``square``, both float64."""
    for i in range(value.shape[0]):
        for c in range(value.shape[1]):
            x = wide(value[i, c])
            total[c] += x
            square[c] += x * x


@compiled()
def scale_and_shift(value, slope, offset, floor, out):
    """Write ``slope * value + offset`` of each channel, and ``floor`` where that is less."""
    for i in range(value.shape[0]):
        for c in range(value.shape[1]):
            x = slope[c] * wide(value[i, c]) + offset[c]
            out[i, c] = narrow(floor if x < floor else x, out[i, c])


@compiled()
def add_up_errors(error, value, slope, offset, floor, total, product):
    """Add the errors of each channel to ``total`` and errors times values to ``product``, both float64.

    Where ``slope * value + offset`` is not above ``floor``, the error counts as 0.
    """
    nothing = slope.dtype.type(0)
    for i in range(error.shape[0]):
        for c in range(error.shape[1]):
            v, e = wide(value[i, c]), wide(error[i, c])
            e = nothing if slope[c] * v + offset[c] <= floor else e
            total[c] += e
            product[c] += e * v


@compiled()
def errors_back(error, value, slope, offset, floor, on_value, constant, out):
    """Write ``slope * error + on_value * value + constant`` of each channel; errors as in ``add_up_errors``."""
    nothing = slope.dtype.type(0)
    for i in range(error.shape[0]):
        for c in range(error.shape[1]):
            v, e = wide(value[i, c]), wide(error[i, c])
            e = nothing if slope[c] * v + offset[c] <= floor else e
            out[i, c] = narrow(slope[c] * e + on_value[c] * v + constant[c], out[i, c])
