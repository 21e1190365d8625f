"""Content of plain and compressed files up to a limit; faults are one line."""

import gzip
import tracemalloc

import pytest

from dwcore.errors import InputError
from dwcore.storage.gzip_file import read_packed

CONTENT = bytes(range(256)) * 10


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_limit_is_that_of_the_content(tmp_path, pack):
    (tmp_path / "a").write_bytes(pack(CONTENT))
    assert read_packed(tmp_path / "a", 2560) == CONTENT
    with pytest.raises(InputError, match="a: holds more than 2559 bytes"):
        read_packed(tmp_path / "a", 2559)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_small_file_takes_little_memory_whatever_the_limit(tmp_path, pack):
    """Under a limit of the address space a read of 2 GB at once failed for files of any size; a block has 1 MiB."""
    (tmp_path / "a").write_bytes(pack(CONTENT))
    tracemalloc.start()
    read_packed(tmp_path / "a", 1 << 31)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 23


@pytest.mark.parametrize("damage", [lambda c: c[:-9], lambda c: c[:2] + b"xx", lambda c: c[:15] + b"\xff" + c[16:]])
def test_damage_is_one_line(tmp_path, damage):
    (tmp_path / "a").write_bytes(damage(gzip.compress(CONTENT)))
    with pytest.raises(InputError, match=r"a: truncated or damaged gzip file$"):
        read_packed(tmp_path / "a", 1 << 20)


def test_what_is_no_file(tmp_path):
    for path, words in ((tmp_path, "is not a regular file"), (tmp_path / "b", "no such file")):
        with pytest.raises(InputError, match=words):
            read_packed(path, 100)
