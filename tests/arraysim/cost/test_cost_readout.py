"""Front ends, converters as published, subtraction, bits of SRAM weights, overlap, pipeline, buffers: by hand."""

import dataclasses
import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from cost_cases import area, energy, latency, small_synapse

from arraysim.cost.cell import device_cell, synapse_of_law
from arraysim.cost.chip_blocks import CORE
from arraysim.cost.comparison import BASELINES, compare
from arraysim.cost.components import Parts
from arraysim.cost.digital_chip import digital_cost
from arraysim.cost.estimate import chip_cost, sram_settings
from arraysim.cost.ledger import BLOCKS, PHASES
from arraysim.cost.merits import UNCERTAINTY, endurance, merits
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import technology
from arraysim.networks.crossbars import ArrayLayer
from arraysim.synapses.ladder import ladder_law
from dwcore.errors import InputError

ROOT = Path(__file__).parents[3]
FIRST = ArrayLayer(
    name="conv1", kind="conv", rows=9, columns=4, positions=16, input_values=16, output_values=64, kernel=3
)
LAYER = ArrayLayer(name="linear1", kind="linear", rows=200, columns=10, positions=1, input_values=199, output_values=10)
SYNAPSE = small_synapse(np.linspace(1e-5, 5e-5, 5))
SETTINGS = ChipSettings(input_activity=(0.25,), error_activity=(0.5,), pulses_per_update=(0.1,), batch_size=10)
PARTS = Parts(technology(32))
V, PERIOD = 0.9, 1e-9


def estimate(synapse=SYNAPSE, **changes):
    return chip_cost([FIRST, LAYER], dataclasses.replace(SETTINGS, **changes), synapse)


def facts_of_lines(rows=128):
    cell = device_cell(SYNAPSE, SETTINGS, PARTS)
    return cell, rows * (cell.height * 0.2e-9 + cell.read_width * 0.5e-9)


def test_a_column_takes_its_current_from_the_supply_for_as_long_as_it_is_converted():
    cell, bit = facts_of_lines()
    on = 9 * PERIOD + 1e-9  # 6 bits x (128 rows x 6.53 ps + 0.64 ns) = 8.9 ns, in clocks; and the read
    conducting = 8 * 0.25 * 200 * 20
    current = 0.1 * cell.mean_conductance
    cost = estimate()
    assert energy(cost, "arrays") == pytest.approx(conducting * 0.1 * current * on)
    most = 128 * cell.on_conductance * 0.1
    g = math.log(2) * 7 * (bit + 6 * most / 600 * 1e-9) / 1e-9
    clamps = 8 * 10 * 2 * 2 * 2 * g / 13 * V * on
    assert energy(cost, "front end") == pytest.approx(conducting * current * (2 * V - 0.1) * on + clamps)
    one = PARTS["amplifier_area"] / 0.7
    assert area(cost, "front end") == pytest.approx(3 * 16 * 2 * one)
    assert area(estimate(clamps="column"), "front end") == pytest.approx(3 * 256 * one)
    gated, plain = estimate(column_current="gated"), estimate(mirror=0.0)
    assert energy(gated, "front end") == pytest.approx(energy(cost, "front end") / 10)
    assert energy(cost, "front end") - energy(plain, "front end") == pytest.approx(conducting * current * V * on)
    assert energy(estimate(front_end="none"), "front end") == 0
    assert energy(estimate(synapse=None), "front end") == 0


def test_no_converter_undercuts_published_ones():
    """(100 fF b + 1 aF 4^b) V^2 and 16.07 um^2 2^b 10^(-0.0369 b) at 28 nm and below, as wide as the node above."""
    for node, width in ((28.0, 1.0), (7.0, 1.0), (65.0, 65 / 28)):
        supply = technology(node).supply
        cost = chip_cost([LAYER], dataclasses.replace(SETTINGS, node_nm=node), SYNAPSE)
        floor = (6 * 100e-15 + 4**6 * 1e-18) * supply**2 * width
        assert energy(cost, "converters", layer=0) == pytest.approx(8 * 10 * 2 * floor)
    assert area(cost, "converters") == pytest.approx(2 * 16 * 16.07e-12 * 64 * 10 ** (-0.0369 * 6))
    free = chip_cost([LAYER], dataclasses.replace(SETTINGS, converter_floor=False), SYNAPSE)
    assert energy(free, "converters", layer=0) < 0.5 * 8 * 10 * 2 * 0.49e-12


def test_comparators_of_a_flash_converter_are_as_large_as_its_steps_are_fine():
    """8 mV against half a step of 0.9 V/2^b: 1.30 at 6 bits; transistors as small as logic at 2 bits."""

    def comparators(bits):
        cost = chip_cost([LAYER], dataclasses.replace(SETTINGS, converter="flash", converter_bits=bits), SYNAPSE)
        adders = 2**bits - bits - 1
        return 0.7 * area(cost, "converters") / 32 - adders * PARTS["adder_bit_area"]

    shrunk = 392e-12 * 32 / 180
    assert comparators(6) == pytest.approx(63 * shrunk * (8e-3 / (0.45 / 64)) ** 2)
    assert comparators(8) == pytest.approx(255 * shrunk * (8e-3 / (0.45 / 256)) ** 2)


@pytest.mark.parametrize(("cells", "conversions", "bits"), [("pair", 80, 10), ("single", 80, 9)])
def test_bits_that_tell_all_sums_of_a_column_apart(cells, conversions, bits):
    cost = estimate(cells=cells, converter_bits=0)
    assert cost.facts["converter_bits"] == bits  # log2(128 x 4 steps), and the sign of a difference
    assert (
        chip_cost([LAYER], sram_settings(dataclasses.replace(SETTINGS, converter_bits=0)), None).facts["converter_bits"]
        == 7
    )


def test_a_pair_subtracted_digitally_is_converted_twice():
    once, twice = estimate(), estimate(subtraction="digital")
    for phase in ("forward", "backward"):
        assert energy(twice, "converters", phase) == pytest.approx(2 * energy(once, "converters", phase))
        assert latency(twice, "converters", phase) == pytest.approx(2 * latency(once, "converters", phase))
    assert energy(twice, "arrays", "backward") == pytest.approx(energy(once, "arrays", "backward"))


def test_reference_columns_stand_beside_single_cells_and_conduct():
    cost, more = estimate(cells="single", reference_columns=0), estimate(cells="single", reference_columns=16)
    assert area(more, "arrays") == pytest.approx(1.125 * area(cost, "arrays"))
    assert energy(more, "arrays") == pytest.approx(1.125 * energy(cost, "arrays"))
    assert area(estimate(reference_columns=16), "arrays") == area(estimate(reference_columns=1), "arrays")


def test_bits_of_sram_weights_are_combined_before_or_after_the_converter():
    digital, analog = estimate(synapse=None), estimate(synapse=None, bit_combination="analog")
    conversion = 0.9**2 * (6 * 100e-15 + 4**6 * 1e-18) * 32 / 28
    weighting = 255 * PARTS["dac_unit_energy"]
    assert energy(digital, "converters") == pytest.approx(8 * 80 * 2 * conversion)
    assert energy(analog, "converters") == pytest.approx(8 * 10 * 2 * (conversion + weighting))
    # Backward one significance after the other, however the bits are combined forward; or all together.
    assert energy(analog, "converters", "backward") == energy(digital, "converters", "backward")
    together = estimate(synapse=None, backward_bits="together")
    assert energy(digital, "converters", "backward") == pytest.approx(8 * energy(together, "converters", "backward"))
    # Sums of one bit of a weight are no wider than those of a device; eight of them are merged once per output.
    adder = PARTS["adder_bit_energy"] + PARTS["register_energy"]
    assert energy(digital, "shift-and-add") == pytest.approx((8 * 80 * 2 * 14 + 10 * 2 * 7 * 22) * adder)


def test_digital_readout_multiplies_beside_the_cells():
    cost = estimate(synapse=None, readout="digital")
    product = 0.125  # inputs that are 1 a quarter of the time meet ones of weights
    tree = 8 * 2000 * 4 * product * (1 - product) * 10 * PARTS["adder_bit_energy"]
    assert energy(cost, "multipliers") == pytest.approx(tree)
    assert energy(cost, "converters") == area(cost, "converters") == 0
    arrays = cost.facts["arrays"]
    one = (8 * PARTS["gate_area"] + 2 * 10 * PARTS["adder_bit_area"]) / 0.7
    assert area(cost, "multipliers") == pytest.approx(arrays * 128 * 16 / 8 * one)
    six = estimate(synapse=None, readout="digital", weight_bits=6)  # 21 weights fill 126 of 128 columns
    one = (6 * PARTS["gate_area"] + 2 * 8 * PARTS["adder_bit_area"]) / 0.7
    assert area(six, "multipliers") == pytest.approx(six.facts["arrays"] * 128 * 21 / 8 * one)
    faster = estimate(synapse=None, readout="digital", dcim_bits=2)
    assert area(faster, "multipliers") == pytest.approx(2 * area(cost, "multipliers"))
    with pytest.raises(InputError, match="readout = digital needs SRAM cells"):
        estimate(readout="digital")


def test_control_is_a_share_of_the_arrays_and_what_reads_them():
    cost = estimate()
    core = sum(area(cost, block) for block in CORE)
    assert area(cost, "control") == pytest.approx(0.21 / 0.79 * core)
    for phase in ("forward", "backward"):
        used = sum(energy(cost, block, phase) for block in CORE)
        assert energy(cost, "control", phase) == pytest.approx(0.06 / 0.94 * used)
    assert area(estimate(control=False), "control") == 0


def test_the_slowest_stage_of_a_layer_decides_and_hidden_times_stay_in_the_books():
    cost, serial = estimate(), estimate(overlap="none")
    stages = np.array([serial.latency[:, BLOCKS.index(one), 0] for one in BLOCKS])
    reading = [BLOCKS.index(one) for one in ("arrays", "drivers", "multiplexers", "front end", "converters")]
    rest = [number for number in range(len(BLOCKS)) if number not in reading]
    slowest = np.maximum(stages[reading].sum(axis=0), stages[rest].max(axis=0))
    np.testing.assert_allclose(cost.latency[:, :, 0].sum(axis=1), slowest, rtol=1e-12)
    for number, block in enumerate(BLOCKS):
        entered = sum(step.value for step in cost.derivation[block] if step.symbol == "t(forward)")
        assert entered == pytest.approx(cost.latency[:, number, 0].sum(), abs=1e-18)
    split = estimate(column_current="gated")
    assert split.latency[:, :, 0].sum() < cost.latency[:, :, 0].sum()
    assert serial.latency[:, :, :3].sum() > cost.latency[:, :, :3].sum()


def test_a_pipeline_is_as_fast_as_its_slowest_layer_and_holds_two_inputs_of_every_layer():
    cost, plain = estimate(), estimate(pipeline="none")
    assert plain.facts["image_interval_s"] == pytest.approx(plain.total_latency())
    by_layer = cost.latency.sum(axis=1)
    slowest = max((by_layer.sum(axis=1) - by_layer[:, 2]).max(), by_layer[:, 2].sum())
    interval = slowest + (cost.total_latency() - slowest) / 10
    assert cost.facts["image_interval_s"] == pytest.approx(interval)
    assert cost.facts["inference_interval_s"] == pytest.approx(by_layer[:, 0].max())
    assert cost.facts["buffer_bits"] == 2 * (16 + 199) * 8
    assert plain.facts["buffer_bits"] == 209 * 8
    assert energy(cost, "leakage") < energy(plain, "leakage")
    assert plain.facts["inference_interval_s"] == pytest.approx(plain.total_latency("forward"))
    inference = estimate(training=False)
    assert inference.facts["image_interval_s"] == pytest.approx(inference.latency.sum(axis=(1, 2)).max())


def test_arrays_work_while_they_are_read():
    """One array of the first layer and two of the second, forward and backward, of all three between two images."""
    cost = estimate()
    reading = cost.latency[:, :, :2].sum(axis=(1, 2)) @ np.array([1, 2])
    assert cost.facts["utilization_in_time"] == pytest.approx(reading / (3 * cost.facts["image_interval_s"]))


def test_gated_arrays_leak_while_their_layer_works():
    on, gated = estimate(pipeline="none"), estimate(pipeline="none", power_gating=True)
    core = sum(area(on, block) for block in CORE if block != "arrays")
    power = on.facts["leakage_power_W"] * core / (on.total_area - area(on, "arrays"))
    saved = power * on.latency[1, :, 0].sum() * 1 / 3  # one of three arrays belongs to the first layer
    assert energy(on, "leakage") - energy(gated, "leakage") == pytest.approx(saved, rel=1e-6)


def test_banks_keep_large_buffers_cheap():
    large = dataclasses.replace(LAYER, rows=200001, input_values=200000)
    one, banks = (
        chip_cost([large], dataclasses.replace(SETTINGS, buffer_bank_bits=bits), SYNAPSE) for bits in (0, 2**18)
    )
    bits = 2 * 200000 * 8
    each = PARTS["sram_read_bit_energy"] * math.sqrt(bits / 65536)
    moved = energy(one, "buffers", layer=0) / each
    side = math.sqrt(bits * 0.171e-12 / 0.72)
    split = 2 * PARTS["sram_read_bit_energy"] + 0.5 * side * PARTS["wire_bit_energy"]
    assert energy(banks, "buffers", layer=0) == pytest.approx(moved * split)


def test_write_pulses_wait_for_a_limited_current():
    free = estimate()
    limited = estimate(write_current_limit=free.facts["write_current_A"] / 3)
    ratio = limited.latency[:, BLOCKS.index("arrays"), 3] / free.latency[:, BLOCKS.index("arrays"), 3]
    np.testing.assert_allclose(ratio, 3, rtol=1e-9)
    slots = 2 * 128 * (1 - 0.95**128) / 10
    assert free.facts["write_current_A"] == pytest.approx(0.1 * (72 + 4000) / 10 / slots * 1e-4)


def test_energy_of_a_write_pulse_depends_on_the_rail_as_charge_and_current_do():
    """Current: linear in the rail; charge of the line: its square."""
    _, bit = facts_of_lines()
    pulses = 0.1 * 4000 / 10
    for rail in (0.4, 0.9, 1.8, 3.6):  # the supply is 0.9 V, the drop along the device 0.2 V
        lost = 1e-4 * (rail - 0.2) * 1.5e-9 + bit * rail**2
        assert energy(estimate(write_voltage=rail), "drivers", "update") == pytest.approx(pulses * lost)
    with pytest.raises(InputError, match=r"write_voltage = 0\.1 \[V\] must be >= 0\.2"):
        estimate(write_voltage=0.1)
    thirsty = dataclasses.replace(SYNAPSE, pulse_voltage=1.7)
    assert estimate(synapse=thirsty).facts["write_rail_V"] == 1.7  # more than the supply


def test_energies_of_pulses_keep_their_order():
    costs = [estimate(synapse=dataclasses.replace(SYNAPSE, pulse_energy=one)) for one in (1e-15, 5e-14, 3e-12)]
    updates = [energy(cost, "arrays", "update") for cost in costs]
    assert updates == pytest.approx([40 * 1e-15, 40 * 5e-14, 40 * 3e-12])


def test_columns_settle_to_half_a_step():
    """2 R C ln 2 (b + 1): one bit more takes ln 2 of the time constant more, whatever the bits."""
    slow = {"read_pulse": 1e-15, "overlap": "none", "converter_floor": False}
    times = [latency(estimate(converter_bits=bits, **slow), "arrays") for bits in (3, 6, 11)]
    assert times[1] / times[0] == pytest.approx(7 / 4)
    assert times[2] / times[0] == pytest.approx(12 / 4)


@pytest.mark.parametrize("macs", [256, 1024, 4096])
def test_a_square_of_multipliers_uses_each_operand_as_often_as_its_side(macs):
    cost = digital_cost([LAYER], dataclasses.replace(SETTINGS, digital_macs=macs, digital_weights="off-chip"))
    operands = 2000 / math.sqrt(macs) * 16 + 10 * 8
    each = PARTS["sram_read_bit_energy"]
    assert energy(cost, "buffers", layer=0) == pytest.approx(operands * each)
    assert area(cost, "arrays") == 0 and area(cost, "multipliers") > 0


def test_wires_take_the_square_of_the_supply():
    low, high = (Parts(technology(32, supply=supply)) for supply in (0.8, 1.0))
    for name in ("wire_bit_energy", "dac_unit_energy", "adc_bit_energy"):
        assert high[name] / low[name] == pytest.approx(1.5625)


def test_baselines_size_their_own_memories():
    """Gradients summed in the arrays are no business of SRAM: it keeps a batch, off the chip if that is large."""
    layers = [FIRST, dataclasses.replace(LAYER, rows=20000, input_values=19999)]
    settings = dataclasses.replace(SETTINGS, gradient="in-array", batch_size=200)
    result = compare(layers, settings, SYNAPSE)
    assert result.chip.facts["settings"]["activations"] == "on-chip"
    own = dataclasses.replace(settings, gradient="per-batch")
    for name, cost in compare(layers, own, SYNAPSE).baselines.items():
        found = result.baselines[name]
        assert found.facts["settings"]["activations"] == "off-chip"
        assert (found.total_area, found.total_energy()) == (cost.total_area, cost.total_energy())


def test_copies_of_layers_are_those_of_every_design():
    result = compare([FIRST, LAYER], dataclasses.replace(SETTINGS, copies=(4.0, 1.0)), SYNAPSE)
    for name in BASELINES[:6]:
        assert result.baselines[name].facts["copies_per_layer"] == [4, 1]


def test_weights_in_sram_are_written_in_every_copy():
    """Bits of the weights over the batch, by the energy of a bit; no device, so no pulses."""
    one, four = (
        chip_cost([FIRST, LAYER], sram_settings(dataclasses.replace(SETTINGS, copies=(copies, 1.0))), None)
        for copies in (1.0, 4.0)
    )
    assert energy(four, "arrays", "update", 0) == pytest.approx(4 * energy(one, "arrays", "update", 0))
    assert energy(four, "arrays", "update", 1) == pytest.approx(energy(one, "arrays", "update", 1))
    bits = 10 * 200 * 8 / SETTINGS.batch_size
    assert energy(one, "arrays", "update", 1) == pytest.approx(bits * PARTS["sram_read_bit_energy"])


def test_what_copies_cannot_share_alike_takes_one_more_step():
    """16 positions on 3 copies are 6 steps of each, forward and backward."""
    second = dataclasses.replace(FIRST, name="conv2", rows=37, input_values=64)
    once, thrice = (
        chip_cost([FIRST, second], dataclasses.replace(SETTINGS, copies=(1.0, copies)), SYNAPSE).latency
        for copies in (1.0, 3.0)
    )
    for phase in ("forward", "backward"):
        place = 1, BLOCKS.index("converters"), PHASES.index(phase)
        assert thrice[place] / once[place] == pytest.approx(6 / 16)


def test_ratios_tell_latency_from_the_time_between_images():
    result = compare([FIRST, LAYER], SETTINGS, SYNAPSE, names=("digital",))
    chip, digital = result.chip, result.baselines["digital"]
    found = result.ratios()["digital"]
    assert found["latency"] == pytest.approx(digital.total_latency() / chip.total_latency())
    assert found["interval"] == pytest.approx(digital.total_latency() / chip.facts["image_interval_s"])


def test_the_best_sram_takes_the_least_energy_times_time():
    result = compare([FIRST, LAYER], SETTINGS, SYNAPSE)
    products = {name: one.total_energy() * one.total_latency() for name, one in result.baselines.items()}
    best = min(products[name] for name in ("sram-8-parallel", "sram-8-sequential", "sram-8-analog", "digital-cim"))
    assert products["sram-best"] == best
    assert result.baselines["sram-best"].name.startswith("best SRAM: ")


def test_a_graphics_processor_takes_what_its_maker_publishes():
    gpu = compare([FIRST, LAYER], SETTINGS, SYNAPSE, names=("gpu",)).baselines["gpu"]
    assert gpu.total_energy("forward") == pytest.approx((576 + 2000) * 2.56e-12)
    assert gpu.total_latency("forward") == pytest.approx((576 + 2000) / 156e12)
    calm = dataclasses.replace(SETTINGS, training=False)
    gpu = compare([FIRST, LAYER], calm, SYNAPSE, names=("gpu",)).baselines["gpu"]
    assert gpu.total_energy() == pytest.approx((576 + 2000) * 1.28e-12)


def test_figures_of_merit():
    cost = estimate()
    inference, training = merits(cost)["inference"], merits(cost)["training"]
    assert inference["tops_per_W"] == pytest.approx(2 * 2576 / cost.total_energy("forward") / 1e12)
    assert inference["J_per_mac"] * inference["tops_per_W"] == pytest.approx(2e-12)
    assert inference["tops_per_mm2"] == pytest.approx(
        2 * 2576 / cost.facts["inference_interval_s"] / cost.total_area / 1e18
    )
    assert training["J_per_mac"] == pytest.approx(cost.total_energy() / (2576 + 2000 + 2576))
    assert training["power_W"] == pytest.approx(cost.total_energy() * training["images_per_s"])
    assert training["images_per_s"] == pytest.approx(1 / cost.facts["image_interval_s"])
    assert inference["images_per_s"] == pytest.approx(1 / cost.facts["inference_interval_s"])
    assert training["energy_delay_J_s"] == pytest.approx(cost.total_energy() * cost.total_latency())
    off = cost.energy[:, BLOCKS.index("off-chip memory")].sum()
    assert training["off_chip_share"] == pytest.approx(off / cost.total_energy())
    kept = estimate(activations="off-chip")
    image = 16 * 8 * 3.92e-12
    assert merits(kept)["inference"]["off_chip_share"] == pytest.approx(image / kept.total_energy("forward"))
    assert endurance(cost, epochs=3) == pytest.approx(0.1 * 3 * 50000 / 10)
    part = estimate(images_per_epoch=45)  # the last batch is half of one, with half of the pulses
    assert endurance(part, epochs=3) == pytest.approx(0.1 * 3 * 4.5)
    most_written = estimate(pulses_per_update=(0.1, 0.4))
    assert endurance(most_written) == pytest.approx(0.4 * 50000 / 10)
    assert set(merits(estimate(training=False))) == {"inference"}
    assert endurance(estimate(training=False)) == 0


def test_published_chips_are_met():
    """Geometric mean within 1.5, worst within 4, and the stated uncertainty is the spread that is found."""
    spec = importlib.util.spec_from_file_location("against", ROOT / "benchmarks/cost_against_silicon.py")
    against = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(against)
    result = against.run()
    assert len(result) >= 10
    for what, found in against.summary(result).items():
        assert 1 / 1.5 < found["geometric_mean"] < 1.5
        assert found["worst"] < 4
        assert UNCERTAINTY[what] == pytest.approx(found["spread"], abs=0.051)


def test_smaller_nodes_are_faster_whatever_their_transistors():
    for kind in ("LP", "HP"):
        delays = [technology(node, kind).gate_delay for node in np.linspace(7, 130, 300)]
        assert np.all(np.diff(delays) >= -1e-24)
    assert technology(14).sram_cell == pytest.approx(0.0588e-12)


def test_a_clock_that_no_gate_follows_is_refused():
    fastest = 1 / (4 * technology(32).gate_delay)
    estimate(clock=0.99 * fastest)
    with pytest.raises(InputError, match=r"clock = .* must be <= 4\.25e\+09"):
        estimate(clock=1.01 * fastest)


def test_pulses_that_a_source_does_not_know_are_asked_for_where_a_chip_trains():
    unknown = dict.fromkeys(("pulse_energy", "pulse_current", "pulse_voltage", "pulse_time"), math.nan)
    foreign = dataclasses.replace(SYNAPSE, name="imported", **unknown)
    with pytest.raises(InputError, match='"imported": pulse_energy and pulse_time of its write pulses is unknown'):
        estimate(synapse=foreign)
    with pytest.raises(InputError, match='"imported": pulse_time of'):
        estimate(synapse=foreign, pulse_energy=1e-12)
    inference = estimate(synapse=foreign, training=False)
    assert math.isfinite(inference.total_energy()) and inference.facts["energy_per_pulse_J"] == 0
    told = estimate(synapse=foreign, pulse_energy=1e-12, pulse_time=1e-8)
    assert energy(told, "arrays", "update") == pytest.approx(40 * 1e-12)
    assert told.facts["write_current_A"] == pytest.approx(estimate().facts["write_current_A"])  # 0.1 mA at 1 V
    other = estimate(pulse_energy=2e-12)  # of a device, with the voltage of its own pulse
    assert energy(other, "arrays", "update") == pytest.approx(40 * 2e-12)


def test_idealized_synapses_have_a_cost_once_their_pulse_has_a_duration():
    synapse = synapse_of_law(ladder_law(states=5, energy=2e-13), "ladder:5")
    cost = estimate(synapse=synapse, pulse_time=1e-9)
    assert cost.facts["levels_per_cell"] == 5 and cost.facts["energy_per_pulse_J"] == 2e-13
    with pytest.raises(InputError, match="pulse_time"):
        estimate(synapse=synapse)
