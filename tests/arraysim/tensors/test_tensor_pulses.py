"""Pulses as tensors are those of the compiled kernels: states, settling, wear, pulses, reads, accumulators, bit for bit."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from arraysim.rules.registry import make_rule  # noqa: E402
from arraysim.synapses.faults import Faults  # noqa: E402
from arraysim.synapses.ladder import ladder_law  # noqa: E402
from arraysim.synapses.weight_kinds import make_weights  # noqa: E402
from arraysim.tensors.counter import counters, next_states, signed, step_bits, upper  # noqa: E402
from arraysim.tensors.mirror import Mirror  # noqa: E402
from arraysim.tensors.rules import tensor_rule  # noqa: E402
from arraysim.tensors.weights import TensorWeights  # noqa: E402
from dwcore.numerics import noise  # noqa: E402

SHAPE, UPDATES = (37, 23), 200
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
DEVICES = ["cpu", pytest.param("cuda", marks=GPU)]


def settling(states, **more):
    """A ladder whose walls settle with a spread, some of which leave the track."""
    law = ladder_law(states=states, lost=1e-4, **more)
    step = np.ptp(law.conductance) / (states - 1)
    return dataclasses.replace(law, conductance_std_ctoc=np.full(states, 0.15 * step))


def own_levels():
    """A ladder whose instances have conductances of their own, partly outside the nominal window."""
    law = ladder_law(states=3, instances=3)
    return dataclasses.replace(law, instance_conductance=law.conductance * np.array([[1.0], [1.3], [0.8]]))


LAWS = {
    "three states, levels of each instance": (own_levels(), 0.0),
    "two states": (ladder_law(states=2), 0.0),
    "five states, settling, 300 instances, spread": (settling(5, instances=300), 0.1),
    "17 states, 8 instances, spread": (ladder_law(states=17, instances=8), 0.05),
}
KINDS = {"pair": {}, "reference": {}, "digits": {"digits": 3, "base": 2}}


def layer(law, spread, kind, rule):
    """Weights with broken devices among them, and their rule."""
    faults = Faults(stuck=0.02, open=0.01, short=0.01)
    size = {"rows": SHAPE[0], "columns": SHAPE[1], "largest_weight": 0.7}
    weights = make_weights(
        kind, law, **size, seed=3, number=1, conductance_std_dtod=spread, faults=faults, **KINDS[kind]
    )
    weights.initialize(0.5, np.random.default_rng(0))
    return weights, make_rule(rule, weights, seed=(3, 1), threshold=0.6)


def gradients(number=UPDATES):
    rng = np.random.default_rng(1)
    for _ in range(number):
        slope = (0.03 * rng.normal(size=SHAPE)).astype(np.float32)
        slope[rng.random(SHAPE) < 0.3] = 0
        yield slope


def memory(weights, rule):
    return weights.memory() | {"values": weights.values} | rule.memory()


def differing(one, other):
    return [name for name, values in memory(*one).items() if not np.array_equal(values, memory(*other)[name])]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("rule", ["mixed-precision", "sign"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("law", LAWS)
def test_two_hundred_updates_are_those_of_the_kernels(law, kind, rule, device):
    one, other = layer(*LAWS[law], kind, rule), layer(*LAWS[law], kind, rule)
    mirror = Mirror(torch.device(device))
    weights, on_tensors = TensorWeights(other[0], mirror), tensor_rule(other[1], mirror)
    rate = {"mixed-precision": 4.0, "sign": 0.02}[rule]
    before = one[0].array.pulses_sent.sum()
    for slope in gradients():
        one[1].write(one[0], slope, rate)
        on_tensors.write(weights, torch.from_numpy(slope.copy()).to(device), rate)
    assert differing(one, other), "negative control: nothing is fetched yet"
    mirror.fetch()
    assert not differing(one, other)
    assert one[0].array.pulses_sent.sum() > before + 1500
    assert len(np.unique(one[0].array.state)) > 2
    other[0].refresh()
    assert np.array_equal(one[0].values, other[0].values), "weights computed anew from the devices"


def test_rounding_once_too_little_is_noticed():
    """Negative control: an accumulator in double precision, as after a fused sum, has other bits after some updates."""
    _, rule = layer(*LAWS["two states"], "pair", "mixed-precision")
    fused = rule.accumulator.astype(np.float64)
    for slope in gradients(5):
        sent = rule.directions(slope, 0.37)
        fused -= np.float64(np.float32(0.37)) * slope + sent * np.float64(rule.step)
    assert np.abs(fused - rule.accumulator).max() < 1e-6
    assert (fused.astype(np.float32) != rule.accumulator).any()


def test_the_tensors_take_over_what_was_restored():
    one, other = layer(*LAWS["two states"], "pair", "sign"), layer(*LAWS["two states"], "pair", "sign")
    mirror = Mirror(torch.device("cpu"))
    weights, on_tensors = TensorWeights(other[0], mirror), tensor_rule(other[1], mirror)
    slopes = list(gradients(40))
    for slope in slopes[:20]:
        one[1].write(one[0], slope, 0.05)
    for mine, given in zip(other, one, strict=True):
        mine.restore(given.checkpoint())
    mirror.load()
    for slope in slopes[20:]:
        one[1].write(one[0], slope, 0.05)
        on_tensors.write(weights, torch.from_numpy(slope), 0.05)
    mirror.fetch()
    assert not differing(one, other)


def test_random_bits_are_those_of_the_kernels():
    rng = np.random.default_rng(2)
    counter = rng.integers(0, 2**64, 500, dtype=np.uint64)
    counter[:3] = 0, 2**63, 2**64 - 1
    keys = rng.integers(0, 2**64, 2, dtype=np.uint64)
    with np.errstate(over="ignore"):
        wanted = [int(noise.step_bits.py_func(*keys, one)) for one in counter]
    found = step_bits((keys[0], keys[1]), torch.from_numpy(counter.view(np.int64)))
    assert found.numpy().view(np.uint64).tolist() == wanted
    assert upper(found, 11).tolist() == [bits >> 11 for bits in wanted]
    assert (found >> 11).tolist() != upper(found, 11).tolist(), "negative control: the sign fills up"
    assert counters(2**32 - 1, torch.tensor([5])).item() == signed((2**32 - 1) << 32 | 5)


def test_draws_take_the_threshold_to_the_last_bit():
    """A row of two columns: below the threshold the column itself, from it on the alias."""
    table = torch.tensor([(7 << 8) | 9, (2**31 << 8) | 1])
    drawn = torch.tensor([6, 7, 2**31 - 1, 2**31, 2**32 - 1])
    bits = torch.tensor([signed(int(one) << 32) for one in drawn])
    assert next_states(table, torch.zeros(5, dtype=torch.int64), 1, bits).tolist() == [0, 9, 9, 1, 1]


def test_a_change_of_just_the_threshold_is_sent():
    """As by the compiled rule: a pulse for each weight, and in the accumulator what the step leaves of the threshold."""
    weights, rule = layer(*LAWS["two states"], "pair", "mixed-precision")
    mirror = Mirror(torch.device("cpu"))
    tensors, other = TensorWeights(weights, mirror), tensor_rule(rule, mirror)
    threshold, step = np.float32(rule.threshold), np.float32(rule.step)
    other.accumulator.zero_()
    other.write(tensors, torch.full(SHAPE, -float(threshold)), 1.0)
    np.testing.assert_array_equal(other.accumulator.numpy(), np.full(SHAPE, threshold - step))
    other.accumulator.zero_()
    other.write(tensors, torch.full(SHAPE, -float(np.nextafter(threshold, np.float32(0)))), 1.0)
    assert (other.accumulator > 0).all()  # a hair less: nothing is sent
