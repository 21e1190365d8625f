"""Accuracy of a network against one property: of its periphery, its devices, its programming, or its age."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from dwcore.canvas.style import BLUE, axes_or_new


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class AccuracyScan:
    """Accuracy of several seeds against one property.

    Attributes:
        label: of the property, with its unit.
        value: ascending, shape (n,).
        accuracy: on the test images, shape (n, seeds) [1].
        ideal: what it is compared with, shape (seeds,) [1].
        ideal_label: what that is.
        logarithmic: whether values are best seen on a logarithmic axis.
    """

    label: str
    value: np.ndarray
    accuracy: np.ndarray
    ideal: np.ndarray
    ideal_label: str = "as trained"
    logarithmic: bool = False

    @classmethod
    def of(cls, label: str, value: Sequence[float], accuracy: Sequence[Sequence[float]], **more) -> "AccuracyScan":
        """Return a scan of values in any order, on a logarithmic axis where they span much.

        Args:
            label: of the property, with its unit.
            value: shape (n,).
            accuracy: shape (n, seeds) [1].
            more: ``ideal`` and other attributes.
        """
        order = np.argsort(value)
        value = np.array(value, float)[order]
        more = {"logarithmic": bool(value[0] > 0 and value[-1] > 30 * value[0])} | more
        ideal = np.array(more.pop("ideal"))
        return cls(label=label, value=value, accuracy=np.array(accuracy)[order], ideal=ideal, **more)


def mean_and_range(accuracies: Sequence[float]) -> str:
    """Return accuracies of several seeds in words."""
    spread = "" if len(accuracies) == 1 else f" ({min(accuracies):.4f} to {max(accuracies):.4f})"
    return f"test accuracy {sum(accuracies) / len(accuracies):.4f}{spread}"


def plot_accuracy_scan(data: AccuracyScan, *, ax: Axes | None = None) -> Axes:
    """Draw the mean over the seeds as a line, each seed as a point, and the ideal as a dashed line.

    Args:
        data: what to draw.
        ax: axes to draw on; default new ones.
    """
    ax = axes_or_new(ax, height=4.0)
    seeds = data.accuracy.shape[1]
    ax.axhline(
        data.ideal.mean(),
        color="black",
        linestyle="--",
        linewidth=1.2,
        label=f"{data.ideal_label}: {data.ideal.mean():.2%}",
    )
    for number in range(seeds):
        ax.plot(data.value, data.accuracy[:, number], "o", color=BLUE, markersize=4, alpha=0.5, linewidth=0)
    ax.plot(data.value, data.accuracy.mean(axis=1), "-", color=BLUE, linewidth=1.8, label=f"mean of {seeds} seeds")
    if data.logarithmic:
        ax.set_xscale("log")
    ax.set(xlabel=data.label, ylabel="test accuracy")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.legend(loc="best")
    return ax
