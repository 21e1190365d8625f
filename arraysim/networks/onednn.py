"""Convolutions and matrix products by oneDNN, through PyTorch (extra `torch`).

The library's own threads would change the order of the sums in a gradient. Here each part of a batch, of a fixed number
of images, is one call of the library on one thread; parts share our own threads, and their gradients are summed in
order. So the same numbers come out for any number of threads. In bfloat16 inputs, weights and errors are rounded to
eight bits before they are multiplied, sums are of single precision, and a result is rounded again.
"""

import contextlib
from collections.abc import Callable, Iterator

import numpy as np

from arraysim.networks.bfloat16 import NUMBERS, widen
from arraysim.networks.definition import Convolution
from dwcore.errors import InputError
from dwcore.numerics.threads import for_each_block

PART = 16
"""Images of one part of a convolution."""
PART_ROWS = 1024
"""Rows of one part of a product."""


def emulates_bfloat16() -> bool:
    """Whether the processor is one of x86 without AVX-512, on which products in bfloat16 take far longer than others."""
    import torch

    return torch.backends.cpu.get_cpu_capability() in ("NO AVX", "AVX2")


class OneDnn:
    """The library with one type of numbers."""

    def __init__(self, name: str):
        """Load the library.

        Args:
            name: type of the numbers, "float32" or "bfloat16".

        Raises:
            InputError: PyTorch is not there.
        """
        try:
            import torch
        except ImportError:
            raise InputError(f'products = onednn-{name} needs PyTorch: pip install "dwsynapse[torch]"') from None
        self._torch, self._type = torch, getattr(torch, name)
        self._numbers = NUMBERS if name == "bfloat16" else np.dtype(np.float32)

    def product(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return ``left @ right``, shapes (m, k) and (k, n)."""
        out = np.empty((len(left), right.shape[1]), left.dtype)
        with self._one_thread():
            factor = self._tensor(right)

        def work(part: slice) -> None:
            self._write(self._torch.mm(self._tensor(left[part]), factor), out[part])

        self._in_parts([work], len(left), PART_ROWS)
        return out

    def convolve(self, spec: Convolution, image: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, tuple]:
        """Return a convolution, shape (n, rows, columns, output channels), and what ``convolve_back`` takes.

        Args:
            spec: what it is.
            image: shape (n, rows, columns, channels), float32 or bfloat16.
            matrix: kernels and, with a bias, its row, shape (kernel² * channels of a group, output channels) and
                one more row.
        """
        groups = spec.groups_of(image.shape[3])
        with self._one_thread():
            kernel, bias = self._kernel(spec, matrix), self._tensor(matrix[-1]) if spec.bias else None
        out = np.empty((len(image), *spec.output_shape(image.shape[1:], 0)), self._numbers)
        images: list = [None] * -(-len(image) // PART)

        def work(part: slice) -> None:
            images[part.start // PART] = there = self._image(image[part])
            found = self._torch.conv2d(there, kernel, bias, spec.steps, spec.edges, 1, groups)
            self._write(found.permute(0, 2, 3, 1), out[part])

        self._in_parts([work], len(image), PART)
        return out, (kernel, images)

    def convolve_back(
        self, spec: Convolution, held: tuple, error: np.ndarray, needed: bool
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """Return the errors of the image, None where not needed, and the gradient by the matrix.

        Args:
            spec: what the convolution is.
            held: as from ``convolve``.
            error: of its outputs, shape (n, rows, columns, output channels).
            needed: whether the errors of the image are.
        """
        kernel, images = held
        channels, columns = images[0].shape[1], error.shape[3]
        back = np.empty((len(error), *images[0].shape[2:], channels) if needed else 0, self._numbers)
        partial = np.empty((len(images), columns, kernel[0].numel()), np.float32)
        on_bias = np.zeros((len(images), columns), np.float32)
        geometry = spec.steps, spec.edges, [1, 1], False, [0, 0], spec.groups_of(channels)
        backward = self._torch.ops.aten.convolution_backward

        def to_kernel(part: slice) -> None:
            number, there = part.start // PART, self._image(error[part])
            _, found, _ = backward(there, images[number], kernel, None, *geometry, [False, True, False])
            self._write(found.permute(0, 2, 3, 1).reshape(columns, -1), partial[number])
            if spec.bias:
                on_bias[number] = widen(error[part]).sum(axis=(0, 1, 2))

        def to_image(part: slice) -> None:
            there = self._image(error[part])
            found, _, _ = backward(there, images[part.start // PART], kernel, None, *geometry, [True, False, False])
            self._write(found.permute(0, 2, 3, 1), back[part])

        self._in_parts([to_kernel, to_image] if needed else [to_kernel], len(error), PART)
        gradient = np.empty((partial.shape[2] + spec.bias, columns), np.float32)
        with self._one_thread():
            self._write(self._torch.from_numpy(partial.sum(axis=0)).t(), gradient[: partial.shape[2]])
        gradient[partial.shape[2] :] = on_bias.sum(axis=0)
        return back if needed else None, gradient

    def _kernel(self, spec: Convolution, matrix: np.ndarray):
        """Return kernels, shape (output channels, channels of a group, rows, columns), channels next to each other."""
        entries = matrix[: len(matrix) - spec.bias]
        turned = self._torch.from_numpy(np.asarray(entries, np.float32)).t().contiguous()
        return turned.to(self._type).view(matrix.shape[1], *spec.sides, -1).permute(0, 3, 1, 2)

    def _image(self, values: np.ndarray):
        return self._tensor(values).permute(0, 3, 1, 2)

    def _tensor(self, values: np.ndarray):
        return self._held(values if values.dtype == NUMBERS else np.asarray(values, np.float32)).to(self._type)

    def _write(self, tensor, out: np.ndarray) -> None:
        self._held(out).copy_(tensor)

    def _held(self, values: np.ndarray):
        """Return an array as a tensor of the same memory."""
        if values.dtype == NUMBERS:
            return self._torch.from_numpy(values.view(np.int16)).view(self._torch.bfloat16)
        return self._torch.from_numpy(values)

    def _in_parts(self, works: list[Callable[[slice], None]], count: int, length: int) -> None:
        def one(block: int) -> None:
            part, which = divmod(block, len(works))
            with self._one_thread():
                works[which](slice(part * length, min((part + 1) * length, count)))

        for_each_block(one, -(-count // length) * len(works))

    @contextlib.contextmanager
    def _one_thread(self) -> Iterator[None]:
        """Keep the library to the thread that calls it; others of the process keep their number."""
        before = self._torch.get_num_threads()
        if before != 1:
            self._torch.set_num_threads(1)
        try:
            yield
        finally:
            if before != 1:
                self._torch.set_num_threads(before)
