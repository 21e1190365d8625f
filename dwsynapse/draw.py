"""Figures of files and devices by name, and moving pictures of trajectories; the table of figures is `figures.py`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from arraysim.programming.file import load_programming
from arraysim.training.file import load_training
from compact.exchange.synapse_file import is_synapse
from compact.exchange.synapse_table import table_of
from compact.table.table_file import load_table
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.canvas.line_breaks import entitle
from dwcore.canvas.style import own_look
from dwcore.errors import InputError, nearest
from dwcore.storage.files import open_checked, provenance
from dwcore.storage.notes import notes_in, united
from dwsynapse.figures import DEVICE, FRONT, PROGRAMMING, TABLE, TRAINING, TRAJECTORIES, VARIATION, FigureKind
from dwsynapse.front import load_front
from dwsynapse.toml_files import is_toml_or_name, kind_of
from dwsynapse.variation_file import load_variation
from llg.device.device import Device
from llg.device.device_file import load_device
from llg.drawing.animation import WallScene
from llg.drawing.device_figures import DrivenDevice
from llg.drawing.motion_plots import pulses_figure
from llg.runs.trajectories import load_trajectories
from llg.runs.validity import notes
from llg.walls.q_phi import Field

_BY_SCHEMA = {
    "dwsynapse.trajectories": (load_trajectories, TRAJECTORIES),
    "dwsynapse.transition-table": (load_table, TABLE),
    "dwsynapse.training": (load_training, TRAINING),
    "dwsynapse.variation": (load_variation, VARIATION),
    "dwsynapse.programming": (load_programming, PROGRAMMING),
    "dwsynapse.front": (load_front, FRONT),
}


def is_device(source: str) -> bool:
    """Return whether a source is a device with physics, not a file of results or a `[synapse]`.

    Raises:
        InputError: a TOML file whose keys are those of no kind, or a name that nothing shipped has.
    """
    return is_toml_or_name(source) and kind_of(source) == "device"


@checked
def draw_file(
    path,
    name: str | None = None,
    *,
    device: int | None = None,
    temperature: float | None = None,
    width: float | None = None,
) -> tuple[str, Figure]:
    """Draw one figure of a file.

    Args:
        path: a file of this program, or a `[synapse]`.
        name: which figure; the first of its kind by default.
        device: number of the device instance of a table; by default the mean over all, where there is one.
        temperature: one that the table holds [K]; by default its first.
        width: of the figure, 3.4 and 7 for a column and a page of a journal; by default that of screens [inch].

    Returns:
        Name and figure.

    Raises:
        InputError: not a sound file, it has no such figure, or the figure takes no such choice.
    """
    load: Callable[[Any], object]
    subject = ""
    if is_synapse(path):
        load, kinds = table_of, TABLE
    elif is_toml_or_name(path):
        raise InputError(f"{path}: is a {kind_of(path)}, of which there is no figure")
    else:
        with open_checked(path) as file:
            origin = provenance(file)
        schema, subject = origin["schema"], _subject(origin["config"])
        if schema not in _BY_SCHEMA:
            raise InputError(f"{path}: there is no figure of a {schema}")
        load, kinds = _BY_SCHEMA[schema]
    name = _known(path, name, kinds)
    for key, value in {"device": device, "temperature": temperature}.items():
        if value is not None and key not in kinds[name].takes:
            raise InputError(f'{path}: the figure "{name}" takes no {key}')
    content: Any = load(path)
    view = _view(path, content, device, temperature) if "device" in kinds[name].takes else {}
    return name, kinds[name].draw(content, width, subject=subject, **view)


def notes_of(sources: Sequence[str], drive: Mapping[str, float | None]) -> list[str]:
    """Return the notes that files carry, and those on devices under a drive, each once; `[synapse]` files have none.

    Args:
        sources: files or devices.
        drive: `current_density` and field as of `draw_device`; None for the nominal pulse, and for no field.
    """
    found = []
    for source in sources:
        if is_device(source):
            device = _in_fields(source, drive.get("H_x"), drive.get("H_y"))
            J, pulse = drive.get("current_density"), device.pulse
            J = (0.0 if pulse is None else pulse.current_density) if J is None else J
            found.append(notes(device, J, field=Field(H_z=drive.get("H_z") or 0.0)))
        elif not is_toml_or_name(source):
            with open_checked(source) as file:
                found.append(notes_in(provenance(file)["config"]))
    return united(*found)


def _subject(config: Any) -> str:
    """Return which synapses trained or programmed chips have, as their file says it; empty where it does not."""
    words = config.get("synapses", "") if isinstance(config, dict) else ""
    return words if isinstance(words, str) else ""


@checked
def draw_pulses(paths: Sequence[str], *, width: float | None = None) -> tuple[str, Figure]:
    """Draw the wall position under several pulses, of recorded trajectories in as many files.

    Args:
        paths: trajectory files.
        width: of the figure, 3.4 and 7 for a column and a page of a journal; by default that of screens [inch].

    Returns:
        Name and figure.

    Raises:
        InputError: not a sound file of trajectories.
    """
    runs = [load_trajectories(path) for path in paths]
    with own_look(width):
        figure = pulses_figure(runs)
        subjects = dict.fromkeys(f"{run.device.name}, {run.device.temperature:g} K" for run in runs)
        entitle(figure, "; ".join(subjects))
    return "pulses", figure


def _view(path, table: TransitionTable, device: int | None, temperature: float | None) -> dict[str, int]:
    """Return the numbers of the chosen device instance and temperature; of what is not chosen nothing."""
    held = table.temperature
    if device is not None and device >= len(table.counts):
        raise InputError(f"{path}: instance = {device} must be < {len(table.counts)}, the number of device instances")
    if temperature is not None and not np.isclose(held, temperature).any():
        raise InputError(
            f"{path}: temperature = {temperature:g} [K] must be one of {', '.join(f'{T:g}' for T in held)}"
        )
    nearest_T = None if temperature is None else int(np.argmin(np.abs(held - temperature)))
    return {key: value for key, value in (("device", device), ("temperature", nearest_T)) if value is not None}


@checked
def draw_device(
    source: str,
    name: str | None = None,
    *,
    current_density: float | None = None,
    H_x: float | None = None,
    H_y: float | None = None,
    H_z: float | None = None,
    width: float | None = None,
) -> tuple[str, Figure]:
    """Draw one figure of a device.

    Args:
        source: a device file, or the name of a shipped device.
        name: which figure; the first by default.
        current_density: held current density, or the end of the axis; by default the figure's choice [A/m^2].
        H_x: held field along the track; by default that of the device [A/m].
        H_y: held field across the track; by default that of the device [A/m].
        H_z: held perpendicular field, or the end of the axis; by default the figure's choice [A/m].
        width: of the figure, 3.4 and 7 for a column and a page of a journal; by default that of screens [inch].

    Returns:
        Name and figure.

    Raises:
        InputError: no sound device, no such figure, or one that takes no such drive.
    """
    name = _known(source, name, DEVICE)
    for key, value in {"current_density": current_density, "H_z": H_z}.items():
        if value is not None and key not in DEVICE[name].takes:
            raise InputError(f'{source}: the figure "{name}" takes no {key}')
    device = _in_fields(source, H_x, H_y)
    return name, DEVICE[name].draw(DrivenDevice(device=device, current_density=current_density, H_z=H_z), width)


def _in_fields(source: str, H_x: float | None, H_y: float | None) -> Device:
    """Return a device with the fields in the plane that are given in place of its own."""
    held = {f"field.{key}": value for key, value in {"H_x": H_x, "H_y": H_y}.items() if value is not None}
    return load_device(source).replace(held)


def _known(source, name: str | None, kinds: dict[str, FigureKind]) -> str:
    name = next(iter(kinds)) if name is None else name
    if name not in kinds:
        raise InputError(f'{source}: has no figure "{name}"{nearest(name, kinds)}')
    return name


def can_move(source: str) -> bool:
    """Whether a source is a file of recorded trajectories.

    Raises:
        InputError: not a sound file of this program.
    """
    if is_device(source):
        return False
    with open_checked(source) as file:
        return provenance(file)["schema"] == "dwsynapse.trajectories"


def movie_of(source: str, number: int = 0) -> Iterator[np.ndarray]:
    """Return pictures of one recorded trajectory, see `llg.drawing.animation.WallScene`.

    Args:
        source: a trajectory file.
        number: which trajectory.

    Raises:
        InputError: no sound trajectory file, or no such trajectory.
    """
    return _in_own_look(WallScene(load_trajectories(source), number))


def _in_own_look(scene: WallScene) -> Iterator[np.ndarray]:
    with own_look():
        yield from scene.frames()
