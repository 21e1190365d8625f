"""A job: tasks that run alike in threads, in processes and on other machines, as its text makes it again there."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, Self

from dwcore.errors import RunError
from dwcore.storage.provenance import versions

Task = Any
"""What a job is asked for: numbers and texts, or lists of these, and arrays."""
Runner = Callable[["Job", Iterable[Task]], Iterator[tuple[Task, Any]]]
"""Runs tasks of a job and yields each with its result, in any order."""


class Job(Protocol):
    """What runs tasks. Threads may share it."""

    def run(self, task: Task, progress: Callable[[int], None]) -> Any:
        """Return the result of a task; may call `progress` on the way, which raises where nobody waits any more."""

    def text(self) -> str:
        """Return what `from_text` makes it again from."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Make it again."""


def run_elsewhere(kind: type[Job], text: str, version: str, task: Task) -> Any:
    """Run one task in another process.

    Args:
        kind: class of the job.
        text: of the job.
        version: version of this package where the job was started.
        task: what to run.

    Raises:
        RunError: the process has another version.
    """
    mine = versions()["dwsynapse"]
    if mine != version:
        raise RunError(f"a Dask worker has dwsynapse {mine}, the command was started with {version}")
    return _made(kind, text).run(task, lambda done: None)


@functools.lru_cache(2)
def _made(kind: type[Job], text: str) -> Job:
    return kind.from_text(text)
