"""From a transition table to CrossSim lookup tables: quantiles of the change of conductance on an even grid."""

import contextlib
import re
from pathlib import Path

import numpy as np

from compact.exchange.crosssim_file import LookupTable, lookup_text
from compact.exchange.crosssim_import import DIRECTIONS
from compact.exchange.pulse_rows import pulse_rows
from compact.table.origin import caveats, is_grid
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.storage.atomic import replacing

MAX_RESOLUTION = 5001
_OWN = re.compile(rf"dG_({'|'.join(DIRECTIONS)})\d*\.txt")


@checked
def lookup_tables(
    table: TransitionTable, *, resolution: int = 501, temperature: float | None = None
) -> list[tuple[LookupTable, LookupTable]]:
    """Return the lookup tables of each device, increasing and decreasing.

    Between two states the quantiles are interpolated. Each is the mean over its interval of probability, so that
    the mean change is exact, both for linear and for nearest look-up.

    Args:
        table: the table.
        resolution: points of conductance and of cumulative probability [1].
        temperature: of the chip; the lowest of the table by default [K].

    Raises:
        InputError: the table has no pulses both ways, a device with its states out of order, or an unfit resolution.
    """
    if not 3 <= resolution <= MAX_RESOLUTION:
        raise InputError(f"resolution = {resolution} must be >= 3 and <= {MAX_RESOLUTION}")
    rows = pulse_rows(table, temperature=temperature)
    u = np.linspace(0.0, 1.0, resolution)
    found = []
    for k, G in enumerate(rows.conductance):
        if np.any(np.diff(G) <= 0):
            raise InputError(
                f"device {k} of the table has states whose conductances do not ascend with the nominal ones"
            )
        increasing, decreasing = (_lookup(G, matrix, u, is_grid(table)) for matrix in (rows.up[k], rows.down[k]))
        found.append((increasing, decreasing))
    return found


def _lookup(G: np.ndarray, matrix: np.ndarray, u: np.ndarray, spread: bool) -> LookupTable:
    """Return the lookup table of one pulse on an even grid with as many conductances as `u`, see `_quantiles`."""
    grid = np.linspace(G[0], G[-1], u.size)
    of_state = np.array([_quantiles(G, i, row, u, spread) for i, row in enumerate(matrix)])
    at_states = LookupTable(conductance=G, cumulative=u, change=of_state.T)
    return LookupTable(conductance=grid, cumulative=u, change=at_states.quantiles(grid).T)


def _quantiles(G: np.ndarray, start: int, row: np.ndarray, u: np.ndarray, spread: bool) -> np.ndarray:
    """Return the quantiles of the change from one state, each the mean over its interval, shape (len(u),) [S].

    Args:
        G: conductances of the states.
        start: number of the state before the pulse.
        row: probability of each state after it.
        u: cumulative probabilities, from 0 to 1.
        spread: fill the gaps between the states, keeping mean and variance.
    """
    hit = np.flatnonzero(row > 0)
    weight, change = row[hit] / row[hit].sum(), G[hit] - G[start]
    half = np.zeros(hit.size)
    if spread:
        gap = np.diff(G)
        room = np.minimum(np.append(0.0, gap), np.append(gap, 0.0)) / 2
        half = room[hit]
    mean = weight @ change
    variance = weight @ (change - mean) ** 2
    shrink = np.sqrt(variance / (variance + weight @ half**2 / 3)) if variance > 0 else 0.0
    knots = np.repeat(np.append(0.0, np.minimum(np.cumsum(weight), 1.0)), 2)[1:-1]
    values = mean + shrink * (np.ravel([change - half, change + half], order="F") - mean)
    borders = np.concatenate([[0.0], (u[1:] + u[:-1]) / 2, [1.0]])
    return np.diff(_integral(knots, values, borders)) / np.diff(borders)


def _integral(knots: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the integral from 0 of the function that is linear between knots, which may jump where two coincide."""
    width = np.diff(knots)
    total = np.append(0.0, np.cumsum(width * (values[1:] + values[:-1]) / 2))
    k = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, knots.size - 2)
    along = at - knots[k]
    slope = np.divide(np.diff(values), width, out=np.zeros_like(width), where=width > 0)
    return total[k] + along * (values[k] + slope[k] * along / 2)


@checked
def export_crosssim(folder, table: TransitionTable, *, force: bool = False, **options) -> list[Path]:
    """Write the lookup tables of a table into a folder, `dG_increasing.txt` and `dG_decreasing.txt`.

    The names get the number of the device where there are several. With `force` the tables of an earlier export are
    removed before the new ones have their names: whatever happens, the folder holds none beside one of another table.

    Raises:
        InputError: see `lookup_tables`, or a file exists and `force` is not set.
        RunError: the disk failed.
    """
    pairs = lookup_tables(table, **options)
    numbers = [str(k) for k in range(len(pairs))] if len(pairs) > 1 else [""]
    lookups = {Path(folder) / f"dG_{word}{number}.txt": lookup
               for number, pair in zip(numbers, pairs, strict=True)
               for word, lookup in zip(DIRECTIONS, pair, strict=True)}  # fmt: skip
    with contextlib.ExitStack() as files:  # which have their names at its end, one right after the other
        for path, lookup in lookups.items():
            temporary = files.enter_context(replacing(path, force=force))
            temporary.write_bytes(lookup_text(lookup, caveats(table)).encode())
        for old in Path(folder).iterdir() if force else ():
            if _OWN.fullmatch(old.name):
                old.unlink()
    return list(lookups)
