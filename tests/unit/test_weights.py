"""Weights held by synapses: several pulses at once, read paths, checkpoints of weights and rules."""

import numpy as np
import pytest

from arraysim.rules.registry import DEFAULT_RATE, make_rule
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.weights import PairedWeights


def pairs(**more):
    return PairedWeights(
        ladder_law(states=21, miss=0, double=0), rows=6, columns=5, largest_weight=20.0, seed=2, **more
    )


def test_counts_are_numbers_of_pulses():
    weights = pairs()
    count = np.random.default_rng(0).integers(-3, 4, size=(6, 5)).astype(np.int8)
    weights.pulse(count)
    np.testing.assert_allclose(weights.values, count, atol=1e-5)
    assert weights.array.pulses_sent.sum() == np.abs(count).sum()


class Doubling:
    """A read path of gain two that looks at the conductances only."""

    def matrix(self, weights):
        return (
            2 * weights.scale * sum(f * plane for f, plane in zip(weights.factors, weights.conductances, strict=True))
        )

    def forward(self, inputs, weights):
        return inputs @ self.matrix(weights)

    def backward(self, errors, weights):
        return errors @ self.matrix(weights).T


def test_both_passes_go_through_the_reader():
    plain, read = pairs(), pairs(reader=Doubling())
    for weights in (plain, read):
        weights.pulse(np.arange(30).reshape(6, 5) - 15)
    inputs, errors = np.random.default_rng(1).normal(size=(2, 4, 6)).astype(np.float32)
    np.testing.assert_allclose(read.forward(inputs), 2 * plain.forward(inputs), rtol=1e-4)
    np.testing.assert_allclose(read.backward(errors[:, :5]), 2 * plain.backward(errors[:, :5]), rtol=1e-4)


@pytest.mark.parametrize("name", DEFAULT_RATE)
def test_a_rule_and_its_weights_go_on_from_a_checkpoint_bit_for_bit(name):
    def layer():
        weights = pairs()
        return weights, make_rule(name, weights, momentum=0.5, seed=(1, 2))

    def train(weights, rule, batches):
        for number in batches:
            rng = np.random.default_rng(number)
            inputs = rng.normal(size=(10, 6)).astype(np.float32)
            errors = rng.normal(size=(10, 5)).astype(np.float32)
            rule.update(weights, inputs, errors, 0.3)

    through, cut, again = layer(), layer(), layer()
    train(*through, range(8))
    train(*cut, range(3))
    again[0].restore(cut[0].checkpoint())
    again[1].restore(cut[1].checkpoint())
    assert not np.array_equal(again[0].values, through[0].values)
    train(*again, range(3, 8))
    assert np.array_equal(again[0].values, through[0].values)
    assert again[0].array.reads == through[0].array.reads
