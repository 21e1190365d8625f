"""Jitted arithmetic of weights made of several devices: which device a pulse goes to, and the weight that results.

A weight has D digits of significance, the first the least, each with one or two sides (G+ and G-). Device (digit, side)
of weight w is synapse (digit * sides + side) * weights + w of the array.

A pulse goes to the least significant digit that has room in its sense, there to a side drawn in proportion to its room.
If that is digit d > 0, the digits below step back `ratio - 1` times each, so that the whole step is again that of the
first digit. Room is what the two conductances that were read leave to the nominal window. A device may seem to have
room where it has none (its wall is lost, or its window is smaller) and the other none where it has (its window lies
elsewhere), so no side and no digit is ever left out: one pulse in 32 goes to the side without room, one in 32 to the
next digit. If nobody seems to have any room, the first digit is pulsed, either side alike. Weights of one pair have a
kernel of their own, `pair_kernel`.
"""

import numpy as np
from numba import njit

from arraysim.synapses.alias_table import draw
from arraysim.synapses.pair_kernel import LEAST_SHARE, pulse_pairs
from arraysim.synapses.update_kernel import counter
from dwcore.numerics.compiled import compiled
from dwcore.numerics.memory import prefetch
from dwcore.numerics.noise import step_bits

_NONE = np.float32(0.0)
_LEAST_ODDS = np.uint64(31)
ODDS_IN_BITS = 12
"""Digits whose odds come from bits of their own among 64; further ones share them."""
_U11 = np.uint64(11)
_BYTE = np.uint64(0xFF)
_ONE = np.uint32(1)
_AHEAD = 64  # weights whose devices are asked for together: few enough that none leaves the first cache before its use


# What is not followed has an array of one element and a stride of zero. A branch instead costs several times as much:
# numba then counts references to the arrays at every call.


@njit(forceinline=True)
def _pulse(i, kind, event, devices, instance, writing, keys):
    """Send one pulse to one synapse."""
    state, settled, follow, received, wear = devices
    table, kinds, states, log_columns = writing
    key_1, key_2 = keys
    bits = step_bits(key_1, key_2, counter(event, i))
    row = (np.int64(instance[i]) * kinds + kind) * states + state[i]
    state[i] = draw(table, row, log_columns, bits)
    settled[i * follow] = np.int64(bits & _BYTE) * follow
    received[i * wear] += _ONE


@njit(forceinline=True)
def _read(i, devices, instance, reading):
    """Return the conductance of one synapse."""
    state, settled, follow, _, _ = devices
    levels, many, own, spread = reading
    return levels[np.int64(instance[i]) * many, state[i], settled[i * follow]] * own[i * spread]


@njit(forceinline=True)
def _weight(w, n, planes, keep, factor, base, devices, instance, reading):
    """Return the conductance a weight stands for; summed here alone, so that it is the same to the last bit."""
    total = -base
    for plane in range(factor.size):
        i = plane * n + w
        g = _read(i, devices, instance, reading)
        planes[i * keep] = g
        total += factor[plane] * g
    return total


@njit(forceinline=True)
def _chosen(w, n, up, bits, layout, devices, instance, reading):
    """Return the digit and the side that a pulse to weight `w` goes to, and how many devices were read to know."""
    digits, sides, _, _, _, _, _, low, high, least = layout
    chance = np.float32(np.int64(bits >> _U11) * 2.0**-53)
    reads = 0
    for digit in range(digits if sides * digits > 1 else 0):
        i = digit * sides * n + w
        g = _read(i, devices, instance, reading)
        first, second = max(_NONE, high - g if up else g - low), _NONE
        if sides == 2:
            g = _read(i + n, devices, instance, reading)
            second = max(_NONE, g - low if up else high - g)
        reads += sides
        passed_over = digits > 1 and (bits >> np.uint64(5 * (digit % ODDS_IN_BITS))) & _LEAST_ODDS == 0
        if first + second > least and not passed_over:
            share = min(max(first / (first + second), LEAST_SHARE), np.float32(1.0) - LEAST_SHARE)
            return digit, 0 if sides == 1 or chance < share else 1, reads
    return 0, np.int64(bits & np.uint64(1)) % sides, reads


@njit(forceinline=True)
def _ask_for(weight, first, values, planes, devices, instance, reading):
    """Have what the next pulses read and write on its way to the cache: the weights lie far apart."""
    state, settled, follow, received, wear = devices
    _, _, own, spread = reading
    for j in range(first, min(first + _AHEAD, weight.size)):
        prefetch(values, weight[j])
        for plane in range(planes):
            i = plane * values.size + weight[j]
            prefetch(state, i)
            prefetch(instance, i)
            prefetch(received, i * wear)
            prefetch(settled, i * follow)
            prefetch(own, i * spread)


@compiled()
def fill_weights(values, planes, devices, instance, reading, layout):
    """Set all weights, and planes where they are kept, from the devices; arguments as in ``pulse_weights``."""
    _, _, _, columns, factor, offset, scale, _, _, _ = layout
    n, keep = values.size, 1 if planes.size > 1 else 0
    for w in range(n):
        base = offset[w // columns]
        values[w] = scale * _weight(w, n, planes, keep, factor, base, devices, instance, reading)


@compiled()
def pulse_weights(weight, count, turn, event, target):
    """Send pulses to the listed weights, in place and in the listed order; return the number of reads.

    Args:
        weight: which weights, shape (m,), int64.
        count: pulses, > 0 to raise the weight, shape (m,), int32 or int8.
        turn: number of the cycle in which the pulses begin, shape (m,), int64, or empty if it is the same for all.
        event: number of the first event.
        target: what is written, ``PulsedWeights.target()``, a tuple of
            values: of all weights, shape (n,), float32 [1];
            planes: conductances, shape (digits * sides * n,), float32, or (1,) if they are not kept [S];
            devices: (state, settled, 1 if that is followed else 0, pulses received, 1 if they are counted else 0);
            sent: pulses of each kind, shape (2,), int64; kind 0 raises a conductance, kind 1 lowers it;
            instance: of the array;
            reading: (levels, 1 if instances differ else 0, factor of each device, 1 if they differ else 0);
            writing: flattened alias tables, kinds of pulses, states and the logarithm of their columns to base 2;
            keys: of the stream that draws next states;
            choice_keys: of the stream that chooses devices;
            layout: (digits, sides, ratio, columns, factor of each plane, offset of each row [S], scale [1/S], low [S],
                high [S], least room of a digit that is not full [S]).
    """
    values, planes, devices, sent, instance, reading, writing, keys, choice_keys, layout = target
    choice_1, choice_2 = choice_keys
    digits, sides, ratio, columns, factor, offset, scale, _, _, _ = layout
    if digits == 1 and sides == 2:
        return pulse_pairs(weight, count, turn, event, target)
    n, reads, raised, lowered = values.size, 0, 0, 0
    keep = 1 if planes.size > 1 else 0
    span = 1 + (digits - 1) * (ratio - 1)
    for j in range(weight.size):
        if j % _AHEAD == 0:
            _ask_for(weight, j, values, factor.size, devices, instance, reading)
        w, up = weight[j], count[j] > 0
        for number in range(abs(count[j])):
            now = event + ((turn[j] if turn.size else 0) + number) * span
            bits = step_bits(choice_1, choice_2, counter(now, w))
            target, side, looked = _chosen(w, n, up, bits, layout, devices, instance, reading)
            reads += looked
            # Raising the weight lowers G-. The digits below step back, both sides in turn.
            for step in range(1 + target * (ratio - 1)):
                digit = target if step == 0 else (step - 1) // (ratio - 1)
                if step > 0:
                    side = (step + np.int64(bits & np.uint64(1))) % sides
                kind = 0 if (up == (step == 0)) == (side == 0) else 1
                raised += 1 - kind
                lowered += kind
                i = (digit * sides + side) * n + w
                _pulse(i, kind, now + step, devices, instance, writing, keys)
        values[w] = scale * _weight(w, n, planes, keep, factor, offset[w // columns], devices, instance, reading)
    sent[0] += raised
    sent[1] += lowered
    return reads
