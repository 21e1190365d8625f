"""Physical quantities in tables: which header names which quantity, in which unit.

A CSV header is the name of a quantity, `_` and a unit: `q_nm`, `Bz_mT`, `J_1e11_A_per_m2`, `v_m_per_s`; `_error`
between them makes it the standard error of that quantity: `v_error_m_per_s`. The columns that mumax3 and OOMMF write
under names of their own are known by these; any other is chosen with `columns`, quantity by quantity.
"""

import re
from collections.abc import Mapping

import numpy as np

from dwcore.errors import InputError, nearest
from dwcore.storage.column_file import ColumnFile, read_columns

UNITS = {
    "length": {"m": 1.0, "um": 1e-6, "nm": 1e-9},
    "field": {"T": 1.0, "mT": 1e-3, "G": 1e-4, "Oe": 1e-4},
    "time": {"s": 1.0, "us": 1e-6, "ns": 1e-9, "ps": 1e-12},
    "speed": {"m/s": 1.0, "nm/ns": 1.0},
    "current density": {"A/m2": 1.0, "1e10 A/m2": 1e10, "1e11 A/m2": 1e11, "1e12 A/m2": 1e12, "MA/cm2": 1e10},
    "current": {"A": 1.0, "mA": 1e-3, "uA": 1e-6},
    "voltage": {"V": 1.0, "mV": 1e-3},
    "conductance": {"S": 1.0, "mS": 1e-3, "uS": 1e-6, "nS": 1e-9},
    "resistance": {"ohm": 1.0, "kohm": 1e3, "Mohm": 1e6},
    "energy": {"J": 1.0, "aJ": 1e-18, "zJ": 1e-21, "eV": 1.602176634e-19},
    "number": {"": 1.0},
}
"""Factor from each unit to SI."""
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


def _headers(quantity: str, error: bool) -> dict[str, float]:
    """Return every CSV header of a quantity and its factor to SI."""
    stem = f"{quantity}_error" if error else quantity
    headers = {}
    for unit, factor in UNITS[QUANTITIES[quantity]].items():
        for text in (unit.replace("/", "_per_"), unit.replace("/", "_")):
            headers["_".join([stem, *text.split()])] = factor
        headers[f"{stem} ({unit})" if unit else stem] = factor
    return headers


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
            headers = ", ".join(h for h in _headers(quantity, error) if "(" not in h)
            raise InputError(f"{self.path}: has no column for {quantity}; name it one of {headers}")
        name, factor = found
        values = factor * self.file.numbers(name)
        if error and np.any(values <= 0):
            line = self.file.lines[int(np.argmin(values))]
            raise InputError(f"{self.path} line {line}: {name} must be > 0")
        return values

    def get_or(self, quantity: str, default: float) -> np.ndarray:
        """Return the values of a quantity, shape (rows,), or `default` in every row."""
        return self.get(quantity) if self.has(quantity) else np.full(len(self.file.rows), default)

    def _find(self, quantity: str, error: bool) -> tuple[str, float] | None:
        headers = _headers(quantity, error)
        chosen = self.columns.get(f"{quantity}_error" if error else quantity)
        if chosen is not None:
            return chosen, self._factor(chosen, quantity)
        present = [name for name in self.file.names if name in headers]
        if len(present) > 1:
            raise InputError(f"{self.path}: columns {' and '.join(present)} both hold {quantity}; choose one")
        if present and self._unit(present[0]) is None:
            return present[0], headers[present[0]]
        if error or quantity not in _SIMULATOR_NAMES:
            return None
        pattern = re.compile(_SIMULATOR_NAMES[quantity])
        known = [name for name in self.file.names if self._unit(name) is not None and pattern.fullmatch(name)]
        return (known[0], self._factor(known[0], quantity)) if known else None

    def _unit(self, name: str) -> str | None:
        return self.file.units[self.file.names.index(name)]

    def _factor(self, name: str, quantity: str) -> float:
        """Return the factor to SI of a column that was chosen or recognized by name."""
        if name not in self.file.names:
            raise InputError(f'{self.path}: no column "{name}"{nearest(name, self.file.names)}')
        units = UNITS[QUANTITIES[quantity.removesuffix("_error")]]
        unit = self._unit(name)
        if unit is None:  # CSV: the unit ends the name
            spelled = {text: f for u, f in units.items() for text in (u, u.replace("/", "_per_"), u.replace("/", "_"))}
            fits = [u for u in spelled if re.search(rf"(^|[_ (]){re.escape(u.replace(' ', '_'))}\)?$", name)]
            unit, units = (max(fits, key=len), spelled) if fits else (None, spelled)
        unit = unit.replace("^", "") if unit is not None else None
        if unit not in units:
            raise InputError(
                f'{self.path}: column "{name}" must have one of the units {", ".join(units)} for {quantity}'
            )
        return units[unit]
