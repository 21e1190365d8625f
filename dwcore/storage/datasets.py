"""Data sets and attributes of a file: the one way to write them, and to read them back as numbers and text.

Text is stored with fixed length in UTF-8. Text of variable length, which h5py writes by default, lives in the
one structure of HDF5 that carries no checksum.
"""

import h5py
import numpy as np

from dwcore.errors import InputError, RunError
from dwcore.storage.hdf5_faults import abandon, reason

COMPRESS_FROM_BYTES = 4096
CHUNK_BYTES = 1 << 20


def put(group: h5py.Group, name: str, data, *, unit: str, long_name: str) -> h5py.Dataset:
    """Write one data set: floats as float64, integers as they are, truth values as uint8, text as UTF-8.

    Args:
        group: file or group to write into.
        name: name of the data set, may contain ``/``.
        data: array, number or text.
        unit: SI unit of the values, ``1`` if dimensionless.
        long_name: what the values are, in words.

    Raises:
        InputError: a type that has no place in a file, or a missing unit or name.
        RunError: the disk failed, or the name is taken.
    """
    what = f"data set {group.name.rstrip('/')}/{name}"
    for label, words in (("unit", unit), ("long_name", long_name)):
        if not isinstance(words, str) or not words:
            raise InputError(f"{what} has the {label} {words!r}, it must be text and not empty")
    data = _storable(what, data)
    options = {}
    if data.ndim and data.nbytes >= COMPRESS_FROM_BYTES:
        options = {"chunks": _chunks(data), "compression": "gzip", "compression_opts": 1, "shuffle": True}
    try:
        dataset = group.create_dataset(name, data=data, **options)
        set_attribute(dataset, "unit", unit)
        set_attribute(dataset, "long_name", long_name)
        # A full disk shows here, not when the data set is collected as garbage.
        dataset.flush()
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, OSError | RuntimeError):
            abandon(group.file)
        raise RunError(f"{what} could not be written: {reason(error)}") from error
    return dataset


def _storable(what: str, data) -> np.ndarray:
    try:
        data = np.asarray(data)
    except ValueError:
        raise InputError(f"{what} is not a regular array") from None
    if data.dtype.kind in "UO":
        return _encoded(what, data)
    if data.dtype.kind == "b":
        return data.astype(np.uint8)
    if data.dtype.kind == "f" and data.dtype.itemsize <= 8:
        return data.astype(np.float64, copy=False)
    if data.dtype.kind not in "iu":
        raise InputError(f"{what} is of type {data.dtype}, allowed are float64, integers and text")
    return data


def _encoded(what: str, words: np.ndarray) -> np.ndarray:
    """Return text as fixed-length UTF-8, which is padded with zeros: a zero character would be lost."""
    items = words.ravel().tolist()
    if not all(isinstance(item, str) for item in items):
        raise InputError(f"{what} holds objects, allowed are numbers and text")
    if any("\0" in item for item in items):
        raise InputError(f"{what} holds text with a zero character")
    coded = [item.encode(errors="backslashreplace") for item in items]
    length = max([1, *map(len, coded)])
    return np.array(coded, dtype=h5py.string_dtype("utf-8", length)).reshape(words.shape)


def _chunks(data: np.ndarray) -> tuple[int, ...]:
    """Return a chunk shape of about ``CHUNK_BYTES`` that is contiguous in C order."""
    chunk, size = [], data.itemsize
    for length in reversed(data.shape):
        chunk.append(min(length, max(1, CHUNK_BYTES // size)))
        size *= chunk[-1]
    return tuple(reversed(chunk))


def set_attribute(item: h5py.Group | h5py.Dataset, name: str, value) -> None:
    """Set an attribute, text with fixed length.

    Raises:
        InputError: the value is neither numbers nor text.
    """
    value = np.asarray(value)
    item.attrs[name] = _encoded(f"attribute {name}", value) if value.dtype.kind in "UO" else value


def text(item: h5py.Group | h5py.Dataset, name: str) -> str:
    """Return a text attribute as ``str`` (h5py returns text of fixed length as bytes)."""
    value = item.attrs[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def get(group: h5py.Group, name: str) -> np.ndarray:
    """Return a data set as an array in memory, text as ``str``.

    Raises:
        InputError: there is no such data set.
    """
    dataset = group.get(name)
    if not isinstance(dataset, h5py.Dataset):
        raise InputError(f"{group.file.filename}: lacks the data set {group.name.rstrip('/')}/{name}")
    values = np.asarray(dataset[()], dtype=dataset.dtype)
    return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values
