"""Jitted arithmetic of pulse trains on rows and columns: who fires when, and where two pulses meet.

A line fires in each cycle of a train with the same probability, so that a train is a word of bits; its draws are a
function of (keys, sample, line).
"""

import numpy as np

from dwcore.numerics.compiled import compiled
from dwcore.numerics.noise import step_bits

_U32 = np.uint64(32)
_LOW_32 = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
MOST_CYCLES = 64
MOST_LINES = 1 << 19  # of the counter: 5 bits for the pairs of cycles, 19 for the line, 40 for the sample


@compiled()
def _train(chance, cycles, counter, key_1, key_2):
    """Return the bits of one train: bit s is set if the line fires in cycle s."""
    threshold = np.uint64(np.int64(min(1.0, chance) * 4294967296.0 + 0.5))
    word = np.uint64(0)
    for pair in range((cycles + 1) // 2):
        bits = step_bits(key_1, key_2, counter + np.uint64(pair))
        if (bits >> _U32) < threshold:
            word |= _ONE << np.uint64(2 * pair)
        if (bits & _LOW_32) < threshold and 2 * pair + 1 < cycles:
            word |= _ONE << np.uint64(2 * pair + 1)
    return word


@compiled()
def draw_trains(signal, gain, cycles, first, key_1, key_2, line, train, length):
    """Draw the trains of all lines of one side and list those that fire at all.

    Args:
        signal: of each line, shape (n, lines), float32 [1].
        gain: chance to fire in a cycle per signal of each sample, shape (n,) [1].
        cycles: length of a train, 1 to 64 [1].
        first: number of the first sample since the rule was new.
        key_1: first key of the stream, uint64.
        key_2: second key of the stream, uint64.
        line: output, lines that fire, the sense of their signal as a bit below, shape (n, lines), int32.
        train: output, their trains, shape (n, lines), uint64.
        length: output, how many of them there are, shape (n,), int32.
    """
    for b in range(signal.shape[0]):
        m = 0
        for i in range(signal.shape[1]):
            value = signal[b, i]
            if value == 0.0:
                continue
            counter = (np.uint64(first + b) << np.uint64(24)) | (np.uint64(i) << np.uint64(5))
            word = _train(abs(value) * gain[b], cycles, counter, key_1, key_2)
            if word != 0:
                line[b, m] = 2 * i + (value < 0.0)
                train[b, m] = word
                m += 1
        length[b] = m


@compiled()
def count_meetings(row_train, row_length, column_train, column_length, cycles):
    """Return the number of meetings of row and column pulses, over all samples and cycles."""
    total = 0
    for b in range(row_length.size):
        for s in range(cycles):
            bit = np.uint64(s)
            rows = columns = 0
            for i in range(row_length[b]):
                rows += np.int64((row_train[b, i] >> bit) & _ONE)
            for j in range(column_length[b]):
                columns += np.int64((column_train[b, j] >> bit) & _ONE)
            total += rows * columns
    return total


@compiled()
def list_meetings(
    row, row_train, row_length, column, column_train, column_length, cycles, columns, weight, count, turn
):
    """List the meetings, cycle by cycle: which weight, in which sense, in which cycle.

    Args:
        row: as from ``draw_trains``, likewise its train and length and those of the columns.
        cycles: length of a train [1].
        columns: of the weights [1].
        weight: output, flat indices of the weights, int64.
        count: output, +1 where row and column differ in sense (the weight is to rise), else -1, int8.
        turn: output, number of the cycle, int64.
    """
    m = 0
    for b in range(row_length.size):
        for s in range(cycles):
            bit = np.uint64(s)
            for i in range(row_length[b]):
                if (row_train[b, i] >> bit) & _ONE == 0:
                    continue
                first, sense = np.int64(row[b, i] >> 1) * columns, row[b, i] & 1
                for j in range(column_length[b]):
                    if (column_train[b, j] >> bit) & _ONE:
                        weight[m] = first + (column[b, j] >> 1)
                        count[m] = 1 if sense != column[b, j] & 1 else -1
                        turn[m] = b * cycles + s
                        m += 1
