"""Networks of PyTorch that learn for the devices they will be written to."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")
from torch import nn  # noqa: E402

from arraysim.periphery.config import Adc, Dac, Periphery  # noqa: E402
from arraysim.programming.write_verify import write_verify  # noqa: E402
from arraysim.synapses.ladder import ladder_law  # noqa: E402
from arraysim.synapses.settings import ArraySettings  # noqa: E402
from arraysim.torch.aware import _quantile, aware, device_noise, plain, weight_levels  # noqa: E402
from arraysim.torch.conversion import convert, to_torch  # noqa: E402
from dwcore.errors import InputError  # noqa: E402

LAW = ladder_law(states=3)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding="same"), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10))


def images(n=5):
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def test_spreads_add_in_squares_over_the_window_of_the_weight():
    """States of 1, 2 and 3 S: a pair spans 2 S with two devices, a device beside a reference 1 S to either side."""
    law = ladder_law(states=3, conductance_low=1.0, on_off=3.0, instances=2)
    from_write = dataclasses.replace(law, conductance_std_ctoc=np.array([0.1, 0.2, 0.3]))
    both = dataclasses.replace(from_write, instance_conductance=np.array([[1.4, 2.4, 3.4], [0.6, 1.6, 2.6]]))
    square = (0.01 + 0.04 + 0.09) / 3
    for one, settings, expected in (
        (from_write, ArraySettings(), np.sqrt(2 * square) / 2),
        (from_write, ArraySettings(weights="reference"), np.sqrt(square)),
        (law, ArraySettings(weights="reference", conductance_std_dtod=0.1), np.sqrt(0.01 * (1 + 4 + 9) / 3)),
        (both, ArraySettings(), np.sqrt(2 * (square + 0.16)) / 2),
    ):
        assert device_noise(one, settings) == pytest.approx(expected, rel=1e-12)


def test_the_range_of_outputs_follows_the_batches_by_a_twentieth():
    net = aware(
        nn.Sequential(nn.Linear(3, 2, bias=False)), ladder_law(states=100), periphery=Periphery(adc=Adc(bits=8))
    )
    value = torch.rand(20, 3, generator=torch.Generator().manual_seed(2))
    net(value)
    limit = net[0].converters.range[1].clone()
    net(5 * value)
    assert net[0].converters.range[1] / limit == pytest.approx(0.95 + 0.05 * 5, rel=1e-4)


def test_a_sign_that_was_seen_keeps_its_bit():
    """Of three bits one is the sign from the first negative input on: thirds of the range, not sevenths."""
    net = aware(nn.Sequential(nn.Linear(2, 1, bias=False)), LAW, periphery=Periphery(dac=Dac(bits=3)))
    for value, levels in (([1.0, 0.3], 7), ([-1.0, 0.3], 3), ([1.0, 0.3], 3)):
        net(torch.tensor([value]))
        converted = net[0].converters.entered(torch.tensor([1.0, 0.3]))
        assert converted.tolist() == pytest.approx([1.0, round(0.3 * levels) / levels], abs=0.01)


def test_levels_are_those_of_the_weights_of_devices():
    np.testing.assert_allclose(weight_levels(LAW, ArraySettings()), [-1, -0.5, 0, 0.5, 1], atol=1e-6)
    np.testing.assert_allclose(weight_levels(LAW, ArraySettings(weights="reference")), [-1, 0, 1], atol=1e-6)
    digits = ArraySettings(weights="digits", digits=2, base=3)
    np.testing.assert_allclose(weight_levels(LAW, digits), np.linspace(-1, 1, 17), atol=1e-6)
    for settings in (ArraySettings(), digits):
        weights = settings.make(LAW, rows=1, columns=1, largest_weight=1.0, seed=1)
        held = set()
        for _ in range(200):
            held.add(round(float(weights.values[0, 0]), 3))
            weights.pulse(np.array([[np.random.default_rng(len(held)).choice((-1, 1))]]))
        assert all(np.abs(weight_levels(LAW, settings) - one).min() < 1e-3 for one in held)


def test_noise_is_the_spread_of_the_weights_of_an_array():
    settings = ArraySettings(conductance_std_dtod=0.05)
    weights = settings.make(ladder_law(states=9), rows=200, columns=200, largest_weight=1.0, seed=1)
    weights.array.state[:] = np.random.default_rng(0).integers(9, size=weights.array.size)
    weights.refresh()
    share = weights.array.law.level[0][weights.array.state.reshape(2, 200, 200)]
    error = weights.values - (share[0] - share[1]) * weights.scale
    assert device_noise(ladder_law(states=9), settings) == pytest.approx(error.std(), rel=0.1)


@pytest.mark.parametrize("on_levels", [True, False])
@pytest.mark.parametrize(("states", "spread"), [(5, 0.0), (5, 0.05), (5, 0.1), (16, 0.02), (16, 0.05)])
def test_passes_see_the_error_that_write_verify_leaves(states, spread, on_levels):
    """Root mean square within 15 %: the spread of a state follows its conductance, the model takes their mean.

    The spread itself, without writing and reading in turns, is 1.4 to 4 times what is left about a level.
    """
    law, settings = ladder_law(states=states), ArraySettings(conductance_std_dtod=spread)
    levels, rng = weight_levels(law, settings), np.random.default_rng(0)
    wanted = rng.uniform(-0.8, 0.8, (100, 100)).astype(np.float32)
    if on_levels:
        wanted = rng.choice(levels[np.abs(levels) < 0.8], (100, 100)).astype(np.float32)
    weights = settings.make(law, rows=100, columns=100, largest_weight=1.0, seed=1)
    write_verify(weights, wanted, seed=3)
    layer = nn.Linear(100, 101, bias=False)
    with torch.no_grad():
        layer.weight[:100], layer.weight[100] = torch.from_numpy(wanted), 1.0  # the largest, so that shares are weights
    seen = aware(nn.Sequential(layer), law, settings=settings, quantile=1.0)[0].weight[:100].detach().numpy()
    left = rms(weights.values - wanted)
    assert rms(seen - wanted) == pytest.approx(left, rel=0.15, abs=1e-6)  # nothing is left of levels without spread
    assert spread == 0.0 or not on_levels or device_noise(law, settings) > 1.4 * left


def rms(error):
    return float(np.sqrt(np.mean(np.square(error, dtype=np.float64))))


def test_evaluation_sees_the_mean_of_what_training_sees():
    settings = ArraySettings(conductance_std_dtod=0.02)
    net = aware(nn.Sequential(nn.Linear(50, 3, bias=False)), LAW, settings=settings)
    assert net[0].parametrizations.weight[0].distance.tolist() == pytest.approx([0.5] * 5), "of levels, at the ends too"
    with torch.no_grad():
        drawn = torch.stack([net[0].weight for _ in range(4000)])
        mean = net.eval()[0].weight
    largest = net[0].parametrizations.weight[0].largest
    bound = 4.5 * drawn.std(0) / 4000**0.5 + largest * 0.5 / 32  # 32 deviations stand for all, levels are 0.5 apart
    assert ((drawn.mean(0) - mean).abs() < bound).all()


def test_passes_see_levels_and_noise_and_the_weights_behind_stay_continuous():
    net = aware(network(), LAW, noise=0.1)
    layer, value = net[3], images()
    with torch.no_grad():
        first, second = net(value), net(value)
    assert not torch.equal(first, second)
    net.eval()
    share = layer.weight.detach() / layer.parametrizations.weight[0].largest
    assert set(share.unique().tolist()) <= {-1.0, -0.5, 0.0, 0.5, 1.0}
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    nn.functional.cross_entropy(net(value), torch.arange(5)).backward()
    latent = layer.parametrizations.weight.original
    assert latent.grad.abs().sum() > 0 and len(latent.unique()) > 1000
    before = latent.detach().clone()
    optimizer.step()
    torch.testing.assert_close(latent.detach(), before - 0.1 * latent.grad)


def test_what_was_learned_is_written_as_it_was_seen():
    net = aware(network(), LAW).eval()
    learned = plain(net)
    assert [type(part) for part in learned] == [type(part) for part in network()]
    torch.testing.assert_close(learned(images()), net(images()), rtol=1e-5, atol=1e-5)
    chip = convert(learned, ladder_law(states=3, miss=0.0, double=0.0))
    torch.testing.assert_close(chip(images()), net(images()), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(plain(net)(images()), learned(images()))  # and again
    torch.testing.assert_close(net(images()), learned(images()), rtol=1e-5, atol=1e-5)


def test_the_range_of_inputs_is_the_largest_seen_and_forgets_a_hundredth_a_batch():
    net = aware(nn.Sequential(nn.Linear(6, 4, bias=False)), LAW, periphery=Periphery(dac=Dac(bits=4)))
    value = torch.linspace(-1, 1, 30).reshape(5, 6)
    net(8 * value)
    for _ in range(10):
        net(value)
    assert net[0].converters.range[0].item() == pytest.approx(8 * 0.99**10, rel=1e-5)


def test_passes_see_the_bits_of_converters_whose_ranges_stay_in_evaluation():
    periphery = Periphery(dac=Dac(bits=3), adc=Adc(bits=4))
    net = aware(nn.Sequential(nn.Linear(6, 4)), ladder_law(states=100), periphery=periphery)
    value = torch.randn(200, 6, generator=torch.Generator().manual_seed(1))
    net(value)
    out = net.eval()(value).detach()
    assert len(out.unique()) <= 15
    net(100 * value)
    torch.testing.assert_close(net(value).detach(), out)
    assert len(plain(net)(value).unique()) > 100


@pytest.mark.parametrize("layer", [(nn.Linear, 6, 4), (nn.Conv2d, 6, 4, 1), (nn.Linear, 6, 4, False)])
@pytest.mark.parametrize("lowest", [-0.2, 0.0])
@pytest.mark.parametrize("largest", [0.2, 1.7])
@pytest.mark.parametrize("full_scale", [None, 1.5])
def test_inputs_and_bias_are_converted_as_those_of_a_chip(layer, lowest, largest, full_scale):
    """A bias is the weight of a row that a 1 drives: small inputs share a range with it, and it is rounded with them."""
    kind, *sizes = layer
    layer = kind(*sizes)  # 2 % of all draws of weights lie so far below one level of 120 that 1 % is passed
    law, periphery = ladder_law(states=120, miss=0.0, double=0.0), Periphery(dac=Dac(bits=4, full_scale=full_scale))
    chip = convert(nn.Sequential(layer), law, periphery=periphery, quantile=1.0)
    net = aware(to_torch(chip), law, periphery=periphery, quantile=1.0)
    value = torch.rand(40, 6, 1, 1, generator=torch.Generator().manual_seed(1)) * (largest - lowest) + lowest
    value = value if isinstance(layer, nn.Conv2d) else value[:, :, 0, 0]
    net(value), chip(value)
    seen, read = net.eval()(value).detach(), chip.eval()(value).detach()
    exact = plain(net)(value).detach()
    error = (seen - read).norm() / seen.norm()
    assert error < 0.01, error
    assert (exact - read).norm() / exact.norm() > 2 * error, "negative control: the bits can be seen"


def test_frozen_weights_stay_frozen_and_inputs_may_be_named():
    learner = aware(nn.Sequential(nn.Linear(3, 4)), LAW, periphery=Periphery(dac=Dac(bits=4)))
    value = torch.rand(2, 3)
    assert torch.equal(learner[0](input=value), learner[0](value))
    learner[0].parametrizations.bias.original.requires_grad_(False)
    assert [p.requires_grad for p in plain(learner).parameters()] == [True, False]


def test_unfit_models_are_refused():
    with pytest.raises(InputError, match="LSTM: only linear layers and convolutions"):
        aware(nn.Sequential(nn.LSTM(3, 4)), LAW)
    with pytest.raises(InputError, match=r"parametrized Linear; .* give plain\(model\)"):
        convert(aware(nn.Sequential(nn.Linear(3, 4)), LAW), LAW)
    with pytest.raises(InputError, match="noise = -1"):
        aware(network(), LAW, noise=-1.0)


def test_a_network_that_learned_for_its_devices_keeps_more_of_its_accuracy(trained_digits):
    """Three states: 4, 11 and 20 points more with three seeds; their mean has a standard error of 4.5 points."""
    train, accuracy = trained_digits
    gain = []
    for seed in range(3):
        torch.manual_seed(seed)
        net = train(nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10)), 0.01)
        learned = plain(train(aware(net, LAW), 0.003))
        gain.append(accuracy(convert(learned, LAW, seed=seed)) - accuracy(convert(net, LAW, seed=seed)))
    assert np.mean(gain) > 0.02


@pytest.fixture
def trained_digits():
    """Training and test accuracy on the digits."""
    from arraysim.datasets.datasets import load_dataset

    data = load_dataset("digits")
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(2))
    inputs, labels = torch.from_numpy(data.inputs())[order], torch.from_numpy(data.labels)[order]
    torch.manual_seed(5)

    def train(model, rate):
        optimizer = torch.optim.Adam(model.train().parameters(), lr=rate)
        for part in torch.randint(1500, (200, 50)):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs[part]), labels[part]).backward()
            optimizer.step()
        return model.eval()

    def accuracy(model):
        with torch.no_grad():
            return (model(inputs[1500:]).argmax(1) == labels[1500:]).float().mean().item()

    return train, accuracy


@pytest.mark.parametrize("share", [0.1, 0.5, 0.995, 1.0])
@pytest.mark.parametrize("size", [1, 2, 37, 1000])
def test_the_range_of_a_layer_is_the_quantile_that_writing_takes(share, size):
    values = np.random.default_rng(size).random(size).astype(np.float32)
    assert float(_quantile(torch.from_numpy(values), share)) == pytest.approx(
        float(np.quantile(values, share)), rel=1e-6
    )
