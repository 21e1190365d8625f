"""The figures that each kind of file holds: what they show, and how to draw them from what the file holds."""

import dataclasses
from collections.abc import Callable

from matplotlib.figure import Figure

from compact.plots import plot_conductance_states, plot_move_probability, transition_figure
from compact.table_file import load_table
from llg.errors import InputError, nearest
from llg.files import open_checked, provenance
from llg.plots import plot_landscape
from llg.q_phi import QPhiModel
from llg.trajectories import load_trajectories
from llg.trajectory_plots import trajectory_figure

from . import captions
from .plots import plot_confusion, plot_learning_curves, plot_pulses_per_device, plot_state_occupancy, plot_weights
from .training_file import load_training


@dataclasses.dataclass(frozen=True)
class FigureKind:
    """One figure: what it tells, and how it is drawn.

    Attributes:
        caption: for the report; its first sentence is the heading.
        draw: makes the figure from the content of a file.
    """

    caption: str
    draw: Callable[[object], Figure]


TRAJECTORIES = {
    "trajectories": FigureKind(captions.TRAJECTORIES, trajectory_figure),
    "landscape": FigureKind(captions.LANDSCAPE, lambda content: plot_landscape(QPhiModel(content.device)).figure),
}
TABLE = {
    "transitions": FigureKind(captions.TRANSITIONS, transition_figure),
    "moves": FigureKind(captions.MOVES, lambda table: plot_move_probability(table).figure),
    "conductance": FigureKind(captions.CONDUCTANCE, lambda table: plot_conductance_states(table).figure),
}
TRAINING = {
    "accuracy": FigureKind(captions.ACCURACY, lambda results: plot_learning_curves(results).figure),
    "confusion": FigureKind(captions.CONFUSION, lambda results: plot_confusion(results).figure),
    "occupancy": FigureKind(captions.OCCUPANCY, lambda results: plot_state_occupancy(results[0]).figure),
    "weights": FigureKind(captions.WEIGHTS, lambda results: plot_weights(results[0]).figure),
    "pulses": FigureKind(captions.PULSES, lambda results: plot_pulses_per_device(results[0]).figure),
}
_BY_SCHEMA = {
    "dwsynapse.trajectories": (load_trajectories, TRAJECTORIES),
    "dwsynapse.transition-table": (load_table, TABLE),
    "dwsynapse.training": (load_training, TRAINING),
}


def draw_file(path, name: str | None = None) -> Figure:
    """Draw one figure of a file.

    Args:
        path: a file of this program.
        name: which figure; the first of its kind by default.

    Raises:
        InputError: not a sound file, or it has no such figure.
    """
    with open_checked(path) as file:
        load, kinds = _BY_SCHEMA[provenance(file)["schema"]]
    name = next(iter(kinds)) if name is None else name
    if name not in kinds:
        raise InputError(f'{path}: has no figure "{name}"{nearest(name, kinds)}')
    return kinds[name].draw(load(path))
