"""`train --vary`, `--search`, settings, data from files and networks from TOML, as a user gives them."""

import gzip
import struct

import numpy as np
import pytest

NETWORK = """
name = "tiny"
[[layer]]
kind = "conv"
channels = 2
kernel = 3
[[layer]]
kind = "activation"
bits = 4
[[layer]]
kind = "flatten"
[[layer]]
kind = "linear"
"""


def test_vary_writes_results_that_can_be_drawn(command, folder):
    options = ("--table", "ladder", "--epochs", 1, "--seeds", 2, "--jobs", 1, "--vary", "states=5,2")
    result = command("train", *options, "-o", "s.h5", "--json").json
    assert result["axes"] == [{"name": "synapse.states", "unit": "1", "values": [5, 2]}]
    assert result["seeds"] == [1, 2]
    assert np.shape(result["test_accuracy"]) == np.shape(result["float32_test_accuracy"]) == (2, 2)
    assert result["float32_test_accuracy"][0] == result["float32_test_accuracy"][1]
    assert command("info", "s.h5", "--json").json["schema"] == "dwsynapse.variation"
    assert "train at 2 of 2 points, 2 seeds" in command("info", "--check", "s.h5").out
    assert command("plot", "s.h5", "-o", "s.png", "--json").json["figure"] == "result"
    assert [path.name for path in folder.iterdir() if "point" in path.name or "lock" in path.name] == []


def test_the_energy_of_idealized_synapses_is_unknown(command, folder):
    short = ("train", "--table", "ladder:5", "--network", "linear", "--epochs", 1, "--no-twin", "--jobs", 1)
    found = command(*short, "--json").json
    assert found["energy_J"] is None and found["cost"] is None and found["pulses"] > 0
    text = command(*short).out
    assert "write pulses, energy unknown" in text and "takes its energy and time as settings" in text


def test_vary_the_temperature_and_a_setting_of_a_table(command, chain, folder):
    table = chain[0] / "table.h5"
    for parameter, values in (("temperature", "300 K"), ("conductance_std_dtod", "0,0.1")):
        answer = command("train", "--table", table, "--epochs", 1, "--no-twin", "--vary", f"{parameter}={values}")
        assert (answer.code, answer.err) == (0, "")
        assert answer.out.count("test accuracy on chip") == values.count(",") + 1


def test_each_point_is_the_training_with_these_options(command, folder):
    """A grid of words and numbers; the twin is trained anew for what it feels and for nothing else."""
    small = ("train", "--table", "ladder", "--jobs", 1, "--seed", 3, "--network", "linear", "--json")
    grid = command(*small, "--vary", "rule=sign,mixed-precision", "--vary", "epochs=1,2").json
    assert [axis["values"] for axis in grid["axes"]] == [["sign", "mixed-precision"], [1, 2]]
    for i, rule in enumerate(("sign", "mixed-precision")):
        for k, epochs in enumerate((1, 2)):
            alone = command(*small, "--rule", rule, "--epochs", epochs).json
            assert grid["test_accuracy"][i][k] == alone["test_accuracy"]
            assert grid["float32_test_accuracy"][i][k] == alone["float32_test_accuracy"]


def test_a_series_of_tables(command, chain, folder):
    table = str(chain[0] / "table.h5")
    result = command("train", "--epochs", 1, "--jobs", 1, "--network", "linear", "--vary", f"table={table},ladder:3",
                     "-o", "t.h5", "--json").json  # fmt: skip
    assert result["axes"][0]["values"] == [table, "ladder:3"]
    assert list(command("info", "t.h5", "--json").json["inputs"]) == ["table.h5"]
    assert command("plot", "t.h5", "-o", "t.png").code == 0


def test_draws_of_what_a_table_leaves_open(command, chain, folder):
    table = str(chain[0] / "table.h5")
    small = ("--table", table, "--epochs", 2, "--jobs", 1, "--network", "linear")
    drawn = command("train", *small, "--vary", "draw=1,2", "--json").json
    as_counted = command("train", *small, "-o", "t.h5", "--json").json
    pulses = [drawn["pulses"][0], drawn["pulses"][1], [as_counted["pulses"]]]
    assert len({str(one) for one in pulses}) == 3
    written = [command("program", "t.h5", "--table", table, *draw, "--json").json
               for draw in ((), ("--set", "draw=1"), ("--set", "draw=1"))]  # fmt: skip
    assert written[0]["pulses_per_weight"] != written[1]["pulses_per_weight"] == written[2]["pulses_per_weight"]


def test_search_prints_trials_the_best_first(command, folder):
    options = ("--table", "ladder", "--epochs", 1, "--learning-rate", "0.002", "--jobs", 1, "--search")
    trials = command("train", *options, "--json").json["trials"]
    accuracy = [trial["validation_accuracy"] for trial in trials]
    assert accuracy == sorted(accuracy, reverse=True) and len(trials) >= 7
    assert trials[0].keys() == {"learning_rate", "weight_range", "validation_accuracy", "pulses"}


def test_search_among_the_values_of_settings_ends_with_the_best(command, folder):
    """Nine candidates on one epoch, three on three, one on nine; rates that are far too small or large fall out."""
    options = ("--table", "ladder", "--epochs", 9, "--jobs", 1, "--network", "linear", "--search")
    vary = ("--vary", "learning_rate=0.0001,0.3,3000", "--vary", "weight_range=2,4,8")
    answer = command("train", *options, *vary, "--json").json["trials"]
    assert [trial["epochs"] for trial in answer] == [9] + [3] * 3 + [1] * 9
    for some in (answer[1:4], answer[4:]):
        accuracy = [trial["validation_accuracy"] for trial in some]
        assert accuracy == sorted(accuracy, reverse=True)
    assert {trial["candidate"] for trial in answer[1:4]} == {trial["candidate"] for trial in answer[4:7]}
    assert answer[0]["candidate"] == answer[1]["candidate"]
    assert answer[0]["settings"]["training.learning_rate"] == 0.3 and answer[0]["validation_accuracy"] > 0.8
    best = command("train", *options, *vary).out.splitlines()[-1]
    assert (
        best
        == f"best: training.learning_rate = 0.3, training.weight_range = {answer[0]['settings']['training.weight_range']:g}"
    )


def test_settings_are_listed_with_meaning_and_default(command):
    answer = command("train", "--set", "help=1")
    assert answer.code == 0
    assert "training.label_smoothing" in answer.out and "default 0.1)" in answer.out
    for command_line in (("train", "--settings"), ("infer", "--settings"), ("program", "--settings")):
        listing = command(*command_line, "--json").json["settings"]
        assert all(one["meaning"] and "default" in one and one["unit"] is not None for one in listing.values())
    assert listing["verify.rounds"]["bounds"] == {">=": 1}


@pytest.fixture
def images(folder):
    """A data set in the form of MNIST: 6 x 10 pixels, the class is the brightest column."""
    rng = np.random.default_rng(0)
    for stem, count in (("train", 400), ("t10k", 100)):
        labels = rng.integers(10, size=count).astype(np.uint8)
        pixels = rng.integers(60, size=(count, 6, 10), dtype=np.uint8)
        pixels[np.arange(count), :, labels] += 180
        for kind, values in (("images-idx3", pixels), ("labels-idx1", labels)):
            head = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
            (folder / f"{stem}-{kind}-ubyte.gz").write_bytes(gzip.compress(head + values.tobytes()))
    return folder


def test_a_network_from_toml_learns_images_from_files(command, images):
    (images / "tiny.toml").write_text(NETWORK)
    options = ("--table", "ladder:9", "--dataset", "fashion-mnist", "--data-dir", ".", "--network", "tiny.toml")
    rates = ("--learning-rate", "0.3", "--float32-learning-rate", "0.03")
    schedule = ("--epochs", 6, "--schedule", "step", "--decay", "0.8", *rates)
    result = command("train", *options, *schedule, "--set", "validation_fraction=0.1", "--json").json
    assert result["test_accuracy"][0] > 0.9 and result["float32_test_accuracy"][0] > 0.9
    answer = command("train", *options, "--bits", 4)
    assert answer.code == 2 and "tiny.toml states all of its layers itself" in answer.err


def test_a_folder_of_data_is_for_the_other_sets_where_the_digits_are_among_them(command, folder):
    (folder / "data").mkdir()
    failed = command("train", "--table", "ladder:5", "--vary", "dataset=digits,mnist", "--data-dir", "data")
    assert failed.code == 2 and "train-images" in failed.err
    failed = command("train", "--table", "ladder:5", "--vary", "dataset=digits", "--data-dir", "data")
    assert failed.code == 2 and "the digits are part of the package" in failed.err
