"""Jitted arithmetic of weights made of several devices: which device a pulse goes to, and the weight that results.

A weight has D digits of significance, the first the least, each with one or two sides (G+ and G-). Device (digit, side)
of weight w is synapse (digit * sides + side) * weights + w of the array.

A pulse goes to the least significant digit that has room in its sense, there to a side drawn in proportion to its room:
drawing rather than taking the larger room lets a weight work around a device that does not move any more. If that is
digit d > 0, the digits below step back `ratio - 1` times each, so that the whole step is again that of the first digit.
Room is what the two conductances that were read leave to the nominal window; if nobody has any, e.g. as the devices lie
outside it, the first digit is pulsed, either side alike.
"""

import numpy as np
from numba import njit

from arraysim.synapses.alias_table import draw
from arraysim.synapses.conductance_kernel import conductance
from arraysim.synapses.update_kernel import counter
from llg.kernels.noise import step_bits

_U11 = np.uint64(11)
_BYTE = np.uint64(0xFF)
_ONE = np.uint32(1)


@njit(inline="always")
def _conductance(i, devices, reading):
    state, settled, _ = devices
    level, spread, quantile, std_dtod, key_1, key_2 = reading
    return conductance(
        i, state[i], settled[i] if settled.size else 0, level, spread, quantile, std_dtod, key_1, key_2
    )


@njit(inline="always")
def _pulse(i, kind, event, devices, sent, instance, writing, keys):
    """Send one pulse to one synapse."""
    state, settled, received = devices
    table, log_columns = writing
    bits = step_bits(keys[0], keys[1], counter(event, i))
    row = (np.int64(instance[i]) * table.shape[1] + kind) * table.shape[2] + state[i]
    state[i] = draw(table.ravel(), row, log_columns, bits)
    sent[kind] += 1
    if settled.size:
        settled[i] = bits & _BYTE
    if received.size:
        received[i] += _ONE


@njit(inline="always")
def _room(g, raise_it, low, high):
    return max(np.float32(0.0), high - g if raise_it else g - low)


@njit(cache=True, nogil=True)
def pulse_weights(
    values, planes, weight, count, turn, devices, sent, instance, reading, writing, event, write_keys, choice_keys, layout
):
    """Send pulses to the listed weights, in place and in the listed order; return the number of reads.

    Args:
        values: of all weights, shape (n,), float32 [1].
        planes: conductances, shape (digits * sides * n,), float32, or empty if they are not kept [S].
        weight: which weights, shape (m,), int64.
        count: pulses, > 0 to raise the weight, shape (m,), int32.
        turn: pulses its weight has been listed with before, shape (m,), int64, or empty if none is listed twice.
        devices: state, settled, pulses received of the array.
        sent: pulses of each kind, shape (2,), int64; kind 0 raises a conductance, kind 1 lowers it.
        instance: of the array.
        reading: level, spread, quantile, std_dtod and keys of ``conductance_kernel``.
        writing: alias tables and the logarithm of their columns.
        event: number of the first event.
        write_keys: of the stream that draws next states.
        choice_keys: of the stream that chooses devices.
        layout: (digits, sides, ratio, columns, factor of each digit, offset of each row [S], scale [1/S], low [S],
            high [S], least room of a digit that is not full [S]).
    """
    digits, sides, ratio, columns, factor, offset, scale, low, high, least = layout
    n, reads = values.size, 0
    span = 1 + (digits - 1) * (ratio - 1)
    for j in range(weight.size):
        w, up = weight[j], count[j] > 0
        for number in range(abs(count[j])):
            now = event + ((turn[j] if turn.size else 0) + number) * span
            bits = step_bits(choice_keys[0], choice_keys[1], counter(now, w))
            digit, side = 0, 0
            if sides * digits > 1:
                chance = np.float32(np.int64(bits >> _U11) * 2.0**-53)
                found = False
                while not found and digit < digits:
                    first = _room(_conductance(digit * sides * n + w, devices, reading), up, low, high)
                    second = np.float32(0.0)
                    if sides == 2:
                        second = _room(_conductance((digit * 2 + 1) * n + w, devices, reading), not up, low, high)
                    reads += sides
                    found = first + second > (least if digits > 1 else np.float32(0.0))
                    if found:
                        side = 0 if chance * (first + second) < first else 1
                    else:
                        digit += 1
                if not found:
                    digit, side = 0, np.int64(bits & np.uint64(1)) if sides == 2 else 0
            # Raising the weight lowers G-.
            _pulse((digit * sides + side) * n + w, 0 if up == (side == 0) else 1, now, devices, sent, instance, writing, write_keys)
            for lower in range(digit):
                for back in range(ratio - 1):
                    now += 1
                    # Lower digits were found full, so the side that has gone furthest is as likely as the other.
                    side = np.int64(bits >> np.uint64(2 + (lower * (ratio - 1) + back) % 8)) & 1 if sides == 2 else 0
                    _pulse((lower * sides + side) * n + w, 1 if up == (side == 0) else 0, now, devices, sent, instance, writing, write_keys)
        total = -offset[w // columns]
        for digit in range(digits):
            for side in range(sides):
                i = (digit * sides + side) * n + w
                g = _conductance(i, devices, reading)
                if planes.size:
                    planes[i] = g
                total += factor[digit] * g if side == 0 else -factor[digit] * g
        values[w] = scale * total
    return reads
