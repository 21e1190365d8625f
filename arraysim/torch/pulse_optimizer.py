"""The optimizer of PyTorch that writes arrays by pulses, and digital parameters beside them by descent (extra `torch`)."""

import json
import math
from collections.abc import Iterable

import numpy as np
import torch

from arraysim.rules.registry import RULES, make_rule, rule_settings
from arraysim.rules.rule import Rule
from arraysim.synapses.weights import PulsedWeights
from arraysim.torch.cells import Cells, chips_of, number
from arraysim.torch.chip import Chip
from dwcore.errors import InputError, nearest

CHANGED = 1e-3
"""Relative difference from which a gradient is no longer that of the signals."""


class PulseOptimizer(torch.optim.Optimizer):
    """Writes the arrays of a model by an update rule, and digital parameters by descent with momentum.

    Groups of parameters may each have their ``lr`` (learning rate, as schedulers call it), ``rule`` and ``settings``. A step
    uses gradients up: what was sent is sent, with or without ``zero_grad``. Gradients are those of the loss that was sent
    backward; a mean over the batch, as usual.
    """

    def __init__(
        self,
        params: torch.nn.Module | Iterable,
        *,
        rate: float | None = None,
        rule: str = "mixed-precision",
        settings: dict | None = None,
        momentum: float = 0.0,
        seed: int = 0,
    ):
        """Number the arrays and make a rule for each.

        Args:
            params: a model, of which the arrays are taken and digital parameters left to another optimizer; or
                parameters, or groups of them, arrays and digital ones.
            rate: learning rate of groups without one; None takes the default of the rule [1].
            rule: name of the update rule of groups without one.
            settings: what the rule can be told (``rule_settings``), such as the threshold of its accumulators.
            momentum: of the digital parameters; arrays have none [1].
            seed: of rules that draw [1].

        Raises:
            InputError: no such rule, a setting outside its range, or nothing that pulses can write.
        """
        self._rules: dict[Cells, tuple[Rule, PulsedWeights]] = {}
        self._seed = seed
        if isinstance(params, torch.nn.Module):
            params = [chip.cells for chip in chips_of(params) if chip.pulsed]
        groups = list(params)
        groups = [dict(group) for group in groups] if groups and isinstance(groups[0], dict) else [{"params": groups}]
        for group in groups:
            given = group["params"]
            group["params"] = [given] if isinstance(given, torch.Tensor) else list(given)
        chips = [chip for group in groups for p in group["params"] if (chip := _chip(p)) is not None]
        if not chips:
            raise InputError("the model has no weights that pulses can write; use ArrayLinear, ArrayConv2d or convert")
        number(chips)
        defaults = {"lr": rate, "rule": rule, "settings": settings or {}, "momentum": momentum}
        super().__init__(groups, defaults)

    @property
    def rate(self) -> float:
        """Learning rate of the first group [1]."""
        return self.param_groups[0]["lr"]

    @rate.setter
    def rate(self, rate: float) -> None:
        self.param_groups[0]["lr"] = rate

    def add_param_group(self, param_group: dict) -> None:
        """Add parameters with settings of their own.

        Raises:
            InputError: an unknown setting, or one outside its range.
        """
        known = {"params", "param_names", "initial_lr", *self.defaults}
        for name in param_group:
            if name not in known:
                raise InputError(f'parameter group: unknown setting "{name}"{nearest(name, known)}')
        group = {**self.defaults, **param_group}
        told = rule_settings(group["rule"])
        for name in group["settings"]:
            if name not in told:
                raise InputError(f'rule "{group["rule"]}" has no setting "{name}"{nearest(name, told)}')
        if group["lr"] is None:
            group["lr"] = RULES[group["rule"]].rate
        _check_group(group)
        super().add_param_group(group)
        group = self.param_groups[-1]
        for cells in group["params"]:
            if _chip(cells) is not None:
                self._bind(cells, group, len(self._rules))

    @torch.no_grad()
    def step(self, closure=None):
        """Send the pulses that the gradients ask for, and descend with the digital parameters.

        Args:
            closure: computes the loss anew, if given.

        Returns:
            What the closure returned.

        Raises:
            InputError: a gradient is not finite, or is no longer that of the passes; nothing is changed then.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        due = [(p, p.grad, group) for group in self.param_groups for p in group["params"] if p.grad is not None]
        for p, gradient, group in due:
            _check_group(group)
            if p in self._rules:
                self._check(p, gradient)
            elif not torch.isfinite(gradient.coalesce().values() if gradient.is_sparse else gradient).all():
                raise InputError(
                    f"a digital parameter of shape {tuple(p.shape)} has a gradient that is not finite; no pulse was sent: "
                    "look for such values in the batch"
                )
        for p, gradient, group in due:
            if p in self._rules:
                self._pulse(p, gradient, float(group["lr"]))
            else:
                self._descend(p, gradient, float(group["lr"]), group["momentum"])
            p.grad = None
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, and what drove the arrays."""
        super().zero_grad(set_to_none)
        for cells in self._rules:
            cells.chip.forget()

    def state_dict(self) -> dict:
        """Return a copy of what the rules remember, beside what every optimizer returns; the model holds the arrays."""
        rules = [
            {name: torch.from_numpy(v) for name, v in rule.checkpoint().items()} for rule, _ in self._rules.values()
        ]
        return super().state_dict() | {"rules": rules}

    def __getstate__(self) -> dict:
        raise InputError(
            "a PulseOptimizer is not copied or pickled: make one for the copy of the model, and give it the state_dict"
        )

    def load_state_dict(self, state_dict: dict) -> None:
        """Go back to a state of an optimizer built alike; with that of the model what follows is the same bit for bit.

        Raises:
            InputError: it belongs to another model.
        """
        rules, groups = state_dict.get("rules", []), state_dict["param_groups"]
        if len(rules) != len(self._rules):
            raise InputError(f"state of {len(rules)} arrays given to an optimizer of {len(self._rules)}")
        for own, saved in zip(self.param_groups, groups, strict=False):
            for name in ("rule", "settings"):
                if own[name] != saved.get(name):
                    mine, its = (json.dumps(one, default=str) for one in (own[name], saved.get(name)))
                    raise InputError(f"state of the {name} {its} given to an optimizer with {mine}")
        super().load_state_dict({name: part for name, part in state_dict.items() if name != "rules"})
        for place, (cells, saved) in enumerate(zip(self._rules, rules, strict=True)):
            rule, weights = self._rules[cells]
            if weights is not cells.chip.weights:  # what the rule holds of its own is made of the devices
                group = next(one for one in self.param_groups if any(p is cells for p in one["params"]))
                rule = self._bind(cells, group, place)
            rule.restore({name: values.numpy() for name, values in saved.items()})

    def _bind(self, cells: Cells, group: dict, place: int) -> Rule:
        """Make the rule of an array."""
        weights = cells.chip.weights
        rule = make_rule(group["rule"], weights, seed=(self._seed, place), **group["settings"])
        cells.chip.keeps_signals = type(rule).update is not Rule.update
        self._rules[cells] = rule, weights
        return rule

    def _check(self, cells: Cells, gradient: torch.Tensor) -> None:
        """Refuse what cannot be written, before anything is."""
        chip, (rule, weights) = cells.chip, self._rules[cells]
        chip.check()
        # A sum is quick, and finite only if all values are.
        if not math.isfinite(gradient.sum().item()) and (wrong := ~torch.isfinite(gradient)).any():
            row, column = wrong.nonzero()[0].tolist()
            raise InputError(
                f"{chip.name}: the gradient is {gradient[row, column].item()} at row {row}, column {column} "
                f"({int(wrong.sum())} of {wrong.numel()}); no pulse was sent: look for such values in the batch"
            )
        if weights is not chip.weights and (rule.arrays or weights.mean_step != chip.weights.mean_step):
            raise InputError(
                f"{chip.name}: has other devices than the optimizer was made for; load its state after that of the "
                "model, or make it anew"
            )
        if chip.keeps_signals and not _same(gradient.numpy(), chip.signals):
            raise InputError(
                f"{chip.name}: its gradient is not that of its passes (clipped, scaled, or sent backward before the "
                "optimizer was made), but this rule writes what drove rows and columns; use the rule mixed-precision"
            )

    def _pulse(self, cells: Cells, gradient: torch.Tensor, rate: float) -> None:
        chip, (rule, _) = cells.chip, self._rules[cells]
        if chip.keeps_signals:
            inputs, errors = (np.concatenate(signals) for signals in zip(*chip.signals, strict=True))
            rule.update(chip.weights, inputs, errors, rate)
        else:
            rule.write(chip.weights, gradient.numpy(), rate)
        chip.forget()
        chip.written()

    def _descend(self, p: torch.Tensor, step: torch.Tensor, rate: float, momentum: float) -> None:
        if momentum:
            state = self.state[p]
            state["momentum_buffer"] = step = momentum * state.get("momentum_buffer", 0.0) + step
        p.sub_(step, alpha=rate)


def _chip(p: torch.Tensor) -> Chip | None:
    """Return the array behind a parameter that only pulses may change."""
    return p.chip if isinstance(p, Cells) and p.chip.pulsed else None


def _check_group(group: dict) -> None:
    rate, momentum = float(group["lr"]), group["momentum"]
    if not 0 <= rate < math.inf:
        raise InputError(f"rate = {rate:g} [1] must be >= 0 and finite")
    if not 0 <= momentum < 1:
        raise InputError(f"momentum = {momentum:g} [1] must be >= 0 and < 1")


def _same(gradient: np.ndarray, signals: list) -> bool:
    """Whether a gradient is the sum of the products of signals."""
    expected = sum((inputs.T @ errors for inputs, errors in signals), np.zeros_like(gradient))
    return bool(np.linalg.norm(gradient - expected) <= CHANGED * np.linalg.norm(expected))
