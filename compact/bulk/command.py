"""Subcommand `dwsynapse sweep`: transition tables in bulk."""

import argparse

from llg.command_line import add_common, emit, progress, si_list, whole_number, writable_file


def add_sweep(commands):
    """Declare the subcommand; nothing heavy is imported before it runs."""
    sweep = commands.add_parser("sweep", help="transition table over a grid of pulses, temperatures and devices")
    sweep.add_argument("device", metavar="DEVICE", help="shipped device or TOML file")
    sweep.add_argument(
        "--currents", type=si_list("A/m^2"), metavar="J,J,...", help="signed, ascending (default: around nominal)"
    )
    sweep.add_argument("--durations", type=si_list("s"), metavar="T,T,...", help="ascending (default: around nominal)")
    sweep.add_argument(
        "--temperatures", type=si_list("K"), metavar="T,T,...", help="ascending (default: that of the device)"
    )
    sweep.add_argument("--instances", type=whole_number(1), default=1, metavar="K",
                       help="number of device instances drawn from the spreads (default 1: the nominal device)")  # fmt: skip
    sweep.add_argument("-n", type=whole_number(1), default=1000, metavar="N", help="trajectories per point and state")
    sweep.add_argument("--target-error", type=float, metavar="E",
                       help="go on beyond N where needed until no probability has a larger standard error")  # fmt: skip
    add_common(sweep, output="write the table to this HDF5 file")
    sweep.set_defaults(run=run_sweep)


def run_sweep(arguments: argparse.Namespace):
    """Build a transition table and write it."""
    from compact.sweep import run_in_memory
    from compact.table_file import save_table
    from llg.errors import InputError

    if arguments.out is None:
        raise InputError("sweep: needs -o FILE to write the table to")
    writable_file(arguments.out, arguments.force)
    plan = _plan(arguments)
    with progress(0, "pulses", "") as bar:
        table = run_in_memory(plan, jobs=arguments.jobs, progress=bar)
    save_table(arguments.out, table, force=arguments.force)
    emit(arguments, *_summary(arguments.out, table, plan))


def _plan(arguments: argparse.Namespace):
    from compact.sweep import reference_grid
    from llg.device import load_device

    from .plan import Grid, SweepPlan

    device = load_device(arguments.device)
    nominal = reference_grid(device)
    grid = Grid(
        current_density=arguments.currents or nominal.current_density,
        duration=arguments.durations or nominal.duration,
    )
    return SweepPlan(
        device=device, grid=grid, temperature=arguments.temperatures or (device.temperature,),
        instances=(0,) if arguments.instances == 1 else tuple(range(1, arguments.instances + 1)),
        n=arguments.n, target_error=arguments.target_error, seed=arguments.seed,
    )  # fmt: skip


def _summary(path, table, plan) -> tuple[dict, list[str]]:
    """What the command prints: the JSON object, and lines of text."""
    import dataclasses

    from compact.moves import move_probability
    from compact.operating_point import grid_index, write_points
    from llg.errors import InputError

    try:
        points = write_points(table, temperature=plan.reference_temperature)
    except InputError as error:  # a grid with one sign of current only, for instance, makes a sound table
        points, words = (), f"{error}, as training on chip would need"
    t = plan.temperature.index(plan.reference_temperature)
    devices = range(len(plan.instances) if points else 0)
    moves = [move_probability(table, 1, device=k, temperature=t)[0] for k in devices]
    one_step = [[float(one[side][grid_index(table, p)]) for one in moves] for side, p in enumerate(points)]
    means = [sum(each) / len(each) for each in one_step]
    result = {
        "table": str(path),
        "states": table.position.tolist(),
        "instances": list(plan.instances),
        "trajectories": int(table.counts.sum()),
        "missing_states": missing_states(table),
        "write_pulses": [dataclasses.asdict(point) for point in points],
        "one_step_probability": means,
        "one_step_probability_range": [[min(each), max(each)] for each in one_step],
    }
    if points:
        words = f"one write pulse moves the wall by one state up and down: {means[0]:.4f} {means[1]:.4f}"
        if len(moves) > 1:
            (low, high), (low_down, high_down) = result["one_step_probability_range"]
            words += f" (over the devices {low:.4f} to {high:.4f}, {low_down:.4f} to {high_down:.4f})"
    many = f", {len(plan.instances)} device instances" if len(plan.instances) > 1 else ""
    lines = [f"{path}: {len(result['states'])} states{many}, {result['trajectories']} trajectories", f"  {words}"]
    if missing := result["missing_states"]:
        k, T, s = (missing[0][key] for key in ("instance", "temperature", "state"))
        lines.append(f"  {len(missing)} states are missing, first state {s} of instance {k} at {T:g} K")
    return result, lines


def missing_states(table) -> list[dict]:
    """States that an instance does not have at a temperature."""
    import numpy as np

    absent = np.argwhere(table.instance_states.present == 0)
    return [
        {"instance": int(table.devices["instance"][k]), "temperature": float(table.temperature[t]), "state": int(s)}
        for k, t, s in absent
    ]
