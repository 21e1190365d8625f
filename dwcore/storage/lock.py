"""One writer at a time: a lock on an output from the start of a job, so that a second one ends at once."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from dwcore.errors import InputError

_held: set[Path] = set()
"""Outputs that this process has locked; a job may lock what its caller has locked already."""


@contextlib.contextmanager
def only_writer(path: Path | None, *, refuse: bool = True) -> Iterator[None]:
    """Hold the lock on an output; without a path there is nothing to hold.

    The lock is a file ``.NAME.lock`` beside the output, removed at the end; what a killed job leaves of it locks
    nothing. Where the file system has no locks nobody is kept out.

    Args:
        path: that is going to be written.
        refuse: a folder that cannot be written; else whoever writes says what is wrong with it.

    Raises:
        InputError: another process writes it, or its folder cannot be written.
    """
    target = None if path is None else Path(os.path.realpath(path))
    if target is None or target in _held:
        yield
        return
    beside = lock_file(target)
    try:
        handle = _locked(beside, path)
    except OSError as error:
        if refuse:
            raise InputError(f"cannot write {path}: {error.strerror}") from None
        yield
        return
    _held.add(target)
    try:
        yield
    finally:
        _held.discard(target)
        beside.unlink(missing_ok=True)
        os.close(handle)


def lock_file(path: Path) -> Path:
    """Return the name of the lock on an output."""
    return path.parent / f".{path.name}.lock"  # the root has no name


def _locked(beside: Path, path) -> int:
    """Return the handle of the lock file, which is locked and still has its name."""
    while True:
        handle = os.open(beside, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                os.close(handle)
                raise InputError(f"{path}: is being written by another process") from None
        if is_named(handle, beside):
            return handle
        os.close(handle)


def is_named(handle: int, path: Path) -> bool:
    """Whether the open file is the one of this name; its last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
