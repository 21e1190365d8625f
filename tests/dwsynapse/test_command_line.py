"""Options that the commands share: numbers with units, outputs, JSON, progress."""

import argparse
import io
import json
import math
import subprocess
import sys
import types

import pytest

from dwcore.errors import InputError
from dwsynapse import command_line
from dwsynapse.command_line import build_parser, main
from dwsynapse.commands import COMMANDS
from dwsynapse.options import emit, progress, si, si_list, whole_number, writable_file, writable_folder, writable_hdf5


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("7e11", "A/m^2", 7e11),
        ("-7e11", "A/m^2", -7e11),
        ("70 MA/cm^2", "A/m^2", 7e11),
        ("-70 MA/cm^2", "A/m^2", -7e11),
        ("0.5 ns", "s", 5e-10),
        (" 3e-9 ", "s", 3e-9),
        ("27 degC", "K", 300.15),
        ("0", "K", 0.0),
    ],
)
def test_numbers_with_and_without_units(text, unit, value):
    assert si(unit)(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "-inf", "nan s", "inf ns", "3 K", "three", "3 ns 4", "1e999", "0x10"]
)
def test_numbers_that_are_refused_are_named(text):
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        si("s")(text)
    assert repr(text) in str(caught.value) and "[s]" in str(caught.value)


def test_lists_of_numbers():
    assert si_list("s")("1e-9,2 ns,-3e-9") == pytest.approx((1e-9, 2e-9, -3e-9))
    for text in ("", "1e-9,", ",", "1e-9;2e-9", "1e-9,nan"):
        with pytest.raises(argparse.ArgumentTypeError):
            si_list("s")(text)


def test_whole_numbers():
    assert [whole_number(0)(text) for text in ("0", "12", " 7")] == [0, 12, 7]
    assert whole_number(1, 5)("5") == 5
    assert [whole_number(1, 5000)(text) for text in ("3.0", "1e3")] == [3, 1000]
    for text in ("0", "-1", "1.5", "1e3", "", "x", "6"):
        with pytest.raises(argparse.ArgumentTypeError, match="must be a whole number >= 1 and <= 5"):
            whole_number(1, 5)(text)


def test_files_that_may_be_written(tmp_path):
    writable_file(tmp_path / "new.h5", force=False)
    (tmp_path / "old.h5").write_text("mine")
    writable_file(tmp_path / "old.h5", force=True)
    for path, said in (
        (tmp_path / "old.h5", "give --force"),
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "a.h5", "does not exist"),
        (tmp_path / "old.h5" / "a.h5", "does not exist"),
    ):
        with pytest.raises(InputError, match=said):
            writable_file(path, force=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.h5"]


def test_hdf5_is_not_written_under_the_name_of_another_format(tmp_path):
    writable_hdf5(tmp_path / "a.h5", force=False)
    writable_hdf5(tmp_path / "a.HDF5", force=False)
    for name in ("a.csv", "a", "a.h5.txt"):
        with pytest.raises(InputError, match=r"must end in \.h5 or \.hdf5"):
            writable_hdf5(tmp_path / name, force=True)


def test_control_characters_are_spelled_out(capsys):
    emit(argparse.Namespace(json=False), {}, ["a\x1b[2Jb\x07\u202e µm²"])
    assert capsys.readouterr().out == "a\\x1b[2Jb\\x07\\u202e µm²\n"
    assert main(["plot", "no\x1b[31mfile.h5", "-o", "f.png"]) == 2
    assert "no\\x1b[31mfile.h5" in capsys.readouterr().err


def test_folders_that_may_be_filled(tmp_path):
    writable_folder(tmp_path / "a" / "b", force=False)
    assert (tmp_path / "a" / "b").is_dir()
    writable_folder(tmp_path / "a" / "b", force=False)  # empty
    (tmp_path / "a" / "b" / "c").write_text("mine")
    writable_folder(tmp_path / "a" / "b", force=True)
    for path, said in ((tmp_path / "a" / "b", "is not empty; give --force"), (tmp_path / "a" / "b" / "c", "cannot be")):
        with pytest.raises(InputError, match=said):
            writable_folder(path, force=False)


def test_results_as_text_or_as_one_object(capsys):
    emit(argparse.Namespace(json=False), {"a": 1}, ["one", "two"])
    assert capsys.readouterr().out == "one\ntwo\n"
    emit(argparse.Namespace(json=True), {"a": [1.5, None]}, ["one"])
    assert json.loads(capsys.readouterr().out) == {"a": [1.5, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        emit(argparse.Namespace(json=True), {"a": math.nan}, [])


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("stream", "silent"), [(io.StringIO, True), (Terminal, False)])
def test_progress_is_for_terminals_only(monkeypatch, stream, silent):
    monkeypatch.setattr(sys, "stderr", stream())
    with progress(10, "things", "") as advance:
        advance(4)
        advance(6)
    assert (sys.stderr.getvalue() == "") == silent
    if not silent:
        assert "things: 100%" in sys.stderr.getvalue() and "10.0/10.0" in sys.stderr.getvalue()


def options_of(name: str) -> list[argparse.Action]:
    """Return the options of one command."""
    parser = build_parser(name)
    commands = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return commands.choices[name]._actions


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_the_common_options(name):
    actions = options_of(name)
    options = {option for action in actions for option in action.option_strings}
    assert "--json" in options or name == "bench"  # prints nothing but JSON anyway
    assert ("-o" in options) == ("--force" in options) or name == "new"  # writes what its argument names
    assert all(action.help for action in actions)


def imported(*argv: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after a command that ends by itself, as help does."""
    code = "import sys, contextlib, io, dwsynapse\nwith contextlib.suppress(SystemExit), contextlib.redirect_stdout("
    code += "io.StringIO()):\n    dwsynapse.main(sys.argv[1:])\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_list_of_commands_imports_none_of_them():
    modules = imported("--help")
    assert "dwsynapse.commands" in modules
    assert not [name for name in modules if name.startswith("dwsynapse.commands.")]
    assert not modules & {"numpy", "matplotlib", "importlib.metadata", "dataclasses"}


def test_help_of_a_command_imports_its_own_options_only():
    modules = imported("rates", "--help")
    assert [name for name in modules if name.startswith("dwsynapse.commands.")] == ["dwsynapse.commands.rates"]
    assert "numpy" not in modules


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])  # the latter in the C locale
def test_a_stream_of_few_characters_prints_others_that_say_the_same(monkeypatch, errors):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors=errors)
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(SystemExit):
        main(["--version"])
    print("3 µm² ± 1 \N{SNOWMAN}", flush=True)
    assert stream.buffer.getvalue().decode().splitlines()[-1] == "3 um^2 +- 1 \\u2603"


def test_help_is_as_wide_as_the_terminal(monkeypatch):
    """What COLUMNS says comes first; where neither says a number above zero it is 80."""
    for size, said, width in ((100, "120", 120), (100, "0", 100), (100, "wide", 100), (100, "", 100), (0, "0", 80)):
        monkeypatch.setattr("os.get_terminal_size", lambda *_, size=size: types.SimpleNamespace(columns=size))
        monkeypatch.setenv("COLUMNS", said)
        assert command_line._width() == width
