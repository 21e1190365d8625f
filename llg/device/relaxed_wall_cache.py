"""Corrections of relaxed walls, kept in the folder of the user's cache from run to run."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

import numpy as np

_SEAL_BYTES = 32


def _folder() -> Path | None:
    """Return the folder of the user's cache where corrections are kept; None where there is no place for it."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "dwsynapse" / "relaxed-walls"
    except RuntimeError:  # neither HOME nor an entry among the users
        return None


def read(key: str) -> np.ndarray | None:
    """Return what was kept under a key, shape (4, n), places first; None where there is nothing sound."""
    folder = _folder()
    try:
        content = (folder / f"{key}.bin").read_bytes() if folder else b""
    except OSError:
        return None
    values, seal = content[:-_SEAL_BYTES], content[-_SEAL_BYTES:]
    return np.frombuffer(values, "<f8").reshape(4, -1).astype(float) if seal == _seal(key, values) else None


def keep(key: str, values: np.ndarray) -> None:
    """Keep values under a key if there is a place for them; a reader sees all of them or none."""
    folder = _folder()
    if folder is None:
        return
    temporary, content = folder / f".{secrets.token_hex(8)}.bin", values.astype("<f8").tobytes()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content + _seal(key, content))
            temporary.replace(folder / f"{key}.bin")
        finally:
            temporary.unlink(missing_ok=True)


def _seal(key: str, values: bytes) -> bytes:
    """Return the hash that shows a bit that has flipped, or values of another key."""
    return hashlib.sha256(key.encode() + values).digest()
