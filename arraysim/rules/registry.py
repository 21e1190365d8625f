"""The update rules by name, and how fast each learns; the modules of the rules are imported when one is made.

A rule sees what a chip could know: gradients, the mean step of a pulse and its own digital memory. It returns which
weights get a pulse, never a value to write.
"""

import importlib
import inspect
from typing import TYPE_CHECKING, NamedTuple

from dwcore.arguments import checked
from dwcore.errors import InputError, nearest

if TYPE_CHECKING:
    from arraysim.rules.rule import Rule
    from arraysim.synapses.weights import PulsedWeights


class RuleEntry(NamedTuple):
    """Where the class of a rule is, and what goes with it.

    Attributes:
        place: module in this folder and class, such as "sign_rule:SignRule".
        rate: learning rate at the start, the best found for the shipped digits on seeds 100 and up [1].
    """

    place: str
    rate: float


RULES = {
    "mixed-precision": RuleEntry("mixed_precision:MixedPrecision", 1.0),
    "stochastic-pulses": RuleEntry("stochastic_pulses:StochasticPulses", 0.3),
    "sign": RuleEntry("sign_rule:SignRule", 0.01),
    "tiki-taka": RuleEntry("tiki_taka:TikiTaka", 1.0),
}


@checked
def make_rule(
    name: str, weights: "PulsedWeights", *, seed: tuple[int, ...], threshold: float = 1.0, **settings
) -> "Rule":
    """Return the rule for one layer.

    Args:
        name: one of ``RULES``.
        weights: of the layer; the rule learns their shape and the mean step of a pulse.
        seed: of rules that draw [1].
        threshold: of rules with accumulators, over the mean step of a pulse [1].
        settings: what else the rule can be told, see ``rule_settings``.

    Raises:
        InputError: there is no such rule, or it has no such setting.
    """
    known = rule_settings(name)
    for key in settings:
        if key not in known:
            raise InputError(f'rule "{name}" has no setting "{key}"{nearest(key, known)}')
    return _rule(name).for_layer(weights, seed=seed, threshold=threshold, **settings)


def rule_settings(name: str) -> list[str]:
    """Return the names of what a rule can be told, as its class documents them.

    Raises:
        InputError: there is no such rule.
    """
    parameters = inspect.signature(_rule(name)).parameters.values()
    return [one.name for one in parameters if one.kind is one.KEYWORD_ONLY and one.name != "seed"]


def _rule(name: str) -> "type[Rule]":
    if name not in RULES:
        raise InputError(f'rule "{name}" is unknown{nearest(name, RULES)}')
    module, kind = RULES[name].place.split(":")
    return getattr(importlib.import_module(f"arraysim.rules.{module}"), kind)
