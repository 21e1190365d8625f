"""A network whose passes run on tensors of PyTorch; its numbers are those of a ``Network``, which files hold."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from arraysim.networks.crossbar_layers import CrossbarLayer
from arraysim.networks.definition import (
    Activation,
    BatchNorm,
    Convolution,
    Flatten,
    GlobalPooling,
    Linear,
    Mark,
    NetworkDefinition,
    Pooling,
    Sum,
    Whiten,
)
from arraysim.networks.network import Network
from arraysim.synapses.weights import FloatWeights, PulsedWeights
from arraysim.tensors import passes
from arraysim.tensors.mirror import Mirror
from arraysim.tensors.place import repeatable
from arraysim.tensors.read_path import TensorReader
from arraysim.tensors.weights import TensorWeights

NUMBERS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
"""What is multiplied, by the word of the setting ``device_products``."""


class TensorNetwork(Network):
    """A network on a device of PyTorch.

    Attributes:
        mirror: arrays of the network and the tensors that stand in for them.
        arrays: devices of each crossbar's weights, by the identity of the weights.
    """

    def __init__(
        self,
        definition: NetworkDefinition,
        weights: Sequence[FloatWeights],
        *,
        device: torch.device,
        numbers: str,
        **more,
    ):
        """Build the layers, and put their numbers on the device.

        Args:
            definition: what they are.
            weights: of each crossbar in order.
            device: where.
            numbers: that are multiplied, of ``NUMBERS``.
            more: as for ``Network``.

        Raises:
            InputError: as for ``Network``.
        """
        super().__init__(definition, weights, **more)
        self.mirror = Mirror(device)
        self.arrays = {id(one): TensorWeights(one, self.mirror) for one in weights if isinstance(one, PulsedWeights)}
        self._numbers = NUMBERS[numbers]
        shapes = definition.shapes(more["input_shape"], more["classes"])
        self._matrix: dict[int, torch.Tensor] = {}
        self._parameters: dict[int, torch.Tensor] = {}
        self._steps = [
            self._step(*each, shapes) for each in zip(definition.layers, self.layers, range(len(shapes)), strict=False)
        ]
        self._outputs = torch.empty(0)

    def prepare(self, images: Callable[[slice], np.ndarray], seed: tuple[int, ...] = (0,)) -> None:
        """Let the layers learn what they do before the training, and draw the first weights of the digital ones."""
        super().prepare(images, seed)
        self.mirror.load()

    def forward(self, inputs: np.ndarray, *, training: bool = False) -> np.ndarray:
        """Return the outputs, shape (n, classes); as of ``Network``.

        Raises:
            InputError: inputs of another shape than that the network was built for.
        """
        self._check(inputs)
        value = torch.from_numpy(np.ascontiguousarray(inputs)).to(self.mirror.device)
        if value.ndim == 4:
            value = value.permute(0, 3, 1, 2)
        marks: dict[str, torch.Tensor] = {}
        with repeatable(), torch.set_grad_enabled(training):
            for step in self._steps:
                value = step(value, marks, training)
        if training:
            self._outputs = value
        return value.detach().cpu().numpy()

    def backward(self, error: np.ndarray) -> None:
        """Send the errors of the outputs, shape (n, classes), back; the tensors then hold their gradients."""
        for tensor in (*self._matrix.values(), *self._parameters.values()):
            tensor.grad = None
        with repeatable():
            self._outputs.backward(torch.from_numpy(error).to(self.mirror.device))
        self._outputs = torch.empty(0)

    @property
    def in_arrays(self) -> list[torch.Tensor]:
        """Weights of the crossbars; after ``backward`` they hold their gradients."""
        return [self._matrix[id(layer)] for layer in self.crossbars]

    @property
    def digital(self) -> list[torch.Tensor]:
        """What is trained digitally, in the order of ``parameters``."""
        numeric = [self._matrix[id(layer)] for layer in self.numeric]
        return [self._parameters[id(layer)] for layer in self.normalizations] + numeric

    def _step(self, spec, layer, number: int, shapes: list) -> Callable[[torch.Tensor, dict, bool], torch.Tensor]:
        """Return what one layer does to a batch: a function of the batch, the marked places and whether it trains."""
        if isinstance(layer, CrossbarLayer):
            return self._crossbar(spec, layer, shapes[number + 1])
        if isinstance(spec, BatchNorm):
            running = self.mirror.of(layer.running)
            parameters = self._parameters[id(layer)] = self.mirror.of(layer.parameters).requires_grad_()
            return lambda value, marks, training: passes.normalization(spec, value, parameters, running, training)
        if isinstance(spec, Whiten):
            matrix = self.mirror.of(layer.matrix)
            return lambda value, marks, training: passes.whitened(spec.patch, value, matrix)
        if isinstance(spec, Mark):
            return lambda value, marks, training: marks.setdefault(spec.name, value)
        if isinstance(spec, Sum):
            step = layer.step
            return lambda value, marks, training: passes.sum_of(spec, marks[spec.of], value, step)
        plain: dict[type, Callable[[Any, torch.Tensor], torch.Tensor]] = {
            Activation: passes.activation,
            Pooling: passes.pooling,
            GlobalPooling: passes.global_pooling,
            Flatten: lambda spec, value: passes.flattened(value),
        }
        return lambda value, marks, training: plain[type(spec)](spec, value)

    def _crossbar(self, spec: Convolution | Linear, layer: CrossbarLayer, shape: tuple[int, ...]):
        weights, error_bits = layer.weights, layer.error_bits
        array = self.arrays.get(id(weights))
        matrix = self.mirror.of(weights.values) if array is None else array.values
        self._matrix[id(layer)] = matrix.requires_grad_()
        read = TensorReader.of(weights)

        def step(value: torch.Tensor, marks: dict, training: bool) -> torch.Tensor:
            if read is None:
                out = passes.product(spec, value, matrix, self._numbers)
            else:
                out = passes.shaped(spec, read(passes.driven(spec, value), matrix), shape)
            if error_bits and out.requires_grad:
                out.register_hook(lambda error: passes.quantized_errors(error, error_bits))
            return out

        return step
