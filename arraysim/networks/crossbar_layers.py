"""Layers whose weights live in a crossbar: fully connected, and convolution by unrolled kernels.

A layer works forward, then backward, and then offers the gradient of the loss by its weights. What drives the rows is
a matrix of one line per product: an image, or a position of the kernel in an image. A convolution never holds that
matrix whole, it unrolls some images at a time.
"""

import math
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from arraysim.networks import quantization
from arraysim.networks.bfloat16 import widen
from arraysim.networks.definition import Convolution, Linear
from arraysim.networks.patches import add_gradient_of_groups, multiply_groups, multiply_groups_back, roll_back, unroll
from arraysim.synapses.weights import FloatWeights
from dwcore.errors import InputError
from dwcore.numerics.product import BLOCK_ROWS, product
from dwcore.numerics.threads import for_each_block

if TYPE_CHECKING:
    from arraysim.networks.onednn import OneDnn

GROUPS = 8
"""Parts in which the gradient of a convolution is summed, whatever the number of threads."""


class CrossbarLayer(ABC):
    """Base of both kinds of layers in a crossbar.

    Attributes:
        weights: shape (rows, columns).
        error_bits: of the errors sent backward, see ``quantization.errors``; 0 for none.
        takes_bfloat16: whether values and errors may be numbers of bfloat16.
    """

    takes_bfloat16 = False

    def __init__(
        self,
        weights: FloatWeights,
        *,
        rows: int,
        columns: int,
        bias: bool,
        error_bits: int,
        library: "OneDnn | None" = None,
    ):
        """Take weights of the right shape.

        Args:
            weights: shape (rows, columns).
            rows: inputs, with the one that is always 1 if there is a bias.
            columns: outputs.
            bias: whether the last row is driven by a constant 1.
            error_bits: of the errors sent backward, see ``quantization.errors``; 0 for none.
            library: for products with weights that nothing stands before; None takes numpy.

        Raises:
            InputError: the weights have another shape.
        """
        if weights.values.shape != (rows, columns):
            raise InputError(f"weights of shape {weights.values.shape} given to a layer of shape {(rows, columns)}")
        self.weights, self._bias, self.error_bits = weights, bias, error_bits
        self._exact = getattr(weights, "reader", None) is None
        self._library = library if self._exact else None

    @abstractmethod
    def gradient(self) -> np.ndarray:
        """Return the gradient of the loss by the weights, shape (rows, columns)."""

    @abstractmethod
    def signals(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what drove the rows, shape (n, rows), and came back on the columns, shape (n, columns)."""


class LinearLayer(CrossbarLayer):
    """Every input to every output; the bias is the last row, driven by a constant 1."""

    def __init__(self, spec: Linear, weights: FloatWeights, *, inputs: int, outputs: int, **how):
        super().__init__(weights, rows=inputs + spec.bias, columns=outputs, bias=spec.bias, **how)

    def forward(self, value: np.ndarray, training: bool) -> np.ndarray:
        """Return the outputs, shape (n, outputs), of inputs of shape (n, inputs)."""
        rows = value
        if self._bias:
            rows = np.ones((len(value), value.shape[1] + 1), value.dtype)
            rows[:, :-1] = value
        if training:
            self._rows = rows
        return self._library.product(rows, self.weights.values) if self._library else self.weights.forward(rows)

    def backward(self, error: np.ndarray, needed: bool) -> np.ndarray | None:
        """Return the errors of the inputs, shape (n, inputs), of those of the outputs; None where not needed."""
        self._errors = quantization.errors(error, self.error_bits)
        if not needed:
            return None
        library, weights = self._library, self.weights
        back = library.product(self._errors, weights.values.T) if library else weights.backward(self._errors)
        return back[:, :-1] if self._bias else back

    def gradient(self) -> np.ndarray:
        """Return the gradient of the loss by the weights, shape (rows, columns)."""
        return (self._library.product if self._library else product)(self._rows.T, self._errors)

    def signals(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what drove the rows, shape (n, rows), and came back on the columns, shape (n, columns)."""
        return self._rows, self._errors


class ConvolutionLayer(CrossbarLayer):
    """Kernels moved over images of shape (rows, columns, channels)."""

    def __init__(self, spec: Convolution, weights: FloatWeights, *, channels: int, **how):
        super().__init__(weights, rows=spec.rows_of(channels), columns=spec.channels, bias=spec.bias, **how)
        groups = spec.groups_of(channels)
        self._spec, self._sizes = spec, (math.prod(spec.sides), groups, channels // groups)
        self._row_length = math.prod(self._sizes) + spec.bias
        if groups > 1 and not self._exact:
            raise InputError("a convolution in groups is read exactly, converters between cannot be simulated")
        self._scratch = threading.local()
        self.takes_bfloat16 = self._library is not None and not self.error_bits

    def forward(self, value: np.ndarray, training: bool) -> np.ndarray:
        """Return images of shape (n, rows, columns, output channels) of images of shape (n, ..., channels)."""
        if self._library:
            out, held = self._library.convolve(self._spec, value, self.weights.values)
            if training:
                self._image, self._held = value, held
            return out
        padded = self._padded(value)
        down, across, columns = self._spec.output_shape(value.shape[1:], 0)
        out = np.empty((len(value), down, across, columns), value.dtype)
        per_block = max(1, BLOCK_ROWS // (down * across))

        def work(block: int) -> None:
            part = slice(block * per_block, (block + 1) * per_block)
            rows = self._unrolled(padded[part], down * across)
            if self._sizes[1] > 1:
                multiply_groups(rows, self.weights.values, self._sizes, out[part].reshape(-1, columns))
            else:
                out[part].reshape(-1, columns)[:] = self.weights.forward(rows)

        self._share_out(work, -(-len(value) // per_block))
        if training:
            self._image, self._positions, self._per_block = padded, down * across, per_block
        return out

    def backward(self, error: np.ndarray, needed: bool) -> np.ndarray | None:
        """Return the errors of the input images, None where not needed; sum the gradient on the way."""
        self._errors = error = quantization.errors(error, self.error_bits)
        if self._library:
            back, self._gradient = self._library.convolve_back(self._spec, self._held, error, needed)
            return back
        shape = self.weights.values.shape
        blocks = -(-len(error) // self._per_block)
        groups = min(blocks, GROUPS)
        partial = np.zeros((groups, *shape), error.dtype)
        back = np.zeros_like(self._image) if needed else np.empty(0, error.dtype)

        def work(group: int) -> None:
            for block in range(group, blocks, groups):
                part = slice(block * self._per_block, (block + 1) * self._per_block)
                columns = error[part].reshape(-1, shape[1])
                rows = self._unrolled(self._image[part], self._positions)
                if self._sizes[1] > 1:
                    add_gradient_of_groups(rows, columns, self._sizes, partial[group])
                else:
                    partial[group] += product(rows.T, columns)
                if needed:
                    roll_back(self._patches_back(columns, rows), self._spec.steps, self._spec.sides, back[part])

        self._share_out(work, groups)
        self._gradient = partial.sum(axis=0)
        above, left = self._spec.edges
        return back[:, above : back.shape[1] - above, left : back.shape[2] - left] if needed else None

    def _patches_back(self, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the errors of patches, which take the place of the patches where there are groups."""
        if self._sizes[1] == 1:
            return np.ascontiguousarray(self.weights.backward(columns), columns.dtype)
        multiply_groups_back(columns, self.weights.values, self._sizes, rows)
        return rows

    def gradient(self) -> np.ndarray:
        """Return the gradient of the loss by the weights, shape (rows, columns)."""
        return self._gradient

    def signals(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what drove the rows at every position, shape (n * positions, rows), and the errors likewise."""
        if self._sizes[1] > 1:
            raise InputError("a convolution in groups has no signals of whole rows; take a rule that sums gradients")
        image = self._padded(widen(self._image)) if self._library else self._image
        errors = widen(self._errors).reshape(-1, self.weights.values.shape[1])
        rows = np.ones((len(errors), self.weights.values.shape[0]), image.dtype)
        unroll(image, self._spec.steps, self._spec.sides, rows)
        return rows, errors

    def _share_out(self, work, blocks: int) -> None:
        """Threads share the blocks unless a read path, which may draw noise, needs them in order."""
        if self._exact:
            for_each_block(work, blocks)
        else:
            for block in range(blocks):
                work(block)

    def _padded(self, value: np.ndarray) -> np.ndarray:
        above, left = self._spec.edges
        if not above and not left:
            return np.ascontiguousarray(value)
        count, rows, columns, channels = value.shape
        out = np.zeros((count, rows + 2 * above, columns + 2 * left, channels), value.dtype)
        out[:, above : rows + above, left : columns + left] = value
        return out

    def _unrolled(self, image: np.ndarray, positions: int) -> np.ndarray:
        """Return the patches of some images in an array that this thread uses again and again."""
        size, dtype = (len(image) * positions, self._row_length), image.dtype
        rows = getattr(self._scratch, "rows", None)
        if rows is None or rows.shape[0] < size[0] or rows.dtype != dtype:
            rows = self._scratch.rows = np.ones(size, dtype)
        unroll(image, self._spec.steps, self._spec.sides, rows[: size[0]])
        return rows[: size[0]]
