"""Commands on a device take its settings, and `run` those of its training."""

import json

import pytest

from compact.table.table_file import load_table
from dwsynapse.chain.chain import ChainPlan


def test_sweep_of_a_device_that_is_changed(command, folder):
    argv = ("sweep", "five_state", "--currents=-7e11,7e11", "--durations", "1e-9", "-n", 20)
    assert command(*argv, "--set", "material.alpha=0.3", "--set", "track.width=110 nm", "-o", "a.h5").code == 0
    device = load_table("a.h5").config["device"]
    assert (device["material"]["alpha"], device["track"]["width"]) == (0.3, pytest.approx(110e-9))


@pytest.mark.parametrize("name", ["sweep", "calibrate", "run"])
def test_listing(command, name):
    listed = json.loads(command(name, "--settings", "--json").out)["settings"]
    assert listed["material.alpha"]["bounds"][">"] == 0 and "notch.depth" in listed
    assert ("training.epochs" in listed) == (name == "run")
    answer = command(name, "five_state", "--set", "alhpa=0.3", "-o", "x.h5")
    assert answer.code == 2 and 'did you mean "alpha"' in answer.err


def test_run_takes_settings_of_its_training():
    assert ChainPlan.of(1, quick=True).config.epochs == 20
    assert ChainPlan.of(1, quick=True, training={"epochs": 3, "batch_size": 8}).config.epochs == 3


def test_samples_need_a_file(command):
    answer = command("simulate", "five_state", "--samples", 10)
    assert (answer.code, answer.err) == (
        2, "dwsynapse: --samples 10: are kept in the file of -o, which is missing\n")  # fmt: skip


def test_a_name_that_nothing_has_is_told_all_that_is_shipped(command, folder):
    answer = command("info", "nosuch")
    assert answer.code == 2 and all(name in answer.err for name in ("five_state", "resistive-hfo2", "vgg8-cifar10"))
    (folder / "summary.json").write_text("{}")
    for name in ("check", "info"):
        assert "is JSON, which has no seal to verify" in command(name, "summary.json").err


def test_a_duration_that_is_varied_is_that_of_the_option(command):
    varied = command("simulate", "five_state", "--vary", "duration=1 ns,2 ns", "-n", 20, "--json").json
    assert varied["axes"][0]["name"] == "drive.duration"


def test_a_run_on_unsound_input_leaves_no_folder_and_a_filled_one_is_refused_first(command, folder):
    assert "no such file" in command("run", "nosuch", "-o", "new").err and not (folder / "new").exists()
    (folder / "full").mkdir()
    (folder / "full" / "a").touch()
    assert "is not empty" in command("run", "nosuch", "-o", "full").err
