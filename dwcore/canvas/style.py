"""The look that all figures share: size, colours, axes.

Figures are made without pyplot, so that drawing changes no global state and needs no display. The drawing library is
imported when something is drawn.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 8.8
"""Width of every figure [inch]: 880 pixels at 100 dpi."""
# Okabe and Ito's colours, told apart by the colour-blind; in grey the form of what is drawn tells them apart.
BLUE, ORANGE, SKY = "#0072B2", "#D55E00", "#A6CFE8"
INK, GREY, PALE = "#222222", "#6E6E6E", "#E4E4E4"


_LEFT_ALONE = ("backend", "backend_fallback", "interactive", "toolbar", "webagg", "svg.fonttype")
"""Settings of matplotlib that do not change the look, and whether the text of an SVG stays text."""


@contextlib.contextmanager
def own_look() -> Iterator[None]:
    """Draw and write figures alike on every machine, whatever its matplotlibrc says; PDFs embed TrueType fonts."""
    from matplotlib import rc_context, rcParams, rcParamsDefault

    names = [name for name in rcParamsDefault if not name.startswith(_LEFT_ALONE)]
    with rc_context({name: rcParamsDefault[name] for name in names}):
        rcParams["pdf.fonttype"] = 42
        yield


def new_figure(
    height: float, *, layout: Literal["constrained"] | None = "constrained", dpi: float | None = None
) -> Figure:
    """Return an empty figure of the common width and of `height` [inch]; without a layout the axes are placed by hand."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), layout=layout, dpi=dpi)


def axes_or_new(ax: Axes | None, height: float = 3.6) -> Axes:
    """Return the given axes, or those of a new figure of `height` [inch], with a light grid behind the data."""
    if ax is None:
        ax = new_figure(height).subplots()
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(True, color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def figure_of(ax: Axes) -> Figure:
    """Return the figure that holds the axes."""
    from matplotlib.figure import Figure

    figure = ax.figure
    return figure if isinstance(figure, Figure) else figure.figure


def sequence(count: int, last: float = 0.8) -> np.ndarray:
    """Return colours from dark to light for curves in their order, shape (count, 4); `last` is that of the last one."""
    from matplotlib import colormaps

    return colormaps["viridis"](np.linspace(0, last, count))


def pulse_text(current_density: float, duration: float) -> str:
    """Return a pulse in words, from its current density [A/m^2] and duration [s]."""
    return rf"${current_density / 1e11:+.3g}\times10^{{11}}$ A/m$^2$ for {duration * 1e9:.3g} ns"
