"""Declarations of settings: the command line makes options of them, so they must cost nothing to import."""

import subprocess
import sys

import pytest

from arraysim.rules.registry import RULES, make_rule
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.settings import SynapseSettings
from arraysim.synapses.weight_kinds import make_weights
from arraysim.training.config import TrainingConfig
from dwcore.errors import InputError

DECLARATIONS = (
    "arraysim.cost.settings",
    "arraysim.networks.presets",
    "arraysim.periphery.config",
    "arraysim.programming.config",
    "arraysim.rules.registry",
    "arraysim.synapses.settings",
    "arraysim.training.config",
)


@pytest.mark.parametrize("module", DECLARATIONS)
def test_declarations_import_no_numerics(module):
    code = f"import sys, {module}; print(*({{'numpy', 'numba', 'scipy', 'h5py', 'pint'}} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_every_rule_is_found_where_the_registry_says():
    weights = make_weights("pair", ladder_law(), rows=3, columns=2, largest_weight=1.0, seed=1)
    for name, entry in RULES.items():
        assert type(make_rule(name, weights, seed=(1, 2))).__name__ == entry.place.split(":")[1]


def test_a_training_is_told_how_devices_are_broken():
    config = TrainingConfig(stuck=0.5, stuck_state=2, short=0.1, short_ratio=3.0)
    weights = config.make(ladder_law(miss=0.0), rows=40, columns=40, largest_weight=1.0, seed=1)
    array = weights.array
    assert set(array.state[array.instance == array.law.instances]) == {2}
    assert array.conductance.max() == pytest.approx(3 * array.law.conductance.max())
    with pytest.raises(InputError, match=r"stuck \+ open \+ short must be <= 1"):
        TrainingConfig(stuck=0.6, open=0.6)


def test_all_names_but_those_of_torch_come_with_a_star():
    code = "import sys; from arraysim import *; print(chip_cost.__name__, Adc().bits, 'torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["chip_cost", "0", "False"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"states": 5, "table": "a.h5"}, "states = 5: is of an idealized synapse, the states of a.h5 are its own"),
        ({"table": "ladder:3", "temperature": 300.0}, r"temperature = 300 \[K\]: an idealized synapse knows none"),
        ({"states": 3, "draw": 0}, "draw = 0: the probabilities of an idealized synapse are exact"),
        ({"states": 1}, "states = 1 .*>= 2"),
    ],
)
def test_synapses_that_cannot_be_are_refused(fields, words):
    with pytest.raises(InputError, match=words):
        SynapseSettings(**fields)


@pytest.mark.parametrize(
    ("fields", "name", "inputs"),
    [
        ({"states": 5}, "ladder:5", []),
        ({"states": 5, "table": "ladder"}, "ladder:5", []),
        ({"table": "ladder:3"}, "ladder:3", []),
        ({"table": "ferroelectric-hzo", "temperature": 300.0}, "ferroelectric-hzo", []),
        ({"table": "a.h5", "draw": 1}, "a.h5", ["a.h5"]),
        ({}, None, []),
    ],
)
def test_synapses_are_named_and_their_file_is_an_input(fields, name, inputs):
    made = SynapseSettings(**fields)
    assert (made.name, made.inputs) == (name, inputs)
