"""Data against fit, with residuals in standard errors; and the potential that a map makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dwcore.canvas.line_breaks import entitle
from dwcore.canvas.style import BLUE, GREY, INK, ORANGE, axes_or_new, figure_of, is_narrow, new_figure, panels
from llg.calibration.data import CalibrationData
from llg.calibration.fit import Calibration
from llg.calibration.potential_map import PotentialMap
from llg.device.device import Device
from llg.drawing.device_plots import device_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_calibration(result: Calibration):
    """Draw two panels per set of data: data and fit, and the residuals beside them, in a column below them."""
    rows = len(result.data)
    if is_narrow():
        grid = new_figure(5.4 * rows).subplots(2 * rows, 1, height_ratios=(3, 2) * rows).reshape(rows, 2)
    else:
        grid = new_figure(3.2 * rows).subplots(rows, 2, squeeze=False, width_ratios=(3, 2))
    for row, data, predicted, error in zip(grid, result.data, result.predicted, result.error, strict=True):
        plot_fit(data, predicted, error, ax=row[0])
        plot_residuals(data, predicted, error, ax=row[1])
    return _named(figure_of(grid[0, 0]), result.device)


def _named(figure: Figure, device: Device) -> Figure:
    """Return a figure with the device in its title."""
    entitle(figure, device_text(device))
    return figure


def plot_fit(data: CalibrationData, predicted: np.ndarray, error: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Draw measured points with their errors and the predictions joined by lines.

    Args:
        data: what was measured.
        predicted: what the fitted model gives, shape (n,), SI.
        error: standard errors, shape (n,), SI.
        ax: axes to draw into; new ones by default.
    """
    ax = axes_or_new(ax)
    (x_label, x_unit), (y_label, y_unit) = data.x_axis, data.y_axis
    for number in np.unique(data.series):
        mine = np.flatnonzero(data.series == number)
        mine = mine[np.argsort(data.x[mine])]
        x, bar = data.x[mine] / x_unit, error[mine] / y_unit
        name = ("measured", "fitted") if number == 0 else ("", "")
        points: dict[str, Any] = {"fmt": "o", "ms": 3.5, "color": INK, "ecolor": GREY, "elinewidth": 0.8}
        ax.errorbar(x, data.measured[mine] / y_unit, bar, label=name[0], **points)
        ax.plot(x, predicted[mine] / y_unit, "-", color=ORANGE, label=name[1], zorder=3)
        if len(data.labels) > 1:
            ax.annotate(
                f" {data.labels[number]}", (x[-1], predicted[mine[-1]] / y_unit), fontsize="x-small", color=GREY
            )
    ax.set(xlabel=x_label, ylabel=y_label, title=data.kind)
    ax.legend(frameon=False)
    return ax


def plot_residuals(data: CalibrationData, predicted: np.ndarray, error: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Draw measured minus predicted over the standard error, with the band that holds 95 % of sound residuals.

    Args:
        data: what was measured.
        predicted: what the fitted model gives, shape (n,), SI.
        error: standard errors, shape (n,), SI.
        ax: axes to draw into; new ones by default.
    """
    ax = axes_or_new(ax)
    label, unit = data.x_axis
    ax.axhspan(-1.96, 1.96, color=BLUE, alpha=0.1)
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.plot(data.x / unit, (data.measured - predicted) / error, "o", ms=3.5, color=BLUE)
    ax.set(xlabel=label, ylabel="residual (standard errors)")
    return ax


def plot_potential(pinning: PotentialMap, device: Device):
    """Draw the holding force of a map and of the potential of the device made from it."""
    force, energy = (axes_or_new(ax) for ax in panels(3.2, 2))
    force.plot(pinning.x * 1e9, pinning.force * 1e12, "o-", ms=3.5, color=BLUE)
    force.set(xlabel=r"$q_S$ (nm)", ylabel="holding force (pN)", title="map")
    q = np.linspace(0, device.track.length, 2000)
    energy.plot(q * 1e9, device.section("potential").evaluate(q)[0] * 1e21, color=ORANGE)
    energy.set(xlabel="wall position (nm)", ylabel="potential (zJ)", title="potential on the even track")
    return _named(figure_of(force), device)
