"""Reading a layer through converters, as tensors: the arithmetic of ``arraysim.periphery``, tile by tile.

Ranges, counts and converters are those of the reader of the layer, which stays their keeper: a checkpoint holds them.
Inputs, codes and sums are rounded as there; partial sums are products by PyTorch, so a current that lies within a
rounding error of a threshold may fall on its other side.
"""

import numpy as np
import torch

from arraysim.periphery.read_path import TINY, ReadPath
from arraysim.periphery.reader import BACKWARD, FORWARD, PeripheryReader
from arraysim.synapses.weights import FloatWeights, PulsedWeights

BLOCK_NUMBERS = 2**25
"""Bits and partial sums that are held at a time."""


class TensorReader:
    """The read path of one layer in both directions."""

    def __init__(self, reader: PeripheryReader, weights: PulsedWeights):
        """Prepare to read.

        Args:
            reader: of the weights; of a periphery without wires, noise, deviating thresholds and digital subtraction.
            weights: on its tiles.
        """
        self._reader, self._weights = reader, weights
        self._unit = weights.scale / reader.periphery.read.voltage

    @classmethod
    def of(cls, weights: FloatWeights) -> "TensorReader | None":
        """Return the read path of some weights, None where they multiply exactly."""
        if not isinstance(weights, PulsedWeights) or not isinstance(weights.reader, PeripheryReader):
            return None
        return None if weights.reader.exact else cls(weights.reader, weights)

    def __call__(self, vectors: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
        """Return vectors, shape (n, rows), times the weights, shape (n, columns), with a way back."""
        return _Read.apply(vectors, matrix, self)

    def read(self, direction: int, vectors: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
        """Return vectors, shape (n, inputs), times a matrix, shape (inputs, outputs), as the converters see it."""
        if direction == BACKWARD and self._reader.periphery.read.passes == "forward":
            return vectors @ matrix
        path = self._reader.path(direction, self._weights)
        scale = self._scales(path, vectors)
        if path.converts and path.due(self._reader.adapt):
            path.calibrate(lambda chosen: _trial(path, vectors, scale, matrix, chosen), len(vectors), self._unit)
        path.memory["reads"] += 1
        out = torch.empty(len(vectors), matrix.shape[1], device=vectors.device)
        held = path.coding.significance.size * (max(cut.stop - cut.start for cut in path.cuts) + matrix.shape[1])
        size = max(16, BLOCK_NUMBERS // held)
        for first in range(0, len(vectors), size):
            part = slice(first, first + size)
            levels = _levels(path, vectors[part], scale[part])
            out[part] = self._converted(path, levels, matrix) if path.converts else _shares(path, levels) @ matrix
        return out.mul_(scale[:, None])

    def _scales(self, path: ReadPath, vectors: torch.Tensor) -> torch.Tensor:
        """Return the full scale of each vector, shape (n,)."""
        if path.per_vector:
            return vectors.abs().amax(dim=1).clamp(min=float(TINY))
        if self._reader.adapt or path.memory["full_scale"][0] == 0:
            path.widen(float(vectors.min()), float(vectors.max()))
        return torch.full((len(vectors),), float(path.full_scale), device=vectors.device)

    def _converted(self, path: ReadPath, levels: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
        """Return the digital sum of the codes of all tiles and bits, over the full scale."""
        bank, unit = path.bank, np.float32(path.memory["step"][0])
        gain, offset = (torch.from_numpy(values).to(levels.device) for values in (bank.gain / unit, bank.offset))
        significance = torch.from_numpy(path.coding.significance).to(levels.device)[:, None, None]
        total = torch.zeros(len(levels), matrix.shape[1], device=levels.device)
        for tile, sums in enumerate(_sums(path, levels, matrix)):
            codes = sums.mul_(gain[tile]).add_(offset[tile]).clamp_(bank.low, bank.high).round_()
            total += (codes * significance).sum(dim=0)
        return total.mul_(float(unit))


class _Read(torch.autograd.Function):
    """A read forward, the read of the errors backward, and the gradient by the weights from the digital signals."""

    @staticmethod
    def forward(context, vectors, matrix, reader):
        context.save_for_backward(vectors, matrix)
        context.reader = reader
        return reader.read(FORWARD, vectors, matrix)

    @staticmethod
    def backward(context, error):
        vectors, matrix = context.saved_tensors
        error = error.contiguous()
        back = context.reader.read(BACKWARD, error, matrix.T) if context.needs_input_grad[0] else None
        return back, vectors.T @ error, None


def _levels(path: ReadPath, vectors: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Return inputs as whole levels, or as shares of full scale where there are none."""
    top = float(path.coding.levels or 1)
    levels = (vectors * (top / scale)[:, None]).clamp_(-top, top)
    return levels.round_() if path.coding.levels else levels


def _shares(path: ReadPath, levels: torch.Tensor) -> torch.Tensor:
    return levels / path.coding.levels if path.coding.levels else levels


def _sums(path: ReadPath, levels: torch.Tensor, matrix: torch.Tensor):
    """Yield the partial sums of each tile, shape (reads, n, outputs)."""
    for cut in path.cuts:
        part = levels[:, cut]
        if path.coding.serial:
            bit = torch.arange(path.coding.significance.size, device=levels.device)[:, None, None]
            planes = (part.abs().to(torch.int32) >> bit & 1) * part.sign()
        else:
            planes = _shares(path, part)[None]
        yield (planes.reshape(-1, planes.shape[2]) @ matrix[cut]).view(*planes.shape[:2], -1)


def _trial(path: ReadPath, vectors, scale, matrix, chosen: np.ndarray) -> np.ndarray:
    """Return the partial sums of chosen vectors, shape (reads, samples)."""
    places = torch.from_numpy(chosen).to(vectors.device)
    levels = _levels(path, vectors[places], scale[places])
    return torch.cat([sums.reshape(len(sums), -1) for sums in _sums(path, levels, matrix)], dim=1).cpu().numpy()
