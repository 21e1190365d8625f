"""The ways a run can end badly; every package raises these.

``InputError`` is for what the user gave (exit code 2 on the command line), ``RunError`` for what went wrong
while working on sound input (exit code 1), ``Interrupted`` for a run that the user stopped (exit code 130). Messages
are one line: what, where, the value, the rule.
"""


class DwsynapseError(Exception):
    """Base class of all errors raised on purpose."""


class InputError(DwsynapseError, ValueError):
    """The input breaks a rule; the message names what, where, the value and the rule."""


class RunError(DwsynapseError, RuntimeError):
    """The computation failed although the input was sound."""


class Interrupted(RunError):
    """The user stopped the run; the message says what is kept."""


_SEARCHED, _LISTED = 1000, 20
"""Among so many names the closest is looked for, and so many are listed: a table may have 100,000 columns."""


def nearest(name: str, valid) -> str:
    """Return ``'; did you mean "x"?'`` for the closest valid name, else the list of valid names."""
    from difflib import get_close_matches  # errors only: slow to import

    valid = sorted(valid)
    close = get_close_matches(name, valid, n=1, cutoff=0.6) if len(valid) <= _SEARCHED else []
    if close:
        return f'; did you mean "{close[0]}"?'
    more = f" and {len(valid) - _LISTED} more" if len(valid) > _LISTED else ""
    return f"; valid names: {', '.join(valid[:_LISTED])}{more}"


def harmless(text: str) -> str:
    """Return a text whose control characters, which could steer a terminal, are spelled out as in `\\x1b`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
