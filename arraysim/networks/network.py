"""Fully connected network: forward and backward pass through weights that may live in an array.

The bias of a layer is the last row of its weights, driven by a constant 1, so that it is held and written like any
other weight. The last layer is linear; the loss is the softmax cross-entropy against smoothed labels.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from arraysim.networks.activations import FUNCTIONS as ACTIVATIONS
from arraysim.networks.product import product
from arraysim.synapses.weights import FloatWeights
from llg.errors import InputError, nearest


class Network:
    """Layers of weights with an activation between them.

    Attributes:
        layers: weights, each of shape (inputs + 1, outputs).
    """

    def __init__(self, layers: Sequence[FloatWeights], *, activation: str, label_smoothing: float = 0.0):
        """Join the layers.

        Args:
            layers: weights, each of shape (inputs + 1, outputs).
            activation: name in ``ACTIVATIONS``, applied after each layer but the last.
            label_smoothing: share of the target spread evenly over all classes [1].

        Raises:
            InputError: unknown activation, smoothing outside [0, 1) or layers that do not fit.
        """
        if activation not in ACTIVATIONS:
            raise InputError(f'activation "{activation}" is unknown{nearest(activation, ACTIVATIONS)}')
        if not 0 <= label_smoothing < 1:
            raise InputError(f"label_smoothing = {label_smoothing} [1] must be >= 0 and < 1")
        for one, two in itertools.pairwise(layers):
            if two.values.shape[0] != one.values.shape[1] + 1:
                raise InputError(f"a layer of shape {two.values.shape} cannot follow one of {one.values.shape}")
        self.layers = list(layers)
        self._activate, self._derivative = ACTIVATIONS[activation]
        self._smoothing = label_smoothing

    def forward(self, inputs: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Return what drives the rows of each layer, and the outputs.

        Args:
            inputs: shape (batch, inputs).

        Returns:
            Row signals of each layer with the constant 1 last, shape (batch, rows); outputs, shape (batch, classes).
        """
        signals = [_with_bias(inputs)]
        for layer in self.layers[:-1]:
            signals.append(_with_bias(self._activate(layer.forward(signals[-1]))))
        return signals, self.layers[-1].forward(signals[-1])

    def gradients(self, inputs: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
        """Return the gradient of the loss, mean over the batch, by the weights of each layer, shape (rows, columns).

        Args:
            inputs: shape (batch, inputs).
            labels: class numbers, shape (batch,).
        """
        signals, outputs = self.forward(inputs)
        target = self._targets(labels, outputs)
        error = (np.exp(_log_softmax(outputs)) - target) / outputs.dtype.type(len(labels))
        found = []
        for layer, signal in zip(self.layers[::-1], signals[::-1], strict=True):
            found.append(product(signal.T, error))
            if layer is not self.layers[0]:
                error = layer.backward(error)[:, :-1] * self._derivative(signal[:, :-1])
        return found[::-1]

    def evaluate(self, inputs: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the loss, mean over the images [1], and the predicted classes, shape (images,).

        Args:
            inputs: shape (images, inputs).
            labels: class numbers, shape (images,).
        """
        outputs = self.forward(inputs)[1]
        loss = -(self._targets(labels, outputs) * _log_softmax(outputs)).sum(axis=1)
        return float(loss.mean(dtype=np.float64)), outputs.argmax(axis=1)

    def _targets(self, labels: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        target = np.full_like(outputs, self._smoothing / outputs.shape[1])
        target[np.arange(len(labels)), labels] += outputs.dtype.type(1 - self._smoothing)
        return target


def _with_bias(signal: np.ndarray) -> np.ndarray:
    out = np.ones((signal.shape[0], signal.shape[1] + 1), signal.dtype)
    out[:, :-1] = signal
    return out


def _log_softmax(outputs: np.ndarray) -> np.ndarray:
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
