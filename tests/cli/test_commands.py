"""Each subcommand on sound input: files, JSON keys, nothing on stderr."""

import importlib.metadata
import json
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import dwsynapse
from compact import load_table
from dwcore.storage import files
from dwcore.storage.files import open_checked, provenance
from llg import load_device
from llg.device.device_file import device_text
from llg.runs.trajectories import load_trajectories

SIMULATE_KEYS = {
    "n", "states", "start_q_m", "current_density_A_per_m2", "duration_s", "probability", "standard_error",
    "left_track", "mean_velocity_m_per_s", "dt_s",
}  # fmt: skip
TRAIN_KEYS = {
    "test_accuracy", "float32_test_accuracy", "epochs", "seconds_per_epoch", "pulses_per_second", "pulses", "energy_J",
}  # fmt: skip
FIGURES = {
    "trajectories.h5": ("trajectories", "landscape"),
    "table.h5": ("transitions", "moves", "conductance"),
    "training.h5": ("accuracy", "confusion", "occupancy", "weights", "pulses"),
}
MAGIC = {"png": b"\x89PNG\r\n", "pdf": b"%PDF-1.", "svg": b"<?xml "}


def test_simulate_json(folder, command):
    result = command("simulate", "five_state", "-n", 200, "--json").json
    assert result.keys() >= SIMULATE_KEYS
    assert result["n"] == 200 and len(result["states"]) == 5
    assert len(result["probability"]) == len(result["standard_error"]) == 6
    assert sum(result["probability"]) == pytest.approx(1)
    assert result["start_q_m"] == result["states"][2]
    assert result["current_density_A_per_m2"] == 7e11 and result["duration_s"] == 1e-9
    assert result["probability"][3] > 0.9 and result["mean_velocity_m_per_s"] > 100
    assert list(folder.iterdir()) == []


def test_simulate_text_says_the_same(folder, command):
    numbers = command("simulate", "five_state", "-n", 50, "--json").json
    answer = command("simulate", "five_state", "-n", 50)
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert len(lines) == 1 + 6 + 2
    assert f"{numbers['unsettled_share']:.2%} of the walls have not settled" in lines[7]
    for line, p in zip(lines[1:7], numbers["probability"], strict=True):
        assert f" {p:.5f} +- " in line
    assert f"{numbers['mean_velocity_m_per_s']:.2f} m/s" in lines[-1]


def test_simulate_takes_units_and_negative_numbers(command):
    """A value that begins with a minus is a value, in all the ways to write it."""
    plain = command("simulate", "five_state", "-n", 30, "--current", "-6.5e11", "--duration", "1.2e-9", "--json").json
    units = command("simulate", "five_state", "-n", 30, "--current=-65 MA/cm^2", "--duration", "1.2 ns", "--json").json
    apart = command(
        "simulate", "five_state", "-n", 30, "--current", "-65 MA/cm^2", "--duration", "1.2 ns", "--json"
    ).json
    assert plain["current_density_A_per_m2"] == -6.5e11 and plain["probability"][1] > 0.8
    assert units == apart and units["current_density_A_per_m2"] == pytest.approx(-6.5e11, rel=1e-12)
    assert units["probability"] == pytest.approx(plain["probability"], abs=0.2)
    pushed = command("simulate", "five_state", "-n", 4, "--current", 0, "--H_z", "-1e5", "--json").json
    assert pushed["mean_velocity_m_per_s"] < -50


def test_simulate_takes_state_temperature_and_step(command):
    options = ("--state", 1, "--temperature", 0, "--dt", "1 ps", "-n", 3, "--json")
    result = command("simulate", "five_state", *options).json
    assert result["start_q_m"] == result["states"][1]
    assert result["probability"] == [0, 0, 1, 0, 0, 0]
    assert result["dt_s"] == pytest.approx(1e-12, rel=1e-3)


def test_simulate_writes_trajectories(folder, command):
    result = command("simulate", "five_state", "-n", 7, "--samples", 40, "-o", "pulse.h5", "--json").json
    kept = load_trajectories("pulse.h5")
    assert kept.q.shape == kept.phi.shape == (7, 41)
    assert np.all(kept.q[:, 0] == result["start_q_m"])
    drift = (kept.q[:, -1].mean() - result["start_q_m"]) / result["duration_s"]
    assert drift == pytest.approx(result["mean_velocity_m_per_s"], rel=1e-9)
    assert [path.name for path in folder.iterdir()] == ["pulse.h5"]


def test_rates_json(command):
    result = command("rates", "five_state", "--json").json
    assert result.keys() >= {"wells", "depinning_field_T", "depinning_current_A_per_m2"}
    per_well = [result[key] for key in ("wells", "depinning_field_T", "depinning_current_A_per_m2")]
    assert [len(values) for values in per_well] == [5, 5, 5]
    for well, fields, currents in zip(*per_well, strict=True):
        assert well.keys() >= {"q_m", "barrier_left_kT", "barrier_right_kT", "retention_s", "retention_s_error"}
        assert min(well["barrier_left_kT"], well["barrier_right_kT"]) > 40
        assert well["retention_s"] > 3e8  # ten years
        assert len(fields) == 2 and 0.01 < min(fields) <= max(fields) < 1
        assert len(currents) == 2 and 1e11 < min(currents) <= max(currents) < 1e13


def test_rates_follow_the_temperature(chain, command):
    """Barriers in units of kB T fall as 1/T, the depinning field at T = 0 does not know of it."""
    given, hot = chain[1].json, command("rates", "five_state", "--temperature", "127 degC", "--json").json
    barriers = [[well["barrier_right_kT"] for well in result["wells"]] for result in (given, hot)]
    np.testing.assert_allclose(np.array(barriers[0]) / barriers[1], 400.15 / 300, rtol=1e-9)
    assert given["depinning_field_T"] == hot["depinning_field_T"]
    assert all(w["retention_s"] < cold["retention_s"] for w, cold in zip(hot["wells"], given["wells"], strict=True))


def test_sweep_from_another_folder(folder, command):
    """The table lands where it is asked for, whatever the working directory."""
    (folder / "elsewhere").mkdir()
    options = ("--currents", "-7e11,0,7e11", "--durations", "0.8 ns,1 ns", "-n", 20, "-o", "../t.h5", "--json")
    result = command("sweep", "five_state", *options, cwd=folder / "elsewhere").json
    assert result.keys() >= {"table", "states", "trajectories", "write_pulses", "one_step_probability"}
    assert result["table"] == "../t.h5"
    assert result["trajectories"] == 20 * 5 * 3 * 2
    up, down = result["write_pulses"]
    assert up == {"current_density": 7e11, "duration": 1e-9, "temperature": 300.0}  # the nominal pulse
    assert down == up | {"current_density": -7e11}
    assert min(result["one_step_probability"]) > 0.8
    table = load_table(folder / "t.h5")
    assert table.counts.shape == (1, 1, 3, 2, 5, 6)
    assert np.all(table.counts.sum(axis=-1) == 20)
    assert result["states"] == table.position.tolist()
    still = table.counts[0, 0, 1, 0]
    assert np.array_equal(np.diag(still), np.full(5, 20))
    assert sorted(path.name for path in folder.rglob("*")) == ["elsewhere", "t.h5"]


def test_sweep_with_one_sign_of_current(folder, command):
    """A sound table, though none to train with; training says so."""
    options = ("--currents", "7e11", "--durations", "1e-9", "-n", 10, "-o", "t.h5")
    answer = command("sweep", "five_state", *options)
    assert (answer.code, answer.err) == (0, "")
    assert "no pulse that lowers the conductance" in answer.out
    result = command("sweep", "five_state", *options, "--force", "--json").json
    assert result["write_pulses"] == result["one_step_probability"] == []
    answer = command("train", "--table", "t.h5")
    assert answer.code == 2 and "no pulse that lowers the conductance at 300 K" in answer.err


@pytest.mark.parametrize("rule", ["mixed-precision", "stochastic-pulses", "sign"])
def test_train(chain, folder, rule, command):
    table = chain[0] / "table.h5"
    options = (
        "--rule",
        rule,
        "--epochs",
        2,
        "--seeds",
        2,
        "--seed",
        5,
        "--network",
        "mlp:12,8",
        "-o",
        "t.h5",
        "--json",
    )
    result = command("train", "--table", table, *options).json
    assert result.keys() >= TRAIN_KEYS
    assert len(result["test_accuracy"]) == len(result["float32_test_accuracy"]) == 2
    assert result["epochs"] == 2 and result["pulses"] > 100 and result["energy_J"] > 0
    assert min(result["test_accuracy"]) > 0.2 and min(result["float32_test_accuracy"]) > 0.5
    assert result["pulses_per_second"] * result["seconds_per_epoch"] * 4 == pytest.approx(result["pulses"])
    with open_checked("t.h5", "dwsynapse.training") as file:
        assert list(provenance(file)["inputs"]) == ["table.h5"]


def test_train_without_hidden_layer_and_without_file(chain, folder, command):
    answer = command("train", "--table", chain[0] / "table.h5", "--epochs", 1, "--network", "linear")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("seed 1: test accuracy on chip 0.")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("name", "figure"), [(name, figure) for name, all in FIGURES.items() for figure in all])
def test_plot_every_figure(chain, folder, name, figure, command):
    result = command("plot", chain[0] / name, "--figure", figure, "-o", "a.png", "--json").json
    assert result == {"file": str(chain[0] / name), "figure": figure, "out": "a.png", "notes": []}
    picture = matplotlib.image.imread("a.png")
    assert min(picture.shape[:2]) > 300
    assert [path.name for path in folder.iterdir()] == ["a.png"]


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg", "PNG"])
def test_plot_formats(chain, folder, suffix, command):
    """The first figure of each kind of file, in each format; the same figure gives the same bytes."""
    path = Path(f"a.{suffix}")
    for name, figures in FIGURES.items():
        answer = command("plot", chain[0] / name, "-o", path, "--force")
        assert (answer.code, answer.err) == (0, "")
        assert answer.out == f"{path}: {figures[0]} of {chain[0] / name}\n"
        content = path.read_bytes()
        assert content.startswith(MAGIC[suffix.lower()]) and len(content) > 5000
    command("plot", chain[0] / name, "-o", path, "--force")
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", FIGURES)
def test_info(chain, name, command):
    result = command("info", chain[0] / name, "--json").json
    assert result["sound"] is True and result["file"] == str(chain[0] / name)
    assert result["seed"] == 3 and len(result["content_sha256"]) == 64
    assert result["versions"].keys() >= {"dwsynapse", "numpy", "python"}
    assert result["config"] and result["command_line"] and result["git_state"]
    for array in result["arrays"]:
        assert array.keys() == {"name", "shape", "dtype", "unit", "long_name"}
        assert array["unit"] and array["long_name"]
    text = command("info", chain[0] / name).out
    assert text.startswith(f"{chain[0] / name}: sound {result['schema']} version 1, complete, content verified\n")
    assert all(array["name"] in text for array in result["arrays"])


def test_info_of_a_file_whose_configuration_is_nonsense(command, folder):
    """As the file is sealed, only what is read of its configuration can show it."""
    for share in ([], "much", True):
        with files.create(folder / "a.h5", "dwsynapse.training", config={"unsettled_share": share}, seed=1, force=True):
            pass
        answer = command("info", "a.h5")
        assert (answer.code, answer.out) == (2, "")
        assert f"a.h5: the configuration has unsettled_share = {share!r}, must be a number" in answer.err


def test_info_of_a_wall_without_dmi(command, tmp_path):
    """There is no velocity that a chiral field would set."""
    new = device_text(load_device("five_state").replace({"material.D": 0.0}))
    (tmp_path / "plain.toml").write_text(new)
    found = {one["name"] for one in command("info", tmp_path / "plain.toml", "--json").json["derived"]}
    assert {"K_eff", "walker_field"} <= found and "saturation_velocity" not in found


def test_info_of_a_device(command):
    """What follows from the parameters, by the formulas of the rigid wall."""
    result = command("info", "five_state", "--json").json
    found = {one["name"]: one["value"] for one in result["derived"]}
    device = load_device("five_state")
    A, K_eff = device.material.A, device.material.K_u - 2e-7 * np.pi * device.material.Ms**2
    assert found["K_eff"] == pytest.approx(K_eff, rel=1e-9)
    assert found["Delta"] == pytest.approx(np.sqrt(A / K_eff), rel=1e-9)
    assert found["sigma_0"] == pytest.approx(4 * np.sqrt(A * K_eff), rel=1e-9)
    H_D = -device.material.D / (4e-7 * np.pi * device.material.Ms * found["Delta"])
    assert found["H_D"] == pytest.approx(H_D, rel=1e-9)
    assert found["saturation_velocity"] == pytest.approx(np.pi / 2 * 2.2128e5 * found["Delta"] * -H_D, rel=1e-3)
    phi = np.linspace(0, 2 * np.pi, 100_001)
    torque = found["H_K"] / 2 * np.sin(2 * phi) - np.pi / 2 * H_D * np.sin(phi)
    assert found["walker_field"] == pytest.approx(4e-7 * np.pi * device.material.alpha * torque.max(), rel=1e-6)
    rates = command("rates", "five_state", "--json").json["wells"]
    assert [w["q_m"] for w in result["wells"]] == [w["q_m"] for w in rates]
    assert result["wells"][0]["barrier_right_kT"] == pytest.approx(rates[0]["barrier_right_kT"], rel=1e-9)
    text = command("info", "five_state").out
    assert "five-state reference" in text and "Delta = 5.603e-09 m" in text and "5 wells" in text
    refused = command("info", "five_state", "--check")
    assert refused.code == 2 and "--check is for HDF5 files" in refused.err


def test_help_of_every_command(command):
    top = command("--help")
    assert top.code == 0 and top.err == ""
    for name in ("run", "simulate", "rates", "sweep", "train", "plot", "info"):
        answer = command(name, "--help")
        assert answer.code == 0 and answer.err == "" and f"dwsynapse {name}" in answer.out
        assert f"    {name} " in top.out
    assert command("--version").out.strip() == importlib.metadata.version("dwsynapse") == dwsynapse.__version__


def test_installed_script_from_another_folder(folder, process):
    """As a process of its own, with nothing on the path but the installed packages."""
    child = process("rates", "sixteen_state", "--json", cwd=folder)
    out, err = child.communicate(timeout=600)
    assert (child.returncode, err) == (0, "")
    assert len(json.loads(out)["wells"]) == 16


def test_info_of_a_strip_names_its_easy_axis_and_that_it_has_no_wells(command, tmp_path):
    (tmp_path / "strip.toml").write_text(
        '[material]\neasy_axis = "x"\nMs = 8e5\nA = 1.3e-11\nK_u = 3e4\nalpha = 0.01\n[wall]\nH_K = -6.9e5\n'
        "[track]\nlength = 2e-6\nwidth = 1e-7\nthickness = 5e-9\n"
    )
    said = command("info", "strip.toml", cwd=tmp_path).out
    assert "largest field along x in which the wall angle stands still" in said
    assert "  no wells; dwsynapse simulate takes the device\n" in said
    assert "field along z in which" in command("info", "five_state").out
    assert "H_D = 0 A/m" in said and "saturation_velocity" not in said
    asked = command("simulate", "strip.toml", "--current=1e10", cwd=tmp_path)
    assert asked.code == 2 and "(--current and --duration)" in asked.err
    moved = command("simulate", "strip.toml", "--current", 0, "--duration", "0.1 ns", "-n", 2, cwd=tmp_path).out
    assert "no states: the track has no wells" in moved and "left all" not in moved and "settled" not in moved


def test_notches_without_a_well_are_told(command, tmp_path):
    """Half a notch at the end of the track holds no wall: the energy falls towards that end."""
    text = (
        '[material]\nMs = 1.2e5\nA = 7e-12\nK_u = 5e4\nD = 1e-4\nalpha = 0.3\n[wall]\nshape = "rigid"\n'
        "[track]\nlength = 500e-9\nwidth = 100e-9\nthickness = 5e-9\n"
        '[[notch]]\nposition = {}e-9\nshape = "cosine"\ndepth = 20e-9\nwidth = 100e-9\n'
        '[[notch]]\nposition = 250e-9\nshape = "cosine"\ndepth = 20e-9\nwidth = 100e-9\n'
    )
    said = "notch: [[notch]] 1 at 0 nm without a well of 1 kB T or more"
    for place, expected in ((0, True), (100, False)):
        (tmp_path / "end.toml").write_text(text.format(place))
        for asked in ("check", "info", "rates"):
            notes = command(asked, "end.toml", "--json", cwd=tmp_path).json["notes"]
            assert (said in notes) == expected and any(note.startswith("Ms") for note in notes), asked


def test_wells_that_no_notch_holds_are_told(command, tmp_path):
    """A steep taper far from a notch holds a wall of strong DMI; one that ends at the notch does not."""
    text = (
        '[material]\nMs = 9e5\nA = 1.2e-11\nK_u = 8.59e5\nD = 1.3e-3\nalpha = 0.3\n[wall]\nshape = "rigid"\n'
        "[track]\nlength = 600e-9\nwidth = 120e-9\nthickness = 0.9e-9\npad_width = 260e-9\npad_taper = {}e-9\n"
        '[[notch]]\nposition = 300e-9\nshape = "triangular"\ndepth = 15e-9\nwidth = 400e-9\n'
    )
    (tmp_path / "steep.toml").write_text(text.format(60))
    (tmp_path / "long.toml").write_text(text.format(100))
    said = command("info", "steep.toml", cwd=tmp_path).out
    assert "3 wells, 2 outside the notches;" in said and said.count(" nm (no notch): barriers") == 2
    checked = command("check", "steep.toml", cwd=tmp_path).out
    wells = command("info", "steep.toml", "--json", cwd=tmp_path).json["wells"]
    lowest = min(h for well in wells for h in (well["barrier_left_kT"], well["barrier_right_kT"]) if h is not None)
    assert f": 3 wells, 2 outside the notches, lowest barrier {lowest:.1f} kB T" in checked
    assert [well["in_notch"] for well in wells] == [False, True, False]
    said = command("info", "long.toml", cwd=tmp_path).out
    assert "  1 well; " in said and "no notch)" not in said
