"""What `dwsynapse program` does once its options are read, and what it prints."""

import argparse
import dataclasses

import numpy as np

from arraysim.datasets.datasets import Dataset, load_dataset
from arraysim.drawing.accuracy_plot import AccuracyScan, mean_and_range, plot_accuracy_scan
from arraysim.networks.presets import network_from
from arraysim.programming.config import ProgrammingConfig, config_for
from arraysim.programming.file import save_programming
from arraysim.programming.program import program
from arraysim.programming.result import ProgrammedChip
from arraysim.programming.weights_file import load_weights
from arraysim.synapses.source import Synapses
from arraysim.training.file import load_training
from arraysim.training.result import LearnedWeights
from arraysim.training.task import Task
from dwcore.canvas.figure_file import save_figure
from dwcore.errors import InputError
from dwsynapse.options import emit
from dwsynapse.settings_text import print_settings, settable, values_of

FIELDS = settable(ProgrammingConfig, [field.name for field in dataclasses.fields(Task)])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be programmed: weights by seed, and the configuration but for what is varied."""

    learned: dict[int, LearnedWeights]
    dataset: Dataset
    config: ProgrammingConfig

    def program(self, synapses: Synapses, **changes) -> list[ProgrammedChip]:
        """Program every seed, with some fields of the configuration changed."""
        config = dataclasses.replace(self.config, **changes)
        return [
            program(learned, self.dataset, synapses.law, seed=seed, config=config)
            for seed, learned in self.learned.items()
        ]


def list_settings() -> None:
    """Print every setting, its meaning and its default."""
    print_settings(ProgrammingConfig(), FIELDS)


def job_of(arguments: argparse.Namespace) -> Job:
    """Return what the options ask for."""
    changes = values_of(arguments.settings, FIELDS, "program")
    if arguments.weights.suffix == ".npz":
        return _from_archive(arguments, changes)
    for option in ("network", "dataset"):
        if getattr(arguments, option) is not None:
            raise InputError(f"program: {arguments.weights} holds its {option}; --{option} is for an .npz")
    results = {result.seed: result for result in load_training(arguments.weights)}
    if arguments.seed is not None:
        if arguments.seed not in results:
            raise InputError(f"program: {arguments.weights} has no seed {arguments.seed}, it has {sorted(results)}")
        results = {arguments.seed: results[arguments.seed]}
    first = next(iter(results.values()))
    if first.learned is None:
        why = "was made by an older version" if first.config.twin else "has no float32 twin"
        raise InputError(f"{arguments.weights}: {why}, so it holds no weights to program; train again with the twin")
    return Job(
        learned={seed: result.learned for seed, result in results.items()},
        dataset=load_dataset(first.dataset, arguments.data_dir),
        config=config_for(first.config, **changes),
    )


def _from_archive(arguments: argparse.Namespace, changes: dict) -> Job:
    if arguments.network is None or arguments.dataset is None:
        raise InputError("program: an .npz holds weights only, it needs --network and --dataset")
    config = ProgrammingConfig(network=network_from(arguments.network), **changes)
    dataset = load_dataset(arguments.dataset, arguments.data_dir)
    seed = 1 if arguments.seed is None else arguments.seed
    return Job(learned={seed: load_weights(arguments.weights, config, dataset)}, dataset=dataset, config=config)


def run_once(arguments: argparse.Namespace, job: Job, synapses: Synapses) -> None:
    """Program every seed, write the file, print a line per seed."""
    chips = job.program(synapses)
    summaries = [_summary(chip, synapses) for chip in chips]
    result = {name: [summary[name] for summary in summaries] for name in summaries[0]}
    lines = [_line(chip, summary) for chip, summary in zip(chips, summaries, strict=True)]
    if len(chips) > 1:
        lines.append(
            f"  mean {mean_and_range(result['test_accuracy'])}; float32 {np.mean(result['float32_test_accuracy']):.4f}"
        )
    if arguments.out:
        inputs = [arguments.weights, *synapses.inputs]
        save_programming(arguments.out, chips, config=synapses.config, inputs=inputs, force=arguments.force)
    emit(arguments, result, lines)


def _summary(chip: ProgrammedChip, synapses: Synapses) -> dict:
    found = {"seeds": chip.seed, "float32_test_accuracy": chip.float32_accuracy, "test_accuracy": chip.accuracy}
    found |= chip.summary()
    return found if synapses.knows_energy else found | {"energy_J": None, "reset_energy_J": None}


def _line(chip: ProgrammedChip, found: dict) -> str:
    energy = "energy unknown to the table" if found["energy_J"] is None else f"{found['energy_J']:.3g} J"
    return (
        f"seed {chip.seed}: float32 {chip.float32_accuracy:.4f}, programmed {chip.accuracy:.4f}; rms error "
        f"{found['rms_error_before']:.3f} to {found['rms_error_after']:.3f} of the largest weight, "
        f"{found['share_within_tolerance']:.1%} within tolerance; {found['pulses_per_weight']:.1f} pulses and "
        f"{found['reads_per_weight']:.1f} reads per weight, {energy}"
    )


def run_scan(arguments: argparse.Namespace, job: Job, synapses: Synapses) -> None:
    """Program every seed once per value of a setting, draw the figure, print a line per value."""
    name, text = arguments.vary
    values = [values_of([(name, part)], FIELDS, "program")[name] for part in text.split(",")]
    meta = FIELDS[name].metadata
    if arguments.out and meta["kind"] not in ("quantity", "whole"):
        raise InputError(f"program: -o draws accuracy against a number, {name} is a {meta['kind']}")
    rows = [job.program(synapses, **{name: value}) for value in values]
    found = [[chip.accuracy for chip in row] for row in rows]
    numbers = [chip.float32_accuracy for chip in rows[0]]
    means = [{key: float(np.mean([chip.summary()[key] for chip in row])) for key in _SCANNED} for row in rows]
    result = {
        "seeds": list(job.learned),
        "parameter": name,
        "value": values,
        "test_accuracy": found,
        "float32_test_accuracy": numbers,
        **{key: [mean[key] for mean in means] for key in _SCANNED},
    }
    lines = [f"as numbers: {mean_and_range(numbers)}"]
    for value, accuracies, mean in zip(values, found, means, strict=True):
        effort = f"rms error {mean['rms_error_after']:.3f}, {mean['pulses_per_weight']:.1f} pulses per weight"
        lines.append(f"{name} = {value}: {mean_and_range(accuracies)}, {effort}")
    if arguments.out:
        unit = "" if meta["unit"] == "1" else f" [{meta['unit']}]"
        scan = AccuracyScan.of(
            f"{meta['meaning'].partition(';')[0]}{unit}",
            values,
            found,
            ideal=numbers,
            ideal_label="as numbers (float32)",
        )
        save_figure(arguments.out, plot_accuracy_scan(scan).figure, force=arguments.force)
        result["figure"] = str(arguments.out)
    emit(arguments, result, lines)


_SCANNED = ("rms_error_after", "share_within_tolerance", "pulses_per_weight", "reads_per_weight")
