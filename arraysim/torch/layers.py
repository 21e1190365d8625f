"""PyTorch modules whose weights live in arrays (extra `torch`).

``ArrayLinear``, ``ArrayConv1d`` and ``ArrayConv2d`` take the place of those of ``torch.nn``, ``PulseOptimizer`` that of
the optimizer. Both passes go through the arrays; everything else of a model stays digital. Arrays live in main memory
and in float32; tensors on another device are copied there and back, under autocast they are brought to float32.

A pass keeps what its backward pass needs in the graph, so a layer may be used as often as wanted before a step.
"""

import math

import numpy as np
import torch
from torch.nn import functional

from arraysim.networks import quantization
from arraysim.periphery.config import Periphery
from arraysim.synapses.array_settings import ArraySettings
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.weights import FloatWeights
from arraysim.torch.cells import MAX_NUMBER, Cells, Chip, ChipPlan, first_weights
from dwcore.errors import InputError

MAX_SEED = 2**63 - 1


class _Pass(torch.autograd.Function):
    """Forward and backward through the array of a layer."""

    @staticmethod
    def forward(context, value, cells, layer):
        context.save_for_backward(value, cells)
        context.layer, context.adapt = layer, layer.training
        if layer.chip.reads_exactly:
            return layer._products(value, cells.detach())
        shape = layer._products(torch.empty_like(value, device="meta"), torch.empty_like(cells, device="meta")).shape
        return layer._read(value.detach(), shape)

    @staticmethod
    def backward(context, error):
        if torch.is_grad_enabled():
            raise InputError(
                f"{context.layer.chip.name}: arrays pass errors back once; there is no gradient of a gradient"
            )
        value, cells = context.saved_tensors
        return *context.layer._back(value, cells, error, context.needs_input_grad[:2], context.adapt), None


class ArrayModule(torch.nn.Module):
    """What all layers with an array share.

    Attributes:
        cells: the parameter that only pulses change, shape (rows, columns).
    """

    cells: Cells

    def __init__(self, rows: int, columns: int, *, bias: bool, error_bits: int, groups: int = 1, periphery, **array):
        super().__init__()
        if (
            isinstance(error_bits, bool)
            or not isinstance(error_bits, int)
            or error_bits == 1
            or not 0 <= error_bits <= 16
        ):
            raise InputError(f"error_bits = {error_bits!r} [1] must be 0 or 2 to 16")
        self._bias, self.error_bits = bool(bias), error_bits
        chip = _chip(rows + self._bias, columns, groups=groups, **array)
        self.cells = Cells(chip)
        if periphery is not None:
            chip.look_through(periphery)

    @property
    def chip(self) -> Chip:
        """The devices and their read path."""
        if not isinstance(self.cells, Cells):
            raise InputError("the weights of an array are its devices; no other tensor can take their place")
        return self.cells.chip

    @property
    def weights(self) -> FloatWeights:
        """The weights as the rest of ``arraysim`` takes them."""
        return self.chip.weights

    @property
    def weight(self) -> torch.Tensor:
        """The weights as they are now, shape (rows, columns), a copy; the bias, if any, is the last row."""
        self.chip.check()
        return self.cells.detach().clone()

    @property
    def periphery(self) -> Periphery | None:
        """What stands between numbers and conductances; another one may be set at any time."""
        return self.chip.periphery

    @periphery.setter
    def periphery(self, periphery: Periphery | None) -> None:
        self.chip.look_through(periphery)

    def gradient(self) -> torch.Tensor:
        """Return the gradient that waits for the next step, shape (rows, columns); zero where nothing waits."""
        return torch.zeros_like(self.cells.detach()) if self.cells.grad is None else self.cells.grad.detach().clone()

    def get_extra_state(self) -> dict:
        """Return the chip, for ``state_dict``."""
        return self.chip.to_state()

    def set_extra_state(self, state: dict) -> None:
        """Become the chip that was kept, devices and all."""
        self.chip.load_state(state)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        del destination[prefix + "cells"]  # the extra state holds the devices

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing, unexpected, errors):
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing, unexpected, errors)
        missing[:] = [name for name in missing if name != prefix + "cells"]

    def _apply(self, fn, recurse=True):
        """Arrays stay in main memory and in float32 wherever the rest of the model goes."""
        return self

    def _pass(self, value: torch.Tensor) -> torch.Tensor:
        self.chip.check()
        device = value.device.type
        if torch.is_autocast_enabled(device):
            with torch.autocast(device, enabled=False):
                return self._pass(value.float())
        if value.dtype != torch.float32:
            # As torch words it where the parameters are float32.
            kind = str(value.dtype).removeprefix("torch.").capitalize()
            raise RuntimeError(
                f"mat1 and mat2 must have the same dtype, but got {kind} and Float: an array takes float32"
            )
        return _Pass.apply(value.cpu(), self.cells, self).to(value.device)

    def _read(self, value: torch.Tensor, shape: torch.Size) -> torch.Tensor:
        """Return the outputs, of a shape, as the read path gives them."""
        if not torch.isfinite(value.sum()) and not (finite := torch.isfinite(value)).all():
            place = tuple((~finite).nonzero()[0].tolist())
            raise InputError(
                f"{self.chip.name}: input {place} is {value[place].item()}, a converter takes finite numbers"
            )
        if not value.numel():
            return value.new_zeros(shape)
        out = self.chip.forward(self._signals(value), self.training)
        return self._shaped(torch.from_numpy(np.ascontiguousarray(out)), shape)

    def _back(self, value, cells, error, needed, adapt):
        """Return the errors of the inputs and the gradient by the weights, each if needed."""
        chip = self.chip
        if self.error_bits:
            error = torch.from_numpy(quantization.errors(error.contiguous().numpy(), self.error_bits))
        if needed[1] and chip.keeps_signals:
            chip.pass_signals(self._signals(value), self._listed(error).numpy())
        if chip.reads_exactly:
            return self._gradients(value, cells.detach(), error, needed)
        back, gradient = None, self._gradients(value, cells.detach(), error, (False, needed[1]))[1]
        if needed[0]:
            rows = chip.backward(np.ascontiguousarray(self._listed(error).numpy()), adapt) if error.numel() else []
            back = self._rolled(rows, value) if rows else torch.zeros_like(value)
        return back, gradient

    def _signals(self, value: torch.Tensor) -> list[np.ndarray]:
        """What drives the rows of each group, bias included, shape (n, rows)."""
        rows = self._unrolled(value).numpy()
        full = np.ones((*rows.shape[:2], rows.shape[2] + self._bias), np.float32)
        full[..., : rows.shape[2]] = rows
        return list(full)

    def _products(self, value: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return inputs times weights, computed exactly."""
        raise NotImplementedError

    def _gradients(self, value, weights, error, needed) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Return the gradients by inputs and weights of the same, each if needed."""
        raise NotImplementedError

    def _unrolled(self, value: torch.Tensor) -> torch.Tensor:
        """Return what drives the rows without the bias, shape (groups, n, rows)."""
        raise NotImplementedError

    def _rolled(self, rows: list[np.ndarray], value: torch.Tensor) -> torch.Tensor:
        """Return what came back on the rows of each group, shape (n, rows), in the shape of the inputs."""
        raise NotImplementedError

    def _listed(self, error: torch.Tensor) -> torch.Tensor:
        """Return the errors of the outputs as they enter the columns, shape (n, columns)."""
        raise NotImplementedError

    def _shaped(self, out: torch.Tensor, shape: torch.Size) -> torch.Tensor:
        """Return what the columns gave, shape (n, columns), in the shape of the outputs."""
        raise NotImplementedError


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

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """Return the outputs, shape (..., out_features)."""
        if value.shape[-1:] != (self.in_features,):
            given = f"{math.prod(value.shape[:-1])}x{value.shape[-1] if value.dim() else 1}"
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({given} and {self.in_features}x{self.out_features})"
            )
        out = self._pass(value.reshape(-1, value.shape[-1]))
        return out.reshape(*value.shape[:-1], self.out_features)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self._bias}"

    def _products(self, value, weights):
        if self._bias:
            return torch.addmm(weights[-1], value, weights[:-1])
        return torch.mm(value, weights)

    def _gradients(self, value, weights, error, needed):
        inner = weights[: self.in_features]
        back = error @ inner.T if needed[0] else None
        if not needed[1]:
            return back, None
        gradient = torch.empty_like(weights)
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

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """Return images with ``out_channels`` in the place of ``in_channels``, batched or not."""
        dims = self._dimensions
        if value.dim() not in (dims + 1, dims + 2):
            raise RuntimeError(
                f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to conv{dims}d, "
                f"but got input of size: {list(value.shape)}"
            )
        images = value if value.dim() == dims + 2 else value[None]
        if images.shape[1] != self.in_channels:
            shape = [self.out_channels, self.in_channels // self.groups, *self.kernel_size[2 - dims :]]
            raise RuntimeError(
                f"Given groups={self.groups}, weight of size {shape}, expected input{list(value.shape)} to have "
                f"{self.in_channels} channels, but got {images.shape[1]} channels instead"
            )
        if any(self._ahead):
            mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
            images = functional.pad(images, self._ahead, mode=mode)
        out = self._pass(images if dims == 2 else images[:, :, None])
        out = out if dims == 2 else out[:, :, 0]
        return out if value.dim() == dims + 2 else out[0]

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


def _chip(
    rows: int,
    columns: int,
    *,
    groups: int,
    law: PulseLaw | None = None,
    weights: FloatWeights | None = None,
    settings: ArraySettings | None = None,
    seed: int | None = None,
    number: int | None = None,
    weight_range: float = 4.0,
    initial_share: float = 0.5,
) -> Chip:
    """Return the array of a layer: the weights given, or devices with the first weights set by pulses.

    Args:
        rows: inputs, the bias included.
        columns: outputs.
        groups: blocks of columns that are crossbars of their own.
        law: what the two pulses, up and down, do to the synapses.
        weights: weights made elsewhere, instead.
        settings: kind of weights, spread and faults of their devices; default pairs without any.
        seed: root seed; None draws one from torch's generator, as its own layers do [1].
        number: of the array among those with the same seed; None leaves that to the optimizer, in the order of the
            model [1].
        weight_range: largest weight times the root of the rows [1].
        initial_share: largest initial weight as a share of the largest [1].
    """
    if law is not None and weights is not None:
        raise InputError("give a law to make an array, or weights made elsewhere, not both")
    if law is None:
        if weights is None:
            raise InputError("give a law to make an array, or weights made elsewhere")
        if weights.values.shape != (rows, columns):
            raise InputError(f"weights of shape {weights.values.shape} given to a layer of shape {(rows, columns)}")
        if groups > 1 and getattr(weights, "reader", None) is not None:
            raise InputError(f"weights with a reader given to {groups} groups; give the layer a periphery instead")
        return Chip(weights, groups=groups)
    if seed is None:
        seed = int(torch.randint(MAX_SEED, ()).item())
    for name, value, most in (("seed", seed, MAX_SEED), ("number", 0 if number is None else number, MAX_NUMBER - 1)):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise InputError(f"{name} = {value!r} must be an integer from 0 to {most}")
    if not (math.isfinite(weight_range) and weight_range > 0 and 0 <= initial_share <= 1):
        raise InputError(
            f"weight_range = {weight_range} [1] must be > 0, initial_share = {initial_share} [1] from 0 to 1"
        )
    plan = ChipPlan(
        law=law,
        rows=rows,
        columns=columns,
        largest_weight=weight_range / math.sqrt(rows),
        settings=ArraySettings() if settings is None else settings,
        seed=seed,
        number=0 if number is None else number,
    )
    chip = Chip(first_weights(plan, initial_share), groups=groups, plan=plan, share=initial_share)
    chip.settled = number is not None
    return chip
