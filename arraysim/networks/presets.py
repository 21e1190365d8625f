"""Networks by name: `linear`, `mlp`, `lenet`, `vgg8`, `resnet20` and others, with widths, or from a TOML file."""

from collections.abc import Callable

from arraysim.networks.definition import (
    Activation,
    BatchNorm,
    Convolution,
    Flatten,
    GlobalPooling,
    Layer,
    Linear,
    Mark,
    NetworkDefinition,
    Pooling,
    Sum,
)
from arraysim.networks.definition_file import load_definition
from dwcore.arguments import checked
from dwcore.errors import InputError, nearest
from dwcore.toml import is_toml
from dwcore.units import plain_number, plain_whole

VGG8_CHANNELS = (128, 256, 512)
VGG8_HIDDEN = 1024


@checked
def mlp(hidden: tuple[int, ...] = (32,), *, function: str = "tanh", bits: int = 0, error_bits: int = 0):
    """Return a fully connected network.

    Args:
        hidden: width of each hidden layer.
        function: between the layers.
        bits: of the activations; 0 keeps floating point.
        error_bits: of the errors; 0 keeps floating point.
    """
    layers: list[Layer] = [Flatten()]
    for width in hidden:
        layers += [Linear(outputs=width), Activation(function=function, bits=bits)]
    name = "mlp:" + ",".join(map(str, hidden))
    return NetworkDefinition(name=name, layers=(*layers, Linear()), error_bits=error_bits)


@checked
def lenet(width: float = 1.0, *, bits: int = 0, error_bits: int = 0) -> NetworkDefinition:
    """Return LeNet-5 with rectifiers and max pooling, for images of 28 x 28 pixels and more.

    Args:
        width: factor on the channels and hidden values of 6, 16, 120 and 84.
        bits: of the activations; 0 keeps floating point.
        error_bits: of the errors; 0 keeps floating point.

    References:
        Y. LeCun et al., Proc. IEEE 86, 2278 (1998), doi:10.1109/5.726791.
    """
    relu = Activation(bits=bits)
    layers = (
        Convolution(channels=_scaled(6, width), kernel=5, padding=2),
        relu,
        Pooling(),
        Convolution(channels=_scaled(16, width), kernel=5),
        relu,
        Pooling(),
        Flatten(),
        Linear(outputs=_scaled(120, width)),
        relu,
        Linear(outputs=_scaled(84, width)),
        relu,
        Linear(),
    )
    return NetworkDefinition(name=f"lenet:{width:g}", layers=layers, error_bits=error_bits)


@checked
def vgg8(width: float = 1.0, *, bits: int = 0, error_bits: int = 0) -> NetworkDefinition:
    """Return the eight-layer network of the on-chip training literature, with digital batch normalization.

    Convolutions of 3 x 3 with 128, 128, 256, 256, 512 and 512 channels, pooling after each pair, then 1024 values
    and the classes.

    Args:
        width: factor on all channels and on the 1024.
        bits: of the activations; 0 keeps floating point.
        error_bits: of the errors; 0 keeps floating point.

    References:
        S. Wu et al., ICLR 2018, arXiv:1802.04680; X. Peng et al., IEEE TCAD 40, 2306 (2021),
        doi:10.1109/TCAD.2020.3043731.
    """
    relu = Activation(bits=bits)
    layers: list[Layer] = []
    for channels in VGG8_CHANNELS:
        for _ in range(2):
            conv = Convolution(channels=_scaled(channels, width), kernel=3, padding=1, bias=False)
            layers += [conv, BatchNorm(), relu]
        layers.append(Pooling())
    layers += [Flatten(), Linear(outputs=_scaled(VGG8_HIDDEN, width), bias=False), BatchNorm(), relu, Linear()]
    return NetworkDefinition(name=f"vgg8:{width:g}", layers=tuple(layers), error_bits=error_bits)


def linear(*, bits: int = 0, error_bits: int = 0) -> NetworkDefinition:
    """Return a network of one crossbar, from the image to the classes; there is no activation for the bits."""
    return NetworkDefinition(name="linear", layers=(Flatten(), Linear()), error_bits=error_bits)


def resnet(blocks: int, width: float = 1.0, *, bits: int = 0, error_bits: int = 0) -> NetworkDefinition:
    """Return the residual network of 6 blocks + 2 layers for images of 32 x 32 pixels, shortcuts without weights.

    Args:
        blocks: of each of the three stages of 16, 32 and 64 channels: 1 makes resnet8, 3 resnet20.
        width: factor on the channels.
        bits: of the activations; 0 keeps floating point.
        error_bits: of the errors; 0 keeps floating point.

    References:
        K. He et al., CVPR 2016, arXiv:1512.03385, section 4.2.
    """
    relu = Activation(bits=bits)

    def conv(channels: int, stride: int = 1) -> list[Layer]:
        channels = _scaled(channels, width)
        return [Convolution(channels=channels, kernel=3, stride=stride, padding=1, bias=False), BatchNorm()]

    layers: list[Layer] = [*conv(16), relu]
    for stage, channels in enumerate((16, 32, 64)):
        for block in range(blocks):
            place = f"stage {stage + 1}, block {block + 1}"
            stride = 2 if stage and not block else 1
            layers += [Mark(name=place), *conv(channels, stride), relu, *conv(channels), Sum(of=place), relu]
    layers += [GlobalPooling(), Linear()]
    name = f"resnet{6 * blocks + 2}:{width:g}"
    return NetworkDefinition(name=name, layers=tuple(layers), error_bits=error_bits)


@checked
def resnet8(width: float = 1.0, **bits) -> NetworkDefinition:
    """Return the residual network with one block per stage."""
    return resnet(1, width, **bits)


@checked
def resnet20(width: float = 1.0, **bits) -> NetworkDefinition:
    """Return the residual network with three blocks per stage."""
    return resnet(3, width, **bits)


MOBILE = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1))
"""Channels and stride of the blocks of the small network of separable convolutions."""


@checked
def mobilenet_small(width: float = 1.0, *, bits: int = 0, error_bits: int = 0) -> NetworkDefinition:
    """Return a short network of depthwise and pointwise convolutions for images of 32 x 32 pixels.

    Args:
        width: factor on the channels.
        bits: of the activations; 0 keeps floating point.
        error_bits: of the errors; 0 keeps floating point.

    References:
        A. G. Howard et al., arXiv:1704.04861 (2017), whose blocks these are.
    """
    relu, before = Activation(bits=bits), _scaled(32, width)
    layers: list[Layer] = [Convolution(channels=before, kernel=3, padding=1, bias=False), BatchNorm(), relu]
    for wide, stride in MOBILE:
        channels = _scaled(wide, width)
        layers += [
            Convolution(channels=before, kernel=3, stride=stride, padding=1, groups=0, bias=False),
            BatchNorm(),
            relu,
            Convolution(channels=channels, kernel=1, bias=False),
            BatchNorm(),
            relu,
        ]
        before = channels
    layers += [GlobalPooling(), Linear()]
    return NetworkDefinition(name=f"mobilenet-small:{width:g}", layers=tuple(layers), error_bits=error_bits)


PRESETS: dict[str, Callable[..., NetworkDefinition]] = {
    "linear": linear,
    "mlp": mlp,
    "lenet": lenet,
    "vgg8": vgg8,
    "resnet8": resnet8,
    "resnet20": resnet20,
    "mobilenet-small": mobilenet_small,
}


@checked
def network_from(text: str, **options) -> NetworkDefinition:
    """Return a network by its description: `mlp`, `mlp:256,128`, `vgg8:0.25`, `resnet20`, or the path of a TOML file.

    Args:
        text: name of a preset with widths (mlp) or a width factor after a colon, or a path ending in .toml.
        options: arguments of the preset, such as `bits` and `error_bits`.

    Raises:
        InputError: no such preset, no such file, or a width that is none.
    """
    if is_toml(text):
        return load_definition(text)
    name, mark, widths = text.partition(":")
    if name not in PRESETS:
        raise InputError(f'network "{name}" is unknown{nearest(name, PRESETS)}; or give a .toml file')
    if not mark:
        return PRESETS[name](**options)
    if name == "linear":
        raise InputError(f'network "{text}": linear has no widths')
    read, rule = (_whole_widths, _WHOLE) if name == "mlp" else (_width_factor, _FACTOR)
    try:
        width = read(widths)
    except ValueError:
        raise InputError(f'network "{text}": "{widths}" must be {rule}') from None
    return PRESETS[name](width, **options)


_WHOLE, _FACTOR = "whole numbers >= 1 with commas between them", "a factor > 0 and <= 16"


def _whole_widths(text: str) -> tuple[int, ...]:
    widths = tuple(plain_whole(part) for part in text.split(","))
    if min(widths) < 1:
        raise ValueError
    return widths


def _width_factor(text: str) -> float:
    width = plain_number(text)
    if not 0 < width <= 16:
        raise ValueError
    return width


def _scaled(size: int, width: float) -> int:
    return max(1, round(size * width))
