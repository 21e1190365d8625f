"""A lookup table for linear interpolation in which one 64-bit word holds a value and the step to the next.

Reading a table at computed places is the costliest part of the wall kernels, so each entry is one word: the upper
40 bits are those of the value as a double, the lower 24 hold the difference to the next value in units of `unit`. Read
as a double the word is the value to 4e-9 of itself; the difference is good to half a unit, 6e-8 of the largest one.
The error of linear interpolation on the grids of `llg.device.geometry` is some 1e-4 of the range.
"""

import numpy as np
from numba import njit

from dwcore.numerics.elementary import bits_float
from dwcore.numerics.memory import load_constant

_LOW = np.int64(0xFFFFFF)
_HALF = 2**23
_MAGIC = np.int64(0x4330000000000000)  # bits of 2**52: with an integer in the low bits, 2**52 plus it
_OFFSET = 2.0**52 + _HALF
_TINY = 1e-200  # stands for 0, whose word with a step in its low bits is a denormal number: slow on many processors


def pack(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Pack columns of values at grid points.

    Args:
        points: values, shape (cells + 1, columns), finite.

    Returns:
        Words row by row, shape (cells * columns,), int64, and the unit of the differences.
    """
    steps = np.diff(points, axis=0)
    unit = max(float(np.abs(steps).max()) / (_HALF - 1), 1e-300)
    normal = np.where(np.abs(points[:-1]) < _TINY, _TINY, points[:-1])
    values = np.ascontiguousarray(normal).view(np.int64) & ~_LOW
    return (values | (np.rint(steps / unit).astype(np.int64) + _HALF)).ravel(), unit


@njit(inline="always")
def cell_of(x, inverse_step, last_cell, unit, columns):
    """Return index of the first word of the cell that holds x, and the place within the cell as `interpolate` takes it.

    Args:
        x: position; beyond the table the first or last cell holds.
        inverse_step: cells per unit of x.
        last_cell: largest number of a cell plus a fraction just below 1.
        unit: unit of the differences, from `pack`.
        columns: columns of the table, uint64.
    """
    u = x * inverse_step
    u = u if u > 0.0 else 0.0
    u = u if u < last_cell else last_cell
    cell = np.int64(u)
    return np.uint64(cell) * columns, (u - np.float64(cell)) * unit


@njit(inline="always")
def interpolate(words, index, scaled_fraction):
    """Return the value at a fraction of a cell.

    Args:
        words: packed table, flat.
        index: row times columns plus column, uint64.
        scaled_fraction: place within the cell, 0 to 1, times the unit of the table.
    """
    word = load_constant(words, index)
    return bits_float(word) + (bits_float((word & _LOW) | _MAGIC) - _OFFSET) * scaled_fraction
