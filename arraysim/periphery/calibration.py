"""Range of a converter from data: the one that loses least, between clipping the rare and rounding the usual."""

import numpy as np

from arraysim.periphery.convert_kernel import LOSS_LANES, conversion_loss

# Steps that are tried: as shares of the one that clips nothing, then about the best of these.
COARSE = 0.85 ** np.arange(24)
FINE = np.linspace(0.87, 1.15, 21)
MAX_SAMPLES = 200_000


def best_step(sums: np.ndarray, significance: np.ndarray, low: int, high: int) -> float:
    """Return the step of a converter with the least mean square error for such partial sums.

    Partial sums of few-state devices are multiples of a smallest one, so that the loss has narrow minima: a fine
    search follows the coarse one.

    Args:
        sums: partial sums of each read of one input, shape (reads, samples), float32.
        significance: share of full scale that each read stands for, shape (reads,), float32 [1].
        low: lowest code.
        high: highest code.
    """
    largest = max(float(sums.max()), -float(sums.min()) if low < 0 else 0.0)
    if not largest > 0:
        return 1.0  # nothing flows: any step will do
    some = sums[:, :: -(-sums.size // MAX_SAMPLES)]
    sums = np.zeros((len(some), -(-some.shape[1] // LOSS_LANES) * LOSS_LANES), np.float32)
    sums[:, : some.shape[1]] = some

    def best(steps: np.ndarray) -> float:
        steps = steps.astype(np.float32)
        limits = np.float32(low), np.float32(high)
        return float(min(steps, key=lambda step: conversion_loss(sums, significance, step, *limits)))

    return best(best(largest / high * COARSE) * FINE)
