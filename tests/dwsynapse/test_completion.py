"""The shell learns commands, options, words of settings and shipped devices from the same declarations as the parser."""

import os
import subprocess
import sys

import pytest

from dwsynapse.commands import COMMANDS

pytest.importorskip("argcomplete")


def answers(line, folder):
    """Return what the shell would offer after a line."""
    env = os.environ | {
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_STDOUT_FILENAME": str(folder / "answer"),
        "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9", "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "dwsynapse"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    found = [word.strip() for word in (folder / "answer").read_text().split("\n")]
    return [word for word in found if word]


def test_commands(tmp_path):
    assert sorted(answers("dwsynapse ", tmp_path)) == sorted(COMMANDS)
    assert answers("dwsynapse tr", tmp_path) == ["train"]


def test_options_and_words_of_a_setting(tmp_path):
    assert "--width" in answers("dwsynapse plot --w", tmp_path)
    assert answers("dwsynapse train --rule si", tmp_path) == ["sign"]


def test_shipped_devices_and_files(tmp_path):
    (tmp_path / "five_mine.toml").touch()
    assert sorted(answers("dwsynapse simulate five", tmp_path)) == ["five_mine.toml", "five_state"]
