"""The figure of a variation: what a command finds against the values of a setting, a grid as a family of lines."""

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from dwcore.arguments import checked
from dwcore.canvas.style import BLUE, GREY, INK, ORANGE, axes_or_new, new_figure
from dwcore.errors import InputError, nearest
from dwsynapse.variation import Variation, VariedAxis

_LOOKS = ((BLUE, "o-"), (ORANGE, "s--"), ("#009E73", "^-."), ("#E69F00", "D:"), (INK, "v-"), (GREY, "P--"))
"""Colours and lines that are told apart in grey too."""
_FILLS = "full", "none", "left", "right", "top", "bottom"
_NO_RIVAL = "#C8C8C8"
TABLE = "synapse.table"
"""Setting that names the synapses."""
_WIDE = 30.0
"""Largest over smallest value from which on an axis is logarithmic."""


@checked
def plot_variation(data: Variation, *, outcome: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw an outcome against the values of the first axis with numbers: means as lines, seeds as points.

    The other axes make a family of lines. What the first outcome is to be compared with is drawn in black.

    Args:
        data: what to draw; points that are not done are left out.
        outcome: which; the first by default.
        ax: axes to draw on; default new ones.

    Raises:
        InputError: there is no such outcome.
    """
    name = next(iter(data.outcomes)) if outcome is None else outcome
    if name not in data.outcomes:
        raise InputError(f'{data.command}: has no outcome "{name}"{nearest(name, data.outcomes)}')
    ax = axes_or_new(ax, height=4.2)
    across = next((number for number, axis in enumerate(data.axes) if axis.is_number), 0)
    position, order = _positions(data.axes[across])
    others = [number for number in range(len(data.axes)) if number != across]
    values = np.moveaxis(data.results[name], [across, *others], range(len(data.axes)))[order]
    lines = itertools.product(*(range(len(data.axes[number].values)) for number in others))
    for number, index in enumerate(lines):
        colour, style = _LOOKS[number % len(_LOOKS)]
        words = ", ".join(f"{data.axes[o].name} = {data.axes[o].text(i)}" for o, i in zip(others, index, strict=True))
        _draw_line(ax, position, values[(slice(None), *index)], words or _mean_words(data), colour, style)
    if outcome is None:
        _draw_references(ax, data, position, across, order)
    _label(ax, data, name, data.axes[across], position)
    return ax


def plot_rivals(data: Variation, *, ax: Axes | None = None) -> Axes:
    """Draw accuracy against energy per training, a colour per synapse, seeds as small points.

    Marks are filled in another way for each value of what else was varied, such as the data set.

    Args:
        data: trainings; points whose energy is unknown are named below the figure.
        ax: axes to draw on; default new ones.

    Raises:
        InputError: the command tells no energy, or none of a point.
    """
    if "energy_J" not in data.outcomes:
        raise InputError(f'{data.command}: has no outcome "energy_J" to draw the accuracy against')
    ax = axes_or_new(ax, height=4.8)
    points = [index for index in data.points() if data.done[index]]
    known = [index for index in points if np.all(data.results["energy_J"][index] > 0)]
    if not known:
        raise InputError(f"{data.command}: no point has a known energy")
    rivals = next((number for number, axis in enumerate(data.axes) if axis.name == TABLE), 0)
    others = list(dict.fromkeys(_without(index, rivals) for index in points))
    for index in known:
        energy, accuracy = data.results["energy_J"][index], data.results["test_accuracy"][index]
        look = _rival_look(index[rivals]) | {"fillstyle": _FILLS[others.index(_without(index, rivals)) % len(_FILLS)]}
        ax.plot(energy, accuracy, markersize=3.5, alpha=0.45, **look)
        ax.plot(energy.mean(), accuracy.mean(), markersize=8, **look)
    for number in dict.fromkeys(index[rivals] for index in known):
        ax.plot([], [], markersize=8, **_rival_look(number), label=data.axes[rivals].text(number))
    rest = [axis for number, axis in enumerate(data.axes) if number != rivals]
    for fill, index in zip(itertools.cycle(_FILLS), others if rest else [], strict=False):
        words = ", ".join(axis.text(number) for axis, number in zip(rest, index, strict=True))
        ax.plot([], [], "o", color=_NO_RIVAL, markersize=8, fillstyle=fill, label=words)
    left_out = [_point_words(data, index) for index in points if index not in known]
    ax.set(xlabel=_energy_label(left_out), ylabel=data.outcomes["test_accuracy"].meaning, xscale="log")
    low, high = ax.get_xlim()
    if high < _WIDE * low:  # ticks of a logarithmic axis over less than a decade write over one another
        ax.set_xscale("linear")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small")
    return ax


def _without(index: tuple[int, ...], place: int) -> tuple[int, ...]:
    return index[:place] + index[place + 1 :]


def _rival_look(number: int) -> dict:
    """Return colour and mark of a synapse; colours come again with another mark."""
    mark = _LOOKS[number // len(_LOOKS) % len(_LOOKS)][1][0]
    return {"color": _LOOKS[number % len(_LOOKS)][0], "marker": mark, "linestyle": "none"}


def _point_words(data: Variation, index: tuple[int, ...]) -> str:
    return ", ".join(axis.text(number) for axis, number in zip(data.axes, index, strict=True))


def _energy_label(left_out: list[str]) -> str:
    words = "energy of the write pulses of a training [J]"
    return f"{words}\nunknown of {', '.join(left_out)}" if left_out else words


def variation_figure(data: Variation) -> Figure:
    """Return the figure of a variation: rivals where synapses vary beside words and have an energy, else a line."""
    figure = new_figure(height=4.2)
    words = TABLE in (axis.name for axis in data.axes) and not any(axis.is_number for axis in data.axes)
    rivals = words and np.any(data.results.get("energy_J", np.zeros(1)) > 0)
    (plot_rivals if rivals else plot_variation)(data, ax=figure.subplots())
    return figure


def _positions(axis: VariedAxis) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the values on the axis of the figure, ascending, and the order that makes them so."""
    values = np.array(axis.values, float) if axis.is_number else np.arange(len(axis.values), dtype=float)
    order = np.argsort(values, kind="stable")
    return values[order], order


def _mean_words(data: Variation) -> str:
    return f"mean of {len(data.seeds)} seeds" if len(data.seeds) > 1 else data.command


def _draw_line(ax: Axes, position: np.ndarray, values: np.ndarray, words: str, colour: str, style: str) -> None:
    """Draw one line of the family, values of shape (positions, seeds)."""
    if values.shape[1] > 1:
        for one in values.T:
            ax.plot(position, one, style[0], color=colour, markersize=3.5, alpha=0.45, linewidth=0)
    ax.plot(position, values.mean(axis=1), style, color=colour, markersize=4.5, linewidth=1.8, label=words)


def _draw_references(ax: Axes, data: Variation, position: np.ndarray, across: int, order: np.ndarray) -> None:
    """Draw what the first outcome is compared with, its mean over seeds and all other axes."""
    for name, outcome in data.outcomes.items():
        values = np.moveaxis(data.results[name], across, 0)[order].reshape(len(position), -1)
        known = np.isfinite(values).any(axis=1)
        if outcome.reference and known.any():
            mean = np.array([np.nanmean(row) for row in values[known]])
            ax.plot(position[known], mean, ":", color="black", linewidth=1.8, label=outcome.meaning)


def _label(ax: Axes, data: Variation, name: str, axis: VariedAxis, position: np.ndarray) -> None:
    outcome = data.outcomes[name]
    unit = "" if outcome.unit == "1" else f" [{outcome.unit}]"
    ax.set(xlabel=axis.label, ylabel=f"{outcome.meaning}{unit}")
    if not axis.is_number:
        ax.set_xticks(position, [axis.text(number) for number in range(len(position))])
    elif position[0] > 0 and position[-1] > _WIDE * position[0]:
        ax.set_xscale("log")
    elif all(value == int(value) for value in position):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if "accuracy" in name:
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.legend(loc="best")
