"""What has happened to the synapses of a network so far: totals, and the record that files keep."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from arraysim.networks.network import Network
from arraysim.rules.rule import Rule
from arraysim.synapses.weights import PulsedWeights
from arraysim.training.result import HardwareRecord

OWN_FIELDS = ("state", "pulses_received")
"""Arrays of the memory of weights that a record holds under their own names."""


def totals_of(weights: Sequence[PulsedWeights], rules: Iterable[Rule] = ()) -> dict:
    """Return pulses, single reads and energy since the arrays were new, and the states of the devices by layer.

    Args:
        weights: of each layer.
        rules: whose arrays count too.
    """
    arrays = [array for one in weights for array in one.arrays] + [array for rule in rules for array in rule.arrays]
    return {
        "pulses": sum(int(array.pulses_sent.sum()) for array in arrays),
        "reads": sum(array.reads for array in arrays),
        "energy": math.fsum(array.energy for array in arrays),
        "state_histogram": np.array([one.array.histogram() for one in weights]),
    }


def planes_of(weights: PulsedWeights) -> np.ndarray:
    """Return the conductances of the planes of some weights, shape (planes, rows, columns), float64 [S]."""
    return np.stack([np.broadcast_to(plane, weights.values.shape) for plane in weights.conductances], dtype=np.float64)


def record_of(weights: Sequence[PulsedWeights], network: Network, history: dict[str, list]) -> HardwareRecord:
    """Return what happened to the synapses so far.

    Args:
        weights: of each layer.
        network: whose digital layers are kept too.
        history: what ``totals_of`` has returned at times, lists by name.
    """
    arrays = [one.array for one in weights]
    return HardwareRecord(
        **{name: np.array(values) for name, values in history.items()},
        weight=tuple(one.values.astype(np.float64) for one in weights),
        state=tuple(array.state.reshape(array.shape).copy() for array in arrays),
        pulses_received=tuple(array.pulses_received.reshape(array.shape).copy() for array in arrays),
        conductance=tuple(planes_of(one) for one in weights),
        weight_per_conductance=tuple(one.scale * np.array(one.factors) for one in weights),
        memory=tuple(
            {name: values.copy() for name, values in one.memory().items() if name not in OWN_FIELDS} for one in weights
        ),
        digital={name: values.astype(np.float64) for name, values in network.memory().items()},
    )
