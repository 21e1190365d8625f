"""One reader for all TOML files: what it lets in, and that whatever else comes is one line with the file's name."""

import os
from pathlib import Path

import pytest

from arraysim import load_periphery
from arraysim.cost.settings import load_settings
from arraysim.networks.definition_file import load_definition
from dwcore.errors import InputError
from dwcore.parameters import as_number
from dwcore.toml import DEEPEST, LARGEST_BYTES, parse_toml, read_toml
from dwsynapse import main
from dwsynapse.templates import template
from llg import load_device


def test_plain_content():
    text = 'name = "a"\nlayer = [{kind = "x"}]\n[b]\nc = [[1.5, -9223372036854775808], [9223372036854775807]]\n'
    assert parse_toml(text, "a.toml") == {
        "name": "a",
        "layer": [{"kind": "x"}],
        "b": {"c": [[1.5, -(2**63)], [2**63 - 1]]},
    }
    assert parse_toml("a = " + "[" * DEEPEST + "]" * DEEPEST, "a.toml"), "as deep as may be"


HOSTILE = {
    "lists in lists": ("a = " + "[" * 17 + "]" * 17, "a is nested more than 16 levels deep"),
    "more lists": ("a = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
    "tables in tables": (".".join("b" * 20) + " = 1", "levels deep"),
    "5000 digits": ("a = " + "9" * 5000, "more than 64 bits"),
    "400 digits": ("[a]\nb = [1" + "0" * 400 + "]", "a.b is a whole number of more than 64 bits"),
    "one too many": (f"a = {2**63}", "a is a whole number of more than 64 bits"),
    "nothing": (" \n", "empty file"),
    "not TOML": ("a = ", "not a TOML file: Invalid value"),
    "twice": ("a = 1\na = 2", "not a TOML file: Cannot overwrite a value"),
}


@pytest.mark.parametrize("text, words", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("load", [load_device, load_definition, load_periphery, lambda path: load_settings(path, {})])
def test_every_kind_of_file_is_refused_in_one_line(tmp_path, load, text, words):
    path = tmp_path / "a.toml"
    path.write_text(text + "\n")
    with pytest.raises(InputError) as caught:
        load(path)
    message = str(caught.value)
    assert "a.toml: " in message and words in message and "\n" not in message and len(message) < 400


def test_what_is_no_file_of_text(tmp_path):
    path = tmp_path / "a.toml"
    with pytest.raises(InputError, match=r"a\.toml: no such file"):
        read_toml(path)
    path.write_bytes(b"a = '\xff'")
    with pytest.raises(InputError, match="not a text file"):
        read_toml(path)
    with pytest.raises(InputError, match="is a folder"):
        read_toml(tmp_path)
    with open(path, "wb") as stream:
        stream.truncate(LARGEST_BYTES + 1)
    with pytest.raises(InputError, match="larger than 10 MB"):
        read_toml(path)
    with pytest.raises(InputError, match="cannot be read: "):
        read_toml("a\0b")


def test_editors_of_other_systems(tmp_path):
    """A mark of the order of bytes in front and other ends of lines change nothing."""
    path = tmp_path / "a.toml"
    for written in (b"\xef\xbb\xbfa = 1\nb = 2\n", b"a = 1\r\nb = 2\r\n", b"\xef\xbb\xbfa = 1\r\nb = 2"):
        path.write_bytes(written)
        assert read_toml(path) == {"a": 1, "b": 2}


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "a.toml")
    with pytest.raises(InputError, match="not a regular file"):
        read_toml(tmp_path / "a.toml")


@pytest.mark.parametrize("kind", ["[]", "{}", "3", "[[1]]"])
def test_the_kind_of_a_layer_is_a_text(tmp_path, kind):
    (tmp_path / "a.toml").write_text(f"[[layer]]\nkind = {kind}\n")
    with pytest.raises(InputError, match=r"a\.toml, layer 1: kind .* is unknown"):
        load_definition(tmp_path / "a.toml")


@pytest.mark.parametrize("value", ["1e-400", "-0.02e-330", '"1e-400"', '"1e-320 nm"', '"1e-400 %"'])
def test_a_number_too_small_for_a_computer_is_not_zero(value):
    with pytest.raises(InputError, match="is nearer to 0 than any number that a computer holds"):
        as_number(parse_toml(f"x = {value}", "a.toml")["x"], "1" if "m" not in value else "m")


@pytest.mark.parametrize("value", ["0e-400", "-0.0", '"0.00 %"', '"0e5"'])
def test_zero_is_zero(value):
    assert as_number(parse_toml(f"x = {value}", "a.toml")["x"], "1") == 0.0


def test_a_name_in_capital_letters_is_that_of_a_toml_file(tmp_path, monkeypatch):
    """Editors and file systems of Windows write it so."""
    monkeypatch.chdir(tmp_path)
    for kind in ("device", "network", "synapse", "recipe", "chip"):
        assert main(["new", kind, f"{kind}.TOML"]) == 0
        Path(f"{kind}.toml").rename(f"{kind}.TOML")
        assert main(["check", f"{kind}.TOML"]) == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == [f"{kind}.TOML"]
        Path(f"{kind}.TOML").unlink()


@pytest.mark.parametrize("kind", ["device", "network", "synapse", "design"])
def test_a_name_is_not_empty(kind, tmp_path, monkeypatch, capsys):
    """It is what messages and titles call the file."""
    monkeypatch.chdir(tmp_path)
    text = "\n".join(line for line in template(kind, "a").splitlines() if not line.startswith("name ="))
    for name in ("''", "' '", "3"):
        Path("a.toml").write_text(f"name = {name}\n{text}\n")
        assert main(["check", "a.toml"]) == 2
        assert capsys.readouterr().err == f"dwsynapse: a.toml: name = {name} must be a text that is not empty\n"
    Path("a.toml").write_text(f"name = 'b'\n{text}\n")
    assert main(["check", "a.toml"]) == 0
