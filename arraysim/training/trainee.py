"""One network on its way through the training images; it can stop between any two batches and go on later.

All randomness is a function of the seed and of what it belongs to (split, layer, epoch, batch, synapse and pulse), so
results do not depend on threads, processes or interruptions, and the twin sees the same images in the same order.
"""

import dataclasses
import math
import time
from collections.abc import Callable

import numpy as np
from tqdm import tqdm

from arraysim.datasets.datasets import Dataset
from arraysim.training.augmentation import shift_and_flip
from arraysim.training.chip import Chip
from arraysim.training.config import AUGMENT, ORDER, TrainingConfig
from arraysim.training.float_twin import FloatTwin
from arraysim.training.keeper import Keeper, json_line
from arraysim.training.result import LearningCurve
from arraysim.training.schedules import share_of_rate
from dwcore.errors import InputError, RunError

CURVES = ("loss", "train_accuracy", "validation_accuracy", "test_accuracy")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parts:
    """The images of one seed: to train, to validate (None if there are none) and to test."""

    train: Dataset
    validation: Dataset | None
    test: Dataset


def divide(dataset: Dataset, *, seed: int, config: TrainingConfig) -> Parts:
    """Divide a data set.

    Raises:
        InputError: a part is left without one of the classes.
    """
    train, test = dataset.split(seed=seed, test_fraction=config.test_fraction)
    validation = None
    if config.validation_fraction:
        train, validation = train.divide(seed=seed, purpose=1, fraction=config.validation_fraction)
    return Parts(train=train, validation=validation, test=test)


class Trainee:
    """A network, its way to change weights, and how far it has come.

    Attributes:
        learner: the network and its way to change weights.
        log: a line of JSON per epoch.
    """

    def __init__(self, learner: Chip | FloatTwin, parts: Parts, *, seed: int, config: TrainingConfig):
        self.learner = learner
        self._parts, self._seed, self._config = parts, seed, config
        self._epoch = self._batch = 0
        self._curves: list[list[float]] = []
        self._seconds = {"training": 0.0, "measuring": 0.0}
        self._guess = np.zeros(len(parts.test), np.int64)
        self.log: list[str] = []

    @property
    def begun(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self._curves)

    def run(self, keeper: Keeper, state: Callable[[], dict]) -> None:
        """Train to the end.

        Args:
            keeper: asked between batches.
            state: makes the state of the whole seed, this trainee included.

        Raises:
            RunError: the loss is no longer finite.
            KeyboardInterrupt: the keeper wants it so.
        """
        if not self.begun:
            self._end_epoch(keeper)
        bar = tqdm(
            total=self._config.epochs,
            initial=self._epoch,
            desc=f"seed {self._seed}, {self.learner.label}",
            unit="epoch",
            disable=None,
        )
        with bar:
            while self._epoch < self._config.epochs and not self._out_of_patience():
                self._run_epoch(keeper, state)
                bar.set_postfix({"test": f"{self._curves[-1][-1]:.4f}"}, refresh=False)
                bar.update()

    def curve(self) -> LearningCurve:
        """Return how it went so far."""
        classes = self._parts.test.classes
        confusion = np.zeros((classes, classes), np.int64)
        np.add.at(confusion, (self._parts.test.labels, self._guess), 1)
        curves = dict(zip(CURVES, np.array(self._curves).T.copy(), strict=True))
        return LearningCurve(
            **curves,
            confusion=confusion,
            seconds=sum(self._seconds.values()),
            training_seconds=self._seconds["training"],
        )

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Return a copy of everything that a later run needs to go on."""
        own = {
            "progress": np.array([self._epoch, self._batch]),
            "curves": np.array(self._curves),
            "seconds": np.array(list(self._seconds.values())),
            "guess": self._guess,
            "log": np.array("".join(self.log)),
        }
        return {f"own/{name}": value for name, value in own.items()} | {
            f"learner/{name}": value for name, value in self.learner.checkpoint().items()
        }

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint.

        Raises:
            InputError: it belongs to another run.
        """
        learner = {n.removeprefix("learner/"): v for n, v in saved.items() if n.startswith("learner/")}
        self.learner.restore(learner)
        try:
            self._epoch, self._batch = (int(number) for number in saved["own/progress"])
            self._curves = [[float(value) for value in entry] for entry in saved["own/curves"]]
            self._seconds = dict(zip(self._seconds, map(float, saved["own/seconds"]), strict=True))
            self._guess = saved["own/guess"]
            self.log = str(saved["own/log"]).splitlines(keepends=True)
        except (KeyError, ValueError, IndexError):
            raise InputError(f"checkpoint of {self.learner.label}: lacks its progress") from None

    def _run_epoch(self, keeper: Keeper, state: Callable[[], dict]) -> None:
        train, config = self._parts.train, self._config
        order = np.random.default_rng([self._seed, ORDER, self._epoch + 1]).permutation(len(train))
        batches = -(-len(train) // config.batch_size)
        while self._batch < batches:
            start = time.perf_counter()
            share = share_of_rate(
                config.schedule, self._epoch + self._batch / batches, epochs=config.epochs, decay=config.decay
            )
            chosen = order[self._batch * config.batch_size :][: config.batch_size]
            self.learner.network.learn(self._inputs(chosen), train.labels[chosen])
            self.learner.update(share)
            self._batch += 1
            self._seconds["training"] += time.perf_counter() - start
            if self._batch < batches:
                keeper.visit(state)
        self._epoch, self._batch = self._epoch + 1, 0
        self._end_epoch(keeper)
        keeper.visit(state)

    def _inputs(self, chosen: np.ndarray) -> np.ndarray:
        train, config = self._parts.train, self._config
        images = train.images[chosen]
        if config.shift or config.flip:
            rng = np.random.default_rng([self._seed, AUGMENT, self._epoch + 1, self._batch])
            images = shift_and_flip(images, shift=config.shift, flip=config.flip, rng=rng)
        return train.scaled(images)

    def _end_epoch(self, keeper: Keeper) -> None:
        """Measure, note, and stop where there is no hope."""
        start = time.perf_counter()
        self.learner.calibrate(self._epoch == 0)
        monitored = self._parts.train.part(slice(self._config.monitor_images))
        loss, train_accuracy, _ = self._measure(monitored)
        validation = float("nan") if self._parts.validation is None else self._measure(self._parts.validation)[1]
        _, test_accuracy, self._guess = self._measure(self._parts.test)
        self.learner.calibrate(True)
        self._seconds["measuring"] += time.perf_counter() - start
        totals = self.learner.end_epoch()
        self._curves.append([loss, train_accuracy, validation, test_accuracy])
        if not math.isfinite(loss):
            raise RunError(
                f"training {self.learner.label}, seed {self._seed}: the loss after epoch {self._epoch} is {loss}; "
                "a smaller learning rate may help"
            )
        where = {"seed": self._seed, "network": self.learner.name, "epoch": self._epoch}
        line = where | dict(zip(CURVES, self._curves[-1], strict=True)) | totals | {"seconds": dict(self._seconds)}
        self.log.append(json_line(line))
        keeper.note(self.log[-1])

    def _measure(self, part: Dataset) -> tuple[float, float, np.ndarray]:
        loss, guess = self.learner.network.evaluate(part.inputs, part.labels)
        return loss, float(np.mean(guess == part.labels)), guess

    def _out_of_patience(self) -> bool:
        if not self._config.patience:
            return False
        accuracy = [entry[CURVES.index("validation_accuracy")] for entry in self._curves]
        return len(accuracy) - 1 - accuracy.index(max(accuracy)) >= self._config.patience
