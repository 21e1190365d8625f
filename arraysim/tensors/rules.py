"""Update rules on tensors, as those of ``arraysim.rules`` to the bit: from a gradient to the pulses that weights get."""

from typing import Protocol

import numpy as np
import torch

from arraysim.rules.mixed_precision import MixedPrecision
from arraysim.rules.rule import Rule
from arraysim.rules.sign_rule import SignRule
from arraysim.tensors.counter import counters, step_bits, upper
from arraysim.tensors.mirror import Mirror
from arraysim.tensors.weights import TensorWeights


class TensorRule(Protocol):
    """The rule for one layer."""

    def write(self, weights: TensorWeights, gradient: torch.Tensor, rate: float) -> None:
        """Send the pulses for one batch, of which the gradient of the loss is given, shape (rows, columns), float32."""


class TensorMixedPrecision:
    """Digital accumulators, which send a pulse at a threshold and keep the rest.

    Attributes:
        accumulator: change not yet sent, shape (rows, columns), float32 [1].
    """

    def __init__(self, rule: MixedPrecision, mirror: Mirror):
        self.accumulator = mirror.of(rule.accumulator)
        self._step, self._threshold = float(rule.step), float(rule.threshold)

    def write(self, weights: TensorWeights, gradient: torch.Tensor, rate: float) -> None:
        """Add the wanted change; take a step off what has come to the threshold, and send the pulse for it."""
        self.accumulator -= gradient * float(np.float32(rate))
        flat = self.accumulator.view(-1)
        weight = (flat.abs() >= self._threshold).nonzero().view(-1)
        sent = flat[weight]
        up = sent > 0
        flat[weight] = sent - torch.where(up, self._step, -self._step)
        weights.pulse(weight, up)


class TensorSignRule:
    """Each weight with a gradient has the same chance of one pulse against it."""

    def __init__(self, rule: SignRule, mirror: Mirror):
        self._rule = rule
        shape = rule.shape
        self._every = torch.arange(shape[0] * shape[1], device=mirror.device)

    def write(self, weights: TensorWeights, gradient: torch.Tensor, rate: float) -> None:
        """Draw the weights, and send their pulses."""
        threshold, batch = self._rule.take_batch(rate)
        bits = step_bits(self._rule.keys, counters(batch, self._every))
        slope = gradient.reshape(-1)
        weight = ((upper(bits, 32) < threshold) & (slope != 0)).nonzero().view(-1)
        weights.pulse(weight, ~(slope[weight] > 0))


TENSOR_RULES = {MixedPrecision: TensorMixedPrecision, SignRule: TensorSignRule}


def tensor_rule(rule: Rule, mirror: Mirror) -> TensorRule:
    """Return a rule as tensors; the rule of ``arraysim.rules`` keeps its memory.

    Args:
        rule: of a class in ``TENSOR_RULES``.
        mirror: keeps both together.
    """
    return TENSOR_RULES[type(rule)](rule, mirror)
