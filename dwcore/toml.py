"""TOML files of the user: devices, networks, peripheries, chips; read with limits, refused in one line."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from dwcore.errors import InputError

LARGEST_BYTES = 10_000_000
DEEPEST = 16
"""Levels of tables and lists; no file of the project has more than five."""


def is_toml(source: str | Path) -> bool:
    """Return whether a source is called a TOML file: its name ends in .toml, in small or in capital letters."""
    return Path(source).suffix.lower() == ".toml"


def read_toml(path) -> dict:
    """Return what a TOML file holds.

    Raises:
        InputError: names the file and what is wrong with it.
    """
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode):  # a pipe would wait for ever
            raise InputError(f"{path}: is {'a folder' if stat.S_ISDIR(about.st_mode) else 'not a regular file'}")
        if about.st_size > LARGEST_BYTES:
            raise InputError(f"{path}: is larger than {LARGEST_BYTES // 10**6} MB, not a file of settings")
        with open(path, encoding="utf-8-sig") as stream:  # editors of Windows put a mark in front
            text = stream.read()
        if not text.strip():
            raise InputError(f"{path}: empty file")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file in UTF-8") from None
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return parse_toml(text, str(path))


def parse_toml(text: str, where: str) -> dict:
    """Return what a text in TOML holds.

    Args:
        text: the text.
        where: name of the file, for messages.

    Raises:
        InputError: not TOML, nested too deeply, or a whole number of more than 64 bits.
    """
    import tomllib  # of no use to the help of a command

    try:
        mapping = tomllib.loads(text, parse_float=_float)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except RecursionError:
        raise InputError(f"{where}: not a TOML file: nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: not a TOML file: {_short(error)}") from None
    except ValueError:  # of int(), from thousands of digits on
        raise InputError(f"{where}: a whole number has more than 64 bits") from None
    for problem in _problems(mapping):
        raise InputError(f"{where}: {problem}")
    return mapping


def own_name(mapping: Mapping, default: str, where: str) -> str:
    """Return the name that a file gives itself in its key `name`.

    Args:
        mapping: what the file holds.
        default: the name of a file without the key.
        where: name of the file, for messages.

    Raises:
        InputError: it is no text, or an empty one.
    """
    if not isinstance(name := mapping.get("name", default), str) or not name.strip():
        raise InputError(f"{where}: name = {name!r} must be a text that is not empty")
    return name


def _float(text: str) -> float:
    from dwcore.units import not_lost  # its patterns take time, and help needs none

    return not_lost(float(text), text)


def _problems(mapping: dict) -> Iterator[str]:
    """Yield what goes beyond the limits; without recursion, which has a limit of its own."""
    pending: list[tuple[str, object, int]] = [("", mapping, 0)]
    while pending:
        name, value, depth = pending.pop()
        if depth > DEEPEST:
            yield f"{name[:60]} is nested more than {DEEPEST} levels deep"
        elif isinstance(value, dict):
            pending += [(f"{name}.{key}" if name else key, inner, depth + 1) for key, inner in value.items()]
        elif isinstance(value, list):
            pending += [(name, inner, depth + 1) for inner in value]
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            yield f"{name[:60]} is a whole number of more than 64 bits"


def _short(error: Exception) -> str:
    words = " ".join(str(error).split())
    return words if len(words) <= 200 else f"{words[:197]}..."
