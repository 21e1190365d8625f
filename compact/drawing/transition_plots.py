"""Figures of a transition table: where a pulse leads, how surely it moves the wall, what the states conduct."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from compact.drawing.drive_words import drive_axis, duration_text, table_pulse_text
from compact.table.moves import moves_along_drive, upward_sign
from compact.table.operating_point import grid_index, write_points
from compact.table.origin import need_conductance, placeholders
from compact.table.transition_table import TransitionTable
from dwcore.canvas.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    axes_or_new,
    figure_of,
    is_narrow,
    legend_above,
    panels,
    sequence,
)
from dwcore.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PulsePair = tuple[tuple[int, int], tuple[int, int]]
_MARKERS = "osD^vPX<>p"
_FEW_STATES = 8  # up to here there is room for a decimal in a cell, and for text between two states
_MOST_STATES = 20  # beyond, numbers in the cells would overlap


def plot_transition_matrix(
    table: TransitionTable, a: int, d: int, *, device: int | None = None, temperature: int = 0, ax: Axes | None = None
) -> Axes:
    """Draw where one pulse leads: from-state by to-state, in percent; outcomes that never came about stay white.

    Args:
        table: the transition table.
        a: number of the current density.
        d: number of the duration.
        device: number of the device instance; the mean over all by default.
        temperature: number of the temperature.
        ax: axes to draw on, a new figure by default.
    """
    ax = axes_or_new(ax, height=6.0)
    chosen = table.probability[:, temperature, a, d]
    p = chosen.mean(axis=0) if device is None else chosen[device]
    S = table.position.size
    ax.imshow(np.ma.masked_equal(p, 0), cmap="cividis_r", vmin=0, vmax=1, aspect="equal")
    ax.axvline(S - 0.5, color=INK, linewidth=1.2)
    if S <= _MOST_STATES:
        _number_cells(ax, p)
    else:
        ax.grid(False)
    ax.set(xlabel="state after the pulse", ylabel="state before the pulse")
    ax.set_title(table_pulse_text(placeholders(table), table.current_density[a], table.duration[d]), fontsize="medium")
    return ax


def _number_cells(ax: Axes, p: np.ndarray) -> None:
    S = len(p)
    few = S <= _FEW_STATES
    size = "small" if few else "x-small"
    for row, column in np.argwhere(p > 0):
        colour = "white" if p[row, column] > 0.5 else INK
        text = _percent(p[row, column], decimals=int(few))
        ax.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)
    ax.set_xticks(np.arange(S + 1), [*map(str, range(S)), "has\nleft" if few else "has left"], fontsize=size)
    ax.get_xticklabels()[-1].set_rotation(0 if few else 90)
    ax.set_yticks(np.arange(S), np.arange(S), fontsize=size)
    ax.set_xticks(np.arange(S) + 0.5, minor=True)
    ax.set_yticks(np.arange(S - 1) + 0.5, minor=True)
    ax.tick_params(which="minor", length=0)
    ax.grid(False)
    ax.grid(True, which="minor", color=PALE, linewidth=0.6)


def _percent(p: float, *, decimals: int) -> str:
    """Return the percent without the sign; never 0 or 100 for what is neither."""
    least = 10.0**-decimals
    if p == 1:
        return "100"
    if 100 * p < least / 2:
        return f"<{least:g}"
    if 100 * (1 - p) < least / 2:
        return f">{100 - least:g}"
    return f"{100 * p:.{decimals}f}"


def transition_figure(
    table: TransitionTable, pulses: PulsePair | None = None, *, device: int | None = None, temperature: int = 0
) -> Figure:
    """Draw the matrices of a pulse up and a pulse down beside one another.

    Args:
        table: the transition table.
        pulses: numbers of current density and duration of the pulse up and the pulse down; by default the write pulses.
        device: number of the device instance; the mean over all by default.
        temperature: number of the temperature.
    """
    S = table.position.size
    axes = panels(1.1 + 3.6 * S / (S + 1), 2, sharey=True)
    figure = figure_of(axes[0])
    if pulses is None:
        pulses = _write_pulses(table, temperature)
    for ax, (a, d), name in zip(axes, pulses, ("up", "down"), strict=True):
        plot_transition_matrix(table, a, d, device=device, temperature=temperature, ax=ax)
        ax.set_title(f"{name}: {ax.get_title()}", fontsize="medium")
    if not is_narrow():
        axes[1].set_ylabel("")
    bar = figure.colorbar(axes[0].images[0], ax=axes, shrink=0.8, pad=0.02, label="probability (%)")
    bar.set_ticks(np.linspace(0, 1, 6).tolist(), labels=[f"{100 * p:.0f}" for p in np.linspace(0, 1, 6)])
    return figure


def _write_pulses(table: TransitionTable, temperature: int) -> PulsePair:
    """Return the pulses to write with; of a table without any, the strongest ones."""
    try:
        up, down = write_points(table, temperature=float(table.temperature[temperature]))
    except InputError:
        return (table.current_density.size - 1, 0), (0, 0)
    return grid_index(table, up), grid_index(table, down)


def plot_move_probability(
    table: TransitionTable, *, device: int | None = None, temperature: int = 0, ax: Axes | None = None
) -> Axes:
    """Draw the probability to move by one state and by two against current density, for each duration.

    Where the mean over several device instances is drawn, a band reaches from the lowest instance to the highest.

    Args:
        table: the transition table.
        device: number of the device instance; the mean over all by default.
        temperature: number of the temperature.
        ax: axes to draw on, a new figure by default.
    """
    ax = axes_or_new(ax, height=4.2)
    unit, drive = drive_axis(placeholders(table))
    J = table.current_density / unit
    # Without lines across the gap between the two signs of the current.
    parts = [part for part in (J < 0, J >= 0) if part.any()]
    colours = sequence(table.duration.size)
    styles = ((1, "-", None), (2, "--", "white"))[: table.position.size - 1]
    for steps, line, face in styles:
        p, error = moves_along_drive(table, steps, device=device, temperature=temperature)
        each = range(len(table.counts)) if device is None else ()
        apart = np.array([moves_along_drive(table, steps, device=k, temperature=temperature)[0] for k in each])
        for d, colour in enumerate(colours):
            look = {"color": colour, "linestyle": line, "linewidth": 1.2, "marker": _MARKERS[d % len(_MARKERS)]}
            for part in parts:
                ax.errorbar(J[part], p[part, d], error[part, d], **look, markersize=4.5, mfc=face, capsize=2)
                if len(apart) > 1:
                    band = apart[:, part, d]
                    ax.fill_between(J[part], band.min(axis=0), band.max(axis=0), color=colour, alpha=0.15, linewidth=0)
    low, high = ("lower", "higher")[:: upward_sign(table, device=device, temperature=temperature)]
    ax.set_xlabel(rf"to {low} states $\leftarrow$    {drive}    $\rightarrow$ to {high} states")
    ax.set(ylim=(-0.03, 1.03), ylabel="probability to move [1]")
    _move_legend(ax, table, colours, styles)
    return ax


def _move_legend(ax: Axes, table: TransitionTable, colours, styles) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [],
            [],
            color=colour,
            marker=_MARKERS[d % len(_MARKERS)],
            markersize=4.5,
            label=duration_text(placeholders(table), t),
        )
        for d, (t, colour) in enumerate(zip(table.duration, colours, strict=True))
    ]
    words = {1: "by one state", 2: "by two states"}
    handles += [
        Line2D([], [], color=GREY, linestyle=line, marker="o", markersize=4.5, mfc=face, label=words[steps])
        for steps, line, face in styles
    ]
    legend_above(ax, columns=6, handles=handles)


def plot_conductance_states(table: TransitionTable, *, ax: Axes | None = None) -> Axes:
    """Draw the conductance of each state with its thermal spread, and the steps between neighbours.

    Args:
        table: the transition table.
        ax: axes to draw on, a new figure by default.
    """
    need_conductance(table)
    ax = axes_or_new(ax)
    G, spread = table.conductance * 1e3, table.conductance_std_ctoc * 1e3
    state, step = np.arange(G.size), np.diff(G)
    ax.step(state, G, where="mid", color=BLUE, linewidth=1, alpha=0.6)
    words = "nominal device,", rf"thermal spread $\pm${1e3 * spread.mean():.2g} µS", "on average"
    label = ("\n" if is_narrow() else " ").join(words)
    ax.errorbar(state, G, spread, fmt="o", color=ORANGE, markersize=5, capsize=4, label=label)
    if G.size <= _FEW_STATES:
        for i, size in enumerate(step):
            text = f"{1e3 * size:+.3g} µS"
            ax.annotate(
                text,
                (i + 0.5, G[i] + size / 2),
                (6, 0),
                textcoords="offset points",
                va="center",
                fontsize="small",
                color=INK,
            )
    if G.size <= _MOST_STATES:
        ax.set_xticks(state)
    ax.set(xlabel="state", ylabel=r"conductance $G$ (mS)", xlim=(-0.5, G.size - 0.5))
    if step.size:
        average, least, most = (f"{1e3 * size:.4g}" for size in (step.mean(), step.min(), step.max()))
        spread_words = f" on average, {least} to {most} µS" if least != most else ""
        ax.set_title(f"step {average} µS{spread_words}", fontsize="medium")
    ax.legend(loc="upper left", fontsize="small", edgecolor="none")
    return ax
