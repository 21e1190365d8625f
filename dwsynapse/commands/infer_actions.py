"""What `dwsynapse infer` does once its options are read, and what it prints."""

import argparse
import dataclasses
from collections.abc import Sequence

import numpy as np

from arraysim.datasets.datasets import Dataset, load_dataset
from arraysim.drawing.accuracy_plot import AccuracyScan, mean_and_range, plot_accuracy_scan
from arraysim.inference.infer import infer
from arraysim.periphery.config import SECTIONS, Periphery, load_periphery
from arraysim.programming.file import load_chips
from arraysim.synapses.source import synapses_from
from arraysim.training.result import ChipResult, TrainingResult
from arraysim.training.stored_chip import after_rest
from dwcore.canvas.figure_file import save_figure
from dwcore.canvas.number_text import time_text
from dwcore.errors import InputError
from dwsynapse.options import emit
from dwsynapse.periphery_text import with_setting


def run_read(arguments: argparse.Namespace) -> None:
    """Evaluate every seed with the periphery, or with each value of one of its settings."""
    periphery = _periphery(arguments)
    if arguments.vary is None:
        values, rows = [None], [periphery]
    else:
        section, key, text = arguments.vary
        values = text.split(",")
        rows = [with_setting(periphery, section, key, value) for value in values]
    chips, _ = load_chips(arguments.chips)
    dataset, stored, result, lines = _stored(arguments, chips)
    found = [[infer(chip, dataset, row).accuracy for chip in chips] for row in rows]
    if arguments.vary is None:
        result |= {"test_accuracy": found[0]}
        lines.append(f"through this periphery: {mean_and_range(found[0])}")
    else:
        name = f"{section}.{key}"
        result |= {"parameter": name, "value": values, "test_accuracy": found}
        lines += [f"{name} = {value}: {mean_and_range(row)}" for value, row in zip(values, found, strict=True)]
        if arguments.out:
            meta = {field.name: field.metadata for field in dataclasses.fields(SECTIONS[section])}[key]
            if meta["kind"] not in ("quantity", "whole"):
                raise InputError(f"infer: -o draws accuracy against a number, {name} is a {meta['kind']}")
            numbers = [getattr(getattr(row, section), key) for row in rows]
            _draw(arguments, AccuracyScan.of(f"{name} [{meta['unit']}]", numbers, found, ideal=stored), result)
    emit(arguments, result, lines)


def run_rest(arguments: argparse.Namespace) -> None:
    """Evaluate every seed after each time without pulses."""
    periphery = _periphery(arguments)
    times = sorted(set(arguments.rest))
    if times[0] <= 0:
        raise InputError(f"infer: --rest takes times > 0, got {times[0]:g} s")
    chips, points = load_chips(arguments.chips)
    dataset, stored, result, lines = _stored(arguments, chips)
    synapses = synapses_from(arguments.table, points=points).resting_at(arguments.temperature)
    moved, found = np.empty((2, len(times), len(chips)))
    for seed, chip in enumerate(chips):
        for at, (share, rested) in enumerate(after_rest(chip, synapses, times, str(arguments.chips))):
            moved[at, seed], found[at, seed] = share, infer(rested, dataset, periphery).accuracy
    result |= {"rest_s": times, "test_accuracy": found.tolist(), "moved_share": moved.tolist()}
    lines += [
        f"after {time_text(time)}: {mean_and_range(row)}, {share.mean():.3g} of the walls moved"
        for time, row, share in zip(times, found.tolist(), moved, strict=True)
    ]
    if arguments.out:
        scan = AccuracyScan.of(
            "time without pulses [s]", times, found, ideal=stored, ideal_label="as left", logarithmic=True
        )
        _draw(arguments, scan, result)
    emit(arguments, result, lines)


def _periphery(arguments: argparse.Namespace) -> Periphery:
    periphery = Periphery() if arguments.periphery is None else load_periphery(arguments.periphery)
    for setting in arguments.settings:
        periphery = with_setting(periphery, *setting)
    return periphery


def _stored(arguments: argparse.Namespace, chips: Sequence[ChipResult]) -> tuple[Dataset, list[float], dict, list[str]]:
    """Return the data, the accuracies that the file states, and these as a result and as lines."""
    accuracy = [chip.accuracy for chip in chips]
    how, when = ("trained", "training") if isinstance(chips[0], TrainingResult) else ("programmed", "programming")
    result = {"seeds": [chip.seed for chip in chips], f"{how}_test_accuracy": accuracy}
    dataset = load_dataset(chips[0].dataset, arguments.data_dir)
    return dataset, accuracy, result, [f"at the end of the {when}: {mean_and_range(accuracy)}"]


def _draw(arguments: argparse.Namespace, scan: AccuracyScan, result: dict) -> None:
    save_figure(arguments.out, plot_accuracy_scan(scan).figure, force=arguments.force)
    result["figure"] = str(arguments.out)
