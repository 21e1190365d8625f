"""A process that is stopped or whose output goes nowhere: one line at most, no traceback, no leftovers."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

LONG = ("-n", 100_000, "--jobs", 2, "-o", "table.h5")
PREPARED = 10.0
"""Processor time [s] after which a sweep has its wells and rates and is at its blocks; before that it keeps nothing."""


def interrupted(child: subprocess.Popen, after: float) -> tuple[int, str, str]:
    """Exit code and output of a process that gets Ctrl-C once it has done `after` seconds of work."""
    stat = Path(f"/proc/{child.pid}/stat")
    while child.poll() is None:
        fields = stat.read_text().rpartition(")")[2].split()
        if (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > after:
            break
        time.sleep(0.05)
    assert child.poll() is None, child.communicate()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    return child.returncode, out, err


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="reads the processor time from /proc")
def test_interrupt_in_the_middle_of_a_sweep(process, folder):
    """The default grid with that many trajectories takes minutes, a block of it seconds; test_bulk goes on from there."""
    code, out, err = interrupted(process("sweep", "five_state", *LONG, cwd=folder), PREPARED)
    assert (code, out) == (1, "") and err.startswith("dwsynapse: interrupted; ") and err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["table.partial.h5"]


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="reads the processor time from /proc")
def test_interrupt_keeps_the_file_that_was_there(process, folder):
    (folder / "table.h5").write_text("precious")
    child = process("sweep", "five_state", *LONG, "--force", cwd=folder)
    code, out, err = interrupted(child, PREPARED)
    assert (code, out) == (1, "") and err.startswith("dwsynapse: interrupted; ") and err.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == ["table.h5", "table.partial.h5"]
    assert (folder / "table.h5").read_text() == "precious"


def test_reader_that_leaves_early(process, chain, folder):
    child = process("info", chain[0] / "table.h5", cwd=folder)
    child.stdout.close()
    assert child.stderr.read() == ""
    assert child.wait(timeout=60) == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_that_cannot_be_written(process, chain, folder):
    with open("/dev/full", "w") as full:
        child = process("info", chain[0] / "table.h5", "--json", cwd=folder, stdout=full)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 1
    assert err.count("\n") == 1 and "No space left on device" in err


def test_bad_input_in_a_process_of_its_own(process, folder):
    """Nothing but the line: no warning of a library, no traceback."""
    child = process("sweep", "five_state", "--currents", "2e11,1e11", "-o", "a.h5", cwd=folder)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (2, "")
    assert err.startswith("dwsynapse: current_density = ") and err.count("\n") == 1
    assert list(folder.iterdir()) == []
