"""The update rules by name, and what they need besides the layer.

A rule sees what a chip could know: gradients, the mean step of a pulse and its own digital memory. It returns which
weights get a pulse, never a value to write.
"""

from typing import Protocol

import numpy as np

from arraysim.rules.mixed_precision import MixedPrecision
from arraysim.rules.sign_rule import SignRule
from arraysim.rules.stochastic_pulses import StochasticPulses
from llg.errors import InputError, nearest

# Learning rate at the start, the best found for the shipped digits on seeds 100 and up.
DEFAULT_RATE = {"mixed-precision": 0.05, "stochastic-pulses": 0.3, "sign": 0.01}


class Rule(Protocol):
    """What training asks of a rule."""

    def directions(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return the pulse to send to each weight: +1, -1 or 0."""


def check_rule(name: str) -> None:
    """Check that there is a rule of this name.

    Raises:
        InputError: there is none.
    """
    if name not in DEFAULT_RATE:
        raise InputError(f'rule "{name}" is unknown{nearest(name, DEFAULT_RATE)}')


def make_rule(name: str, shape: tuple[int, int], mean_step: float, *, momentum: float, seed: tuple[int, ...]) -> Rule:
    """Return the rule for one layer.

    Args:
        name: one of ``DEFAULT_RATE``.
        shape: (rows, columns).
        mean_step: mean weight change by a pulse [1].
        momentum: of rules with a digital memory [1].
        seed: of rules that draw [1].

    Raises:
        InputError: there is no such rule.
    """
    check_rule(name)
    if name == "mixed-precision":
        return MixedPrecision(shape, mean_step, momentum=momentum)
    if name == "stochastic-pulses":
        return StochasticPulses(shape, mean_step, seed=seed)
    return SignRule(shape, seed=seed)
