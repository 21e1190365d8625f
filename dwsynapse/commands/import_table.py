"""`dwsynapse import`: transition tables and trajectories from data of other programs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from dwcore.errors import InputError
from dwsynapse.options import add_common, emit, path, si, whole_number, writable_hdf5

if TYPE_CHECKING:
    from pathlib import Path

    from compact.table.transition_table import TransitionTable

SOURCES = {
    "crosssim": "lookup tables of CrossSim, files or a folder",
    "pulses": "one CSV file of measured pulse responses",
    "neurosim": "device parameters of NeuroSim, JSON or a C++ source",
    "ovf": "snapshots of mumax3 or OOMMF, the walls of which become a trajectory",
}
STATES = 64
OVERLAP = 0.01
"""Share of misplaced readings from which on the levels that were found are said to overlap [1]."""
WIDE = 1.1
"""Ratio of spreads from which on another number of states is proposed [1]."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("files", type=path, nargs="+", metavar="FILE", help="; ".join(SOURCES.values()))
    parser.add_argument("--from", dest="source", required=True, choices=SOURCES, help="format of the files")
    parser.add_argument(
        "--states",
        type=whole_number(2),
        metavar="S",
        help=f"number of states (default: {STATES} for crosssim, found from the data for pulses, 121 for neurosim)",
    )
    parser.add_argument(
        "--current",
        type=si("A/m^2"),
        metavar="J",
        help="crosssim: magnitude of the pulse, where known; ovf: that of the simulation (default 0)",
    )
    parser.add_argument("--duration", type=si("s"), metavar="T", help="crosssim: duration of the pulse, where known")
    parser.add_argument("--temperature", type=si("K"), metavar="T", help="temperature (default: 300 K, assumed)")
    parser.add_argument("--energy", type=si("J"), metavar="E", help="energy of the pulse, where known")
    parser.add_argument(
        "--area", type=si("m^2"), metavar="A", help="pulses: cross-section that a current in A goes through"
    )
    parser.add_argument("--column", action="append", default=[], metavar="WHAT=NAME",
                        help="pulses: the column that holds device, pulse, polarity, amplitude, duration, conductance "
                        "(G) or resistance (R), G=I/V for a ratio, or a value for all rows as in duration='100 ns'")  # fmt: skip
    parser.add_argument("--assume-stay", action="store_true",
                        help="pulses: let a wall stay where a pulse was never sent from its state")  # fmt: skip
    parser.add_argument("--device", metavar="DEVICE", help="ovf: shipped device or TOML file that the snapshots show")
    parser.add_argument("--left", type=si("m"), metavar="X",
                        help="ovf: place of the mesh's left end on the track (default 0, for a mesh as long as the track)")  # fmt: skip
    add_common(parser, output="write the table, of snapshots the trajectory, to this HDF5 file", seed=False)


def run(arguments: argparse.Namespace) -> None:
    """Read foreign data and write a transition table or a trajectory."""
    if arguments.out is None and arguments.source != "ovf":
        raise InputError("import: needs -o FILE to write the table to")
    if arguments.out is not None:
        writable_hdf5(arguments.out, arguments.force)
    of_tables = ("area", "assume_stay", "column", "duration", "temperature", "energy")
    of_snapshots = ("device", "left")
    foreign = {
        "crosssim": ("area", "assume_stay", "column", *of_snapshots),
        "pulses": ("current", "duration", *of_snapshots),
        "neurosim": ("current", *of_tables, *of_snapshots),
        "ovf": ("states", *of_tables),
    }[arguments.source]
    for name in foreign:
        if getattr(arguments, name) not in (None, False, []):
            raise InputError(f"import: --from {arguments.source} takes no --{name.replace('_', '-')}")
    importers = {
        "crosssim": _import_crosssim, "pulses": _import_pulses, "neurosim": _import_neurosim, "ovf": _import_snapshots
    }  # fmt: skip
    importers[arguments.source](arguments)


def _import_snapshots(arguments: argparse.Namespace):
    import dataclasses
    import math

    from llg.calibration.snapshots import as_trajectory, walls_of
    from llg.device.device_file import load_device
    from llg.runs.trajectories import save_trajectories

    if arguments.device is None:
        raise InputError("import: --from ovf needs --device, whose track the snapshots show")
    if arguments.current is not None and arguments.out is None:
        raise InputError("import: --current is kept in the file of -o, which is missing")
    device = load_device(arguments.device)
    walls = walls_of(device, arguments.files, left=arguments.left)
    if arguments.out is not None:
        trajectory = as_trajectory(device, walls, current_density=arguments.current or 0.0)
        save_trajectories(arguments.out, trajectory, seed=0, inputs=arguments.files, force=arguments.force)
    result = {
        "trajectory": None if arguments.out is None else str(arguments.out),
        "walls": [
            {"file": str(file), **dataclasses.asdict(wall)} for file, wall in zip(arguments.files, walls, strict=True)
        ],
    }
    lines = ["  t [ns]    q [nm]  phi [deg]  tilt [deg]  Delta [nm]  bow [nm]"]
    for wall in walls:
        time = "       -" if wall.time is None else f"{1e9 * wall.time:8.3f}"
        angles = f"{math.degrees(wall.phi):9.1f}  {math.degrees(wall.chi):10.2f}"
        lines.append(f"{time}  {1e9 * wall.q:8.2f}  {angles}  {1e9 * wall.Delta:10.2f}  {1e9 * wall.bow:8.2f}")
    if arguments.out is not None:
        lines.append(f"{arguments.out}: the trajectory of a wall at {len(walls)} times")
    emit(arguments, result, lines)


def _import_crosssim(arguments: argparse.Namespace):
    import dataclasses

    from compact.exchange.crosssim_import import PulseFacts, device_pairs, import_crosssim
    from compact.table.table_file import save_table
    from dwsynapse.commands.info import fidelity_words

    facts = PulseFacts(
        current_density=arguments.current,
        duration=arguments.duration,
        temperature=arguments.temperature,
        energy=arguments.energy,
    )
    pairs = device_pairs(arguments.files)
    table, fidelity = import_crosssim(pairs, states=arguments.states or STATES, facts=facts)
    save_table(arguments.out, table, inputs=[file for pair in pairs for file in pair], force=arguments.force)
    result = _described(arguments.out, table) | dataclasses.asdict(fidelity)
    lines = [
        f"{arguments.out}: {result['states']} states, {len(pairs)} devices",
        f"  {fidelity_words(dataclasses.asdict(fidelity))}",
        f"  stand-ins for what is unknown: {', '.join(result['placeholders'])}",
    ]
    if fidelity.std_ratio > WIDE:
        lines.insert(
            2, f"  --states {fidelity.whole_step_states} would let pulses move by whole states, or take many more"
        )
    emit(arguments, result, lines)


def _import_neurosim(arguments: argparse.Namespace):
    from compact.exchange.neurosim_import import import_neurosim
    from compact.exchange.synapse_table import synapse_table
    from compact.table.table_file import save_table
    from dwsynapse.commands.info import fidelity_words

    if len(arguments.files) > 1:
        raise InputError("import: --from neurosim takes one file")
    given = import_neurosim(arguments.files[0], states=arguments.states)
    table = synapse_table(given)
    save_table(arguments.out, table, inputs=arguments.files, force=arguments.force)
    fidelity = table.config["origin"]["fidelity"]
    result = _described(arguments.out, table) | {"synapse": table.config["synapse"]} | fidelity
    lines = [
        f"{arguments.out}: {result['states']} states for a continuous conductance, {result['devices']} devices",
        f"  {fidelity_words(fidelity)}",
        f"  stand-ins for what is unknown: {', '.join(result['placeholders'])}",
    ]
    emit(arguments, result, lines)


def _described(out: Path, table: TransitionTable) -> dict:
    """Return what every import says of its table."""
    from compact.table.origin import placeholders

    return {
        "table": str(out),
        "states": table.position.size,
        "devices": table.counts.shape[0],
        "conductance_S": [float(table.conductance[0]), float(table.conductance[-1])],
        "placeholders": placeholders(table),
    }


def _columns(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given:
        what, mark, name = one.partition("=")
        if not mark or not name.strip() or what in found:
            raise InputError(f"import: --column {one}: must be WHAT=NAME, each WHAT once")
        found[what] = name
    return found


def _import_pulses(arguments: argparse.Namespace):
    import dataclasses

    from compact.exchange.crosssim_import import PulseFacts
    from compact.exchange.pulse_data import read_pulse_data
    from compact.exchange.pulse_import import import_pulses
    from compact.table.table_file import save_table

    if len(arguments.files) > 1:
        raise InputError(f"import: --from pulses takes one file, {len(arguments.files)} were given")
    table, report = import_pulses(
        read_pulse_data(arguments.files[0], _columns(arguments.column)),
        states=arguments.states,
        facts=PulseFacts(temperature=arguments.temperature, energy=arguments.energy),
        area=arguments.area,
        assume_stay=arguments.assume_stay,
    )
    save_table(arguments.out, table, inputs=arguments.files, force=arguments.force)
    result = (
        _described(arguments.out, table)
        | dataclasses.asdict(report)
        | {
            "bic": {str(states): value for states, value in report.bic.items()},
        }
    )
    left_out = f"{report.outliers} outliers, {report.gaps} pulses without a reading before and after"
    lines = [
        f"{arguments.out}: {result['states']} states, {result['devices']} devices",
        f"  {report.transitions} transitions from {report.readings} readings; left out: {left_out}",
        f"  readings put to a wrong state, expected: {report.misplaced:.2%}",
        f"  stand-ins for what is unknown: {', '.join(result['placeholders'])}",
    ]
    if arguments.states is None and report.misplaced > OVERLAP:
        print(
            f"{arguments.out}: the levels overlap, the device may have more of them or be continuous; "
            f"{result['states']} states were found, --states sets their number",
            file=sys.stderr,
        )
    if report.empty_rows:
        lines.append(f"  {report.empty_rows} rows without a trial are assumed to stay")
    emit(arguments, result, lines)
