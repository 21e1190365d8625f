"""Update rules and pairs: what is asked for is what comes out, on average."""

import numpy as np
import pytest

from arraysim.rules.mixed_precision import MixedPrecision
from arraysim.rules.sign_rule import SignRule
from arraysim.rules.stochastic_pulses import StochasticPulses
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.weights import DOWN, UP, PairedWeights

SHAPE = (60, 50)


def asymmetric_law():
    """21 states, room for many steps; pulses down miss four times as often as pulses up."""
    up, down = ladder_law(states=21, miss=0.1, double=0.02), ladder_law(states=21, miss=0.4, double=0.0)
    return PulseLaw(
        probability=np.stack([up.probability[:, UP], down.probability[:, DOWN]], axis=1),
        conductance=up.conductance,
        conductance_std_ctoc=up.conductance_std_ctoc,
        energy_per_pulse=up.energy_per_pulse,
    )


def centred_pairs(law, seed=1):
    """Pairs with both walls in the middle of the track, where pulses have room both ways."""
    pairs = PairedWeights(law, rows=SHAPE[0], columns=SHAPE[1], largest_weight=1.0, seed=seed)
    pairs.array.state[:] = law.states // 2
    pairs.refresh()
    assert not pairs.values.any()
    return pairs


def gradients(batches=12, seed=0):
    """Half the weights are asked up, half down, none further than about three levels."""
    rng = np.random.default_rng(seed)
    sense = np.where(rng.random(SHAPE) < 0.5, 1, -1)
    return [(sense * rng.random(SHAPE)).astype(np.float32) for _ in range(batches)], sense


def answered(rule, pairs, rate):
    found, sense = gradients()
    for gradient in found:
        pairs.pulse(rule.directions(gradient, rate))
    wanted = -rate * np.sum(found, axis=0)
    return pairs.values, wanted, sense


@pytest.mark.parametrize("name", ["mixed-precision", "stochastic-pulses"])
def test_mean_weight_change_is_the_wanted_one(name):
    """Means over 1500 weights for each sense, bound at four standard errors.

    Neither wall comes near an end. The mixed-precision rule keeps back what its accumulators hold.
    """
    law = asymmetric_law()
    pairs = centred_pairs(law)
    # The mean step of the middle of the track, where this test stays; mean_step also counts the cut doubles.
    inner = pairs.scale * np.diff(law.conductance)[0] * (0.92 + 0.6) / 2
    rate = 0.02
    mixed = name == "mixed-precision"
    rule = MixedPrecision(SHAPE, inner, momentum=0.0) if mixed else StochasticPulses(SHAPE, inner, seed=(3,))
    values, wanted, sense = answered(rule, pairs, rate)
    if name == "mixed-precision":
        wanted = wanted - rule.accumulator
    for one in (1, -1):
        error = (values - wanted)[sense == one]
        bound = 4 * error.std() / error.size**0.5
        assert abs(error.mean()) < bound
        assert bound < 0.1 * abs(wanted[sense == one].mean()), "a bound this wide would say nothing"
        # Negative control: a rule that takes one level for the mean step would come out at 76 %.
        assert abs(0.76 * wanted[sense == one].mean() - values[sense == one].mean()) > bound


def test_mean_step_of_a_pair_is_that_of_the_law():
    law = ladder_law(miss=0.2, double=0.08)
    pairs = PairedWeights(law, rows=4, columns=3, largest_weight=2.0, seed=0)
    level = 2.0 / 4
    expected = level * (3 * (0.72 + 0.16) + 0.8) / 4
    assert pairs.mean_step == pytest.approx(expected)


def test_momentum_multiplies_the_sum_of_a_constant_gradient():
    """After many batches the accumulated change is rate * gradient / (1 - momentum) per batch."""
    rule = MixedPrecision((1, 1), 1e9, momentum=0.9)
    for _ in range(1000):
        rule.directions(np.ones((1, 1), np.float32), 0.01)
    # The start-up lacks momentum / (1 - momentum)**2 = 90 batches' worth of the plain step.
    assert rule.accumulator[0, 0] == pytest.approx(-0.01 * (10 * 1000 - 90), rel=1e-3)


def test_accumulator_sends_one_pulse_per_mean_step():
    rule = MixedPrecision((1, 2), 0.25, momentum=0.0)
    sent = [rule.directions(np.array([[-0.1, 0.2]], np.float32), 1.0)[0].tolist() for _ in range(10)]
    assert np.sum(sent, axis=0).tolist() == [4, -8]
    assert set(np.ravel(sent)) == {-1, 0, 1}


def test_sign_rule_pulses_against_the_gradient_at_the_given_chance():
    """Binomial share among 3000 draws, bound at four standard errors."""
    gradient = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    gradient[0] = 0
    sent = SignRule(SHAPE, seed=(1,)).directions(gradient, 0.3)
    assert not sent[0].any()
    assert np.all(sent[sent != 0] == -np.sign(gradient[sent != 0]))
    share = np.mean(sent[1:] != 0)
    assert abs(share - 0.3) < 4 * (0.3 * 0.7 / sent[1:].size) ** 0.5


def test_a_pair_with_a_lost_wall_is_written_through_its_other_device():
    law = ladder_law(miss=0, double=0)
    pairs = PairedWeights(law, rows=20, columns=10, largest_weight=4.0, seed=0)
    pairs.array.state[:] = 0
    pairs.array.state[200:] = 4
    pairs.array.state[:200] = 5  # G+ has lost its wall at the low end, and seems to have all the room
    pairs.refresh()
    for _ in range(60):
        pairs.pulse(np.where(pairs.values < 0, 1, 0))
    assert np.all(pairs.values == 0)


def test_room_decides_which_device_is_pulsed():
    """Weight zero with both devices at the low end: up can only be G+, down only G-."""
    pairs = PairedWeights(ladder_law(miss=0, double=0), rows=10, columns=10, largest_weight=4.0, seed=0)
    sense = np.where(np.arange(100).reshape(10, 10) % 2, 1, -1)
    pairs.pulse(sense)
    np.testing.assert_allclose(pairs.values, sense, rtol=1e-6)
    assert pairs.array.state.reshape(2, 10, 10)[0].tolist() == (sense > 0).astype(int).tolist()
    assert pairs.array.reads == 200


def test_first_weights_are_even_and_symmetric():
    """Share of each weight on a 5-state pair without misses: 0 to 2 levels on either side, bound at four errors."""
    pairs = PairedWeights(ladder_law(miss=0, double=0), rows=100, columns=60, largest_weight=4.0, seed=0)
    pairs.initialize(0.5, np.random.default_rng(1))
    level, count = np.unique(np.round(pairs.values).astype(int), return_counts=True)
    assert level.tolist() == [-2, -1, 0, 1, 2]
    expected = np.array([1, 1, 2, 1, 1]) / 6
    assert np.all(np.abs(count / 6000 - expected) < 4 * (expected * (1 - expected) / 6000) ** 0.5)
