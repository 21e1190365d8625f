"""What happens to walls without pulses."""

import dataclasses
import types

import numpy as np
import pytest
from scipy.linalg import expm

from arraysim.synapses.faults import Faults
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.retention import retention_rates, stay_probability, typical_retention_rates, with_losses
from arraysim.synapses.synapse_array import SynapseArray
from arraysim.synapses.weight_kinds import ReferencedWeights
from compact.table.operating_point import OperatingPoint
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError


def generator(rate):
    full = np.where(np.eye(rate.shape[-1], dtype=bool), 0.0, rate)
    return full - np.eye(rate.shape[-1]) * full.sum(axis=-1, keepdims=True)


def chain_rate(states=5, up=2.0, down=1.0):
    return np.diag(np.full(states - 1, up), 1) + np.diag(np.full(states - 1, down), -1)


@pytest.mark.parametrize("seconds", [0.0, 1e-3, 0.3, 4.0, 100.0])
def test_it_is_the_matrix_exponential(seconds):
    rate = np.random.default_rng(0).exponential(size=(3, 6, 6)) ** 3
    found = stay_probability(rate, seconds)
    assert np.all(found >= 0)
    np.testing.assert_allclose(found, expm(generator(rate) * seconds), atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-14)


def test_rare_escapes_keep_their_digits_and_fast_ones_reach_equilibrium():
    """Rates of 1e-20 to 1e12 per second over one second; detailed balance of the fast pair is 3 to 1."""
    rate = np.array([[0, 1e12, 0], [3e12, 0, 1e-20], [0, 0, 0]])
    found = stay_probability(rate, 1.0)
    np.testing.assert_allclose(found[0, :2], [0.75, 0.25], rtol=1e-9)
    assert found[0, 2] == pytest.approx(0.25e-20, rel=1e-6)
    assert found[2].tolist() == [0, 0, 1]


@pytest.mark.parametrize(("states", "first"), [(2, 1), (3, 2), (4, 2), (5, 3)])
def test_a_wall_leaves_by_the_end_that_is_nearer(states, first):
    """The middle one of an odd number of states is as far from both; it leaves by the first."""
    full = with_losses(np.zeros((states, states)), np.arange(1.0, states + 1))
    assert np.flatnonzero(full[:, states]).tolist() == list(range(first))
    assert np.flatnonzero(full[:, states + 1]).tolist() == list(range(first, states))
    assert full[:, states:].sum() == states * (states + 1) / 2


def test_devices_that_are_drawn_escape_at_the_geometric_mean():
    """Barriers are what differs between devices, so that logarithms of rates are averaged: 1, 10 and 100 give 10."""
    rate = np.array([1.0, 10.0, 100.0])[:, None, None, None] * chain_rate(3)
    table = types.SimpleNamespace(
        temperature=np.array([300.0]), retention_rate=rate, retention_lost=rate[:, :, :, 1], instance_states=None
    )
    found = typical_retention_rates(table, 300.0, 2)
    np.testing.assert_allclose(found["retention_rate"], np.broadcast_to(10 * chain_rate(3), (2, 3, 3)))
    np.testing.assert_allclose(found["retention_lost"], np.broadcast_to(10 * chain_rate(3)[:, 1], (2, 3)))
    assert all(
        np.isnan(unknown).all() for T in (299.0, 301.0) for unknown in typical_retention_rates(table, T, 2).values()
    )


def test_a_device_that_lacks_a_state_says_nothing_about_it():
    """Of three devices with rates of 1, 10 and 100 the last lacks state 2: to it and from it 1 and 10 give sqrt(10)."""
    rate = np.array([1.0, 10.0, 100.0])[:, None, None, None] * chain_rate(3)
    lost = rate[:, :, :, 1].copy()
    rate[2, :, 2], rate[2, :, :, 2], lost[2, :, 2] = np.nan, 0.0, np.nan
    present = np.ones((3, 1, 3))
    present[2, :, 2] = 0
    table = types.SimpleNamespace(temperature=np.array([300.0]), retention_rate=rate, retention_lost=lost,
                                  instance_states=types.SimpleNamespace(present=present))  # fmt: skip
    found = typical_retention_rates(table, 300.0, 1)
    expected = 10 * chain_rate(3)
    expected[1, 2], expected[2, 1] = 10**0.5 * 2, 10**0.5 * 1
    np.testing.assert_allclose(found["retention_rate"][0], expected)
    np.testing.assert_allclose(found["retention_lost"][0], [20, 0, 10**0.5])
    rate[:, :, 2], present[:, :, 2] = np.nan, 0
    found = typical_retention_rates(table, 300.0, 1)["retention_rate"][0]
    assert found[2].tolist() == [0, 0, 0] and found[:, 2].tolist() == [0, 0, 0], (
        "none of them has it, nor have drawn ones"
    )


def test_a_state_that_an_instance_loses_on_heating_is_unknown_between():
    """It is there at 250 K and not at 350 K; an instance without it at both never has a wall there, so that 0 is right."""
    rate = np.stack([chain_rate(3), 5 * chain_rate(3)])[None].repeat(2, axis=0)
    rate[0, 1, 2] = rate[1, :, 2] = np.nan
    present = np.ones((2, 2, 3))
    present[0, 1, 2] = present[1, :, 2] = 0
    table = types.SimpleNamespace(temperature=np.array([250.0, 350.0]), retention_rate=rate, retention_lost=None,
                                  instance_states=types.SimpleNamespace(present=present))  # fmt: skip
    found = retention_rates(table, 300.0)["retention_rate"]
    assert np.isnan(found[0, 2]).all() and found[1, 2].tolist() == [0, 0, 0] and np.isfinite(found[:, :2]).all()
    assert retention_rates(table, 350.0)["retention_rate"][0, 2].tolist() == [0, 0, 0]
    assert retention_rates(table, 250.0)["retention_rate"][0, 2].tolist() == [0, 1, 0]


def test_an_array_forgets_as_its_rates_say():
    """Occupations of 40,000 synapses after two waits, chi-square-like bound of four binomial errors; lost walls stay."""
    law = dataclasses.replace(ladder_law(), retention_rate=chain_rate()[None])
    array = SynapseArray(law, shape=(40_000,), seed=3, count_wear=True, faults=Faults(stuck=0.1, stuck_state=0))
    moving = array.instance == 0
    array.state[:100] = 5
    moving[:100] = False
    array.rest(0.2)
    array.rest(0.3)
    expected = expm(generator(chain_rate()) * 0.5)[0]
    n = moving.sum()
    found = np.bincount(array.state[moving], minlength=5) / n
    error = (expected * (1 - expected) / n) ** 0.5
    assert np.all(np.abs(found - expected) < 4 * error)
    assert np.any(np.abs(found - expm(generator(chain_rate()) * 0.55)[0]) > 4 * error), "a control 10 % longer"
    assert np.all(array.state[:100] == 5)
    assert np.all(array.state[100:][~moving[100:]] == 0)
    assert array.pulses_sent.sum() == array.pulses_received.sum() == array.energy == 0


def test_rates_come_from_the_table_at_the_temperature():
    """Between grid points Arrhenius: the logarithm is linear in the inverse temperature."""
    law = ladder_law()
    counts = np.round(law.probability * 1000)[:, None, :, None]
    barrier = 8000.0
    rate = np.array([chain_rate() * np.exp(-barrier / T) for T in (250.0, 350.0)])[None]
    table = TransitionTable(
        position=np.arange(5) * 1e-8,
        conductance=law.conductance,
        conductance_std_ctoc=np.zeros(5),
        current_density=np.array([-1e11, 1e11]),
        duration=np.array([1e-9]),
        temperature=np.array([250.0, 350.0]),
        counts=np.concatenate([counts[:, :, ::-1]] * 2, axis=1),
        energy_per_pulse=np.ones((2, 1)),
        retention_rate=rate,
        retention_method="made up",
        seed=0,
    )
    points = [OperatingPoint(current_density=sign * 1e11, duration=1e-9, temperature=300.0) for sign in (1, -1)]
    found = PulseLaw.from_table(table, points)
    np.testing.assert_allclose(found.retention_rate[0], chain_rate() * np.exp(-barrier / 300))
    cold = [dataclasses.replace(point, temperature=250.0) for point in points]
    np.testing.assert_allclose(PulseLaw.from_table(table, cold).retention_rate, rate[:, 0])
    for unknown in (0, 1):  # at one of the two temperatures: nothing is known between them, and all where it is known
        holes = rate.copy()
        holes[:, unknown, 2] = np.nan
        some = dataclasses.replace(table, retention_rate=holes)
        between = retention_rates(some, 300.0)["retention_rate"][0]
        assert np.isnan(between[2]).all() and np.isfinite(between[[0, 1, 3, 4]]).all()
        known = retention_rates(some, (350.0, 250.0)[unknown])["retention_rate"]
        np.testing.assert_allclose(known, rate[:, 1 - unknown], rtol=1e-12)


def test_bad_rates_and_times_are_refused():
    with pytest.raises(InputError, match="retention_rate is needed"):
        SynapseArray(ladder_law(), shape=(2,), seed=0).rest(1.0)
    law = dataclasses.replace(ladder_law(), retention_rate=chain_rate()[None])
    SynapseArray(law, shape=(2,), seed=0).rest(0.0)
    for seconds in (-1.0, float("inf"), float("nan")):
        with pytest.raises(InputError, match=rf"seconds = {seconds} \[s\] must be >= 0 and finite"):
            SynapseArray(law, shape=(2,), seed=0).rest(seconds)
    total = chain_rate() - np.diag(chain_rate().sum(axis=1))  # rates of escape on the diagonal, as of a generator
    assert np.array_equal(dataclasses.replace(law, retention_rate=total[None]).retention_rate[0], chain_rate())
    with pytest.raises(InputError, match="retention_rate has the shape"):
        dataclasses.replace(ladder_law(), retention_rate=chain_rate(4)[None])


def test_unknown_rates_hinder_waiting_only():
    """Pulses are known all the same."""
    rate = np.where(np.arange(5)[:, None] == 2, np.nan, chain_rate())
    law = dataclasses.replace(ladder_law(), retention_rate=rate[None], retention_lost=np.zeros((1, 5)))
    array = SynapseArray(law, shape=(2,), seed=0)
    with pytest.raises(InputError, match="state 2 of instance 0 are unknown"):
        array.rest(1.0)


def test_walls_leave_the_track_without_pulses():
    """The ends are absorbing: occupations after a wait, of 60,000 walls, are those of the generator with both ends."""
    states, lost = 5, np.array([0.7, 0.0, 0.0, 0.0, 0.2])
    law = dataclasses.replace(ladder_law(), retention_rate=chain_rate()[None], retention_lost=lost[None])
    array = SynapseArray(law, shape=(60_000,), seed=4)
    array.state[:] = 2
    array.rest(1.5)
    full = np.zeros((states + 2, states + 2))
    full[:states, :states] = chain_rate()
    full[0, states], full[4, states + 1] = 0.7, 0.2
    expected = expm(generator(full) * 1.5)[2]
    n = array.state.size
    found = np.bincount(array.state.ravel(), minlength=states + 2) / n
    error = (expected * (1 - expected) / n) ** 0.5
    assert np.all(np.abs(found - expected) < 4 * error)
    assert min(found[states:]) > 0.02
    kept = expm(generator(chain_rate()) * 1.5)[2]
    assert np.any(np.abs(found[:states] - kept) > 4 * error[:states]), "a control without losses"


def test_references_forget_as_well():
    """After a time in which every wall reaches the upper end, no device is left in the middle."""
    rate = chain_rate(up=1e3, down=0.0)
    law = dataclasses.replace(ladder_law(), retention_rate=rate[None])
    weights = ReferencedWeights(law, rows=3, columns=2, largest_weight=1.0, seed=1)
    weights.rest(1.0)
    assert [array.state.ravel().tolist() for array in weights.arrays] == [[4] * 6, [4] * 3]
