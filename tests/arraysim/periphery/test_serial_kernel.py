"""Serial reads in one pass: sums run over the rows in order, bit for bit, and are converted as everywhere else."""

import subprocess
import sys

import numpy as np
import pytest

from arraysim.periphery import serial_kernel
from arraysim.periphery.adc import ConverterBank
from arraysim.periphery.config import Adc
from arraysim.periphery.convert_kernel import convert_add, convert_add_nonlinear
from arraysim.periphery.dac import input_coding
from arraysim.periphery.read_path import LayerLines, TileReads
from arraysim.synapses.synapse_array import stream_keys

STEP = 0.07
CASES = {
    "one tile, one panel": (40, 9, [40], 8, True, 1),
    "tiles and panels of unequal size": (131, 70, [44, 88, 131], 6, True, 1),
    "twelve bits, inputs of one sign": (60, 33, [30, 60], 12, False, 1),
    "two planes, digital difference": (50, 32, [25, 50], 5, True, 2),
    "one row, one line": (1, 1, [1], 3, False, 1),
}
"""Inputs, outputs, ends of the tiles, bits of the input converter, whether inputs have signs, matrices."""


def read(case, adc, vectors=37):
    """A block of vectors with many zeros, its coding, its lines, its tiles and their converters."""
    inputs, outputs, ends, bits, signed, matrices = CASES[case]
    rng = np.random.default_rng(1)
    planes = tuple(rng.normal(size=(inputs, outputs)).astype(np.float32) for _ in range(matrices))
    lines = LayerLines(matrices=planes, factors=(1.0, -0.5)[:matrices], variance=(), floor=0.0, unit=1.0)
    cuts = [slice(first, last) for first, last in zip([0, *ends], ends, strict=False)]
    number = np.arange(matrices * len(cuts) * outputs).reshape(matrices * len(cuts), outputs) // 3
    bank = ConverterBank(adc, number, signed=True, seed=1, layer=0, stream=0)
    values = rng.normal(size=(vectors, inputs)).astype(np.float32) * (rng.random((vectors, inputs)) < 0.5)
    scale = (0.5 + rng.random(vectors)).astype(np.float32)
    coding = input_coding(bits, "serial", signed=signed)
    return coding, lines, cuts, bank, values if signed else np.abs(values), scale


def one_by_one(coding, lines, cuts, bank, vectors, scale, order=1):
    """The same in plain steps: sums of rows in order, single precision, then the conversion of partial sums."""
    levels = coding.quantized(vectors, scale)
    out = np.zeros((len(vectors), lines.matrices[0].shape[1]), np.float32)
    every = []
    for tile, cut in enumerate(cuts):
        for number, (matrix, share) in enumerate(zip(lines.matrices, lines.factors, strict=True)):
            sums = np.zeros((coding.significance.size, *out.shape), np.float32)
            for bit in range(len(sums)):
                for row in range(cut.start, cut.stop)[::order]:
                    sign = (np.abs(levels[:, row]).astype(int) >> bit & 1) * np.sign(levels[:, row])
                    sums[bit] += sign[:, None] * matrix[row]
            every.append(sums)
            row = number * len(cuts) + tile
            line = sums, coding.significance * np.float32(share), np.float32(STEP) * scale
            line = (
                *line,
                bank.gain[row] / np.float32(STEP),
                bank.offset[row],
                np.float32(bank.low),
                np.float32(bank.high),
            )
            if bank.table is None:
                convert_add(*line, out)
            else:
                convert_add_nonlinear(*line, bank.table, bank.place[row], bank.reach, out)
    return out, every


ADCS = {
    "exact": Adc(bits=6),
    "offsets and gains": Adc(bits=5, offset_dtod=0.4, gain_dtod=0.02),
    "thresholds": Adc(bits=5, kind="flash", nonlinearity_dtod=0.4),
}


@pytest.mark.parametrize("adc", ADCS)
@pytest.mark.parametrize("case", CASES)
def test_a_read_in_one_pass_is_that_in_plain_steps(case, adc):
    coding, lines, cuts, bank, vectors, scale = read(case, ADCS[adc])
    reads = TileReads(coding, lines, cuts, stream_keys(1, 0, 1))
    assert reads.in_one_pass
    found = np.zeros((len(vectors), lines.matrices[0].shape[1]), np.float32)
    reads.converter(bank, STEP)(vectors, scale, found, 0)
    assert np.array_equal(found, one_by_one(coding, lines, cuts, bank, vectors, scale)[0])
    assert len(np.unique(found)) > 5
    other = np.zeros_like(found)
    reads.converter(bank, 1.01 * STEP)(vectors, scale, other, 0)
    assert (found != other).any(), "negative control: another step"


def test_sums_run_over_the_rows_in_order():
    """Negative control: in the reverse order a third of the sums have other last bits."""
    coding, lines, cuts, bank, vectors, scale = read("tiles and panels of unequal size", ADCS["exact"])
    forward, backward = (one_by_one(coding, lines, cuts, bank, vectors, scale, order)[1] for order in (1, -1))
    assert np.mean(forward[0] != backward[0]) > 0.3
    levels, matrix = coding.quantized(vectors, scale), lines.matrices[0]
    outputs, longest = matrix.shape[1], cuts[0].stop
    panels = np.empty((-(-outputs // serial_kernel.PANEL), len(matrix), serial_kernel.PANEL), np.float32)
    serial_kernel.fill_panels(matrix, panels)
    groups = -(-coding.significance.size // serial_kernel.BITS)
    rows, signs = np.empty(longest, np.int64), np.empty(groups * longest * serial_kernel.BITS, np.float32)
    count = serial_kernel.list_bits(levels[3], 0, longest, groups, longest, rows, 0, signs, 0)
    assert rows[:count].tolist() == np.flatnonzero(levels[3, :longest]).tolist()
    for bit in range(coding.significance.size):
        group, place = divmod(bit, serial_kernel.BITS)
        sign = signs.reshape(groups, longest, -1)[group, :count, place]
        total = np.zeros(outputs, np.float32)
        for one, row in zip(sign, rows[:count], strict=True):
            total += one * matrix[row]
        assert np.array_equal(total, forward[0][bit, 3])


PLAIN = """
import numpy as np
from test_serial_kernel import ADCS, STEP, read
from arraysim.periphery.read_path import TileReads
from arraysim.synapses.synapse_array import stream_keys
found = []
for case, adc in (("two planes, digital difference", "exact"), ("one row, one line", "thresholds")):
    coding, lines, cuts, bank, vectors, scale = read(case, ADCS[adc], 3)
    out = np.zeros((3, lines.matrices[0].shape[1]), np.float32)
    TileReads(coding, lines, cuts, stream_keys(1, 0, 1)).converter(bank, STEP)(vectors, scale, out, 0)
    found.append(out.tobytes().hex())
print(*found)
"""


def test_the_kernel_is_its_plain_python():
    """The same read with and without a compiler."""
    import os
    from pathlib import Path

    found = []
    for disabled in ("0", "1"):
        surroundings = os.environ | {"NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": str(Path(__file__).parent)}
        answer = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PLAIN], env=surroundings, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stderr
        found.append(answer.stdout)
    assert found[0] == found[1] and len(found[0]) > 100
