"""`dwsynapse cost` as a user meets it."""

import argparse
import json
import re

import matplotlib.image
import pytest

from arraysim.cost.cell import synapse_of
from arraysim.cost.comparison import compare
from arraysim.cost.settings import ChipSettings
from arraysim.networks.crossbars import array_layers
from arraysim.networks.presets import network_from
from dwsynapse.commands.cost import _figures, _subject
from llg.device.device_file import load_device

KEYS = {
    "network",
    "device",
    "accuracy",
    "notes",
    "chip",
    "derivation",
    "baselines",
    "ratios",
    "equal_accuracy",
    "founding_paper_ratios",
}


def test_table_and_json_tell_the_same(folder, command):
    answer = command("cost", "--network", "lenet")
    assert answer.code == 0
    assert answer.out.startswith("lenet:1 on five-state reference: ")
    assert "SRAM, 8 bit, parallel" in answer.out and "Dhull et al. 2025" not in answer.out
    document = command("cost", "--network", "lenet", "--json").json
    assert set(document) == KEYS
    area = 1e6 * document["chip"]["area_m2"]["total"]
    assert f"{area:.3g} mm2" in answer.out
    assert document["chip"]["energy_J_per_epoch"] == pytest.approx(
        50000 * document["chip"]["energy_J_per_image"]["total"]
    )
    assert document["founding_paper_ratios"] is None


def test_the_row_of_the_founding_paper_stands_under_its_own_network_alone(folder, command):
    answer = command("cost", "--network", "vgg8")
    assert answer.out.count("Dhull et al. 2025") == 1
    paper = command("cost", "--network", "vgg8", "--json").json["founding_paper_ratios"]
    assert paper == {"area": 13.8, "energy": 9.6, "latency": 3.5}
    assert "Dhull" not in command("cost", "--network", "vgg8:0.25").out


def test_idealized_and_published_synapses_have_a_cost(folder, command):
    refused = command("cost", "--network", "mlp:8", "--table", "ladder:5")
    assert refused.code == 2 and "pulse_energy and pulse_time" in refused.err
    pulse = ("--set", "pulse_time=1 ns", "--set", "pulse_energy=1e-13")
    ladder = command("cost", "--network", "mlp:8", "--table", "ladder:5", *pulse, "--json").json
    assert ladder["device"] == "ladder:5" and ladder["chip"]["facts"]["levels_per_cell"] == 5
    published = command("cost", "--network", "mlp:8", "--table", "phase-change-gst", "--json").json
    assert published["chip"]["energy_J_per_image"]["total"] > 0


def test_one_command_leads_from_the_ratios_of_the_paper_to_fair_ones(folder, command):
    answer = command("cost", "--paper")
    assert answer.code == 0 and "13.8" in answer.out and "converters that tell all sums apart" in answer.out
    document = command("cost", "--paper", "--json").json
    assert document["paper"] == {"area": 13.8, "energy": 9.6, "latency": 3.5}
    assert len(document["choices"]) + 2 == len(answer.out.splitlines())
    for options in (("--set", "clock=1e8"), ("--explain", "buffers"), ("--network", "lenet")):
        refused = command("cost", "--paper", *options)
        assert refused.code == 2 and "--paper" in refused.err


def test_columns_of_the_tables_never_meet(folder, command):
    """Also where figures are long: a chip of 130 nm has thousands of square millimetres."""
    for line in command("cost", "--node", 130, "--set", "transistors=HP").out.splitlines():
        assert not re.search(r"mm2\d|J\d|[a-z]\d+\.\d+ [µnpm]?J", line)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("clock=1e11", "clock = 1e+11 [Hz] must be <="),
        ("write_voltage=0.001", "write_voltage = 0.001 [V] must be >="),
        ("readout=digital", "readout = digital needs SRAM cells"),
        (
            "readout=sequential",
            'two levels of a cell apart, device "five-state reference" has 5; take readout = parallel',
        ),
    ],
)
def test_what_no_circuit_can_do_is_refused(setting, words, folder, command):
    answer = command("cost", "--network", "mlp:8", "--set", setting)
    assert answer.code == 2 and words in answer.err


def test_folder_holds_json_and_figures_and_is_not_overwritten(folder, command):
    options = ("cost", "--network", "mlp:32", "--sensitivity", "digital", "-o", "out")
    assert command(*options).code == 0
    files = {path.name for path in (folder / "out").iterdir()}
    tornado = {f"tornado_{name}.png" for name in ("area", "energy", "latency")}
    assert files == {"cost.json", "comparison.png", "shares.png", "energy.png", "latency.png"} | tornado
    document = json.loads((folder / "out/cost.json").read_text())
    assert document["sensitivity"]["baseline"] == "digital"
    again = command(*options)
    assert again.code == 2 and "--force" in again.err
    assert command(*options, "--force").code == 0


def test_settings_are_varied(folder, command):
    """The file of a series holds what single runs say."""
    base = ("cost", "--network", "mlp:8")
    found = command(*base, "--vary", "node_nm=7,32", "--vary", "converter=sar,flash", "-o", "v.h5", "--json").json
    assert [axis["name"] for axis in found["axes"]] == ["chip.node_nm", "chip.converter"]
    one = command(*base, "--node", 32, "--set", "converter=flash", "--json").json["chip"]
    for name in ("area_m2", "energy_J_per_image", "latency_s_per_image"):
        assert found[name][1][1] == [one[name]["total"]]
    assert command("plot", "v.h5", "-o", "v.png").code == 0
    refused = command(*base, "--vary", "node_nm=7,32", "--explain", "adc")
    assert refused.code == 2 and "do not go with --vary" in refused.err


def test_settings_from_a_file_and_from_the_line(folder, command):
    (folder / "chip.toml").write_text('converter = "flash"\nread_voltage = "50 mV"\n')
    base = ("cost", "--network", "mlp:32", "--json")
    document = command(*base, "--chip", "chip.toml", "--set", "converter_bits=4", "--node", "7").json
    settings = document["chip"]["facts"]["settings"]
    assert settings["converter"] == "flash" and settings["converter_bits"] == 4
    assert settings["read_voltage"] == 0.05 and settings["node_nm"] == 7
    explained = command(*base, "--explain", "converters").json
    assert any(step["symbol"] == "E_conversion" for step in explained["derivation"])
    listed = command("cost", "--settings")
    assert listed.code == 0 and "converter_bits" in listed.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--node", "5"), "must be >= 7"),
        (("--node", "x"), "--node: node_nm"),
        (("--set", "converter"), "must be SECTION.NAME=VALUE"),
        (("--set", "convertr=sar"), 'setting "convertr" is unknown; did you mean "converter"?'),
        (("--set", "adc_bits=7"), 'setting "adc_bits" is unknown; did you mean "chip.converter_bits"?'),
        (("--set", "converter_bits=six"), "converter_bits"),
        (("--network", "lenet", "--image", "32x32x3"), "such as 32,32,3"),
        (("--network", "lenet", "--image", "28,28"), "such as 32,32,3"),
        (("--chip", "absent.toml"), "absent.toml: no such file"),
        (("--explain", "adc"), 'block "adc" is unknown'),
        (("--sensitivity", "sram"), 'baseline "sram" is unknown'),
        (("--network", "vgg9"), 'did you mean "vgg8"'),
        (("--network", "lenet", "--image", "4,4,1"), "does not fit"),
        (("--device", "five_state", "--table", "x.h5"), "must not be given together"),
    ],
)
def test_bad_input_is_one_line(options, words, folder, command):
    answer = command("cost", *options)
    assert answer.code == 2
    assert words in answer.err and answer.err.count("\n") == 1


def test_table_and_training_of_a_chain(chain, command):
    place, answer = chain
    summary = answer.json["cost"]
    document = command("cost", "--table", place / "table.h5", "--training", place / "training.h5", "--json").json
    assert document["network"].startswith("mlp")
    assert document["chip"]["energy_J_per_image"]["total"] == pytest.approx(summary["energy_J_per_image"], rel=1e-9)
    assert document["chip"]["area_m2"]["total"] == pytest.approx(summary["area_m2"], rel=1e-9)
    blocks = summary["blocks"].values()
    assert sum(block["area_m2"] for block in blocks) == pytest.approx(summary["area_m2"])
    assert sum(block["energy_J_per_image"] for block in blocks) == pytest.approx(summary["energy_J_per_image"])
    page = (place / "report.html").read_text()
    assert "What the chip takes, block by block" in page and "The network on the chip" in page
    assert (place / "chip.png").exists()
    # Energy of the pulses alone: that of the training file less the first reset of the arrays.
    update = document["chip"]["energy_J_per_image"]["phases"]["update"]["blocks"]["arrays"]
    assert 0 < update * summary["training_energy_J"] / summary["energy_J_per_image"] <= 1.01 * answer.json["energy_J"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--paper", "--classes", 7), "--paper compares chips of its own"),
        (("--paper", "-o", "folder"), "--paper compares chips of its own"),
        (("--paper", "--vary", "node_nm=7,32"), "do not go with --vary"),
        (("--set", "read_voltage=1"), "read_voltage = 1 [V] must be < the supply = 0.9"),
        (("--set", "on_resistance=0.1"), 'did you mean "0.1 kohm"?'),
        (("--set", "pulse_time=1e300"), "pulse_time = 1e+300"),
        (("--set", "array_rows=4097"), "array_rows = 4097"),
        (("--network", "mlp:"), "must be whole numbers"),
    ],
)
def test_what_cost_cannot_do_is_refused(command, folder, options, line):
    refused = command("cost", *options)
    assert refused.code == 2 and line in refused.err and refused.err.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_cost_of_a_training_says_whose_synapses_it_takes(command, folder):
    """The file names its table by hash: with that table there is no such note, with another device there is one."""
    sweep = ("sweep", "five_state", "--currents=-7e11,7e11", "--durations", "1e-9", "-n", 10, "--jobs", 1, "-o", "t.h5")
    assert command(*sweep).code == 0
    training = ("train", "--table", "t.h5", "--network", "linear", "--epochs", 1, "--no-twin", "-o", "a.h5")
    assert command(*training).code == 0
    own, other = (command("cost", "--training", "a.h5", *more) for more in (("--table", "t.h5"), ()))
    assert "were trained" not in own.err and "whose area and energy these are" in other.err
    assert "note" not in own.out + other.out
    refused = command("cost", "--training", "a.h5", "--image", "3,3,1")
    assert refused.code == 2 and "its file holds both" in refused.err


def test_a_chip_without_converters_has_no_bits_of_them(command):
    pulse = ("--set", "pulse_time=1 ns", "--set", "pulse_energy=1e-13")
    answer = command("cost", "--network", "mlp:8", "--table", "ladder:2", *pulse, "--set", "readout=sequential")
    assert answer.code == 0 and "None" not in answer.out


def test_the_node_has_one_name_and_a_unit(command, folder):
    by_option = command("cost", "--network", "mlp:4", "--node", "45 nm", "--json").json
    assert by_option["chip"] == command("cost", "--network", "mlp:4", "--set", "node=45", "--json").json["chip"]
    assert "node_nm = 3.2e-08 [nm] must be >= 7" in command("cost", "--node", "32e-9").err
    varied = command("cost", "--network", "mlp:4", "--vary", "node=32 nm,45 nm").out
    area = command("cost", "--network", "mlp:4", "--node", "45 nm").out.partition(": ")[2].partition(";")[0]
    assert f"area {area}" in varied.splitlines()[1].replace("chip.node_nm = 45 nm: ", "")


def test_a_block_that_is_explained_leaves_the_whole_chip_in_the_folder(command, folder):
    shown = command("cost", "--network", "mlp:4", "--explain", "converters", "-o", "a", "--json").json
    assert set(shown) == {"block", "derivation", "notes"} and shown["derivation"]
    whole = json.loads((folder / "a" / "cost.json").read_text(encoding="utf-8"))
    assert whole["chip"]["area_m2"]["total"] > 0 and whole["derivation"]["converters"] == shown["derivation"]


def test_rows_of_one_baseline_stand_once(command, folder):
    few = command("cost", "--network", "mlp:4", "--table", "ladder:5", "--set", "training=false").out
    many = command("cost", "--network", "mlp:4", "--table", "ladder:100", "--set", "training=false").out
    assert (
        few.count("SRAM, 8 bit, parallel") == many.count("SRAM, 8 bit, parallel") == 2
    )  # at 6 bits, at equal accuracy
    assert "SRAM, 4 bit, parallel" in few


def test_a_guessed_current_of_pulses_is_said(command, folder):
    pulse = ("--set", "pulse_energy=1e-13", "--set", "pulse_time=1e-9", "--json")
    guessed = command("cost", "--network", "mlp:4", "--table", "ladder:5", *pulse).json
    assert any("energy, time and 1 V, a guess" in note for note in guessed["notes"])
    assert not command("cost", "--network", "mlp:4", *pulse).json["notes"]


def test_figures_say_what_they_are_of_and_are_as_wide_as_asked_for(folder, command):
    asked = ("cost", "--network", "linear", "--image", "8,8,1")
    assert command(*asked, "-o", "paper", "--width", "3.4").code == 0
    assert {matplotlib.image.imread(path).shape[1] for path in (folder / "paper").glob("*.png")} == {1020}
    assert command(*asked, "--vary", "node_nm=22,32", "-o", "node.png", "--width", "7").code == 0
    assert matplotlib.image.imread("node.png").shape[1] == 2100
    for line in (asked, (*asked, "--vary", "node_nm=22,32"), ("train", "--table", "ladder", "-o", "x.h5")):
        refused = command(*line, "--width", "7")
        assert refused.code == 2 and "--width 7: is that of" in refused.err and refused.err.count("\n") == 1


def test_titles_name_network_device_temperature_and_node(folder):
    given = argparse.Namespace(table=None, device="sixteen_state")
    title = _subject(given)
    assert title == "sixteen-state reference, 300 K"
    assert _subject(argparse.Namespace(table="ladder:5", device=None)) == "idealized synapse ladder:5"
    layers = array_layers(network_from("linear"), (8, 8, 1), 10)
    result = compare(layers, ChipSettings(), synapse_of(load_device("five_state")))
    figures = _figures(result, None, {"on_chip": 0.9}, width=3.4, title=title)
    assert {figure.get_suptitle() for figure in figures.values()} == {title} and "accuracy_area" in figures
