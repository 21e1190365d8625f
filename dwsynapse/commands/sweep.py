"""`dwsynapse sweep`: transition tables in bulk."""

import argparse
import contextlib

from dwcore.errors import InputError, Interrupted
from dwcore.stopping import meant
from dwcore.units import plain_whole
from dwsynapse.device_settings import device_of, given_on_device, settings_on_device
from dwsynapse.options import add_common, add_place, emit, progress, si_list, whole_number, writable_hdf5

SETTINGS = settings_on_device("sweep", held=True)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("device", metavar="DEVICE", help="shipped device or TOML file")
    SETTINGS.add_to(parser, vary=False)
    parser.add_argument(
        "--currents", type=si_list("A/m^2"), metavar="J,J,...", help="signed, ascending (default: around nominal)"
    )
    parser.add_argument("--durations", type=si_list("s"), metavar="T,T,...", help="ascending (default: around nominal)")
    parser.add_argument(
        "--temperatures", type=si_list("K"), metavar="T,T,...", help="ascending (default: that of the device)"
    )
    parser.add_argument("--instances", type=whole_number(1), default=1, metavar="K",
                       help="number of device instances drawn from the spreads (default 1: the nominal device)")  # fmt: skip
    parser.add_argument("-n", type=whole_number(1), default=1000, metavar="N", help="trajectories per point and state")
    parser.add_argument("--target-error", type=float, metavar="E",
                       help="go on beyond N where needed until no probability has a larger standard error")  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="go on where an earlier run of the same command ended")
    parser.add_argument("--shard", type=_shard, metavar="I/N",
                       help="run part I of N only, into the file OUT for `dwsynapse merge`")  # fmt: skip
    add_place(parser)
    add_common(parser, output="write the table to this HDF5 file")


def run(arguments: argparse.Namespace) -> None:
    """Run a sweep, or a shard of one, and write its file."""
    if arguments.out is None:
        raise InputError("sweep: needs -o FILE to write the table to")
    try:
        writable_hdf5(arguments.out, arguments.force or arguments.resume)
        plan = _plan(arguments)
    except (KeyboardInterrupt, ImportError):
        if not meant():
            raise
        raise Interrupted("interrupted before the first block; all files are as they were") from None
    _run(arguments, plan)


def _run(arguments: argparse.Namespace, plan) -> None:
    from compact.bulk.place import place
    from compact.bulk.run import run_shard, run_to_table

    options = {"resume": arguments.resume, "force": arguments.force, "progress": progress}
    with place(arguments.jobs, in_processes=arguments.processes, dask=arguments.dask) as runner:
        if arguments.shard is not None:
            blocks, of = run_shard(plan, arguments.shard, arguments.out, runner, **options)
            number, shards = arguments.shard
            result = {"file": str(arguments.out), "shard": [number, shards], "blocks": blocks, "blocks_of_plan": of}
            emit(arguments, result, [f"{arguments.out}: shard {number}/{shards}, {blocks} of {of} blocks"])
            return
        table = run_to_table(plan, arguments.out, runner, **options)
    emit(arguments, *summary(arguments.out, table, plan.reference_temperature))


def _shard(text: str) -> tuple[int, int]:
    with contextlib.suppress(ValueError):
        number, shards = map(plain_whole, text.split("/"))
        if 1 <= number <= shards:
            return number, shards
    raise argparse.ArgumentTypeError(f"{text!r} must be I/N with 1 <= I <= N, for instance 3/8")


def _plan(arguments: argparse.Namespace):
    from compact.bulk.plan import Grid, SweepPlan
    from compact.bulk.sweep import reference_grid

    device = device_of(arguments.device, given_on_device(SETTINGS, arguments, drawn=arguments.instances > 1))
    currents, durations = arguments.currents, arguments.durations
    if not (currents and durations):
        nominal = reference_grid(device)
        currents, durations = currents or nominal.current_density, durations or nominal.duration
    grid = Grid(current_density=currents, duration=durations)
    return SweepPlan(
        device=device, grid=grid, temperature=arguments.temperatures or (device.temperature,),
        instances=(0,) if arguments.instances == 1 else tuple(range(1, arguments.instances + 1)),
        n=arguments.n, target_error=arguments.target_error, seed=arguments.seed,
    )  # fmt: skip


def summary(path, table, temperature: float) -> tuple[dict, list[str]]:
    """Return what `sweep` and `merge` print: the JSON object, and lines of text."""
    import dataclasses

    from compact.table.operating_point import OperatingPoint, write_points

    points: tuple[OperatingPoint, ...] = ()
    try:
        points, words = write_points(table, temperature=temperature), ""
    except InputError as error:  # a grid with one sign of current only, for instance, makes a sound table
        words = f"{error}, as training on chip would need"
    one_step = _one_step(table, temperature, points)
    result = {
        "table": str(path),
        "states": table.position.tolist(),
        "instances": [int(number) for number in table.devices["instance"]],
        "trajectories": int(table.counts.sum()),
        "unsettled_share": table.unsettled_share,
        "missing_states": _missing_states(table),
        "write_pulses": [dataclasses.asdict(point) for point in points],
        "one_step_probability": [sum(each) / len(each) for each in one_step],
        "field_A_per_m": table.config.get("device", {}).get("field"),
        "one_step_probability_range": [[min(each), max(each)] for each in one_step],
        "notes": [*_notes(table), *table.notes, *_idle(table)],
    }
    return result, _lines(result, words)


def _idle(table) -> list[str]:
    """Return the keys of the device of a table that have no effect, one line each."""
    from compact.exchange.write_line import table_device
    from dwsynapse.device_settings import idle_keys

    device = table_device(table)
    return [] if device is None else idle_keys(device)


def _notes(table) -> list[str]:
    """Return what the table lacks, one line each."""
    import numpy as np

    from compact.table.origin import placeholders
    from llg.runs.simulation import NOTED

    found, share = [], table.unsettled_share
    found += [f"unknown: {name} = {words}" for name, words in placeholders(table).items()]
    if share >= NOTED:
        rows = np.asarray(table.unsettled / table.counts.sum(axis=-1))
        found.append(
            f"unsettled: {share:.1%} of the walls had not settled in a state, {rows.max():.1%} in the worst row"
        )
    hint = "where Langer's formula does not hold (`dwsynapse rates` says why)"
    if table.retention_rate is None:
        return [*found, f"retention: the table holds no escape rates, {hint}"]
    unknown = np.isnan(table.retention_rate).all(axis=-1)
    if table.instance_states is not None:
        unknown &= table.instance_states.present > 0
    if unknown.any():
        found.append(f"retention: {unknown.sum()} of {unknown.size} rates of escape are unknown, {hint}")
    return found


def _one_step(table, temperature: float, points) -> list[list[float]]:
    """Return the probability that each write pulse moves the wall by one state, on each device instance."""
    from compact.table.moves import move_probability
    from compact.table.operating_point import grid_index

    t = table.temperature.tolist().index(temperature)
    devices = range(len(table.counts) if points else 0)
    moves = [move_probability(table, 1, device=k, temperature=t)[0] for k in devices]
    return [[float(one[side][grid_index(table, p)]) for one in moves] for side, p in enumerate(points)]


def _lines(result: dict, words: str) -> list[str]:
    from dwcore.canvas.number_text import counted
    from llg.device.static_field import field_words

    devices = len(result["instances"])
    many = f", {devices} device instances" if devices > 1 else ""
    count = f"{result['table']}: {counted(len(result['states']), 'state')}{many}, {result['trajectories']} trajectories"
    count += f", {result['unsettled_share']:.2%} not settled"
    if result["write_pulses"]:
        up, down = result["one_step_probability"]
        words = f"one write pulse moves the wall by one state up and down: {up:.4f} {down:.4f}"
        if devices > 1:
            (low, high), (low_down, high_down) = result["one_step_probability_range"]
            words += f" (over the devices {low:.4f} to {high:.4f}, {low_down:.4f} to {high_down:.4f})"
    lines = [count, f"  {words}"]
    if field := field_words(result["field_A_per_m"]):
        lines.append(f"  states, pulses and retention in the static field {field}")
    if missing := result["missing_states"]:
        k, T, s = (missing[0][key] for key in ("instance", "temperature", "state"))
        lines.append(f"  {len(missing)} states are missing, the first is state {s} of instance {k} at {T:g} K")
    return lines


def _missing_states(table) -> list[dict]:
    """Return the states that an instance does not have at a temperature."""
    import numpy as np

    absent = np.argwhere(table.instance_states.present == 0)
    return [
        {"instance": int(table.devices["instance"][k]), "temperature": float(table.temperature[t]), "state": int(s)}
        for k, t, s in absent
    ]
