"""Where a device strains the model is said of all that is made from its table, in the same words and once."""

import json

import pytest

from llg import load_device, save_device
from llg.constants import MU_0

GRID = ("--currents=-7e11,7e11", "--durations", "1e-9", "-n", 40, "--jobs", 1)
SMALL = ("--table", "t.h5", "--network", "mlp:4", "--epochs", 1, "--jobs", 1)


@pytest.fixture(scope="module")
def workplace(command, tmp_path_factory):
    """A table of the reference device with a wall that stays straight in its notches, and a training with it."""
    place = tmp_path_factory.mktemp("notes")
    command("sweep", "five_state", "--set", "wall.shape=rigid", *GRID, "-o", "t.h5", cwd=place)
    command("train", *SMALL, "-o", "a.h5", cwd=place)
    save_device(place / "rigid.toml", load_device("five_state").replace({"wall.shape": "rigid"}))
    return place


@pytest.fixture
def said(workplace, command, monkeypatch):
    """What `simulate` says of this device."""
    monkeypatch.chdir(workplace)
    (note,) = command("simulate", "five_state", "--set", "wall.shape=rigid", "-n", 4, "--json").json["notes"]
    assert note.startswith("shape: the wall stays straight in the notches")
    return note


CHAIN = """
    rates five_state --set wall.shape=rigid --vary temperature=300,310
    simulate five_state --set wall.shape=rigid -n 4 --vary temperature=300,310
    info t.h5
    info a.h5
    fit t.h5 -o fit.h5
    info fit.h5
    train --table fit.h5 --network mlp:4 --epochs 1 --vary batch_size=16,32 -o series.h5
    info series.h5
    cost --table t.h5
    cost --table t.h5 --training a.h5
    cost --training a.h5
    cost --table t.h5 --vary node_nm=28,32
    program a.h5 --table t.h5 -o programmed.h5
    info programmed.h5
    program a.h5 --table t.h5 --vary rounds=1,2
    infer a.h5
    infer programmed.h5 --table t.h5 --rest 1h,2h
    plot t.h5 -o t.png
    plot a.h5 -o a.png
    cost --device rigid.toml --network mlp:4
    cost --device rigid.toml --vary node_nm=28,32
    cost --device rigid.toml --paper
    cost --device rigid.toml --network mlp:4 --explain arrays
    plot rigid.toml -o rigid.png
"""


def test_all_that_is_made_of_a_table_says_it(said, command):
    for line in CHAIN.strip().splitlines():
        assert command(*line.split(), "--json").json["notes"].count(said) == 1, line
    assert command("train", *SMALL).err.count(said) == 1


def test_exported_files_say_it(said, command, workplace):
    for target, out in (("crosssim", "c"), ("neurosim", "n.json"), ("aihwkit", "a.json"), ("verilog-a", "m.va")):
        assert command("export", "t.h5", "--to", target, "-o", out).err.count(said) == 1
    assert f"\n// {said}\n" in (workplace / "m.va").read_text()
    assert all(json.loads((workplace / name).read_text())["notes"] == [said] for name in ("n.json", "a.json"))
    for way in ("increasing", "decreasing"):
        assert (workplace / "c" / f"dG_{way}.txt").read_text().split("\n")[0].endswith(f"; {said}")


def test_a_series_on_a_device_says_at_which_points(said, command):
    """As the plain commands do at each; the edge of this pulse is too steep for a relaxed wall."""
    words = f"{said} (wall.shape = rigid alone of 2 points)"
    for line in ("rates five_state", "simulate five_state -n 4"):
        answer = command(*line.split(), "--vary", "wall.shape=auto,rigid", "--jobs", 1)
        assert answer.code == 0 and answer.err.count(said) == answer.err.splitlines().count(f"note: {words}") == 1
    file = ("simulate", "five_state", "-n", 4, "--vary", "pulse.rise_time=20ps,10ps,1ns", "--jobs", 1, "-o", "edges.h5")
    (note,) = command(*file, "--json").json["notes"]
    assert (
        note.startswith("pulse: its steepest edge lasts 10 to 20 ps")
        and "(pulse.rise_time = 2e-11 s and 1 more" in note
    )
    assert command("info", "edges.h5", "--json").json["notes"] == [note]


def test_a_sound_device_says_nothing(command, workplace):
    for line in ("plot five_state -o sound.png", "cost --network mlp:4", "cost --paper", "info five_state"):
        assert command(*line.split(), "--json", cwd=workplace).json["notes"] == [], line


def test_a_figure_says_what_its_drive_strains(command, workplace):
    """Half of the anisotropy field in the plane cants the domains."""
    film = load_device("five_state").material
    strong = 0.5 * 2 * film.K_eff / (MU_0 * film.Ms)
    found = command("plot", "five_state", f"--H_x={strong}", "-o", "canted.png", "--json", cwd=workplace).json["notes"]
    assert any(note.startswith("field: the field in the plane, 50% of the anisotropy field") for note in found)
