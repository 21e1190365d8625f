"""Accuracy against something, and the search for learning rate and weight range."""

import dataclasses
import itertools

import numpy as np
import pytest

from arraysim.datasets.datasets import load_dataset
from arraysim.drawing import training_plots as plots
from arraysim.synapses.ladder import ladder_law
from arraysim.training.config import TrainingConfig
from arraysim.training.run import train
from arraysim.training.search import search
from arraysim.training.series import load_series, save_series, vary
from dwcore.errors import InputError

CONFIG = TrainingConfig(epochs=2, batch_size=32)


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


@pytest.fixture(scope="module")
def series(digits):
    return vary("states", (9, 2), digits, table=None, seeds=(1, 2), config=CONFIG, jobs=1)


def test_a_series_holds_what_single_trainings_find(digits, series):
    assert series.value.tolist() == [2, 9]
    assert series.on_chip.shape == (2, 2)
    for states, row in zip((2, 9), series.on_chip, strict=True):
        for seed, accuracy in zip((1, 2), row, strict=True):
            alone = train(ladder_law(states=states), digits, seed=seed, config=CONFIG)
            assert accuracy == alone.chip.test_accuracy[-1]
            assert series.float32[seed - 1] == alone.float32.test_accuracy[-1]


def test_a_series_goes_through_a_file_and_is_drawn(series, tmp_path):
    path = tmp_path / "series.h5"
    save_series(path, series, config={})
    found = load_series(path)
    for field in dataclasses.fields(series):
        assert np.array_equal(getattr(found, field.name), getattr(series, field.name)), field.name
    ax = plots.plot_accuracy_against(found)
    assert np.array_equal(ax.lines[0].get_ydata(), series.on_chip.mean(axis=1))
    assert ax.get_xlabel() == "number of states of an idealized synapse"
    save_series(tmp_path / "other.h5", dataclasses.replace(series, float32=np.empty(0)), config={})
    plots.plot_accuracy_against(load_series(tmp_path / "other.h5"))


def test_what_cannot_be_varied_is_refused(digits):
    more = {"table": None, "seeds": (1,), "config": CONFIG}
    with pytest.raises(InputError, match='did you mean "temperature"'):
        vary("temperatur", (1,), digits, **more)
    with pytest.raises(InputError, match="needs the table"):
        vary("temperature", (300,), digits, **more)
    with pytest.raises(InputError, match="at least one"):
        vary("states", (), digits, **more)
    with pytest.raises(InputError, match=r"states = 2.5 must be a whole number"):
        vary("states", (2.5,), digits, **more)


def test_the_search_leaves_a_bad_start_and_does_not_look_at_the_test_images(digits):
    config = dataclasses.replace(CONFIG, learning_rate=0.002, weight_range=4.0)
    noted = []
    trials = search(ladder_law(), digits, seed=1, config=config, note=noted.append)
    assert sorted(noted, key=lambda trial: -trial.validation_accuracy) == trials
    start = next(trial for trial in trials if (trial.learning_rate, trial.weight_range) == (0.002, 4.0))
    assert trials[0].validation_accuracy > start.validation_accuracy + 0.1
    assert trials[0].learning_rate >= 0.008
    assert all(
        earlier.validation_accuracy >= later.validation_accuracy for earlier, later in itertools.pairwise(trials)
    )
    # Other test images change nothing.
    train_set, test_set = digits.split(seed=1, test_fraction=0.2)
    blank = dataclasses.replace(train_set, test=dataclasses.replace(test_set, images=0 * test_set.images))
    same = dataclasses.replace(train_set, test=test_set)
    few = dataclasses.replace(config, learning_rate=0.02, epochs=1)
    assert search(ladder_law(), blank, seed=1, config=few) == search(ladder_law(), same, seed=1, config=few)


def test_a_rate_that_overflows_is_a_bad_trial_not_an_end(digits):
    config = dataclasses.replace(CONFIG, epochs=1, learning_rate=0.05, weight_range=1e38)
    trials = search(ladder_law(), digits.part(slice(300)), seed=1, config=config)
    assert len(trials) >= 3
