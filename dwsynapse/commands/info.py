"""`dwsynapse info`: what a file is, or what is shipped under a name; where it came from, and what follows from it."""

import argparse
from typing import Any

from dwcore.canvas.number_text import counted
from dwcore.errors import InputError
from dwsynapse.options import add_common, emit


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument(
        "file",
        metavar="FILE|NAME",
        help="an HDF5 file of this program, a TOML file of any kind, or a shipped device, synapse, recipe or network",
    )
    parser.add_argument("--check", action="store_true",
                        help="check the content against the format of its kind as well: types, shapes, units, values")  # fmt: skip
    add_common(parser, seed=False)


def run(arguments: argparse.Namespace) -> None:
    """Describe a file, which is checked, or what is shipped."""
    from dwsynapse.about import info

    result = info(arguments.file, check=arguments.check)
    lines = {"device": _device_lines, "synapse": _synapse_lines, "arrays": _file_lines}
    emit(arguments, result, next((lines[kind] for kind in lines if kind in result), _settings_lines)(result))


def _settings_lines(result: dict) -> list[str]:
    first, *more = result["says"]
    return [f"{result['file']}: {first}", *(f"  {words}" for words in more)]


def _device_lines(result: dict) -> list[str]:
    from dwsynapse.derived import count_of_wells

    lines = [
        f'{result["source"]}: the device "{result["device"]}", model {result["model"]}, {result["temperature_K"]:g} K'
    ]
    for one in result["derived"]:
        unit = "" if one["unit"] == "1" else f" {one['unit']}"
        lines.append(f"  {one['name']} = {one['value']:.4g}{unit}: {one['meaning']}")
    why = f": {result['not_relaxed']}" if result["not_relaxed"] else ""
    if result["notches"]:
        lines.append(f"  the wall is {result['wall_shape']} in the notches{why}")
    takes = "dwsynapse rates and simulate take the device" if result["wells"] else "dwsynapse simulate takes the device"
    lines.append(f"  {count_of_wells(result['wells'])}; {takes}")
    for well in result["wells"]:
        place = " (no notch)" if well["in_notch"] is False else ""
        barriers = f"barriers {well['barrier_left_kT']:.1f} and {well['barrier_right_kT']:.1f} kB T"
        lines.append(f"  {1e9 * well['q_m']:.1f} nm{place}: {barriers}")
    return lines


def _synapse_lines(result: dict) -> list[str]:
    from compact.exchange.synapse_file import Synapse

    units = {name: unit for name, unit, _ in Synapse.describe()}
    low, high = result["conductance_S"]
    lines = [f'{result["about"]}: the synapse "{result["synapse"]}", known by its figures']
    lines.append(
        f"  {result['states']} states of {low:.4g} to {high:.4g} S, {counted(result['instances'], 'device instance')}"
    )
    for name, value in result["figures"].items():
        unit = "" if units[name] == "1" else f" {units[name]}"
        lines.append(f"  {name} = {_shown(value)}{unit}")
    lines += _foreign_lines(result["config"])
    return [*lines, "  dwsynapse train, program, cost, plot and export take it in place of a table"]


def _shown(value: Any) -> str:
    """Return a value as a file would say it, numbers rounded."""
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _file_lines(result: dict) -> list[str]:
    from dwcore.storage.files import JOURNALS
    from llg.device.static_field import field_words

    lines = [
        f"{result['file']}: sound {result['schema']} version {result['schema_version']}, complete, content verified"
    ]
    if "checked" not in result and result["schema"] in JOURNALS:
        lines.append("  its blocks, written after it was sealed, are verified by --check only")
    lines += [f"  checked: {words}" for words in result.get("checked", ())]
    lines += [f"  {key}: {result[key]}" for key in ("seed", "command_line", "git_state", "versions", "inputs")]
    lines += _foreign_lines(result["config"])
    device = result["config"].get("device") if isinstance(result["config"], dict) else None
    if isinstance(device, dict) and (field := field_words(device.get("field"))):
        lines.append(f"  in the static field {field}")
    if "wall_shape" in result["config"]:
        lines.append(f"  the wall was {result['config']['wall_shape']} in the notches")
    if "unsettled_share" in result["config"]:
        share = result["config"]["unsettled_share"]
        if isinstance(share, bool) or not isinstance(share, int | float):
            raise InputError(f"{result['file']}: the configuration has unsettled_share = {share!r}, must be a number")
        lines.append(f"  unsettled: {share:.2%} of the walls were counted before they settled")
    shown = ((a["name"], tuple(a["shape"]), a["dtype"], a["unit"], a["long_name"]) for a in result["arrays"])
    return lines + [f"  {name} {shape} {dtype} [{unit}] {words}" for name, shape, dtype, unit, words in shown]


def fidelity_words(fidelity: dict) -> str:
    """Return how well states carry a conductance that has none of its own."""
    return (
        f"a pulse moves by {fidelity['mean_step']:.2f} states; its spread is {fidelity['std_ratio']:.2f} times that of "
        f"the source, and the distribution differs by {fidelity['largest_shift']:.3f} at most"
    )


def _foreign_lines(config) -> list[str]:
    """Return what a file says that was made from data of another program: where from, and what it lacks."""
    origin = config.get("origin") if isinstance(config, dict) else None
    if not isinstance(origin, dict):
        return []
    lines = [f"  imported from: {origin['format']}"] if origin.get("format", "synapse") != "synapse" else []
    lines += [f"  {key}: {origin[key]}" for key in ("counts", "source", "validity", "assumptions") if key in origin]
    if isinstance(origin.get("fidelity"), dict):
        lines.append(f"  states stand for a curve: {fidelity_words(origin['fidelity'])}")
    stand_ins = origin.get("placeholders")
    names = stand_ins.items() if isinstance(stand_ins, dict) else ()
    return lines + [f"  unknown, a stand-in: {name} = {words}" for name, words in names]
