"""A sweep whose disk fills up: one line, what is finished stays usable, and resuming gives the table."""

import errno
import os
import resource
import signal

import pytest
from resealed import SMALL_SWEEP, content

from compact.bulk.sweep_file import SweepFile

SWEEP = [
    *SMALL_SWEEP,
    "--currents=-7e11,6e11,7e11",
    "--durations",
    "1e-9",
    "-n",
    "20",
    "--jobs",
    "1",
]
"""Its file of blocks has 16 kB, its table 27 kB."""


def limited(size: int):
    """Files cannot grow beyond so many bytes: the error is EFBIG, which is handled as a full disk."""

    def before_start():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return before_start


def test_no_room_for_the_blocks(process, folder):
    child = process(*SWEEP, "-o", "table.h5", cwd=folder, preexec_fn=limited(8_000))
    out, err = child.communicate(timeout=600)
    assert (child.returncode, out) == (1, "")
    assert err == "dwsynapse: table.partial.h5 could not be written: File too large\n"
    assert os.listdir(folder) == []


def test_no_room_for_the_table(process, command, folder):
    child = process(*SWEEP, "-o", "table.h5", cwd=folder, preexec_fn=limited(20_000))
    out, err = child.communicate(timeout=600)
    assert (child.returncode, out) == (1, "")
    assert "could not be written: File too large; 6 of 6 blocks are kept in table.partial.h5, --resume goes on" in err
    assert err.count("\n") == 1 and os.listdir(folder) == ["table.partial.h5"]
    command(*SWEEP, "-o", "table.h5", "--resume")
    command(*SWEEP, "-o", "quiet.h5")
    assert content("table.h5") == content("quiet.h5") and sorted(os.listdir(folder)) == ["quiet.h5", "table.h5"]


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
def test_disk_fails_between_blocks(command, folder, monkeypatch, call):
    """File systems that find room only when they must can fail in the middle."""
    real, calls = getattr(os, call), []

    def failing(*arguments):
        calls.append(arguments)
        if len(calls) > {"pwrite": 15, "fsync": 5}[call]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("dwcore.storage.journal.SYNC_SECONDS", 0.0)
        patch.setattr(os, call, failing)
        answer = command(*SWEEP, "-o", "table.h5")
    assert answer.code == 1 and answer.err.count("\n") == 1
    assert answer.err.startswith("dwsynapse: table.partial.h5 could not be written: No space left on device; ")
    with SweepFile("table.partial.h5") as journal:
        kept = journal.finished()[1].size
    assert 0 < kept < 6 and f"; {kept} of 6 blocks are kept in table.partial.h5" in answer.err
    command(*SWEEP, "-o", "table.h5", "--resume")
    command(*SWEEP, "-o", "quiet.h5")
    assert content("table.h5") == content("quiet.h5")


def test_what_has_no_name_is_named(process, folder):
    """Standard output on a full disk, and a working folder that is gone."""
    with open("/dev/full", "w") as full:
        child = process("info", "mlp", cwd=folder, stdout=full)
    assert child.wait(timeout=600) == 1
    assert child.stderr.read() == "dwsynapse: standard output: No space left on device\n"
    gone = folder / "gone"
    gone.mkdir()
    child = process("new", "network", "a", cwd=gone, preexec_fn=gone.rmdir)
    out, err = child.communicate(timeout=600)
    assert (child.returncode, out) == (2, "")
    assert err == "dwsynapse: the working folder cannot be used: No such file or directory\n"
