"""Archives of numpy arrays (.npz) that users bring: read without running what they may hold."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from dwcore.errors import InputError


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an archive by name; objects, which would be unpickled, are refused.

    Raises:
        InputError: there is no such file, or it is no sound archive.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if not path.is_file() or not zipfile.is_zipfile(path):  # a pipe would wait for ever
        raise InputError(f"{path}: is not a sound .npz of arrays, which numpy.savez writes")
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, zlib.error,
            AttributeError, NotImplementedError, RuntimeError, SyntaxError) as error:  # fmt: skip
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: is not a sound .npz of arrays ({reason})") from None
    for name, values in found.items():
        if not isinstance(values, np.ndarray):
            raise InputError(f'{path}: "{name}" is no array')
    return found
