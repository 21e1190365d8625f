"""Lists of synapses and pulses as callers give them, checked and put in the form the kernels take."""

import numpy as np

from arraysim.synapses.update_kernel import find_again
from dwcore.errors import InputError


def checked(name: str, values, end: int, dtype) -> np.ndarray:
    """Return integers 0 to end-1 in the type the kernels take; nothing wraps around.

    Raises:
        InputError: a value is none of them.
    """
    values = np.asarray(values)
    if values.size and (values.dtype.kind not in "iu" or values.min() < 0 or values.max() >= end):
        raise InputError(f"{name} must hold integers from 0 to {end - 1}")
    return values.astype(dtype, copy=False)


def turns(synapse: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Return how often each entry's synapse has been listed before it, or nothing if none is listed twice.

    Args:
        synapse: which synapses, shape (m,), int64.
        state: of the whole array, used for marks and left as it was, shape (n,), int8.
    """
    if np.all(synapse[1:] > synapse[:-1]):
        return np.empty(0, np.int64)
    again = np.empty(synapse.size, np.int64)
    again = again[: find_again(state, synapse, again)]
    if not again.size:
        return again
    turn = np.zeros(synapse.size, np.int64)
    turn[again] = 1 + _occurrence(synapse[again])
    return turn


def _occurrence(listed: np.ndarray) -> np.ndarray:
    """Return how often each entry of a list has been listed before it."""
    order = np.argsort(listed, kind="stable")
    in_order = listed[order]
    first = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1]))
    number = np.empty(listed.size, np.int64)
    number[order] = np.arange(listed.size) - np.repeat(first, np.diff(np.append(first, listed.size)))
    return number
