"""Each setting of a command changes its result, or is refused with what it lacks: none is taken and ignored."""

import importlib
import json

import pytest

from dwcore.errors import InputError
from dwsynapse.needs import comparisons
from dwsynapse.periphery_text import OF_READS

TIMES = ("seconds", "seconds_per_epoch", "images_per_second", "float32_images_per_second", "pulses_per_second")
OTHER = {
    "tile.rows": "16", "tile.columns": "2", "wires.word_resistance": "1000", "wires.bit_resistance": "1000",
    "wires.driver_resistance": "2e4", "wires.sink_resistance": "2e4", "dac.bits": "3", "adc.bits": "4",
    "dac.full_scale": "0.1", "adc.full_scale": "2e-6", "read.integrator_noise": "1e-6", "read.voltage": "0.3",
    "synapse.table": "ladder:3", "network.network": "linear", "training.patience": None, "adc.lines": "1",
    "adc.nonlinearity_dtod": "0.28", "adc.offset_dtod": "5", "adc.gain_dtod": "0.29", "chip.supply": "0.8",
    "chip.pulses_per_update": "0.4", "chip.write_current_limit": "1e-6", "chip.copies": "2,2,2,2,2",
    "training.layer_ranges": "0.5,1", "training.layer_rates": "0.5,1",
    "verify.rounds": "1", "verify.pulse_budget": "1", "verify.tolerance": "0.1", "verify.quantile": "0.5",
    "arrays.stuck_state": "0", "arrays.short_ratio": "40", "training.pulse_threshold": "0.6", "training.cutout": "4",
    "training.flip": "true", "training.decay": "0.1", "wires.refresh": "1", "training.epochs": "3",
    "training.batch_size": "64", "training.test_fraction": "0.5",
    "chip.dcim_bits": "2", "chip.activations": "on-chip",
}  # fmt: skip
"""Values that a result of a few seconds shows; None where the test says why below."""
EXEMPT = {
    "train": {
        "data.dataset": "the other sets are files",
        "synapse.states": "refused beside a table",
        "synapse.temperature": "the shipped synapse has one",
        "synapse.draw": "the shipped synapse was not counted, see test_train_series",
        "network.normalization_momentum": "refused for a network without normalization",
        "training.monitor_images": "is of the losses in the file",
        "training.patience": "refused without images to validate",
        "training.products": "is faster, not different",
        "training.device": "is another place for the same pulses",
        "training.device_products": "needs the extra torch, see test_tensor_training",
    },
    "infer": dict.fromkeys(("rest.time", "rest.temperature", "rest.table"), "needs a table with escape rates"),
    "program": {
        "synapse.states": "refused beside a table",
        "synapse.temperature": "the shipped synapse has one",
        "synapse.draw": "the shipped synapse was not counted, see test_train_series",
        **{
            f"network.{name}": "is of an .npz"
            for name in ("network", "bits", "whiten", "normalization_momentum", "digital")
        },
        "data.dataset": "is of an .npz",
    },
    "cost": {"chip.readout": "a device of five levels is read in one way, see test_devices_read_row_by_row_are_bits"},
}


@pytest.fixture(scope="module")
def trained(command, tmp_path_factory):
    place = tmp_path_factory.mktemp("trained")
    argv = ("--table", "phase-change-gst", "--network", "mlp:4", "--epochs", 1, "--batch-size", 64)
    assert command("train", *argv, "-o", "t.h5", cwd=place).code == 0
    return place / "t.h5"


def bases(trained):
    table = ("--table", "phase-change-gst")
    return {
        "train": [*table, "--set", "network.network=mlp:4", "--set", "training.epochs=2"],
        "infer": [trained],
        "program": [trained, *table],
        "cost": ["--network", "lenet"],
    }


def result_of(command, argv):
    answer = command(*argv, "--json")
    if answer.code:
        return answer.err
    found = json.loads(answer.out)
    return {name: value for name, value in found.items() if name not in (*TIMES, "settings")}


def other(setting):
    """Return another value than the default, as a text."""
    if setting.name in OTHER:
        return OTHER[setting.name]
    default = setting.default()
    if setting.kind == "flag":
        return str(not default).lower()
    if choices := setting.field.metadata.get("choices"):
        return next(choice for choice in choices if choice != default)
    if isinstance(default, list):
        return ",".join(str(value / 2 or 0.01) for value in default)
    for value in (2 * (default or 0), (default or 0) / 2, 0.3, 4):
        text = str(int(value) if setting.kind == "whole" else value)
        try:
            if setting.value(text) != default:
                return text
        except InputError:
            continue
    raise AssertionError(setting.name)


def turned_on(needs, section, settings):
    """Return the settings that fulfil needs, and the needs of these."""
    found = {}
    for one in comparisons(needs, section)[0]:
        if one.name in settings.all:
            governing = settings.all[one.name]
            found[one.name] = one.right.split("|")[0] if one.sign == "=" else other(governing)
            found |= turned_on(governing.needs, governing.section, settings) if governing.needs else {}
    return found


@pytest.mark.parametrize("name", ["train", "infer", "program", "cost"])
def test_each_setting_has_an_effect_or_is_refused(name, command, trained):
    settings = importlib.import_module(f"dwsynapse.commands.{name}").SETTINGS
    settings.complete()
    argv = [name, *bases(trained)[name]]
    said, wrong = {word.partition("=")[0] for word in map(str, argv)}, []
    base = result_of(command, argv)
    assert isinstance(base, dict), base
    for setting in settings.felt:
        if setting.name in said or setting.name in EXEMPT[name] or setting.option in said:
            continue
        change = ["--set", f"{setting.name}={other(setting)}"]
        before, found = base, result_of(command, [*argv, *change])
        if isinstance(found, str) and "no effect without" in found:
            needs = [setting.needs, OF_READS.get(setting.name, "") if name == "infer" else ""]
            on = {}
            for one in filter(None, needs):
                on |= turned_on(one, setting.section, settings)
            on = [word for pair in on.items() for word in ("--set", "=".join(pair))]
            before, found = result_of(command, [*argv, *on]), result_of(command, [*argv, *on, *change])
        if isinstance(found, str) or isinstance(before, str):
            wrong.append((setting.name, change[1], found if isinstance(found, str) else before))
        elif found == before:
            wrong.append((setting.name, change[1], "is ignored"))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["train", "--set", "adc.kind=flash"],
         "train: --set adc.kind: has no effect without adc.bits > 0; adc.bits = 0"),
        (["train", "--no-twin", "--float32-learning-rate", "0.1"],
         "--float32-learning-rate: has no effect without training.twin = true or network.digital_parameters = true"),
        (["train", "--vary", "training.border=black,reflect"], "--vary training.border: has no effect without"),
        (["train", "--periphery", "half.toml"], "half.toml adc.lines: has no effect without adc.bits > 0"),
        (["train", "--recipe", "half_recipe.toml"], "half_recipe.toml training.decay: has no effect without"),
        (["train", "--table", "ladder:4", "--data-dir", "."], "--data-dir and --download are for data in files"),
        (["train", "--vary", "tile.rows=32,64"], "--vary tile.rows: has no effect without adc.bits > 0 or"),
        (["infer", "t.h5", "--set", "read.passes=forward"], "has no effect in infer: weights do not change"),
        (["cost", "--set", "front_end=none", "--set", "mirror=2"], "chip.front_end = none"),
        (["cost", "--chip", "chip.toml"], "chip.toml chip.reference_columns: has no effect without chip.cells = single"),
        (["cost", "--vary", "node_nm=32,45", "--set", "weight_bits=4"], "--vary estimates the chip alone"),
        (["rates", "five_state", "--set", "torque.beta=0.1"], "without torque.P > 0; torque.P = 0"),
        (["rates", "five_state", "--set", "readout.TMR=2"], "has no effect in rates: nothing is read"),
        (["simulate", "five_state", "--set", "Ms_dtod=0.1"], "has no effect on the nominal device"),
        (["simulate", "five_state", "--period", "30 ns"], "--period: is that of a train, --pulses N"),
        (["simulate", "five_state", "--polarity", "alternating"], "is that of a train, --pulses N"),
        (["simulate", "five_state", "--current", "7e11", "--set", "pulse.current_density=8e11"], "drive.current = none"),
        (["sweep", "five_state", "-o", "s.h5", "--set", "notch.top=0.2"], "without notch.shape = trapezoidal"),
        (["run", "-o", "r", "--set", "training.alternate=true"], "without training.flip = true"),
    ],
)  # fmt: skip
def test_refusals_name_what_governs(argv, words, command, folder):
    (folder / "half.toml").write_text("[adc]\nlines = 4\n")
    (folder / "half_recipe.toml").write_text("[training]\ndecay = 0.5\n")
    (folder / "chip.toml").write_text("reference_columns = 4\n")
    answer = command(*argv)
    assert answer.code == 2 and words in answer.err and answer.err.count("\n") == 1, answer


def test_what_governs_may_be_said_anywhere_and_varied(command, folder, trained):
    (folder / "half.toml").write_text('[adc]\noffset_dtod = 5.0\n[read]\npasses = "forward"\n')
    alone = command("infer", trained, "--periphery", "half.toml")
    assert alone.code == 2 and "half.toml adc.offset_dtod" in alone.err
    both = command("infer", trained, "--periphery", "half.toml", "--set", "adc.bits=4", "--json")
    ideal = command("infer", trained, "--set", "adc.bits=4", "--json")
    assert both.json["test_accuracy"] != ideal.json["test_accuracy"]
    varied = command("infer", trained, "--periphery", "half.toml", "--vary", "adc.bits=0,4", "--json")
    assert varied.json["test_accuracy"][1] == both.json["test_accuracy"]


def test_a_file_may_state_what_holds_anyway(command, folder, trained):
    (folder / "plain.toml").write_text('[adc]\nbits = 0\nkind = "sar"\nlines = 8\n[wires]\nsolution = "exact"\n')
    assert command("infer", trained, "--periphery", "plain.toml").code == 0


def test_the_stack_counts_where_its_oersted_field_does(command):
    plain = command("rates", "five_state", "--json")
    alone = command("rates", "five_state", "--set", "stack.rho_FM=1e-7")
    assert alone.code == 2 and "stack.oersted = below or above" in alone.err
    field = command("rates", "five_state", "--set", "stack.oersted=below", "--json")
    thick = command("rates", "five_state", "--set", "stack.oersted=below", "--set", "stack.t_HM=8 nm", "--json")
    currents = [one.json["depinning_current_A_per_m2"] for one in (plain, field, thick)]
    assert currents[0] != currents[1] != currents[2]
