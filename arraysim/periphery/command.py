"""`dwsynapse infer`: a trained network read through another periphery, or a row of them."""

import argparse
from pathlib import Path

from llg.command_line import emit, writable_file


def add_command(commands) -> None:
    """Declare the subcommand; nothing heavy is imported before it runs."""
    infer = commands.add_parser("infer", help="read a network trained on chip through other wires and converters")
    infer.add_argument("training", metavar="TRAINING", type=Path, help="training file")
    infer.add_argument("--periphery", type=Path, metavar="TOML", help="wires, converters and noise; default: ideal")
    infer.add_argument("--set", action="append", default=[], type=_setting, metavar="SECTION.KEY=VALUE",
                       dest="settings", help="change one setting of it, such as adc.bits=6")  # fmt: skip
    infer.add_argument("--vary", type=_setting, metavar="SECTION.KEY=V,V", help="accuracy against one setting")
    infer.add_argument("--data-dir", type=Path, metavar="FOLDER", help="holds the files of the data set")
    infer.add_argument("-o", "--out", type=Path, metavar="PNG|PDF|SVG", help="figure of --vary to write")
    infer.add_argument("--force", action="store_true", help="overwrite what exists")
    infer.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    infer.set_defaults(run=run_infer)


def _setting(text: str) -> tuple[str, str, str]:
    name, mark, value = text.partition("=")
    section, dot, key = name.partition(".")
    if not (section and dot and key and mark and value):
        raise argparse.ArgumentTypeError(f"{text!r} must be SECTION.KEY=VALUE")
    return section, key.replace("-", "_"), value


def run_infer(arguments: argparse.Namespace):
    """Evaluate every seed of a training file with each periphery."""
    from arraysim.periphery.config import Periphery, load_periphery
    from arraysim.periphery.inference import infer
    from arraysim.training.datasets import load_dataset
    from arraysim.training.file import load_training
    from llg.drawing.figure_file import figure_format
    from llg.errors import InputError

    if arguments.out:
        if arguments.vary is None:
            raise InputError("infer: -o draws accuracy against a setting, which --vary is to name")
        writable_file(arguments.out, arguments.force)
        figure_format(arguments.out)
    periphery = Periphery() if arguments.periphery is None else load_periphery(arguments.periphery)
    for setting in arguments.settings:
        periphery = with_setting(periphery, *setting)
    if arguments.vary is None:
        values, rows = [None], [periphery]
    else:
        section, key, text = arguments.vary
        values = text.split(",")
        rows = [with_setting(periphery, section, key, value) for value in values]
    results = load_training(arguments.training)
    dataset = load_dataset(results[0].dataset, arguments.data_dir)
    found = [[infer(result, dataset, row).accuracy for result in results] for row in rows]
    trained = [float(result.chip.test_accuracy[-1]) for result in results]
    result = {"seeds": [one.seed for one in results], "trained_test_accuracy": trained}
    lines = [f"at the end of the training: {_mean(trained)}"]
    if arguments.vary is None:
        result |= {"test_accuracy": found[0]}
        lines.append(f"through this periphery: {_mean(found[0])}")
    else:
        name = f"{section}.{key}"
        result |= {"parameter": name, "value": values, "test_accuracy": found}
        lines += [f"{name} = {value}: {_mean(row)}" for value, row in zip(values, found, strict=True)]
        if arguments.out:
            _draw(arguments, [getattr(getattr(row, section), key) for row in rows], found, trained)
            result["figure"] = str(arguments.out)
    emit(arguments, result, lines)


def _draw(arguments: argparse.Namespace, values: list, found: list[list[float]], trained: list[float]):
    """Write the figure of accuracy against one setting."""
    import dataclasses

    import numpy as np

    from arraysim.periphery.config import SECTIONS
    from arraysim.reporting.accuracy_plot import AccuracyScan, plot_accuracy_scan
    from llg.drawing.figure_file import save_figure
    from llg.errors import InputError

    section, key, _ = arguments.vary
    meta = {field.name: field.metadata for field in dataclasses.fields(SECTIONS[section])}[key]
    if meta["kind"] not in ("quantity", "whole"):
        raise InputError(f"infer: -o draws accuracy against a number, {section}.{key} is a {meta['kind']}")
    order = np.argsort(values)
    value = np.array(values, float)[order]
    scan = AccuracyScan(
        label=f"{section}.{key} [{meta['unit']}]",
        value=value,
        accuracy=np.array(found)[order],
        ideal=np.array(trained),
        logarithmic=value[0] > 0 and value[-1] > 30 * value[0],
    )
    save_figure(arguments.out, plot_accuracy_scan(scan).figure, force=arguments.force)


def _mean(accuracies: list[float]) -> str:
    spread = "" if len(accuracies) == 1 else f" ({min(accuracies):.4f} to {max(accuracies):.4f})"
    return f"test accuracy {sum(accuracies) / len(accuracies):.4f}{spread}"


def with_setting(periphery, section: str, key: str, text: str):
    """Return a periphery with one setting changed.

    Args:
        periphery: `config.Periphery`.
        section: its section.
        key: of the setting.
        text: its value, as in a file: a number, a number with a unit, or a word.

    Raises:
        InputError: no such setting, or a value it cannot have.
    """
    from arraysim.periphery.config import periphery_from_mapping

    sections = periphery.to_dict()
    sections.setdefault(section, {})
    sections[section] = sections[section] | {key: _value(text)}
    return periphery_from_mapping(sections, "--set or --vary")


def _value(text: str):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
