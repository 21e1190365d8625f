"""Tables that come from elsewhere: probabilities as counts, and what such a table does not know.

A transition table of schema version 1 has a place for everything that a sweep of this program knows. A source that
lacks something leaves a placeholder there, and the configuration says so under `origin`:

    origin.format        name of the format it came from
    origin.placeholders  field of the table -> what stands there instead
    origin.counts        what the counts are, where they are not trajectories
    origin.states        "grid" where the states are places on a conductance that has no states of its own

`dwsynapse info` prints these. Everything else in the file is meant as it is named.
"""

from collections.abc import Mapping

import numpy as np

from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError
from llg.device.static_field import field_words

WEIGHT_SUM = 2**30
"""Sum of a row of counts that stand for given probabilities; fine enough that they are kept to 1e-9."""
_BLOCK = 2**18
"""Numbers that are turned into weights at a time, so that what they need on the way stays small [1]."""
WEIGHTS = "probabilities times 2^30, no trajectories; the standard errors mean nothing"
GRID = "grid"


def weights(probability: np.ndarray) -> np.ndarray:
    """Return whole numbers in proportion to probabilities, each row of sum `WEIGHT_SUM`.

    Args:
        probability: rows along the last axis [1].

    Returns:
        Same shape, uint64; the largest remainders are rounded up.
    """
    given = np.asarray(probability, float)
    rows = given.reshape(-1, given.shape[-1])
    found = np.empty(rows.shape, np.uint64)
    block = max(_BLOCK // rows.shape[-1], 1)
    for first in range(0, len(rows), block):
        found[first : first + block] = _block_of_weights(rows[first : first + block])
    return found.reshape(given.shape)


def _block_of_weights(probability: np.ndarray) -> np.ndarray:
    share = probability / probability.sum(axis=-1, keepdims=True) * WEIGHT_SUM
    whole = np.floor(share)
    rest = share - whole
    missing = (WEIGHT_SUM - whole.sum(axis=-1)).astype(int)  # of each row, fewer than it has remainders
    row, column = np.nonzero(rest)
    order = np.lexsort((column, -rest[row, column], row))
    row, column = row[order], column[order]
    rank = np.arange(row.size) - np.searchsorted(row, row)
    up = rank < missing[row]
    whole[row[up], column[up]] += 1
    return whole


def placeholders(table: TransitionTable) -> dict[str, str]:
    """Return what stands in the fields of a table that its source did not know: field -> words."""
    return dict(table.config.get("origin", {}).get("placeholders", {}))


def static_field(table: TransitionTable) -> str:
    """Return the static field of the device in words, as "H_z = 10 mT"; empty without one."""
    device = table.config.get("device") if isinstance(table.config, Mapping) else None
    return field_words(device.get("field")) if isinstance(device, Mapping) else ""


def caveats(table: TransitionTable) -> list[str]:
    """Return what to say beside all that is made from a table, one line each: its notes, and its static field."""
    field = static_field(table)
    return [*table.notes, *([f"in the static field {field} only"] if field else [])]


def subject(table: TransitionTable, temperature: float, which: str = "") -> str:
    """Return what a result is of, in words: the device, its temperature and its static field.

    Args:
        table: the transition table.
        temperature: of the chip [K].
        which: which of the device instances, in words.
    """
    config = table.config if isinstance(table.config, Mapping) else {}
    device = config.get("device")
    name = (device if isinstance(device, Mapping) else config).get("name", "")
    return ", ".join(filter(None, (str(name), which, f"{temperature:g} K", static_field(table))))


def need_conductance(table: TransitionTable) -> None:
    """Refuse a table that does not know the conductance of its states.

    Raises:
        InputError: another number stands in for it.
    """
    if "conductance" in placeholders(table):
        raise InputError("the table knows no conductances, for its device has no [readout]")


def is_grid(table: TransitionTable) -> bool:
    """Whether the states are places on a continuous conductance, not states of the device."""
    return table.config.get("origin", {}).get("states") == GRID
