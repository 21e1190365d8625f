"""Settings for given synapses, data and network, found on images kept for validation; test images are not looked at.

Learning rate and weight range decide how well a network learns on few levels. The search scans the learning rate over
more than two decades, because a rate that is too small sends no pulse and gives no hint where to go. Then it climbs by
factors of two along the weight range and along the rate again.

Any settings are compared by successive halving: all candidates learn for few epochs, the best third of them anew for
three times as many, and so on, until one is left that learns for all epochs. Each round costs about the same.

References:
    K. Jamieson and A. Talwalkar, AISTATS 2016, arXiv:1502.07943: successive halving.
"""

import dataclasses
import math
from collections.abc import Callable

from arraysim.datasets.datasets import Dataset
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.config import TrainingConfig
from arraysim.training.run import train
from dwcore.arguments import checked
from dwcore.errors import RunError

VALIDATION_FRACTION = 0.1
SCAN = (1.0, 4.0, 0.25, 16.0, 0.0625)
"""Factors on the first learning rate."""
FACTOR = 2.0
MOST_STEPS = 4
KEPT = 3
"""One in so many candidates goes on to the next round, which has so many times the epochs."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """One training of the search.

    Attributes:
        learning_rate: on chip, at the start [1].
        weight_range: largest weight of a pair times the root of the inputs [1].
        validation_accuracy: mean of the last two epochs; zero where the loss overflowed [1].
        pulses: write pulses that it took [1].
    """

    learning_rate: float
    weight_range: float
    validation_accuracy: float
    pulses: int


@checked
def search(
    law: PulseLaw,
    dataset: Dataset,
    *,
    seed: int,
    config: TrainingConfig,
    jobs: int = 1,
    note: Callable[[Trial], None] = lambda trial: None,
) -> list[Trial]:
    """Search, and return all trials, the best first.

    Args:
        law: what the two pulses, up and down, do to the synapses.
        dataset: labelled images.
        seed: root seed [1].
        config: where the search starts; a few epochs are enough. Without a validation fraction it takes a tenth.
        jobs: threads [1].
        note: called after each trial.

    Raises:
        InputError: the law or the data do not fit.
    """
    found: dict[tuple[float, float], Trial] = {}

    def attempt(rate: float, weight_range: float) -> float:
        key = (rate, weight_range)
        if key not in found:
            changed = dataclasses.replace(config, learning_rate=rate, weight_range=weight_range)
            accuracy, pulses = validated(law, dataset, seed=seed, config=changed, jobs=jobs)
            found[key] = Trial(
                learning_rate=rate, weight_range=weight_range, validation_accuracy=accuracy, pulses=pulses
            )
            note(found[key])
        return found[key].validation_accuracy

    weight_range = config.weight_range
    rate = max((config.rate * factor for factor in SCAN), key=lambda value: attempt(value, weight_range))
    rate = _climb(rate, lambda value: attempt(value, weight_range))
    weight_range = _climb(weight_range, lambda value: attempt(rate, value))
    rate = _climb(rate, lambda value: attempt(value, weight_range))
    return sorted(found.values(), key=lambda trial: -trial.validation_accuracy)


def _climb(start: float, accuracy: Callable[[float], float]) -> float:
    """Go up by factors of two from ``start`` as long as it gets better; if it never does, go down likewise."""
    best, here = start, accuracy(start)
    for factor in (FACTOR, 1 / FACTOR):
        for _ in range(MOST_STEPS):
            there = accuracy(best * factor)
            if there <= here:
                break
            best, here = best * factor, there
        if best != start:
            break
    return best


@dataclasses.dataclass(frozen=True, kw_only=True)
class Heat:
    """One training of a successive halving.

    Attributes:
        candidate: number of the candidate [1].
        epochs: that it had [1].
        validation_accuracy: as of ``Trial`` [1].
        pulses: as of ``Trial`` [1].
    """

    candidate: int
    epochs: int
    validation_accuracy: float
    pulses: int


def halving(
    candidates: int,
    epochs: int,
    attempt: Callable[[int, int], tuple[float, int]],
    *,
    note: Callable[[Heat], None] = lambda heat: None,
) -> list[Heat]:
    """Compare candidates by successive halving; return all trainings, the last round and in it the best first.

    Args:
        candidates: their number, at least one [1].
        epochs: of the last round [1].
        attempt: trains a candidate, by number, for some epochs; returns validation accuracy and pulses.
        note: called after each training.
    """
    left, rounds, found = list(range(candidates)), 0, list[Heat]()
    while KEPT**rounds < candidates:
        rounds += 1
    for later in range(rounds, -1, -1):
        some = max(1, -(-epochs // KEPT**later))
        heats = []
        for candidate in left:
            accuracy, pulses = attempt(candidate, some)
            heats.append(Heat(candidate=candidate, epochs=some, validation_accuracy=accuracy, pulses=pulses))
            note(heats[-1])
        heats.sort(key=lambda heat: -heat.validation_accuracy)
        found = heats + found
        left = sorted(heat.candidate for heat in heats[: -(-len(left) // KEPT)])
    return found


def validated(
    law: PulseLaw, dataset: Dataset, *, seed: int, config: TrainingConfig, jobs: int = 1
) -> tuple[float, int]:
    """Train, and return the accuracy on images kept for validation, mean of the last two epochs, and the pulses.

    Args:
        law: what the two pulses, up and down, do to the synapses.
        dataset: labelled images.
        seed: root seed [1].
        config: settings; without a validation fraction it takes a tenth.
        jobs: threads [1].

    Raises:
        InputError: the law or the data do not fit.
    """
    fraction = config.validation_fraction if config.validation_fraction else VALIDATION_FRACTION
    config = dataclasses.replace(
        config, learning_rate=config.rate, validation_fraction=fraction, twin=False, patience=0
    )
    try:
        result = train(law, dataset, seed=seed, config=config, jobs=jobs)
    except RunError:  # a rate so large that the loss overflows is an answer too
        return 0.0, 0
    accuracy = float(result.chip.validation_accuracy[-2:].mean())
    return (accuracy if math.isfinite(accuracy) else 0.0), int(result.hardware.pulses[-1])
