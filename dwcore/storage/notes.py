"""Notes that a file carries in its configuration: where the device of its content strains the model that made it.

The entry `notes` of the configuration is a list of lines. What is made from a file takes them over. A file without the
entry, older or made of data from elsewhere, says nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dwcore.errors import InputError, harmless

MOST, LONGEST = 100, 1000
"""Notes of a file, and characters of each, that a reader still looks at."""


def notes_in(config: Any, where: str = "config") -> list[str]:
    """Return the notes of a configuration, none where it has no such entry.

    Args:
        config: of a file.
        where: its name in error messages.

    Raises:
        InputError: they are no list of lines of text.
    """
    notes = config.get("notes", []) if isinstance(config, Mapping) else []
    if not isinstance(notes, list) or len(notes) > MOST:
        held = f"{len(notes)} entries" if isinstance(notes, list) else f"the type {type(notes).__name__}"
        raise InputError(f"{where}.notes has {held}, must be a list of {MOST} lines at most")
    for number, note in enumerate(notes):
        if not isinstance(note, str) or not note.strip() or len(note) > LONGEST or harmless(note) != note:
            raise InputError(
                f"{where}.notes[{number}] = {_short(note)} must be a line of text, of {LONGEST} characters at most"
            )
    return list(notes)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def united(*several: Iterable[str]) -> list[str]:
    """Return the notes of several files, each once."""
    return list(dict.fromkeys(note for notes in several for note in notes))
