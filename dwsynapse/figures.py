"""The figures of each kind of file and of devices: what they show, and how to draw them from what the file holds."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from arraysim.drawing.cost_plots import comparison_figure
from arraysim.drawing.programming_plots import plot_reached, rounds_figure
from arraysim.drawing.training_plots import (
    plot_accuracy_against,
    plot_confusion,
    plot_learning_curves,
    plot_pulses_per_device,
    plot_state_occupancy,
    plot_weights,
)
from arraysim.programming.file import load_programming
from arraysim.training.file import load_training
from arraysim.training.series import load_series
from compact.drawing.fit_plots import fit_figure
from compact.drawing.phase_plots import plot_phase_diagram
from compact.drawing.spread_plots import spread_figure
from compact.drawing.staircase_plots import plot_state_retention, staircase_figure
from compact.drawing.transition_plots import plot_conductance_states, plot_move_probability, transition_figure
from compact.table.phase_diagram import phase_diagram
from compact.table.staircase import staircase
from compact.table.table_file import load_table
from dwcore.errors import InputError, nearest
from dwcore.storage.files import open_checked, provenance
from dwsynapse.report import captions
from llg.device.device import load_device
from llg.drawing.animation import WallScene
from llg.drawing.device_figures import (
    DrivenDevice,
    field_velocity_figure,
    landscape_figure,
    phase_figure,
    retention_figure,
    velocity_figure,
)
from llg.drawing.device_plots import plot_landscape
from llg.drawing.trajectory_plots import trajectory_figure
from llg.runs.trajectories import load_trajectories
from llg.walls.q_phi import QPhiModel


@dataclasses.dataclass(frozen=True)
class FigureKind:
    """One figure: what it tells, and how it is drawn.

    Attributes:
        caption: for the report; its first sentence is the heading.
        draw: makes the figure from the content of a file.
        takes: parts of the drive of a device that it shows, attributes of `llg.drawing.device_figures.DrivenDevice`.
    """

    caption: str
    draw: Callable[[object], Figure]
    takes: tuple[str, ...] = ()


TRAJECTORIES = {
    "trajectories": FigureKind(captions.TRAJECTORIES, trajectory_figure),
    "landscape": FigureKind(captions.LANDSCAPE, lambda content: plot_landscape(QPhiModel(content.device)).figure),
}
TABLE = {
    "transitions": FigureKind(captions.TRANSITIONS, transition_figure),
    "moves": FigureKind(captions.MOVES, lambda table: plot_move_probability(table).figure),
    "conductance": FigureKind(captions.CONDUCTANCE, lambda table: plot_conductance_states(table).figure),
    "staircase": FigureKind(captions.STAIRCASE, lambda table: staircase_figure(staircase(table))),
    "displacement": FigureKind(
        captions.DISPLACEMENT, lambda table: plot_phase_diagram(phase_diagram(table), table).figure
    ),
    "retention": FigureKind(captions.STATE_RETENTION, lambda table: plot_state_retention(table).figure),
    "fit": FigureKind(captions.FIT, fit_figure),
    "spread": FigureKind(captions.SPREAD, spread_figure),
}
TRAINING = {
    "accuracy": FigureKind(captions.ACCURACY, lambda results: plot_learning_curves(results).figure),
    "confusion": FigureKind(captions.CONFUSION, lambda results: plot_confusion(results).figure),
    "occupancy": FigureKind(captions.OCCUPANCY, lambda results: plot_state_occupancy(results[0]).figure),
    "weights": FigureKind(captions.WEIGHTS, lambda results: plot_weights(results[0]).figure),
    "pulses": FigureKind(captions.PULSES, lambda results: plot_pulses_per_device(results[0]).figure),
}
PROGRAMMING = {
    "rounds": FigureKind(captions.ROUNDS, rounds_figure),
    "reached": FigureKind(captions.REACHED, lambda chips: plot_reached(chips[0]).figure),
    "pulses": FigureKind(captions.PULSES, lambda chips: plot_pulses_per_device(chips[0]).figure),
}
SERIES = {"accuracy": FigureKind(captions.SERIES, lambda series: plot_accuracy_against(series).figure)}
COST = {"chip": FigureKind(captions.CHIP, comparison_figure)}
_DRIVE = ("current_density", "H_z")
DEVICE = {
    "landscape": FigureKind(captions.SURFACE, landscape_figure, _DRIVE),
    "phase": FigureKind(captions.PHASE, phase_figure, _DRIVE),
    "velocity": FigureKind(captions.VELOCITY, velocity_figure, _DRIVE),
    "field-velocity": FigureKind(captions.FIELD_VELOCITY, field_velocity_figure, _DRIVE),
    "retention": FigureKind(captions.RETENTION, retention_figure),
}
_BY_SCHEMA = {
    "dwsynapse.trajectories": (load_trajectories, TRAJECTORIES),
    "dwsynapse.transition-table": (load_table, TABLE),
    "dwsynapse.training": (load_training, TRAINING),
    "dwsynapse.training-series": (load_series, SERIES),
    "dwsynapse.programming": (load_programming, PROGRAMMING),
}


def draw_file(path, name: str | None = None) -> tuple[str, Figure]:
    """Draw one figure of a file.

    Args:
        path: a file of this program.
        name: which figure; the first of its kind by default.

    Returns:
        Name and figure.

    Raises:
        InputError: not a sound file, or it has no such figure.
    """
    with open_checked(path) as file:
        schema = provenance(file)["schema"]
    if schema not in _BY_SCHEMA:
        raise InputError(f"{path}: there is no figure of a {schema}")
    load, kinds = _BY_SCHEMA[schema]
    name = _known(path, name, kinds)
    return name, kinds[name].draw(load(path))


def draw_device(
    source: str, name: str | None = None, *, current_density: float | None = None, H_z: float | None = None
) -> tuple[str, Figure]:
    """Draw one figure of a device.

    Args:
        source: a device file, or the name of a shipped device.
        name: which figure; the first by default.
        current_density: held current density, or the end of the axis; by default the figure's choice [A/m^2].
        H_z: held perpendicular field, or the end of the axis; by default the figure's choice [A/m].

    Returns:
        Name and figure.

    Raises:
        InputError: no sound device, no such figure, or one that takes no such drive.
    """
    name = _known(source, name, DEVICE)
    for key, value in {"current_density": current_density, "H_z": H_z}.items():
        if value is not None and key not in DEVICE[name].takes:
            raise InputError(f'{source}: the figure "{name}" takes no {key}')
    device = load_device(source)
    return name, DEVICE[name].draw(DrivenDevice(device=device, current_density=current_density, H_z=H_z))


def _known(source, name: str | None, kinds: dict[str, FigureKind]) -> str:
    name = next(iter(kinds)) if name is None else name
    if name not in kinds:
        raise InputError(f'{source}: has no figure "{name}"{nearest(name, kinds)}')
    return name


def is_device(source: str) -> bool:
    """Whether a source is meant as a device, not as a file of results."""
    path = Path(source)
    return path.suffix == ".toml" or not (path.suffix or path.exists())


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
    """Pictures of one recorded trajectory, see `llg.drawing.animation.WallScene`.

    Args:
        source: a trajectory file.
        number: which trajectory.

    Raises:
        InputError: no sound trajectory file, or no such trajectory.
    """
    return WallScene(load_trajectories(source), number).frames()
