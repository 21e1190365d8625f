"""Arrays, their lines with capacitance and settling, drivers, and the multiplexers in front of the converters."""

import dataclasses
import math

import numpy as np

from arraysim.cost.cell import READ_SHARE
from arraysim.cost.converters import (
    conducting_cells,
    conducting_time,
    converter_of,
    row_reads,
    serial_rows,
    single_reads,
)
from arraysim.cost.ledger import Entry
from arraysim.cost.workload import Reads, Workload, read_phases
from dwcore.errors import InputError

FAN_OUT = 4.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArrayLines:
    """Lines of one array.

    Attributes:
        word_capacitance: of a row, gates of the access transistors included [F].
        bit_capacitance: of a column, drains included [F].
        switch_width: width of a transistor of the column multiplexer [m].
        switch_resistance: of that transistor when on [ohm].
        word_delay: of the chain of inverters that drives a row [s].
        settling: of a column to half a step of the converter [s].
    """

    word_capacitance: float
    bit_capacitance: float
    switch_width: float
    switch_resistance: float
    word_delay: float
    settling: float

    @staticmethod
    def column_sums(work: Workload, reads: Reads) -> np.ndarray:
        """Return the columns, or rows backward, whose charge is read: each bit of a weight, converted or not [1]."""
        analog = work.cell.columns_per_conversion if reads.name == "forward" else 1
        return reads.conversions * analog


def lines_of(work: Workload) -> ArrayLines:
    """Return the capacitances and delays of the lines.

    A row: columns x (cell width x c + W_read c_gate); a column: rows x (cell height x c + W_read c_junction), with the
    wire capacitance per length c. The multiplexer switch has a quarter of the resistance of a whole column of
    conducting devices; the column sits at a virtual ground of the same resistance as the switch and settles to 2^-(bits
    + 1) in 2 R C ln 2 (bits + 1). A row is driven by inverters that grow by four from stage to stage.
    """
    settings, cell, parts = work.settings, work.cell, work.parts
    c = parts["wire_capacitance"]
    word = settings.array_columns * (cell.width * c + cell.read_width * parts["gate_capacitance"])
    bit = settings.array_rows * (cell.height * c + cell.read_width * parts["junction_capacitance"])
    smallest = 2 * parts.technology.feature
    width = smallest
    if cell.kind == "device":
        width = max(smallest, parts.linear_resistance * settings.array_rows * cell.on_conductance / READ_SHARE)
    resistance = parts.linear_resistance / width
    inverter = 3 * smallest * parts["gate_capacitance"]
    stages = max(1, math.ceil(math.log(max(word / inverter, 1.0), FAN_OUT)))
    return ArrayLines(
        word_capacitance=word,
        bit_capacitance=bit,
        switch_width=width,
        switch_resistance=resistance,
        word_delay=stages * parts.technology.gate_delay,
        settling=2 * resistance * bit * math.log(2) * (settings.converter_bits + 1),
    )


def read_time(work: Workload, lines: ArrayLines) -> float:
    """Return the time of one read that the latency counts [s]."""
    return work.settings.read_time or max(work.settings.read_pulse, lines.settling)


SENSE_SWING = 0.2
"""Swing of an SRAM bit line that a sense amplifier needs, relative to the supply."""
LINE_GATES = 4
"""Gates that drive one line, beside the register that holds its bit."""


def arrays_entry(work: Workload, lines: ArrayLines) -> Entry:
    """Return the cells: area, reads, and what write pulses leave in them."""
    settings, cell, entry = work.settings, work.cell, work.entry("arrays")
    if settings.readout == "digital" and cell.kind == "device":
        raise InputError("readout = digital needs SRAM cells, devices are read as currents")
    if settings.readout == "sequential" and cell.levels > 2:
        raise InputError(f'readout = sequential tells two levels of a cell apart, device "{cell.name}" has {cell.levels}; '
                         "take readout = parallel")  # fmt: skip
    entry.note("A_cell", f"{cell.name}: {cell.width:.3g} m x {cell.height:.3g} m", cell.area, "m^2")
    size = settings.array_rows * settings.array_columns
    entry.note("r", "reference columns/columns, of single cells", work.references, "1")
    entry.set_area(
        "arrays x rows x columns (1 + r) A_cell", work.array_count * size * (1 + work.references) * cell.area
    )
    time = read_time(work, lines)
    if cell.kind == "device":
        entry.note("G_mean", "mean conductance of the states", cell.mean_conductance, "S")
        text = "t_read; with held currents and the conversion"
        entry.note("t_on", text, conducting_time(work, converter_of(work)), "s")
    for phase in read_phases(settings):
        reads = work.phase(phase)
        if settings.readout == "sequential":
            energy = row_reads(work, phase) * _cell_read(work, lines)
            entry.add_energy(phase, "cells read x E_read", energy, "wire_capacitance", "junction_capacitance")
            continue
        if settings.readout == "digital":
            entry.add_energy(phase, "none: weights lie at their multipliers", 0.0)
            continue
        on = conducting_cells(work, reads)
        if cell.kind == "device":
            each = settings.read_voltage**2 * cell.mean_conductance * conducting_time(work, converter_of(work))
            entry.add_energy(phase, "cells that conduct x V_read^2 G_mean t_on", on * each)
        else:
            column = lines.column_sums(work, reads) * lines.bit_capacitance
            energy = (column + on * settings.cell_capacitance) * work.parts.technology.supply**2
            text = "(columns read x C_bit + cells with a 1 x C_cell) V^2"
            entry.add_energy(phase, text, energy, "wire_capacitance")
        entry.add_latency(phase, "conversions one after the other x t_read", reads.serial * time)
    if settings.training:
        _write(work, entry)
    if settings.training and work.checks.any():
        single = single_reads(work)
        entry.add_energy("update", "devices read one by one x E_read", single * _cell_read(work, lines))
        turns = single / (work.arrays * -(-settings.array_columns // settings.columns_per_converter))
        entry.add_latency("update", "the same/converters x t_read", turns * time)
    return entry


def _cell_read(work: Workload, lines: ArrayLines) -> float:
    """Return the energy of reading one cell through a sense amplifier [J]."""
    cell, settings, supply = work.cell, work.settings, work.parts.technology.supply
    if cell.kind == "device":
        return settings.read_voltage**2 * cell.mean_conductance * conducting_time(work, converter_of(work))
    return lines.bit_capacitance * supply * SENSE_SWING * supply


def _write(work: Workload, entry: Entry) -> None:
    settings, cell = work.settings, work.cell
    if cell.kind == "device":
        pulses = write_pulses(work)
        entry.note("E_pulse", "energy of a write pulse in the device", cell.pulse_energy, "J")
        entry.add_energy("update", "pulses per image x E_pulse", pulses * cell.pulse_energy)
        slots, text = pulse_slots(work)
        wait = 1.0
        if settings.write_current_limit:
            wait = max(1.0, write_current(work) / settings.write_current_limit)
            text += " x write current/limit"
        entry.add_latency("update", f"{text} x t_pulse in clocks", wait * slots * work.cycles(cell.pulse_time))
        return
    bits = work.devices * work.copies / settings.batch_size
    entry.add_energy("update", "bits/batch x E_bit", bits * work.parts["sram_read_bit_energy"], "sram_read_bit_energy")
    latency = np.ones(len(work.layers)) * settings.array_rows * work.clock_period / settings.batch_size
    entry.add_latency("update", "rows x clock/batch", latency)


def write_pulses(work: Workload):
    """Write pulses per image and layer, those of all copies [1]."""
    updates = 1 if work.settings.gradient == "in-array" else 1 / work.settings.batch_size
    return work.pulses * work.devices * work.copies * updates


def pulse_slots(work: Workload):
    """Pulse times that follow one another, per image and layer, and how they are counted.

    Rows are written one after the other, all arrays at once, pulses that raise and those that lower apart. With a mean
    of p pulses of one polarity per device, a row of n devices is skipped with the probability (1 - p)^n. Where the
    arrays form the outer product themselves, all rows are pulsed together, for one position after the other.
    """
    settings = work.settings
    if settings.gradient == "in-array":
        return 2 * np.ceil(work.positions / work.copies), "two polarities x steps"
    p = work.pulses / 2
    share = np.where(p < 1, 1 - (1 - np.minimum(p, 1)) ** settings.array_columns, p)
    return 2 * settings.array_rows * share / settings.batch_size, "two polarities x rows x share of rows written/batch"


def write_current(work: Workload) -> float:
    """Return the mean write current of the chip while pulses of one polarity are sent to all arrays [A]."""
    settings = work.settings
    if not settings.training or work.cell.kind != "device":
        return 0.0
    slots, _ = pulse_slots(work)
    pulses = np.divide(write_pulses(work), slots, out=np.zeros(len(work.layers)), where=slots > 0)
    return float(pulses.sum()) * work.cell.pulse_current


def write_rail(work: Workload) -> float:
    """Return the voltage that write pulses come from [V].

    Raises:
        InputError: it is less than the drop along the device.
    """
    drop, chosen = work.cell.pulse_voltage, work.settings.write_voltage
    if chosen and chosen < drop:
        raise InputError(f"write_voltage = {chosen:g} [V] must be >= {drop:.3g}, the drop of the write current along "
                         f'the device "{work.cell.name}"')  # fmt: skip
    return chosen or max(work.parts.technology.supply, drop)


def drivers_entry(work: Workload, lines: ArrayLines) -> Entry:
    """Return the row drivers, in training column drivers as well, and the current sources of write pulses."""
    settings, parts, cell, entry = work.settings, work.parts, work.cell, work.entry("drivers")
    entry.note("C_word", "columns (width c_wire + W_read c_gate)", lines.word_capacitance, "F", "wire_capacitance")
    entry.note("C_bit", "rows (height c_wire + W_read c_junction)", lines.bit_capacitance, "F", "wire_capacitance")
    driven = settings.array_rows + (settings.array_columns if settings.training else 0)
    one = (parts["register_area"] + LINE_GATES * parts["gate_area"]) / parts["placement_density"]
    area, formula = driven * one, f"arrays x {driven} lines x (A_register + {LINE_GATES} A_gate)/density"
    if settings.training and cell.pulse_current:
        width = cell.pulse_current / parts.on_current
        area += settings.array_columns * width * 4 * parts.technology.feature
        formula += " + arrays x columns x I_write/I_on x 4 F"
    entry.set_area(formula, work.array_count * area, "register_area", "gate_area", "placement_density")
    for phase in read_phases(settings):
        reads, supply = work.phase(phase), parts.technology.supply
        line = lines.word_capacitance if phase == "forward" else lines.bit_capacitance
        each = reads.activity * line * supply**2 + parts["register_energy"]
        energy = work.positions * reads.pulses * reads.lines * each
        text = "lines driven x (activity C V^2 + E_register)"
        entry.add_energy(phase, text, energy, "register_energy", "gate_capacitance")
        if settings.readout != "sequential":
            entry.add_latency(phase, "steps x reads x t_word", reads.steps * reads.pulses * lines.word_delay)
        else:
            entry.add_latency(phase, "row reads x t_word", serial_rows(work, phase) * lines.word_delay)
    if settings.training and cell.kind == "device":
        _write_lines(work, lines, entry)
    return entry


def _write_lines(work: Workload, lines: ArrayLines, entry: Entry) -> None:
    cell = work.cell
    rail = write_rail(work)
    entry.note("V_rail", "write_voltage; if not given the supply, or the drop if that is more", rail, "V")
    lost = cell.pulse_current * (rail - cell.pulse_voltage) * cell.pulse_time
    entry.note("E_driver", "I_write (V_rail - V_track) t_pulse, lost in the write transistors", lost, "J")
    charge = lines.bit_capacitance * rail**2
    entry.note("E_line", "C_bit V_rail^2", charge, "J")
    entry.add_energy("update", "pulses per image x (E_driver + E_line)", write_pulses(work) * (lost + charge))


def multiplexers_entry(work: Workload, lines: ArrayLines) -> Entry:
    """Pass gates between columns and converters, wide enough for the current of a whole column."""
    settings, parts, entry = work.settings, work.parts, work.entry("multiplexers")
    entry.note("W_switch", "R W of a transistor/(0.25/(rows G_on)), at least 2 F", lines.switch_width, "m")
    if settings.readout != "parallel" or settings.columns_per_converter == 1:
        entry.set_area("none: a sense amplifier, converter or adder per column", 0.0)
        return entry
    gates = settings.array_columns + (settings.array_rows if settings.training else 0)
    area = gates * 2 * lines.switch_width * 4 * parts.technology.feature
    entry.set_area(f"arrays x {gates} gates x two transistors x W_switch x 4 F", work.array_count * area)
    gate = 2 * lines.switch_width * parts["gate_capacitance"] * parts.technology.supply**2
    entry.note("E_select", "2 W_switch c_gate V^2", gate, "J", "gate_capacitance")
    stages = np.ceil(np.log2(settings.columns_per_converter))
    for phase in read_phases(settings):
        reads = work.phase(phase)
        entry.add_energy(phase, "conversions x E_select", reads.conversions * gate)
        text = "conversions one after the other x log2(columns per converter) x t_gate"
        entry.add_latency(phase, text, reads.serial * stages * parts.technology.gate_delay)
    return entry
