"""What a watch on training says, and that it says nothing of one that learns."""

import dataclasses
import itertools
import json

import numpy as np
import pytest

from arraysim.datasets.datasets import load_dataset
from arraysim.rules import registry
from arraysim.synapses.ladder import ladder_law
from arraysim.training.checkpoint import Checkpointer
from arraysim.training.config import TrainingConfig
from arraysim.training.file import load_training, save_training
from arraysim.training.run import train
from arraysim.training.seeds import log_path, train_seeds
from arraysim.training.watch import notes_on


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits").part(slice(600))


def trained(digits, **changes):
    return train(ladder_law(states=5), digits, seed=1, config=TrainingConfig(network="mlp:16", epochs=4, **changes))


def test_of_a_network_that_learns_nothing_is_said(digits):
    assert notes_on([trained(digits)]) == []


def test_a_rate_too_small_sends_no_pulse(digits):
    (note,) = notes_on([trained(digits, learning_rate=1e-12, rule="sign", twin=False)])
    assert note.startswith("seed 1: no pulse was sent") or "guessing" in note


def test_collapse_is_said_with_what_to_try(digits):
    result = trained(digits, learning_rate=1e3, weight_range=1e3)
    found = dataclasses.replace(result, chip=dataclasses.replace(
        result.chip, train_accuracy=np.full(5, 0.1), confusion=np.diag(np.ones(10, int))[:, :1] * np.ones(10, int)))  # fmt: skip
    assert "while the twin has" in notes_on([found])[0] and "--search" in notes_on([found])[0]
    twin = dataclasses.replace(result.float32, train_accuracy=np.full(5, 0.29))
    assert "try more epochs" in notes_on([dataclasses.replace(found, float32=twin)])[0], (
        "its twin has not learned, either"
    )
    one = np.zeros((10, 10), int)
    one[:, 3] = 12
    same = dataclasses.replace(result, chip=dataclasses.replace(result.chip, confusion=one))
    assert any("same answer" in note for note in notes_on([same]))


def test_weights_at_their_ends_are_counted(digits):
    result = trained(digits)
    layers = list(result.hardware.weight)
    layers[1] = np.full(layers[1].shape, -1e3)
    full = dataclasses.replace(result, hardware=dataclasses.replace(result.hardware, weight=tuple(layers)))
    (note,) = notes_on([full])
    assert "weights of layer 1 are at their ends" in note and "weight_range" in note
    largest = TrainingConfig().weight_range / np.sqrt(17)  # of 16 inputs and the bias
    for share, at, said in ((0.96, 0.91, True), (0.94, 1.0, False), (0.96, 0.89, False)):
        layers[1] = np.where(np.arange(layers[1].size) < at * layers[1].size, share * largest, 0).reshape(
            layers[1].shape
        )
        full = dataclasses.replace(result, hardware=dataclasses.replace(result.hardware, weight=tuple(layers)))
        assert bool(notes_on([full])) == said


@pytest.fixture
def ruinous(monkeypatch):
    """A default rate so large that the first epoch gives what guessing gives."""
    entry = registry.RULES["mixed-precision"]._replace(rate=1e3)
    monkeypatch.setitem(registry.RULES, "mixed-precision", entry)


def test_a_rate_is_sought_where_the_first_epoch_fails(digits, ruinous, tmp_path):
    result = trained(digits)
    assert result.found_rate == 1e3 / 16 and result.chip.train_accuracy[-1] > 0.3
    assert any("learning_rate = 1000, the default" in note and "62.5" in note for note in notes_on([result]))
    told = trained(digits, learning_rate=1e3 / 16)
    assert told.found_rate is None, "negative control: who gives a rate keeps it"
    assert np.array_equal(told.chip.loss, result.chip.loss), "it is the training with that rate, from the start"
    alone = trained(digits, twin=False)
    assert np.array_equal(alone.hardware.state[0], result.hardware.state[0]), "a twin is asked even where none is kept"
    save_training(tmp_path / "t.h5", [result])
    assert load_training(tmp_path / "t.h5")[0].found_rate == result.found_rate


def test_no_rate_is_sought_where_none_learns_or_the_user_gave_one(digits, ruinous, monkeypatch):
    given = trained(digits, learning_rate=1e3)
    assert given.found_rate is None and any("weights of layer" in note for note in notes_on([given]))
    small = registry.RULES["mixed-precision"]._replace(rate=1e-6)
    monkeypatch.setitem(registry.RULES, "mixed-precision", small)
    kept = trained(digits)
    assert kept.found_rate is None and "no pulse was sent" in notes_on([kept])[0]


@pytest.mark.parametrize("visits", [20, 38, 39, 60, 100, 230])  # 38 batches an epoch: before, in trials, after
def test_a_run_that_seeks_a_rate_goes_on_as_if_never_stopped(digits, ruinous, visits):
    law, config, kept, count = ladder_law(states=5), TrainingConfig(network="mlp:16", epochs=2), [], itertools.count(1)
    whole = train(law, digits, seed=1, config=config)
    cut = Checkpointer(kept.append, stop=lambda: next(count) >= visits, interval=0)
    with pytest.raises(KeyboardInterrupt):
        train(law, digits, seed=1, config=config, checkpointer=cut)
    again = train(law, digits, seed=1, config=config, checkpointer=Checkpointer(saved=kept[-1]))
    assert again.found_rate == whole.found_rate is not None
    assert np.array_equal(again.chip.loss, whole.chip.loss)
    assert all(map(np.array_equal, again.hardware.state, whole.hardware.state))
    assert np.array_equal(again.float32.loss, whole.float32.loss)


def test_the_log_tells_the_epochs_of_both_rates(digits, ruinous, tmp_path):
    config = TrainingConfig(network="mlp:16", epochs=2)
    (result,) = train_seeds(ladder_law(states=5), digits, seeds=(1,), config=config, out=tmp_path / "a.h5", jobs=1)
    lines = map(json.loads, log_path(tmp_path / "a.h5").read_text().splitlines())
    chip = [(line["epoch"], line.get("learning_rate")) for line in lines if line["network"] == "chip"]
    assert chip == [(0, None), (1, None), *((epoch, result.found_rate) for epoch in range(3))]
