"""Layers outside the crossbars: activation, pooling, batch normalization, flatten. All are digital."""

import math

import numpy as np

from arraysim.networks import digital_kernel, quantization
from arraysim.networks.definition import Activation, BatchNorm, GlobalPooling, Pooling
from dwcore.numerics.threads import BLOCK_VALUES, for_each_block, in_parts


class ActivationLayer:
    """A function of each value, with its result in a number of bits if they are given."""

    def __init__(self, spec: Activation):
        self._spec = spec

    def forward(self, value: np.ndarray, training: bool) -> np.ndarray:
        """Return the function of the values."""
        rectify = self._spec.function == "relu"
        result, flat = np.empty_like(value, order="C"), np.ascontiguousarray(value).reshape(-1)

        def work(part: slice) -> None:
            out = result.reshape(-1)[part]
            np.maximum(flat[part], 0, out=out) if rectify else np.tanh(flat[part], out=out)

        in_parts(work, flat.size, 1)
        if training:
            self._result = result
        if not self._spec.bits:
            return result
        if rectify:
            return quantization.unsigned(result, self._spec.bits, self._spec.limit)
        return quantization.signed(result, self._spec.bits, 1.0)

    def backward(self, error: np.ndarray, needed: bool) -> np.ndarray:
        """Return the errors of the values, straight through the rounding."""
        rectify, bits = self._spec.function == "relu", self._spec.bits
        back, flat, result = np.empty_like(error, order="C"), np.ascontiguousarray(error).reshape(-1), self._result

        def work(part: slice) -> None:
            out, there = back.reshape(-1)[part], result.reshape(-1)[part]
            np.multiply(flat[part], there > 0 if rectify else 1 - there * there, out=out)
            if rectify and bits:
                out[there > self._spec.limit] = 0

        in_parts(work, flat.size, 1)
        return back


class PoolingLayer:
    """Largest or mean value of squares.

    Attributes:
        takes_bfloat16: whether values and errors may be numbers of bfloat16; those of means may not.
    """

    def __init__(self, spec: Pooling):
        self._size, self._largest = spec.size, spec.pooling == "max"
        self.takes_bfloat16 = self._largest

    def forward(self, value: np.ndarray, training: bool) -> np.ndarray:
        """Return smaller images."""
        count, rows, columns, channels = self._shape = value.shape
        value = np.ascontiguousarray(value)
        out = np.empty((count, rows // self._size, columns // self._size, channels), value.dtype)
        place = np.empty(out.shape if self._largest else 0, np.uint8)

        def work(part: slice) -> None:
            if self._largest:
                digital_kernel.largest(value[part], self._size, out[part], place[part])
            else:
                digital_kernel.mean(value[part], self._size, out[part])

        in_parts(work, count, math.prod(value.shape[1:]))
        if training:
            self._place = place
        return out

    def backward(self, error: np.ndarray, needed: bool) -> np.ndarray:
        """Return errors of the larger images."""
        error = np.ascontiguousarray(error)
        whole = not any(side % self._size for side in self._shape[1:3])
        out = (np.empty if whole else np.zeros)(self._shape, error.dtype)

        def work(part: slice) -> None:
            if self._largest:
                digital_kernel.to_largest(error[part], self._size, self._place[part], out[part])
            else:
                digital_kernel.to_mean(error[part], self._size, out[part])

        in_parts(work, len(error), math.prod(self._shape[1:]))
        return out


class BatchNormLayer:
    """Each channel to zero mean and unit variance over the batch, then scaled and shifted.

    Scale and shift are numbers in digital memory and are trained digitally, also on chip.

    Attributes:
        parameters: scale and shift of each channel, shape (2, channels) [1].
        gradients: of the loss by the parameters, same shape [1].
        running: mean and variance that stand in for those of a batch when the network is used, same shape [1].
        takes_bfloat16: whether values and errors may be numbers of bfloat16.

    References:
        S. Ioffe and C. Szegedy, ICML 2015, arXiv:1502.03167.
    """

    takes_bfloat16 = True

    def __init__(self, spec: BatchNorm, channels: int, dtype=np.float32, *, rectified: bool = False):
        """Start with parameters that change nothing.

        Args:
            spec: what it is.
            channels: of the values.
            dtype: of the values.
            rectified: whether a rectifier follows. It is done in the same passes over the values.
        """
        self._spec, self._dtype, self._floor = spec, dtype, np.dtype(dtype).type(0 if rectified else -np.inf)
        self.parameters = np.array([np.ones(channels), np.zeros(channels)], dtype)
        self.gradients = np.zeros_like(self.parameters)
        self.running = np.array([np.zeros(channels), np.ones(channels)], dtype)

    @property
    def epsilon(self) -> float:
        """What is added to the variance."""
        return self._spec.epsilon

    def forward(self, value: np.ndarray, training: bool) -> np.ndarray:
        """Return normalized values; in training by the batch, which also moves the running mean and variance."""
        flat = np.ascontiguousarray(value).reshape(-1, value.shape[-1])
        mean, variance = self._of_batch(flat) if training else self.running.astype(np.float64)
        inverse = 1 / np.sqrt(variance + self.epsilon)
        slope = (self.parameters[0] * inverse).astype(self._dtype)
        offset = (self.parameters[1] - self.parameters[0] * inverse * mean).astype(self._dtype)
        line = slope, offset, self._floor
        if training:
            self._value, self._mean, self._inverse, self._line = flat, mean, inverse, line
        out = np.empty_like(flat)

        def work(part: slice) -> None:
            digital_kernel.scale_and_shift(flat[part], *line, out[part])

        in_parts(work, *flat.shape)
        return out.reshape(value.shape)

    def backward(self, error: np.ndarray, needed: bool) -> np.ndarray:
        """Return the errors of the values and keep the gradients of scale and shift."""
        flat = np.ascontiguousarray(error).reshape(self._value.shape)
        count, line = len(flat), self._line
        total, product = self._sums(digital_kernel.add_up_errors, (flat, self._value), *line)
        on_scale = self._inverse * (product - self._mean * total)
        self.gradients[:] = on_scale, total
        slope = self.parameters[0] * self._inverse
        on_value = -slope * self._inverse * on_scale / count
        constant = (-slope * total / count - on_value * self._mean).astype(self._dtype)
        on_value, out = on_value.astype(self._dtype), np.empty_like(self._value)

        def work(part: slice) -> None:
            digital_kernel.errors_back(flat[part], self._value[part], *line, on_value, constant, out[part])

        in_parts(work, *flat.shape)
        return out.reshape(error.shape)

    def _of_batch(self, flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        total, square = self._sums(digital_kernel.add_up, (flat,))
        mean = total / len(flat)
        variance = np.maximum(square / len(flat) - mean * mean, 0.0)
        self.running += self._spec.momentum * (np.array([mean, variance]) - self.running)
        return mean, variance

    def _sums(self, add_up, values: tuple[np.ndarray, ...], *how) -> np.ndarray:
        """Return two sums per channel, added up in blocks of one size."""
        rows, channels = values[0].shape
        part_rows = max(1, BLOCK_VALUES // channels)
        sums = np.zeros((-(-rows // part_rows), 2, channels))

        def work(block: int) -> None:
            part = slice(block * part_rows, (block + 1) * part_rows)
            add_up(*(value[part] for value in values), *how, sums[block, 0], sums[block, 1])

        for_each_block(work, len(sums))
        return sums.sum(axis=0)


class GlobalPoolingLayer:
    """Largest or mean value of each channel over the whole image."""

    def __init__(self, spec: GlobalPooling):
        self._largest = spec.pooling == "max"

    def forward(self, value: np.ndarray, training: bool) -> np.ndarray:
        """Return values, shape (n, channels)."""
        self._shape = value.shape
        flat = value.reshape(len(value), -1, value.shape[-1])
        if not self._largest:
            return flat.mean(axis=1)
        self._place = flat.argmax(axis=1)
        return flat.max(axis=1)

    def backward(self, error: np.ndarray, needed: bool) -> np.ndarray:
        """Return errors of the images."""
        count, rows, columns, channels = self._shape
        back = np.zeros((count, rows * columns, channels), error.dtype)
        if self._largest:
            np.put_along_axis(back, self._place[:, None], error[:, None], axis=1)
        else:
            back[:] = error[:, None] / error.dtype.type(rows * columns)
        return back.reshape(self._shape)


class MarkLayer:
    """A place whose values later sums take.

    Attributes:
        value: that has passed last.
        errors: of the sums, for the way back; None where there are none.
    """

    def __init__(self) -> None:
        self.value = np.empty(0)
        self.errors: np.ndarray | None = None

    def forward(self, value: np.ndarray, training: bool) -> np.ndarray:
        """Return the values as they are."""
        self.value, self.errors = value, None
        return value

    def backward(self, error: np.ndarray, needed: bool) -> np.ndarray:
        """Return the errors with those of the sums."""
        return error if self.errors is None else error + self.errors


class SumLayer:
    """Values of an earlier place added; see ``definition.Sum``.

    Attributes:
        step: which pixels of that place are taken: every first, second, third.
    """

    def __init__(self, mark: MarkLayer, step: int):
        self._mark, self.step = mark, step

    def forward(self, value: np.ndarray, training: bool) -> np.ndarray:
        """Return the sums."""
        there = self._taken(self._mark.value)
        out = value.copy()
        out[..., : there.shape[-1]] += there
        return out

    def backward(self, error: np.ndarray, needed: bool) -> np.ndarray:
        """Return the errors as they are, and leave those of the place there."""
        mark = self._mark
        if mark.errors is None:
            mark.errors = np.zeros_like(mark.value)
        self._taken(mark.errors)[...] += error[..., : mark.value.shape[-1]]
        return error

    def _taken(self, values: np.ndarray) -> np.ndarray:
        return values if values.ndim == 2 else values[:, :: self.step, :: self.step]


class DoneLayer:
    """What the layer before has done already."""

    takes_bfloat16 = True

    def forward(self, value: np.ndarray, training: bool) -> np.ndarray:
        """Return the values as they are."""
        return value

    def backward(self, error: np.ndarray, needed: bool) -> np.ndarray:
        """Return the errors as they are."""
        return error


class FlattenLayer:
    """An image as a list of values."""

    def forward(self, value: np.ndarray, training: bool) -> np.ndarray:
        """Return lists."""
        self._shape = value.shape
        return value.reshape(len(value), -1)

    def backward(self, error: np.ndarray, needed: bool) -> np.ndarray:
        """Return images."""
        return error.reshape(self._shape)
