"""Where a result comes from: configuration as canonical JSON, versions, git state, command line, inputs.

Everything here is text that goes into the root attributes of a file (see ``dwcore.storage.files``).
"""

import functools
import hashlib
import json
import math
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from enum import Enum
from importlib import metadata
from pathlib import Path

import numpy as np

from dwcore.errors import InputError

PACKAGES = ("dwsynapse", "numpy", "scipy", "numba", "h5py")
HOUSE = ("llg", "compact", "arraysim", "dwcore", "dwsynapse")
"""Packages whose checkout is told, those that make the numbers first."""
GIT_TIMEOUT_S = 2.0
BLOCK_BYTES = 1 << 20


def canonical_json(value, where: str = "config") -> str:
    """Return the one JSON text of a value: keys sorted, no spaces, ASCII only.

    Args:
        value: nested mappings, sequences, numpy arrays and scalars, enums (stored by name), text, numbers.
        where: name of the value in error messages.

    Raises:
        InputError: a number is not finite, a key is not text, or a type has no JSON form.
    """
    try:
        return json.dumps(_plain(value, where), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        raise InputError(f"{where} is nested too deeply or contains itself") from None


def _plain(value, where: str):
    """Turn numpy, enums and tuples into what JSON knows."""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"{where} = {value} must be finite")
        return float(value)
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str)]
        if wrong:
            raise InputError(f"{where} has the key {wrong[0]!r}, keys must be text")
        return {str(key): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    # Long doubles are their own item(); they have no exact JSON form and fall through.
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufU" and value.dtype != np.longdouble:
        return _plain(value.tolist(), where)
    raise InputError(f"{where} is of type {type(value).__name__}, which has no JSON form")


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def input_hashes(paths) -> dict[str, str]:
    """Return file name -> SHA-256 of the input files; where two names agree the path as given is the key.

    Raises:
        InputError: a file cannot be read.
    """
    paths = [Path(path) for path in paths]
    names = [path.name for path in paths]
    keys = [str(path) if names.count(path.name) > 1 else path.name for path in paths]
    return {key: _file_sha256(path) for key, path in zip(keys, paths, strict=True)}


def _file_sha256(path: Path) -> str:
    # A pipe would block for ever, so only regular files are opened.
    if not path.is_file():
        raise InputError(f"input {path} is missing or not a regular file")
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise InputError(f"input {path} cannot be read: {error.strerror}") from None
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return name -> version of Python and of the packages that shape the numbers."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


def git_state() -> str:
    """Return the commit of the source tree, with ``-dirty`` appended if it was changed, or ``unknown``.

    Only a checkout of this project counts: a copy installed inside another repository is ``unknown``. Where packages of
    the project come from several checkouts, each is told.
    """
    modules = [sys.modules[name] for name in HOUSE if name in sys.modules]
    roots = dict.fromkeys(Path(str(module.__file__)).resolve().parent.parent for module in modules)
    return "; ".join(dict.fromkeys(map(_state, roots)))


@functools.cache
def _state(root: Path) -> str:
    if not (root / ".git").exists():
        return "unknown"
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, ValueError, subprocess.SubprocessError):
        return "unknown"
    return f"{commit}-dirty" if changes else commit


def _git(root: Path, *arguments: str) -> str:
    answer = subprocess.run(
        ["git", "-C", str(root), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=GIT_TIMEOUT_S,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},
    )
    return answer.stdout.strip()


def command_line() -> str:
    """Return the command line of this process, quoted for a shell."""
    return shlex.join(sys.argv).replace("\0", "\\0").encode(errors="backslashreplace").decode()
