"""The update kernels draw from the law they are given."""

import numpy as np
import pytest
from scipy.stats import chi2

from arraysim.synapses.alias_table import alias_table
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.synapse_array import SynapseArray

# Family-wise error of each test that compares many rows; their seeds are fixed.
FALSE_ALARM = 1e-3
DRAWS = 20_000


def random_law(*, instances=3, pulses=4, states=6, seed=1):
    rng = np.random.default_rng(seed)
    weight = rng.exponential(size=(instances, pulses, states, states + 1)) ** 3
    weight[rng.random(weight.shape) < 0.3] = 0
    weight[..., 0] += 1e-3
    return PulseLaw(
        probability=weight / weight.sum(axis=-1, keepdims=True),
        conductance=np.linspace(1e-6, 2e-6, states),
        conductance_std_ctoc=np.zeros(states),
        energy_per_pulse=np.ones(pulses),
    )


def implied_probability(table):
    """The exact probabilities an alias table stands for, shape (n, columns)."""
    n, size = table.shape
    threshold = (table >> np.uint64(8)).astype(float) / 2.0**32 * size
    found = np.zeros((n, size))
    for row in range(n):
        for column in range(size):
            found[row, column] += threshold[row, column] / size
            found[row, int(table[row, column] & np.uint64(0xFF))] += (1 - threshold[row, column]) / size
    return found


def pulsed(law, *, sparse):
    """Every (instance, pulse, from-state) DRAWS times; returns outcome counts of the shape of law.markov."""
    k, p, r = law.markov.shape[:3]
    instance, pulse, start = (np.repeat(x.ravel(), DRAWS) for x in np.indices((k, p, r)))
    array = SynapseArray(law, shape=(instance.size,), seed=5, instance=instance)
    array.state[:] = start
    if sparse:
        order = np.random.default_rng(0).permutation(instance.size)
        array.apply(order, pulse[order])
    else:
        array.apply_all(pulse)
    counts = np.zeros(law.markov.shape, np.int64)
    np.add.at(counts, (instance, pulse, start, array.state.astype(int)), 1)
    return counts


def rejected_rows(counts, probability):
    """Number of rows whose chi-square test fails at the family-wise level."""
    counts, probability = counts.reshape(-1, counts.shape[-1]), probability.reshape(-1, counts.shape[-1])
    level, failed = FALSE_ALARM / len(counts), 0
    for count, expected in zip(counts, probability * DRAWS, strict=True):
        if count[expected == 0].any():
            failed += 1
            continue
        # Outcomes expected less than five times share one class.
        big = expected >= 5
        observed = np.append(count[big], count[~big].sum())
        wanted = np.append(expected[big], expected[~big].sum())
        keep = wanted > 0
        statistic = ((observed[keep] - wanted[keep]) ** 2 / wanted[keep]).sum()
        failed += statistic > chi2.isf(level, max(1, keep.sum() - 1))
    return failed


def test_alias_tables_stand_for_the_exact_probabilities():
    law = random_law(instances=20, states=21)
    rows = law.markov.reshape(-1, law.markov.shape[-1])
    found = implied_probability(alias_table(rows))
    assert found.shape == (len(rows), 32)
    assert np.abs(found[:, : rows.shape[1]] - rows).max() < 32 * 2.0**-33
    assert np.all(found[:, : rows.shape[1]][rows == 0] == 0)
    assert not found[:, rows.shape[1] :].any()


@pytest.mark.parametrize("sparse", [False, True])
def test_outcomes_follow_the_law(sparse):
    law = random_law()
    assert rejected_rows(pulsed(law, sparse=sparse), law.markov) == 0


def test_a_law_that_is_slightly_off_is_rejected():
    """Negative control: two per cent moved from the likeliest outcome of each row to the next."""
    law = random_law()
    wrong = law.markov.copy()
    best = wrong.argmax(axis=-1)[..., None]
    np.put_along_axis(wrong, best, np.take_along_axis(wrong, best, -1) - 0.02, -1)
    other = (best + 1) % wrong.shape[-1]
    np.put_along_axis(wrong, other, np.take_along_axis(wrong, other, -1) + 0.02, -1)
    assert rejected_rows(pulsed(law, sparse=False), wrong) > 50


def hits(seed, rounds=16, synapses=4096):
    """Whether each pulse of a fair coin moved the wall, shape (rounds, synapses)."""
    law = ladder_law(states=2, miss=0.5, double=0.0)
    array = SynapseArray(law, shape=(synapses,), seed=seed)
    found = []
    for _ in range(rounds):
        array.state[:] = 0
        array.apply_all(0)
        found.append(array.state.copy())
    return 2.0 * np.array(found) - 1


def test_draws_of_pulses_synapses_and_seeds_are_independent():
    """Correlations of +-1 coins, each standard normal times n**-0.5; bound for 8 comparisons at 1e-3 in all."""
    coin, other = hits(3), hits(4)
    pairs = {
        "next pulse": (coin[1:], coin[:-1]),
        "pulse after next": (coin[2:], coin[:-2]),
        "next synapse": (coin[:, 1:], coin[:, :-1]),
        "synapse 64 on": (coin[:, 64:], coin[:, :-64]),
        "diagonal": (coin[1:, 1:], coin[:-1, :-1]),
        "anti-diagonal": (coin[1:, :-1], coin[:-1, 1:]),
        "next seed": (coin, other),
        "mean": (coin, np.ones_like(coin)),
    }
    score = {name: abs((a * b).mean()) * a.size**0.5 for name, (a, b) in pairs.items()}
    assert max(score.values()) < 3.84, score
    # Negative control: a generator that forgets to count pulses.
    stuck = np.repeat(coin[:1], 16, axis=0)
    assert abs((stuck[1:] * stuck[:-1]).mean()) * stuck[1:].size ** 0.5 > 100


def test_conductance_varies_from_cycle_to_cycle_and_device_to_device():
    """Sample standard deviations have a relative standard error of (2 n)**-0.5 = 0.5 %; bound at four of them."""
    n = 20_000
    law = ladder_law()
    noisy = PulseLaw(
        probability=law.probability,
        conductance=law.conductance,
        conductance_std_ctoc=np.full(5, 1e-6),
        energy_per_pulse=law.energy_per_pulse,
    )
    array = SynapseArray(noisy, shape=(n,), seed=2)
    before = array.conductance.copy()
    array.apply_all(1)
    assert before.std() == pytest.approx(1e-6, rel=0.02)
    assert (array.conductance - before).std() == pytest.approx(2**0.5 * 1e-6, rel=0.02)
    spread = SynapseArray(law, shape=(n,), seed=2, conductance_std_dtod=0.1)
    assert np.log(spread.conductance / law.conductance[0]).std() == pytest.approx(0.1, rel=0.02)
