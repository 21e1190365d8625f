"""Converters: area, energy and time of one conversion."""

import dataclasses

import numpy as np

from arraysim.cost.ledger import Entry
from arraysim.cost.workload import Workload, read_phases


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
    """Return the converter of the settings."""
    settings, parts, period = work.settings, work.parts, work.clock_period
    bits, codes = settings.converter_bits, 2**settings.converter_bits
    fill = parts["placement_density"]
    register_area, register_energy = parts["register_area"], parts["register_energy"]
    comparator_area, comparator_energy = parts["comparator_area"], parts["comparator_energy"]
    shared = ("comparator_area", "comparator_energy", "register_area", "register_energy", "placement_density")
    dac = ("dac_unit_area", "dac_unit_energy")
    match settings.converter:
        case "flash":
            ones = codes - bits - 1
            return Converter(
                area=((codes - 1) * comparator_area + ones * parts["adder_bit_area"]) / fill,
                energy=(codes - 1) * comparator_energy + ones * parts["adder_bit_energy"],
                time=period,
                area_formula="((2^b - 1) A_comparator + (2^b - b - 1) A_adder)/density",
                energy_formula="(2^b - 1) E_comparator + (2^b - b - 1) E_adder",
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
    columns = settings.array_columns // settings.columns_per_converter
    return Converter(
        area=(comparator_area + bits * register_area) / fill + codes * parts["dac_unit_area"] / columns,
        energy=codes * (comparator_energy + parts["dac_unit_energy"] / columns) + bits * register_energy,
        time=codes * period,
        area_formula="(A_comparator + b A_register)/density + 2^b A_unit/(converters of the array)",
        energy_formula="2^b (E_comparator + E_unit/(converters of the array)) + b E_register",
        components=(*shared, *dac),
    )


def converters_entry(work: Workload) -> Entry:
    """Return the converters of columns, and of rows with their own; sense amplifiers in a sequential readout."""
    return _sequential(work) if work.settings.readout == "sequential" else _parallel(work)


def _parallel(work: Workload) -> Entry:
    settings, entry, one = work.settings, work.entry("converters"), converter_of(work)
    entry.note("A_converter", one.area_formula, one.area, "m^2", *one.components)
    entry.note("E_conversion", one.energy_formula, one.energy, "J", *one.components)
    entry.note("t_conversion", "clocks of one conversion", one.time, "s")
    per_array = -(-settings.array_columns // settings.columns_per_converter)
    if settings.training and settings.backward_converters == "own":
        per_array += -(-settings.array_rows // settings.columns_per_converter)
    area = work.array_count * per_array * one.area
    formula = f"arrays x {per_array} converters x A_converter"
    if settings.input_coding == "multi-level":
        drive = 2**settings.input_bits * work.parts["dac_unit_area"]
        area += work.array_count * settings.array_rows * drive
        formula += " + arrays x rows x 2^input_bits A_unit"
    entry.set_area(formula, area)
    for phase in read_phases(settings):
        reads = work.phase(phase)
        energy = reads.conversions * one.energy
        text = "conversions x E_conversion"
        if settings.input_coding == "multi-level":
            energy = energy + work.positions * reads.lines * 2**reads.bits * work.parts["dac_unit_energy"]
            text += " + driven lines x 2^bits E_unit"
        entry.add_energy(phase, text, energy)
        serial = reads.steps * reads.pulses * settings.columns_per_converter
        entry.add_latency(phase, "steps x reads x columns per converter x t_conversion", serial * one.time)
    if settings.training and work.checks.any():
        single = single_reads(work)
        entry.add_energy("update", "devices read one by one x E_conversion", single * one.energy)
        turns = single / (work.arrays * -(-settings.array_columns // settings.columns_per_converter))
        entry.add_latency("update", "the same/converters x t_conversion", turns * one.time)
    return entry


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
    lines = work.rows if phase == "forward" else work.columns * work.cell.cells_per_weight
    filled = np.minimum(height, lines)
    return reads.steps * reads.pulses * np.ceil(filled * reads.activity)
