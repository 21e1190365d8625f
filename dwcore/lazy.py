"""Public names of a package as its stub file lists them, each imported on first use.

The stub is read when the first name is asked for, not when the package is imported: the help of a command asks for none.
"""

from collections.abc import Callable, Iterable
from typing import Any


def attach_stub(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], Iterable[str]]]:
    """Return `__getattr__` and `__dir__` of a package; `__all__` is one of the names that the first knows.

    Args:
        package: its `__name__`.
        file: its `__file__`, which has a stub beside it.
    """
    known: list[Any] = []

    def attached() -> Any:
        if not known:
            import lazy_loader

            known.extend(lazy_loader.attach_stub(package, file))
        return known

    def attribute(name: str) -> Any:
        return list(attached()[2]) if name == "__all__" else attached()[0](name)

    return attribute, lambda: attached()[1]()
