"""Arguments of public functions: scalars of another type than their annotation says are refused in one line.

    @checked
    def simulate(device: Device, *, n: int, seed: int, dt: float | None = None): ...

`simulate(device, n="4", seed=1)` raises `n = '4' must be a whole number`. Whole numbers, numbers, truth values and texts
are looked at, each also where it may be None; other annotations are left to the function, and so are bounds and nan. A
number of another library, such as NumPy's int64, reaches the function as one of Python.
"""

import functools
import reprlib
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar, cast

from dwcore.errors import InputError
from dwcore.parameters import as_plain

F = TypeVar("F", bound=Callable[..., Any])
_WORDS = {int: "a whole number", float: "a number", bool: "True or False", str: "a text", types.NoneType: "None"}


def scalars(function: Callable) -> dict[str, frozenset[type]]:
    """Return the arguments of a function that are scalars by their annotation, with the types that each may have."""
    found = {}
    for name, annotation in getattr(function, "__annotations__", {}).items():
        union = isinstance(annotation, types.UnionType)
        kinds = frozenset(typing.get_args(annotation) if union else (annotation,))
        if name != "return" and kinds <= _WORDS.keys() and kinds != {types.NoneType}:
            found[name] = kinds
    return found


def checked(function: F) -> F:
    """Let a function, or a dataclass as it is made, refuse scalars of another type than it is annotated with."""
    if isinstance(function, type):
        function.__init__ = checked(function.__init__)  # type: ignore[misc]
        return function
    kinds, code = scalars(function), function.__code__
    positional = code.co_varnames[: code.co_argcount]

    def of(name: str, value: Any) -> Any:
        return _scalar(name, value, kinds[name]) if name in kinds else value

    @functools.wraps(function)
    def call(*args, **named):
        plain = [of(name, value) for name, value in zip(positional, args, strict=False)]
        return function(*plain, *args[len(positional) :], **{name: of(name, value) for name, value in named.items()})

    return cast(F, call)


def _scalar(name: str, value: Any, kinds: frozenset[type]) -> Any:
    """Return the value of an argument as a scalar of Python.

    Raises:
        InputError: it is none, or of another type.
    """
    if getattr(value, "shape", None) == () and kinds & {int, float, bool}:
        from dwcore.numerics.plain_array import plain_array

        value = value.item() if bool in kinds else plain_array(name, value).item()
    value = as_plain(value)
    if type(value) in kinds or (float in kinds and type(value) is int) or (str in kinds and isinstance(value, str)):
        return value
    words = [words for kind, words in _WORDS.items() if kind in kinds]
    raise InputError(f"{name} = {reprlib.repr(value)} must be {' or '.join(words)}")
