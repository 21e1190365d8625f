"""Labelled images for training, and their stratified split."""

import dataclasses
import gzip
from importlib import resources

import numpy as np

from llg.errors import InputError, nearest


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Labelled images.

    Attributes:
        name: of the data set.
        inputs: grey levels from 0 to 1, shape (images, pixels), float32 [1].
        labels: class numbers, shape (images,), int64.
        image_shape: rows and columns of an image.
        classes: number of classes [1].
    """

    name: str
    inputs: np.ndarray
    labels: np.ndarray
    image_shape: tuple[int, int]
    classes: int

    def split(self, *, seed: int, test_fraction: float) -> tuple["Dataset", "Dataset"]:
        """Return a training and a test part with the same share of every class.

        Args:
            seed: chooses the images of each part [1].
            test_fraction: share of each class in the test part, rounded to whole images [1].

        Raises:
            InputError: the fraction leaves one part without a class.
        """
        rng = np.random.default_rng([seed, 0])
        test = np.zeros(len(self.labels), bool)
        for number in range(self.classes):
            members = rng.permutation(np.flatnonzero(self.labels == number))
            count = round(test_fraction * members.size)
            if not 0 < count < members.size:
                raise InputError(f"test_fraction = {test_fraction} [1] leaves a part without class {number}")
            test[members[:count]] = True
        return self._part(~test), self._part(test)

    def _part(self, chosen: np.ndarray) -> "Dataset":
        return dataclasses.replace(self, inputs=self.inputs[chosen], labels=self.labels[chosen])


def _digits() -> Dataset:
    """Handwritten digits, 8 x 8 pixels of 17 grey levels (origin and licence in data/SOURCES.md)."""
    packed = resources.files("dwsynapse_data").joinpath("digits.csv.gz").read_bytes()
    rows = np.array([line.split(b",") for line in gzip.decompress(packed).split()], np.float32)
    return Dataset(
        name="digits",
        inputs=np.ascontiguousarray(rows[:, :64] / 16),
        labels=rows[:, 64].astype(np.int64),
        image_shape=(8, 8),
        classes=10,
    )


DATASETS = {"digits": _digits}


def load_dataset(name: str) -> Dataset:
    """Return a shipped data set.

    Args:
        name: one of ``DATASETS``.

    Raises:
        InputError: there is no such data set.
    """
    if name not in DATASETS:
        raise InputError(f'data set "{name}" is unknown{nearest(name, DATASETS)}')
    return DATASETS[name]()
