"""Scripts for mumax3: their film, outline and torques are those of the device, and `calibrate` reads their tables."""

import dataclasses
import math
import re

import numpy as np
import pytest

from dwcore.errors import InputError
from llg import calibrate, load_device, read_depinning_curve, read_pinning_map, read_velocity_curve
from llg.calibration.mumax3 import left_out, mumax3_files, save_mumax3
from llg.calibration.pinning_map import along_track, holding_field
from llg.calibration.simulated_track import LONGEST_TRACK, velocity_run
from llg.constants import E_CHARGE, GAMMA_0, HBAR, MU_0, MU_B
from llg.device.device_file import device_from_mapping
from llg.landscape.wells import find_wells
from llg.walls.analytic import straight_track_velocity
from llg.walls.q_phi import QPhiModel

API = """
    SetGridSize SetCellSize EdgeSmooth SetGeom Rect XRange DefRegion TwoDomain relax run ThermSeed SetSolver FixDt
    TableAddVar TableSave Msat Aex Ku1 AnisU Dind alpha xi Lambda Pol EpsilonPrime FixedLayer Temp B_ext J m t
    vector abs transl add SetRegion comp average
"""
"""Names of the API of mumax3.12 (https://mumax.github.io/api.html) that the scripts may use; it ignores case."""
DEVICE = device_from_mapping(
    {
        "name": "one notch",
        "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
        "track": {"length": "400 nm", "width": "64 nm", "thickness": "0.6 nm"},
        "torque": {"theta_SH": 0.1, "k_FL": 0.4, "P": 0.5, "beta": 0.2},
        "stack": {"t_HM": 4e-9, "rho_HM": 2e-7, "rho_FM": 6e-7},
        "pulse": {"current_density": 3e11, "duration": "1 ns"},
        "notch": [{"position": "200 nm", "shape": "triangular", "depth": "10 nm", "width": "30 nm"}],
    }
)


def numbers(pattern, text):
    return [tuple(map(float, found.groups())) for found in re.finditer(pattern, text)]


def table(script, rows, path):
    """A table as mumax3 writes it, with the columns that the script adds."""
    columns = re.findall(r'TableAddVar\(\w+, "(\w+)", "([^"]*)"\)', script)
    header = "\t".join(f"{name} ({unit})" for name, unit in [("t", "s"), ("mx", ""), ("my", ""), ("mz", ""), *columns])
    lines = ["\t".join(f"{value:.9g}" for value in (0, 0, 0, 0, *row)) for row in rows]
    path.write_text("\n".join([f"# {header}", *lines]) + "\n")
    return path


def test_outline_is_that_of_the_notch():
    script = mumax3_files(DEVICE)["pinning.mx3"]
    columns = np.array(numbers(r"rect\(([-+\d.e]+), ([-+\d.e]+)\)\.transl\(([-+\d.e]+), 0, 0\)", script))
    length, width, middle = columns.T
    assert length.sum() == pytest.approx(30e-9 + 2 * 15 * DEVICE.straight_wall.Delta, rel=0.01)
    expected = DEVICE.width_at(200e-9 + middle)
    assert np.abs(width - expected).max() < 0.7e-9 and width.min() == pytest.approx(44e-9, abs=1e-9)
    missing = 64e-9 * length.sum() - (length * width).sum()
    assert missing == pytest.approx(2 * 0.5 * 30e-9 * 10e-9, rel=0.02)


def test_torques_are_those_of_the_model():
    """mumax3: A = hbar Pol J_z/(2 e Ms t) and B = hbar EpsilonPrime J_z/(e Ms t) [T] of m x (p x m) and p x m, p = -y;
    u = mu_B Pol J_x/(e Ms (1 + xi^2)) against the current."""
    script = mumax3_files(DEVICE)["depinning.mx3"]
    (crowd, field_like), *_ = numbers(
        r"Pol.SetRegion\(0, ([-+\d.e]+)\)\nEpsilonPrime.SetRegion\(0, ([-+\d.e]+)\)", script
    )
    (along, out), *_ = numbers(r"J = vector\(([-+\d.e]+)\*amps, 0, ([-+\d.e]+)\*amps\)", script)
    assert "FixedLayer = vector(0, -1, 0)" in script and "Lambda = 1" in script and crowd == 1
    film, t, model = DEVICE.material, DEVICE.track.thickness, QPhiModel(DEVICE)
    damping = HBAR * crowd * out / (2 * E_CHARGE * film.Ms * t)
    assert damping / MU_0 == pytest.approx(model.H_DL_per_J, rel=1e-6)
    assert -HBAR * field_like * out / (E_CHARGE * film.Ms * t) / MU_0 == pytest.approx(model.H_FL_per_J, rel=1e-5)
    (xi,), *_ = numbers(r"xi = ([-+\d.e]+)", script)
    assert -MU_B * crowd * along / (E_CHARGE * film.Ms * (1 + xi**2)) == pytest.approx(model.u_per_J, rel=1e-6)
    levels = np.array(numbers(r"Pol.SetRegion\(\d+, ([-+\d.e]+)\)", script))
    assert levels.max() == pytest.approx(64 / 44, rel=0.03)
    assert int(re.findall(r"DefRegion\((\d+)", script)[-1]) < 256


def test_every_name_is_one_of_the_api_or_declared_in_the_script():
    known = {name.lower() for name in API.split()} | {"for", "if"}
    for name, script in mumax3_files(DEVICE).items():
        if name.endswith(".mx3"):
            code = re.sub(r'//.*|"[^"]*"', "", script)
            declared = {own.lower() for own in re.findall(r"(\w+) :=", code)}
            used = {word.lower() for word in re.findall(r"(?<![\w.])[A-Za-z_]\w*|(?<=[a-z)]\.)[A-Za-z]\w*", code)}
            assert used - known == declared, name
            assert not declared & known


def test_walls_relax_without_noise():
    """relax() of mumax3 assumes that temperature and current are turned off."""
    script = mumax3_files(DEVICE)["depinning.mx3"]
    before, after = script.split("relax()")
    assert re.findall(r"(?:Temp|J) = .*", before)[-2:] == ["J = vector(0, 0, 0)", "Temp = 0"]
    assert re.findall(r"Temp = .*", after) == ["Temp = 300"]


def test_names_differ_for_a_program_that_ignores_case():
    for script in list(mumax3_files(DEVICE).values())[1:]:
        own = {name.lower() for name in re.findall(r"^\s*(\w+) := ", script, re.MULTILINE)}
        assert own and not own & {"j", "t", "m", "b", "alpha", "xi", "temp", "pol", "lambda"}


def test_tables_are_read_without_options(tmp_path):
    """Tables made of the model's own law in the columns of the scripts give the constants back."""
    files = mumax3_files(DEVICE)
    folder = tmp_path / "scripts"
    assert [path.name for path in save_mumax3(folder, DEVICE)] == list(files)
    track = load_device(str(folder / "track.toml"))
    model, middle = QPhiModel(track), 0.5 * track.track.length
    assert track.notches[0].position == pytest.approx(middle)
    q_S = np.linspace(-9e-9, 9e-9, 31)
    B = holding_field(model, along_track(track, q_S, middle))
    pinning = table(files["pinning.mx3"], zip(q_S, B, strict=True), tmp_path / "pinning.txt")
    fit = calibrate(track, [read_pinning_map(pinning, track)], ["sigma_0"])
    assert fit.device.wall.sigma_0 == pytest.approx(track.straight_wall.sigma_0, rel=1e-3)
    J = np.array([1e11, 2e11])
    velocity = table(files["velocity.mx3"], [(20.0, J[0]), (35.0, J[1])], tmp_path / "velocity.txt")
    np.testing.assert_allclose(read_velocity_curve(velocity, track).current_density, J)
    pulses = table(files["depinning.mx3"], [(3e11, 0), (3e11, 1), (4e11, 1)], tmp_path / "pulses.txt")
    curve = read_depinning_curve(pulses, track)
    assert curve.trials.tolist() == [2, 1] and curve.measured.tolist() == [0.5, 1.0]


def test_fields_go_beyond_depinning_on_both_sides():
    script = mumax3_files(DEVICE)["pinning.mx3"]
    (well,) = find_wells(QPhiModel(DEVICE), 300.0)
    ends = numbers(r"for size = [-+\d.e]+; size < ([-+\d.e]+)", script)
    assert len(ends) == 2 and min(ends)[0] > 1.3 * well.depinning_field_right
    (reach,), *_ = numbers(r"if abs\(q\) < ([-+\d.e]+)", script)
    free = along_track(DEVICE, np.array([reach]), 200e-9) - 215e-9  # beyond the notch, 30 nm long
    assert free == pytest.approx(5 * DEVICE.straight_wall.Delta, rel=0.02)
    angle = numbers(r"TwoDomain\(0, 0, 1, ([-+\d.e]+), ([-+\d.e]+), 0, 0, 0, -1\)", script)[0]
    assert math.atan2(angle[1], angle[0]) == pytest.approx(-math.pi + 0.1, abs=0.02)


def test_what_is_left_out_is_said_and_what_cannot_be_is_refused():
    assert left_out(DEVICE) == []
    given = DEVICE.replace({"wall.Delta": 7e-9, "track.pad_width": 100e-9, "track.pad_taper": 20e-9, "pulse": None})
    assert [note.split(":")[0] for note in left_out(given)] == ["wall", "track", "pulse"]
    assert "depinning.mx3" not in mumax3_files(given)
    with pytest.raises(InputError, match="has no notch"):
        mumax3_files(DEVICE.replace(notches=()))
    with pytest.raises(InputError, match="5 notches; say which one by a place near it, such as --origin 1"):
        mumax3_files(load_device("five_state"))
    assert "120.0 nm" in mumax3_files(load_device("five_state"), origin=110e-9)["pinning.mx3"]


@pytest.mark.parametrize("alpha", [0.3, 0.01])
def test_velocities_wait_for_the_slowest_angle(alpha):
    """The angle relaxes with alpha gamma0 (pi/2 |H_D| - H_K)/(1 + alpha^2): 1e-5 of it is left when it is measured."""
    device = DEVICE.replace(alpha=alpha)
    model = QPhiModel(device)
    rate = alpha * GAMMA_0 * (0.5 * math.pi * abs(model.H_D) - model.H_K) / (1 + alpha**2)
    times = [time for (time,) in numbers(r"run\(([-+\d.e]+)\)", mumax3_files(device)["velocity.mx3"])]
    assert len(times) == 2 and math.exp(-rate * times[0]) < 1e-5
    assert (math.exp(-rate * 3e-9) > 0.01) is (alpha == 0.01)


@pytest.mark.parametrize("alpha", [0.3, 0.01, 0.001])
def test_velocities_end_where_the_track_would_be_too_long(alpha):
    """The fastest wall stays on the track, of at most 40 um, for the settling and for the time of the measurement."""
    device = DEVICE.replace(alpha=alpha)
    currents, even, time = velocity_run(device)
    fastest = np.abs(straight_track_velocity(QPhiModel(even), currents)[0]).max()
    assert 2 * time * fastest < 0.5 * even.track.length <= 20.001e-6
    cut = bool(currents[-1] < device.pulse.current_density)
    assert cut is (alpha < 0.3)
    said = [note for note in left_out(device) if note.startswith("velocity: ")]
    assert len(said) == (2 if cut else 0)
    if cut:
        assert f"currents end at {currents[-1]:.3g}" in said[0] and "us of simulated time" in said[1]
        further = np.abs(straight_track_velocity(QPhiModel(even), np.array([1.05 * currents[-1]]))[0][0])
        assert 2.4 * 2 * time * further > 0.99 * LONGEST_TRACK


def test_pulses_have_the_edges_and_the_charge_of_the_device():
    """Rise, flat top, fall: their integral is current times width, and each edge is as long as the device's own."""
    device = DEVICE.replace({"pulse.rise_time": 0.1e-9, "pulse.fall_time": 0.3e-9})
    script = mumax3_files(device)["depinning.mx3"]
    steps = re.findall(r"J = vector\([-+\d.e]+\*(amps[^,]*), 0, .*\)\n\t\trun\(([-+\d.e]+)\)", script)
    (rise, a), (top, b), (fall, c) = [(text, float(time)) for text, time in steps]
    assert (a, c) == (0.1e-9, 0.3e-9) and top == "amps"
    assert 0.5 * a + b + 0.5 * c == pytest.approx(device.pulse.duration)
    for text, time, ends in ((rise, a, (0.0, 1.0)), (fall, c, (1.0, 0.0))):
        found = [eval(text, {"amps": 1.0, "t": t, "t0": 5e-9}) for t in (5e-9, 5e-9 + time)]
        assert found == pytest.approx(ends, abs=1e-6)


def test_a_velocity_is_a_way_over_the_time_it_took():
    script = mumax3_files(DEVICE)["velocity.mx3"]
    after = script.rpartition("q = ")[2]
    (time,), *_ = numbers(r"run\(([-+\d.e]+)\)", after)
    (over,), *_ = numbers(r"- q\)/([-+\d.e]+)", after)
    assert over == time > 0


@pytest.mark.parametrize(("edge", "sign"), [("upper", -1), ("lower", 1)])
def test_a_notch_in_one_edge_leaves_the_other_where_it_was(edge, sign):
    notch = dataclasses.replace(DEVICE.notches[0], edge=edge)
    script = mumax3_files(DEVICE.replace(notches=(notch,)))["pinning.mx3"]
    columns = np.array(numbers(r"rect\([-+\d.e]+, ([-+\d.e]+)\)\.transl\([-+\d.e]+, ([-+\d.e]+), 0\)", script))
    width, middle = columns.T
    assert width.min() < 56e-9 and (sign * middle + 0.5 * width) == pytest.approx(32e-9)


def test_every_part_that_no_script_simulates_is_named():
    """Heat, the Oersted field, roughness, an outline: each by itself, and each at its own section."""
    for changes, note in (
        ({"heating.R_th": 1e4, "heating.tau_th": 1e-9}, "heating: the scripts keep the temperature of the device"),
        ({"stack.oersted": "below"}, "stack: the scripts leave out the Oersted field"),
        ({"track.edge_roughness_rms": 1e-9}, "track: one notch on a straight track, without roughness"),
        ({"track.edge_roughness_rms_lower": 1e-9}, "track: one notch on a straight track, without roughness"),
        (
            {"track.outline_x": [0.0, 4e-7], "track.outline_width": [64e-9, 64e-9]},
            "track: one notch on a straight track",
        ),
    ):
        (said,) = left_out(DEVICE.replace(changes))
        assert said.startswith(note)
    assert left_out(DEVICE.replace({"wall.H_K": 1e4, "wall.sigma_0": 5e-3})) == [
        "wall: sigma_0, H_K of [wall] not used, they follow from [material] in mumax3"
    ]


def test_how_long_the_velocities_take_is_said_with_all_currents():
    """Ten currents settle and are measured, each for the settling time: twenty times that."""
    device = DEVICE.replace(alpha=0.01)
    _, _, time = velocity_run(device)
    (said,) = [note for note in left_out(device) if "settles" in note]
    assert f"settles for {1e9 * time:.3g} ns at alpha = 0.01" in said
    assert f"{20e6 * time:.2g} us of simulated time" in said
