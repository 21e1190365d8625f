"""What a watch on training says, and that it says nothing of one that learns."""

import dataclasses

import numpy as np
import pytest

from arraysim.datasets.datasets import load_dataset
from arraysim.synapses.ladder import ladder_law
from arraysim.training.config import TrainingConfig
from arraysim.training.run import train
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
