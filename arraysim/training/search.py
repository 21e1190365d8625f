"""A learning rate and a weight range for given synapses, data and network, found on images kept for validation.

The two decide how well a network learns on few levels. The search scans the learning rate over more than two decades,
because a rate that is too small sends no pulse and gives no hint where to go. Then it climbs by factors of two along
the weight range and along the rate again. The test images are not looked at.
"""

import dataclasses
import math
from collections.abc import Callable

from arraysim.datasets.datasets import Dataset
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.config import TrainingConfig
from arraysim.training.run import train
from dwcore.errors import RunError

VALIDATION_FRACTION = 0.1
SCAN = (1.0, 4.0, 0.25, 16.0, 0.0625)
"""Factors on the first learning rate."""
FACTOR = 2.0
MOST_STEPS = 4


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
    fraction = config.validation_fraction if config.validation_fraction else VALIDATION_FRACTION
    config = dataclasses.replace(
        config, learning_rate=config.rate, validation_fraction=fraction, twin=False, patience=0
    )
    found: dict[tuple[float, float], Trial] = {}

    def attempt(rate: float, weight_range: float) -> float:
        key = (rate, weight_range)
        if key not in found:
            found[key] = _trial(law, dataset, seed, config, rate, weight_range, jobs)
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


def _trial(law, dataset, seed, config, rate: float, weight_range: float, jobs: int) -> Trial:
    changed = dataclasses.replace(config, learning_rate=rate, weight_range=weight_range)
    try:
        result = train(law, dataset, seed=seed, config=changed, jobs=jobs)
        accuracy = float(result.chip.validation_accuracy[-2:].mean())
        pulses = int(result.hardware.pulses[-1])
    except RunError:  # a rate so large that the loss overflows is an answer too
        accuracy, pulses = 0.0, 0
    if not math.isfinite(accuracy):
        accuracy = 0.0
    return Trial(learning_rate=rate, weight_range=weight_range, validation_accuracy=accuracy, pulses=pulses)
