"""The periphery that a command line asks for."""

import dataclasses
from typing import TYPE_CHECKING, Any

from dwsynapse.settings import Given

if TYPE_CHECKING:
    from pathlib import Path

    from arraysim.periphery.config import Periphery


def periphery_sections() -> dict[str, Any]:
    """Return the sections of a periphery file, which help does not need."""
    from arraysim.periphery.config import SECTIONS

    return SECTIONS


def periphery_of(path: "Path | None", given: Given) -> "Periphery | None":
    """Return the periphery of a file with the settings that are given; None without either.

    Args:
        path: periphery file.
        given: settings by section.

    Raises:
        InputError: the file is not sound, or the settings do not fit together.
    """
    from arraysim.periphery.config import SECTIONS, Periphery, load_periphery

    changed = [name for name in SECTIONS if given[name]]
    if path is None and not changed:
        return None
    periphery = Periphery() if path is None else load_periphery(path)
    sections = {name: dataclasses.replace(getattr(periphery, name), **given[name]) for name in changed}
    return dataclasses.replace(periphery, **sections)
