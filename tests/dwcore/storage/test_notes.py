"""Notes in a configuration: lines of text, read as they are or refused; those of several files are said once."""

import pytest

from dwcore.errors import InputError
from dwcore.storage import files
from dwcore.storage.notes import LONGEST, MOST, notes_in, united

SCHEMA = "dwsynapse.training"
CRAFTED = [
    ("a line", "notes has the type str"),
    (None, "notes has the type NoneType"),
    ({"0": "a line"}, "notes has the type dict"),
    (["x"] * (MOST + 1), f"notes has {MOST + 1} entries, must be a list of {MOST} lines"),
    ([1], r"notes\[0\] = 1 must be a line of text"),
    (["a line", ["another"]], r"notes\[1\] = \['another'\] must be"),
    ([" "], r"notes\[0\] = ' ' must be"),
    (["two\nlines"], r"notes\[0\] = 'two\\nlines' must be"),
    (["\x1b[2J"], r"notes\[0\] = '\\x1b\[2J' must be"),
    (["x" * (LONGEST + 1)], rf"notes\[0\] = 'xxx.*\.\.\. must be a line of text, of {LONGEST} characters at most"),
]


def test_notes_come_back_in_their_order_and_older_files_have_none():
    said = ["width: of 5 µm", "x" * LONGEST, *map(str, range(MOST - 2))]
    assert notes_in({"notes": said, "device": {}}) == said
    assert notes_in({"device": {}}) == notes_in([]) == []


@pytest.mark.parametrize(("notes", "words"), CRAFTED)
def test_what_is_no_list_of_lines_is_refused(notes, words):
    with pytest.raises(InputError, match=f"^config.{words}"):
        notes_in({"notes": notes})


def test_no_file_is_written_or_read_with_other_notes(tmp_path, monkeypatch):
    """Also not one whose seals are right: what another program could write."""
    path = tmp_path / "a.h5"
    with pytest.raises(InputError, match=r"config.notes\[0\] = 5"), files.create(
        path, SCHEMA, config={"notes": [5]}, seed=1
    ):  # fmt: skip
        pass
    assert not path.exists()
    with monkeypatch.context() as anything:
        anything.setattr(files, "notes_in", lambda config: [])
        with files.create(path, SCHEMA, config={"notes": [5]}, seed=1):
            pass
    with pytest.raises(InputError, match=r"a\.h5: config.notes\[0\] = 5"), files.open_checked(path):
        pass


def test_each_note_is_said_once():
    assert united(["a", "b"], [], ["c", "a"]) == ["a", "b", "c"]
    assert united() == []
