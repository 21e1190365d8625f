"""The ways a run can end badly; every package raises these.

``InputError`` is for what the user gave (exit code 2 on the command line), ``RunError`` for what went wrong
while working on sound input (exit code 1), ``Interrupted`` for a run that the user stopped (exit code 130). Messages
are one line: what, where, the value, the rule.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping


class DwsynapseError(Exception):
    """Base class of all errors raised on purpose; what they say is one line, also of a value that is shown in several."""

    def __init__(self, message: str = ""):
        super().__init__(re.sub(r"\s*\n\s*", " ", message))


class InputError(DwsynapseError, ValueError):
    """The input breaks a rule; the message names what, where, the value and the rule."""


class RunError(DwsynapseError, RuntimeError):
    """The computation failed although the input was sound."""


class Interrupted(RunError):
    """The user stopped the run; the message says what is kept."""


_PARTS = 8
"""So many parts of an input are told what is wrong with them."""
_SEARCHED, _LISTED = 1000, 20
"""Among so many names the closest is looked for, and so many are listed: a table may have 100,000 columns."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``'; did you mean "x"?'`` for the closest valid name, else the list of valid names.

    Args:
        name: what was given.
        valid: the names, or a mapping from each to its meaning. Those that have all words of `name` in themselves and
            their meaning come before the others, but not before one that differs by a letter or so.
    """
    from difflib import get_close_matches  # errors only: slow to import

    meanings, valid = valid if isinstance(valid, Mapping) else {}, sorted(valid)
    words = _words(name) if any(len(word) > 2 for word in _words(name)) else set()
    meant = [known for known, text in meanings.items() if words and words <= _words(f"{known} {text}")]
    close: list[str] = []
    if len(valid) <= _SEARCHED:
        for among, cutoff in ((valid, 0.85), (meant, 0.0), (valid, 0.6)):
            small = {known.casefold(): known for known in reversed(among)}
            close = close or [small[one] for one in get_close_matches(name.casefold(), small, n=1, cutoff=cutoff)]
    if close:
        return f'; did you mean "{close[0]}"?'
    more = f" and {len(valid) - _LISTED} more" if len(valid) > _LISTED else ""
    return f"; valid names: {', '.join(valid[:_LISTED])}{more}"


def _words(text: str) -> set[str]:
    """Return the words of a name or a sentence in small letters; an underscore ends a word."""
    return set(re.findall(r"[a-z]+|[0-9]+", text.lower()))


class Problems:
    """What is wrong with the parts of one input, raised together in one line."""

    def __init__(self) -> None:
        self.found: list[str] = []

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Note an `InputError` of one part, and go on with the next."""
        try:
            yield
        except InputError as error:
            self.found.append(str(error))

    def check(self, where: str) -> None:
        """Raise what was noted.

        Args:
            where: name of the file, which the line says once.

        Raises:
            InputError: something was noted.
        """
        if not self.found:
            return
        first, *more = dict.fromkeys(self.found)
        shown = [first, *(one.removeprefix(where).lstrip(":, ") for one in more[: _PARTS - 1])]
        left = f"; and {len(more) - len(shown) + 1} more" if len(more) >= len(shown) else ""
        raise InputError("; ".join(shown) + left)


def harmless(text: str) -> str:
    """Return a text whose control characters, which could steer a terminal, are spelled out as in `\\x1b`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
