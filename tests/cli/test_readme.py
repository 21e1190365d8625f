"""What the README and the page on arrays show works as it is written there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from llg import load_device

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line.partition("#")[0].strip() for line in re.findall(r"^    (dwsynapse .*)$", README, flags=re.MULTILINE)]
PYTHON = re.compile(r"```python\n(.*?)```", flags=re.DOTALL)
BLOCKS = PYTHON.findall(README)


def test_readme_has_commands_and_code():
    assert len(COMMANDS) >= 5 and COMMANDS[0].startswith("dwsynapse run ")
    assert len(BLOCKS) == 2  # each has a test below


@pytest.fixture(scope="module")
def done(command, tmp_path_factory):
    """A folder that was empty, in which all commands have been given in this order, the chain in its quick form."""
    folder = tmp_path_factory.mktemp("readme")
    for line in COMMANDS:
        name, *argv = shlex.split(line)
        assert name == "dwsynapse"
        answer = command(*argv, *(["--quick"] if argv[0] == "run" else []), cwd=folder)
        assert answer.code == 0, line
        assert all(said.startswith("note: ") for said in answer.err.splitlines()), line
        assert answer.out
    return folder


def run_script(text: str, folder: Path) -> str:
    """Run a script of its own in a folder; it must not complain. Return what it prints."""
    script = folder / "script.py"
    script.write_text(text, encoding="utf-8")
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=600, cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_commands_one_after_the_other(done):
    assert {path.name for path in (done / "out").iterdir()} >= {"first", "pulse.h5", "pulse.png", "training.h5"}


def test_network_in_python_learns(done):
    said = run_script(BLOCKS[1] + "\nprint(float((guess == data.labels[:10]).mean()))\n", done)
    accuracy = float(re.search(r"test accuracy ([\d.]+) on chip", said)[1])
    assert accuracy > 0.9 and float(said.splitlines()[-1]) >= 0.8
    assert {"mine.h5", "training.png"} <= {path.name for path in (done / "out").iterdir()}


def test_page_on_arrays(tmp_path):
    """All code of the page, as one script; the loop learns, and programming meets its target."""
    page = (ROOT / "docs" / "synapse-arrays.md").read_text(encoding="utf-8")
    blocks = PYTHON.findall(page)
    assert len(blocks) >= 2
    said = run_script("\n".join([*blocks, "print(result.within)"]), tmp_path)
    epochs = [line.split() for line in said.splitlines() if re.match(r"\d ", line)]
    assert len(epochs) == 5 and float(epochs[-1][1]) > 0.85
    assert float(said.splitlines()[-1]) > 0.9


def test_page_on_devices(tmp_path):
    """The script of the page: the changed device is written, reads back, and its pulse has an outcome."""
    page = (ROOT / "docs" / "device-files.md").read_text(encoding="utf-8")
    said = run_script(PYTHON.findall(page)[0], tmp_path)
    assert "120" in said.splitlines()[0]
    assert {notch.depth for notch in load_device(tmp_path / "deep.toml").notches} == {16e-9}


def test_page_on_pytorch(tmp_path):
    """The script learns, and what it saved gives nearly the same accuracy through converters and noise."""
    pytest.importorskip("torch", reason="the extra torch is not installed")
    blocks = PYTHON.findall((ROOT / "docs" / "pytorch.md").read_text(encoding="utf-8"))
    assert len(blocks) == 2 and len(blocks[0].splitlines()) <= 40
    said = run_script("\n".join([*blocks, "print('written', type(written[1]).__name__)"]), tmp_path)
    assert "written ArrayLinear" in said
    said = re.search(r"accuracy ([\d.]+), energy per image ([\d.e+-]+) J", said)
    assert float(said[1]) > 0.85 and 1e-12 < float(said[2]) < 1e-6


def test_page_on_periphery(tmp_path):
    """The block on wires: the effective matrix and one solution of the circuit give the same currents."""
    block = PYTHON.findall((ROOT / "docs" / "theory-periphery.md").read_text(encoding="utf-8"))[0]
    said = run_script(block + "\nprint(float(np.abs(currents[0] / nodes.current - 1).max()))\n", tmp_path)
    assert float(said) < 1e-9


def test_blocks_that_no_test_runs_need_other_programs():
    """Each block of Python on a page runs in a test, but for those on aihwkit and a batch system."""
    pages = {page.name: len(PYTHON.findall(page.read_text(encoding="utf-8"))) for page in ROOT.glob("docs/*.md")}
    assert {name: count for name, count in pages.items() if count} == {
        "device-files.md": 1, "exchange.md": 1, "file-formats.md": 2, "pytorch.md": 2, "sweeps.md": 1,
        "synapse-arrays.md": 2, "theory-periphery.md": 1,
    }  # fmt: skip


def test_python_gives_what_it_says():
    names = {}
    exec(compile(BLOCKS[0], "README.md", "exec"), names)
    energy, v = names["energy"], names["v"]
    assert energy.shape == v.shape == (500,)
    assert 1e-20 < np.ptp(energy) < 1e-17 and np.all(energy > 0)
    assert np.all(v[100:-100] > 0)  # the current drives the wall to the right
