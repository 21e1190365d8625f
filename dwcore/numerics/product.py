"""Matrix products by BLAS whose results do not depend on the number of threads.

A BLAS library cuts a product among its threads, and the cut changes the order of the sums. Here the cut is fixed: rows
go in blocks of one size, each block is one call of BLAS on one thread, and the blocks share a pool of threads. The
same numbers come out for any number of threads, on processors of one kind with one build of the library; another
kind or build may round differently.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import ThreadpoolController

BLOCK_ROWS = 1024
"""Rows of one block."""

_lock = threading.Lock()
_depth = 0
_libraries: list | None = None
_before: list[int] = []
_pool: ThreadPoolExecutor | None = None
_at_work = threading.local()


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold the BLAS libraries of this process to one thread each while the block runs; blocks may be nested."""
    global _depth
    with _lock:
        if _depth == 0:
            _limit()
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                for library, threads in zip(_libraries, _before, strict=True):
                    library.set_num_threads(threads)


def _limit() -> None:
    global _libraries
    if _libraries is None:  # takes milliseconds, so it is done once
        _libraries = [lib for lib in ThreadpoolController().lib_controllers if lib.user_api == "blas"]
    _before[:] = [library.get_num_threads() for library in _libraries]
    for library, threads in zip(_libraries, _before, strict=True):
        if threads != 1:
            library.set_num_threads(1)


@contextlib.contextmanager
def workers(jobs: int) -> Iterator[None]:
    """Share the blocks of all products of this process among threads while the block runs.

    Args:
        jobs: number of threads [1].
    """
    global _pool
    outer = _pool
    with one_blas_thread(), ThreadPoolExecutor(jobs, "product") if jobs > 1 else contextlib.nullcontext() as pool:
        _pool = pool
        try:
            yield
        finally:
            _pool = outer


def for_each_block(work: Callable[[int], None], blocks: int) -> None:
    """Call ``work(block)`` for every block, on the threads of ``workers`` if there are any.

    Args:
        work: may run in any order and at the same time as others, so each block writes to its own place.
        blocks: number of blocks [1].
    """
    with one_blas_thread():
        # A block that has blocks of its own must not wait for threads that wait for it.
        if _pool is None or blocks == 1 or getattr(_at_work, "inside", False):
            for block in range(blocks):
                work(block)
        else:
            list(_pool.map(lambda block: _inside(work, block), range(blocks)))


def _inside(work: Callable[[int], None], block: int) -> None:
    _at_work.inside = True
    work(block)


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
