"""One direction of reading one layer: inputs through converters, lines, noise and converters, to numbers again."""

import dataclasses

import numpy as np

from arraysim.networks.product import for_each_block
from arraysim.periphery import convert_kernel
from arraysim.periphery.adc import ConverterBank
from arraysim.periphery.calibration import best_step
from arraysim.periphery.config import Periphery
from arraysim.synapses.synapse_array import stream_keys

# Vectors that are read together, and that a converter's range is found from.
BLOCK = 256
# Reads after which an adapting range is found anew: every power of two, then each of these.
RECALIBRATE = 256
# An adapting input range forgets by this factor per read.
FORGET = 0.99
_TINY = np.float32(1e-30)
# Random streams of a layer; `adc.ConverterBank` takes those below 1000, an array those below 10.
_TRIAL, _READ = 1000, 1


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """What the lines of a layer do to the shares of full scale that drive them.

    Attributes:
        matrices: each read on its own and added digitally with its factor, shape (inputs, outputs), float32; in the
            unit of the weights.
        factors: one per matrix.
        variance: sums of squares of the noise of the devices, one per matrix, or () without; of the same shapes.
        unit: weight per ampere at full scale [1/A].
    """

    matrices: tuple[np.ndarray, ...]
    factors: tuple[float, ...]
    variance: tuple[np.ndarray, ...]
    unit: float


class ReadPath:
    """Reads a layer in one direction.

    Attributes:
        memory: what the path has learned and counted: full scale of the inputs, whether they are signed, step of the
            converters in the unit of the weights, and reads so far.
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
        self._periphery, self._cuts, self._numbers = periphery, cuts, numbers
        self._per_vector, self._identity = per_vector, (seed, layer, stream)
        self.memory = {"full_scale": np.zeros(1), "signed": np.zeros(1, bool), "step": np.zeros(1),
                       "reads": np.zeros(1, np.int64)}  # fmt: skip
        self._banks = {}

    def read(self, vectors: np.ndarray, lines: Lines, *, adapt: bool) -> np.ndarray:
        """Return vectors, shape (n, inputs), times the matrices.

        Args:
            vectors: float32 [1].
            lines: what they pass.
            adapt: whether ranges follow the data; a range never set is set in any case.
        """
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        scale = self._scales(vectors, adapt)
        converts = self._periphery.adc.bits > 0
        if converts and self._due(adapt):
            self._calibrate(vectors, scale, lines)
        seed, layer, stream = self._identity
        keys = stream_keys(seed, layer, (_READ + stream) * 2**40 + self._reads)
        self.memory["reads"] += 1
        out = np.zeros((len(vectors), lines.matrices[0].shape[1]), np.float32)
        work = self._convert_block if converts else self._linear_block

        def block(number: int) -> None:
            part = slice(number * BLOCK, min((number + 1) * BLOCK, len(vectors)))
            work(vectors[part], scale[part], lines, out[part], keys, part.start)

        for_each_block(block, -(-len(vectors) // BLOCK))
        return out

    @property
    def _reads(self) -> int:
        return int(self.memory["reads"][0])

    def _due(self, adapt: bool) -> bool:
        reads = self._reads
        if self.memory["step"][0] == 0:
            return True
        return (
            adapt and self._periphery.adc.full_scale is None and (reads & (reads - 1) == 0 or reads % RECALIBRATE == 0)
        )

    def _scales(self, vectors: np.ndarray, adapt: bool) -> np.ndarray:
        """Full scale of each vector, shape (n,), float32."""
        dac = self._periphery.dac
        if self._per_vector:
            self.memory["signed"][0] = True
            return np.maximum(np.abs(vectors).max(axis=1), _TINY)
        known = self.memory["full_scale"]
        if adapt or known[0] == 0:
            lowest = float(vectors.min())
            self.memory["signed"][0] |= lowest < 0
            known[0] = max(float(vectors.max()), -lowest, FORGET * known[0])
        return np.full(len(vectors), max(known[0] if dac.full_scale is None else dac.full_scale, _TINY), np.float32)

    @property
    def _levels(self) -> int:
        """Levels of the input converter at full scale, 0 for a continuum."""
        bits = self._periphery.dac.bits
        return 2 ** (bits - int(self.memory["signed"][0])) - 1 if bits else 0

    def _quantized(self, vectors, scale) -> np.ndarray:
        levels = np.empty_like(vectors)
        convert_kernel.quantize_inputs(vectors, scale, self._levels, levels)
        return levels

    @property
    def _significance(self) -> np.ndarray:
        """Share of full scale that each read of one input stands for, shape (reads,), float32."""
        if self._serial:
            return (2.0 ** np.arange(self._levels.bit_length()) / self._levels).astype(np.float32)
        return np.ones(1, np.float32)

    @property
    def _serial(self) -> bool:
        return self._periphery.dac.coding == "serial" and self._levels > 0

    def _planes(self, levels: np.ndarray, cut: slice) -> np.ndarray:
        """What drives the lines of one tile in each read, shape (reads, n, inputs), shares of full scale."""
        if self._serial:
            planes = np.empty((self._significance.size, len(levels), cut.stop - cut.start), np.float32)
            convert_kernel.fill_planes(levels, cut.start, cut.stop, planes)
            return planes
        planes = levels[None, :, cut]
        return planes / np.float32(self._levels) if self._levels else planes

    def _noise_floor(self, lines: Lines) -> np.float32:
        return np.float32((self._periphery.read.integrator_noise * lines.unit) ** 2)

    def _linear_block(self, vectors, scale, lines: Lines, out, keys, first: int) -> None:
        """Without quantization at the lines, all tiles and bits are one product, and their noise is one deviate."""
        levels = self._quantized(vectors, scale)
        shares = levels / np.float32(self._levels) if self._levels else levels
        floor = self._noise_floor(lines)
        for number, (matrix, factor) in enumerate(zip(lines.matrices, lines.factors, strict=True)):
            sums = (shares @ matrix)[None]
            if floor or lines.variance:
                spread = np.empty((0, 0, 0), np.float32)
                if lines.variance:
                    spread = (self._squares(levels) @ lines.variance[number])[None]
                total = floor * np.float32(len(self._cuts) * (self._significance**2).sum())
                stride = len(lines.factors) * sums.shape[2]
                start = first * stride + number * sums.shape[2]
                convert_kernel.add_noise(sums, spread, total, *keys, start, stride)
            out += np.float32(factor) * sums[0]
        out *= scale[:, None]

    def _squares(self, levels: np.ndarray) -> np.ndarray:
        """Sum over the reads of the squares of what each input stands for, shape (n, inputs)."""
        if not self._serial:
            return (levels / np.float32(max(self._levels, 1))) ** 2
        magnitude = np.abs(levels).astype(np.int32)
        parts = ((magnitude >> b & 1) * s**2 for b, s in enumerate(self._significance))
        return sum(parts).astype(np.float32)

    def _sums(self, levels, cut: slice, lines: Lines, keys, first: int, tile: int):
        """Yield the partial sums of one tile for each matrix, shape (reads, n, outputs)."""
        planes = self._planes(levels, cut)
        flat = planes.reshape(-1, planes.shape[2])
        floor = self._noise_floor(lines)
        for number, matrix in enumerate(lines.matrices):
            outputs = matrix.shape[1]
            sums = (flat @ matrix[cut]).reshape(*planes.shape[:2], outputs)
            if floor or lines.variance:
                spread = np.empty((0, 0, 0), np.float32)
                if lines.variance:
                    spread = ((flat * flat) @ lines.variance[number][cut]).reshape(sums.shape)
                one = planes.shape[0] * outputs
                stride = one * len(lines.matrices) * len(self._cuts)
                start = first * stride + (tile * len(lines.matrices) + number) * one
                convert_kernel.add_noise(sums, spread, floor, *keys, start, stride)
            yield number, sums

    def _convert_block(self, vectors, scale, lines: Lines, out, keys, first: int) -> None:
        levels = self._quantized(vectors, scale)
        bank, step = self._bank, np.float32(self.memory["step"][0])
        low, high = np.float32(bank.low), np.float32(bank.high)
        for tile, cut in enumerate(self._cuts):
            for number, sums in self._sums(levels, cut, lines, keys, first, tile):
                significance = self._significance * np.float32(lines.factors[number])
                row = number * len(self._cuts) + tile
                gain, offset = bank.gain[row] / step, bank.offset[row]
                if bank.threshold is None:
                    convert_kernel.convert_add(sums, significance, gain, offset, low, high, out)
                else:
                    convert_kernel.convert_add_nonlinear(
                        sums, significance, gain, offset, low, high, bank.threshold, bank.number[row], out
                    )
        out *= step * scale[:, None]

    @property
    def _bank(self) -> ConverterBank:
        """Converters for currents of the signs that occur."""
        signed = self._periphery.read.subtraction == "analog" or bool(self.memory["signed"][0])
        if signed not in self._banks:
            seed, layer, stream = self._identity
            number = self._numbers.reshape(-1, self._numbers.shape[2])
            self._banks[signed] = ConverterBank(
                self._periphery.adc, number, signed=signed, seed=seed, layer=layer, stream=stream
            )
        return self._banks[signed]

    def _calibrate(self, vectors, scale, lines: Lines) -> None:
        """Set the step of the converters from some of the vectors, or from the full scale that is given."""
        adc, bank = self._periphery.adc, self._bank
        if adc.full_scale is not None:
            self.memory["step"][0] = adc.full_scale * lines.unit / bank.high
            return
        chosen = np.arange(0, len(vectors), -(-len(vectors) // BLOCK))
        levels = self._quantized(vectors[chosen], scale[chosen])
        seed, layer, stream = self._identity
        keys = stream_keys(seed, layer, _TRIAL + stream)
        parts = [
            sums.reshape(len(sums), -1)
            for tile, cut in enumerate(self._cuts)
            for _, sums in self._sums(levels, cut, lines, keys, 0, tile)
        ]
        self.memory["step"][0] = best_step(np.concatenate(parts, axis=1), self._significance, bank.low, bank.high)
