"""Check an HDF5 file: which objects it may hold, whether its sizes are possible, the hash of its content.

Writer and reader apply the same rules, so that nothing is written that could not be read back. Sizes are
checked against the bytes the file really has before any of them is read. Messages name the object, callers
add the file.
"""

import hashlib
import json
import math

import h5py
import numpy as np

from dwcore.errors import InputError

# Deflate cannot expand data by more than this factor (RFC 1951: 258 bytes from two bits).
DEFLATE_RATIO = 1032
BLOCK_BYTES = 1 << 24
MAX_BLOCK_BYTES = 1 << 30
MAX_OBJECTS = 100_000
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
LAYOUTS = {h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED}

# Root attributes that say where a file comes from, not what it holds: two runs of one configuration agree in
# their content hash although versions and command lines differ. The configuration counts through its hash.
PROVENANCE = ("config", "versions", "git_state", "command_line", "inputs")
SEALS = ("content_sha256", "provenance_sha256", "complete")


def walk(file: h5py.File) -> list[tuple[str, h5py.Group | h5py.Dataset]]:
    """Return every group and data set below the root as (path, object), sorted by path.

    Raises:
        InputError: a link that is not a plain one, an object reached twice, or too many objects.
    """
    seen = {h5py.h5o.get_info(file.id).addr}
    found, pending = [], [("", file)]
    while pending:
        path, group = pending.pop()
        for name in group:
            inner = f"{path}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise InputError(f"{inner} is a soft or external link, only plain objects are allowed")
            item = group[name]
            if not isinstance(item, h5py.Group | h5py.Dataset):
                raise InputError(f"{inner} is neither a group nor a data set")
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                raise InputError(f"{inner} is a second name of another object")
            seen.add(address)
            if len(seen) > MAX_OBJECTS:
                raise InputError(f"more than {MAX_OBJECTS} objects")
            found.append((inner, item))
            if isinstance(item, h5py.Group):
                pending.append((inner, item))
    return sorted(found, key=lambda pair: pair[0])


def check_structure(file: h5py.File, file_bytes: int) -> None:
    """Check types, storage and sizes of everything in a file of the given size without reading any data.

    Raises:
        InputError: the first object found that breaks a rule.
    """
    objects = walk(file)
    stored = 0
    for path, item in [("/", file), *objects]:
        for name in item.attrs:
            check_attribute(item, name, f"attribute {name} of {path}", file_bytes)
        if isinstance(item, h5py.Dataset):
            stored += _check_dataset(path, item)
    if stored > file_bytes:
        raise InputError(f"data sets claim {stored} bytes, the file has {file_bytes}")


def check_attribute(item: h5py.Group | h5py.Dataset, name: str, what: str, file_bytes: int) -> None:
    """Check type and declared size of one attribute without reading it.

    Raises:
        InputError: the type is not allowed, or the attribute holds nothing or more than the file.
    """
    identifier = h5py.h5a.open(item.id, name.encode(errors="surrogateescape"))
    if identifier.shape is None:
        raise InputError(f"{what} holds no value")
    size = math.prod(identifier.shape) * identifier.dtype.itemsize
    if size > file_bytes:
        raise InputError(f"{what} claims {size} bytes, the file has {file_bytes}")
    _check_type(what, identifier.dtype)


def _check_type(what: str, dtype: np.dtype) -> None:
    # Reading text of variable length from a damaged file can keep the HDF5 library busy for ever.
    if dtype.kind == "O":
        raise InputError(f"{what} is text of variable length or a reference, only text of fixed length is allowed")
    plain = dtype.kind in "iuS" and h5py.check_enum_dtype(dtype) is None
    plain = plain or (dtype.kind == "f" and dtype.itemsize in (4, 8))
    if not plain:
        raise InputError(f"{what} has the type {dtype}, allowed are numbers and fixed-length text")


def _check_dataset(path: str, dataset: h5py.Dataset) -> int:
    """Return the bytes the data set takes in the file after checking that its declared size is possible."""
    _check_type(path, dataset.dtype)
    for name in ("unit", "long_name"):
        if name not in dataset.attrs:
            raise InputError(f"{path} lacks the attribute {name}")
    settings = dataset.id.get_create_plist()
    filters = [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]
    if settings.get_layout() not in LAYOUTS or settings.get_external_count():
        raise InputError(f"{path} is stored outside the file or is virtual")
    if not FILTERS.issuperset(filters) or len(set(filters)) < len(filters):
        raise InputError(f"{path} is compressed by something other than gzip")
    if dataset.shape is None:
        raise InputError(f"{path} holds no value")

    declared = math.prod(dataset.shape) * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    possible = stored * (DEFLATE_RATIO if h5py.h5z.FILTER_DEFLATE in filters else 1)
    if declared > possible:
        raise InputError(f"{path} of shape {dataset.shape} claims {declared} bytes, only {stored} are stored")
    chunk_bytes = math.prod(dataset.chunks or ()) * dataset.dtype.itemsize
    block = max(chunk_bytes, math.prod(_cut(dataset)[1:])) if dataset.ndim else declared
    if declared and block > MAX_BLOCK_BYTES:
        raise InputError(f"{path} cannot be read in blocks of less than {MAX_BLOCK_BYTES} bytes")
    return stored


def _cut(dataset: h5py.Dataset) -> tuple[int, int, int]:
    """Return (axis, rows per step, bytes per row) such that each chunk is decompressed once."""
    chunks = dataset.chunks or (1,) * dataset.ndim
    for axis, step in enumerate(chunks):
        row = math.prod(dataset.shape[axis + 1 :]) * dataset.dtype.itemsize
        if step > 1 or row <= BLOCK_BYTES:
            break
    return axis, step, row


def _blocks(dataset: h5py.Dataset):
    """Yield the values in C order in blocks of about ``BLOCK_BYTES``."""
    if dataset.ndim == 0:
        yield np.asarray(dataset[()], dtype=dataset.dtype)
    elif dataset.size:
        axis, step, row = _cut(dataset)
        rows = max(1, BLOCK_BYTES // row // step) * step
        for index in np.ndindex(dataset.shape[:axis]):
            for start in range(0, dataset.shape[axis], rows):
                yield dataset[(*index, slice(start, start + rows))]


def content_sha256(file: h5py.File, later: tuple[str, ...] = ()) -> str:
    """Return the SHA-256 of all groups, data sets and attributes, without the provenance, hexadecimal.

    Each item enters as one line of JSON (path, name, type, shape) followed by its bytes in C order, so that
    the hash does not depend on how the values are stored.

    Args:
        file: the file.
        later: groups of the root whose data sets enter without their values, which are written after the seal.
    """
    digest = hashlib.sha256()
    for path, item in [("/", file), *walk(file)]:
        is_data = isinstance(item, h5py.Dataset)
        _feed_label(digest, path, "data" if is_data else "group", *_form(item, is_data))
        if is_data and path.split("/")[1] not in later:
            for block in _blocks(item):
                digest.update(np.ascontiguousarray(block).data.cast("B"))
        for name in sorted(item.attrs):
            if path != "/" or name not in PROVENANCE + SEALS:
                value = np.asarray(item.attrs[name])
                _feed_label(digest, path, "attribute", name, value.dtype.str, value.shape)
                digest.update(value.tobytes())
    return digest.hexdigest()


def provenance_sha256(file: h5py.File) -> str:
    """Return the SHA-256 of the provenance together with the content hash, hexadecimal."""
    digest = hashlib.sha256()
    for name in (*PROVENANCE, "content_sha256"):
        value = np.asarray(file.attrs[name])
        _feed_label(digest, name, value.dtype.str)
        digest.update(value.tobytes())
    return digest.hexdigest()


def _form(item, is_data: bool) -> tuple:
    return (item.dtype.str, item.shape) if is_data else ()


def _feed_label(digest, *parts) -> None:
    digest.update(json.dumps(parts).encode() + b"\n")
