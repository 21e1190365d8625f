"""What layers in arrays and their optimizer take where nothing is said, and the rates that reach rules and numbers."""

import copy
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from arraysim.networks.crossbars import ArrayLayer  # noqa: E402
from arraysim.periphery.config import Adc, Periphery  # noqa: E402
from arraysim.periphery.reader import PeripheryReader  # noqa: E402
from arraysim.rules.registry import RULES  # noqa: E402
from arraysim.synapses.ladder import ladder_law  # noqa: E402
from arraysim.synapses.settings import ArraySettings  # noqa: E402
from arraysim.torch.chip import MAX_NUMBER, new_chip  # noqa: E402
from arraysim.torch.layers import ArrayConv2d, ArrayLinear  # noqa: E402
from arraysim.torch.pulse_optimizer import PulseOptimizer  # noqa: E402
from arraysim.torch.recurrent import ArrayRNN  # noqa: E402
from arraysim.torch.survey import arrays_of  # noqa: E402
from dwcore.errors import InputError  # noqa: E402

LAW = ladder_law(miss=0.0, double=0.0)


def test_the_range_of_a_layer_falls_with_the_root_of_its_rows():
    """Four over the root of the inputs and the bias; first weights fill half of it."""
    made = new_chip(9, 200, groups=1, law=LAW, seed=1)
    assert made.weights.largest == pytest.approx(4 / 3) and made.plan.largest_weight == pytest.approx(4 / 3)
    assert 0.4 < np.abs(made.weights.values).max() / made.weights.largest <= 0.5 + 1e-6
    wide = new_chip(9, 200, groups=1, law=LAW, seed=1, weight_range=6.0, initial_share=1.0)
    assert wide.weights.largest == pytest.approx(2.0) and np.abs(wide.weights.values).max() == pytest.approx(2.0)
    assert not new_chip(9, 2, groups=1, law=LAW, seed=1, initial_share=0.0).weights.values.any()
    assert ArrayLinear(4, 2, law=LAW, seed=1).chip.weights.largest == pytest.approx(4 / math.sqrt(5))
    assert ArrayConv2d(2, 3, 3, bias=False, law=LAW, seed=1).chip.weights.largest == pytest.approx(4 / math.sqrt(18))


@pytest.mark.parametrize("rule", RULES)
def test_the_rate_of_a_group_is_that_of_its_rule(rule):
    assert PulseOptimizer(ArrayLinear(4, 2, law=LAW), rule=rule).rate == RULES[rule].rate
    assert PulseOptimizer(ArrayLinear(4, 2, law=LAW), rule=rule, rate=0.25).rate == 0.25


def test_rates_of_groups_reach_their_rules_and_digital_parameters(monkeypatch):
    """Of a digital parameter: v = 0.5 v + g, w = w - 0.1 v, from 1 with the gradients 2 and 4; arrays have no momentum."""
    first, second = ArrayLinear(4, 2, law=LAW, seed=1), ArrayLinear(4, 2, law=LAW, seed=1)
    digital, asked = torch.nn.Parameter(torch.ones(1)), []
    optimizer = PulseOptimizer(
        [{"params": first.parameters(), "lr": 0.7}, {"params": [*second.parameters(), digital]}], rate=0.1, momentum=0.5
    )
    for rule, _ in optimizer._rules.values():
        monkeypatch.setattr(rule, "write", lambda weights, gradient, rate: asked.append((rate, gradient.sum())))
    for gradient, expected in ((2.0, 0.8), (4.0, 0.8 - 0.1 * (0.5 * 2 + 4))):
        for parameter in (first.cells, second.cells, digital):
            parameter.grad = torch.full_like(parameter, gradient)
        optimizer.step()
        assert digital.item() == pytest.approx(expected) and digital.grad is None
    assert asked == [(0.7, 20.0), (0.1, 20.0), (0.7, 40.0), (0.1, 40.0)]


def test_readers_of_groups_have_numbers_beyond_those_of_arrays():
    layer = ArrayConv2d(4, 6, 3, groups=2, law=LAW, seed=5, number=3)
    layer.chip.look_through(Periphery(adc=Adc(bits=4)))
    assert [reader._identity for reader in layer.chip._readers] == [(5, 3), (5, 3 + 4 * MAX_NUMBER)]


class Twice(torch.nn.Module):
    """A convolution in two groups, then one layer two times."""

    def __init__(self):
        super().__init__()
        self.conv = ArrayConv2d(4, 6, (2, 8), groups=2, law=LAW, seed=1)
        self.line = ArrayLinear(12, 12, law=LAW, seed=1)

    def forward(self, value):
        return self.line(self.line(self.conv(value).flatten(1)))


def test_arrays_of_a_model_are_those_of_one_image_and_every_use_counts():
    """Images of 3 x 8: two places of a kernel of 16 pixels, a square of side 4, on two of four channels and the bias."""
    conv, line = arrays_of(Twice(), torch.zeros(5, 4, 3, 8))
    assert conv == ArrayLayer(
        name="conv", kind="conv", rows=16 * 2 + 1, columns=6, positions=2, input_values=96, output_values=12, kernel=4.0,
        groups=2,
    )  # fmt: skip
    assert line == ArrayLayer(
        name="line", kind="linear", rows=13, columns=12, positions=2, input_values=24, output_values=24
    )


def test_errors_of_recurrent_layers_have_their_bits_too():
    """Errors of two bits are a sign or nothing: the gradient is another one; those of sixteen change little."""
    value, found = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0)), []
    for bits in (0, 2, 16):
        layer = ArrayRNN(3, 4, law=LAW, seed=1, error_bits=bits)
        layer(value)[0].square().sum().backward()
        found.append(layer.cells[0].hh.cells.grad.clone())
    exact, coarse, fine = found
    assert torch.allclose(exact, fine, atol=1e-3) and not torch.allclose(exact, coarse, atol=0.1)


def test_sequences_of_one_example_have_no_batch_to_swap():
    """(steps, inputs), also where the batch comes first."""
    one, other = (ArrayRNN(3, 4, batch_first=first, law=LAW, seed=1) for first in (False, True))
    value = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(one(value)[0], other(value)[0]) and one(value)[0].shape == (5, 4)
    both = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(one(both)[0], other(both.transpose(0, 1))[0].transpose(0, 1))


def test_ranges_of_converters_are_taken_over_by_the_same_periphery_only():
    def layer(bits):
        return ArrayLinear(4, 2, law=LAW, seed=1, periphery=Periphery(adc=Adc(bits=bits)))

    def ranges(one):
        return {name: values.tolist() for name, values in one.chip._readers[0].checkpoint().items()}

    first = layer(4)
    first(100 * torch.ones(3, 4))
    assert ranges(first) != ranges(layer(4)), "they follow what is read"
    for bits in (4, 6):
        other = layer(bits)
        other.load_state_dict(first.state_dict())
        assert ranges(other) == ranges(first if bits == 4 else layer(6))


def test_a_reader_of_one_array_cannot_read_groups():
    """Weights that come with a read path belong to one crossbar; four groups of one column are four."""
    made = new_chip(9, 4, groups=1, law=LAW, seed=1).weights
    made.reader = PeripheryReader(Periphery(adc=Adc(bits=4)), seed=1)
    assert new_chip(9, 4, groups=1, weights=made).weights is made
    with pytest.raises(InputError, match="weights with a reader given to 4 groups"):
        new_chip(9, 4, groups=4, weights=made)


def test_groups_share_the_column_of_references():
    layer = ArrayConv2d(4, 6, 3, groups=2, law=LAW, seed=1, settings=ArraySettings(weights="reference"))
    first, second = layer.chip._parts()
    widths = [plane.shape[1] for plane in layer.chip.weights.conductances]
    assert sorted(widths) == [1, 6]
    for part, columns in ((first, slice(0, 3)), (second, slice(3, 6))):
        for plane, whole, width in zip(part.conductances, layer.chip.weights.conductances, widths, strict=True):
            assert np.array_equal(plane, whole if width == 1 else whole[:, columns])


@pytest.mark.parametrize("bits", [1, -1, 17, True, 4.0])
def test_errors_have_two_signs_and_so_two_bits(bits):
    with pytest.raises(InputError, match=r"error_bits = .* must be 0 or 2 to 16"):
        ArrayLinear(4, 2, law=LAW, error_bits=bits)


def test_copies_of_an_array_that_does_not_learn_do_not_learn():
    layer = ArrayLinear(4, 2, law=LAW, seed=1)
    for learns in (True, False):
        assert copy.deepcopy(layer.requires_grad_(learns)).cells.requires_grad is learns
