"""How numbers drive the lines of an array: rounded to levels, as one voltage or as one read per bit."""

import functools

import numpy as np

from arraysim.periphery import convert_kernel


class InputCoding:
    """Coding of the inputs of one read.

    Attributes:
        levels: of the input converter at full scale, 0 for a continuum [1].
        serial: whether there is one read per bit.
        significance: share of full scale that each read stands for, shape (reads,), float32 [1].
    """

    def __init__(self, bits: int, coding: str, *, signed: bool):
        """Choose the levels.

        Args:
            bits: of the input converter, 0 for none [1].
            coding: "serial" or "level".
            signed: whether one of the bits is a sign.
        """
        self.levels = 2 ** (bits - signed) - 1 if bits else 0
        self.serial = coding == "serial" and self.levels > 0
        bit = 2.0 ** np.arange(self.levels.bit_length())
        self.significance = (bit / self.levels if self.serial else np.ones(1)).astype(np.float32)

    def quantized(self, vectors: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Return inputs as levels, or as shares of full scale where there are none, shape (n, inputs), float32.

        Args:
            vectors: shape (n, inputs), float32 [1].
            scale: full scale of each vector, shape (n,), float32 [1].
        """
        levels = np.empty_like(vectors)
        convert_kernel.quantize_inputs(vectors, scale, self.levels, levels)
        return levels

    def shares(self, levels: np.ndarray) -> np.ndarray:
        """Return levels as shares of full scale."""
        return levels / np.float32(self.levels) if self.levels else levels

    def planes(self, levels: np.ndarray, cut: slice, scratch) -> np.ndarray:
        """Return what drives some lines in each read, shape (reads, n, inputs), float32, shares of full scale.

        Args:
            levels: from `quantized`.
            cut: which inputs.
            scratch: gives memory for a name and a shape.
        """
        if not self.serial:
            return self.shares(levels[None, :, cut])
        planes = scratch("planes", (self.significance.size, len(levels), cut.stop - cut.start))
        convert_kernel.fill_planes(levels, cut.start, cut.stop, planes)
        return planes

    def squares(self, levels: np.ndarray) -> np.ndarray:
        """Return the sum over the reads of the squares of what each input stands for, shape (n, inputs), float32."""
        if not self.serial:
            return self.shares(levels) ** 2
        magnitude = np.abs(levels).astype(np.int32)
        return sum((magnitude >> bit & 1) * share**2 for bit, share in enumerate(self.significance)).astype(np.float32)


@functools.cache
def input_coding(bits: int, coding: str, *, signed: bool) -> InputCoding:
    """Return the coding; the same one for the same arguments."""
    return InputCoding(bits, coding, signed=signed)
