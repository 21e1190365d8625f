"""Archives of numpy arrays that users bring: what is none is refused in one line, nothing of them runs."""

import os
import pickle
import zipfile

import numpy as np
import pytest

from dwcore.errors import InputError
from dwcore.storage.array_archive import read_arrays


def test_arrays_come_back(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(["x", "yy"])}
    np.savez(tmp_path / "a.npz", **arrays)
    found = read_arrays(tmp_path / "a.npz")
    assert found.keys() == arrays.keys()
    assert all(np.array_equal(found[name], arrays[name]) for name in arrays)


class Runs:
    """Would make a folder if it were unpickled."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return os.mkdir, (self.place,)


def test_nothing_runs(tmp_path):
    trap = tmp_path / "made"
    np.savez(tmp_path / "objects.npz", a=np.array([Runs(str(trap))], object))
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Runs(str(trap))))
    for name in ("objects.npz", "pickle.npz"):
        with pytest.raises(InputError, match=f"{name}: is not a sound .npz"):
            read_arrays(tmp_path / name)
    assert not trap.exists()


def test_what_is_no_archive_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "empty.npz").touch()
    np.save(tmp_path / "single.npy", np.arange(3))
    np.savez(tmp_path / "whole.npz", a=np.arange(999))
    (tmp_path / "half.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:900])
    for name in ("pipe.npz", "folder.npz", "empty.npz", "single.npy", "half.npz"):
        with pytest.raises(InputError, match=f"{name}: is not a sound .npz"):
            read_arrays(tmp_path / name)
    with pytest.raises(InputError, match="no such file"):
        read_arrays(tmp_path / "none.npz")


def test_members_that_are_no_arrays_are_named(tmp_path):
    huge = (
        b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '|u1', 'fortran_order': False, 'shape': (10**18,)}".ljust(117) + b"\n"
    )
    for content, message in ((b"text", '"a" is no array'), (huge, "not a sound")):
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("a", content)
        with pytest.raises(InputError, match=message):
            read_arrays(tmp_path / "a.npz")
