"""A network: layers built from a definition, passes forward and backward, loss.

The loss is the softmax cross-entropy against smoothed labels. Weights may live in arrays; layers do not know.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from arraysim.networks import digital_layers as digital
from arraysim.networks.bfloat16 import widen
from arraysim.networks.crossbar_layers import ConvolutionLayer, CrossbarLayer, LinearLayer
from arraysim.networks.definition import (
    Activation,
    BatchNorm,
    Convolution,
    GlobalPooling,
    Linear,
    Mark,
    NetworkDefinition,
    Pooling,
    Sum,
    Whiten,
)
from arraysim.networks.settings import PRODUCTS
from arraysim.networks.whitening import WhiteningLayer
from arraysim.synapses.weights import FloatWeights
from dwcore.canvas.number_text import counted
from dwcore.errors import InputError, nearest

if TYPE_CHECKING:
    from arraysim.networks.onednn import OneDnn

EVALUATION_BATCH = 256
"""Images at a time where only the answer is wanted."""
PREPARATION_IMAGES = 5000
"""Training images, at most, from which whitening learns."""


class Network:
    """Layers from the input to the classes.

    Attributes:
        layers: all layers in order, one for each of the definition.
        crossbars: those whose weights live in a crossbar.
        numeric: those whose weights are numbers in digital memory.
        normalizations: those with parameters in digital memory.
        whitening: the layer that learns from images beforehand, None if there is none.
    """

    def __init__(
        self,
        definition: NetworkDefinition,
        weights: Sequence[FloatWeights],
        *,
        input_shape: tuple[int, ...],
        classes: int,
        label_smoothing: float = 0.0,
        products: str = "numpy",
    ):
        """Build the layers.

        Args:
            definition: what they are.
            weights: of each crossbar in order, shapes as ``array_layers`` lists them.
            input_shape: (rows, columns, channels) of an image, or (values,).
            classes: number of classes [1].
            label_smoothing: share of the target spread evenly over all classes [1].
            products: what multiplies, one of ``PRODUCTS``; weights behind a reader multiply as that does.

        Raises:
            InputError: the definition does not fit the images or the weights, smoothing outside [0, 1), or there is no
                such library.
        """
        if not 0 <= label_smoothing < 1:
            raise InputError(f"label_smoothing = {label_smoothing} [1] must be >= 0 and < 1")
        self._rectified = definition.rectified
        self._name, self._input_shape = definition.name, tuple(input_shape)
        shapes = definition.shapes(input_shape, classes)
        needed = definition.crossbars
        if len(weights) != needed:
            raise InputError(f"network {definition.name}: has {needed} layers in arrays, {len(weights)} are given")
        how = {"error_bits": definition.error_bits, "library": _library(products)}
        self.layers = _layers(definition.layers, list(weights), shapes, how)
        matrices = [layer for layer in self.layers if isinstance(layer, CrossbarLayer)]
        held = {id(one) for one in weights}
        self.crossbars = [layer for layer in matrices if id(layer.weights) in held]
        self.numeric = [layer for layer in matrices if id(layer.weights) not in held]
        self.normalizations = [layer for layer in self.layers if isinstance(layer, digital.BatchNormLayer)]
        self.whitening = next((layer for layer in self.layers if isinstance(layer, WhiteningLayer)), None)
        self._first = self.layers.index(matrices[0])
        self._smoothing = label_smoothing

    def __repr__(self) -> str:
        sizes = [layer.weights.values.size for layer in self.crossbars]
        shape = " x ".join(map(str, self._input_shape))
        return f"<Network {self._name}: inputs {shape}, {sum(sizes)} weights in {counted(len(sizes), 'crossbar')}>"

    def prepare(self, images: Callable[[slice], np.ndarray], seed: tuple[int, ...] = (0,)) -> None:
        """Let the layers learn what they do before the training, and draw the first weights of the digital ones.

        Args:
            images: returns the inputs of a slice of the training images.
            seed: of these weights.
        """
        for number, layer in enumerate(self.numeric):
            values = layer.weights.values
            values[:] = first_weights(values.shape, self._rectified, np.random.default_rng([*seed, number, 1]))
        if self.whitening is not None:
            self.whitening.learn(images(slice(PREPARATION_IMAGES)))

    def forward(self, inputs: np.ndarray, *, training: bool = False) -> np.ndarray:
        """Return the outputs, shape (n, classes).

        Args:
            inputs: shape (n, rows, columns, channels) or (n, values).
            training: keep what the backward pass needs, and normalize by the batch.

        Raises:
            InputError: inputs of another shape than that the network was built for.
        """
        self._check(inputs)
        value = inputs
        for layer in self.layers:
            value = layer.forward(_given(layer, value), training)
        return value

    def backward(self, error: np.ndarray) -> None:
        """Send the errors of the outputs, shape (n, classes), back to the first layer with weights."""
        for number in range(len(self.layers) - 1, -1, -1):
            # What lies before the first weights has nothing to learn from.
            layer = self.layers[number]
            error = layer.backward(_given(layer, error), number > self._first)
            if number == self._first:
                break

    @property
    def parameters(self) -> list[np.ndarray]:
        """What is trained digitally: normalizations and digital weights; themselves, not copies."""
        return [layer.parameters for layer in self.normalizations] + [layer.weights.values for layer in self.numeric]

    @property
    def gradients(self) -> list[np.ndarray]:
        """Gradients of the loss by these parameters."""
        return [layer.gradients for layer in self.normalizations] + [layer.gradient() for layer in self.numeric]

    def learn(self, inputs: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
        """Pass one batch forward and backward; the layers then hold the gradients of its mean loss.

        Args:
            inputs: shape (n, rows, columns, channels) or (n, values).
            labels: class numbers, shape (n,).

        Returns:
            Mean loss [1] and number of right answers.
        """
        outputs = self.forward(inputs, training=True)
        log_share = _log_softmax(outputs)
        target = self._targets(labels, outputs)
        self.backward((np.exp(log_share) - target) / outputs.dtype.type(len(labels)))
        loss = -(target * log_share).sum(dtype=np.float64) / len(labels)
        return float(loss), int(np.count_nonzero(outputs.argmax(axis=1) == labels))

    def evaluate(self, inputs, labels: np.ndarray, *, mirrored: bool = False) -> tuple[float, np.ndarray]:
        """Return the loss, mean over the images [1], and the predicted classes, shape (n,).

        Args:
            inputs: shape (n, ...), or a function of a slice that returns that part of them.
            labels: class numbers, shape (n,).
            mirrored: take the mean of the outputs for an image and for its mirror image.
        """
        part_of = inputs if callable(inputs) else inputs.__getitem__
        loss, guess = 0.0, np.empty(len(labels), np.int64)
        for first in range(0, len(labels), EVALUATION_BATCH):
            part = slice(first, first + EVALUATION_BATCH)
            images = part_of(part)
            outputs = self.forward(images)
            if mirrored:
                outputs = (outputs + self.forward(np.ascontiguousarray(images[:, :, ::-1]))) / 2
            loss -= (self._targets(labels[part], outputs) * _log_softmax(outputs)).sum(dtype=np.float64)
            guess[part] = outputs.argmax(axis=1)
        return float(loss) / len(labels), guess

    def memory(self) -> dict[str, np.ndarray]:
        """Return the arrays of the digital layers, themselves, not copies."""
        fixed = {} if self.whitening is None else {"whitening_matrix": self.whitening.matrix}
        fixed |= {f"digital_{number}_weights": layer.weights.values for number, layer in enumerate(self.numeric)}
        return fixed | {
            f"normalization_{number}_{name}": getattr(layer, name)
            for number, layer in enumerate(self.normalizations)
            for name in ("parameters", "running")
        }

    def _check(self, inputs: np.ndarray) -> None:
        if inputs.shape[1:] != self._input_shape:
            needed = ", ".join(map(str, ("n", *self._input_shape)))
            raise InputError(f"network {self._name}: inputs have the shape {inputs.shape}, ({needed}) is needed")

    def _targets(self, labels: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        target = np.full_like(outputs, self._smoothing / outputs.shape[1])
        target[np.arange(len(labels)), labels] += outputs.dtype.type(1 - self._smoothing)
        return target


def first_weights(shape: tuple[int, int], rectified: bool, rng: np.random.Generator) -> np.ndarray:
    """Return weights, drawn evenly such that the outputs of a layer have about the variance of its inputs, float32.

    Args:
        shape: (rows, columns).
        rectified: whether the network rectifies: a rectifier passes half of the power on.
        rng: draws them.
    """
    bound = math.sqrt((6 if rectified else 3) / shape[0])
    return rng.uniform(-bound, bound, shape).astype(np.float32)


def _library(products: str) -> "OneDnn | None":
    """Return the library of a choice, None for numpy.

    Raises:
        InputError: there is no such choice, or the library is not there.
    """
    if products not in PRODUCTS:
        raise InputError(f'products = "{products}" is unknown{nearest(products, PRODUCTS)}')
    if products == "numpy":
        return None
    from arraysim.networks.onednn import OneDnn

    return OneDnn(products.removeprefix("onednn-"))


def _given(layer, values: np.ndarray) -> np.ndarray:
    """Return values as a layer takes them."""
    return values if getattr(layer, "takes_bfloat16", False) else widen(values)


def _layers(specs: Sequence, weights: list, shapes: Sequence[tuple[int, ...]], how: dict) -> list:
    """Build all layers; those in arrays take the weights in order."""
    dtype = weights[0].values.dtype
    marks: dict[str, tuple[digital.MarkLayer, tuple[int, ...]]] = {}
    layers: list = []
    for number, (spec, before, after) in enumerate(zip(specs, shapes, shapes[1:], strict=False)):
        rectifies = isinstance(spec, Activation) and spec.function == "relu" and not spec.bits
        if rectifies and number and isinstance(specs[number - 1], BatchNorm):
            layers[-1:] = (
                digital.BatchNormLayer(specs[number - 1], before[-1], dtype, rectified=True),
                digital.DoneLayer(),
            )
        elif isinstance(spec, Mark | Sum):
            layers.append(_joint(spec, marks, before))
        else:
            layers.append(_layer(spec, weights, before, after, how, dtype))
    return layers


def _layer(spec, weights: list, before: tuple[int, ...], after: tuple[int, ...], how: dict, dtype):
    """Build one layer; one in an array takes the first of the weights left."""
    if isinstance(spec, Convolution | Linear) and spec.digital:
        rows = spec.rows_of(before[2]) if isinstance(spec, Convolution) else before[0] + spec.bias
        weights = [FloatWeights(np.zeros((rows, after[-1]), dtype))]
    if isinstance(spec, Convolution):
        return ConvolutionLayer(spec, weights.pop(0), channels=before[2], **how)
    if isinstance(spec, Linear):
        return LinearLayer(spec, weights.pop(0), inputs=before[0], outputs=after[0], **how)
    if isinstance(spec, GlobalPooling):
        return digital.GlobalPoolingLayer(spec)
    if isinstance(spec, Pooling):
        return digital.PoolingLayer(spec)
    if isinstance(spec, Whiten):
        return WhiteningLayer(spec, before[-1], dtype)
    if isinstance(spec, BatchNorm):
        return digital.BatchNormLayer(spec, before[-1], dtype)
    return digital.ActivationLayer(spec) if isinstance(spec, Activation) else digital.FlattenLayer()


def _joint(spec: Mark | Sum, marks: dict, shape: tuple[int, ...]):
    """Build a place that is marked, or a sum with one of the places marked before."""
    if isinstance(spec, Mark):
        marks[spec.name] = digital.MarkLayer(), shape
        return marks[spec.name][0]
    mark, there = marks[spec.of]
    return digital.SumLayer(mark, spec.step(there, shape))


def _log_softmax(outputs: np.ndarray) -> np.ndarray:
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
