"""Arrays that are not square, in training and inference and in every readout, by hand; what a table or figures know of a cell."""

import dataclasses
import math

import numpy as np
import pytest
from cost_cases import area, energy, latency, small_synapse
from fit_cases import table_of

from arraysim.cost.cell import device_cell, pulse_notes, sram_cell, synapse_of, synapse_of_table
from arraysim.cost.components import Parts
from arraysim.cost.estimate import chip_cost, sram_settings
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import gate_delay, technology
from arraysim.networks.crossbars import ArrayLayer
from compact.exchange.synapse_file import synapse_from_mapping
from compact.exchange.synapse_table import synapse_table
from dwcore.errors import InputError
from llg.device.device_file import load_device

FIRST = ArrayLayer(
    name="conv1", kind="conv", rows=9, columns=4, positions=16, input_values=16, output_values=64, kernel=3
)
LAYER = ArrayLayer(name="linear1", kind="linear", rows=200, columns=10, positions=1, input_values=199, output_values=10)
SYNAPSE = small_synapse(np.array([1e-5, 2e-5, 3e-5]))
SETTINGS = ChipSettings(
    array_rows=256, array_columns=64, on_resistance=50e3, input_activity=(0.25,), error_activity=(0.5,), batch_size=10,
    pulses_per_update=(0.1,), front_end="none", converter_floor=False, control=False, overlap="none", pipeline="none",
    buffer_bank_bits=0, cell_capacitance=0.0, gradient_macs=1024, gradient_memory="off-chip", activations="off-chip",
)  # fmt: skip
"""One array of 256 rows and 64 columns for each layer, pairs of devices, 8 converters of 6 bits."""
PARTS = Parts(technology(32))
V, PERIOD, DENSITY = 0.9, 1e-9, 0.7
LINE = (PARTS["register_area"] + 4 * PARTS["gate_area"]) / DENSITY
ADD = PARTS["adder_bit_energy"] + PARTS["register_energy"]


def estimate(synapse=SYNAPSE, **changes):
    return chip_cost([FIRST, LAYER], dataclasses.replace(SETTINGS, **changes), synapse)


def lines(cell):
    """Capacitances of a row of 64 cells and of a column of 256."""
    return 64 * (cell.width * 0.2e-9 + cell.read_width * 1e-9), 256 * (cell.height * 0.2e-9 + cell.read_width * 0.5e-9)


def test_rows_are_as_long_as_there_are_columns_and_columns_as_there_are_rows():
    cost, (row, column) = estimate(), lines(device_cell(SYNAPSE, SETTINGS, PARTS))
    assert cost.facts["arrays_per_layer"] == [1, 1]
    register = PARTS["register_energy"]
    assert energy(cost, "drivers") == pytest.approx(8 * 200 * (0.25 * row * V**2 + register))
    assert energy(cost, "drivers", "backward") == pytest.approx(8 * 20 * (0.5 * column * V**2 + register))
    sources = 64 * (1e-4 / 600) * 4 * 32e-9
    assert area(cost, "drivers") == pytest.approx(2 * ((256 + 64) * LINE + sources))
    switch = (V - 0.5) / (2 * 600) * 256 * 2e-5 / 0.25
    assert area(cost, "multiplexers") == pytest.approx(2 * (256 + 64) * 2 * switch * 4 * 32e-9)
    assert latency(cost, "arrays", "update") == pytest.approx(2 * 256 * (1 - 0.95**64) * 2e-9 / 10)


def test_a_chip_that_does_not_train_drives_no_columns():
    cost, switch = estimate(training=False), (V - 0.5) / (2 * 600) * 256 * 2e-5 / 0.25
    assert area(cost, "drivers") == pytest.approx(2 * 256 * LINE)
    assert area(cost, "multiplexers") == pytest.approx(2 * 64 * 2 * switch * 4 * 32e-9)
    assert area(cost, "accumulators") == pytest.approx((4 * 14 + 10 * 14) * PARTS["register_area"] / DENSITY)


def test_converters_of_columns_and_of_rows():
    """64 columns in groups of 24 need three converters, 256 rows eleven; a ramp is shared by those of the columns."""
    shared, own = (estimate(columns_per_converter=24, backward_converters=kind) for kind in ("shared", "own"))
    assert area(own, "converters") == pytest.approx((3 + 11) / 3 * area(shared, "converters"))
    for each, count in ((8, 8), (24, 3)):
        ramp = 64 * (PARTS["comparator_energy"] + PARTS["dac_unit_energy"] / count) + 6 * PARTS["register_energy"]
        cost = estimate(converter="ramp", columns_per_converter=each)
        assert energy(cost, "converters") == pytest.approx(8 * 10 * ramp)
    slower = technology(32).gate_delay / gate_delay(32, "HP", 1.0)  # than in the chip that was published
    for bits in (8, 16):
        fast, clocks = estimate(converter="sar-fast", converter_bits=bits), math.ceil(bits * 0.104 * slower)
        assert latency(fast, "converters") == pytest.approx(8 * 4 * clocks * PERIOD)
    level = area(estimate(input_coding="multi-level"), "converters") - area(estimate(), "converters")
    assert level == pytest.approx(2 * 256 * 2**8 * PARTS["dac_unit_area"])


def test_only_successive_converters_wait_for_the_rows_that_published_ones_wait_for():
    """6 bits x (256 rows x 6.53 ps + 0.64 ns) = 13.9 ns, in clocks; flash converters decide in one.

    The fast kind, published as a converter of its own, has its own time.
    """
    fast = estimate(converter="sar-fast")
    own = latency(fast, "converters") / (8 * 4 * PERIOD)
    for kind, clocks in (("sar", 14), ("flash", 1), ("sar-fast", own)):
        cost = estimate(converter=kind, converter_floor=True)
        assert latency(cost, "converters") == pytest.approx(8 * 4 * clocks * PERIOD)


def test_comparators_of_coarse_converters_are_as_small_as_logic_makes_them():
    """Three bits need 8 mV against 56 mV only; the area shrinks from 180 to 32 nm as that of logic, by 40."""
    cost = estimate(converter="flash", converter_bits=3, converter_floor=True)
    own = DENSITY * area(cost, "converters") / 16
    assert own == pytest.approx(7 * 392e-12 / 40 + 4 * PARTS["adder_bit_area"])
    assert own / DENSITY > 8 * 10 ** (-0.0369 * 3) * PARTS["adc_code_area"], "more than published ones"


def test_devices_read_one_by_one_share_the_converters_of_their_arrays():
    """0.5 x 4000 devices for 10 images through 16 converters, each of which takes two turns for a read of all columns."""
    cost, plain = (estimate(reads_per_update=(reads,), columns_per_converter=4) for reads in (0.5, 0.0))
    single, turn = 0.5 * 4000 / 10, latency(plain, "arrays") / (8 * 2)
    assert latency(cost, "arrays", "update") - latency(plain, "arrays", "update") == pytest.approx(single / 16 * turn)
    assert latency(cost, "converters", "update") == pytest.approx(single / 16 * 7 * PERIOD)
    each = 0.1**2 * device_cell(SYNAPSE, SETTINGS, PARTS).mean_conductance * 1e-9
    more = energy(cost, "arrays", "update") - energy(plain, "arrays", "update")
    assert more == pytest.approx(single * each)


def test_rows_that_are_written_more_than_once_and_limits_that_do_not_matter():
    """Two pulses of each polarity: two turns of every row. A limit above the current lets nothing wait."""
    cost = estimate(pulses_per_update=(4.0,))
    assert latency(cost, "arrays", "update") == pytest.approx(2 * 256 * 2 * 2e-9 / 10)
    free = estimate()
    limited = estimate(write_current_limit=2 * free.facts["write_current_A"])
    assert latency(limited, "arrays", "update") == latency(free, "arrays", "update")


def test_a_time_of_a_read_that_is_given_counts():
    assert latency(estimate(read_time=5e-9), "arrays") == pytest.approx(8 * 4 * 5e-9)


def test_even_the_shortest_row_needs_one_inverter():
    cost = estimate(array_columns=1, columns_per_converter=1, cells="single", reference_columns=0)
    assert latency(cost, "drivers") == pytest.approx(8 * technology(32).gate_delay)


def test_clamps_of_columns_and_of_rows():
    """The cascode carries a column of 256 devices that all conduct."""
    cost, cell = estimate(front_end="clamp", mirror=0.0), device_cell(SYNAPSE, SETTINGS, PARTS)
    on, most = 7 * PERIOD + 1e-9, 256 * cell.on_conductance * 0.1
    g = math.log(2) * 7 * (lines(cell)[1] + 6 * most / 600 * 1e-9) / 1e-9
    through = 8 * 0.25 * 4000 * 0.1 * cell.mean_conductance * (V - 0.1) * on
    assert energy(cost, "front end") == pytest.approx(through + 8 * 20 * 2 * g / 13 * V * on)
    each = PARTS["amplifier_area"] / DENSITY
    for training, count in ((True, 64 + 256), (False, 64)):
        cost = estimate(front_end="clamp", clamps="column", training=training)
        assert area(cost, "front end") == pytest.approx(2 * count * each)
    with pytest.raises(InputError, match=r"read_voltage = 0\.9 \[V\] must be < the supply = 0\.9"):
        estimate(front_end="clamp", read_voltage=0.9)


def test_sram_holds_charge_on_its_columns_and_in_its_cells():
    """80 columns of single bits in two arrays; forward each is converted, or read with its weight, and 2 x 8 charges count."""
    plain, full = (estimate(None, cell_capacitance=c, batch_size=1) for c in (0.0, 1e-15))
    _, column = lines(sram_cell(SETTINGS, PARTS))
    assert energy(plain, "arrays") == pytest.approx(8 * 80 * column * V**2)
    assert energy(full, "arrays") - energy(plain, "arrays") == pytest.approx(8 * 0.25 * 16000 * 1e-15 * V**2)
    analog = estimate(None, bit_combination="analog")
    assert energy(analog, "arrays") == pytest.approx(energy(plain, "arrays"))
    assert energy(plain, "arrays", "backward") == pytest.approx(8 * 8 * 200 * 2 * column * V**2)
    assert latency(plain, "arrays", "update") == pytest.approx(256 * PERIOD)
    assert latency(estimate(None), "arrays", "update") == pytest.approx(256 * PERIOD / 10)
    cell = sram_cell(SETTINGS, PARTS)
    assert cell.width / cell.height == pytest.approx(2.5)  # 20 F by 8 F


def test_rows_read_one_after_the_other():
    """Of 200 rows a quarter holds a one; backward half of the 64 columns that a row of arrays has, or of what they fill."""
    row_by_row = {"readout": "sequential", "synapse": None}
    cost = estimate(**row_by_row)
    assert area(cost, "converters") == pytest.approx(3 * 64 * PARTS["comparator_area"] / DENSITY)
    own = estimate(backward_converters="own", **row_by_row)
    assert area(own, "converters") == pytest.approx(3 * (64 + 256) * PARTS["comparator_area"] / DENSITY)
    assert latency(cost, "converters") == pytest.approx(8 * 50 * PERIOD)
    assert latency(cost, "converters", "backward") == pytest.approx(8 * 32 * PERIOD)
    assert latency(cost, "drivers") / latency(cost, "converters") == pytest.approx(
        word_delay(sram_cell_of(cost)) / PERIOD
    )
    units = 3 * 64 / 8 * (8 + 8 + 8)  # sums of 256 rows over 8 bits of inputs and of weights
    each = (PARTS["adder_bit_area"] + PARTS["register_area"]) / DENSITY
    assert area(cost, "shift-and-add") == pytest.approx(units * each)


@pytest.mark.parametrize(("cells", "devices", "bits"), [("pair", 2, 17), ("single", 1, 16)])
def test_devices_read_row_by_row_are_bits(cells, devices, bits):
    """Sums of 256 rows over 8 bits of the inputs, with a sign where a weight is a difference; a bit each of 2000 weights."""
    synapse = dataclasses.replace(SYNAPSE, conductance=SYNAPSE.conductance[:2])
    cost, reads = estimate(synapse, readout="sequential", cells=cells), 8 * 0.25 * 2000
    assert energy(cost, "converters") == pytest.approx(reads * devices * PARTS["comparator_energy"])
    assert energy(cost, "shift-and-add") == pytest.approx(reads * bits * ADD)
    with pytest.raises(InputError, match='sequential tells two levels of a cell apart, device "test" has 3'):
        estimate(readout="sequential", cells=cells)


def sram_cell_of(cost):
    return sram_cell(dataclasses.replace(SETTINGS, readout=cost.facts["settings"]["readout"]), PARTS)


def word_delay(cell):
    """Inverters that grow by four from stage to stage drive a row."""
    inverter = 3 * 64e-9 * 1e-9
    return max(1, math.ceil(math.log(lines(cell)[0] / inverter, 4))) * technology(32).gate_delay


def test_weights_that_are_multiplied_beside_their_cells():
    """Eight weights share a tree of 256 products of 8 bits, one bit of an input at a time."""
    cost = estimate(None, readout="digital")
    add = math.ceil((8 + 8) * 2 * technology(32).gate_delay / PERIOD) * PERIOD
    assert latency(cost, "multipliers") == pytest.approx(8 * 8 * add)
    assert energy(cost, "shift-and-add") == pytest.approx(8 * 10 * (8 + 8 + 8) * ADD)
    carry = math.ceil((8 + 8 + 8) * 2 * technology(32).gate_delay / PERIOD) * PERIOD
    assert latency(cost, "shift-and-add") == pytest.approx(8 * 8 * carry)
    assert energy(cost, "multipliers", "backward", layer=0) == 0.0 < energy(cost, "multipliers", "backward")
    twice = estimate(None, readout="digital", dcim_bits=2)
    assert energy(twice, "shift-and-add") == pytest.approx(energy(cost, "shift-and-add") / 2)


def test_both_sums_of_a_pair_are_merged_in_adders_of_their_own():
    """Two converted columns make one output: a merge of 15 bits at every converter, and half of the outputs a turn."""
    cost, plain = estimate(subtraction="digital"), estimate()
    assert area(cost, "shift-and-add") - area(plain, "shift-and-add") == pytest.approx(
        2 * 8 * 15 * PARTS["adder_bit_area"] / DENSITY
    )
    assert latency(cost, "accumulators") == pytest.approx(4 * PERIOD)


@pytest.mark.parametrize(("overlap", "levels"), [("none", 3), ("layer", 1)])
def test_levels_of_a_tree_work_at_the_same_time_where_positions_follow_one_another(overlap, levels):
    """2,000 rows in eight arrays: three levels of adders, registers between them."""
    layer = dataclasses.replace(LAYER, rows=2000, input_values=1999)
    settings = dataclasses.replace(SETTINGS, overlap=overlap, input_coding="multi-level", converter="flash")
    cost = chip_cost([layer], settings, SYNAPSE)
    add = math.ceil((6 + 3) * 2 * technology(32).gate_delay / PERIOD) * PERIOD
    steps = [step for step in cost.derivation["adder trees"] if step.symbol == "t(forward)"]
    assert steps[0].value == pytest.approx(4 * levels * add)


def test_magnitude_of_a_current_density_and_duration_make_a_pulse():
    """Current and drop are linear in the density, whatever its sign; the duration is that of the point, not the nominal."""
    device = load_device("five_state")
    nominal = synapse_of(device)
    found = synapse_of(device, point=(-2 * device.pulse.current_density, 3e-9))
    assert found.pulse_current == pytest.approx(2 * nominal.pulse_current) and nominal.pulse_current > 0
    assert found.pulse_voltage == pytest.approx(2 * nominal.pulse_voltage)
    edges = (device.pulse.rise_time + device.pulse.fall_time) / 2
    assert found.pulse_time == pytest.approx(3e-9 + edges, rel=1e-12)
    # P = V I while the pulse is up; less in its edges.
    for one in (nominal, found):
        power = one.pulse_voltage * one.pulse_current
        assert power * (one.pulse_time - 2 * edges) <= one.pulse_energy <= power * (one.pulse_time + 2 * edges)
    assert found.breadth == pytest.approx(float(device.geometry.w.max()))


def test_a_current_that_is_unknown_follows_from_energy_time_and_voltage():
    """50 fJ in 1 ns at 0.5 V are 0.1 mA; at 1 V, where that is not known either, 0.05 mA; both are said where they matter."""
    unknown = {"pulse_current": math.nan, "pulse_time": 1e-9}
    known, guessed = (dataclasses.replace(SYNAPSE, pulse_voltage=v, **unknown) for v in (0.5, math.nan))
    assert device_cell(known, SETTINGS, PARTS).pulse_current == pytest.approx(1e-4)
    assert device_cell(guessed, SETTINGS, PARTS).pulse_current == pytest.approx(5e-5)
    assert pulse_notes(known, SETTINGS) == pulse_notes(SYNAPSE, SETTINGS) == ()
    assert "current of a write pulse is unknown" in pulse_notes(guessed, SETTINGS)[0]
    assert pulse_notes(guessed, dataclasses.replace(SETTINGS, training=False)) == ()
    longer = device_cell(SYNAPSE, dataclasses.replace(SETTINGS, pulse_time=5e-9), PARTS)
    assert longer.pulse_current == pytest.approx(50e-15 / (5e-9 * 0.2))


def test_an_area_that_is_set_goes_before_that_of_the_synapse():
    given = dataclasses.replace(SYNAPSE, cell_area_F2=30.0)
    assert device_cell(given, SETTINGS, PARTS).area == pytest.approx(30 * 32e-9**2)
    settings = dataclasses.replace(SETTINGS, cell_area_F2=50.0)
    assert device_cell(given, settings, PARTS).area == pytest.approx(50 * 32e-9**2)
    assert sram_cell(settings, PARTS).area == pytest.approx(50 * 32e-9**2)
    assert sram_settings(settings).cell_area_F2 == 0.0  # of a device, not of the baseline's cells
    with pytest.raises(InputError, match="conductances must be two or more and > 0"):
        device_cell(dataclasses.replace(SYNAPSE, conductance=np.array([0.0, 1e-5])), SETTINGS, PARTS)


def test_a_table_of_a_device_gives_the_mean_energy_and_the_strongest_of_its_two_pulses():
    """Weak pulses raise best, strong ones lower: 2 and 4 pJ, 3 on the mean; the write transistor carries 2e11 A/m^2."""
    device = load_device("five_state")
    counts = np.zeros((1, 1, 4, 1, 3, 4), int)
    for a, (step, often) in enumerate([(-1, 9), (-1, 5), (1, 9), (1, 5)]):
        for s in range(3):
            counts[0, 0, a, 0, s, min(max(s + step, 0), 2)] += often
            counts[0, 0, a, 0, s, s] += 10 - often
    J, duration = (-2e11, -1e11, 1e11, 2e11), 2e-9
    table = table_of(counts, J, (duration,), config={"device": device.config()})
    table = dataclasses.replace(table, energy_per_pulse=1e-12 * np.array([[4.0], [8.0], [2.0], [16.0]]))
    found, strong = synapse_of_table(table, "t.h5"), synapse_of(device, point=(2e11, duration))
    assert found.pulse_energy == pytest.approx(3e-12)
    assert (found.pulse_current, found.pulse_time) == (strong.pulse_current, strong.pulse_time)
    assert found.conductance is table.conductance and found.length == device.track.length


def test_figures_of_a_synapse_give_what_they_know():
    """Energies of both polarities on the mean; 3 pJ in 10 ns at 0.1 mA are 3 V."""
    figures = {"states": 5, "conductance_low": 1e-5, "on_off": 3.0, "pulse_energy": 2e-12, "pulse_energy_down": 4e-12}

    def known(**more):
        return synapse_of_table(synapse_table(synapse_from_mapping({"synapse": figures | more}, "test")), "t.h5")

    found = known(pulse_duration=1e-8, pulse_current=1e-4, cell_area_F2=12.0)
    assert found.pulse_energy == pytest.approx(3e-12) and found.pulse_voltage == pytest.approx(3.0)
    assert (found.pulse_current, found.pulse_time, found.cell_area_F2) == (1e-4, 1e-8, 12.0)
    less = known()
    assert math.isnan(less.pulse_time) and math.isnan(less.pulse_current) and math.isnan(less.pulse_voltage)
    assert less.cell_area_F2 == 0.0
