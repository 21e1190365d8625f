"""Subcommand of the compact model: sweep."""

import argparse

from llg.command_line import add_common, emit, progress, si_list, whole_number, writable_file


def add_commands(commands):
    """Declare the subcommands; nothing heavy is imported before one runs."""
    sweep = commands.add_parser("sweep", help="transition table over a grid of pulses")
    sweep.add_argument("device", metavar="DEVICE", help="shipped device or TOML file")
    sweep.add_argument(
        "--currents", type=si_list("A/m^2"), metavar="J,J,...", help="signed, ascending (default: around nominal)"
    )
    sweep.add_argument("--durations", type=si_list("s"), metavar="T,T,...", help="ascending (default: around nominal)")
    sweep.add_argument("-n", type=whole_number(1), default=1000, metavar="N", help="trajectories per point and state")
    add_common(sweep, output="write the table to this HDF5 file")
    sweep.set_defaults(run=run_sweep)


def run_sweep(arguments: argparse.Namespace):
    """Build a transition table and write it."""
    import dataclasses

    from llg.device import load_device
    from llg.errors import InputError

    from .moves import move_probability
    from .operating_point import grid_index, write_points
    from .sweep import Grid, build_table, reference_grid
    from .table_file import save_table

    if arguments.out is None:
        raise InputError("sweep: needs -o FILE to write the table to")
    writable_file(arguments.out, arguments.force)
    device = load_device(arguments.device)
    nominal = reference_grid(device)
    grid = Grid(
        current_density=arguments.currents or nominal.current_density,
        duration=arguments.durations or nominal.duration,
    )
    with progress(0, "pulses", "") as bar:
        table = build_table(device, grid, n=arguments.n, seed=arguments.seed, jobs=arguments.jobs, progress=bar)
    save_table(arguments.out, table, force=arguments.force)
    try:
        points = write_points(table, temperature=device.temperature)
    except InputError as error:  # a grid with one sign of current only, for instance, makes a sound table
        points, words = (), f"{error}, as training on chip would need"
    one_step = [float(move_probability(table, 1)[0][side][grid_index(table, p)]) for side, p in enumerate(points)]
    result = {
        "table": str(arguments.out),
        "states": table.position.tolist(),
        "trajectories": int(table.counts.sum()),
        "write_pulses": [dataclasses.asdict(point) for point in points],
        "one_step_probability": one_step,
    }
    if points:
        words = f"one write pulse moves the wall by one state up and down: {one_step[0]:.4f} {one_step[1]:.4f}"
    count = f"{arguments.out}: {len(result['states'])} states, {result['trajectories']} trajectories"
    emit(arguments, result, [count, f"  {words}"])
