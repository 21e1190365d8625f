"""A training that nobody ran: results whose every number is known."""

import numpy as np

from arraysim.networks.presets import network_from
from arraysim.training.config import TrainingConfig
from arraysim.training.result import HardwareRecord, LearnedWeights, LearningCurve, TrainingResult


def curve(last):
    """Three epochs from one half to `last`."""
    return LearningCurve(
        loss=np.array([1.0, 0.5, 0.25]), train_accuracy=np.array([0.5, 0.75, last]),
        validation_accuracy=np.full(3, np.nan), test_accuracy=np.array([0.5, 0.875, last]),
        confusion=np.array([[3, 1], [0, 4]]), seconds=2.0, training_seconds=1.0,
    )  # fmt: skip


def made_up(seed=4, **more):
    """A training of a network of one crossbar, 4 inputs and a bias on 2 classes, over two epochs."""
    hardware = HardwareRecord(
        pulses=np.array([10, 20, 30]), reads=np.array([1, 2, 3]), energy=np.array([1e-12, 2e-12, 3e-12]),
        state_histogram=np.array([[[10, 6, 4, 0]], [[8, 8, 4, 0]], [[5, 5, 9, 1]]]),
        weight=(np.random.default_rng(seed).normal(size=(5, 2)),),
        state=(np.arange(20, dtype=np.int8).reshape(2, 5, 2) % 3,),
        pulses_received=(np.arange(20, dtype=np.uint32).reshape(2, 5, 2),), conductance=(np.ones((2, 5, 2)),),
        weight_per_conductance=(np.array([1.0, -1.0]),), digital={}, memory=({"reads": np.array([3])},),
    )  # fmt: skip
    return TrainingResult(**{
        "seed": seed, "dataset": "made", "config": TrainingConfig(network=network_from("linear"), epochs=2),
        "chip": curve(0.625), "float32": curve(0.9375), "hardware": hardware,
        "learned": LearnedWeights(weight=(np.ones((5, 2), np.float32),), digital={}),
    } | more)  # fmt: skip
