"""Weights held by synapses: several pulses at once, read paths, checkpoints of weights and rules."""

import dataclasses

import numpy as np
import pytest

from arraysim.programming.config import WriteVerifyConfig
from arraysim.programming.write_verify import write_verify
from arraysim.rules.mixed_precision import MixedPrecision
from arraysim.rules.registry import RULES, make_rule
from arraysim.synapses.faults import Faults
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.weight_kinds import ReferencedWeights, SignificantWeights
from arraysim.synapses.weights import PairedWeights
from dwcore.errors import InputError


def pairs(**more):
    return PairedWeights(
        ladder_law(states=21, miss=0, double=0), rows=6, columns=5, largest_weight=20.0, seed=2, **more
    )


def test_counts_are_numbers_of_pulses():
    weights = pairs()
    weights.array.state[:] = 10
    weights.refresh()
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


@pytest.mark.parametrize("name", RULES)
def test_a_rule_and_its_weights_go_on_from_a_checkpoint_bit_for_bit(name):
    def layer():
        weights = pairs()
        return weights, make_rule(name, weights, seed=(1, 2))

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


def kinds(law, **more):
    size = {"rows": 20, "columns": 15, "largest_weight": 1.0, "seed": 3} | more
    return {
        "pair": PairedWeights(law, **size),
        "reference": ReferencedWeights(law, **size),
        "digits": SignificantWeights(law, digits=2, base=4, **size),
        "equal": SignificantWeights(law, digits=3, base=1, **size),
    }


KINDS = ["pair", "reference", "digits", "equal"]


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_what_the_conductances_say(kind):
    """After pulses, several at a time, with spreads and faults; the same to the last bit when read again."""
    law = spread_law()
    weights = kinds(law, conductance_std_dtod=0.1, faults=Faults(stuck=0.05, open=0.05))[kind]
    planes = weights.conductances
    rng = np.random.default_rng(0)
    weights.initialize(0.7, rng)
    for _ in range(5):
        weights.pulse(rng.integers(-2, 3, size=(20, 15)))
    planes = weights.conductances
    total = sum(factor * plane.astype(float) for factor, plane in zip(weights.factors, planes, strict=True))
    np.testing.assert_allclose(weights.values, weights.scale * total, atol=1e-6)
    for plane, fresh in zip(planes, weights.array.conductance, strict=False):
        assert np.array_equal(plane, fresh)
    before = weights.values.copy()
    weights.refresh()
    assert np.array_equal(before, weights.values)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("both", [0, 1])
def test_pulses_that_go_the_same_way_make_no_weights(kind, both):
    """Each pulse of a law alone, taken for both senses: one of the two mean steps is negative."""
    law = ladder_law(states=5, miss=0, double=0)
    one_way = dataclasses.replace(law, probability=law.probability[..., [both, both], :, :])
    with pytest.raises(InputError, match="weights need one pulse up and one down, mean steps are"):
        kinds(one_way)


def spread_law():
    law = ladder_law(states=5, instances=3)
    return dataclasses.replace(law, conductance_std_ctoc=np.full(5, 1e-6))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_goes_on_from_a_checkpoint(kind):
    through, again = (kinds(spread_law(), conductance_std_dtod=0.1)[kind] for _ in range(2))
    counts = np.random.default_rng(0).integers(-2, 3, size=(6, 20, 15))
    for count in counts[:3]:
        through.pulse(count)
    again.restore(through.checkpoint())
    for weights in (through, again):
        for count in counts[3:]:
            weights.pulse(count)
    assert np.array_equal(through.values, again.values)


@pytest.mark.parametrize("kind", KINDS)
def test_pulses_that_never_fail_move_weights_by_their_step_from_end_to_end(kind):
    """Up to the largest weight and down to the least; but one pulse in 32 goes where no room is seen."""
    weights = kinds(ladder_law(miss=0, double=0))[kind]
    weights.clear()
    np.testing.assert_allclose(weights.values, 0, atol=1e-6)
    levels = {"pair": 4, "reference": 2, "digits": 20, "equal": 12}[kind]
    assert (weights.level, weights.mean_step) == pytest.approx((1 / levels, 1 / levels))
    weights.pulse(np.ones((20, 15), int))
    assert np.mean(np.abs(weights.values - 1.0 / levels) < 1e-5) > 0.9
    for sense, number in ((1, 3 * levels), (-1, 5 * levels)):
        for _ in range(number):
            weights.pulse(np.full((20, 15), sense))
        assert np.mean(np.abs(weights.values - sense) < 1e-5) > 0.9


@pytest.mark.parametrize(
    ("kind", "devices", "events"), [("pair", 2, 1), ("reference", 1, 1), ("digits", 4, 4), ("equal", 6, 1)]
)
def test_pulses_and_reads_are_counted_by_device(kind, devices, events):
    """A weight of base 4 may carry, which takes three pulses more; numbers of random draws are never used twice."""
    weights = kinds(ladder_law(miss=0, double=0))[kind]
    weights.clear()
    for sense in (3, -3):
        before, count = weights.array.take_events(0), np.full((20, 15), sense)
        count[0, 0] = np.sign(sense)
        weights.pulse(count)
        assert weights.array.take_events(0) - before == 3 * events
    before = weights.array.reads
    weights.read(np.arange(7))
    assert weights.array.reads - before == 7 * devices


def test_first_weights_take_their_share_of_the_states():
    """Three of four steps; as many walls take none, one, two or three."""
    weights = kinds(ladder_law(miss=0, double=0))["pair"]
    weights.initialize(0.75, np.random.default_rng(0))
    moved = np.bincount(weights.array.state.reshape(2, -1).max(axis=0), minlength=5)
    assert moved[4] == 0 and np.abs(moved[:4] - 75).max() < 5 * np.sqrt(75 * 0.75)


def test_references_are_devices_of_their_own():
    weights = kinds(ladder_law(), conductance_std_dtod=0.1)["reference"]
    own, rows = weights.reference.device_factors(), weights.array.device_factors()[:20]
    assert own.size == 20 and not np.array_equal(own, rows)
    other = kinds(ladder_law(), conductance_std_dtod=0.1, number=1)["reference"]
    assert not np.isin(other.reference.device_factors(), own).any(), "layers have references of their own"
    assert SignificantWeights(ladder_law(), rows=2, columns=2, largest_weight=1.0, seed=0, base=8).factors


def test_a_full_digit_carries_and_the_step_stays_the_same():
    """Base 4 on pairs of 5 states: after four fine levels one pulse sends one coarse up and three fine ones down."""
    weights = kinds(ladder_law(miss=0, double=0))["digits"]
    weights.clear()
    for number in range(1, 9):
        weights.pulse(np.ones((20, 15), int))
        # One pulse in 32 finds no room, one in 32 is carried early, when the lower digit cannot step back.
        assert np.mean(np.abs(weights.values - number / 20) < 1e-5) > (31 / 32) ** (3 * number) - 0.1
    coarse = weights.array.state.reshape(4, 20, 15)[2]
    assert np.mean(coarse == 1) > 0.6
    assert np.mean(coarse == 0) < 0.1


@pytest.mark.parametrize(("kind", "plane", "chances"), [("pair", 0, 1), ("digits", 2, 2)])
def test_the_last_bit_of_room_counts_where_there_is_no_other_digit(kind, plane, chances):
    """A tenth of a step is left to G+ of the first digit, none to G-: 31 of 32 pulses go there.

    Where there is another digit they go on to its G+: 31 of 32 do not pass it over, and 31 of 32 of these choose G+.
    """
    law = ladder_law(miss=0, double=0)
    G = law.conductance.copy()
    G[3] = G[4] - 0.1 * (G[1] - G[0])
    weights = kinds(dataclasses.replace(law, conductance=G))[kind]
    weights.clear()
    state = weights.array.state.reshape(-1, 300)
    state[0] = 3
    weights.refresh()
    before = state[plane].copy()
    weights.pulse(np.ones((20, 15), int))
    share = (31 / 32) ** chances
    assert abs(np.sum(state[plane] == before + 1) - 300 * share) < 4 * (300 * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_devices_outside_the_window_still_move(kind):
    """Device factors so wide that many conductances lie beyond both ends of the nominal window."""
    weights = kinds(ladder_law(miss=0, double=0), conductance_std_dtod=0.8)[kind]
    window = np.array([0.99, 1.01]) * weights.array.law.conductance[[0, -1]]
    outside = (weights.array.conductance < window[0]) | (weights.array.conductance > window[1])
    assert outside.mean() > 0.3
    weights.clear()

    def driven(sense):
        """Mean over the last of many pulses; digits may go to and fro while they try to carry."""
        seen = []
        for _ in range(60):
            weights.pulse(np.full((20, 15), 8 * sense))
            seen.append(weights.values.copy())
        return np.mean(seen[30:], axis=0)

    for sense in (1, -1):
        assert np.all(sense * (driven(sense) - driven(-sense)) > 0)


def test_references_sit_in_the_middle():
    weights = kinds(ladder_law(states=9))["reference"]
    law = weights.array.law
    np.testing.assert_allclose(weights.reference.conductance, law.conductance[4], rtol=1e-6)
    assert weights.reference.reads > 0
    assert min(weights.reference.pulses_received) >= 2 * 9, "pulses that reset and centre them wear them, too"
    assert weights.conductances[1].shape == (20, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_first_weights_are_centred(kind):
    """Mean of 300 weights within four standard errors of zero, and not all the same."""
    weights = kinds(ladder_law())[kind]
    weights.initialize(0.5, np.random.default_rng(2))
    assert abs(weights.values.mean()) < 4 * weights.values.std() / 300**0.5 + 0.05
    assert weights.values.std() > 0.1 * weights.largest


def test_weights_forget_with_their_arrays():
    rate = np.diag(np.full(4, 1.0), -1)
    law = dataclasses.replace(ladder_law(), retention_rate=rate[None])
    weights = kinds(law)["pair"]
    weights.initialize(1.0, np.random.default_rng(0))
    assert weights.values.any()
    weights.rest(1e3)
    assert not weights.values.any()


@pytest.mark.parametrize(
    ("more", "message"),
    [({"digits": 0}, "digits = 0"), ({"base": 9}, "base = 9 must be <= 8"), ({"base": 1.5}, "base")],
)
def test_unfit_digits_are_refused(more, message):
    with pytest.raises(InputError, match=message):
        SignificantWeights(ladder_law(), rows=2, columns=2, largest_weight=1.0, seed=0, **more)


def targets(weights, seed=5):
    return np.random.default_rng(seed).uniform(-0.9, 0.9, weights.values.shape).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_write_verify_reaches_the_tolerance(kind):
    weights = kinds(ladder_law(miss=0.2, double=0.05))[kind]
    weights.clear()
    target = targets(weights)
    result = write_verify(
        weights, target, seed=1, config=WriteVerifyConfig(rounds=200, pulse_budget=400, tolerance=0.6)
    )
    assert result.within > 0.98
    assert np.mean(np.abs(weights.values - target) <= 0.6 * weights.level * (1 + 1e-5)) == pytest.approx(result.within)
    assert result.rms_error[-1] < 0.3 * result.rms_error[0]
    assert result.accepted[-1] >= result.within - 1e-9
    summary = result.summary()
    assert summary["pulses_per_weight"] == pytest.approx(result.pulses.mean())
    assert result.energy > 0


def test_write_verify_keeps_to_its_budget_and_noise_costs_accuracy():
    results = {}
    for noise in (0.0, 0.2):
        weights = kinds(ladder_law())["pair"]
        weights.clear()
        config = WriteVerifyConfig(pulse_budget=6, rounds=30, read_noise=noise)
        results[noise] = write_verify(weights, targets(weights), seed=1, config=config)
        assert results[noise].pulses.max() <= 6
        assert results[noise].pulses.sum() <= weights.array.pulses_sent.sum()
    assert results[0.2].rms_error[-1] > 1.3 * results[0.0].rms_error[-1]
    with pytest.raises(InputError, match="target of shape"):
        write_verify(weights, np.zeros((2, 2)), seed=1)
    with pytest.raises(InputError, match=r"rounds = 0 .*read_noise = -1"):
        WriteVerifyConfig(rounds=0, read_noise=-1)


@pytest.mark.parametrize(("steps", "pulses"), [(0.6, 1), (1.9, 1), (-1.9, -1), (2.2, 2), (-3.7, -3)])
def test_a_round_sends_no_more_pulses_than_the_error_has_whole_steps(steps, pulses):
    """Never past the target, but always one pulse at least; one round on devices that never miss."""
    weights = kinds(ladder_law(states=9, miss=0, double=0))["pair"]
    weights.clear()
    target = np.full(weights.values.shape, steps * weights.mean_step)
    result = write_verify(weights, target, seed=0, config=WriteVerifyConfig(rounds=1, tolerance=0.1))
    assert np.all(result.pulses == abs(pulses))
    assert np.median(weights.values) == pytest.approx(pulses * weights.mean_step), "one in 32 goes to a full device"


def test_targets_beyond_the_window_are_clipped_and_counted():
    weights = kinds(ladder_law(miss=0, double=0))["pair"]
    result = write_verify(weights, np.full((20, 15), 3.0), seed=0)
    assert result.clipped == 1.0
    np.testing.assert_allclose(weights.values, 1.0, atol=1e-5)


def test_accumulators_that_start_anywhere_follow_the_wanted_change_from_the_first_batch_on():
    """A tenth of a step asked of 10,000 weights moves a twentieth of them; with empty accumulators none."""
    gradient, shape = np.full((100, 100), -0.1, np.float32), (100, 100)
    empty = MixedPrecision(shape, 1.0).directions(gradient, 1.0)
    drawn = MixedPrecision(shape, 1.0, seed=(1,)).directions(gradient, 1.0)
    assert not empty.any()
    # Accumulators lie evenly between minus one and one, so the topmost twentieth gets there: 500 +- 22.
    assert drawn.min() == 0 and abs(int(drawn.sum()) - 500) < 4 * 22


def test_first_weights_are_never_all_zero():
    """A twentieth of four steps is none, rounded; one pulse is sent at least."""
    weights = kinds(ladder_law(miss=0, double=0))["pair"]
    weights.initialize(0.05, np.random.default_rng(0))
    assert set(weights.array.state) == {0, 1}


def test_states_that_there_are_not_are_refused():
    """Five ordinary states, two of lost walls, open and short: 0 to 8."""
    weights = kinds(ladder_law())["pair"]
    for state, words in ((8, None), (9, "state from 0 to 9"), (-1, "state from -1 to 0")):
        saved = weights.checkpoint()
        saved["state"][3] = state
        if words is None:
            weights.restore(saved)
            saved["state"][3] = 0
            weights.restore(saved)
        else:
            with pytest.raises(InputError, match=rf"{words} \[1\] must be >= 0 and < 9"):
                weights.restore(saved)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sibling_is_of_the_same_kind_with_devices_of_its_own(kind):
    weights = kinds(ladder_law(), conductance_std_dtod=0.1)[kind]
    other = weights.sibling(7)
    assert (type(other), other.number, other.largest, other.factors) == (type(weights), 7, 1.0, weights.factors)
    assert other.mean_step == weights.mean_step and other.array.shape == weights.array.shape
    assert not np.isin(other.array.device_factors(), weights.array.device_factors()).all()
