"""Jitted arithmetic of digital accumulators: add the wanted change, send steps, keep the rest, in one pass.

Rows that no input drove and that have nothing to send are not touched, so sparse inputs (four of five pixels of a digit
are black) cost little.
"""

import numpy as np
from numba import njit

from arraysim.synapses.weight_kernel import pulse_weights
from dwcore.numerics.compiled import compiled

_BLOCK = 32
"""Accumulators that are looked at together: fewer break up vectors, more are searched one by one for nothing."""


@njit(inline="always")
def _send(accumulator, first, last, columns, memory, m):
    """Take one step off each accumulator of a range that is at the threshold, and list the pulses that make them.

    Returns the new length of the list; ``waiting`` of ``memory`` says in which rows more than one pulse was due.
    """
    _, waiting, step, threshold, weight, count = memory
    for i in range(first, last):
        if abs(accumulator[i]) >= threshold:
            number = 1 if accumulator[i] > 0 else -1
            accumulator[i] -= np.float32(number) * step
            waiting[i // columns] |= abs(accumulator[i]) >= threshold
            weight[m], count[m] = i, number
            m += 1
    return m


@compiled()
def accumulate_signals(memory, inputs, errors, rate):
    """Add -rate times the outer products of inputs and errors; return the number of weights that get pulses.

    Args:
        memory: what the rule keeps, a tuple of
            accumulator: shape (rows, columns), float32 [1];
            waiting: which rows have more to send, shape (rows,), bool;
            step: mean weight change by a pulse, float32 [1];
            threshold: of the accumulator at which a pulse is sent, above half a step and at most one, float32 [1];
            weight: output, which weights get pulses, int64, at least as long as there are weights;
            count: output, 1 to raise the weight and -1 to lower it, int8, likewise.
        inputs: shape (n, rows), float32 [1].
        errors: shape (n, columns), float32 [1].
        rate: learning rate, float32 [1].
    """
    accumulator, waiting, _, threshold, _, _ = memory
    m, columns, flat = 0, errors.shape[1], accumulator.reshape(-1)
    for r in range(accumulator.shape[0]):
        row = accumulator[r]
        touched = waiting[r]
        for b in range(inputs.shape[0]):
            drive = -rate * inputs[b, r]
            if drive != 0.0:
                touched = True
                error = errors[b]
                for c in range(columns):
                    row[c] += drive * error[c]
        waiting[r] = False
        hits = 0
        for c in range(columns if touched else 0):
            hits += abs(row[c]) >= threshold
        if hits > 0:
            m = _send(flat, r * columns, (r + 1) * columns, columns, memory, m)
    return m


@compiled()
def accumulate_gradient(memory, gradient, rate):
    """Add -rate times the gradient, shape (rows, columns), float32; otherwise as ``accumulate_signals``."""
    accumulator, waiting, _, threshold, _, _ = memory
    waiting[:] = False
    flat, slope, columns = accumulator.reshape(-1), gradient.reshape(-1), gradient.shape[1]
    m, whole = 0, flat.size // _BLOCK * _BLOCK
    for first in range(0, whole, _BLOCK):
        due = False
        for j in range(_BLOCK):
            value = flat[first + j] - rate * slope[first + j]
            flat[first + j] = value
            due |= abs(value) >= threshold
        if due:
            m = _send(flat, first, first + _BLOCK, columns, memory, m)
    for i in range(whole, flat.size):
        flat[i] -= rate * slope[i]
    return _send(flat, whole, flat.size, columns, memory, m)


@compiled()
def write_gradient(memory, gradient, rate, event, target):
    """Add as ``accumulate_gradient`` does, and send the pulses; return the number of weights they go to, and of reads.

    Args:
        memory: as of ``accumulate_signals``.
        gradient: shape (rows, columns), float32 [1].
        rate: learning rate, float32 [1].
        event: number of the event of the array of the weights.
        target: what is written, as ``pulse_weights`` takes it.
    """
    m = accumulate_gradient(memory, gradient, rate)
    return m, pulse_weights(memory[4][:m], memory[5][:m], np.empty(0, np.int64), event, target)
