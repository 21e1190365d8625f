"""Jitted arithmetic of arrays of synapses: next states, conductances, alias tables.

Every draw is a pure function of (stream keys, synapse, number of pulses the synapse has received), so results do
not depend on threads, blocks or the order of synapses. A synapse counts its pulses, and the pair (synapse, count)
is the counter of ``llg.kernels.noise.step_bits``.

The next state is drawn by the alias method (A. J. Walker, ACM Trans. Math. Softw. 3, 253 (1977); tables built as
M. D. Vose, IEEE Trans. Softw. Eng. 17, 972 (1991)): one look-up whatever the number of states. Half of the 64 bits
chooses the column, half the side of its threshold, so probabilities are exact to 2**-32.
"""

import numpy as np
from numba import njit

from llg.kernels.noise import normal_pair, step_bits

_ALIAS_BITS = np.uint64(8)
_ALIAS_MASK = np.uint64(0xFF)
_LOW_32 = np.uint64(0xFFFFFFFF)
_U32 = np.uint64(32)
_ONE = np.uint32(1)


@njit(inline="always")
def counter(synapse, event):
    """Counter of one event of one synapse, both below 2**32."""
    return (np.uint64(synapse) << _U32) | np.uint64(event)


@njit(inline="always")
def _draw(table, row, states, bits):
    """Next state from one row of the flattened alias table."""
    column = ((bits >> _U32) * np.uint64(states)) >> _U32
    entry = table[row * states + np.int64(column)]
    inside = (bits & _LOW_32) < (entry >> _ALIAS_BITS)
    return np.int8(column) if inside else np.int8(entry & _ALIAS_MASK)


@njit(cache=True, nogil=True)
def pulse_all(state, pulses_received, pulses_sent, instance, pulse, first, table, key_1, key_2):
    """Send one pulse to every synapse of a contiguous block, in place.

    Args:
        state: shape (n,), int8.
        pulses_received: by each synapse, shape (n,), uint32.
        pulses_sent: of each kind, shape (P,), int64.
        instance: device instance, shape (n,), uint16.
        pulse: pulse number, shape (n,), uint8.
        first: number of the first synapse of the block in its array.
        table: alias tables, shape (K, P, R, R), uint64, see ``fill_alias``.
        key_1: first key of the stream, uint64.
        key_2: second key of the stream, uint64.
    """
    flat = table.ravel()
    kinds, states = table.shape[1], table.shape[2]
    for i in range(state.size):
        bits = step_bits(key_1, key_2, counter(first + i, pulses_received[i]))
        row = (np.int64(instance[i]) * kinds + pulse[i]) * states + state[i]
        state[i] = _draw(flat, row, states, bits)
        pulses_received[i] += _ONE
        pulses_sent[pulse[i]] += 1


@njit(cache=True, nogil=True)
def pulse_some(state, pulses_received, pulses_sent, instance, synapse, pulse, table, key_1, key_2):
    """Send pulses to the listed synapses, in place; a synapse listed twice gets both pulses in the listed order.

    Args:
        state: of the whole array, shape (n,), int8.
        pulses_received: by each synapse of the whole array, shape (n,), uint32.
        pulses_sent: of each kind, shape (P,), int64.
        instance: of the whole array, shape (n,), uint16.
        synapse: which synapses, shape (m,), int64.
        pulse: pulse number of each, shape (m,), uint8.
        table: as in ``pulse_all``.
        key_1: as in ``pulse_all``.
        key_2: as in ``pulse_all``.
    """
    flat = table.ravel()
    kinds, states = table.shape[1], table.shape[2]
    for j in range(synapse.size):
        i = synapse[j]
        bits = step_bits(key_1, key_2, counter(i, pulses_received[i]))
        row = (np.int64(instance[i]) * kinds + pulse[j]) * states + state[i]
        state[i] = _draw(flat, row, states, bits)
        pulses_received[i] += _ONE
        pulses_sent[pulse[j]] += 1


@njit(cache=True, nogil=True)
def fill_conductance(conductance, synapse, state, pulses_received, level, spread, factor, key_1, key_2):
    """Set the conductance of the listed synapses from their states.

    The cycle-to-cycle deviation is drawn anew with every pulse a synapse receives: the wall settles again.

    Args:
        conductance: of the whole array, shape (n,) [S].
        synapse: which synapses, shape (m,), int64.
        state: of the whole array, shape (n,), int8.
        pulses_received: of the whole array, shape (n,), uint32.
        level: mean conductance of each state, shape (R,) [S].
        spread: standard deviation from cycle to cycle of each state, shape (R,) [S].
        factor: device-to-device factor of the whole array, shape (n,) [1].
        key_1: first key of the stream, uint64.
        key_2: second key of the stream, uint64.
    """
    for j in range(synapse.size):
        i = synapse[j]
        s = state[i]
        value = level[s]
        if spread[s] > 0.0:
            normal, _ = normal_pair(step_bits(key_1, key_2, counter(i, pulses_received[i])))
            # A Gaussian tail must not turn a conductance negative.
            value = max(0.0, value + spread[s] * normal)
        conductance[i] = value * factor[i]


@njit(cache=True, nogil=True)
def fill_normals(out, key_1, key_2):
    """Fill ``out``, shape (n,), with standard normals, one per synapse [1]."""
    for i in range(out.size):
        out[i], _ = normal_pair(step_bits(key_1, key_2, np.uint64(i)))


@njit(cache=True, nogil=True)
def fill_alias(probability, table):
    """Build alias tables: entry = threshold (33 bits) above the 8 bits of the alias.

    Args:
        probability: shape (n, R), rows sum to 1, R < 256 [1].
        table: output, shape (n, R), uint64.
    """
    n, size = probability.shape
    share = np.empty(size)
    small, large = np.empty(size, np.int64), np.empty(size, np.int64)
    for row in range(n):
        few = many = 0
        for j in range(size):
            share[j] = probability[row, j] * size
            if share[j] < 1.0:
                small[few] = j
                few += 1
            else:
                large[many] = j
                many += 1
            table[row, j] = (np.uint64(1) << np.uint64(40)) | np.uint64(j)
        while few > 0 and many > 0:
            few -= 1
            low, high = small[few], large[many - 1]
            threshold = np.uint64(np.int64(np.round(share[low] * 4294967296.0)))
            table[row, low] = (threshold << _ALIAS_BITS) | np.uint64(high)
            share[high] -= 1.0 - share[low]
            if share[high] < 1.0:
                many -= 1
                small[few] = high
                few += 1
