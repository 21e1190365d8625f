"""Figure of the retention of each state against temperature."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from dwcore.canvas.style import INK, axes_or_new
from llg.rates.retention_curve import LEAST_BARRIER, TEN_YEARS, RetentionCurves

HEIGHT = 4.4
_STYLES = ("-", "--", "-.", ":")
_COLUMN = 18


def plot_retention(curves: RetentionCurves, *, ax: Axes | None = None) -> Axes:
    """Draw the retention time of each state against temperature, with the line of ten years.

    Args:
        curves: what `llg.rates.retention_curve.retention_against_temperature` finds.
        ax: axes to draw on, a new figure by default.
    """
    ax = axes_or_new(ax, height=HEIGHT)
    S = curves.q.size
    colours = colormaps["viridis"](np.linspace(0, 0.85, S))
    rank = _rank_among_equals(curves.time)
    for i in range(S):
        label = f"{i}, at {1e9 * curves.q[i]:.0f} nm" + ("" if np.isfinite(curves.time[i]).any() else ": no rate")
        # Where curves coincide, the thin ones lie above the broad ones and leave a rim of them.
        look = {"linestyle": _STYLES[i % len(_STYLES)], "linewidth": 4.5 - 3.3 * rank[i], "zorder": 2 + rank[i]}
        ax.semilogy(curves.temperature, curves.time[i], color=colours[i], label=label, **look)
    ax.axhline(TEN_YEARS, color=INK, linewidth=1.0)
    ax.annotate("10 years", (1, TEN_YEARS), (-4, 3), xycoords=("axes fraction", "data"), textcoords="offset points",
                ha="right", va="bottom", fontsize=9, color=INK)  # fmt: skip
    ax.set(xlim=(curves.temperature[0], curves.temperature[-1]), xlabel=r"temperature $T$ (K)")
    ax.set_ylabel("retention time (s)")
    ax.set_title(f"mean time in a state, shown for barriers above {LEAST_BARRIER:g} $k_\\mathrm{{B}}T$", fontsize=10)
    box = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0}
    ax.legend(title="state", ncols=-(-S // _COLUMN), fontsize=8, edgecolor="none", **box)
    return ax


def _rank_among_equals(time: np.ndarray) -> np.ndarray:
    """Place of each curve among those that coincide with it, 0 for the first and 1 for the last, shape (S,)."""
    level = np.round(np.log10(np.nan_to_num(time[:, 0], nan=1.0)), 1)
    equal = level[:, None] == level
    before = np.tril(equal, -1).sum(axis=1)
    return before / np.maximum(equal.sum(axis=1) - 1, 1)
