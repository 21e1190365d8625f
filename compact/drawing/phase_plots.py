"""Figure of the most likely displacement over current density and duration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from compact.drawing.drive_words import drive_axis
from compact.table.origin import placeholders
from compact.table.phase_diagram import PhaseDiagram
from compact.table.transition_table import TransitionTable
from dwcore.canvas.style import INK, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SURE = 0.9
_MOST_TICKS = 12


def plot_phase_diagram(diagram: PhaseDiagram, table: TransitionTable, *, ax: Axes | None = None) -> Axes:
    """Draw the most likely displacement, with a line around where it is surer than 90 %.

    Args:
        diagram: see `compact.table.phase_diagram`.
        table: the table it is of, for its grid points and number of states.
        ax: axes to draw on, a new figure by default.
    """
    from matplotlib.colors import BoundaryNorm

    ax = axes_or_new(ax, height=4.4)
    ax.grid(False)
    unit, drive = drive_axis(placeholders(table))
    most = max(1, int(np.abs(diagram.steps).max()))
    levels = np.arange(-most - 0.5, most + 1)
    norm = BoundaryNorm(levels, 256)
    for part in (diagram.current_density < 0, diagram.current_density >= 0):
        if part.sum() < 2:
            continue
        J, tau = diagram.current_density[part] / unit, diagram.duration * 1e9
        image = ax.pcolormesh(J, tau, diagram.steps[part].T, cmap="PuOr_r", norm=norm, shading="nearest")
        ax.contour(J, tau, diagram.probability[part].T, levels=[SURE], colors=INK, linewidths=0.9)
        _label_regions(ax, J, tau, diagram.steps[part].T, table.position.size)
    J, tau = np.meshgrid(table.current_density / unit, table.duration * 1e9)
    ax.plot(J.ravel(), tau.ravel(), ".", color=INK, markersize=2.5)
    ax.set(xlabel=drive, ylabel="duration (ns)", yscale="log")
    ax.set_yticks(table.duration * 1e9, [f"{1e9 * t:.3g}" for t in table.duration])
    ax.minorticks_off()
    ax.set_title(
        f"most likely move in states; within the lines surer than {100 * SURE:.0f} %; dots: simulated",
        fontsize="medium",
    )
    bar = ax.figure.colorbar(image, ax=ax, pad=0.02, label="states moved by one pulse")
    bar.set_ticks(range(-most, most + 1, -(-2 * most // _MOST_TICKS)))
    return ax


def _label_regions(ax: Axes, J: np.ndarray, tau: np.ndarray, steps: np.ndarray, S: int) -> None:
    """Write each displacement in the middle of its region, so that the figure can be read in grey."""
    for step in np.unique(steps):
        where = np.argwhere(steps == step)
        if len(where) < 0.01 * steps.size:
            continue
        i, j = where[np.argmin(((where - where.mean(axis=0)) ** 2).sum(axis=1))]
        word = "lost" if abs(step) == S else f"{step:+.0f}" if step else "0"
        ax.text(J[j], tau[i], word, ha="center", va="center", fontsize="small", color=INK,
                bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.5})  # fmt: skip
