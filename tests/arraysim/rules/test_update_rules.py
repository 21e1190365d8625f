"""Update rules and pairs: what is asked for is what comes out, on average."""

import numpy as np
import pytest
from scipy.stats import chi2

from arraysim.rules.coincidence_kernel import draw_trains
from arraysim.rules.mixed_precision import MixedPrecision
from arraysim.rules.registry import make_rule
from arraysim.rules.sign_rule import SignRule
from arraysim.rules.stochastic_pulses import MOST_LINES, StochasticPulses
from arraysim.rules.tiki_taka import TikiTaka
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.weights import DOWN, UP, PairedWeights
from dwcore.errors import InputError

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


def inner_step(pairs):
    """The mean step of the middle of the track, where these tests stay; mean_step also counts the cut doubles."""
    return pairs.scale * np.diff(pairs.array.law.conductance)[0] * (0.92 + 0.6) / 2


def test_mean_weight_change_of_mixed_precision_is_the_wanted_one():
    """Means over 1500 weights for each sense, bound at four standard errors.

    Neither wall comes near an end. The rule keeps back what its accumulators hold.
    """
    pairs = centred_pairs(asymmetric_law())
    rule = MixedPrecision(SHAPE, inner_step(pairs))
    values, wanted, sense = answered(rule, pairs, 0.02)
    wanted = wanted - rule.accumulator
    for one in (1, -1):
        error = (values - wanted)[sense == one]
        bound = 4 * error.std() / error.size**0.5
        assert abs(error.mean()) < bound
        assert bound < 0.1 * abs(wanted[sense == one].mean()), "a bound this wide would say nothing"
        # Negative control: a rule that takes one level for the mean step would come out at 76 %.
        assert abs(0.76 * wanted[sense == one].mean() - values[sense == one].mean()) > bound


def signals(batches, n=10, seed=0):
    """Row signals of one sign per row and errors of one sign per column, so that changes add up."""
    rng = np.random.default_rng(seed)
    row, column = rng.choice([-1, 1], SHAPE[0]), rng.choice([-1, 1], SHAPE[1])
    found = [(row * rng.random((n, SHAPE[0])), column * rng.random((n, SHAPE[1]))) for _ in range(batches)]
    return [(x.astype(np.float32), d.astype(np.float32)) for x, d in found]


def check_change(values, wanted, *, off):
    """The slope of change against wanted change is one, within four standard errors; `off` is what a wrong rule has.

    Errors of weights in one row or column are correlated, as their trains are; the slope's error is taken from its
    spread over ten groups of rows.
    """
    groups = np.array_split(np.arange(SHAPE[0]), 10)
    slope = np.array([(values[g] * wanted[g]).sum() / (wanted[g] ** 2).sum() for g in groups])
    error = slope.std(ddof=1) / slope.size**0.5
    assert error < 0.02, "a bound this wide would say nothing"
    assert abs(slope.mean() - 1) < 4 * error
    assert abs(slope.mean() - off) > 4 * error


@pytest.mark.parametrize("cycles", [1, 7, 64])
def test_mean_weight_change_of_meeting_pulses_is_the_product_of_the_signals(cycles):
    """Negative control: a rule that takes the chance of a row for that of a meeting would be far off."""
    pairs = centred_pairs(asymmetric_law())
    rule = StochasticPulses(SHAPE, inner_step(pairs), seed=(3,), cycles=cycles)
    wanted = np.zeros(SHAPE)
    # No line needs to fire in every cycle: rate * 1 * 1 / (cycles * step) < 1.
    # Five levels in all: further on G+ has less room than G-, is chosen less, and the mean step changes.
    batches, rate = (12, 0.008) if cycles > 1 else (96, 0.001)
    for inputs, errors in signals(batches):
        rule.update(pairs, inputs, errors, rate)
        wanted -= rate * inputs.T @ errors
    check_change(pairs.values, wanted, off=1.1)


def test_trains_meet_as_often_as_chance_says_sample_by_sample():
    """One sample 4000 times: numbers of meetings of each weight, binomial over cycles * samples, chi-square at 1e-3."""
    n, cycles, step = 4000, 8, 1.0
    inputs, errors = np.array([[0.0, 0.5, -1.0, 0.2]], np.float32), np.array([[0.3, -1.0]], np.float32)
    rule = StochasticPulses((4, 2), step, seed=(9,), cycles=cycles)
    weight, count, turn = rule.meetings(np.repeat(inputs, n, 0), np.repeat(errors, n, 0), 2.0)
    found = np.bincount(weight, minlength=8).reshape(4, 2)
    expected = n * 2.0 * np.abs(inputs.T @ errors)
    assert not found[0].any()
    chance = expected[1:] / (n * cycles)
    score = ((found[1:] - expected[1:]) ** 2 / (n * cycles * chance * (1 - chance))).sum()
    assert score < chi2.isf(1e-3, 6)
    wrong = 1.1 * expected[1:]
    assert ((found[1:] - wrong) ** 2 / (n * cycles * chance * (1 - chance))).sum() > chi2.isf(1e-3, 6), "10 % off"
    sense = -np.sign(inputs.T @ errors).ravel()
    assert np.array_equal(count, sense[weight])
    assert len(np.unique(np.stack([weight, turn]), axis=1)[0]) == weight.size, "no weight twice in a cycle"
    assert turn.max() < n * cycles


def test_no_two_lines_samples_or_cycles_share_a_draw():
    """Half of 64 cycles of four lines of three samples: 24 words of 32 bits; two alike by chance once in 10 million."""
    line, train, length = np.empty((3, 4), np.int32), np.empty((3, 4), np.uint64), np.empty(3, np.int32)
    signal, gain, keys = np.full((3, 4), -0.25, np.float32), np.full(3, 2, np.float32), (np.uint64(1), np.uint64(2))
    draw_trains(signal, gain, 64, 0, *keys, line, train, length)
    assert length.tolist() == [4] * 3 and line.tolist() == [[1, 3, 5, 7]] * 3
    assert np.unique(train.view(np.uint32)).size == 24
    assert abs(np.unpackbits(train.view(np.uint8)).sum() - 12 * 32) < 5 * (12 * 64 / 4) ** 0.5


@pytest.mark.parametrize(("row", "column"), [(0.02, 1.0), (1.0, 0.02), (0.3, 0.3)])
def test_a_weak_line_is_balanced_by_a_strong_one(row, column):
    """A line of 1/50 of full scale meets one of full scale as often as the product says, though neither train alone could.

    Chances of row and column are made alike (update management), 0.3 each here; unbalanced, the strong line would
    have to fire more often than every cycle. Bound: four standard deviations of the binomial number of meetings.
    """
    n, cycles, chance, step = 2000, 10, 0.3, 0.01
    rule = StochasticPulses((1, 1), step, seed=(1, 2), cycles=cycles)
    rate = chance**2 * cycles * step / (row * column)
    weight, count, _ = rule.meetings(np.full((n, 1), row), np.full((n, 1), column), rate)
    assert np.all(weight == 0) and np.all(count == -1)
    p = chance**2
    assert abs(count.size - n * cycles * p) < 4 * (n * cycles * p * (1 - p)) ** 0.5


def test_trains_do_not_depend_on_how_samples_are_grouped():
    whole, parts = (StochasticPulses(SHAPE, 0.1, seed=(3,)) for _ in range(2))
    ((inputs, errors),) = signals(1, n=20)
    weight, count, turn = whole.meetings(inputs, errors, 0.1)
    first = parts.meetings(inputs[:7], errors[:7], 0.1)
    second = parts.meetings(inputs[7:], errors[7:], 0.1)
    assert np.array_equal(weight, np.concatenate([first[0], second[0]]))
    assert np.array_equal(count, np.concatenate([first[1], second[1]]))
    assert np.array_equal(turn, np.concatenate([first[2], second[2] + 70]))


def test_what_tiki_taka_carries_over_is_the_wanted_change():
    """Change of the weights and what the fast array still holds, over the gain.

    Pulses up and down are alike here: the fast array goes to and fro, and with unlike pulses its mean step would depend
    on where it is.
    """
    law = ladder_law(states=21, miss=0.24, double=0.0)
    pairs = centred_pairs(law)
    rule = TikiTaka(pairs, seed=(3,), gain=2.0, period=5, share=0.8)
    for weights in (rule.fast, pairs):
        weights.array.state[:] = law.states // 2
        weights.refresh()
        weights.mean_step = inner_step(pairs)
    rule._collect = StochasticPulses(SHAPE, inner_step(pairs), seed=(4,))
    wanted = np.zeros(SHAPE)
    for inputs, errors in signals(40):
        rule.update(pairs, inputs, errors, 0.005)
        wanted -= 0.005 * inputs.T @ errors
    check_change(pairs.values + rule.fast.values / 2.0, wanted, off=1.1)
    assert np.abs(pairs.values).mean() > 5 * np.abs(rule.fast.values / 2.0).mean(), "most has been carried over"


def test_mean_step_of_a_pair_is_that_of_the_law():
    law = ladder_law(miss=0.2, double=0.08)
    pairs = PairedWeights(law, rows=4, columns=3, largest_weight=2.0, seed=0)
    level = 2.0 / 4
    expected = level * (3 * (0.72 + 0.16) + 0.8) / 4
    assert pairs.mean_step == pytest.approx(expected)


def test_accumulator_sends_one_pulse_per_mean_step():
    rule = MixedPrecision((1, 2), 0.25)
    sent = [rule.directions(np.array([[-0.1, 0.2]], np.float32), 1.0)[0].tolist() for _ in range(10)]
    assert np.sum(sent, axis=0).tolist() == [4, -8]
    assert set(np.ravel(sent)) == {-1, 0, 1}


def by_hand(accumulator, inputs, errors, rate, step, threshold):
    """The mixed-precision rule in plain numpy."""
    accumulator = accumulator - rate * inputs.T @ errors
    count = np.sign(accumulator) * (np.abs(accumulator) >= threshold * step)
    return accumulator - count * step, count


@pytest.mark.parametrize("n", [10, 40])
@pytest.mark.parametrize("threshold", [1.0, 0.6])
def test_accumulator_kernels_agree_with_the_rule_in_numpy(n, threshold):
    """Few samples go through driven rows, many through a product; a rule given gradients does the same."""
    rng = np.random.default_rng(n)
    rule, other = (MixedPrecision(SHAPE, 0.11, threshold=threshold) for _ in range(2))
    accumulator, worst = np.zeros(SHAPE), 0
    for _ in range(10):
        inputs = (rng.normal(size=(n, SHAPE[0])) * (rng.random((n, SHAPE[0])) < 0.2)).astype(np.float32)
        errors = rng.normal(size=(n, SHAPE[1])).astype(np.float32)
        accumulator, count = by_hand(accumulator, inputs, errors, 0.08, 0.11, threshold)
        weight, found = rule.pulses(inputs, errors, 0.08)
        sent = np.zeros(SHAPE, int)
        sent.ravel()[weight] = found
        assert np.abs(found).max() == 1
        same = other.directions(inputs.T @ errors, 0.08)
        # Rounding may decide a pulse that lies on the edge; it then comes a batch later or earlier.
        worst = max(worst, np.count_nonzero(sent != count), np.count_nonzero(same != count))
        accumulator = np.where(sent != count, rule.accumulator, accumulator)
        other.accumulator[:] = rule.accumulator
        other._waiting[:] = rule._waiting
    assert worst <= 2
    np.testing.assert_allclose(rule.accumulator, accumulator, atol=2e-5)


def test_pulses_written_in_one_call_are_those_of_list_and_sending_bit_for_bit():
    """Two batches in between ask for nothing: they take no event."""
    at_once, listed = (centred_pairs(ladder_law(states=9, instances=3, miss=0.1), seed=4) for _ in range(2))
    rules = [MixedPrecision.for_layer(pairs, seed=(5,), threshold=0.8) for pairs in (at_once, listed)]
    for batch, gradient in enumerate(gradients(20)[0]):
        rate = 0.0 if batch in (7, 8) else 0.03
        rules[0].write(at_once, gradient, rate)
        listed.pulse_some(*rules[1].pulses_of(gradient, rate))
    assert at_once.array.events == listed.array.events == 18
    for name, values in listed.memory().items():
        assert np.array_equal(at_once.memory()[name], values), name
    assert np.array_equal(at_once.values, listed.values)
    assert np.array_equal(rules[0].accumulator, rules[1].accumulator)
    assert at_once.array.pulses_sent.sum() > 1000


def test_what_waits_in_the_accumulators_is_a_trapezoid():
    """Steps of random sign: variance (h^2 + (1 - h)^2)/6, (2 h - 1)/s^2 batches from pulse to pulse; not those of h + 0.1."""
    rng, size, batches, share = np.random.default_rng(3), (400, 100), 1500, 0.05

    def expected(h):
        return (h * h + (1 - h) ** 2) / 6, share**2 / (2 * h - 1)

    for h in (0.6, 0.75, 1.0):
        rule, pulses = MixedPrecision(size, 1.0, threshold=h, seed=(1,)), 0
        rule.accumulator *= 0.5
        for number in range(batches):
            signs = rng.integers(0, 2, size).astype(np.float32) * 2 - 1
            sent = np.abs(rule.directions(signs, share)).sum()
            pulses += sent if number >= batches // 2 else 0
        variance, rate = rule.accumulator.var(), pulses / rule.accumulator.size / (batches // 2)
        # A walk by finite steps stops up to one step beyond the threshold, on average half of it. The variance of 40,000
        # has a standard error of 0.7 % at most, the rate a smaller one.
        assert variance == pytest.approx(expected(h + share / 2)[0], rel=0.02), h
        assert rate == pytest.approx(expected(h + share / 2)[1], rel=0.01), h
        assert abs(variance / expected(h + 0.1)[0] - 1) > 0.05 and abs(rate / expected(h + 0.1)[1] - 1) > 0.1, h


def test_first_accumulators_are_even_between_the_thresholds():
    """3000 numbers between -0.6 and 0.6 steps of 0.5: none beyond, and a third of the square on average."""
    first = MixedPrecision(SHAPE, 0.5, threshold=0.6, seed=(1,)).accumulator
    assert 0.297 < np.abs(first).max() <= 0.3 and abs(first.mean()) < 4 * (0.03 / 3000) ** 0.5
    assert (first**2).mean() == pytest.approx(0.03, rel=4 * (0.8 / 3000) ** 0.5)


def test_threshold_has_bounds():
    for threshold in (0.5, 1.01):
        with pytest.raises(InputError, match="threshold = "):
            MixedPrecision(SHAPE, 0.1, threshold=threshold)


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
    """Weight zero with both devices at the low end: up is G+, down is G-, but for one in 32, which finds an end.

    Binomial share among 1600 weights, bound at four standard errors.
    """
    pairs = PairedWeights(ladder_law(miss=0, double=0), rows=40, columns=40, largest_weight=4.0, seed=0)
    sense = np.where(np.arange(1600).reshape(40, 40) % 2, 1, -1)
    pairs.pulse(sense)
    moved = np.abs(pairs.values - sense) < 1e-5
    assert np.all(moved | (pairs.values == 0))
    assert abs(1 - moved.mean() - 1 / 32) < 4 * (31 / 32**2 / 1600) ** 0.5
    assert np.array_equal(pairs.array.state.reshape(2, 40, 40)[0], (sense > 0) & moved)
    assert pairs.array.reads == 3200


def test_first_weights_are_even_and_symmetric():
    """Share of each weight on a 5-state pair without misses: 0 to 2 levels on either side, bound at four errors."""
    pairs = PairedWeights(ladder_law(miss=0, double=0), rows=100, columns=60, largest_weight=4.0, seed=0)
    pairs.initialize(0.5, np.random.default_rng(1))
    level, count = np.unique(np.round(pairs.values).astype(int), return_counts=True)
    assert level.tolist() == [-2, -1, 0, 1, 2]
    expected = np.array([1, 1, 2, 1, 1]) / 6
    assert np.all(np.abs(count / 6000 - expected) < 4 * (expected * (1 - expected) / 6000) ** 0.5)


def test_a_gradient_alone_is_answered_by_chance_against_it():
    """Where only a gradient is known: one pulse against it with the chance rate |gradient| / step; 5 standard errors."""
    gradient = np.array([[0.5, -0.25], [0.0, 2.0]], np.float32)
    rule, n, rate, step = StochasticPulses((2, 2), 0.1, seed=(1, 2)), 4000, 0.1, 0.1
    found = np.mean([rule.directions(gradient, rate) for _ in range(n)], axis=0)
    wanted = -np.clip(rate * gradient / step, -1, 1)
    share = np.abs(wanted)
    assert np.all(np.abs(found - wanted) <= 5 * np.sqrt(share * (1 - share) / n))
    assert found[1, 1] == -1 and found[1, 0] == 0


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("sign", {"cycle": 3}, 'rule "sign" has no setting "cycle"'),
        ("stochastic-pulses", {"cycles": 0}, "cycles = 0 must be from 1 to 64"),
        ("stochastic-pulses", {"cycles": 65}, "cycles = 65 must be from 1 to 64"),
        ("tiki-taka", {"gain": 0.0}, r"gain = 0.0 \[1\] must be > 0"),
        ("tiki-taka", {"gain": float("inf")}, r"gain = inf \[1\] must be > 0 and finite"),
        ("tiki-taka", {"period": 0}, "period = 0 must be an integer >= 1"),
        ("tiki-taka", {"period": 1.5}, "period = 1.5 must be an integer"),
        ("tiki-taka", {"share": 0.0}, r"share = 0.0 \[1\] must be > 0 and <= 1"),
        ("tiki-taka", {"share": 1.01}, "share = 1.01"),
    ],
)
def test_settings_of_rules_have_bounds(name, settings, words):
    """The bounds themselves are taken: trains of 64 cycles, everything carried over, in every batch."""
    weights = PairedWeights(ladder_law(), rows=3, columns=2, largest_weight=1.0, seed=0)
    with pytest.raises(InputError, match=words):
        make_rule(name, weights, seed=(1, 0), **settings)
    make_rule("stochastic-pulses", weights, seed=(1, 0), cycles=64)
    whole = make_rule("tiki-taka", weights, seed=(1, 0), share=1.0, period=1)
    with pytest.raises(InputError, match="a gradient is not enough"):
        whole.directions(weights.values, 0.1)


def test_lines_of_pulse_trains_have_a_bound():
    StochasticPulses((MOST_LINES, 1), 0.1, seed=(1,))
    with pytest.raises(InputError, match=f"at most {MOST_LINES} rows and columns can send pulse trains"):
        StochasticPulses((1, MOST_LINES + 1), 0.1, seed=(1,))


def test_pulses_of_signals_are_those_of_their_product():
    """Two samples drive one row each; the first error asks the second weight of its row up, the other one the third down."""
    rule = SignRule((2, 3), seed=(1,))
    weight, count = rule.pulses(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[0.0, -2.0, 0.0], [0.0, 0.0, 1.0]]), 1.0)
    assert (weight.tolist(), count.tolist()) == ([1, 5], [1, -1])


def test_fast_arrays_of_layers_have_devices_of_their_own():
    factors = []
    for number in (0, 1):
        more = {"largest_weight": 1.0, "seed": 0, "number": number, "conductance_std_dtod": 0.1}
        weights = PairedWeights(ladder_law(), rows=3, columns=2, **more)
        factors += [array.device_factors() for array in (weights.array, TikiTaka(weights, seed=(1, 0)).fast.array)]
    assert np.unique(np.concatenate(factors)).size == 4 * 12


def test_what_waits_after_a_checkpoint_is_sent_without_an_input():
    """Two and a half steps wait in the accumulator: a pulse in each of two batches that drive no row."""
    rule, nothing = MixedPrecision((2, 2), 1.0), np.zeros((1, 2))
    rule.restore({"accumulator": np.array([[0, 0], [2.5, 0]], np.float32)})
    sent = [[one.tolist() for one in rule.pulses(nothing, nothing, 1.0)] for _ in range(3)]
    assert sent == [[[2], [1]], [[2], [1]], [[], []]]


@pytest.mark.filterwarnings("error")
def test_samples_without_signal_send_nothing():
    """Of four samples the last has both an input and an error; each of its lines fires in every cycle."""
    inputs, errors = np.array([[0.0, 0], [0, 0], [1, 0], [1, 0]]), np.array([[0.0, 0], [0, 1], [0, 0], [0, 1]])
    weight, count, turn = StochasticPulses((2, 2), 0.1, seed=(1,), cycles=3).meetings(inputs, errors, 0.3)
    assert (weight.tolist(), count.tolist(), turn.tolist()) == ([1] * 3, [-1] * 3, [9, 10, 11])
