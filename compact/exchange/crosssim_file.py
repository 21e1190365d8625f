"""Lookup tables of CrossSim: the change of conductance by one pulse, as quantiles over the conductance.

A text file, plain or gzip: one line of words, one row of conductances G [S], one row of cumulative probabilities,
then the matrix of changes dG [S], one row per cumulative probability and one column per conductance. One file holds
one direction of one device. CrossSim draws a cumulative probability evenly from 0 to 1 and looks dG up.

References:
    CrossSim, Sandia National Laboratories, https://github.com/sandialabs/cross-sim
"""

import dataclasses
import gzip
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dwcore.errors import InputError
from dwcore.storage import atomic
from dwcore.storage.gzip_file import read_packed
from dwcore.units import is_number, plain_number

LARGEST_BYTES = 200_000_000
HEADER = "1st Row = Gbins, 2nd Row = CDF Points, 3rd row onward =  dG matrix (rows= CDF, columns = Gbins) "


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LookupTable:
    """What one pulse does to one device, in one direction.

    Attributes:
        conductance: strictly ascending, shape (n,) [S].
        cumulative: strictly ascending from 0 to 1, shape (m,) [1].
        change: quantiles of dG, shape (m, n) [S]; a column need not ascend, its law is that of dG(u) with u even.
    """

    conductance: np.ndarray
    cumulative: np.ndarray
    change: np.ndarray

    def quantiles(self, conductance: np.ndarray) -> np.ndarray:
        """Return the changes at any conductances within the range, linear between the columns, shape (len, m) [S]."""
        G = self.conductance
        j = np.clip(np.searchsorted(G, conductance, side="right") - 1, 0, G.size - 2)
        share = np.clip((conductance - G[j]) / (G[j + 1] - G[j]), 0, 1)[:, None]
        return (1 - share) * self.change.T[j] + share * self.change.T[j + 1]

    @property
    def mean_change(self) -> np.ndarray:
        """Mean change at each conductance, shape (n,) [S]."""
        return np.diff(self.cumulative) @ (self.change[1:] + self.change[:-1]) / 2


def read_lookup(path) -> LookupTable:
    """Read a lookup table.

    Raises:
        InputError: unreadable, or not in this format; one line with the place.
    """
    rows = _rows(path)
    if len(rows) < 4:
        raise InputError(f"{path}: has {len(rows)} rows of numbers, a lookup table has at least 4: G, CDF and dG")
    (_, G), (_, cumulative), *changes = rows
    if len(changes) != cumulative.size:
        raise InputError(
            f"{path}: has {len(changes)} rows of dG, must be {cumulative.size} as there are cumulative probabilities"
        )
    for line, row in changes:
        if row.size != G.size:
            raise InputError(f"{path} line {line}: has {row.size} values of dG, must be {G.size} as the conductances")
    if G.size < 2 or np.any(np.diff(G) <= 0) or G[0] <= 0:
        raise InputError(f"{path} line {rows[0][0]}: the conductances must be > 0 and strictly ascending, at least two")
    if np.any(np.diff(cumulative) <= 0) or cumulative[0] < 0 or cumulative[-1] > 1:
        raise InputError(f"{path} line {rows[1][0]}: the cumulative probabilities must ascend strictly within 0 to 1")
    change = np.array([row for _, row in changes])
    if np.abs(change).max() > 10 * (G[-1] - G[0]):
        raise InputError(f"{path}: has a dG of {np.abs(change).max():g} S, more than ten times the range of G")
    return LookupTable(conductance=G, **_to_the_ends(cumulative, change))


def _to_the_ends(cumulative: np.ndarray, change: np.ndarray) -> dict:
    """Hold the outermost quantiles out to the probabilities 0 and 1, as CrossSim does for what was not measured."""
    first, last = (0.0,) if cumulative[0] > 0 else (), (1.0,) if cumulative[-1] < 1 else ()
    full = np.concatenate([first, cumulative, last])
    rows = np.concatenate([change[: len(first)], change, change[-1:] if last else change[:0]])
    return {"cumulative": full, "change": rows}


def _rows(path) -> list[tuple[int, np.ndarray]]:
    """Return the rows of numbers with their line numbers; lines of words may come before them."""
    rows: list[tuple[int, np.ndarray]] = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        cells = re.split(r"[,\s]+", line.strip().strip(","))
        if cells == [""]:
            continue
        try:
            values = np.array([plain_number(cell) for cell in cells])
        except ValueError:
            if not rows and not is_number(cells[0]):
                continue
            bad = next(cell for cell in cells if not is_number(cell))
            raise InputError(f'{path} line {number}: "{bad[:40]}" is not a number') from None
        if not np.all(np.isfinite(values)):
            raise InputError(f"{path} line {number}: all values must be finite")
        rows.append((number, values))
    return rows


def _text(path) -> str:
    """Return the text of a plain or compressed file."""
    try:
        return read_packed(path, LARGEST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file") from None


def lookup_text(lookup: LookupTable, notes: Sequence[str] = ()) -> str:
    """Return a lookup table as its file holds it, with what to know of it in its line of words."""
    rows = (lookup.conductance, lookup.cumulative, *lookup.change)
    lines = ["; ".join([HEADER, *notes]), *(",".join(f"{value:.9g}" for value in row) for row in rows)]
    return "\n".join(lines) + "\n"


def write_lookup(path, lookup: LookupTable, *, notes: Sequence[str] = (), force: bool = False) -> None:
    """Write a lookup table, compressed if the name ends in .gz.

    Args:
        path: file to write.
        lookup: the table.
        notes: what to know of it, for its line of words.
        force: overwrite an existing file.

    Raises:
        InputError: the path cannot be written.
        RunError: the disk failed.
    """
    data = lookup_text(lookup, notes).encode()
    if str(path).endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    with atomic.replacing(path, force=force) as temporary:
        Path(temporary).write_bytes(data)
