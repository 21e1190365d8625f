"""Physical quantities in tables: which header names which quantity, in which unit.

A CSV header is the name of a quantity, `_` and a unit: `q_nm`, `Bz_mT`, `J_1e11_A_per_m2`, `v_m_per_s`, or with the
unit in parentheses or brackets, `q [nm]`, or in a row below; `_error` after the name makes it the standard error of
that quantity: `v_error_m_per_s`. The columns that mumax3 and OOMMF write
under names of their own are known by these; any other is chosen with `columns`, quantity by quantity. A column of a CSV
file that has the name of a quantity without one of its units is refused; one that nobody asked for is told of.
"""

import functools
import itertools
import re
from collections.abc import Iterable, Mapping

import numpy as np

from dwcore.errors import InputError, nearest
from dwcore.storage.column_file import ColumnFile, canonical, note_unread, read_columns, shown

_PREFIX = {"z": 1e-21, "a": 1e-18, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "c": 1e-2, "": 1.0, "k": 1e3,
           "M": 1e6, "G": 1e9, "T": 1e12}  # fmt: skip
_PER_AREA = {"m2": 1.0, "cm2": 1e4, "mm2": 1e6, "um2": 1e12}


def _scaled(unit: str, prefixes: str, factor: float = 1.0) -> dict[str, float]:
    """Return a unit and those with a prefix, and the factor of each."""
    return {f"{prefix}{unit}": _PREFIX[prefix] * factor for prefix in ("", *prefixes)}


def _current_densities() -> dict[str, float]:
    plain = {f"{A}/{area}": factor * per for area, per in _PER_AREA.items()
             for A, factor in _scaled("A", "MGTkmun").items()}  # fmt: skip
    return plain | {
        f"1e{n} A/{area}": float(f"1e{n}") * _PER_AREA[area] for area in ("m2", "cm2") for n in range(5, 14)
    }


_LENGTH, _TIME = _scaled("m", "numc"), _scaled("s", "npum")
UNITS = {
    "length": _LENGTH,
    "field": _scaled("T", "mu") | _scaled("G", "mk", 1e-4) | _scaled("Oe", "mk", 1e-4),
    "time": _TIME | _scaled("s", "f"),
    "speed": {f"{m}/{s}": factor / per for s, per in _TIME.items() for m, factor in (_LENGTH | {"km": 1e3}).items()},
    "current density": _current_densities(),
    "current": _scaled("A", "munp"),
    "voltage": _scaled("V", "munk"),
    "conductance": _scaled("S", "munp"),
    "resistance": _scaled("ohm", "kMGm"),
    "energy": _scaled("J", "azfpn") | _scaled("eV", "mk", 1.602176634e-19),
    "number": {"": 1.0},
}
"""Factor from each unit to SI. A fixed list: any word that names a unit would make minutes of t_min, and c of v_c."""
QUANTITIES = {
    "q": "length",
    "q_S": "length",
    "Bz": "field",
    "t": "time",
    "duration": "time",
    "v": "speed",
    "J": "current density",
    "E": "energy",
    "dE": "energy",
    "mz": "number",
    "trace": "number",
    "trials": "number",
    "depinned": "number",
}
"""What a column can hold, and its dimension."""
_SIMULATOR_NAMES = {
    "t": r"t|.*(^|:)Simulation time",
    "mz": r"mz|.*TimeDriver:.*:mz|.*MinDriver:.*:mz",
    "Bz": r"B_extz|.*UZeeman:.*:Bz",
    "q": r"ext_dwpos|ext_dwxpos",
    "v": r"ext_dwspeed",
}
_DRIVES = re.compile(r"J[xyz]?|B_ext[xyz]|.*UZeeman:.*:B[xyz]")
"""Currents and fields in the tables of simulators, whatever reads them."""
_IN_BRACKETS = re.compile(r"[(\[]([^(\[]*)[)\]]\s*$")
_LAST_WORD = re.compile(r"_[^_]+(_per_[^_]+)?$")
_FACTOR = re.compile(r"(?:(?:^|_)[x×]?(?:\d+\.?\d*[eE][-+]?\d+|10[-+]?\d*|0\.0*1)|[^_]_per)_$")


def unit_of(header: str, units: Iterable[str]) -> str | None:
    """Return the one of some units in which a header ends, None if it ends in none of them.

    What stands in brackets is one of them as a whole. Elsewhere a power of ten or "per" in front belongs to the unit, so
    that v_10_m_per_s and rate_1_per_s end in no speed and in no time.
    """
    text = canonical(header)
    spelled = {s: unit for unit in units if unit for s in (canonical(unit), canonical(unit).replace("_per_", "_"))}
    found = max((s for s in spelled if text == s or text.endswith(f"_{s}")), key=len, default=None)
    if found is None:
        return None
    if bracket := _IN_BRACKETS.search(header):
        return spelled.get(canonical(bracket[1]))
    return None if _FACTOR.search(text.removesuffix(found)) else spelled[found]


def some(names: Iterable[str]) -> str:
    """Return the first names for a message."""
    first = list(itertools.islice(names, 9))
    return ", ".join(first[:8]) + (", ..." if len(first) > 8 else "")


def _headers(quantity: str, error: bool) -> dict[str, float]:
    """Return every header of a quantity, in its canonical spelling, and its factor to SI."""
    stem = f"{quantity}_error" if error else quantity
    units = UNITS[QUANTITIES[quantity]]
    headers = {canonical(f"{stem}_{unit}"): factor for unit, factor in units.items()}
    return headers | {header.replace("_per_", "_"): factor for header, factor in headers.items()}


@functools.cache
def _all_headers() -> frozenset[str]:
    """Return every header of every quantity and of its error."""
    return frozenset(
        header for quantity in QUANTITIES for error in (False, True) for header in _headers(quantity, error)
    )


class Measurements:
    """The quantities of one table, in SI."""

    def __init__(self, path, columns: Mapping[str, str] | None = None):
        """Read a table.

        Args:
            path: CSV file, mumax3 or OOMMF table.
            columns: name of the column for each quantity that has a name of its own in this file.

        Raises:
            InputError: an unreadable table, or a quantity that does not exist.
        """
        self.file: ColumnFile = read_columns(path)
        self.path = self.file.path
        self.columns = dict(columns or {})
        self._asked: set[str] = set()
        for quantity in self.columns:
            if quantity.removesuffix("_error") not in QUANTITIES:
                raise InputError(f'unknown quantity "{quantity}"{nearest(quantity, QUANTITIES)}')

    def has(self, quantity: str, error: bool = False) -> bool:
        """Whether the table holds a quantity, or its standard error."""
        return self._find(quantity, error) is not None

    def get(self, quantity: str, error: bool = False) -> np.ndarray:
        """Return the values of a quantity, or of its standard error, shape (rows,), in SI.

        Raises:
            InputError: the table does not hold it, or it holds what is no number, or an error that is not positive.
        """
        found = self._find(quantity, error)
        if found is None:
            headers = some(_headers(quantity, error))
            raise InputError(
                f"{self.path}: has no column for {quantity}; name it one of {headers}, or choose it with "
                f"--column {quantity}=NAME; the header is {shown(self.file.names)}"
            )
        name, factor = found
        values = factor * self.file.numbers(name)
        if error and np.any(values <= 0):
            line = self.file.lines[int(np.argmin(values))]
            raise InputError(f"{self.path} line {line}: {name} must be > 0")
        return values

    def get_or(self, quantity: str, default: float) -> np.ndarray:
        """Return the values of a quantity, shape (rows,), or `default` in every row."""
        return self.get(quantity) if self.has(quantity) else np.full(len(self.file.rows), default)

    def note_unread(self) -> None:
        """Log which columns nobody has asked for; of those of mumax3 and OOMMF only drives that are not zero."""
        read = set(self._asked)
        if not self.file.is_csv:
            read |= {
                name for name in self.file.names if not _DRIVES.fullmatch(name) or not self.file.numbers(name).any()
            }
        note_unread(self.file, read)

    def _find(self, quantity: str, error: bool) -> tuple[str, float] | None:
        found = self._column(quantity, error)
        if found is not None:
            self._asked.add(found[0])
        return found

    def _column(self, quantity: str, error: bool) -> tuple[str, float] | None:
        headers = _headers(quantity, error)
        chosen = self.columns.get(f"{quantity}_error" if error else quantity)
        if chosen is not None:
            return chosen, self._factor(chosen, quantity)
        present = [(name, header) for name, header in self._spelled if header in headers]
        if present:
            self._one([name for name, _ in present], quantity)
            return present[0][0], headers[present[0][1]]
        self._refuse_without_unit(f"{quantity}_error" if error else quantity, headers)
        if error or quantity not in _SIMULATOR_NAMES:
            return None
        pattern = re.compile(_SIMULATOR_NAMES[quantity])
        columns = zip(self.file.names, self.file.units, strict=True)
        known = [name for name, unit in columns if unit is not None and pattern.fullmatch(name)]
        self._one(known, quantity)
        return (known[0], self._factor(known[0], quantity)) if known else None

    @functools.cached_property
    def _spelled(self) -> list[tuple[str, str]]:
        """Column and canonical header; a unit in a row of its own belongs to the header of a CSV file."""
        columns = zip(self.file.names, self.file.units, strict=True)
        return [(name, canonical(f"{name}_{unit}" if unit and self.file.is_csv else name)) for name, unit in columns]

    def _one(self, names: list[str], quantity: str) -> None:
        if len(names) > 1:
            columns = " and ".join(f'"{name}"' for name in names)
            raise InputError(
                f"{self.path}: columns {columns} both hold {quantity}; choose with --column {quantity}=NAME"
            )

    def _refuse_without_unit(self, stem: str, headers: Iterable[str]) -> None:
        """Refuse a column that is called like a quantity and ends in none of its units: it would count as missing."""
        for name, header in self._spelled:
            read = header in _all_headers() or name in self.columns.values()
            called = {canonical(_IN_BRACKETS.sub("", name)), header, _LAST_WORD.sub("", header)}
            if self.file.is_csv and called & {stem, stem.lower()} and not read:
                raise InputError(
                    f'{self.path}: column "{name}" is no {stem} in a unit that is known, such as {some(headers)}; give '
                    f"it its unit, or another name"
                )

    def _unit(self, name: str) -> str | None:
        return self.file.units[self.file.names.index(name)]

    def _factor(self, name: str, quantity: str) -> float:
        """Return the factor to SI of a column that was chosen or recognized by name."""
        if name not in self.file.names:
            raise InputError(f'{self.path}: no column "{name}"{nearest(name, self.file.names)}')
        units = UNITS[QUANTITIES[quantity.removesuffix("_error")]]
        apart = self._unit(name)
        unit = unit_of(name, units) or "" if apart is None else apart.replace("^", "")
        if unit not in units:
            allowed = some(canonical(f"{quantity}_{u}") for u in units)
            raise InputError(f'{self.path}: column "{name}" must end in a unit of {quantity}, as in {allowed}')
        return units[unit]
