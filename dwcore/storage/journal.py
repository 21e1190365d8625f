"""Records that are finished one by one, in any order, in a sealed HDF5 file that no interruption can damage.

The file is made at full size and sealed at once, with room for every record; from then on its structure never changes.
A record is written into its place with plain system calls, synced, and then marked: its row of `committed`, zero until
then, receives the SHA-256 of the seal of the file, the place of the record and its bytes. Killed at any moment, a file
is sound and holds the records that are marked; one whose mark does not fit is as good as missing, and reported.

    /GROUP/FIELD         (N, ...)   one row per record
    /GROUP/committed     (N, 32)    uint8, SHA-256 or zeros

The hash of the content in the seal leaves out the values of these data sets; the marks stand for them.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import time
from collections.abc import Mapping

import h5py
import numpy as np

from dwcore.errors import InputError, RunError, nearest
from dwcore.storage import files, records
from dwcore.storage.datasets import set_attribute

COMMITTED = "committed"
MARK_BYTES = 32
SYNC_SECONDS = 1.0
"""Marks wait up to so long for the data of several records to be synced at once."""
BUSY = "is being written by another process"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordField:
    """One value of a record: shape without the leading axis of records, numpy type, unit and meaning."""

    shape: tuple[int, ...]
    dtype: str
    unit: str
    long_name: str


def fields_of(record: type, axes: Mapping[str, int]) -> dict[str, RecordField]:
    """Return the fields of a dataclass laid out by `dwcore.storage.records`, with these lengths of its axes."""
    return {
        name: RecordField(
            shape=records.lengths(item, axes), dtype=item.dtype, unit=str(item.unit), long_name=str(item.meaning)
        )
        for name, item, _ in records.items(record)
    }


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where a data set of the journal lies in the file."""

    name: str
    offset: int
    dtype: np.dtype
    shape: tuple[int, ...]

    @property
    def row_bytes(self) -> int:
        return int(np.prod(self.shape[1:])) * self.dtype.itemsize


def put_records(file: h5py.File, group: str, fields: dict[str, RecordField], length: int) -> None:
    """Make room for records in a file that is being created, all unfinished.

    Args:
        file: from `dwcore.storage.files.create`, of a schema with journals, best in memory.
        group: name of the group, one of those of its schema.
        fields: values of a record by name.
        length: number of records.
    """
    words = "SHA-256 of the seal of the file, the place and the bytes of the record; zeros while it is not finished"
    mark = RecordField(shape=(MARK_BYTES,), dtype="u1", unit="1", long_name=words)
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_layout(h5py.h5d.CONTIGUOUS)
    settings.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    settings.set_fill_time(h5py.h5d.FILL_TIME_ALLOC)
    place = file.create_group(group).id
    for name, field in (fields | {COMMITTED: mark}).items():
        dtype = h5py.h5t.py_create(np.dtype(field.dtype).newbyteorder("<"))
        space = h5py.h5s.create_simple((length, *field.shape))
        dataset = h5py.Dataset(h5py.h5d.create(place, name.encode(), dtype, space, settings))
        set_attribute(dataset, "unit", field.unit)
        set_attribute(dataset, "long_name", field.long_name)


class Journal:
    """Reads and writes the records of one file; a context manager.

    Attributes:
        config: configuration of the file.
        seed: root seed of the file.
        faults: records whose mark does not fit, in words; they count as not finished.

    Args:
        path: the file.
        schema: schema that it must have.
        write: lock it and write records; without, only read.

    Raises:
        InputError: not a sound file of this schema, or another process writes it.
    """

    def __init__(self, path, schema: str, *, write: bool = False):
        self.path = path
        with files.open_checked(path, schema) as file:
            origin = files.provenance(file)
            self.config, self.seed = origin["config"], origin["seed"]
            self._seal = files.text(file, "content_sha256").encode()
            self._places = {group: _places(path, file, group) for group in files.JOURNALS[schema]}
        self._handle = _open(path, write)
        self._waiting: list[tuple[str, int, bytes]] = []
        self._synced = time.monotonic()
        self.faults: list[str] = []
        self._done = {group: self._verified(group) for group in self._places}

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *error):
        self.close()

    def close(self) -> None:
        """Sync what was written and close the file.

        Raises:
            RunError: the disk failed.
        """
        try:
            self.sync()
        finally:
            os.close(self._handle)

    def done(self, group: str) -> np.ndarray:
        """Return which records are finished, shape (N,), bool."""
        return self._done[group].copy()

    def expect(self, group: str, fields: Mapping[str, RecordField], length: int) -> None:
        """Check that a group holds so many records of these fields and nothing else.

        Raises:
            InputError: names what is missing, unknown, or of another shape or type.
        """
        found = {place.name: place for place in self._fields(group)}
        for name in fields.keys() | found.keys():
            label = f"{self.path}: /{group}/{name}"
            if name not in found:
                raise InputError(f"{self.path}: lacks the data set /{group}/{name}")
            if name not in fields:
                raise InputError(f"{label} is no field of these records{nearest(name, fields)}")
            shape, dtype = (length, *fields[name].shape), np.dtype(fields[name].dtype).newbyteorder("<")
            if found[name].shape != shape or found[name].dtype != dtype:
                have = f"{found[name].dtype.str} {found[name].shape}"
                raise InputError(f"{label} is {have}, must be {dtype.str} {shape}, as the configuration says")

    def read(self, group: str, index: int) -> dict[str, np.ndarray]:
        """Return the values of a record by name."""
        return {
            place.name: np.frombuffer(self._row(place, index), place.dtype).reshape(place.shape[1:])
            for place in self._fields(group)
        }

    def write(self, group: str, index: int, values: dict[str, np.ndarray]) -> None:
        """Write a record; it counts as finished once the next sync is done.

        Raises:
            RunError: the disk failed.
        """
        rows = []
        for place in self._fields(group):
            value = np.asarray(values[place.name]).astype(place.dtype, casting="same_kind", order="C")
            if value.shape != place.shape[1:]:
                raise ValueError(f"{place.name} has the shape {value.shape}, {place.shape[1:]} is needed")
            rows.append(value.tobytes())
        with self._disk():
            for place, row in zip(self._fields(group), rows, strict=True):
                _write(self._handle, row, place.offset + index * place.row_bytes)
        self._waiting.append((group, index, self._digest(group, index, rows)))
        self._done[group][index] = True
        if time.monotonic() - self._synced >= SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Sync the data written since the last time, then mark their records.

        Raises:
            RunError: the disk failed.
        """
        try:
            with self._disk():
                if self._waiting:
                    os.fsync(self._handle)
                while self._waiting:
                    group, index, mark = self._waiting[0]
                    _write(self._handle, mark, self._places[group][-1].offset + index * MARK_BYTES)
                    del self._waiting[0]
        finally:
            for group, index, _ in self._waiting:  # the disk failed
                self._done[group][index] = False
            self._waiting = []
            self._synced = time.monotonic()

    def _fields(self, group: str) -> list[_Place]:
        return self._places[group][:-1]

    def _row(self, place: _Place, index: int) -> bytes:
        row = os.pread(self._handle, place.row_bytes, place.offset + index * place.row_bytes)
        if len(row) < place.row_bytes:
            raise InputError(f"{self.path}: truncated file, {place.name} ends early")
        return row

    def _digest(self, group: str, index: int, rows: list[bytes]) -> bytes:
        label = b"%s\n%s\n%d\n" % (self._seal, group.encode(), index)
        return hashlib.sha256(label + b"".join(rows)).digest()

    def _verified(self, group: str) -> np.ndarray:
        """Return which records carry a mark that fits, shape (N,)."""
        mark = self._places[group][-1]
        done = np.zeros(mark.shape[0], bool)
        for index in range(done.size):
            found = self._row(mark, index)
            if any(found):
                done[index] = found == self._digest(group, index, [self._row(p, index) for p in self._fields(group)])
                if not done[index]:
                    self.faults.append(f"record {index} of /{group} does not match its hash")
        return done

    @contextlib.contextmanager
    def _disk(self):
        try:
            yield
        except OSError as error:
            raise RunError(f"{self.path} could not be written: {error.strerror}") from error


def _places(path, file: h5py.File, group: str) -> list[_Place]:
    """Return the data sets of a group, the marks last.

    Raises:
        InputError: they are not as `put_records` makes them.
    """
    within = file.get(group)
    names = sorted(within) if isinstance(within, h5py.Group) else []
    marks = within[COMMITTED] if COMMITTED in names else None
    if not isinstance(marks, h5py.Dataset) or marks.ndim != 2:
        raise InputError(f"{path}: lacks the data set /{group}/{COMMITTED}, of {MARK_BYTES} bytes per record")
    names.remove(COMMITTED)
    found = []
    for name in (*names, COMMITTED):
        item = within[name]
        offset = item.id.get_offset() if isinstance(item, h5py.Dataset) else None
        if offset is None or item.ndim == 0 or item.shape[0] != marks.shape[0]:
            raise InputError(f"{path}: /{group}/{name} must be stored in one piece, one row per record")
        if offset + item.size * item.dtype.itemsize > file.id.get_filesize():
            raise InputError(f"{path}: truncated file, /{group}/{name} ends early")
        found.append(_Place(name, offset, item.dtype, item.shape))
    if found[-1].shape[1:] != (MARK_BYTES,) or found[-1].dtype != np.uint8:
        raise InputError(f"{path}: /{group}/{COMMITTED} must hold {MARK_BYTES} bytes per record")
    return found


def _open(path, write: bool) -> int:
    """Open the file with system calls; for writing lock it. HDF5 must not open it here while the lock is needed."""
    try:
        handle = os.open(path, os.O_RDWR if write else os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened: {error.strerror}") from None
    if write:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise InputError(f"{path}: {BUSY}") from None
        except OSError:  # a file system without locks
            pass
    return handle


def _write(handle: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(handle, view, offset)
        view, offset = view[written:], offset + written
