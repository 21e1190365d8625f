"""Compiled functions that are kept between runs, and compiled anew when anything they are made of changes.

Numba keeps the code of a function under the text of its own file. Code that was drawn in from other files, and the
constants of those, may change without its noticing; after an upgrade half of a kernel would be that of the old version.
`compiled` adds all of them to the key under which the code is kept. A damaged cache is emptied and filled again; where
there is no place for one, functions are compiled anew in each process, and a warning says so.

With ``NUMBA_DISABLE_JIT=1`` functions run as plain Python: for debugging, thousands of times slower.
"""

import functools
import hashlib
import logging
import os
import pathlib
import types
from collections.abc import Callable, Iterator

import numpy as np
from numba import config, njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache

_log = logging.getLogger(__name__)


def compiled(**options) -> Callable:
    """Return the same as `numba.njit` with `cache=True` and `nogil=True`, for functions that use others of any file."""

    def decorate(function: types.FunctionType):
        if getattr(config, "DISABLE_JIT"):  # noqa: B009 - numba sets it at run time
            return _wrapping(function)
        dispatcher = njit(nogil=True, **options)(function)
        try:
            dispatcher._cache = _Cache(function)
        except RuntimeError:
            _say_no_place("no folder for them can be written")
        return dispatcher

    return decorate


def _wrapping(function: types.FunctionType) -> Callable:
    """Return a plain function whose whole numbers wrap around, as those of compiled code do."""

    @functools.wraps(function)
    def plain(*arguments):
        with np.errstate(over="ignore"):
            return function(*arguments)

    return plain


@functools.cache
def _say_no_place(why: str) -> None:
    _log.warning(
        "no place to keep compiled functions, so each process compiles them anew (%s); set NUMBA_CACHE_DIR", why
    )


def fingerprint(function: types.FunctionType) -> str:
    """Return the hash of the files of all compiled functions that a function uses, and of its constants."""
    seen: set[types.FunctionType] = set()
    constants: dict[str, str] = {}
    _collect(function, seen, constants)
    files = {inner.__code__.co_filename for inner in seen}
    parts = [_file_hash(file) for file in sorted(files)] + [f"{k} = {v}" for k, v in sorted(constants.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


_HAS_HOME = pathlib.Path(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~"))).is_absolute()


class _Places(CompileResultCacheImpl):
    """Where functions are kept; for users without a home numba would make a folder called ~ where they happen to work."""

    _locator_classes = [  # noqa: RUF012 - of numba, which never changes it
        place
        for place in CompileResultCacheImpl._locator_classes
        if _HAS_HOME or not place.__name__.endswith("UserWideCacheLocator")
    ]


class _Cache(FunctionCache):
    _impl_class = _Places

    def __init__(self, function: types.FunctionType):
        super().__init__(function)
        self._function = function

    def _index_key(self, sig, codegen):
        return (*super()._index_key(sig, codegen), fingerprint(self._function))

    def load_overload(self, sig, target_context):
        """Return the compiled function that was kept, or None; a cache that cannot be read is emptied first."""
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # unpickling a damaged file may raise anything
            self._heal(error)
            return None

    def save_overload(self, sig, data):
        """Keep a compiled function; where that fails, it is compiled again in the next process."""
        for attempt in range(2):
            try:
                super().save_overload(sig, data)
                return
            except Exception as error:
                if attempt == 0:
                    self._heal(error)
                else:
                    _say_no_place(str(error))

    def _heal(self, error: Exception) -> None:
        # Modules may have moved since, and a disk may be full or may be read only: no damage.
        if not isinstance(error, (ImportError, AttributeError, OSError)):
            _log.warning("%s: damaged cache of compiled functions, filled anew (%s)", self.cache_path, error)
        try:
            self.flush()
        except OSError as failed:
            _say_no_place(str(failed))


def _collect(function: types.FunctionType, seen: set, constants: dict[str, str]):
    seen.add(function)
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        # Of a compiled function or an intrinsic; a plain function in a kernel stands for what overloads it beside it.
        inner = getattr(value, "py_func", getattr(value, "_defn", value))
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
