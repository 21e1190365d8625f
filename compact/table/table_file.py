"""Transition tables in HDF5, schema ``dwsynapse.transition-table``, version 1, laid out as the table declares.

Groups not named there are left alone by the reader.
"""

import h5py
import numpy as np

from compact.table.transition_table import Derived, TransitionTable
from dwcore.arguments import checked
from dwcore.canvas.number_text import counted
from dwcore.errors import InputError
from dwcore.storage import files, records

SCHEMA = "dwsynapse.transition-table"
# The last digits of a quotient may differ between machines.
RELATIVE_TOLERANCE = 1e-12


@checked
def save_table(path, table: TransitionTable, *, inputs=(), force: bool = False) -> None:
    """Write a transition table.

    Args:
        path: file to write.
        table: what to write.
        inputs: paths of the files the table was made from.
        force: overwrite an existing file.

    Raises:
        InputError: the path cannot be written.
        RunError: the disk failed.
    """
    with files.create(
        path, SCHEMA, config=table.config, seed=table.seed, inputs=inputs, force=force, in_memory=True
    ) as file:
        records.write(file, table)
        records.write(file, Derived(probability=table.probability, standard_error=table.standard_error))


def load_table(path) -> TransitionTable:
    """Read a transition table; type, unit, shape and values of all it holds are checked.

    Raises:
        InputError: names the file and everything that is wrong with it.
    """
    with files.open_checked(path, SCHEMA) as file:
        origin = files.provenance(file)
        position = file.get("states/position")
        states = position.size if isinstance(position, h5py.Dataset) else 0
        given = {"config": origin["config"], "seed": origin["seed"], "states": states}
        table = records.read(file, TransitionTable, given=given)
        derived = records.read(file, Derived)
    for name, stored in vars(derived).items():
        computed = getattr(table, name)
        if stored.shape != computed.shape or not np.allclose(stored, computed, rtol=RELATIVE_TOLERANCE, atol=0.0):
            raise InputError(f"{path}: transitions/{name} does not follow from transitions/counts")
    return table


def check_table(path) -> list[str]:
    """Return what a sound table holds, in words.

    Raises:
        InputError: names the file and everything that is wrong with it.
    """
    table = load_table(path)
    K, T, A, D, S, _ = table.counts.shape
    found = [
        f"{S} states, {counted(K, 'device instance')}, {counted(T, 'temperature')}, {A} current densities, {counted(D, 'duration')}",
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
