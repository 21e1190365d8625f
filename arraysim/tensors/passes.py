"""What each kind of layer does to a batch as tensors; PyTorch finds the way back.

Images are (n, channels, rows, columns) here. Digital layers round as ``arraysim.networks`` does where they have bits, and
pass errors straight through the rounding.
"""

import math

import torch
import torch.nn.functional as functional

from arraysim.networks.definition import Activation, BatchNorm, Convolution, GlobalPooling, Layer, Linear, Pooling, Sum


class _Rounded(torch.autograd.Function):
    """Values on levels; errors pass as if nothing had been rounded."""

    @staticmethod
    def forward(context, value, step):
        return torch.round(value / step) * step

    @staticmethod
    def backward(context, error):
        return error, None


def activation(spec: Activation, value: torch.Tensor) -> torch.Tensor:
    """Return the function of each value, in its number of bits."""
    if spec.function == "tanh":
        value = torch.tanh(value)
        return _Rounded.apply(value, 1.0 / (2 ** (spec.bits - 1) - 1)) if spec.bits else value
    value = torch.relu(value)
    return _Rounded.apply(value.clamp(max=spec.limit), spec.limit / (2**spec.bits - 1)) if spec.bits else value


def pooling(spec: Pooling, value: torch.Tensor) -> torch.Tensor:
    """Return smaller images."""
    return (functional.max_pool2d if spec.pooling == "max" else functional.avg_pool2d)(value, spec.size)


def global_pooling(spec: GlobalPooling, value: torch.Tensor) -> torch.Tensor:
    """Return one value per channel of each image."""
    flat = value.flatten(2)
    return flat.mean(dim=2) if spec.pooling == "average" else flat.max(dim=2).values


def normalization(spec: BatchNorm, value, parameters, running, training: bool) -> torch.Tensor:
    """Return normalized values; in training by the batch, which also moves the running mean and variance."""
    if not training:
        return functional.batch_norm(
            value, running[0], running[1], parameters[0], parameters[1], False, 0, spec.epsilon
        )
    with torch.no_grad():
        over = [axis for axis in range(value.ndim) if axis != 1]
        variance, mean = torch.var_mean(value, over, correction=0)
        running += spec.momentum * (torch.stack([mean, variance]) - running)
    return functional.batch_norm(value, None, None, parameters[0], parameters[1], True, 0, spec.epsilon)


def sum_of(spec: Sum, there: torch.Tensor, here: torch.Tensor, step: int) -> torch.Tensor:
    """Return values with those of an earlier place added; see ``definition.Sum``."""
    if here.ndim == 2:
        return here + functional.pad(there, (0, here.shape[1] - there.shape[1]))
    there = there[:, :, ::step, ::step]
    return here + functional.pad(there, (0, 0, 0, 0, 0, here.shape[1] - there.shape[1]))


def whitened(patch: int, value: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Return uncorrelated values of the patches of images, and the same with the other sign."""
    kernel = matrix[:-1].view(patch, patch, -1, matrix.shape[1]).permute(3, 2, 0, 1)
    out = functional.conv2d(value, kernel, matrix[-1])
    return torch.cat([out, -out], dim=1)


def flattened(value: torch.Tensor) -> torch.Tensor:
    """Return images as lists of values, channels last."""
    return value.permute(0, 2, 3, 1).flatten(1) if value.ndim == 4 else value.flatten(1)


def product(spec: Convolution | Linear, value: torch.Tensor, matrix: torch.Tensor, kind: torch.dtype) -> torch.Tensor:
    """Return a layer's inputs times its matrix, in numbers of a type, float32.

    Args:
        spec: the layer.
        value: shape (n, inputs) or (n, channels, rows, columns), float32.
        matrix: as the layer's weights are laid out, its last row that of the bias if there is one, float32.
        kind: of the numbers that are multiplied.
    """
    entries, bias = (matrix[:-1], matrix[-1].to(kind)) if spec.bias else (matrix, None)
    if isinstance(spec, Linear):
        return functional.linear(value.to(kind), entries.T.to(kind), bias).float()
    kernel = entries.reshape(*spec.sides, -1, matrix.shape[1]).permute(3, 2, 0, 1).to(kind)
    groups = spec.groups_of(value.shape[1])
    return functional.conv2d(value.to(kind), kernel, bias, spec.steps, spec.edges, 1, groups).float()


def driven(spec: Convolution | Linear, value: torch.Tensor) -> torch.Tensor:
    """Return what drives the rows of a layer's array, one line per product, shape (n, rows), the bias last."""
    if isinstance(spec, Convolution):
        above, left = spec.edges
        image = functional.pad(value, (left, left, above, above)).permute(0, 2, 3, 1)
        patches = image.unfold(1, spec.sides[0], spec.steps[0]).unfold(2, spec.sides[1], spec.steps[1])
        value = patches.permute(0, 1, 2, 4, 5, 3).reshape(-1, math.prod(spec.sides) * image.shape[3])
    return functional.pad(value, (0, 1), value=1.0) if spec.bias else value


def shaped(spec: Layer, columns: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Return what the columns gave, shape (n, columns), as images of a shape (rows, columns, channels), or lists."""
    return columns.view(-1, *shape).permute(0, 3, 1, 2) if isinstance(spec, Convolution) else columns


def quantized_errors(error: torch.Tensor, bits: int) -> torch.Tensor:
    """Return errors on signed levels up to the batch's largest; as ``quantization.errors``."""
    step = error.abs().max().clamp(min=torch.finfo(torch.float32).tiny) / (2 ** (bits - 1) - 1)
    return torch.round(error / step) * step
