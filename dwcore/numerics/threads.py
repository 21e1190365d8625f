"""Threads: how many, those of arrays and of BLAS, and blocks of work shared among them.

Results do not depend on any of this: what a block computes is its own, and products are cut in one way for any number
of threads (`dwcore.numerics.product`).
"""

import collections
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from threadpoolctl import ThreadpoolController

from dwcore.errors import InputError

MOST_THREADS = 4096
BLOCK_VALUES = 1 << 17
"""Values of one block of a loop over large arrays."""

_lock = threading.Lock()
_depth = 0
_libraries: list[Any] = []
_looked = False
_before: list[int] = []
_pool: ThreadPoolExecutor | None = None
_helpers = 0
_array_threads: int | None = None
_at_work = threading.local()


def thread_count(jobs: int | None = None) -> int:
    """Return the number of threads to use: `jobs`, or that of all processors where it is None [1].

    Raises:
        InputError: no threads, or more than any machine has processors for.
    """
    if jobs is not None and not 1 <= jobs <= MOST_THREADS:
        raise InputError(f"jobs = {jobs} must be >= 1 and <= {MOST_THREADS}")
    return (os.cpu_count() or 1) if jobs is None else jobs


def array_threads() -> int:
    """Return the number of threads that share the blocks of one array of synapses [1].

    That of the innermost ``use_array_threads``, else ``NUMBA_NUM_THREADS``, else all processors. ``get_num_threads``
    of numba would start threads, and by that give PyTorch in the same process another number than it was told.
    """
    import numba

    return _array_threads or numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]


@contextlib.contextmanager
def use_array_threads(jobs: int) -> Iterator[None]:
    """Let up to `jobs` threads share the blocks of arrays of synapses while the block runs."""
    global _array_threads
    before, _array_threads = _array_threads, jobs
    try:
        yield
    finally:
        _array_threads = before


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
    global _looked
    if not _looked:  # takes milliseconds, so it is done once
        _libraries.extend(lib for lib in ThreadpoolController().lib_controllers if lib.user_api == "blas")
        _looked = True
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
    global _pool, _helpers
    outer, outer_helpers = _pool, _helpers
    with one_blas_thread(), ThreadPoolExecutor(jobs - 1, "product") if jobs > 1 else contextlib.nullcontext() as pool:
        _pool, _helpers = pool, jobs - 1
        try:
            yield
        finally:
            _pool, _helpers = outer, outer_helpers


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
            return
        # A block may take 50 us, less than a thread needs to wake up: each thread takes blocks until none is left,
        # this one too, and a thread that has not begun by then is not waited for.
        rest = iter(range(blocks))
        helpers = [_pool.submit(_take, work, rest) for _ in range(min(_helpers, blocks - 1))]
        try:
            _take(work, rest)
        finally:
            collections.deque(rest, maxlen=0)  # after an error nobody begins another block
            waiting = [helper for helper in helpers if not helper.cancel()]
            futures.wait(waiting)
        for helper in waiting:
            helper.result()


def in_parts(work: Callable[[slice], None], count: int, size: int) -> None:
    """Call ``work(slice)`` for runs of a first axis, as ``for_each_block`` does.

    Args:
        work: as of ``for_each_block``.
        count: length of the axis [1].
        size: values of one of its items, which decides how many go together [1].
    """
    length = max(1, BLOCK_VALUES // max(1, size))
    for_each_block(lambda block: work(slice(block * length, (block + 1) * length)), -(-count // length))


def _take(work: Callable[[int], None], rest: Iterator[int]) -> None:
    _at_work.inside = True
    try:
        for block in rest:
            work(block)
    finally:
        _at_work.inside = False
