"""What a model of PyTorch is as a network: its arrays for the cost, its weights for the networks of numpy (extra `torch`).

Both follow one example through a copy of the model, so they see the layers in the order of their use.
"""

import copy
import math
from typing import Any

import numpy as np
import torch
from torch import nn

from arraysim.networks.crossbars import ArrayLayer
from arraysim.torch.array_module import ArrayModule
from arraysim.torch.conversion import matrices
from arraysim.torch.layers import ArrayLinear
from arraysim.torch.recurrent import _Recurrent
from dwcore.errors import InputError

_PLAIN = (nn.Linear, nn.Conv2d, nn.modules.batchnorm._BatchNorm)


def arrays_of(model: nn.Module, example: torch.Tensor) -> list[ArrayLayer]:
    """Return the arrays of a model as ``chip_cost`` takes them; each use in a pass counts.

    Args:
        model: with layers in arrays.
        example: a batch of inputs, shape (n, ...).

    Raises:
        InputError: there is no array.
    """
    uses = _uses(model, example, (ArrayModule, _Recurrent))
    if not uses:
        raise InputError("the model has no layer in an array; use convert")
    found: dict[str, ArrayLayer] = {}
    for name, layer, entered, left in uses:
        _check_examples(name, layer, entered, len(example))
        if isinstance(layer, _Recurrent):
            continue
        rows, columns = layer.cells.shape
        before = found.get(name)
        found[name] = ArrayLayer(
            name=name or "layer",
            kind="linear" if isinstance(layer, ArrayLinear) else "conv",
            rows=rows,
            columns=columns,
            positions=left.numel() // (columns * len(example)) + (before.positions if before else 0),
            input_values=entered.numel() // len(example) + (before.input_values if before else 0),
            output_values=left.numel() // len(example) + (before.output_values if before else 0),
            kernel=1 if isinstance(layer, ArrayLinear) else math.sqrt(math.prod(layer.kernel_size)),
            groups=layer.chip.groups,
        )
    return list(found.values())


def _check_examples(name: str, layer: Any, entered: torch.Tensor, examples: int) -> None:
    """Refuse examples of which it is not known what a layer does for one."""
    if isinstance(layer, ArrayLinear):
        taken = entered.numel() // layer.in_features
    elif isinstance(layer, _Recurrent):
        taken = 1 if entered.dim() == 2 else entered.shape[0 if layer.batch_first else 1]
    else:
        taken = 1 if entered.dim() == layer._dimensions + 1 else len(entered)
    whole = taken == examples if isinstance(layer, _Recurrent) and not layer.batch_first else taken % examples == 0
    if not whole:
        raise InputError(
            f'layer "{name}" takes {taken} at a time of {examples} examples; the first axis of the example must count them'
        )


def network_weights(model: nn.Module, example: torch.Tensor) -> dict[str, np.ndarray]:
    """Return the weights of a model as ``numpy.savez`` writes them for ``dwsynapse program``.

    Networks of numpy have their channels last, so the rows of a layer that follows flattened images are put in that order.

    Args:
        model: a chain of ``nn.Conv2d``, ``nn.Linear``, batch normalizations and layers without weights.
        example: a batch of inputs, shape (n, ...); only its shape counts.

    Raises:
        InputError: a layer that such networks do not have, or one that is used twice.
    """
    known = {id(p) for part in model.modules() if isinstance(part, _PLAIN) for p in part.parameters()}
    others = [f'"{name}"' for name, p in model.named_parameters() if id(p) not in known]
    if others:
        raise InputError(f"networks of numpy have no place for {', '.join(others)}")
    found: dict[str, np.ndarray] = {}
    used: set[str] = set()
    channels = normalizations = 0
    for name, layer, entered, left in _uses(model, example, _PLAIN):
        if name in used:
            raise InputError(f'layer "{name}" is used twice, a network of numpy has each once')
        used.add(name)
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            found |= _normalization(name, layer, normalizations)
            normalizations += 1
            continue
        (matrix,) = matrices(layer)
        if isinstance(layer, nn.Conv2d):
            _check_kernel(name, layer)
            channels = left.shape[1]
        elif channels and entered.dim() == 2:
            size = layer.in_features
            if size % channels:
                raise InputError(f'layer "{name}": {size} inputs are no images of {channels} channels')
            order = np.arange(size).reshape(channels, -1).T.ravel()
            matrix, channels = np.concatenate([matrix[order], matrix[size:]]), 0
        found[f"weight_{len(used) - normalizations - 1}"] = matrix
    for name, layer in model.named_modules():
        if isinstance(layer, _PLAIN) and name not in used:
            raise InputError(f'layer "{name}" is called by no pass, a network of numpy uses each once')
    return found


def _uses(model: nn.Module, example: torch.Tensor, kinds) -> list[tuple[str, Any, torch.Tensor, torch.Tensor]]:
    """Return name, layer, input and output of every use of some kinds of layers, in order."""
    if not isinstance(example, torch.Tensor) or example.dim() < 2 or not len(example):
        shape = tuple(example.shape) if isinstance(example, torch.Tensor) else type(example).__name__
        raise InputError(f"the example, {shape}, must be a tensor of shape (n, ...)")
    uses, model = [], copy.deepcopy(model).eval()
    for name, layer in model.named_modules():
        if isinstance(layer, kinds):
            layer.register_forward_hook(
                lambda layer, given, named, left, name=name: uses.append(
                    (name, layer, (*given, *named.values())[0], left)
                ),
                with_kwargs=True,
            )
    with torch.no_grad():
        model(example)
    return uses


def _check_kernel(name: str, layer: nn.Conv2d) -> None:
    if layer.groups > 1 or max(layer.dilation) > 1 or layer.padding_mode != "zeros" or len(set(layer.kernel_size)) > 1:
        raise InputError(f'layer "{name}": networks of numpy have square kernels without groups and dilation')


def _normalization(name: str, layer: Any, number: int) -> dict[str, np.ndarray]:
    if layer.weight is None or layer.running_mean is None:
        raise InputError(f'layer "{name}": a normalization needs scale, shift and running statistics')
    pairs = {"parameters": (layer.weight, layer.bias), "running": (layer.running_mean, layer.running_var)}
    epsilon = {f"normalization_{number}_epsilon": np.array(layer.eps)}
    return epsilon | {
        f"normalization_{number}_{key}": torch.stack(pair).detach().cpu().float().numpy() for key, pair in pairs.items()
    }
