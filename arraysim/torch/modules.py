"""PyTorch modules whose weights live in arrays, and the optimizer that writes them by pulses (extra `torch`).

Users bring their own model: ``ArrayLinear`` and ``ArrayConv2d`` take the place of ``torch.nn.Linear`` and ``Conv2d``,
``PulseOptimizer`` that of the optimizer. Everything else of the model stays digital and has its usual optimizer.
Both passes go through the arrays by the same code as the networks in numpy, so forward, gradient and pulses agree.
Arrays live in main memory; tensors on another device are copied there and back.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch

from arraysim.networks.crossbar_layers import ConvolutionLayer, CrossbarLayer, LinearLayer
from arraysim.networks.definition import Convolution, Linear
from arraysim.rules.registry import RULES, make_rule
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.weights import FloatWeights, PairedWeights
from arraysim.training.chip import update_by_rule
from dwcore.errors import InputError


class _Passes(torch.autograd.Function):
    """Forward and backward through a crossbar layer of numpy."""

    @staticmethod
    def forward(context, value, anchor, module):
        context.module = module
        # What a pass leaves for the update is kept only where an update can follow.
        return _tensor(module.layer.forward(_array(value), module.training), value)

    @staticmethod
    def backward(context, error):
        module, needed = context.module, context.needs_input_grad[0]
        back = module.layer.backward(_array(error), needed)
        module.ready = True
        return (_tensor(back, error) if needed else None), None, None


class ArrayModule(torch.nn.Module):
    """What both modules share.

    Attributes:
        layer: the layer of numpy; ``layer.weights`` are the arrays.
        ready: whether a backward pass has left something to write.
    """

    def __init__(self, layer: CrossbarLayer):
        super().__init__()
        self.layer, self.ready = layer, False
        # Tensors that need no gradient would end the backward pass before it reaches the array.
        self._anchor = torch.zeros(0, requires_grad=True)

    @property
    def weight(self) -> torch.Tensor:
        """The weights as they are now, shape (rows, columns), a copy; the bias, if any, is the last row."""
        return torch.from_numpy(self.layer.weights.values.copy())

    def _pass(self, value: torch.Tensor) -> torch.Tensor:
        if value.dtype != torch.float32:
            raise InputError(f"an array takes float32, got {value.dtype}")
        return _Passes.apply(value, self._anchor, self)


class ArrayLinear(ArrayModule):
    """Fully connected layer in an array; inputs of shape (batch, inputs)."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True, error_bits: int = 0, **array):
        """Build the layer.

        Args:
            inputs: values per example.
            outputs: values per example.
            bias: one more row driven by a constant 1.
            error_bits: of the errors sent backward; 0 keeps floating point.
            array: ``law``, ``seed``, ``number``, ``weight_range``, ``initial_share``, or ``weights`` made elsewhere.
        """
        weights = _weights(inputs + bias, outputs, **array)
        spec = Linear(outputs=outputs, bias=bias)
        super().__init__(LinearLayer(spec, weights, inputs=inputs, outputs=outputs, error_bits=error_bits))

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """Return the outputs, shape (batch, outputs)."""
        return self._pass(value)


class ArrayConv2d(ArrayModule):
    """Convolution in an array; images of shape (batch, channels, rows, columns)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        error_bits: int = 0,
        **array,
    ):
        """Build the layer; arguments as of ``torch.nn.Conv2d`` and ``ArrayLinear``."""
        weights = _weights(kernel_size**2 * in_channels + bias, out_channels, **array)
        spec = Convolution(channels=out_channels, kernel=kernel_size, stride=stride, padding=padding, bias=bias)
        super().__init__(ConvolutionLayer(spec, weights, channels=in_channels, error_bits=error_bits))

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """Return images of shape (batch, out_channels, rows, columns)."""
        # The arrays see channels last.
        return self._pass(value.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PulseOptimizer:
    """Writes the arrays of a model by an update rule.

    Attributes:
        rate: learning rate; may be changed between steps [1].
    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        rule: str = "mixed-precision",
        rate: float | None = None,
        seed: int = 0,
    ):
        """Make one rule per array of the model.

        Args:
            model: holds ``ArrayLinear`` and ``ArrayConv2d`` anywhere.
            rule: name of the update rule.
            rate: learning rate; None takes the default of the rule [1].
            seed: of rules that draw [1].

        Raises:
            InputError: no such rule, or the model has no weights that pulses can write.
        """
        modules = [module for module in model.modules() if isinstance(module, ArrayModule)]
        self._modules = [module for module in modules if type(module.layer.weights) is not FloatWeights]
        if not self._modules:
            raise InputError("the model has no weights that pulses can write; use ArrayLinear and ArrayConv2d")
        self._rules = [
            make_rule(rule, module.layer.weights, seed=(seed, number)) for number, module in enumerate(self._modules)
        ]
        self.rate = RULES[rule].rate if rate is None else rate

    def step(self) -> None:
        """Send the pulses for the last backward pass.

        Gradients are those of the loss that was sent backward; a mean over the batch, as usual.
        """
        for module, rule in zip(self._modules, self._rules, strict=True):
            if module.ready:
                update_by_rule(module.layer, rule, self.rate)
                module.ready = False

    def zero_grad(self) -> None:
        """Forget the last backward pass."""
        for module in self._modules:
            module.ready = False

    def state_dict(self) -> dict:
        """Return a copy of the arrays and of what the rules remember."""
        return dict(enumerate(self._states()))

    def load_state_dict(self, state: dict) -> None:
        """Go back to a state of a model built alike; what follows is the same bit for bit.

        Raises:
            InputError: it belongs to another model.
        """
        if len(state) != len(self._modules):
            raise InputError(f"state of {len(state)} arrays given to a model with {len(self._modules)}")
        for number, (module, rule) in enumerate(zip(self._modules, self._rules, strict=True)):
            module.layer.weights.restore(state[number]["weights"])
            rule.restore(state[number]["rule"])

    def _states(self) -> Iterator[dict]:
        for module, rule in zip(self._modules, self._rules, strict=True):
            yield {"weights": module.layer.weights.checkpoint(), "rule": rule.checkpoint()}


def _weights(
    rows: int,
    columns: int,
    *,
    law: PulseLaw | None = None,
    weights: FloatWeights | None = None,
    seed: int = 0,
    number: int = 0,
    weight_range: float = 4.0,
    initial_share: float = 0.5,
) -> FloatWeights:
    """Return the weights given, or pairs of synapses with the first weights set by pulses.

    Args:
        rows: inputs, the bias included.
        columns: outputs.
        law: what the two pulses, up and down, do to the synapses.
        weights: weights made elsewhere, instead.
        seed: root seed [1].
        number: of the array among those with the same seed; give each layer its own [1].
        weight_range: largest weight times the root of the rows [1].
        initial_share: largest initial weight as a share of the largest [1].
    """
    if (law is None) == (weights is None):
        raise InputError("give a law to make an array, or weights made elsewhere")
    if weights is not None:
        return weights
    pairs = PairedWeights(
        law,
        rows=rows,
        columns=columns,
        largest_weight=weight_range / math.sqrt(rows),
        seed=seed,
        number=number,
    )
    pairs.initialize(initial_share, np.random.default_rng([seed, number]))
    return pairs


def _array(tensor: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().cpu().numpy())


def _tensor(values: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(like.device)
