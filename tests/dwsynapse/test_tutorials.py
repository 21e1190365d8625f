"""The tutorials run from the first cell to the last, as a reader would run them."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted((DOCS / "tutorials").glob("*.md"))
CELL = re.compile(r"^```\{code-cell\}\n(?::tags:[^\n]*\n)?(.*?)^```$", flags=re.S | re.M)
RUNNER = """
import subprocess

import matplotlib
matplotlib.use("Agg")

def shell(command):
    subprocess.run(command, shell=True, check=True)

"""


def script(page: str) -> str:
    """Return the cells of a page as one script; a line with ``!`` goes to the shell, with names in braces filled in."""
    lines = [line for cell in CELL.findall(page) for line in cell.splitlines()]
    return RUNNER + "\n".join(f"shell(f{line[1:]!r})" if line.startswith("!") else line for line in lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_runs(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    if "import torch" in text and importlib.util.find_spec("torch") is None:
        pytest.skip("needs the extra torch")
    (tmp_path / "page.py").write_text(script(text), encoding="utf-8")
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    ran = subprocess.run(
        [sys.executable, "page.py"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=600, check=False
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]


@pytest.mark.parametrize("page", [*PAGES, DOCS / "index.md", DOCS / "gallery.md"], ids=lambda page: page.stem)
def test_figures_of_a_page_are_shown(page):
    """A notebook shows the value of the last line of a cell: a figure; axes, or nothing after a semicolon, are not."""
    for cell in CELL.findall(page.read_text(encoding="utf-8")):
        last = cell.strip().splitlines()[-1]
        assert not last.endswith(";"), last
        assert not re.match(r"[\w.]*plot_(?!calibration)", last) or last.endswith(".figure"), last


def test_a_tutorial_that_fails_is_noticed(tmp_path):
    (tmp_path / "page.py").write_text(script("```{code-cell}\n!false\n```\n"), encoding="utf-8")
    assert subprocess.run([sys.executable, "page.py"], cwd=tmp_path, capture_output=True, check=False).returncode == 1
