"""Tasks of a job on a Dask cluster (extra `cluster`).

The job travels as one text with each task, the result back. Workers need this package in the same version. Dask gives
the tasks of a worker that dies to others; as a result depends on job and task alone, nothing changes.
"""

import contextlib
import json
import logging
import os
from collections.abc import Iterable, Iterator
from typing import Any

from compact.bulk.job import Job, Task, run_elsewhere
from dwcore.errors import InputError, RunError
from dwcore.storage.provenance import versions

TASKS_PER_THREAD = 3
FEWEST_TASKS = 16
CONNECT_SECONDS = 30


def connect(address: str):
    """Connect to a cluster; returns its client, a context that ends the connection.

    Args:
        address: of the scheduler, as `tcp://host:8786`, or the path of a scheduler file.

    Raises:
        InputError: Dask is not installed, or no scheduler answers at the address.
    """
    distributed = _distributed()
    for name in ("distributed", "distributed.client"):  # they report on their own what is raised here
        logging.getLogger(name).setLevel(logging.CRITICAL)
    where = address if ":" in address else _told_by(address)
    try:
        return distributed.Client(where, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"--dask {address}: no scheduler answers there ({' '.join(str(error).split())})") from None


def _told_by(path: str) -> str:
    """Return the address that a scheduler file tells."""
    if not os.path.isfile(path):
        raise InputError(f"--dask {path}: no such scheduler file, and not an address such as tcp://host:8786")
    try:
        with open(path, encoding="utf-8") as file:
            return str(json.load(file)["address"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"--dask {path}: is no scheduler file, JSON with the address of the scheduler") from None


def run_dask(client, job: Job, tasks: Iterable[Task]) -> Iterator[tuple[Task, Any]]:
    """Run tasks on a cluster and yield each with its result as soon as it is done, in no order.

    Args:
        client: from `connect`.
        job: whose tasks they are.
        tasks: what to run.

    Raises:
        RunError: a task failed, or the scheduler is gone.
    """
    distributed = _distributed()
    how = type(job), job.text(), versions()["dwsynapse"]
    tasks, running = iter(tasks), {}
    done = distributed.as_completed(loop=client.loop)
    try:
        while True:
            most = max(FEWEST_TASKS, TASKS_PER_THREAD * sum(_threads(client)))
            for task in tasks:
                future = client.submit(run_elsewhere, *how, task, pure=False)
                running[future.key] = future, task
                done.add(future)
                if len(running) >= most:
                    break
            if not running:
                return
            future = next(done)
            yield running.pop(future.key)[1], _result(future)
            future.release()
    finally:
        with contextlib.suppress(Exception):
            client.cancel([future for future, _ in running.values()], force=True)


def _result(future) -> Any:
    try:
        return future.result()
    except (InputError, RunError):
        raise
    except Exception as error:  # whatever a worker may raise
        if "scheduler-connection-lost" in str(error):
            raise RunError("the Dask scheduler is gone") from None
        words = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise RunError(f"the Dask cluster failed: {words}") from error


def _distributed():
    try:
        import distributed
    except ImportError:
        raise InputError('--dask needs the extra "cluster": pip install "dwsynapse[cluster]"') from None
    return distributed


def _threads(client) -> list[int]:
    return [worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()]
