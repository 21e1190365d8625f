"""Where a run leaves its state: checkpoints at intervals and when it is to stop, and a log line per epoch."""

import contextlib
import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

DEFAULT_INTERVAL = 60.0
"""Least time between two checkpoints [s]."""


class Keeper:
    """Keeps the state of one seed; without a path it keeps nothing.

    Attributes:
        saved: state that a resumed run goes on from, by trainee; empty for a new one.
    """

    def __init__(
        self,
        save: Callable[[dict], None] | None = None,
        *,
        saved: dict | None = None,
        log: Path | None = None,
        interval: float = DEFAULT_INTERVAL,
        stop: Callable[[], bool] = lambda: False,
    ):
        """Make a keeper.

        Args:
            save: writes a state.
            saved: state to go on from.
            log: file that gets a line per epoch.
            interval: least time between two checkpoints [s].
            stop: says whether the run is to end now.
        """
        self.saved = {} if saved is None else saved
        self._save, self._log, self._interval, self._stop = save, log, interval, stop
        self._last = time.monotonic()

    def visit(self, state: Callable[[], dict]) -> None:
        """Write a checkpoint if it is time, and end the run if it is to stop; called between batches.

        Args:
            state: makes the state of the whole seed.

        Raises:
            KeyboardInterrupt: the run is to stop; its state is kept.
        """
        stop = self._stop()
        if self._save and (stop or time.monotonic() - self._last >= self._interval):
            self._save(state())
            self._last = time.monotonic()
        if stop:
            raise KeyboardInterrupt

    def finish(self, state: Callable[[], dict]) -> None:
        """Write the last state, so that a seed that is done is not done again."""
        if self._save:
            self._save(state())

    def note(self, line: str) -> None:
        """Append one line to the log, in one write, so that processes do not mix theirs."""
        if self._log:
            with open(self._log, "a", encoding="utf-8") as stream:
                stream.write(line)


def json_line(content: dict) -> str:
    """Return one line of JSON."""
    return json.dumps(_plain(content), allow_nan=False) + "\n"


def _plain(value):
    """Return arrays as lists and numbers that JSON has no word for as None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextlib.contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether Ctrl-C was pressed; pressed twice it interrupts as usual."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return

    def note(number, frame):
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
