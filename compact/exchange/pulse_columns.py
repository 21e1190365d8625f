"""Columns of measured pulses that have names of their own: which holds what, a ratio of two, or one value for all."""

import dataclasses
import re
from collections.abc import Iterable, Mapping

import numpy as np

from dwcore.errors import InputError, nearest
from dwcore.storage.column_file import ColumnFile, canonical, shown
from dwcore.storage.measurements import UNITS, some, unit_of
from dwcore.units import plain_number, to_si

OVERFLOW = 9.9e37
"""From here on a number is no reading: instruments write 9.9E37 or 9.91E+37 where there was none."""
KINDS: dict[str, tuple[str, ...]] = {
    "device": (),
    "pulse": (),
    "polarity": (),
    "amplitude": ("current density", "current", "voltage"),
    "duration": ("time",),
    "conductance": ("conductance",),
    "resistance": ("resistance",),
}
"""What a column may hold, and the kinds of units it may have."""
STEMS = {
    "device": ("device", "device_id", "cell"),
    "pulse": ("pulse", "pulse_number", "number", "n"),
    "polarity": ("polarity", "direction"),
    "amplitude": ("amplitude", "J", "I", "V"),
    "duration": ("duration", "width", "pulse_width"),
    "conductance": ("conductance", "G"),
    "resistance": ("resistance", "R"),
}
"""Names of columns that need no mention."""
SHORT = {"G": "conductance", "R": "resistance"}
_RATIOS = {"conductance": ("current", "voltage"), "resistance": ("voltage", "current")}
_SI = {"current": "A", "voltage": "V", "time": "s", "current density": "A/m^2"}


def with_columns(file: ColumnFile, columns: Mapping[str, str]) -> ColumnFile:
    """Return a table whose columns are named by what they hold.

    Args:
        file: the table.
        columns: what -> name of its column, `I/V` for a ratio of two, or a value with its unit for all rows.

    Raises:
        InputError: no such quantity or column, or a column without a unit that fits.
    """
    held = {canonical(name): place for place, name in enumerate(_headers(file))}
    taken: dict[str, tuple[str, list[str]]] = {}
    for given, spec in columns.items():
        what = SHORT.get(given, given)
        if what not in KINDS:
            raise InputError(f"--column {given}: no such quantity{nearest(given, [*KINDS, *SHORT])}")
        taken[what] = _filled(file, held, what, spec.strip())
    names = _hidden(_headers(file), taken, columns.values())
    new = list(taken.values())
    rows = tuple((*row, *(cells[i] for _, cells in new)) for i, row in enumerate(file.rows))
    header = (*names, *(name for name, _ in new))
    return dataclasses.replace(file, names=header, units=(None,) * len(header), rows=rows)


def _headers(file: ColumnFile) -> list[str]:
    return [f"{name}_{unit}" if unit else name for name, unit in zip(file.names, file.units, strict=True)]


def _hidden(headers: list[str], taken: Iterable[str], specs: Iterable[str]) -> list[str]:
    """Return the headers, those marked that would be read as something that another column was named for."""
    whats = set(taken)
    whats |= {"conductance", "resistance"} if whats & {"conductance", "resistance"} else set()
    stems = {stem.lower() for what in whats for stem in STEMS[what]}
    used = {canonical(part.strip()).lower() for spec in specs for part in (spec, *spec.split("/"))}
    found = []
    for header in headers:
        whole = canonical(header).lower()
        named = {whole, whole.partition("_")[0]}
        found.append(f"~{header}" if named & stems or named & used else header)
    return found


def _filled(file: ColumnFile, held: Mapping[str, int], what: str, spec: str) -> tuple[str, list[str]]:
    """Return the header and the cells of one quantity."""
    place = _place(held, spec)
    if place is not None:
        unit = _unit(_headers(file)[place], KINDS[what], f"--column {what}={spec}")[0]
        return f"{what}_{unit}".rstrip("_"), [row[place] for row in file.rows]
    parts = [part.strip() for part in spec.split("/")]
    if what in _RATIOS and len(parts) == 2 and None not in [_place(held, part) for part in parts]:
        above, below = (_values(file, held, part, kind) for part, kind in zip(parts, _RATIOS[what], strict=True))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(below != 0, above / below, np.nan)
        return f"{what}_{'S' if what == 'conductance' else 'ohm'}", [repr(float(value)) for value in ratio]
    for kind in KINDS[what]:
        try:
            value = to_si(spec, _SI[kind]) if kind in _SI else None
        except InputError:
            continue
        if value is not None:
            return f"{what}_{_SI[kind].replace('/', '_per_').replace('^', '')}", [repr(value)] * len(file.rows)
    raise InputError(
        f"{file.path}: --column {what}={spec}: no such column{nearest(spec, file.names)}; the header is "
        f"{shown(file.names)}"
    )


def _place(held: Mapping[str, int], name: str) -> int | None:
    """Return the number of the column of a name, with or without its unit."""
    wanted = canonical(name)
    if wanted in held:
        return held[wanted]
    found = [place for header, place in held.items() if re.match(re.escape(wanted) + "_[^_]*$", header)]
    return found[0] if len(found) == 1 else None


def _unit(header: str, kinds: tuple[str, ...], where: str) -> tuple[str, float]:
    """Return the unit at the end of a header and its factor to SI; none where the quantity has none."""
    if not kinds:
        return "", 1.0
    units = {unit: factor for kind in kinds for unit, factor in UNITS[kind].items()}
    unit = unit_of(header, units)
    if unit is None:
        raise InputError(f'{where}: the column "{header}" has no unit at its end, one of {some(units)}')
    return canonical(unit), units[unit]


def _values(file: ColumnFile, held: Mapping[str, int], name: str, kind: str) -> np.ndarray:
    """Return a column in SI, nan where a cell is empty or an overflow."""
    place = _place(held, name)
    if place is None:
        raise InputError(f"{file.path}: has no column {name}")
    header = _headers(file)[place]
    factor = _unit(header, (kind,), f"{file.path}: {name}")[1]
    return factor * numbers_or_nan(file, place, header)


def numbers_or_nan(file: ColumnFile, place: int, name: str) -> np.ndarray:
    """Return the numbers of a column, nan where a cell is empty or what a meter writes at overflow.

    Raises:
        InputError: a cell is neither empty nor a number; the message calls the column by `name`.
    """
    found = np.full(len(file.rows), np.nan)
    for i, (row, line) in enumerate(zip(file.rows, file.lines, strict=True)):
        cell = row[place]
        try:
            found[i] = plain_number(cell) if cell else np.nan
        except ValueError:
            raise InputError(f'{file.path} line {line}: {name} = "{cell}" must be a number or empty') from None
    found[np.abs(found) >= OVERFLOW] = np.nan
    return found
