"""Check that a sealed file is a sound part of a sweep."""

import numpy as np

from compact.bulk.sweep_file import SweepFile
from dwcore.errors import InputError


def check_sweep(path) -> list[str]:
    """Check the file of a sweep or shard, finished or not; returns what was found, in words.

    Raises:
        InputError: names the file and what is wrong with it.
    """
    with SweepFile(path) as journal:
        problems = list(journal.faults)
        homes, blocks = journal.finished()
        for number in blocks.tolist():
            rows = journal.counts(number)[:, :-1].sum(axis=1, dtype=np.float64)
            if rows.min() < journal.plan.n or (journal.plan.target_error is None and rows.max() > journal.plan.n):
                problems.append(
                    f"block {number} has a row of {rows.min():g} trajectories, {journal.plan.n} are planned"
                )
        if problems:
            raise InputError(f"{path}: {'; '.join(problems[:5])}{' and more' if len(problems) > 5 else ''}")
        number, shards = journal.shard
        return [
            f"shard {number}/{shards} of a plan of {journal.plan.blocks} blocks",
            f"{blocks.size} of {len(journal.blocks)} blocks and {homes.size} of {len(journal.homes)} homes finished",
        ]
