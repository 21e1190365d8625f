"""Subcommands of the array simulator: run, train, plot."""

import argparse
from pathlib import Path

from llg.command_line import add_common, emit, progress, si, whole_number, writable_file, writable_folder

RULES = ("mixed-precision", "stochastic-pulses", "sign")


def add_commands(commands):
    """Declare the subcommands; nothing heavy is imported before one runs."""
    run = commands.add_parser("run", help="the whole chain: device, ensemble, table, training, figures, report")
    run.add_argument("device", metavar="DEVICE", nargs="?", default="five_state", help="shipped device or TOML file")
    run.add_argument("--quick", action="store_true", help="coarser and one seed only: a minute or less")
    add_common(run, output="folder for the results")
    run.set_defaults(run=run_run)

    train = commands.add_parser("train", help="train a network on chip with the synapses of a table")
    train.add_argument("--table", type=Path, required=True, metavar="FILE", help="transition table")
    train.add_argument("--dataset", default="digits", metavar="NAME", help="data set (default digits)")
    train.add_argument("--hidden", type=_widths, default=(32,), metavar="N,N", help="hidden layers (default 32)")
    train.add_argument("--rule", default=RULES[0], metavar="NAME", help=f"update rule: {', '.join(RULES)}")
    train.add_argument("--epochs", type=whole_number(1), metavar="N", help="passes through the training images")
    train.add_argument("--seeds", type=whole_number(1), default=1, metavar="N", help="runs, from --seed on (default 1)")
    train.add_argument("--temperature", type=si("K"), metavar="T", help="of the chip (default: lowest of the table)")
    add_common(train, output="write the training to this HDF5 file")
    train.set_defaults(run=run_train)

    plot = commands.add_parser("plot", help="draw what a file holds")
    plot.add_argument("file", type=Path, metavar="FILE", help="an HDF5 file of this program")
    plot.add_argument("--figure", metavar="NAME", help="which figure (default: the first of this kind of file)")
    plot.add_argument("-o", "--out", type=Path, required=True, metavar="PNG|PDF|SVG", help="figure to write")
    plot.add_argument("--force", action="store_true", help="overwrite what exists")
    plot.set_defaults(run=run_plot)


def _widths(text: str) -> tuple[int, ...]:
    return tuple(whole_number(1)(part) for part in text.split(",")) if text else ()


def run_run(arguments: argparse.Namespace):
    """Run the whole chain into a folder."""
    from llg.errors import InputError

    from .chain import chain_plan, run_chain

    if arguments.out is None:
        raise InputError("run: needs -o FOLDER to write into")
    writable_folder(arguments.out, arguments.force)
    plan = chain_plan(arguments.seed, quick=arguments.quick)
    summary = run_chain(
        arguments.device,
        arguments.out,
        plan,
        seed=arguments.seed,
        jobs=arguments.jobs,
        force=arguments.force,
        progress=progress,
    )
    accuracy = summary["accuracy"]
    lines = [
        f"{summary['device']}: {len(summary['wells'])} states, table from {plan.trajectories} pulses per entry",
        f"  test accuracy on chip {accuracy['on_chip_test']:.4f}, float32 {accuracy['float32_test']:.4f} "
        f"(mean of {len(accuracy['seeds'])} seeds)",
        f"  {summary['pulses']} write pulses, {summary['energy_J']:.3g} J",
        f"  {summary['seconds']['total']:.0f} s, {summary['peak_memory_bytes'] / 2**20:.0f} MiB",
        f"  open {arguments.out / 'report.html'}",
    ]
    emit(arguments, summary, lines)


def run_train(arguments: argparse.Namespace):
    """Train on chip with the synapses of a table."""
    import dataclasses

    from compact.operating_point import write_points
    from compact.table_file import load_table

    from .datasets import load_dataset
    from .pulse_law import PulseLaw
    from .training import train
    from .training_config import TrainingConfig
    from .training_file import save_training

    if arguments.out:
        writable_file(arguments.out, arguments.force)
    epochs = {} if arguments.epochs is None else {"epochs": arguments.epochs}
    config = TrainingConfig(hidden=arguments.hidden, rule=arguments.rule, **epochs)
    dataset = load_dataset(arguments.dataset)
    table = load_table(arguments.table)
    temperature = float(table.temperature[0]) if arguments.temperature is None else arguments.temperature
    points = write_points(table, temperature=temperature)
    law = PulseLaw.from_table(table, points)
    results = [train(law, dataset, seed=arguments.seed + i, config=config) for i in range(arguments.seeds)]
    if arguments.out:
        pulses = {"write_pulses": [dataclasses.asdict(point) for point in points]}
        save_training(arguments.out, results, config=pulses, inputs=[arguments.table], force=arguments.force)
    seconds = sum(r.chip.seconds for r in results)
    pulses = int(sum(r.hardware.pulses[-1] for r in results))
    result = {
        "test_accuracy": [float(r.chip.test_accuracy[-1]) for r in results],
        "float32_test_accuracy": [float(r.float32.test_accuracy[-1]) for r in results],
        "epochs": config.epochs,
        "seconds_per_epoch": seconds / (config.epochs * len(results)),
        "pulses_per_second": pulses / seconds,
        "pulses": pulses,
        "energy_J": float(sum(r.hardware.energy[-1] for r in results)),
    }
    lines = [
        f"seed {r.seed}: test accuracy on chip {r.chip.test_accuracy[-1]:.4f}, "
        f"float32 {r.float32.test_accuracy[-1]:.4f}"
        for r in results
    ]
    lines.append(f"  {pulses} write pulses, {result['energy_J']:.3g} J, {seconds:.1f} s on chip")
    emit(arguments, result, lines)


def run_plot(arguments: argparse.Namespace):
    """Draw one figure of a file."""
    from llg.figure_file import figure_format, save_figure

    from .figures import draw_file

    figure_format(arguments.out)
    writable_file(arguments.out, arguments.force)
    save_figure(arguments.out, draw_file(arguments.file, arguments.figure), force=arguments.force)
