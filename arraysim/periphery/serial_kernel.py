"""Serial reads in one pass: bits of the inputs times the lines of a tile, converted while the sums are in the cache.

A read of bit b adds up, on each line, the conductances of the rows whose inputs have that bit, with their signs. Here
the rows with an input of zero are left out, and all bits of an input meet a row's weights while these are in registers.
Each sum runs over the rows in their order, one rounding per row: the same as by a product of matrices that does so.
"""

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from arraysim.periphery.convert_kernel import convert_add, convert_add_nonlinear
from dwcore.numerics.compiled import compiled

_WIDE = bool(llvm.get_host_cpu_features().get("avx512f", False))
LANES = 16 if _WIDE else 8
"""Lines of one register."""
BITS = 8 if _WIDE else 4
"""Bits that are added up side by side: with two registers of lines they fill those of the processor."""
PANEL = 2 * LANES
"""Lines whose weights lie side by side in memory, row by row."""
VECTORS = 16
"""Vectors that meet a panel while it is in the cache."""


@intrinsic
def add_rows(typing_context, signs, first, rows, listed, count, panel, start, sums, place, stride):
    """Add up the listed rows of a panel, each times its signs, and write a line of PANEL sums for each of BITS bits.

    Nothing is checked. A product with a sign is exact, so fusing it with the sum changes no bit.

    Args:
        typing_context: of numba.
        signs: -1, 0 or 1 of each entry and bit, shape (entries * BITS,), float32.
        first: place of the first sign, int64.
        rows: of each entry, shape (entries,), int64.
        listed: place of the first row, int64.
        count: number of the entries, int64.
        panel: all panels, contiguous, float32.
        start: of the panel's first row in them, int64.
        sums: output, contiguous, float32.
        place: of the first sum, int64.
        stride: from the sums of a bit to those of the next, int64.
    """

    def codegen(context, builder, signature, arguments):
        data = [
            context.make_array(kind)(context, builder, value=value).data if isinstance(kind, types.Array) else value
            for kind, value in zip(signature.args, arguments, strict=True)
        ]
        _emit(builder, *data)
        return context.get_dummy_value()

    index, real = types.int64, types.Array(types.float32, 1, "C")
    indices = types.Array(index, 1, "C")
    return types.void(real, index, indices, index, index, real, index, real, index, index), codegen


def _emit(builder, signs, first, rows, listed, count, panel, start, sums, place, stride) -> None:
    """Write the loop over the entries, sums in registers."""
    number, lanes = ir.IntType(64), ir.VectorType(ir.FloatType(), LANES)
    whole = lambda value: ir.Constant(number, value)  # noqa: E731

    def lines(pointer, at):
        return builder.bitcast(builder.gep(pointer, [at]), lanes.as_pointer())

    before, loop, after = builder.block, builder.append_basic_block("rows"), builder.append_basic_block("rows.done")
    zero = ir.Constant(lanes, [0.0] * LANES)
    builder.cbranch(builder.icmp_signed(">", count, whole(0)), loop, after)
    builder.position_at_end(loop)
    entry = builder.phi(number)
    total = [[builder.phi(lanes) for _ in range(2)] for _ in range(BITS)]
    at = builder.gep(rows, [builder.add(listed, entry)])
    row = builder.add(start, builder.mul(builder.load(at), whole(PANEL)))
    here = builder.add(first, builder.mul(entry, whole(BITS)))
    weight = [builder.load(lines(panel, builder.add(row, whole(half * LANES))), align=4) for half in range(2)]
    added = []
    for bit in range(BITS):
        sign = builder.load(builder.gep(signs, [builder.add(here, whole(bit))]))
        one = builder.insert_element(ir.Constant(lanes, ir.Undefined), sign, ir.Constant(ir.IntType(32), 0))
        every = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        sign = builder.shuffle_vector(one, one, every)
        added.append(
            [
                builder.fadd(
                    total[bit][half], builder.fmul(weight[half], sign, flags=("contract",)), flags=("contract",)
                )
                for half in range(2)
            ]
        )
    following = builder.add(entry, whole(1))
    entry.add_incoming(whole(0), before)
    entry.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, count), loop, after)
    builder.position_at_end(after)
    for bit in range(BITS):
        for half in range(2):
            total[bit][half].add_incoming(zero, before)
            total[bit][half].add_incoming(added[bit][half], loop)
            found = builder.phi(lanes)
            found.add_incoming(zero, before)
            found.add_incoming(added[bit][half], loop)
            added[bit][half] = found
    for bit in range(BITS):
        for half in range(2):
            at = builder.add(builder.add(place, builder.mul(stride, whole(bit))), whole(half * LANES))
            builder.store(added[bit][half], lines(sums, at), align=4)


@intrinsic
def store_bits(typing_context, level, shift, signs, place):
    """Write BITS bits of the magnitude of a level, from one on, each with the sign of the level; nothing is checked.

    Args:
        typing_context: of numba.
        level: int32.
        shift: number of the lowest of these bits, int32.
        signs: output, contiguous, -1, 0 or 1, float32.
        place: of the first of them, int64.
    """

    def codegen(context, builder, signature, arguments):
        level, shift, signs, place = arguments
        word = ir.IntType(32)
        words, reals = ir.VectorType(word, BITS), ir.VectorType(ir.FloatType(), BITS)

        def every(value):
            one = builder.insert_element(ir.Constant(words, ir.Undefined), value, ir.Constant(word, 0))
            return builder.shuffle_vector(one, one, ir.Constant(words, [0] * BITS))

        sign = builder.ashr(level, ir.Constant(word, 31))  # 0 or -1; (x ^ sign) - sign changes the sign of x by it
        magnitude = builder.lshr(builder.sub(builder.xor(level, sign), sign), shift)
        bits = builder.lshr(every(magnitude), ir.Constant(words, list(range(BITS))))
        bits = builder.and_(bits, ir.Constant(words, [1] * BITS))
        sign = every(sign)
        bits = builder.sitofp(builder.sub(builder.xor(bits, sign), sign), reals)
        data = context.make_array(signature.args[2])(context, builder, value=signs).data
        builder.store(bits, builder.bitcast(builder.gep(data, [place]), reals.as_pointer()), align=4)
        return context.get_dummy_value()

    real = types.Array(types.float32, 1, "C")
    return types.void(types.int32, types.int32, real, types.int64), codegen


if getattr(config, "DISABLE_JIT"):  # noqa: B009 - numba sets it at run time

    def add_rows(signs, first, rows, listed, count, panel, start, sums, place, stride):  # type: ignore[misc]
        """Add up the listed rows of a panel."""
        found = np.zeros((BITS, PANEL), np.float32)
        for entry in range(count):
            row = start + rows[listed + entry] * PANEL
            found += signs[first + entry * BITS :][:BITS, None] * panel[row : row + PANEL]
        for bit in range(BITS):
            sums[place + stride * bit :][:PANEL] = found[bit]

    def store_bits(level, shift, signs, place):  # type: ignore[misc]
        """Write BITS bits of the magnitude of a level, with its sign."""
        signs[place : place + BITS] = (abs(level) >> (shift + np.arange(BITS)) & 1) * np.sign(level)


@compiled()
def fill_panels(matrix, panels):
    """Copy a matrix, shape (inputs, outputs), to panels of lines, shape (panels, inputs, PANEL), zeros where none is."""
    inputs, outputs = matrix.shape
    for p in range(panels.shape[0]):
        for i in range(inputs):
            for j in range(PANEL):
                line = p * PANEL + j
                panels[p, i, j] = matrix[i, line] if line < outputs else np.float32(0.0)


@compiled()
def list_bits(levels, first, last, groups, longest, rows, listed, signs, place):
    """List the rows of a tile whose input is not zero, and the signs of its bits; return their number.

    Args:
        levels: whole numbers, shape (inputs,), float32.
        first: first row of the tile.
        last: row after its last.
        groups: of BITS bits.
        longest: rows for which a group has room [1].
        rows: output, contiguous, int64.
        listed: place of the first row.
        signs: output, contiguous, group by group, BITS for each row, float32.
        place: of the first of them.
    """
    count = 0
    for row in range(first, last):
        level = np.int32(levels[row])
        rows[listed + count] = row
        for g in range(groups):
            store_bits(level, np.int32(g * BITS), signs, place + (g * longest + count) * BITS)
        count += level != 0
    return count


@compiled()
def read_serial(levels, edges, panels, significance, factor, converters, out):
    """Read vectors bit by bit through converters and add the codes up, digitally.

    Args:
        levels: whole numbers, shape (n, inputs), float32.
        edges: first input of each tile, and the number of inputs, shape (tiles + 1,), int64.
        panels: of each matrix, see ``fill_panels``, shape (matrices, panels, inputs, PANEL), float32.
        significance: of each bit and matrix, shape (matrices, bits), float32 [1].
        factor: what a code of full significance counts for each vector, shape (n,), float32.
        converters: gain, offset, low, high, table, place and reach as of ``convert_add_nonlinear``; gain, offset and
            place with a row per matrix and tile, the table empty where converters are exact.
        out: added to, shape (n, lines), float32.
    """
    gain, offset, low, high, table, entry, reach = converters
    tiles, (matrices, wide, inputs, _), bits = edges.size - 1, panels.shape, significance.shape[1]
    groups, longest, flat = (bits + BITS - 1) // BITS, 0, panels.reshape(-1)
    for t in range(tiles):
        longest = max(longest, edges[t + 1] - edges[t])
    rows, count = np.empty(VECTORS * longest, np.int64), np.empty(VECTORS, np.int64)
    signs = np.empty(VECTORS * groups * longest * BITS, np.float32)
    sums = np.empty((groups * BITS, VECTORS, wide * PANEL), np.float32)
    at_sums = sums.reshape(-1)
    stride = VECTORS * wide * PANEL
    for begin in range(0, levels.shape[0], VECTORS):
        number = min(VECTORS, levels.shape[0] - begin)
        for t in range(tiles):
            for v in range(number):
                place = v * groups * longest * BITS
                count[v] = list_bits(levels[begin + v], edges[t], edges[t + 1], groups, longest, rows, v * longest,
                                     signs, place)  # fmt: skip
            for m in range(matrices):
                for p in range(wide):
                    start = (m * wide + p) * inputs * PANEL
                    for v in range(number):
                        for g in range(groups):
                            to = g * BITS * stride + (v * wide + p) * PANEL
                            first = (v * groups + g) * longest * BITS
                            add_rows(signs, first, rows, v * longest, count[v], flat, start, at_sums, to, stride)
                line, counts, into = m * tiles + t, factor[begin : begin + number], out[begin : begin + number]
                if table.size:
                    convert_add_nonlinear(sums, significance[m], counts, gain[line], offset[line], low, high,
                                          table, entry[line], reach, into)  # fmt: skip
                else:
                    convert_add(sums, significance[m], counts, gain[line], offset[line], low, high, into)
