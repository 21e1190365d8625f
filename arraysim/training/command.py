"""`dwsynapse train`: networks trained on chip, on several seeds, with checkpoints; `--search` and `--vary`."""

import argparse
from pathlib import Path

from llg.command_line import add_common, emit, si, whole_number, writable_file

RULES = ("mixed-precision", "stochastic-pulses", "sign", "tiki-taka")
_OWN = ("network", "twin", "periphery")
"""Fields of the configuration with an option of another form."""


def add_command(commands) -> None:
    """Declare the subcommand; nothing heavy is imported before it runs."""
    train = commands.add_parser("train", help="train a network on chip with the synapses of a table")
    train.add_argument("--table", metavar="FILE", help="transition table, or ladder[:STATES] for an idealized synapse")
    train.add_argument("--dataset", default="digits", metavar="NAME",
                       help="digits (default), mnist, fashion-mnist or cifar10")  # fmt: skip
    train.add_argument("--data-dir", type=Path, metavar="FOLDER", help="holds the files of the data set")
    train.add_argument("--download", action="store_true", help="fetch them into the folder first, hashes checked")
    train.add_argument("--network", default="mlp", metavar="NAME|TOML",
                       help="linear, mlp[:N,N], lenet[:WIDTH], vgg8[:WIDTH] or a TOML file (default mlp:32)")  # fmt: skip
    train.add_argument("--bits", type=whole_number(0, 16), default=0, metavar="N",
                       help="of activations; 0: floating point")  # fmt: skip
    train.add_argument("--error-bits", type=whole_number(0, 16), default=0, metavar="N",
                       help="of errors sent backward; 0: floating point")  # fmt: skip
    train.add_argument("--periphery", type=Path, metavar="TOML", help="wires and converters of the arrays")
    train.add_argument("--rule", default=RULES[0], metavar="NAME", help=f"update rule: {', '.join(RULES)}")
    train.add_argument("--set", action="append", default=[], type=_setting, metavar="NAME=VALUE", dest="settings",
                       help="any other setting; --set help=1 lists them")  # fmt: skip
    train.add_argument("--epochs", type=whole_number(1), metavar="N", help="passes through the training images")
    train.add_argument("--batch-size", type=whole_number(1), metavar="N", help="images per update")
    for name, text in (
        ("learning-rate", "on chip, at the start"),
        ("float32-learning-rate", "of the twin, at the start"),
        ("weight-range", "largest weight of a pair times the root of its inputs"),
        ("decay", "factor on the learning rates per epoch, of the schedule step"),
    ):
        train.add_argument(f"--{name}", type=si("1"), metavar="X", help=text)
    train.add_argument("--schedule", metavar="NAME", help="of the learning rates: cosine, step or constant")
    train.add_argument("--no-twin", action="store_true", help="without the float32 twin")
    train.add_argument("--seeds", type=whole_number(1), default=1, metavar="N", help="runs, from --seed on (default 1)")
    train.add_argument("--temperature", type=si("K"), metavar="T", help="of the chip (default: lowest of the table)")
    train.add_argument("--resume", action="store_true", help="go on from the checkpoints beside --out")
    train.add_argument("--checkpoint-every", type=si("s"), default=60.0, metavar="TIME",
                       help="least time between checkpoints (default 60 s)")  # fmt: skip
    train.add_argument("--search", action="store_true",
                       help="find learning rate and weight range on images kept to validate")  # fmt: skip
    train.add_argument("--vary", type=_setting, metavar="NAME=V,V",
                       help="accuracy against states, table, temperature or a setting of the chip")  # fmt: skip
    add_common(train, output="write the training to this HDF5 file, and a log in JSON lines beside it")
    train.set_defaults(run=run_train)


def _setting(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not (name and mark and value):
        raise argparse.ArgumentTypeError(f"{text!r} must be NAME=VALUE")
    return name.replace("-", "_"), value


def run_train(arguments: argparse.Namespace):
    """Train on chip with the synapses of a table."""
    from arraysim.training.datasets import load_dataset
    from llg.errors import InputError

    if any(name == "help" for name, _ in arguments.settings):
        _list_settings()
        return
    if arguments.out:
        writable_file(arguments.out, arguments.force)
    if arguments.resume and not arguments.out:
        raise InputError("train: --resume goes on from checkpoints beside --out, which is missing")
    if arguments.search and (arguments.vary or arguments.out):
        raise InputError("train: --search prints what it finds; it takes neither --out nor --vary")
    config = _config(arguments)
    dataset = load_dataset(arguments.dataset, arguments.data_dir, download=arguments.download)
    if arguments.vary:
        _vary(arguments, config, dataset)
    elif arguments.search:
        _search(arguments, config, dataset)
    else:
        _train(arguments, config, dataset)


def _config(arguments: argparse.Namespace):
    """Return the configuration that the options make."""
    import dataclasses

    from arraysim.networks.presets import network_from
    from arraysim.periphery.config import load_periphery
    from arraysim.training.config import TrainingConfig
    from llg.errors import InputError, nearest

    fields = {field.name: field for field in dataclasses.fields(TrainingConfig) if field.name not in _OWN}
    bits = {name: value for name in ("bits", "error_bits") if (value := getattr(arguments, name))}
    if bits and arguments.network.endswith(".toml"):
        raise InputError(f"train: {arguments.network} states its bits itself; --bits and --error-bits are for presets")
    values = {"network": network_from(arguments.network, **bits), "twin": not arguments.no_twin}
    if arguments.periphery:
        values["periphery"] = load_periphery(arguments.periphery)
    values |= {name: value for name in fields if (value := getattr(arguments, name, None)) is not None}
    for name, text in arguments.settings:
        if name not in fields:
            raise InputError(f'train: setting "{name}" is unknown{nearest(name, fields)}')
        values[name] = _value(fields[name], text)
    return TrainingConfig(**values)


def _value(field, text: str):
    """Return the value of a setting; what cannot be one is left to the check of the field."""
    from llg.errors import InputError

    kind = field.metadata["kind"]
    if kind == "flag":
        return {"true": True, "false": False}.get(text, text)
    try:
        return {"whole": int, "quantity": float}.get(kind, str)(text)
    except ValueError:
        raise InputError(f"train: setting {field.name} = {text!r} must be a number") from None


def _list_settings():
    from arraysim.training.config import TrainingConfig

    for name, unit, meaning in TrainingConfig.describe():
        if name not in _OWN:
            print(f"{name:24}{f'[{unit}] ' if unit else ''}{meaning}")


def _law(arguments: argparse.Namespace):
    """Return the law, what the file is to say about it, and the files it is made from."""
    import dataclasses

    from arraysim.synapses.ladder import ladder_law
    from arraysim.synapses.pulse_law import PulseLaw
    from compact.operating_point import write_points
    from llg.errors import InputError

    if arguments.table is None:
        raise InputError("train: needs --table FILE, a transition table, or --table ladder[:STATES]")
    name, _, states = str(arguments.table).partition(":")
    if name == "ladder":
        if states and not states.isdecimal():
            raise InputError(f"train: --table {arguments.table}: {states!r} must be a number of states")
        return (ladder_law(states=int(states)) if states else ladder_law()), {"table": str(arguments.table)}, []
    table = _table(arguments)
    temperature = float(table.temperature[0]) if arguments.temperature is None else arguments.temperature
    points = write_points(table, temperature=temperature)
    pulses = {"write_pulses": [dataclasses.asdict(point) for point in points]}
    return PulseLaw.from_table(table, points), pulses, [arguments.table]


def _table(arguments: argparse.Namespace):
    from compact.table_file import load_table

    return load_table(arguments.table)


def _train(arguments: argparse.Namespace, config, dataset):
    from arraysim.training.file import save_training
    from arraysim.training.seeds import remove_checkpoints, train_seeds

    law, pulses, inputs = _law(arguments)
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    results = train_seeds(
        law,
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
        save_training(arguments.out, results, config=pulses, inputs=inputs, force=arguments.force)
        remove_checkpoints(arguments.out, seeds)
    result = _summary(results, dataset)
    if not _knows_energy(arguments):
        result["energy_J"] = None
    lines = _lines(results, result)
    result["cost"], line = _cost(arguments, results, dataset)
    emit(arguments, result, [*lines, line])


def _knows_energy(arguments: argparse.Namespace) -> bool:
    """Whether the pulses have an energy; a table made of foreign data may hold a stand-in."""
    from compact.exchange.origin import placeholders

    if str(arguments.table).partition(":")[0] == "ladder":
        return True
    return "energy_per_pulse" not in placeholders(_table(arguments))


def _cost(arguments: argparse.Namespace, results, dataset) -> tuple[dict | None, str]:
    """Return what the chip takes, and a line about it; None where the synapses come from no device."""
    from arraysim.cost.of_training import cost_line, summary_of, training_cost
    from arraysim.cost.training_use import TrainingUse
    from arraysim.training.trainee import divide
    from llg.errors import InputError

    if str(arguments.table).partition(":")[0] == "ladder":
        return None, "  no cost: an idealized synapse has no size and no pulse"
    images = len(divide(dataset, seed=results[0].seed, config=results[0].config).train)
    use = TrainingUse(results=results, image_shape=dataset.image_shape, images=images)
    try:
        cost = summary_of(training_cost(_table(arguments), use, where=str(arguments.table)))
    except InputError as error:
        return None, f"  no cost: {error}"
    return cost, cost_line(cost)


def _summary(results, dataset) -> dict:
    from arraysim.training.series import spread
    from arraysim.training.trainee import divide

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


def _search(arguments: argparse.Namespace, config, dataset):
    import dataclasses
    import os
    import sys

    from arraysim.training.search import search

    def note(trial):
        if sys.stderr.isatty():
            print(_trial_line(trial), file=sys.stderr)

    jobs = os.cpu_count() if arguments.jobs is None else arguments.jobs
    trials = search(_law(arguments)[0], dataset, seed=arguments.seed, config=config, jobs=jobs, note=note)
    best = trials[0]
    lines = [_trial_line(trial) for trial in trials]
    lines.append(f"best: --learning-rate {best.learning_rate:g} --weight-range {best.weight_range:g}")
    emit(arguments, {"trials": [dataclasses.asdict(trial) for trial in trials]}, lines)


def _trial_line(trial) -> str:
    return (
        f"learning rate {trial.learning_rate:g}, weight range {trial.weight_range:g}: "
        f"validation accuracy {trial.validation_accuracy:.4f}, {trial.pulses} pulses"
    )


def _vary(arguments: argparse.Namespace, config, dataset):
    from arraysim.training.series import PARAMETERS, save_series, vary
    from llg.errors import InputError
    from llg.parameters import as_number

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
    from llg.errors import InputError

    if arguments.table is None or str(arguments.table).partition(":")[0] == "ladder":
        raise InputError(f"train: --vary {arguments.vary[0]} needs --table FILE")
    return _table(arguments)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
