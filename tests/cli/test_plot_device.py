"""`dwsynapse plot` of devices and of trajectories that move."""

import csv

import matplotlib.image
import numpy as np
import pytest
from devices import MATERIAL, NOTCH, TRACK
from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

import compact
from dwcore.canvas.figure_data import figure_rows
from llg.device.device_file import load_device
from llg.runs.validity import notes
from llg.walls.q_phi import Field

NOTCHED = f"""
name = "one notch"
{MATERIAL}{TRACK}[pulse]
current_density = "2e11 A/m^2"
duration = "0.5 ns"
{NOTCH}"""


@pytest.fixture
def device(folder):
    (folder / "one.toml").write_text(NOTCHED)
    return "one.toml"


@pytest.mark.parametrize(
    ("figure", "options", "J", "H_z"),
    [
        ("landscape", (), 2e11, 0.0),
        ("landscape", ("--H_z", "2 kA/m"), 2e11, 2e3),
        ("landscape", ("--current", "-1e11"), -1e11, 0.0),
        ("phase", ("--current", "1e11 A/m^2", "--H_z", "-2e3"), 1e11, -2e3),
        ("velocity", ("--current", "-3e11", "--H_z", "1e3"), -3e11, 1e3),
        ("field-velocity", ("--H_z", "2e4"), 2e11, 2e4),
        ("retention", (), 2e11, 0.0),
    ],
)
def test_every_figure_of_a_device(device, figure, options, J, H_z, folder, command):
    """With what its drive, or else the nominal pulse, strains."""
    result = command("plot", device, "--figure", figure, *options, "-o", "a.png", "--json").json
    said = notes(load_device(device), J, field=Field(H_z=H_z))
    assert result == {"file": device, "figure": figure, "out": "a.png", "notes": said}
    assert any("tilt: at 2e+11 A/m^2 the wall tilts by 15 degrees" in note for note in said) == (J == 2e11)
    height, width, _ = matplotlib.image.imread("a.png").shape
    assert width == 1320 and height > 400
    assert sorted(path.name for path in folder.iterdir()) == ["a.png", "one.toml"]


def test_shipped_device_by_name_and_first_figure(folder, command):
    answer = command("plot", "five_state", "-o", "a.svg")
    assert (answer.code, answer.err, answer.out) == (0, "", "a.svg: landscape of five_state\n")


@pytest.mark.parametrize("width, pixels", [("3.4", 1020), ("7", 2100)])
def test_figures_for_columns_and_pages(device, width, pixels, folder, command):
    assert command("plot", device, "--width", width, "-o", "a.png").code == 0
    assert matplotlib.image.imread("a.png").shape[1] == pixels


def test_several_pulses_in_one_figure(device, folder, command):
    said = []
    for name, current in (("a.h5", "2e11"), ("b.h5", "4e11")):
        run = ("simulate", device, "--current", current, "-n", 4, "--samples", 8, "-o", name)
        said += command(*run, "--json").json["notes"]
    result = command("plot", "a.h5", "b.h5", "-o", "both.png", "--data", "both.csv", "--json").json
    assert result == {"file": "a.h5", "figure": "pulses", "out": "both.png", "notes": list(dict.fromkeys(said))}
    assert "tilt: at 2e+11" in said[0] and len(result["notes"]) < len(said)
    text = (folder / "both.csv").read_text()
    assert "+2" in text and "+4" in text
    for name in ("motion", "angle", "velocity"):
        assert command("plot", "a.h5", "--figure", name, "-o", f"{name}.png").code == 0


def test_animation_of_recorded_trajectories(device, folder, command):
    said = command("simulate", device, "-n", 2, "--samples", 8, "-o", "t.h5", "--json").json["notes"]
    result = command("plot", "t.h5", "--trajectory", 1, "-o", "wall.gif", "--json").json
    assert result == {"file": "t.h5", "figure": "animation", "out": "wall.gif", "notes": said}
    with Image.open("wall.gif") as movie:
        assert movie.n_frames == 9


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("one.toml --figure lanscape -o a.png", 'one.toml: has no figure "lanscape"; did you mean "landscape"?'),
        ("one.toml --figure accuracy -o a.png", "valid names: field-velocity, landscape, phase, retention, velocity"),
        (
            "five_stat -o a.png",
            'five_stat: no such file, nor a shipped device, network, synapse or recipe; did you mean "five_state"?',
        ),
        ("none.toml -o a.png", "none.toml: no such file"),
        ("one.toml --figure retention --current 1e11 -o a.png", 'the figure "retention" takes no current_density'),
        ("one.toml --figure velocity --current 0 -o a.png", "current density = 0 [A/m^2] must not be 0"),
        ("one.toml -o a.gif", "a.gif: the name of a figure must end in .png, .pdf or .svg"),
        ("one.toml --trajectory 1 -o a.png", "plot: a still figure takes no --trajectory"),
        ("t.h5 --H_z 1e3 -o a.png", "plot: a figure of a file takes no --H_z"),
        ("t.h5 --figure landscape -o a.gif", "plot: an animation takes no --figure"),
        ("t.h5 --trajectory 5 -o a.gif", "trajectory = 5 must be < 2, the number recorded"),
        ("t.h5 -o a.mp4", "a.mp4: an MP4 needs the program ffmpeg"),
        ("one.toml --width 5 -o a.png", "--width"),
        ("t.h5 --figure tilt -o a.png", 'its wall has no tilt of its own; that of [wall] model = "q-phi-chi" has'),
        ("t.h5 t.h5 --figure motion -o a.png", "plot: a figure of several files takes no --figure"),
        ("t.h5 one.toml -o a.png", "one.toml: "),
        ("none.h5 -o a.gif", "none.h5: no such file"),
    ],
)
def test_bad_input_is_one_line(device, line, said, folder, command, monkeypatch):
    command("simulate", device, "-n", 2, "--samples", 4, "-o", "t.h5")
    monkeypatch.setenv("PATH", str(folder))
    answer = command("plot", *line.split())
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert said in answer.err
    assert sorted(path.name for path in folder.iterdir()) == ["one.toml", "t.h5"]


def test_a_figure_of_a_table_says_which_devices(command, folder):
    sweep = ("sweep", "five_state", "--instances", 2, "--currents=-7e11,7e11", "--durations", "1e-9", "-n", 10)
    assert command(*sweep, "--jobs", 1, "-o", "t.h5").code == 0
    text = {}
    for name, options in {"all": (), "one": ("--instance", 1)}.items():
        assert command("plot", "t.h5", *options, "-o", f"{name}.svg").code == 0
        with rc_context({"svg.fonttype": "none"}):
            assert command("plot", "t.h5", *options, "-o", f"{name}.svg", "--force").code == 0
        text[name] = (folder / f"{name}.svg").read_text(encoding="utf-8")
    assert "2 device instances together" in text["all"] and "device instance 1 of 0 to 1" in text["one"]
    assert "must be < 2" in command("plot", "t.h5", "--instance", 2, "-o", "x.png").err
    assert "must be one of 300" in command("plot", "t.h5", "--temperature", 310, "-o", "x.png").err
    assert "takes no device" in command("plot", "t.h5", "--figure", "conductance", "--instance", 1, "-o", "x.png").err
    assert "takes no --instance" in command("plot", "five_state", "--instance", 1, "-o", "x.png").err


def test_what_is_drawn_as_numbers(command, folder):
    """The numbers of the figure are those of the table: probabilities of the write pulses, mean over the devices."""
    sweep = ("sweep", "five_state", "--instances", 2, "--currents=-7e11,7e11", "--durations", "1e-9", "-n", 10)
    assert command(*sweep, "--jobs", 1, "-o", "t.h5").code == 0
    assert command("plot", "t.h5", "-o", "t.png", "--data", "t.csv").code == 0
    with open(folder / "t.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    up = compact.load_table(folder / "t.h5").probability.mean(axis=0)[0, 1, 0]
    cells = {(int(float(r["y"])), int(float(r["x"]))): float(r["value"]) for r in rows if r["panel"] == "1"}
    assert len(cells) == 30 and {r["panel"] for r in rows} == {"1", "2"}
    assert all(np.isclose(cells[place], p) or (p == 0 and np.isnan(cells[place])) for place, p in np.ndenumerate(up))
    assert "--force" in command("plot", "t.h5", "-o", "other.png", "--data", "t.csv").err


def test_the_numbers_of_a_figure_are_all_that_it_shows():
    """Curves, error bars, bars, maps with their places, meshes, markers and bands: each point once, in data units."""
    ax = Figure().subplots()
    ax.errorbar([1.0, 2.0], [3.0, 4.0], [0.5, 0.25], capsize=2, label="law")
    ax.imshow([[1.0, 2.0], [3.0, 4.0]], extent=(10, 14, 20, 24), origin="lower")
    ax.pcolormesh([0.0, 1.0], [5.0, 7.0], [[8.0, 9.0], [10.0, 11.0]], shading="nearest")
    ax.scatter([30.0], [31.0])
    ax.fill_between([40.0, 41.0], 1.0, 2.0)
    rows = [row[3:] for row in figure_rows(ax.figure)]
    assert [row for row in rows if row[0] == "law"] == [("law", 1.0, 3.0, 0.5, ""), ("law", 2.0, 4.0, 0.25, "")]
    image = [("map", 11.0, 21.0, "", 1.0), ("map", 13.0, 21.0, "", 2.0), ("map", 11.0, 23.0, "", 3.0)]
    mesh = [("map", 0.0, 5.0, "", 8.0), ("map", 1.0, 5.0, "", 9.0), ("map", 0.0, 7.0, "", 10.0)]
    assert [row for row in (*image, *mesh) if row not in rows] == [] and len([r for r in rows if r[0] == "map"]) == 8
    assert next(row[1:3] for row in rows if row[0].startswith("shape")) == (30.0, 31.0)
    assert {row[1:3] for row in rows} >= {(40.0, 1.0), (41.0, 2.0)}
