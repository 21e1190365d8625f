"""Jitted arithmetic of pulses: next states of a block of synapses or of a list of them.

Every draw is a pure function of (stream keys, event, synapse), where the events of an array are the pulses sent to it
one after another; so results do not depend on threads, blocks or the order in which synapses are listed, and no counter
per synapse is needed. The pair (event, synapse) is the counter of ``dwcore.numerics.noise.step_bits``; the upper half
of its 64 bits draws the next state, the lowest byte how the wall settles there.
"""

import numpy as np
from numba import njit

from arraysim.synapses.alias_table import draw
from dwcore.numerics.compiled import compiled
from dwcore.numerics.noise import step_bits

_U32 = np.uint64(32)
_BYTE = np.uint64(0xFF)
_ONE = np.uint32(1)


@njit(inline="always")
def counter(event, synapse):
    """Return the counter of one event of one synapse, both below 2**32."""
    return (np.uint64(event) << _U32) | np.uint64(synapse)


@compiled()
def pulse_block(
    state, settled, received, sent, instance, pulse, first, table, kinds, states, log_columns, event, key_1, key_2
):
    """Send one pulse to every synapse of a contiguous block, in place.

    Args:
        state: shape (n,), int8.
        settled: how each wall has settled, shape (n,), uint8, or empty if that is not followed.
        received: pulses by each synapse, shape (n,), uint32, or empty if they are not counted.
        sent: pulses of each kind, shape (P,), int64.
        instance: device instance, shape (n,), uint8 or uint16.
        pulse: pulse number, shape (n,) or, for all the same, (1,), uint8.
        first: number of the first synapse of the block in its array.
        table: alias tables of shape (K+1, P, S+4, C), flattened, uint64.
        kinds: P.
        states: S+4.
        log_columns: logarithm of C to base 2, uint64.
        event: number of the event.
        key_1: first key of the stream, uint64.
        key_2: second key of the stream, uint64.
    """
    stride = 1 if pulse.size == state.size else 0
    base = counter(event, first)
    follow, count = settled.size > 0, received.size > 0
    for i in range(state.size):
        bits = step_bits(key_1, key_2, base + np.uint64(i))
        row = (np.int64(instance[i]) * kinds + pulse[i * stride]) * states + state[i]
        state[i] = draw(table, row, log_columns, bits)
        if follow:
            settled[i] = bits & _BYTE
        if count:
            received[i] += _ONE
    for kind in range(kinds):
        number = 0
        for i in range(pulse.size):
            number += pulse[i] == kind
        sent[kind] += number if stride else number * state.size


@compiled()
def pulse_some(
    state,
    settled,
    received,
    sent,
    instance,
    synapse,
    pulse,
    turn,
    table,
    kinds,
    states,
    log_columns,
    event,
    key_1,
    key_2,
):
    """Send pulses to the listed synapses, in place and in the listed order.

    Args:
        state: of the whole array, shape (n,), int8.
        settled: as in ``pulse_block``, of the whole array.
        received: as in ``pulse_block``, of the whole array.
        sent: as in ``pulse_block``.
        instance: of the whole array, shape (n,), uint8 or uint16.
        synapse: which synapses, shape (m,), int64.
        pulse: pulse number of each, shape (m,) or, for all the same, (1,), uint8.
        turn: how often its synapse has been listed before, shape (m,), int64, or empty if none is listed twice.
        table: as in ``pulse_block``.
        kinds: as in ``pulse_block``.
        states: as in ``pulse_block``.
        log_columns: as in ``pulse_block``.
        event: number of the event of turn zero, later turns follow it.
        key_1: as in ``pulse_block``.
        key_2: as in ``pulse_block``.
    """
    stride = 1 if pulse.size == synapse.size else 0
    for j in range(synapse.size):
        i, kind = synapse[j], pulse[j * stride]
        bits = step_bits(key_1, key_2, counter(event + turn[j] if turn.size else event, i))
        row = (np.int64(instance[i]) * kinds + kind) * states + state[i]
        state[i] = draw(table, row, log_columns, bits)
        sent[kind] += 1
        if settled.size:
            settled[i] = bits & _BYTE
        if received.size:
            received[i] += _ONE


@compiled()
def fill_bytes(out, first, key_1, key_2):
    """Fill ``out``, shape (n,), uint8, with one random byte per synapse."""
    for i in range(out.size):
        out[i] = step_bits(key_1, key_2, np.uint64(first + i)) & _BYTE


@compiled()
def find_again(state, synapse, again):
    """List the entries whose synapse has been listed before; states are >= 0 and come back as they were.

    Args:
        state: of the whole array, shape (n,), int8.
        synapse: which synapses, shape (m,), int64.
        again: output, numbers of the entries, shape (m,), int64.

    Returns:
        Their number.
    """
    m = 0
    for j in range(synapse.size):
        if state[synapse[j]] < 0:
            again[m] = j
            m += 1
        else:
            state[synapse[j]] = ~state[synapse[j]]
    for j in range(synapse.size):
        if state[synapse[j]] < 0:
            state[synapse[j]] = ~state[synapse[j]]
    return m
