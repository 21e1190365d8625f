"""Figures of a device: velocity against current or field, retention against temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dwcore.canvas.style import BLUE, GREY, INK, ORANGE, axes_or_new, legend_above, legend_beside
from llg.constants import MU_0
from llg.rates.retention_curve import LEAST_BARRIER, TEN_YEARS, RetentionCurves
from llg.runs.velocity import SimulatedVelocities

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES = ("-", "--", "-.", ":")
_COLUMN = 18


def plot_velocity_against_current(curve: SimulatedVelocities, *, ax: Axes | None = None) -> Axes:
    """Draw v(J): simulation at a temperature and without noise, closed form, Walker point.

    Args:
        curve: what `llg.runs.velocity.velocity_against_current` finds.
        ax: axes to draw on, a new figure by default.
    """
    label = r"current density $J$ ($10^{11}$ A/m$^2$)"
    return _plot_velocity(curve, 1e-11, label, r"Walker point: $J={:.3g}\times10^{{11}}$ A/m$^2$", ax)


def plot_velocity_against_field(curve: SimulatedVelocities, *, ax: Axes | None = None) -> Axes:
    """Draw v(B): simulation at a temperature and without noise, closed form, Walker point.

    Args:
        curve: what `llg.runs.velocity.velocity_against_field` finds.
        ax: axes to draw on, a new figure by default.
    """
    return _plot_velocity(curve, MU_0 * 1e3, r"field along the easy axis $\mu_0H$ (mT)", "Walker field: {:.3g} mT", ax)


def _plot_velocity(curve: SimulatedVelocities, scale: float, label: str, walker_label: str, ax: Axes | None) -> Axes:
    ax = axes_or_new(ax, height=4.2)
    drive, fine = curve.drive * scale, curve.exact_drive * scale
    ax.axhline(0, color=GREY, linewidth=0.8)
    for number, place in enumerate(curve.walker * scale):
        text = walker_label.format(place) if curve.walker.size == 1 else "Walker points"
        ax.axvline(place, color=GREY, linewidth=1.2, linestyle=":", label=text if number == 0 else None)
    if curve.formula is not None and np.abs(curve.formula - curve.exact).max() > 1e-3 * np.abs(curve.exact).max():
        ax.plot(fine, curve.formula, "--", color=GREY, linewidth=1.2, label=r"formula for $H_K$ or $D$ alone")
    ax.plot(fine, curve.exact, color=BLUE, linewidth=1.6, label="closed form of the rigid wall, no noise")
    ax.plot(drive, curve.noiseless, "o", color=INK, markersize=7, mfc="none", label="simulation, no noise")
    look: dict[str, Any] = {"fmt": "s", "color": ORANGE, "markersize": 3.5, "capsize": 3, "linewidth": 1.2}
    ax.errorbar(drive, curve.velocity, curve.error, label=f"simulation at {curve.temperature:.4g} K", **look)
    ax.set(xlabel=f"{label}\nwith {curve.beside}" if curve.beside else label, ylabel=r"wall velocity $v$ (m/s)")
    ax.margins(x=0.02, y=0.08)
    legend_above(ax, columns=3)
    return ax


def plot_retention(curves: RetentionCurves, *, ax: Axes | None = None) -> Axes:
    """Draw the retention time of each state against temperature, with the line of ten years.

    Args:
        curves: what `llg.rates.retention_curve.retention_against_temperature` finds.
        ax: axes to draw on, a new figure by default.
    """
    from matplotlib import colormaps

    ax = axes_or_new(ax, height=4.4)
    S = curves.q.size
    colours = colormaps["viridis"](np.linspace(0, 0.85, S))
    rank = _rank_among_equals(curves.time)
    for i in range(S):
        label = f"{i}, at {1e9 * curves.q[i]:.0f} nm" + ("" if np.isfinite(curves.time[i]).any() else ": no rate")
        # Where curves coincide, the thin ones lie above the broad ones and leave a rim of them.
        look = {"linestyle": _STYLES[i % len(_STYLES)], "linewidth": 4.5 - 3.3 * rank[i], "zorder": 2 + rank[i]}
        ax.semilogy(curves.temperature, curves.time[i], color=colours[i], label=label, **look)
    ax.axhline(TEN_YEARS, color=INK, linewidth=1.0)
    low, high = np.log(ax.get_ylim())
    below = np.log(TEN_YEARS) > high - 0.15 * (high - low)  # above it is the title
    ax.annotate(
        "10 years", (1, TEN_YEARS), (-4, -3 if below else 3), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha="right", va="top" if below else "bottom", fontsize="small", color=INK,
    )  # fmt: skip
    ax.set(xlim=(curves.temperature[0], curves.temperature[-1]), xlabel=r"temperature $T$ (K)")
    ax.set_ylabel("retention time (s)")
    film = "" if curves.film is None else f", with the film of {curves.film:g} K at all temperatures"
    shown = f"shown for barriers above {LEAST_BARRIER:g} $k_\\mathrm{{B}}T$"
    ax.set_title(f"mean time in a state, {shown}{film}", fontsize="medium")
    legend_beside(ax, series=True, columns=-(-S // _COLUMN), title="state")
    return ax


def _rank_among_equals(time: np.ndarray) -> np.ndarray:
    """Return place of each curve among those that coincide with it, 0 for the first and 1 for the last, shape (S,)."""
    level = np.round(np.log10(np.nan_to_num(time[:, 0], nan=1.0)), 1)
    equal = level[:, None] == level
    before = np.tril(equal, -1).sum(axis=1)
    return before / np.maximum(equal.sum(axis=1) - 1, 1)
