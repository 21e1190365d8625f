"""Training of a network on chip and of its float32 twin, one seed at a time.

All randomness is a function of the seed and of what it belongs to (split, layer, epoch, synapse and pulse), so
results do not depend on threads or processes, and the twin sees the same images in the same order.
"""

import itertools
import math
import time
from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.chip import Chip
from arraysim.training.config import ORDER, TrainingConfig
from arraysim.training.datasets import Dataset
from arraysim.training.float_twin import FloatTwin
from arraysim.training.result import LearningCurve, TrainingResult
from llg.errors import InputError, RunError

MAX_SEED = 2**63 - 1


def train(law: PulseLaw, dataset: Dataset, *, seed: int, config: TrainingConfig | None = None) -> TrainingResult:
    """Train on chip and, for comparison, in float32.

    Args:
        law: what the two pulses, up and down, do to the synapses.
        dataset: labelled images.
        seed: root seed, 0 to 2**63 - 1 [1].
        config: network, rule and schedule; default ``TrainingConfig()``.

    Raises:
        InputError: the law, the data or the seed do not fit.
        RunError: the loss is no longer finite.
    """
    config = TrainingConfig() if config is None else config
    if not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InputError(f"seed = {seed!r} must be an integer from 0 to {MAX_SEED}")
    widths = [dataset.inputs.shape[1], *config.hidden, dataset.classes]
    shapes = [(inputs + 1, outputs) for inputs, outputs in itertools.pairwise(widths)]
    chip = Chip(law, shapes, seed=seed, config=config)
    return TrainingResult(
        seed=seed,
        dataset=dataset.name,
        config=config,
        chip=fit(chip, dataset, seed=seed, config=config),
        float32=fit(FloatTwin(shapes, seed=seed, config=config), dataset, seed=seed, config=config),
        hardware=chip.record(),
    )


def fit(learner: Chip | FloatTwin, dataset: Dataset, *, seed: int, config: TrainingConfig) -> LearningCurve:
    """Train one network.

    Args:
        learner: the network and its way to change weights.
        dataset: labelled images.
        seed: root seed, chooses the split and the order of the images [1].
        config: schedule.

    Raises:
        InputError: the split leaves a part without one of the classes.
        RunError: the loss is no longer finite.
    """
    train_set, test_set = dataset.split(seed=seed, test_fraction=config.test_fraction)
    start = time.perf_counter()
    history = []
    epochs = tqdm(range(config.epochs + 1), desc=f"seed {seed}, {learner.label}", unit="epoch", disable=None)
    for epoch in epochs:
        for batch, share in _batches(len(train_set.labels), seed, epoch, config) if epoch else ():
            gradients = learner.network.gradients(train_set.inputs[batch], train_set.labels[batch])
            learner.update(gradients, share * learner.rate)
        learner.end_epoch()
        loss, train_guess = learner.network.evaluate(train_set.inputs, train_set.labels)
        _, guess = learner.network.evaluate(test_set.inputs, test_set.labels)
        if not math.isfinite(loss):
            raise RunError(f"training {learner.label}, seed {seed}: the loss after epoch {epoch} is {loss}")
        history.append((loss, np.mean(train_guess == train_set.labels), np.mean(guess == test_set.labels)))
    confusion = np.zeros((dataset.classes, dataset.classes), np.int64)
    np.add.at(confusion, (test_set.labels, guess), 1)
    loss, train_accuracy, test_accuracy = np.array(history).T.copy()
    return LearningCurve(
        loss=loss,
        train_accuracy=train_accuracy,
        test_accuracy=test_accuracy,
        confusion=confusion,
        seconds=time.perf_counter() - start,
    )


def _batches(images: int, seed: int, epoch: int, config: TrainingConfig) -> Iterator[tuple[np.ndarray, float]]:
    """Yield the images of each batch of an epoch (from 1) and its share of the first learning rate."""
    order = np.random.default_rng([seed, ORDER, epoch]).permutation(images)
    per_epoch = -(-images // config.batch_size)
    for number in range(per_epoch):
        done = ((epoch - 1) * per_epoch + number) / (config.epochs * per_epoch)
        first = number * config.batch_size
        yield order[first : first + config.batch_size], 0.5 * (1 + math.cos(math.pi * done))
