"""One read of a layer: products of its tiles, noise, conversion, and the digital sum."""

import dataclasses
import math
import threading
from collections.abc import Iterator

import numpy as np

from arraysim.periphery import convert_kernel
from arraysim.periphery.adc import ConverterBank
from arraysim.periphery.drive import Drive

_QUIET = np.empty((0, 0, 0), np.float32)
_thread = threading.local()


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
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

    def __init__(self, drive: Drive, lines: Lines, cuts: list[slice], keys: tuple):
        """Prepare one read.

        Args:
            drive: coding of the inputs.
            lines: what they pass.
            cuts: inputs of each tile.
            keys: of the noise of this read.
        """
        self._drive, self._lines, self._cuts, self._keys = drive, lines, cuts, keys
        self._floor, self._noisy = np.float32(lines.floor), bool(lines.floor or lines.variance)
        self._parts = [[matrix[cut] for matrix in lines.matrices] for cut in cuts]

    def linear(self, vectors: np.ndarray, scale: np.ndarray, out: np.ndarray, first: int) -> None:
        """Read without quantization at the lines: all tiles and bits are one product, and their noise one deviate.

        Args:
            vectors: shape (n, inputs), float32 [1].
            scale: full scale of each, shape (n,), float32 [1].
            out: result, zeros before, shape (n, outputs), float32.
            first: number of the first vector.
        """
        drive, lines = self._drive, self._lines
        levels = drive.quantized(vectors, scale)
        shares, outputs = drive.shares(levels), out.shape[1]
        for number, (matrix, factor) in enumerate(zip(lines.matrices, lines.factors, strict=True)):
            sums = (shares @ matrix)[None]
            if self._noisy:
                spread = (drive.squares(levels) @ lines.variance[number])[None] if lines.variance else _QUIET
                floor = self._floor * np.float32(len(self._cuts) * (drive.significance**2).sum())
                stride = len(lines.factors) * outputs
                start = first * stride + number * outputs
                convert_kernel.add_noise(sums, spread, floor, *self._keys, start, stride)
            out += np.float32(factor) * sums[0]
        out *= scale[:, None]

    def sums(self, levels: np.ndarray, first: int) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yield tile, matrix and its partial sums, shape (reads, n, outputs), in memory that the next ones overwrite.

        Args:
            levels: from the drive, shape (n, inputs), float32.
            first: number of the first vector.
        """
        lines, matrices = self._lines, len(self._lines.matrices)
        for tile, cut in enumerate(self._cuts):
            planes = self._drive.planes(levels, cut, _scratch)
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
        step, tiles = np.float32(step), len(self._cuts)
        gain, low, high = bank.gain / step, np.float32(bank.low), np.float32(bank.high)
        significance = [self._drive.significance * np.float32(factor) for factor in self._lines.factors]

        def read(vectors: np.ndarray, scale: np.ndarray, out: np.ndarray, first: int) -> None:
            factor = step * scale
            for tile, number, sums in self.sums(self._drive.quantized(vectors, scale), first):
                row = number * tiles + tile
                line = sums, significance[number], factor, gain[row], bank.offset[row], low, high
                if bank.table is None:
                    convert_kernel.convert_add(*line, out)
                else:
                    convert_kernel.convert_add_nonlinear(*line, bank.table, bank.place[row], bank.reach, out)

        return read


def _scratch(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return memory that this thread uses again and again: fresh memory costs more than what is done with it."""
    size = math.prod(shape)
    known = getattr(_thread, name, None)
    if known is None or known.size < size:
        known = np.empty(size, np.float32)
        setattr(_thread, name, known)
    return known[:size].reshape(shape)
