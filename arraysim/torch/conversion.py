"""Models of PyTorch into arrays and back (extra `torch`).

What multiplies by a matrix becomes an array; what normalizes or has no weights stays as it is. Every other layer with
weights must be named by the caller, who thereby says that it stays digital.
"""

import copy
import types
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from arraysim.periphery.config import Periphery
from arraysim.programming.config import WriteVerifyConfig
from arraysim.programming.write_verify import write_verify
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.settings import ArraySettings
from arraysim.torch import recurrent
from arraysim.torch.array_module import ArrayModule
from arraysim.torch.cells import chips_of, number
from arraysim.torch.chip import Chip
from arraysim.torch.layers import ArrayConv1d, ArrayConv2d, ArrayLinear
from dwcore.errors import InputError, nearest

QUANTILE = 0.995
"""Share of the weights of a layer up to which its range reaches; larger ones are cut to it."""
_VERIFY = 3  # stream of the read noise of write-verify

_NORMAL = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.PReLU)
_WHOLE = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
_CONVOLUTION = ["in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "padding_mode"]
_HOOKS = "_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"
_SEQUENCE = ["input_size", "hidden_size", "num_layers", "batch_first", "dropout", "bidirectional"]
_CELL = ["input_size", "hidden_size"]

_PAIRS: dict[type, tuple[type, list[str]]] = {
    nn.Linear: (ArrayLinear, ["in_features", "out_features"]),
    nn.Conv1d: (ArrayConv1d, _CONVOLUTION),
    nn.Conv2d: (ArrayConv2d, _CONVOLUTION),
    nn.RNNCell: (recurrent.ArrayRNNCell, [*_CELL, "nonlinearity"]),
    nn.LSTMCell: (recurrent.ArrayLSTMCell, _CELL),
    nn.GRUCell: (recurrent.ArrayGRUCell, _CELL),
    nn.RNN: (recurrent.ArrayRNN, [*_SEQUENCE, "nonlinearity"]),
    nn.LSTM: (recurrent.ArrayLSTM, _SEQUENCE),
    nn.GRU: (recurrent.ArrayGRU, _SEQUENCE),
}
"""Layer of torch -> layer of arrays, and the attributes that are arguments of both."""
PLAIN_LAYERS = nn.Linear, nn.Conv1d, nn.Conv2d
"""Those whose weights are one parameter."""


def convert(
    model: nn.Module,
    law: PulseLaw,
    *,
    periphery: Periphery | None = None,
    keep: Iterable[str] = (),
    seed: int = 0,
    settings: ArraySettings | None = None,
    program: WriteVerifyConfig | bool | None = True,
    quantile: float = QUANTILE,
    error_bits: int = 0,
) -> nn.Module:
    """Return a copy of a model with its layers in arrays; the model itself stays as it is.

    Args:
        model: of PyTorch.
        law: what the two pulses, up and down, do to the synapses.
        periphery: read path of every array; None multiplies exactly.
        keep: names of layers that stay digital, with all that is in them.
        seed: of all devices, reads and pulses [1].
        settings: kind of weights, spread and faults of the devices; default pairs without any.
        program: write the weights of the model by write-verify, True as ``WriteVerifyConfig()`` says; False leaves
            arrays with fresh weights, to be trained.
        quantile: share of the weights of a layer up to which its range reaches; larger ones are cut to it [1].
        error_bits: of the errors sent backward; 0 keeps floating point.

    Returns:
        The converted model; each array's ``chip.programmed`` says how writing it went.

    Raises:
        InputError: names the layers that no array can take.
    """
    if not 0 < quantile <= 1:
        raise InputError(f"quantile = {quantile} [1] must be > 0 and <= 1")
    chosen = layers_for_arrays(model, list(keep))
    config = program if isinstance(program, WriteVerifyConfig) else WriteVerifyConfig() if program else None
    array: dict = {"law": law, "settings": settings, "seed": seed, "error_bits": error_bits}
    if config is not None:
        array["initial_share"] = 0.0
    wanted = [weights for name, old in chosen.items() for weights in _finite(name, matrices(old))]
    made = {id(old): _array_of(old, array) for old in chosen.values()}
    copied: dict = dict(made)
    new = copy.deepcopy(model, copied)
    _check_copy(new, copied)
    chips = [chip for layer in made.values() for chip in chips_of(layer)]
    for place, (chip, weights) in enumerate(zip(chips, wanted, strict=True)):
        if config is None:
            chip.redraw(place)
        else:
            _write(chip, place, weights, quantile, config, seed)
        chip.look_through(periphery)
    number(chips_of(new))
    return new


def to_torch(model: nn.Module) -> nn.Module:
    """Return a copy of a model with its arrays replaced by layers of torch that hold the weights as they are now."""
    arrays = {array: (plain, names) for plain, (array, names) in _PAIRS.items()}
    layers = {id(layer): layer for layer in model.modules() if type(layer) in arrays}
    return copy.deepcopy(model, {key: _plain(layer, *arrays[type(layer)]) for key, layer in layers.items()})


def arguments_of(kind: type) -> list[str]:
    """Return the attributes of a layer of torch that are arguments of it, the bias apart."""
    return _PAIRS[kind][1]


def layers_for_arrays(model: nn.Module, keep: list[str]) -> dict[str, nn.Module]:
    """Return the layers that become arrays, each once, by name in the order of the model.

    Raises:
        InputError: a name to keep is that of no layer, a layer cannot be taken, or there is none to take.
    """
    names, parameters = dict(model.named_modules()), dict(model.named_parameters())
    for name in keep:
        if name not in names and name not in parameters:
            raise InputError(f'keep: the model has no layer "{name}"{nearest(name, [n for n in names if n])}')
    for name, layer in names.items():
        if isinstance(vars(layer).get("forward"), types.FunctionType) and not hasattr(layer, "_orig_mod"):
            where = f'layer "{name}"' if name else "the model"
            raise InputError(
                f"{where} has a forward that is no method, so a copy would run this very model; use a class"
            )
    passed = {id(part) for name in keep if name in names for part in names[name].modules()}
    chosen, refused = {}, []
    for name, layer in names.items():
        if id(layer) in passed:
            continue
        if parametrize.is_parametrized(layer):
            kind = parametrize.type_before_parametrizations(layer).__name__
            refused.append(f'"{name}" (parametrized {kind}; of a model that learned for devices give plain(model))')
            passed |= {id(part) for part in layer.modules()}
        elif type(layer) in _PAIRS and not (fault := _fault(layer)):
            chosen[name] = layer
        elif type(layer) in _PAIRS or isinstance(layer, (*_WHOLE, ArrayModule)):
            refused.append(f'"{name}" ({fault if type(layer) in _PAIRS else type(layer).__name__})')
            passed |= {id(part) for part in layer.modules()}
        elif _is_quantized(layer):
            refused.append(f'"{name}" ({type(layer).__name__} of integers)')
            passed |= {id(part) for part in layer.modules()}
        elif not isinstance(layer, _NORMAL):
            own = (f"{name}.{parameter}".lstrip(".") for parameter, _ in layer.named_parameters(recurse=False))
            refused += [f'"{parameter}" of {type(layer).__name__}' for parameter in own if parameter not in keep]
    refused += _tied(names, chosen)
    if refused:
        raise InputError(f"no array can take {', '.join(refused)}; name in keep what is to stay digital")
    if not chosen:
        raise InputError("the model has no layer that an array can take")
    return chosen


def _fault(layer: nn.Module) -> str | None:
    """Say why a layer of a kind that arrays can take is not like others of its kind."""
    kind, own = type(layer).__name__, dict(layer.named_parameters(recurse=False))
    if getattr(layer, "proj_size", 0):
        return f"{kind} with a projection"
    if any(parameter.is_meta for parameter in own.values()):
        return f"{kind} on the meta device, which holds no numbers"
    if any(parameter.is_complex() for parameter in own.values()):
        return f"{kind} of complex numbers"
    hooked = any(getattr(layer, name) for name in _HOOKS) or any(
        parameter._backward_hooks or parameter._post_accumulate_grad_hooks for parameter in own.values()
    )
    if hooked or any(name.endswith(("_g", "_v", "_orig")) for name in own):
        return f"{kind} with hooks"
    if "forward" in vars(layer):
        return f"{kind} with a forward of its own"
    if any(b is not None and w.requires_grad != b.requires_grad for w, b in _pairs(layer)):
        return f"{kind} with a frozen {'bias' if _pairs(layer)[0][0].requires_grad else 'weight'} only"
    return None


def _tied(names: dict[str, nn.Module], chosen: dict[str, nn.Module]) -> list[str]:
    """Name the layers for arrays that share weights, whole or as views, with another layer, also one that is kept."""
    holders: dict[int, list[str]] = {}
    for name, layer in names.items():
        for parameter in layer.parameters(recurse=False):
            if not (nn.parameter.is_lazy(parameter) or parameter.is_meta) and parameter.numel():
                holders.setdefault(parameter.data_ptr(), []).append(name)
    shared = {name: other for held in holders.values() for name in held for other in held if other != name}
    return [f'"{name}" (shares its weights with "{shared[name]}")' for name in chosen if name in shared]


def _is_quantized(layer: Any) -> bool:
    """Whether a layer of torch keeps its weights as integers, which are no parameters."""
    own = type(layer).__module__.startswith("torch.") and ".quantized" in type(layer).__module__
    return own and any(callable(getattr(layer, name, None)) for name in ("weight", "get_weight"))


def _check_copy(new: nn.Module, copied: dict) -> None:
    """Refuse a model with layers that it does not list, which the copy would go on using as numbers."""
    listed = {id(parameter) for parameter in new.parameters()}
    for part in copied.values():
        if isinstance(part, nn.Parameter) and id(part) not in listed:
            raise InputError(
                f"the model holds weights that it does not list, such as one of shape {tuple(part.shape)}; "
                "put layers into a ModuleList or ModuleDict, not into a list or dict"
            )


def _array_of(old: nn.Module, array: dict) -> nn.Module:
    """Return fresh arrays in the place of a layer of torch."""
    kind, names = _PAIRS[type(old)]
    given = {name: getattr(old, name) for name in names}
    bias = old.bias if isinstance(old.bias, bool) else old.bias is not None
    new = kind(**given, bias=bias, **array).train(old.training)
    for chip, (weight, _) in zip(chips_of(new), _pairs(old), strict=True):
        chip.cells.requires_grad_(weight.requires_grad)
    return new


def _write(chip: Chip, place: int, weights: np.ndarray, quantile: float, config: WriteVerifyConfig, seed: int) -> None:
    """Give an array its number and the range that the weights need, and write them."""
    largest = float(np.quantile(np.abs(weights), quantile))
    chip.redraw(place, largest if largest > 0 else None)
    chip.weights.clear()
    chip.programmed = write_verify(chip.weights, weights, seed=(seed, _VERIFY, place), config=config)
    chip.written()


def _finite(name: str, weights: list[np.ndarray]) -> list[np.ndarray]:
    for values in weights:
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise InputError(f'layer "{name}": the weight of row {row}, column {column} is {values[row, column]}')
    return weights


def matrices(layer: Any) -> list[np.ndarray]:
    """Return the weights of a layer of torch as its arrays hold them, each (rows, columns)."""
    return [_stacked(_rows(weight), bias) for weight, bias in _pairs(layer)]


def _pairs(layer: Any) -> list[tuple[torch.Tensor, torch.Tensor | None]]:
    """Return weight and bias of a layer of torch for each of its arrays."""
    if not isinstance(layer, nn.RNNBase | nn.RNNCellBase):
        return [(layer.weight, layer.bias)]
    ends = [name.removeprefix("weight_ih") for name, _ in layer.named_parameters() if name.startswith("weight_ih")]
    both = [(f"weight_{side}{end}", f"bias_{side}{end}") for end in ends for side in ("ih", "hh")]
    return [(getattr(layer, w), getattr(layer, b) if layer.bias else None) for w, b in both]


def _rows(weight: torch.Tensor) -> torch.Tensor:
    """Return weights of torch in the layout of an array; kernels are unrolled by (row, column, input channel)."""
    if weight.dim() == 2:
        return weight.T
    weight = weight[:, :, None] if weight.dim() == 3 else weight
    return weight.permute(2, 3, 1, 0).reshape(-1, len(weight))


def _stacked(weight: torch.Tensor, bias: torch.Tensor | None) -> np.ndarray:
    rows = weight if bias is None else torch.cat([weight, bias[None]])
    return np.ascontiguousarray(rows.detach().cpu().float().numpy())


def _plain(old: nn.Module, plain: type, names: list[str]) -> nn.Module:
    """Return a layer of torch that holds the weights of arrays."""
    given = {name: getattr(old, name) for name in names}
    if isinstance(old, ArrayConv1d | ArrayConv2d):
        dims = old._dimensions
        given |= {name: given[name][-dims:] for name in ("kernel_size", "stride", "dilation")}
        given["padding"] = old.given_padding
    bias = old.bias if hasattr(old, "bias") else old._bias
    new = plain(**given, bias=bias)
    with torch.no_grad():
        for (weight, shift), chip in zip(_pairs(new), chips_of(old), strict=True):
            values = torch.from_numpy(chip.weights.values)
            inner = values if shift is None else values[:-1]
            if weight.dim() > 2:
                inner = inner.view(*weight.shape[2:], weight.shape[1], weight.shape[0]).movedim((-1, -2), (0, 1))
                weight.copy_(inner)
            else:
                weight.copy_(inner.T)
            weight.requires_grad_(chip.cells.requires_grad)
            if shift is not None:
                shift.copy_(values[-1]).requires_grad_(chip.cells.requires_grad)
    return new.train(old.training)
