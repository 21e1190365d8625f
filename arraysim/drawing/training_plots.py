"""Figures of training on chip. Colours differ in lightness and lines in style, so all are readable in grey."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from arraysim.networks.definition import in_array
from arraysim.training.result import TrainingResult
from dwcore.arguments import checked
from dwcore.canvas.style import BLUE, ORANGE, axes_or_new

YELLOW = "#E69F00"
GREEN = "#009E73"
SEQUENTIAL = "cividis"


def plot_learning_curves(data: Sequence[TrainingResult], *, ax: Axes | None = None) -> Axes:
    """Draw accuracy against epochs: mean over seeds as a line, lowest to highest seed as a band.

    A seed that stopped early keeps its last value.

    Args:
        data: one result per seed.
        ax: axes to draw on; default new ones.
    """
    ax = axes_or_new(ax, height=4.2)
    lines = (
        ("chip", "train_accuracy", "on chip, training images", YELLOW, "--"),
        ("chip", "validation_accuracy", "on chip, validation images", GREEN, "-."),
        ("chip", "test_accuracy", "on chip, test images", BLUE, "-"),
        ("float32", "test_accuracy", "float32 twin, test images", "black", ":"),
    )
    lowest, last = 1.0, 0
    for network, accuracy, label, colour, style in lines:
        curves = [getattr(curve, accuracy) for result in data if (curve := getattr(result, network)) is not None]
        if not curves or np.isnan(curves[0]).all():
            continue
        values = _one_length(curves)
        final = f"{label}: {np.mean([curve[-1] for curve in curves]):.1%}"
        epochs = np.arange(values.shape[1])
        ax.plot(epochs, values.mean(axis=0), style, color=colour, label=final, linewidth=1.8)
        ax.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, linewidth=0)
        lowest, last = min(lowest, values[:, min(1, epochs[-1]) :].min()), max(last, epochs[-1])
    ax.set(xlabel="epoch", ylabel="accuracy", xlim=(0, last))
    ax.set_ylim(max(0.0, lowest - 0.05), 1.005)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.legend(loc="lower right", title=f"mean and range of {len(data)} seeds" if len(data) > 1 else "one seed")
    return ax


def _one_length(curves: list[np.ndarray]) -> np.ndarray:
    """Return curves as rows of one length, shorter ones going on at their last value."""
    length = max(map(len, curves))
    return np.array([np.append(curve, np.full(length - len(curve), curve[-1])) for curve in curves])


def plot_confusion(data: Sequence[TrainingResult], *, ax: Axes | None = None) -> Axes:
    """Draw the confusion matrix on chip at the end, summed over seeds.

    Args:
        data: one result per seed.
        ax: axes to draw on; default new ones.
    """
    ax = axes_or_new(ax, height=5.2)
    count = np.sum([result.chip.confusion for result in data], axis=0)
    share = count / count.sum(axis=1, keepdims=True)
    ax.grid(False)
    image = ax.imshow(share, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    for (row, column), number in np.ndenumerate(count):
        if number:
            colour = "black" if share[row, column] > 0.5 else "white"
            ax.text(column, row, str(number), ha="center", va="center", color=colour, fontsize="small")
    ticks = np.arange(len(count))
    ax.set(xlabel="predicted class", ylabel="true class", xticks=ticks, yticks=ticks)
    ax.figure.colorbar(image, ax=ax, label="share of true class", format=PercentFormatter(1.0, decimals=0))
    return ax


def plot_state_occupancy(data: TrainingResult, *, ax: Axes | None = None) -> Axes:
    """Draw the share of synapses in each state against epochs, all layers together.

    Args:
        data: one seed.
        ax: axes to draw on; default new ones.
    """
    ax = axes_or_new(ax, height=3.8)
    count = data.hardware.state_histogram.sum(axis=1)
    share = (count / count.sum(axis=1, keepdims=True)).T
    states = len(share) - 1
    colours = [*mpl.colormaps[SEQUENTIAL](np.linspace(0.1, 1, states)), "white"]
    labels = [*(f"state {s}" for s in range(states)), "lost"]
    shown = range(states + 1) if share[-1].any() else range(states)
    areas = ax.stackplot(
        np.arange(share.shape[1]),
        share[shown],
        labels=[labels[s] for s in shown],
        colors=[colours[s] for s in shown],
        edgecolor="black",
        linewidth=0.4,
    )
    if len(shown) > states:
        areas[-1].set_hatch("///")
    ax.set(xlabel="epoch", ylabel="share of synapses", xlim=(0, share.shape[1] - 1), ylim=(0, 1))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), reverse=True)
    return ax


@checked
def plot_weights(data: TrainingResult, *, layer: int = 0, ax: Axes | None = None) -> Axes:
    """Draw the weights of one layer at the end as a map.

    Args:
        data: one seed.
        layer: number of the layer, from the input [1].
        ax: axes to draw on; default new ones.
    """
    ax = axes_or_new(ax, height=4.2)
    weight = data.hardware.weight[layer]
    limit = np.abs(weight).max()
    ax.grid(False)
    image = ax.imshow(weight.T, cmap=SEQUENTIAL, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    crossbars = [spec for spec in data.config.network.layers if in_array(spec)]
    last = " (last: bias)" if crossbars[layer].bias else ""
    ax.set(xlabel=f"input of layer {layer + 1}{last}", ylabel=f"output of layer {layer + 1}")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    ax.figure.colorbar(image, ax=ax, label="weight [1]")
    return ax


def plot_pulses_per_device(data: TrainingResult, *, ax: Axes | None = None) -> Axes:
    """Draw how many synapses received how many write pulses, by layer, the first reset included.

    Args:
        data: one seed.
        ax: axes to draw on; default new ones.
    """
    ax = axes_or_new(ax, height=3.8)
    wear = [received.ravel() for received in data.hardware.pulses_received]
    low, high = min(layer.min() for layer in wear), max(layer.max() for layer in wear)
    width = max(1, -(-int(high - low + 1) // 60))
    edges = np.arange(low, high + width + 1, width) - 0.5
    for number, (layer, colour, style) in enumerate(zip(wear, _cycle(len(wear)), _styles(len(wear)), strict=True)):
        label = f"layer {number + 1}: {layer.size} synapses, mean {layer.mean():.1f}"
        ax.hist(layer, edges.tolist(), histtype="step", color=colour, linestyle=style, linewidth=1.6, label=label)
    ax.set(xlabel="write pulses per synapse", ylabel="number of synapses", yscale="log")
    ax.set_ylim(bottom=0.7)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="upper right")
    return ax


def _cycle(n: int) -> list[str]:
    return [(BLUE, ORANGE, YELLOW)[i % 3] for i in range(n)]


def _styles(n: int) -> list[str]:
    return [("-", "--", ":", "-.")[i % 4] for i in range(n)]
