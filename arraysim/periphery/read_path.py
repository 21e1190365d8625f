"""One direction of reading one layer: products of its tiles, noise, conversion, and the digital sum.

A path remembers the ranges of its converters between reads and cuts what it reads into blocks.
"""

import dataclasses
import math
import threading
from collections.abc import Callable, Iterator

import numpy as np

from arraysim.periphery import convert_kernel, serial_kernel
from arraysim.periphery.adc import ConverterBank, best_step
from arraysim.periphery.config import Periphery
from arraysim.periphery.dac import InputCoding, input_coding
from arraysim.synapses.synapse_array import stream_keys
from dwcore.numerics.threads import for_each_block

_QUIET = np.empty((0, 0, 0), np.float32)
_thread = threading.local()


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LayerLines:
    """What the lines of a layer do to the shares of full scale that drive them.

    Attributes:
        matrices: each read on its own and added digitally with its factor, shape (inputs, outputs), float32; in the
            unit of the weights.
        factors: one per matrix.
        variance: squares of the noise of the devices, one per matrix, of the same shapes; or () without.
        floor: variance that each converted line adds besides, in the unit of the weights squared.
        unit: weight per ampere at full scale [1/A].
    """

    matrices: tuple[np.ndarray, ...]
    factors: tuple[float, ...]
    variance: tuple[np.ndarray, ...]
    floor: float
    unit: float


class TileReads:
    """Reads blocks of vectors, each its own rows of the result."""

    def __init__(self, coding: InputCoding, lines: LayerLines, cuts: list[slice], keys: tuple):
        """Prepare one read.

        Args:
            coding: of the inputs.
            lines: what they pass.
            cuts: inputs of each tile.
            keys: of the noise of this read.
        """
        self._coding, self._lines, self._cuts, self._keys = coding, lines, cuts, keys
        self._floor, self._noisy = np.float32(lines.floor), bool(lines.floor or lines.variance)
        self._parts = [[matrix[cut] for matrix in lines.matrices] for cut in cuts]

    @property
    def in_one_pass(self) -> bool:
        """Whether partial sums are converted where they come about: those of single bits, without noise."""
        return self._coding.serial and not self._noisy

    def linear(self, vectors: np.ndarray, scale: np.ndarray, out: np.ndarray, first: int) -> None:
        """Read without quantization at the lines: all tiles and bits are one product, and their noise one deviate.

        Args:
            vectors: shape (n, inputs), float32 [1].
            scale: full scale of each, shape (n,), float32 [1].
            out: result, zeros before, shape (n, outputs), float32.
            first: number of the first vector.
        """
        coding, lines = self._coding, self._lines
        levels = coding.quantized(vectors, scale)
        shares, outputs = coding.shares(levels), out.shape[1]
        for number, (matrix, factor) in enumerate(zip(lines.matrices, lines.factors, strict=True)):
            sums = (shares @ matrix)[None]
            if self._noisy:
                spread = (coding.squares(levels) @ lines.variance[number])[None] if lines.variance else _QUIET
                floor = self._floor * np.float32(len(self._cuts) * (coding.significance**2).sum())
                stride = len(lines.factors) * outputs
                start = first * stride + number * outputs
                convert_kernel.add_noise(sums, spread, floor, *self._keys, start, stride)
            out += np.float32(factor) * sums[0]
        out *= scale[:, None]

    def sums(self, levels: np.ndarray, first: int) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yield tile, matrix and its partial sums, shape (reads, n, outputs), in memory that the next ones overwrite.

        Args:
            levels: from the coding, shape (n, inputs), float32.
            first: number of the first vector.
        """
        lines, matrices = self._lines, len(self._lines.matrices)
        for tile, cut in enumerate(self._cuts):
            planes = self._coding.planes(levels, cut, _scratch)
            flat = planes.reshape(-1, planes.shape[2])
            for number, matrix in enumerate(self._parts[tile]):
                outputs = matrix.shape[1]
                sums = _scratch("sums", (*planes.shape[:2], outputs))
                np.matmul(flat, matrix, out=sums.reshape(-1, outputs))
                if self._noisy:
                    spread = _QUIET
                    if lines.variance:
                        spread = ((flat * flat) @ lines.variance[number][cut]).reshape(sums.shape)
                    one = len(planes) * outputs
                    stride = one * matrices * len(self._cuts)
                    start = first * stride + (tile * matrices + number) * one
                    convert_kernel.add_noise(sums, spread, self._floor, *self._keys, start, stride)
                yield tile, number, sums

    def converter(self, bank: ConverterBank, step: float):
        """Return the read through converters, a function like `linear`.

        Args:
            bank: converters, one row of lines per matrix and tile.
            step: of all of them, in the unit of the weights.
        """
        unit, low, high = np.float32(step), np.float32(bank.low), np.float32(bank.high)
        gain = bank.gain / unit
        significance = np.stack([self._coding.significance * np.float32(factor) for factor in self._lines.factors])
        if self.in_one_pass:
            table = np.empty(0, np.float32) if bank.table is None else bank.table
            place = np.zeros(gain.shape, np.int32) if bank.table is None else bank.place
            converters = gain, bank.offset, low, high, table, place, bank.reach
            edges = np.array([cut.start for cut in self._cuts] + [self._cuts[-1].stop])
            panels = self._panels()

            def read_bits(vectors: np.ndarray, scale: np.ndarray, out: np.ndarray, first: int) -> None:
                levels = self._coding.quantized(vectors, scale)
                serial_kernel.read_serial(levels, edges, panels, significance, unit * scale, converters, out)

            return read_bits

        def read(vectors: np.ndarray, scale: np.ndarray, out: np.ndarray, first: int) -> None:
            factor = unit * scale
            for tile, number, sums in self.sums(self._coding.quantized(vectors, scale), first):
                row = number * len(self._cuts) + tile
                line = sums, significance[number], factor, gain[row], bank.offset[row], low, high
                if bank.table is None:
                    convert_kernel.convert_add(*line, out)
                else:
                    convert_kernel.convert_add_nonlinear(*line, bank.table, bank.place[row], bank.reach, out)

        return read

    def _panels(self) -> np.ndarray:
        """Return the matrices as the kernel of serial reads takes them."""
        inputs, outputs = self._lines.matrices[0].shape
        wide = -(-outputs // serial_kernel.PANEL)
        panels = np.empty((len(self._lines.matrices), wide, inputs, serial_kernel.PANEL), np.float32)
        for matrix, own in zip(self._lines.matrices, panels, strict=True):
            serial_kernel.fill_panels(matrix, own)
        return panels


def _scratch(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return memory that this thread uses again and again: fresh memory costs more than what is done with it."""
    size = math.prod(shape)
    known = getattr(_thread, name, None)
    if known is None or known.size < size:
        known = np.empty(size, np.float32)
        setattr(_thread, name, known)
    return known[:size].reshape(shape)


# Bits and partial sums that are held at a time, so that they stay in the cache; vectors at most and at least.
BLOCK_NUMBERS, MAX_BLOCK, MIN_BLOCK = 2**18, 512, 16
# Vectors of a block that is read in one pass.
PASS_BLOCK = 256
# Vectors from which a converter's range is found.
TRIAL = 256
# Reads after which an adapting range is found anew: every power of two, then each of these.
RECALIBRATE = 256
# An adapting input range forgets by this factor per read.
FORGET = 0.99
TINY = np.float32(1e-30)
"""Least full scale of a vector."""
# Random streams of a layer; `adc.ConverterBank` takes those from 100 on, an array those below 10.
_TRIAL, _READ = 1000, 1


class ReadPath:
    """Reads a layer in one direction.

    Attributes:
        memory: what the path has learned and counted: full scale of the inputs, whether they are signed, step of the
            converters in the unit of the weights, and reads so far.
        cuts: inputs of each tile.
        per_vector: whether the full scale is that of each vector, else one for all.
    """

    def __init__(self, periphery: Periphery, *, cuts, numbers, per_vector: bool, seed: int, layer: int, stream: int):
        """Prepare the path.

        Args:
            periphery: what is between.
            cuts: slices of the inputs, one per tile they are spread over.
            numbers: converter of each line, per matrix, from 0, shape (matrices, tiles, outputs).
            per_vector: whether the full scale is that of each vector, else one for all.
            seed: root seed [1].
            layer: number of the layer [1].
            stream: number of the direction [1].
        """
        self._periphery, self.cuts, self._numbers = periphery, cuts, numbers
        self.per_vector, self._identity = per_vector, (seed, layer, stream)
        self.memory = {
            "full_scale": np.zeros(1),
            "signed": np.full(1, per_vector),
            "step": np.zeros(1),
            "reads": np.zeros(1, np.int64),
        }
        self._banks: dict[bool, ConverterBank] = {}

    def read(self, vectors: np.ndarray, lines: LayerLines, *, adapt: bool) -> np.ndarray:
        """Return vectors, shape (n, inputs), times the matrices, shape (n, outputs), float32.

        Args:
            vectors: float32 [1].
            lines: what they pass.
            adapt: whether ranges follow the data; a range never set is set in any case.
        """
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        scale = self._scales(vectors, adapt)
        coding, converts = self.coding, self.converts
        if converts and self.due(adapt):
            self.calibrate(lambda chosen: self._trial(vectors[chosen], scale[chosen], lines), len(vectors), lines.unit)
        seed, layer, stream = self._identity
        keys = stream_keys(seed, layer, (_READ + stream) * 2**40 + int(self.memory["reads"][0]))
        self.memory["reads"] += 1
        reads = TileReads(coding, lines, self.cuts, keys)
        work = reads.converter(self.bank, self.memory["step"][0]) if converts else reads.linear
        out = np.zeros((len(vectors), lines.matrices[0].shape[1]), np.float32)
        held = coding.significance.size * (max(cut.stop - cut.start for cut in self.cuts) + out.shape[1])
        size = PASS_BLOCK if converts and reads.in_one_pass else min(MAX_BLOCK, max(MIN_BLOCK, BLOCK_NUMBERS // held))

        def block(number: int) -> None:
            part = slice(number * size, min((number + 1) * size, len(vectors)))
            work(vectors[part], scale[part], out[part], part.start)

        for_each_block(block, -(-len(vectors) // size))
        return out

    @property
    def converts(self) -> bool:
        """Whether partial sums are converted."""
        return self._periphery.adc.bits > 0

    @property
    def coding(self) -> InputCoding:
        """Coding of the inputs, of the signs that occur."""
        dac = self._periphery.dac
        return input_coding(dac.bits, dac.coding, signed=bool(self.memory["signed"][0]))

    @property
    def bank(self) -> ConverterBank:
        """Converters for currents of the signs that occur."""
        signed = self._periphery.read.subtraction == "analog" or bool(self.memory["signed"][0])
        if signed not in self._banks:
            seed, layer, stream = self._identity
            number = self._numbers.reshape(-1, self._numbers.shape[2])
            self._banks[signed] = ConverterBank(
                self._periphery.adc, number, signed=signed, seed=seed, layer=layer, stream=stream
            )
        return self._banks[signed]

    @property
    def full_scale(self) -> np.float32:
        """Full scale that all vectors have, where it is not that of each [1]."""
        given = self._periphery.dac.full_scale
        return np.float32(max(self.memory["full_scale"][0] if given is None else given, TINY))

    def due(self, adapt: bool) -> bool:
        """Return whether the converters need a range now."""
        reads = int(self.memory["reads"][0])
        if self.memory["step"][0] == 0:
            return True
        follows = adapt and self._periphery.adc.full_scale is None
        return follows and (reads & (reads - 1) == 0 or reads % RECALIBRATE == 0)

    def widen(self, lowest: float, highest: float) -> None:
        """Let the full scale follow the lowest and the highest input of a read."""
        known = self.memory["full_scale"]
        self.memory["signed"][0] |= lowest < 0
        known[0] = max(highest, -lowest, FORGET * known[0])

    def calibrate(self, sums: Callable[[np.ndarray], np.ndarray], count: int, unit: float) -> None:
        """Set the step of the converters from some of the vectors, or from the full scale that is given.

        Args:
            sums: returns the partial sums of chosen vectors, shape (reads, samples), float32, in the unit of the weights.
            count: number of the vectors [1].
            unit: weight per ampere at full scale [1/A].
        """
        bank, given = self.bank, self._periphery.adc.full_scale
        if given is not None:
            self.memory["step"][0] = given * unit / bank.high
            return
        seed, layer, stream = self._identity
        chosen = np.arange(count)
        if count > TRIAL:  # drawn: every n-th would be the same places of all images of a convolution
            draw = np.random.default_rng([seed, layer, _TRIAL + stream])
            chosen = np.sort(draw.choice(count, TRIAL, replace=False, shuffle=False))
        self.memory["step"][0] = best_step(sums(chosen), self.coding.significance, bank.low, bank.high)

    def _trial(self, vectors: np.ndarray, scale: np.ndarray, lines: LayerLines) -> np.ndarray:
        """Return the partial sums of some vectors, shape (reads, samples)."""
        seed, layer, stream = self._identity
        reads = TileReads(self.coding, lines, self.cuts, stream_keys(seed, layer, _TRIAL + stream))
        levels = self.coding.quantized(vectors, scale)
        return np.concatenate([sums.reshape(len(sums), -1).copy() for _, _, sums in reads.sums(levels, 0)], axis=1)

    def _scales(self, vectors: np.ndarray, adapt: bool) -> np.ndarray:
        """Return the full scale of each vector, shape (n,), float32."""
        if self.per_vector:
            scale = np.empty(len(vectors), np.float32)
            convert_kernel.fill_scales(vectors, TINY, scale)
            return scale
        if adapt or self.memory["full_scale"][0] == 0:
            self.widen(float(vectors.min()), float(vectors.max()))
        return np.full(len(vectors), self.full_scale, np.float32)
