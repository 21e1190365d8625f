"""Output files that are complete or absent: written under a temporary name beside it, synced, renamed."""

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import stat
from pathlib import Path

from dwcore.errors import InputError, RunError
from dwcore.storage.lock import is_named

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a full disk says, which does not name the file."""


@contextlib.contextmanager
def replacing(path, *, force: bool = False):
    """Yield a temporary path that is renamed to ``path`` once the block has ended without an error.

    The temporary file exists, is empty and has the suffix of ``path``; any error or interrupt removes it. One that a killed
    process has left is removed by the next that writes ``path``.

    Args:
        path: file to write; its folder must exist and be writable.
        force: overwrite an existing file.

    Raises:
        InputError: before the block runs, where ``path`` cannot be written.
        RunError: the disk failed at the end.
    """
    target = _target(path, force)
    clear_abandoned(target)
    temporary, handle = _reserved(target)
    try:
        yield temporary
        _publish(temporary, _target(path, force), path if not force else None)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in _FULL:
            raise RunError(f"{path} could not be written: {error.strerror}") from error
        raise
    finally:
        os.close(handle)


def clear_abandoned(path) -> None:
    """Remove the temporary files of an output whose writers were killed.

    A writer holds a lock on its temporary file, so that one that can be locked is abandoned. Those of other machines,
    whose locks may not be seen here, stay, and so does all where the file system has no locks.

    Args:
        path: file that was to be written.
    """
    target = Path(os.path.realpath(path))
    for left in target.parent.glob(f"{_mark(target)}*"):
        with contextlib.suppress(OSError), open(left, "rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def _mark(target: Path) -> str:
    """Return how the names of the temporary files of an output begin that this machine writes."""
    return f".dwsynapse-{hashlib.sha256(os.fsencode(f'{os.uname().nodename}/{target.name}')).hexdigest()[:12]}-"


def _target(path, force: bool) -> Path:
    """Return the absolute path to write after checking what is there now."""
    try:
        target = Path(os.path.realpath(path))
        mode = target.stat().st_mode
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise InputError(f"cannot write {path}: the folder {target.parent} does not exist") from None
        return target
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(mode):
        raise InputError(f"cannot write {path}: it is a folder, a file name is needed")
    if not stat.S_ISREG(mode):
        raise InputError(f"cannot write {path}: it exists and is not a regular file")
    if not force:
        raise InputError(f"cannot write {path}: it exists; --force overwrites it")
    return target


def _reserved(target: Path) -> tuple[Path, int]:
    """Create the file, so that a folder without permission or space shows before the work starts; return its locked handle."""
    while True:
        temporary = target.with_name(f"{_mark(target)}{secrets.token_hex(8)}.tmp{target.suffix}")
        try:
            handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        except OSError as error:
            raise InputError(f"cannot write in the folder {target.parent}: {error.strerror}") from None
        with contextlib.suppress(OSError):  # not every file system has locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        if is_named(handle, temporary):  # else another process has found it before it was locked
            return temporary, handle
        os.close(handle)


def _publish(temporary: Path, target: Path, new) -> None:
    """Give a finished file its name; one that must be `new` does not replace what another process wrote meanwhile."""
    try:
        _sync(temporary)
        if new is None or not _linked(temporary, target, new):
            temporary.replace(target)
    except OSError as error:
        raise RunError(f"{target} could not be written: {error.strerror}") from error
    # The rename lasts only once the folder is synced; not every file system can do that.
    with contextlib.suppress(OSError):
        _sync(target.parent)


def _linked(temporary: Path, target: Path, path) -> bool:
    """Rename a file unless the name is taken; return whether the file system can do that in one step."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise InputError(f"cannot write {path}: it exists; --force overwrites it") from None
    except OSError:
        return False
    temporary.unlink()
    return True


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
