"""The chain without its work: how much of it a plan asks for, what each stage is told, and what the summary adds up."""

import dataclasses
import types

import numpy as np
import pytest

from arraysim.training.config import TrainingConfig
from compact.table.operating_point import OperatingPoint
from dwcore.errors import InputError
from dwsynapse.chain import chain
from dwsynapse.chain.chain import ChainPlan
from llg.device.device_file import load_device

HOT = load_device("five_state").replace({"temperature": 340.0})


def test_plans_full_and_quick():
    full, quick = ChainPlan.of(5, quick=False), ChainPlan.of(5, quick=True)
    assert (full.trajectories, full.seeds, full.quick) == (1000, (5, 6, 7), False)
    assert (quick.trajectories, quick.seeds, quick.quick) == (200, (5,), True)
    assert full.config == TrainingConfig() and quick.config == TrainingConfig(epochs=20)
    told = ChainPlan.of(5, quick=True, training={"epochs": 3, "rule": "sign"}).config
    assert (told.epochs, told.rule) == (3, "sign")


def stages(tmp_path, monkeypatch, **plan):
    """A chain on a hot device, and what its stages tell the packages."""
    told = {}

    def note(name, answer):
        monkeypatch.setattr(chain, name, lambda *a, **k: told.setdefault(name, (a, k)) and answer)

    for name in ("run_pulse", "record", "build_table"):
        note(name, types.SimpleNamespace(notes=["of the table"]))
    note("notes_on", ["of the run"])
    note("save_trajectories", None)
    note("save_table", None)
    note("write_points", ("up", "down"))
    made = chain._Chain(device=HOT, out=tmp_path, plan=ChainPlan.of(11, quick=True), seed=11, jobs=2, force=True)
    return made, told


def test_stages_are_told_seed_numbers_and_temperature(tmp_path, monkeypatch):
    made, told = stages(tmp_path, monkeypatch)
    made._trajectories()
    made._table()
    assert told["run_pulse"] == ((HOT,), {"n": 64, "samples": 400, "seed": 11, "jobs": 2})
    assert told["save_trajectories"][1] == {"seed": 11, "notes": ["of the run"], "force": True}
    (device, grid), more = told["build_table"]
    assert device is HOT and (more["n"], more["seed"], more["jobs"]) == (200, 11, 2)
    assert grid.current_density == pytest.approx([-8.05e11, -7e11, -5.95e11, -4.9e11, 4.9e11, 5.95e11, 7e11, 8.05e11])
    assert chain._write_points("table", HOT) == ("up", "down")
    assert told["write_points"] == (("table",), {"temperature": 340.0})


def test_a_device_of_one_state_ends_the_chain_before_any_file(tmp_path, monkeypatch):
    made, _ = stages(tmp_path, monkeypatch)
    monkeypatch.setattr(chain, "well_rates", lambda device: None)
    for wells, fate in (([{}], InputError), ([{}, {}], RuntimeError)):
        monkeypatch.setattr(chain, "rates_json", lambda _, wells=wells: {"wells": wells})
        monkeypatch.setattr(chain, "writable_folder", lambda *_: (_ for _ in ()).throw(RuntimeError))
        with pytest.raises(fate):
            made.summary()


def result(seed, chip, twin, pulses, energy):
    curve = lambda *values: types.SimpleNamespace(test_accuracy=np.array(values))  # noqa: E731
    hardware = types.SimpleNamespace(pulses=np.array([5, pulses]), energy=np.array([1e-12, energy]))
    return types.SimpleNamespace(seed=seed, chip=curve(0.1, chip), float32=curve(0.2, twin), hardware=hardware)


def test_the_summary_is_of_all_seeds_at_the_end(tmp_path, monkeypatch):
    """Means of accuracies, sums of pulses and energies; the memory comes in KiB from Linux and in bytes from macOS."""
    results = [result(1, 0.9, 0.95, 100, 2e-9), result(2, 0.8, 0.97, 300, 5e-9)]
    points = [OperatingPoint(current_density=J, duration=1e-9, temperature=300.0) for J in (7e11, -6e11)]
    pulses = {"up": (points[0], np.float64(3e-14)), "down": (points[1], np.float64(2e-14))}
    monkeypatch.setattr(chain, "summary_of", lambda cost: {"of": cost})
    usage = types.SimpleNamespace(ru_maxrss=2048)
    monkeypatch.setattr(chain.resource, "getrusage", lambda _: usage)
    monkeypatch.setattr(chain.sys, "platform", "linux")
    field = HOT.replace({"field.H_x": 1e4})
    found = chain._summary(field, tmp_path, {"wells": ["w"]}, pulses, results, "cost", {"total": 3.0})
    assert found["accuracy"] == {
        "on_chip_test": pytest.approx(0.85), "float32_test": pytest.approx(0.96), "seeds": [1, 2],
        "on_chip_test_per_seed": [0.9, 0.8], "float32_test_per_seed": [0.95, 0.97],
    }  # fmt: skip
    assert found["write_pulses"] == {
        "up": {"current_density_A_per_m2": 7e11, "duration_s": 1e-9, "energy_J": 3e-14},
        "down": {"current_density_A_per_m2": -6e11, "duration_s": 1e-9, "energy_J": 2e-14},
    }
    assert (found["pulses"], found["energy_J"]) == (400, pytest.approx(7e-9))
    assert found["field_A_per_m"]["H_x"] == 1e4 and found["cost"] == {"of": "cost"} and found["wells"] == ["w"]
    assert found["peak_memory_bytes"] == 2048 * 1024
    monkeypatch.setattr(chain.sys, "platform", "darwin")
    assert chain._peak_memory() == 2048


def test_the_cost_is_of_the_images_to_train_and_pulses_have_their_names(tmp_path, monkeypatch):
    """Of ten images two are for the test; the seed of all stages is that of the chain."""
    made, told = stages(tmp_path, monkeypatch)
    points = [OperatingPoint(current_density=J, duration=1e-9, temperature=300.0) for J in (7e11, -6e11)]
    law = types.SimpleNamespace(energy_per_pulse=np.array([3e-14, 2e-14]))
    synapses = types.SimpleNamespace(points=points, law=law, subject="s")
    dataset = types.SimpleNamespace(image_shape=(8, 8, 1))
    parts = types.SimpleNamespace(train=range(8), validation=None, test=range(2))
    cost = types.SimpleNamespace(comparison=None)
    replies = {
        "well_rates": None, "rates_json": {"wells": [1, 2]}, "load_dataset": dataset, "divide": parts,
        "training_cost": cost, "explore": {}, "_summary": {}, "report": None,
    }  # fmt: skip
    for name, answer in replies.items():
        monkeypatch.setattr(
            chain, name, lambda *a, name=name, answer=answer, **k: told.update({name: (a, k)}) or answer
        )
    for name, answer in (("_table", types.SimpleNamespace(notes=["of the table"], kind="table")), ("_synapses", synapses),
                         ("_training", ["r"]), ("_figures", [])):  # fmt: skip
        monkeypatch.setattr(
            chain._Chain, name, lambda _, *a, name=name, answer=answer: told.update({name: a}) or answer
        )
    made.summary()
    assert told["load_dataset"][0] == ("digits",) and told["_training"] == (synapses, dataset)
    table, use = told["training_cost"][0]
    assert told["_synapses"] == (table,) and (use.results, use.image_shape) == (["r"], (8, 8, 1))
    assert told["_figures"][1:] == (table, ["r"], None, "s")
    assert told["training_cost"][0][1].images == 8
    assert told["explore"][1] == {"seed": 11, "jobs": 2}
    assert told["report"][1]["summary"] == {"notes": ["of the table"]}
    pulses = told["_summary"][0][3]
    assert {way: (point.current_density, energy) for way, (point, energy) in pulses.items()} == {
        "up": (7e11, 3e-14), "down": (-6e11, 2e-14),
    }  # fmt: skip
    stages_of = {name: one for name, one in made.seconds.items() if name != "total"}
    assert len(stages_of) == 7 and made.seconds["total"] == pytest.approx(sum(stages_of.values()))
    assert dataclasses.replace(made).seed == 11
