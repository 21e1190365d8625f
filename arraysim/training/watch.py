"""A watch on training: what has gone wrong with a network that shows only as a low accuracy, and what to try."""

from collections.abc import Iterator

import numpy as np

from arraysim.training.result import LearningCurve, TrainingResult

CHANCE = 1.5
"""Accuracy over that of guessing up to which a network has learned nothing [1]."""
LEARNED = 3.0
"""The same from which on it has [1]."""
AT_THE_END = 0.95
"""Weight over the largest from which on it counts as at its end [1]."""
FACTORS = (0.25, 4.0, 0.0625, 16.0)
"""On the default learning rate, tried in turn where its first epoch fails."""
MOST_AT_THE_END = 0.9
"""Share of the weights of a layer at their ends from which on that is said [1]."""


def guesses(accuracy: float, classes: int) -> bool:
    """Whether an accuracy is one that guessing gives."""
    return accuracy < min(CHANCE / classes, (1 + 1 / classes) / 2)


def has_learned(accuracy: float, classes: int) -> bool:
    """Whether an accuracy is far above that of guessing."""
    return accuracy >= min(LEARNED / classes, 0.9)


def notes_on(results: list[TrainingResult]) -> list[str]:
    """Return in lines what looks wrong with trainings, empty if nothing does."""
    return [f"seed {result.seed}: {note}" for result in results for note in _notes(result)]


def _notes(result: TrainingResult) -> Iterator[str]:
    classes = len(result.chip.confusion)
    reached = float(result.chip.train_accuracy[-1])
    hardware = result.hardware
    if result.found_rate is not None:
        yield (
            f"with learning_rate = {result.config.rate:g}, the default, its first epoch gave what guessing gives, and its "
            f"twin learned; trained anew with {result.found_rate:g}, the best of {len(FACTORS)} others tried for an "
            "epoch each, whose pulses are not counted"
        )
    if hardware.pulses[-1] == hardware.pulses[0]:
        yield "no pulse was sent; try a larger learning_rate"
    elif guesses(reached, classes):
        twin = result.float32
        if twin is not None and has_learned(float(twin.train_accuracy[-1]), classes):
            yield (
                f"{reached:.3f} of the training images is what guessing gives, while the twin has "
                f"{twin.train_accuracy[-1]:.3f}; try another learning_rate or weight_range, --search finds them"
            )
        else:
            yield f"{reached:.3f} of the training images is what guessing gives; try more epochs, or --search"
    if _one_answer(result.chip):
        yield "every test image gets the same answer; try a smaller learning_rate"
    for number, (weight, conductance, per) in enumerate(
        zip(hardware.weight, hardware.conductance, hardware.weight_per_conductance, strict=True)
    ):
        largest = np.abs(per).sum() / 2 * np.ptp(conductance)
        share = float(np.mean(np.abs(weight) >= AT_THE_END * largest)) if largest else 0.0
        if share >= MOST_AT_THE_END:
            yield f"{share:.0%} of the weights of layer {number} are at their ends; try a larger weight_range"


def _one_answer(curve: LearningCurve) -> bool:
    return len(curve.confusion) > 1 and np.count_nonzero(curve.confusion.sum(axis=0)) == 1
