"""A sweep on a Dask cluster, one worker of which is killed in the middle: the same table, bit for bit."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from design_spec import write_judged_on_devices
from resealed import SMALL_SWEEP, content

from compact.bulk.run import partial_path
from compact.bulk.sweep_file import SweepFile

distributed = pytest.importorskip("distributed", reason="needs the extra cluster")

SWEEP = [
    *SMALL_SWEEP,
    "--currents=-7e11,6e11,7e11",
    "--durations",
    "1e-9,1.2e-9",
    "-n",
    "400",
    "--seed",
    "4",
]


def start(module: str, *arguments, folder) -> subprocess.Popen:
    command = [sys.executable, "-m", f"distributed.cli.{module}", *map(str, arguments), "--no-dashboard"]
    log = open(folder / f"{module}.log", "a")  # noqa: SIM115 (belongs to the process)
    return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"})


@pytest.fixture
def cluster(folder):
    """Scheduler file and its two workers, without nannies, which would start them again."""
    (folder / "dask").mkdir()
    where = folder / "dask"
    scheduler = where / "scheduler.json"
    ends = [start("dask_scheduler", "--scheduler-file", scheduler, "--port", 0, "--host", "127.0.0.1", folder=where)]
    options = ("--scheduler-file", scheduler, "--nthreads", 1, "--no-nanny", "--local-directory", where)
    workers = [start("dask_worker", *options, folder=where) for _ in range(2)]
    while not scheduler.exists() and ends[0].poll() is None:
        time.sleep(0.1)
    with distributed.Client(scheduler_file=str(scheduler), set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    yield scheduler, workers
    for process in (*workers, *ends):
        process.kill()
        process.wait()


def wait_for(seen, child: subprocess.Popen) -> None:
    """Return when something is seen of a process that must not end before."""
    while not seen():
        assert child.poll() is None, child.communicate()
        time.sleep(0.01)


def finished_blocks(path) -> int:
    with SweepFile(path) as journal:
        return journal.finished()[1].size


def test_a_worker_killed_in_the_middle_changes_nothing(command, process, folder, cluster):
    """The other worker stands still until the first has been killed, so that the sweep cannot end before."""
    scheduler, (first, other) = cluster
    out = folder / "table.h5"
    child = process(*SWEEP, "--dask", scheduler, "--json", "-o", out, cwd=folder)
    wait_for(lambda: partial_path(out).exists(), child)
    other.send_signal(signal.SIGSTOP)
    wait_for(lambda: finished_blocks(partial_path(out)), child)
    first.send_signal(signal.SIGKILL)
    other.send_signal(signal.SIGCONT)
    printed, err = child.communicate(timeout=600)
    assert (child.returncode, err) == (0, ""), err
    assert json.loads(printed)["trajectories"] == 2 * 6 * 5 * 400
    command(*SWEEP, "-o", "quiet.h5")
    assert content(out) == content("quiet.h5")


def test_a_design_found_on_a_cluster_is_that_found_in_threads(command, folder, cluster):
    """Search and verification, 64 device instances among it: the same front and the same device, bit for bit."""
    scheduler, _ = cluster
    write_judged_on_devices(folder)
    assert command("design", "spec.toml", "--dask", scheduler, "-o", "far").code == 0
    assert command("design", "spec.toml", "--jobs", 1, "-o", "near").code == 0
    assert content(folder / "far" / "front.h5") == content(folder / "near" / "front.h5")
    for name in ("front.json", "design_1.toml"):
        assert (folder / "far" / name).read_bytes() == (folder / "near" / name).read_bytes()
    lines = [sorted((folder / where / "trials.jsonl").read_text().splitlines()) for where in ("far", "near")]
    assert lines[0] == lines[1]


def test_a_worker_without_the_package_or_of_another_version(monkeypatch):
    from compact.bulk.block import Worker
    from compact.bulk.job import run_elsewhere
    from dwcore.errors import RunError

    with pytest.raises(RunError, match=r"a Dask worker has dwsynapse .*, the command was started with 9\.9"):
        run_elsewhere(Worker, "{}", "9.9", ("block", 0))


def test_nobody_at_the_address(command, folder, monkeypatch):
    monkeypatch.setattr("compact.bulk.dask_cluster.CONNECT_SECONDS", 0.5)
    answer = command(*SWEEP, "--dask", "tcp://127.0.0.1:1", "-o", "table.h5")
    assert answer.code == 2 and answer.err.count("\n") == 1
    assert answer.err.startswith("dwsynapse: --dask tcp://127.0.0.1:1: no scheduler answers there")
    answer = command(*SWEEP, "--dask", "nowhere.json", "-o", "table.h5")
    assert answer.code == 2 and "--dask nowhere.json: no such scheduler file" in answer.err
    assert os.listdir(folder) == []
    for text in ('name = "five-state"', "[1]", '{"workers": {}}', "[" * 100_000):
        (folder / "other.json").write_text(text)
        answer = command(*SWEEP, "--dask", "other.json", "-o", "table.h5")
        assert answer.code == 2 and answer.err.count("\n") == 1
        assert "--dask other.json: is no scheduler file, JSON with the address of the scheduler" in answer.err
