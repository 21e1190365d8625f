"""Work on long arrays in blocks, on as many threads as the user allows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba

BLOCK = 1 << 18  # synapses: one block's states and pulses fit a second-level cache


def in_blocks(n: int, work: Callable[[slice], Any]) -> list:
    """Call `work` for consecutive parts of 0 to n and return what it returns, in order.

    The kernels release the interpreter's lock; what a block does must not depend on another. The number of threads
    is that of numba (``NUMBA_NUM_THREADS``, ``numba.set_num_threads``).
    """
    parts = [slice(first, min(first + BLOCK, n)) for first in range(0, n, BLOCK)]
    threads = min(numba.get_num_threads(), len(parts))
    if threads <= 1:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, parts))
