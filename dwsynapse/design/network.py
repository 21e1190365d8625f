"""What a network gains from each design: accuracy, energy of the training and area, through the quick chain."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dwcore.canvas.style import axes_or_new
from dwcore.errors import RunError
from dwsynapse.design.verification import Verified


def through_the_chain(folder: Path, offered: Sequence[Verified], seed: int, jobs: int | None) -> list[dict[str, Any]]:
    """Carry each design through the quick chain into a folder of its own; return accuracy, energy and area of each.

    One that no network can be trained with has ``failed``, the reason, instead of them.
    """
    from dwsynapse.chain.chain import run

    rows = []
    for number, verified in enumerate(offered, 1):
        place = folder / f"design_{number}"
        try:
            summary = run(verified.device, out=place, seed=seed, quick=True, jobs=jobs, force=True)
        except RunError as error:
            rows.append({"design": number, "failed": str(error)})
            continue
        rows.append({
            "design": number,
            "states": len(summary["wells"]),
            "area": verified.figures["area"],
            "test_accuracy": summary["accuracy"]["on_chip_test"],
            "float32_test_accuracy": summary["accuracy"]["float32_test"],
            "training_energy_J": summary["energy_J"],
            "report": str(place / "report.html"),
        })  # fmt: skip
    return rows


def plot_network(rows: Sequence[dict[str, Any]], *, ax=None):
    """Draw the accuracy of each design over the energy of the training's write pulses; the larger the track the larger.

    Args:
        rows: as `through_the_chain` returns them, without those that failed, one at least.
        ax: axes to draw into.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax)
    energy = [row["training_energy_J"] for row in rows]
    accuracy = [row["test_accuracy"] for row in rows]
    largest = max(row["area"] for row in rows)
    ax.scatter(energy, accuracy, s=[80 * row["area"] / largest for row in rows])
    for row, x, y in zip(rows, energy, accuracy, strict=True):
        label = f"{row['design']}: {row['states']} states"
        ax.annotate(label, (x, y), textcoords="offset points", xytext=(6, 6))
    ax.axhline(rows[0]["float32_test_accuracy"], color="0.5", linestyle=":", label="float32")
    ax.margins(0.2)
    ax.set(xlabel="energy of the write pulses of the training (J)", ylabel="test accuracy")
    ax.legend()
    return ax
