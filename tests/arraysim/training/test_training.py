"""Training on chip: it learns, repeats bit for bit, counts, writes and reads files, draws figures."""

import dataclasses
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from arraysim.datasets.datasets import load_dataset
from arraysim.drawing import training_plots as plots
from arraysim.networks.definition import Activation, Flatten, Linear, NetworkDefinition
from arraysim.networks.presets import mlp
from arraysim.rules.registry import RULES
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.weights import RESET_PULSES_PER_STATE
from arraysim.training.config import TrainingConfig
from arraysim.training.file import load_training, save_training
from arraysim.training.run import train
from dwcore.errors import InputError

SHORT = TrainingConfig(epochs=6, rule="mixed-precision", conductance_std_dtod=0.02)
LAYERS = [(65, 32), (33, 10)]


@pytest.fixture(scope="module")
def results(digits):
    return [train(ladder_law(lost=1e-3, instances=4), digits, seed=seed, config=SHORT) for seed in (1, 2)]


def arrays_in(value):
    """All arrays of nested tuples and dictionaries."""
    if isinstance(value, np.ndarray):
        return [value]
    parts = [value[name] for name in sorted(value)] if isinstance(value, dict) else value
    return [array for part in parts for array in arrays_in(part)]


def digest(result):
    """Hash of every number of a result but the wall times."""
    parts = []
    for record in (result.chip, result.float32, result.hardware, result.learned):
        for field in dataclasses.fields(record):
            if "seconds" not in field.name:
                parts += arrays_in(getattr(record, field.name))
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


def test_learns_in_a_few_epochs(results):
    for result in results:
        assert result.chip.test_accuracy[0] < 0.3
        assert result.chip.test_accuracy[-1] > 0.9
        assert result.float32.test_accuracy[-1] > 0.93
        assert result.chip.loss[-1] < 0.6 * result.chip.loss[0]


def test_full_run_meets_the_goal(digits):
    """One seed at the defaults; the split's own error is 0.8 %, so the bound lies below the mean of many seeds."""
    assert train(ladder_law(), digits, seed=0).chip.test_accuracy[-1] >= 0.96


def test_broken_pulses_do_not_learn(digits):
    """Negative control: pulses that never move a wall are refused, pulses that hardly ever do learn nothing."""
    with pytest.raises(InputError, match="one pulse up and one down"):
        train(ladder_law(miss=1.0, double=0.0), digits, seed=0, config=SHORT)
    config = dataclasses.replace(SHORT, epochs=1)
    assert train(ladder_law(miss=0.9999, double=0.0), digits, seed=0, config=config).chip.test_accuracy[-1] < 0.5


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_learns_something(digits, rule):
    config = TrainingConfig(epochs=8, rule=rule)
    assert train(ladder_law(), digits, seed=0, config=config).chip.test_accuracy[-1] > 0.7


def test_counters_and_histograms_agree(results):
    hardware = results[0].hardware
    synapses = [2 * rows * columns for rows, columns in LAYERS]
    assert np.array_equal(hardware.state_histogram.sum(axis=2), np.tile(synapses, (SHORT.epochs + 1, 1)))
    assert sum(int(layer.sum()) for layer in hardware.pulses_received) == hardware.pulses[-1]
    assert min(layer.min() for layer in hardware.pulses_received) >= 5 * RESET_PULSES_PER_STATE
    np.testing.assert_allclose(hardware.energy, hardware.pulses * 1e-13)
    # Every pulse after the first weights is sent to one of two devices that were both read.
    assert hardware.reads[-1] == 2 * (hardware.pulses[-1] - hardware.pulses[0])
    for layer, state in enumerate(hardware.state):
        assert np.count_nonzero(state >= 5) == hardware.state_histogram[-1, layer, -1]
    assert results[0].chip.confusion.sum() == 359
    assert np.trace(results[0].chip.confusion) / 359 == pytest.approx(results[0].chip.test_accuracy[-1])


PROGRAM = """
import sys; sys.path.insert(0, sys.argv[1])
import importlib.util
spec = importlib.util.spec_from_file_location("t", sys.argv[2]); t = importlib.util.module_from_spec(spec)
spec.loader.exec_module(t)
print(t.digest(t.train(t.ladder_law(lost=1e-3, instances=4), t.load_dataset("digits"), seed=1, config=t.SHORT)))
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_another_process_with_other_threads_finds_the_same_bits(results, threads):
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, threads)
    command = [sys.executable, "-c", PROGRAM, os.getcwd(), __file__]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == digest(results[0])
    assert digest(results[1]) != digest(results[0])


def test_file_round_trip(results, tmp_path):
    path = tmp_path / "training.h5"
    save_training(path, results, config={"table": "five_state"})
    found = load_training(path)
    assert [digest(result) for result in found] == [digest(result) for result in results]
    assert [(r.seed, r.dataset, r.config) for r in found] == [(r.seed, r.dataset, r.config) for r in results]
    assert found[0].chip.seconds is None
    again = tmp_path / "again.h5"
    save_training(again, found, config={"table": "five_state"})
    with pytest.raises(InputError, match="--force"):
        save_training(path, results)
    damaged = path.read_bytes()
    path.write_bytes(damaged[: len(damaged) // 2])
    with pytest.raises(InputError, match=r"training\.h5"):
        load_training(path)


def test_results_that_do_not_belong_together_are_refused(results, tmp_path):
    other = dataclasses.replace(results[1], config=TrainingConfig())
    for wrong in ([], [results[0], results[0]], [results[0], other]):
        with pytest.raises(InputError):
            save_training(tmp_path / "training.h5", wrong)
    assert not list(tmp_path.iterdir())


def test_configuration_names_every_problem():
    with pytest.raises(InputError, match=r"epochs = 0 .*batch_size = 1\.5 .*flip = 2 .*float32_momentum = 1"):
        TrainingConfig(epochs=0, batch_size=1.5, float32_momentum=1.0, flip=2)
    with pytest.raises(InputError, match="patience = 3 needs a validation_fraction"):
        TrainingConfig(patience=3)
    with pytest.raises(InputError, match='did you mean "mixed-precision"'):
        TrainingConfig(rule="mixed_precision")


def test_figures_show_what_they_are_given(results):
    ax = plots.plot_learning_curves(results)
    on_chip = np.array([result.chip.test_accuracy for result in results])
    assert np.array_equal(ax.lines[1].get_ydata(), on_chip.mean(axis=0))
    weights = plots.plot_weights(results[0], layer=1)
    assert np.array_equal(weights.images[0].get_array(), results[0].hardware.weight[1].T)
    assert weights.get_xlabel() == "input of layer 2 (last: bias)"
    bare = NetworkDefinition(name="bare", layers=(Flatten(), Linear(outputs=32, bias=False), Activation(), Linear()))
    plain = dataclasses.replace(results[0], config=dataclasses.replace(results[0].config, network=bare))
    assert plots.plot_weights(plain).get_xlabel() == "input of layer 1"
    assert plots.plot_confusion(results).images[0].get_array().shape == (10, 10)
    occupancy = plots.plot_state_occupancy(results[0])
    assert [text.get_text() for text in occupancy.get_legend().get_texts()] == [
        "lost",
        *(f"state {s}" for s in (4, 3, 2, 1, 0)),
    ]
    wear = plots.plot_pulses_per_device(results[0])
    for axes in (ax, occupancy, wear):
        assert axes.get_xlabel()
        assert axes.get_ylabel()


def test_network_may_be_named():
    assert TrainingConfig(network="mlp:8").network == mlp((8,))
    with pytest.raises(InputError, match='"mpl" is unknown'):
        TrainingConfig(network="mpl:8")
    with pytest.raises(InputError, match="network = 8 must be"):
        TrainingConfig(network=8)


def test_result_says_itself_in_one_line():
    config = TrainingConfig(network="linear", epochs=1, batch_size=64)
    result = train(ladder_law(), load_dataset("digits"), seed=0, config=config)
    assert "\n" not in repr(result) and len(repr(result)) < 200
    assert f"{result.chip.test_accuracy[-1]:.4f} on chip, {result.float32.test_accuracy[-1]:.4f} in float32" in repr(
        result
    )


def test_results_print_in_one_line_and_as_a_table():
    config = TrainingConfig(network="linear", epochs=1)
    result = train(ladder_law(states=3), load_dataset("digits"), seed=1, config=config)
    for one in (result, result.chip, result.hardware, result.learned):
        assert "\n" not in repr(one) and len(repr(one)) < 160
    assert f"{result.accuracy:.4f}" in repr(result.chip)
    assert str(result.hardware.pulses[-1]) in repr(result.hardware) and "(65, 10)" in repr(result.learned)
    assert f"<td>{result.accuracy:.4f}</td>" in result._repr_html_()


def test_as_pandas(results):
    pytest.importorskip("pandas", reason="needs the extra pandas")
    found = results[0].to_pandas()
    assert len(found) == 2 * (SHORT.epochs + 1) and set(found.network) == {"chip", "float32"}
    chip = found[found.network == "chip"]
    assert np.array_equal(chip.test_accuracy, results[0].chip.test_accuracy)
    assert np.array_equal(chip.pulses, results[0].hardware.pulses)
    assert found[found.network == "float32"].pulses.isna().all(), "the twin sends none"
