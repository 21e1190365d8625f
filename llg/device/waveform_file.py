"""Waveforms from CSV files: a column of times, a column of values, straight lines between the rows.

    time_ns, value            or with the units apart      time [ns], value [A/m^2]
    0.0,     0.0                                           0.0,       0.0
    0.2,     1.0                                           0.2,       7e11

Rows at equal times make a jump. Lines that begin with # and empty lines do not count. Values without a unit are
relative to the amplitude that goes with the waveform.
"""

import re

import numpy as np

from dwcore.errors import InputError
from dwcore.storage.column_file import read_columns
from dwcore.units import to_si
from llg.device.pulse import MOST_POINTS, Waveform

_HEADER = re.compile(r"(?P<name>time|value)(?:_(?P<a>\S+)|\s*\[(?P<b>[^\]]+)\]|\s*\((?P<c>[^)]+)\))?")


def read_waveform(path, unit: str | None = None) -> tuple[Waveform, float | None]:
    """Read a waveform.

    Args:
        path: CSV file.
        unit: SI unit that the values may have; None where they must be relative.

    Returns:
        The waveform from the first time on, which must be >= 0 (the first value holds before it), and the amplitude
        [unit] that it is relative to: the largest magnitude in the file, or None for relative values.

    Raises:
        InputError: no such file, or not a waveform; one line with file, line and rule.
    """
    table = read_columns(path)
    factors = _columns(table, unit)
    time, value = (factors[name][1] * table.numbers(factors[name][0]) for name in ("time", "value"))
    first = table.lines[0]
    if time.size < 2 or time.size > MOST_POINTS:
        raise InputError(f"{path}: has {time.size} rows, must have >= 2 and <= {MOST_POINTS}")
    if time[0] < 0:
        raise InputError(f"{path} line {first}: time = {time[0]:g} [s] must be >= 0")
    back = np.flatnonzero(np.diff(time) < 0)
    if back.size:
        i = int(back[0]) + 1
        raise InputError(f"{path} line {table.lines[i]}: time = {time[i]:g} [s] must be >= that of the row before")
    if time[-1] == 0:
        raise InputError(f"{path} line {table.lines[-1]}: the last time must be > 0")
    amplitude = None
    if factors["value"][2]:
        amplitude = float(np.abs(value).max()) or 1.0
        value = value / amplitude
    if time[0] > 0:
        time, value = np.insert(time, 0, 0.0), np.insert(value, 0, value[0])
    return Waveform(time, value), amplitude


def _columns(table, unit: str | None) -> dict[str, tuple[str, float, bool]]:
    """Return the column, factor to SI and whether it has a unit, of "time" and of "value"."""
    found = {}
    for column, unit_apart in zip(table.names, table.units, strict=True):
        match = _HEADER.fullmatch(column)
        if match is None or match["name"] in found:
            raise InputError(f'{table.path}: column "{column}" must be time with a unit, as time_ns, or value')
        name, written = match["name"], match["a"] or match["b"] or match["c"] or unit_apart
        found[name] = column, _factor(table.path, column, written, "s" if name == "time" else unit), bool(written)
    for name in ("time", "value"):
        if name not in found:
            raise InputError(f'{table.path}: no column "{name}"; the header must be like time_ns,value')
    if not found["time"][2]:
        raise InputError(f'{table.path}: column "{found["time"][0]}" must name its unit, as in time_ns')
    return found


def _factor(path: str, column: str, written: str | None, unit: str | None) -> float:
    if not written:
        return 1.0
    if unit is None:
        raise InputError(f'{path}: column "{column}" must have no unit, its values are relative')
    try:
        return to_si(f"1 {written.replace('_per_', '/')}", unit)
    except InputError:
        raise InputError(f'{path}: column "{column}" has the unit "{written}", must be one like {unit}') from None
