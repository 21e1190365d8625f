"""Blocks of a sweep on the processors of this machine, in threads or in processes."""

import multiprocessing
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

import numpy as np

from compact.bulk.block import Worker
from compact.bulk.instance import StoredStates
from compact.bulk.plan import SweepPlan
from dwcore import stopping
from dwcore.errors import RunError
from dwcore.numerics.threads import thread_count

CONDITION, BLOCK = "condition", "block"
Task = tuple[str, int]
Result = StoredStates | np.ndarray
"""States of a condition, or outcomes of a block, shape (S, S + 2)."""


def plan_tasks(plan: SweepPlan, blocks: Iterable[int], conditions: Iterable[int]) -> Iterator[Task]:
    """Return tasks of some blocks in order, each wanted condition before its first block, conditions without a block last.

    Args:
        plan: the plan.
        blocks: numbers of the blocks.
        conditions: numbers of the conditions that are wanted.
    """
    wanted = dict.fromkeys(conditions)
    for block in blocks:
        condition = plan.condition(block)
        if condition in wanted:
            del wanted[condition]
            yield CONDITION, condition
        yield BLOCK, block
    for condition in wanted:
        yield CONDITION, condition


class Stopped(Exception):
    """Raised inside a task that is no longer wanted."""


def run_task(worker: Worker, task: Task, progress: Callable[[int], None]) -> Result:
    """Return the states of a condition, or outcomes of a block."""
    kind, number = task
    return worker.describe(number) if kind == CONDITION else worker.count(number, progress)


def run_threads(
    worker: Worker,
    tasks: Iterable[Task],
    *,
    jobs: int | None = None,
    progress: Callable[[int], None] = lambda trajectories: None,
) -> Iterator[tuple[Task, Result]]:
    """Run tasks in threads and yield each with its result as soon as it is done, in no order.

    Args:
        worker: shared by all threads.
        tasks: what to run.
        jobs: threads; all processors by default.
        progress: called with the number of trajectories done since the last call.
    """
    stop, lock = threading.Event(), threading.Lock()

    def advance(done: int):
        if stop.is_set():
            raise Stopped
        with lock:
            progress(done)

    jobs = thread_count(jobs)
    pool = ThreadPoolExecutor(jobs)
    try:
        yield from in_flight(lambda task: pool.submit(run_task, worker, task, advance), tasks, 2 * jobs)
    finally:  # a thread that compiles a kernel would be waited for
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


_worker: Worker
"""The worker of a process of the pool, made by `_begin`."""


def _begin(plan: SweepPlan):
    """Make the worker of this process."""
    global _worker
    stopping.follow_parent()
    _worker = Worker(plan)


def _run_here(task: Task) -> Result:
    return run_task(_worker, task, lambda done: None)


def run_processes(plan: SweepPlan, tasks: Iterable[Task], *, jobs: int | None = None) -> Iterator[tuple[Task, Result]]:
    """Run tasks in processes of their own and yield each with its result as soon as it is done, in no order.

    Args:
        plan: the plan.
        tasks: what to run.
        jobs: processes; one per processor by default.

    Raises:
        RunError: a process died.
    """
    jobs = thread_count(jobs)
    # Forked children of a process with threads may hang.
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin, (plan,))
    try:
        yield from in_flight(lambda task: pool.submit(_run_here, task), tasks, 2 * jobs)
    except BrokenProcessPool:
        raise RunError("a process of the sweep died, perhaps for want of memory") from None
    finally:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


def in_flight(
    submit: Callable[[Task], Future[Result]], tasks: Iterable[Task], most: int
) -> Iterator[tuple[Task, Result]]:
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
