"""What a training cost: pulses, reads and layers of a result become settings of the chip."""

import dataclasses

import numpy as np
import pytest
from fit_cases import table_of
from training_cases import curve, made_up

from arraysim.cost.cell import Resistive
from arraysim.cost.ledger import PHASES
from arraysim.cost.of_training import (
    GRADIENTS,
    TrainingUse,
    block_rows,
    chip_of,
    cost_lines,
    summary_of,
    training_cost,
    use_of_file,
    wire_notes,
)
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import technology
from arraysim.datasets.datasets import load_dataset
from arraysim.networks.presets import mlp
from arraysim.periphery.config import Adc, Dac, Periphery, Read, TileWires
from arraysim.periphery.tiles import TileShape
from arraysim.rules.registry import RULES
from arraysim.synapses.ladder import ladder_law
from arraysim.training.config import TrainingConfig
from arraysim.training.run import train
from dwcore.canvas.number_text import with_prefix
from dwcore.errors import InputError
from llg.device.device_file import load_device

SYNAPSE = Resistive(name="test", conductance=np.array([1e-6, 2e-6]), length=0.0, breadth=0.0, pulse_energy=0.0,
                    pulse_current=0.0, pulse_voltage=0.0, pulse_time=0.0)  # fmt: skip
CONFIG = TrainingConfig(network=mlp((8,)), epochs=2, twin=False)


@pytest.fixture(scope="module")
def result():
    return train(ladder_law(states=5), load_dataset("digits"), seed=1, config=CONFIG)


def test_pulses_per_update_give_back_the_pulses_of_the_training(result):
    use = TrainingUse(results=[result], image_shape=(8, 8, 1), images=1438)
    settings, notes = use.settings(ChipSettings())
    assert not notes
    assert settings.batch_size == 16 and settings.images_per_epoch == 1438
    updates = 2 * 1438 / 16
    devices = [2 * weight.size for weight in result.hardware.weight]
    sent = updates * np.dot(settings.pulses_per_update, devices)
    assert sent == pytest.approx(int(result.hardware.pulses[-1]) - int(result.hardware.pulses[0]))
    reads = updates * settings.reads_per_update[0] * sum(devices)
    assert reads == pytest.approx(int(result.hardware.reads[-1]) - int(result.hardware.reads[0]))
    assert [(layer.rows, layer.columns) for layer in use.layers()] == [(65, 8), (9, 10)]


@pytest.mark.parametrize(("weights", "cells"), [("reference", 1), ("digits", 2)])
def test_the_cells_of_a_weight_are_those_of_the_training(result, weights, cells):
    """Single devices have half the cells of pairs; one pair stands for all digits, which a note says."""
    other = dataclasses.replace(result, config=dataclasses.replace(CONFIG, weights=weights))
    settings, notes = TrainingUse(results=[other], image_shape=(8, 8, 1), images=1438).settings(ChipSettings())
    assert settings.cells == {1: "single", 2: "pair"}[cells]
    assert (
        notes
        == {1: (), 2: ("the training had 2 pairs per weight; arrays, drivers and converters are those of one",)}[cells]
    )
    sent = 2 * 1438 / 16 * np.dot(settings.pulses_per_update, [cells * w.size for w in result.hardware.weight])
    assert sent == pytest.approx(int(result.hardware.pulses[-1]) - int(result.hardware.pulses[0]))
    through = dataclasses.replace(CONFIG, weights=weights, periphery=Periphery(adc=Adc(bits=6)))
    assert ("subtraction" in chip_of(through)) == (cells == 2)


def test_a_file_says_its_images_by_the_name_of_its_data_set(result):
    use = use_of_file([result], "training.h5")
    assert use.image_shape == (8, 8, 1)
    assert use.images == 1797 - int(result.chip.confusion.sum())


def test_images_of_own_data_are_in_the_file(result):
    own = use_of_file([dataclasses.replace(result, dataset="faces")], "training.h5")
    assert (own.image_shape, own.images) == ((8, 8, 1), 1797 - int(result.chip.confusion.sum()))
    before = dataclasses.replace(result, dataset="faces", origin={})
    with pytest.raises(InputError, match=r"does not say what the images .*faces"):
        use_of_file([before], "training.h5")


PERIPHERY = Periphery(
    tile=TileShape(rows=64, columns=32),
    dac=Dac(bits=4, coding="level"),
    adc=Adc(bits=5, kind="flash", lines=4),
    read=Read(voltage=0.05, subtraction="digital"),
    wires=TileWires(word_resistance=1.0, bit_resistance=2.0),
)


def test_accuracy_and_cost_are_those_of_one_chip(result):
    config = dataclasses.replace(CONFIG, periphery=PERIPHERY, rule="stochastic-pulses", batch_size=4)
    use = TrainingUse(results=[dataclasses.replace(result, config=config)], image_shape=(8, 8, 1), images=1438)
    settings, notes = use.settings(ChipSettings())
    assert not notes
    assert (settings.array_rows, settings.array_columns, settings.columns_per_converter) == (64, 32, 4)
    assert (settings.converter, settings.converter_bits) == ("flash", 5)
    assert (settings.input_bits, settings.error_bits, settings.input_coding) == (4, 4, "multi-level")
    assert (settings.read_voltage, settings.subtraction, settings.on_resistance) == (0.05, "digital", 0.0)
    assert (settings.gradient, settings.batch_size) == ("in-array", 4)
    # Every change of the periphery changes the cost.
    for changed in (
        {"tile": TileShape(rows=32, columns=32)},
        {"dac": Dac(bits=6, coding="level")},
        {"adc": Adc(bits=4, kind="flash", lines=4)},
    ):
        other = dataclasses.replace(config, periphery=dataclasses.replace(PERIPHERY, **changed))
        assert chip_of(other) != chip_of(config)


def test_bits_of_a_training_without_periphery_are_those_of_its_network():
    own = chip_of(TrainingConfig(network=mlp((8,), bits=5, error_bits=7), twin=False))
    assert (own["input_bits"], own["error_bits"], own["gradient"]) == (5, 7, "per-batch")
    assert "input_bits" not in chip_of(CONFIG)  # floating point: left to the chip


def test_settings_that_the_user_chose_stay_and_are_said_to_differ(result):
    config = dataclasses.replace(CONFIG, periphery=PERIPHERY)
    use = TrainingUse(results=[dataclasses.replace(result, config=config)], image_shape=(8, 8, 1), images=1438)
    settings, notes = use.settings(ChipSettings(converter_bits=8, array_rows=64), {"converter_bits", "array_rows"})
    assert settings.converter_bits == 8 and settings.converter == "flash"
    assert notes == ("converter_bits = 8, the training had 5",)


def test_wires_that_would_ruin_a_junction_are_told():
    """N^2/2 R_wire/R_on: 12.6 times the voltage at 650 ohm and 1 ohm per cell, 8 % at 100 kohm."""
    low = dataclasses.replace(SYNAPSE, conductance=np.array([1 / 1400, 1 / 650]))
    as_drawn = wire_notes(low, ChipSettings(on_resistance=0.0), None)
    assert len(as_drawn) == 1 and "1260% of the voltage along 128 cells" in as_drawn[0]
    notes = wire_notes(low, ChipSettings(), None)
    assert len(notes) == 1 and "those of the table have 650 ohm" in notes[0] and "without wires" in notes[0]
    through = wire_notes(low, ChipSettings(on_resistance=0.0, array_rows=64, array_columns=32), PERIPHERY)
    assert "wires of 2 ohm per cell take 630% of the voltage along 64 cells" in through[0]
    high = dataclasses.replace(SYNAPSE, conductance=np.array([5e-6, 1e-5]))
    assert wire_notes(high, ChipSettings(), None) == ()
    assert "at 1e+03 ohm" in wire_notes(high, ChipSettings(on_resistance=1e3), None)[0]


def test_every_rule_has_a_place_where_its_gradients_are_formed():
    assert set(GRADIENTS) == set(RULES)


def use_of(*results, images=40):
    return TrainingUse(results=results, image_shape=(2, 2, 1), images=images)


def with_hardware(result, **more):
    return dataclasses.replace(result, hardware=dataclasses.replace(result.hardware, **more))


def test_pulses_and_reads_are_per_device_and_batch():
    """Two epochs of 40 images in batches of 16 are five batches of 20 devices: 30 - 10 pulses and 3 - 1 reads in 100."""
    settings, _ = use_of(made_up()).settings(ChipSettings())
    assert settings.pulses_per_update == pytest.approx((20 / 100,)) and settings.reads_per_update == pytest.approx(
        (2 / 100,)
    )
    more = with_hardware(made_up(5), pulses=np.array([10, 30, 90]))
    both, _ = use_of(made_up(), more).settings(ChipSettings())
    assert both.pulses_per_update == pytest.approx(((20 + 80) / 2 / 100,)), "the mean over the seeds"
    none = with_hardware(made_up(), pulses=np.array([10]), reads=np.array([1]))
    assert use_of(none).settings(ChipSettings())[0].pulses_per_update == (0.0,)


def test_layers_share_the_pulses_as_their_devices_received_them():
    """Twenty devices received one each, forty three each: of the mean, 7/3, the layers have 3/7 and 9/7."""
    hardware = made_up().hardware
    received = (np.full((2, 5, 2), 1, np.uint32), np.full((2, 5, 4), 3, np.uint32))
    weight = (hardware.weight[0], np.zeros((5, 4)))
    shared = with_hardware(made_up(), pulses_received=received, weight=weight)
    mean = 20 / (5 * 60)
    found = use_of(shared)._per_layer(shared, 40 / 16)
    assert found == pytest.approx([mean * 3 / 7, mean * 9 / 7])
    idle = with_hardware(made_up(), pulses_received=(np.zeros((2, 5, 2), np.uint32),))
    assert use_of(idle)._per_layer(idle, 40 / 16).tolist() == [0]


def test_pulses_for_every_image_are_counted_by_image():
    """Of a rule whose gradients form in the arrays, a sixteenth of what a batch of sixteen gets: one in 80 images."""
    config = dataclasses.replace(made_up().config, rule="stochastic-pulses")
    settings, _ = use_of(dataclasses.replace(made_up(), config=config)).settings(ChipSettings())
    assert settings.gradient == "in-array" and settings.pulses_per_update == pytest.approx((20 / 100 / 16,))


def test_accuracies_are_means_over_the_seeds_at_the_end():
    results = [made_up(), dataclasses.replace(made_up(5), chip=curve(0.75), float32=None)]
    assert use_of(*results).accuracy == {"on_chip": pytest.approx((0.625 + 0.75) / 2), "float32": 0.9375}
    assert use_of(results[1]).accuracy == {"on_chip": 0.75} and use_of(*results).epochs == 2


@pytest.mark.parametrize(
    ("test_images", "share", "images"), [(0, 0.0, 92), (0, 0.25, 69), (20, 0.0, 100), (20, 0.25, 75)]
)
def test_images_to_train_are_those_that_are_left(test_images, share, images):
    """Of a hundred: less the eight of the test where the set has none of its own, less those kept to validate."""
    config = dataclasses.replace(made_up().config, validation_fraction=share)
    origin = {"images": 100, "test_images": test_images, "image_shape": [2, 2, 1]}
    found = use_of_file([dataclasses.replace(made_up(), config=config, origin=origin)], "t.h5")
    assert (found.images, found.image_shape) == (images, (2, 2, 1))


@pytest.mark.parametrize(("on", "told"), [(51e3, False), (49e3, True), (199e3, False), (201e3, True)])
def test_a_junction_of_about_the_same_resistance_is_not_told(on, told):
    """Within a factor of two of the 100 kohm of the table."""
    high = dataclasses.replace(SYNAPSE, conductance=np.array([5e-6, 1e-5]))
    notes = wire_notes(high, ChipSettings(on_resistance=on, array_rows=8, array_columns=8), None)
    assert bool(notes) == told


@pytest.mark.parametrize(("on", "told"), [(105e3, True), (107e3, False)])
def test_a_quarter_of_the_voltage_is_worth_a_note(on, told):
    """230 cells of 1 ohm: 230^2/2 ohm are a quarter of 105.8 kohm."""
    high = dataclasses.replace(SYNAPSE, conductance=np.array([5e-6, 1e-5]))
    notes = wire_notes(high, ChipSettings(on_resistance=on, array_rows=230, array_columns=8), None)
    assert any("230 cells" in note for note in notes) == told


def test_supplies_lie_near_the_nominal_one():
    """Within 15 % of 0.9 V at 32 nm."""
    for supply in (0.766, 1.034):
        assert technology(32.0, supply=supply).supply == supply
    for supply in (0.764, 1.036):
        with pytest.raises(InputError, match=r"must be >= 0\.765 and <= 1\.03"):
            technology(32.0, supply=supply)


def test_a_summary_is_that_of_all_images_and_epochs():
    """Two epochs of 40 images, two and a half batches each: all pulses of a device, one."""
    device = load_device("five_state")
    counts = np.zeros((1, 1, 2, 1, 2, 3), int)
    counts[0, 0, 0, 0, :, 0] = counts[0, 0, 1, 0, :, 1] = 10  # to the first state, and to the second
    table = table_of(counts, (-2e11, 2e11), (2e-9,), config={"device": device.config()})
    cost = training_cost(table, use_of(with_hardware(made_up(), reads=np.zeros(3, int))))
    chip, found = cost.chip, summary_of(cost)
    assert (cost.images, cost.epochs, found["pulses_per_cell"]) == (80, 2, pytest.approx(1.0))
    assert found["training_energy_J"] == pytest.approx(80 * chip.total_energy())
    update = 80 * chip.energy[:, chip.block("arrays"), PHASES.index("update")].sum()
    assert update == pytest.approx(20 * chip.facts["energy_per_pulse_J"]), "twenty pulses were sent"
    assert found["training_latency_s"] == pytest.approx(80 * chip.facts["image_interval_s"])
    assert found["inference_latency_s_per_image"] == pytest.approx(chip.total_latency("forward"))
    assert found["accuracy"] == {"on_chip": 0.625, "float32": 0.9375}
    line, *notes = cost_lines(found)
    assert f"{chip.total_area * 1e6:.3g} mm2" in line and len(notes) == len(cost.notes)
    assert f"8-bit SRAM takes {found['ratios']['sram-8-parallel']['area']:.2g} x the area" in line
    *blocks, (_, total, energy, _) = block_rows(found)
    assert total == f"{chip.total_area * 1e12:.0f}" and energy == with_prefix(chip.total_energy(), "J")
    assert blocks[0][:2] == ("arrays", f"{chip.area[0] * 1e12:.0f}")


def test_bits_and_lines_of_converters_are_those_of_the_periphery():
    """Of its inputs before those of the network; a converter cannot serve more columns than a tile has."""
    periphery = dataclasses.replace(PERIPHERY, adc=Adc(bits=5, kind="flash", lines=40))
    own = chip_of(dataclasses.replace(CONFIG, network=mlp((8,), bits=6, error_bits=7), periphery=periphery))
    assert (own["input_bits"], own["error_bits"], own["columns_per_converter"]) == (4, 4, 32)
    open_ = dataclasses.replace(periphery, dac=Dac(bits=0, coding="level"))
    own = chip_of(dataclasses.replace(CONFIG, network=mlp((8,), bits=6, error_bits=7), periphery=open_))
    assert (own["input_bits"], own["error_bits"]) == (6, 7)


def test_the_longest_line_and_the_larger_resistance_of_wires_count():
    low = dataclasses.replace(SYNAPSE, conductance=np.array([1 / 1400, 1 / 650]))
    wires = TileWires(word_resistance=3.0, bit_resistance=2.0)
    settings = ChipSettings(on_resistance=0.0, array_rows=32, array_columns=64)
    notes = wire_notes(low, settings, dataclasses.replace(PERIPHERY, wires=wires))
    assert "wires of 3 ohm per cell take 945% of the voltage along 64 cells" in notes[0]  # 64^2/2 x 3/650
