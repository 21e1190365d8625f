"""Figure of the device-to-device spread: thresholds of the ridges, and how they go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from compact.drawing.drive_words import drive_axis
from compact.forms.model import DOWN, UP, FittedModel
from compact.forms.spread import Spread
from compact.table.origin import placeholders
from compact.table.transition_table import TransitionTable
from dwcore.canvas.style import BLUE, INK, ORANGE, axes_or_new, figure_of, panels
from dwcore.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_NAMES = 20


def spread_figure(table: TransitionTable) -> Figure:
    """Draw the thresholds of all devices beside the correlation of their logarithms.

    Raises:
        InputError: the table has no fit, or too few devices.
    """
    fit = table.fit
    if fit is None or fit.model.devices < 2:
        raise InputError("a spread between devices takes a table with a fit of at least two device instances")
    axes = panels(4.6, 2, ratios=(1.25, 1)) if fit.spread else panels(4.6, 1)
    plot_thresholds(fit.model, drive=drive_axis(placeholders(table)), ax=axes[0])
    if fit.spread:
        plot_correlation(fit.spread, ax=axes[1])
    return figure_of(axes[0])


def plot_thresholds(model: FittedModel, *, drive: tuple[float, str] = drive_axis({}), ax: Axes | None = None) -> Axes:
    """Draw the threshold of each ridge in each device, upwards and downwards, with mean and standard deviation.

    Args:
        model: a model of several devices.
        drive: unit and words of the currents, see `drive_words.drive_axis`.
        ax: axes to draw on, a new figure by default.
    """
    ax = axes_or_new(ax, height=4.2)
    jitter = np.linspace(-0.1, 0.1, model.devices)
    for side, offset, colour, marker, words in (
        (UP, -0.18, BLUE, "o", "upwards"),
        (DOWN, 0.18, ORANGE, "s", "downwards"),
    ):
        label: str | None = words
        for i, name in enumerate(model.names):
            if not name.startswith(side) or not np.isfinite(model.standard_error[:, i]).any():
                continue
            known = np.isfinite(model.standard_error[:, i])
            r, J = int(name.removeprefix(side)), model.value[known, i] / drive[0]
            ax.plot(r + offset + jitter[known], J, marker, color=colour, markersize=2.5, alpha=0.55, label=label)
            ax.errorbar(
                r + offset, J.mean(), J.std(ddof=1) if J.size > 1 else 0, color=INK, fmt="_", capsize=4, zorder=3
            )
            label = None
    ax.set(xlabel="ridge between states r - 1 and r", ylabel=f"threshold: {drive[1]}")
    ridges = sorted({int(name.rsplit("_", 1)[1]) for name in model.names if name.startswith((UP, DOWN))})
    ax.set_xticks(ridges)
    ax.set_title(f"{model.devices} devices; bars: mean and standard deviation", fontsize="medium")
    ax.legend(loc="best", fontsize="small", edgecolor="none")
    return ax


def plot_correlation(spread: Spread, *, ax: Axes | None = None) -> Axes:
    """Draw the correlation of the logarithms of the parameters between devices.

    Args:
        spread: the spread.
        ax: axes to draw on, a new figure by default.
    """
    ax = axes_or_new(ax, height=4.2)
    ax.grid(False)
    names = [n.replace(UP, "up ").replace(DOWN, "down ") for n in spread.names]
    image = ax.imshow(spread.correlation, cmap="PuOr_r", vmin=-1, vmax=1)
    if len(names) <= _MOST_NAMES:
        for i, j in np.ndindex(spread.correlation.shape):
            value = spread.correlation[i, j]
            colour = "white" if abs(value) > 0.75 else INK
            ax.text(
                j, i, f"{value:.1f}".replace("1.0", "1"), ha="center", va="center", fontsize="x-small", color=colour
            )
    ax.set_xticks(np.arange(len(names)), names, rotation=90, fontsize="small")
    ax.set_yticks(np.arange(len(names)), names, fontsize="small")
    ax.figure.colorbar(image, ax=ax, shrink=0.75, pad=0.02)
    R = spread.loading.shape[1]
    ax.set_title(f"correlation between devices: {R} factor{'s' if R != 1 else ''}", fontsize="medium")
    return ax
