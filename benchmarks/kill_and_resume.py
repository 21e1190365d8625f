"""Kill a command with SIGKILL at random moments, resume it each time, and compare what comes out with one quiet run.

    python benchmarks/kill_and_resume.py --kills 20
    python benchmarks/kill_and_resume.py train --kills 10

Every fourth moment is uniform over the length of a quiet run, the others over the time in which it has a file. A command
that ends before its moment is compared and begun anew, until all kills have been dealt. Prints one JSON object; `equal`
counts those whose content hash is that of the quiet run, `left_by_kill` the blocks of a sweep, the lines of the log of a
training, that a kill has left.
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

COMMANDS = {
    "sweep": "sweep five_state --instances 4 --currents=-7e11,5e11,6e11,7e11 --durations 1e-9 -n 200 --jobs 2",
    "train": "train --table ladder:5 --network mlp:24 --epochs 40 --seeds 2 --jobs 2 --checkpoint-every 0.05",
}
CODE = "import sys, dwsynapse; sys.exit(dwsynapse.main())"


def start(name: str, *extra: str, out: Path) -> subprocess.Popen:
    """Start the command as a process of its own."""
    command = [sys.executable, "-c", CODE, *COMMANDS[name].split(), "-o", str(out), *extra]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def kept(out: Path) -> list[Path]:
    """Return what a command keeps of its work beside its output while it runs, blocks or checkpoints."""
    return [partial_path(out)] if partial_path(out).exists() else sorted(out.parent.glob(f"{out.stem}.seed_*"))


def content(path: Path) -> str:
    """Hash of the content of a sound file."""
    with files.open_checked(path) as file:
        return files.text(file, "content_sha256")


def left_by_kill(out: Path) -> int:
    """Return the blocks, or lines of the log, that a killed command has left; none if it had not begun."""
    log = out.with_suffix(".jsonl")
    if log.exists():
        return log.read_text().count("\n")
    if not partial_path(out).exists():
        return 0
    with SweepFile(partial_path(out)) as journal:
        assert not journal.faults, journal.faults
        return int(journal.finished()[1].size)


def wait_for_file(child: subprocess.Popen, out: Path) -> float:
    """Wait until a command has a file, or has ended; return the time it took [s]."""
    began = time.monotonic()
    while child.poll() is None and not out.exists() and not kept(out):
        time.sleep(0.01)
    return time.monotonic() - began


def run(name: str, kills: int, seed: int) -> dict:
    """Deal so many kills and compare."""
    rng = random.Random(seed)
    result: dict = {"command": name, "kills": 0, "runs": 0, "equal": 0, "left_by_kill": []}
    with tempfile.TemporaryDirectory() as folder:
        quiet = Path(folder) / "quiet.h5"
        began = time.monotonic()
        child = start(name, out=quiet)
        idle = wait_for_file(child, quiet)
        assert child.wait() == 0
        length, out = time.monotonic() - began, None
        while result["kills"] < kills or out is not None:
            if out is None:
                out = Path(folder) / f"{result['runs']}.h5"
            child = start(name, "--resume", out=out)
            early = result["kills"] % 4 == 0
            moment = rng.uniform(0, length if early else length - idle)
            if not early:
                wait_for_file(child, out)
            try:
                _, errors = child.communicate(timeout=None if result["kills"] == kills else moment)
                assert child.returncode == 0, errors
                result["runs"] += 1
                result["equal"] += content(out) == content(quiet) and not kept(out)
                out = None
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()
                result["kills"] += 1
                if not out.exists():
                    result["left_by_kill"].append(left_by_kill(out))
    return result | {"seconds_of_quiet_run": round(length, 2), "load": os.getloadavg()[0]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("command", nargs="?", choices=sorted(COMMANDS), default="sweep")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.command, arguments.kills, arguments.seed)))
