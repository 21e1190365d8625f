"""The file in which a sweep, or a shard of one, collects its finished blocks: schema ``dwsynapse.sweep``, version 1.

    /conditions one record per instance and temperature: present, position, conductance, conductance_std_ctoc (N, S),
                retention_rate (N, S, S), retention_lost (N, S), committed (N, 32)
    /blocks     one record per block of the shard: counts (N, S, S+2), committed (N, 32)

The configuration holds the plan, the number of states, the shard and the numbers of its first block and its first
condition.
"""

import dataclasses
import math

import numpy as np

from compact.bulk.instance import StoredStates
from compact.bulk.plan import Grid, SweepPlan, shard_blocks
from dwcore.errors import InputError
from dwcore.storage import files
from dwcore.storage.journal import Journal, fields_of, put_records
from dwcore.storage.records import data
from llg.device.device_file import device_from_mapping

SCHEMA = "dwsynapse.sweep"
CONDITIONS, BLOCKS = "conditions", "blocks"


def create_sweep_file(path, plan: SweepPlan, n_states: int, shard: tuple[int, int], *, force: bool = False) -> None:
    """Write the file of a shard without any finished block.

    Args:
        path: file to write.
        plan: the whole plan.
        n_states: number of states S.
        shard: number of the shard, from 1, and of all shards.
        force: overwrite an existing file.

    Raises:
        InputError: no such shard, or the path cannot be written.
        RunError: the disk failed.
    """
    blocks = shard_blocks(plan, *shard)
    conditions = _conditions(plan, blocks)
    config = {"plan": plan.config(), "states": n_states, "shard": list(shard)}
    with files.create(path, SCHEMA, config=config, seed=plan.seed, force=force, in_memory=True) as file:
        put_records(file, CONDITIONS, fields_of(StoredStates, {"S": n_states}), len(conditions))
        put_records(file, BLOCKS, fields_of(_Block, {"S": n_states}), len(blocks))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Block:
    """The outcomes of a block."""

    counts: np.ndarray = data(
        "trajectories by state before and state after, then in no state, then how many had not settled", "1",
        "S S+2", dtype="u8",
    )  # fmt: skip


def _conditions(plan: SweepPlan, blocks: range) -> range:
    return range(plan.condition(blocks[0]), plan.condition(blocks[-1]) + 1)


class SweepFile:
    """The finished blocks and conditions of a shard, by their numbers in the plan; a context manager.

    Attributes:
        path: the file.
        plan: the whole plan.
        n_states: number of states S.
        shard: number of the shard and of all shards.
        blocks: numbers of the blocks of the shard.
        conditions: numbers of the conditions of these blocks.

    Args:
        path: the file.
        write: lock it and write blocks; without, only read.

    Raises:
        InputError: not a sound file of a sweep, or another process writes it.
    """

    def __init__(self, path, *, write: bool = False):
        self.path = path
        self._journal = Journal(path, SCHEMA, write=write)
        try:
            self._read_config()
        except BaseException:
            self._journal.close()
            raise

    def _read_config(self):
        config = self._journal.config
        try:
            self.plan = plan_from_config(config["plan"], self._journal.seed)
            self.n_states, (number, shards) = _whole(config["states"]), map(_whole, config["shard"])
        except InputError as error:
            raise InputError(f"{self.path}: {error}") from None
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise InputError(f"{self.path}: the configuration is not that of a sweep") from None
        self.shard = number, shards
        try:
            self.blocks = shard_blocks(self.plan, number, shards)
        except InputError as error:
            raise InputError(f"{self.path}: {error}") from None
        self.conditions = _conditions(self.plan, self.blocks)
        for group, record, numbers in ((CONDITIONS, StoredStates, self.conditions), (BLOCKS, _Block, self.blocks)):
            self._journal.expect(group, fields_of(record, {"S": self.n_states}), len(numbers))

    def __enter__(self) -> "SweepFile":
        return self

    def __exit__(self, *error):
        self.close()

    def sync(self) -> None:
        """Bring to the disk what was put.

        Raises:
            RunError: the disk failed.
        """
        self._journal.sync()

    def close(self) -> None:
        """Sync what was written and close the file."""
        self._journal.close()

    @property
    def faults(self) -> list[str]:
        """Records that do not match their hash, in words; they count as not finished."""
        return self._journal.faults

    def finished(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of the finished conditions and of the finished blocks."""
        conditions, blocks = self._journal.done(CONDITIONS), self._journal.done(BLOCKS)
        return self.conditions.start + np.flatnonzero(conditions), self.blocks.start + np.flatnonzero(blocks)

    def counts(self, block: int) -> np.ndarray:
        """Return the outcomes of a finished block, shape (S, S + 2), uint64."""
        return self._journal.read(BLOCKS, block - self.blocks.start)["counts"]

    def states(self, condition: int) -> StoredStates:
        """Return the states of a finished condition."""
        return StoredStates(**self._journal.read(CONDITIONS, condition - self.conditions.start))

    def put_counts(self, block: int, counts: np.ndarray) -> None:
        """Keep the outcomes of a block.

        Raises:
            RunError: the disk failed.
        """
        self._journal.write(BLOCKS, block - self.blocks.start, {"counts": counts})

    def put_states(self, condition: int, states: StoredStates) -> None:
        """Keep the states of a condition.

        Raises:
            RunError: the disk failed.
        """
        self._journal.write(CONDITIONS, condition - self.conditions.start, vars(states))


def check_sweep(path) -> list[str]:
    """Check the file of a sweep or shard, finished or not; return what was found, in words.

    Raises:
        InputError: names the file and what is wrong with it.
    """
    with SweepFile(path) as journal:
        problems = list(journal.faults)
        conditions, blocks = journal.finished()
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
            f"{blocks.size} of {len(journal.blocks)} blocks and {conditions.size} of {len(journal.conditions)} conditions are finished",
        ]


def plan_from_config(config: dict, seed: int) -> SweepPlan:
    """Return the plan that a file holds.

    Raises:
        InputError: an impossible plan.
        KeyError, TypeError, ValueError: not the configuration of a plan.
    """
    return SweepPlan(
        device=device_from_mapping(config["device"]),
        grid=Grid(current_density=_numbers(config["current_density"]), duration=_numbers(config["duration"])),
        temperature=_numbers(config["temperature"]),
        instances=tuple(map(_whole, config["instances"])),
        n=_whole(config["trajectories"]),
        target_error=None if config["target_error"] is None else float(config["target_error"]),
        seed=seed,
    )


def _whole(value) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(value)
    return value


def _numbers(values) -> tuple[float, ...]:
    numbers = tuple(float(value) for value in values)
    if not all(map(math.isfinite, numbers)):
        raise ValueError(values)
    return numbers
