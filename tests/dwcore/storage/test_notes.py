"""Notes in a configuration: lines of text, read as they are or refused; those of several files are said once."""

import pytest

from dwcore.errors import InputError
from dwcore.storage import files
from dwcore.storage.notes import LONGEST, MOST, lines_of, notes_in, put_note, united

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


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        (["at 7e+11 A/m^2", "at 7e+11 A/m^2"], "at 7e+11 A/m^2"),
        (["at 7e+11 A/m^2", "at 12e11 A/m^2"], "at 7e+11 to 12e11 A/m^2"),
        (["by 9 degrees", "by 80 degrees", "by 10.5 degrees"], "by 9 to 80 degrees"),
        (["10 to 30 % too large", "5 to 10 % too large"], "5 to 30 % too large"),
        (["-2 K, 1.50 m", "-3 K, 1.5 m"], "-3 to -2 K, 1.50 m"),
        (["wall (q-phi-2): 1", "wall (q-phi-2): 3"], "wall (q-phi-2): 1 to 3"),
    ],
)
def test_lines_that_differ_in_numbers_become_ranges(notes, said):
    found = {}
    for place, note in enumerate(notes):
        put_note(found, place, note)
    assert found == {said: set(range(len(notes)))}


def test_lines_that_differ_in_words_or_names_stand_apart_in_their_order():
    found = {}
    for place, note in ((0, "H_1: 5 nm"), (1, "a"), (2, "H_2: 5 nm"), (3, "H_1: 6 nm"), (3, "A/m^2"), (3, "A/m^3")):
        put_note(found, place, note)
    assert found == {"H_1: 5 to 6 nm": {0, 3}, "a": {1}, "H_2: 5 nm": {2}, "A/m^2": {3}, "A/m^3": {3}}


def test_lines_name_the_first_place_and_how_many_there_are():
    """The third of four places was not looked at."""
    places = ["x = 1", "x = 2", "", "x" * 100]
    said = {"all": {0, 1, 3}, "one": {1}, "two": {1, 3}, "long": {3}}
    long = "x" * 57 + "..."
    assert lines_of(said, places, "points") == [
        "all", "one (x = 2 alone of 3 points)", "two (x = 2 and 1 more of 3 points)", f"long ({long} alone of 3 points)",
    ]  # fmt: skip
    many = lines_of({str(number): {0} for number in range(MOST + 1)}, ["x"], "points")
    assert notes_in({"notes": many}) == many and many[-2:] == [str(MOST - 2), "2 more notes"]
