"""Subcommands of the wall solver: simulate, rates, calibrate, info."""

import argparse

from llg.calibration.command import add_calibrate
from llg.command_line import add_common, emit
from llg.rates.command import add_rates
from llg.simulate_command import add_simulate


def add_commands(commands):
    """Declare the subcommands; nothing heavy is imported before one runs."""
    add_simulate(commands)
    add_rates(commands)
    add_calibrate(commands)

    info = commands.add_parser("info", help="what a file is, where it came from, whether it is sound")
    info.add_argument("file", metavar="FILE", help="an HDF5 file of this program")
    add_common(info, seed=False)
    info.set_defaults(run=run_info)


def run_info(arguments: argparse.Namespace):
    """Check a file and describe it."""
    from llg.storage.files import describe, open_checked, provenance

    with open_checked(arguments.file) as file:
        origin, content = provenance(file), describe(file)
    arrays = [
        {"name": name, "shape": list(shape), "dtype": str(dtype), "unit": unit, "long_name": long_name}
        for name, shape, dtype, unit, long_name in content
    ]
    lines = [
        f"{arguments.file}: sound {origin['schema']} version {origin['schema_version']}, complete, content verified"
    ]
    lines += [f"  {key}: {origin[key]}" for key in ("seed", "command_line", "git_state", "versions", "inputs")]
    lines += _foreign_lines(origin["config"].get("origin", {}))
    lines += [f"  {a['name']} {tuple(a['shape'])} {a['dtype']} [{a['unit']}] {a['long_name']}" for a in arrays]
    emit(arguments, {"file": arguments.file, "sound": True, **origin, "arrays": arrays}, lines)


def _foreign_lines(origin: dict) -> list[str]:
    """What a file says that was made from data of another program: where from, and what it lacks."""
    lines = [f"  imported from: {origin['format']}"] if "format" in origin else []
    lines += [f"  counts: {origin['counts']}"] if "counts" in origin else []
    return lines + [
        f"  unknown, a stand-in: {name} = {words}" for name, words in origin.get("placeholders", {}).items()
    ]
