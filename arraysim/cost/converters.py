"""Converters: area, energy and time of one conversion; the clamps that hold the columns they read."""

import dataclasses
import math

import numpy as np

from arraysim.cost.components import published
from arraysim.cost.ledger import Entry
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import relative_area
from arraysim.cost.workload import Reads, Workload, read_phases
from dwcore.errors import InputError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Converter:
    """One converter: area [m^2], energy [J] and time [s] of a conversion, and how they came about."""

    area: float
    energy: float
    time: float
    area_formula: str
    energy_formula: str
    components: tuple[str, ...]


def converter_of(work: Workload) -> Converter:
    """Return the converter of the settings, which takes no less than published ones.

    Converters of compute-in-memory chips at 28 nm take (k_1 b + k_2 4^b) V^2, A_1 2^b 10^(-k_3 b) and, if successive,
    b (rows t_row + t_bit): P. Houshmand, J. Sun, M. Verhelst, arXiv:2305.18335 (2023). The capacitance of wider nodes
    grows as their feature size, that of narrower ones stays, as matching does not improve.
    """
    parts, bits = work.parts, work.settings.converter_bits
    own = _own_converter(work)
    if not work.settings.converter_floor:
        return own
    period = bits * (work.settings.array_rows * parts["adc_row_time"] + parts["adc_bit_time"])
    floor = bits * parts["adc_bit_energy"] + 4.0**bits * parts["adc_noise_energy"]
    area = 2**bits * 10 ** (-0.0369 * bits) * parts["adc_code_area"]
    names = ("adc_bit_energy", "adc_noise_energy", "adc_code_area", "adc_row_time", "adc_bit_time")
    return dataclasses.replace(
        own,
        area=max(own.area, area),
        energy=max(own.energy, floor),
        time=max(own.time, work.cycles(period)) if work.settings.converter == "sar" else own.time,
        area_formula=own.area_formula if own.area >= area else "2^b 10^(-0.0369 b) A_code, published ones",
        energy_formula=own.energy_formula if own.energy >= floor else "b E_bit + 4^b E_noise, published ones",
        components=(*own.components, *names),
    )


def _own_converter(work: Workload) -> Converter:
    settings, parts, period = work.settings, work.parts, work.clock_period
    bits, codes = settings.converter_bits, 2**settings.converter_bits
    fill = parts["placement_density"]
    register_area, register_energy = parts["register_area"], parts["register_energy"]
    comparator_area, comparator_energy = parts["comparator_area"], parts["comparator_energy"]
    shared = ("comparator_area", "comparator_energy", "register_area", "register_energy", "placement_density")
    dac = ("dac_unit_area", "dac_unit_energy")
    match settings.converter:
        case "flash":
            ones, finer = codes - bits - 1, _fineness(work)
            return Converter(
                area=((codes - 1) * finer * comparator_area + ones * parts["adder_bit_area"]) / fill,
                energy=(codes - 1) * finer * comparator_energy + ones * parts["adder_bit_energy"],
                time=period,
                area_formula="((2^b - 1) s^2 A_comparator + (2^b - b - 1) A_adder)/density, s = 8 mV/half a step",
                energy_formula="(2^b - 1) s^2 E_comparator + (2^b - b - 1) E_adder, s = 8 mV/half a step",
                components=("comparator_area", "comparator_energy", "adder_bit_area", "adder_bit_energy"),
            )
        case "sar":
            return Converter(
                area=(comparator_area + 2 * bits * register_area) / fill + codes * parts["dac_unit_area"],
                energy=bits * (comparator_energy + 2 * register_energy) + codes * parts["dac_unit_energy"],
                time=(bits + 1) * period,
                area_formula="(A_comparator + 2 b A_register)/density + 2^b A_unit",
                energy_formula="b (E_comparator + 2 E_register) + 2^b E_unit",
                components=(*shared, *dac),
            )
        case "sar-fast":
            return Converter(
                area=bits * parts["fast_adc_bit_area"] + codes * parts["dac_unit_area"],
                energy=bits * parts["fast_adc_bit_energy"] + codes * parts["dac_unit_energy"],
                time=work.cycles(bits * parts["fast_adc_bit_time"]),
                area_formula="b A_bit + 2^b A_unit",
                energy_formula="b E_bit + 2^b E_unit",
                components=("fast_adc_bit_area", "fast_adc_bit_energy", "fast_adc_bit_time", *dac),
            )
    columns = -(-settings.array_columns // settings.columns_per_converter)
    return Converter(
        area=(comparator_area + bits * register_area) / fill + codes * parts["dac_unit_area"] / columns,
        energy=codes * (comparator_energy + parts["dac_unit_energy"] / columns) + bits * register_energy,
        time=codes * period,
        area_formula="(A_comparator + b A_register)/density + 2^b A_unit/(converters of the array)",
        energy_formula="2^b (E_comparator + E_unit/(converters of the array)) + b E_register",
        components=(*shared, *dac),
    )


COMPARATOR_OFFSET = 8e-3
"""Offset of the published comparator [V]; a smaller one needs transistors and energy as its inverse square."""


def _fineness(work: Workload) -> float:
    """Return the size of the comparators of a flash converter over that of the published one [1].

    The square of the published offset over half a step, the full scale being the supply: offsets fall with the square
    root of the area of transistors. No comparator is smaller than one that shrank as logic does.
    """
    if not work.settings.converter_floor:
        return 1.0
    one = published()["comparator_area"]
    smallest = one.value * work.parts.technology.area / relative_area(one.node_nm) / work.parts["comparator_area"]
    half = 0.5 * work.parts.technology.supply / 2**work.settings.converter_bits
    return max((COMPARATOR_OFFSET / half) ** 2, smallest)


def conducting_time(work: Workload, one: Converter) -> float:
    """Return how long a device conducts in one read: the read pulse, with held currents and the conversion [s]."""
    held = work.settings.column_current == "held" and work.settings.front_end == "clamp"
    return work.settings.read_pulse + (one.time if held else 0.0)


def conducting_cells(work: Workload, reads: Reads) -> np.ndarray:
    """Return the cells whose line is on, reads of a phase together, reference columns included, per image [1]."""
    return work.positions * reads.pulses * reads.activity * reads.cells * (1 + work.references)


OVERDRIVE_CONDUCTANCE = 13.0
"""Transconductance over current of an amplifier in moderate inversion [1/V]."""
OVERSIZE = 6.0
"""Width of a cascode over that of a switch for the same current: it stays saturated at a small overdrive."""


def front_end_entry(work: Workload, bit_capacitance: float) -> Entry:
    """Return the clamps of the columns that are read: amplifier, current of the column and its copies.

    A column at V_read takes its current through a cascode from the supply V: V (1 + mirror) I t_on, of which V_read I
    t_on is spent in the devices. The amplifier that holds the column settles to half a step in the time of a read, with
    the transconductance g = ln 2 (b + 1) (C_bit + C_cascode)/t_read. The cascode carries the current of a column that
    conducts fully. The differential pair takes 2 g/(g/I) from V as long as devices conduct, with g/I = 13/V in moderate
    inversion (P. G. A. Jespers, B. Murmann, Systematic Design of Analog CMOS Circuits, 2017).

    Args:
        work: the workload.
        bit_capacitance: of a column [F].
    """
    settings, parts, cell, entry = work.settings, work.parts, work.cell, work.entry("front end")
    if cell.kind != "device" or settings.readout != "parallel" or settings.front_end == "none":
        entry.set_area("none: columns of SRAM hold charge, or front_end = none", 0.0)
        return entry
    one, supply = converter_of(work), parts.technology.supply
    if settings.read_voltage >= supply:
        raise InputError(f"read_voltage = {settings.read_voltage:g} [V] must be < the supply = {supply:g}, from which clamps "
                         'drive the columns; or front_end = "none"')  # fmt: skip
    clamps = cell.columns_per_conversion
    area = parts["amplifier_area"] / parts["placement_density"]
    per_array = converters_per_array(settings) * clamps
    if settings.clamps == "column":
        per_array = settings.array_columns + (settings.array_rows if settings.training else 0)
    entry.set_area(f"arrays x {per_array:g} clamps x A_amplifier/density", work.array_count * per_array * area,
                   "amplifier_area", "placement_density")  # fmt: skip
    time = conducting_time(work, one)
    most = settings.array_rows * cell.on_conductance * settings.read_voltage
    loop = bit_capacitance + OVERSIZE * most / parts.on_current * parts["gate_capacitance"]
    speed = math.log(2) * (settings.converter_bits + 1) * loop / settings.read_pulse
    amplifier = entry.note("E_clamp", "2 g/(g/I) V t_on", 2 * speed / OVERDRIVE_CONDUCTANCE * supply * time, "J",
                           "gate_capacitance")  # fmt: skip
    for phase in read_phases(settings):
        reads = work.phase(phase)
        columns = reads.conversions * (clamps if phase == "forward" else 1.0)
        entry.add_energy(phase, "columns read x E_clamp", columns * amplifier)
        on = conducting_cells(work, reads)
        rest = settings.read_voltage * cell.mean_conductance * (supply * (1 + settings.mirror) - settings.read_voltage)
        entry.add_energy(phase, "cells that conduct x V_read G_mean (V (1 + mirror) - V_read) t_on", on * rest * time)
    return entry


def converters_per_array(settings: ChipSettings) -> int:
    """Return the converters of an array: of its columns, and of its rows if they have their own [1]."""
    own = settings.training and settings.backward_converters == "own"
    lines = (settings.array_columns, settings.array_rows if own else 0)
    return sum(-(-count // settings.columns_per_converter) for count in lines)


def converters_entry(work: Workload) -> Entry:
    """Return the converters of columns, and of rows with their own; sense amplifiers in a sequential readout."""
    match work.settings.readout:
        case "sequential":
            return _sequential(work)
        case "digital":
            entry = work.entry("converters")
            entry.set_area("none: sums are digital", 0.0)
            return entry
    return _parallel(work)


def _parallel(work: Workload) -> Entry:
    settings, entry, one = work.settings, work.entry("converters"), converter_of(work)
    entry.note("A_converter", one.area_formula, one.area, "m^2", *one.components)
    entry.note("E_conversion", one.energy_formula, one.energy, "J", *one.components)
    entry.note("t_conversion", "clocks of one conversion", one.time, "s")
    per_array = converters_per_array(settings)
    area = work.array_count * per_array * one.area
    formula = f"arrays x {per_array} converters x A_converter"
    combined = combining_units(work)
    if combined:
        area += work.array_count * per_array * combined * work.parts["dac_unit_area"]
        formula += f" + arrays x {per_array} x {combined} A_unit, weighting of bits"
    if settings.input_coding == "multi-level":
        drive = 2**settings.input_bits * work.parts["dac_unit_area"]
        area += work.array_count * settings.array_rows * drive
        formula += " + arrays x rows x 2^input_bits A_unit"
    entry.set_area(formula, area)
    for phase in read_phases(settings):
        reads = work.phase(phase)
        weighting = combined * work.parts["dac_unit_energy"] if phase == "forward" else 0.0
        energy = reads.conversions * (one.energy + weighting)
        text = "conversions x E_conversion" + (f" + {combined} E_unit each" if combined else "")
        if settings.input_coding == "multi-level":
            energy = energy + work.positions * reads.lines * 2**reads.bits * work.parts["dac_unit_energy"]
            text += " + driven lines x 2^bits E_unit"
        entry.add_energy(phase, text, energy)
        entry.add_latency(phase, "conversions one after the other x t_conversion", reads.serial * one.time)
    if settings.training and work.checks.any():
        single = single_reads(work)
        entry.add_energy("update", "devices read one by one x E_conversion", single * one.energy)
        turns = single / (work.arrays * -(-settings.array_columns // settings.columns_per_converter))
        entry.add_latency("update", "the same/converters x t_conversion", turns * one.time)
    return entry


def combining_units(work: Workload) -> int:
    """Return the unit capacitors that weight the bits of an SRAM weight before its converter, 2^bits - 1 [1]."""
    cell = work.cell
    return 2**cell.cells_per_weight - 1 if cell.kind == "sram" and cell.columns_per_conversion > 1 else 0


def single_reads(work: Workload):
    """Return the devices read one by one to choose pulses, per image and layer, one copy [1]."""
    return work.checks * work.devices / work.settings.batch_size


def _sequential(work: Workload) -> Entry:
    settings, parts, entry = work.settings, work.parts, work.entry("converters")
    area = parts["comparator_area"] / parts["placement_density"]
    lines = settings.array_columns + (
        settings.array_rows if settings.training and settings.backward_converters == "own" else 0
    )
    entry.set_area(
        f"arrays x {lines} sense amplifiers x A_comparator/density",
        work.array_count * lines * area,
        "comparator_area",
        "placement_density",
    )
    for phase in read_phases(settings):
        bits = row_reads(work, phase)
        entry.add_energy(phase, "bits read x E_comparator", bits * parts["comparator_energy"], "comparator_energy")
        entry.add_latency(phase, "row reads one after the other x clock", serial_rows(work, phase) * work.clock_period)
    return entry


def row_reads(work: Workload, phase: str):
    """Return the cells read through sense amplifiers in one phase of a sequential readout, per image and layer [1]."""
    reads = work.phase(phase)
    return work.positions * reads.pulses * reads.activity * reads.cells


def serial_rows(work: Workload, phase: str):
    """Return the row reads one after the other in one phase of a sequential readout: rows that hold a one [1]."""
    settings, reads = work.settings, work.phase(phase)
    height = settings.array_rows if phase == "forward" else settings.array_columns
    lines = work.rows if phase == "forward" else work.columns / work.groups * work.cell.cells_per_weight / reads.groups
    filled = np.minimum(height, lines)
    return reads.steps * reads.pulses * np.ceil(filled * reads.activity)
