"""Kill a sweep with SIGKILL at random moments, resume it each time, and compare what comes out with one quiet run.

    python benchmarks/kill_and_resume.py --kills 20

Every fourth moment is uniform over the length of a quiet run, the others over the time in which it has a file. A sweep
that ends before its moment is compared and begun anew, until all kills have been dealt. Prints one JSON object; `equal`
counts sweeps whose content hash is that of the quiet run.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compact.bulk.run import partial_path
from compact.bulk.sweep_file import SweepFile
from dwcore.storage import files

SWEEP = [
    "sweep",
    "five_state",
    "--instances",
    "4",
    "--currents=-7e11,5e11,6e11,7e11",
    "--durations",
    "1e-9",
    "-n",
    "200",
    "--jobs",
    "2",
]
CODE = "import sys, dwsynapse; sys.exit(dwsynapse.main())"


def start(*extra: str, out: Path) -> subprocess.Popen:
    """Start the sweep as a process of its own."""
    command = [sys.executable, "-c", CODE, *SWEEP, "-o", str(out), *extra]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def content(path: Path) -> str:
    """Hash of the content of a sound file."""
    with files.open_checked(path) as file:
        return files.text(file, "content_sha256")


def finished_blocks(out: Path) -> int:
    """Blocks that a killed sweep has left; none if it had not begun."""
    if not partial_path(out).exists():
        return 0
    with SweepFile(partial_path(out)) as journal:
        assert not journal.faults, journal.faults
        return int(journal.finished()[1].size)


def wait_for_file(child: subprocess.Popen, out: Path) -> float:
    """Wait until a sweep has a file, or has ended; returns the time it took [s]."""
    began = time.monotonic()
    while child.poll() is None and not out.exists() and not partial_path(out).exists():
        time.sleep(0.01)
    return time.monotonic() - began


def run(kills: int, seed: int) -> dict:
    """Deal so many kills and compare."""
    rng = random.Random(seed)
    result = {"kills": 0, "sweeps": 0, "equal": 0, "blocks_left_by_kill": []}
    with tempfile.TemporaryDirectory() as folder:
        quiet = Path(folder) / "quiet.h5"
        began = time.monotonic()
        child = start(out=quiet)
        idle = wait_for_file(child, quiet)
        assert child.wait() == 0
        length, out = time.monotonic() - began, None
        while result["kills"] < kills or out is not None:
            if out is None:
                out = Path(folder) / f"{result['sweeps']}.h5"
            child = start("--resume", out=out)
            early = result["kills"] % 4 == 0
            moment = rng.uniform(0, length if early else length - idle)
            if not early:
                wait_for_file(child, out)
            try:
                _, errors = child.communicate(timeout=None if result["kills"] == kills else moment)
                assert child.returncode == 0, errors
                result["sweeps"] += 1
                result["equal"] += content(out) == content(quiet) and not partial_path(out).exists()
                out = None
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()
                result["kills"] += 1
                if not out.exists():
                    result["blocks_left_by_kill"].append(finished_blocks(out))
    return result | {"seconds_of_quiet_run": round(length, 2), "load": os.getloadavg()[0]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.kills, arguments.seed)))
