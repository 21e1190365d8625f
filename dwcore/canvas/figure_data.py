"""What a figure shows, as numbers: one row per point of a curve, bar, cell of a map or corner of a shaded area."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from dwcore.storage.atomic import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection
    from matplotlib.figure import Figure

HEAD = ("panel", "x_label", "y_label", "curve", "x", "y", "error", "value")


def figure_rows(figure: Figure) -> Iterator[tuple]:
    """Yield the rows of `HEAD`: panels and unnamed curves count from 1; curves have errors, cells of maps values."""
    panels = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    for number, ax in enumerate(panels, 1):
        for curve, *numbers in _drawn(ax):
            yield number, ax.get_xlabel(), ax.get_ylabel(), curve, *numbers


def _drawn(ax: Axes) -> Iterator[tuple]:
    from matplotlib.container import ErrorbarContainer
    from matplotlib.patches import Rectangle

    bars = [one for one in ax.containers if isinstance(one, ErrorbarContainer)]
    caps = {id(cap) for one in bars for cap in one.lines[1]}
    errors: dict[int, Any] = {
        id(one.lines[0]): one.lines[2][0].get_segments() for one in bars if one.has_yerr and one.lines[2]
    }
    names = {id(one.lines[0]): str(one.get_label()) for one in bars}
    curves = [line for line in ax.lines if line.get_transform() == ax.transData and id(line) not in caps]
    for number, line in enumerate(curves, 1):
        name = names.get(id(line), str(line.get_label()))
        x, y = (np.asarray(values) for values in line.get_data(orig=False))
        spans = errors.get(id(line), [""] * x.size)
        for place, height, span in zip(x, y, spans, strict=True):
            error = "" if isinstance(span, str) else float(np.ptp(span[:, 1]) / 2)
            yield f"curve {number}" if name.startswith("_") else name, float(place), float(height), error, ""
    for number, bar in enumerate(ax.patches, 1):
        if isinstance(bar, Rectangle):
            top = bar.get_y() + bar.get_height()
            yield f"bar {number}", float(bar.get_x() + bar.get_width() / 2), float(top), "", ""
    for image in ax.images:
        yield from _cells(image.get_array(), image.get_extent(), image.origin == "upper")
    bar_ends = {id(part) for one in bars for part in one.lines[2]}
    for number, shape in enumerate((one for one in ax.collections if id(one) not in bar_ends), 1):
        yield from _shape(f"shape {number}", shape)


def _cells(values, extent: tuple, downwards: bool) -> Iterator[tuple]:
    """Yield the cells of a map at their centres; pictures in colours have no values."""
    cells: np.ndarray = np.ma.filled(np.ma.asarray(values, float), np.nan)
    if cells.ndim == 2:
        left, right, bottom, top = extent
        rows, columns = cells.shape
        x = left + (np.arange(columns) + 0.5) * (right - left) / columns
        y = bottom + (np.arange(rows) + 0.5) * (top - bottom) / rows
        y = y[::-1] if downwards else y
        yield from (("map", float(x[c]), float(y[r]), "", float(value)) for (r, c), value in np.ndenumerate(cells))


def _shape(name: str, shape: Collection) -> Iterator[tuple]:
    """Yield a mesh by its cells, markers by their places, and bands and contours by their corners."""
    from matplotlib.collections import PathCollection, QuadMesh

    if isinstance(shape, QuadMesh):
        corners = np.asarray(shape.get_coordinates())
        centres = (corners[:-1, :-1] + corners[1:, 1:]) / 2
        values = np.ma.filled(np.ma.asarray(shape.get_array(), float), np.nan).reshape(centres.shape[:2])
        yield from (("map", *map(float, centres[at]), "", float(value)) for at, value in np.ndenumerate(values))
    elif isinstance(shape, PathCollection):
        yield from ((name, float(x), float(y), "", "") for x, y in np.ma.getdata(shape.get_offsets()))
    else:
        for path in shape.get_paths():
            yield from ((name, float(x), float(y), "", "") for x, y in np.asarray(path.vertices))


def save_figure_data(path, figure: Figure, *, force: bool = False) -> None:
    """Write what a figure shows as CSV.

    Raises:
        InputError: the file exists and `force` is not set, or cannot be written.
    """
    with replacing(path, force=force) as temporary, open(temporary, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([HEAD, *figure_rows(figure)])
