"""`import` and `export` as a user meets them."""

import json
import shutil

import numpy as np
import pytest

from compact.exchange.crosssim_file import LookupTable, write_lookup


@pytest.fixture
def lookup(folder):
    """Two small lookup files in the working directory."""
    u, G = np.linspace(0, 1, 21), np.linspace(1e-5, 3e-5, 31)
    for word, sign in (("increasing", 1), ("decreasing", -1)):
        change = 2e-5 * (sign * 0.1 + 0.05 * (u[:, None] - 0.5)) * np.ones(G.size)
        write_lookup(folder / f"dG_{word}.txt", LookupTable(conductance=G, cumulative=u, change=change))
    return folder


def test_crosssim_there_and_back(command, lookup):
    answer = command("import", "--from", "crosssim", ".", "--states", "16", "-o", "t.h5", "--energy", "20 fJ", "--json")
    assert answer.json["states"] == 16 and answer.json["devices"] == 1
    assert "energy_per_pulse" not in answer.json["placeholders"]
    info = command("info", "t.h5")
    assert info.code == 0 and "imported from: crosssim" in info.out
    assert "unknown, a stand-in: current_density = -1 and +1" in info.out
    assert command("plot", "t.h5", "-o", "t.png").code == 0
    answer = command("export", "t.h5", "--to", "crosssim", "-o", "out", "--resolution", "41", "--json")
    assert answer.json["files"] == ["out/dG_increasing.txt", "out/dG_decreasing.txt"]
    assert command("import", "--from", "crosssim", "out", "-o", "t2.h5").code == 0


def test_training_with_an_imported_table_knows_no_energy(command, lookup):
    assert command("import", "--from", "crosssim", ".", "--states", "12", "-o", "t.h5").code == 0
    answer = command("train", "--table", "t.h5", "--epochs", "1", "--json")
    assert answer.json["energy_J"] is None and answer.json["test_accuracy"][0] > 0.3
    answer = command("train", "--table", "t.h5", "--epochs", "1")
    assert "energy unknown" in answer.out


@pytest.mark.parametrize(("target", "key"), [("neurosim", "MLP_NeuroSim_RealDevice"), ("aihwkit", "fields")])
def test_json_formats_of_a_swept_table(command, chain, folder, target, key):
    table = chain[0] / "table.h5"
    assert command("export", table, "--to", target, "-o", "device.json").code == 0
    content = json.loads((folder / "device.json").read_text())
    assert content["format"] == target and key in content
    if target == "neurosim":
        assert 0 < content[key]["writeVoltageLTP"] < 10 and content[key]["writePulseWidthLTP"] == 1e-9
    again = command("export", table, "--to", target, "-o", "device.json")
    assert again.code == 2 and "exists" in again.err


@pytest.mark.parametrize("target", ["neurosim", "aihwkit", "verilog-a"])
def test_an_export_does_not_take_the_place_of_its_table(command, chain, folder, target):
    """With `--force` nothing was left of it; a link is the table, too."""
    shutil.copy(chain[0] / "table.h5", folder / "mine.h5")
    (folder / "link.h5").symlink_to(folder / "mine.h5")
    answer = command("export", "mine.h5", "--to", target, "--force", "-o", "link.h5")
    assert answer.code == 2 and "link.h5: is read by this command, the result must be another file" in answer.err
    assert (folder / "mine.h5").read_bytes() == (chain[0] / "table.h5").read_bytes()


def test_verilog_a_of_a_swept_table(command, chain, folder):
    answer = command("export", chain[0] / "table.h5", "--to", "verilog-a", "-o", "five-states.va", "--json")
    assert (answer.json["module"], answer.json["law"]) == ("five_states", "table")
    text = (folder / "five-states.va").read_text()
    assert "module five_states(w1, w2, t);" in text and "stand-in" not in text
    front_end = pytest.importorskip("openvaf_py", reason="no Verilog-A front end: pip install openvaf-py")
    assert front_end.compile_va("five-states.va")[0].name == "five_states"
    again = command("export", chain[0] / "table.h5", "--to", "verilog-a", "-o", "five-states.va", "--force")
    assert again.out == "five-states.va: module five_states\n"  # what it leaves out is on stderr, once
    assert again.err.count("no retention") == 1
    again = command("export", chain[0] / "table.h5", "--to", "verilog-a", "-o", "table.va")
    assert again.code == 2 and "is a word of Verilog-A; choose another with --name" in again.err


def test_exports_of_a_device_in_a_field_say_so(command, folder):
    """What a table says holds in its field alone, and no other program knows of it."""
    grid = ("--currents=-7e11,7e11", "--durations", "1e-9", "-n", "40")
    assert command("sweep", "five_state", "--H_z", "2 mT", *grid, "-o", "field.h5").code == 0
    for target, out in (("crosssim", "folder"), ("neurosim", "n.json"), ("aihwkit", "a.json"), ("verilog-a", "v.va")):
        done = command("export", "field.h5", "--to", target, "-o", out, "--json")
        assert "in the static field H_z = 2 mT only" in done.json["notes"], target
    assert "// in the static field H_z = 2 mT only" in (folder / "v.va").read_text()


def test_pulse_responses(command, folder):
    rng, state, lines = np.random.default_rng(1), 0, ["pulse,polarity,amplitude_V,duration_us,conductance_uS"]
    for number in range(1, 400):
        up = number // 3 % 2 == 0
        state = int(np.clip(state + (1 if up else -1) * (rng.random() < 0.8), 0, 2))
        read = 10 + 5 * state + 0.3 * rng.standard_normal()
        lines.append(f"{number},{'up' if up else 'down'},0.5,1,{read:.4g}")
    (folder / "a.csv").write_text("\n".join(lines))
    answer = command("import", "--from", "pulses", "a.csv", "-o", "t.h5", "--json")
    assert answer.json["states"] == 3 and answer.json["transitions"] == 398
    assert answer.json["placeholders"]["current_density"].endswith("in V")
    assert command("export", "t.h5", "--to", "neurosim", "-o", "n.json").code == 0
    assert json.loads((folder / "n.json").read_text())["MLP_NeuroSim_RealDevice"]["writeVoltageLTP"] is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("import --from crosssim none.txt -o t.h5", 'must hold "increasing" or "decreasing"'),
        ("import --from crosssim dG_increasing.txt -o t.h5", "lacks the file of the decreasing"),
        ("import --from crosssim . -o t.h5 --states 1", "must be a whole number >= 2"),
        ("import --from crosssim .", "needs -o FILE"),
        ("import --from crosssim . -o t.h5 --area 1e-15", "takes no --area"),
        ("import --from crosssim . -o t.h5 --energy -1e-15", "energy = -1e-15 [J] must be > 0"),
        ("import --from pulses dG_increasing.txt -o t.h5", "dG_increasing.txt"),
        ("import --from pulses a.csv b.csv -o t.h5", "takes one file"),
        ("import --from elsewhere a -o t.h5", "invalid choice"),
        ("export none.h5 --to crosssim -o out", "no such file"),
        ("export none.h5 --to neurosim -o out --device 1", "takes no --device"),
        ("export none.h5 --to aihwkit -o out --resolution 9", "takes no --resolution"),
        ("export none.h5 --to spice -o out", "invalid choice"),
        ("export dG_increasing.txt --to aihwkit -o out", "not an HDF5 file"),
    ],
)
def test_bad_input_is_one_line(command, lookup, line, words):
    answer = command(*line.split())
    assert answer.code == 2 and words in answer.err, answer.err
    assert answer.err.count("\n") == 1 and answer.out == ""


def test_scripts_for_mumax3_of_a_device(command, folder):
    answer = command("export", "five_state", "--to", "mumax3", "--origin", "360 nm", "-o", "scripts", "--json")
    names = ["track.toml", "pinning.mx3", "velocity.mx3", "depinning.mx3"]
    assert answer.json["files"] == [f"scripts/{name}" for name in names]
    assert [note.split(":")[0] for note in answer.json["notes"]] == ["track"]
    assert command("info", "scripts/track.toml").code == 0
    again = command("export", "five_state", "--to", "mumax3", "--origin", "360 nm", "-o", "scripts")
    assert again.code == 2 and "is not empty" in again.err
    for wrong, words in (
        (("--temperature", "300 K"), "--temperature"),
        (("--name", "x"), "takes no --name"),
        ((), "5 notches"),
    ):
        refused = command("export", "five_state", "--to", "mumax3", "-o", "other", *wrong)
        assert refused.code == 2 and words in refused.err


def test_scripts_for_ubermag_of_a_device(command, folder):
    answer = command("export", "five_state", "--to", "ubermag", "--origin", "360 nm", "-o", "scripts", "--json")
    assert answer.json["format"] == "ubermag"
    assert answer.json["files"] == [f"scripts/{name}" for name in ("track.toml", "pinning.py", "velocity.py")]
    assert [note.split(":")[0] for note in answer.json["notes"]] == ["track", "pulse"]
    for wrong, words in ((("--temperature", "300 K"), "--to ubermag takes no --temperature"), ((), "5 notches")):
        refused = command("export", "five_state", "--to", "ubermag", "-o", "other", *wrong)
        assert refused.code == 2 and words in refused.err


def test_snapshots_of_micromagnetics(command, folder):
    """Walls as lines and JSON; a series as a trajectory that info, plot and animations take."""
    x = 2e-9 * (np.arange(360) + 0.5)
    for k, q in enumerate((350e-9, 356e-9, 361e-9)):
        u = np.clip((x - q) / 7e-9, -300, 300)
        m = np.broadcast_to(np.stack([-1 / np.cosh(u), 0 * u, -np.tanh(u)], axis=-1), (50, 360, 3))
        keys = {"xnodes": 360, "ynodes": 50, "znodes": 1, "xbase": 1e-9, "ybase": 1e-9, "zbase": 3e-10}
        keys |= {"xstepsize": 2e-9, "ystepsize": 2e-9, "zstepsize": 6e-10, "meshunit": "m", "valuedim": 3}
        lines = ["# OOMMF OVF 2.0", *(f"# {key}: {value}" for key, value in keys.items())]
        lines += [f"# Desc: Total simulation time:  {k}e-10  s", "# Begin: Data Text"]
        lines += [" ".join(f"{v:.9g}" for v in row) for row in m.reshape(-1, 3)]
        (folder / f"m{k}.ovf").write_text("\n".join([*lines, "# End: Data Text"]) + "\n")
    files = [f"m{k}.ovf" for k in range(3)]
    ovf = ("import", "--from", "ovf", "--device", "five_state")
    one = command(*ovf, files[0], "--json").json
    assert one["trajectory"] is None
    assert one["walls"][0]["q"] == pytest.approx(350e-9, abs=0.02e-9)
    answer = command(*ovf, *files, "--current", "1e11", "-o", "t.h5")
    assert answer.code == 0 and "the trajectory of a wall at 3 times" in answer.out
    assert "trajectories of 1 walls" in command("info", "t.h5", "--check").out
    assert command("plot", "t.h5", "-o", "t.png").code == 0
    for options, words in (
        ((*ovf, files[0], "-o", "u.h5"), "a trajectory needs two files or more"),
        ((*ovf, *files, "--states", "4"), "--from ovf takes no --states"),
        ((*ovf, *files, "--current", "1e11"), "--current is kept in the file of -o"),
        (("import", "--from", "ovf", *files), "needs --device"),
        (("import", "--from", "pulses", "a.csv", "--left", "1 nm", "-o", "v.h5"), "--from pulses takes no --left"),
    ):
        refused = command(*options)
        assert refused.code == 2 and words in refused.err and refused.err.count("\n") == 1, refused
