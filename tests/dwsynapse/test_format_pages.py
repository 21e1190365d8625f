"""The scripts on the page about file formats do what it says, on a table of two device instances."""

import re
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from compact import save_table
from compact.bulk.plan import Grid, SweepPlan
from compact.bulk.sweep import run_in_memory
from llg import load_device

PAGE = Path(__file__).parents[2] / "docs" / "file-formats.md"
SCRIPTS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    grid = Grid(current_density=(-7e11, 6e11), duration=(1e-9,))
    plan = SweepPlan(device=load_device("five_state"), grid=grid, temperature=(300.0,), instances=(1, 2), n=8, seed=1)
    folder = tmp_path_factory.mktemp("table")
    save_table(folder / "table.h5", run_in_memory(plan))
    return folder


def run(script: str, folder: Path) -> str:
    """Output of a script run outside the project, where nothing of it can be imported."""
    command = [sys.executable, "-I", "-c", f"import sys; sys.modules['llg'] = sys.modules['compact'] = None\n{script}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=600).stdout


def test_ten_lines_of_h5py_read_a_table(folder):
    (script,) = (script for script in SCRIPTS if "transitions/probability" in script)
    assert len([line for line in script.splitlines() if line.strip()]) <= 10
    first, second = run(script, folder).splitlines()
    assert first == "5 states, 2 currents, 1 durations"
    assert second.startswith("from the first state at the largest current: [")
    row = [float(word) for word in re.findall(r"[\d.]+", second.split(":")[1])]
    assert len(row) == 6 and sum(row) == 1


def test_the_content_hash_as_documented(folder):
    """Found by the documented recipe; a changed value is found, too."""
    (script,) = (script for script in SCRIPTS if "sha256" in script)
    assert run(script, folder) == "sound\n"
    with h5py.File(folder / "table.h5", "r+") as file:
        file["transitions/counts"][0, 0, 0, 0, 0, 0] += 1
    assert run(script, folder) == "altered\n"


def test_only_plain_hdf5(folder):
    """Filters, types and text that MATLAB and Julia know."""
    with h5py.File(folder / "table.h5") as file:
        items = []
        file.visititems(lambda name, item: items.append(item) if isinstance(item, h5py.Dataset) else None)
        assert len(items) > 20
        for item in items:
            settings = item.id.get_create_plist()
            assert {settings.get_filter(i)[0] for i in range(settings.get_nfilters())} <= {1, 2}  # deflate, shuffle
            assert item.dtype.str in ("<f8", "<u8", "|u1") or item.dtype.kind == "S"
