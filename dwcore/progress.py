"""What a long job says on the way, on stderr: a bar, and first how long it will take; in a terminal or a notebook only."""

import contextlib
import resource
import sys
import time
from collections.abc import Callable, Iterator

SAMPLE = 1.0
"""How long a job is watched before it is announced [s]."""
WORTH_SAYING = 20.0
"""A job is announced if it takes longer [s]."""


def is_shown() -> bool:
    """Whether someone watches: stderr is a terminal, or a notebook shows it."""
    shell = sys.modules.get("IPython")
    notebook = shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"
    return notebook or sys.stderr.isatty()


@contextlib.contextmanager
def bar(
    total: int | None, what: str, unit: str, *, initial: int = 0, disk: float = 0.0, announced: bool = False
) -> Iterator[Callable[..., None]]:
    """Yield a function that advances a bar by a number of units, and may say how things are: ``advance(1, "0.93")``.

    What is done in the first second tells how long the whole will take, which is announced once.

    Args:
        total: units of the whole job; None if that is unknown.
        what: is done.
        unit: of what is counted.
        initial: units done before.
        disk: that the files will take [bytes].
        announced: whether the caller has said already how long it will take.
    """
    if not is_shown():
        yield lambda done=1, state="": None
        return
    from tqdm.auto import tqdm

    told, start = announced or not total, time.monotonic()
    with tqdm(total=total, initial=initial, desc=what, unit=unit, unit_scale=True) as shown:

        def advance(done: int = 1, state: str = "") -> None:
            nonlocal told
            if state:
                shown.set_postfix_str(state, refresh=False)
            shown.update(done)
            if not told and (seconds := time.monotonic() - start) >= SAMPLE and shown.n > initial:
                told = True
                with shown.external_write_mode(file=sys.stderr):
                    announce(what, seconds * (total - shown.n) / (shown.n - initial), disk=disk)

        yield advance


def announce(what: str, seconds: float, *, processes: int = 1, disk: float = 0.0) -> None:
    """Say before a long job how long it will take, and how much memory and disk.

    Args:
        what: the job, in words.
        seconds: that it will take, from a timed sample [s].
        processes: that work at it; each is taken to need as much memory as this one.
        disk: that its files will take [bytes].
    """
    if not is_shown() or seconds < WORTH_SAYING:
        return
    from dwcore.canvas.number_text import memory_text, time_text

    memory = processes * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    files = f", {memory_text(round(disk))} on disk" if disk else ""
    print(f"{what}: about {time_text(seconds)}, {memory_text(memory)} of memory{files}", file=sys.stderr)
