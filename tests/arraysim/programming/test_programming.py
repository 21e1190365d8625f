"""Weights trained elsewhere on chip: programmed, kept in files, and left to rest."""

import dataclasses
import re
import types

import numpy as np
import pytest
from resealed import remove, replace, reseal
from scipy.linalg import expm

from arraysim.drawing.programming_plots import plot_accepted, plot_error, plot_reached, rounds_figure
from arraysim.inference.infer import infer
from arraysim.inference.rest import after_rest, rebuilt_weights
from arraysim.networks.definition_file import definition_from_mapping
from arraysim.networks.presets import network_from
from arraysim.programming.config import ProgrammingConfig, WriteVerifyConfig, config_for
from arraysim.programming.file import load_chips, load_programming, save_programming
from arraysim.programming.program import program
from arraysim.programming.weights_file import load_weights
from arraysim.programming.write_verify import write_verify
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.source import Synapses, synapses_from
from arraysim.synapses.weights import PairedWeights
from arraysim.training.config import TrainingConfig
from arraysim.training.file import load_training, save_training
from arraysim.training.hardware import record_of
from arraysim.training.result import TOTALS, ChipResult, LearnedWeights
from arraysim.training.run import train
from dwcore.errors import InputError
from dwcore.storage import files

RATE = np.diag(np.full(4, 2.0), 1) + np.diag(np.full(4, 1.0), -1)  # [1/s]
LAW = dataclasses.replace(
    ladder_law(instances=4), conductance_std_ctoc=np.full(5, 1e-6), retention_rate=np.broadcast_to(RATE, (4, 5, 5))
)
CONFIG = TrainingConfig(epochs=4, network=network_from("mlp:16"), conductance_std_dtod=0.01, stuck=0.01)


@pytest.fixture(scope="module")
def trained(digits):
    return train(LAW, digits, seed=1, config=CONFIG)


@pytest.fixture(scope="module")
def chip(digits, trained):
    return program(trained.learned, digits, LAW, seed=1, config=config_for(CONFIG))


def test_the_twin_is_kept_and_reads_as_it_was(trained, digits, tmp_path):
    save_training(tmp_path / "a.h5", [trained])
    (found,) = load_training(tmp_path / "a.h5")
    for kept, was in zip(found.learned.weight, trained.learned.weight, strict=True):
        assert kept.dtype == np.float32 and np.array_equal(kept, was)
    numbers = program(found.learned, digits, LAW, seed=1, config=config_for(CONFIG, rounds=1)).float32_accuracy
    assert numbers == trained.float32.test_accuracy[-1]


def test_batch_normalization_goes_with_the_weights(digits):
    """A network that normalizes is the same as numbers only with what its layers remember."""
    layers = [{"kind": "flatten"}, {"kind": "linear", "outputs": 12}, {"kind": "batchnorm"},
              {"kind": "activation", "function": "relu"}, {"kind": "linear"}]  # fmt: skip
    network = definition_from_mapping({"name": "normalized", "layer": layers}, "test")
    config = TrainingConfig(epochs=2, network=network)
    result = train(ladder_law(), digits, seed=2, config=config)
    assert set(result.learned.digital) == {"normalization_0_parameters", "normalization_0_running"}
    found = program(result.learned, digits, ladder_law(), seed=2, config=config_for(config))
    assert found.float32_accuracy == result.float32.test_accuracy[-1]
    assert found.accuracy > 0.6
    with pytest.raises(InputError, match="digital layers"):
        program(
            dataclasses.replace(result.learned, digital={}), digits, ladder_law(), seed=2, config=config_for(config)
        )


def test_programming_reaches_what_the_levels_allow(chip, trained):
    assert chip.accuracy > chip.float32_accuracy - 0.06
    for layer, weight, wanted in zip(chip.layers, chip.hardware.weight, trained.learned.weight, strict=True):
        largest = chip.config.largest_weight(wanted)
        error = np.sqrt(np.mean((weight - np.clip(wanted, -largest, largest)) ** 2)) / largest
        assert layer.rms_error[-1] == pytest.approx(error, rel=1e-5)
        # Nine levels an eighth of the range apart: rounding alone leaves 0.25 / sqrt(12) = 0.072.
        assert 0.06 < error < 0.1
        assert layer.clipped == pytest.approx(0.005, abs=1e-3)
    summary = chip.summary()
    sizes = [layer.pulses.size for layer in chip.layers]
    sent = chip.hardware.pulses[1] - chip.hardware.pulses[0]
    assert summary["pulses_per_weight"] * sum(sizes) == pytest.approx(sent)
    assert summary["energy_J"] == pytest.approx(sent * 1e-13)
    assert summary["reset_pulses_per_weight"] == 2 * 10


@pytest.mark.parametrize("changes", [{"read_noise": 0.3}, {"pulse_budget": 1}, {"rounds": 1}, {"quantile": 0.3}])
def test_worse_programming_is_worse(chip, trained, digits, changes):
    """Negative controls: noise, a poor budget, too few rounds, a range that cuts most weights."""
    found = program(trained.learned, digits, LAW, seed=1, config=config_for(CONFIG, **changes))
    assert found.accuracy < chip.accuracy - 0.02
    wanted = [np.concatenate([w.ravel() for w in trained.learned.weight])] * 2
    error = [
        np.sqrt(np.mean((np.concatenate([w.ravel() for w in one.hardware.weight]) - w) ** 2))
        for one, w in zip((found, chip), wanted, strict=True)
    ]
    assert error[0] > 1.2 * error[1]


def pairs(largest, states=9):
    """Weights of sure steps, all in the middle, and targets over all of their range."""
    weights = PairedWeights(ladder_law(states=states), rows=6, columns=10, largest_weight=largest, seed=0)
    return weights, np.linspace(-largest, largest, 60, dtype=np.float32).reshape(6, 10)


def test_the_first_round_sends_what_a_noisy_read_asks_for():
    """Read noise is a share of the largest weight, here 0.25: errors, then whole steps, at least one, by hand."""
    weights, target = pairs(0.25)
    before = weights.values.astype(float)
    config = WriteVerifyConfig(rounds=1, tolerance=0.5, read_noise=0.2)
    noise = np.random.default_rng([7, 0]).standard_normal(60, np.float32).reshape(6, 10)
    off = target - before - 0.2 * 0.25 * noise
    steps = np.maximum(1, np.floor(np.abs(off) / weights.mean_step)) * (np.abs(off) > 0.5 * weights.level)
    near = np.abs(np.abs(off) / weights.mean_step - np.rint(np.abs(off) / weights.mean_step)) < 1e-3
    result = write_verify(weights, target, seed=7, config=config)
    assert np.array_equal(result.pulses[~near], steps[~near]) and near.sum() < 5
    assert result.accepted[0] == pytest.approx(np.mean(steps == 0), abs=0.02)
    assert result.within == np.mean(np.abs(target - weights.values) <= 0.5 * weights.level * (1 + 1e-5))


def test_weights_whose_budget_is_spent_are_not_accepted():
    """Without noise what is accepted at the end is what is within the tolerance; far targets use up eight pulses."""
    weights, target = pairs(1.0, states=33)
    config = WriteVerifyConfig(rounds=12, tolerance=0.5, read_noise=0.0, pulse_budget=8)
    result = write_verify(weights, target, seed=7, config=config)
    assert result.accepted[-1] == pytest.approx(result.within) and 0.1 < result.within < 0.9
    assert result.pulses.max() == 8


def test_the_same_seed_programs_the_same_bits(chip, trained, digits):
    again, other = (program(trained.learned, digits, LAW, seed=seed, config=chip.config) for seed in (1, 3))
    for a, b, c in zip(again.hardware.state, chip.hardware.state, other.hardware.state, strict=True):
        assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_file_of_programmed_chips(chip, digits, tmp_path):
    path = tmp_path / "chip.h5"
    save_programming(path, [chip], config={"write_pulses": []})
    (found,), said = load_chips(path)
    assert said["write_pulses"] == [] and found.config == chip.config and found.summary() == chip.summary()
    assert (found.seed, found.dataset, found.accuracy) == (1, "digits", chip.accuracy)
    assert infer(found, digits).accuracy == chip.accuracy
    for name in ("weight", "state", "pulses_received", "conductance"):
        for a, b in zip(getattr(found.hardware, name), getattr(chip.hardware, name), strict=True):
            assert np.array_equal(a, b)
    damaged = path.read_bytes()
    path.write_bytes(damaged[: len(damaged) // 2])
    with pytest.raises(InputError, match=r"chip\.h5"):
        load_programming(path)


def synapses(law):
    return Synapses(law=law, name="law")


def left_chip(kind):
    """Weights after some pulses, and a record of them."""
    config = config_for(CONFIG, weights=kind)
    weights = config.make(LAW, rows=30, columns=20, largest_weight=1.0, seed=5)
    weights.initialize(1.0, np.random.default_rng(0))
    hardware = record_of([weights], types.SimpleNamespace(memory=dict), {name: [0] for name in TOTALS})
    return weights, ChipResult(seed=5, dataset="digits", config=config, hardware=hardware)


@pytest.mark.parametrize("kind", ["pair", "reference", "digits"])
def test_a_chip_made_anew_goes_on_bit_for_bit(kind):
    weights, left = left_chip(kind)
    (anew,) = rebuilt_weights(left, synapses(LAW))
    direction = np.random.default_rng(1).integers(-2, 3, weights.values.shape)
    for one in (weights, anew):
        one.pulse(direction)
        one.rest(0.1)
    assert np.array_equal(weights.array.state, anew.array.state)
    for old, new in zip(weights.conductances, anew.conductances, strict=True):
        assert np.array_equal(old, new)
    assert not np.array_equal(weights.array.state, left.hardware.state[0].ravel()), "the record is a copy"


def test_a_chip_of_other_synapses_is_refused():
    _, left = left_chip("pair")
    state = tuple(np.full_like(layer, 9) for layer in left.hardware.state)
    more_states = dataclasses.replace(left, hardware=dataclasses.replace(left.hardware, state=state))
    for result, law, words in (
        (left, ladder_law(instances=4), "law: is not of the synapses of a.h5: checkpoint of PairedWeights holds"),
        (left, dataclasses.replace(LAW, conductance=LAW.conductance * 1.01), "conductances of layer 0 differ"),
        (more_states, LAW, "has fewer states than layer 0"),
    ):
        with pytest.raises(InputError, match=re.escape(words)):
            rebuilt_weights(result, synapses(law), "a.h5")


def test_walls_escape_at_the_rates_of_the_law(trained, digits):
    """Share of moved walls after two times, each within four binomial errors of the matrix exponential."""
    generator, times = RATE - np.diag(RATE.sum(axis=1)), (0.15, 0.6)
    state = np.concatenate([layer.ravel() for layer in trained.hardware.state])
    moving = np.concatenate([one.array.instance for one in rebuilt_weights(trained, synapses(LAW))]) < LAW.instances

    def expected(time):
        """Share of walls that leave their state, or come back to another, in the time."""
        return (1 - expm(generator * time)[state, state])[moving].sum() / state.size

    rested = list(after_rest(trained, synapses(LAW), times))
    for time, (moved, result) in zip(times, rested, strict=True):
        share = expected(time)
        error = (share * (1 - share) / state.size) ** 0.5
        assert abs(moved - share) < 4 * error
        assert abs(moved - expected(1.5 * time)) > 4 * error, "a control half as long again"
        assert np.array_equal(state, np.concatenate([layer.ravel() for layer in result.hardware.state]))
    found = [trained.accuracy, *(infer(result, digits).accuracy for _, result in rested)]
    assert found[1] < found[0] - 0.02 and found[2] < found[1] - 0.1, found


def test_without_escapes_only_the_settling_changes(trained, digits):
    """Negative control: rates of one in 1e12 s move no wall in a year; conductances change within their spread."""
    slow = dataclasses.replace(LAW, retention_rate=LAW.retention_rate * 1e-20)
    ((moved, result),) = after_rest(trained, synapses(slow), [3e7])
    assert moved == 0
    change = result.hardware.conductance[0] - trained.hardware.conductance[0]
    assert 0.8e-6 < change.std() < 1.6e-6
    assert infer(result, digits).accuracy == pytest.approx(trained.accuracy, abs=0.02)


def test_synapses_by_name():
    assert synapses_from("ladder:3").law.states == 3
    for name, words in ((None, "needs --table FILE"), ("ladder:x", "'x' must be a number of states")):
        with pytest.raises(InputError, match=words):
            synapses_from(name)
    with pytest.raises(InputError, match="ladder: holds no escape rates"):
        synapses_from("ladder").resting_at(None)


def test_archives_of_weights(trained, digits, tmp_path):
    config, path = ProgrammingConfig(network=CONFIG.network), tmp_path / "w.npz"
    arrays = {f"weight_{number}": weight for number, weight in enumerate(trained.learned.weight)}
    np.savez(path, **{name: weight.astype(np.float64) for name, weight in arrays.items()})
    found = load_weights(path, config, digits)
    assert isinstance(found, LearnedWeights)
    assert all(np.array_equal(a, b) for a, b in zip(found.weight, trained.learned.weight, strict=True))
    cases = {
        r"lacks weight_1, of shape \(17, 10\)": {"weight_0": arrays["weight_0"]},
        r"weight_0 is float32 \(16, 65\), numbers of shape \(65, 16\)": arrays | {"weight_0": arrays["weight_0"].T},
        'unknown array "weight_2"': arrays | {"weight_2": np.zeros(3)},
        "weight_0 must be finite, in single precision, too": arrays | {"weight_0": np.full((65, 16), 1e39)},
        "weight_1 must be finite": arrays | {"weight_1": np.full((17, 10), np.nan)},
        "is not a sound .npz of arrays": arrays | {"weight_1": np.full((17, 10), None)},
    }
    for words, content in cases.items():
        np.savez(path, **content)
        with pytest.raises(InputError, match=words):
            load_weights(path, config, digits)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(InputError, match=r"is not a sound \.npz of arrays"):
        load_weights(path, config, digits)
    with pytest.raises(InputError, match="no such file"):
        load_weights(tmp_path / "none.npz", config, digits)
    with pytest.raises(InputError, match="of the weights of a layer is zero"):
        config.largest_weight(np.zeros((3, 3)))


def test_figures_show_what_happened(chip):
    error, accepted = plot_error([chip]), plot_accepted([chip])
    for number, layer in enumerate(chip.layers):
        assert np.array_equal(error.lines[number].get_ydata(), layer.rms_error)
        assert np.array_equal(accepted.lines[number].get_xdata(), np.arange(1, len(layer.accepted) + 1))
    counted = plot_reached(chip).collections[0].get_array()
    assert counted.sum() == sum(weight.size for weight in chip.hardware.weight)
    assert len(rounds_figure([chip]).axes) == 2


def infinite(values):
    return np.where(np.arange(values.size).reshape(values.shape) == 0, np.inf, values)


ALTERED = {
    "states of another shape": (replace("hardware/layer_0/state", lambda v: v[0]), r"layer_0/state has the shape"),
    "too few states": (replace("hardware/layer_1/state", lambda v: v[:, 1:]), r"layer_1/state has the shape"),
    "fractions for states": (replace("hardware/layer_0/state", lambda v: v + 0.5), "layer_0/state has the type <f8"),
    "a negative state": (
        replace("hardware/layer_0/state", lambda v: v * 0 - 1),
        r"layer_0/state = -1 \[1\] must be >= 0",
    ),
    "flat weights": (replace("hardware/layer_0/weight", np.ravel), "hardware/layer_0/weight has the shape"),
    "fewer weights": (replace("hardware/layer_0/weight", lambda v: v[1:]), "hardware/layer_0/state has the shape"),
    "no weights": (replace("hardware/layer_0/weight", lambda v: v[:0]), r"weight has the shape \(0, 16\)"),
    "a weight that is no number": (replace("hardware/layer_0/weight", infinite), "weight holds inf"),
    "a matrix in the memory": (replace("hardware/layer_0/memory/events", np.atleast_2d), "memory/events has the shape"),
    "an infinite energy": (replace("hardware/energy", infinite), "hardware/energy holds inf"),
    "energies in eV": (replace("hardware/energy", lambda v: v, unit="eV"), 'the unit "eV", must be "J"'),
    "negative pulses": (replace("hardware/pulses", lambda v: -v), "hardware/pulses = .* must be >= 0"),
    "another number of epochs": (replace("hardware/reads", lambda v: v[1:]), "hardware/reads has the shape"),
    "no layer": (remove("hardware/layer_0"), "lacks the data set /seed_1/hardware/layer_0/weight"),
    "no memory": (remove("hardware/layer_1/memory"), "lacks the group /seed_1/hardware/layer_1/memory"),
    "no hardware": (remove("hardware"), "lacks the group /seed_1/hardware"),
    "text for weights": (replace("float32/layer_0/weight", lambda v: "heavy"), "layer_0/weight has the type |S5"),
}


@pytest.mark.parametrize("change, message", ALTERED.values(), ids=ALTERED)
@pytest.mark.parametrize("kind", ["training", "programming"])
def test_a_sealed_file_of_impossible_content_is_refused(trained, chip, tmp_path, change, message, kind):
    """Of a layout or with values that no run could have written: one line that names file and data set."""
    save, load, result = {
        "training": (save_training, load_training, trained),
        "programming": (save_programming, load_programming, chip),
    }[kind]
    save(tmp_path / "sound.h5", [result])
    reseal(tmp_path / "sound.h5", tmp_path / "a.h5", lambda file: change(file["seed_1"]))
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path / "a.h5")
    assert str(caught.value).startswith(f"{tmp_path / 'a.h5'}: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize("change, message", {
    "no seed": (lambda told: told.pop("seeds"), "has no fit entry seeds"),
    "seeds of text": (lambda told: told.update(seeds="1"), "has no fit entry seeds"),
    "seeds that are texts": (lambda told: told.update(seeds=["1"]), "seeds must be whole numbers"),
    "no seed at all": (lambda told: told.update(seeds=[]), "seeds must be whole numbers"),
    "another seed": (lambda told: told.update(seeds=[2]), "lacks the group /seed_2"),
    "no settings": (lambda told: told.update(training=3), "has no fit entry training"),
    "unknown setting": (lambda told: told["training"].update(speed=1), "speed"),
    "another type": (lambda told: told["training"].update(periphery=True), "unfit training in its configuration"),
    "a value of another type": (lambda told: told["training"].update(twin={}), "twin = {} must be true or false"),
    "no twin": (lambda told: told["training"].update(twin=True), "lacks the twin"),
}.values())  # fmt: skip
def test_a_training_file_of_another_configuration_is_refused(trained, tmp_path, change, message):
    save_training(tmp_path / "sound.h5", [dataclasses.replace(trained, float32=None, learned=None)])
    with files.open_checked(tmp_path / "sound.h5") as old:
        told = files.provenance(old)["config"]
        told["training"]["twin"] = False
        change(told)
        with files.create(tmp_path / "a.h5", "dwsynapse.training", config=told, seed=1) as new:
            old.copy("seed_1", new)
    with pytest.raises(InputError, match=message) as caught:
        load_training(tmp_path / "a.h5")
    assert str(caught.value).startswith(f"{tmp_path / 'a.h5'}: ")


def test_a_coarse_round_sends_the_whole_steps_of_the_error():
    """2.6 steps off: two pulses, since a third would go past; less than one step but out of tolerance: one pulse."""
    weights = PairedWeights(ladder_law(states=41, miss=0.0, double=0.0), rows=1, columns=4, largest_weight=1.0, seed=1)
    weights.array.state[:] = 20
    weights.refresh()
    off = np.float32(weights.mean_step) * np.array([[2.6, -3.4, 0.8, 0.1]], np.float32)
    once = WriteVerifyConfig(rounds=1, tolerance=0.55)
    found = write_verify(weights, weights.values + off, seed=1, config=once)
    assert found.pulses.tolist() == [[2, 3, 1, 0]]
    assert found.accepted.tolist() == [0.25] and found.reads == 4
    assert found.energy == pytest.approx(6e-13)
    again = PairedWeights(ladder_law(states=41, miss=0.0, double=0.0), rows=1, columns=4, largest_weight=1.0, seed=1)
    again.array.state[:] = 20
    again.refresh()
    single = dataclasses.replace(once, coarse=False)
    assert write_verify(again, again.values + off, seed=1, config=single).pulses.tolist() == [[1, 1, 1, 0]]
