"""What `dwsynapse train` does once its options are read: training, search and series, and what they print."""

import argparse
import dataclasses
import sys

from arraysim.cost.of_training import TrainingUse, cost_line, summary_of, training_cost
from arraysim.networks.presets import network_from
from arraysim.periphery.config import load_periphery
from arraysim.synapses.source import Synapses, synapses_from
from arraysim.training.config import TrainingConfig
from arraysim.training.file import save_training
from arraysim.training.search import search
from arraysim.training.seeds import remove_checkpoints, train_seeds
from arraysim.training.series import PARAMETERS, save_series, spread, vary
from arraysim.training.trainee import divide
from compact.table.table_file import load_table
from dwcore.errors import InputError
from dwcore.numerics.threads import thread_count
from dwcore.parameters import as_number
from dwsynapse.options import emit
from dwsynapse.settings_text import print_settings, settable, values_of

_OWN = ("network", "twin", "periphery")
"""Fields of the configuration with an option of another form."""


def config_of(arguments: argparse.Namespace):
    """Return the configuration that the options make."""
    fields = settable(TrainingConfig, _OWN)
    bits = {name: value for name in ("bits", "error_bits") if (value := getattr(arguments, name))}
    if bits and arguments.network.endswith(".toml"):
        raise InputError(f"train: {arguments.network} states its bits itself; --bits and --error-bits are for presets")
    values = {"network": network_from(arguments.network, **bits), "twin": not arguments.no_twin}
    if arguments.periphery:
        values["periphery"] = load_periphery(arguments.periphery)
    values |= {name: value for name in fields if (value := getattr(arguments, name, None)) is not None}
    return TrainingConfig(**(values | values_of(arguments.settings, fields, "train")))


def list_settings():
    """Print every setting, its meaning and its default."""
    print_settings(TrainingConfig(), settable(TrainingConfig, _OWN))


def run_training(arguments: argparse.Namespace, config, dataset):
    """Train every seed; write the training file and print the summary."""
    synapses = synapses_from(arguments.table, temperature=arguments.temperature)
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    results = train_seeds(
        synapses.law,
        dataset,
        seeds=seeds,
        config=config,
        jobs=arguments.jobs,
        out=arguments.out,
        resume=arguments.resume,
        force=arguments.force,
        interval=arguments.checkpoint_every,
    )
    if arguments.out:
        save_training(arguments.out, results, config=synapses.config, inputs=synapses.inputs, force=arguments.force)
        remove_checkpoints(arguments.out, seeds)
    result = _summary(results, dataset)
    if not synapses.knows_energy:
        result["energy_J"] = None
    lines = _lines(results, result)
    result["cost"], line = _cost(synapses, results, dataset)
    emit(arguments, result, [*lines, line])


def _cost(synapses: Synapses, results, dataset) -> tuple[dict | None, str]:
    """Return what the chip takes, and a line about it; None where the synapses come from no device."""
    if synapses.table is None:
        return None, "  no cost: an idealized synapse has no size and no pulse"
    images = len(divide(dataset, seed=results[0].seed, config=results[0].config).train)
    use = TrainingUse(results=results, image_shape=dataset.image_shape, images=images)
    try:
        cost = summary_of(training_cost(synapses.table, use, where=synapses.name))
    except InputError as error:
        return None, f"  no cost: {error}"
    return cost, cost_line(cost)


def _summary(results, dataset) -> dict:
    chips, twins = [r.chip for r in results], [r.float32 for r in results if r.float32 is not None]
    epochs = [len(chip.test_accuracy) - 1 for chip in chips]
    seconds, pulses = sum(chip.seconds for chip in chips), int(sum(r.hardware.pulses[-1] for r in results))
    images = len(divide(dataset, seed=results[0].seed, config=results[0].config).train)
    mean, deviation = spread(results)
    return {
        "seeds": [r.seed for r in results],
        "test_accuracy": [float(chip.test_accuracy[-1]) for chip in chips],
        "test_accuracy_mean": mean,
        "test_accuracy_std": deviation,
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
    }


def _lines(results, summary: dict) -> list[str]:
    lines = []
    for result, accuracy in zip(results, summary["test_accuracy"], strict=True):
        twin = "" if result.float32 is None else f", float32 {result.float32.test_accuracy[-1]:.4f}"
        lines.append(f"seed {result.seed}: test accuracy on chip {accuracy:.4f}{twin}")
    if len(results) > 1:
        lines.append(f"  mean {summary['test_accuracy_mean']:.4f}, deviation {summary['test_accuracy_std']:.4f}")
    lines.append(
        f"  {summary['epochs']} epochs of {summary['seconds_per_epoch']:.1f} s on chip, "
        f"{summary['images_per_second']:.0f} images per second"
    )
    energy = "energy unknown to the table" if summary["energy_J"] is None else f"{summary['energy_J']:.3g} J"
    lines.append(f"  {summary['pulses']} write pulses, {energy}")
    return lines


def run_search(arguments: argparse.Namespace, config, dataset):
    """Search learning rate and weight range; print all trials."""

    def note(trial):
        if sys.stderr.isatty():
            print(_trial_line(trial), file=sys.stderr)

    jobs = thread_count(arguments.jobs)
    law = synapses_from(arguments.table, temperature=arguments.temperature).law
    trials = search(law, dataset, seed=arguments.seed, config=config, jobs=jobs, note=note)
    best = trials[0]
    lines = [_trial_line(trial) for trial in trials]
    lines.append(f"best: --learning-rate {best.learning_rate:g} --weight-range {best.weight_range:g}")
    emit(arguments, {"trials": [dataclasses.asdict(trial) for trial in trials]}, lines)


def _trial_line(trial) -> str:
    return (
        f"learning rate {trial.learning_rate:g}, weight range {trial.weight_range:g}: "
        f"validation accuracy {trial.validation_accuracy:.4f}, {trial.pulses} pulses"
    )


def run_series(arguments: argparse.Namespace, config, dataset):
    """Train once per value and seed; write the series and print it."""
    parameter, text = arguments.vary
    values = text.split(",")
    if parameter in PARAMETERS and parameter != "table":
        unit = PARAMETERS[parameter][0]
        try:
            values = [float(v) if _is_number(v) else as_number(v, unit) for v in values]
        except InputError as error:
            raise InputError(f"train: --vary {parameter}: {error}") from None
    table = None if parameter in ("states", "table") else _needed_table(arguments)
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    series = vary(parameter, values, dataset, table=table, seeds=seeds, config=config, jobs=arguments.jobs)
    if arguments.out:
        inputs = values if parameter == "table" else [] if table is None else [arguments.table]
        whole = {"training": config.to_mapping(), "dataset": dataset.name}
        save_series(arguments.out, series, config=whole, inputs=inputs, force=arguments.force)
    result = {
        "parameter": parameter,
        "value": series.value.tolist(),
        "test_accuracy": series.on_chip.tolist(),
        "float32_test_accuracy": series.float32.tolist(),
        "seeds": list(seeds),
    }
    lines = [
        f"{parameter} {value:g}: test accuracy on chip {row.mean():.4f} ({row.min():.4f} to {row.max():.4f})"
        for value, row in zip(series.value, series.on_chip, strict=True)
    ]
    if series.float32.size:
        lines.append(f"float32 twin {series.float32.mean():.4f}")
    emit(arguments, result, lines)


def _needed_table(arguments: argparse.Namespace):
    if arguments.table is None or str(arguments.table).partition(":")[0] == "ladder":
        raise InputError(f"train: --vary {arguments.vary[0]} needs --table FILE")
    return load_table(arguments.table)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
