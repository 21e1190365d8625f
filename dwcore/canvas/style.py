"""The look that all figures share: size, colours, axes.

Figures are made without pyplot, so that drawing changes no global state and needs no display. The drawing library is
imported when something is drawn.
"""

from __future__ import annotations

import contextlib
import contextvars
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, PAGE, COLUMN = 8.8, 7.0, 3.4
"""Widths of figures [inch]: on screens, where 100 dpi make 880 pixels; over a page and over a column of a journal."""
_NARROW, _WIDE = 5.0, 8.0
_MOST_BELOW = 12
"""Curves of a series that a legend below a figure of a column names."""
_width: contextvars.ContextVar[float] = contextvars.ContextVar("width", default=WIDTH)
# Okabe and Ito's colours, told apart by the colour-blind; in grey the form of what is drawn tells them apart.
BLUE, ORANGE, SKY = "#0072B2", "#D55E00", "#A6CFE8"
INK, GREY, PALE = "#222222", "#6E6E6E", "#E4E4E4"


NO_GLYPH = r"Glyph (\d+) \(.*\) missing from font\(s\) (.*)\."
"""What matplotlib warns of for each letter that its font lacks."""
_LEFT_ALONE = ("backend", "backend_fallback", "interactive", "toolbar", "webagg", "svg.fonttype")
"""Settings of matplotlib that do not change the look, and whether the text of an SVG stays text."""


@contextlib.contextmanager
def own_look(width: float | None = None) -> Iterator[None]:
    """Draw and write figures of one width alike on every machine, whatever its matplotlibrc says.

    This is the one style sheet: fonts of 10, 9 and 8 points on screens, pages and columns; TrueType fonts in PDF. What the
    font lacks is said once, as a figure is written (`dwcore.canvas.figure_file`).

    Args:
        width: width of the figures; `WIDTH` by default [inch].
    """
    from matplotlib import rc_context, rcParams, rcParamsDefault

    width = WIDTH if width is None else width

    names = [name for name in rcParamsDefault if not name.startswith(_LEFT_ALONE)]
    token = _width.set(width)
    try:
        with rc_context({name: rcParamsDefault[name] for name in names}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", NO_GLYPH)
            rcParams["pdf.fonttype"] = rcParams["ps.fonttype"] = 42
            rcParams["font.size"] = 8.0 if width < _NARROW else 9.0 if width < _WIDE else 10.0
            yield
    finally:
        _width.reset(token)


def figure_width() -> float:
    """Return the width of figures that are made now [inch]."""
    return _width.get()


def is_narrow() -> bool:
    """Whether figures that are made now go into a column, where panels stand above one another."""
    return _width.get() < _NARROW


def shrunk(height: float) -> float:
    """Return the height [inch] of what has a height on screens, at the width of now."""
    width = _width.get()
    return height * (0.66 if width < _NARROW else 0.85 if width < _WIDE else 1.0)


def new_figure(
    height: float, *, layout: Literal["constrained"] | None = "constrained", dpi: float | None = None
) -> Figure:
    """Return an empty figure of the width of now; without a layout the axes are placed by hand.

    Args:
        height: on screens; without a layout as it is [inch].
        layout: how the axes find their places.
        dpi: pixels per inch.
    """
    from dwcore.canvas.shown_figure import ShownFigure

    return ShownFigure(figsize=(_width.get(), shrunk(height) if layout else height), layout=layout, dpi=dpi)


def panels(height: float, count: int, *, ratios: tuple[float, ...] | None = None, sharey: bool = False) -> list[Axes]:
    """Return panels of a new figure beside one another, in a column above one another.

    Args:
        height: of the figure on screens [inch].
        count: number of panels.
        ratios: of their widths, where they stand side by side.
        sharey: one vertical axis for all.
    """
    if is_narrow():
        return new_figure(height * count).subplots(count, 1, sharey=sharey, squeeze=False)[:, 0].tolist()
    return new_figure(height).subplots(1, count, sharey=sharey, width_ratios=ratios, squeeze=False)[0].tolist()


def legend_above(ax: Axes, *, columns: int, **look: Any) -> None:
    """Put the legend above the axes, in `columns` on screens and fewer in a column.

    Args:
        ax: the axes.
        columns: on screens.
        look: further arguments of the legend.
    """
    columns = max(columns // 3, 1) if is_narrow() else columns
    common: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "fontsize": "small"}
    ax.legend(ncols=columns, edgecolor="none", **common | look)


def legend_beside(ax: Axes, *, columns: int = 1, series: bool = False, **look: Any) -> None:
    """Put the legend to the right of the axes; in a column below the figure, one for all its panels.

    Args:
        ax: the axes.
        columns: of the legend to the right.
        series: the curves follow one another, so that in a column it is enough to name every second or so of many.
        look: further arguments of the legend.
    """
    common: dict[str, Any] = {"fontsize": "small", "edgecolor": "none", "borderaxespad": 0.0}
    handles, labels = ax.get_legend_handles_labels()
    if is_narrow():
        figure = figure_of(ax)
        for old in figure.legends:
            named = zip(old.legend_handles, (text.get_text() for text in old.get_texts()), strict=True)
            before = [(handle, label) for handle, label in named if handle is not None and label not in labels]
            handles, labels = [*(one for one, _ in before), *handles], [*(label for _, label in before), *labels]
            old.remove()
        step = -(-len(handles) // _MOST_BELOW) if series else 1
        place: dict[str, Any] = {"loc": "outside lower center", "columnspacing": 1.0} | common | look
        for ncols in (3, 2, 1):
            legend = figure.legend(handles[::step], labels[::step], ncols=ncols, **place)
            if ncols == 1 or legend.get_window_extent().width < figure.bbox.width:
                break
            legend.remove()
    else:
        ax.legend(handles, labels, loc="center left", bbox_to_anchor=(1.01, 0.5), ncols=columns, **common | look)


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
