"""The subcommands `import` and `export`: transition tables from and to other programs."""

import argparse
from pathlib import Path

from dwcore.errors import InputError
from dwsynapse.options import add_common, emit, si, whole_number, writable_file, writable_folder

SOURCES = {
    "crosssim": "lookup tables of CrossSim, files or a folder",
    "pulses": "one CSV file of measured pulse responses",
}
FORMATS = {
    "crosssim": "lookup tables of CrossSim, a folder",
    "neurosim": "device parameters, JSON",
    "aihwkit": "PiecewiseStepDevice, JSON",
    "verilog-a": "module for circuit simulators",
}
STATES = 64
RESOLUTION = 501
WIDE = 1.1
"""Ratio of spreads from which on another number of states is proposed [1]."""


def add_import(commands):
    """Declare `import`; nothing heavy is imported before it runs."""
    parser = commands.add_parser("import", help="transition table from data of other programs")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="; ".join(SOURCES.values()))
    parser.add_argument("--from", dest="source", required=True, choices=SOURCES, help="format of the files")
    parser.add_argument(
        "--states",
        type=whole_number(2),
        metavar="S",
        help=f"number of states (default: {STATES} for crosssim, found from the data for pulses)",
    )
    parser.add_argument(
        "--current", type=si("A/m^2"), metavar="J", help="crosssim: magnitude of the pulse, where known"
    )
    parser.add_argument("--duration", type=si("s"), metavar="T", help="crosssim: duration of the pulse, where known")
    parser.add_argument("--temperature", type=si("K"), metavar="T", help="temperature (default: 300 K, assumed)")
    parser.add_argument("--energy", type=si("J"), metavar="E", help="energy of the pulse, where known")
    parser.add_argument(
        "--area", type=si("m^2"), metavar="A", help="pulses: cross-section that a current in A goes through"
    )
    parser.add_argument("--assume-stay", action="store_true",
                        help="pulses: let a wall stay where a pulse was never sent from its state")  # fmt: skip
    add_common(parser, output="write the table to this HDF5 file", seed=False)
    parser.set_defaults(run=run_import)


def run_import(arguments: argparse.Namespace):
    """Read foreign data and write a transition table."""
    if arguments.out is None:
        raise InputError("import: needs -o FILE to write the table to")
    writable_file(arguments.out, arguments.force)
    foreign = {"crosssim": ("area", "assume_stay"), "pulses": ("current", "duration")}[arguments.source]
    for name in foreign:
        if getattr(arguments, name):
            raise InputError(f"import: --from {arguments.source} takes no --{name.replace('_', '-')}")
    {"crosssim": _import_crosssim, "pulses": _import_pulses}[arguments.source](arguments)


def _import_crosssim(arguments: argparse.Namespace):
    import dataclasses

    from compact.exchange.crosssim_import import PulseFacts, device_pairs, import_crosssim
    from compact.table.origin import placeholders
    from compact.table.table_file import save_table

    facts = PulseFacts(
        current_density=arguments.current,
        duration=arguments.duration,
        temperature=arguments.temperature,
        energy=arguments.energy,
    )
    pairs = device_pairs(arguments.files)
    table, fidelity = import_crosssim(pairs, states=arguments.states or STATES, facts=facts)
    save_table(arguments.out, table, inputs=[file for pair in pairs for file in pair], force=arguments.force)
    result = {
        "table": str(arguments.out),
        "states": table.position.size,
        "devices": len(pairs),
        "conductance_S": [float(table.conductance[0]), float(table.conductance[-1])],
        "placeholders": placeholders(table),
        **dataclasses.asdict(fidelity),
    }
    lines = [
        f"{arguments.out}: {result['states']} states, {len(pairs)} devices",
        f"  a pulse moves by {fidelity.mean_step:.2f} states; its spread is {fidelity.std_ratio:.2f} times that of the "
        f"source, and the distribution differs by {fidelity.largest_shift:.3f} at most",
        f"  stand-ins for what is unknown: {', '.join(placeholders(table))}",
    ]
    if fidelity.std_ratio > WIDE:
        lines.insert(
            2, f"  --states {fidelity.whole_step_states} would let pulses move by whole states, or take many more"
        )
    emit(arguments, result, lines)


def _import_pulses(arguments: argparse.Namespace):
    import dataclasses

    from compact.exchange.crosssim_import import PulseFacts
    from compact.exchange.pulse_data import read_pulse_data
    from compact.exchange.pulse_import import import_pulses
    from compact.table.origin import placeholders
    from compact.table.table_file import save_table

    if len(arguments.files) > 1:
        raise InputError(f"import: --from pulses takes one file, {len(arguments.files)} were given")
    table, report = import_pulses(
        read_pulse_data(arguments.files[0]),
        states=arguments.states,
        facts=PulseFacts(temperature=arguments.temperature, energy=arguments.energy),
        area=arguments.area,
        assume_stay=arguments.assume_stay,
    )
    save_table(arguments.out, table, inputs=arguments.files, force=arguments.force)
    counted = dataclasses.asdict(report)
    result = {
        "table": str(arguments.out),
        "states": table.position.size,
        "devices": table.counts.shape[0],
        "conductance_S": [float(table.conductance[0]), float(table.conductance[-1])],
        "placeholders": placeholders(table),
        **counted,
        "bic": {str(states): value for states, value in report.bic.items()},
    }
    left_out = f"{report.outliers} outliers, {report.gaps} pulses without a reading before and after"
    lines = [
        f"{arguments.out}: {result['states']} states, {result['devices']} devices",
        f"  {report.transitions} transitions from {report.readings} readings; left out: {left_out}",
        f"  readings put to a wrong state, expected: {report.misplaced:.2%}",
        f"  stand-ins for what is unknown: {', '.join(placeholders(table))}",
    ]
    if report.empty_rows:
        lines.append(f"  {report.empty_rows} rows without a trial are assumed to stay")
    emit(arguments, result, lines)


def add_export(commands):
    """Declare `export`; nothing heavy is imported before it runs."""
    parser = commands.add_parser("export", help="transition table for other simulators")
    parser.add_argument("table", type=Path, metavar="TABLE", help="transition table")
    parser.add_argument("--to", dest="target", required=True, choices=FORMATS, help="; ".join(FORMATS.values()))
    parser.add_argument("--temperature", type=si("K"), metavar="T", help="of the chip (default: lowest of the table)")
    parser.add_argument("--resolution", type=whole_number(3), metavar="N",
                        help=f"crosssim: points of G and of probability (default {RESOLUTION})")  # fmt: skip
    parser.add_argument("--device", type=whole_number(0), metavar="K", help="verilog-a: device instance (default 0)")
    parser.add_argument("--name", metavar="NAME", help="verilog-a: name of the module (default: that of the file)")
    add_common(parser, output="write to this file; a folder for crosssim", seed=False)
    parser.set_defaults(run=run_export)


def run_export(arguments: argparse.Namespace):
    """Write a transition table in a foreign format."""
    from compact.table.table_file import load_table

    if arguments.out is None:
        raise InputError("export: needs -o PATH to write to")
    own = {"crosssim": ("resolution",), "verilog-a": ("device", "name")}
    for target, names in own.items():
        for name in names:
            if target != arguments.target and getattr(arguments, name) is not None:
                raise InputError(f"export: --to {arguments.target} takes no --{name}")
    table = load_table(arguments.table)
    {"crosssim": _export_crosssim, "neurosim": _export_json, "aihwkit": _export_json, "verilog-a": _export_module}[
        arguments.target
    ](arguments, table)


def _export_crosssim(arguments: argparse.Namespace, table):
    from compact.exchange.crosssim_export import export_crosssim

    writable_folder(arguments.out, arguments.force)
    written = export_crosssim(
        arguments.out,
        table,
        resolution=RESOLUTION if arguments.resolution is None else arguments.resolution,
        temperature=arguments.temperature,
        force=arguments.force,
    )
    result = {"format": "crosssim", "files": [str(path) for path in written]}
    emit(arguments, result, [f"{arguments.out}: {len(written)} lookup tables"])


def _export_json(arguments: argparse.Namespace, table):
    import json

    from compact.exchange.aihwkit import aihwkit_device
    from compact.exchange.neurosim import neurosim_parameters
    from compact.exchange.pulse_rows import pulse_rows
    from compact.exchange.write_line import write_line
    from compact.table.origin import placeholders
    from dwcore.storage.atomic import replacing

    writable_file(arguments.out, arguments.force)
    rows = pulse_rows(table, temperature=arguments.temperature)
    if arguments.target == "neurosim":
        content = neurosim_parameters(rows, write_line(table), tuple(placeholders(table)))
    else:
        content = aihwkit_device(rows)
    content["table"] = str(arguments.table)
    with replacing(arguments.out, force=arguments.force) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    emit(
        arguments,
        {"format": arguments.target, "files": [str(arguments.out)]},
        [f"{arguments.out}: {FORMATS[arguments.target]}"],
    )


def _export_module(arguments: argparse.Namespace, table):
    import re

    from compact.exchange.verilog_a import save_module, synapse_module

    writable_file(arguments.out, arguments.force)
    name = re.sub(r"\W", "_", arguments.out.stem) if arguments.name is None else arguments.name
    module = synapse_module(table, name=name, device=arguments.device or 0, temperature=arguments.temperature)
    save_module(arguments.out, module, force=arguments.force)
    result = {
        "format": "verilog-a",
        "files": [str(arguments.out)],
        "module": module.name,
        "law": module.law,
        "notes": list(module.notes),
    }
    emit(arguments, result, [f"{arguments.out}: module {module.name}", *(f"  {note}" for note in module.notes)])
