"""Jitted arithmetic of conductances, computed where they are needed and stored nowhere.

The conductance of a synapse follows from its state, the byte that says how its wall has settled there, and a factor of
its own that is a function of the seed and the synapse:

    G = max(0, level[state] + spread[state] * quantile[settled]) * exp(std_dtod * normal(synapse))
"""

import numpy as np
from numba import njit

from llg.kernels.noise import normal_pair, step_bits


@njit(inline="always")
def conductance(i, state, settled, level, spread, quantile, std_dtod, key_1, key_2):
    """Conductance of one synapse [S].

    Args:
        i: number of the synapse in its array.
        state: its state.
        settled: the byte of its wall.
        level: mean of each state, shape (S+4,), float32 [S].
        spread: standard deviation from cycle to cycle of each state, shape (S+4,), float32 [S].
        quantile: standard normal deviate of each byte, shape (256,), float32 [1].
        std_dtod: standard deviation of the logarithm of the factors [1].
        key_1: first key of the stream of the factors, uint64.
        key_2: second key of the stream of the factors, uint64.
    """
    # A Gaussian tail must not turn a conductance negative.
    value = max(np.float32(0.0), level[state] + spread[state] * quantile[settled])
    if std_dtod > 0.0:
        normal, _ = normal_pair(step_bits(key_1, key_2, np.uint64(i)))
        value *= np.float32(np.exp(std_dtod * normal))
    return value


@njit(cache=True, nogil=True)
def fill_block(out, state, settled, first, level, spread, quantile, std_dtod, key_1, key_2):
    """Conductances of a contiguous block that begins at synapse ``first``, shape (n,), float32 [S]."""
    for i in range(out.size):
        byte = settled[i] if settled.size else 0
        out[i] = conductance(first + i, state[i], byte, level, spread, quantile, std_dtod, key_1, key_2)


@njit(cache=True, nogil=True)
def fill_some(out, synapse, state, settled, level, spread, quantile, std_dtod, key_1, key_2):
    """Conductances of the listed synapses, shape (m,), float32; states and bytes are of the whole array [S]."""
    for j in range(out.size):
        i = synapse[j]
        byte = settled[i] if settled.size else 0
        out[j] = conductance(i, state[i], byte, level, spread, quantile, std_dtod, key_1, key_2)
