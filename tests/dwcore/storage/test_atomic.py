"""What a killed writer leaves beside an output is removed by the next one, and nothing else is."""

import errno
import fcntl
import os
import signal
import subprocess
import sys

import pytest

from arraysim.training.checkpoint import checkpoint_path
from arraysim.training.seeds import remove_checkpoints
from dwcore.storage import atomic
from dwcore.storage.atomic import clear_abandoned, replacing

KILLED = """
import os, signal, sys
from dwcore.storage.atomic import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_text("half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def left(tmp_path):
    """An output whose writer was killed, and what it has left."""
    ended = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "out.h5"], check=False)
    assert ended.returncode == -signal.SIGKILL
    (file,) = tmp_path.iterdir()
    assert file.read_text() == "half of it"
    return file


def test_the_next_writer_of_the_same_output_removes_it(left, tmp_path):
    with replacing(tmp_path / "out.h5") as temporary:
        assert list(tmp_path.iterdir()) == [temporary]
    assert list(tmp_path.iterdir()) == [tmp_path / "out.h5"]


def test_a_finished_training_removes_that_of_its_checkpoints(left, tmp_path):
    """The name of the first seed's checkpoint is given to what a killed writer has left."""
    out = tmp_path / "training.h5"
    mark = atomic._mark(checkpoint_path(out, 1))
    here = left.rename(tmp_path / f"{mark}1.tmp.h5")
    remove_checkpoints(out, [2])
    assert here.exists()
    remove_checkpoints(out, [1, 2])
    assert not here.exists()


def test_what_belongs_to_another_output_or_another_machine_stays(left, tmp_path, monkeypatch):
    with replacing(tmp_path / "other.h5"):
        pass
    assert left.exists()
    here = os.uname()
    monkeypatch.setattr(atomic.os, "uname", lambda: os.uname_result((here.sysname, "another", *here[2:])))
    clear_abandoned(tmp_path / "out.h5")
    assert left.exists()


def test_what_is_being_written_stays(tmp_path):
    with replacing(tmp_path / "out.h5", force=True) as first, replacing(tmp_path / "out.h5", force=True) as second:
        assert first != second and first.exists() and second.exists()


def test_without_locks_nothing_is_surely_abandoned(left, tmp_path, monkeypatch):
    def flock(handle, how):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with replacing(tmp_path / "out.h5") as temporary:
        temporary.write_text("whole")
    assert left.exists() and (tmp_path / "out.h5").read_text() == "whole"


def test_a_file_that_another_process_took_for_abandoned_before_it_was_locked_is_made_anew(tmp_path, monkeypatch):
    taken, locked = [], fcntl.flock

    def flock(handle, how):
        if not taken:
            taken.extend(tmp_path.iterdir())
            taken[0].unlink()
        locked(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with replacing(tmp_path / "out.h5") as temporary:
        assert taken != [temporary] and list(tmp_path.iterdir()) == [temporary]


def test_a_file_system_without_second_names_gets_the_file_all_the_same(tmp_path, monkeypatch):
    def no_link(old, new):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_link)
    with replacing(tmp_path / "out.txt", force=False) as temporary:
        temporary.write_text("whole")
    assert (tmp_path / "out.txt").read_text() == "whole" and len(list(tmp_path.iterdir())) == 1
