"""Check that a sealed file is a transition table in every detail: data sets, types, shapes, units and values."""

from collections.abc import Iterator

import h5py
import numpy as np

from compact.table.table_file import (
    DEVICES,
    INSTANCE_STATES,
    LAYOUT,
    METHOD,
    RATE,
    SCHEMA,
    load_table,
)
from dwcore.errors import InputError
from dwcore.storage import files

TYPES = {"counts": "<u8", "present": "|u1"}
"""Type of a field in the file where it is not float64."""


def check_table(path) -> list[str]:
    """Check a file against the format of transition tables; returns what was found in order, in words.

    Raises:
        InputError: names the file and all that is wrong with it.
    """
    with files.open_checked(path, SCHEMA) as file:
        problems = [*_layout_problems(file)]
    if problems:
        raise InputError(f"{path}: {'; '.join(problems)}")
    table = load_table(path)
    K, T, A, D, S, _ = table.counts.shape
    found = [
        f"{S} states, {K} device instances, {T} temperatures, {A} current densities, {D} durations",
        f"counts of {int(table.counts.sum())} trajectories, {int(table.counts.sum(axis=-1).min())} or more per row",
        "probability and standard error follow from the counts",
    ]
    if table.instance_states is not None:
        missing = int(np.count_nonzero(table.instance_states.present == 0))
        found.append(f"states of each instance, {missing} missing")
    if table.retention_rate is not None:
        unknown = int(np.isnan(table.retention_rate).all(axis=-1).sum())
        found.append(f"retention rates, {unknown} rows unknown")
    return found + ([f"a fit of the form {table.fit.model.form}"] if table.fit is not None else [])


def _layout_problems(file: h5py.File) -> Iterator[str]:
    """Return the data sets that are missing, or of another type or unit than the format says."""
    for field, (name, unit, _) in LAYOUT.items():
        yield from _dataset_problems(file, name, TYPES.get(field, "<f8"), unit)
    yield from _dataset_problems(file, METHOD, "|S", "1")
    if RATE in file:
        yield from _dataset_problems(file, RATE, "<f8", "1/s")
    if any(name in file for name, *_ in INSTANCE_STATES.values()):
        for field, (name, unit, _) in INSTANCE_STATES.items():
            yield from _dataset_problems(file, name, TYPES.get(field, "<f8"), unit)
    for name in file.get(DEVICES, ()):
        yield from _dataset_problems(file, f"{DEVICES.strip('/')}/{name}", "<f8", None)


def _dataset_problems(file: h5py.File, name: str, dtype: str, unit: str | None) -> Iterator[str]:
    item = file.get(name)
    if not isinstance(item, h5py.Dataset):
        yield f"lacks the data set /{name}"
        return
    if not item.dtype.str.startswith(dtype):
        yield f"/{name} has the type {item.dtype.str}, must be {dtype}"
    if unit is not None and files.text(item, "unit") != unit:
        yield f'/{name} has the unit "{files.text(item, "unit")}", must be "{unit}"'
