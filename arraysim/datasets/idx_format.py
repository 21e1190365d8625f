"""IDX files, the format of MNIST: a header that says type and sizes, then bytes; gzip or not.

References:
    Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits, http://yann.lecun.com/exdb/mnist.
"""

import math
import struct
from pathlib import Path

import numpy as np

from dwcore.errors import InputError
from dwcore.storage.gzip_file import read_packed

UNSIGNED_BYTE = 8
MAX_BYTES = 1 << 31
"""Largest content that is unpacked."""


def find_idx(folder: Path, stem: str) -> Path:
    """Return the file of a name with or without `.gz`, with `-idx3` or `.idx3` in it, whichever is there.

    Args:
        folder: where to look.
        stem: standard name without `.gz`, such as "train-images-idx3-ubyte".

    Raises:
        InputError: there is none.
    """
    for name in (stem, stem.replace("-idx", ".idx")):
        for end in ("", ".gz"):
            if (folder / (name + end)).is_file():
                return folder / (name + end)
    below = sorted(
        path.parent for depth in ("*", "*/*") for path in folder.glob(f"{depth}/{stem.partition('-idx')[0]}*")
    )
    hint = f"; its sub-folder {below[0]} holds such files, give that one" if below else ""
    raise InputError(f"{folder}: holds no {stem} or {stem}.gz{hint}")


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Return the unsigned bytes of an IDX file.

    Args:
        path: the file.
        dimensions: number of axes that it must have [1].

    Raises:
        InputError: the file cannot be read, is no IDX file of bytes, or its size does not fit its header.
    """
    content = read_packed(path, MAX_BYTES)
    length = 4 + 4 * dimensions
    if len(content) < length or content[:2] != b"\0\0":
        raise InputError(f"{path}: not an IDX file")
    if (content[2], content[3]) != (UNSIGNED_BYTE, dimensions):
        raise InputError(f"{path}: type {content[2]}, {content[3]} axes; unsigned bytes and {dimensions} axes needed")
    shape = struct.unpack(f">{dimensions}I", content[4:length])
    if math.prod(shape) != len(content) - length:
        raise InputError(f"{path}: {len(content) - length} bytes after the header, {shape} needs {math.prod(shape)}")
    return np.frombuffer(content, np.uint8, offset=length).reshape(shape)
