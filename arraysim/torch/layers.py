"""PyTorch modules whose weights live in arrays (extra `torch`).

``ArrayLinear``, ``ArrayConv1d`` and ``ArrayConv2d`` take the place of those of ``torch.nn``, ``PulseOptimizer`` that of
the optimizer. Both passes go through the arrays; everything else of a model stays digital. Arrays live in main memory
and in float32; tensors on another device are copied there and back, under autocast they are brought to float32.
"""

import math

import numpy as np
import torch
from torch.nn import functional

from arraysim.periphery.config import Periphery
from arraysim.torch.array_module import ArrayModule
from dwcore.errors import InputError

NARROW = 10
"""Outputs up to which BLAS is faster with the weights turned round: up to three times, and ten classes are common."""


def _check_tensor(value) -> None:
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"the input of an array must be a Tensor, not {type(value).__name__}")


class ArrayLinear(ArrayModule):
    """Fully connected layer in an array; inputs of shape (..., inputs)."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        error_bits: int = 0,
        periphery: Periphery | None = None,
        **array,
    ):
        """Build the layer.

        Args:
            in_features: values per example.
            out_features: values per example.
            bias: one more row driven by a constant 1.
            error_bits: of the errors sent backward; 0 keeps floating point.
            periphery: read path of both passes; None multiplies exactly. Ranges follow the data in training only.
            array: ``law``, ``settings``, ``seed``, ``number``, ``weight_range``, ``initial_share``; or ``weights``.
        """
        self.in_features, self.out_features = _whole("in_features", in_features), _whole("out_features", out_features)
        super().__init__(in_features, out_features, bias=bias, error_bits=error_bits, periphery=periphery, **array)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the outputs, shape (..., out_features)."""
        _check_tensor(input)
        if input.shape[-1:] != (self.in_features,):
            given = f"{math.prod(input.shape[:-1])}x{input.shape[-1] if input.dim() else 1}"
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({given} and {self.in_features}x{self.out_features})"
            )
        if input.dim() == 2:
            return self._pass(input)
        out = self._pass(input.reshape(-1, input.shape[-1]))
        return out.reshape(*input.shape[:-1], self.out_features)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self._bias}"

    def _products(self, value, weights):
        inner, bias = weights[: self.in_features], weights[-1] if self._bias else None
        if self.out_features <= NARROW:
            return functional.linear(value, inner.T.contiguous(), bias)
        return torch.mm(value, inner) if bias is None else torch.addmm(bias, value, inner)

    def _gradients(self, value, weights, error, needed):
        inner = weights[: self.in_features]
        back = error @ inner.T if needed[0] else None
        if not needed[1]:
            return back, None
        gradient = torch.empty_like(weights)
        if self.out_features <= NARROW:
            gradient[: self.in_features] = torch.mm(error.T, value).T
        else:
            torch.mm(value.T, error, out=gradient[: self.in_features])
        if self._bias:
            torch.sum(error, 0, out=gradient[-1])
        return back, gradient

    def _unrolled(self, value):
        return value.detach()[None]

    def _rolled(self, rows, value):
        return torch.from_numpy(np.ascontiguousarray(rows[0][:, : self.in_features]))

    def _listed(self, error):
        return error.contiguous()

    def _shaped(self, out, shape):
        return out


class _ArrayConv(ArrayModule):
    """Kernels moved over images of one or two dimensions; groups are crossbars of their own.

    Rows of the array are laid out by (kernel row, kernel column, input channel), as in the networks of numpy.
    """

    _dimensions: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        error_bits: int = 0,
        periphery: Periphery | None = None,
        **array,
    ):
        """Build the layer; arguments as of ``torch.nn.Conv2d`` and ``ArrayLinear``."""
        self.in_channels, self.out_channels = _whole("in_channels", in_channels), _whole("out_channels", out_channels)
        self.groups, self.padding_mode, self.given_padding = _whole("groups", groups), padding_mode, padding
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % groups:
                raise ValueError(f"{name} must be divisible by groups")
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                f"padding_mode must be one of zeros, reflect, replicate, circular, but got {padding_mode!r}"
            )
        self.kernel_size = self._sizes("kernel_size", kernel_size, 1)
        self.stride, self.dilation = self._sizes("stride", stride, 1), self._sizes("dilation", dilation, 1)
        self.padding, self._ahead = self._edges(padding)
        rows = math.prod(self.kernel_size) * in_channels // groups
        super().__init__(
            rows, out_channels, bias=bias, error_bits=error_bits, groups=groups, periphery=periphery, **array
        )

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return images with ``out_channels`` in the place of ``in_channels``, batched or not."""
        _check_tensor(input)
        dims = self._dimensions
        if input.dim() not in (dims + 1, dims + 2):
            raise RuntimeError(
                f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to conv{dims}d, "
                f"but got input of size: {list(input.shape)}"
            )
        images = input if input.dim() == dims + 2 else input[None]
        if images.shape[1] != self.in_channels:
            shape = [self.out_channels, self.in_channels // self.groups, *self.kernel_size[2 - dims :]]
            raise RuntimeError(
                f"Given groups={self.groups}, weight of size {shape}, expected input{list(input.shape)} to have "
                f"{self.in_channels} channels, but got {images.shape[1]} channels instead"
            )
        if any(self._ahead):
            mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
            images = functional.pad(images, self._ahead, mode=mode)
        out = self._pass(images if dims == 2 else images[:, :, None])
        out = out if dims == 2 else out[:, :, 0]
        return out if input.dim() == dims + 2 else out[0]

    def extra_repr(self) -> str:
        """Return the arguments."""
        dims = self._dimensions
        size, stride, dilation = (a[2 - dims :] for a in (self.kernel_size, self.stride, self.dilation))
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={size}, stride={stride}, padding={self.given_padding}, "
            f"dilation={dilation}, groups={self.groups}, bias={self._bias}, padding_mode={self.padding_mode}"
        )

    def _sizes(self, name: str, value, least: int) -> tuple[int, int]:
        """One number per dimension of two; a signal is an image of one row."""
        sizes = value if isinstance(value, tuple | list) else (value,) * self._dimensions
        if len(sizes) != self._dimensions:
            raise InputError(f"{name} = {value!r} must be one number or {self._dimensions}")
        sizes = tuple(_whole(name, size, least) for size in sizes)
        return sizes if self._dimensions == 2 else (1 - (least == 0), *sizes)

    def _edges(self, padding) -> tuple[tuple[int, ...], list[int]]:
        """Zeros that the kernels see at both edges, and what is added to the images before (last dimension first)."""
        none = [0] * (2 * self._dimensions)
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of same, valid")
            if padding == "same" and max(self.stride) > 1:
                raise ValueError("padding='same' is not supported for strided convolutions")
            room = [d * (k - 1) * (padding == "same") for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            both = [(r // 2, r - r // 2) for r in room[2 - self._dimensions :]]
        else:
            both = [(edge, edge) for edge in self._sizes("padding", padding, 0)[2 - self._dimensions :]]
        ahead = [edge for pair in reversed(both) for edge in pair]
        if self.padding_mode == "zeros" and all(low == high for low, high in both):
            edges = tuple(low for low, _ in both)
            return (edges if self._dimensions == 2 else (0, *edges)), none
        return (0, 0), ahead

    def _kernels(self, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return weights and bias in the layout of torch."""
        high, wide = self.kernel_size
        inner = weights[: len(weights) - self._bias].view(high, wide, -1, self.out_channels)
        return inner.permute(3, 2, 0, 1), weights[-1] if self._bias else None

    def _products(self, value, weights):
        kernels, bias = self._kernels(weights)
        return functional.conv2d(value, kernels, bias, self.stride, self.padding, self.dilation, self.groups)

    def _gradients(self, value, weights, error, needed):
        kernels, _ = self._kernels(weights)
        back, kernels, bias = torch.ops.aten.convolution_backward(
            error,
            value,
            kernels,
            [self.out_channels] if self._bias else None,
            self.stride,
            self.padding,
            self.dilation,
            False,
            (0, 0),
            self.groups,
            (needed[0], needed[1], needed[1] and self._bias),
        )
        if not needed[1]:
            return back, None
        gradient = torch.empty_like(weights)
        inner, _ = self._kernels(gradient)
        inner.copy_(kernels)
        if self._bias:
            gradient[-1] = bias
        return back, gradient

    def _unrolled(self, value):
        patches = functional.unfold(value.detach(), self.kernel_size, self.dilation, self.padding, self.stride)
        count, _, positions = patches.shape
        patches = patches.view(count, self.groups, -1, math.prod(self.kernel_size), positions)
        return patches.permute(1, 0, 4, 3, 2).reshape(self.groups, count * positions, -1)

    def _rolled(self, rows, value):
        area, count = math.prod(self.kernel_size), len(value)
        inner = area * self.in_channels // self.groups
        patches = torch.from_numpy(np.stack([part[:, :inner] for part in rows]))
        patches = patches.view(self.groups, count, -1, area, self.in_channels // self.groups)
        patches = patches.permute(1, 0, 4, 3, 2).reshape(count, self.in_channels * area, -1)
        return functional.fold(patches, value.shape[2:], self.kernel_size, self.dilation, self.padding, self.stride)

    def _listed(self, error):
        return error.permute(0, 2, 3, 1).reshape(-1, self.out_channels)

    def _shaped(self, out, shape):
        return out.view(shape[0], *shape[2:], -1).permute(0, 3, 1, 2).contiguous()


class ArrayConv1d(_ArrayConv):
    """Convolution in an array; signals of shape (batch, channels, values) or (channels, values)."""

    _dimensions = 1


class ArrayConv2d(_ArrayConv):
    """Convolution in an array; images of shape (batch, channels, rows, columns) or (channels, rows, columns)."""

    _dimensions = 2


def _whole(name: str, value, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name} = {value!r} must be an integer >= {least}")
    return value
