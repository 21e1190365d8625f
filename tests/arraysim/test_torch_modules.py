"""PyTorch modules with weights in arrays agree with numpy and with PyTorch's own."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from arraysim.datasets.datasets import load_dataset  # noqa: E402
from arraysim.networks.definition import (  # noqa: E402
    Activation,
    Convolution,
    Flatten,
    Linear,
    NetworkDefinition,
    Pooling,
)
from arraysim.networks.network import Network  # noqa: E402
from arraysim.rules.registry import make_rule  # noqa: E402
from arraysim.synapses.ladder import ladder_law  # noqa: E402
from arraysim.synapses.weights import FloatWeights  # noqa: E402
from arraysim.torch.layers import ArrayConv2d, ArrayLinear
from arraysim.torch.pulse_optimizer import PulseOptimizer  # noqa: E402
from arraysim.training.chip import update_by_rule  # noqa: E402
from dwcore.errors import InputError  # noqa: E402

LAW = ladder_law(instances=3)
DEFINITION = NetworkDefinition(
    name="small",
    layers=(Convolution(channels=4, kernel=3, padding=1), Activation(), Pooling(), Flatten(), Linear()),
)


class ChannelsLastFlatten(torch.nn.Module):
    def forward(self, value):
        return value.permute(0, 2, 3, 1).flatten(1)


def model(seed=1):
    return torch.nn.Sequential(
        ArrayConv2d(1, 4, 3, padding=1, law=LAW, seed=seed, number=0),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        ChannelsLastFlatten(),
        ArrayLinear(64, 10, law=LAW, seed=seed, number=1),
    )


def batch(n=20, seed=0):
    digits = load_dataset("digits")
    chosen = np.random.default_rng(seed).permutation(len(digits))[:n]
    return digits.inputs(chosen), digits.labels[chosen]


def torch_batch(n=20, seed=0):
    images, labels = batch(n, seed)
    return torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)


def test_forward_gradient_and_pulses_agree_with_numpy():
    module, other = model(), model()
    weights = [other[0].layer.weights, other[4].layer.weights]
    network = Network(DEFINITION, weights, input_shape=(8, 8, 1), classes=10)
    rules = [make_rule("mixed-precision", w, seed=(0, n)) for n, w in enumerate(weights)]
    optimizer = PulseOptimizer(module, rate=0.5)
    for step in range(3):
        images, labels = torch_batch(seed=step)
        loss = torch.nn.functional.cross_entropy(module(images), labels)
        loss.backward()
        expected, _ = network.learn(*batch(seed=step))
        assert loss.item() == pytest.approx(expected, rel=1e-5)
        for array, layer in zip((module[0].layer, module[4].layer), network.crossbars, strict=True):
            np.testing.assert_allclose(array.gradient(), layer.gradient(), rtol=1e-3, atol=1e-6)
        optimizer.step()
        for layer, rule in zip(network.crossbars, rules, strict=True):
            update_by_rule(layer, rule, 0.5)
        for array, layer in zip((module[0].layer, module[4].layer), network.crossbars, strict=True):
            assert np.mean(array.weights.values != layer.weights.values) < 0.01
    assert module[4].layer.weights.array.pulses_sent.sum() > weights[1].array.size


@pytest.mark.parametrize(("stride", "padding", "bias"), [(1, 0, True), (2, 1, False)])
def test_modules_agree_with_those_of_pytorch(stride, padding, bias):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(9 * 3 + bias, 5)).astype(np.float32)
    ours = ArrayConv2d(3, 5, 3, stride=stride, padding=padding, bias=bias, weights=FloatWeights(values))
    theirs = torch.nn.Conv2d(3, 5, 3, stride=stride, padding=padding, bias=bias)
    with torch.no_grad():
        theirs.weight[:] = torch.from_numpy(values[:27].reshape(3, 3, 3, 5).transpose(3, 2, 0, 1).copy())
        if bias:
            theirs.bias[:] = torch.from_numpy(values[27])
    images = [torch.randn(4, 3, 8, 7, generator=torch.Generator().manual_seed(1), requires_grad=True) for _ in "ab"]
    for module, image in zip((ours, theirs), images, strict=True):
        module(image).square().sum().backward()
    torch.testing.assert_close(ours(images[0]), theirs(images[1]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(images[0].grad, images[1].grad, rtol=1e-3, atol=1e-3)
    gradient = ours.layer.gradient()
    expected = theirs.weight.grad.numpy().transpose(2, 3, 1, 0).reshape(27, 5)
    np.testing.assert_allclose(gradient[:27], expected, rtol=1e-3, atol=1e-2)


def test_a_model_learns_and_goes_on_from_a_state():
    images, labels = torch_batch(600)
    module = model()
    optimizer = PulseOptimizer(module, rate=0.3)

    def epoch():
        for part in torch.arange(600).split(20):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(module(images[part]), labels[part]).backward()
            optimizer.step()

    def accuracy():
        module.eval()
        with torch.no_grad():
            right = module(images).argmax(1) == labels
        module.train()
        return right.float().mean().item()

    before = accuracy()
    for _ in range(6):
        epoch()
    state = optimizer.state_dict()
    assert before < 0.4 < 0.8 < accuracy()
    epoch()
    there = module[4].weight
    optimizer.load_state_dict(state)
    assert not torch.equal(module[4].weight, there)
    epoch()
    assert torch.equal(module[4].weight, there)


def test_unfit_models_are_refused():
    with pytest.raises(InputError, match="no weights that pulses can write"):
        PulseOptimizer(torch.nn.Linear(2, 2))
    with pytest.raises(InputError, match="give a law"):
        ArrayLinear(2, 2)
    with pytest.raises(InputError, match="takes float32"):
        model()(torch.zeros(1, 1, 8, 8, dtype=torch.float64))
    with pytest.raises(InputError, match="state of 0 arrays"):
        PulseOptimizer(model()).load_state_dict({})
