"""`dwsynapse calibrate`: what it prints and writes, and one line for every bad input."""

import json

import numpy as np
import pytest
from devices import MATERIAL, NOTCH, TRACK

from llg import QPhiModel, find_wells, load_device
from llg.calibration.pinning_map import along_track, holding_field

DEVICE = f"""name = "a \\"track\\""
{MATERIAL}[wall]
shape = "rigid"
Delta = "7.2 nm"
sigma_0 = 5.3e-3
H_K = 1e4
{TRACK}[pulse]
current_density = 3e11
duration = "1 ns"
{NOTCH}"""


@pytest.fixture
def folder(tmp_path):
    """A folder with a device and a noisy map of it."""
    (tmp_path / "track.toml").write_text(DEVICE)
    q = np.arange(-40, 41, 4)
    B = 1e3 * holding_field(QPhiModel(load_device(tmp_path / "track.toml")), (200 + q) * 1e-9)
    B = B + 0.2 * np.random.default_rng(5).standard_normal(q.size)
    rows = [f"{a},{b:.6g},0.2,x" for a, b in zip(q, B, strict=True)]
    (tmp_path / "map.csv").write_text("# a map\nq_nm,Bz_mT,Bz_error_mT,remark\n" + "\n".join(rows))
    (tmp_path / "start.toml").write_text(DEVICE.replace("5.3e-3", "5.0e-3"))
    return tmp_path


FIT = ("calibrate", "start.toml", "--pinning", "map.csv", "--free", "sigma_0,Delta")


def test_json_device_and_figure(command, folder):
    answer = command(*FIT, "--profile", "--json", "-o", "fitted.toml", "--plot", "fit.svg", cwd=folder)
    found = answer.json
    sigma, Delta = found["parameters"]
    assert [p["name"] for p in (sigma, Delta)] == ["sigma_0", "Delta"]
    assert sigma["start"] == 5.0e-3
    assert abs(sigma["value"] - 5.3e-3) < 4 * sigma["standard_error"] < 1e-3
    assert sigma["interval_95"][0] < sigma["value"] < sigma["interval_95"][1]
    np.testing.assert_allclose(sigma["profile_interval_95"], sigma["interval_95"], rtol=5e-3)
    assert found["degrees_of_freedom"] == 19
    assert 0.001 < found["p_value"] < 0.999
    assert np.array(found["correlation"]).shape == (2, 2)
    assert found["data"][0]["points"] == 21
    fitted = load_device(folder / "fitted.toml")
    assert (fitted.wall.sigma_0, fitted.wall.Delta) == (sigma["value"], Delta["value"])
    assert fitted.notches == load_device(folder / "track.toml").notches
    assert "sigma_0" in (folder / "fitted.toml").read_text().splitlines()[1]
    drawn = (folder / "fit.svg").read_text()
    assert drawn.startswith("<?xml") and f'width="{8.8 * 72:g}pt"' in drawn
    assert command(*FIT, "--plot", "fit.svg", "--force", "--width", "3.4", cwd=folder).code == 0
    assert f'width="{3.4 * 72:g}pt"' in (folder / "fit.svg").read_text()
    assert "--width 7: is that of the figure of --plot" in command(*FIT, "--width", "7", cwd=folder).err
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


def test_text_names_the_degenerate_pair(command, folder):
    answer = command("calibrate", "start.toml", "--pinning", "map.csv", "--free", "sigma_0,D", cwd=folder)
    assert (answer.code, answer.err) == (0, "")
    assert "sigma_0 and D are nearly degenerate" in answer.out
    assert "the data determine sigma_0 - " in answer.out
    alone = command(*FIT[:-1], "sigma_0", cwd=folder)
    assert "degenerate" not in alone.out


def test_existing_outputs_are_kept(command, folder):
    (folder / "mine.toml").write_text("mine")
    (folder / "mine.png").write_text("mine")
    for option, name in (("-o", "mine.toml"), ("--plot", "mine.png")):
        answer = command(*FIT, option, name, cwd=folder)
        assert (answer.code, answer.out) == (2, "")
        assert "--force" in answer.err
        assert (folder / name).read_text() == "mine"
    assert command(*FIT, "-o", "mine.toml", "--force", cwd=folder).code == 0
    assert load_device(folder / "mine.toml").name == 'a "track"'


def test_potential(command, folder):
    answer = command(
        "calibrate", "track.toml", "--potential", "map.csv", "-o", "even.toml", "--plot", "v.png", "--json", cwd=folder
    )
    (well,) = answer.json["wells"]
    assert well["q_m"] == pytest.approx(200e-9, abs=0.5e-9)
    even = load_device(folder / "even.toml")
    assert even.notches == ()
    assert even.potential is not None
    (read_back,) = find_wells(QPhiModel(even), even.temperature)
    assert read_back.depinning_field_right == pytest.approx(well["depinning_field_T"][1], rel=1e-12)


def test_simulator_tables(command, folder):
    """A field sweep of mumax3, with the wall position from m_z of a piece of track 240 nm long."""
    q_S = np.linspace(-15e-9, 15e-9, 13)
    device = load_device(folder / "track.toml")
    B = holding_field(QPhiModel(device), along_track(device, q_S, 200e-9))
    rows = [f"{i}e-9\t{2 * x / 240e-9:.9g}\t{b:.9g}" for i, (x, b) in enumerate(zip(q_S, B, strict=True))]
    (folder / "table.txt").write_text("# t (s)\tmz ()\tB_extz (T)\n" + "".join(f"{row}\n" for row in rows))
    found = command(
        "calibrate", "start.toml", "--pinning", "table.txt", "--mz-length", "240 nm", "--free", "sigma_0", "--json",
        cwd=folder,
    ).json  # fmt: skip
    assert found["parameters"][0]["value"] == pytest.approx(5.3e-3, rel=1e-5)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("track.toml",), "give --free NAMES"),
        (("track.toml", "--free", "sigma_0"), "give data to fit"),
        (("none.toml", "--pinning", "map.csv", "--free", "sigma_0"), "no such file"),
        (("track.toml", "--pinning", "none.csv", "--free", "sigma_0"), "none.csv: cannot read"),
        (("track.toml", "--pinning", "track.toml", "--free", "sigma_0"), "track.toml"),
        (("track.toml", "--pinning", "map.csv", "--free", "sigma"), 'cannot fit "sigma"; did you mean "sigma_0"?'),
        (("track.toml", "--pinning", "map.csv", "--free", "sigma_0,"), 'cannot fit ""'),
        (("track.toml", "--pinning", "map.csv", "--free", "alpha"), "cannot fit alpha: the prediction"),
        (("track.toml", "--velocity", "map.csv", "--free", "alpha"), "has no column for v"),
        (("track.toml", "--trajectory", "map.csv", "--free", "alpha"), "has no column for t"),
        (("track.toml", "--depinning", "map.csv", "--free", "alpha"), "has no column for J"),
        (("track.toml", "--pinning", "map.csv", "--free", "D", "--column", "q"), "must be QUANTITY=NAME"),
        (("track.toml", "--pinning", "map.csv", "--free", "D", "--column", "q=x_nm"), 'no column "x_nm"'),
        (("track.toml", "--pinning", "map.csv", "--free", "D", "--column", "p=q_nm"), 'unknown quantity "p"'),
        (("track.toml", "--pinning", "map.csv", "--free", "D", "--origin", "1 um"), "must lie on the track"),
        (("track.toml", "--pinning", "map.csv", "--free", "D", "--origin", "1 nm,2 nm"), "holds 2 places"),
        (("track.toml", "--pinning", "map.csv", "--free", "D", "--mz-length", "1 nm"), "has no column for mz"),
        (("track.toml", "--pinning", "map.csv", "--free", "D", "--mirror"), "--mirror goes with --potential"),
        (("track.toml", "--pinning", "map.csv", "--free", "D", "-o", "device.txt"), "a device file ends in .toml"),
        (("track.toml", "--pinning", "map.csv", "--free", "D", "--plot", "fit.gif"), "must end in .png, .pdf or .svg"),
        (("track.toml", "--pinning", "map.csv", "--free", "D", "-o", "no/device.toml"), "does not exist"),
        (("track.toml", "--pinning", "map.csv", "--free", "D", "--temperature", "-1"), "must be >= 0"),
        (("track.toml", "--potential", "map.csv", "--free", "D"), "--potential fits nothing; leave out --free"),
        (("track.toml", "--potential", "map.csv", "--mirror"), "must begin at 0 to be mirrored"),
    ],
)
def test_bad_input_is_one_line(command, folder, argv, said):
    answer = command("calibrate", *argv, cwd=folder)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert said in answer.err


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("J_A_m2,trials,depinned\n3e11,10,11\n", "0 <= depinned <= trials"),
        ("J_A_m2,trials,depinned\n3e11,10,1.5\n", "must be whole numbers"),
        ("J_A_m2,trials,depinned\n3e11,10,1\n-3e11,10,1\n", "all J must have one sign"),
        ("J_A_m2,trials,depinned,duration_ns\n3e11,10,1,0\n", "duration = 0 [s] must be > 0"),
    ],
)
def test_bad_counts(command, folder, rows, said):
    (folder / "counts.csv").write_text(rows)
    answer = command("calibrate", "track.toml", "--depinning", "counts.csv", "--free", "alpha", cwd=folder)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert said in answer.err


def test_json_holds_no_infinity(command, folder):
    """A parameter whose interval runs into a bound has null there."""
    argv = (*FIT[:-1], "sigma_0,D", "--profile", "--json")
    text = command(*argv, cwd=folder).out
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))
