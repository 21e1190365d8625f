"""Digital logic around the arrays: shift-and-add, adder trees, accumulators, function units, gradient unit."""

import math

import numpy as np

from arraysim.cost.converters import converters_per_array, row_reads, serial_rows
from arraysim.cost.ledger import Entry
from arraysim.cost.workload import Reads, Workload, read_phases

CARRY_GATES = 2.0
"""Delay of one bit of a ripple-carry adder in delays of a gate with a fan-out of four."""
ACCUMULATOR_BITS = 32


def sum_bits(work: Workload, reads: Reads):
    """Return widths of sums per layer: over input bits, with groups of columns, with the partial sums of arrays [1].

    Bits of a weight are groups that widen a sum by their number, the two columns of a pair by one. Read row by row, a
    weight is a number of its own bits, of a pair a sign.
    """
    settings = work.settings
    serial = 0 if settings.input_coding == "multi-level" else reads.bits
    first = settings.converter_bits + serial
    if settings.readout != "parallel":
        first = math.ceil(math.log2(settings.array_rows)) + serial
        first += work.cell.cells_per_weight - (work.cell.kind == "device")
    grouped = first + (0 if reads.groups == 1 else 1 if work.cell.kind == "device" else reads.groups)
    return first, grouped, grouped + np.ceil(np.log2(np.maximum(reads.partial_sums, 1)))


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
    bits, grouped, _ = sum_bits(work, forward)
    entry.note("b_sum", "bits of a sum over the input bits", bits, "1")
    entry.note("b_word", "bits of a sum with the groups of columns that make a weight", grouped, "1")
    units = converters_per_array(settings)
    if settings.readout != "parallel":
        units = settings.array_columns // work.cell.cells_per_weight
    merging = units * grouped if forward.groups > 1 else 0
    area = work.array_count * (units * bits * (adder_area + register_area) + merging * adder_area)
    entry.set_area(f"arrays x {units} units x (b_sum (A_adder + A_register) + b_word A_adder)/density", area, *_LOGIC)
    for phase in read_phases(settings):
        reads = work.phase(phase)
        width, word, _ = sum_bits(work, reads)
        count, serial = _additions(work, reads)
        merges = 0 if settings.readout != "parallel" else reads.sums * (reads.groups - 1)
        energy = (count * width + merges * word) * (adder_energy + register_energy)
        entry.add_energy(phase, "(additions x b_sum + merged groups x b_word) (E_adder + E_register)", energy)
        entry.add_latency(phase, "additions one after the other x t_add", serial * add_time(work, width), *_LOGIC)
    return entry


def _additions(work: Workload, reads: Reads):
    settings = work.settings
    if settings.readout == "sequential":
        return row_reads(work, reads.name) / work.cell.cells_per_weight, serial_rows(work, reads.name)
    if settings.readout == "digital":
        cycles = math.ceil(reads.pulses / settings.dcim_bits)
        return reads.sums * cycles, reads.steps * cycles * settings.dcim_share
    return reads.conversions, reads.serial


def multipliers_entry(work: Workload) -> Entry:
    """Return the logic of a digital readout: an AND gate per bit of a weight, and a tree that adds the products.

    A tree over N products of w bits has N (w + 2) bits of adders: the sum over its levels k of N 2^-k (w + k). Its
    published energy is that of random bits; products are 1 with the probability p = a/2 and toggle with 4 p (1 - p) as
    often. A chip that trains has a second tree for the sums backward.
    """
    settings, parts, entry = work.settings, work.parts, work.entry("multipliers")
    if settings.readout != "digital":
        entry.set_area("none: sums are currents, charges or read row by row", 0.0)
        return entry
    bits, share = settings.weight_bits, settings.dcim_share
    trees = 2 if settings.training else 1
    gate, adder, density = parts["gate_area"], parts["adder_bit_area"], parts["placement_density"]
    units = work.array_count * settings.array_rows * (settings.array_columns // bits) / share
    one = settings.dcim_bits * (bits * gate + trees * (bits + 2) * adder) / density
    formula = (
        f"weights of all arrays/{share} x {settings.dcim_bits} ({bits} A_gate + {trees} x {bits + 2} A_adder)/density"
    )
    entry.set_area(formula, units * one, "gate_area", "adder_bit_area", "placement_density")
    time = add_time(work, bits + math.log2(settings.array_rows))
    for phase in read_phases(settings):
        reads = work.phase(phase)
        product = reads.activity / 2
        toggles = 4 * product * (1 - product)
        used = work.backward_layers if phase == "backward" else 1.0
        products = used * work.positions * reads.pulses * work.weights
        energy = products * toggles * (bits + 2) * parts["adder_bit_energy"]
        text = f"weights x input bits x 4 p (1 - p) x {bits + 2} E_adder"
        entry.add_energy(phase, text, energy, "adder_bit_energy")
        cycles = reads.steps * math.ceil(reads.pulses / settings.dcim_bits)
        entry.add_latency(phase, f"steps x input bits at a time x {share} x t_add", cycles * share * time)
    return entry


def adder_trees_entry(work: Workload) -> Entry:
    """Add the partial sums that make one output, once per position."""
    settings, entry = work.settings, work.entry("adder trees")
    adder_area, adder_energy = _adder(work)
    forward = work.phase("forward")
    *_, bits = sum_bits(work, forward)
    per_array = -(-settings.array_columns // settings.columns_per_converter)
    adders = work.copies * work.column_tiles * (work.row_tiles - 1) * per_array
    formula = f"columns of arrays x (rows of arrays - 1) x {per_array} x b_out A_adder/density"
    entry.set_area(formula, float(np.sum(adders * bits)) * adder_area, "adder_bit_area", "placement_density")
    for phase in read_phases(settings):
        reads = work.phase(phase)
        *_, width = sum_bits(work, reads)
        count = np.maximum(0, reads.sums - reads.outgoing)
        entry.add_energy(phase, "(sums of all arrays - outputs) x b_out E_adder", count * width * adder_energy)
        levels = np.ceil(np.log2(np.maximum(reads.partial_sums, 1)))
        if settings.overlap == "layer":
            levels = np.minimum(levels, 1)  # registers between the levels
        time = np.array([add_time(work, float(w)) for w in np.broadcast_to(width, levels.shape)])
        entry.add_latency(phase, "steps x outputs per converter x levels that do not overlap x t_add",
                          _serial_outputs(work, reads) * levels * time)  # fmt: skip
    return entry


def accumulators_entry(work: Workload) -> Entry:
    """Return the registers that hold the outputs of a position until they leave."""
    settings, entry = work.settings, work.entry("accumulators")
    register_area, register_energy = _register(work)
    forward = work.phase("forward")
    *_, bits = sum_bits(work, forward)
    held = work.copies * np.maximum(work.columns, work.driven if settings.training else 0)
    entry.set_area(
        "copies x widest side of each layer x b_out A_register/density",
        float(np.sum(held * bits)) * register_area,
        "register_area",
        "placement_density",
    )
    for phase in read_phases(settings):
        reads = work.phase(phase)
        *_, width = sum_bits(work, reads)
        stored = reads.outgoing * width * register_energy
        entry.add_energy(phase, "outputs x b_out E_register", stored, "register_energy")
        serial = _serial_outputs(work, reads) * work.clock_period
        entry.add_latency(phase, "steps x outputs per converter x clock", serial)
    return entry


def _serial_outputs(work: Workload, reads: Reads):
    return reads.steps * max(1.0, reads.turns / (reads.groups if reads.name == "forward" else 1))


def function_units_entry(work: Workload) -> Entry:
    """Return rectifier, normalization and pooling of each output: a multiplication, an addition and two comparisons.

    The units also multiply for digital layers, one product and sum per clock each, as in the gradient unit.
    """
    settings, parts, entry = work.settings, work.parts, work.entry("function units")
    adder_area, adder_energy = _adder(work)
    units = -(-settings.bus_bits // settings.input_bits)
    area = parts["multiplier_area"] / parts["placement_density"] + 3 * settings.input_bits * adder_area
    names = ("multiplier_area", "multiplier_energy", "adder_bit_area", "adder_bit_energy")
    formula = "A_multiplier + 3 b A_adder"
    if work.digital["forward"].any():
        formula, area, names = _digital_layers(work, entry, units, formula, area, names)
    entry.set_area(f"{units} units, bus width/input bits, x ({formula})/density", units * area, *names)
    for phase in read_phases(settings):
        values = work.output_values if phase == "forward" else work.input_values * work.backward_layers
        each = parts["multiplier_energy"] + 3 * settings.input_bits * adder_energy
        entry.add_energy(phase, "values x (E_multiplier + 3 b E_adder)", values * each)
        entry.add_latency(phase, "values/units x clock", np.ceil(values / units) * work.clock_period)
    return entry


def _digital_layers(work: Workload, entry: Entry, units: int, formula: str, area: float, names: tuple[str, ...]):
    """Enter the multiplications of digital layers; return the area of a unit with an accumulator, as it was given."""
    settings, parts = work.settings, work.parts
    (adder_area, adder_energy), (register_area, register_energy) = _adder(work), _register(work)
    registers = ACCUMULATOR_BITS + settings.input_bits + settings.weight_bits
    each = parts["multiplier_energy"] + ACCUMULATOR_BITS * adder_energy + registers * register_energy
    entry.note("E_mac", f"E_multiplier + 32 E_adder + {registers} E_register, of digital layers", each, "J")
    for phase in ("forward", "backward", "weight gradient") if settings.training else ("forward",):
        count = work.digital[phase]
        entry.add_energy(phase, "digital multiplications x E_mac", count * each)
        entry.add_latency(phase, "digital multiplications/units x clock", np.ceil(count / units) * work.clock_period)
    area += ACCUMULATOR_BITS * adder_area + registers * register_area
    return f"{formula} + 32 A_adder + {registers} A_register", area, (*names, "register_area", "register_energy")


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
