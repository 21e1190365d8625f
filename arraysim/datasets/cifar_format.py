"""CIFAR-10 files: the binary version, and the Python version without running what its pickles may hold.

A pickle is a program. The reader here knows the few names that arrays and containers of the published files use and
refuses every other, so that no code of the file runs.

References:
    A. Krizhevsky, Learning multiple layers of features from tiny images (2009),
    https://www.cs.toronto.edu/~kriz/cifar.html.
"""

import codecs
import io
import pickle
from pathlib import Path

import numpy as np

from dwcore.errors import InputError

SIDE, CHANNELS = 32, 3
PIXELS = SIDE * SIDE * CHANNELS
CLASSES = 10
BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = "test_batch"
FOLDERS = ("", "cifar-10-batches-bin", "cifar-10-batches-py")
MAX_BYTES = 1 << 28


def find_batches(folder: Path) -> tuple[list[Path], Path]:
    """Return the training files that are there, in order, and the test file.

    Args:
        folder: holds the files, or the folder that the published archive unpacks to.

    Raises:
        InputError: there are none.
    """
    for inner in FOLDERS:
        for end in (".bin", ""):
            at = folder / inner
            training = [at / (name + end) for name in BATCHES if (at / (name + end)).is_file()]
            if training and (at / (TEST + end)).is_file():
                return training, at / (TEST + end)
    raise InputError(f"{folder}: holds no CIFAR-10 files ({BATCHES[0]}.bin and {TEST}.bin, or {BATCHES[0]} and {TEST})")


def read_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of one file, shape (images, rows, columns, channels), uint8, and their labels, int64.

    Raises:
        InputError: the file cannot be read or is not what it should be.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{path}: {size} bytes, a batch has {10_000 * (PIXELS + 1)}")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    planes, labels = (_from_binary if path.suffix == ".bin" else _from_pickle)(content, path)
    if labels.size == 0 or labels.min() < 0 or labels.max() >= CLASSES:
        raise InputError(f"{path}: labels must run from 0 to {CLASSES - 1}")
    images = planes.reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels


def _from_binary(content: bytes, path: Path) -> tuple[np.ndarray, np.ndarray]:
    if not content or len(content) % (PIXELS + 1):
        raise InputError(f"{path}: {len(content)} bytes are no whole number of records of {PIXELS + 1}")
    records = np.frombuffer(content, np.uint8).reshape(-1, PIXELS + 1)
    return records[:, 1:], records[:, 0].astype(np.int64)


def _from_pickle(content: bytes, path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        found = _Reader(content).load()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except Exception as error:  # a damaged pickle can raise anything
        raise InputError(f"{path}: not a batch of CIFAR-10: {error}") from None
    found = {_word(key): value for key, value in found.items()} if isinstance(found, dict) else {}
    data, labels = found.get("data"), found.get("labels")
    if isinstance(labels, np.ndarray) and labels.ndim == 1:  # of a batch that was saved again
        labels = labels.tolist()
    if (
        not (isinstance(data, np.ndarray) and data.dtype == np.uint8 and data.ndim == 2 and data.shape[1] == PIXELS)
        or not isinstance(labels, list)
        or len(labels) != len(data)
    ):
        raise InputError(f"{path}: needs data of shape (images, {PIXELS}) in bytes and a label for each")
    if not all(isinstance(label, int) for label in labels):
        raise InputError(f"{path}: labels must be whole numbers")
    return data, np.array(labels, np.int64)


_ARRAY = object()  # stands for the array type, which a pickle must name but not call


class _Reader(pickle._Unpickler):
    """Reads arrays, dictionaries, lists, bytes and text; any other name ends it.

    It is the reader written in Python, whose instructions for extension codes and persistent objects lead to
    ``find_class`` and ``persistent_load`` and so end here too.
    """

    def __init__(self, content: bytes):
        super().__init__(io.BytesIO(content), encoding="bytes")

    def find_class(self, module: str, name: str):
        module, name = _word(module), _word(name)
        known = {
            ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
            ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
            ("numpy", "ndarray"): _ARRAY,
            ("numpy", "dtype"): np.dtype,
            ("_codecs", "encode"): _encode,
        }
        if (module, name) not in known:
            raise InputError(f"refused: its pickle asks for {module}.{name}, which no batch of CIFAR-10 needs")
        return known[module, name]


def _reconstruct(kind, shape, code):
    """Make the empty array whose content the pickle then sets."""
    if kind is not _ARRAY or shape != (0,):
        raise InputError("refused: its pickle makes an array in an unknown way")
    return np.ndarray((0,), np.uint8)


def _encode(text, encoding="latin1"):
    if not isinstance(text, str) or _word(encoding) != "latin1":
        raise InputError("refused: its pickle encodes in an unknown way")
    return codecs.encode(text, "latin1")


def _word(value) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)
