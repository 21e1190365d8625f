"""`dwsynapse export`: transition tables and devices for other simulators."""

import argparse

from dwcore.errors import InputError
from dwsynapse.options import add_common, emit, path, si, whole_number, writable_file, writable_folder

FORMATS = {
    "crosssim": "lookup tables of CrossSim, a folder",
    "neurosim": "device parameters, JSON",
    "aihwkit": "PiecewiseStepDevice, JSON",
    "verilog-a": "module for circuit simulators",
    "mumax3": "of a device: scripts that map a notch in full micromagnetics for `calibrate`, a folder",
    "ubermag": "of a device: the same for Ubermag and OOMMF, a folder",
}
RESOLUTION = 501


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument(
        "table", type=path, metavar="TABLE|DEVICE", help="transition table; for mumax3 and ubermag a device"
    )
    parser.add_argument("--to", dest="target", required=True, choices=FORMATS, help="; ".join(FORMATS.values()))
    parser.add_argument("--temperature", type=si("K"), metavar="T", help="of the chip (default: lowest of the table)")
    parser.add_argument("--resolution", type=whole_number(3), metavar="N",
                        help=f"crosssim: points of G and of probability (default {RESOLUTION})")  # fmt: skip
    parser.add_argument("--device", type=whole_number(0), metavar="K", help="verilog-a: device instance (default 0)")
    parser.add_argument("--name", metavar="NAME", help="verilog-a: name of the module (default: that of the file)")
    parser.add_argument("--origin", type=si("m"), metavar="Q",
                        help="mumax3, ubermag: a place near the notch to simulate, where there are several")  # fmt: skip
    add_common(parser, output="write to this file; a folder for crosssim, mumax3 and ubermag", seed=False)


def run(arguments: argparse.Namespace) -> None:
    """Write a transition table or a device in a foreign format."""
    if arguments.out is None:
        raise InputError("export: needs -o PATH to write to")
    own = {"crosssim": ("resolution",), "verilog-a": ("device", "name"), "mumax3": ("origin",), "ubermag": ("origin",)}
    for name in ("resolution", "device", "name", "origin"):
        if name not in own.get(arguments.target, ()) and getattr(arguments, name) is not None:
            raise InputError(f"export: --to {arguments.target} takes no --{name}")
    if arguments.target in ("mumax3", "ubermag"):
        _export_scripts(arguments)
        return
    from compact.exchange.synapse_table import table_of
    from compact.table.origin import need_conductance

    table = table_of(arguments.table)
    need_conductance(table)
    {"crosssim": _export_crosssim, "neurosim": _export_json, "aihwkit": _export_json, "verilog-a": _export_module}[
        arguments.target
    ](arguments, table)


def _export_scripts(arguments: argparse.Namespace):
    from llg.calibration import mumax3, ubermag
    from llg.device.device_file import load_device

    if arguments.temperature is not None:
        raise InputError(f"export: --to {arguments.target} takes no --temperature; the device has its own")
    save, left_out = {
        "mumax3": (mumax3.save_mumax3, mumax3.left_out),
        "ubermag": (ubermag.save_ubermag, ubermag.left_out),
    }[arguments.target]
    device = load_device(str(arguments.table))
    writable_folder(arguments.out, arguments.force)
    written = save(arguments.out, device, origin=arguments.origin, force=arguments.force)
    result = {"format": arguments.target, "files": [str(path) for path in written], "notes": left_out(device)}
    emit(arguments, result, [f"{arguments.out}: {', '.join(path.name for path in written)}"])


def _export_crosssim(arguments: argparse.Namespace, table):
    from compact.exchange.crosssim_export import export_crosssim
    from compact.table.origin import caveats

    writable_folder(arguments.out, arguments.force)
    written = export_crosssim(
        arguments.out,
        table,
        resolution=RESOLUTION if arguments.resolution is None else arguments.resolution,
        temperature=arguments.temperature,
        force=arguments.force,
    )
    result = {"format": "crosssim", "files": [str(path) for path in written], "notes": caveats(table)}
    emit(arguments, result, [f"{arguments.out}: {len(written)} lookup tables"])


def _export_json(arguments: argparse.Namespace, table):
    import json

    from compact.exchange.aihwkit import aihwkit_device
    from compact.exchange.neurosim import neurosim_parameters
    from compact.exchange.pulse_rows import pulse_rows
    from compact.exchange.write_line import write_line
    from compact.table.origin import caveats, placeholders
    from dwcore.storage.atomic import replacing

    writable_file(arguments.out, arguments.force)
    rows = pulse_rows(table, temperature=arguments.temperature)
    if arguments.target == "neurosim":
        content = neurosim_parameters(rows, write_line(table), tuple(placeholders(table)))
    else:
        content = aihwkit_device(rows)
    content |= {"table": str(arguments.table), "notes": caveats(table)}
    with replacing(arguments.out, force=arguments.force) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    emit(
        arguments,
        {"format": arguments.target, "files": [str(arguments.out)], "notes": content["notes"]},
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
    emit(arguments, result, [f"{arguments.out}: module {module.name}"])
