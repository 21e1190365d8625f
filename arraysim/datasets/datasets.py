"""Labelled images for training: where they come from, their split, and what of them enters a network."""

import dataclasses
import functools
import gzip
import hashlib
import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import numpy as np

from arraysim.datasets import cifar_format, idx_format, own_data
from dwcore.arguments import checked
from dwcore.errors import InputError, nearest
from dwcore.numerics.plain_array import plain_array
from dwcore.parameters import as_plain

# Means and standard deviations of the channels of CIFAR-10's 50,000 training images, as is usual.
CIFAR_MEAN = (0.4914, 0.4822, 0.4465)
CIFAR_STD = (0.2470, 0.2435, 0.2616)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Labelled images.

    Attributes:
        name: of the data set.
        images: grey levels, shape (images, rows, columns, channels), uint8, or finite numbers, float32; other numbers
            become these.
        labels: class numbers from 0, whole, shape (images,), int64.
        classes: number of classes [1].
        full_scale: grey level of white [1].
        mean: taken off each channel, after division by the full scale [1].
        std: divides each channel then [1].
        test: images that the makers of the set keep for the test; None where the set is not divided.
        source: file or folder of one's own that it was read from; None for others.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    classes: int
    full_scale: int
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    test: "Dataset | None" = None
    source: str | None = None

    def __post_init__(self):
        """Check what the parts hold, and that they fit together.

        Raises:
            InputError: names the part and the rule.
        """
        where = f"data set {self.name}"
        images, labels = plain_array(f"{where}: images", self.images), plain_array(f"{where}: labels", self.labels)
        if images.ndim != 4:
            raise InputError(f"{where}: images has the shape {images.shape}, (n, rows, columns, channels) is needed")
        if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
            raise InputError(
                f"{where}: labels is {labels.dtype} {labels.shape}, a whole number for each of {len(images)} images is "
                "needed"
            )
        with np.errstate(over="ignore"):  # what is too large is refused with its place
            images = np.ascontiguousarray(images, None if images.dtype == np.uint8 else np.float32)
        if images.dtype.kind == "f" and not np.isfinite(images).all():
            place = [int(at) for at in np.argwhere(~np.isfinite(images))[0]]
            raise InputError(
                f"{where}: image {place[0]} is {images[tuple(place)]} at row {place[1]}, column {place[2]}, channel "
                f"{place[3]}; values must be finite, below 3.4e38"
            )
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels.astype(np.int64, copy=False))
        self._check_classes(where)
        self._check_scale(where)

    def _check_classes(self, where: str) -> None:
        """Refuse labels of no class, and images to test that are of other classes or another size."""
        object.__setattr__(self, "classes", classes := as_plain(self.classes))
        if not isinstance(classes, int) or classes < 1:
            raise InputError(f"{where}: classes = {classes} must be a whole number >= 1")
        wrong = (self.labels < 0) | (self.labels >= classes)
        if wrong.any():
            place = int(np.argmax(wrong))
            raise InputError(f"{where}: label {place} is {self.labels[place]}, must be 0 to {classes - 1}")
        test = self.test
        if test is not None and (test.image_shape, test.classes) != (self.image_shape, classes):
            raise InputError(
                f"{where}: the images to test are {test.image_shape} of {test.classes} classes, must be "
                f"{self.image_shape} of {classes}"
            )

    def _check_scale(self, where: str) -> None:
        """Refuse a scale that makes no numbers of grey levels, or is not that of the images."""
        object.__setattr__(self, "full_scale", white := as_plain(self.full_scale))
        if not 0 < white < math.inf:
            raise InputError(f"{where}: full_scale = {white} must be > 0 and finite")
        if self.images.dtype == np.uint8 and self.images.size and (most := self.images.max()) > white:
            raise InputError(f"{where}: full_scale = {white} must be the level of white, images hold {most}")
        channels = self.images.shape[3]
        for name in ("mean", "std"):
            values = plain_array(f"{where}: {name}", getattr(self, name))
            if values.shape not in ((1,), (channels,)) or not np.isfinite(values).all():
                raise InputError(f"{where}: {name} = {values.tolist()} must be 1 or {channels} finite numbers")
            if name == "std" and not (values > 0).all():
                raise InputError(f"{where}: std = {values.tolist()} must be > 0")
            object.__setattr__(self, name, tuple(values.tolist()))

    @functools.cached_property
    def sha256(self) -> str:
        """SHA-256 of images and labels, of those of the test too."""
        digest = hashlib.sha256()
        for part in (self,) if self.test is None else (self, self.test):
            for values in (part.images, part.labels):
                digest.update(f"{values.dtype.str}{values.shape}".encode())
                digest.update(values.tobytes())
        return digest.hexdigest()

    def origin(self) -> dict:
        """Return what a file remembers of the data: where they are, what they hold, and how many there are."""
        return {
            "source": self.source,
            "sha256": self.sha256,
            "image_shape": list(self.image_shape),
            "classes": self.classes,
            "images": len(self),
            "test_images": 0 if self.test is None else len(self.test),
        }

    @property
    def grey(self) -> np.ndarray:
        """Mean level of each channel, shape (channels,), of the type of the images."""
        level = np.array(self.mean) * self.full_scale
        return (np.rint(level) if self.images.dtype.kind == "u" else level).astype(self.images.dtype)

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

    @checked
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

    @checked
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
    first = "train", "t10k"
    if name.startswith("emnist-"):  # its images lie on their side
        first = f"{name}-train", f"{name}-test"
    parts = []
    for stem in first:
        images = idx_format.read_idx(idx_format.find_idx(folder, f"{stem}-images-idx3-ubyte"), 3)
        path = idx_format.find_idx(folder, f"{stem}-labels-idx1-ubyte")
        labels = idx_format.read_idx(path, 1).astype(np.int64)
        if len(labels) != len(images) or labels.size == 0:
            raise InputError(f"{path}: needs one label for each of {len(images)} images")
        images = images.transpose(0, 2, 1) if name.startswith("emnist-") else images
        parts.append((np.ascontiguousarray(images)[..., None], labels))
    if parts[0][0].shape[1:] != parts[1][0].shape[1:]:
        raise InputError(f"{folder}: training and test images differ in size")
    # Up to ten classes are the digits, whichever of them are there; letters are counted from the first that is there.
    known = np.arange(10) if max(labels.max() for _, labels in parts) < 10 else np.unique(parts[0][1])
    if not np.isin(parts[1][1], known).all():
        raise InputError(f"{folder}: a label of the test images is none of the training images")
    train, test = (
        Dataset(name=name, images=images, labels=np.searchsorted(known, labels), classes=len(known), full_scale=255)
        for images, labels in parts
    )
    return dataclasses.replace(train, test=test)


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


def load_own(path: Path) -> Dataset:
    """Return a data set of one's own.

    Whatever they are called, classes are counted from zero in ascending order of their names or numbers. Values are
    standardized by mean and deviation of each channel over the training images.

    Args:
        path: archive or folder, see ``own_data.read_own``.

    Raises:
        InputError: it is neither, or names what does not fit.
    """
    parts = own_data.read_own(path)
    images, labels = parts[0]
    names = np.unique(labels)
    if len(names) < 2:
        raise InputError(f'{path}: all images to train are of the class "{names[0]}"; two are needed to tell apart')
    mean, std = _standard(images)
    whole = Dataset(
        name=path.name.removesuffix(".npz"),
        images=images,
        labels=np.searchsorted(names, labels),
        classes=len(names),
        full_scale=255 if images.dtype == np.uint8 else 1,
        mean=mean,
        std=std,
        source=str(path.resolve()),
    )
    if len(parts) == 1:
        return whole
    images, labels = parts[1]
    if images.shape[1:] != whole.image_shape or images.dtype != whole.images.dtype:
        raise InputError(f"{path}: training and test images differ in size or type")
    unknown = sorted(set(labels.tolist()) - set(names.tolist()))
    if unknown:
        raise InputError(f'{path}: class "{unknown[0]}" is in the test only, no image teaches it')
    test = dataclasses.replace(whole, images=images, labels=np.searchsorted(names, labels))
    return dataclasses.replace(whole, test=test)


def _standard(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation of each channel over its full scale; a channel without contrast is not divided."""
    scale = 255 if images.dtype == np.uint8 else 1
    flat = images.reshape(-1, images.shape[-1])
    with np.errstate(invalid="ignore"):  # what is not finite is refused with its place
        mean, std = flat.mean(axis=0, dtype=np.float64) / scale, flat.std(axis=0, dtype=np.float64) / scale
    return tuple(mean.tolist()), tuple(np.where(std > 0, std, 1.0).tolist())


EMNIST = ("emnist-letters", "emnist-balanced", "emnist-byclass", "emnist-bymerge", "emnist-digits", "emnist-mnist")
FROM_FILES = {"mnist": _idx, "fashion-mnist": _idx, "cifar10": _cifar10, **dict.fromkeys(EMNIST, _idx)}
DATASETS = ("digits", *FROM_FILES)


@checked
def load_dataset(name: str, folder: Path | None = None, *, download: bool = False) -> Dataset:
    """Return a data set.

    Args:
        name: one of ``DATASETS``, or an .npz or a folder of one's own, see ``load_own``.
        folder: holds the files of a set that is not shipped, or a folder of its name that does.
        download: fetch the files into the folder where they are missing.

    Raises:
        InputError: there is no such data set, or its files are missing or damaged.
        RunError: a download failed.
    """
    if name not in DATASETS:
        if own_data.is_own(name):
            if folder is not None or download:
                raise InputError(
                    f"{name}: data of one's own are read from there; --data-dir and --download are not for it"
                )
            return load_own(Path(name))
        raise InputError(
            f'data set "{name}" is unknown{nearest(name, DATASETS)}; or give an .npz, or a folder with one folder of '
            "pictures per class"
        )
    if name == "digits":
        if folder is not None or download:
            raise InputError("the digits are part of the package; --data-dir and --download are for data in files")
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


def dataset_again(name: str, origin: Mapping, place: Path | None = None) -> Dataset:
    """Return the data that a file was made from.

    Args:
        name: of the data set.
        origin: what the file remembers of it, as ``Dataset.origin`` makes it; empty in files of before.
        place: where the data are: the folder of the files of a known set; the file or folder of one's own if moved.

    Raises:
        InputError: the data are not there, or are others.
    """
    if name in DATASETS and origin.get("source") is None:
        return load_dataset(name, place)
    if origin.get("source") is None:
        raise InputError(
            f'the images of "{name}", data made in Python, are not in the file: go on there, with '
            "arraysim.infer(load_training(FILE)[0], dataset)"
        )
    path = Path(origin["source"]) if place is None else place
    if not path.exists():
        raise InputError(f'{path}: is not there any more, the data set "{name}"; --data-dir says where it is')
    found = load_own(path)
    if found.sha256 != origin["sha256"]:
        raise InputError(f'{path}: holds other data than "{name}" of the file had')
    return dataclasses.replace(found, name=name)
