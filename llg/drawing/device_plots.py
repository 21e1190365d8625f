"""Figures of one device: the outline of its track, the energy landscape of the wall, the current pulse."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dwcore.canvas.style import BLUE, GREY, INK, ORANGE, SKY, axes_or_new, figure_of, is_narrow, legend_above
from dwcore.errors import RunError
from llg.constants import K_B
from llg.device.device import Device
from llg.device.static_field import field_words
from llg.landscape.wells import Well, find_wells, valley
from llg.runs.ensemble import Drive
from llg.walls.q_phi import QPhiModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Q_LABEL = r"wall position $q$ (nm)"
_LEAST_STRIP = 0.4
"""Height of a drawn strip below which its axis across has no room for numbers [inch]."""
_LETTER = 0.1
"""Room of a digit with its share of the space beside the number [inch]."""
STRIP_HEIGHT = 1.6
"""Height of the drawn strip over the width of the track; wider contact pads run out of it."""


def device_text(device: Device, temperature: float | None = None) -> str:
    """Return a device, its temperature and its static field in words.

    Args:
        device: the device.
        temperature: that of a run, 0 without noise [K]; the device's own by default.
    """
    noise = "no noise" if temperature == 0 else ""
    static = field_words(None if device.field is None else device.field.to_dict())
    return ", ".join(filter(None, (device.name, f"{device.temperature:g} K", noise, static)))


def wells_or_none(model: QPhiModel) -> list[Well]:
    """Return the wells of the track at the temperature of the device; an empty list for a track without any."""
    try:
        return find_wells(model, model.device.temperature)
    except RunError:
        return []


def plot_outline(device: Device, *, ax: Axes | None = None) -> Axes:
    """Draw the track from above, to scale.

    Args:
        device: device (instance).
        ax: axes to draw on, a new figure by default.
    """
    from matplotlib.ticker import MultipleLocator, NullLocator

    ax = axes_or_new(ax, height=2.4)
    x, w = device.geometry.q * 1e9, device.geometry.w * 1e9
    half = min(STRIP_HEIGHT * device.track.width * 1e9, w.max() * 1.1) / 2
    middle = 1e9 * device.middle_at(device.geometry.q)
    ax.fill_between(x, middle - w / 2, middle + w / 2, color=SKY, edgecolor=BLUE, linewidth=0.8)
    ax.set(xlim=(x[0], x[-1]), ylim=(-half, half), xlabel=r"$x$ (nm)", ylabel=r"$y$ (nm)")
    ax.set_aspect("equal")
    inches = 0.8 * figure_of(ax).get_figwidth() * 2 * half / (x[-1] - x[0])
    thin = inches < _LEAST_STRIP
    ax.yaxis.set_major_locator(NullLocator() if thin else MultipleLocator(_round_step(device.track.width * 1e9 / 2)))
    if thin:
        ax.set_ylabel("")
    ax.grid(False)
    return ax


def _round_step(size: float) -> float:
    """Return the largest of 1, 2 or 5 times a power of ten that is not above `size`."""
    power = 10.0 ** np.floor(np.log10(size))
    return power * max(digit for digit in (1, 2, 5) if digit * power <= size * (1 + 1e-9))


def plot_landscape(model: QPhiModel, *, ax: Axes | None = None) -> Axes:
    """Draw the energy of the wall along the track at rest, with its wells numbered and its barriers in kB T.

    The scale ends above the highest barrier between two wells; the rise towards the ends of the track runs out of it.

    Args:
        model: the wall in its device.
        ax: axes to draw on, a new figure by default.
    """
    ax = axes_or_new(ax)
    temperature = model.device.temperature
    kT = K_B * temperature
    path, wells = valley(model), wells_or_none(model)
    bottom = min((w.energy for w in wells), default=path.energy.min())
    ax.plot(path.q * 1e9, (path.energy - bottom) / kT, color=BLUE, linewidth=1.6)
    ax.set(xlim=(0, path.q[-1] * 1e9), xlabel=Q_LABEL)
    ax.set_ylabel(rf"energy $E_\mathrm{{min}}$ ($k_\mathrm{{B}}T$ at {temperature:.4g} K)")
    if wells:
        _mark_wells(ax, wells, bottom, kT)
        _mark_barriers(ax, wells, bottom, kT)
    return ax


def _mark_wells(ax: Axes, wells: list[Well], bottom: float, kT: float) -> None:
    q = [w.q * 1e9 for w in wells]
    height = [(w.energy - bottom) / kT for w in wells]
    gap = _gap(ax, q)
    size = min(6.0, 72 * gap)
    ax.plot(q, height, "o", color=ORANGE, markersize=size, label="well, numbered as state", clip_on=False)
    look: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": "small", "color": INK}
    for number in range(0, len(q), math.ceil(_LETTER * len(str(len(q))) / gap)):
        ax.annotate(str(number), (q[number], height[number]), (0, -6), va="top", **look)


def _gap(ax: Axes, q: list[float]) -> float:
    """Return the least distance of two wells at q [nm] on the paper [inch]."""
    low, high = ax.get_xlim()
    width = 0.8 * figure_of(ax).get_figwidth()
    return width * float(min(np.diff(q), default=high - low)) / (high - low)


def _mark_barriers(ax: Axes, wells: list[Well], bottom: float, kT: float) -> None:
    pairs = list(itertools.pairwise(wells))
    q = [left.right_edge * 1e9 for left, _ in pairs]
    height = [(left.energy + left.barrier_right - bottom) / kT for left, _ in pairs]
    label = r"barrier seen from the left | right well ($k_\mathrm{B}T$)"
    ax.plot(q, height, "v", color=GREY, markersize=min(5.0, 72 * _gap(ax, [w.q * 1e9 for w in wells])), label=label)
    words = [_barrier_text(left.barrier_right / kT, right.barrier_left / kT) for left, right in pairs]
    look: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": "small", "color": INK}
    step = math.ceil(_LETTER * max(map(len, words), default=0) / _gap(ax, [w.q * 1e9 for w in wells])) or 1
    for x, y, text in list(zip(q, height, words, strict=True))[::step]:
        ax.annotate(text, (x, y), (0, 5), va="bottom", **look)
    outer = (wells[0].barrier_left / kT, wells[-1].barrier_right / kT)
    # The slopes of a single well stand for the barriers that it lacks.
    top = max(height, default=min(outer))
    ax.set_ylim(-0.17 * top, 1.45 * top)
    for barrier, x, side in zip(outer, (0.01, 0.99), ("left", "right"), strict=True):
        if barrier > ax.get_ylim()[1]:
            ax.text(
                x, 0.5, f"to the end: {barrier:.0f}", transform=ax.transAxes, ha=side, va="center", rotation=90,
                fontsize="small", color=GREY,
            )  # fmt: skip
    if is_narrow():
        legend_above(ax, columns=2)
    else:
        ax.legend(loc="upper center", ncols=2, fontsize="small", edgecolor="none")


def _barrier_text(from_left: float, from_right: float) -> str:
    one, other = f"{from_left:.0f}", f"{from_right:.0f}"
    return one if one == other else f"{one} | {other}"


def plot_waveform(drive: Drive, *, ax: Axes | None = None) -> Axes:
    """Draw the current density of a drive against time, one line per current density.

    Args:
        drive: waveform and current density.
        ax: axes to draw on, a new figure by default.
    """
    ax = axes_or_new(ax, height=2.6)
    time = drive.waveform.time * 1e9
    for current_density in np.unique(drive.current_density):
        ax.plot(time, drive.waveform.value * current_density / 1e11, color=BLUE, linewidth=1.6)
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.set(xlim=(time[0], time[-1]), xlabel=r"time $t$ (ns)")
    ax.set_ylabel(r"current density $J$ ($10^{11}$ A/m$^2$)")
    return ax
