"""Several seeds in one call: shared out among processes, each kept by its own checkpoint."""

import contextlib
import json
import multiprocessing
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from arraysim.datasets.datasets import Dataset
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.checkpoint import checkpoint_path, identity, load_checkpoint, save_checkpoint
from arraysim.training.config import TrainingConfig
from arraysim.training.keeper import DEFAULT_INTERVAL, Keeper, interrupts
from arraysim.training.result import TrainingResult
from arraysim.training.run import train
from dwcore.errors import InputError
from dwcore.numerics.threads import thread_count


def train_seeds(
    law: PulseLaw,
    dataset: Dataset,
    *,
    seeds: Sequence[int],
    config: TrainingConfig | None = None,
    jobs: int | None = None,
    out: Path | None = None,
    resume: bool = False,
    force: bool = False,
    interval: float = DEFAULT_INTERVAL,
) -> list[TrainingResult]:
    """Train every seed; the results do not depend on the number of threads, processes or interruptions.

    Args:
        law: what the two pulses, up and down, do to the synapses.
        dataset: labelled images.
        seeds: root seeds.
        config: network, rule and schedule; default ``TrainingConfig()``.
        jobs: threads of all processes together; default all processors [1].
        out: training file that the results are meant for. Checkpoints and a log in JSON lines are kept beside it.
        resume: go on from the checkpoints that are there.
        force: forget the checkpoints that are there.
        interval: least time between two checkpoints [s].

    Raises:
        InputError: something does not fit, or checkpoints are there and neither ``resume`` nor ``force`` is set.
        RunError: a loss is no longer finite.
        KeyboardInterrupt: Ctrl-C; the checkpoints are kept.
    """
    config = TrainingConfig() if config is None else config
    jobs = thread_count(jobs)
    orders = _orders(law, dataset, seeds, config, out, resume=resume, force=force, interval=interval)
    processes = min(len(orders), jobs)
    if processes == 1:
        with interrupts() as pressed:
            return [_one(law, dataset, order, pressed, jobs) for order in orders]
    return _in_processes(law, dataset, orders, processes, max(1, jobs // processes))


def remove_checkpoints(out: Path, seeds: Sequence[int]) -> None:
    """Remove what lies beside a training file once that is written; the log stays."""
    for seed in seeds:
        checkpoint_path(out, seed).unlink(missing_ok=True)


def log_path(out: Path) -> Path:
    """Return where the log in JSON lines of a training file lies."""
    return out.with_suffix(".jsonl")


def _orders(law, dataset, seeds, config, out, *, resume, force, interval) -> list[dict]:
    """Return what each seed is told, and make the log say what the checkpoints know."""
    orders, known = [], []
    for seed in seeds:
        order = {"seed": seed, "config": config, "interval": interval, "path": None, "saved": {}, "log": None}
        orders.append(order)
        if out is None:
            continue
        order |= {"path": checkpoint_path(out, seed), "log": log_path(out)}
        order["belongs_to"] = identity(law, dataset, seed=seed, config=config)
        if resume and order["path"].exists():
            order["saved"] = load_checkpoint(order["path"], belongs_to=order["belongs_to"])
            known += [str(arrays.get("own/log", "")) for arrays in order["saved"].values()]
        elif order["path"].exists() and not force:
            raise InputError(f"{order['path']}: a run has got that far; --resume goes on, --force starts anew")
    if out is not None:
        for order in orders:
            if not order["saved"]:
                order["path"].unlink(missing_ok=True)
        log_path(out).write_text("".join(known), encoding="utf-8")
    return orders


def _one(law: PulseLaw, dataset: Dataset, order: dict, stop: Callable[[], bool], jobs: int) -> TrainingResult:
    save = None
    if order["path"] is not None:

        def save(state):
            save_checkpoint(order["path"], state, belongs_to=order["belongs_to"])

    keeper = Keeper(save, saved=order["saved"], log=order["log"], interval=order["interval"], stop=stop)
    return train(law, dataset, seed=order["seed"], config=order["config"], keeper=keeper, jobs=jobs)


_shared: dict = {}
"""What every seed of a worker process needs, sent to it once."""


def _begin(law: PulseLaw, dataset: Dataset, stop, jobs: int) -> None:
    # Ctrl-C reaches all processes of a terminal; the parent alone decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _shared.update(law=law, dataset=dataset, stop=stop, jobs=jobs)


def _work(order: dict) -> TrainingResult | None:
    """Train one seed in a worker process; None if it was told to stop."""
    if _shared["stop"].is_set():
        return None
    try:
        return _one(_shared["law"], _shared["dataset"], order, _shared["stop"].is_set, _shared["jobs"])
    except KeyboardInterrupt:
        return None


def _in_processes(law, dataset, orders: list[dict], processes: int, jobs: int) -> list[TrainingResult]:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(processes, context, _begin, (law, dataset, stop, jobs)) as pool:
        futures = [pool.submit(_work, order) for order in orders]
        try:
            results = [future.result() for future in futures]
        except BaseException:
            stop.set()
            with contextlib.suppress(KeyboardInterrupt):
                pool.shutdown(wait=True, cancel_futures=True)
            raise
    return results


def read_log(path: Path) -> list[dict]:
    """Return the lines of a log as dictionaries."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
