"""What a file or a device is: provenance and content of a file, and what follows from the parameters of a device."""

import math
from pathlib import Path
from typing import Any, NamedTuple

from compact.exchange.synapse_file import is_synapse, load_synapse
from compact.exchange.synapse_table import table_of
from dwcore.errors import InputError, RunError, nearest
from dwcore.storage.files import describe, open_checked, provenance
from llg.constants import GAMMA_0, K_B, MU_0
from llg.device.device import Device
from llg.device.device_file import load_device, shipped_devices


class Derived(NamedTuple):
    """A quantity that follows from the parameters of a device."""

    name: str
    value: float
    unit: str
    meaning: str


def is_device(source: str | Path) -> bool:
    """Return whether a source is meant as a device with physics, not as a file of results or a `[synapse]`."""
    path = Path(source)
    return (path.suffix == ".toml" or not (path.suffix or path.exists())) and not is_synapse(source)


def info(source: str | Path, *, check: bool = False) -> dict[str, Any]:
    """Return what a file or a device is, as `dwsynapse info --json` prints it.

    Args:
        source: a file of this program, a shipped device or synapse, a device file or a `[synapse]`.
        check: of a file, check the content against the format of its kind as well.

    Raises:
        InputError: it is not sound; the message names the fault.
    """
    if is_device(source):
        _check_name(source)
        return _about_device(source)
    if Path(source).suffix.lower() == ".json" and Path(source).is_file():
        raise InputError(
            f"{source}: is JSON, which has no seal to verify; what it sums up is in the .h5 files beside it"
        )
    return _about_synapse(source) if is_synapse(source) else _about_file(source, check)


def _check_name(source: str | Path) -> None:
    """Refuse a name that nothing shipped has and no file."""
    from compact.exchange.synapse_file import shipped_synapses
    from dwsynapse.recipes import shipped

    names = [*shipped_devices(), *shipped_synapses(), *shipped()]
    if not (str(source) in names or Path(source).suffix == ".toml" or Path(source).exists()):
        raise InputError(f"{source}: no such file, shipped device, synapse or recipe{nearest(str(source), names)}")


def derived(device: Device) -> list[Derived]:
    """Return what follows from the parameters of a device without a simulation; the formulas are in docs/theory-llg.md.

    The velocity is (pi/2) gamma0 Delta |H_D|, which a spin-orbit torque approaches at large currents where the chiral
    field is far above H_K: A. Thiaville et al., EPL 100, 57002 (2012).
    """
    from llg.walls.analytic import walker_field
    from llg.walls.q_phi import QPhiModel

    model = QPhiModel(device)
    walker = walker_field(model.alpha, model.H_K, model.H_D)
    axis = device.material.easy_axis
    return [
        Derived("K_eff", device.material.K_eff, "J/m^3", "effective anisotropy"),
        Derived("Delta", model.Delta, "m", "wall width parameter"),
        Derived("sigma_0", model.sigma_0, "J/m^2", "energy of the straight Bloch wall without DMI"),
        Derived("H_K", model.H_K, "A/m", "in-plane shape field of the wall, > 0 favours Bloch"),
        Derived("H_D", model.H_D, "A/m", "chiral field of the interfacial DMI"),
        Derived("walker_field", MU_0 * walker, "T", f"largest field along {axis} in which the wall angle stands still"),
        Derived("saturation_velocity", math.pi / 2 * GAMMA_0 * model.Delta * abs(model.H_D), "m/s",
                "velocity that a spin-orbit torque approaches at large currents"),
    ]  # fmt: skip


def _about_device(source: str | Path) -> dict[str, Any]:
    device = load_device(source)
    return {
        "device": device.name,
        "source": str(source),
        "model": device.wall.model,
        "wall_shape": device.wall_shape,
        "not_relaxed": device.not_relaxed if device.wall.shape == "auto" else "",
        "temperature_K": device.temperature,
        "derived": [quantity._asdict() for quantity in derived(device)],
        "wells": wells(device),
    }


def _about_synapse(source: str | Path) -> dict[str, Any]:
    given, table = load_synapse(source), table_of(source)
    return {
        "synapse": given.name,
        "figures": table.config["synapse"],
        "states": table.position.size,
        "instances": table.counts.shape[0],
        "conductance_S": [float(table.conductance[0]), float(table.conductance[-1])],
        "config": {"origin": table.config["origin"]},
        "about": str(source),
    }


def wells(device: Device) -> list[dict[str, float | None]]:
    """Return where the wall rests and how high the barriers are; kB T at 0 K measures none."""
    from llg.landscape.wells import find_wells
    from llg.walls.q_phi import QPhiModel

    kT = K_B * device.temperature
    try:
        wells = find_wells(QPhiModel(device), device.temperature)
    except RunError:  # a track without wells is sound
        return []
    sides = ("left", "right")
    barriers = [{side: getattr(well, f"barrier_{side}") for side in sides} for well in wells]
    return [
        {"q_m": well.q, **{f"barrier_{side}_kT": energy[side] / kT if kT else None for side in sides}}
        for well, energy in zip(wells, barriers, strict=True)
    ]


def _about_file(path: str | Path, check: bool) -> dict[str, Any]:
    with open_checked(path) as file:
        origin, content = provenance(file), describe(file)
    keys = ("name", "shape", "dtype", "unit", "long_name")
    arrays = [
        dict(zip(keys, (name, list(shape), str(dtype), *rest), strict=True)) for name, shape, dtype, *rest in content
    ]
    result = {"file": str(path), "sound": True, **origin, "arrays": arrays}
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
    from dwsynapse.variation import load_variation
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
    if schema == "dwsynapse.variation":
        found = load_variation(path)
        return [f"{found.command} at {found.progress}"]
    return ["no more than the rules for all files"]
