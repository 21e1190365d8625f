"""`dwsynapse info`: what a file is, where it came from, and whether it is sound in every detail of its format."""

import argparse

from dwsynapse.options import add_common, emit


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("file", metavar="FILE", help="an HDF5 file of this program")
    parser.add_argument("--check", action="store_true",
                      help="check the content against the format of its kind as well: types, shapes, units, values")  # fmt: skip
    add_common(parser, seed=False)


def run(arguments: argparse.Namespace) -> None:
    """Check a file and describe it."""
    from dwcore.storage.files import JOURNALS, describe, open_checked, provenance

    with open_checked(arguments.file) as file:
        origin, content = provenance(file), describe(file)
    checked = _check(arguments.file, origin["schema"]) if arguments.check else None
    arrays = [
        {"name": name, "shape": list(shape), "dtype": str(dtype), "unit": unit, "long_name": long_name}
        for name, shape, dtype, unit, long_name in content
    ]
    lines = [
        f"{arguments.file}: sound {origin['schema']} version {origin['schema_version']}, complete, content verified"
    ]
    if checked is None and origin["schema"] in JOURNALS:
        lines.append("  its blocks, written after it was sealed, are verified by --check only")
    lines += [f"  checked: {words}" for words in checked or ()]
    lines += [f"  {key}: {origin[key]}" for key in ("seed", "command_line", "git_state", "versions", "inputs")]
    lines += _foreign_lines(origin["config"])
    lines += [f"  {a['name']} {tuple(a['shape'])} {a['dtype']} [{a['unit']}] {a['long_name']}" for a in arrays]
    result = {"file": arguments.file, "sound": True, **origin, "arrays": arrays}
    emit(arguments, result if checked is None else result | {"checked": checked}, lines)


def _check(path, schema: str) -> list[str]:
    """Check a file as its kind demands; returns what was found, in words.

    Raises:
        InputError: names the file and what is wrong with it.
    """
    from arraysim.programming.file import load_programming
    from arraysim.training.file import load_training
    from arraysim.training.series import load_series
    from compact.bulk.check import check_sweep
    from compact.table.table_check import check_table
    from llg.runs.trajectories import load_trajectories

    if schema == "dwsynapse.transition-table":
        return check_table(path)
    if schema == "dwsynapse.sweep":
        return check_sweep(path)
    if schema == "dwsynapse.trajectories":
        return [f"trajectories of {load_trajectories(path).q.shape[0]} walls"]
    if schema == "dwsynapse.training":
        return [f"training results of {len(load_training(path))} seeds"]
    if schema == "dwsynapse.programming":
        return [f"programmed chips of {len(load_programming(path))} seeds"]
    if schema == "dwsynapse.training-series":
        load_series(path)
        return ["a series of trainings"]
    return ["no more than the rules for all files"]


def _foreign_lines(config) -> list[str]:
    """What a file says that was made from data of another program: where from, and what it lacks."""
    origin = config.get("origin") if isinstance(config, dict) else None
    if not isinstance(origin, dict):
        return []
    lines = [f"  imported from: {origin['format']}"] if "format" in origin else []
    lines += [f"  counts: {origin['counts']}"] if "counts" in origin else []
    stand_ins = origin.get("placeholders")
    names = stand_ins.items() if isinstance(stand_ins, dict) else ()
    return lines + [f"  unknown, a stand-in: {name} = {words}" for name, words in names]
