"""Ctrl-C and its like, raised again until somebody handles it, because Python may lose what it raises.

SIGTERM, which a batch system sends when the time is up, and SIGHUP, of a terminal that is closed, stop a command as
Ctrl-C does: what is finished is kept, and nothing is left half written.

Raised while an object is cleared away, an interrupt is only printed. Raised in what a compiled module calls, it may be
dropped without a word, or within the import of that module become an ImportError. A command would go on for hours.
Worker processes leave it to their parent, and end with that.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

AGAIN = 0.5
"""Time after which an interrupt that nobody handles is raised again [s]."""
SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
_noted: list[int] = []


def listen() -> None:
    """Note every interrupt of this process, and raise it again where Python drops it, until `heard`.

    What is ignored, as SIGHUP is under nohup, stays ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(number, _note)
    signal.signal(signal.SIGALRM, _again)
    sys.unraisablehook = _without_interrupts


def meant() -> bool:
    """Return whether the error that is being handled is, or stands for, an interrupt."""
    return isinstance(sys.exc_info()[1], KeyboardInterrupt) or bool(_noted)


def exit_code() -> int:
    """Return the exit code of a command that was stopped, as shells count it: 130 after Ctrl-C."""
    return 128 + (_noted[-1] if _noted else signal.SIGINT)


@contextlib.contextmanager
def asked() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether somebody has interrupted, for work that ends at a place of its own.

    The second time interrupts at once.
    """
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return

    def note(number: int, _frame) -> None:
        if before[number] is _note:
            _noted.append(number)
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}
    raising = [number for number in SIGNALS if before[number] in (_note, signal.default_int_handler)]
    for number in raising:
        signal.signal(number, note)
    try:
        yield pressed.is_set
    finally:
        for number in raising:
            signal.signal(number, before[number])


def heard() -> None:
    """End the repetition: the process is about to end."""
    signal.setitimer(signal.ITIMER_REAL, 0.0)


def follow_parent() -> None:
    """Leave interrupts to the parent of this process, a worker, and end with it: a killed command leaves nobody who writes."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
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
