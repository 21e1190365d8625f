"""Where a job runs: in threads, in processes, or on a Dask cluster. Results are the same, bit for bit."""

import contextlib
import functools
from collections.abc import Iterator

from compact.bulk.job import Runner
from compact.bulk.local import processes, run_processes, run_threads
from dwcore.numerics.threads import thread_count


@contextlib.contextmanager
def place(jobs: int | None = None, *, in_processes: bool = False, dask: str | None = None) -> Iterator[Runner]:
    """Yield what runs the tasks of a job.

    Args:
        jobs: threads or processes; one per processor by default.
        in_processes: processes instead of threads.
        dask: scheduler of a Dask cluster, or its scheduler file.

    Raises:
        InputError: Dask is not installed, or no scheduler answers.
    """
    if dask is not None:
        from compact.bulk.dask_cluster import connect, run_dask

        with connect(dask) as client:
            yield functools.partial(run_dask, client)
    elif in_processes:
        with processes(jobs) as pool:
            yield functools.partial(run_processes, pool, 2 * thread_count(jobs))
    else:
        yield functools.partial(run_threads, jobs=jobs)
