"""Figures of an estimate: stacked bars of chips, pies of one chip, accuracy beside cost, a tornado of assumptions."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from arraysim.cost.comparison import Comparison
from arraysim.cost.ledger import BLOCKS, PHASES, ChipCost
from arraysim.cost.merits import UNCERTAINTY
from arraysim.cost.sensitivity import Sensitivity
from dwcore.arguments import checked
from dwcore.canvas.number_text import signed
from dwcore.canvas.style import (
    BLUE,
    INK,
    ORANGE,
    axes_or_new,
    figure_of,
    is_narrow,
    legend_beside,
    new_figure,
    panels,
)

HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "+++")
MARKERS = "os^vDP*Xh<"
SMALL = 0.015
"""Blocks with a smaller share in every bar are drawn together."""
UNITS = {
    "area": ("area", {"mm²": 1e6, "µm²": 1e12}),
    "energy": ("energy per image", {"mJ": 1e3, "µJ": 1e6, "nJ": 1e9, "pJ": 1e12}),
    "latency": ("latency per image", {"ms": 1e3, "µs": 1e6, "ns": 1e9}),
}
"""What is drawn, and the units to choose from, the largest first."""
_DWARFED = 10.0
"""A bar so many times as long as the next one would leave nothing to see of the others."""


@checked
def plot_chips(data: Sequence[ChipCost], *, what: str = "energy", ax: Axes | None = None) -> Axes:
    """Draw one stacked bar per chip, by block, with the uncertainty of absolute figures.

    Args:
        data: chips.
        what: "area", "energy" or "latency".
        ax: axes to draw on; default new ones.
    """
    ax = axes_or_new(ax, height=1.6 + 0.42 * len(data))
    parts = np.array([_by_block(chip, what) for chip in data])
    names = [chip.name.replace(": ", ":\n") if is_narrow() else chip.name for chip in data]
    return _stacked(ax, names, parts, what, UNCERTAINTY.get(what, 1.0))


@checked
def plot_phases(data: ChipCost, *, what: str = "energy", ax: Axes | None = None) -> Axes:
    """Draw one stacked bar per phase of a chip, by block.

    Args:
        data: chip.
        what: "energy" or "latency".
        ax: axes to draw on; default new ones.
    """
    return _stacked(axes_or_new(ax, height=3.2), PHASES, getattr(data, what).sum(axis=0).T, what)


def _stacked(ax: Axes, names: Sequence[str], parts: np.ndarray, what: str, factor: float = 1.0) -> Axes:
    """Draw stacked bars.

    Args:
        ax: axes to draw on.
        names: of the bars.
        parts: shape (bars, blocks) [m^2], [J] or [s].
        what: "area", "energy" or "latency".
        factor: by which totals may be off, drawn as error bars; 1 draws none [1].
    """
    end = _end(parts.sum(axis=1))
    label, unit, scale = _unit(what, parts.sum(axis=1).max())
    shown, labels = _gather(scale * parts)
    left = np.zeros(len(names))
    for values, name in zip(shown.T, labels, strict=True):
        ax.barh(list(names), values, 0.65, left=left, label=name, **_style(name))
        left += values
    if factor > 1:
        errors = (left - left / factor, left * (factor - 1))
        ax.errorbar(left, np.arange(len(names)), xerr=errors, fmt="none", color=INK, capsize=3, linewidth=0.8)
    reach = (factor + 0.14) * scale * end
    for number, total in enumerate(left):
        if total > reach:
            cut = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
            ax.text(0.98 * reach, number, f"{signed(total)} →", ha="right", va="center", fontsize="small", bbox=cut)
        else:
            ax.text(total * factor + 0.01 * scale * end, number, signed(total), va="center", fontsize="small")
    spread = f", error bars: a factor {factor:g}" if factor > 1 else ""
    ax.set(xlabel=f"{label} ({unit}){spread}", xlim=(0, reach))
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    legend_beside(ax)
    return ax


def _end(totals: np.ndarray) -> float:
    """Return the total at which an axis of bars ends: the largest, but one that dwarfs all others runs out of it."""
    *_, second, first = np.sort(np.append(0.0, totals))
    return float(second if 0 < _DWARFED * second < first else first)


@checked
def plot_accuracy(
    data: Comparison, accuracy: Mapping[str, float], *, what: str = "energy", ax: Axes | None = None
) -> Axes:
    """Draw accuracy against energy or area: the chip with the accuracy it was trained to, others with that of the twin.

    Args:
        data: chip and baselines.
        accuracy: "on_chip", and "float32" if a twin was trained; others are left out without [1].
        what: "energy" or "area".
        ax: axes to draw on; default new ones.
    """
    ax = axes_or_new(ax, height=6.0 if is_narrow() else 3.4)
    points = [(data.chip, accuracy["on_chip"])]
    if "float32" in accuracy:
        points += [(chip, accuracy["float32"]) for chip in data.baselines.values()]
    totals = [chip.total_area if what == "area" else chip.total_energy() for chip, _ in points]
    label, unit, scale = _unit(what, max(totals))
    factor = UNCERTAINTY[what]
    colours = mpl.colormaps["cividis"](np.linspace(0, 0.9, len(points)))
    for number, ((chip, share), total) in enumerate(zip(points, totals, strict=True)):
        x = scale * total
        ax.errorbar(x, 100 * share, xerr=[[x - x / factor], [x * (factor - 1)]], fmt=MARKERS[number % len(MARKERS)],
                    color=colours[number], capsize=3, label=chip.name)  # fmt: skip
    ax.set(xscale="log", xlabel=f"{label} ({unit}), error bars: a factor {factor:g}", ylabel="test accuracy (%)")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.margins(y=0.3)
    legend_beside(ax)
    return ax


@checked
def plot_share(data: ChipCost, *, what: str = "energy", ax: Axes | None = None) -> Axes:
    """Draw the shares of the blocks of one chip as a pie; small ones together, large ones with their percentage.

    Args:
        data: chip.
        what: "area", "energy" or "latency".
        ax: axes to draw on; default new ones.
    """
    ax = new_figure(3.6).subplots() if ax is None else ax
    values = _by_block(data, what)
    shown, names = _gather(values[None, :])
    wedges, *_ = ax.pie(
        shown[0],
        startangle=90,
        counterclock=False,
        labels=[f"{share:.0%}" if share > 0.04 else "" for share in shown[0] / values.sum()],
        textprops={"fontsize": "small"},
    )
    for wedge, name in zip(wedges, names, strict=True):
        wedge.set(**_style(name), label=name)
    label, unit, scale = _unit(what, values.sum())
    ax.set_title(f"{label}: {signed(scale * values.sum())} {unit}", fontsize="medium")
    return ax


def shares_figure(data: ChipCost) -> Figure:
    """Draw the pies of area, energy and latency of one chip."""
    axes, handles = panels(4.2, len(UNITS)), dict[str, Any]()
    for ax, what in zip(axes, UNITS, strict=True):
        plot_share(data, what=what, ax=ax)
        handles |= {str(patch.get_label()): patch for patch in ax.patches}
    order = [name for name in (*BLOCKS, "other") if name in handles]
    figure, columns = figure_of(axes[0]), 2 if is_narrow() else 5
    figure.legend([handles[name] for name in order], order, loc="outside lower center", ncols=columns, fontsize="small")
    return figure


def comparison_figure(data: Comparison) -> Figure:
    """Draw the stacked bars of area, energy and latency of a chip and its baselines, one below the other."""
    chips = [data.chip, *data.baselines.values()]
    figure = new_figure(3 * (1.2 + 0.36 * len(chips)))
    for ax, what in zip(figure.subplots(3, 1), UNITS, strict=True):
        plot_chips(chips, what=what, ax=axes_or_new(ax))
    return figure


@checked
def plot_tornado(
    data: tuple[dict[str, float], Sequence[Sensitivity]],
    *,
    ratio: str = "energy",
    most: int = 14,
    ax: Axes | None = None,
) -> Axes:
    """Draw how a ratio to the baseline changes with each assumption, the strongest at the top.

    Args:
        data: ratios as assumed, and the assumptions, as `arraysim.cost.sensitivity.sensitivities` returns them.
        ratio: which one.
        most: bars to draw.
        ax: axes to draw on; default new ones.
    """
    base, found = data
    chosen = sorted(found, key=lambda one: -one.swing(ratio))[:most]
    ax = axes_or_new(ax, height=1.2 + 0.27 * len(chosen))
    for number, one in enumerate(chosen):
        for value, colour, hatch in ((one.low_ratios[ratio], BLUE, ""), (one.high_ratios[ratio], ORANGE, "///")):
            ax.barh(number, value - base[ratio], 0.7, left=base[ratio], color=colour, hatch=hatch, edgecolor="white")
    ax.axvline(base[ratio], color=INK, linewidth=1)
    ax.set_yticks(range(len(chosen)), [f"{one.name}: {one.low} | {one.high}" for one in chosen], fontsize="small")
    ax.invert_yaxis()
    ax.set_xlabel(f"{ratio.replace('_', ' ')}: baseline over this chip (plain: first value, hatched: second)")
    ax.grid(False, axis="y")
    return ax


def _unit(what: str, largest: float) -> tuple[str, str, float]:
    """Return label, unit and factor that show a value with a digit before the point, if there is such a unit."""
    label, units = UNITS[what]
    fitting = [unit for unit, scale in units.items() if largest * scale >= 1]
    unit = fitting[0] if fitting else list(units)[-1]
    return label, unit, units[unit]


def _by_block(chip: ChipCost, what: str) -> np.ndarray:
    return chip.area if what == "area" else getattr(chip, what).sum(axis=(0, 2))


def _gather(parts: np.ndarray) -> tuple[np.ndarray, list[str]]:
    share = parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-300)
    large = share.max(axis=0) >= SMALL
    names = [name for name, keep in zip(BLOCKS, large, strict=True) if keep]
    rest = parts[:, ~large].sum(axis=1, keepdims=True)
    return (np.hstack([parts[:, large], rest]), [*names, "other"]) if rest.any() else (parts[:, large], names)


def _style(name: str) -> dict:
    if name == "other":
        return {"facecolor": "white", "edgecolor": INK, "linewidth": 0.5}
    number = BLOCKS.index(name)
    colour = mpl.colormaps["cividis"](((number * 5) % len(BLOCKS)) / (len(BLOCKS) - 1))
    return {"facecolor": colour, "edgecolor": "white", "hatch": HATCHES[number % len(HATCHES)], "linewidth": 0.5}
