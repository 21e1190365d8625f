"""Each preset layer by layer, as the literature has it: rows with the bias, columns and positions of every crossbar."""

import pytest

from arraysim.networks.crossbars import array_layers
from arraysim.networks.definition import Activation, Convolution, Linear
from arraysim.networks.presets import network_from
from dwcore.errors import InputError


def sizes(name, image, classes=10):
    layers = array_layers(network_from(name), image, classes)
    return [(layer.rows, layer.columns, layer.positions) for layer in layers]


def test_lenet():
    """LeCun et al. 1998, with a border of two pixels: 28 x 28, 14 x 14, 10 x 10, 5 x 5; halves of 6, 16, 120, 84."""
    assert sizes("lenet", (28, 28, 1)) == [
        (25 + 1, 6, 784), (150 + 1, 16, 100), (400 + 1, 120, 1), (120 + 1, 84, 1), (84 + 1, 10, 1)
    ]  # fmt: skip
    assert [columns for _, columns, _ in sizes("lenet:0.5", (28, 28, 1))] == [3, 8, 60, 42, 10]
    assert sizes("lenet:0.25", (28, 28, 1))[0][1] == 2, "one and a half is two"
    assert sizes("lenet:0.01", (28, 28, 1))[0][1] == 1, "at least one"


def test_vgg8():
    """128C3 twice, 256C3 twice, 512C3 twice, each pair before a pooling, then 1024; no bias but in the last."""
    assert sizes("vgg8", (32, 32, 3)) == [
        (27, 128, 1024), (1152, 128, 1024), (1152, 256, 256), (2304, 256, 256), (2304, 512, 64), (4608, 512, 64),
        (8192, 1024, 1), (1024 + 1, 10, 1),
    ]  # fmt: skip
    assert [columns for _, columns, _ in sizes("vgg8:0.25", (32, 32, 3))] == [32, 32, 64, 64, 128, 128, 256, 10]


@pytest.mark.parametrize(("name", "blocks"), [("resnet8", 1), ("resnet20", 3)])
def test_resnet(name, blocks):
    """He et al. 2016: 16, 32 and 64 channels on 32, 16 and 8 pixels, later stages begin with a stride of two."""
    expected, before = [(27, 16, 1024)], 16
    for channels, positions in ((16, 1024), (32, 256), (64, 64)):
        for _ in range(2 * blocks):
            expected.append((9 * before, channels, positions))
            before = channels
    assert sizes(name, (32, 32, 3)) == [*expected, (64 + 1, 10, 1)]
    assert network_from(name).name == f"resnet{6 * blocks + 2}:1" == f"{name}:1"


def test_small_network_of_separable_convolutions():
    """Depthwise 3 x 3, pointwise 1 x 1; strides of two before 128 and 256 channels."""
    expected, before, side = [(27, 32, 1024)], 32, 32
    for channels, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        side //= stride
        expected += [(9, before, side**2), (before, channels, side**2)]
        before = channels
    assert sizes("mobilenet-small", (32, 32, 3)) == [*expected, (256 + 1, 10, 1)]


def test_plain_networks():
    assert sizes("linear", (8, 8, 1)) == [(65, 10, 1)]
    assert sizes("mlp", (8, 8, 1)) == [(65, 32, 1), (33, 10, 1)] and sizes("mlp:9,8", (2, 2, 1)) == [
        (5, 9, 1), (10, 8, 1), (9, 10, 1),
    ]  # fmt: skip
    functions = {name: {one.function for one in network_from(name).layers if isinstance(one, Activation)}
                 for name in ("mlp", "lenet", "vgg8", "resnet8", "mobilenet-small")}  # fmt: skip
    assert functions.pop("mlp") == {"tanh"} and all(kinds == {"relu"} for kinds in functions.values())
    for name, layer in (("lenet", Convolution), ("mlp", Linear)):
        bits = network_from(name, bits=5, error_bits=7)
        assert bits.error_bits == 7 and any(isinstance(one, layer) for one in bits.layers)
        assert {one.bits for one in bits.layers if isinstance(one, Activation)} == {5}


def test_widths_have_bounds():
    assert network_from("vgg8:16").name == "vgg8:16"
    for wrong in ("vgg8:16.1", "vgg8:0", "vgg8:-1", "mlp:0", "mlp:3,", "linear:2"):
        with pytest.raises(InputError, match=wrong):
            network_from(wrong)
