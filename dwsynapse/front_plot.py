"""Figures of what `dwsynapse design` has found: the front beside the outlines of its designs, and their networks."""

from matplotlib.figure import Figure

from dwcore.canvas.line_breaks import literal
from dwcore.canvas.style import BLUE, ORANGE, axes_or_new, is_narrow, legend_beside, new_figure, sequence
from dwcore.errors import InputError
from dwsynapse.front import PLAIN, Front
from llg.drawing.device_plots import plot_outline

MARKERS = "osD^v<>phX"
"""Forms of marks, so that designs are told apart in grey, too."""
SHOWN = {
    "energy": (1e15, "fJ"),
    "area": (1e12, "µm²"),
    "duration": (1e9, "ns"),
    "current_density": (1e-11, r"$10^{11}$ A/m²"),
}
"""Of what stands on axes: by what a value in SI is multiplied, and the unit that it then has."""


def front_figure(front: Front) -> Figure:
    """Draw the designs that hold over two objectives, those offered with a number, and the outline of each.

    Raises:
        InputError: no design holds.
    """
    if front.held is None or front.offered is None:
        raise InputError(f"{front.name}: no design holds, so that there is no front to draw")
    y, x, *_ = dict.fromkeys((*front.objectives, *PLAIN[::-1]))  # with one objective, what is none goes along
    rows, narrow = len(front.devices), is_narrow()
    figure = new_figure(3.6 + 1.5 * rows if narrow else max(3.6, 1.5 * rows))
    grid = figure.add_gridspec(rows + 2, 1) if narrow else figure.add_gridspec(rows, 2, width_ratios=(1.2, 1))
    ax = axes_or_new(figure.add_subplot(grid[:2, 0] if narrow else grid[:, 0]))
    best = front.held.best
    for some, color, size in ((~best, "0.75", 10), (best, BLUE, 18)):
        across, up = (_shown(name, front.held.figures[name][some]) for name in (x, y))
        ax.scatter(across, up, color=color, s=size)
    for i, device in enumerate(front.devices):
        at = {name: _shown(name, front.offered.figures[name][i]) for name in (x, y)}
        place = (at[x], at[y])
        ax.plot(*place, "o", color=ORANGE)
        side = 1 if i % 2 == 0 else -1  # neighbours are often too close for their numbers on one side
        ax.annotate(str(i + 1), place, textcoords="offset points", xytext=(8 * side, 8 * side), fontweight="bold",
                    ha="center", va="center")  # fmt: skip
        beside = plot_outline(device, ax=figure.add_subplot(grid[i + 2, 0] if narrow else grid[i, 1]))
        beside.tick_params(labelsize="small")
        words = (f"{name.replace('_', ' ')} {at[name]:.3g} {SHOWN[name][1]}" for name in (y, x))
        beside.set_title(f"{i + 1}: {', '.join(words)}", fontsize="small")
        beside.set_xlabel("" if i + 1 < rows else beside.get_xlabel())
    ax.margins(0.15 if narrow else 0.08)
    labels = {name: f"{name.replace('_', ' ')} ({SHOWN[name][1]})" for name in (x, y)}
    ax.set(xlabel=labels[x], ylabel=labels[y], title=literal(front.name))
    return figure


def _shown(name: str, value):
    return SHOWN[name][0] * value


def plot_network(front: Front, *, ax=None):
    """Draw the accuracy of each design over the energy of the training's write pulses; the larger the track the larger.

    Args:
        front: with networks, one that was trained at least.
        ax: axes to draw into.

    Returns:
        The axes.

    Raises:
        InputError: no network was trained.
    """
    rows = [row for row in front.network_rows() if "failed" not in row]
    if not rows:
        raise InputError(
            f"{front.name}: no network was trained; dwsynapse design --network trains one with each design"
        )
    ax = axes_or_new(ax)
    largest = max(row["area"] for row in rows)
    for row, color in zip(rows, sequence(len(rows)), strict=True):
        label = f"{row['design']}: {row['states']} states, {1e12 * row['area']:.3g} µm²"
        ax.scatter(1e9 * row["training_energy_J"], row["test_accuracy"], s=80 * row["area"] / largest, color=color,
                   marker=MARKERS[(row["design"] - 1) % len(MARKERS)], label=label)  # fmt: skip
    ax.axhline(rows[0]["float32_test_accuracy"], color="0.5", linestyle=":", label="float32")
    ax.margins(0.2)
    ax.set(xlabel="energy of the write pulses of the training (nJ)", ylabel="test accuracy")
    legend_beside(ax, markerscale=0.7)
    return ax
