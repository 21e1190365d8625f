"""Labelled images for training: where they come from, their split, and what of them enters a network."""

import dataclasses
import gzip
from importlib import resources
from pathlib import Path

import numpy as np

from arraysim.datasets import cifar_format, idx_format
from dwcore.errors import InputError, nearest

# Means and standard deviations of the channels of CIFAR-10's 50,000 training images, as is usual.
CIFAR_MEAN = (0.4914, 0.4822, 0.4465)
CIFAR_STD = (0.2470, 0.2435, 0.2616)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Labelled images.

    Attributes:
        name: of the data set.
        images: grey levels, shape (images, rows, columns, channels), uint8.
        labels: class numbers, shape (images,), int64.
        classes: number of classes [1].
        full_scale: grey level of white [1].
        mean: taken off each channel, after division by the full scale [1].
        std: divides each channel then [1].
        test: images that the makers of the set keep for the test; None where the set is not divided.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    classes: int
    full_scale: int
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    test: "Dataset | None" = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(rows, columns, channels)."""
        return self.images.shape[1:]

    def __repr__(self) -> str:
        test = "" if self.test is None else f", {len(self.test)} more to test"
        size = " x ".join(map(str, self.image_shape))
        return f"<Dataset {self.name}: {len(self)} images of {size}, {self.classes} classes{test}>"

    def __len__(self) -> int:
        return len(self.labels)

    def inputs(self, chosen=slice(None)) -> np.ndarray:
        """Return what enters a network, shape (images, rows, columns, channels), float32 [1].

        Args:
            chosen: which images, anything that indexes them.
        """
        return self.scaled(self.images[chosen])

    def scaled(self, images: np.ndarray) -> np.ndarray:
        """Return grey levels as what enters a network, of the same shape, float32 [1]."""
        slope = np.float32(1 / self.full_scale) / np.array(self.std, np.float32)
        offset = np.array(self.mean, np.float32) / np.array(self.std, np.float32)
        return images * slope - offset

    def split(self, *, seed: int, test_fraction: float) -> tuple["Dataset", "Dataset"]:
        """Return a training and a test part: as the set is divided, else with the same share of every class.

        Args:
            seed: chooses the images of each part where the set is not divided [1].
            test_fraction: share of each class in the test part, rounded to whole images [1].

        Raises:
            InputError: the fraction leaves one part without a class.
        """
        if self.test is not None:
            return dataclasses.replace(self, test=None), self.test
        return self.divide(seed=seed, purpose=0, fraction=test_fraction)

    def divide(self, *, seed: int, purpose: int, fraction: float) -> tuple["Dataset", "Dataset"]:
        """Return two parts with the same share of every class.

        Args:
            seed: chooses the images of each part [1].
            purpose: 0 for a test, 1 for a validation; chooses differently [1].
            fraction: share of each class in the second part, rounded to whole images [1].

        Raises:
            InputError: the fraction leaves one part without a class.
        """
        rng = np.random.default_rng([seed, 0, purpose] if purpose else [seed, 0])
        second = np.zeros(len(self), bool)
        for number in range(self.classes):
            members = rng.permutation(np.flatnonzero(self.labels == number))
            count = round(fraction * members.size)
            if not 0 < count < members.size:
                what = "validation_fraction" if purpose else "test_fraction"
                raise InputError(f"{what} = {fraction} [1] leaves a part without class {number}")
            second[members[:count]] = True
        return self.part(~second), self.part(second)

    def part(self, chosen) -> "Dataset":
        """Return some of the images."""
        return dataclasses.replace(self, images=self.images[chosen], labels=self.labels[chosen], test=None)


def _digits() -> Dataset:
    """Return the handwritten digits, 8 x 8 pixels of 17 grey levels (origin and licence in data/SOURCES.md)."""
    packed = resources.files("dwsynapse_data").joinpath("digits.csv.gz").read_bytes()
    rows = np.array([line.split(b",") for line in gzip.decompress(packed).split()], np.uint8)
    return Dataset(
        name="digits",
        images=np.ascontiguousarray(rows[:, :64]).reshape(-1, 8, 8, 1),
        labels=rows[:, 64].astype(np.int64),
        classes=10,
        full_scale=16,
    )


def _idx(name: str, folder: Path) -> Dataset:
    """Return a set in the four files of MNIST."""
    parts = []
    for stem in ("train", "t10k"):
        images = idx_format.read_idx(idx_format.find_idx(folder, f"{stem}-images-idx3-ubyte"), 3)
        path = idx_format.find_idx(folder, f"{stem}-labels-idx1-ubyte")
        labels = idx_format.read_idx(path, 1).astype(np.int64)
        if len(labels) != len(images) or labels.size == 0 or labels.max() > 9:
            raise InputError(f"{path}: needs one label from 0 to 9 for each of {len(images)} images")
        parts.append(Dataset(name=name, images=images[..., None], labels=labels, classes=10, full_scale=255))
    if parts[0].image_shape != parts[1].image_shape:
        raise InputError(f"{folder}: training and test images differ in size")
    return dataclasses.replace(parts[0], test=parts[1])


def _cifar10(name: str, folder: Path) -> Dataset:
    """Return the training files that are there, and the test file."""
    paths, test_path = cifar_format.find_batches(folder)
    batches = [cifar_format.read_batch(path) for path in paths]
    images, labels = cifar_format.read_batch(test_path)
    test = Dataset(
        name=name,
        images=images,
        labels=labels,
        classes=cifar_format.CLASSES,
        full_scale=255,
        mean=CIFAR_MEAN,
        std=CIFAR_STD,
    )
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return dataclasses.replace(test, images=images, labels=labels, test=test)


FROM_FILES = {"mnist": _idx, "fashion-mnist": _idx, "cifar10": _cifar10}
DATASETS = ("digits", *FROM_FILES)


def load_dataset(name: str, folder: Path | None = None, *, download: bool = False) -> Dataset:
    """Return a data set.

    Args:
        name: one of ``DATASETS``.
        folder: holds the files of a set that is not shipped, or a folder of its name that does.
        download: fetch the files into the folder where they are missing.

    Raises:
        InputError: there is no such data set, or its files are missing or damaged.
        RunError: a download failed.
    """
    if name not in DATASETS:
        raise InputError(f'data set "{name}" is unknown{nearest(name, DATASETS)}')
    if name == "digits":
        return _digits()
    if folder is None:
        raise InputError(f'data set "{name}" is read from files: give --data-dir FOLDER')
    own = Path(folder) / name
    place = own if own.is_dir() or download else Path(folder)
    if download:
        from arraysim.datasets.download import fetch

        fetch(name, own)
    if not place.is_dir():
        raise InputError(f"{place}: no such folder")
    return FROM_FILES[name](name, place)
