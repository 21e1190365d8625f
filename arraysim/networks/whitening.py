"""Whitening of patches of images: a fixed linear map in digital memory, learned without labels before the training."""

import math

import numpy as np

from arraysim.networks.definition import Whiten
from arraysim.networks.patches import unroll
from dwcore.numerics.threads import in_parts


class WhiteningLayer:
    """Patches as uncorrelated values, and the same with the other sign.

    Attributes:
        matrix: what a patch is multiplied by, and in the last row what is added, shape (values + 1, values) [1].
    """

    def __init__(self, spec: Whiten, channels: int, dtype=np.float32):
        self._spec = spec
        size = spec.patch**2 * channels
        self.matrix = np.eye(size + 1, size, dtype=dtype)

    def learn(self, images: np.ndarray) -> None:
        """Learn the map from the patches of some images, shape (n, rows, columns, channels)."""
        rows = self._patches(images)[:, :-1].astype(np.float64)
        mean = rows.mean(axis=0)
        variance, axes = np.linalg.eigh(np.atleast_2d(np.cov(rows, rowvar=False)))
        # An eigenvector has no sign of its own: its largest entry is made positive.
        axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(len(axes))])
        whitening = axes / np.sqrt(variance + self._spec.epsilon)
        self.matrix[:] = np.vstack([whitening, -mean @ whitening])

    def forward(self, value: np.ndarray, training: bool) -> np.ndarray:
        """Return images of shape (n, rows, columns, 2 values of a patch)."""
        side, half = self._spec.patch - 1, self.matrix.shape[1]
        out = np.empty((len(value), value.shape[1] - side, value.shape[2] - side, 2 * half), value.dtype)

        def work(part: slice) -> None:
            flat = out[part].reshape(-1, 2 * half)
            np.matmul(self._patches(value[part]), self.matrix, out=flat[:, :half])
            np.negative(flat[:, :half], out=flat[:, half:])

        in_parts(work, len(value), math.prod(out.shape[1:]))
        return out

    def backward(self, error: np.ndarray, needed: bool) -> None:
        """Return nothing: no layer before it learns."""

    def _patches(self, images: np.ndarray) -> np.ndarray:
        side = self._spec.patch
        positions = (images.shape[1] - side + 1) * (images.shape[2] - side + 1)
        rows = np.ones((len(images) * positions, len(self.matrix)), images.dtype)
        unroll(np.ascontiguousarray(images), (1, 1), (side, side), rows)
        return rows
