"""The optimizer that writes arrays by pulses: groups, schedulers, rules, what waits for a step and what is refused."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from arraysim.datasets.datasets import load_dataset  # noqa: E402
from arraysim.periphery.config import Adc, Periphery  # noqa: E402
from arraysim.rules.registry import RULES  # noqa: E402
from arraysim.synapses.ladder import ladder_law  # noqa: E402
from arraysim.synapses.weights import FloatWeights  # noqa: E402
from arraysim.torch.layers import ArrayConv2d, ArrayLinear  # noqa: E402
from arraysim.torch.pulse_optimizer import PulseOptimizer  # noqa: E402
from dwcore.errors import InputError  # noqa: E402

LAW = ladder_law(states=9)


def model(**array):
    array = {"law": LAW, "seed": 1} | array
    return torch.nn.Sequential(
        ArrayConv2d(1, 4, 3, padding=1, **array),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        ArrayLinear(64, 10, **array),
    )


def digits(n=400):
    data = load_dataset("digits")
    images = torch.from_numpy(data.inputs(slice(n))).permute(0, 3, 1, 2)
    return images, torch.from_numpy(data.labels[:n])


def step(net, optimizer, n=20, seed=0):
    images, labels = digits()
    chosen = torch.randint(len(labels), (n,), generator=torch.Generator().manual_seed(seed))
    loss = torch.nn.functional.cross_entropy(net(images[chosen]), labels[chosen])
    loss.backward()
    optimizer.step()
    return loss.item()


def weights(net):
    return [net[0].weight, net[5].weight]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_lowers_the_loss(rule):
    net = model()
    optimizer = PulseOptimizer(net, rule=rule)
    losses = [step(net, optimizer) for _ in range(30)]
    assert np.mean(losses[-5:]) < 0.85 * losses[0]


@pytest.mark.parametrize("groups", [1, 2])
def test_signals_are_those_of_the_gradient_that_waits(groups):
    """Those of a group reach its own columns; a gradient that was dropped takes its signals along."""
    layer = ArrayConv2d(4, 6, 3, groups=groups, law=LAW, seed=1)
    PulseOptimizer(layer, rule="stochastic-pulses")
    value = torch.rand(2, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    for _ in range(2):
        layer.cells.grad = None
        layer(value).square().sum().backward()
        layer(0.5 * value).sum().backward()  # adds up
        inputs, errors = (np.concatenate(parts) for parts in zip(*layer.chip.signals, strict=True))
        np.testing.assert_allclose(inputs.T @ errors, layer.gradient(), rtol=1e-4, atol=1e-4)


def test_an_array_that_is_frozen_keeps_no_signals():
    layer, value = ArrayLinear(3, 2, law=LAW, seed=1), torch.rand(4, 3, requires_grad=True)
    PulseOptimizer(layer, rule="stochastic-pulses")
    for trains in (False, True):
        layer.cells.requires_grad_(trains)
        layer(value).sum().backward()
    assert len(layer.chip.signals) == 1


@pytest.mark.parametrize("rule", ["mixed-precision", "tiki-taka"])
def test_training_goes_on_from_a_state_bit_for_bit(rule, tmp_path):
    net = model()
    groups = [{"params": net[0].parameters(), "lr": 0.7}, {"params": [*net[1].parameters(), *net[5].parameters()]}]
    optimizer = PulseOptimizer(groups, rule=rule, rate=0.2, momentum=0.9)
    for n in range(3):
        step(net, optimizer, seed=n)
    torch.save([net.state_dict(), optimizer.state_dict()], tmp_path / "state.pt")
    for n in range(3, 6):
        step(net, optimizer, seed=n)
    other = model(seed=5)
    again = PulseOptimizer(
        [{"params": other[0].parameters()}, {"params": [*other[1].parameters(), *other[5].parameters()]}],
        rule=rule,
        momentum=0.9,
    )
    saved = torch.load(tmp_path / "state.pt", weights_only=True)
    other.load_state_dict(saved[0])
    if rule == "tiki-taka":
        with pytest.raises(InputError, match="other devices than the optimizer was made for"):
            step(other, again)
        again.zero_grad()
        other.load_state_dict(saved[0])
    again.load_state_dict(saved[1])
    assert [group["lr"] for group in again.param_groups] == [0.7, 0.2]
    for n in range(3, 6):
        step(other, again, seed=n)
    assert all(map(torch.equal, weights(other), weights(net)))
    assert torch.equal(other[1].weight, net[1].weight)


def test_groups_hold_arrays_and_digital_parameters():
    net, twin = model(), model()
    optimizer = PulseOptimizer([{"params": net.parameters(), "lr": 0.5}], momentum=0.9)
    arrays, digital = PulseOptimizer(twin, rate=0.5), torch.optim.SGD(twin[1].parameters(), lr=0.5, momentum=0.9)
    for n in range(3):
        step(net, optimizer, seed=n)
        step(twin, arrays, seed=n)
        digital.step()
        digital.zero_grad()
    assert torch.equal(net[1].weight, twin[1].weight)
    assert all(map(torch.equal, weights(net), weights(twin)))


def test_a_frozen_layer_keeps_its_weights_and_a_thawed_one_moves():
    net = model()
    optimizer, before = PulseOptimizer(net, rate=5.0), weights(net)
    net[0].requires_grad_(False)
    step(net, optimizer)
    assert torch.equal(net[0].weight, before[0])
    assert not torch.equal(net[5].weight, before[1])
    net[0].requires_grad_(True)
    step(net, optimizer)
    assert not torch.equal(net[0].weight, before[0])


@pytest.mark.parametrize("rule", ["mixed-precision", "stochastic-pulses"])
def test_a_gradient_waits_for_the_step_and_is_used_up_by_it(rule):
    net = model()
    optimizer = PulseOptimizer(net, rule=rule)
    for forget in (net.zero_grad, optimizer.zero_grad):
        net(digits(20)[0]).square().mean().backward()
        assert net[5].gradient().abs().sum() > 0
        forget()
        assert net[5].gradient().abs().sum() == 0
    step(net, optimizer)
    assert net[5].gradient().abs().sum() == 0
    before = weights(net)
    optimizer.step()
    assert all(map(torch.equal, weights(net), before))


def test_rules_that_need_signals_see_those_of_all_uses():
    shared, summed = (ArrayLinear(6, 4, law=LAW, seed=1, number=0) for _ in "ab")
    value = torch.randn(8, 6, generator=torch.Generator().manual_seed(0))
    moved = []
    for layer, parts in ((shared, value.split(4)), (summed, (value,))):
        optimizer = PulseOptimizer(layer, rule="stochastic-pulses", rate=2.0)
        sum(layer(part).square().sum() for part in parts).backward()
        before = layer.weight
        optimizer.step()
        moved.append(layer.weight - before)
    # Errors are sent back in another order, so trains differ; the number of pulses does not.
    assert (moved[0] != 0).sum() > 5
    assert moved[0].abs().sum() == pytest.approx(moved[1].abs().sum(), rel=0.5)


def test_a_clipped_gradient_counts_or_is_refused():
    sent = {}
    for limit in (None, 1e-6):
        net = model()
        optimizer = PulseOptimizer(net, rate=5.0)
        net(digits(20)[0]).square().sum().backward()
        if limit:
            torch.nn.utils.clip_grad_norm_(net.parameters(), limit)
        before = int(net[5].weights.array.pulses_sent.sum())
        optimizer.step()
        sent[limit] = int(net[5].weights.array.pulses_sent.sum()) - before
    assert sent[1e-6] == 0 < sent[None]
    net = model()
    optimizer = PulseOptimizer(net, rule="stochastic-pulses")
    net(digits(20)[0]).square().sum().backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1e-6)
    with pytest.raises(InputError, match="not that of its passes"):
        optimizer.step()


SCHEDULERS = {
    "StepLR": {"step_size": 2},
    "ExponentialLR": {"gamma": 0.5},
    "CosineAnnealingLR": {"T_max": 4},
    "OneCycleLR": {"max_lr": 2.0, "total_steps": 6},
    "CyclicLR": {"base_lr": 0.1, "max_lr": 2.0, "step_size_up": 2},
    "LambdaLR": {"lr_lambda": lambda epoch: 0.5**epoch},
    "LinearLR": {},
    "PolynomialLR": {"total_iters": 4},
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedulers_of_torch_set_the_rate(name):
    net = model()
    optimizer = PulseOptimizer(net, rate=1.0)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **SCHEDULERS[name])
    rates = set()
    for n in range(4):
        step(net, optimizer, seed=n)
        scheduler.step()
        rates.add(optimizer.rate)
    assert len(rates) > 1
    again = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    again.step(1.0)
    again.step(2.0)
    assert optimizer.rate == pytest.approx(0.1 * rates.pop(), rel=10)


def test_a_closure_is_called_with_gradients_on():
    net = model()
    optimizer, before = PulseOptimizer(net, rate=5.0), weights(net)

    def closure():
        optimizer.zero_grad()
        loss = net(digits(20)[0]).square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() > 0
    assert not torch.equal(net[5].weight, before[1])


def test_arrays_of_a_model_are_numbered_in_its_order():
    how = {"law": LAW, "seed": 1, "periphery": Periphery(adc=Adc(bits=4, offset_dtod=1.0))}
    net, value = torch.nn.Sequential(*(ArrayLinear(6, 6, **how) for _ in range(3))), torch.ones(1, 6)
    given = [ArrayLinear(6, 6, number=n, **how) for n in range(3)]
    PulseOptimizer(net)
    for made, expected in zip(net, given, strict=True):
        assert torch.equal(made.weight, expected.weight) and torch.equal(made(value), expected(value))
    for seen in (lambda net: net(torch.zeros(1, 6)), lambda net: net.state_dict()):
        net = torch.nn.Sequential(*(ArrayLinear(6, 6, law=LAW, seed=1) for _ in range(2)))
        seen(net)
        with pytest.raises(InputError, match=r'layer "0" and layer "1" are the same devices \(seed 1, number 0\)'):
            PulseOptimizer(net)


def test_a_gradient_that_is_not_finite_is_refused_with_its_place_and_changes_nothing():
    net = model()
    optimizer, before = PulseOptimizer(net, rate=5.0), weights(net)
    images = digits(20)[0].clone()
    images[3, 0, 2, 2] = torch.nan
    net(images).square().sum().backward()
    with pytest.raises(InputError, match=r'layer "0": the gradient is nan at row 0, column 0'):
        optimizer.step()
    assert all(map(torch.equal, weights(net), before))
    optimizer.zero_grad()
    net[1].reset_running_stats()
    step(net, optimizer)
    assert not torch.equal(net[5].weight, before[1])
    beside, before = PulseOptimizer(net.parameters(), rate=5.0), weights(net)
    net(digits(20)[0]).square().sum().backward()
    net[1].weight.grad[2] = torch.inf
    with pytest.raises(InputError, match=r"digital parameter of shape .* gradient that is not finite; no pulse"):
        beside.step()
    assert all(map(torch.equal, weights(net), before)) and torch.isfinite(net[1].weight).all()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"rate": -1.0}, "rate = -1 "),
        ({"rate": float("nan")}, "rate = nan"),
        ({"momentum": 1.0}, "momentum = 1 "),
        ({"rule": "sing"}, 'did you mean "sign"'),
        ({"settings": {"treshold": 0.6}}, 'did you mean "threshold"'),
        ({"rule": "sign", "settings": {"threshold": 0.6}}, 'rule "sign" has no setting "threshold"'),
        ({"settings": {"threshold": 2.0}}, "threshold = 2.0"),
    ],
)
def test_settings_outside_their_range_are_refused(more, words):
    with pytest.raises(InputError, match=words):
        PulseOptimizer(ArrayLinear(4, 2, law=LAW), **more)
    assert PulseOptimizer(ArrayLinear(4, 2, law=LAW), rate=0.0, momentum=0.0).rate == 0, (
        "schedulers begin or end at zero"
    )


def test_models_that_pulses_cannot_write_are_refused():
    floats = ArrayLinear(1, 2, weights=FloatWeights(np.zeros((2, 2), np.float32)))
    for nothing in (torch.nn.Linear(2, 2), floats, []):
        with pytest.raises(InputError, match="no weights that pulses can write"):
            PulseOptimizer(nothing)
    with pytest.raises(InputError, match='unknown setting "rat"'):
        PulseOptimizer([{"params": ArrayLinear(4, 2, law=LAW).parameters(), "rat": 1.0}])
    optimizer = PulseOptimizer(model())
    with pytest.raises(InputError, match="state of 1 arrays"):
        optimizer.load_state_dict(PulseOptimizer(ArrayLinear(4, 2, law=LAW)).state_dict())
    with pytest.raises(InputError, match='state of the rule "sign"'):
        optimizer.load_state_dict(PulseOptimizer(model(), rule="sign").state_dict())
    with pytest.raises(InputError, match=r'settings {"threshold": 0.6} given to an optimizer with {}'):
        optimizer.load_state_dict(PulseOptimizer(model(), settings={"threshold": 0.6}).state_dict())


def test_arrays_of_one_seed_draw_their_pulses_apart():
    """Two arrays alike, with the same gradient: those of a rule that draws get their pulses at other places."""
    net = torch.nn.Sequential(*(ArrayLinear(40, 40, bias=False, law=LAW, seed=1) for _ in range(2)))
    optimizer = PulseOptimizer(net, rule="sign", rate=0.3)
    before = [layer.weight for layer in net]
    for layer in net:
        layer.cells.grad = torch.ones(40, 40)
    optimizer.step()
    first, second = (layer.weight != old for layer, old in zip(net, before, strict=True))
    assert first.any() and second.any() and (first & second).sum() < 0.7 * min(first.sum(), second.sum())


def test_gradients_that_are_set_to_zero_take_their_signals_along():
    """Both ways to forget a pass leave the next one as it would have been alone."""
    made = []
    for set_to_none in (None, True, False):
        net = torch.nn.Sequential(ArrayLinear(6, 5, law=LAW, seed=1))
        optimizer = PulseOptimizer(net, rule="stochastic-pulses")
        value = torch.linspace(-1, 1, 24).view(4, 6)
        if set_to_none is not None:
            net(3 * value).square().sum().backward()
            optimizer.zero_grad(set_to_none=set_to_none)
        net(value).square().sum().backward()
        optimizer.step()
        made.append(net[0].weight)
    assert torch.equal(made[0], made[1]) and torch.equal(made[0], made[2])
