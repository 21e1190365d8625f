"""Compiled functions that are kept between runs, and compiled anew when anything they are made of changes.

Numba keeps the code of a function under the text of its own file. Code that was drawn in from other files, and the
constants of those, may change without its noticing; after an upgrade half of a kernel would be that of the old version.
`compiled` adds all of them to the key under which the code is kept.
"""

import hashlib
import pathlib
import types
from collections.abc import Callable, Iterator

from numba import njit
from numba.core.caching import FunctionCache


def compiled(**options) -> Callable:
    """As `numba.njit` with `cache=True` and `nogil=True`, for functions that use others of any file."""

    def decorate(function: types.FunctionType):
        dispatcher = njit(cache=True, nogil=True, **options)(function)
        dispatcher._cache = _Cache(function)
        return dispatcher

    return decorate


def fingerprint(function: types.FunctionType) -> str:
    """Hash of the files of all compiled functions that a function uses, however indirectly, and of its constants."""
    seen: set[types.FunctionType] = set()
    constants: dict[str, str] = {}
    _collect(function, seen, constants)
    files = {inner.__code__.co_filename for inner in seen}
    parts = [_file_hash(file) for file in sorted(files)] + [f"{k} = {v}" for k, v in sorted(constants.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class _Cache(FunctionCache):
    def __init__(self, function: types.FunctionType):
        super().__init__(function)
        self._function = function

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except (ImportError, AttributeError):  # kept by an older version, for a type whose module has moved since
            self._cache_file.flush()
            return None

    def _index_key(self, sig, codegen):
        return (*super()._index_key(sig, codegen), fingerprint(self._function))


def _collect(function: types.FunctionType, seen: set, constants: dict[str, str]):
    seen.add(function)
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        inner = getattr(value, "py_func", getattr(value, "_defn", None))  # of a compiled function or an intrinsic
        if isinstance(inner, types.FunctionType):
            if inner not in seen:
                _collect(inner, seen, constants)
        elif isinstance(value, (int, float, complex, str, tuple)) or hasattr(value, "dtype"):
            constants[f"{function.__module__}.{name}"] = repr(value)


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _file_hash(file: str) -> str:
    return hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()
