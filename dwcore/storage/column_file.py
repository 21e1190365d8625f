"""Tables of measurements and of micromagnetic runs: CSV, table.txt of mumax3, .odt of OOMMF, as columns of text.

CSV: in any of the forms that `csv_dialect` knows; the columns are named by a header.
mumax3: one comment line names the columns with their units, `# t (s)<tab>mx ()<tab>...`, tabs separate the cells.
OOMMF: the first line is `# ODT 1.0`, `# Columns:` and `# Units:` hold one word or one {group in braces} or "in quotes"
per column; a backslash at the end of a line joins it to the next, `{}` is a missing value.
Both programs add to the table of an earlier run; a second one in the file must have the same columns and units. They
end each line, so a last line without an end may have lost digits, which is said.

The existing reader of the two simulator tables, ubermagtable, brings a notebook environment of 39 packages with it;
that is why the formats are read here. Cells stay text until asked for, so that columns nobody needs may hold anything.

References:
    OOMMF User's Guide, Data Table File Format (ODT), https://math.nist.gov/oommf/
"""

import collections
import dataclasses
import logging
import math
import os
import re
import stat
from collections.abc import Container
from pathlib import Path

import numpy as np

from dwcore.errors import InputError, nearest
from dwcore.storage.csv_dialect import decode, lines_of, parse_csv
from dwcore.units import plain_number

_log = logging.getLogger(__name__)
LARGEST_BYTES = 200_000_000
_WORD = re.compile(r'\{([^}]*)\}|"([^"]*)"|(\S+)')


@dataclasses.dataclass(frozen=True, kw_only=True)
class ColumnFile:
    """A table as text.

    Attributes:
        path: where it came from, for messages.
        names: column names without the unit where the format keeps it apart.
        units: unit of each column, None where the format has it in the name.
        rows: cells, row by row.
        lines: line number of each row in the file.
        is_csv: whether the header is free text; mumax3 and OOMMF have names of their own.
    """

    path: str
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    is_csv: bool

    def numbers(self, name: str) -> np.ndarray:
        """Return one column as finite numbers, shape (rows,), in the unit of the file.

        Raises:
            InputError: no such column, or a cell that is no finite number.
        """
        if name not in self.names:
            raise InputError(f'{self.path}: no column "{name}"{nearest(name, self.names)}')
        column = self.names.index(name)
        values = np.empty(len(self.rows))
        for i, (row, line) in enumerate(zip(self.rows, self.lines, strict=True)):
            try:
                values[i] = plain_number(row[column])
            except InputError as error:
                raise InputError(f"{self.path} line {line}: {name} = {error}") from None
            except ValueError:
                values[i] = math.nan
            if not math.isfinite(values[i]):
                raise InputError(f"{self.path} line {line}: {name} = {shown([row[column]])} must be a finite number")
        return values


def read_columns(path) -> ColumnFile:
    """Read a table; its first line tells the format. What is unusual about a CSV file is logged as a warning.

    Raises:
        InputError: no such file, not text, no header, no rows, or rows of the wrong length; one line.
    """
    text, notes = decode(_content(path), path)
    first = text.lstrip().split("\n", 1)[0].strip()
    is_csv = False
    if re.match(r"#\s*ODT\b", first):
        names, units, rows = _oommf(text, path)
    elif re.match(r"#\s*t \(\w*\)", first):
        names, units, rows = _mumax(text, path)
    else:
        try:
            found, is_csv = parse_csv(text), True
        except InputError as error:
            raise InputError(f"{path} {error}") from None
        names, units, rows, notes = found.names, found.units, found.rows, notes + found.notes
    _check(path, names, rows)
    if not is_csv and _ends_in(text, rows[-1]):
        notes += (f"its last line, {rows[-1][0]}, which has no end and may be cut off",)
    if notes:
        _log.warning("%s: read with %s", path, ", ".join(notes))
    lines, cells = zip(*rows, strict=True)
    return ColumnFile(path=str(path), names=tuple(names), units=tuple(units), rows=cells, lines=lines, is_csv=is_csv)


def _check(path, names, rows) -> None:
    if not names:
        raise InputError(f"{path}: has no line that names the columns")
    twice = sorted(name for name, count in collections.Counter(names).items() if count > 1)
    if twice:
        raise InputError(f'{path}: has two columns named "{twice[0]}"')
    if not rows:
        raise InputError(f"{path}: has no rows of numbers")
    for line, row in rows:
        if len(row) != len(names):
            header = shown(names)
            raise InputError(f"{path} line {line}: has {len(row)} cells, must be {len(names)} as the header {header}")


def canonical(header: str) -> str:
    """Return a header in one spelling: "J (A/m^2)", "J [A/m2]" and "J_A_per_m2" name the same quantity and unit.

    The unit follows the name after `_`, or in parentheses or brackets; Greek and capital letters of units are folded.
    """
    text = re.sub(r"\s*[(\[]\s*(.*?)\s*[)\]]\s*$", r"_\1", header.strip()).rstrip("_")
    for old, new in (("µ", "u"), ("μ", "u"), ("Ω", "ohm"), ("Ohm", "ohm"), ("^", ""), ("²", "2"), ("/", "_per_")):
        text = text.replace(old, new)
    return re.sub(r"\s*[·*]\s*(?![\s\d])|\s+", "_", text)


def note_unread(file: ColumnFile, read: Container[str]) -> None:
    """Log which columns of a table were not read: one of them may have been meant."""
    left = [name for name in file.names if name and name not in read]
    if left:
        _log.warning("%s: not read: %s", file.path, shown(left))


def shown(names) -> str:
    """Return cells for a message, the first twelve of many and the first 40 characters of each."""
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(f'"{name[:40]}"' for name in names[:12]) + more


def _content(path) -> bytes:
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode):  # a pipe would wait for ever
            raise InputError(f"{path}: cannot read: not a file")
        if about.st_size > LARGEST_BYTES:
            raise InputError(f"{path}: is larger than {LARGEST_BYTES // 10**6} MB, not a table of measurements")
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: cannot read: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}") from None


def _mumax(text: str, path):
    columns: list[tuple[str, str]] = []
    rows: list[tuple[int, tuple[str, ...]]] = []
    for number, line in enumerate(lines_of(text), 1):
        if re.match(r"\s*#\s*t \(", line):
            found = [_named(cell) for cell in line.strip().lstrip("# ").split("\t")]
            _check_same(f"{path} line {number}", columns or found, found)
            columns = found
        elif line.strip() and line.lstrip()[0] != "#":
            rows.append((number, tuple(cell.strip() for cell in line.strip().split("\t"))))
    return [name for name, _ in columns], [unit for _, unit in columns], rows


def _named(cell: str) -> tuple[str, str]:
    """Return name and unit of `mx ()` or `my name (m/s)`."""
    name, parenthesis, unit = cell.strip().removesuffix(")").rpartition(" (")
    return (name, unit) if parenthesis else (unit, "")


def _ends_in(text: str, row: tuple[int, tuple[str, ...]]) -> bool:
    """Whether a text ends in a row, without a line break."""
    last = lines_of(text)[-1]
    return text.endswith(last) and bool(last.strip()) and last.split()[-1] == row[1][-1]


def _check_same(where: str, first: list, second: list) -> None:
    if first != second:
        raise InputError(f"{where}: a second table with other columns or units; give one table per file")


def _oommf(text: str, path):
    names: list[str] = []
    units: list[str] = []
    rows: list[tuple[int, tuple[str, ...]]] = []
    for number, line in _joined(text):
        comment = re.match(r"#+\s*(\w*)\s*:?(.*)", line)
        if not comment:
            rows.append((number, tuple(_words(line))))
        elif comment[1] == "Columns":
            _check_same(f"{path} line {number}", names or _words(comment[2]), _words(comment[2]))
            names = _words(comment[2])
        elif comment[1] == "Units":
            _check_same(f"{path} line {number}", units or _words(comment[2]), _words(comment[2]))
            units = _words(comment[2])
    if units and len(units) != len(names):
        raise InputError(f"{path}: names {len(names)} columns but {len(units)} units")
    return names, units or [""] * len(names), rows


def _joined(text: str):
    """Return the lines with their numbers, continued ones joined, blank ones left out."""
    held, start = "", 0
    for number, line in enumerate(lines_of(text), 1):
        start = start if held else number
        part = line.lstrip("# ") if held.startswith("#") else line
        held += part.removesuffix("\\")
        if part.endswith("\\"):
            continue
        if held.strip():
            yield start, held.strip()
        held = ""


def _words(text: str) -> list[str]:
    return ["".join(groups) for groups in _WORD.findall(text)]
