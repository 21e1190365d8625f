"""Vector fields of other programs: every number of small files written by hand, in each form of the format."""

import numpy as np
import pytest

from dwcore.errors import InputError
from dwcore.storage import ovf_file
from dwcore.storage.ovf_file import read_ovf

HEADER = {
    "Title": "m", "meshtype": "rectangular", "meshunit": "m", "xbase": "1e-9", "ybase": "3e-9", "zbase": "0.5e-9",
    "xstepsize": "2e-9", "ystepsize": "4e-9", "zstepsize": "1e-9", "xnodes": "3", "ynodes": "2", "znodes": "1",
    "valuedim": "3",
}  # fmt: skip
VALUES = np.arange(18.0) - 4.5


def write(path, changes=None, *, values=VALUES, kind="Text", version="OOMMF OVF 2.0", more=""):
    """Write a file; a key that is None is left out."""
    header = {key: value for key, value in (HEADER | (changes or {})).items() if value is not None}
    lines = [f"# {version}", "# Segment count: 1", "# Begin: Segment", "# Begin: Header"]
    lines += [f"# {key}: {value}" for key, value in header.items()] + [more, "# End: Header", f"# Begin: Data {kind}"]
    if kind == "Text":
        data = "\n".join(" ".join(str(v) for v in row) for row in np.reshape(values, (-1, 3))).encode()
    else:
        size = int(kind[-1])
        order = ">" if "v1.0" in version else "<"
        data = np.array([1234567.0 if size == 4 else 123456789012345.0, *values], f"{order}f{size}").tobytes()
    path.write_bytes("\n".join(filter(None, lines)).encode() + b"\n" + data + f"\n# End: Data {kind}\n".encode())
    return path


@pytest.mark.parametrize("kind", ["Text", "Binary 4", "Binary 8"])
@pytest.mark.parametrize("version", ["OOMMF OVF 2.0", "OOMMF: rectangular mesh v1.0"])
def test_numbers_come_cell_by_cell_x_fastest(tmp_path, kind, version):
    """Cell (1, 1, 0) of 3 x 2 x 1 is the fifth; the mesh begins half a cell before its first node."""
    field = read_ovf(write(tmp_path / "m.ovf", kind=kind, version=version))
    assert field.value.shape == (1, 2, 3, 3)
    assert field.value[0, 1, 1].tolist() == [12 - 4.5, 13 - 4.5, 14 - 4.5]
    assert field.value[0, 0, 2].tolist() == [6 - 4.5, 7 - 4.5, 8 - 4.5]
    assert field.cell == pytest.approx((2e-9, 4e-9, 1e-9))
    assert field.low == pytest.approx((0.0, 1e-9, 0.0), abs=1e-24)
    assert (field.path, field.time) == (str(tmp_path / "m.ovf"), None)


def test_multiplier_and_unit_of_the_mesh(tmp_path):
    """Lengths in nm; values are those of the file times `valuemultiplier`."""
    changes = {"meshunit": "nm", "xstepsize": 2, "xbase": 5, "ystepsize": 4, "ybase": 2, "zstepsize": 1, "zbase": 0.5}
    field = read_ovf(write(tmp_path / "m.ovf", changes | {"valuemultiplier": "800e3"}))
    assert field.low == pytest.approx((4e-9, 0.0, 0.0), abs=1e-24)
    assert field.cell == pytest.approx((2e-9, 4e-9, 1e-9))
    assert field.value[0, 0, 0].tolist() == [-4.5 * 8e5, -3.5 * 8e5, -2.5 * 8e5]


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("# Desc: Total simulation time:  2.5e-10  s", 2.5e-10), ("# Desc: Total simulation time:  0.25  ns", 2.5e-10),
        ("# Desc: total simulation time: 250 ps", 2.5e-10), ("# Desc: Stage: 3\n# Desc: Simulation time: 3", 3.0),
        ("# Desc: Stage simulation run", None), ("# Title: m, simulation time: 7e-9 s", 7e-9),
    ],
)  # fmt: skip
def test_time_is_said_in_the_description_or_the_title(tmp_path, line, time):
    found = read_ovf(write(tmp_path / "m.ovf", more=line)).time
    assert found == (None if time is None else pytest.approx(time, rel=1e-12))


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"xstepsize": "0"}, {}, r"the step sizes \[0.0, 4e-09, 1e-09\] \[m\] must be > 0"),
        ({"ynodes": "0"}, {}, "ynodes = 0 must be a whole number >= 1"),
        ({"xnodes": "1.5"}, {}, "xnodes = 1.5 must be a whole number >= 1"),
        ({"xnodes": "3 cells"}, {}, "xnodes = 3 cells must be a finite number"),
        ({"xnodes": None}, {}, "the header has no xnodes"),
        ({"xnodes": "2"}, {}, "has 18 numbers, must have 12 as its header says"),
        ({"xnodes": "2"}, {"kind": "Binary 4"}, "after 12 numbers there must be # End: Data"),
        ({"zbase": "nan"}, {}, "zbase = nan must be a finite number"),
        ({"meshunit": "inch"}, {}, "meshunit = inch must be one of m, mm, um, nm, pm"),
        ({"meshtype": "irregular"}, {}, "meshtype = irregular must be rectangular"),
        ({"valuedim": "1"}, {}, "valuedim = 1 must be 3"),
        ({"Segment count": "2"}, {}, "has 2 segments, must have one"),
        ({}, {"values": [*VALUES[:-1], np.inf]}, "holds values that are not finite"),
        ({}, {"values": [*VALUES[:-1], np.nan], "kind": "Binary 8"}, "holds values that are not finite"),
        ({}, {"values": [*VALUES[:-1], "0x1"]}, "could not convert string to float: '0x1' in its data"),
        ({}, {"values": [*VALUES[:-1], "1_0"]}, "'1_0' is no plain number in its data"),
        ({}, {"version": "OVF 2.0"}, "is no OVF file"),
    ],
)
def test_files_that_cannot_be_right_are_refused(tmp_path, changes, options, words):
    path = write(tmp_path / "m.ovf", changes, **options)
    with pytest.raises(InputError, match=words) as error:
        read_ovf(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def test_values_of_the_other_byte_order_fail_their_check(tmp_path):
    """The four bytes of 1234567 read backwards are 5.6e-39: 0x38b49649 with its sign and exponent."""
    content = write(tmp_path / "m.ovf", kind="Binary 4", version="OOMMF: rectangular mesh v1.0").read_bytes()
    (tmp_path / "m.ovf").write_bytes(content.replace(b"OOMMF: rectangular mesh v1.0", b"OOMMF OVF 2.0"))
    with pytest.raises(InputError, match=r"its check value is .*, must be 1234567"):
        read_ovf(tmp_path / "m.ovf")


def test_no_file_and_too_large_a_file_are_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "m.ovf")
    for bad, words in ((tmp_path / "none.ovf", "no such file"), (tmp_path, "not a file")):
        with pytest.raises(InputError, match=f"{bad}: cannot read: {words}"):
            read_ovf(bad)
    monkeypatch.setattr(ovf_file, "LARGEST_BYTES", path.stat().st_size)
    read_ovf(path)
    monkeypatch.setattr(ovf_file, "LARGEST_BYTES", path.stat().st_size - 1)
    with pytest.raises(InputError, match="is larger than 0 MB"):
        read_ovf(path)
