"""Laws of the cost model that several blocks share: transistors of a cell, settling of a line, ratios of two chips."""

import dataclasses
import math
import types

import numpy as np
import pytest

from arraysim.cost.array_blocks import lines_of
from arraysim.cost.cell import Resistive, device_cell, sram_cell, synapse_of
from arraysim.cost.comparison import baseline_cost, ratios
from arraysim.cost.components import Parts
from arraysim.cost.estimate import chip_cost
from arraysim.cost.ledger import PHASES
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import technology
from arraysim.cost.workload import Workload, workload
from arraysim.networks.crossbars import ArrayLayer
from llg.device.device_file import load_device

LAYER = ArrayLayer(name="linear1", kind="linear", rows=200, columns=10, positions=1, input_values=199, output_values=10)
SYNAPSE = Resistive(
    name="test", conductance=np.array([2e-4, 1e-3]), length=400e-9, breadth=100e-9, pulse_energy=50e-15,
    pulse_current=1e-4, pulse_voltage=0.2, pulse_time=1.5e-9,
)  # fmt: skip
PARTS = Parts(technology(32))
AS_IT_IS = ChipSettings(on_resistance=0.0)


def test_the_read_transistor_takes_a_quarter_of_the_resistance():
    """Its resistance in series, R_lin/W, is a quarter of the least resistance of the junction."""
    cell = device_cell(SYNAPSE, AS_IT_IS, PARTS)
    assert PARTS.linear_resistance / cell.read_width == pytest.approx(0.25 / 1e-3)
    assert cell.on_conductance == 1e-3 and cell.mean_conductance == pytest.approx(6e-4)


def test_a_write_takes_the_pulse_and_half_of_both_edges():
    device = load_device("five_state")
    pulse = device.pulse
    found = synapse_of(device).pulse_time
    assert pulse.rise_time + pulse.fall_time > 0
    assert found == pytest.approx(pulse.duration + (pulse.rise_time + pulse.fall_time) / 2, rel=1e-12)


def test_a_line_settles_to_half_a_step_of_the_converter():
    """exp(-t/(2 R C)) = 2^-(b + 1): t = 2 R C ln 2 (b + 1), with driver and sink in series."""
    for bits in (3, 7):
        settings = dataclasses.replace(AS_IT_IS, converter_bits=bits)
        lines = lines_of(workload([LAYER], settings, device_cell(SYNAPSE, settings, PARTS), PARTS))
        left = math.exp(-lines.settling / (2 * lines.switch_resistance * lines.bit_capacitance))
        assert left == pytest.approx(2.0 ** -(bits + 1))


def test_ratios_say_how_much_more_the_baseline_takes():
    """Twice the columns: a chip with half the work is the denominator."""
    wide = dataclasses.replace(LAYER, columns=20, output_values=20)
    larger, chip = (chip_cost([LAYER, layer], AS_IT_IS, SYNAPSE) for layer in (wide, LAYER))
    found = ratios(larger, chip)
    assert found["energy"] == pytest.approx(larger.total_energy() / chip.total_energy()) and found["energy"] > 1
    assert found["area"] == pytest.approx(larger.total_area / chip.total_area)
    assert found["latency"] == pytest.approx(larger.total_latency() / chip.total_latency())
    assert found["forward_energy"] == pytest.approx(larger.total_energy("forward") / chip.total_energy("forward"))
    for phases, name in ((("forward",), "forward"), (("forward", "backward"), "array")):
        assert found[f"{name}_energy"] == pytest.approx(larger.total_energy(*phases) / chip.total_energy(*phases))
        assert found[f"{name}_latency"] == pytest.approx(larger.total_latency(*phases) / chip.total_latency(*phases))


def test_baselines_of_eight_bits_have_eight_bits_whatever_the_settings_say():
    """And read no device one by one, which SRAM does not need."""
    settings = dataclasses.replace(AS_IT_IS, weight_bits=3, reads_per_update=(2.0,), cell_area_F2=40.0)
    for name in ("sram-8-parallel", "sram-8-sequential", "sram-8-analog", "digital-cim"):
        cost = baseline_cost(name, [LAYER], settings, SYNAPSE)
        assert cost.facts["weight_bits"] == 8 and "8 bit" in cost.name
        assert cost.energy[:, cost.block("converters"), PHASES.index("update")].sum() == 0
        assert cost.facts["cell_area_m2"] == sram_cell(dataclasses.replace(
            AS_IT_IS, readout=cost.facts["settings"]["readout"]), PARTS).area  # fmt: skip


@pytest.mark.parametrize(("delay", "clocks"), [(3e-9, 3), (3.1e-9, 4), (0.0, 1)])
def test_whole_clocks_need_no_clock_more(delay, clocks):
    """3e-9 s x 1e9 Hz is 3.0000000000000004 in floating point."""
    work = types.SimpleNamespace(settings=types.SimpleNamespace(clock=1e9), clock_period=1e-9)
    assert Workload.cycles(work, delay) == pytest.approx(clocks * 1e-9)
