"""Arrays of synapses: order and blocks do not matter, lost walls, counters, bad input."""

import dataclasses

import numpy as np
import pytest

from arraysim.synapses import synapse_array
from arraysim.synapses.devices import conductance_levels
from arraysim.synapses.faults import Faults
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.synapse_array import SynapseArray
from compact.table.operating_point import OperatingPoint, best_points
from compact.table.table_file import save_table
from compact.table.transition_table import InstanceStates, TransitionTable
from dwcore.errors import InputError
from dwcore.numerics.threads import use_array_threads

UP, DOWN = 0, 1
ROUNDS = 5


def mixed_pulses(n, seed=0):
    return np.random.default_rng(seed).integers(2, size=(ROUNDS, n))


def table_of(law, *, trials=10_000, conductance=None):
    """A transition table whose grid points are a weak pulse, and the pulses of the law, at two durations."""
    k, _, s, _ = law.probability.shape
    still = np.eye(s, s + 1) * trials
    pulses = np.round(law.probability * trials)
    counts = np.stack([pulses[:, DOWN], np.broadcast_to(still, (k, s, s + 1)), pulses[:, UP]], axis=1)
    return TransitionTable(
        position=np.arange(s) * 50e-9,
        conductance=law.conductance if conductance is None else conductance,
        conductance_std_ctoc=np.zeros(s),
        current_density=np.array([-1e11, 1e9, 1e11]),
        duration=np.array([1e-9, 2e-9]),
        temperature=np.array([300.0]),
        counts=np.stack([counts, counts], axis=2)[:, None],
        energy_per_pulse=np.array([[1e-13, 2e-13], [1e-17, 2e-17], [1e-13, 2e-13]]),
        seed=1,
    )


def arrays(law, count, n, **more):
    return [SynapseArray(law, shape=(n,), seed=7, count_wear=True, **more) for _ in range(count)]


def assert_alike(one, two):
    for name, values in one.checkpoint().items():
        assert np.array_equal(values, two.checkpoint()[name]), name
    assert np.array_equal(one.conductance, two.conductance)


def spread_law(**more):
    law = ladder_law(**more)
    return dataclasses.replace(law, conductance_std_ctoc=np.full(law.states, 1e-6))


def test_sparse_and_full_pulses_agree_in_any_order():
    n = 1000
    full, sparse = arrays(spread_law(instances=3), 2, n, conductance_std_dtod=0.1)
    for number, pulse in enumerate(mixed_pulses(n)):
        full.apply_all(pulse)
        order = np.random.default_rng(number).permutation(n)
        sparse.apply(order, pulse[order])
    assert_alike(full, sparse)
    assert full.pulses_received.sum() == full.pulses_sent.sum() == ROUNDS * n


def test_pulses_alike_are_one_pulse_for_all():
    one, each = arrays(ladder_law(instances=3), 2, 1000)
    for kind in (UP, UP, DOWN):
        one.apply_all(kind)
        each.apply_all(np.full(1000, kind))
    assert_alike(one, each)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_blocks_on_threads_agree_with_one_call(monkeypatch, threads):
    n = 10_001
    whole, cut = arrays(spread_law(instances=3, lost=0.01), 2, n, conductance_std_dtod=0.1)
    pulses = mixed_pulses(n)
    for pulse in pulses:
        whole.apply_all(pulse)
    whole_conductance = whole.conductance
    monkeypatch.setattr(synapse_array, "BLOCK", 1234)
    with use_array_threads(threads):
        for pulse in pulses:
            cut.apply_all(pulse)
    assert_alike(whole, cut)
    assert np.array_equal(cut.conductance, whole_conductance)
    assert np.array_equal(cut.histogram(), whole.histogram())


def test_seed_and_number_change_the_outcome():
    law = ladder_law()
    states = []
    for key in ({"seed": 1}, {"seed": 2}, {"seed": 1, "number": 1}, {"seed": 1}):
        array = SynapseArray(law, shape=(500,), **key)
        for pulse in mixed_pulses(500):
            array.apply_all(pulse)
        states.append(array.state)
    assert not np.array_equal(states[0], states[1])
    assert not np.array_equal(states[0], states[2])
    assert np.array_equal(states[0], states[3])


def test_a_synapse_listed_twice_gets_both_pulses():
    array = SynapseArray(ladder_law(miss=0, double=0), shape=(3,), seed=0, count_wear=True)
    array.apply(np.array([1, 1, 2]), np.array([UP, UP, UP]))
    assert array.state.tolist() == [0, 2, 1]
    assert array.pulses_received.tolist() == [0, 2, 1]
    array.apply(np.array([2, 0, 2, 0]), np.array([DOWN, UP, UP, DOWN]))
    assert array.state.tolist() == [0, 2, 1]


def test_synapses_listed_twice_may_be_listed_in_any_order_among_others():
    """And the two draws differ: of 1000 fair coins thrown twice, about half agree."""
    first, other = arrays(ladder_law(states=3, miss=0.5, double=0), 2, 1000)
    every = np.arange(1000)
    first.apply(np.concatenate([every, every]), UP)
    other.apply(np.repeat(every[::-1], 2), UP)
    assert_alike(first, other)
    share = np.mean(first.state == 1)
    assert abs(share - 0.5) < 4 * (0.25 / 1000) ** 0.5


def test_a_device_outside_the_nominal_range_still_moves():
    law = ladder_law(miss=0, double=0)
    array = SynapseArray(law, shape=(200,), seed=3, conductance_std_dtod=0.5)
    outside = array.conductance < law.conductance.min()
    assert outside.any()
    array.apply_all(UP)
    assert np.all(array.state == 1)
    factor = law.conductance[1] / law.conductance[0]
    above = array.conductance > law.conductance.max()
    assert above.any()
    before = array.conductance.copy()
    array.apply_all(DOWN)
    np.testing.assert_allclose(before / array.conductance, factor, rtol=1e-6)


@pytest.mark.parametrize(("pulse", "end"), [(UP, 4), (DOWN, 0)])
def test_a_lost_wall_stays_lost_at_the_end_it_was_driven_to(pulse, end):
    law = ladder_law(lost=0.3)
    array = SynapseArray(law, shape=(1000,), seed=1)
    array.state[:] = 2
    array.apply_all(pulse)
    lost = array.state >= 5
    assert 200 < array.lost < 400
    assert array.histogram()[-1] == array.lost
    assert np.all(array.conductance[lost] == np.float32(law.conductance[end]))
    array.apply_all(1 - pulse)
    assert np.all(array.conductance[lost] == np.float32(law.conductance[end]))


def test_energy_pulses_and_reads_are_counted():
    array = SynapseArray(ladder_law(energy=1e-13), shape=(2, 5), seed=0)
    array.apply_all(UP)
    array.apply(np.array([0, 3]), np.array([DOWN, UP]))
    array.read(np.array([1, 2, 3]))
    assert array.pulses_sent.tolist() == [11, 1]
    assert array.energy == pytest.approx(12e-13)
    assert array.reads == 3
    assert array.histogram().sum() == array.size


def test_each_kind_of_pulse_has_its_own_energy():
    law = dataclasses.replace(ladder_law(), energy_per_pulse=np.array([1e-13, 7e-13]))
    array = SynapseArray(law, shape=(5,), seed=0)
    array.apply(np.arange(4), UP)
    array.apply(np.array([2]), DOWN)
    assert array.energy == pytest.approx(4 * 1e-13 + 1 * 7e-13)


@pytest.mark.parametrize(
    ("synapse", "pulse"), [([5], [0]), ([-1], [0]), ([0], [2]), ([0], [-1]), ([0], [256]), ([0.0], [0]), ([0, 1], [0])]
)
def test_pulses_that_do_not_exist_are_refused(synapse, pulse):
    array = SynapseArray(ladder_law(), shape=(5,), seed=0)
    with pytest.raises(InputError):
        array.apply(np.array(synapse), np.array(pulse))
    assert not array.state.any()


def test_unfit_arrays_are_refused():
    with pytest.raises(InputError, match="instance"):
        SynapseArray(ladder_law(), shape=(2,), seed=0, instance=np.array([0, 1]))
    with pytest.raises(InputError, match="instance has 3 values, one for each of 2 synapses is needed"):
        SynapseArray(ladder_law(), shape=(2,), seed=0, instance=np.zeros(3, int))
    with pytest.raises(InputError, match="shape"):
        SynapseArray(ladder_law(), shape=(0, 3), seed=0)
    for spread in (-0.1, 1.0):
        with pytest.raises(InputError, match="conductance_std_dtod"):
            SynapseArray(ladder_law(), shape=(2,), seed=0, conductance_std_dtod=spread)
    with pytest.raises(InputError, match="sum"):
        ladder_law(miss=0.9, double=0.2)


def test_law_from_a_table():
    law = ladder_law(miss=0.2, double=0.1, instances=2)
    table = table_of(law)
    up, down = best_points(table, temperature=300.0)
    assert (up.current_density, down.current_density) == (1e11, -1e11)
    assert up.duration == 1e-9, "of equal pulses the one with less energy"
    found = PulseLaw.from_table(table, (up, down))
    np.testing.assert_allclose(found.probability, law.probability, atol=1e-12)
    assert found.energy_per_pulse.tolist() == [1e-13, 1e-13]
    between = OperatingPoint(current_density=-1e11, duration=1.5e-9, temperature=300.0)
    assert PulseLaw.from_table(table, [between]).energy_per_pulse[0] == pytest.approx(1.5e-13)
    with pytest.raises(InputError, match="outside"):
        PulseLaw.from_table(table, [OperatingPoint(current_density=2e11, duration=1e-9, temperature=300.0)])


def test_best_points_follow_the_conductance_not_the_position():
    law = ladder_law()
    up, down = best_points(table_of(law, conductance=law.conductance[::-1].copy()), temperature=300.0)
    assert (up.current_density, down.current_density) == (-1e11, 1e11)


def test_a_table_whose_pulses_only_lose_walls_is_refused():
    with pytest.raises(InputError, match="no pulse"):
        best_points(table_of(ladder_law(miss=0.1, double=0.0, lost=0.6)), temperature=300.0)


def test_mean_step():
    """From state 3 of 5 a double move up is cut to one: (3 * (0.7 + 2 * 0.2) + 0.9) / 4 levels."""
    law = ladder_law(miss=0.1, double=0.2)
    level = np.diff(law.conductance)[0]
    assert law.mean_step(UP) == pytest.approx(level * (3 * 1.1 + 0.9) / 4)
    assert law.mean_step(DOWN) == pytest.approx(-law.mean_step(UP))


def test_an_array_goes_on_from_a_checkpoint_bit_for_bit():
    law = ladder_law(instances=3, lost=0.01)
    through, first, second = (SynapseArray(law, shape=(10, 20), seed=7) for _ in range(3))
    pulses = mixed_pulses(200).reshape(ROUNDS, 10, 20)
    for pulse in pulses:
        through.apply_all(pulse)
    for pulse in pulses[:2]:
        first.apply_all(pulse)
    saved = first.checkpoint()
    first.apply_all(pulses[0])
    second.restore(saved)
    for pulse in pulses[2:]:
        second.apply_all(pulse)
    assert np.array_equal(through.conductance, second.conductance)
    assert through.checkpoint().keys() == second.checkpoint().keys()
    for name, values in through.checkpoint().items():
        assert np.array_equal(values, second.checkpoint()[name]), name
    with pytest.raises(InputError, match="state"):
        SynapseArray(law, shape=(10, 21), seed=7).restore(saved)
    with pytest.raises(InputError, match=r"state is int64 \(200,\), int8 \(200,\) is needed"):
        second.restore(saved | {"state": saved["state"].astype(np.int64)})
    del saved["state"]
    with pytest.raises(InputError, match="is needed"):
        second.restore(saved)


def test_memory_is_at_most_four_bytes_per_synapse():
    n = 1000
    lean, full = (SynapseArray(law, shape=(n,), seed=0) for law in (ladder_law(), spread_law(instances=300)))
    assert sum(a.nbytes for a in (lean.state, lean.instance, lean.settled, lean.pulses_received)) == 2 * n
    assert sum(a.nbytes for a in (full.state, full.instance, full.settled, full.pulses_received)) == 4 * n


def test_stuck_and_broken_devices():
    """Shares of 20,000 devices, bound at four binomial errors; the others move as without faults."""
    n, law = 20_000, ladder_law(miss=0.0, double=0.0, instances=2)
    faults = Faults(stuck=0.1, stuck_state=3, open=0.05, short=0.02, short_ratio=4.0)
    array = SynapseArray(law, shape=(n,), seed=1, faults=faults)
    stuck = array.instance == law.instances
    for share, found in ((0.1, stuck), (0.05, array.state == 7), (0.02, array.state == 8)):
        assert abs(found.mean() - share) < 4 * (share * (1 - share) / n) ** 0.5
    assert np.all(array.state[stuck] == 3)
    assert array.broken == np.count_nonzero(array.state >= 7)
    assert array.lost == 0
    before = array.state.copy()
    for kind in (UP, UP, DOWN):
        array.apply_all(kind)
    still = stuck | (before >= 7)
    assert np.array_equal(array.state[still], before[still])
    assert np.all(array.state[~still] == 1)
    level = array.conductance
    assert np.all(level[before == 7] == 0)
    np.testing.assert_allclose(level[before == 8], 4 * law.conductance.max(), rtol=1e-6)
    other = SynapseArray(law, shape=(n,), seed=1, faults=Faults(stuck=0.1))
    assert np.array_equal(other.instance == law.instances, stuck), "which devices are stuck does not depend on the rest"
    assert set(other.state[stuck]) == set(range(5))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"stuck": -0.1}, r"stuck = -0\.1 \[1\] must be"),
        ({"stuck": 0.6, "open": 0.6}, "must be <= 1"),
        ({"stuck": 0.4, "open": 0.4, "short": 0.4}, "must be <= 1"),
        ({"short_ratio": float("nan")}, "short_ratio"),
    ],
)
def test_unfit_faults_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        Faults(**fields)


def test_stuck_state_must_exist():
    with pytest.raises(InputError, match="stuck_state = 5 must be from 0 to 4"):
        SynapseArray(ladder_law(), shape=(3,), seed=0, faults=Faults(stuck=0.1, stuck_state=5))


def test_devices_have_the_levels_of_their_own_instance():
    law = ladder_law(miss=0, double=0, instances=3)
    own = law.conductance * np.array([[1.0], [1.5], [0.8]])
    law = dataclasses.replace(law, instance_conductance=own)
    array = SynapseArray(law, shape=(2000,), seed=1, faults=Faults(stuck=0.1, stuck_state=1, short=0.1))
    array.apply_all(UP)
    level = np.append(own, law.conductance[None], axis=0)
    usual = array.state < 5
    np.testing.assert_allclose(array.conductance[usual], level[array.instance, 1][usual], rtol=1e-6)
    np.testing.assert_allclose(array.conductance[array.state == 8], 10 * law.conductance.max(), rtol=1e-6)
    assert np.array_equal(array.read(np.arange(2000)), array.conductance)
    # No misses: every pulse is a level of the device, the mean of which is 1.1 times the nominal one.
    assert law.mean_step(UP) == pytest.approx(1.1 * np.diff(law.conductance)[0])
    with pytest.raises(InputError, match="instance_conductance has the shape"):
        dataclasses.replace(law, instance_conductance=own[:2])


def test_levels_of_instances_come_from_the_table_at_the_temperature():
    law = ladder_law(instances=2)
    table = table_of(law)
    levels = np.array([[[1.0], [2.0]], [[3.0], [5.0]]]) * law.conductance  # (K, T, S)
    states = InstanceStates(
        present=np.ones((2, 2, 5)),
        position=np.broadcast_to(table.position, (2, 2, 5)),
        conductance=levels,
        conductance_std_ctoc=levels / 10,
    )
    counts = np.concatenate([table.counts, table.counts], axis=1)
    table = dataclasses.replace(table, temperature=np.array([300.0, 400.0]), counts=counts, instance_states=states)
    points = [OperatingPoint(current_density=J, duration=1e-9, temperature=325.0) for J in (1e11, -1e11)]
    found = PulseLaw.from_table(table, points)
    np.testing.assert_allclose(found.instance_conductance, np.array([[1.25], [3.5]]) * law.conductance)
    np.testing.assert_allclose(found.instance_conductance_std_ctoc, found.instance_conductance / 10)
    assert SynapseArray(found, shape=(4,), seed=0).settled.size == 4
    warm = [dataclasses.replace(point, temperature=400.0) for point in points]
    np.testing.assert_allclose(PulseLaw.from_table(table, warm).instance_conductance, levels[:, 1])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"energy_per_pulse": [1e-13, -1e-15]}, "energy_per_pulse must be finite and >= 0"),
        ({"conductance": [1e-5, np.nan, 3e-5]}, "conductance must be finite"),
        ({"conductance_std_ctoc": [0.0, np.inf, 0.0]}, "conductance_std_ctoc must be finite"),
        ({"retention_rate": np.full((1, 3, 3), -1.0)}, "retention_rate must be finite and >= 0"),
        ({"conductance": [1e-5]}, "1 states, there must be 2 to 124"),
        ({"conductance": np.ones(125)}, "125 states, there must be 2 to 124"),
        ({"probability": np.ones((1, 2, 3, 3)) / 3}, r"shape \(1, 2, 3, 3\), \(K, P, 3, 4\) is needed"),
        ({"probability": np.zeros((0, 2, 3, 4))}, r"\(K, P, 3, 4\) is needed"),
        ({"energy_per_pulse": [1e-13]}, r"energy_per_pulse has the shape \(1,\), \(2,\) is needed"),
        ({"probability": np.full((1, 2, 3, 4), 0.2)}, "rows of probability must sum to 1, one is off by 0.2"),
        ({"probability": np.full((1, 2, 3, 4), 0.3)}, "rows of probability must sum to 1, one is off by 0.2"),
    ],
)
def test_laws_that_are_none_are_refused(changes, words):
    with pytest.raises(InputError, match=f"pulse law: .*{words}"):
        dataclasses.replace(ladder_law(states=3), **changes)


def test_an_unknown_rate_of_escape_is_no_fault():
    rate = np.full((1, 3, 3), np.nan)
    assert np.isnan(dataclasses.replace(ladder_law(states=3), retention_rate=rate).retention_rate[0, 0, 1])


def test_random_numbers_of_an_array_are_never_used_twice(monkeypatch):
    array = SynapseArray(ladder_law(), shape=(3,), seed=0)
    monkeypatch.setattr(synapse_array, "MAX_EVENTS", 2)
    array.apply_all(UP)
    array.apply(np.array([0]), UP)
    with pytest.raises(InputError, match="at most 2 events"):
        array.apply_all(UP)


def test_a_law_from_a_file_is_that_of_its_first_temperature_unless_one_is_said(tmp_path):
    """One state that pulses up leave half as often at 300 K as at 400 K."""
    laws = [ladder_law(miss=miss, double=0.0) for miss in (0.6, 0.2)]
    cold, hot = (table_of(law) for law in laws)
    both = dataclasses.replace(
        cold, temperature=np.array([300.0, 400.0]), counts=np.concatenate([cold.counts, hot.counts], axis=1)
    )
    save_table(tmp_path / "t.h5", both)
    for law, more in zip(laws, ({}, {"temperature": 400.0}), strict=True):
        np.testing.assert_allclose(PulseLaw.load(tmp_path / "t.h5", **more).probability, law.probability, atol=1e-12)


@pytest.mark.parametrize(("instances", "size"), [(255, 1), (256, 2)])
def test_stuck_devices_are_told_from_all_instances(instances, size):
    """They have the number after the last instance, which one byte holds up to 255."""
    array = SynapseArray(ladder_law(miss=0, instances=instances), shape=(50,), seed=0, faults=Faults(stuck=1.0))
    before = array.state.copy()
    for kind in (UP, DOWN):
        array.apply_all(kind)
        assert np.array_equal(array.state, before)
    assert set(array.instance.tolist()) == {instances} and array.instance.itemsize == size


def test_no_tail_of_the_settling_turns_a_conductance_negative():
    """A spread as large as the lowest level: deviates below minus one, a sixth of them, end at zero."""
    law = ladder_law()
    law = dataclasses.replace(law, conductance_std_ctoc=np.full(5, law.conductance[0]))
    levels = SynapseArray(law, shape=(1,), seed=0).levels
    assert levels.min() == 0 and np.mean(levels[0, 0] == 0) == pytest.approx(0.159, abs=1 / 256)


@pytest.mark.parametrize(
    "shares", [{"miss": -0.1}, {"double": -0.1}, {"lost": -0.1}, {"miss": 0.5, "double": 0.3, "lost": 0.3}]
)
def test_shares_of_an_idealized_pulse_are_shares(shares):
    with pytest.raises(InputError, match=r"must be >= 0 with a sum <= 1"):
        ladder_law(**shares)
    assert ladder_law(miss=0.5, double=0.25, lost=0.25).probability[0, UP, 1].tolist() == [0, 0.5, 0, 0.25, 0, 0.25]


def test_lost_and_broken_devices_are_counted_apart():
    """Of eight devices one in its first state, two and one lost at either end, one open and three short."""
    array = SynapseArray(ladder_law(), shape=(8,), seed=0)
    array.state[:] = 0, 5, 5, 6, 7, 8, 8, 8
    assert (array.lost, array.broken, array.histogram().tolist()) == (3, 4, [1, 0, 0, 0, 0, 7])
    assert repr(array) == "<SynapseArray 8: 5 states, 0 pulses sent, 3 lost, 4 broken>"
    assert array.device_factors().size == 0


def test_settled_levels_have_exactly_the_spread():
    """256 deviates of mean 0 and variance 1; devices that never move are as the nominal one, lost walls as its ends."""
    law = spread_law(instances=2)
    own = np.outer([1.5, 2.0], law.conductance)
    law = dataclasses.replace(law, instance_conductance=own)
    levels = conductance_levels(law, Faults()).astype(float)
    assert levels.shape == (3, 9, 256)
    np.testing.assert_allclose(levels[2, :7].mean(axis=-1), np.append(law.conductance, law.conductance[[0, -1]]))
    np.testing.assert_allclose(levels[2, :5].std(axis=-1), 1e-6, rtol=1e-4)
