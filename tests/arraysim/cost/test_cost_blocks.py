"""Every block of the cost model against its closed form, worked out by hand for one small layer."""

import dataclasses
import math

import numpy as np
import pytest
from cost_cases import area, energy, latency, small_synapse

from arraysim.cost.cell import device_cell, sram_cell
from arraysim.cost.components import Parts
from arraysim.cost.estimate import chip_cost
from arraysim.cost.ledger import BLOCKS, PHASES
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import technology
from arraysim.cost.workload import resolved
from arraysim.networks.crossbars import ArrayLayer

FIRST = ArrayLayer(
    name="conv1", kind="conv", rows=9, columns=4, positions=16, input_values=16, output_values=64, kernel=3
)
LAYER = ArrayLayer(name="linear1", kind="linear", rows=200, columns=10, positions=1, input_values=199, output_values=10)
SYNAPSE = small_synapse(np.array([1e-5, 2e-5, 3e-5]))
PLAIN = {
    "front_end": "none",
    "converter_floor": False,
    "control": False,
    "overlap": "none",
    "pipeline": "none",
    "buffer_bank_bits": 0,
    "cell_capacitance": 0.0,
}
"""Blocks and choices that have tests of their own, in `test_cost_readout.py`."""
SETTINGS = ChipSettings(
    **PLAIN,
    on_resistance=50e3,
    input_activity=(0.25,),
    error_activity=(0.5,),
    pulses_per_update=(0.1,),
    batch_size=10,
    gradient_macs=1024,
    gradient_memory="off-chip",
    activations="off-chip",
)
PARTS = Parts(technology(32))
V, PERIOD, DENSITY = 0.9, 1e-9, 0.7


def estimate(**changes):
    return chip_cost([FIRST, LAYER], dataclasses.replace(SETTINGS, **changes), SYNAPSE)


def test_cell_of_a_device_is_set_by_its_footprint_and_its_transistors():
    cell = device_cell(SYNAPSE, SETTINGS, PARTS)
    read = (V - 0.5) / (2 * 600) * 2e-5 / 0.25  # a quarter of 50 kohm
    assert cell.read_width == pytest.approx(max(64e-9, read))
    assert cell.on_conductance == pytest.approx(2e-5)
    assert cell.mean_conductance == pytest.approx(2e-5 * 2 / 3)
    width = max(400e-9 + 64e-9, 1e-4 / 600 + 64e-9)
    assert cell.width == pytest.approx(width)
    assert cell.height == pytest.approx(max(100e-9 + 64e-9, 8 * 32e-9 * (1e-4 / 600 + 64e-9) / width))


def test_cell_area_in_squares_of_the_node_and_of_sram():
    assert device_cell(SYNAPSE, dataclasses.replace(SETTINGS, cell_area_F2=16.0), PARTS).area == pytest.approx(
        16 * 32e-9**2
    )
    assert sram_cell(SETTINGS, PARTS).area == pytest.approx(1.3 * 0.171e-12)  # read in parallel: eight transistors
    row_by_row = dataclasses.replace(SETTINGS, readout="sequential")
    assert sram_cell(row_by_row, PARTS).area == pytest.approx(0.171e-12)
    assert sram_cell(SETTINGS, PARTS).cells_per_weight == 8


def test_a_pair_takes_two_columns_and_one_conversion():
    cost = estimate()
    assert cost.facts["arrays_per_layer"] == [1, 2]
    assert cost.facts["conversions_per_image_forward"] == 16 * 8 * 4 + 8 * 10 * 2
    assert cost.facts["utilization"] == pytest.approx((9 * 8 + 200 * 20) / (3 * 128**2))


def test_arrays():
    cost = estimate()
    cell = device_cell(SYNAPSE, SETTINGS, PARTS)
    assert area(cost, "arrays") == pytest.approx(3 * 128**2 * cell.area)
    read = 0.1**2 * cell.mean_conductance * 1e-9
    assert energy(cost, "arrays", "forward") == pytest.approx(8 * 0.25 * 200 * 20 * read)
    assert energy(cost, "arrays", "backward") == pytest.approx(8 * 0.5 * 200 * 20 * read)
    assert latency(cost, "arrays", "forward") == pytest.approx(8 * 4 * 1e-9)  # four pairs share a converter
    assert energy(cost, "arrays", "update") == pytest.approx(0.1 * 4000 / 10 * 50e-15)
    share = 1 - 0.95**128
    assert latency(cost, "arrays", "update") == pytest.approx(2 * 128 * share * 2e-9 / 10)
    flat = estimate(array_rows=64)  # rows are as long as before, and half as many are written one after the other
    assert latency(flat, "arrays", "update") == pytest.approx(2 * 64 * share * 2e-9 / 10)


def test_drivers():
    cost = estimate()
    cell = device_cell(SYNAPSE, SETTINGS, PARTS)
    row = 128 * (cell.width * 0.2e-9 + cell.read_width * 1e-9)
    column = 128 * (cell.height * 0.2e-9 + cell.read_width * 0.5e-9)
    register = PARTS["register_energy"]
    assert energy(cost, "drivers", "forward") == pytest.approx(8 * 200 * (0.25 * row * V**2 + register))
    assert energy(cost, "drivers", "backward") == pytest.approx(8 * 20 * 2 * (0.5 * column * V**2 + register))
    lost = 1e-4 * (V - 0.2) * 1.5e-9 + column * V**2
    assert energy(cost, "drivers", "update") == pytest.approx(0.1 * 4000 / 10 * lost)
    line = (PARTS["register_area"] + 4 * PARTS["gate_area"]) / DENSITY
    source = 128 * (1e-4 / 600) * 4 * 32e-9
    assert area(cost, "drivers") == pytest.approx(3 * (256 * line + source))
    stages = math.ceil(math.log(row / (3 * 64e-9 * 1e-9), 4))
    assert latency(cost, "drivers", "forward") == pytest.approx(8 * stages * technology(32).gate_delay)


def test_multiplexers():
    cost = estimate()
    width = (V - 0.5) / (2 * 600) * 128 * 2e-5 / 0.25
    assert area(cost, "multiplexers") == pytest.approx(3 * 256 * 2 * width * 4 * 32e-9)
    assert energy(cost, "multiplexers", "forward") == pytest.approx(8 * 10 * 2 * 2 * width * 1e-9 * V**2)
    assert latency(cost, "multiplexers", "forward") == pytest.approx(8 * 4 * 3 * technology(32).gate_delay)


@pytest.mark.parametrize(
    ("kind", "bits", "clocks"), [("sar", 6, 7), ("flash", 6, 1), ("ramp", 6, 64), ("sar-fast", 8, 4), ("flash", 1, 1)]
)
def test_converters(kind, bits, clocks):
    cost = estimate(converter=kind, converter_bits=bits)
    comparator, register, adder = (PARTS[f"{name}_energy"] for name in ("comparator", "register", "adder_bit"))
    comparator_a, register_a, adder_a = (PARTS[f"{name}_area"] for name in ("comparator", "register", "adder_bit"))
    unit, unit_a, codes = PARTS["dac_unit_energy"], PARTS["dac_unit_area"], 2**bits
    each = {
        "sar": bits * (comparator + 2 * register) + codes * unit,
        "flash": (codes - 1) * comparator + (codes - bits - 1) * adder,
        "ramp": codes * (comparator + unit / 16) + bits * register,
        "sar-fast": bits * PARTS["fast_adc_bit_energy"] + codes * unit,
    }[kind]
    one = {
        "sar": (comparator_a + 2 * bits * register_a) / DENSITY + codes * unit_a,
        "flash": ((codes - 1) * comparator_a + (codes - bits - 1) * adder_a) / DENSITY,
        "ramp": (comparator_a + bits * register_a) / DENSITY + codes * unit_a / 16,
        "sar-fast": bits * PARTS["fast_adc_bit_area"] + codes * unit_a,
    }[kind]
    assert energy(cost, "converters", "forward") == pytest.approx(8 * 10 * 2 * each)
    assert energy(cost, "converters", "backward") == pytest.approx(8 * 200 * each)
    assert area(cost, "converters") == pytest.approx(3 * 16 * one)
    if kind != "sar-fast":
        assert latency(cost, "converters", "forward") == pytest.approx(8 * 4 * clocks * PERIOD)
        assert latency(cost, "converters", "backward") == pytest.approx(8 * 8 * clocks * PERIOD)
    own = estimate(converter=kind, converter_bits=bits, backward_converters="own")
    assert area(own, "converters") == pytest.approx(2 * area(cost, "converters"))


def test_the_published_fast_converter_is_met():
    parts = Parts(technology(32, "HP", 0.9))
    figures = {4: (0.79, 361.04), 6: (1.20, 626.91), 8: (1.67, 1200.0), 10: (2.379, 3002.0)}
    unit = parts["dac_unit_energy"] / 0.9**2
    for bits, (picojoule, square_micron) in figures.items():
        ours = bits * 0.196e-12 + 2**bits * unit
        assert 1e12 * ours == pytest.approx(picojoule, rel=0.01)
        assert 1e12 * (bits * 81.7e-12 + 2**bits * 2.134e-12) == pytest.approx(square_micron, rel=0.01)


def test_multi_level_inputs_take_one_read_and_a_converter_per_row():
    serial, level = estimate(), estimate(input_coding="multi-level")
    assert latency(level, "arrays", "forward") == pytest.approx(latency(serial, "arrays", "forward") / 8)
    conversion = energy(serial, "converters", "forward") / (8 * 20)
    drive = 200 * 256 * PARTS["dac_unit_energy"]
    assert energy(level, "converters", "forward") == pytest.approx(20 * conversion + drive)


def test_shift_and_add_adder_trees_and_accumulators():
    cost = estimate()
    adder, register = PARTS["adder_bit_energy"], PARTS["register_energy"]
    assert energy(cost, "shift-and-add", "forward") == pytest.approx(8 * 10 * 2 * 14 * (adder + register))
    assert energy(cost, "adder trees", "forward") == pytest.approx(10 * 1 * 15 * adder)
    assert energy(cost, "adder trees", "backward") == pytest.approx((200 - 199) * 14 * adder)  # the row of the bias
    assert energy(cost, "accumulators", "forward") == pytest.approx(10 * 15 * register)
    assert energy(cost, "accumulators", "backward") == pytest.approx(199 * 14 * register)
    one = 14 * (PARTS["adder_bit_area"] + PARTS["register_area"]) / DENSITY
    assert area(cost, "shift-and-add") == pytest.approx(3 * 16 * one)
    assert area(cost, "adder trees") == pytest.approx(16 * 15 * PARTS["adder_bit_area"] / DENSITY)
    assert area(cost, "accumulators") == pytest.approx((9 * 14 + 200 * 15) * PARTS["register_area"] / DENSITY)
    carry = math.ceil(14 * 2 * technology(32).gate_delay / PERIOD) * PERIOD
    assert latency(cost, "shift-and-add", "forward") == pytest.approx(8 * 4 * carry)
    assert latency(cost, "accumulators", "forward") == pytest.approx(4 * PERIOD)


def test_function_units():
    cost = estimate()
    each = PARTS["multiplier_energy"] + 24 * PARTS["adder_bit_energy"]
    assert energy(cost, "function units", "forward") == pytest.approx(10 * each)
    one = (PARTS["multiplier_area"] + 24 * PARTS["adder_bit_area"]) / DENSITY
    assert area(cost, "function units") == pytest.approx(128 * one)
    assert latency(cost, "function units", "forward") == pytest.approx(PERIOD)


def test_digital_layers_are_multiplied_in_the_function_units():
    """600 products forward, 500 backward, 600 for gradients of digital weights; 128 units, a product per clock each."""
    digital = dataclasses.replace(LAYER, digital=600, digital_backward=500, digital_gradient=600)
    with_, without = (chip_cost([FIRST, layer], SETTINGS, SYNAPSE) for layer in (digital, LAYER))
    each = PARTS["multiplier_energy"] + 32 * PARTS["adder_bit_energy"] + 48 * PARTS["register_energy"]
    for phase, count in (("forward", 600), ("backward", 500), ("weight gradient", 600)):
        more = energy(with_, "function units", phase) - energy(without, "function units", phase)
        assert more == pytest.approx(count * each)
        more = latency(with_, "function units", phase) - latency(without, "function units", phase)
        assert more == pytest.approx(math.ceil(count / 128) * PERIOD)
    one = 32 * PARTS["adder_bit_area"] + 48 * PARTS["register_area"]
    assert area(with_, "function units") - area(without, "function units") == pytest.approx(128 * one / DENSITY)
    rest = [BLOCKS.index(block) for block in ("arrays", "converters", "gradient unit", "buffers")]
    assert np.array_equal(with_.energy[:, rest], without.energy[:, rest])
    inference = dataclasses.replace(SETTINGS, training=False)
    cost = chip_cost([FIRST, digital], inference, SYNAPSE)
    assert energy(cost, "function units", "weight gradient") == 0.0 < energy(cost, "function units", "forward")


def test_errors_pass_the_first_array_only_on_their_way_to_digital_weights():
    learns = dataclasses.replace(FIRST, digital=100, digital_gradient=100)
    fixed = dataclasses.replace(FIRST, digital=100)
    cost, other = (chip_cost([first, LAYER], SETTINGS, SYNAPSE) for first in (learns, fixed))
    assert energy(cost, "arrays", "backward", layer=0) > 0.0 == energy(other, "arrays", "backward", layer=0)


def test_gradient_unit():
    cost = estimate()
    each = PARTS["multiplier_energy"] + 32 * PARTS["adder_bit_energy"] + 48 * PARTS["register_energy"]
    assert energy(cost, "gradient unit", "weight gradient") == pytest.approx(2000 * each)
    one = PARTS["multiplier_area"] + 32 * PARTS["adder_bit_area"] + 48 * PARTS["register_area"]
    assert area(cost, "gradient unit") == pytest.approx(1024 * one / DENSITY)
    assert latency(cost, "gradient unit", "weight gradient") == pytest.approx(2 * PERIOD)


def test_buffers():
    cost = estimate()
    assert cost.facts["buffer_bits"] == 209 * 8
    each = PARTS["sram_read_bit_energy"]  # smaller than the published memory
    assert energy(cost, "buffers", "forward") == pytest.approx((200 * 8 + 10 * 15) * each)
    assert energy(cost, "buffers", "weight gradient") == pytest.approx(2000 / 32 * 16 * each)
    assert area(cost, "buffers") == pytest.approx(209 * 8 * 0.171e-12 / 0.72)
    assert latency(cost, "buffers", "forward") == pytest.approx(2 * PERIOD)
    files = estimate(buffer="register-file")
    one = (PARTS["register_area"] + PARTS["gate_area"]) / DENSITY
    assert area(files, "buffers") == pytest.approx(209 * 8 * one)


@pytest.mark.parametrize(("reuse", "share"), [("none", 144.0), ("column", 48.0), ("full", 16.0)])
def test_overlapping_windows_share_what_the_setting_says(reuse, share):
    """A kernel of 3 x 3 on 4 x 4 values: 144 fetches without reuse, 16 x 3 by columns, 16 with full reuse."""
    cost = estimate(input_reuse=reuse)
    each = PARTS["sram_read_bit_energy"]
    assert energy(cost, "buffers", "forward", layer=0) == pytest.approx((share * 8 + 64 * 14) * each)
    middle = chip_cost([LAYER, FIRST], dataclasses.replace(SETTINGS, input_reuse=reuse), SYNAPSE)
    errors = {"none": 16 * 4 * 9, "column": 16 * 4 * 3, "full": 64}[reuse]
    assert energy(middle, "buffers", "backward") == pytest.approx((errors * 8 + 16 * (14 + 4)) * each)
    sums = 16 * 9 - 16  # nine places of the kernel for each of 16 positions, added to 16 errors
    assert energy(middle, "adder trees", "backward") == pytest.approx(sums * 18 * PARTS["adder_bit_energy"])


def test_larger_memories_cost_the_square_root_of_their_size():
    layer = dataclasses.replace(LAYER, rows=20000, input_values=19999)
    large = chip_cost([FIRST, layer], SETTINGS, SYNAPSE)
    factor = math.sqrt(20009 * 8 / 65536)
    moved = 20000 * 8 + 10 * (14 + math.ceil(math.log2(157)))
    assert energy(large, "buffers", "forward") == pytest.approx(moved * PARTS["sram_read_bit_energy"] * factor)


def test_what_training_keeps_on_the_chip_has_a_memory_of_its_own():
    cost, kept = estimate(), estimate(gradient_memory="on-chip", activations="on-chip")
    assert (cost.facts["buffer_bits"], cost.facts["stored_bits"]) == (209 * 8, 0)
    stored = (36 + 2000) * 16 + 10 * (16 + 64 + 199 + 10) * 8
    assert kept.facts["stored_bits"] == stored
    assert energy(kept, "buffers", "forward") == energy(cost, "buffers", "forward")
    assert area(kept, "buffers") - area(cost, "buffers") == pytest.approx(stored * 0.171e-12 / 0.72)
    moved = 2 * 2000 * 16 / 10 + 2 * 209 * 8
    more = energy(kept, "buffers", "weight gradient") - energy(cost, "buffers", "weight gradient")
    assert more == pytest.approx(moved * PARTS["sram_read_bit_energy"])


def test_gradients_of_every_image_go_off_the_chip_and_back():
    image, batch = estimate(gradient="per-image"), estimate()
    activations = 2 * (199 + 10) * 8 * 3.92e-12
    assert energy(image, "off-chip memory", "weight gradient") == pytest.approx(2 * 2000 * 16 * 3.92e-12 + activations)
    assert energy(batch, "off-chip memory", "weight gradient") == pytest.approx(
        2 * 2000 * 16 * 3.92e-12 / 10 + activations
    )
    kept = estimate(gradient_memory="on-chip", activations="on-chip")
    assert energy(kept, "off-chip memory", "weight gradient") == 0
    assert energy(kept, "off-chip memory", "forward", layer=0) == pytest.approx(16 * 8 * 3.92e-12)


def test_arrays_that_form_the_outer_product_need_no_gradient_unit():
    cost = estimate(gradient="in-array")
    assert area(cost, "gradient unit") == 0
    assert not cost.energy[:, :, PHASES.index("weight gradient")].any()
    assert energy(cost, "arrays", "update") == pytest.approx(0.1 * 4000 * 50e-15)
    assert latency(cost, "arrays", "update", layer=0) == pytest.approx(2 * 16 * 2e-9)


def test_interconnect():
    cost = estimate(arrays_per_tile=1)
    side = math.sqrt(cost.total_area - area(cost, "interconnect"))
    path, length = side * (1 - 1 / 2), 1.5 * side
    assert area(cost, "interconnect") == pytest.approx(1024 * 0.384e-6 * length)
    moved = 200 * 8 * 4 * 0.25 * 0.75 + 10 * 15
    assert energy(cost, "interconnect", "forward") == pytest.approx(moved * path * 1.211e-10)
    assert latency(cost, "interconnect", "forward") == pytest.approx(4 * PERIOD)
    narrow = estimate(arrays_per_tile=1, bus_bits=512)  # 200 x 8 bits in and 10 x 15 out take four clocks, a flight one
    assert latency(narrow, "interconnect", "forward") == pytest.approx((4 + 2) * PERIOD)
    # Of the convolution 16 x 9/3 inputs of 8 bits and 64 sums of 14; each of 16 positions flies there and back.
    assert latency(narrow, "interconnect", "forward", layer=0) == pytest.approx((3 + 2 * 16) * PERIOD)
    mesh = estimate(arrays_per_tile=1, network="mesh")
    assert area(mesh, "interconnect") == pytest.approx(1024 * 0.384e-6 * 2 * side + 3 * 0.151e-6)
    way = 0.75 * side * 1.211e-10 + 0.75 * 2 * PARTS["router_bit_energy"]  # the mesh of three tiles is two across
    assert energy(mesh, "interconnect", "forward") == pytest.approx(moved * way)
    one = estimate(arrays_per_tile=16, network="mesh")  # all arrays in one tile: a router, and wires within it alone
    way = math.sqrt(one.total_area - area(one, "interconnect")) * (1 - 1 / 4) * 1.211e-10
    assert area(one, "interconnect") == pytest.approx(0.151e-6)
    assert energy(one, "interconnect", "forward") == pytest.approx(moved * (way + 0.75 * PARTS["router_bit_energy"]))


def test_wires_within_a_tile_lead_inputs_to_every_array_that_takes_them():
    """200 x 100 pairs fill two arrays side by side and two below each other; one tile holds them all."""
    wide = dataclasses.replace(LAYER, columns=100, output_values=100)
    cost = chip_cost([FIRST, wide], dataclasses.replace(SETTINGS, arrays_per_tile=16), SYNAPSE)
    each = math.sqrt(cost.total_area - area(cost, "interconnect")) * (1 - 1 / 4) * 1.211e-10
    entered = 0.75 * 200 * 8  # of the bits a quarter is 1
    assert energy(cost, "interconnect", "forward") == pytest.approx((2 * entered + 100 * 15) * each)
    for copies in (1.0, 2.0):
        settings = dataclasses.replace(SETTINGS, arrays_per_tile=16, copies=(1.0, copies))
        cost = chip_cost([FIRST, wide], settings, SYNAPSE)
        each = math.sqrt(cost.total_area - area(cost, "interconnect")) * (1 - 1 / 4) * 1.211e-10
        assert energy(cost, "interconnect", "update") == pytest.approx(copies * 200 * 200 * 2 / 10 * each)


@pytest.mark.parametrize("cell", ["device", "sram"])
def test_leakage(cell):
    """Of all but arrays of devices, which hold no charge."""
    cost = estimate() if cell == "device" else chip_cost([FIRST, LAYER], SETTINGS, None)
    leaking = cost.total_area - (area(cost, "arrays") if cell == "device" else 0.0)
    power = 0.5 * leaking * DENSITY * (2.09e-6 * 32 / 45) / PARTS["gate_area"] * 1e-5 * V
    assert cost.facts["leakage_power_W"] == pytest.approx(power)
    time = cost.latency[1, :, 0].sum()
    assert energy(cost, "leakage", "forward") == pytest.approx(power * time)


def test_sequential_sram():
    settings = dataclasses.replace(SETTINGS, readout="sequential")
    cost = chip_cost([FIRST, LAYER], settings, None)
    reads = 8 * 0.25 * 200 * 10 * 8
    assert energy(cost, "converters", "forward") == pytest.approx(reads * PARTS["comparator_energy"])
    assert latency(cost, "converters", "forward") == pytest.approx(8 * math.ceil(128 * 0.25) * PERIOD)
    cell = sram_cell(settings, PARTS)
    column = 128 * (cell.height * 0.2e-9 + cell.read_width * 0.5e-9)
    assert energy(cost, "arrays", "forward") == pytest.approx(reads * column * V * 0.2 * V)  # a fifth of the supply
    each = PARTS["adder_bit_energy"] + PARTS["register_energy"]
    assert energy(cost, "shift-and-add", "forward") == pytest.approx(reads / 8 * (7 + 8 + 8) * each)
    assert energy(cost, "arrays", "update") == pytest.approx(2000 * 8 / 10 * PARTS["sram_read_bit_energy"])


def test_errors_drive_each_bit_of_an_sram_weight_once():
    cell, cost = sram_cell(SETTINGS, PARTS), chip_cost([FIRST, LAYER], SETTINGS, None)
    column = 128 * (cell.height * 0.2e-9 + cell.read_width * 0.5e-9)
    each = 0.5 * column * V**2 + PARTS["register_energy"]
    assert energy(cost, "drivers", "backward") == pytest.approx(8 * 10 * 8 * 2 * each)  # in two arrays of rows


def test_single_reads_are_paid_in_the_update():
    cost = estimate(reads_per_update=(0.5,))
    single = 0.5 * 4000 / 10
    conversion = energy(cost, "converters", "forward") / (8 * 20)
    assert energy(cost, "converters", "update") == pytest.approx(single * conversion)


@pytest.mark.parametrize("copies", [1, 2])
def test_every_level_of_buffers_holds_a_position_and_moves_all_bits(copies):
    """Behind the first: 9 inputs of 8 bits and 4 sums of 14 in each copy of conv1, 200 and 10 of 15 in linear1."""
    one, three = (estimate(buffer_levels=levels, copies=(copies, 1)) for levels in (1, 3))
    staged = 2 * (copies * (9 * 8 + 4 * 14) + 200 * 8 + 10 * 15)
    assert area(three, "buffers") - area(one, "buffers") == pytest.approx(staged * 0.171e-12 / 0.72)
    assert energy(three, "buffers", "forward") == pytest.approx(3 * energy(one, "buffers", "forward"))
    assert latency(three, "buffers", "forward") == pytest.approx(math.ceil(3 * 1750 / 1024) * PERIOD)


def test_what_goes_off_the_chip_takes_its_bits_over_the_bandwidth():
    cost = estimate()
    moved = 2 * (199 + 10) * 8 + 2 * 2000 * 16 / 10
    assert latency(cost, "off-chip memory", "weight gradient") == pytest.approx(moved / 2.05e12)
    assert latency(cost, "off-chip memory", "forward", layer=0) == pytest.approx(16 * 8 / 2.05e12)
    assert not cost.latency[:, BLOCKS.index("off-chip memory"), PHASES.index("update")].any()
    kept = estimate(gradient_memory="on-chip", activations="on-chip")
    assert latency(kept, "buffers", "weight gradient") == pytest.approx(math.ceil(moved / 1024) * PERIOD)


def test_arrays_that_form_the_outer_product_take_activations_and_errors_once_more():
    """Kept for one image, then driven: 48 inputs with the reuse of columns and 16 x 4 errors; 200 inputs and 10 errors."""
    cost = estimate(gradient="in-array", arrays_per_tile=1)
    assert cost.facts["stored_bits"] == (16 + 64 + 199 + 10) * 8
    way = math.sqrt(cost.total_area - area(cost, "interconnect")) * (1 - 1 / 2) * 1.211e-10
    for layer, kept, driven in ((0, 16 + 64, 48 + 64), (1, 199 + 10, 200 + 10)):
        moved = (kept + driven) * 8
        assert energy(cost, "buffers", "update", layer) == pytest.approx(moved * PARTS["sram_read_bit_energy"])
        assert latency(cost, "buffers", "update", layer) == pytest.approx(math.ceil(moved / 1024) * PERIOD)
        assert energy(cost, "interconnect", "update", layer) == pytest.approx(driven * 8 * way)
        assert latency(cost, "interconnect", "update", layer) == pytest.approx(math.ceil(driven * 8 / 1024) * PERIOD)
    image = estimate(gradient="per-image", activations="on-chip")
    assert image.facts["stored_bits"] == (16 + 64 + 199 + 10) * 8
    batch = estimate()  # two bits for each of 4,000 devices and 10 images
    assert latency(batch, "interconnect", "update") == pytest.approx(4000 * 2 / 10 / 1024 * PERIOD)


def test_errors_pass_the_functions_of_what_they_entered_by():
    """199 inputs of linear1 in 128 units."""
    cost = estimate()
    each = PARTS["multiplier_energy"] + 24 * PARTS["adder_bit_energy"]
    assert energy(cost, "function units", "backward") == pytest.approx(199 * each)
    assert latency(cost, "function units", "backward") == pytest.approx(2 * PERIOD)


def test_memories_of_a_mebibyte_are_on_the_chip():
    """1024 x 512 gradients of 16 bits are 2^23; so are 2^19 activations of 8 bits with 2^18 errors of 16."""

    def places(columns=512, inputs=2**19):
        layer = dataclasses.replace(LAYER, rows=1024, columns=columns, input_values=inputs, output_values=2**18)
        found = resolved(ChipSettings(gradient="per-image", error_bits=16), [layer])
        return found.gradient_memory, found.activations

    assert places() == ("on-chip", "on-chip")
    assert places(columns=513)[0] == places(inputs=2**19 + 1)[1] == "off-chip"
    assert resolved(ChipSettings(gradient_macs=32), [LAYER]).digital_macs == 128
