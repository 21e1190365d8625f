"""Alias tables: one look-up draws the next state, whatever the number of states.

A row of probabilities becomes C columns, C a power of two. The draw takes 32 random bits; the highest choose the
column, the rest are compared with its threshold: below it the outcome is the column's own number, else its alias.
Thresholds are rounded to 2**-32 of a row, zeros are exactly zero.

References:
    A. J. Walker, ACM Trans. Math. Softw. 3, 253 (1977); tables built as M. D. Vose, IEEE Trans. Softw. Eng. 17, 972
    (1991).
"""

import numpy as np
from numba import njit

from dwcore.numerics.compiled import compiled

ALIAS_BITS = np.uint64(8)
ALIAS_MASK = np.uint64(0xFF)
_ONE = np.uint64(1)


def alias_table(probability: np.ndarray) -> np.ndarray:
    """Return the alias tables of rows of probabilities.

    Args:
        probability: shape (..., R), rows sum to 1, R <= 256 [1].

    Returns:
        Threshold (below 2**32) above the 8 bits of the alias, shape (..., C), C the next power of two, uint64.
    """
    rows = np.ascontiguousarray(probability.reshape(-1, probability.shape[-1]))
    columns = 1 << max(1, (rows.shape[1] - 1).bit_length())
    table = np.empty((len(rows), columns), np.uint64)
    _fill(rows, table, 2.0**32 / columns)
    return table.reshape(*probability.shape[:-1], columns)


@njit(inline="always")
def draw(table, row, log_columns, bits):
    """Return the next state from one row of the flattened table.

    Args:
        table: flattened, uint64.
        row: number of the row.
        log_columns: logarithm of the number of columns to base 2, uint64.
        bits: 64 random bits, the upper half is used.
    """
    upper = bits >> np.uint64(32)
    rest = np.uint64(32) - log_columns
    column = upper >> rest
    entry = table[(np.uint64(row) << log_columns) + column]
    inside = (upper & ((_ONE << rest) - _ONE)) < (entry >> ALIAS_BITS)
    return np.int8(column) if inside else np.int8(entry & ALIAS_MASK)


@compiled()
def _fill(probability, table, unit):
    """Build the tables; `unit` is the threshold that stands for a whole column."""
    n, size = probability.shape
    columns = table.shape[1]
    share = np.empty(columns)
    small, large = np.empty(columns, np.int64), np.empty(columns, np.int64)
    for row in range(n):
        few = many = 0
        for j in range(columns):
            share[j] = probability[row, j] * columns if j < size else 0.0
            if share[j] < 1.0:
                small[few] = j
                few += 1
            else:
                large[many] = j
                many += 1
            table[row, j] = (np.uint64(unit) << ALIAS_BITS) | np.uint64(j)
        while few > 0 and many > 0:
            few -= 1
            low, high = small[few], large[many - 1]
            threshold = np.uint64(np.int64(np.round(share[low] * unit)))
            table[row, low] = (threshold << ALIAS_BITS) | np.uint64(high)
            share[high] -= 1.0 - share[low]
            if share[high] < 1.0:
                many -= 1
                small[few] = high
                few += 1
