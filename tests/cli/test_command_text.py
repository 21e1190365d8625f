"""What commands print of made-up results: units and factors of each number, names of the JSON keys, and every note."""

import argparse
import dataclasses
import types

import numpy as np
import pytest
from fit_cases import table_of

from compact.exchange.crosssim_import import Fidelity
from compact.exchange.pulse_import import PulseReport
from compact.table.transition_table import InstanceStates
from dwsynapse.commands import (
    bench,
    calibrate,
    cost,
    fit,
    import_table,
    infer_actions,
    info,
    program_actions,
    rates,
    run,
    simulate,
    sweep,
    train_actions,
)
from dwsynapse.device_settings import idle_keys
from llg import load_device
from llg.constants import K_B
from llg.landscape.wells import Well
from llg.rates.summary import WellRates


def held(q, barriers, fields, currents, retention, **more):
    """A well and how firmly it holds the wall; its edges do not matter here."""
    well = Well(
        q=q, phi=0.0, energy=0.0, left_edge=0.0, right_edge=1e-6, left_foot=0.0, right_foot=1e-6, barrier_left=1.0,
        barrier_right=1.0, depinning_field_left=fields[0], depinning_field_right=fields[1],
    )  # fmt: skip
    return WellRates(
        well=well, barrier_left=barriers[0], barrier_right=barriers[1], rate=np.zeros(2), rate_error=np.zeros(2),
        lost=np.zeros(2), retention=retention, depinning_current=currents, **more,
    )  # fmt: skip


@pytest.fixture
def wells(monkeypatch):
    """`rates` finds these two wells on any device, and has a note on them."""
    found = [
        held(120.4e-9, (61.5, 48.3), (12.3e-3, 45.6e-3), (-7.3e11, 8.1e11), 3.2e9, retention_error=4e8, method="flux"),
        held(
            250e-9, (40.0, 52.0), (20e-3, 30e-3), (-9.9e11, float("nan")), np.inf, retention_error=np.nan, at_least=1e12
        ),
    ]
    monkeypatch.setattr(rates, "_analysed", lambda arguments, given: (load_device("five_state"), found))
    asked = []
    monkeypatch.setattr("llg.rates.summary.notes_on", lambda *told: asked.append(told) or ["rates: made up"])
    return found, asked


def test_rates_in_text_have_the_units_of_their_heading(command, wells):
    answer = command("rates", "five_state", "--current", "3e10")
    first, heading, one, other = answer.out.splitlines()
    assert first.endswith(": 2 wells under 3e+10 A/m^2") and answer.err == "note: rates: made up\n"
    assert "q [nm]  barriers [kB T]        retention [s]  B_dep [mT]  J_dep [1e11 A/m^2]" in heading
    assert one.split() == ["120.4", "61.5", "48.3", "3.2e+09", "+-", "4e+08", "12.3", "45.6", "-7.300", "8.100"]
    assert other.split() == ["250.0", "40.0", "52.0", ">", "1e+12", "20.0", "30.0", "-9.900", "-"]
    assert "under" not in command("rates", "five_state").out


def test_rates_in_json_say_method_current_and_notes(command, wells):
    found = command("rates", "five_state", "--current", "3e10", "--temperature", 350, "--json").json
    assert wells[1][0][1:] == (wells[0], 3e10, 350.0)
    assert (found["method"], found["current_density_A_per_m2"], found["notes"]) == ("flux", 3e10, ["rates: made up"])
    assert found["depinning_field_T"] == [[12.3e-3, 45.6e-3], [20e-3, 30e-3]]
    assert found["depinning_current_A_per_m2"] == [[-7.3e11, 8.1e11], [-9.9e11, None]]
    first, second = found["wells"]
    assert (first["q_m"], first["retention_s"], first["retention_s_error"]) == (120.4e-9, 3.2e9, 4e8)
    assert (second["retention_s"], second["retention_s_at_least"], second["barrier_left_kT"]) == (None, 1e12, 40.0)


def test_rates_over_a_parameter_are_those_of_the_weakest_well(command, wells):
    found = command("rates", "five_state", "--vary", "alpha=0.1,0.2", "--json").json
    assert found["barrier_kT"] == [[40.0], [40.0]] and found["wells"] == [[2], [2]]
    assert found["retention_s"] == [[3.2e9], [3.2e9]] and found["depinning_field_T"] == [[12.3e-3], [12.3e-3]]
    assert found["depinning_current_A_per_m2"] == [[7.3e11], [7.3e11]]


@pytest.mark.parametrize(
    ("retention", "shortest"),
    [
        ([(3e9, 0.0), (2e8, 0.0)], 2e8), ([(3e9, 0.0), (np.nan, 1e10)], 3e9), ([(3e9, 0.0), (np.nan, 1e9)], np.nan),
        ([(np.nan, 0.0), (3e9, 0.0)], np.nan), ([(np.nan, 1e9), (np.nan, 0.0)], np.nan), ([(np.inf, 1e300)], np.inf),
    ],
)  # fmt: skip
def test_shortest_retention_is_unknown_where_an_unknown_one_may_be_shorter(retention, shortest):
    found = [types.SimpleNamespace(retention=time, at_least=bound) for time, bound in retention]
    assert rates._shortest(found) == pytest.approx(shortest, nan_ok=True)
    assert rates._shortest(found[::-1]) == pytest.approx(shortest, nan_ok=True)


OUTCOME = {
    "n": 400, "states": [100e-9, 200e-9], "start_q_m": 100e-9, "current_density_A_per_m2": -6.5e11,
    "duration_s": 1.2e-9, "probability": [0.25, 0.5, 0.25], "standard_error": [0.01, 0.02, 0.03], "left_track": 4,
    "mean_velocity_m_per_s": -41.5, "unsettled_share": 0.125,
}  # fmt: skip


def test_outcomes_in_text():
    device = types.SimpleNamespace(name="made up", instance=3)
    assert simulate._lines(device, OUTCOME, "400 trajectories") == [
        "made up instance 3: 400 trajectories from q = 100.0 nm, J = -6.5e+11 A/m^2 for 1.2 ns",
        "  state 0 at 100.0 nm      0.25000 +- 0.01000",
        "  state 1 at 200.0 nm      0.50000 +- 0.02000",
        "  left all states          0.25000 +- 0.03000",
        "  12.50% of the walls have not settled in a state",
        "  mean velocity -41.50 m/s during the pulse",
    ]
    more = simulate._lines(device, OUTCOME | {"left_track": 5}, "400 trajectories")  # more than 1 %
    assert more[-1].endswith("-41.50 m/s while on the track, which 5 walls left")
    nowhere = OUTCOME | {"states": [], "probability": [1.0], "standard_error": [0.0]}
    assert simulate._lines(device, nowhere, "density")[1] == "  no states: the track has no wells"


def test_voltages_of_a_gate_are_divided_by_that_of_level_one(tmp_path):
    path = tmp_path / "gate.csv"
    path.write_text("time_ns,value\n0,0\n1,1.5\n2,3\n")
    level = simulate._gate_level(path, types.SimpleNamespace(voltage=None))
    assert level.value.tolist() == [0, 1.5, 3] and level.time == pytest.approx([0, 1e-9, 2e-9])
    path.write_text("time_ns,value_mV\n0,0\n1,1500\n2,3000\n")
    assert simulate._gate_level(path, types.SimpleNamespace(voltage=-2.0)).value == pytest.approx([0, -0.75, -1.5])


def swept(**more):
    """Two device instances of three states at two temperatures, a hundred walls a row, 13 of 1200 of them unsettled."""
    counts = np.zeros((2, 2, 1, 1, 3, 4), int)
    counts[..., 1] = 100
    unsettled = np.zeros((2, 2, 1, 1, 3), int)
    unsettled[1, 0, 0, 0, 2], unsettled[0, 0, 0, 0, 0] = 9, 4
    present = np.ones((2, 2, 3), int)
    present[1, 1, 2] = 0
    states = InstanceStates(
        present=present, position=np.ones((2, 2, 3)) * [1e-7, 2e-7, 3e-7], conductance=np.full((2, 2, 3), 1e-3),
        conductance_std_ctoc=np.zeros((2, 2, 3)),
    )  # fmt: skip
    return table_of(
        counts, [1e11], [1e-9], (300.0, 350.0), unsettled=unsettled, instance_states=states,
        devices={"instance": [4, 7]}, **more,
    )  # fmt: skip


def test_a_sweep_says_what_its_table_lacks():
    assert sweep._missing_states(swept()) == [{"instance": 7, "temperature": 350.0, "state": 2}]
    unsettled, no_rates = sweep._notes(swept())
    assert unsettled.startswith("unsettled: 1.1% of the walls") and unsettled.endswith(", 9.0% in the worst row")
    assert no_rates.startswith("retention: the table holds no escape rates")
    rate = np.zeros((2, 2, 3, 3))
    rate[0, 0, 1], rate[1, 1, 2] = np.nan, np.nan  # the second is of a state that is missing: not counted
    partly = sweep._notes(swept(retention_rate=rate, retention_method="made up"))
    assert len(partly) == 2 and partly[1].startswith("retention: 1 of 12 rates of escape are unknown")
    origin = {"origin": {"placeholders": {"duration": "1 s"}}}
    assert "unknown: duration = 1 s" in sweep._notes(swept(config=origin))


def test_a_sweep_in_text():
    lines = sweep._lines(
        {
            "table": "t.h5", "instances": [4, 7], "states": [1e-7, 2e-7, 3e-7], "trajectories": 1200,
            "unsettled_share": 0.0125, "write_pulses": [{}, {}], "one_step_probability": [0.91, 0.82],
            "one_step_probability_range": [[0.9, 0.92], [0.8, 0.84]], "field_A_per_m": {"H_x": 0.0, "H_z": 1e4},
            "missing_states": [{"instance": 7, "temperature": 300.0, "state": 2}],
        },
        "",
    )  # fmt: skip
    assert lines == [
        "t.h5: 3 states, 2 device instances, 1200 trajectories, 1.25% not settled",
        "  one write pulse moves the wall by one state up and down: 0.9100 0.8200 "
        "(over the devices 0.9000 to 0.9200, 0.8000 to 0.8400)",
        "  states, pulses and retention in the static field H_z = 12.57 mT",
        "  1 states are missing, the first is state 2 of instance 7 at 300 K",
    ]


def test_a_table_says_which_keys_of_its_device_are_idle():
    device = load_device("five_state").replace({"torque.theta_SH": 0.0, "torque.P": 0.5})
    said = sweep._idle(types.SimpleNamespace(config={"device": device.config()}))
    assert said == idle_keys(device) and any("theta_SH_dtod has no effect" in note for note in said)
    assert sweep._idle(types.SimpleNamespace(config={})) == []


def test_a_device_in_text():
    wells = [
        {"q_m": 120.4e-9, "in_notch": False, "barrier_left_kT": 41.5, "barrier_right_kT": 52.5},
        {"q_m": 250e-9, "in_notch": True, "barrier_left_kT": 3.25, "barrier_right_kT": 60.0},
    ]
    lines = info._device_lines(
        {
            "source": "d.toml", "device": "made up", "model": "q-phi", "temperature_K": 310.0, "notches": 1,
            "derived": [{"name": "Delta", "value": 7.2e-9, "unit": "m", "meaning": "wall width"},
                        {"name": "ratio", "value": 0.5, "unit": "1", "meaning": "a ratio"}],
            "not_relaxed": "too wide", "wall_shape": "rigid", "wells": wells,
        }
    )  # fmt: skip
    assert lines == [
        'd.toml: the device "made up", model q-phi, 310 K',
        "  Delta = 7.2e-09 m: wall width",
        "  ratio = 0.5: a ratio",
        "  the wall is rigid in the notches: too wide",
        "  2 wells, 1 outside the notches; dwsynapse rates and simulate take the device",
        "  120.4 nm (no notch): barriers 41.5 and 52.5 kB T",
        "  250.0 nm: barriers 3.2 and 60.0 kB T",
    ]


def test_a_parameter_of_a_fit_has_its_error_and_unit():
    model = types.SimpleNamespace(
        names=("threshold", "shape"), units=("A/m^2", "1"), value=np.array([[6.5e11, 2.25]]),
        standard_error=np.array([[1.25e9, np.inf]]),
    )  # fmt: skip
    assert fit._line(model, 0) == "  threshold = 6.5e+11 +- 1.2e+09 A/m^2"
    assert fit._line(model, 1) == "  shape = 2.25 not determined"


def test_a_fit_in_json_and_text():
    """Two devices: of three degrees of freedom that are expected at each of two points one parameter is taken."""
    spread = types.SimpleNamespace(
        names=("threshold",), log_mean=np.array([27.2]), loading=np.array([[0.03, 0.0]]), devices=9,
        covariance=np.array([[9e-4]]), correlation=np.array([[1.0]]),
    )  # fmt: skip
    model = types.SimpleNamespace(
        form="position", devices=2, names=("shape", "threshold"), units=("1", "A/m^2"), shared=np.array([True, False]),
        value=np.array([[2.25, 6.5e11], [2.25, 6.6e11]]), standard_error=np.array([[0.1, 1e9], [0.1, np.inf]]),
    )  # fmt: skip
    found = types.SimpleNamespace(
        model=model, deviance=np.array([4.0, 6.0]), expected_deviance=np.array([3.0, 3.0]), free=1, dispersion=2.0,
        verdict="usable", spread=spread,
    )  # fmt: skip
    result, lines = fit._summary("t.h5", found, {"position": -0.5, "barrier-1": -np.inf})
    assert (result["deviance"], result["degrees_of_freedom"], result["deviance_per_degree_of_freedom"]) == (10, 5, 2)
    assert result["standard_error"] == [[0.1, 1e9], [0.1, None]] and result["shared"] == [True, False]
    assert result["held_out_log_likelihood"] == {"position": -0.5, "barrier-1": None}
    assert result["spread"] == {
        "parameters": ["threshold"], "log_mean": [27.2], "standard_deviation": pytest.approx([0.03]),
        "correlation": [[1.0]], "factors": 2, "devices": 9,
    }  # fmt: skip
    assert lines == [
        "t.h5: position, 1 parameters, 2 devices", "  usable", "  shape = 2.25 +- 0.1",
        "  spread between devices: 2 factors for 1 parameters",
        "  held-out log likelihood per trial: position -0.50000", "  held-out log likelihood per trial: barrier-1 -inf",
    ]  # fmt: skip


def test_a_file_from_elsewhere_in_text():
    origin = {
        "format": "crosssim", "counts": "weights", "placeholders": {"duration": "1, unknown"},
        "fidelity": {"mean_step": 2.25, "std_ratio": 1.5, "largest_shift": 0.0421},
    }  # fmt: skip
    array = {"name": "/a", "shape": [2, 3], "dtype": "<f8", "unit": "S", "long_name": "mean"}
    result = {
        "file": "t.h5", "schema": "dwsynapse.transition-table", "schema_version": 1, "checked": ["5 states"], "seed": 7,
        "command_line": "made", "git_state": "", "versions": {}, "inputs": {}, "arrays": [array],
        "config": {"origin": origin, "unsettled_share": 0.0125, "wall_shape": "rigid",
                   "device": {"field": {"H_x": 0.0, "H_y": 0.0, "H_z": 1e4}}},
    }  # fmt: skip
    assert info._file_lines(result) == [
        "t.h5: sound dwsynapse.transition-table version 1, complete, content verified", "  checked: 5 states",
        "  seed: 7", "  command_line: made", "  git_state: ", "  versions: {}", "  inputs: {}",
        "  imported from: crosssim", "  counts: weights",
        "  states stand for a curve: a pulse moves by 2.25 states; its spread is 1.50 times that of the source, and the "
        "distribution differs by 0.042 at most",
        "  unknown, a stand-in: duration = 1, unknown", "  in the static field H_z = 12.57 mT",
        "  the wall was rigid in the notches", "  unsettled: 1.25% of the walls were counted before they settled",
        "  /a (2, 3) <f8 [S] mean",
    ]  # fmt: skip


def test_a_synapse_in_text():
    figures = {"states": 5, "pulse_energy": 5e-14, "up": [[0.5, 0.5], [0.0, 1.0]], "miss": 0.1}
    lines = info._synapse_lines(
        {"about": "s.toml", "synapse": "made", "conductance_S": [1e-6, 5e-6], "states": 5, "instances": 16,
         "figures": figures, "config": {"origin": {"format": "synapse", "source": "a paper"}}}
    )  # fmt: skip
    assert lines[:-1] == [
        's.toml: the synapse "made", known by its figures', "  5 states of 1e-06 to 5e-06 S, 16 device instances",
        "  states = 5", "  pulse_energy = 5e-14 J", "  up = [[0.5, 0.5], [0, 1]]", "  miss = 0.1", "  source: a paper",
    ]  # fmt: skip


def imported(monkeypatch, name, answer):
    """A table of two devices with three states, as an import of this name makes it; nothing is written."""
    table = table_of(
        np.ones((2, 1, 2, 1, 3, 4), int), (-1.0, 1.0), (1e-9,), config={"origin": {"placeholders": {"duration": "1"}}}
    )
    monkeypatch.setattr(name, lambda *_, **__: (table, answer))
    monkeypatch.setattr("compact.table.table_file.save_table", lambda *_, **__: None)


def test_an_import_of_lookup_tables_in_text(command, monkeypatch):
    """From a spread of 1.1 times that of the source on another number of states is proposed."""
    for ratio, hint in ((1.0, False), (1.2, True)):
        fidelity = Fidelity(mean_step=2.25, std_ratio=ratio, largest_shift=0.0425, whole_step_states=57)
        imported(monkeypatch, "compact.exchange.crosssim_import.import_crosssim", fidelity)
        monkeypatch.setattr("compact.exchange.crosssim_import.device_pairs", lambda files: [("a", "b"), ("c", "d")])
        lines = command("import", "f", "--from", "crosssim", "-o", "t.h5").out.splitlines()
        assert lines[0] == "t.h5: 3 states, 2 devices" and f"{ratio:.2f} times that of the source" in lines[1]
        assert ("  --states 57 would let pulses move by whole states, or take many more" in lines) == hint
        assert lines[-1] == "  stand-ins for what is unknown: duration"
    found = command("import", "f", "--from", "crosssim", "-o", "t.h5", "--json").json
    assert found["conductance_S"] == pytest.approx([1e-3, 1.4e-3]) and found["devices"] == 2


def test_an_import_of_pulses_in_text(command, monkeypatch):
    """Two percent of the readings at a wrong level are worth a word, unless the number of states was given."""
    report = PulseReport(readings=90, transitions=70, outliers=3, gaps=5, misplaced=0.02, empty_rows=2, bic={2: -7.5})
    imported(monkeypatch, "compact.exchange.pulse_import.import_pulses", report)
    monkeypatch.setattr("compact.exchange.pulse_data.read_pulse_data", lambda *_: None)
    line = ("import", "f.csv", "--from", "pulses", "-o", "t.h5")
    answer = command(*line)
    assert answer.out.splitlines() == [
        "t.h5: 3 states, 2 devices",
        "  70 transitions from 90 readings; left out: 3 outliers, 5 pulses without a reading before and after",
        "  readings put to a wrong state, expected: 2.00%", "  stand-ins for what is unknown: duration",
        "  2 rows without a trial are assumed to stay",
    ]  # fmt: skip
    assert answer.err.startswith("t.h5: the levels overlap") and command(*line, "--states", 3).err == ""
    assert command(*line, "--states", 3, "--json").json["bic"] == {"2": -7.5}


def test_effects_of_assumptions_in_text(monkeypatch):
    """Ratios at the low end of an assumption, then at the high one; a tiny and a large one stand apart, too."""
    monkeypatch.setattr("arraysim.cost.document.sensitivity_document", lambda *_: "told")
    low = {"area": 1.5, "energy": 0.000123, "latency": 12300.0}
    high = {"area": 2.5, "energy": 0.000234, "latency": 23400.0}
    one = types.SimpleNamespace(name="clock", low="1e+08", high="1e+09", low_ratios=low, high_ratios=high)
    document = {}
    lines = cost._sensitivity(document, (None, [one] * 30), "gpu")
    assert lines[2].split() == ["clock", "1e+08", "1e+09", "1.5", "2.5", "0.000123", "0.000234",
                                "1.23e+04", "2.34e+04"]  # fmt: skip
    assert document == {"sensitivity": "told"} and len(lines) == 22


def test_a_programmed_chip_in_text():
    chip = types.SimpleNamespace(seed=3, float32_accuracy=0.98, accuracy=0.96)
    found = {
        "rms_error_before": 0.25, "rms_error_after": 0.015, "share_within_tolerance": 0.975, "pulses_per_weight": 12.5,
        "reads_per_weight": 7.25, "energy_J": 2.5e-9,
    }  # fmt: skip
    assert program_actions._line(chip, found) == (
        "seed 3: float32 0.9800, programmed 0.9600; rms error 0.250 to 0.015 of the largest weight, "
        "97.5% within tolerance; 12.5 pulses and 7.2 reads per weight, 2.5e-09 J"
    )
    assert program_actions._line(chip, found | {"energy_J": None}).endswith("per weight, energy unknown")


def test_energies_of_programming_are_known_or_none():
    chip = types.SimpleNamespace(seed=3, float32_accuracy=0.98, accuracy=0.96,
                                 summary=lambda: {"energy_J": 2e-9, "reset_energy_J": 1e-9})  # fmt: skip
    for known, energies in ((True, [2e-9, 1e-9]), (False, [None, None])):
        found = program_actions._summary(chip, types.SimpleNamespace(knows_energy=known))
        assert [found["energy_J"], found["reset_energy_J"]] == energies


def test_the_training_of_a_seed_is_programmed(monkeypatch):
    both = [types.SimpleNamespace(seed=seed) for seed in (4, 5)]
    monkeypatch.setattr(program_actions, "load_training", lambda path: both)
    for seed, chosen in ((None, both), (5, both[1:])):
        assert program_actions._results(types.SimpleNamespace(weights="a.h5", seed=seed)) == chosen
    with pytest.raises(program_actions.InputError, match=r"a\.h5 has no seed 6, it has \[4, 5\]"):
        program_actions._results(types.SimpleNamespace(weights="a.h5", seed=6))


def trained(seed, chip, twin, *, seconds, training_seconds, pulses, energy, epochs=2):
    """Seconds of the twin are half of these."""

    def curve(last, share):
        return types.SimpleNamespace(
            test_accuracy=np.array([0.1] * epochs + [last]), seconds=share * seconds,
            training_seconds=share * training_seconds,
        )  # fmt: skip

    hardware = types.SimpleNamespace(pulses=np.array([7, pulses]), energy=np.array([1e-12, energy]))
    config = types.SimpleNamespace(mirrored=True)
    return types.SimpleNamespace(seed=seed, chip=curve(chip, 1.0), float32=None if twin is None else curve(twin, 0.5),
                                 accuracy=chip, hardware=hardware, config=config)  # fmt: skip


@pytest.fixture
def two_seeds(monkeypatch):
    """Two seeds, one of two epochs, one of three, on 100 images to train."""
    parts = types.SimpleNamespace(train=range(100), test=range(9))
    monkeypatch.setattr(train_actions, "divide", lambda *_, **__: parts)
    return [
        trained(4, 0.90, 0.97, seconds=10.0, training_seconds=8.0, pulses=1000, energy=2e-9),
        trained(5, 0.80, 0.95, seconds=20.0, training_seconds=12.0, pulses=5000, energy=6e-9, epochs=3),
    ]


def test_rates_of_a_training_are_of_all_its_seeds(two_seeds):
    """500 images in 30 s, of which 20 s were training; the twin takes half; deviation of 0.9 and 0.8 is 0.1/sqrt(2)."""
    found = train_actions._summary(two_seeds, None)
    assert found == {
        "seeds": [4, 5], "test_accuracy": [0.9, 0.8], "test_accuracy_mean": pytest.approx(0.85),
        "test_accuracy_std": pytest.approx(0.1 / np.sqrt(2)), "float32_test_accuracy": [0.97, 0.95], "epochs": 3,
        "seconds_per_epoch": pytest.approx(30 / 5), "images_per_second": pytest.approx(500 / 20),
        "float32_images_per_second": pytest.approx(500 / 10), "pulses_per_second": pytest.approx(6000 / 30),
        "pulses": 6000, "energy_J": pytest.approx(8e-9), "mirrored": True,
    }  # fmt: skip
    assert train_actions._lines(two_seeds, found) == [
        "seed 4: test accuracy on chip 0.9000, float32 0.9700",
        "seed 5: test accuracy on chip 0.8000, float32 0.9500",
        "  measured with the mean of the outputs for an image and its mirror image",
        "  mean 0.8500, deviation 0.0707",
        "  3 epochs of 6.0 s on chip, 25 images per second",
        "  6000 write pulses, 8e-09 J",
    ]
    alone = [trained(4, 0.9, None, seconds=10.0, training_seconds=8.0, pulses=1000, energy=2e-9)]
    single = train_actions._summary(alone, None)
    assert (single["test_accuracy_std"], single["float32_images_per_second"]) == (0.0, None)
    lines = train_actions._lines(alone, single | {"energy_J": None, "mirrored": False})
    assert lines[0] == "seed 4: test accuracy on chip 0.9000" and lines[-1] == "  1000 write pulses, energy unknown"
    assert len(lines) == 3


def test_outcomes_of_a_point_are_those_of_the_last_epoch(two_seeds):
    known, unknown = types.SimpleNamespace(knows_energy=True), types.SimpleNamespace(knows_energy=False)
    found = train_actions._outcomes(two_seeds, known, None)
    assert found == {
        "test_accuracy": [0.9, 0.8], "float32_test_accuracy": [0.97, 0.95], "pulses": [1000, 5000],
        "energy_J": [2e-9, 6e-9],
    }  # fmt: skip
    assert [train_actions._is_of_the_chip(types.SimpleNamespace(section=section, field=types.SimpleNamespace(name="x")))
            for section in ("data", "network", "training", "synapse", "adc")] == [False] * 3 + [True] * 2  # fmt: skip
    other = train_actions._outcomes(two_seeds, unknown, {"float32_test_accuracy": [0.5, 0.6]})
    assert np.isnan(other["energy_J"]).all() and other["float32_test_accuracy"] == [0.5, 0.6]
    two_seeds[1].float32 = None
    assert train_actions._outcomes(two_seeds, known, None)["float32_test_accuracy"] == pytest.approx(
        [0.97, np.nan], nan_ok=True
    )


def test_a_training_of_unknown_energy_says_so_and_tells_its_notes(two_seeds, monkeypatch, capsys):
    synapses = types.SimpleNamespace(knows_energy=False, table=None, name="ladder", notes=["of the table"])
    job = train_actions.Job(synapses=synapses, dataset=None, config=None)
    monkeypatch.setattr(train_actions.Job, "of", classmethod(lambda cls, *_, **__: job))
    monkeypatch.setattr(train_actions, "_trained", lambda *_: two_seeds)
    monkeypatch.setattr(train_actions, "notes_on", lambda results: ["made up"])
    train_actions.run_training(types.SimpleNamespace(out=None, json=False), None)
    out, err = capsys.readouterr()
    assert "  6000 write pulses, energy unknown" in out and "no cost: an idealized synapse" in out
    assert err == "note: of the table\nnote: made up\n"


def test_seeds_count_on_from_the_root():
    assert train_actions.seeds_of(types.SimpleNamespace(seed=7, seeds=3)) == range(7, 10)
    assert train_actions.seeds_of(types.SimpleNamespace(seed=7, seeds=None)) == range(7, 8)


def test_trials_of_a_search_in_one_line():
    trial = types.SimpleNamespace(learning_rate=0.02, weight_range=1.5, validation_accuracy=0.91234, pulses=77)
    assert train_actions._trial_line(trial) == (
        "learning rate 0.02, weight range 1.5: validation accuracy 0.9123, 77 pulses"
    )


def test_a_potential_is_told_in_the_heat_of_the_device(command, monkeypatch, tmp_path):
    """At 400 K; barriers in kB T, fields in mT, places in nm."""
    well = types.SimpleNamespace(
        q=120.4e-9,
        barrier_left=2e-19,
        barrier_right=3e-19,
        depinning_field_left=12.3e-3,
        depinning_field_right=-45.6e-3,
    )
    hot = load_device("five_state").replace({"temperature": 400.0})
    asked = []
    monkeypatch.setattr("llg.calibration.potential_map.read_potential_map",
                        lambda *a, **k: types.SimpleNamespace(open_ends=[250e-9]))  # fmt: skip
    monkeypatch.setattr("llg.calibration.potential_map.with_potential", lambda device, pinning, origin: hot)
    monkeypatch.setattr("llg.landscape.wells.find_wells", lambda model, T: asked.append(T) or [well])
    answer = command("calibrate", "five_state", "--potential", "map.csv")
    assert asked == [400.0] and answer.code == 0
    left, right = 2e-19 / (K_B * 400), 3e-19 / (K_B * 400)
    assert answer.out.splitlines()[1:] == [
        f"  120.4 nm: barriers {left:.1f} and {right:.1f} kB T, depinning fields 12.30 and -45.60 mT",
        "note: the map ends at q_S = 250 nm while the wall is still pinned; beyond, its force is a guess",
    ]
    (row,) = command("calibrate", "five_state", "--potential", "map.csv", "--json").json["wells"]
    assert row == {
        "q_m": 120.4e-9, "barrier_left_kT": pytest.approx(left), "barrier_right_kT": pytest.approx(right),
        "depinning_field_T": [12.3e-3, -45.6e-3],
    }  # fmt: skip
    assert calibrate.KINDS.keys() == {"pinning", "velocity", "depinning", "trajectory"}


def test_walls_of_snapshots_are_told_in_nanoseconds_nanometres_and_degrees(command, monkeypatch):
    walls = [
        WallShape(1.5e-9, 120.4e-9, np.pi / 2, np.radians(2.25), 5.6e-9, 0.75e-9),
        WallShape(None, 0.0, np.pi, 0.0, 6e-9, 0.0),
    ]
    asked = []
    monkeypatch.setattr("llg.calibration.snapshots.walls_of", lambda device, files, left: asked.append(left) or walls)
    lines = command(
        "import", "a.ovf", "b.ovf", "--from", "ovf", "--device", "five_state", "--left", "30 nm"
    ).out.splitlines()
    assert lines[0].split() == [
        "t",
        "[ns]",
        "q",
        "[nm]",
        "phi",
        "[deg]",
        "tilt",
        "[deg]",
        "Delta",
        "[nm]",
        "bow",
        "[nm]",
    ]
    assert lines[1].split() == ["1.500", "120.40", "90.0", "2.25", "5.60", "0.75"]
    assert lines[2].split() == ["-", "0.00", "180.0", "0.00", "6.00", "0.00"]
    assert asked == [pytest.approx(30e-9)]
    assert (import_table.STATES, import_table.OVERLAP, import_table.WIDE) == (64, 0.01, 1.1)


@dataclasses.dataclass
class WallShape:
    """A wall of a snapshot, as the command prints it."""

    time: float | None
    q: float
    phi: float
    chi: float
    Delta: float
    bow: float


@pytest.fixture
def rested(monkeypatch):
    """Chips whose walls move by a hundredth per second of rest; their accuracies tell how long they rested."""
    monkeypatch.setattr(infer_actions, "periphery_of", lambda given, **_: given["adc"])
    monkeypatch.setattr(
        infer_actions, "after_rest", lambda chip, synapses, times, where: [(0.01 * t, (chip, t)) for t in times]
    )

    def infer(chip, dataset, periphery):
        chip, time = chip if isinstance(chip, tuple) else (chip, 0.0)
        return types.SimpleNamespace(accuracy=chip.accuracy - time / 100 - periphery["bits"] / 1000)

    synapses = types.SimpleNamespace(resting_at=lambda temperature: ("rates", temperature))
    monkeypatch.setattr(infer_actions, "infer", infer)
    monkeypatch.setattr(infer_actions, "synapses_from", lambda table, points: synapses)
    chips = [
        types.SimpleNamespace(accuracy=a, seed=s, config=types.SimpleNamespace(mirrored=False))
        for s, a in ((1, 0.9), (2, 0.7))
    ]
    return infer_actions.Reading(
        arguments=types.SimpleNamespace(chips="a.h5"),
        chips=chips,
        points=None,
        dataset=None,
        times=[1.0, 5.0, 20.0],
        notes=[],
    )


def test_a_reading_after_a_rest_is_of_the_last_time(rested):
    """Of rests of 1, 5 and 20 s the second: 0.05 of the walls moved."""
    found = rested.read({"rest": {"time": 5.0, "temperature": 350.0}, "adc": {"bits": 4}})
    assert found == {
        "test_accuracy": pytest.approx([0.9 - 0.05 - 0.004, 0.7 - 0.05 - 0.004]),
        "programmed_test_accuracy": [0.9, 0.7],
        "moved_share": [0.05, 0.05],
    }  # fmt: skip
    assert rested.rest({"rest": {"time": 5.0, "temperature": 350.0}}) == (("rates", 350.0), 5.0)
    without = rested.read({"rest": {}, "adc": {"bits": 0}})
    assert without == {"test_accuracy": [0.9, 0.7], "programmed_test_accuracy": [0.9, 0.7]}


def test_readings_in_words(rested, monkeypatch, capsys):
    monkeypatch.setattr(infer_actions.Reading, "of", classmethod(lambda cls, arguments, given: rested))
    arguments = types.SimpleNamespace(json=False)
    infer_actions.run_once(arguments, {"rest": {"time": 5.0}, "adc": {"bits": 0}})
    assert capsys.readouterr().out.splitlines() == [
        "at the end of the programming: test accuracy 0.8000 (0.7000 to 0.9000)",
        "after 5 s 0.05 of the walls moved",
        "through this periphery: test accuracy 0.7500 (0.6500 to 0.8500)",
    ]


@pytest.mark.parametrize(
    ("network", "rows", "columns"),
    [
        (None, 27, 10),
        ("lenet", 26, 10),
        ("mlp:9", 65, 10),
        ("resnet8", 27, 10),
        ("resnet20", 27, 10),
        ("mobilenet-small", 27, 10),
    ],
)
def test_the_cost_of_a_preset_is_for_the_images_it_is_made_for(network, rows, columns):
    """VGG8 without a name; CIFAR-10 has three channels, MNIST and the digits one, all ten classes."""
    arguments = types.SimpleNamespace(training=None, network=network, image=None, classes=None)
    placed = cost._network(arguments, None, {"chip": {"clock": 5e8}})
    assert (placed.layers[0].rows, placed.layers[-1].columns, placed.settings.clock) == (rows, columns, 5e8)
    sizes = {"vgg8": 1024, "lenet": 784, "mlp": 1, "resnet8": 1024, "resnet20": 1024, "mobilenet-small": 1024}
    assert placed.layers[0].positions == sizes[(network or "vgg8").partition(":")[0]]
    own = types.SimpleNamespace(training=None, network="linear", image=(3, 4, 2), classes=7)
    (layer,) = cost._network(own, None, {"chip": {}}).layers
    assert (layer.rows, layer.columns) == (25, 7)


class Stop(Exception):
    """Ends a command where its work would begin, with what it was told."""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), {"n": 1000, "seed": 1, "samples": 0, "dt": None}),
        (("-o", "t.h5"), {"n": 1000, "samples": 500}),
        (
            ("-o", "t.h5", "-n", 7, "--samples", 9, "--seed", 3, "--dt", "1 ps"),
            {"n": 7, "samples": 9, "seed": 3, "dt": 1e-12},
        ),
    ],
)
def test_an_ensemble_is_of_a_thousand_trajectories_with_five_hundred_samples(
    command, monkeypatch, tmp_path, options, told
):
    def run_pulse(device, **options):
        raise Stop(options)

    monkeypatch.setattr("llg.runs.simulation.run_pulse", run_pulse)
    with pytest.raises(Stop) as caught:
        command("simulate", "five_state", *options, cwd=tmp_path)
    assert {name: caught.value.args[0][name] for name in told} == told


@pytest.mark.parametrize(
    ("module", "needed", "expected"),
    [
        (sweep, ["five_state"], {"instances": 1, "n": 1000, "seed": 1, "target_error": None}),
        (simulate, ["five_state"], {"instance": 0, "pulses": 1, "polarity": "same", "method": "ensemble", "n": None}),
        (rates, ["five_state"], {"method": "auto"}),
        (bench, [], {"seconds": 2.0}),
        (run, [], {"device": "five_state", "quick": False, "seed": 1}),
        (calibrate, ["five_state"], {"temperature": 0.0, "profile": False, "mirror": False}),
    ],
)
def test_options_that_are_not_given(module, needed, expected):
    parser = argparse.ArgumentParser()
    module.declare(parser)
    found = vars(parser.parse_args(needed))
    assert {name: found[name] for name in expected} == expected
