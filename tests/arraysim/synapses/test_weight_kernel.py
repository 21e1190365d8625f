"""Weights of several digits, and of one device beside a reference: the kernel against the rule in words, pulse by pulse."""

import dataclasses

import numpy as np
import pytest

from arraysim.synapses import alias_table, update_kernel
from arraysim.synapses.faults import Faults
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.weight_kinds import ReferencedWeights, SignificantWeights
from dwcore.numerics import noise

ROWS, COLUMNS = 6, 5
N = ROWS * COLUMNS


def plain(function):
    return getattr(function, "py_func", function)


def bits_of(keys, event, i):
    return int(plain(noise.step_bits)(*keys, plain(update_kernel.counter)(event, i)))


class Told:
    """Sends pulses as the head of the kernel's file says; knows the digits, the sides and their ratio."""

    def __init__(self, weights, digits, sides, base):
        self.weights, self.digits, self.sides, self.base = weights, digits, sides, base
        self.sent, self.reads = [0, 0], 0

    def conductance(self, digit, side, w):
        i = (digit * self.sides + side) * N + w
        _, _, (state, settled, follow, *_), _, instance, (levels, many, own, spread), *_ = self.weights.target()
        return levels[int(instance[i]) * many, state[i], settled[i * follow]] * own[i * spread]

    def one_device(self, digit, side, w, raises, event):
        """Send a pulse that raises or lowers the conductance of a device."""
        i = (digit * self.sides + side) * N + w
        (state, settled, follow, received, _), _, instance, _, (table, kinds, states, log_columns), keys = (
            self.weights.target()[2:8]
        )
        kind, bits = 0 if raises else 1, bits_of(keys, event, i)
        row = (int(instance[i]) * kinds + kind) * states + int(state[i])
        state[i] = plain(alias_table.draw)(table, row, log_columns, np.uint64(bits))
        if follow:
            settled[i] = bits & 0xFF
        received[i] += 1
        self.sent[kind] += 1

    def room(self, digit, w, up):
        """Return what either side leaves to the window in the sense of the pulse: G+ is raised or G- lowered."""
        low, high = self.weights.target()[9][7:9]
        plus = self.conductance(digit, 0, w)
        self.reads += self.sides
        room = [high - plus if up else plus - low]
        if self.sides == 2:
            minus = self.conductance(digit, 1, w)
            room.append(minus - low if up else high - minus)
        return [max(np.float32(0), one) for one in room]

    def chosen(self, w, up, bits):
        """Return digit and side: the least digit that has room; one in 32 goes to the next, one in 32 to the other side."""
        for digit in range(self.digits if self.digits * self.sides > 1 else 0):
            room = self.room(digit, w, up)
            early = self.digits > 1 and (bits >> (5 * digit)) % 32 == 0
            if sum(room) > self.weights.target()[9][9] and not early:
                if self.sides == 1:
                    return digit, 0
                share = np.clip(room[0] / (room[0] + room[1]), np.float32(1 / 32), np.float32(31 / 32))
                return digit, int(np.float32((bits >> 11) * 2.0**-53) >= share)
        return 0, bits % 2 % self.sides

    def pulse(self, weight, count, first):
        span = 1 + (self.digits - 1) * (self.base - 1)
        for w, pulses in zip(weight, count, strict=True):
            up = pulses > 0
            for number in range(abs(pulses)):
                event = first + number * span
                bits = bits_of(self.weights.target()[8], event, w)
                digit, side = self.chosen(w, up, bits)
                self.one_device(digit, side, w, up == (side == 0), event)
                for below in range(digit):  # step back, both sides in turn, so that the step is that of the first digit
                    for _ in range(self.base - 1):
                        event += 1
                        other = (event - first - number * span + bits % 2) % self.sides
                        self.one_device(below, other, w, (not up) == (other == 0), event)
        self.weights.refresh()


@pytest.mark.parametrize("settling", [False, True])
@pytest.mark.parametrize(("digits", "sides", "base"), [(2, 2, 4), (3, 2, 3), (3, 2, 1), (1, 1, 1)])
@pytest.mark.filterwarnings("ignore:overflow")
def test_pulses_are_those_of_the_rule_to_the_last_bit(digits, sides, base, settling):
    law = ladder_law(states=5, instances=3)
    if settling:
        law = dataclasses.replace(law, conductance_std_ctoc=np.full(5, 1e-6))
    more = {"rows": ROWS, "columns": COLUMNS, "largest_weight": 1.0, "seed": 3, "conductance_std_dtod": 0.1}
    more["faults"] = Faults(stuck=0.1, open=0.05)
    make = ReferencedWeights if sides == 1 else SignificantWeights
    kind = {} if sides == 1 else {"digits": digits, "base": base}
    fast, slow = (make(law, **more, **kind) for _ in range(2))
    told, rng = Told(slow, digits, sides, base), np.random.default_rng(7)
    for number in range(8):
        weight = np.flatnonzero(rng.random(N) < 0.8)
        count = rng.integers(-3, 4, len(weight)) if number % 2 else np.full(len(weight), {2: 24, 6: -1}.get(number, 1))
        if number == 4:  # 24 pulses have filled all digits
            assert len(fast.conductances) >= digits * sides  # from here on they are kept
        fast.pulse_some(weight, count)
        told.pulse(weight, count, slow.array.take_events(int(np.abs(count).max()) * slow.events_per_pulse))
        assert np.array_equal(fast.values, slow.values)
        for one, other in zip(fast.array.devices, slow.array.devices, strict=True):
            assert np.array_equal(one, other)
    assert np.array_equal(fast.array.pulses_sent, told.sent)
    assert fast.array.reads - slow.array.reads == told.reads and (told.reads > 0) == (digits * sides > 1)
    for plane, fresh in zip(fast.conductances, fast.array.conductance.reshape(-1, ROWS, COLUMNS), strict=False):
        assert np.array_equal(plane, fresh)
