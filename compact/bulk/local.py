"""Tasks of a job on the processors of this machine, in threads or in processes."""

import contextlib
import multiprocessing
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from compact.bulk.job import Job, Task, run_elsewhere
from dwcore import stopping
from dwcore.errors import RunError
from dwcore.numerics.threads import thread_count
from dwcore.storage.provenance import versions


class Stopped(Exception):
    """Raised inside a task that is no longer wanted."""


def run_threads(job: Job, tasks: Iterable[Task], *, jobs: int | None = None) -> Iterator[tuple[Task, Any]]:
    """Run tasks in threads and yield each with its result as soon as it is done, in no order.

    Args:
        job: shared by all threads.
        tasks: what to run.
        jobs: threads; all processors by default.
    """
    stop = threading.Event()

    def go_on(done: int):
        if stop.is_set():
            raise Stopped

    jobs = thread_count(jobs)
    pool = ThreadPoolExecutor(jobs)
    try:
        yield from _in_flight(lambda task: pool.submit(job.run, task, go_on), tasks, 2 * jobs)
    finally:  # a thread that compiles a kernel would be waited for
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def processes(jobs: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of processes, one per processor by default; they end with the block."""
    # Forked children of a process with threads may hang.
    pool = ProcessPoolExecutor(thread_count(jobs), multiprocessing.get_context("spawn"), stopping.follow_parent)
    try:
        yield pool
    finally:
        for process in list((pool._processes or {}).values()):
            process.kill()
        pool.shutdown(wait=True, cancel_futures=True)


def run_processes(pool: ProcessPoolExecutor, most: int, job: Job, tasks: Iterable[Task]) -> Iterator[tuple[Task, Any]]:
    """Run tasks in processes of their own and yield each with its result as soon as it is done, in no order.

    Args:
        pool: from `processes`.
        most: tasks that the pool holds at a time.
        job: whose tasks they are.
        tasks: what to run.

    Raises:
        RunError: a process died.
    """
    how = type(job), job.text(), versions()["dwsynapse"]
    try:
        yield from _in_flight(lambda task: pool.submit(run_elsewhere, *how, task), tasks, most)
    except BrokenProcessPool:
        raise RunError("a process died, perhaps for want of memory") from None


def _in_flight(submit: Callable[[Task], Future[Any]], tasks: Iterable[Task], most: int) -> Iterator[tuple[Task, Any]]:
    """Keep at most so many tasks submitted; yield (task, result) of those that are done."""
    tasks, running = iter(tasks), {}
    while True:
        for task in tasks:
            running[submit(task)] = task
            if len(running) >= most:
                break
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(future), future.result()
