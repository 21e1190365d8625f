"""What commands ask the packages for: each option reaches what it is named after, and outcomes are read at their places."""

import argparse
import dataclasses
import types

import numpy as np
import pytest
from fit_cases import table_of

from compact.table.transition_table import InstanceStates
from dwcore.errors import InputError
from dwsynapse.command_line import build_parser
from dwsynapse.commands import (
    calibrate,
    cost,
    export_table,
    import_table,
    program_actions,
    rates,
    simulate,
    sweep,
    train_actions,
)
from llg import Field, load_device
from llg.device.pulse import Waveform
from llg.runs.simulation import PulseRun


def parsed(*argv):
    return build_parser(argv[0]).parse_args([str(argument) for argument in argv])


class Stopped(Exception):
    """Raised by a `Spy` once it has been asked."""


class Spy:
    """Stands for a function of a package: notes what it is asked for and returns its answer, or ends the command."""

    def __init__(self, monkeypatch, name, answer=Stopped):
        self.asked, self.answer = [], answer
        monkeypatch.setattr(name, self)

    def __call__(self, *arguments, **named):
        self.asked.append((arguments, named))
        if self.answer is Stopped:
            raise Stopped
        return self.answer


SIMULATE = (
    "simulate", "five_state", "--current", "3e11", "--duration", "2 ns", "--period", "5 ns", "--temperature", "350 K",
    "--H_x", "1e3", "--H_y", "2e3", "--H_z=-3e3", "--pulses", 3, "--polarity", "alternating", "--state", 1, "-n", 7,
    "--seed", 9, "--dt", "1e-13", "--jobs", 2,
)  # fmt: skip


def test_drive_and_ensemble_of_a_simulation():
    arguments = parsed(*SIMULATE)
    given = simulate._given(arguments)
    assert simulate._ensemble_options(arguments, given, simulate._device(arguments, given)) == {
        "current_density": 3e11, "duration": pytest.approx(2e-9), "period": pytest.approx(5e-9), "pulses": 3,
        "alternating": True, "field": Field(H_x=1e3, H_y=2e3, H_z=-3e3), "temperature": 350.0, "state": 1,
        "n": 7, "seed": 9, "dt": 1e-13, "jobs": 2, "keep": False,
    }  # fmt: skip


def test_an_instance_is_drawn_with_the_seed():
    arguments = parsed("simulate", "five_state", "--instance", 4, "--seed", 9)
    assert (
        simulate._device(arguments, simulate._given(arguments)).config()
        == load_device("five_state").draw(4, 9).config()
    )


def test_a_waveform_with_a_unit_says_the_current(tmp_path):
    path = tmp_path / "pulse.csv"
    path.write_text("time_ns,value_A_per_m2\n0,0\n1,-4e11\n2,0\n")
    arguments = parsed("simulate", "five_state", "--waveform", path)
    found = simulate._what_acts(arguments, simulate._given(arguments), None)
    assert found["current_density"] * found["shape"].value == pytest.approx([0, -4e11, 0])
    assert found["shape"].time == pytest.approx([0, 1e-9, 2e-9])


@pytest.mark.parametrize(("start", "down", "up"), [(0, 0.0, 0.2), (1, 0.1, 0.6), (2, 0.2, 0.0)])
@pytest.mark.parametrize("method", ["ensemble", "fokker-planck"])
def test_moves_are_counted_from_the_state_of_the_start(monkeypatch, method, start, down, up):
    """A tenth of the walls ends in the first of three states, then 0.2 and 0.6; a tenth in none."""
    wells = [types.SimpleNamespace(q=q) for q in (1e-7, 2e-7, 3e-7)]
    case = types.SimpleNamespace(wells=wells, start=(wells[start].q, 0.0))
    p = np.array([0.1, 0.2, 0.6, 0.1])
    run = types.SimpleNamespace(case=case, probability=p, mean_velocity=-4.5)
    name = {"ensemble": "llg.runs.simulation.run_pulse", "fokker-planck": "llg.fokker_planck.run.run_pulse_density"}
    spy = Spy(monkeypatch, name[method], run)
    cell = ("--cell", "0.25") if method == "fokker-planck" else ()
    arguments = parsed("simulate", "five_state", "--method", method, *cell)
    monkeypatch.setattr(simulate, "_notes", lambda given, of: ["noted"] if of is run else [])
    assert simulate._measured(arguments, simulate._given(arguments)) == ({
        "up_by_one": [up], "down_by_one": [down], "stayed": [p[start]], "left": [0.1], "mean_velocity_m_per_s": [-4.5],
    }, ["noted"])  # fmt: skip
    assert spy.asked[0][1].get("cell") == (0.25 if cell else None)
    case.wells = []
    found, _ = simulate._measured(arguments, simulate._given(arguments))
    assert found["mean_velocity_m_per_s"] == [-4.5] and all(np.isnan(found[name]) for name in ("stayed", "left"))


def test_a_step_is_checked_with_the_same_pulse_and_notes_are_told(command, monkeypatch, tmp_path):
    """The run that is repeated differs in nothing but the step; 500 times are recorded for the file."""
    run = object.__new__(PulseRun)
    again = Spy(monkeypatch, "llg.runs.simulation.run_pulse", run)
    noted = Spy(monkeypatch, "llg.runs.simulation.notes_on", ["made up"])
    for name, answer in (
        ("simulation.as_json", {}),
        ("trajectories.record", "records"),
        ("trajectories.save_trajectories", None),
    ):
        Spy(monkeypatch, f"llg.runs.{name}", answer)
    check = types.SimpleNamespace(as_json=lambda: "checked", advice=lambda: "small enough")
    monkeypatch.setattr("llg.runs.step_check.check_step", lambda device, run, repeat: repeat(dt=1e-14) and check)
    monkeypatch.setattr(simulate, "_lines", lambda *_: [])
    monkeypatch.setattr(simulate, "idle_keys", lambda device: ["idle"])
    found = command(*SIMULATE, "--check-dt", "-o", tmp_path / "a.h5", "--json").json
    (_, first), (_, second) = again.asked
    assert (first["dt"], first["samples"], second["dt"]) == (1e-13, 500, 1e-14)
    assert {name: first[name] for name in second if name != "dt"} == {n: v for n, v in second.items() if n != "dt"}
    assert noted.asked == [((run,), {})] and found["check_dt"] == "checked" and found["instance"] == 0
    assert found["notes"] == ["made up", "idle"]


def test_a_density_tells_the_notes_of_its_drive(command, monkeypatch):
    Spy(monkeypatch, "llg.fokker_planck.run.run_pulse_density", types.SimpleNamespace(case="case"))
    Spy(monkeypatch, "llg.fokker_planck.run.as_json", {})
    noted = Spy(monkeypatch, "llg.runs.simulation.drive_notes", ["made up"])
    monkeypatch.setattr(simulate, "_lines", lambda *_: [])
    line = ("simulate", "five_state", "--method", "fokker-planck", "--temperature", 350, "--json")
    assert command(*line).json["notes"] == ["made up"] and noted.asked == [(("case", 350.0), {})]


def test_rates_are_of_current_temperature_and_method(monkeypatch):
    spy = Spy(monkeypatch, "llg.rates.summary.well_rates")
    line = (
        "rates",
        "five_state",
        "--current=-3e10",
        "--temperature",
        "350",
        "--method",
        "flux",
        "--seed",
        5,
        "--jobs",
        2,
    )
    with pytest.raises(Stopped):
        rates.run(parsed(*line))
    (device, temperature), named = spy.asked[0]
    assert (device.name, temperature) == (load_device("five_state").name, 350.0)
    assert {name: named[name] for name in ("current_density", "method", "seed", "jobs")} == {
        "current_density": -3e10, "method": "flux", "seed": 5, "jobs": 2,
    }  # fmt: skip


def test_the_plan_of_a_sweep():
    line = ("sweep", "five_state", "-o", "t.h5", "-n", 30, "--target-error", "0.02", "--seed", 5, "--set", "alpha=0.2")
    axes = ("--currents=-3e11,4e11", "--durations", "1 ns,2 ns", "--temperatures", "250,350", "--instances", 2)
    plan = sweep._plan(parsed(*line, *axes))
    assert (plan.n, plan.target_error, plan.seed, plan.instances) == (30, 0.02, 5, (1, 2))
    assert plan.temperature == (250.0, 350.0) and plan.grid.current_density == (-3e11, 4e11)
    assert plan.grid.duration == pytest.approx((1e-9, 2e-9)) and plan.device.material.alpha == 0.2
    alone = sweep._plan(parsed(*line, "--durations", "1 ns"))
    nominal = load_device("five_state").pulse.current_density
    assert (alone.instances, alone.temperature) == ((0,), (300.0,)) and alone.grid.duration == pytest.approx((1e-9,))
    assert min(np.abs(alone.grid.current_density)) == pytest.approx(0.5 * nominal)
    assert sweep._shard("3/8") == (3, 8) and sweep._shard("8/8") == (8, 8)
    for text in ("0/8", "9/8", "1/0", "1"):
        with pytest.raises(argparse.ArgumentTypeError, match="must be I/N with 1 <= I <= N"):
            sweep._shard(text)


def test_a_sweep_is_summed_up_at_the_temperature_of_its_states(monkeypatch, capsys):
    Spy(monkeypatch, "compact.bulk.run.run_to_table", "table")
    told = Spy(monkeypatch, "dwsynapse.commands.sweep.summary", ({}, []))
    sweep.run(parsed("sweep", "five_state", "-o", "t.h5", "--temperatures", "250,310,400", "--durations", "1 ns"))
    assert told.asked[0][0][1:] == ("table", 310.0)


def test_one_step_is_that_of_each_device_at_the_temperature():
    """Of ten walls of two devices 5 and 3 move on at 300 K, 8 and 6 at 350 K."""
    counts = np.zeros((2, 2, 2, 1, 3, 4), int)
    for (k, t), hits in np.ndenumerate([[5, 8], [3, 6]]):
        for s, a in np.ndindex(3, 2):
            to = s + (-1, 1)[a]
            counts[k, t, a, 0, s, to if 0 <= to < 3 else s] += hits
            counts[k, t, a, 0, s, s] += 10 - hits
    table = table_of(counts, (-1e11, 1e11), (1e-9,), (300.0, 350.0), devices={"instance": [4, 7]})
    ones = np.ones((2, 2, 3))
    there = InstanceStates(present=ones.astype(int), position=ones, conductance=ones, conductance_std_ctoc=0 * ones)
    found, lines = sweep.summary("t.h5", dataclasses.replace(table, instance_states=there), 350.0)
    assert found["one_step_probability"] == pytest.approx([0.7, 0.7]) and found["instances"] == [4, 7]
    assert np.allclose(found["one_step_probability_range"], [[0.6, 0.8]] * 2) and found["trajectories"] == 240
    assert [point["current_density"] for point in found["write_pulses"]] == [1e11, -1e11]
    assert lines[1].endswith("up and down: 0.7000 0.7000 (over the devices 0.6000 to 0.8000, 0.6000 to 0.8000)")


def test_data_are_read_as_calibrate_is_told(monkeypatch):
    module = "llg.calibration.{0}.read_{0}"
    spies = {kind: Spy(monkeypatch, module.format(name), kind) for kind, name in (
        ("pinning", "pinning_map"), ("velocity", "velocity_curve"), ("depinning", "depinning_curve"),
        ("trajectory", "wall_trace"))}  # fmt: skip
    line = ["calibrate", "five_state", "--origin", "30 nm", "--column", "q=place", "--mz-length", "2 um"]
    line += ["--temperature", "250", "--seed", 5, "--jobs", 2]
    for kind in spies:
        line += [f"--{kind}", f"{kind}.csv"]
    assert "".join(calibrate._read(parsed(*line), "device")) == "".join(spies)
    columns, place, noise = {"columns": {"q": "place"}}, {"origin": pytest.approx(30e-9)}, {"seed": 5, "jobs": 2}
    mz = {"mz_length": pytest.approx(2e-6)}
    told = {
        "pinning": columns | place | mz, "velocity": columns, "depinning": columns | place | noise,
        "trajectory": columns | place | noise | mz | {"temperature": 250.0},
    }  # fmt: skip
    for kind, spy in spies.items():
        ((file, device), named) = spy.asked[0]
        assert (str(file), device, named) == (f"{kind}.csv", "device", told[kind])


def test_a_potential_is_read_as_calibrate_is_told(monkeypatch):
    spy = Spy(monkeypatch, "llg.calibration.potential_map.read_potential_map")
    line = ("calibrate", "five_state", "--potential", "m.csv", "--mirror", "--mz-length", "2 um", "--column", "q=place")
    with pytest.raises(Stopped):
        calibrate.run(parsed(*line))
    assert spy.asked[0][1] == {"columns": {"q": "place"}, "mz_length": pytest.approx(2e-6), "mirror": True}


def test_no_trajectory_is_colder_than_nothing(command):
    answer = command("calibrate", "five_state", "--potential", "m.csv", "--temperature=-1")
    assert answer.code == 2 and answer.err == "dwsynapse: --temperature -1 [K] must be >= 0\n"


def test_what_an_import_is_told(monkeypatch):
    facts = {"temperature": 350.0, "energy": pytest.approx(5e-14)}
    known = ("--temperature", "350", "--energy", "50 fJ", "-o", "t.h5")
    monkeypatch.setattr("compact.exchange.crosssim_import.device_pairs", lambda files: [("up", "down")])
    crosssim = Spy(monkeypatch, "compact.exchange.crosssim_import.import_crosssim")
    with pytest.raises(Stopped):
        line = ("import", "f", "--from", "crosssim", "--states", 9, "--current", "3e11", "--duration", "2 ns", *known)
        import_table.run(parsed(*line))
    assert crosssim.asked[0][1]["states"] == 9 and dataclasses.asdict(crosssim.asked[0][1]["facts"]) == facts | {
        "current_density": 3e11, "duration": pytest.approx(2e-9),
    }  # fmt: skip
    read = Spy(monkeypatch, "compact.exchange.pulse_data.read_pulse_data", "data")
    pulses = Spy(monkeypatch, "compact.exchange.pulse_import.import_pulses")
    with pytest.raises(Stopped):
        line = ("import", "f.csv", "--from", "pulses", "--area", "4e-16", "--column", "G=I/V", "--assume-stay", *known)
        import_table.run(parsed(*line))
    assert read.asked[0][0][1] == {"G": "I/V"}
    ((data,), named) = pulses.asked[0]
    assert dataclasses.asdict(named.pop("facts")) == facts | {"current_density": None, "duration": None}
    assert (data, named) == ("data", {"states": None, "area": 4e-16, "assume_stay": True})


def test_what_an_export_is_told(monkeypatch, tmp_path):
    table = types.SimpleNamespace(config={"origin": {"placeholders": {"energy_per_pulse": "zero"}}})
    monkeypatch.setattr("compact.exchange.synapse_table.table_of", lambda source: table)
    where = ("export", "t.h5", "--temperature", "350")
    crosssim = Spy(monkeypatch, "compact.exchange.crosssim_export.export_crosssim")
    with pytest.raises(Stopped):
        export_table.run(parsed(*where, "--to", "crosssim", "--resolution", 21, "-o", tmp_path / "a"))
    named = crosssim.asked[0][1]
    assert (named["resolution"], named["temperature"], named["force"]) == (21, 350.0, False)
    module = Spy(monkeypatch, "compact.exchange.verilog_a.synapse_module")
    with pytest.raises(Stopped):
        export_table.run(parsed(*where, "--to", "verilog-a", "--device", 2, "-o", tmp_path / "my-device.va"))
    assert module.asked[0][1] == {"name": "my_device", "device": 2, "temperature": 350.0}
    rows = Spy(monkeypatch, "compact.exchange.pulse_rows.pulse_rows", "rows")
    monkeypatch.setattr(
        "compact.exchange.write_line.write_line", lambda of: "line of the table" if of is table else None
    )
    for target, name, told in (
        ("neurosim", "neurosim_parameters", ("rows", "line of the table", ("energy_per_pulse",))),
        ("aihwkit", "aihwkit_device", ("rows",)),
    ):
        spy = Spy(monkeypatch, f"compact.exchange.{target}.{name}")
        with pytest.raises(Stopped):
            export_table.run(parsed(*where, "--to", target, "-o", tmp_path / "a.json"))
        assert spy.asked[0][0] == told and rows.asked[-1][1] == {"temperature": 350.0}
    for target in ("mumax3", "ubermag"):
        scripts = Spy(monkeypatch, f"llg.calibration.{target}.save_{target}")
        with pytest.raises(Stopped):
            export_table.run(
                parsed("export", "five_state", "--to", target, "--origin", "30 nm", "-o", tmp_path / target)
            )
        assert scripts.asked[0][1] == {"origin": pytest.approx(30e-9), "force": False}


def test_weights_are_programmed_by_the_pulses_of_a_chip_at_its_temperature(monkeypatch):
    spy = Spy(monkeypatch, "dwsynapse.commands.program_actions.synapses_from")
    given = {"synapse": {"table": "t.h5", "temperature": 350.0, "draw": 3}}
    with pytest.raises(Stopped):
        program_actions.job_of(types.SimpleNamespace(), given)
    assert spy.asked == [(("t.h5",), {"temperature": 350.0, "draw": 3})]


def test_a_training_takes_the_synapses_and_the_data_that_were_chosen(monkeypatch, tmp_path):
    """What was loaded for one point of a series serves the next; the digits of a series lie in no folder."""
    module = "dwsynapse.commands.train_actions"
    drawn = Spy(monkeypatch, f"{module}.synapses_from", "synapses")
    images = Spy(monkeypatch, f"{module}.load_dataset", "images")
    spoken = Spy(monkeypatch, f"{module}.config_of", "config")
    arguments = types.SimpleNamespace(data_dir=tmp_path, download=True, periphery=None)
    given = {"synapse": {"table": "t.h5", "temperature": 350.0, "draw": 3}, "data": {"dataset": "mnist"}}
    loaded = {}
    for point in (given, given, given | {"data": {"dataset": "digits"}}):
        job = train_actions.Job.of(arguments, point, loaded, several=True)
        assert (job.synapses, job.dataset, job.config) == ("synapses", "images", "config")
    assert drawn.asked == [(("t.h5",), {"temperature": 350.0, "draw": 3})]
    assert images.asked == [(("mnist", tmp_path), {"download": True}), (("digits", None), {"download": False})]
    train_actions.Job.of(arguments, given | {"data": {"dataset": "digits"}})
    assert images.asked[-1] == (("digits", tmp_path), {"download": True})
    assert spoken.asked[0] == ((given,), {"periphery_file": False})


def test_the_level_of_a_gate_without_a_unit_is_taken_as_it_is(tmp_path):
    path = tmp_path / "gate.csv"
    path.write_text("time_ns,value\n0,0\n1,0.5\n")
    gated = types.SimpleNamespace(section=lambda name: types.SimpleNamespace(voltage=2.0))
    arguments = parsed("simulate", "five_state", "--gate-waveform", path)
    found = simulate._what_acts(arguments, simulate._given(arguments), gated)["gate_waveform"]
    assert isinstance(found, Waveform) and found.value.tolist() == [0, 0.5]


def test_a_chip_file_is_judged_together_with_the_options(tmp_path):
    """200 columns to a converter are too many for arrays of 128, and fit those of 256 that an option asks for."""
    (tmp_path / "chip.toml").write_text("columns_per_converter = 200\ninput_bits = 4\n")
    arguments = parsed("cost", "--chip", tmp_path / "chip.toml", "--set", "array_columns=256", "--set", "input_bits=6")
    given = cost._given(arguments)
    assert given["chip"] == {"columns_per_converter": 200, "array_columns": 256, "input_bits": 6}
    with pytest.raises(InputError, match="columns_per_converter = 200 must be <= array_columns = 128"):
        cost._given(parsed("cost", "--chip", tmp_path / "chip.toml"))
