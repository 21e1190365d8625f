"""Measured pulse responses: a table with one row per pulse and the conductance read after it.

Columns of the CSV file, with the unit at the end of the header as everywhere in this program:

    device        label of the device; without it all rows are of one
    pulse         number of the pulse in its device; a jump tells of a gap, a fall of a new sequence
    polarity      +1, -1, or up, down, set, reset, LTP, LTD; without it the sign of the amplitude counts
    amplitude     amplitude_A_per_m2, amplitude_A or amplitude_V, with prefixes as in amplitude_mV
    duration      duration_ns, duration_us, ...
    conductance   conductance_uS, G_S, ... or resistance_kohm, R_ohm, ...; an empty cell or nan is a missing reading

A row of pulse 0, or of amplitude 0, holds the conductance before the first pulse.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from compact.exchange.pulse_columns import KINDS, STEMS, numbers_or_nan, with_columns
from dwcore.errors import InputError
from dwcore.storage.column_file import ColumnFile, canonical, note_unread, read_columns, shown
from dwcore.storage.measurements import UNITS, some

POLARITY = {
    1: ("+1", "1", "+", "up", "set", "ltp", "p", "potentiation", "pos", "positive", "1.0", "+1.0"),
    -1: ("-1", "-", "down", "reset", "ltd", "d", "depression", "neg", "negative", "-1.0"),
    0: ("0", "none", "read", "", "0.0"),
}
LARGEST_NUMBER = 2**53
"""From here on numbers in double precision are not counted one by one [1]."""
AMPLITUDES = ("current density", "current", "voltage")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PulseData:
    """Pulse responses, row by row in the order of the file.

    Attributes:
        path: of the file, for messages.
        line: number of each row in the file, shape (n,).
        device: number of the device of each row, shape (n,).
        labels: label of each device.
        pulse: number of the pulse, shape (n,).
        amplitude: signed, in SI, zero for a reading without a pulse, shape (n,).
        amplitude_unit: "A/m^2", "A" or "V".
        duration: shape (n,) [s].
        conductance: read after the pulse, nan where missing, shape (n,) [S].
    """

    path: str
    line: np.ndarray
    device: np.ndarray
    labels: tuple[str, ...]
    pulse: np.ndarray
    amplitude: np.ndarray
    amplitude_unit: str
    duration: np.ndarray
    conductance: np.ndarray


def read_pulse_data(path, columns: Mapping[str, str] | None = None) -> PulseData:
    """Read pulse responses.

    Args:
        path: CSV file.
        columns: what a column holds whose name does not say so, such as {"conductance": "I/V", "duration": "100 ns"}.

    Raises:
        InputError: unreadable, a column missing, or a cell that is no number; one line with the place.
    """
    file = with_columns(read_columns(path), columns or {})
    label = _column(file, "device", ("",))
    cells = [row[file.names.index(label[0])] for row in file.rows] if label else ["1"] * len(file.rows)
    labels = tuple(dict.fromkeys(cells))
    place = {label: number for number, label in enumerate(labels)}
    amplitude, unit = _amplitude(file)
    pulse = _numbers(file, _needed(file, "pulse", ("",))[0])
    odd = (pulse != np.round(pulse)) | (np.abs(pulse) > LARGEST_NUMBER)
    if np.any(odd):
        line, value = file.lines[int(np.argmax(odd))], pulse[int(np.argmax(odd))]
        raise InputError(
            f"{file.path} line {line}: pulse = {value:g} must be a whole number of at most {LARGEST_NUMBER:g}"
        )
    name, factor = _needed(file, "duration", UNITS["time"])
    duration = factor * _numbers(file, name)
    driven = amplitude != 0
    if np.any(driven & (duration <= 0)):
        line = file.lines[int(np.argmax(driven & (duration <= 0)))]
        raise InputError(f"{file.path} line {line}: {name} must be > 0")
    conductance = _conductance(file)
    _note_unread(file)
    return PulseData(
        path=file.path,
        line=np.array(file.lines),
        device=np.array([place[cell] for cell in cells]),
        labels=labels,
        pulse=pulse.astype(np.int64),
        amplitude=amplitude,
        amplitude_unit=unit,
        duration=duration,
        conductance=conductance,
    )


def _column(file: ColumnFile, what: str, units) -> tuple[str, float] | None:
    """Name of the column of a quantity in one of some units, and the factor to SI; None if there is none."""
    factors = units if isinstance(units, dict) else dict.fromkeys(units, 1.0)
    headers: dict[str, float] = {}
    for stem in STEMS[what]:
        for unit, factor in factors.items():
            header = canonical(f"{stem}_{unit}")
            headers |= {header: factor, header.replace("_per_", "_"): factor}
    headers |= {_small(header): factor for header, factor in headers.items()}
    found = []
    for name, unit in zip(file.names, file.units, strict=True):
        header = canonical(f"{name}_{unit}" if unit else name)
        factor = headers.get(header, headers.get(_small(header)))
        if factor is not None:
            found.append((name, factor))
    if len(found) > 1:
        raise InputError(f"{file.path}: columns {' and '.join(name for name, _ in found)} both hold the {what}")
    return found[0] if found else None


def _note_unread(file: ColumnFile) -> None:
    """Log which columns hold nothing that is known; those that a choice of columns took the place of begin with ~."""
    read = {name for name in file.names if name.startswith("~")}
    for what, kinds in KINDS.items():
        column = _column(file, what, {unit: factor for kind in kinds for unit, factor in UNITS[kind].items()} or ("",))
        read |= {column[0]} if column else set()
    note_unread(file, read)


def _small(header: str) -> str:
    """Return a header with its name in small letters; a unit keeps its own: mA is not MA."""
    name, mark, unit = header.partition("_")
    return name.lower() + mark + unit


def _needed(file: ColumnFile, what: str, units) -> tuple[str, float]:
    found = _column(file, what, units)
    if found is None:
        names = [f"{what}_{unit.replace('/', '_per_').replace(' ', '_')}" if unit else what for unit in units]
        raise InputError(
            f"{file.path}: has no column for the {what}; name it one of {some(names)}; the header is "
            f"{shown(file.names)}"
        )
    return found


def _amplitude(file: ColumnFile) -> tuple[np.ndarray, str]:
    """Signed amplitude and its SI unit."""
    found = [(kind, column) for kind in AMPLITUDES if (column := _column(file, "amplitude", UNITS[kind])) is not None]
    if len(found) > 1:
        raise InputError(f"{file.path}: columns {' and '.join(c[0] for _, c in found)} both hold the amplitude")
    if not found:
        _needed(file, "amplitude", [unit for kind in AMPLITUDES for unit in UNITS[kind]])
    kind, (name, factor) = found[0]
    values = factor * _numbers(file, name)
    unit = {"current density": "A/m^2", "current": "A", "voltage": "V"}[kind]
    column = _column(file, "polarity", ("",))
    return (values if column is None else _with_polarity(file, column[0], values, name)), unit


def _with_polarity(file: ColumnFile, column: str, values: np.ndarray, name: str) -> np.ndarray:
    words = {word: sign for sign, group in POLARITY.items() for word in group}
    signs = np.empty(values.size)
    for i, (row, line) in enumerate(zip(file.rows, file.lines, strict=True)):
        word = row[file.names.index(column)].lower()
        if word not in words:
            raise InputError(f'{file.path} line {line}: {column} = "{word}" must be +1, -1, up, down, set, reset or 0')
        signs[i] = words[word]
    against = (values < 0) & (signs > 0)
    if np.any(against):
        line = file.lines[int(np.argmax(against))]
        raise InputError(f"{file.path} line {line}: {name} is negative although {column} is positive")
    return signs * np.abs(values)


def _conductance(file: ColumnFile) -> np.ndarray:
    direct, inverse = (
        _column(file, "conductance", UNITS["conductance"]),
        _column(file, "resistance", UNITS["resistance"]),
    )
    if direct is not None and inverse is not None:
        raise InputError(f"{file.path}: columns {direct[0]} and {inverse[0]} both hold the conductance; leave one out")
    name, factor = direct or inverse or _needed(file, "conductance", UNITS["conductance"])
    values = factor * _numbers(file, name, missing=True)
    if inverse is not None:
        with np.errstate(divide="ignore"):
            values = 1 / values
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def _numbers(file: ColumnFile, name: str, *, missing: bool = False) -> np.ndarray:
    """Numbers of a column; with `missing`, empty cells, nan and what a meter writes at overflow are none."""
    return numbers_or_nan(file, file.names.index(name), name) if missing else file.numbers(name)
