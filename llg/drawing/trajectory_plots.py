"""Figures of recorded trajectories: where the wall goes on its track, and in its energy landscape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dwcore.canvas.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    axes_or_new,
    figure_of,
    figure_width,
    is_narrow,
    new_figure,
    pulse_text,
    shrunk,
)
from llg.drawing.device_plots import Q_LABEL, STRIP_HEIGHT, device_text, plot_landscape, plot_outline, wells_or_none
from llg.landscape.wells import Well, well_index
from llg.runs.trajectories import Trajectories
from llg.walls.q_phi import QPhiModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_DRAWN = 200
"""More lines than these only hide one another."""
_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 0.75, 0.15, 0.35, 0.55, 0.12  # [inch]
_LANDSCAPE, _TRAJECTORIES = 2.2, 3.6  # [inch]


def plot_trajectories(trajectories: Trajectories, *, ax: Axes | None = None) -> Axes:
    """Draw wall position against time, position to the right as on the track and time downwards.

    The pulse is shaded where it exceeds half its amplitude. At most the first `MAX_DRAWN` trajectories are drawn, the
    first of them in another colour.

    Args:
        trajectories: recorded trajectories.
        ax: axes to draw on, a new figure by default.
    """
    from matplotlib.collections import LineCollection

    ax = axes_or_new(ax, height=4.2)
    time, q = trajectories.time * 1e9, trajectories.q[:MAX_DRAWN] * 1e9
    on = np.abs(trajectories.pulse) >= 0.5
    across = ax.get_yaxis_transform()
    ax.fill_betweenx(time, 0, 1, where=on, transform=across, color=PALE, linewidth=0, label="pulse", zorder=0)
    lines = np.stack([q, np.broadcast_to(time, q.shape)], axis=-1)
    faint = float(np.clip(12 / len(lines), 0.12, 0.9))
    ax.add_collection(LineCollection(list(lines), colors=BLUE, linewidths=0.7, alpha=faint, rasterized=True))
    ax.plot(*lines[0].T, color=ORANGE, linewidth=1.3, label="one of them")
    length = trajectories.device.track.length * 1e9
    ax.set(xlim=(0, length), ylim=(time[-1], time[0]))
    ax.legend(loc="upper left" if q.mean() > length / 2 else "upper right", fontsize="small", framealpha=0.9)
    ax.set(xlabel=Q_LABEL, ylabel=r"time $t$ (ns), downwards")
    return ax


def trajectory_figure(trajectories: Trajectories) -> Figure:
    """Draw track, energy landscape and trajectories above one another with one axis of position.

    The row below the trajectories gives the share that ends in each well.

    Args:
        trajectories: recorded trajectories.
    """
    device = trajectories.device
    model = QPhiModel(device)
    outline, landscape, paths = _panels(device.track.width, device.track.length)
    plot_outline(device, ax=outline)
    plot_landscape(model, ax=landscape)
    plot_trajectories(trajectories, ax=paths)
    for upper in (outline, landscape):
        upper.set_xlabel("")
        upper.tick_params(labelbottom=False)
    landscape.set_ylabel(r"energy ($k_\mathrm{B}T$)")
    if is_narrow() and (legend := landscape.get_legend()):
        legend.remove()  # there is no room for it; the caption says the same
    wells = wells_or_none(model)
    if wells:
        for ax in (outline, landscape, paths):
            for well in wells:
                ax.axvline(well.q * 1e9, color=GREY, linewidth=0.7, linestyle=":", zorder=1)
        _write_shares(paths, trajectories, wells)
    outline.set_title(_title(trajectories), fontsize="medium")
    return figure_of(outline)


def _panels(width: float, length: float) -> list[Axes]:
    """Return three axes of one width, the first as high as the strip is to scale; track width and length in [m]."""
    whole = figure_width()
    inner = whole - _LEFT - _RIGHT
    heights = [inner * STRIP_HEIGHT * width / length, shrunk(_LANDSCAPE), shrunk(_TRAJECTORIES)]
    top = _TOP + (0.2 if is_narrow() else 0.0)  # a title of two lines
    total = sum(heights) + top + _BOTTOM + 2 * _GAP
    figure = new_figure(total, layout=None)
    axes: list[Axes] = []
    y = total - top
    for height in heights:
        y -= height
        box = (_LEFT / whole, y / total, inner / whole, height / total)
        axes.append(figure.add_axes(box, sharex=axes[0] if axes else None))
        y -= _GAP
    figure.align_ylabels(axes)
    return axes


def _write_shares(ax: Axes, trajectories: Trajectories, wells: list[Well]) -> None:
    index = well_index(wells, trajectories.q[:, -1])
    start, end = trajectories.time[[0, -1]] * 1e9
    row = end + 0.1 * (end - start)
    ax.set_ylim(row, start)
    ax.axhline(end, color=GREY, linewidth=0.8)
    for number, well in enumerate(wells):
        share = np.mean(index == number)
        if share > 0:
            text = f"{100 * share:.3g} %"
            ax.text(well.q * 1e9, (end + row) / 2, text, ha="center", va="center", fontsize="small", color=INK)


def _title(trajectories: Trajectories) -> str:
    n = len(trajectories.q)
    count = f"{n} trajectories" if n <= MAX_DRAWN else f"{MAX_DRAWN} of {n} trajectories"
    what = device_text(trajectories.device, trajectories.temperature)
    return f"{what}: {count}, {pulse_text(trajectories.current_density, trajectories.duration)}"
