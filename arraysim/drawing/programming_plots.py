"""Figures of programming: how the error falls round by round, and where the weights ended."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from arraysim.programming.result import ProgrammedChip
from dwcore.canvas.style import BLUE, ORANGE, axes_or_new, new_figure

COLOURS = (BLUE, ORANGE, "#009E73", "black")
STYLES = ("-", "--", "-.", ":")


def rounds_figure(data: Sequence[ProgrammedChip]) -> Figure:
    """Draw the rms error above, the share of accepted weights below, against rounds.

    Args:
        data: one chip per seed.
    """
    figure = new_figure(height=6.0)
    upper, lower = figure.subplots(2, 1, sharex=True)
    plot_error(data, ax=upper)
    plot_accepted(data, ax=lower)
    upper.set_xlabel("")
    return figure


def plot_error(data: Sequence[ProgrammedChip], *, ax: Axes | None = None) -> Axes:
    """Draw the rms error of each layer against rounds: mean over seeds as a line, lowest to highest as a band.

    Args:
        data: one chip per seed.
        ax: axes to draw on; default new ones.
    """
    ax = _by_layer(data, "rms_error", 0, ax)
    ax.set(ylabel="rms error / largest weight")
    ax.set_ylim(bottom=0)
    return ax


def plot_accepted(data: Sequence[ProgrammedChip], *, ax: Axes | None = None) -> Axes:
    """Draw the share of weights accepted so far, likewise.

    Args:
        data: one chip per seed.
        ax: axes to draw on; default new ones.
    """
    ax = _by_layer(data, "accepted", 1, ax)
    ax.set(ylabel="weights accepted")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    return ax


def plot_reached(data: ProgrammedChip, *, ax: Axes | None = None) -> Axes:
    """Draw what the weights became against what was wanted, both over the largest weight of their layer.

    Args:
        data: one seed.
        ax: axes to draw on; default new ones.
    """
    ax = axes_or_new(ax, height=4.6)
    targets, weights = [], []
    for target, weight in zip(data.learned.weight, data.hardware.weight, strict=True):
        largest = data.config.largest_weight(target)
        targets.append(target.ravel() / largest)
        weights.append(weight.ravel() / largest)
    wanted, reached = np.concatenate(targets), np.concatenate(weights)
    ax.grid(False)
    *_, image = ax.hist2d(wanted, reached, bins=(80, 80), norm=mpl.colors.LogNorm(), cmap="cividis")
    ends = np.array([-1, 1]) * max(1.0, np.abs(reached).max())
    ax.plot(ends, ends, "--", color="black", linewidth=1.0)
    ax.set(xlabel="wanted weight / largest weight", ylabel="programmed weight / largest weight")
    ax.figure.colorbar(image, ax=ax, label="number of weights")
    return ax


def _by_layer(data: Sequence[ProgrammedChip], name: str, first: int, ax: Axes | None) -> Axes:
    ax = axes_or_new(ax, height=3.8)
    for number, layers in enumerate(zip(*(chip.layers for chip in data), strict=True)):
        curves = [getattr(layer, name) for layer in layers]
        length = max(map(len, curves))
        # A seed that is done keeps its last value.
        rows = np.array([np.append(curve, np.full(length - len(curve), curve[-1])) for curve in curves])
        rounds, colour = np.arange(first, first + length), COLOURS[number % 4]
        style = STYLES[number // 4 % 4]
        ax.plot(rounds, rows.mean(axis=0), style, color=colour, linewidth=1.8, label=f"layer {number + 1}")
        ax.fill_between(rounds, rows.min(axis=0), rows.max(axis=0), color=colour, alpha=0.2, linewidth=0)
    ax.set(xlabel="round of reads and pulses")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="best", title=f"mean and range of {len(data)} seeds" if len(data) > 1 else "one seed")
    return ax
