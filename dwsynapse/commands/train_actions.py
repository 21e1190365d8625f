"""What `dwsynapse train` does once its options are read: training, search and series, and what they print."""

import argparse
import dataclasses
import itertools
import math
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from arraysim.cost.of_training import TrainingUse, cost_lines, summary_of, training_cost
from arraysim.datasets.datasets import Dataset, load_dataset
from arraysim.synapses.settings import SynapseSettings
from arraysim.synapses.source import Synapses, synapses_from
from arraysim.training.checkpoint import DEFAULT_INTERVAL, checkpoint_path
from arraysim.training.config import OF_THE_CHIP, TrainingConfig
from arraysim.training.file import save_training
from arraysim.training.result import TrainingResult
from arraysim.training.search import halving, search, validated
from arraysim.training.seeds import log_path, remove_checkpoints, train_seeds
from arraysim.training.task import DataSettings, divide
from arraysim.training.watch import notes_on
from dwcore import progress
from dwcore.canvas.number_text import counted
from dwcore.errors import InputError, Interrupted
from dwcore.numerics.threads import thread_count
from dwcore.storage.notes import united
from dwsynapse.given import Given
from dwsynapse.options import emit
from dwsynapse.series import Measured, Series, varied_axis
from dwsynapse.setting import Setting
from dwsynapse.train_settings import config_of
from dwsynapse.variation import Index, Outcome, Variation

OUTCOMES = {
    "test_accuracy": Outcome(meaning="test accuracy on chip"),
    "float32_test_accuracy": Outcome(meaning="test accuracy of the float32 twin", reference=True),
    "pulses": Outcome(meaning="write pulses"),
    "energy_J": Outcome(meaning="energy of the write pulses", unit="J"),
}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """What is to be trained."""

    synapses: Synapses
    dataset: Dataset
    config: TrainingConfig

    @classmethod
    def of(
        cls, arguments: argparse.Namespace, given: Given, loaded: dict | None = None, *, several: bool = False
    ) -> "Job":
        """Return what the options ask for.

        Args:
            arguments: as parsed.
            given: settings by section.
            loaded: synapses and data sets that are there already; new ones are added.
            several: whether the folder of the data is that of other data sets of a series, too.

        Raises:
            InputError: they do not fit together.
        """
        loaded = {} if loaded is None else loaded
        chosen, data = SynapseSettings(**given["synapse"]), DataSettings(**given["data"])
        config = config_of(given, periphery_file=arguments.periphery is not None)
        if chosen not in loaded:
            loaded[chosen] = synapses_from(chosen.name, temperature=chosen.temperature, draw=chosen.draw)
        if data not in loaded:
            files = not (several and data.dataset == "digits")
            folder, download = (arguments.data_dir, arguments.download) if files else (None, False)
            loaded[data] = load_dataset(data.dataset, folder, download=download)
        return cls(synapses=loaded[chosen], dataset=loaded[data], config=config)


def warn_of_slow_products(products: str) -> None:
    """Say on stderr, before hours have passed, that this processor is slow in what was chosen."""
    if products == "onednn-bfloat16" and find_spec("torch"):
        from arraysim.networks.onednn import emulates_bfloat16

        if emulates_bfloat16():
            slow = "products = onednn-bfloat16 are emulated on this processor, ten times slower than onednn-float32"
            print(f"note: {slow}", file=sys.stderr)


def seeds_of(arguments: argparse.Namespace) -> range:
    """Return the root seeds."""
    return range(arguments.seed, arguments.seed + (arguments.seeds or 1))


def run_training(arguments: argparse.Namespace, given: Given) -> None:
    """Train every seed; write the training file and print the summary."""
    job, out = Job.of(arguments, given), arguments.out
    synapses, dataset = job.synapses, job.dataset
    try:
        results = _trained(job, arguments, job.config, out)
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; {_kept(out, seeds_of(arguments))}") from None
    if out:
        save_training(out, results, config=synapses.config, inputs=synapses.inputs, force=arguments.force)
        remove_checkpoints(out, seeds_of(arguments))
    result = _summary(results, dataset) | {"notes": _notes(results, synapses)}
    if not synapses.knows_energy:
        result["energy_J"] = None
    lines = _lines(results, result)
    result["cost"], of_chip = _cost(synapses, results, dataset)
    emit(arguments, result, [*lines, *of_chip])


def _kept(out: Path | None, seeds: range) -> str:
    """Return what an interrupted training leaves, in words."""
    if out is None:
        return "without -o FILE.h5 nothing is kept"
    if any(checkpoint_path(out, seed).exists() for seed in seeds):
        return f"checkpoints beside {out} are kept, --resume goes on"
    return "there was no checkpoint yet, nothing is kept"


def _trained(job: Job, arguments: argparse.Namespace, config: TrainingConfig, out: Path | None) -> list[TrainingResult]:
    every = arguments.checkpoint_every
    return train_seeds(
        job.synapses.law,
        job.dataset,
        seeds=seeds_of(arguments),
        config=config,
        jobs=arguments.jobs,
        out=out,
        resume=arguments.resume,
        force=arguments.force,
        interval=DEFAULT_INTERVAL if every is None else every,
    )


def _cost(synapses: Synapses, results, dataset) -> tuple[dict | None, list[str]]:
    """Return what the chip takes, and lines about it; None where the synapses come from no device."""
    if synapses.table is None:
        how = f"`dwsynapse cost --training FILE --table {synapses.name}` takes its energy and time as settings"
        return None, [f"  no cost: an idealized synapse has no pulse; {how}"]
    images = len(divide(dataset, seed=results[0].seed, config=results[0].config).train)
    use = TrainingUse(results=results, image_shape=dataset.image_shape, images=images)
    try:
        cost = summary_of(training_cost(synapses.table, use, where=synapses.name))
    except InputError as error:
        return None, [f"  no cost: {error}"]
    return cost, cost_lines(cost)


def _summary(results, dataset) -> dict:
    chips, twins = [r.chip for r in results], [r.float32 for r in results if r.float32 is not None]
    epochs = [len(chip.test_accuracy) - 1 for chip in chips]
    seconds, pulses = sum(chip.seconds for chip in chips), int(sum(r.hardware.pulses[-1] for r in results))
    images = len(divide(dataset, seed=results[0].seed, config=results[0].config).train)
    accuracy = np.array([r.accuracy for r in results])
    return {
        "seeds": [r.seed for r in results],
        "test_accuracy": accuracy.tolist(),
        "test_accuracy_mean": float(accuracy.mean()),
        "test_accuracy_std": float(accuracy.std(ddof=1)) if accuracy.size > 1 else 0.0,
        "float32_test_accuracy": [float(twin.test_accuracy[-1]) for twin in twins],
        "epochs": max(epochs),
        "seconds_per_epoch": seconds / sum(epochs),
        "images_per_second": images * sum(epochs) / sum(chip.training_seconds for chip in chips),
        "float32_images_per_second": images
        * sum(len(twin.test_accuracy) - 1 for twin in twins)
        / sum(twin.training_seconds for twin in twins)
        if twins
        else None,
        "pulses_per_second": pulses / seconds,
        "pulses": pulses,
        "energy_J": float(sum(r.hardware.energy[-1] for r in results)),
        "mirrored": results[0].config.mirrored,
    }


def _lines(results, summary: dict) -> list[str]:
    lines = []
    for result, accuracy in zip(results, summary["test_accuracy"], strict=True):
        twin = "" if result.float32 is None else f", float32 {result.float32.test_accuracy[-1]:.4f}"
        lines.append(f"seed {result.seed}: test accuracy on chip {accuracy:.4f}{twin}")
    if summary["mirrored"]:
        lines.append("  measured with the mean of the outputs for an image and its mirror image")
    if len(results) > 1:
        lines.append(f"  mean {summary['test_accuracy_mean']:.4f}, deviation {summary['test_accuracy_std']:.4f}")
    lines.append(
        f"  {counted(summary['epochs'], 'epoch')} of {summary['seconds_per_epoch']:.1f} s on chip, "
        f"{summary['images_per_second']:.0f} images per second"
    )
    energy = "energy unknown" if summary["energy_J"] is None else f"{summary['energy_J']:.3g} J"
    lines.append(f"  {summary['pulses']} write pulses, {energy}")
    return lines


def run_search(arguments: argparse.Namespace, given: Given) -> None:
    """Search learning rate and weight range; print all trials."""

    def note(trial):
        if progress.is_shown():
            print(_trial_line(trial), file=sys.stderr)

    job = Job.of(arguments, given)
    jobs = thread_count(arguments.jobs)
    trials = search(job.synapses.law, job.dataset, seed=arguments.seed, config=job.config, jobs=jobs, note=note)
    best = trials[0]
    lines = [_trial_line(trial) for trial in trials]
    lines.append(f"best: --learning-rate {best.learning_rate:g} --weight-range {best.weight_range:g}")
    found = {"trials": [dataclasses.asdict(trial) for trial in trials], "notes": job.synapses.notes}
    emit(arguments, found, lines)


def _trial_line(trial) -> str:
    return f"learning rate {trial.learning_rate:g}, weight range {trial.weight_range:g}: {_validated(trial)}"


def _validated(trial) -> str:
    return f"validation accuracy {trial.validation_accuracy:.4f}, {trial.pulses} pulses"


def run_halving(arguments: argparse.Namespace, given: Given) -> None:
    """Find the best of what is varied by successive halving; print all trainings."""
    axes, threads, loaded = [varied_axis(axis) for axis in given.axes], thread_count(arguments.jobs), dict[Any, Any]()
    jobs = [Job.of(arguments, point, loaded) for point in given.points()]
    places = list(itertools.product(*(range(len(axis.values)) for axis in axes)))

    def words(heat) -> str:
        return ", ".join(f"{axis.name} = {axis.text(i)}" for axis, i in zip(axes, places[heat.candidate], strict=True))

    def line(heat) -> str:
        return f"{words(heat)}, epochs = {heat.epochs}: {_validated(heat)}"

    def note(heat) -> None:
        if progress.is_shown():
            print(line(heat), file=sys.stderr)

    def attempt(candidate: int, epochs: int) -> tuple[float, int]:
        job = jobs[candidate]
        config = dataclasses.replace(job.config, epochs=epochs)
        return validated(job.synapses.law, job.dataset, seed=arguments.seed, config=config, jobs=threads)

    heats = halving(len(jobs), jobs[0].config.epochs, attempt, note=note)
    trials = []
    for heat in heats:
        of_it = zip(axes, places[heat.candidate], strict=True)
        trials.append(dataclasses.asdict(heat) | {"settings": {axis.name: axis.values[i] for axis, i in of_it}})
    notes = united(*(job.synapses.notes for job in jobs))
    emit(arguments, {"trials": trials, "notes": notes}, [*map(line, heats), f"best: {words(heats[0])}"])


def series_of(arguments: argparse.Namespace, given: Given) -> Series:
    """Return the trainings that --vary asks for; the twin is trained anew only where what it feels has changed."""
    loaded: dict = {}
    chip = [axis.setting.name for axis in given.axes if _is_of_the_chip(axis.setting)]
    kept = arguments.out is not None and arguments.out.suffix.lower() in (".h5", ".hdf5")
    out = arguments.out if kept else None

    sets = next((axis.values for axis in given.axes if axis.setting.name == "data.dataset"), ())

    def job_of(point: Given) -> Job:
        return Job.of(arguments, point, loaded, several=any(name != "digits" for name in sets))

    def measure(point: Given, index: Index, found: Variation) -> Measured:
        job, twin = job_of(point), found.at_first(index, chip)
        config = job.config if twin is None else dataclasses.replace(job.config, twin=False)
        place = out and out.with_name(f"{out.stem}.point_{'_'.join(map(str, index))}.h5")
        results = _trained(job, arguments, config, place)
        if place:
            remove_checkpoints(place, seeds_of(arguments))
            log_path(place).unlink(missing_ok=True)
        return _outcomes(results, job.synapses, twin), _notes(results, job.synapses)

    first = job_of(next(given.points()))
    named = {} if given.varies("synapse") else {"synapses": first.synapses.subject}
    return Series(
        command="train",
        given=given,
        seeds=seeds_of(arguments),
        outcomes=OUTCOMES,
        check=job_of,
        measure=measure,
        config={"training": first.config.to_mapping(), "given": dict(given), **named},
        inputs=sorted({path for point in given.points() for path in SynapseSettings(**point["synapse"]).inputs}),
    )


def _is_of_the_chip(setting: Setting) -> bool:
    return setting.section not in ("data", "network", "training") or setting.field.name in OF_THE_CHIP


def _notes(results: list[TrainingResult], synapses: Synapses) -> list[str]:
    return [*synapses.notes, *notes_on(results)]


def _outcomes(results, synapses: Synapses, twin: dict | None) -> dict[str, list[float]]:
    """Return what the seeds of one point yield; the twin's accuracy is taken over from another point if it is known."""
    nothing = [math.nan] * len(results)
    float32 = [
        nan if r.float32 is None else r.float32.test_accuracy[-1] for r, nan in zip(results, nothing, strict=True)
    ]
    return {
        "test_accuracy": [r.accuracy for r in results],
        "float32_test_accuracy": float32 if twin is None else twin["float32_test_accuracy"],
        "pulses": [r.hardware.pulses[-1] for r in results],
        "energy_J": [r.hardware.energy[-1] for r in results] if synapses.knows_energy else nothing,
    }
