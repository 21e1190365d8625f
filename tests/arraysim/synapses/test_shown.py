"""What interactive work shows of a chip: one line each with the numbers that matter, a table in a notebook."""

import pytest

from arraysim.cost.cell import synapse_of
from arraysim.cost.comparison import compare
from arraysim.cost.settings import ChipSettings
from arraysim.datasets.datasets import load_dataset
from arraysim.networks.crossbars import array_layers
from arraysim.networks.network import Network
from arraysim.networks.presets import lenet, mlp
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.weight_kinds import make_weights
from arraysim.synapses.weights import FloatWeights
from llg.device.device_file import load_device

LAW = ladder_law(states=5)
WEIGHTS = make_weights("pair", LAW, rows=65, columns=10, largest_weight=0.5, seed=1)
DIGITS = load_dataset("digits")


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (LAW, "PulseLaw: 5 states of 40 µS to 100 µS, 2 pulses, 1 device instance"),
        (WEIGHTS, "PairedWeights 65 x 10: up to 0.5"),
        (WEIGHTS.array, "SynapseArray 2 x 65 x 10: 5 states, 0 pulses sent, 0 lost, 0 broken"),
        (FloatWeights(WEIGHTS.values), "FloatWeights 65 x 10"),
        (DIGITS, "Dataset digits: 1797 images of 8 x 8 x 1, 10 classes"),
        (lenet(error_bits=4), "lenet:1: conv, activation, pool, conv, activation, pool, flatten"),
        (
            Network(mlp(()), [WEIGHTS], input_shape=(8, 8, 1), classes=10),
            "inputs 8 x 8 x 1, 650 weights in 1 crossbar",
        ),
    ],
)
def test_one_line_says_what_it_is(shown, words):
    assert words in repr(shown)
    assert "\n" not in repr(shown) and len(repr(shown)) < 250


def test_a_cost_is_a_line_and_a_table_that_adds_up():
    layers = array_layers(mlp(), (8, 8, 1), 10)
    found = compare(layers, ChipSettings(), synapse_of(load_device("five_state")), names=("sram-8-parallel",))
    cost = found.chip
    assert f"{1e6 * cost.total_area:.3g} mm2" in repr(cost) and "sram-8-parallel" in repr(found)
    assert "\n" not in repr(found) and len(repr(found)) < 250
    page = cost._repr_html_()
    assert page.startswith("<table>") and page.count("<tr>") == 2 + sum(
        bool(cost.area[n] or cost.energy[:, n].any() or cost.latency[:, n].any()) for n in range(len(cost.area))
    )
