"""What a network is made of, and the crossbar arrays that it needs.

A definition is a list of layers without sizes of images or numbers of classes, which come from the data. Shapes of
images are (rows, columns, channels).
"""

import dataclasses
import math
from typing import ClassVar, TypeGuard

from dwcore.errors import InputError, nearest
from dwcore.parameters import Parameters, flag, quantity, whole, word

MAX_BITS = 16
FUNCTIONS = ("relu", "tanh")
"""Functions of an activation."""


class Layer(Parameters):
    """Base of all layers: its kind, and the shape it makes of a shape."""

    kind: ClassVar[str]

    def output_shape(self, shape: tuple[int, ...], classes: int) -> tuple[int, ...]:
        """Return the shape of one output; by default that of the input.

        Args:
            shape: of one input: (rows, columns, channels), or (values,) after a flatten.
            classes: number of classes of the data.

        Raises:
            InputError: inputs of this shape cannot enter.
        """
        return shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class Convolution(Layer):
    """Kernels moved over the image, one crossbar with a column per output channel.

    Along one dimension it is a convolution with one row: of an image of one row, with ``kernel = 1`` and
    ``kernel_columns``. With groups each group of output channels sees its own group of input channels, in a crossbar of
    its own; these lie side by side.
    """

    kind: ClassVar[str] = "conv"
    channels: int = whole("output channels; of a depthwise convolution a multiple of the input channels", ge=1)
    kernel: int = whole("side of the kernel, or its rows", ge=1)
    kernel_columns: int | None = whole("columns of the kernel; as many as rows if not given", default=None, ge=1)
    stride: int = whole("step of the kernel, or that along the rows", default=1, ge=1)
    stride_columns: int | None = whole("step along the columns; as along the rows if not given", default=None, ge=1)
    padding: int = whole("zeros added at each edge, or above and below", default=0)
    padding_columns: int | None = whole("zeros added left and right; as above if not given", default=None)
    groups: int = whole(
        "groups of channels that do not see each other; 0: one per input channel (depthwise)", default=1
    )
    bias: bool = flag("one more row driven by a constant 1", default=True)
    digital: bool = flag("weights are numbers in digital memory, trained as the twin's are", default=False)

    @property
    def sides(self) -> tuple[int, int]:
        """Rows and columns of the kernel."""
        return self.kernel, self.kernel if self.kernel_columns is None else self.kernel_columns

    @property
    def steps(self) -> tuple[int, int]:
        """Steps along the rows and the columns."""
        return self.stride, self.stride if self.stride_columns is None else self.stride_columns

    @property
    def edges(self) -> tuple[int, int]:
        """Zeros above and below, and left and right."""
        return self.padding, self.padding if self.padding_columns is None else self.padding_columns

    def groups_of(self, channels: int) -> int:
        """Return the number of groups with some input channels.

        Raises:
            InputError: channels cannot be shared out evenly.
        """
        groups = self.groups or channels
        for name, value in (("input", channels), ("output", self.channels)):
            if value % groups:
                raise InputError(f"{value} {name} channels cannot be shared out among {groups} groups")
        return groups

    def rows_of(self, channels: int) -> int:
        """Return the rows of each crossbar with some input channels, with that of the bias."""
        return math.prod(self.sides) * (channels // self.groups_of(channels)) + self.bias

    def output_shape(self, shape, classes):
        """Return (rows, columns, channels)."""
        _need_image(self, shape)
        self.groups_of(shape[2])
        places = zip(shape[:2], self.sides, self.steps, self.edges, strict=True)
        return (*(self._positions(*place) for place in places), self.channels)

    def _positions(self, size: int, side: int, step: int, edge: int) -> int:
        room = size + 2 * edge - side
        if room < 0:
            raise InputError(f"a kernel of {side} does not fit {size} pixels with a padding of {edge}")
        return room // step + 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Linear(Layer):
    """Every input to every output, one crossbar."""

    kind: ClassVar[str] = "linear"
    outputs: int | None = whole("outputs; one per class if not given, as of the last layer", default=None, ge=1)
    bias: bool = flag("one more row driven by a constant 1", default=True)
    digital: bool = flag("weights are numbers in digital memory, trained as the twin's are", default=False)

    def output_shape(self, shape, classes):
        """Return (outputs,)."""
        if len(shape) != 1:
            raise InputError("a linear layer takes a list of values; put a flatten before it")
        return (classes if self.outputs is None else self.outputs,)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pooling(Layer):
    """Largest or mean value of squares that do not overlap; pixels left over at the end are dropped."""

    kind: ClassVar[str] = "pool"
    pooling: str = word("what is kept of a square", default="max", choices=("max", "average"))
    size: int = whole("side of the square", default=2, ge=1)

    def output_shape(self, shape, classes):
        """Return (rows, columns, channels)."""
        _need_image(self, shape)
        if min(shape[:2]) < self.size:
            raise InputError(f"a pool of {self.size} does not fit an image of {shape[0]} x {shape[1]}")
        return (shape[0] // self.size, shape[1] // self.size, shape[2])


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchNorm(Layer):
    """Each channel brought to zero mean and unit variance, then scaled and shifted; digital, trained digitally."""

    kind: ClassVar[str] = "batchnorm"
    momentum: float = quantity("share of a batch in the running mean", "1", default=0.1, gt=0, le=1)
    epsilon: float = quantity("added to the variance", "1", default=1e-5, gt=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Activation(Layer):
    """A function of each value, with its result in a number of bits if they are given."""

    kind: ClassVar[str] = "activation"
    function: str = word("function of each value", default="relu", choices=FUNCTIONS)
    bits: int = whole("bits of the result; 0 keeps floating point", default=0, le=MAX_BITS)
    limit: float = quantity("largest result that the bits can say (relu)", "1", default=4.0, gt=0)

    def problems(self):
        """Yield what is wrong with the fields taken together."""
        if self.bits == 1 and self.function == "tanh":
            yield "bits = 1 [1] must be 0 or >= 2 for tanh, whose results have two signs; relu takes 1"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Whiten(Layer):
    """Patches of the images without their correlations: fixed, digital, learned from training images without labels.

    A patch x of the images, without the mean of all, becomes y = S^(-1/2) V^T x with the eigenvectors V and
    eigenvalues S of the covariance of patches. The channels are those of y and of -y, of which a rectifier that follows
    passes one each.

    References:
        K. Jordan, arXiv:2404.00498 (2024), for whitening before the first convolution, after A. Krizhevsky (2009).
    """

    kind: ClassVar[str] = "whiten"
    patch: int = whole("side of a patch", default=2, ge=1, le=8)
    epsilon: float = quantity("added to the variances", "1", default=5e-4, gt=0)

    def output_shape(self, shape, classes):
        """Return (rows, columns, channels)."""
        _need_image(self, shape)
        if min(shape[:2]) < self.patch:
            raise InputError(f"a patch of {self.patch} does not fit an image of {shape[0]} x {shape[1]}")
        return (shape[0] - self.patch + 1, shape[1] - self.patch + 1, 2 * self.patch**2 * shape[2])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flatten(Layer):
    """An image as a list of values."""

    kind: ClassVar[str] = "flatten"

    def output_shape(self, shape, classes):
        """Return (values,)."""
        return (math.prod(shape),)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GlobalPooling(Layer):
    """Largest or mean value of each channel over the whole image."""

    kind: ClassVar[str] = "global-pool"
    pooling: str = word("what is kept of a channel", default="average", choices=("average", "max"))

    def output_shape(self, shape, classes):
        """Return (channels,)."""
        _need_image(self, shape)
        return shape[2:]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mark(Layer):
    """A place in the network that a later sum takes its values from."""

    kind: ClassVar[str] = "mark"
    name: str = word("name of the place")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sum(Layer):
    """Values of an earlier place added (residual sum), digitally.

    Where the image there is larger by a whole factor, every second (third, ...) pixel is taken; where it has fewer
    channels, nothing is added to the others.

    References:
        K. He et al., CVPR 2016, arXiv:1512.03385, shortcut of kind A.
    """

    kind: ClassVar[str] = "sum"
    of: str = word("name of the place whose values are added")

    def step(self, there: tuple[int, ...], here: tuple[int, ...]) -> int:
        """Return which pixels are taken: every first, second, third.

        Raises:
            InputError: the shapes do not fit.
        """
        step = -(-there[0] // here[0])
        taken = tuple(-(-size // step) for size in there[:-1]) if len(there) == 3 else ()
        if len(there) != len(here) or taken != here[:-1] or there[-1] > here[-1]:
            raise InputError(f'values of shape {there} at "{self.of}" cannot be added to values of shape {here}')
        return step if len(there) == 3 else 1


_ALL = (Convolution, Linear, Pooling, GlobalPooling, BatchNorm, Activation, Flatten, Whiten, Mark, Sum)
KINDS: dict[str, type[Layer]] = {layer.kind: layer for layer in _ALL}


def in_array(layer: Layer) -> TypeGuard[Convolution | Linear]:
    """Return whether the weights of a layer live in an array."""
    return isinstance(layer, Convolution | Linear) and not layer.digital


@dataclasses.dataclass(frozen=True, kw_only=True)
class Whole(Parameters):
    """What is said of a network as a whole, at the top level of its file."""

    error_bits: int = whole(
        "bits of the errors sent backward into each crossbar, two or more; 0 keeps floating point",
        default=0, le=MAX_BITS,
    )  # fmt: skip

    def problems(self):
        """Yield that errors, which have two signs, need two bits."""
        if self.error_bits == 1:
            yield "error_bits = 1 [1] must be 0 or >= 2, for errors have two signs"


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkDefinition:
    """A network, whatever its data.

    Attributes:
        name: for files and messages.
        layers: in the order in which an image meets them.
        error_bits: of the errors sent backward into each crossbar; 0 keeps floating point [1].
    """

    name: str
    layers: tuple[Layer, ...]
    error_bits: int = 0

    def __post_init__(self):
        """Check what can be checked without data.

        Raises:
            InputError: the layers do not end in classes.
        """
        try:
            Whole(error_bits=self.error_bits)
        except InputError as error:
            raise InputError(f"network {self.name}: {error}") from None
        if not self.layers or not isinstance(self.layers[-1], Linear):
            raise InputError(f"network {self.name}: the last layer must be linear, with one output per class")
        if not self.crossbars:
            raise InputError(f"network {self.name}: no layer is in an array, all are digital")
        if any(isinstance(layer, Whiten) for layer in self.layers[1:]):
            raise InputError(f"network {self.name}: whiten must be the first layer, it learns from images")

    def __repr__(self) -> str:
        bits = f", errors of {self.error_bits} bits" if self.error_bits else ""
        return f"<NetworkDefinition {self.name}: {', '.join(layer.kind for layer in self.layers)}{bits}>"

    @property
    def crossbars(self) -> int:
        """Number of layers whose weights live in an array [1]."""
        return sum(map(in_array, self.layers))

    @property
    def has_digital_parameters(self) -> bool:
        """Whether some of it is trained as numbers in digital memory: normalizations, digital layers."""
        return any(isinstance(layer, BatchNorm) or getattr(layer, "digital", False) for layer in self.layers)

    @property
    def rectified(self) -> bool:
        """Whether a layer is a rectifier."""
        return any(isinstance(layer, Activation) and layer.function == "relu" for layer in self.layers)

    def shapes(self, input_shape: tuple[int, ...], classes: int) -> list[tuple[int, ...]]:
        """Return the shape of one input of every layer, then that of one output of the network.

        Args:
            input_shape: (rows, columns, channels) of an image, or (values,).
            classes: number of classes.

        Raises:
            InputError: a layer cannot take what the one before it makes.
        """
        shapes = [tuple(input_shape)]
        marks: dict[str, tuple[int, ...]] = {}
        for number, layer in enumerate(self.layers, 1):
            try:
                if isinstance(layer, Mark):
                    if layer.name in marks:
                        raise InputError(f'"{layer.name}" is the name of an earlier place')
                    marks[layer.name] = shapes[-1]
                if isinstance(layer, Sum):
                    if layer.of not in marks:
                        raise InputError(f'"{layer.of}" is no earlier place{nearest(layer.of, marks)}')
                    layer.step(marks[layer.of], shapes[-1])
                shapes.append(layer.output_shape(shapes[-1], classes))
            except InputError as error:
                raise InputError(f"network {self.name}, layer {number} ({layer.kind}): {error}") from None
        if shapes[-1] != (classes,):
            rule = f"must be the number of classes, {classes}, or be left out"
            raise InputError(f"network {self.name}: outputs = {shapes[-1][0]} of the last layer {rule}")
        return shapes

    def to_mapping(self) -> dict:
        """Return what `definition_from_mapping` takes, for files."""
        layers = [{"kind": layer.kind, **layer.to_dict()} for layer in self.layers]
        kept = [{key: value for key, value in layer.items() if value is not None} for layer in layers]
        return {"name": self.name, "error_bits": self.error_bits, "layer": kept}


def _need_image(layer: Layer, shape: tuple[int, ...]) -> None:
    if len(shape) != 3:
        raise InputError(f"a {layer.kind} takes images, got a list of {shape[0]} values")
