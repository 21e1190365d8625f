"""Models of PyTorch in arrays, programmed or fresh, and back; what they are to the cost and to the networks of numpy."""

import types
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")
from torch import nn  # noqa: E402

from arraysim.datasets.datasets import load_dataset  # noqa: E402
from arraysim.networks.crossbars import array_layers as numpy_layers  # noqa: E402
from arraysim.networks.definition_file import definition_from_mapping  # noqa: E402
from arraysim.networks.network import Network  # noqa: E402
from arraysim.networks.presets import network_from  # noqa: E402
from arraysim.periphery.config import Periphery, Read  # noqa: E402
from arraysim.programming.config import ProgrammingConfig, WriteVerifyConfig  # noqa: E402
from arraysim.programming.weights_file import load_weights  # noqa: E402
from arraysim.programming.write_verify import write_verify  # noqa: E402
from arraysim.synapses.ladder import ladder_law  # noqa: E402
from arraysim.synapses.settings import ArraySettings  # noqa: E402
from arraysim.synapses.weights import FloatWeights  # noqa: E402
from arraysim.torch.cells import chips_of  # noqa: E402
from arraysim.torch.conversion import convert, matrices, to_torch  # noqa: E402
from arraysim.torch.layers import ArrayLinear  # noqa: E402
from arraysim.torch.survey import arrays_of, network_weights  # noqa: E402
from dwcore.errors import InputError  # noqa: E402

LAW = ladder_law(states=9)
FINE = ladder_law(states=100, miss=0.0, double=0.0)
PATIENT = WriteVerifyConfig(rounds=200, pulse_budget=1000)


class Net(nn.Module):
    """Flattened by a function, so that no layer tells of it."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.pool = nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.MaxPool2d(2)
        self.out = nn.Linear(128, 10)

    def forward(self, images):
        return self.out(self.pool(torch.relu(self.norm(self.conv(images)))).flatten(1))


@pytest.fixture(scope="module")
def trained():
    """A network that torch trained, and the images in the layout of torch."""
    torch.manual_seed(0)
    data, net = load_dataset("digits"), Net()
    images, labels = torch.from_numpy(data.inputs()).permute(0, 3, 1, 2), torch.from_numpy(data.labels)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for part in torch.randperm(4 * len(labels)).remainder(len(labels)).split(50):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images[part]), labels[part]).backward()
        optimizer.step()
    return net.eval(), images, labels


def accuracy(net, images, labels):
    with torch.no_grad():
        return (net(images).argmax(1) == labels).float().mean().item()


def test_a_network_with_batch_normalization_keeps_its_accuracy_and_comes_back(trained):
    net, images, labels = trained
    chip = convert(net, FINE, program=PATIENT, quantile=1.0, seed=3)
    assert accuracy(net, images, labels) > 0.97
    assert abs(accuracy(chip, images, labels) - accuracy(net, images, labels)) <= 0.002
    assert [one.name for one in chips_of(chip)] == ['layer "conv"', 'layer "out"']
    assert all(one.programmed.within > 0.99 for one in chips_of(chip))
    back = to_torch(chip)
    assert type(back.conv) is nn.Conv2d
    torch.testing.assert_close(back(images), chip(images), rtol=1e-4, atol=1e-4)
    noisy = convert(net, FINE, program=PATIENT, periphery=Periphery(read=Read(noise=0.3)))
    assert accuracy(noisy, images, labels) < accuracy(chip, images, labels)


def test_weights_for_the_networks_of_numpy_are_in_their_order(trained, tmp_path):
    net, images, _ = trained
    path = tmp_path / "weights.npz"
    np.savez(path, **network_weights(net, images[:1]))
    text = (
        "[[layer]]\nkind = 'conv'\nchannels = 8\nkernel = 3\npadding = 1\nbias = false\n[[layer]]\nkind = 'batchnorm'\n"
    )
    text += "[[layer]]\nkind = 'activation'\n[[layer]]\nkind = 'pool'\n[[layer]]\nkind = 'flatten'\n"
    (tmp_path / "net.toml").write_text(f"name = 'net'\n{text}[[layer]]\nkind = 'linear'\n")
    definition, data = network_from(str(tmp_path / "net.toml")), load_dataset("digits")
    shapes, held = numpy_layers(definition, data.image_shape, 10), np.load(path)
    assert [held[f"weight_{n}"].shape for n in range(2)] == [(s.rows, s.columns) for s in shapes]
    network = Network(
        definition, [FloatWeights(held[f"weight_{n}"]) for n in range(2)], input_shape=data.image_shape, classes=10
    )
    for name, values in network.memory().items():
        values[...] = held[name]
    with torch.no_grad():
        expected = net(images[:50]).numpy()
    np.testing.assert_allclose(network.forward(data.inputs(slice(50))), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "more", [{"groups": 2}, {"dilation": 2}, {"padding_mode": "circular"}, {"kernel_size": (3, 2)}]
)
def test_kernels_that_networks_of_numpy_do_not_have(more):
    with pytest.raises(
        InputError, match='layer "0": networks of numpy have square kernels without groups and dilation'
    ):
        network_weights(nn.Sequential(nn.Conv2d(2, 4, **{"kernel_size": 3} | more)), torch.zeros(1, 2, 9, 9))


def test_every_layer_of_a_model_becomes_arrays_and_comes_back():
    net = nn.ModuleDict(
        {
            "linear": nn.Linear(3, 4, bias=False),
            "conv1d": nn.Conv1d(4, 6, 3, padding="same", groups=2),
            "conv2d": nn.Conv2d(4, 6, (3, 2), dilation=2, padding_mode="circular"),
            "rnn": nn.RNN(3, 4, nonlinearity="relu"),
            "lstm": nn.LSTM(3, 4, num_layers=2, bidirectional=True, bias=False),
            "cell": nn.GRUCell(3, 4),
        }
    )
    chip = convert(net, LAW, program=False)
    assert {type(part).__name__ for part in chip.values()} == {f"Array{type(part).__name__}" for part in net.values()}
    numbers = [one.plan.number for one in chips_of(chip)]
    assert numbers == list(range(len(numbers)))
    back, again = to_torch(chip), to_torch(convert(to_torch(chip), FINE, program=PATIENT, quantile=1.0))
    assert [(name, p.shape) for name, p in back.named_parameters()] == [
        (name, p.shape) for name, p in net.named_parameters()
    ]
    for (name, first), second in zip(back.named_parameters(), again.parameters(), strict=True):
        assert (first - second).abs().max() < 0.02 * max(first.abs().max(), 0.5), name


@pytest.mark.parametrize("kind", ["pair", "reference"])
def test_programming_is_that_of_the_same_arrays_without_torch(kind):
    """Cleared first, then written; two equal layers are two arrays, whose reads have noise of their own."""
    settings, noisy = ArraySettings(weights=kind), WriteVerifyConfig(read_noise=0.1)
    plain = nn.Linear(6, 4)
    both = nn.Sequential(plain, nn.ReLU(), nn.Linear(6, 4))
    both[2].load_state_dict(plain.state_dict())
    (target,) = matrices(plain)
    chips = chips_of(convert(both, FINE, settings=settings, program=noisy, quantile=1.0, seed=3))
    for number, chip in enumerate(chips):
        size = {"rows": 7, "columns": 4, "largest_weight": float(np.abs(target).max())}
        by_hand = settings.make(FINE, **size, seed=3, number=number)
        by_hand.clear()
        found = write_verify(by_hand, target, seed=(3, 3, number), config=noisy)
        assert np.array_equal(chip.weights.values, by_hand.values)
        assert [a.pulses_sent.tolist() for a in chip.weights.arrays] == [a.pulses_sent.tolist() for a in by_hand.arrays]
        assert chip.programmed.within == found.within
    assert not np.array_equal(chips[0].weights.values, chips[1].weights.values)


def test_a_layer_that_is_used_twice_stays_one():
    layer = nn.Linear(4, 4)
    chip = convert(nn.Sequential(layer, nn.ReLU(), layer), LAW)
    assert chip[0] is chip[2]
    assert isinstance(convert(layer, LAW), ArrayLinear)


def test_flags_of_layers_are_kept():
    net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    net[1].eval()
    net[0].requires_grad_(False)
    chip = convert(net, LAW)
    assert [part.training for part in chip] == [True, False, True]
    assert [part.cells.requires_grad for part in (chip[0], chip[2])] == [False, True]
    back = to_torch(chip)
    assert [part.training for part in back] == [True, False, True]
    assert [part.weight.requires_grad for part in (back[0], back[2])] == [False, True]
    assert [part.bias.requires_grad for part in (back[0], back[2])] == [False, True]
    echo = nn.RNN(3, 4)
    for frozen in (echo.weight_hh_l0, echo.bias_hh_l0):
        frozen.requires_grad_(False)
    assert [p.requires_grad for p in convert(echo, LAW).parameters()] == [True, False]


def test_a_quantile_of_nothing_is_refused():
    with pytest.raises(InputError, match=r"quantile = 0 \[1\] must be > 0 and <= 1"):
        convert(nn.Linear(4, 4), LAW, quantile=0)


def test_layers_that_no_array_can_take_are_named_unless_they_are_kept():
    net = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 4))
    with pytest.raises(InputError, match=r'no array can take "0.weight" of Embedding; name in keep'):
        convert(net, LAW)
    chip = convert(net, LAW, keep=["0", "3"])
    assert [type(part).__name__ for part in chip] == ["Embedding", "ArrayLinear", "LayerNorm", "Linear"]
    with pytest.raises(InputError, match='no layer "4"'):
        convert(net, LAW, keep=["4"])
    tied, view, kept = (nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)) for _ in range(3))
    tied[1].weight = tied[0].weight
    view[1].weight = nn.Parameter(view[0].weight.T)
    kept[0] = nn.Embedding(4, 4, _weight=kept[1].weight)
    with pytest.raises(InputError, match=r'"1" .shares its weights with "0"'):
        convert(kept, LAW, keep=["0"])
    frozen, masked, hooked, patched = (nn.Linear(4, 4) for _ in range(4))
    frozen.weight.requires_grad_(False)
    masked.weight.register_hook(lambda gradient: 0 * gradient)
    hooked.register_full_backward_hook(lambda layer, out, back: None)
    patched.forward = types.MethodType(lambda layer, value: 2 * value, patched)
    whole, loose = nn.Sequential(nn.Linear(4, 4)), nn.Sequential(nn.Linear(4, 4))
    whole.forward = lambda value: whole[0](value)
    loose.more = [nn.Linear(4, 3)]
    cases = {
        "TransformerEncoderLayer": nn.TransformerEncoderLayer(4, 2),
        "LSTM with a projection": nn.LSTM(3, 4, proj_size=2),
        "ArrayLinear": nn.Sequential(nn.Linear(2, 2), ArrayLinear(2, 2, law=LAW)),
        '"1" .shares its weights with "0"': tied,
        '"0" .shares its weights with "1"': view,
        "Linear with a frozen weight only": frozen,
        "Linear of complex numbers": nn.Linear(2, 2, dtype=torch.complex64),
        "Linear with hooks": masked,
        r"Linear with hooks.; name": hooked,
        "Linear with a forward of its own": patched,
        "the model has a forward that is no method": whole,
        "such as one of shape .3, 4.": loose,
        "no layer that an array can take": nn.ReLU(),
    }
    for words, bad in cases.items():
        with pytest.raises(InputError, match=words):
            convert(bad, LAW)


@pytest.mark.parametrize("quantized", [nn.Linear, nn.LSTM])
def test_layers_of_integers_are_no_layers_without_weights(quantized):
    pytest.importorskip("torch.ao.quantization", reason="a version of torch that has moved it")
    layer = quantized(4, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch means to move its quantization
        small = torch.ao.quantization.quantize_dynamic(nn.Sequential(layer), {quantized})
    with pytest.raises(InputError, match=r'"0" .* of integers'):
        convert(nn.Sequential(*small, nn.Linear(4, 2)), LAW)


class Sequence(nn.Module):
    """A recurrent layer that takes steps first, and what reads it."""

    def __init__(self, swap):
        super().__init__()
        self.swap, self.rnn, self.out = swap, nn.LSTM(3, 4), nn.Linear(4, 2)

    def forward(self, value):
        return self.out(self.rnn(value.transpose(0, 1) if self.swap else value)[0])


def test_arrays_count_the_work_of_one_example():
    """Six steps: every array works six times for an example, however many there are."""
    for examples in (1, 3):
        found = arrays_of(convert(Sequence(True), LAW, program=False), torch.rand(examples, 6, 3))
        assert [array.positions for array in found] == [6, 6, 6]
    image = convert(nn.Conv2d(2, 2, 1), LAW, program=False)
    unfit = [(convert(Sequence(False), LAW, program=False), (6, 2, 3)), (image, (2, 4, 4)), (image, (4,))]
    for model, shape in unfit:
        with pytest.raises(InputError, match=r"must (count them|be a tensor of shape)"):
            arrays_of(model, torch.rand(*shape))


def test_weights_for_the_networks_of_numpy_are_all_there_and_of_the_same_normalization(digits_task, tmp_path):
    class Partly(nn.Sequential):
        def forward(self, value):
            return self[0](value)

    with pytest.raises(InputError, match='layer "1" is called by no pass'):
        network_weights(Partly(nn.Linear(4, 4), nn.Linear(4, 4)), torch.rand(1, 4))
    task, data = digits_task
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.BatchNorm1d(12, eps=1e-3), nn.ReLU(), nn.Linear(12, 10))
    np.savez(tmp_path / "w.npz", **network_weights(net, torch.rand(1, 1, 8, 8)))
    with pytest.raises(InputError, match=r"normalization_0_epsilon = 0.001 must be epsilon = 1e-05"):
        load_weights(tmp_path / "w.npz", task, data)
    net[2].eps = 1e-5
    arrays = network_weights(net, torch.rand(1, 1, 8, 8))
    np.savez(tmp_path / "w.npz", **arrays)
    assert len(load_weights(tmp_path / "w.npz", task, data).weight) == 2
    arrays["normalization_0_running"][1, 3] = -0.5
    np.savez(tmp_path / "w.npz", **arrays)
    with pytest.raises(InputError, match=r"normalization_0_running: a variance of -0.5 must be >= 0"):
        load_weights(tmp_path / "w.npz", task, data)


@pytest.fixture
def digits_task():
    layers = [{"kind": "flatten"}, {"kind": "linear", "outputs": 12}, {"kind": "batchnorm"},
              {"kind": "activation", "function": "relu"}, {"kind": "linear"}]  # fmt: skip
    definition = definition_from_mapping({"name": "normalized", "layer": layers}, "test")
    return ProgrammingConfig(network=definition), load_dataset("digits")


def test_the_arrays_of_a_model_are_those_of_the_same_network_of_numpy():
    lenet = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )
    found = arrays_of(convert(lenet, LAW, program=False), torch.zeros(2, 1, 28, 28))
    expected = numpy_layers(network_from("lenet"), (28, 28, 1), 10)
    names = ("kind", "rows", "columns", "positions", "input_values", "output_values", "kernel")
    assert [[getattr(one, n) for n in names] for one in found] == [[getattr(one, n) for n in names] for one in expected]
    recurrent = arrays_of(convert(nn.LSTM(3, 4, batch_first=True), LAW), torch.zeros(2, 7, 3))
    assert [(one.rows, one.columns, one.positions) for one in recurrent] == [(4, 16, 7), (5, 16, 7)]
