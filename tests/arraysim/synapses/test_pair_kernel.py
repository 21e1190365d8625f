"""Weights of one pair: the fast kernel against the rule in words, pulse by pulse."""

import dataclasses

import numpy as np
import pytest

from arraysim.synapses import alias_table, update_kernel
from arraysim.synapses.faults import Faults
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.pair_kernel import TOGETHER
from arraysim.synapses.weights import PairedWeights
from dwcore.numerics import noise

ROWS, COLUMNS = 15, 20
N = ROWS * COLUMNS


def plain(function):
    return getattr(function, "py_func", function)


def pulse_by_the_rule(weights, weight, count, turn, first):
    """Send pulses in the listed order, each as the page of the synapses says; returns those of each kind."""
    state, settled, follow, received, _ = weights.target()[2]
    instance, (levels, many, own, spread) = weights.target()[4:6]
    (table, kinds, states, log_columns), keys, choice_keys = weights.target()[6:9]
    low, high = weights.target()[9][7:9]
    sent = [0, 0]

    def conductance(i):
        return levels[int(instance[i]) * many, state[i], settled[i * follow]] * own[i * spread]

    def bits_of(pair, event, i):
        return plain(noise.step_bits)(*pair, plain(update_kernel.counter)(event, i))

    for w, pulses, start in zip(weight, count, turn, strict=True):
        up = pulses > 0
        for number in range(abs(pulses)):
            event = first + start + number
            bits = bits_of(choice_keys, event, w)
            plus, minus = conductance(w), conductance(w + N)
            room = np.maximum([high - plus, minus - low] if up else [plus - low, high - minus], np.float32(0))
            side = int(bits & np.uint64(1))
            if room.sum() > 0:
                share = np.clip(room[0] / (room[0] + room[1]), np.float32(1 / 32), np.float32(31 / 32))
                side = int(np.float32(int(bits >> np.uint64(11)) * 2.0**-53) >= share)
            kind = 0 if up == (side == 0) else 1
            sent[kind] += 1
            i = w + side * N
            bits = bits_of(keys, event, i)
            row = (int(instance[i]) * kinds + kind) * states + int(state[i])
            state[i] = plain(alias_table.draw)(table, row, log_columns, bits)
            if follow:
                settled[i] = bits & np.uint64(0xFF)
            received[i] += 1
    weights.refresh()
    return sent


def built(settling: bool, spread: float) -> PairedWeights:
    law = ladder_law(states=5, instances=3)
    if settling:
        law = dataclasses.replace(law, conductance_std_ctoc=np.full(5, 1e-6))
    return PairedWeights(
        law, rows=ROWS, columns=COLUMNS, largest_weight=1.0, seed=3, conductance_std_dtod=spread,
        faults=Faults(stuck=0.1, open=0.1),
    )  # fmt: skip


@pytest.mark.parametrize("settling", [False, True])
@pytest.mark.parametrize("spread", [0.0, 0.2])
@pytest.mark.filterwarnings("ignore:overflow")
def test_pulses_are_those_of_the_rule_to_the_last_bit(settling, spread):
    rng = np.random.default_rng(7)
    fast, slow = (built(settling, spread) for _ in range(2))
    sent = np.zeros(2, np.int64)
    for number in range(6):
        cycles = [np.flatnonzero(rng.random(N) < share) for share in (0.9, 0.05, 0.0, 1.0)]
        weight = np.concatenate(cycles)
        turn = np.repeat(np.arange(4), [len(cycle) for cycle in cycles])
        count = rng.choice([-1, 1], len(weight)).astype(np.int8)
        if number == 5:  # of several pulses each, all from the first cycle on
            weight, turn = cycles[0], np.zeros(len(cycles[0]), np.int64)
            count = rng.integers(-3, 4, len(weight)).astype(np.int32)
        assert len(cycles[0]) > TOGETHER  # some chunks end at their limit, some at a cycle
        fast.pulse_some(weight, count, turn)
        taken = int(np.abs(count).max()) + int(turn.max())
        sent += pulse_by_the_rule(slow, weight, count, turn, slow.array.take_events(taken))
        assert np.array_equal(fast.values, slow.values)
        for one, other in zip(fast.array.devices, slow.array.devices, strict=True):
            assert np.array_equal(one, other)
    assert np.array_equal(fast.array.pulses_sent, sent)
    assert fast.array.reads - slow.array.reads == 2 * sent.sum()  # both devices before each pulse
    slow.pulse_some(weight[:1], np.ones(1, np.int8))
    assert not np.array_equal(fast.array.devices[2], slow.array.devices[2])


def test_planes_that_are_kept_are_those_of_the_devices():
    weights = built(True, 0.2)
    planes = weights.conductances
    weights.pulse(np.random.default_rng(1).integers(-2, 3, (ROWS, COLUMNS)))
    for plane, fresh in zip(weights.conductances, weights.array.conductance, strict=True):
        assert np.array_equal(plane, fresh)
    assert len(planes) == 2
