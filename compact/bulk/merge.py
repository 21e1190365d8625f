"""From the files of all shards to the table."""

from pathlib import Path

from compact.bulk.gather import gather
from compact.bulk.plan import SweepPlan
from compact.bulk.run import read_blocks
from compact.bulk.sweep_file import SweepFile
from compact.table.table_file import save_table
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError
from dwcore.storage.provenance import canonical_json


def merge(paths: list[Path], out: Path, *, force: bool = False) -> tuple[SweepPlan, TransitionTable]:
    """Make the table of a plan from the files of its shards, in whatever order.

    Args:
        paths: the files; together they hold every block.
        out: table to write.
        force: overwrite an existing table.

    Raises:
        InputError: files of different plans, altered ones, or blocks that are in none of them.
        RunError: the disk failed.
    """
    journals = []
    try:
        for path in paths:
            journals.append(SweepFile(path))
            _check_same(journals[0], journals[-1])
        table = gather(journals[0].plan, *read_blocks(journals, journals[0].plan, journals[0].n_states))
    finally:
        for journal in journals:
            journal.close()
    save_table(out, table, inputs=paths, force=force)
    return journals[0].plan, table


def _check_same(first: SweepFile, other: SweepFile):
    if other.faults:
        raise InputError(f"{other.path}: altered file, {other.faults[0]}; run the shard again with --resume")
    mine, its = first.plan, other.plan
    if (its.seed, canonical_json(its.config())) != (mine.seed, canonical_json(mine.config())):
        raise InputError(f"{other.path}: is of another sweep than {first.path}")
    if other.n_states != first.n_states:
        raise InputError(f"{other.path}: has {other.n_states} states, {first.path} has {first.n_states}")
