"""Digital logic around the arrays: shift-and-add, adder trees, accumulators, function units, gradient unit."""

import numpy as np

from arraysim.cost.converters import row_reads, serial_rows
from arraysim.cost.ledger import Entry
from arraysim.cost.workload import Reads, Workload, read_phases

CARRY_GATES = 2.0
"""Delay of one bit of a ripple-carry adder in delays of a gate with a fan-out of four."""
ACCUMULATOR_BITS = 32


def sum_bits(work: Workload, reads: Reads):
    """Return width of a sum over the bits of the inputs, before and after the partial sums are added, per layer [1]."""
    settings = work.settings
    serial = 0 if reads.pulses == 1 else reads.bits
    first = settings.converter_bits + serial
    if settings.readout == "sequential":
        first = np.ceil(np.log2(settings.array_rows)) + serial
    if work.cell.conversions_per_weight > 1 and reads.name == "forward":
        first = first + work.cell.conversions_per_weight
    return first, first + np.ceil(np.log2(np.maximum(reads.partial_sums, 1)))


def add_time(work: Workload, bits: float) -> float:
    """Return the clocked time of an addition with ripple carry, bits x 2 gate delays [s]."""
    return work.cycles(bits * CARRY_GATES * work.parts.technology.gate_delay)


def _adder(work: Workload) -> tuple[float, float]:
    return work.parts["adder_bit_area"] / work.parts["placement_density"], work.parts["adder_bit_energy"]


def _register(work: Workload) -> tuple[float, float]:
    return work.parts["register_area"] / work.parts["placement_density"], work.parts["register_energy"]


_LOGIC = ("adder_bit_area", "adder_bit_energy", "register_area", "register_energy", "placement_density")


def shift_and_add_entry(work: Workload) -> Entry:
    """Adds what a converter gives for one input bit to the sum over the more significant ones."""
    settings, entry = work.settings, work.entry("shift-and-add")
    (adder_area, adder_energy), (register_area, register_energy) = _adder(work), _register(work)
    forward = work.phase("forward")
    bits, _ = sum_bits(work, forward)
    entry.note("b_sum", "bits of a sum over the input bits", bits, "1")
    units = -(-settings.array_columns // settings.columns_per_converter)
    if settings.training and settings.backward_converters == "own":
        units += -(-settings.array_rows // settings.columns_per_converter)
    if settings.readout == "sequential":
        units = settings.array_columns // work.cell.conversions_per_weight
    area = work.array_count * units * bits * (adder_area + register_area)
    entry.set_area(f"arrays x {units} units x b_sum (A_adder + A_register)/density", area, *_LOGIC)
    for phase in read_phases(settings):
        reads = work.phase(phase)
        width, _ = sum_bits(work, reads)
        count, serial = _additions(work, reads)
        entry.add_energy(
            phase, "additions x b_sum (E_adder + E_register)", count * width * (adder_energy + register_energy)
        )
        entry.add_latency(phase, "additions one after the other x t_add", serial * add_time(work, width), *_LOGIC)
    return entry


def _additions(work: Workload, reads: Reads):
    settings = work.settings
    if settings.readout == "sequential":
        per_word = work.cell.conversions_per_weight
        return row_reads(work, reads.name) / per_word, serial_rows(work, reads.name)
    return reads.conversions, reads.steps * reads.pulses * settings.columns_per_converter


def adder_trees_entry(work: Workload) -> Entry:
    """Add the partial sums that make one output, once per position."""
    settings, entry = work.settings, work.entry("adder trees")
    adder_area, adder_energy = _adder(work)
    forward = work.phase("forward")
    _, bits = sum_bits(work, forward)
    per_array = -(-settings.array_columns // settings.columns_per_converter)
    adders = work.copies * work.column_tiles * (work.row_tiles - 1) * per_array
    formula = f"columns of arrays x (rows of arrays - 1) x {per_array} x b_out A_adder/density"
    entry.set_area(formula, float(np.sum(adders * bits)) * adder_area, "adder_bit_area", "placement_density")
    for phase in read_phases(settings):
        reads = work.phase(phase)
        _, width = sum_bits(work, reads)
        count = np.maximum(0, reads.conversions / (reads.pulses * _significances(work, reads)) - reads.outgoing)
        entry.add_energy(phase, "(sums of all arrays - outputs) x b_out E_adder", count * width * adder_energy)
        levels = np.ceil(np.log2(np.maximum(reads.partial_sums, 1)))
        time = np.array([add_time(work, float(w)) for w in np.broadcast_to(width, levels.shape)])
        serial = reads.steps * settings.columns_per_converter * levels
        entry.add_latency(phase, "steps x columns per converter x log2(partial sums) x t_add", serial * time)
    return entry


def _significances(work: Workload, reads: Reads) -> int:
    """Return the conversions whose results make one sum of an array: those of the bits of a weight, forward [1]."""
    return work.cell.conversions_per_weight if reads.name == "forward" else 1


def accumulators_entry(work: Workload) -> Entry:
    """Return the registers that hold the outputs of a position until they leave."""
    settings, entry = work.settings, work.entry("accumulators")
    register_area, register_energy = _register(work)
    forward = work.phase("forward")
    _, bits = sum_bits(work, forward)
    held = work.copies * np.maximum(work.columns, work.rows if settings.training else 0)
    entry.set_area(
        "copies x widest side of each layer x b_out A_register/density",
        float(np.sum(held * bits)) * register_area,
        "register_area",
        "placement_density",
    )
    for phase in read_phases(settings):
        reads = work.phase(phase)
        _, width = sum_bits(work, reads)
        stored = reads.outgoing * width * register_energy
        entry.add_energy(phase, "outputs x b_out E_register", stored, "register_energy")
        entry.add_latency(phase, "steps x columns per converter x clock", _serial_outputs(work, reads))
    return entry


def _serial_outputs(work: Workload, reads: Reads):
    return reads.steps * work.settings.columns_per_converter * work.clock_period


def function_units_entry(work: Workload) -> Entry:
    """Return rectifier, normalization and pooling of each output: a multiplication, an addition and two comparisons."""
    settings, parts, entry = work.settings, work.parts, work.entry("function units")
    adder_area, adder_energy = _adder(work)
    units = -(-settings.bus_bits // settings.input_bits)
    area = parts["multiplier_area"] / parts["placement_density"] + 3 * settings.input_bits * adder_area
    names = ("multiplier_area", "multiplier_energy", "adder_bit_area", "adder_bit_energy")
    entry.set_area(f"{units} units, bus width/input bits, x (A_multiplier + 3 b A_adder)/density", units * area, *names)
    for phase in read_phases(settings):
        values = work.output_values if phase == "forward" else work.input_values * work.backward_layers
        each = parts["multiplier_energy"] + 3 * settings.input_bits * adder_energy
        entry.add_energy(phase, "values x (E_multiplier + 3 b E_adder)", values * each)
        entry.add_latency(phase, "values/units x clock", np.ceil(values / units) * work.clock_period)
    return entry


def gradient_unit_entry(work: Workload) -> Entry:
    """Return the digital outer products of activations and errors, summed in place over the positions of an image.

    The unit is a square of multipliers; each has a register for both operands and an accumulator of 32 bits.
    """
    settings, parts, entry = work.settings, work.parts, work.entry("gradient unit")
    if not settings.training or settings.gradient == "in-array":
        entry.set_area("none: the arrays form the outer product themselves, or the chip does not train", 0.0)
        return entry
    (adder_area, adder_energy), (register_area, register_energy) = _adder(work), _register(work)
    operands = settings.input_bits + settings.error_bits
    registers = ACCUMULATOR_BITS + operands
    one = (
        parts["multiplier_area"] / parts["placement_density"]
        + ACCUMULATOR_BITS * adder_area
        + registers * register_area
    )
    names = ("multiplier_area", "multiplier_energy", *_LOGIC)
    formula = f"{settings.gradient_macs} x (A_multiplier + 32 A_adder + {registers} A_register)/density"
    entry.set_area(formula, settings.gradient_macs * one, *names)
    each = parts["multiplier_energy"] + ACCUMULATOR_BITS * adder_energy + registers * register_energy
    entry.note("E_mac", f"E_multiplier + 32 E_adder + {registers} E_register", each, "J")
    entry.add_energy("weight gradient", "multiplications x E_mac", work.macs * each)
    time = np.ceil(work.macs / settings.gradient_macs) * work.clock_period
    entry.add_latency("weight gradient", "multiplications/multipliers x clock", time)
    return entry
