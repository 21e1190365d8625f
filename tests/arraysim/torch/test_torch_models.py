"""Models as users of PyTorch write them: residual networks, workers, compiled and odd ones, on five-state arrays."""

import copy
import os
import shutil
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")
from torch import nn  # noqa: E402

from arraysim.datasets.datasets import load_dataset  # noqa: E402
from arraysim.synapses.ladder import ladder_law  # noqa: E402
from arraysim.torch.cells import chips_of  # noqa: E402
from arraysim.torch.conversion import convert, to_torch  # noqa: E402
from arraysim.torch.layers import ArrayConv2d, ArrayLinear  # noqa: E402
from arraysim.torch.pulse_optimizer import PulseOptimizer  # noqa: E402
from dwcore.errors import InputError  # noqa: E402

FIVE = ladder_law(states=5)


@pytest.fixture(scope="module")
def digits():
    data = load_dataset("digits")
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    return torch.from_numpy(data.inputs()).permute(0, 3, 1, 2)[order].contiguous(), torch.from_numpy(data.labels)[order]


class Block(nn.Module):
    def __init__(self, inner, outer, stride):
        super().__init__()
        self.first = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(outer) for _ in range(2))
        self.short = nn.Identity() if stride == 1 and inner == outer else nn.Conv2d(inner, outer, 1, stride, bias=False)

    def forward(self, value):
        inner = torch.relu(self.norms[0](self.first(value)))
        return torch.relu(self.norms[1](self.second(inner)) + self.short(value))


def resnet(blocks, width=8):
    stages = [(width, 1), (2 * width, 2), (4 * width, 2)]
    layers, inner = [nn.Conv2d(1, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()], width
    for outer, stride in stages:
        for number in range(blocks):
            layers.append(Block(inner, outer, stride if number == 0 else 1))
            inner = outer
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inner, 10))


class Rows(nn.Module):
    """An LSTM that reads an image row by row."""

    def __init__(self):
        super().__init__()
        self.lstm, self.out = nn.LSTM(8, 32, batch_first=True), nn.Linear(32, 10)

    def forward(self, images):
        return self.out(self.lstm(images[:, 0])[0][:, -1])


def learns(model, digits, *, steps, rate):
    """Train arrays by pulses and digital parameters by descent; return test accuracy."""
    images, labels = digits
    torch.manual_seed(1)
    arrays = [p for p in model.parameters() if p in {c.cells for c in chips_of(model)}]
    digital = [p for p in model.parameters() if all(p is not a for a in arrays)]
    groups = [{"params": arrays, "lr": rate}] + ([{"params": digital, "lr": 0.1, "momentum": 0.9}] if digital else [])
    optimizer = PulseOptimizer(groups)
    for part in torch.randint(1500, (steps, 50)):
        nn.functional.cross_entropy(model(images[part]), labels[part]).backward()
        optimizer.step()
    with torch.no_grad():
        return (model.eval()(images[1500:]).argmax(1) == labels[1500:]).float().mean().item()


def test_a_residual_network_of_twenty_layers_trains_on_five_states(digits):
    torch.manual_seed(0)
    chip = convert(resnet(3), FIVE, program=False, seed=1)
    assert sum(isinstance(part, ArrayConv2d | ArrayLinear) for part in chip.modules()) == 22  # two shortcuts
    assert learns(chip, digits, steps=20, rate=0.3) > 0.5


def test_an_lstm_trains_on_five_states(digits):
    torch.manual_seed(0)
    assert learns(convert(Rows(), FIVE, program=False, seed=1), digits, steps=120, rate=0.5) > 0.5


def test_depthwise_and_grouped_convolutions_have_the_gradients_of_torch():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(6, 12, 3, groups=6, padding=1), nn.ReLU(), nn.Conv2d(12, 8, 1), nn.Conv2d(8, 8, 3, groups=2)
    )
    chip = convert(net, FIVE, program=False, seed=1)
    PulseOptimizer(chip)
    twin, value = to_torch(chip), torch.rand(3, 6, 8, 8)
    for model in (chip, twin):
        model(value).square().sum().backward()
    for array, layer in ((chip[0], twin[0]), (chip[3], twin[3])):
        kernels = layer.weight.grad
        ours = array.gradient()[:-1].view(3, 3, kernels.shape[1], -1).permute(3, 2, 0, 1)
        assert (ours - kernels).norm() <= 1e-5 * kernels.norm()


def test_a_model_goes_through_the_workers_of_a_data_loader(digits):
    chip = convert(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), FIVE, program=False, seed=1)
    images, labels = digits

    class Scored(torch.utils.data.Dataset):
        """A data set that asks the model in its workers, as some samplers do."""

        def __len__(self):
            return 40

        def __getitem__(self, place):
            with torch.no_grad():
                return chip(images[place][None])[0], labels[place]

    loader = torch.utils.data.DataLoader(Scored(), batch_size=20, num_workers=2)
    scores = torch.cat([scored for scored, _ in loader])
    with torch.no_grad():
        torch.testing.assert_close(scores, chip(images[:40]), rtol=1e-5, atol=1e-5)


COMPILER = pytest.mark.skipif(shutil.which("g++") is None, reason="the compiler of PyTorch needs one of C++")


@pytest.mark.parametrize("backend", ["aot_eager", pytest.param("inductor", marks=COMPILER)])
def test_a_compiled_model_has_the_same_gradients(backend):
    torch.manual_seed(0)
    chip = convert(nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)), FIVE, program=False, seed=1)
    PulseOptimizer(chip)
    value, found = torch.rand(4, 6), []
    for model in (chip, torch.compile(chip, backend=backend)):
        chip.zero_grad()
        model(value).square().sum().backward()
        found.append(chip[0].gradient())
    torch.testing.assert_close(*found)
    nn.init.zeros_(chip[0].cells)
    with pytest.raises(InputError, match="written as numbers"):
        model(value)


def test_nested_shared_and_unusual_parts_are_kept():
    shared = nn.Linear(8, 8)
    net = nn.Sequential(
        nn.Sequential(nn.Linear(8, 8, bias=False), nn.Dropout(0.5)),
        shared,
        nn.ReLU(),
        nn.ModuleDict({"a": nn.Identity()})["a"],
        shared,
    )
    chip = convert(net, FIVE, seed=1)
    assert chip[1] is chip[4] and len(chips_of(chip)) == 2
    assert isinstance(chip[0][1], nn.Dropout)
    value = torch.rand(3, 8)
    chip.train()
    assert not torch.equal(chip(value), chip(value))  # dropout
    chip.eval()
    torch.testing.assert_close(to_torch(chip)(value), chip(value), rtol=1e-5, atol=1e-5)


def test_images_with_channels_last_give_the_same():
    layer = ArrayConv2d(3, 4, 3, law=FIVE, seed=1)
    value = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(layer(value.to(memory_format=torch.channels_last)), layer(value), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_models_of_another_precision_are_taken_and_their_inputs_refused_in_one_line(kind):
    chip = convert(nn.Sequential(nn.Linear(4, 3)).to(kind), FIVE)
    with pytest.raises(RuntimeError, match="an array takes float32"):
        chip(torch.rand(2, 4, dtype=kind))
    assert chip(torch.rand(2, 4)).dtype == torch.float32


def test_what_has_no_numbers_is_refused_in_one_line():
    with pytest.raises(InputError, match=r'"0" .Linear on the meta device'):
        convert(nn.Sequential(nn.Linear(4, 3, device="meta")), FIVE)
    with pytest.raises(InputError, match=r'"0.weight" of LazyLinear'):
        convert(nn.Sequential(nn.LazyLinear(3)), FIVE)
    bad = nn.Sequential(nn.Linear(4, 3))
    with torch.no_grad():
        bad[0].weight[1, 2] = torch.nan
    with pytest.raises(InputError, match=r'"0": the weight of row 2, column 1 is nan'):
        convert(bad, FIVE)


def test_a_copy_learns_apart():
    chip = convert(nn.Sequential(nn.Linear(4, 3)), FIVE, program=False, seed=1)
    other = copy.deepcopy(chip)
    optimizer = PulseOptimizer(chip, rate=100.0)
    chip(torch.rand(5, 4)).square().sum().backward()
    optimizer.step()
    assert not torch.equal(chip[0].weight, other[0].weight)
    assert torch.isfinite(other[0].weight).all()


THREADS = """
import numba, torch
from arraysim import PulseOptimizer, convert, ladder_law
torch.set_num_threads(1)
chip = convert(torch.nn.Sequential(torch.nn.Linear(600, 300)), ladder_law(states=5))
chip(torch.rand(8, 600)).square().sum().backward()
PulseOptimizer(chip).step()
print(torch.get_num_threads())
numba.get_num_threads()
print(torch.get_num_threads())
"""


def test_arrays_leave_torch_the_threads_it_was_given():
    """Numba's threads do not, where its layer is that of OpenMP, which torch has too: then the second number is 3."""
    environment = os.environ | {"NUMBA_NUM_THREADS": "3"}
    command = [sys.executable, "-c", THREADS]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert answer[0] == "1"
    assert answer[1] in ("1", "3")
