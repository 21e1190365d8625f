"""Matrix products by BLAS whose results do not depend on the number of threads.

A BLAS library cuts a product among its threads, and the cut changes the order of the sums. Here the cut is fixed: rows
go in blocks of one size, each block is one call of BLAS on one thread, and the blocks share a pool of threads. The
same numbers come out for any number of threads, on processors of one kind with one build of the library; another
kind or build may round differently.
"""

import numpy as np

from dwcore.numerics.threads import for_each_block, one_blas_thread

BLOCK_ROWS = 1024
"""Rows of one block."""


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return ``left @ right``.

    Args:
        left: shape (m, k), float32 or float64.
        right: shape (k, n), of the same type.
    """
    rows = left.shape[0]
    if rows <= BLOCK_ROWS:
        with one_blas_thread():
            return left @ right
    out = np.empty((rows, right.shape[1]), np.result_type(left, right))

    def work(block: int) -> None:
        part = slice(block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
        np.matmul(left[part], right, out=out[part])

    for_each_block(work, -(-rows // BLOCK_ROWS))
    return out
