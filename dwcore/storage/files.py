"""The file protocol of all packages: HDF5 with provenance, complete or absent, and checked on opening.

A file is written under a temporary name, sealed (hash of the content, hash of the provenance, and last the
attribute ``complete``), synced and renamed. The format is that of HDF5 1.10, whose metadata carry checksums,
so that the HDF5 library itself stops at a damaged structure; older formats, which can make it hang when damaged,
are not read.
"""

import contextlib
import io
import json
import operator
import os
import stat

import h5py
import numpy as np

from dwcore.errors import InputError, RunError, nearest
from dwcore.storage import atomic, integrity
from dwcore.storage import provenance as origin
from dwcore.storage.datasets import get, put, set_attribute, text
from dwcore.storage.hdf5_faults import DAMAGE, abandon, close, is_disk_error, reason
from dwcore.storage.notes import notes_in

__all__ = [
    "JOURNALS",
    "SCHEMAS",
    "create",
    "describe",
    "get",
    "open_checked",
    "provenance",
    "put",
    "set_attribute",
    "text",
]

SCHEMAS = {
    "dwsynapse.trajectories": 1,
    "dwsynapse.transition-table": 1,
    "dwsynapse.training": 1,
    "dwsynapse.checkpoint": 1,
    "dwsynapse.variation": 1,
    "dwsynapse.programming": 1,
    "dwsynapse.front": 1,
    "dwsynapse.sweep": 1,
}
JOURNALS = {"dwsynapse.sweep": ("conditions", "blocks")}
"""Groups whose values are written after the file was sealed, see `dwcore.storage.journal`."""

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SUPERBLOCK_VERSION = 3
LIBVER = ("v110", "v110")
LOCKED, OPEN_HERE = "unable to lock file", "file locking flag values don't match"
MAX_SEED = 2**64 - 1
JSON_ATTRIBUTES = ("config", "versions", "inputs")
ROOT_ATTRIBUTES = ("schema", "schema_version", "config_sha256", "seed", *integrity.PROVENANCE)


@contextlib.contextmanager
def create(path, schema: str, *, config: dict, seed: int, inputs=(), force: bool = False, in_memory: bool = False):
    """Yield a new ``h5py.File`` that appears under its name only once the block has ended without an error.

    Args:
        path: file to write; its folder must exist.
        schema: one of ``SCHEMAS``.
        config: the full configuration, anything ``dwcore.storage.provenance.canonical_json`` takes.
        seed: root seed, 0 to 2**64 - 1 [1].
        inputs: paths of the files this one is made from; their hashes are kept.
        force: overwrite an existing file.
        in_memory: let HDF5 make the file in memory and write it in one go, for files that fit. HDF5 does not bear
            a full disk well; this way it never sees one.

    Raises:
        InputError: before the block runs, for a path that cannot be written or an unfit configuration.
        RunError: the disk failed, or the block left something in the file that the protocol forbids.
    """
    if schema not in SCHEMAS:
        raise InputError(f'schema "{schema}" is unknown{nearest(str(schema), SCHEMAS)}')
    header = _header(schema, config, seed, inputs)
    with atomic.replacing(path, force=force) as temporary:
        buffer = io.BytesIO() if in_memory else None
        file = _open_new(temporary, path, buffer)
        try:
            for name, value in header.items():
                set_attribute(file, name, value)
            yield file
            _seal(file, path)
            file.close()
            if buffer is not None:
                temporary.write_bytes(buffer.getbuffer())
        except BaseException as error:
            abandon(file)
            fault = error.__cause__ if isinstance(error, RunError) else error  # which may name the data set alone
            if fault is not None and is_disk_error(fault):
                raise RunError(f"{path} could not be written: {reason(fault)}") from error
            raise
        _read_back(temporary, path, schema)


def _read_back(temporary, path, schema: str) -> None:
    """Check what was written as every reader will, before it takes its name."""
    try:
        with open_checked(temporary, schema):
            pass
    except InputError as error:
        fault = str(error).removeprefix(f"{temporary}: ")
        raise RunError(f"{path} could not be written: what was written does not read back, {fault}") from error


def _header(schema: str, config: dict, seed: int, inputs) -> dict:
    """Return the root attributes known before the work starts."""
    try:
        number = -1 if isinstance(seed, bool) else operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number <= MAX_SEED:
        raise InputError(f"seed = {seed!r} must be an integer from 0 to {MAX_SEED}")
    config_text = origin.canonical_json(config)
    notes_in(json.loads(config_text))
    return {
        "schema": schema,
        "schema_version": np.int64(SCHEMAS[schema]),
        "config": config_text,
        "config_sha256": origin.text_sha256(config_text),
        "seed": np.uint64(number),
        "versions": origin.canonical_json(origin.versions()),
        "git_state": origin.git_state(),
        "command_line": origin.command_line(),
        "inputs": origin.canonical_json(origin.input_hashes(inputs)),
    }


def _open_new(temporary, path, buffer: io.BytesIO | None) -> h5py.File:
    """Open the new file: no lock, for nobody else knows its name. An image of the core driver is no way into memory:
    with h5py before 3.16 its superblock does not match its checksum."""
    try:
        return h5py.File(buffer or temporary, "w", libver=LIBVER, locking=False)
    except OSError as error:
        raise RunError(f"{path} could not be written: {reason(error)}") from error


def _seal(file: h5py.File, path) -> None:
    """Check what the block wrote, add the hashes and, last, the marker."""
    try:
        for _, item in [("/", file), *integrity.walk(file)]:
            for name, value in list(item.attrs.items()):
                if isinstance(value, str) or np.asarray(value).dtype.kind == "O":
                    set_attribute(item, name, value)
        file.flush()
        integrity.check_structure(file, file.id.get_filesize())
        later = JOURNALS.get(text(file, "schema"), ())
        set_attribute(file, "content_sha256", integrity.content_sha256(file, later))
        set_attribute(file, "provenance_sha256", integrity.provenance_sha256(file))
        file.flush()
        file.attrs["complete"] = np.uint8(1)
        file.flush()
    except DAMAGE as error:
        raise RunError(f"{path} could not be written: {reason(error)}") from error


@contextlib.contextmanager
def open_checked(path, schema: str | None = None):
    """Yield an ``h5py.File``, read only, after checking that it is ours, complete and unaltered.

    Args:
        path: file to read.
        schema: the schema it must have; None takes any of ``SCHEMAS``.

    Raises:
        InputError: names the file and the first fault found.
    """
    file = None
    try:
        _check_regular(path)
        file = h5py.File(path, "r", locking=False)  # the seals guard; NFS and Lustre may have no locks
        _check(file, schema)
    except BaseException as error:
        close(file)
        if isinstance(error, InputError):
            raise InputError(f"{path}: {reason(error)}") from None
        if isinstance(error, DAMAGE) and LOCKED in str(error):
            raise InputError(
                f"{path}: cannot be locked, another program uses it or its disk knows no locks; "
                "HDF5_USE_FILE_LOCKING=FALSE reads it without"
            ) from None
        if isinstance(error, DAMAGE) and OPEN_HERE in str(error):
            raise InputError(
                f"{path}: is open in this program, with other locks; close it first, or open it with locking=False"
            ) from None
        if isinstance(error, DAMAGE):
            raise InputError(f"{path}: truncated or damaged file ({reason(error)})") from None
        raise
    with file:
        yield file


def _check_regular(path) -> None:
    """Check that there is a regular file (a pipe would wait for ever) that begins as those written here do."""
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            raise InputError("is a folder" if stat.S_ISDIR(mode) else "is not a regular file")
        with open(path, "rb") as stream:
            start = stream.read(len(SIGNATURE) + 1)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError("no such file") from None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"cannot be read: {reason(error)}") from None
    if not start:
        raise InputError("empty file")
    if not start.startswith(SIGNATURE):
        raise InputError("not an HDF5 file")
    if start[len(SIGNATURE) :] != bytes([SUPERBLOCK_VERSION]):
        raise InputError("foreign file, not in the HDF5 1.10 format with checksums that dwsynapse writes")


def _check(file: h5py.File, schema: str | None) -> None:
    """Check schema, version, completeness, structure and hashes, in this order: the plainest reason first."""
    found = _root_value(file, "schema")
    if not isinstance(found, bytes):
        raise InputError("foreign file, it has no text attribute schema")
    found = found.decode(errors="replace")
    if found not in SCHEMAS:
        raise InputError(f'foreign file, schema "{found}" is unknown{nearest(found, SCHEMAS)}')
    if schema is not None and found != schema:
        raise InputError(f"holds {found}, {schema} is needed")
    version, last = _root_value(file, "schema_version"), SCHEMAS[found]
    if not isinstance(version, np.integer) or version < 1:
        raise InputError(f"schema_version = {version} must be a positive integer")
    if version > last:
        raise InputError(f"{found} version {version} is newer than this program, which reads up to {last}")
    if _root_value(file, "complete") != 1:
        raise InputError("incomplete file, its writer did not finish")

    missing = [name for name in (*ROOT_ATTRIBUTES, *integrity.SEALS) if name not in file.attrs]
    if missing:
        raise InputError(f"altered file, it lacks the attribute {', '.join(missing)}")
    integrity.check_structure(file, file.id.get_filesize())
    for what, hashed, name in (
        ("configuration", origin.text_sha256(text(file, "config")), "config_sha256"),
        ("content", integrity.content_sha256(file, JOURNALS.get(found, ())), "content_sha256"),
        ("provenance", integrity.provenance_sha256(file), "provenance_sha256"),
    ):
        if hashed != text(file, name):
            raise InputError(f"altered file, the {what} does not match its hash")
    notes_in(provenance(file)["config"])


def _root_value(file: h5py.File, name: str):
    """Return a root attribute, None if there is none, without trusting its type and size."""
    if name not in file.attrs:
        return None
    integrity.check_attribute(file, name, f"attribute {name}", file.id.get_filesize())
    return file.attrs[name]


def provenance(file: h5py.File) -> dict:
    """Return the root attributes by name; ``config``, ``versions`` and ``inputs`` decoded to dictionaries."""
    found = {}
    for name, value in file.attrs.items():
        value = text(file, name) if isinstance(value, bytes | str) else value
        value = value.item() if isinstance(value, np.generic) else value
        found[name] = json.loads(value) if name in JSON_ATTRIBUTES else value
    return found


def describe(file: h5py.File) -> list[tuple]:
    """Return (name, shape, dtype, unit, long_name) of every data set, sorted by name."""
    return [
        (path, item.shape, item.dtype, text(item, "unit"), text(item, "long_name"))
        for path, item in integrity.walk(file)
        if isinstance(item, h5py.Dataset)
    ]
