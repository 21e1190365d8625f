"""Jitted arithmetic of weights made of one pair of devices: the same pulses as `weight_kernel` sends, three times as fast.

Weights of one cycle are all different, so some of them are taken together, step by step: read both devices, choose a
side, send the pulse, and read the device again. No step has a branch that chance decides, and within a step nothing
waits for anything else. Indices are unsigned, for those of arrays are then not looked at for being negative.
"""

import numpy as np

from arraysim.synapses.alias_table import draw
from arraysim.synapses.update_kernel import counter
from dwcore.numerics.compiled import compiled
from dwcore.numerics.noise import step_bits

LEAST_SHARE = np.float32(1 / 32)
"""Chance of the side that seems to have no room."""
TOGETHER = 128
"""Weights that are taken together."""
_MOST_SHARE = np.float32(1 - 1 / 32)
_NONE, _TINY = np.float32(0.0), np.float32(1e-30)
_U1, _U11, _BYTE = np.uint64(1), np.uint64(11), np.uint64(0xFF)
_ONE = np.uint32(1)


@compiled(error_model="numpy")
def _choose(weight, count, event, n, window, keys, choice_keys, g, synapse, bits):
    """Say which device of each weight gets the pulse, and draw the bits that decide what it does."""
    low, high, least = window
    for k in range(weight.size):
        w = np.uint64(weight[k])
        chosen = step_bits(choice_keys[0], choice_keys[1], counter(event, w))
        up = count[k] > 0
        sense = np.float32(1.0) if up else np.float32(-1.0)
        first = max((high if up else -low) - sense * g[0, k], _NONE)
        second = max((-low if up else high) + sense * g[1, k], _NONE)
        room = first + second
        share = min(max(first / max(room, _TINY), LEAST_SHARE), _MOST_SHARE)
        chance = np.float32(np.int64(chosen >> _U11) * 2.0**-53)
        side = np.uint64(chance >= share) if room > least else chosen & _U1
        synapse[k] = w + side * n
        bits[k] = step_bits(keys[0], keys[1], counter(event, synapse[k]))


@compiled()
def pulse_pairs(weight, count, turn, event, target):
    """Send pulses to the listed weights; arguments and result as of ``weight_kernel.pulse_weights``.

    The layout has one digit and two sides, whose weights are counted from no other conductance.
    """
    values, planes, devices, sent, instance, reading, writing, keys, choice_keys, layout = target
    state, settled, follow, received, wear = devices
    table, kinds, states, log_columns = writing
    levels, many, own, spread = reading
    factor, scale, window = layout[4], layout[6], layout[7:]
    flat, n = levels.reshape(-1), np.uint64(values.size)
    stride = np.uint64(levels.shape[2])
    stride_instance = stride * np.uint64(levels.shape[1]) * np.uint64(many)
    follow, wear, spread = np.uint64(follow), np.uint64(wear), np.uint64(spread)
    kinds, states = np.uint64(kinds), np.uint64(states)
    g, synapse, bits = np.empty((2, TOGETHER), np.float32), np.empty(TOGETHER, np.uint64), np.empty(TOGETHER, np.uint64)
    j, pulses, lowered = 0, 0, np.uint64(0)
    while j < weight.size:
        m, number = 1, abs(np.int64(count[j]))
        while (
            m < TOGETHER
            and j + m < weight.size
            and number == 1
            and abs(count[j + m]) == 1
            and (turn.size == 0 or turn[j + m] == turn[j])
        ):
            m += 1
        some, senses = weight[j : j + m], count[j : j + m]
        for now in range(number):
            now += event + (turn[j] if turn.size else 0)
            for side in range(2):
                for k in range(m):
                    i = np.uint64(some[k]) + np.uint64(side) * n
                    place = np.uint64(instance[i]) * stride_instance + np.uint64(state[i]) * stride
                    g[side, k] = flat[place + np.uint64(settled[i * follow])] * own[i * spread]
            _choose(some, senses, now, n, window, keys, choice_keys, g, synapse, bits)
            for k in range(m):
                i = synapse[k]
                side = np.uint64(i >= n)
                kind = np.uint64(senses[k] > 0) ^ (_U1 - side)  # raising the weight lowers G-
                device = np.uint64(instance[i])
                new = draw(table, (device * kinds + kind) * states + np.uint64(state[i]), log_columns, bits[k])
                state[i] = new
                byte = (bits[k] & _BYTE) * follow
                settled[i * follow] = byte
                received[i * wear] += _ONE
                lowered += kind
                g[side, k] = flat[device * stride_instance + np.uint64(new) * stride + byte] * own[i * spread]
            for k in range(m):
                values[np.uint64(some[k])] = scale * (factor[0] * g[0, k] + factor[1] * g[1, k])
            for k in range(m if planes.size > 1 else 0):
                w = np.uint64(some[k])
                planes[w], planes[w + n] = g[0, k], g[1, k]
        pulses += m * number
        j += m
    sent[0] += pulses - np.int64(lowered)
    sent[1] += np.int64(lowered)
    return 2 * pulses
