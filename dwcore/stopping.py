"""Ctrl-C, noted when it comes, because Python may lose what it raises.

Raised while an object is cleared away, it is only printed. Raised within the import of a compiled module, it becomes an
ImportError.
"""

import signal
import sys

_noted: list[int] = []


def listen() -> None:
    """Note every Ctrl-C of this process, and raise it again where Python drops it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _note)
        sys.unraisablehook = _raise_again


def meant() -> bool:
    """Return whether the error that is being handled is, or stands for, a Ctrl-C."""
    return isinstance(sys.exc_info()[1], KeyboardInterrupt) or bool(_noted)


def _note(number: int, _frame) -> None:
    _noted.append(number)
    raise KeyboardInterrupt


def _raise_again(lost: "sys.UnraisableHookArgs") -> None:
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    import threading

    again = threading.Timer(0.05, signal.pthread_kill, (threading.main_thread().ident or 0, signal.SIGINT))
    again.daemon = True
    again.start()
