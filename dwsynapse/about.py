"""What a file, a device or a synapse is: provenance and content, and what follows from its parameters."""

from pathlib import Path
from typing import Any

from compact.exchange.synapse_file import load_synapse
from compact.exchange.synapse_table import table_of
from dwcore.arguments import checked
from dwcore.canvas.number_text import counted
from dwcore.errors import InputError
from dwcore.storage.files import describe, open_checked, provenance
from dwcore.storage.notes import notes_in
from dwsynapse.derived import derived, device_notes, wells
from dwsynapse.toml_files import check as check_toml
from dwsynapse.toml_files import is_toml_or_name, kind_of
from llg.device.device_file import load_device


@checked
def info(source: str | Path, *, check: bool = False) -> dict[str, Any]:
    """Return what a file is, or what is shipped under a name, as `dwsynapse info --json` prints it.

    Args:
        source: a file of this program, a TOML file of a user, or the name of something shipped.
        check: of an HDF5 file, check the content against the format of its kind as well.

    Raises:
        InputError: it is not sound; the message names the fault.
    """
    if is_toml_or_name(source):
        kind = kind_of(source)
        if check:
            raise InputError(f"info: --check is for HDF5 files; {source} is a {kind}, which is always checked")
        return {"device": _about_device, "synapse": _about_synapse}.get(kind, check_toml)(source)
    if Path(source).suffix.lower() == ".json" and Path(source).is_file():
        raise InputError(
            f"{source}: is JSON, which has no seal to verify; what it sums up is in the .h5 files beside it"
        )
    return _about_file(source, check)


def _about_device(source: str | Path) -> dict[str, Any]:
    device = load_device(source)
    found = wells(device)
    return {
        "device": device.name,
        "source": str(source),
        "model": device.wall.model,
        "notches": len(device.notches),
        "wall_shape": device.wall_shape,
        "not_relaxed": device.not_relaxed if device.wall.shape == "auto" else "",
        "temperature_K": device.temperature,
        "derived": [quantity._asdict() for quantity in derived(device)],
        "wells": found,
        "notes": device_notes(device, found),
    }


def _about_synapse(source: str | Path) -> dict[str, Any]:
    given, table = load_synapse(source), table_of(source)
    return {
        "synapse": given.name,
        "figures": {name: _rows(name, value, table.position.size) for name, value in table.config["synapse"].items()},
        "states": table.position.size,
        "instances": table.counts.shape[0],
        "conductance_S": list(given.synapse.window),
        "config": {"origin": table.config["origin"]},
        "about": str(source),
    }


def _rows(name: str, value: Any, states: int) -> Any:
    """Return a figure of a synapse as its file holds it: matrices as a list for each state."""
    if name not in ("up", "down"):
        return value
    width = len(value) // states
    return [list(value[start : start + width]) for start in range(0, len(value), width)]


def _about_file(path: str | Path, check: bool) -> dict[str, Any]:
    with open_checked(path) as file:
        origin, content = provenance(file), describe(file)
    keys = ("name", "shape", "dtype", "unit", "long_name")
    arrays = [
        dict(zip(keys, (name, list(shape), str(dtype), *rest), strict=True)) for name, shape, dtype, *rest in content
    ]
    result = {"file": str(path), "sound": True, **origin, "arrays": arrays, "notes": notes_in(origin["config"])}
    return result | {"checked": _checked(path, origin["schema"])} if check else result


def _checked(path: str | Path, schema: str) -> list[str]:
    """Check a file as its kind demands; return what was found, in words.

    Raises:
        InputError: names the file and what is wrong with it.
    """
    from arraysim.programming.file import load_programming
    from arraysim.training.file import load_training
    from compact.bulk.sweep_file import check_sweep
    from compact.table.table_file import check_table
    from dwsynapse.front import load_front
    from dwsynapse.variation_file import load_variation
    from llg.runs.trajectories import load_trajectories

    if schema == "dwsynapse.transition-table":
        return check_table(path)
    if schema == "dwsynapse.sweep":
        return check_sweep(path)
    if schema == "dwsynapse.trajectories":
        return [f"trajectories of {load_trajectories(path).q.shape[0]} walls"]
    if schema == "dwsynapse.training":
        return [f"training results of {counted(len(load_training(path)), 'seed')}"]
    if schema == "dwsynapse.programming":
        return [f"programmed chips of {counted(len(load_programming(path)), 'seed')}"]
    if schema == "dwsynapse.variation":
        found = load_variation(path)
        return [f"{found.command} at {found.progress}"]
    if schema == "dwsynapse.front":
        return [f"front of {(front := load_front(path)).name}: {front.words}"]
    return ["no more than the rules for all files"]
