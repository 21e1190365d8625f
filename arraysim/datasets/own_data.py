"""Data of one's own: an archive of numpy arrays (.npz), or a folder with a sub-folder of pictures for each class."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from dwcore.errors import InputError, nearest

ARRAYS = ("images", "sequences", "labels", "test_images", "test_sequences", "test_labels")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
PARTS = ("train", "test")


def is_own(name: str) -> bool:
    """Return whether a name of a data set means a file or a folder of one's own."""
    return Path(name).suffix == ".npz" or Path(name).is_dir()


def read_own(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the images of one's own and what their classes are called: to train, and to test where there are any.

    Args:
        path: an archive with ``images``, shape (n, rows, columns) or (n, rows, columns, channels), or ``sequences``,
            shape (n, length, channels), and ``labels``, shape (n,), whole numbers or texts; with ``test_images`` or
            ``test_sequences`` and ``test_labels`` where it is divided. Or a folder of one folder per class, or one of
            ``train`` and ``test`` that hold these.

    Raises:
        InputError: it is neither, or names what does not fit.
    """
    return _from_folder(path) if path.is_dir() else _from_archive(path)


def _from_archive(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        AttributeError,
        MemoryError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise InputError(f"{path}: is not a sound .npz of arrays ({str(error).splitlines()[0]})") from None
    for name in found:
        if name not in ARRAYS:
            raise InputError(f'{path}: unknown array "{name}"{nearest(name, ARRAYS)}')
    parts = [_part(found, "", path)]
    return [*parts, _part(found, "test_", path)] if any(name.startswith("test_") for name in found) else parts


def _part(found: dict[str, np.ndarray], prefix: str, path: Path) -> tuple[np.ndarray, np.ndarray]:
    kinds = [kind for kind in ("images", "sequences") if prefix + kind in found]
    if len(kinds) != 1 or f"{prefix}labels" not in found:
        raise InputError(f"{path}: needs {prefix}labels, and one of {prefix}images and {prefix}sequences")
    name = prefix + kinds[0]
    images, labels = found[name], found[f"{prefix}labels"]
    if kinds == ["sequences"]:
        if images.ndim != 3:
            raise InputError(f"{path}: {name} has the shape {images.shape}, (n, length, channels) is needed")
        images = images[:, None]
    elif images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or 0 in images.shape:
        raise InputError(f"{path}: {name} has the shape {images.shape}, (n, rows, columns, channels) is needed")
    if images.dtype.kind not in "uif":
        raise InputError(f"{path}: {name} is {images.dtype}, numbers are needed")
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iuU":
        raise InputError(
            f"{path}: {prefix}labels is {labels.dtype} {labels.shape}, a whole number or text for each of "
            f"{len(images)} images is needed"
        )
    return np.ascontiguousarray(images if images.dtype == np.uint8 else images.astype(np.float32)), labels


def _from_folder(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    inner = [path / part for part in PARTS if (path / part).is_dir()]
    if inner and not (path / PARTS[0]).is_dir():
        raise InputError(f"{path}: holds {PARTS[1]} and no {PARTS[0]}")
    found = [_pictures(folder) for folder in inner or [path]]
    color = any(picture.ndim == 3 for pictures, _ in found for picture in pictures)
    return [(_stacked(pictures, color), labels) for pictures, labels in found]


def _pictures(folder: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the pictures of all classes, (rows, columns) grey or (rows, columns, 3), and the names of their classes."""
    pictures: list[np.ndarray] = []
    labels: list[str] = []
    first: Path | None = None
    for inner in sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")):
        files = sorted(file for file in inner.iterdir() if not file.name.startswith("."))
        for file in files:
            if file.suffix.lower() not in PICTURES:
                raise InputError(f"{file}: is no picture; known are {', '.join(PICTURES)}")
            picture = _picture(file)
            if pictures and picture.shape[:2] != pictures[0].shape[:2]:
                sizes = " and ".join("x".join(map(str, one.shape[:2])) for one in (picture, pictures[0]))
                raise InputError(f"{file}: pictures must be of one size, it and {first} have {sizes} pixels")
            first = first or file
            pictures.append(picture)
            labels.append(inner.name)
    if not pictures:
        raise InputError(f"{folder}: holds no folder of pictures for each class")
    return pictures, np.array(labels)


def _picture(file: Path) -> np.ndarray:
    from PIL import Image  # comes with matplotlib

    try:
        with Image.open(file) as image:
            grey = image.mode in ("1", "L")
            return np.asarray(image.convert("L" if grey else "RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{file}: is no sound picture: {error}") from None


def _stacked(pictures: list[np.ndarray], color: bool) -> np.ndarray:
    channels = 3 if color else 1
    return np.stack([np.broadcast_to(p.reshape(*p.shape[:2], -1), (*p.shape[:2], channels)) for p in pictures])
