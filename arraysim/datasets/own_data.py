"""Data of one's own: an archive of numpy arrays (.npz), or a folder with a sub-folder of pictures for each class."""

from pathlib import Path

import numpy as np

from dwcore.errors import InputError, nearest
from dwcore.storage.array_archive import read_arrays
from dwcore.storage.picture_file import opened_picture

ARRAYS = ("images", "sequences", "labels", "test_images", "test_sequences", "test_labels")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
PARTS = ("train", "test")


def is_own(name: str) -> bool:
    """Return whether a name of a data set means a file or a folder of one's own."""
    return Path(name).suffix.lower() == ".npz" or Path(name).is_dir()


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
    found = read_arrays(path)
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
    if (
        kinds == ["images"]
        and images.shape[1] in (1, 3, 4)
        and images.shape[2] > images.shape[1]
        and images.shape[3] > 4
    ):
        rows, columns, channels = images.shape[1:]
        raise InputError(
            f"{path}: {name} has the shape {images.shape}, channels come last: for {rows} of them give "
            f"images.transpose(0, 2, 3, 1), for {rows} x {columns} pixels of {channels} images.transpose(0, 2, 1, 3)"
        )
    if images.dtype.kind not in "uif":
        raise InputError(f"{path}: {name} is {images.dtype}, numbers are needed")
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iuU":
        raise InputError(
            f"{path}: {prefix}labels is {labels.dtype} {labels.shape}, a whole number or text for each of "
            f"{len(images)} images is needed"
        )
    with np.errstate(over="ignore"):  # what is too large is refused with its place
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
        if not files:
            raise InputError(f"{inner}: holds no picture of its class; fill or remove the folder")
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
    """Return a picture, (rows, columns) if it is grey, else (rows, columns, 3), uint8.

    Raises:
        InputError: it is damaged, has several frames, more than eight bits of grey, or transparent pixels: what of them
            should be learned is not known.
    """
    with opened_picture(file) as image:
        fault = _unknown(image)
        values = np.asarray(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))
    if fault:
        raise InputError(f"{file}: {fault}")
    return values


def _unknown(image) -> str:
    """Return what eight bits of grey or colour would not say of a picture, empty if nothing."""
    if getattr(image, "n_frames", 1) > 1:
        return f"has {image.n_frames} frames; give one picture per file"
    if image.mode[0] in "IF":
        return f"has grey levels of more than 8 bits (mode {image.mode}); give such images as an .npz"
    if (image.mode.endswith(("A", "a")) or "transparency" in image.info) and (
        image.convert("RGBA").getchannel("A").getextrema()[0] < 255
    ):
        return "has transparent pixels; put it on a background"
    return ""


def _stacked(pictures: list[np.ndarray], color: bool) -> np.ndarray:
    channels = 3 if color else 1
    return np.stack([np.broadcast_to(p.reshape(*p.shape[:2], -1), (*p.shape[:2], channels)) for p in pictures])
