"""A network on chip: layers of synapses written by an update rule, and what they went through.

Weights are read and written in arrays; activations, pooling, normalization and the loss are digital.
"""

import math
from collections.abc import Callable

import numpy as np

from arraysim.networks.crossbar_layers import CrossbarLayer, LinearLayer
from arraysim.networks.crossbars import ArrayLayer
from arraysim.networks.network import Network
from arraysim.periphery.reader import PeripheryReader
from arraysim.rules.registry import make_rule
from arraysim.rules.rule import Rule
from arraysim.synapses.memory import refill
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.weights import PulsedWeights
from arraysim.training.config import INITIAL, RULE, TrainingConfig
from arraysim.training.descent import Descent
from arraysim.training.hardware import record_of, totals_of
from arraysim.training.result import TOTALS, HardwareRecord
from dwcore.arguments import checked
from dwcore.errors import InputError


class Chip:
    """A network on chip and its update rule.

    Attributes:
        label: for progress and error messages.
        name: in files.
        network: the network; passes forward and backward use the same arrays.
    """

    label, name = "on chip", "chip"

    def __init__(
        self,
        law: PulseLaw,
        layers: list[ArrayLayer],
        *,
        input_shape,
        classes: int,
        seed: int,
        config: TrainingConfig,
        network: Callable[..., Network] = Network,
    ):
        """Make the arrays and set the first weights by pulses.

        Args:
            law: what the two pulses, up and down, do to the synapses.
            layers: crossbars of the network.
            input_shape: of one image.
            classes: number of classes [1].
            seed: root seed [1].
            config: network, rule and schedule.
            network: makes the network.

        Raises:
            InputError: the law does not fit.
        """
        self._digital_rate = config.float32_learning_rate
        self._rates = [config.rate * factor for factor in config.layer_rates or [1.0] * len(layers)]
        self._weights = [_weights(law, layer, number, seed, config) for number, layer in enumerate(layers)]
        self.network = network(
            config.network,
            self._weights,
            input_shape=input_shape,
            classes=classes,
            label_smoothing=config.label_smoothing,
            products=config.products,
        )
        self._rules = [
            make_rule(config.rule, weights, seed=(seed, RULE, number), threshold=config.pulse_threshold)
            for number, weights in enumerate(self._weights)
        ]
        self._descent = Descent(self.network.parameters, momentum=config.float32_momentum)
        self._history: dict[str, list] = {name: [] for name in TOTALS}

    def update(self, share: float) -> None:
        """Send the pulses that the rules ask for; train what is digital digitally.

        Args:
            share: of the first learning rates [1].
        """
        for layer, rule, rate in zip(self.network.crossbars, self._rules, self._rates, strict=True):
            update_by_rule(layer, rule, share * rate)
        self._descent.step(self.network.gradients, share * self._digital_rate)

    def calibrate(self, on: bool) -> None:
        """Say whether converters may fit their ranges to what they read; images to test with must not set them."""
        for weights in self._weights:
            if weights.reader is not None:
                weights.reader.adapt = on

    def end_epoch(self) -> dict:
        """Note and return the totals since the arrays were new."""
        totals = totals_of(self._weights, self._rules)
        for name, value in totals.items():
            self._history[name].append(value)
        return totals

    def record(self) -> HardwareRecord:
        """Return what happened to the synapses so far."""
        return record_of(self._weights, self.network, self._history)

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Return a copy of everything that training has changed."""
        saved = {name: values.copy() for name, values in self._digital().items()}
        for number, (weights, rule) in enumerate(zip(self._weights, self._rules, strict=True)):
            saved |= _prefixed(f"weights_{number}/", weights.checkpoint())
            saved |= _prefixed(f"rule_{number}/", rule.checkpoint())
            if weights.reader is not None:
                saved |= _prefixed(f"reader_{number}/", weights.reader.checkpoint())
        return saved | _prefixed("history/", {name: np.array(values) for name, values in self._history.items()})

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint of a chip built alike; what follows is the same bit for bit.

        Raises:
            InputError: it belongs to another chip.
        """
        for number, (weights, rule) in enumerate(zip(self._weights, self._rules, strict=True)):
            weights.restore(_part(f"weights_{number}/", saved))
            rule.restore(_part(f"rule_{number}/", saved))
            if weights.reader is not None:
                weights.reader.restore(_part(f"reader_{number}/", saved))
        refill(self._digital(), {name: values for name, values in saved.items() if "/" not in name}, "chip")
        history = _part("history/", saved)
        if history.keys() != self._history.keys():
            raise InputError("checkpoint of chip: lacks its history")
        self._history = {name: [_plain(value) for value in values] for name, values in history.items()}

    def _digital(self) -> dict[str, np.ndarray]:
        return self.network.memory() | {f"digital_{k}": v for k, v in self._descent.memory().items()}


@checked
def update_by_rule(layer: CrossbarLayer, rule: Rule, rate: float) -> None:
    """Hand the rule what it asks for; a convolution has its gradient already and holds its signals nowhere."""
    weights = layer.weights
    if not isinstance(weights, PulsedWeights):
        raise InputError(f"update_by_rule: weights of {type(weights).__name__} take no pulses, must be made of devices")
    if isinstance(layer, LinearLayer) or type(rule).update is not Rule.update:
        rule.update(weights, *layer.signals(), rate)
    else:
        weights.pulse(rule.directions(layer.gradient(), rate))


def _weights(law: PulseLaw, layer: ArrayLayer, number: int, seed: int, config: TrainingConfig) -> PulsedWeights:
    weights = config.make(
        law,
        rows=layer.rows,
        columns=layer.columns,
        largest_weight=(config.layer_ranges[number] if config.layer_ranges else 1.0)
        * config.weight_range
        / math.sqrt(layer.rows),
        seed=seed,
        number=number,
        reader=None if config.periphery is None else PeripheryReader(config.periphery, seed=seed, number=number),
    )
    weights.initialize(config.initial_share, np.random.default_rng([seed, INITIAL, number]))
    return weights


def _prefixed(prefix: str, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {prefix + name: value for name, value in values.items()}


def _part(prefix: str, saved: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in saved.items() if name.startswith(prefix)}


def _plain(value):
    return value if isinstance(value, np.ndarray) else value.item()
