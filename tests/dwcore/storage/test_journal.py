"""Records in a sealed file: kept or not kept, never half, never altered."""

import dataclasses
import errno
import fcntl
import os

import h5py
import numpy as np
import pytest

from dwcore.errors import InputError
from dwcore.storage import files, journal
from dwcore.storage.journal import Journal, RecordField, put_records

SCHEMA = "dwsynapse.sweep"
FIELDS = {
    "a": RecordField(shape=(2, 3), dtype="u8", unit="1", long_name="a"),
    "b": RecordField(shape=(), dtype="f8", unit="m", long_name="b"),
}


@pytest.fixture
def path(tmp_path):
    with files.create(tmp_path / "a.h5", SCHEMA, config={"x": 1}, seed=3) as file:
        put_records(file, "conditions", {"b": FIELDS["b"]}, 2)
        put_records(file, "blocks", FIELDS, 5)
    return tmp_path / "a.h5"


def values(i):
    return {"a": np.arange(6, dtype=np.uint64).reshape(2, 3) + i, "b": 0.5 * i}


def test_records_come_back(path):
    sealed = path.stat().st_size
    with Journal(path, SCHEMA, write=True) as book:
        assert (book.config, book.seed) == ({"x": 1}, 3)
        for i in (3, 0):
            book.write("blocks", i, values(i))
    with Journal(path, SCHEMA) as book:
        assert book.done("blocks").tolist() == [True, False, False, True, False]
        assert not book.done("conditions").any() and book.faults == []
        for i in (0, 3):
            found = book.read("blocks", i)
            assert np.array_equal(found["a"], values(i)["a"]) and found["b"] == 0.5 * i
    assert path.stat().st_size == sealed
    with h5py.File(path) as file:  # plain HDF5 sees them too
        assert file["blocks/a"][3].tolist() == values(3)["a"].tolist()
        assert file["blocks/committed"][1].tolist() == [0] * 32


def test_a_record_counts_once_it_is_marked(path, monkeypatch):
    """Killed before the mark is written, the record is missing; no mark comes before its data are synced."""
    calls = []
    real_write, real_sync = os.pwrite, os.fsync
    monkeypatch.setattr(os, "pwrite", lambda handle, data, at: calls.append(len(data)) or real_write(handle, data, at))
    monkeypatch.setattr(os, "fsync", lambda handle: calls.append("sync") or real_sync(handle))
    book = Journal(path, SCHEMA, write=True)
    book.write("blocks", 1, values(1))
    book.write("blocks", 2, values(2))
    assert calls == [48, 8, 48, 8]
    with Journal(path, SCHEMA) as other:  # what a killed process would leave
        assert not other.done("blocks").any()
    book.close()
    assert calls[4:] == ["sync", 32, 32]
    with Journal(path, SCHEMA) as other:
        assert other.done("blocks").sum() == 2


@pytest.mark.parametrize("name", ["a", "b", "committed"])
def test_every_altered_bit_of_a_record_is_found(path, name):
    with Journal(path, SCHEMA, write=True) as book:
        for i in range(5):
            book.write("blocks", i, values(i))
    with h5py.File(path) as file:
        item = file[f"blocks/{name}"]
        start, size = item.id.get_offset(), item.size * item.dtype.itemsize
    content = path.read_bytes()
    for bit in range(0, 8 * size, 37):
        damaged = bytearray(content)
        damaged[start + bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with Journal(path, SCHEMA) as book:
            index = bit // 8 * 5 // size
            assert book.faults == [f"record {index} of /blocks does not match its hash"]
            assert book.done("blocks").sum() == 4 and not book.done("blocks")[index]


def test_records_cannot_change_places_or_files(path, tmp_path):
    with files.create(tmp_path / "b.h5", SCHEMA, config={"x": 2}, seed=3) as file:
        put_records(file, "conditions", {"b": FIELDS["b"]}, 2)
        put_records(file, "blocks", FIELDS, 5)
    with Journal(path, SCHEMA, write=True) as book:
        book.write("blocks", 0, values(0))
    for target, index in ((path, 1), (tmp_path / "b.h5", 0)):
        with h5py.File(path) as source, h5py.File(target, "r+" if target != path else "r") as file:
            places = {name: file[f"blocks/{name}"].id.get_offset() for name in (*FIELDS, "committed")}
            rows = {name: source[f"blocks/{name}"][0].tobytes() for name in places}
        with open(target, "r+b") as stream:
            for name, row in rows.items():
                stream.seek(places[name] + index * len(row))
                stream.write(row)
        with Journal(target, SCHEMA) as book:
            assert book.faults == [f"record {index} of /blocks does not match its hash"]


def test_one_writer_at_a_time(path):
    """Locks belong to processes, so that the other one must be another process."""
    with Journal(path, SCHEMA, write=True):
        child = os.fork()
        if child == 0:
            try:
                Journal(path, SCHEMA, write=True)
                os._exit(1)
            except InputError as error:
                os._exit(0 if journal.BUSY in str(error) else 2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    Journal(path, SCHEMA, write=True).close()


def rebuilt(tmp_path, make):
    with files.create(tmp_path / "c.h5", SCHEMA, config={}, seed=0) as file:
        put_records(file, "conditions", {"b": FIELDS["b"]}, 2)
        make(file)
    return tmp_path / "c.h5"


def _put(file, name, data):
    files.put(file, name, data, unit="1", long_name="x")


@pytest.mark.parametrize(
    ("make", "fragment"),
    [
        (lambda file: None, "lacks the data set /blocks/committed"),
        (lambda file: file.create_group("blocks/committed"), "lacks the data set /blocks/committed"),
        (lambda file: _put(file, "blocks/committed", np.zeros(())), "lacks the data set /blocks/committed"),
        (lambda file: _put(file, "blocks/committed", np.zeros((4, 16), np.uint8)), "must hold 32 bytes per record"),
        (lambda file: _put(file, "blocks/committed", np.zeros((4, 32))), "must hold 32 bytes per record"),
        (lambda file: _put(file, "blocks/committed", np.zeros((400, 32), np.uint8)), "stored in one piece"),
        (lambda file: (put_records(file, "blocks", FIELDS, 4), _put(file, "blocks/c", np.zeros(3))), "one row per record"),
        (lambda file: (put_records(file, "blocks", FIELDS, 4), file.create_group("blocks/d")), "stored in one piece"),
    ],
)  # fmt: skip
def test_foreign_structures(tmp_path, make, fragment):
    with pytest.raises(InputError, match=fragment):
        Journal(rebuilt(tmp_path, make), SCHEMA)


def test_values_of_another_shape_are_refused(path):
    with Journal(path, SCHEMA, write=True) as book:
        with pytest.raises(ValueError, match="shape"):
            book.write("blocks", 0, {"a": np.zeros((3, 2), np.uint64), "b": 0.0})
        assert not book.done("blocks").any()


def test_records_of_other_fields_are_refused(path):
    with Journal(path, SCHEMA) as book:
        book.expect("blocks", FIELDS, 5)
        for fields, length, words in (
            ({"a": FIELDS["a"]}, 5, "/blocks/b is no field of these records"),
            (FIELDS | {"c": FIELDS["b"]}, 5, "lacks the data set /blocks/c"),
            (FIELDS, 6, r"must be <.8 \(6"),
            (FIELDS | {"b": dataclasses.replace(FIELDS["b"], dtype="i8")}, 5, r"b is <f8 \(5,\), must be <i8 \(5,\)"),
        ):
            with pytest.raises(InputError, match=words) as caught:
                book.expect("blocks", fields, length)
            assert str(caught.value).startswith(f"{path}: ")


def test_a_file_that_ends_or_goes_after_it_was_checked_is_named(path, monkeypatch):
    """Whatever shortens it while it is open; the last record of 8 bytes lies before the marks."""
    with Journal(path, SCHEMA, write=True) as book:
        book.write("blocks", 4, values(4))
        os.truncate(path, book._places["blocks"][1].offset + 4 * 8 + 7)
        with pytest.raises(InputError, match=r"a\.h5: truncated file, b ends early"):
            book.read("blocks", 4)
    with pytest.raises(InputError, match=r"none\.h5: cannot be opened: No such file"):
        journal._open(path.with_name("none.h5"), write=False)


def test_without_locks_records_are_written_all_the_same(path, monkeypatch):
    def lockf(handle, how):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "lockf", lockf)
    with Journal(path, SCHEMA, write=True) as book:
        book.write("blocks", 0, values(0))
    with Journal(path, SCHEMA) as book:
        assert book.done("blocks").tolist() == [True] + 4 * [False]
