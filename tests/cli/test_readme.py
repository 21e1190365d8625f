"""What the README shows works as it is written there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
COMMANDS = [line.partition("#")[0].strip() for line in re.findall(r"^    (dwsynapse .*)$", README, flags=re.MULTILINE)]
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_readme_has_commands_and_code():
    assert len(COMMANDS) >= 5 and COMMANDS[0].startswith("dwsynapse run ")
    assert len(BLOCKS) >= 1


def test_commands_one_after_the_other(command, folder):
    """In this order and in an empty folder, the whole chain in its quick form."""
    for line in COMMANDS:
        name, *argv = shlex.split(line)
        assert name == "dwsynapse"
        answer = command(*argv, *(["--quick"] if argv[0] == "run" else []))
        assert (answer.code, answer.err) == (0, ""), line
        assert answer.out
    assert {path.name for path in (folder / "out").iterdir()} >= {"first", "pulse.h5", "pulse.png", "training.h5"}


@pytest.mark.parametrize("block", BLOCKS)
def test_python(block, folder):
    """Runs as a script of its own without a word, and its last lines hold what the comments say."""
    script = folder / "readme.py"
    script.write_text(block, encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")


def test_python_gives_what_it_says():
    names = {}
    exec(compile(BLOCKS[0], "README.md", "exec"), names)
    energy, v = names["energy"], names["v"]
    assert energy.shape == v.shape == (500,)
    assert 1e-20 < np.ptp(energy) < 1e-17 and np.all(energy > 0)
    assert np.all(v[100:-100] > 0)  # the current drives the wall to the right
