"""Figures of the velocity of a wall on a straight track against current or field."""

import numpy as np
from matplotlib.axes import Axes

from dwcore.canvas.style import BLUE, GREY, INK, ORANGE, axes_or_new
from llg.constants import MU_0
from llg.runs.velocity import SimulatedVelocities

HEIGHT = 4.2


def plot_velocity_against_current(curve: SimulatedVelocities, *, ax: Axes | None = None) -> Axes:
    """Draw v(J): simulation at a temperature and without noise, closed form, Walker point.

    Args:
        curve: what `llg.runs.velocity.velocity_against_current` finds.
        ax: axes to draw on, a new figure by default.
    """
    label = r"current density $J$ ($10^{11}$ A/m$^2$)"
    return _plot(curve, 1e-11, label, r"Walker point: $J={:.3g}\times10^{{11}}$ A/m$^2$", ax)


def plot_velocity_against_field(curve: SimulatedVelocities, *, ax: Axes | None = None) -> Axes:
    """Draw v(B): simulation at a temperature and without noise, closed form, Walker point.

    Args:
        curve: what `llg.runs.velocity.velocity_against_field` finds.
        ax: axes to draw on, a new figure by default.
    """
    return _plot(curve, MU_0 * 1e3, r"field along the easy axis $\mu_0H$ (mT)", "Walker field: {:.3g} mT", ax)


def _plot(curve: SimulatedVelocities, scale: float, label: str, walker_label: str, ax: Axes | None) -> Axes:
    ax = axes_or_new(ax, height=HEIGHT)
    drive, fine = curve.drive * scale, curve.exact_drive * scale
    ax.axhline(0, color=GREY, linewidth=0.8)
    for number, place in enumerate(curve.walker * scale):
        text = walker_label.format(place) if curve.walker.size == 1 else "Walker points"
        ax.axvline(place, color=GREY, linewidth=1.2, linestyle=":", label=text if number == 0 else None)
    if curve.formula is not None and np.abs(curve.formula - curve.exact).max() > 1e-3 * np.abs(curve.exact).max():
        ax.plot(fine, curve.formula, "--", color=GREY, linewidth=1.2, label=r"formula for $H_K$ or $D$ alone")
    ax.plot(fine, curve.exact, color=BLUE, linewidth=1.6, label="closed form of the rigid wall, no noise")
    ax.plot(drive, curve.noiseless, "o", color=INK, markersize=7, mfc="none", label="simulation, no noise")
    look = {"fmt": "s", "color": ORANGE, "markersize": 3.5, "capsize": 3, "linewidth": 1.2}
    ax.errorbar(drive, curve.velocity, curve.error, label=f"simulation at {curve.temperature:.4g} K", **look)
    ax.set(xlabel=label, ylabel=r"wall velocity $v$ (m/s)")
    ax.margins(x=0.02, y=0.08)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=8, edgecolor="none")
    return ax
