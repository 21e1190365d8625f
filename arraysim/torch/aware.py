"""Training of a float network of PyTorch for the devices it will be written to (extra `torch`).

Each pass sees the weights that devices can hold: cut to their range, on their levels, with their noise drawn anew, and
inputs and outputs in the bits of the converters. The gradient is passed on as if nothing had been done, so the weights
that learn stay continuous. What was learned is then written by ``convert``.

References:
    Y. Bengio, N. Leonard and A. Courville, arXiv:1308.3432 (2013), for the gradient that is passed on.
    V. Joshi et al., Nat. Commun. 11, 2473 (2020), doi:10.1038/s41467-020-16108-9, for noise on weights in training.
"""

import copy
from collections.abc import Iterable
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from arraysim.periphery.config import Periphery
from arraysim.periphery.read_path import FORGET
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.settings import ArraySettings
from arraysim.torch.conversion import PLAIN_LAYERS, QUANTILE, arguments_of, layers_for_arrays
from dwcore.errors import InputError

_SCORES = [NormalDist().inv_cdf((j + 0.5) / 32) for j in range(32)]  # stand for a normal deviation in a mean
_MOMENTUM = 0.05  # of the ranges of outputs, which follow the batches of training


def aware(
    model: nn.Module,
    law: PulseLaw,
    *,
    settings: ArraySettings | None = None,
    periphery: Periphery | None = None,
    keep: Iterable[str] = (),
    noise: float | None = None,
    quantile: float = QUANTILE,
) -> nn.Module:
    """Return a copy of a model whose passes see the weights that devices can hold; train it by any optimizer of torch.

    Args:
        model: of PyTorch; linear layers and convolutions are taken, recurrent ones must be kept.
        law: of the synapses that it will be written to.
        settings: kind of weights and spread of their devices, as for ``convert``; default pairs without any.
        periphery: whose bits of inputs and outputs, and full scale of the inputs, the passes see; None sees none.
        keep: names of layers that stay as they are.
        noise: standard deviation of a weight about its level over the largest of its layer, drawn anew in each pass of
            training; None takes what write-verify leaves of the spreads of law and settings [1].
        quantile: share of the weights of a layer up to which its range reaches, as for ``convert`` [1].

    Raises:
        InputError: a layer that cannot be taken, or noise below zero.
    """
    settings = ArraySettings() if settings is None else settings
    levels = torch.from_numpy(weight_levels(law, settings).astype(np.float32))
    spread = device_noise(law, settings)
    if noise is not None and not (np.isfinite(noise) and noise >= 0):
        raise InputError(f"noise = {noise} [1] must be >= 0 and finite")
    new = copy.deepcopy(model)
    layer: Any
    for layer in layers_for_arrays(new, list(keep)).values():
        if not isinstance(layer, PLAIN_LAYERS):
            raise InputError(f"{type(layer).__name__}: only linear layers and convolutions learn for devices; keep it")
        held = _Held(levels, spread, noise, quantile)
        parametrize.register_parametrization(layer, "weight", held)
        if layer.bias is not None:
            parametrize.register_parametrization(layer, "bias", held)
        if periphery is not None:
            layer.converters = _Converters(periphery, with_bias=layer.bias is not None)
            layer.register_forward_pre_hook(_enter, with_kwargs=True)
            layer.register_forward_hook(_leave)
    return new


def plain(model: nn.Module) -> nn.Module:
    """Return a copy of a model that learned for devices, as layers of torch with the weights that devices can hold."""
    layers = [layer for layer in model.modules() if parametrize.is_parametrized(layer, "weight")]
    return copy.deepcopy(model, {id(layer): _held_layer(layer) for layer in layers if _is_held(layer)})


def _is_held(layer: Any) -> bool:
    return isinstance(layer.parametrizations["weight"][0], _Held)


def _held_layer(old: Any) -> nn.Module:
    """Return a layer of torch with the weights of one that learned, without their noise."""
    kind: Any = parametrize.type_before_parametrizations(old)
    new = kind(**{name: getattr(old, name) for name in arguments_of(kind)}, bias=old.bias is not None)
    training = old.training
    old.eval()
    with torch.no_grad():
        new.weight.copy_(old.weight)
        if old.bias is not None:
            new.bias.copy_(old.bias)
    old.train(training)
    for name, parameter in new.named_parameters():
        parameter.requires_grad_(old.parametrizations[name].original.requires_grad)
    return new.train(training)


def weight_levels(law: PulseLaw, settings: ArraySettings) -> np.ndarray:
    """Return the weights that nominal devices can hold, ascending, from -1 to 1 over the largest [1]."""
    share = (law.conductance - law.conductance.min()) / np.ptp(law.conductance)
    if settings.weights == "reference":
        return np.unique((2 * share - 1).round(6))
    pair = np.unique(np.subtract.outer(share, share).round(6))
    if settings.weights == "pair":
        return pair
    factors = float(settings.base) ** np.arange(settings.digits)
    found = np.zeros(1)
    for factor in factors / factors.sum():
        found = np.unique(np.add.outer(found, factor * pair).round(6))
    return found


def device_noise(law: PulseLaw, settings: ArraySettings) -> float:
    """Return the standard deviation of a weight by the spread of its devices, over the largest weight [1].

    Spreads from write to write and from device to device add in squares, over both devices of a pair.
    """
    square = np.mean(law.conductance_std_ctoc**2 + (settings.conductance_std_dtod * law.conductance) ** 2)
    if law.instance_conductance is not None:
        square += np.mean((law.instance_conductance - law.conductance) ** 2)
    devices, window = (1, 0.5) if settings.weights == "reference" else (2, 1.0)
    return float(np.sqrt(devices * square) / (window * np.ptp(law.conductance)))


class _Held(nn.Module):
    """Weights as devices hold them; the bias of a layer has the range of its weights.

    The spread of the devices moves the levels of a weight by x, normal with the deviation s of ``device_noise``. Writing
    and reading in turns ends at the level nearest to the target w. So a weight is off by

        r = d + x - q round((d + x) / q),  d = Q(w) - w,

    where Q(w) is the nearest of the nominal levels and q their distance there: without spread it is Q(w), with s >> q it
    is w and an even error of q**2 / 12. In evaluation r has its mean. A given noise is added to Q(w) instead.
    """

    levels: torch.Tensor
    borders: torch.Tensor
    distance: torch.Tensor
    largest: torch.Tensor

    def __init__(self, levels: torch.Tensor, spread: float, noise: float | None, quantile: float):
        super().__init__()
        borders = (levels[1:] + levels[:-1]) / 2
        self.register_buffer("levels", levels)
        self.register_buffer("borders", borders)
        ends = levels[1:2] - levels[:1], levels[-1:] - levels[-2:-1]
        self.register_buffer("distance", torch.cat([ends[0], borders.diff(), ends[1]]))
        self.register_buffer("largest", torch.ones(()))
        self.spread, self.noise, self.quantile = spread, noise, quantile

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """Return the value as it is held; the gradient is that of the value."""
        with torch.no_grad():
            if value.dim() > 1:
                size = value.abs().flatten().float()
                self.largest = _quantile(size, self.quantile).clamp_min(1e-12)
            change = self.largest * self._written((value / self.largest).clamp(self.levels[0], self.levels[-1])) - value
        return value + change

    def _written(self, share: torch.Tensor) -> torch.Tensor:
        """Return what is held where a share of the largest weight is wanted."""
        nearest = torch.bucketize(share, self.borders)
        level = self.levels[nearest]
        if self.noise is not None:
            return level + self.noise * torch.randn_like(level) if self.training and self.noise else level
        if not self.spread:
            return level
        off, distance = level - share, self.distance[nearest]
        drawn = [torch.randn_like(share)] if self.training else _SCORES
        left = [off + self.spread * z for z in drawn]
        return share + sum(x - distance * torch.round(x / distance) for x in left) / len(left)


class _Converters(nn.Module):
    """Bits of the inputs and outputs of a layer, in ranges that follow the data in training only.

    Inputs are converted as those of a chip: their range is the largest seen, which is slowly forgotten, and reaches the 1
    that drives the row of a bias; a sign takes a bit once one was seen. The range of outputs follows the batches.
    """

    range: torch.Tensor
    signed: torch.Tensor

    def __init__(self, periphery: Periphery, *, with_bias: bool):
        super().__init__()
        self.bits = periphery.dac.bits, periphery.adc.bits
        self._least, self._given = float(with_bias), periphery.dac.full_scale
        self.register_buffer("range", torch.zeros(2))
        self.register_buffer("signed", torch.tensor([False, True]))

    def entered(self, input: torch.Tensor) -> torch.Tensor:
        """Return inputs in the bits of their converter; the gradient is passed on."""
        if not self.bits[0]:
            return input
        if self.training or not self.range[0] > 0:
            seen, self.signed[0] = _largest(input).clamp_min(self._least), self.signed[0] | (input.detach() < 0).any()
            self.range[0] = torch.maximum(seen, FORGET * self.range[0]) if self._given is None else self._given
        return self._rounded(input, 0)

    def left(self, value: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """Return outputs in the bits of theirs, with a bias that was driven by a 1 in the bits of the inputs."""
        if bias is not None and self.bits[0]:
            value = value + (self._rounded(value.new_ones(()), 0) - 1) * bias
        if not self.bits[1]:
            return value
        if self.training or not self.range[1] > 0:
            seen = _largest(value)
            self.range[1] = torch.lerp(self.range[1], seen, _MOMENTUM) if self.range[1] > 0 else seen
        return self._rounded(value, 1)

    def _rounded(self, value: torch.Tensor, side: int) -> torch.Tensor:
        with torch.no_grad():
            limit = self.range[side].clamp_min(1e-12)
            step = limit / (2 ** (self.bits[side] - int(self.signed[side])) - 1 or 1)
            change = torch.round(value.clamp(-limit, limit) / step) * step - value
        return value + change


def _largest(value: torch.Tensor) -> torch.Tensor:
    return value.detach().abs().max()


def _enter(layer, inputs, named):
    return (layer.converters.entered(*inputs, **named),), {}


def _leave(layer, inputs, output):
    bias = layer.bias
    if bias is not None and not isinstance(layer, nn.Linear):
        bias = bias.view(-1, *(1,) * (layer.weight.dim() - 2))
    return layer.converters.left(output, bias)


def _quantile(values: torch.Tensor, share: float) -> torch.Tensor:
    """Return a quantile as numpy takes it, between two values in proportion; torch's own refuses large layers."""
    place = share * (values.numel() - 1)
    below = int(place)
    low = values.kthvalue(below + 1).values
    return low if below == place else low + (place - below) * (values.kthvalue(below + 2).values - low)
