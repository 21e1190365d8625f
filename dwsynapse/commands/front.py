"""Subcommands of the array simulator: run, train, program, infer, cost, plot, info, bench."""

import argparse
from pathlib import Path

from dwsynapse.commands.calibrate import add_calibrate
from dwsynapse.commands.cost import add_cost
from dwsynapse.commands.exchange import add_export, add_import
from dwsynapse.commands.fit import add_fit
from dwsynapse.commands.infer import add_command as add_infer
from dwsynapse.commands.info import add_command as add_info
from dwsynapse.commands.program import add_command as add_program
from dwsynapse.commands.rates import add_rates
from dwsynapse.commands.simulate import add_simulate
from dwsynapse.commands.sweep import add_merge, add_sweep
from dwsynapse.commands.train import add_command as add_train
from dwsynapse.options import add_common, emit, progress, si, whole_number, writable_file


def add_commands(commands):
    """Declare the subcommands; nothing heavy is imported before one runs."""
    run = commands.add_parser("run", help="the whole chain: device, ensemble, table, training, figures, report")
    run.add_argument("device", metavar="DEVICE", nargs="?", default="five_state", help="shipped device or TOML file")
    run.add_argument("--quick", action="store_true", help="coarser and one seed only: a minute or less")
    add_common(run, output="folder for the results")
    run.set_defaults(run=run_run)

    add_train(commands)
    add_program(commands)
    add_infer(commands)
    add_cost(commands)

    plot = commands.add_parser("plot", help="draw what a file holds, or the physics of a device")
    plot.add_argument("file", metavar="FILE|DEVICE", help="an HDF5 file of this program, shipped device or TOML file")
    plot.add_argument("--figure", metavar="NAME", help="which figure (default: the first of its kind); of a device: "
                      "landscape, phase, velocity, field-velocity, retention")  # fmt: skip
    plot.add_argument("--current", type=si("A/m^2"), metavar="J", help="of a device: current density held, or the end "
                      "of the axis")  # fmt: skip
    plot.add_argument("--H_z", type=si("A/m"), metavar="H", help="of a device: field held, or the end of the axis")
    plot.add_argument("--trajectory", type=whole_number(0), metavar="I",
                      help="of an animation: which one (default 0)")  # fmt: skip
    plot.add_argument("-o", "--out", type=Path, required=True, metavar="PNG|PDF|SVG|GIF|MP4",
                      help="figure to write; GIF and MP4 animate recorded trajectories")  # fmt: skip
    plot.add_argument("--force", action="store_true", help="overwrite what exists")
    plot.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    plot.set_defaults(run=run_plot)

    add_info(commands)

    bench = commands.add_parser("bench", help="what this machine does per second, as JSON")
    bench.add_argument("--seconds", type=si("s"), default=2.0, metavar="TIME", help="per measurement (default 2)")
    bench.add_argument("--json", action="store_true", help="print the object on one line")
    bench.set_defaults(run=run_bench)
    for add in (add_simulate, add_rates, add_calibrate, add_sweep, add_merge, add_fit, add_import, add_export):
        add(commands)


def run_run(arguments: argparse.Namespace):
    """Run the whole chain into a folder."""
    from arraysim.cost.of_training import cost_line
    from dwcore.errors import InputError
    from dwsynapse.report.chain import chain_plan, run_chain

    if arguments.out is None:
        raise InputError("run: needs -o FOLDER to write into")
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
        cost_line(summary["cost"]),
        f"  {summary['seconds']['total']:.0f} s, {summary['peak_memory_bytes'] / 2**20:.0f} MiB",
        f"  open {arguments.out / 'report.html'}",
    ]
    emit(arguments, summary, lines)


def run_plot(arguments: argparse.Namespace):
    """Draw one figure of a file or device, or animate a trajectory."""
    from dwcore.canvas.figure_file import figure_format, save_figure
    from dwcore.canvas.movie_file import is_movie, movie_format, save_movie
    from dwsynapse.figures import can_move, draw_device, draw_file, is_device, movie_of

    writable_file(arguments.out, arguments.force)
    if is_movie(arguments.out) and can_move(arguments.file):
        movie_format(arguments.out)
        _refuse(arguments, "an animation", "figure", "current", "H_z")
        name, frames = "animation", movie_of(arguments.file, arguments.trajectory or 0)
        save_movie(arguments.out, frames, force=arguments.force)
    else:
        figure_format(arguments.out)
        _refuse(arguments, "a still figure", "trajectory")
        if is_device(arguments.file):
            drive = {"current_density": arguments.current, "H_z": arguments.H_z}
            name, figure = draw_device(arguments.file, arguments.figure, **drive)
        else:
            _refuse(arguments, "a figure of a file", "current", "H_z")
            name, figure = draw_file(arguments.file, arguments.figure)
        save_figure(arguments.out, figure, force=arguments.force)
    result = {"file": str(arguments.file), "figure": name, "out": str(arguments.out)}
    emit(arguments, result, [f"{arguments.out}: {name} of {arguments.file}"])


def _refuse(arguments: argparse.Namespace, what: str, *options: str):
    from dwcore.errors import InputError

    for option in options:
        if getattr(arguments, option) is not None:
            raise InputError(f"plot: {what} takes no --{option}")


def run_bench(arguments: argparse.Namespace):
    """Measure this machine and print one JSON object."""
    import json

    from dwsynapse.bench import bench

    print(json.dumps(bench(seconds=arguments.seconds), indent=None if arguments.json else 2))
