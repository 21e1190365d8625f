"""Figures on (q, phi): the energy landscape with its wells, saddles and paths, and the phase portrait under a drive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dwcore.canvas.style import BLUE, GREY, INK, ORANGE, axes_or_new, figure_of, is_narrow, legend_above
from llg.constants import MU_0
from llg.drawing.device_plots import Q_LABEL
from llg.drawing.energy_surface import EnergySurface
from llg.drawing.flow import Flow
from llg.landscape.fixed_points import FixedPoint, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

PHI_LABEL = r"wall angle $\varphi$ (degrees)"
HEIGHT = 4.4
_LEVELS = 14
_ON_BORDER = 0.5  # [degrees]
_MANY = 50
"""Fixed points from which on their marks are smaller."""
_MARKS: dict[str, dict[str, Any]] = {
    "stable": {"marker": "o", "markersize": 7, "markerfacecolor": ORANGE, "markeredgecolor": "white"},
    "saddle": {"marker": "X", "markersize": 8, "markerfacecolor": "white", "markeredgecolor": INK},
    "unstable": {"marker": "^", "markersize": 7, "markerfacecolor": GREY, "markeredgecolor": "white"},
}


def plot_energy_surface(surface: EnergySurface, *, ax: Axes | None = None) -> Axes:
    """Draw filled contours of the energy with wells, saddles and minimum-energy paths.

    Args:
        surface: what `llg.drawing.energy_surface.energy_surface` finds.
        ax: axes to draw on, a new figure by default.
    """
    from matplotlib import colormaps
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    ax = axes_or_new(ax, height=HEIGHT)
    ax.grid(False)
    q, phi = surface.q * 1e9, np.degrees(surface.phi)
    levels = MaxNLocator(_LEVELS).tick_values(min(surface.energy.min(), 0.0), surface.top)
    colours = colormaps["viridis"].with_extremes(over="white")
    filled = ax.contourf(q, phi, surface.energy.T, levels=levels, cmap=colours, extend="max")
    ax.contour(q, phi, surface.energy.T, levels=levels, colors="white", linewidths=0.3, alpha=0.6)
    for path in surface.paths:
        shown = np.where(surface.height(path.energy) <= levels[-1], path.q, np.nan)
        _draw_way(ax, shown, path.phi, phi[0], color=ORANGE, linewidth=1.8, halo="white")
    kinds = [point for point in surface.points if point.kind == "stable" or _in_sight(surface, point, levels[-1])]
    _mark(ax, kinds, phi[0])
    bar = ax.figure.colorbar(filled, ax=ax, pad=0.02, aspect=25, ticks=levels[:: max(len(levels) // 8, 1)])
    bar.set_label(rf"energy above the deepest well ($k_\mathrm{{B}}T$ at {surface.temperature:.4g} K)")
    _frame(ax, q, phi)
    names = {"stable": "well", "saddle": "saddle"}
    ways = [Line2D([], [], color=ORANGE, linewidth=1.8, label="minimum-energy path")] if surface.paths else []
    _legend(ax, kinds, names, ways)
    return ax


def _in_sight(surface: EnergySurface, point: FixedPoint, top: float) -> bool:
    """Return whether a saddle lies below the end of the scale [kB T]."""
    i, j = np.argmin(np.abs(surface.q - point.q)), np.argmin(np.abs(wrapped(surface.phi - point.phi)))
    return point.kind == "saddle" and surface.energy[i, j] <= top


def plot_phase_portrait(flow: Flow, *, ax: Axes | None = None) -> Axes:
    """Draw the streamlines of the noiseless motion with its fixed points and sample trajectories.

    Args:
        flow: what `llg.drawing.flow.flow` finds.
        ax: axes to draw on, a new figure by default.
    """
    from matplotlib.lines import Line2D

    ax = axes_or_new(ax, height=HEIGHT)
    ax.grid(False)
    q, phi = flow.q * 1e9, np.degrees(flow.phi)
    rates = flow.q_rate.T, np.degrees(flow.phi_rate.T) * 1e-9  # nm/ns and degrees/ns
    ax.streamplot(q, phi, *rates, density=1.4, color="#9A9A9A", linewidth=0.7, arrowsize=0.8)
    for way in flow.borders:
        _draw_way(ax, *way, phi[0], color=INK, linewidth=1.1, linestyle=(0, (4, 2)))
    for way in flow.trajectories:
        _draw_way(ax, *way, phi[0], color=BLUE, linewidth=2.0, halo="white")
    _mark(ax, flow.points, phi[0])
    _frame(ax, q, phi)
    names = {"stable": "stable", "saddle": "saddle", "unstable": "unstable"}
    ways = [Line2D([], [], color="#9A9A9A", linewidth=0.9, marker=">", markersize=4, label="motion")]
    if flow.trajectories:
        ways.append(Line2D([], [], color=BLUE, linewidth=2.0, label="wall from rest in a well"))
    if flow.borders:
        ways.append(Line2D([], [], color=INK, linewidth=1.1, linestyle=(0, (4, 2)), label="border of a basin"))
    _legend(ax, flow.points, names, ways)
    ax.set_title(_drive_text(flow), loc="left", fontsize="medium", pad=6 if is_narrow() else 28, gid="title")
    return ax


def _drive_text(flow: Flow) -> str:
    parts = [rf"$J={flow.current_density / 1e11:.3g}\times10^{{11}}$ A/m$^2$"] if flow.current_density else []
    for axis in "xyz":
        field = MU_0 * 1e3 * getattr(flow.field, f"H_{axis}")
        parts += [rf"$\mu_0H_{axis}={field:.3g}$ mT"] if field else []
    return "motion under a held drive, " + ", ".join(parts) if parts else "motion without drive"


def _draw_way(ax: Axes, q, phi, low: float, *, halo: str | None = None, **look) -> None:
    """Draw a line on the turn of angles that begins at `low` [degrees]; q in [m], phi in [rad]."""
    from matplotlib.patheffects import Stroke

    angle = wrapped(phi, np.radians(low))
    jump = np.flatnonzero(np.abs(np.diff(angle)) > np.pi) + 1
    x, y = np.insert(q * 1e9, jump, np.nan), np.insert(np.degrees(angle), jump, np.nan)
    effects = [Stroke(linewidth=look["linewidth"] + 1.4, foreground=halo), Stroke()] if halo else None
    ax.plot(x, y, path_effects=effects, solid_capstyle="round", **look)


def _mark(ax: Axes, points: list[FixedPoint], low: float) -> None:
    size = 1.0 if len(points) < _MANY else 0.6
    for kind, look in _MARKS.items():
        look = look | {"markersize": size * look["markersize"]}
        q = np.array([1e9 * p.q for p in points if p.kind == kind])
        phi = low + np.mod([np.degrees(p.phi) - low for p in points if p.kind == kind], 360.0)
        for turn in (-360, 0, 360):  # what lies on one border lies on the other as well
            seen = (phi + turn >= low - _ON_BORDER) & (phi + turn <= low + 360 + _ON_BORDER)
            if seen.any():  # an empty line that is not clipped counts as a mark at the corner of the figure
                ax.plot(q[seen], phi[seen] + turn, linestyle="", zorder=5, clip_on=False, **look)


def _frame(ax: Axes, q: np.ndarray, phi: np.ndarray) -> None:
    from matplotlib.ticker import MultipleLocator

    ax.set(xlim=(q[0], q[-1]), ylim=(round(phi[0], 1), round(phi[-1], 1)), xlabel=Q_LABEL, ylabel=PHI_LABEL)
    ax.yaxis.set_major_locator(MultipleLocator(90))


def _legend(ax: Axes, points: list[FixedPoint], names: dict[str, str], ways: list[Line2D]) -> None:
    from matplotlib.lines import Line2D

    there = {point.kind for point in points}
    handles = [Line2D([], [], linestyle="", label=names[k], **_MARKS[k]) for k in _MARKS if k in there and k in names]
    handles += ways
    if handles and is_narrow():
        look: dict[str, Any] = {"ncols": 2, "fontsize": "small", "edgecolor": "none"}
        figure_of(ax).legend(handles=handles, loc="outside lower center", **look)
    elif handles:
        place = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.8, "columnspacing": 1.2}
        legend_above(ax, columns=len(handles), handles=handles, **place)
