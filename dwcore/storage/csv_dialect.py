"""Tables in CSV as spreadsheets, R and instruments write them: encoding, separator, decimal sign, header, units.

    encoding    UTF-8, UTF-16 with a byte order mark, else Windows-1252
    separator   comma, semicolon or tab: the one that cuts most rows into the same number of cells, two or more
    decimals    a comma where cells are not separated by commas and numbers such as 61,29 occur; a number with a point,
                such as 1.050, is refused beside them: it may be one thousand or one; without any such comma a point is
                the decimal sign, which is said where all numbers with a point could be thousands
    header      the last row before the first row of numbers that has as many cells; what stands above it is a title. If
                there is none, the last comment above the numbers that has as many cells, as NumPy's savetxt writes it
    units       a row of units between the header and the numbers

Comments begin with # or %, but not as #N/A or #DIV/0!, which spreadsheets write for an error. Columns and rows without
content are left out. What is not plain is said in ``notes``.
Cells are cut by Python's ``csv``, so quotes, doubled quotes and line breaks within quotes are those of RFC 4180.
"""

import codecs
import collections
import csv
import dataclasses
import re
from collections.abc import Iterator

from dwcore.errors import InputError
from dwcore.units import hyphen_minus, is_number

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_LINE_END = re.compile(r"\r\n|\r|\n")
_MOST_BREAKS = 10
"""Lines that a record with line breaks within quotes may have; a quote that never ends is no such record."""
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_COMMA_NUMBER = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")
_POINT_NUMBER = re.compile(r"[-+]?(\d*\.\d+|\d+\.)([eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}")
_FAULT = re.compile(r"#(N/A|NV|[A-Z][A-Z/0-9]*[!?])")
"""What spreadsheets write in the place of a number."""
_UNIT = re.compile(
    r"[(\[]?(?:-|1|%|°[CF]?|deg[CF]?|rad|dB|min|h|(?:1e\d+\s)?[fpnuµμmckMG]?(?:m|s|A|V|S|T|G|Oe|J|eV|K|Hz|[oO]hms?|Ω)(?:\^?-?\d)?"
    r"(?:\s?[/*·]\s?[fpnuµμmckMG]?(?:m|s|A|V|T|J|K)(?:\^?-?\d)?)*)?[)\]]?"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CsvTable:
    """Cells of a CSV file.

    Attributes:
        names: header, without quotes and outer blanks.
        units: unit of each column where a row of units follows the header, else None.
        rows: line number in the file and cells of each row of content.
        notes: what was found that is not plain, in words.
    """

    names: tuple[str, ...]
    units: tuple[str | None, ...]
    rows: list[tuple[int, tuple[str, ...]]]
    notes: tuple[str, ...]


def decode(content: bytes, path) -> tuple[str, tuple[str, ...]]:
    """Return the text of a file and, where it is not UTF-8, a note on its encoding.

    Raises:
        InputError: the bytes are no text.
    """
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8" or b"\0" in content:
            raise InputError(f"{path}: not a text file in UTF-8 or UTF-16") from None
        text, encoding = content.decode("cp1252", errors="replace"), "Windows-1252"
    if "\0" in text:
        raise InputError(f"{path}: not a text file; UTF-16 needs its byte order mark, UTF-8 holds no zero bytes")
    return text, () if encoding.startswith("utf-8") else (f"encoding {encoding}",)


def lines_of(text: str) -> list[str]:
    """Return the lines of a text; `str.splitlines` would end them at letters such as U+0085 and U+2028, too."""
    return _LINE_END.split(text)


def parse_csv(text: str) -> CsvTable:
    """Return header and cells of a CSV text; the caller checks that there are any.

    Rows keep the number of cells they have, so that a missing cell can be reported with its line.

    Raises:
        InputError: decimal commas beside decimal points; says the line.
    """
    records = [(i, line) for i, line in _records(text) if line.strip() and not line.startswith("sep=")]
    lines = [(i, line) for i, line in records if not _is_comment(line)]
    comments = [(i, line) for i, line in records if _is_comment(line)]
    above = [line.lstrip("#% \t") for i, line in comments if lines and i < lines[0][0]][-1:]
    separator = _separator([line for _, line in lines[:200]], *above)
    rows = [(i, _cells(line, separator)) for i, line in lines]
    rows = [(i, row) for i, row in rows if any(row)]
    notes = [] if separator == "," else [f"cells separated by {SEPARATORS[separator]}"]
    original: dict[int, tuple[str, ...]] = {}
    comma = next((cell for _, row in rows for cell in row if _COMMA_NUMBER.fullmatch(cell)), None)
    if separator != "," and comma is not None:
        notes.append(f"commas as decimal signs ({comma} is {float(comma.replace(',', '.')):g})")
        original = dict(rows)
        rows = [(i, tuple(c.replace(",", ".") if _COMMA_NUMBER.fullmatch(c) else c for c in row)) for i, row in rows]
    rows = _commented_header(comments, rows, separator) + rows
    names, units, rows, skipped = _head(rows)
    _refuse_points(original, rows)
    if separator != "," and comma is None:
        notes += _note_on_points(rows)
    if skipped:
        notes.append(f"{skipped} lines above the header left out")
    notes += _note_on_comments(comments, rows, separator)
    names, units, rows = _without_empty_columns(names, units, rows)
    return CsvTable(names=names, units=units, rows=rows, notes=tuple(notes))


def _records(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers; one that ends within quotes goes on with the next ones, if these close them."""
    lines = lines_of(text)
    number = 0
    while number < len(lines):
        last = number
        if lines[number].count('"') % 2 and not _is_comment(lines[number]):
            odd = (k for k in range(number + 1, min(number + _MOST_BREAKS, len(lines))) if lines[k].count('"') % 2)
            last = next(odd, number)
        yield number + 1, " ".join(lines[number : last + 1])
        number = last + 1


def _is_comment(line: str) -> bool:
    return line.lstrip()[0] in "#%" and not _FAULT.match(line.lstrip())


def _note_on_comments(comments: list[tuple[int, str]], rows, separator: str) -> list[str]:
    """Return which comments below the header could be rows, such as those of a device called #2, as a note, or nothing."""
    alike = [i for i, line in comments if rows and i > rows[0][0] and len(_cells(line, separator)) == len(rows[0][1])]
    return [f"{len(alike)} lines that begin with # or % left out, the first is line {alike[0]}"] if alike else []


def _note_on_points(rows) -> list[str]:
    """Return how numbers are read of which each may be one or one thousand, as a note, or nothing."""
    points = [cell for _, row in rows for cell in row if _POINT_NUMBER.fullmatch(cell)]
    if not points or not all(_THOUSANDS.fullmatch(cell) for cell in points):
        return []
    return [f"points as decimal signs ({points[0]} is {float(points[0]):g})"]


def _refuse_points(original: dict[int, tuple[str, ...]], rows) -> None:
    """Refuse numbers with a point in a table with decimal commas."""
    for line, _ in rows:
        for cell in original.get(line, ()):
            if _POINT_NUMBER.fullmatch(cell):
                raise InputError(f'line {line}: "{cell}" has a point where commas are decimal signs')


def _separator(lines: list[str], above: str = "") -> str:
    """Return the separator that cuts most rows alike, of two one that cuts `above` so, or else into the most cells."""

    def quality(separator: str) -> tuple[int, bool, int]:
        widths = collections.Counter(len(_cells(line, separator)) for line in lines)
        width, alike = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        return (alike if width > 1 else 0, len(_cells(above, separator)) == width, width)

    found = max(SEPARATORS, key=quality)
    return found if quality(found)[0] else ","


def _cells(line: str, separator: str) -> tuple[str, ...]:
    try:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:  # a cell of more than 128 kB, or a quote that never ends
        cells = line.split(separator)
    return tuple(hyphen_minus(cell) if cell.startswith("\u2212") else cell for cell in map(str.strip, cells))


def _head(rows):
    """Return names, units, the rows below them, and how many lines above the header were left out."""
    if not rows:
        return (), (), [], 0
    widths = collections.Counter(len(row) for _, row in rows)
    width = max(widths, key=lambda w: (widths[w], w))
    numeric = _numeric_columns([row for _, row in rows if len(row) == width], width)
    is_data = [len(row) == width and _holds_numbers(row, numeric) for _, row in rows]
    first = is_data.index(True) if True in is_data else 1
    above = [k for k in range(first) if len(rows[k][1]) == width and not _begins_a_number(rows[k][1], numeric)]
    header, units = above[-1] if above else 0, None
    begin = header + 1
    if len(above) > 1 and all(_UNIT.fullmatch(cell) for cell in rows[header][1]):
        units, header = tuple(cell.strip("()[] ") for cell in rows[header][1]), above[-2]
    names = rows[header][1]
    return names, units or (None,) * len(names), rows[begin:], header


def _commented_header(comments: list[tuple[int, str]], rows, separator: str) -> list[tuple[int, tuple[str, ...]]]:
    """Return the last comment above rows that begin with one of numbers, if it has as many cells and none is a number."""
    if not rows or not any(map(is_number, rows[0][1])):
        return []
    above = [(i, _cells(line.lstrip("#% \t"), separator)) for i, line in comments if i < rows[0][0]]
    return [(i, row) for i, row in above[-1:] if len(row) == len(rows[0][1]) and not any(map(is_number, row))]


def _begins_a_number(row, numeric) -> bool:
    """Return whether a row is one of numbers that are written in another way, such as 1.234,5."""
    return any(re.match(r"[-+]?[.,]?\d", row[j]) for j in numeric)


def _numeric_columns(rows, width: int) -> list[int]:
    """Return the columns that hold numbers in most of the lower half of the rows."""
    lower = rows[len(rows) // 2 :]
    return [j for j in range(width) if 2 * sum(is_number(row[j]) for row in lower) > len(lower)]


def _holds_numbers(row, numeric) -> bool:
    return bool(numeric) and sum(is_number(row[j]) for j in numeric) * 2 > len(numeric)


def _without_empty_columns(names, units, rows):
    """Leave out columns with neither a name nor content; rows may end before them."""
    filled = {j for _, row in rows for j, cell in enumerate(row) if cell}
    kept = [j for j, name in enumerate(names) if name or j in filled]
    if len(kept) < len(names):
        cut = [(i, tuple(row[j] for j in kept if j < len(row)) + row[len(names) :]) for i, row in rows]
        names, units, rows = tuple(names[j] for j in kept), tuple(units[j] for j in kept), cut
    return names, units, rows
