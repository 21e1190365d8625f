"""Runs a sweep into files: finished blocks are kept as they come, whatever ends the run, and resumed from there."""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from compact.bulk.block import Worker, plan_tasks
from compact.bulk.gather import gather, read_blocks
from compact.bulk.instance import StoredStates
from compact.bulk.job import Runner
from compact.bulk.local import run_threads
from compact.bulk.plan import SweepPlan
from compact.bulk.sweep_file import SweepFile, create_sweep_file
from compact.table.table_file import load_table, save_table
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError, Interrupted, RunError
from dwcore.storage.lock import only_writer
from dwcore.storage.provenance import canonical_json

log = logging.getLogger(__name__)

Progress = Callable[..., contextlib.AbstractContextManager[Callable[[int], None]]]
"""Context manager of total, words, unit and `disk`, the bytes of the files, that yields a function to advance a bar."""


def partial_path(out: Path) -> Path:
    """Return the file beside a table that collects the blocks until it is complete."""
    return out.with_name(f"{out.stem}.partial{out.suffix}")


@contextlib.contextmanager
def no_progress(total: int, words: str, unit: str, *, disk: float = 0.0) -> Iterator[Callable[[int], None]]:
    """Yield what shows nothing."""
    yield lambda done: None


@checked
def run_to_table(
    plan: SweepPlan,
    out: Path,
    runner: Runner = run_threads,
    *,
    resume: bool = False,
    force: bool = False,
    progress: Progress = no_progress,
) -> TransitionTable:
    """Run a plan and write its table; the file of the blocks is removed once the table is there.

    Args:
        plan: what to run.
        out: table to write.
        runner: runs the blocks, by default in threads.
        resume: go on with the blocks of an earlier run; without any, begin. A table of this plan is left as it is.
        force: overwrite an existing table and forget the blocks of an earlier run.
        progress: shows how far the run is.

    Raises:
        InputError: the files are there and neither `resume` nor `force` is given, or they are of another plan.
        RunError: a trajectory diverged, the disk failed, or the run was interrupted; says what is kept.
    """
    partial = partial_path(out)
    with only_writer(out):
        if resume and not force and out.exists():
            table = _finished_table(out, plan)
            if partial.exists():
                with _opened(partial, plan, (1, 1)):
                    partial.unlink()
            return table
        if out.exists() and not force:
            raise InputError(f"{out}: exists; give --force to overwrite it")
        with _journal(partial, plan, (1, 1), resume=resume, force=force) as (journal, worker):
            _run_blocks(journal, worker, runner, progress)
            table = gather(plan, *read_blocks([journal], plan, journal.n_states))
            save_table(out, table, force=force)
            partial.unlink()
    return table


@checked
def run_shard(
    plan: SweepPlan,
    shard: tuple[int, int],
    out: Path,
    runner: Runner = run_threads,
    *,
    resume: bool = False,
    force: bool = False,
    progress: Progress = no_progress,
) -> tuple[int, int]:
    """Run one shard of a plan into a file of its own, arguments as `run_to_table`.

    Args:
        shard: number of the shard, from 1, and of all shards.

    Returns:
        Numbers of blocks in the shard and in the plan.

    Raises:
        InputError, RunError: as `run_to_table`.
    """
    with only_writer(out), _journal(out, plan, shard, resume=resume, force=force) as (journal, worker):
        _run_blocks(journal, worker, runner, progress)
        return len(journal.blocks), plan.blocks


def _finished_table(out: Path, plan: SweepPlan) -> TransitionTable:
    """Return the table that an earlier run has left."""
    table = load_table(out)
    _check_plan(out, table.config, table.seed, plan)
    return table


def _check_plan(path, config: dict, seed: int, plan: SweepPlan):
    wanted = plan.config()
    if seed != plan.seed:
        raise InputError(f"{path}: is of another sweep, with the seed {seed}, not {plan.seed}; --force begins anew")
    for key, value in wanted.items():
        if canonical_json(config.get(key)) != canonical_json(value):
            words = "" if key == "device" else f" = {_short(config.get(key))}, not {_short(value)}"
            raise InputError(f"{path}: is of another sweep, with another {key}{words}; --force begins anew")


def _short(value) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@contextlib.contextmanager
def _journal(path: Path, plan: SweepPlan, shard: tuple[int, int], *, resume: bool, force: bool):
    """Open the file of the blocks, new or resumed, with a worker for it; every failure says what is kept."""
    begun, opened, kept = False, False, ""
    try:
        worker = Worker(plan)
        if force or not path.exists():
            begun = True
            create_sweep_file(path, plan, len(worker.states), shard, force=force)
        elif not resume:
            raise InputError(f"{path}: holds an unfinished sweep; --resume goes on with it, --force begins anew")
        with _opened(path, plan, shard) as journal:
            if journal.n_states != len(worker.states):
                raise InputError(f"{path}: has {journal.n_states} states, this program finds {len(worker.states)}")
            for fault in journal.faults:
                log.warning("%s: %s, it is run again", path, fault)
            opened = True
            try:
                yield journal, worker
            finally:
                kept = _kept(journal)
    except (RunError, KeyboardInterrupt) as error:
        if not opened and isinstance(error, RunError):
            raise
        kind = Interrupted if isinstance(error, KeyboardInterrupt) else RunError
        if begun and not kept:
            path.unlink(missing_ok=True)
        words = kept or f"{path} is as it was" if path.exists() else "no block was finished, so nothing is kept"
        raise kind(f"{str(error) or 'interrupted'}; {words}") from error


def _kept(journal: SweepFile) -> str:
    """Bring finished blocks to the disk; return what is kept in words, nothing if no block is finished."""
    with contextlib.suppress(RunError):
        journal.sync()
    blocks = journal.finished()[1].size
    return f"{blocks} of {len(journal.blocks)} blocks are kept in {journal.path}, --resume goes on" if blocks else ""


@contextlib.contextmanager
def _opened(path: Path, plan: SweepPlan, shard: tuple[int, int]):
    with SweepFile(path, write=True) as journal:
        _check_plan(path, journal.plan.config(), journal.plan.seed, plan)
        if journal.shard != shard:
            raise InputError(f"{path}: holds shard {journal.shard[0]}/{journal.shard[1]}, not {shard[0]}/{shard[1]}")
        yield journal


def _run_blocks(journal: SweepFile, worker: Worker, runner: Runner, progress: Callable):
    """Run what is not finished yet and keep it."""
    conditions, blocks = (set(numbers.tolist()) for numbers in journal.finished())
    missing = sorted(set(journal.blocks) - blocks)
    lost_conditions = set(journal.conditions) - conditions
    tasks = plan_tasks(journal.plan, missing, lost_conditions)
    disk = os.stat(journal.path).st_size
    with progress(len(missing), "sweep", " blocks", disk=disk) as advance:
        for (_, number), result in runner(worker, tasks):
            if isinstance(result, StoredStates):
                journal.put_states(number, result)
            else:
                journal.put_counts(number, result)
                advance(1)
