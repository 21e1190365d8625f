"""Figures of a fit: counts against the closed form, and where it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from compact.drawing.drive_words import drive_axis, duration_text
from compact.forms.model import FittedModel
from compact.forms.result import Fit
from compact.table.moves import upward_sign
from compact.table.origin import placeholders
from compact.table.transition_table import TransitionTable
from dwcore.canvas.style import GREY, INK, axes_or_new, legend_above, new_figure, sequence
from dwcore.numerics.shares import share_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = "osD^vPX<>p"
_FINE = 200
_MOST_DURATIONS = 6


def fit_figure(table: TransitionTable, *, device: int = 0, temperature: int = 0) -> Figure:
    """Draw the counts with error bars against the closed form, and the residuals below.

    Args:
        table: a table with a fit.
        device: number of the device instance.
        temperature: number of the temperature.

    Raises:
        InputError: the table has no fit.
    """
    fit = table.needed_fit()
    figure = new_figure(6.6)
    axes = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1))
    plot_fit(table, device=device, temperature=temperature, ax=axes[0])
    plot_residuals(table, device=device, temperature=temperature, ax=axes[1])
    axes[0].set_xlabel("")
    figure.suptitle(_title(fit), fontsize="medium")
    return figure


def _title(fit: Fit) -> str:
    word = fit.verdict.split(":")[0]
    return f"{fit.model.form}: deviance per degree of freedom {fit.dispersion:.3g}, {word}"


def plot_fit(table: TransitionTable, *, device: int = 0, temperature: int = 0, ax: Axes | None = None) -> Axes:
    """Draw the chance to pass at least one, two, three ridges against current density, from the states that can.

    Args:
        table: a table with a fit.
        device: number of the device instance.
        temperature: number of the temperature.
        ax: axes to draw on, a new figure by default.

    Raises:
        InputError: the table has no fit.
    """
    model = table.needed_fit().model
    ax = axes_or_new(ax, height=4.2)
    shown = _shown(table.duration.size)
    colours = sequence(len(shown))
    for d, colour in zip(shown, colours, strict=True):
        _one_duration(ax, table, model, device, temperature, d, colour)
    ax.set(ylim=(-0.03, 1.03), ylabel="probability to pass\nat least so many ridges")
    ax.set_xlabel(drive_axis(placeholders(table))[1])
    ax.plot([], [], color=GREY, label="closed form")
    legend_above(ax, columns=7)
    return ax


def _shown(durations: int) -> list[int]:
    return sorted({round(i) for i in np.linspace(0, durations - 1, min(durations, _MOST_DURATIONS))})


def _one_duration(ax: Axes, table: TransitionTable, model: FittedModel, device: int, temperature: int, d: int, colour):
    J, sign, S = table.current_density, upward_sign(table, device=device, temperature=temperature), table.position.size
    look = {"color": colour, "marker": _MARKERS[d % len(_MARKERS)], "linestyle": "none", "markersize": 4, "capsize": 2}
    label: str | None = duration_text(placeholders(table), table.duration[d])
    unit, _ = drive_axis(placeholders(table))
    T = float(table.temperature[temperature])
    for k in range(1, S):
        for up in (True, False):
            along = (sign * J > 0) == up
            if not along.any() or not model.knows(up):
                continue
            start = np.arange(S - k) if up else np.arange(k, S)
            counts = table.counts[device, temperature, along, d].astype(float)
            share, error = _reached(counts, start, k, up)
            if k > 1 and share.max() < 0.01:
                continue
            ax.errorbar(J[along] / unit, share, error, **look, mfc=colour if k % 2 else "white", label=label)
            label = None
            fine = np.linspace(J[along][0], J[along][-1], _FINE)
            rows = np.array([
                model.matrix(temperature=T, current_density=float(j), duration=float(table.duration[d]), device=device)
                for j in fine
            ])  # fmt: skip
            ax.plot(fine / unit, _reached(rows, start, k, up)[0], color=colour, linewidth=1.1)


def _reached(rows: np.ndarray, start: np.ndarray, k: int, up: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of walls that passed k ridges or more, over some from-states, and its error; shape (n,)."""
    S = rows.shape[-2]
    passed = sum((rows[:, s, s + k :] if up else rows[:, s, [*range(s - k + 1), S]]).sum(axis=-1) for s in start)
    total = rows[:, start].sum(axis=(-2, -1))
    share = passed / total
    return share, share_error(share * total, total)


def plot_residuals(table: TransitionTable, *, device: int = 0, temperature: int = 0, ax: Axes | None = None) -> Axes:
    """Draw the residual of the mean displacement at each grid point, in standard errors, against current density.

    Args:
        table: a table with a fit.
        device: number of the device instance.
        temperature: number of the temperature.
        ax: axes to draw on, a new figure by default.

    Raises:
        InputError: the table has no fit.
    """
    residual = table.needed_fit().residual[device, temperature]
    ax = axes_or_new(ax, height=2.6)
    colours = sequence(table.duration.size)
    unit, drive = drive_axis(placeholders(table))
    for d, colour in enumerate(colours):
        marker = _MARKERS[d % len(_MARKERS)]
        ax.plot(table.current_density / unit, residual[:, d], marker, color=colour, markersize=4, linestyle="none")
    for level, style in ((0, "-"), (2, "--"), (-2, "--")):
        ax.axhline(level, color=INK if level == 0 else GREY, linewidth=0.8, linestyle=style)
    most = max(4.0, 1.1 * float(np.abs(residual).max()))
    ax.set(ylim=(-most, most), xlabel=drive)
    ax.set_ylabel("displacement,\nobserved minus fitted\n(standard errors)")
    return ax
