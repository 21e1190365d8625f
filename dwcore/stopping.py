"""Ctrl-C, raised again until somebody handles it, because Python may lose what it raises.

Raised while an object is cleared away, it is only printed. Raised in what a compiled module calls, it may be dropped
without a word, or within the import of that module become an ImportError. A command would go on for hours. Worker
processes leave it to their parent, and end with that.
"""

import multiprocessing
import os
import signal
import sys
import threading

AGAIN = 0.5
"""Time after which an interrupt that nobody handles is raised again [s]."""
_noted: list[int] = []


def listen() -> None:
    """Note every Ctrl-C of this process, and raise it again where Python drops it, until `heard`."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _note)
        signal.signal(signal.SIGALRM, _again)
        sys.unraisablehook = _without_interrupts


def meant() -> bool:
    """Return whether the error that is being handled is, or stands for, a Ctrl-C."""
    return isinstance(sys.exc_info()[1], KeyboardInterrupt) or bool(_noted)


def heard() -> None:
    """End the repetition: the process is about to end."""
    signal.setitimer(signal.ITIMER_REAL, 0.0)


def follow_parent() -> None:
    """Leave Ctrl-C to the parent of this process, a worker, and end with it: a killed command leaves nobody who writes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _note(number: int, _frame) -> None:
    _noted.append(number)
    signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)  # a thread with a timer might wait for a lock that is held here
    raise KeyboardInterrupt


def _again(_number: int, _frame) -> None:
    """Raise the interrupt anew, unless it is what the program is cleaning up after just now."""
    error = sys.exc_info()[1]
    while error is not None:
        if isinstance(error, KeyboardInterrupt | ImportError):
            return
        error = error.__context__
    raise KeyboardInterrupt


def _without_interrupts(lost: "sys.UnraisableHookArgs") -> None:
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
