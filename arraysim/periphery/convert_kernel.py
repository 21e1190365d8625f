"""Bits out of inputs, codes out of partial sums, and noise: the inner loops of a read through converters."""

import numpy as np

from dwcore.numerics.compiled import compiled
from dwcore.numerics.memory import load_constant, load_lane, store_lane
from dwcore.numerics.noise import normal_pair, step_bits
from dwcore.numerics.vector_width import prefer_wide_vectors

# Adding and taking away 1.5 x 2^23 rounds a float32 to the nearest whole number.
_ROUND = np.float32(12582912.0)
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
# Samples that are summed side by side.
LOSS_LANES = 64


@compiled()
def fill_normals(out, key_1, key_2):
    """Fill ``out``, shape (n,), with standard normals; a pure function of the keys and of the place [1]."""
    for i in range(out.size):
        out[i], _ = normal_pair(step_bits(key_1, key_2, np.uint64(i)))


@compiled()
def quantize_inputs(vectors, scale, levels, out):
    """Round inputs to whole levels.

    Args:
        vectors: shape (n, rows), float32 [1].
        scale: full scale of each vector, > 0, shape (n,), float32 [1].
        levels: at full scale, or 0 for none [1].
        out: output, shape (n, rows), float32: levels, or shares of the full scale where there are none.
    """
    for i in range(vectors.shape[0]):
        top = np.float32(levels) if levels > 0 else _ONE
        factor = top / scale[i]
        for j in range(vectors.shape[1]):
            x = vectors[i, j] * factor
            x = -top if x < -top else x
            x = top if x > top else x
            out[i, j] = (x + _ROUND) - _ROUND if levels > 0 else x


@compiled(fastmath={"nnan", "nsz"})
def fill_scales(vectors, least, scale):
    """Fill ``scale``, shape (n,), with the largest magnitude of each vector, shape (n, rows), or ``least``."""
    for i in range(vectors.shape[0]):
        largest = least
        for j in range(vectors.shape[1]):
            x = abs(vectors[i, j])
            largest = x if x > largest else largest
        scale[i] = largest


@compiled()
def fill_planes(levels, first, last, planes):
    """Split the magnitudes of some inputs into bits; each bit keeps the sign of its input.

    Args:
        levels: whole numbers, shape (n, rows), float32.
        first: first row.
        last: row after the last.
        planes: output, lowest bit first, shape (bits, n, last - first), float32, -1, 0 or 1.
    """
    bits, n, rows = planes.shape
    for i in range(n):
        source = levels[i, first:last]
        for b in range(bits):
            target, shift = planes[b, i], np.int32(b)
            for j in range(rows):
                x = np.int32(source[j])
                sign = x >> np.int32(31)  # 0 or -1; (x ^ sign) - sign is the magnitude, and gives the sign back
                bit = (((x ^ sign) - sign) >> shift) & np.int32(1)
                target[j] = np.float32((bit ^ sign) - sign)


@compiled()
def convert_add(sums, significance, factor, gain, offset, low, high, out):
    """Convert partial sums and add them up, digitally.

    Args:
        sums: shape (bits, n, lines) or more along each axis, float32.
        significance: of each bit, shape (bits,), float32 [1].
        factor: what a code of full significance counts for each vector, shape (n,), float32.
        gain: steps per sum of each line, shape (lines,), float32.
        offset: of each line, in steps, shape (lines,), float32.
        low: lowest code, float32.
        high: highest code, float32.
        out: added to, shape (n, lines), float32.
    """
    prefer_wide_vectors()
    bits, (n, lines) = significance.size, out.shape
    total = np.empty(lines, np.float32)
    for i in range(n):
        total[:] = _ZERO
        for b in range(bits):
            weight = significance[b]
            for j in range(lines):
                x = sums[b, i, j] * gain[j] + offset[j]
                x = low if x < low else x
                x = high if x > high else x
                total[j] += weight * ((x + _ROUND) - _ROUND)
        for j in range(lines):
            out[i, j] += factor[i] * total[j]


@compiled()
def convert_add_nonlinear(sums, significance, factor, gain, offset, low, high, table, place, reach, out):
    """Do as `convert_add` with converters of any thresholds: count those not above the input.

    Args:
        sums: shape (bits, n, lines) or more along each axis, float32.
        significance: of each bit, shape (bits,), float32 [1].
        factor: what a code of full significance counts for each vector, shape (n,), float32.
        gain: steps per sum of each line, shape (lines,), float32.
        offset: of each line, in steps, shape (lines,), float32.
        low: lowest code, float32.
        high: highest code, float32.
        table: thresholds of all converters, ascending, in steps, with ``reach`` times -inf before and +inf after those
            of each, float32.
        place: of the first entry of the converter of each line in the table, shape (lines,), int32.
        reach: every threshold lies less than so many steps, less half a step, from where it should be.
        out: added to, shape (n, lines), float32.
    """
    prefer_wide_vectors()
    bits, (n, lines) = significance.size, out.shape
    inputs, code = np.empty(lines, np.float32), np.empty(lines, np.float32)
    total = np.empty(lines, np.float32)
    entry = np.empty(lines, np.int32)
    for i in range(n):
        total[:] = _ZERO
        for b in range(bits):
            for j in range(lines):
                x = sums[b, i, j] * gain[j] + offset[j]
                inputs[j] = x
                x = low if x < low else x
                x = high if x > high else x
                nearest = ((x + _ROUND) - _ROUND) - low
                entry[j] = place[j] + np.int32(nearest)
                code[j] = nearest + (low - np.float32(reach))
            for step in range(2 * reach):
                for line in range(lines):
                    j = np.uint64(line)
                    threshold = load_constant(table, np.uint64(load_lane(entry, j) + step))
                    fired = _ONE if threshold <= load_lane(inputs, j) else _ZERO
                    store_lane(code, j, load_lane(code, j) + fired)
            for j in range(lines):
                total[j] += significance[b] * code[j]
        for j in range(lines):
            out[i, j] += factor[i] * total[j]


@compiled()
def add_noise(sums, variance, floor, key_1, key_2, start, stride):
    """Add Gaussian noise to partial sums; a pure function of the keys and of what is read.

    Args:
        sums: changed, shape (bits, n, lines), float32.
        variance: of each, or of shape (0, 0, 0) for none, float32.
        floor: variance of all besides.
        key_1: first key of this read, uint64.
        key_2: second key, uint64.
        start: counter of the first vector, int64.
        stride: counters from vector to vector, int64.
    """
    bits, n, lines = sums.shape
    for b in range(bits):
        for i in range(n):
            here = start + i * stride + b * lines
            for j in range(0, lines, 2):
                one, two = normal_pair(step_bits(key_1, key_2, np.uint64(here + j)))
                spread = floor + (variance[b, i, j] if variance.size else _ZERO)
                sums[b, i, j] += np.float32(np.sqrt(spread) * one)
                if j + 1 < lines:
                    spread = floor + (variance[b, i, j + 1] if variance.size else _ZERO)
                    sums[b, i, j + 1] += np.float32(np.sqrt(spread) * two)


@compiled()
def conversion_loss(sums, significance, step, low, high):
    """Return the square error of converting partial sums with one step, weighed by the square of their significance.

    Args:
        sums: shape (bits, samples), float32; samples in whole groups of LOSS_LANES, filled up with zeros.
        significance: shape (bits,), float32 [1].
        step: of the converter, float32.
        low: lowest code, float32.
        high: highest code, float32.
    """
    total = 0.0
    lanes = np.empty(LOSS_LANES, np.float32)
    inverse = _ONE / step
    for b in range(sums.shape[0]):
        lanes[:] = _ZERO
        for first in range(0, sums.shape[1], LOSS_LANES):
            part = sums[b, first : first + LOSS_LANES]
            for lane in range(LOSS_LANES):
                x = part[lane] * inverse
                code = low if x < low else x
                code = high if code > high else code
                error = x - ((code + _ROUND) - _ROUND)
                lanes[lane] += error * error
        total += lanes.sum() * (significance[b] * step) ** 2
    return total
