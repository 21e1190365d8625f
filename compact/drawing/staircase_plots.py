"""Figures of what pulses and time do to a synapse: staircases of conductance, and retention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy
from scipy import constants

from compact.drawing.drive_words import table_pulse_text
from compact.table.staircase import Staircase
from compact.table.transition_table import TransitionTable
from dwcore.canvas.style import (
    BLUE,
    INK,
    ORANGE,
    SKY,
    axes_or_new,
    figure_of,
    is_narrow,
    legend_beside,
    panels,
    sequence,
)
from dwcore.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

QUANTILES = (0.05, 0.95)
TEN_YEARS = 10 * constants.Julian_year
MOST_LINES = 32
"""States up to which each has a line of its own."""
_TIMES = 160


def staircase_figure(stairs: Staircase) -> Figure:
    """Draw the potentiation and depression beside one another."""
    axes = panels(4.0, 2, sharey=True)
    for train, ax in enumerate(axes):
        plot_staircase(stairs, train, ax=ax)
    if not is_narrow():
        axes[1].set_ylabel("")
    return figure_of(axes[0])


def plot_staircase(stairs: Staircase, train: int, *, ax: Axes | None = None) -> Axes:
    """Draw mean and quantiles of the conductance after each pulse of a train.

    Args:
        stairs: see `compact.table.staircase`.
        train: 0 for the one up, 1 for the one down.
        ax: axes to draw on, a new figure by default.
    """
    ax = axes_or_new(ax, height=4.0)
    n = np.arange(stairs.share.shape[1])
    for G in stairs.level if stairs.level.size <= MOST_LINES else ():
        ax.axhline(1e3 * G, color="#D8D8D8", linewidth=0.6, zorder=0)
    low, high = (1e3 * stairs.quantile(q)[train] for q in QUANTILES)
    ax.fill_between(
        n, low, high, step="mid", color=SKY, label=f"{100 * QUANTILES[0]:.0f} to {100 * QUANTILES[1]:.0f} %"
    )
    ax.step(n, 1e3 * stairs.quantile(0.5)[train], where="mid", color=BLUE, linewidth=1.0, label="median")
    ax.plot(n, 1e3 * stairs.mean()[train], "o-", color=ORANGE, markersize=4, linewidth=1.0, label="mean")
    point = stairs.points[train]
    lost = stairs.lost[train, -1]
    words = f"; {100 * lost:.2g} % lost" if lost > 1e-6 else ""
    pulse = table_pulse_text(stairs.placeholders, point.current_density, point.duration)
    ax.set_title(f"{('up', 'down')[train]}: {pulse}{words}", fontsize="small")
    ax.set(xlabel="number of pulses", ylabel="conductance (mS)", xlim=(-0.5, n[-1] + 0.5))
    ax.legend(loc=("lower right", "upper right")[train], fontsize="small", edgecolor="none")
    return ax


def plot_state_retention(
    table: TransitionTable, *, device: int | None = None, temperature: int = 0, ax: Axes | None = None
) -> Axes:
    """Draw the chance that a wall is still, or again, in its state after a time without pulses.

    A state whose rates are unknown has no curve, and no wall comes back from there.

    Args:
        table: a table with rates of escape.
        device: number of the device instance; the mean over all by default.
        temperature: number of the temperature.
        ax: axes to draw on, a new figure by default.

    Raises:
        InputError: the table has no rates, or none above zero.
    """
    if table.retention_rate is None or not (table.retention_rate[:, temperature] > 0).any():
        raise InputError("the table has no rates of escape, so that nothing is known about retention")
    devices = range(len(table.counts)) if device is None else (device,)
    generators = np.array([_generator(table, device, temperature) for device in devices])
    total = -np.diagonal(generators, axis1=1, axis2=2)
    leaves, unknown = total > 0, np.isnan(total).any(axis=0)
    ends = min(1e-2 / np.nanmax(total), TEN_YEARS / 3), max(30 / total[leaves].min(), 3 * TEN_YEARS)
    time = np.geomspace(*ends, _TIMES)
    known = np.nan_to_num(generators)  # nothing comes back from where nothing is known
    stay = np.mean([[np.diag(scipy.linalg.expm(one * t)) for t in time] for one in known], axis=0)
    with np.errstate(divide="ignore"):
        lasts = (1 / total).mean(axis=0)
    ax = axes_or_new(ax, height=4.0)
    colours = sequence(table.position.size, 0.85)
    styles = ("-", "--", "-.", ":")
    for s, colour in enumerate(colours):
        if unknown[s]:
            ax.plot([], [], " ", label=f"{s}: unknown")
            continue
        label = f"{s}: {lasts[s]:.2g} s" if np.isfinite(lasts[s]) else f"{s}: never leaves"
        width = 3.5 - 2.5 * s / max(
            len(colours) - 1, 1
        )  # where curves coincide, the thin ones lie above the broad ones
        ax.semilogx(time, stay[:, s], styles[s % 4], color=colour, linewidth=width, label=label)
    ax.axvline(TEN_YEARS, color=INK, linewidth=1.0)
    ax.annotate("10 years", (TEN_YEARS, 0.5), (-3, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
                rotation=90, ha="right", va="center", fontsize="small")  # fmt: skip
    ax.set(xlabel="time without pulses (s)", ylabel="probability to be in the state [1]", ylim=(-0.02, 1.03))
    ax.set_title(table.retention_method, fontsize="medium")
    legend_beside(ax, series=True, columns=-(-len(colours) // 18), title="state: mean time")
    return ax


def _generator(table: TransitionTable, device: int, temperature: int) -> np.ndarray:
    """Return the rates of change of the chances of the states [1/s], shape (S, S); unknown rows are NaN."""
    rate = np.array(table.retention_rate[device, temperature])  # type: ignore[index]
    np.fill_diagonal(rate, 0.0)
    lost = 0.0 if table.retention_lost is None else table.retention_lost[device, temperature]
    np.fill_diagonal(rate, -rate.sum(axis=1) - lost)
    return rate
