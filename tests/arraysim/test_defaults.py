"""What is meant where nothing is said: files, command lines and scripts that leave a setting out rest on it."""

import dataclasses
import inspect

import numpy as np
import pytest

from arraysim.networks.definition import Activation, BatchNorm, Convolution, GlobalPooling, Linear, Pooling, Whiten
from arraysim.networks.settings import NetworkSettings
from arraysim.rules.mixed_precision import MixedPrecision
from arraysim.rules.registry import RULES
from arraysim.rules.stochastic_pulses import StochasticPulses
from arraysim.rules.tiki_taka import TikiTaka
from arraysim.synapses.faults import Faults
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.settings import ArraySettings, SynapseSettings
from arraysim.synapses.weights import PairedWeights
from arraysim.training import config, search, watch
from arraysim.training.config import TrainingConfig
from arraysim.training.task import DataSettings, Task

TASK = {
    "label_smoothing": 0.1,
    "test_fraction": 0.2,
    "validation_fraction": 0.0,
    "mirrored": False,
    "products": "numpy",
}
FAULTS = {"stuck": 0.0, "stuck_state": None, "open": 0.0, "short": 0.0, "short_ratio": 10.0}
ARRAYS = FAULTS | {"conductance_std_dtod": 0.0, "weights": "pair", "digits": 2, "base": 4}
TRAINING = TASK | ARRAYS | {
    "rule": "mixed-precision", "epochs": 60, "batch_size": 16, "learning_rate": None, "schedule": "cosine",
    "decay": 0.65,
    "pulse_threshold": 1.0, "weight_range": 4.0, "layer_ranges": (), "layer_rates": (), "initial_share": 0.5,
    "periphery": None, "patience": 0, "shift": 0, "border": "black", "flip": False, "alternate": False, "cutout": 0,
    "float32_learning_rate": 0.05, "float32_momentum": 0.9, "device": "processor", "device_products": "float32",
    "twin": True, "monitor_images": 5000,
}  # fmt: skip
NETWORK = {
    "network": "mlp:32",
    "bits": 0,
    "error_bits": 0,
    "whiten": False,
    "normalization_momentum": None,
    "digital": "none",
}
SYNAPSE = {"table": None, "states": None, "temperature": None, "draw": None}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Task, TASK), (Faults, FAULTS), (ArraySettings, ARRAYS), (TrainingConfig, TRAINING), (NetworkSettings, NETWORK),
     (SynapseSettings, SYNAPSE), (DataSettings, {"dataset": "digits"})],
)  # fmt: skip
def test_settings(kind, expected):
    made = kind()
    found = {field.name: getattr(made, field.name) for field in dataclasses.fields(kind) if field.name != "network"}
    assert found == {name: value for name, value in expected.items() if name != "network"}
    if kind is NetworkSettings:
        assert made.network == expected["network"]


def test_rates_of_the_rules():
    """The best found on the digits; a number that is given replaces them."""
    assert {name: entry.rate for name, entry in RULES.items()} == {
        "mixed-precision": 1.0, "stochastic-pulses": 0.3, "sign": 0.01, "tiki-taka": 1.0,
    }  # fmt: skip
    assert TrainingConfig(network="linear", rule="sign").rate == 0.01
    assert TrainingConfig(network="linear", rule="sign", learning_rate=0.5).rate == 0.5


def defaults(kind):
    parameters = inspect.signature(kind).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}


def test_what_rules_are_told():
    assert defaults(TikiTaka) == {"gain": 20.0, "period": 3, "share": 0.2, "take_back": True, "cycles": 31}
    assert defaults(StochasticPulses) == {"cycles": 10}
    assert defaults(MixedPrecision) == {"threshold": 1.0, "seed": None}


@pytest.mark.parametrize(("columns", "period"), [(7, 3), (6, 3), (2, 3), (5, 1)])
def test_tiki_taka_carries_every_column_over_once_in_a_period(columns, period, monkeypatch):
    """Of seven columns three a batch, in turn, so that the second round begins with the third one."""
    pairs = PairedWeights(ladder_law(), rows=4, columns=columns, largest_weight=1.0, seed=1)
    rule, carried = TikiTaka(pairs, seed=(1,), period=period), []
    monkeypatch.setattr(rule, "_carry", lambda weights, chosen: carried.append(chosen.tolist()))
    monkeypatch.setattr(rule._collect, "update", lambda fast, inputs, errors, rate: carried.append(rate))
    for _ in range(2 * period):
        rule.update(pairs, np.zeros((1, 4)), np.zeros((1, columns)), 0.1)
    rates, batches = carried[::2], carried[1::2]
    assert rates == [0.1 * 20.0] * (2 * period)
    width = -(-columns // period)
    expected = [sorted({(n * width + i) % columns for i in range(width)}) for n in range(2 * period)]
    assert batches == expected and {one for batch in batches[:period] for one in batch} == set(range(columns))


def test_purposes_of_random_numbers_are_apart():
    purposes = (config.SPLIT, config.INITIAL, config.ORDER, config.RULE, config.AUGMENT, config.VERIFY)
    assert purposes == (0, 1, 2, 3, 4, 5)


def test_bounds_of_what_has_been_learned():
    """Up to one and a half times the share of guessing nothing, from three times on something."""
    assert (watch.CHANCE, watch.LEARNED, watch.AT_THE_END, watch.MOST_AT_THE_END) == (1.5, 3.0, 0.95, 0.9)
    assert watch.FACTORS == (0.25, 4.0, 0.0625, 16.0)
    assert (search.VALIDATION_FRACTION, search.SCAN, search.FACTOR) == (0.1, (1.0, 4.0, 0.25, 16.0, 0.0625), 2.0)
    assert (search.MOST_STEPS, search.KEPT) == (4, 3)


def test_layers():
    assert (Activation().function, Activation().bits, Activation().limit) == ("relu", 0, 4.0)
    assert (BatchNorm().momentum, BatchNorm().epsilon) == (0.1, 1e-5)
    one = Convolution(channels=2, kernel=3)
    assert (one.stride, one.padding, one.bias, one.groups, one.digital) == (1, 0, True, 1, False)
    assert (Linear().outputs, Linear().bias) == (None, True)
    assert (Pooling().size, Pooling().pooling, GlobalPooling().pooling) == (2, "max", "average")
    assert (Whiten().patch, Whiten().epsilon) == (2, 5e-4)


def test_an_idealized_synapse():
    """Five states of 40 to 100 uS; of pulses a tenth does nothing and one in fifty moves two states."""
    law = ladder_law()
    assert law.conductance == pytest.approx([40e-6, 55e-6, 70e-6, 85e-6, 100e-6]) and law.instances == 1
    up, down = law.probability[0]
    assert up[1] == pytest.approx([0, 0.1, 0.88, 0.02, 0, 0]) and down[3] == pytest.approx([0, 0.02, 0.88, 0.1, 0, 0])
    assert law.energy_per_pulse.tolist() == [1e-13, 1e-13]
