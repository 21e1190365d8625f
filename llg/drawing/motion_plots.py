"""Figures of recorded trajectories against time: position, velocity, angle, tilt, width; one pulse or several."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dwcore.canvas.style import (
    BLUE,
    ORANGE,
    PALE,
    axes_or_new,
    figure_of,
    legend_above,
    new_figure,
    pulse_text,
    sequence,
)
from dwcore.errors import InputError
from llg.runs.trajectories import Trajectories

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAND = (5.0, 95.0)
"""Percent of the walls below the edges of the band."""


@dataclasses.dataclass(frozen=True)
class Quantity:
    """What of a wall is drawn against time.

    Attributes:
        label: of the axis.
        of: returns the values, shape (n, m), in the unit of the axis; None where they were not recorded.
        model: the wall that has it, for the message where it was not recorded.
    """

    label: str
    of: Callable[[Trajectories], np.ndarray | None]
    model: str = ""


def velocity(trajectories: Trajectories) -> np.ndarray:
    """Return dq/dt of each wall, shape (n, m) [m/s]: central differences of the samples, one-sided at both ends."""
    return np.gradient(trajectories.q, trajectories.time, axis=1)


def _scaled(values: np.ndarray | None, unit: float) -> np.ndarray | None:
    return None if values is None else values / unit


_DEGREE = np.pi / 180
QUANTITIES = {
    "position": Quantity(r"position $q$ (nm)", lambda one: one.q / 1e-9),
    "velocity": Quantity(r"velocity $\dot q$ (m/s)", velocity),
    "angle": Quantity(r"angle $\varphi$ (degrees)", lambda one: one.phi / _DEGREE),
    "tilt": Quantity(r"tilt $\chi$ (degrees)", lambda one: _scaled(one.chi, _DEGREE), "q-phi-chi"),
    "width": Quantity(r"width $\Delta$ (nm)", lambda one: _scaled(one.Delta, 1e-9), "q-phi-delta"),
}
"""By name."""


def plot_motion(trajectories: Trajectories, name: str = "position", *, ax: Axes | None = None) -> Axes:
    """Draw one quantity of the walls against time: mean, the range of nine in ten, and one of them.

    The velocity of a single wall between two samples is mostly thermal noise, so that only mean and range are drawn.

    Args:
        trajectories: recorded trajectories.
        name: of the quantity, one of `QUANTITIES`.
        ax: axes to draw on, a new figure by default.

    Raises:
        InputError: the quantity was not recorded, for the wall has none.
    """
    quantity = QUANTITIES[name]
    values = quantity.of(trajectories)
    if values is None:
        raise InputError(
            f'device "{trajectories.device.name}": its wall has no {name} of its own; that of '
            f'[wall] model = "{quantity.model}" has'
        )
    ax = axes_or_new(ax, height=3.2)
    time = trajectories.time * 1e9
    across = ax.get_xaxis_transform()
    on = np.abs(trajectories.pulse) >= 0.5
    ax.fill_between(time, 0, 1, where=on, transform=across, color=PALE, linewidth=0, label="pulse", zorder=0)
    low, high = np.percentile(values, BAND, axis=0)
    ax.fill_between(time, low, high, color=BLUE, alpha=0.25, linewidth=0, label="nine of ten walls")
    ax.plot(time, values.mean(axis=0), color=BLUE, linewidth=1.4, label="mean")
    if name != "velocity":
        ax.plot(time, values[0], color=ORANGE, linewidth=0.9, label="one of them")
    ax.set(xlim=(time[0], time[-1]), xlabel=r"time $t$ (ns)", ylabel=quantity.label)
    return ax


def motion_figure(trajectories: Trajectories, *names: str) -> Figure:
    """Draw quantities against time above one another; by default all that were recorded."""
    chosen = names or [name for name, quantity in QUANTITIES.items() if quantity.of(trajectories) is not None]
    figure = new_figure(1.0 + 1.8 * len(chosen) if len(chosen) > 1 else 3.4)
    axes = figure.subplots(len(chosen), 1, sharex=True, squeeze=False)[:, 0]
    for ax, name in zip(axes, chosen, strict=True):
        plot_motion(trajectories, name, ax=ax)
        if ax is not axes[-1]:
            ax.set_xlabel("")
    legend_above(axes[0], columns=6)
    figure.align_ylabels(axes)
    figure.suptitle(pulse_text(trajectories.current_density, trajectories.duration), fontsize="medium")
    return figure


def pulses_figure(runs: Sequence[Trajectories]) -> Figure:
    """Draw the wall position against time under several pulses: mean and the range of nine in ten walls of each.

    Time counts from the beginning of each pulse, so that pulses after rests of different lengths begin together.

    Args:
        runs: recorded trajectories, at least one.
    """
    ax = axes_or_new(None, height=4.2)
    names = {one.device.name for one in runs}
    for one, colour in zip(runs, sequence(len(runs)), strict=True):
        time = 1e9 * (one.time - one.time[np.argmax(np.abs(one.pulse) >= 0.5)])
        q = one.q * 1e9
        low, high = np.percentile(q, BAND, axis=0)
        ax.fill_between(time, low, high, color=colour, alpha=0.2, linewidth=0)
        pulse = pulse_text(one.current_density, one.duration)
        label = pulse if len(names) == 1 else f"{one.device.name}: {pulse}"
        ax.plot(time, q.mean(axis=0), color=colour, linewidth=1.4, label=label)
    ax.set(xlabel=r"time $t$ since the pulse began (ns)", ylabel=r"wall position $q$ (nm)")
    ax.margins(x=0)
    legend_above(ax, columns=3)
    return figure_of(ax)
