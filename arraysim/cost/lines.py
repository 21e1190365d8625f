"""Lines of an array: their capacitance, how they are driven and how fast they settle."""

import dataclasses
import math

from arraysim.cost.cell import READ_SHARE
from arraysim.cost.workload import Workload

FAN_OUT = 4.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lines:
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


def lines_of(work: Workload) -> Lines:
    """Return the capacitances and delays of the lines.

    A row: columns x (cell width x c + W_read c_gate); a column: rows x (cell height x c + W_read c_junction), with the
    wire capacitance per length c. The multiplexer switch has a quarter of the resistance of a whole column of conducting
    devices; the column sits at a virtual ground of the same resistance as the switch and settles to 2^-(bits + 1) in
    2 R C ln 2 (bits + 1). A row is driven by inverters that grow by four from stage to stage.
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
    return Lines(
        word_capacitance=word,
        bit_capacitance=bit,
        switch_width=width,
        switch_resistance=resistance,
        word_delay=stages * parts.technology.gate_delay,
        settling=2 * resistance * bit * math.log(2) * (settings.converter_bits + 1),
    )


def read_time(work: Workload, lines: Lines) -> float:
    """Return the time of one read that the latency counts [s]."""
    return work.settings.read_time or max(work.settings.read_pulse, lines.settling)
