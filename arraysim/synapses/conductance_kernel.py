"""Jitted arithmetic of conductances, computed where they are needed and stored nowhere.

The conductance of a synapse follows from its state, the byte that says how its wall has settled there, and a factor of
its own that is a function of the seed and the synapse:

    G = levels[instance, state, settled] * exp(std_dtod * normal(synapse))
"""

import numpy as np
from numba import njit

from dwcore.numerics.compiled import compiled
from dwcore.numerics.noise import normal_pair, step_bits


@compiled()
def device_factor(i, std_dtod, key_1, key_2):
    """Return the factor of one synapse [1]; a function of its own so that arrays without a spread do not pay for it."""
    normal, _ = normal_pair(step_bits(key_1, key_2, np.uint64(i)))
    return np.float32(np.exp(std_dtod * normal))


@njit(forceinline=True)
def conductance(i, instance, state, byte, levels, std_dtod, key_1, key_2):
    """Return the conductance of one synapse [S].

    Args:
        i: number of the synapse in its array.
        instance: its device instance, 0 where all are alike.
        state: its state.
        byte: how its wall has settled, 0 where that is not followed.
        levels: by instance, state and byte, see ``devices.conductance_levels``, float32 [S].
        std_dtod: standard deviation of the logarithm of the factors [1].
        key_1: first key of the stream of the factors, uint64.
        key_2: second key of the stream of the factors, uint64.
    """
    value = levels[instance, state, byte]
    return value * device_factor(i, std_dtod, key_1, key_2) if std_dtod > 0.0 else value


@compiled()
def fill_block(out, state, settled, instance, first, levels, std_dtod, key_1, key_2):
    """Return the conductances of a contiguous block that begins at synapse ``first``, shape (n,), float32 [S]."""
    for i in range(out.size):
        byte = settled[i] if settled.size else np.uint8(0)
        own = instance[i] if len(levels) > 1 else 0
        out[i] = conductance(first + i, own, state[i], byte, levels, std_dtod, key_1, key_2)


@compiled()
def fill_some(out, synapse, state, settled, instance, levels, std_dtod, key_1, key_2):
    """Return conductances of the listed synapses, shape (m,), float32 [S]; other arguments are of the whole array."""
    for j in range(out.size):
        i = synapse[j]
        byte = settled[i] if settled.size else np.uint8(0)
        own = instance[i] if len(levels) > 1 else 0
        out[j] = conductance(i, own, state[i], byte, levels, std_dtod, key_1, key_2)


@compiled()
def fill_factors(out, std_dtod, key_1, key_2):
    """Return the factors of all synapses of an array, shape (n,), float32 [1]."""
    for i in range(out.size):
        out[i] = device_factor(i, std_dtod, key_1, key_2)
