"""The baselines without arrays by hand: multipliers with memories on or off the chip, and a graphics processor."""

import dataclasses
import math

import numpy as np
import pytest
from cost_cases import small_synapse

from arraysim.cost.components import Parts
from arraysim.cost.digital_chip import digital_cost, gpu_cost
from arraysim.cost.estimate import chip_cost
from arraysim.cost.ledger import BLOCKS, PHASES
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import technology
from arraysim.networks.crossbars import ArrayLayer

FIRST = ArrayLayer(
    name="conv1", kind="conv", rows=9, columns=4, positions=16, input_values=16, output_values=64, kernel=3
)
LAYER = ArrayLayer(name="linear1", kind="linear", rows=200, columns=10, positions=1, input_values=199, output_values=10,
                   digital=600, digital_backward=500, digital_gradient=600)  # fmt: skip
SETTINGS = ChipSettings(weight_bits=6, input_bits=8, batch_size=10, digital_macs=256, digital_weights="off-chip",
                        gradient_memory="on-chip", activations="on-chip", overlap="none")  # fmt: skip
PARTS = Parts(technology(SETTINGS.node_nm))


def energy(cost, block, layer=1):
    """Energy by phase."""
    return cost.energy[layer, BLOCKS.index(block)]


def test_a_multiplication_takes_its_adder_and_registers_for_both_operands_and_the_sum():
    """32 bits of the sum, 8 of the input, 6 of the weight; 2,000 forward, for errors and for gradients."""
    cost = digital_cost([FIRST, LAYER], SETTINGS)
    each = PARTS["multiplier_energy"] + 32 * PARTS["adder_bit_energy"] + (32 + 8 + 6) * PARTS["register_energy"]
    assert energy(cost, "multipliers") == pytest.approx([2000 * each] * 3 + [0.0])
    assert energy(cost, "multipliers", 0) == pytest.approx([9 * 4 * 16 * each, 0.0, 9 * 4 * 16 * each, 0.0])


def test_errors_stop_at_the_first_layer_in_the_count_of_multiplications():
    """9 x 4 x 16 and 2,000; a chip that only infers has those of the forward phase."""
    facts = digital_cost([FIRST, LAYER], SETTINGS).facts
    assert facts["macs_by_phase"] == {"forward": 2576.0, "backward": 2000.0, "weight gradient": 2576.0}
    inference = digital_cost([FIRST, LAYER], dataclasses.replace(SETTINGS, training=False)).facts
    assert inference["macs_by_phase"] == {"forward": 2576.0, "backward": 0.0, "weight gradient": 0.0}


def test_a_square_of_multipliers_fetches_both_operands_once_for_its_side():
    """16 x 16 of them: 2,000/16 times the 8 bits of an input and the 6 of a weight; then ten outputs of 8 bits."""
    settings = dataclasses.replace(SETTINGS, training=False, buffer_bank_bits=0)
    cost = digital_cost([FIRST, LAYER], settings)
    moved = 2000 / 16 * (8 + 6) + 10 * 8
    assert energy(cost, "buffers") == pytest.approx([moved * PARTS["sram_read_bit_energy"], 0.0, 0.0, 0.0])


def test_weights_kept_on_the_chip_take_their_bits():
    """As bits, and as cells of 0.171 um2 with what is beside them."""
    on, off = (digital_cost([FIRST, LAYER], dataclasses.replace(SETTINGS, digital_weights=place))
               for place in ("on-chip", "off-chip"))  # fmt: skip
    assert on.facts["stored_bits"] - off.facts["stored_bits"] == (36 + 2000) * 6
    buffers = [cost.area[BLOCKS.index("buffers")] for cost in (on, off)]
    cell = technology(SETTINGS.node_nm).sram_cell
    assert buffers[0] - buffers[1] == pytest.approx((36 + 2000) * 6 * cell / PARTS["sram_efficiency"])


def test_weights_come_once_per_batch_and_phase_and_go_back_after_the_update():
    """2,000 weights of 6 bits for 10 images: read forward and backward, read and written by the update; one image comes."""
    cost = digital_cost([FIRST, LAYER], SETTINGS)
    each = PARTS["HBM2_bit_energy"]
    weights = 2000 * 6 / 10 * each
    assert energy(cost, "off-chip memory") == pytest.approx([weights, weights, 0.0, 2 * weights])
    own = 36 * 6 / 10 * each
    assert energy(cost, "off-chip memory", 0) == pytest.approx([own + 16 * 8 * each, 0.0, 0.0, 2 * own])
    kept = digital_cost([FIRST, LAYER], dataclasses.replace(SETTINGS, digital_weights="on-chip"))
    assert energy(kept, "off-chip memory").sum() == 0.0
    assert energy(kept, "off-chip memory", 0) == pytest.approx([16 * 8 * each, 0.0, 0.0, 0.0])


def test_multipliers_are_used_while_the_chip_neither_updates_nor_waits():
    cost = digital_cost([FIRST, LAYER], SETTINGS)
    update = cost.latency[:, :, PHASES.index("update")].sum()
    assert update > 0
    assert cost.facts["utilization_in_time"] == pytest.approx(1 - update / cost.latency.sum())


def test_a_graphics_processor_multiplies_digital_layers_too():
    """At its peak: 2,000 products of the matrix and 600 of digital weights forward; energies of training are its own."""
    cost = gpu_cost([FIRST, LAYER], SETTINGS)
    each, rate = PARTS["GPU_training_energy"], PARTS["GPU_training_rate"]
    counts = np.array([2600.0, 2500.0, 2600.0, 0.0])
    assert energy(cost, "multipliers") == pytest.approx(counts * each)
    assert cost.latency[1, BLOCKS.index("multipliers")] == pytest.approx(counts / rate)
    assert cost.facts["weight_bits"] == 16
    inference = gpu_cost([FIRST, LAYER], dataclasses.replace(SETTINGS, training=False))
    assert energy(inference, "multipliers") == pytest.approx([2600 * PARTS["GPU_inference_energy"], 0.0, 0.0, 0.0])
    assert inference.facts["weight_bits"] == 8


def test_a_pair_of_three_levels_holds_five_weights():
    """Differences from -2 to 2; a cell counts in squares of the feature size."""
    cost = chip_cost([FIRST, LAYER], ChipSettings(), small_synapse(np.array([1e-5, 2e-5, 3e-5])))
    assert cost.facts["weight_bits"] == pytest.approx(math.log2(5))
    feature = technology(ChipSettings().node_nm).feature
    assert cost.facts["cell_area_F2"] == pytest.approx(cost.facts["cell_area_m2"] / feature**2) and feature > 1e-9
