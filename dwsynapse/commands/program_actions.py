"""What `dwsynapse program` does once its options are read, and what it prints."""

import argparse
import dataclasses
import math

import numpy as np

from arraysim.datasets.datasets import Dataset, dataset_again, load_dataset
from arraysim.networks.settings import NetworkSettings
from arraysim.programming.config import ProgrammingConfig, config_for
from arraysim.programming.file import save_programming
from arraysim.programming.program import program
from arraysim.programming.result import ProgrammedChip
from arraysim.programming.weights_file import load_weights
from arraysim.synapses.settings import SynapseSettings
from arraysim.synapses.source import Synapses, synapses_from
from arraysim.training.file import load_training
from arraysim.training.result import LearnedWeights, TrainingResult
from arraysim.training.task import DataSettings
from dwcore.errors import InputError
from dwsynapse.given import Given
from dwsynapse.options import emit
from dwsynapse.series import Measured, Series
from dwsynapse.variation import Index, Outcome, Variation, mean_and_range

OUTCOMES = {
    "test_accuracy": Outcome(meaning="test accuracy"),
    "float32_test_accuracy": Outcome(meaning="as numbers (float32)", reference=True),
    "rms_error_after": Outcome(meaning="rms error over the largest weight"),
    "share_within_tolerance": Outcome(meaning="share of weights within tolerance"),
    "pulses_per_weight": Outcome(meaning="pulses per weight"),
    "reads_per_weight": Outcome(meaning="reads per weight"),
    "energy_J": Outcome(meaning="energy of the loop", unit="J"),
}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """Weights to be programmed, by seed, and into what."""

    learned: dict[int, LearnedWeights]
    dataset: Dataset
    config: ProgrammingConfig
    synapses: Synapses

    def program(self) -> list[ProgrammedChip]:
        """Program every seed."""
        return [
            program(learned, self.dataset, self.synapses.law, seed=seed, config=self.config)
            for seed, learned in self.learned.items()
        ]


def synapses_of(chosen: SynapseSettings) -> Synapses:
    """Return the synapses that are chosen."""
    return synapses_from(chosen.name, temperature=chosen.temperature, draw=chosen.draw)


def job_of(arguments: argparse.Namespace, given: Given) -> Job:
    """Return what the options ask for.

    Raises:
        InputError: they do not fit together, or a file is not sound.
    """
    synapses = synapses_of(SynapseSettings(**given["synapse"]))
    changes = {**given["verify"], **given["arrays"]}
    if arguments.weights.suffix.lower() == ".npz":
        return _from_archive(arguments, given, changes, synapses)
    if arguments.weights.suffix.lower() in (".pt", ".pth"):
        raise InputError(
            f"{arguments.weights}: is of PyTorch, whose files may run code; give an .npz, as by "
            "numpy.savez(FILE, **arraysim.network_weights(model, images[:1]))"
        )
    given.refuse(f"{arguments.weights} holds it; it is for an .npz", "network", "data")
    results = _results(arguments)
    first = results[0]
    if first.learned is None:
        why = "was made by an older version" if first.config.twin else "has no float32 twin"
        raise InputError(f"{arguments.weights}: {why}, so it holds no weights to program; train again with the twin")
    return Job(
        learned={result.seed: result.learned for result in results if result.learned is not None},
        dataset=dataset_again(first.dataset, first.origin, arguments.data_dir),
        config=config_for(first.config, **changes),
        synapses=synapses,
    )


def _results(arguments: argparse.Namespace) -> list[TrainingResult]:
    """Return the trainings whose twins are wanted."""
    results = load_training(arguments.weights)
    chosen = [result for result in results if arguments.seed in (None, result.seed)]
    if not chosen:
        seeds = [result.seed for result in results]
        raise InputError(f"program: {arguments.weights} has no seed {arguments.seed}, it has {seeds}")
    return chosen


def _from_archive(arguments: argparse.Namespace, given: Given, changes: dict, synapses: Synapses) -> Job:
    if "network" not in given["network"] or "dataset" not in given["data"]:
        raise InputError("program: an .npz holds weights only, it needs --network and --dataset")
    config = ProgrammingConfig(network=NetworkSettings(**given["network"]).definition(), **changes)
    dataset = load_dataset(DataSettings(**given["data"]).dataset, arguments.data_dir)
    seed = 1 if arguments.seed is None else arguments.seed
    learned = {seed: load_weights(arguments.weights, config, dataset)}
    return Job(learned=learned, dataset=dataset, config=config, synapses=synapses)


def run_once(arguments: argparse.Namespace, given: Given) -> None:
    """Program every seed, write the file, print a line per seed."""
    job = job_of(arguments, given)
    chips = job.program()
    if arguments.out:
        inputs = [arguments.weights, *job.synapses.inputs]
        save_programming(arguments.out, chips, config=job.synapses.config, inputs=inputs, force=arguments.force)
    summaries = [_summary(chip, job.synapses) for chip in chips]
    result = {name: [summary[name] for summary in summaries] for name in summaries[0]} | {"notes": job.synapses.notes}
    lines = [_line(chip, summary) for chip, summary in zip(chips, summaries, strict=True)]
    if len(chips) > 1:
        lines.append(
            f"  mean {mean_and_range(result['test_accuracy'])}; float32 {np.mean(result['float32_test_accuracy']):.4f}"
        )
    emit(arguments, result, lines)


def _summary(chip: ProgrammedChip, synapses: Synapses) -> dict:
    found = {"seeds": chip.seed, "float32_test_accuracy": chip.float32_accuracy, "test_accuracy": chip.accuracy}
    found |= chip.summary()
    return found if synapses.knows_energy else found | {"energy_J": None, "reset_energy_J": None}


def _line(chip: ProgrammedChip, found: dict) -> str:
    energy = "energy unknown" if found["energy_J"] is None else f"{found['energy_J']:.3g} J"
    return (
        f"seed {chip.seed}: float32 {chip.float32_accuracy:.4f}, programmed {chip.accuracy:.4f}; rms error "
        f"{found['rms_error_before']:.3f} to {found['rms_error_after']:.3f} of the largest weight, "
        f"{found['share_within_tolerance']:.1%} within tolerance; {found['pulses_per_weight']:.1f} pulses and "
        f"{found['reads_per_weight']:.1f} reads per weight, {energy}"
    )


def series_of(arguments: argparse.Namespace, given: Given) -> Series:
    """Return the programming that --vary asks for."""

    def measure(point: Given, index: Index, found: Variation) -> Measured:
        job = job_of(arguments, point)
        summaries = [_summary(chip, job.synapses) for chip in job.program()]
        found_each = {name: [math.nan if s[name] is None else s[name] for s in summaries] for name in OUTCOMES}
        return found_each, job.synapses.notes

    first = job_of(arguments, next(given.points()))
    named = {} if given.varies("synapse") else {"synapses": first.synapses.subject}
    tables = [SynapseSettings(**point["synapse"]) for point in given.points()]
    return Series(
        command="program",
        given=given,
        seeds=list(first.learned),
        outcomes=OUTCOMES,
        check=lambda point: job_of(arguments, point),
        measure=measure,
        config={"programming": first.config.to_mapping(), "given": dict(given), **named},
        inputs=sorted({str(arguments.weights), *(path for table in tables for path in table.inputs)}),
    )
