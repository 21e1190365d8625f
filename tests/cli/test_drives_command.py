"""`dwsynapse simulate` with trains, waveforms, gates, instances and the check of the time step."""

import re
from importlib import resources

import numpy as np
import pytest

from llg.runs.trajectories import load_trajectories

PULSE = "time_ns,value\n0,0\n0.2,1\n1.0,1\n1.2,0\n"
GATED = """
[material]
Ms = "0.7 MA/m"
A = "10 pJ/m"
K_u = "0.48 MJ/m^3"
D = "1 mJ/m^2"
alpha = 0.3
[track]
length = "400 nm"
width = "64 nm"
thickness = "0.6 nm"
edge_roughness_rms = "0.5 nm"
[torque]
theta_SH = 0.1
[stack]
t_HM = "5 nm"
rho_HM = "20 uohm cm"
rho_FM = "60 uohm cm"
[heating]
R_th = 1e6
tau_th = "1 ns"
[gate]
xi = "-100 fJ/(V m)"
oxide_thickness = "2 nm"
voltage = "0.5 V"
start = "180 nm"
end = "400 nm"
[pulse]
current_density = "3e11 A/m^2"
duration = "1 ns"
rest_time = "0.2 ns"
relaxation_time = "0.5 ns"
[variation]
width_dtod = 0.02
[[notch]]
position = "150 nm"
shape = "cosine"
depth = "8 nm"
width = "60 nm"
[[notch]]
position = "250 nm"
shape = "cosine"
depth = "8 nm"
width = "60 nm"
"""
COMMON = ("-n", 64, "--jobs", 1)


@pytest.fixture
def files(folder):
    (folder / "pulse.csv").write_text(PULSE)
    (folder / "volt.csv").write_text("time_ns,value_mV\n0,0\n0.1,500\n1.2,500\n1.3,0\n")
    (folder / "absolute.csv").write_text("time_ns,value [MA/cm^2]\n0,0\n0.2,70\n1.0,70\n1.2,0\n")
    (folder / "gated.toml").write_text(GATED)
    (folder / "bad.csv").write_text("time_ns,value\n0,0\n2,1\n1,0\n")
    (folder / "empty.csv").write_text("")
    return folder


def test_waveform_file_stands_for_the_pulse(command, files):
    wanted = command("simulate", "five_state", *COMMON, "--json").json
    relative = command("simulate", "five_state", *COMMON, "--waveform", "pulse.csv", "--json").json
    absolute = command("simulate", "five_state", *COMMON, "--waveform", "absolute.csv", "--json").json
    assert relative["probability"] == absolute["probability"] == wanted["probability"]
    assert absolute["current_density_A_per_m2"] == pytest.approx(7e11)
    assert relative["duration_s"] == pytest.approx(1.2e-9)


def test_train_moves_further_and_back(command, folder):
    two = command("simulate", "five_state", *COMMON, "--pulses", 2, "--period", "3 ns", "--json").json
    back = command(
        "simulate", "five_state", *COMMON, "--pulses", 2, "--period", "3 ns", "--polarity", "alternating", "--json"
    ).json
    assert two["probability"][4] > 0.9
    assert back["probability"][2] > 0.9


def test_field_waveform_and_file(command, files):
    answer = command("simulate", "five_state", *COMMON, "--current", 0, "--H_z", "60 kA/m", "--field-waveform",
                     "pulse.csv", "--samples", 31, "-o", "out.h5", "--json")  # fmt: skip
    assert answer.json["probability"][2] < 0.5  # the constant field would depin at 51 mT
    trajectories = load_trajectories(files / "out.h5")
    assert trajectories.q.shape == (64, 32)
    assert np.ptp(trajectories.q[:, 4]) < 30e-9


def test_gate_and_heating_and_instances(command, files):
    plain = command("simulate", "gated.toml", *COMMON, "--json").json
    driven = command("simulate", "gated.toml", *COMMON, "--gate-waveform", "volt.csv", "--json").json
    off = command("simulate", "gated.toml", *COMMON, "--gate-waveform", "pulse.csv", "--current", 0, "--json").json
    assert sum(plain["probability"]) == sum(driven["probability"]) == pytest.approx(1)
    assert off["probability"][1] == pytest.approx(1, abs=0.1)
    first, again, other = (
        command("simulate", "gated.toml", *COMMON, "--instance", k, "--seed", 4, "--json").json for k in (2, 2, 3)
    )
    assert first == again
    assert first["instance"] == 2
    assert first["states"] != other["states"] != plain["states"]
    assert "instance 2" in command("simulate", "gated.toml", *COMMON, "--instance", 2).out


def test_check_dt(command, folder):
    result = command("simulate", "five_state", *COMMON, "--check-dt", "--json").json
    check = result["check_dt"]
    assert check["half_dt_s"] == pytest.approx(result["dt_s"] / 2)
    assert check["sound"] is True
    assert check["p_value"] > 1e-3
    assert abs(check["final_position_change_m"]) < 1e-10
    assert sum(check["probability"]) == pytest.approx(1)
    text = command("simulate", "five_state", *COMMON, "--check-dt").out
    assert "half the step" in text and "small enough" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--waveform", "none.csv"), "none.csv: cannot read"),
        (("--waveform", "empty.csv"), "empty.csv: has no line that names the columns"),
        (("--waveform", "bad.csv"), "bad.csv line 4: time = 1e-09 [s] must be >= that of the row before"),
        (("--waveform", "volt.csv"), 'has the unit "mV", must be one like A/m^2'),
        (("--waveform", "absolute.csv", "--current", "1e11"), "--current: must not be given"),
        (("--waveform", "pulse.csv", "--duration", "1 ns"), "--duration: must not be given"),
        (("--waveform", "pulse.csv", "--pulses", "2"), "--pulses: must not be given"),
        (("--pulses", "2", "--period", "1 ns"), "period = 1e-09 [s] must be >= 1.2e-09"),
        (("--pulses", "0"), "must be a whole number >= 1"),
        (("--polarity", "up"), "invalid choice"),
        (("--field-waveform", "pulse.csv"), "needs the field it multiplies"),
        (("--field-waveform", "absolute.csv", "--H_z", "1e4"), "must have no unit, its values are relative"),
        (("--gate-waveform", "pulse.csv"), "needs a [gate] section"),
        (("--instance", "-1"), "must be a whole number >= 0"),
        (("--dt", "1 ns"), "for this device and drive; use "),
        (("--dt", "0 s"), "must be > 0"),
    ],
)
def test_bad_input_is_one_line(command, files, options, said):
    answer = command("simulate", "five_state", *COMMON, *options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert said in answer.err


def test_parameters_of_the_device_are_set_and_varied(folder, command):
    """Any parameter of the device file, as in a file that says the same."""
    text = (resources.files("dwsynapse_data") / "five_state.toml").read_text()
    alpha = re.search(r"^alpha = (\S+)", text, re.M).group(1)
    (folder / "other.toml").write_text(text.replace(f"alpha = {alpha}", "alpha = 0.2"))
    base = ("simulate", "five_state", "-n", 40, "--current", "-6.5e11", "--json")
    told = command("simulate", "other.toml", *base[2:]).json
    assert command(*base, "--set", "material.alpha=0.2").json == told
    assert command(*base).json["mean_velocity_m_per_s"] != told["mean_velocity_m_per_s"]
    found = command(*base, "--vary", f"alpha=0.2,{alpha}", "-o", "v.h5").json
    assert found["mean_velocity_m_per_s"][0] == [told["mean_velocity_m_per_s"]]
    start = told["states"].index(told["start_q_m"])
    assert found["down_by_one"][0] == [told["probability"][start - 1]]
    assert found["up_by_one"][0] == [told["probability"][start + 1]] and found["left"][0] == [told["probability"][-1]]
    assert command("plot", "v.h5", "-o", "v.png").code == 0


def test_rates_are_varied(command):
    hot = command("rates", "five_state", "--set", "A=1.2e-11", "--temperature", 350, "--json").json
    found = command("rates", "five_state", "--set", "A=1.2e-11", "--vary", "temperature=300,350", "--json").json
    weakest = min(min(w["barrier_left_kT"], w["barrier_right_kT"]) for w in hot["wells"])
    assert found["barrier_kT"][1] == [weakest]
    assert found["retention_s"][1] == [min(w["retention_s"] for w in hot["wells"])]
    assert found["depinning_field_T"][0] == [min(map(min, hot["depinning_field_T"]))]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rates five_state -o a.h5", "-o keeps what --vary finds"),
        ("rates five_state --set width=1e-7", "not unique; say one of track.width, notch.width"),
        ("rates five_state --set alpha=2", "alpha = 2 [1] must be <= 1"),
        ("rates five_state --model q-phi --set wall.model=q-phi", "said once, not by --model and --set"),
        ("simulate five_state --vary current=1e11,2e11 --check-dt", "does not go with --vary"),
        ("simulate five_state --vary current=1e11,2e11 --current 1e11", "said once"),
        ("simulate five_state --set heating.R_th=1", "[heating]"),
    ],
)
def test_settings_that_do_not_fit_are_one_line(command, line, said):
    answer = command(*line.split())
    assert answer.code == 2 and answer.out == ""
    assert said in answer.err and answer.err.count("\n") == 1


def test_all_settings_are_listed(command):
    listed = command("simulate", "--settings", "--json").json["settings"]
    assert {"drive.current", "material.alpha", "track.width", "notch.depth", "torque.theta_SH"} <= listed.keys()
    assert listed["drive.current"]["option"] == "--current" and listed["wall.model"]["option"] == "--model"
    assert listed["material.alpha"]["bounds"] == {">": 0, "<=": 1}
