"""Several seeds in one call: shared out among processes, each kept by its own checkpoint."""

import contextlib
import dataclasses
import functools
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from arraysim.datasets.datasets import Dataset
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.checkpoint import (
    DEFAULT_INTERVAL,
    Checkpointer,
    checkpoint_path,
    identity,
    load_checkpoint,
    save_checkpoint,
)
from arraysim.training.config import TrainingConfig
from arraysim.training.result import TrainingResult
from arraysim.training.run import train
from dwcore import progress, stopping
from dwcore.arguments import checked
from dwcore.canvas.number_text import counted
from dwcore.errors import InputError, RunError
from dwcore.numerics.threads import thread_count
from dwcore.storage.atomic import clear_abandoned
from dwcore.storage.lock import only_writer


@checked
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
    processes = max(1, min(len(seeds), jobs))
    how = {"resume": resume, "force": force, "interval": interval, "processes": processes}
    with only_writer(out):
        seed_jobs = _seed_jobs(law, dataset, seeds, config, out, **how)
        if processes > 1:
            return _in_processes(law, dataset, seed_jobs, processes, max(1, jobs // processes))
        with stopping.asked() as pressed:
            return [job.run(law, dataset, pressed, jobs) for job in seed_jobs]


def remove_checkpoints(out: Path, seeds: Sequence[int]) -> None:
    """Remove what lies beside a training file once that is written; the log stays."""
    for seed in seeds:
        checkpoint_path(out, seed).unlink(missing_ok=True)
        clear_abandoned(checkpoint_path(out, seed))


def log_path(out: Path) -> Path:
    """Return where the log in JSON lines of a training file lies."""
    return out.with_suffix(".jsonl")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SeedJob:
    """The training of one seed.

    Attributes:
        seed: root seed.
        config: network, rule and schedule.
        interval: least time between two checkpoints [s].
        checkpoint: file of its state; None keeps none.
        log: file that gets a line per epoch; None keeps none.
        belongs_to: what its state belongs to, see ``checkpoint.identity``.
        saved: state to go on from.
        seeds: number of all of them; 0 says nothing of the time that they will take.
        processes: that train at the same time.
    """

    seed: int
    config: TrainingConfig
    interval: float
    checkpoint: Path | None = None
    log: Path | None = None
    belongs_to: dict = dataclasses.field(default_factory=dict)
    saved: dict = dataclasses.field(default_factory=dict)
    seeds: int = 0
    processes: int = 1

    def run(self, law: PulseLaw, dataset: Dataset, stop: Callable[[], bool], jobs: int) -> TrainingResult:
        """Train, until told to stop."""
        save, log = None, self.log
        if (path := self.checkpoint) is not None:
            save = functools.partial(save_checkpoint, path, belongs_to=self.belongs_to)
        forecast = self._forecast if self.seeds else None
        keep = Checkpointer(save, saved=self.saved, log=log, interval=self.interval, stop=stop, forecast=forecast)
        try:
            return train(law, dataset, seed=self.seed, config=self.config, checkpointer=keep, jobs=jobs)
        except InputError as error:
            raise InputError(f"{self.checkpoint}: {error}") if self.saved else error from None

    def _forecast(self, seconds: float) -> None:
        what = f"training on chip, {counted(self.config.epochs, 'epoch')}, {counted(self.seeds, 'seed')}"
        progress.announce(what, -(-self.seeds // self.processes) * seconds, processes=self.processes)


def _seed_jobs(law, dataset, seeds, config, out, *, resume, force, interval, processes) -> list[SeedJob]:
    """Return what is to be done, and make the log say what the checkpoints know."""
    jobs, known = [], []
    for number, seed in enumerate(seeds):
        told = 0 if number else len(seeds)
        job = SeedJob(seed=seed, config=config, interval=interval, seeds=told, processes=processes)
        if out is not None:
            path, belongs_to = checkpoint_path(out, seed), identity(law, dataset, seed=seed, config=config)
            saved = load_checkpoint(path, belongs_to=belongs_to) if resume and path.exists() else {}
            if path.exists() and not (saved or force):
                raise InputError(f"{path}: a run has got that far; --resume goes on, --force starts anew")
            known += [str(arrays.get("own/log", "")) for arrays in saved.values()]
            job = dataclasses.replace(job, checkpoint=path, log=log_path(out), belongs_to=belongs_to, saved=saved)
        jobs.append(job)
    if out is not None:
        for job in jobs:
            if job.checkpoint is not None and not job.saved:
                job.checkpoint.unlink(missing_ok=True)
        log_path(out).write_text("".join(known), encoding="utf-8")
    return jobs


_shared: dict = {}
"""What every seed of a worker process needs, sent to it once."""


def _begin(law: PulseLaw, dataset: Dataset, stop, jobs: int) -> None:
    stopping.follow_parent()
    _shared.update(law=law, dataset=dataset, stop=stop, jobs=jobs)


def _work(job: SeedJob) -> TrainingResult | None:
    """Train one seed in a worker process; None if it was told to stop."""
    if _shared["stop"].is_set():
        return None
    try:
        return job.run(_shared["law"], _shared["dataset"], _shared["stop"].is_set, _shared["jobs"])
    except KeyboardInterrupt:
        return None


def _in_processes(law, dataset, seed_jobs: list[SeedJob], processes: int, jobs: int) -> list[TrainingResult]:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(processes, context, _begin, (law, dataset, stop, jobs)) as pool:
        with _without_the_script():
            futures = [pool.submit(_work, job) for job in seed_jobs]
        try:
            results = [future.result() for future in futures]
            return [result for result in results if result is not None]
        except BrokenProcessPool:
            raise RunError("training: a process of a seed has ended unexpectedly, perhaps for want of memory") from None
        except BaseException:
            stop.set()
            with contextlib.suppress(KeyboardInterrupt):
                pool.shutdown(wait=True, cancel_futures=True)
            raise


@contextlib.contextmanager
def _without_the_script() -> Iterator[None]:
    """Let processes start without the user's script, which they need not and which may start a training itself."""
    main = sys.modules["__main__"]
    hidden = {name: getattr(main, name) for name in ("__file__", "__spec__") if hasattr(main, name)}
    try:
        for name in hidden:
            setattr(main, name, None)
        yield
    finally:
        for name, value in hidden.items():
            setattr(main, name, value)
