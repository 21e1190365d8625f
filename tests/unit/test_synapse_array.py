"""Arrays of synapses: order and blocks do not matter, lost walls, counters, bad input."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.synapse_array import SynapseArray
from arraysim.synapses.update_kernel import pulse_all
from compact.operating_point import OperatingPoint, best_points
from compact.table import TransitionTable
from llg.errors import InputError

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


def test_sparse_and_full_pulses_agree_in_any_order():
    law, n = ladder_law(instances=3), 1000
    full, sparse = (SynapseArray(law, shape=(n,), seed=7) for _ in range(2))
    for number, pulse in enumerate(mixed_pulses(n)):
        full.apply_all(pulse)
        order = np.random.default_rng(number).permutation(n)
        for part in np.array_split(order, 3):
            sparse.apply(part, pulse[part])
    for name in ("state", "pulses_received", "pulses_sent", "conductance"):
        assert np.array_equal(getattr(full, name), getattr(sparse, name)), name


def test_blocks_on_threads_agree_with_one_call():
    law, n = ladder_law(instances=3), 10_001
    whole, cut = (SynapseArray(law, shape=(n,), seed=7) for _ in range(2))
    pulses = mixed_pulses(n).astype(np.uint8)
    for pulse in pulses:
        whole.apply_all(pulse)

    def block(bounds):
        first, end = bounds
        part = slice(first, end)
        for pulse in pulses:
            pulse_all(
                cut.state[part],
                cut.pulses_received[part],
                np.zeros(2, np.int64),
                cut.instance[part],
                pulse[part],
                first,
                law.alias_table,
                *cut._write,
            )

    edges = [0, 13, 4000, 9000, n]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(block, reversed(list(itertools.pairwise(edges)))))
    assert np.array_equal(whole.state, cut.state)


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
    array = SynapseArray(ladder_law(miss=0, double=0), shape=(3,), seed=0)
    array.apply(np.array([1, 1, 2]), np.array([UP, UP, UP]))
    assert array.state.tolist() == [0, 2, 1]
    assert array.pulses_received.tolist() == [0, 2, 1]


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
    np.testing.assert_allclose(before / array.conductance, factor)


@pytest.mark.parametrize(("pulse", "end"), [(UP, 4), (DOWN, 0)])
def test_a_lost_wall_stays_lost_at_the_end_it_was_driven_to(pulse, end):
    law = ladder_law(lost=0.3)
    array = SynapseArray(law, shape=(1000,), seed=1)
    array.state[:] = 2
    array.apply_all(pulse)
    lost = array.state >= 5
    assert 200 < array.lost < 400
    assert array.histogram()[-1] == array.lost
    assert np.all(array.conductance[lost] == law.conductance[end])
    array.apply_all(1 - pulse)
    assert np.all(array.conductance[lost] == law.conductance[end])


def test_energy_pulses_and_reads_are_counted():
    array = SynapseArray(ladder_law(energy=1e-13), shape=(2, 5), seed=0)
    array.apply_all(UP)
    array.apply(np.array([0, 3]), np.array([DOWN, UP]))
    array.read(np.array([1, 2, 3]))
    assert array.pulses_sent.tolist() == [11, 1]
    assert array.energy == pytest.approx(12e-13)
    assert array.reads == 3
    assert array.histogram().sum() == array.size


@pytest.mark.parametrize(
    ("synapse", "pulse"), [([5], [0]), ([-1], [0]), ([0], [2]), ([0], [-1]), ([0], [256]), ([0.0], [0]), ([0, 1], [0])]
)
def test_pulses_that_do_not_exist_are_refused(synapse, pulse):
    array = SynapseArray(ladder_law(), shape=(5,), seed=0)
    with pytest.raises(InputError):
        array.apply(np.array(synapse), np.array(pulse))
    assert not array.state.any()


def test_conductances_cannot_be_written():
    array = SynapseArray(ladder_law(), shape=(5,), seed=0)
    with pytest.raises(ValueError, match="read-only"):
        array.conductance[0] = 1.0


def test_unfit_arrays_are_refused():
    with pytest.raises(InputError, match="instance"):
        SynapseArray(ladder_law(), shape=(2,), seed=0, instance=np.array([0, 1]))
    with pytest.raises(InputError, match="shape"):
        SynapseArray(ladder_law(), shape=(0, 3), seed=0)
    with pytest.raises(InputError, match="conductance_std_dtod"):
        SynapseArray(ladder_law(), shape=(2,), seed=0, conductance_std_dtod=-0.1)
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
    del saved["state"]
    with pytest.raises(InputError, match="is needed"):
        second.restore(saved)
