"""Notes that a file carries in its configuration: where the device of its content strains the model that made it.

The entry `notes` of the configuration is a list of lines. What is made from a file takes them over. A file without the
entry, older or made of data from elsewhere, says nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dwcore.errors import InputError, harmless

MOST, LONGEST = 100, 1000
"""Notes of a file, and characters of each, that a reader still looks at."""
_WORDS = 60  # characters of what a message quotes
_RANGE = re.compile(r"(?<![\w.^-])(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?: to (-?\d+(?:\.\d+)?(?:e[-+]?\d+)?))?(?!\w)")


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
                f"{where}.notes[{number}] = {_short(repr(note))} must be a line of text, of {LONGEST} characters at most"
            )
    return list(notes)


def _short(text: str) -> str:
    return text if len(text) <= _WORDS else f"{text[: _WORDS - 3]}..."


def united(*several: Iterable[str]) -> list[str]:
    """Return the notes of several files, each once."""
    return list(dict.fromkeys(note for notes in several for note in notes))


def put_note(said: dict[str, set[int]], place: int, note: str) -> None:
    """Note what is said at one of many places; lines that differ in numbers alone become one, with their ranges.

    Args:
        said: the places by line, changed here.
        place: its number.
        note: a line.
    """
    for known in said:
        if (both := _in_one(known, note)) is not None:
            places = said[known] | {place}
            if both != known:
                renamed = {both if line == known else line: of for line, of in said.items()}
                said.clear()
                said.update(renamed)
            said[both] = places
            return
    said[note] = {place}


def _in_one(line: str, other: str) -> str | None:
    """Return two lines that differ in numbers alone as one, None where they differ in words."""
    if line == other:
        return line
    if _RANGE.sub("\0", line) != _RANGE.sub("\0", other):
        return None
    further = _RANGE.finditer(other)

    def both(match: re.Match) -> str:
        ends = sorted((end for one in (match, next(further)) for end in one.groups() if end), key=float)
        return ends[0] if float(ends[0]) == float(ends[-1]) else f"{ends[0]} to {ends[-1]}"

    return _RANGE.sub(both, line)


def lines_of(said: Mapping[str, Iterable[int]], places: Sequence[str], of: str) -> list[str]:
    """Return what is said, each line with the places where it does not hold for all of them.

    Args:
        said: the places by line.
        places: the name of each in words; empty for one that was not looked at.
        of: what the places are, such as "points".
    """
    found, looked = [], sum(map(bool, places))
    for line, where in said.items():
        names = [places[place] for place in sorted(where)]
        others = f"and {len(names) - 1} more" if len(names) > 1 else "alone"
        found.append(
            line if len(names) == looked else f"{line} ({harmless(_short(names[0]))} {others} of {looked} {of})"
        )
    more = len(found) - MOST
    return found if more <= 0 else [*found[: MOST - 1], f"{more + 1} more notes"]
