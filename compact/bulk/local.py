"""Blocks of a sweep on the processors of this machine, in threads."""

import os
import threading
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import numpy as np

from .block import Worker
from .home import HomeStates
from .plan import SweepPlan

HOME, BLOCK = "home", "block"
Task = tuple[str, int]


def plan_tasks(plan: SweepPlan, blocks: Iterable[int], homes: Container[int]) -> Iterator[Task]:
    """Tasks of some blocks in order, each home before its first block.

    Args:
        plan: the plan.
        blocks: numbers of the blocks.
        homes: numbers of the homes that are wanted.
    """
    last = None
    for block in blocks:
        home = plan.home(block)
        if home != last and home in homes:
            yield HOME, home
        last = home
        yield BLOCK, block


class Stopped(Exception):
    """Raised inside a task that is no longer wanted."""


def run_task(worker: Worker, task: Task, progress: Callable[[int], None]) -> HomeStates | np.ndarray:
    """States of a home, or outcomes of a block."""
    kind, number = task
    return worker.describe(number) if kind == HOME else worker.count(number, progress)


def run_threads(
    worker: Worker, tasks: Iterable[Task], *, jobs: int | None, progress: Callable[[int], None]
) -> Iterator[tuple[Task, HomeStates | np.ndarray]]:
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

    jobs = jobs or os.cpu_count()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            yield from in_flight(lambda task: pool.submit(run_task, worker, task, advance), tasks, 2 * jobs)
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def in_flight(submit: Callable[[Task], Future], tasks: Iterable[Task], most: int) -> Iterator[tuple[Task, object]]:
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
