"""Conjugate gradients for an array with resistive wires, preconditioned by its lines.

With u and v the voltages of the nodes of word and bit lines, and T_w, T_b the lines with their devices to ground,

    T_w u - D v = b + c_u,    T_b v - D u = c_v    ->    (T_b - D T_w^-1 D) v = D T_w^-1 (b + c_u) + c_v

The second form is solved with T_b as preconditioner. Every step solves each line once, O(rows x columns) in all. The
iteration keeps T_b p beside p, so that wires without resistance, whose T_b is infinite, are no special case.
"""

import numpy as np

from arraysim.periphery.line_kernel import LANES, fill_ratios, solve_lines
from dwcore.numerics.compiled import compiled


@compiled()
def fill_word_ratios(conductance, segment, end, ratio):
    """Return the voltage ratios of the word lines, LANES of them side by side, far end first.

    Args:
        conductance: shape (n, m) [S].
        segment: resistance between nodes [ohm].
        end: resistance between the source and the first node [ohm].
        ratio: output, shape (ceil(n / LANES), m, LANES) [1].
    """
    n, m = conductance.shape
    for block in range(ratio.shape[0]):
        for lane in range(LANES):
            row = block * LANES + lane
            admittance = 0.0
            for k in range(m):
                resistance = end if k == m - 1 else segment
                if row < n:
                    admittance += conductance[row, m - 1 - k]
                ratio[block, k, lane] = 1.0 / (1.0 + resistance * admittance)
                admittance *= ratio[block, k, lane]


@compiled()
def word_response(conductance, ratio, segment, end, bit, current, source, voltage, out):
    """Return the voltages of the word lines for given voltages of the bit lines.

    Args:
        conductance: shape (n, m) [S].
        ratio: from `fill_word_ratios` [1].
        segment: resistance between nodes [ohm].
        end: resistance between the source and the first node [ohm].
        bit: voltages of the bit lines, shape (n, m) [V].
        current: into the nodes of the word lines, shape (n, m), or empty for none [A].
        source: voltage of the drivers, shape (n,), or empty for 0 V [V].
        voltage: output, of the word lines, shape (n, m) [V].
        out: output, current that the bit lines and `current` send into the drivers, shape (n,) [A].
    """
    n, m = conductance.shape
    line = np.empty((m, LANES))
    for block in range(ratio.shape[0]):
        first = block * LANES
        lanes = min(LANES, n - first)
        if lanes < LANES:
            line[:] = 0.0
        for lane in range(lanes):
            row = first + lane
            for j in range(m):
                line[m - 1 - j, lane] = conductance[row, j] * bit[row, j]
            if current.size:
                for j in range(m):
                    line[m - 1 - j, lane] += current[row, j]
        for k in range(1, m):
            for lane in range(LANES):
                line[k, lane] += ratio[block, k - 1, lane] * line[k - 1, lane]
        for lane in range(lanes):
            last = ratio[block, m - 1, lane] * line[m - 1, lane]
            out[first + lane] = last
            line[m - 1, lane] = end * last
            if source.size:
                line[m - 1, lane] += ratio[block, m - 1, lane] * source[first + lane]
        for k in range(m - 2, -1, -1):
            for lane in range(LANES):
                line[k, lane] = ratio[block, k, lane] * (line[k + 1, lane] + segment * line[k, lane])
        for lane in range(lanes):
            for j in range(m):
                voltage[first + lane, j] = line[m - 1 - j, lane]


@compiled()
def solve_nodes(conductance, word, bit, current_word, current_bit, source, tolerance, steps, u, v, driven, sensed):
    """Solve the circuit; the outputs are the voltages of both kinds of lines and the currents at their ends.

    Args:
        conductance: shape (n, m) [S].
        word: resistance of a segment and of the end of the word lines [ohm].
        bit: the same of the bit lines [ohm].
        current_word: into the nodes of the word lines, shape (n, m), or empty for none [A].
        current_bit: into the nodes of the bit lines, shape (n, m), or empty for none [A].
        source: voltage of the drivers, shape (n,), or empty for 0 V [V].
        tolerance: of the error norm, relative to that of the first guess [1].
        steps: at most so many [1].
        u: output, voltages of the word lines, shape (n, m) [V].
        v: output, voltages of the bit lines, shape (n, m) [V].
        driven: output, current that the bit lines and `current_word` send into the drivers, shape (n,) [A].
        sensed: output, current into the sinks, shape (m,) [A].

    Returns:
        Number of steps, or -1 where the tolerance was not reached.
    """
    n, m = conductance.shape
    none, no_source = np.empty((0, 0)), np.empty(0)
    word_ratio = np.empty(((n + LANES - 1) // LANES, m, LANES))
    fill_word_ratios(conductance, word[0], word[1], word_ratio)
    bit_ratio = np.empty((n, m))
    fill_ratios(conductance, bit[0], bit[1], bit_ratio)
    ground = np.zeros(m)
    rest = np.empty((n, m))
    v[:] = 0.0
    word_response(conductance, word_ratio, word[0], word[1], v, current_word, source, u, driven)
    for i in range(n):
        for j in range(m):
            rest[i, j] = conductance[i, j] * u[i, j]
            if current_bit.size:
                rest[i, j] += current_bit[i, j]
    z = np.empty((n, m))
    solve_lines(bit_ratio, bit[0], bit[1], rest, ground, z, sensed)
    p, pushed, w = z.copy(), rest.copy(), np.empty((n, m))
    norm = _dot(rest, z)
    first, count = norm, -1
    if first == 0.0:
        return 0
    for step in range(steps):
        word_response(conductance, word_ratio, word[0], word[1], p, none, no_source, w, driven)
        slope = 0.0
        for i in range(n):
            for j in range(m):
                w[i, j] = pushed[i, j] - conductance[i, j] * w[i, j]
                slope += p[i, j] * w[i, j]
        if not slope > 0.0:
            break
        length = norm / slope
        for i in range(n):
            for j in range(m):
                v[i, j] += length * p[i, j]
                rest[i, j] -= length * w[i, j]
        solve_lines(bit_ratio, bit[0], bit[1], rest, ground, z, sensed)
        before = norm
        norm = _dot(rest, z)
        if norm <= tolerance * tolerance * first:
            count = step + 1
            break
        turn = norm / before
        for i in range(n):
            for j in range(m):
                p[i, j] = z[i, j] + turn * p[i, j]
                pushed[i, j] = rest[i, j] + turn * pushed[i, j]
    # Half a step more gives the currents at the ends from the same voltages.
    word_response(conductance, word_ratio, word[0], word[1], v, current_word, source, u, driven)
    for i in range(n):
        for j in range(m):
            rest[i, j] = conductance[i, j] * u[i, j]
            if current_bit.size:
                rest[i, j] += current_bit[i, j]
    solve_lines(bit_ratio, bit[0], bit[1], rest, ground, v, sensed)
    return count


@compiled(fastmath={"reassoc"})
def _dot(left, right):
    total = 0.0
    for i in range(left.shape[0]):
        for j in range(left.shape[1]):
            total += left[i, j] * right[i, j]
    return total
