"""What goes wrong inside the HDF5 library: its errors as one line, and a file it can no longer write."""

import contextlib
import errno
import os
import re

import h5py

# What h5py, numpy and json may raise on damaged files.
DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def reason(error: BaseException) -> str:
    """Return the message of an error on one line, of a failed write only what the system said."""
    # str() of a KeyError is the quoted form of its message.
    message = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    if short := re.search(r"truncated file: eof = (\d+), .*stored_eof = (\d+)", message):
        return f"{short[1]} of {short[2]} bytes are there"
    system = re.search(r"error message = '([^']+)'", message) or re.match(r"\[Errno \d+\] ([^:]+)(: '|$)", message)
    return system[1] if system else " ".join(message.split()) or type(error).__name__


def is_disk_error(error: BaseException) -> bool:
    """Is this what h5py raises when the disk is full or broken?"""
    return "file write failed" in str(error) or (isinstance(error, OSError) and error.errno in DISK_ERRORS)


def abandon(file: h5py.File) -> None:
    """Close a file that will be removed, and let all that HDF5 still has to write to it go nowhere.

    On a full disk HDF5 would fail to write again when its objects are collected and when the program ends, each
    time with a traceback, and at last with a segmentation fault.
    """
    with contextlib.suppress(Exception):
        if file.driver != "fileobj":  # which has no file on the disk
            sink = os.open(os.devnull, os.O_RDWR)
            os.dup2(sink, file.id.get_vfd_handle())
            os.close(sink)
    close(file)


def close(file: h5py.File | None) -> None:
    """Close a file that may be damaged."""
    if file is not None:
        with contextlib.suppress(Exception):
            file.close()
