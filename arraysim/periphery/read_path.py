"""One direction of reading one layer: what it remembers between reads, and the cut into blocks."""

import numpy as np

from arraysim.periphery.adc import ConverterBank
from arraysim.periphery.calibration import best_step
from arraysim.periphery.config import Periphery
from arraysim.periphery.convert_kernel import fill_scales
from arraysim.periphery.drive import Drive, drive
from arraysim.periphery.tile_reads import Lines, TileReads
from arraysim.synapses.synapse_array import stream_keys
from dwcore.numerics.threads import for_each_block

# Bits and partial sums that are held at a time, so that they stay in the cache; vectors at most and at least.
BLOCK_NUMBERS, MAX_BLOCK, MIN_BLOCK = 2**18, 512, 16
# Vectors from which a converter's range is found.
TRIAL = 256
# Reads after which an adapting range is found anew: every power of two, then each of these.
RECALIBRATE = 256
# An adapting input range forgets by this factor per read.
FORGET = 0.99
_TINY = np.float32(1e-30)
# Random streams of a layer; `adc.ConverterBank` takes those from 100 on, an array those below 10.
_TRIAL, _READ = 1000, 1


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
        self.memory = {
            "full_scale": np.zeros(1),
            "signed": np.full(1, per_vector),
            "step": np.zeros(1),
            "reads": np.zeros(1, np.int64),
        }
        self._banks = {}

    def read(self, vectors: np.ndarray, lines: Lines, *, adapt: bool) -> np.ndarray:
        """Return vectors, shape (n, inputs), times the matrices, shape (n, outputs), float32.

        Args:
            vectors: float32 [1].
            lines: what they pass.
            adapt: whether ranges follow the data; a range never set is set in any case.
        """
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        scale = self._scales(vectors, adapt)
        coding = self._drive
        converts = self._periphery.adc.bits > 0
        if converts and self._due(adapt):
            self._calibrate(vectors, scale, lines)
        seed, layer, stream = self._identity
        keys = stream_keys(seed, layer, (_READ + stream) * 2**40 + int(self.memory["reads"][0]))
        self.memory["reads"] += 1
        reads = TileReads(coding, lines, self._cuts, keys)
        work = reads.converter(self._bank, self.memory["step"][0]) if converts else reads.linear
        out = np.zeros((len(vectors), lines.matrices[0].shape[1]), np.float32)
        held = coding.significance.size * (max(cut.stop - cut.start for cut in self._cuts) + out.shape[1])
        size = min(MAX_BLOCK, max(MIN_BLOCK, BLOCK_NUMBERS // held))

        def block(number: int) -> None:
            part = slice(number * size, min((number + 1) * size, len(vectors)))
            work(vectors[part], scale[part], out[part], part.start)

        for_each_block(block, -(-len(vectors) // size))
        return out

    @property
    def _drive(self) -> Drive:
        dac = self._periphery.dac
        return drive(dac.bits, dac.coding, signed=bool(self.memory["signed"][0]))

    def _due(self, adapt: bool) -> bool:
        """Whether the converters need a range now."""
        reads = int(self.memory["reads"][0])
        if self.memory["step"][0] == 0:
            return True
        follows = adapt and self._periphery.adc.full_scale is None
        return follows and (reads & (reads - 1) == 0 or reads % RECALIBRATE == 0)

    def _scales(self, vectors: np.ndarray, adapt: bool) -> np.ndarray:
        """Return the full scale of each vector, shape (n,), float32."""
        if self._per_vector:
            scale = np.empty(len(vectors), np.float32)
            fill_scales(vectors, _TINY, scale)
            return scale
        known = self.memory["full_scale"]
        if adapt or known[0] == 0:
            lowest = float(vectors.min())
            self.memory["signed"][0] |= lowest < 0
            known[0] = max(float(vectors.max()), -lowest, FORGET * known[0])
        given = self._periphery.dac.full_scale
        return np.full(len(vectors), max(known[0] if given is None else given, _TINY), np.float32)

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

    def _calibrate(self, vectors: np.ndarray, scale: np.ndarray, lines: Lines) -> None:
        """Set the step of the converters from some of the vectors, or from the full scale that is given."""
        bank, given = self._bank, self._periphery.adc.full_scale
        if given is not None:
            self.memory["step"][0] = given * lines.unit / bank.high
            return
        chosen = np.arange(0, len(vectors), -(-len(vectors) // TRIAL))
        seed, layer, stream = self._identity
        reads = TileReads(self._drive, lines, self._cuts, stream_keys(seed, layer, _TRIAL + stream))
        levels = self._drive.quantized(vectors[chosen], scale[chosen])
        parts = [sums.reshape(len(sums), -1).copy() for _, _, sums in reads.sums(levels, 0)]
        significance = self._drive.significance
        self.memory["step"][0] = best_step(np.concatenate(parts, axis=1), significance, bank.low, bank.high)
