"""`dwsynapse run`: what the folder holds, what the summary says, and that the same seed gives the same content."""

import json
from html.parser import HTMLParser

import matplotlib.image
import numpy as np
import pytest

from compact import load_table
from dwcore.storage.files import open_checked, provenance
from dwsynapse.chain.chain import WRITTEN

FIGURES = [
    "trajectories",
    "transitions",
    "moves",
    "conductance",
    "accuracy",
    "confusion",
    "occupancy",
    "pulses",
    "chip",
]
DATA = ("trajectories.h5", "table.h5", "training.h5")


def test_folder_is_complete_and_holds_nothing_else(chain):
    folder, answer = chain
    assert answer.code == 0 and answer.err == ""
    expected = {*DATA, "summary.json", "report.html", *(f"{name}.png" for name in FIGURES)}
    assert {path.name for path in folder.iterdir()} == expected == set(WRITTEN)


def test_summary_has_the_documented_keys(chain):
    folder, answer = chain
    summary = answer.json
    assert summary == json.loads((folder / "summary.json").read_text())
    assert summary.keys() >= {
        "accuracy", "device", "table", "wells", "depinning_field_T", "depinning_current_A_per_m2", "write_pulses",
        "pulses", "energy_J", "cost", "seconds", "peak_memory_bytes",
    }  # fmt: skip
    accuracy = summary["accuracy"]
    assert accuracy["seeds"] == [3]
    assert accuracy["on_chip_test_per_seed"] == [accuracy["on_chip_test"]]
    assert accuracy["float32_test_per_seed"] == [accuracy["float32_test"]]
    assert 0.93 < accuracy["on_chip_test"] <= 1 and 0.93 < accuracy["float32_test"] <= 1
    assert summary["device"] == "five-state reference" and summary["table"].endswith("table.h5")
    assert len(summary["wells"]) == 5
    stages = {"wells", "trajectories", "table", "training", "cost", "choices", "figures"}
    assert summary["seconds"].keys() == stages | {"total"}
    assert summary["seconds"]["total"] == pytest.approx(sum(summary["seconds"][stage] for stage in stages))
    assert 1e8 < summary["peak_memory_bytes"] < 4e9


def test_summary_agrees_with_the_files(chain):
    folder, answer = chain
    summary, table = answer.json, load_table(folder / "table.h5")
    assert [well["q_m"] for well in summary["wells"]] == table.position.tolist()
    up = summary["write_pulses"]["up"]
    a = table.current_density.tolist().index(up["current_density_A_per_m2"])
    assert up["energy_J"] == pytest.approx(table.energy_per_pulse[a, 0], rel=1e-9)
    mean = summary["energy_J"] / summary["pulses"]
    assert mean == pytest.approx(up["energy_J"], rel=1e-6)  # up and down take the same
    with open_checked(folder / "training.h5") as file:
        inputs = provenance(file)["inputs"]
    assert list(inputs) == ["table.h5"]


def test_figures_are_pictures(chain):
    for name in FIGURES:
        picture = matplotlib.image.imread(chain[0] / f"{name}.png")
        assert min(picture.shape[:2]) > 300
        assert np.unique(np.round(255 * picture[..., :3]) @ [65536, 256, 1]).size > 10, name


class Links(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self):
        super().__init__()
        self.sources, self.images = [], 0

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.images += tag == "img"
        self.sources += [v for k, v in values.items() if k in ("src", "href") and not v.startswith(("data:", "#"))]
        assert tag not in ("link", "iframe")


def test_report_needs_no_network(chain):
    text = (chain[0] / "report.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(text)
    assert links.sources == [] and "@import" not in text and "url(" not in text.replace("url(data:", "")
    assert links.images == len(FIGURES)
    assert "five-state reference" in text
    assert len(text) < 4e6 and text.count("<script") == 2 and "default-src 'none'" in text


def hashes(folder):
    found = {}
    for name in DATA:
        with open_checked(folder / name) as file:
            found[name] = provenance(file)["content_sha256"]
    return found


def test_same_seed_same_content_with_two_threads_in_another_process(chain, tmp_path, process):
    folder, first = chain
    child = process("run", "five_state", "--quick", "--seed", 3, "--jobs", 2, "--json", "-o", "again", cwd=tmp_path)
    out, err = child.communicate(timeout=600)
    assert (child.returncode, err) == (0, "")
    again, first = json.loads(out), first.json
    assert hashes(tmp_path / "again") == hashes(folder)
    for key in ("accuracy", "write_pulses", "pulses", "energy_J", "wells"):
        assert again[key] == first[key]
    for name in FIGURES:
        assert (tmp_path / "again" / f"{name}.png").read_bytes() == (folder / f"{name}.png").read_bytes(), name


def test_another_seed_gives_other_content(chain, tmp_path, command):
    """Negative control of the test above."""
    answer = command("simulate", "five_state", "-n", 64, "--seed", 4, "-o", tmp_path / "trajectories.h5")
    assert answer.code == 0
    with open_checked(tmp_path / "trajectories.h5") as file:
        assert provenance(file)["content_sha256"] != hashes(chain[0])["trajectories.h5"]


def test_second_run_needs_force(chain, command):
    folder, _ = chain
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    answer = command("run", "--quick", "-o", folder)
    assert (
        answer.code == 2
        and answer.err == f"dwsynapse: {folder}: is not empty; give --force to overwrite results in it\n"
    )
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
