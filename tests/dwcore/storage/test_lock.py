"""One writer at a time, from the start of its job."""

import subprocess
import sys

import pytest

from dwcore.errors import InputError
from dwcore.storage.atomic import replacing
from dwcore.storage.lock import only_writer

HOLD = """
import sys
from dwcore.storage.lock import only_writer
with only_writer(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path):
    path = tmp_path / "a.h5"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=r"a\.h5: is being written by another process"), only_writer(path):
            pass
        with only_writer(tmp_path / "b.h5"):
            pass
        first.communicate("")
    with only_writer(path), only_writer(path):  # a job within a job
        assert [p.name for p in tmp_path.iterdir()] == [".a.h5.lock"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("linking", [True, False])
def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path, monkeypatch, linking):
    """Where the file system has no second names, the last look before the renaming remains."""
    if not linking:
        monkeypatch.setattr("os.link", lambda *_: (_ for _ in ()).throw(PermissionError(1, "no links here")))
    path = tmp_path / "a.csv"
    with pytest.raises(InputError, match=r"a\.csv: it exists; --force overwrites it"), replacing(path) as mine:
        mine.write_text("mine")
        path.write_text("theirs")
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"] and path.read_text() == "theirs"
    with replacing(path, force=True) as mine:
        mine.write_text("mine")
    with replacing(tmp_path / "b.csv") as mine:
        mine.write_text("mine")
    assert [p.read_text() for p in sorted(tmp_path.iterdir())] == ["mine", "mine"]


def test_a_file_that_came_after_the_last_look_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"

    def at_last(handle):
        if not path.exists():
            path.write_text("theirs")

    monkeypatch.setattr("os.fsync", at_last)
    with pytest.raises(InputError, match="it exists"), replacing(path) as mine:
        mine.write_text("mine")
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"] and path.read_text() == "theirs"


def test_what_a_killed_writer_leaves_locks_nothing(tmp_path):
    (tmp_path / ".a.h5.lock").touch()
    with only_writer(tmp_path / "a.h5"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(InputError, match="none"), only_writer(tmp_path / "none" / "a.h5"):
        pass
