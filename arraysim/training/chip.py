"""A network on chip: layers of paired synapses written by an update rule, and what they went through."""

import dataclasses
import math

import numpy as np

from arraysim.networks.network import Network
from arraysim.rules.registry import make_rule
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.weights import PairedWeights
from arraysim.training.config import INITIAL, RULE, TrainingConfig
from arraysim.training.result import HardwareRecord


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Totals:
    """Sums over the layers at the end of an epoch."""

    pulses: int
    reads: int
    energy: float
    state_histogram: np.ndarray


class Chip:
    """A network on chip and its update rule.

    Attributes:
        label: for progress and error messages.
        rate: learning rate at the start [1].
        network: the network; passes forward and backward use the same arrays.
    """

    label = "on chip"

    def __init__(self, law: PulseLaw, shapes: list[tuple[int, int]], *, seed: int, config: TrainingConfig):
        """Make the arrays and set the first weights by pulses.

        Args:
            law: what the two pulses, up and down, do to the synapses.
            shapes: (rows, columns) of each layer.
            seed: root seed [1].
            config: network, rule and schedule.

        Raises:
            InputError: the law does not fit.
        """
        self.rate = config.rate
        self._layers = [_layer(law, shape, number, seed, config) for number, shape in enumerate(shapes)]
        self.network = Network(self._layers, activation=config.activation, label_smoothing=config.label_smoothing)
        self._rules = [
            make_rule(
                config.rule,
                layer,
                momentum=config.momentum,
                seed=(seed, RULE, number),
            )
            for number, layer in enumerate(self._layers)
        ]
        self._history = []

    def update(self, gradients: list[np.ndarray], rate: float) -> None:
        """Send the pulses the rules ask for.

        Args:
            gradients: of the loss by the weights of each layer, shape (rows, columns) [1].
            rate: learning rate [1].
        """
        for layer, rule, gradient in zip(self._layers, self._rules, gradients, strict=True):
            layer.pulse(rule.directions(gradient, rate))

    def end_epoch(self) -> None:
        """Note the totals."""
        arrays = [layer.array for layer in self._layers]
        self._history.append(
            _Totals(
                pulses=sum(int(array.pulses_sent.sum()) for array in arrays),
                reads=sum(array.reads for array in arrays),
                energy=math.fsum(array.energy for array in arrays),
                state_histogram=np.array([array.histogram() for array in arrays]),
            )
        )

    def record(self) -> HardwareRecord:
        """Return what happened to the synapses so far."""
        arrays = [layer.array for layer in self._layers]
        return HardwareRecord(
            **{
                field.name: np.array([getattr(totals, field.name) for totals in self._history])
                for field in dataclasses.fields(_Totals)
            },
            weight=tuple(layer.values.astype(np.float64) for layer in self._layers),
            state=tuple(array.state.reshape(array.shape).copy() for array in arrays),
            pulses_received=tuple(array.pulses_received.reshape(array.shape).copy() for array in arrays),
        )


def _layer(law: PulseLaw, shape: tuple[int, int], number: int, seed: int, config: TrainingConfig) -> PairedWeights:
    rows, columns = shape
    layer = PairedWeights(
        law,
        rows=rows,
        columns=columns,
        largest_weight=config.weight_range / math.sqrt(rows),
        seed=seed,
        number=number,
        conductance_std_dtod=config.conductance_std_dtod,
    )
    layer.initialize(config.initial_share, np.random.default_rng([seed, INITIAL, number]))
    return layer
