"""Convolutions and matrix products by oneDNN, through PyTorch (extra `torch`).

The library's own threads would change the order of the sums in a gradient. Here each part of a batch, of a fixed number
of images, is one call of the library on one thread; parts share our own threads, and their gradients are summed in
order. So the same numbers come out for any number of threads. In bfloat16 inputs, weights and errors are rounded to
eight bits before they are multiplied, sums are of single precision, and a result is rounded again.
"""

from collections.abc import Callable

import numpy as np

from arraysim.networks.definition import Convolution
from dwcore.errors import InputError
from dwcore.numerics.threads import for_each_block

PART = 16
"""Images of one part of a convolution."""
PART_ROWS = 1024
"""Rows of one part of a product."""


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

    def product(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return ``left @ right``, shapes (m, k) and (k, n)."""
        out = np.empty((len(left), right.shape[1]), left.dtype)
        factor = self._tensor(right)

        def work(part: slice) -> None:
            out[part] = self._array(self._torch.mm(self._tensor(left[part]), factor))

        self._in_parts(work, len(left), PART_ROWS)
        return out

    def convolve(self, spec: Convolution, image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        """Return a convolution, shape (n, rows, columns, output channels).

        Args:
            spec: what it is.
            image: shape (n, rows, columns, channels).
            matrix: kernels and, with a bias, its row, shape (kernel² * channels of a group, output channels) and
                one more row.
        """
        kernel, bias = self._kernel(spec, matrix)
        groups = spec.groups_of(image.shape[3])
        out = np.empty((len(image), *spec.output_shape(image.shape[1:], 0)), image.dtype)

        def work(part: slice) -> None:
            found = self._torch.conv2d(self._image(image[part]), kernel, bias, spec.steps, spec.edges, 1, groups)
            out[part] = self._array(found.permute(0, 2, 3, 1))

        self._in_parts(work, len(image), PART)
        return out

    def convolve_back(
        self, spec: Convolution, image: np.ndarray, error: np.ndarray, matrix: np.ndarray, needed: bool
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """Return the errors of the image, None where not needed, and the gradient by the matrix.

        Args:
            spec: what the convolution is.
            image: that entered it, shape (n, rows, columns, channels).
            error: of its outputs, shape (n, rows, columns, output channels).
            matrix: as of ``convolve``.
            needed: whether the errors of the image are.
        """
        kernel = self._kernel(spec, matrix)[0]
        back = np.empty(image.shape, image.dtype) if needed else np.empty(0, image.dtype)
        partial = np.zeros((-(-len(image) // PART), *matrix.shape), matrix.dtype)
        groups = spec.groups_of(image.shape[3])
        geometry = spec.steps, spec.edges, [1, 1], False, [0, 0], groups, [needed, True, False]

        def work(part: slice) -> None:
            wrong = self._image(error[part])
            to_image, to_kernel, _ = self._torch.ops.aten.convolution_backward(
                wrong, self._image(image[part]), kernel, None, *geometry
            )
            gradient = partial[part.start // PART]
            entries = to_kernel.permute(2, 3, 1, 0).reshape(-1, matrix.shape[1])
            gradient[: len(entries)] = self._array(entries)
            if spec.bias:
                gradient[-1] = error[part].sum(axis=(0, 1, 2))
            if needed:
                back[part] = self._array(to_image.permute(0, 2, 3, 1))

        self._in_parts(work, len(image), PART)
        return back if needed else None, partial.sum(axis=0)

    def _kernel(self, spec: Convolution, matrix: np.ndarray):
        entries = matrix[: len(matrix) - spec.bias]
        kernel = self._image(entries.reshape(*spec.sides, -1, matrix.shape[1]).transpose(3, 0, 1, 2))
        return kernel, self._tensor(matrix[-1]) if spec.bias else None

    def _image(self, values: np.ndarray):
        return self._tensor(values).permute(0, 3, 1, 2)

    def _tensor(self, values: np.ndarray):
        return self._torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(self._type)

    @staticmethod
    def _array(tensor) -> np.ndarray:
        return tensor.float().numpy()

    def _in_parts(self, work: Callable[[slice], None], count: int, length: int) -> None:
        def one(part: int) -> None:
            before = self._torch.get_num_threads()
            if before != 1:  # of this thread alone
                self._torch.set_num_threads(1)
            try:
                work(slice(part * length, min((part + 1) * length, count)))
            finally:
                if before != 1:
                    self._torch.set_num_threads(before)

        for_each_block(one, -(-count // length))
