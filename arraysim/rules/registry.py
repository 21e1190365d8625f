"""The update rules by name, and what they need besides the layer.

A rule sees what a chip could know: gradients, the mean step of a pulse and its own digital memory. It returns which
weights get a pulse, never a value to write.
"""

from arraysim.rules.mixed_precision import MixedPrecision
from arraysim.rules.rule import Rule
from arraysim.rules.sign_rule import SignRule
from arraysim.rules.stochastic_pulses import StochasticPulses
from arraysim.rules.tiki_taka import TikiTaka
from arraysim.synapses.weights import PulsedWeights
from dwcore.errors import InputError, nearest

# Learning rate at the start, the best found for the shipped digits on seeds 100 and up.
DEFAULT_RATE = {"mixed-precision": 1.0, "stochastic-pulses": 0.3, "sign": 0.01, "tiki-taka": 1.0}


def check_rule(name: str) -> None:
    """Check that there is a rule of this name.

    Raises:
        InputError: there is none.
    """
    if name not in DEFAULT_RATE:
        raise InputError(f'rule "{name}" is unknown{nearest(name, DEFAULT_RATE)}')


def make_rule(name: str, weights: PulsedWeights, *, seed: tuple[int, ...], threshold: float = 1.0) -> Rule:
    """Return the rule for one layer.

    Args:
        name: one of ``DEFAULT_RATE``.
        weights: of the layer; the rule learns their shape and the mean step of a pulse.
        seed: of rules that draw [1].
        threshold: of rules with accumulators, over the mean step of a pulse [1].

    Raises:
        InputError: there is no such rule.
    """
    check_rule(name)
    shape, mean_step = weights.values.shape, weights.mean_step
    if name == "mixed-precision":
        return MixedPrecision(shape, mean_step, threshold=threshold, seed=seed)
    if name == "stochastic-pulses":
        return StochasticPulses(shape, mean_step, seed=seed)
    if name == "tiki-taka":
        return TikiTaka(weights, seed=seed)
    return SignRule(shape, seed=seed)
