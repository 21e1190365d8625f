"""One network on its way through the training images; it can stop between any two batches and go on later.

All randomness is a function of the seed and of what it belongs to (split, layer, epoch, batch, synapse and pulse), so
results do not depend on threads, processes or interruptions, and the twin sees the same images in the same order.
"""

import math
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from arraysim.datasets.datasets import Dataset
from arraysim.training.augmentation import augmented
from arraysim.training.checkpoint import Checkpointer, json_line
from arraysim.training.chip import Chip
from arraysim.training.config import ORDER, TrainingConfig
from arraysim.training.float_twin import FloatTwin
from arraysim.training.result import CURVES, LearningCurve
from arraysim.training.schedules import share_of_rate
from arraysim.training.task import ImageSets
from dwcore import progress
from dwcore.errors import InputError, RunError

Learner = TypeVar("Learner", Chip, FloatTwin)


class TrainingLoop(Generic[Learner]):
    """A network, its way to change weights, and how far it has come.

    Attributes:
        learner: the network and its way to change weights.
        found_rate: learning rate that was found instead of the default one; None if none was sought [1].
        log: a line of JSON per epoch.
    """

    def __init__(
        self,
        learner: Learner,
        images: ImageSets,
        *,
        seed: int,
        config: TrainingConfig,
        found_rate: float | None = None,
    ):
        self.learner: Learner = learner
        self.found_rate = found_rate
        self._images, self._seed, self._config = images, seed, config
        self._epoch = self._batch = 0
        self._curves: list[list[float]] = []
        self._seconds = {"training": 0.0, "measuring": 0.0}
        self._guess = np.zeros(len(images.test), np.int64)
        self.log: list[str] = []

    @property
    def begun(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self._curves)

    @property
    def epochs_done(self) -> int:
        """Passes through the training images that are complete [1]."""
        return self._epoch

    @property
    def learned(self) -> float:
        """Share of the training images classified correctly after the last epoch, zero if the loss overflowed [1]."""
        loss, accuracy, *_ = self._curves[-1]
        return accuracy if math.isfinite(loss) else 0.0

    def run(
        self, checkpointer: Checkpointer, state: Callable[[], dict], until: Callable[[], bool] = lambda: False
    ) -> None:
        """Train to the end.

        Args:
            checkpointer: asked between batches.
            state: makes the state of the whole seed, this loop included.
            until: ends it earlier, asked between epochs.

        Raises:
            RunError: the loss is no longer finite.
            KeyboardInterrupt: the checkpointer wants it so.
        """
        if not self.begun:
            self._end_epoch(checkpointer)
        what = f"seed {self._seed}, {self.learner.label}"
        with progress.bar(self._config.epochs, what, "epoch", initial=self._epoch, announced=True) as advance:
            while self._epoch < self._config.epochs and not self._out_of_patience() and not until():
                self._run_epoch(checkpointer, state)
                advance(1, f"test {self._curves[-1][-1]:.4f}")

    def curve(self) -> LearningCurve:
        """Return how it went so far."""
        classes = self._images.test.classes
        confusion = np.zeros((classes, classes), np.int64)
        np.add.at(confusion, (self._images.test.labels, self._guess), 1)
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
            "found_rate": np.array(np.nan if self.found_rate is None else self.found_rate),
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
        except (KeyError, ValueError, TypeError, IndexError, OverflowError):
            raise InputError(f"checkpoint of {self.learner.label}: lacks its progress") from None
        classes, shape = self._images.test.classes, (len(self._images.test),)
        batches = -(-len(self._images.train) // self._config.batch_size)
        sound = 0 <= self._epoch <= self._config.epochs and 0 <= self._batch < batches
        sound &= len(self._curves) == self._epoch + 1 and all(len(entry) == len(CURVES) for entry in self._curves)
        sound &= self._guess.shape == shape and self._guess.dtype.kind in "iu"
        if not sound or not np.all((self._guess >= 0) & (self._guess < classes)):
            raise InputError(f"checkpoint of {self.learner.label}: its progress is not that of this training")

    def _run_epoch(self, checkpointer: Checkpointer, state: Callable[[], dict]) -> None:
        train, config = self._images.train, self._config
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
                checkpointer.visit(state, (self._epoch + self._batch / batches) / config.epochs)
        self._epoch, self._batch = self._epoch + 1, 0
        self._end_epoch(checkpointer)
        checkpointer.visit(state, self._epoch / config.epochs)

    def _inputs(self, chosen: np.ndarray) -> np.ndarray:
        train, config = self._images.train, self._config
        when = {"seed": self._seed, "epoch": self._epoch + 1, "batch": self._batch}
        return train.scaled(augmented(train.images[chosen], chosen, train.grey, **when, config=config))

    def _end_epoch(self, checkpointer: Checkpointer) -> None:
        """Measure, note, and stop where there is no hope."""
        start = time.perf_counter()
        self.learner.calibrate(self._epoch == 0)
        monitored = self._images.train.part(slice(self._config.monitor_images))
        loss, train_accuracy, _ = self._measure(monitored)
        validation = float("nan") if self._images.validation is None else self._measure(self._images.validation)[1]
        _, test_accuracy, self._guess = self._measure(self._images.test)
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
        where |= {} if self.found_rate is None else {"learning_rate": self.found_rate}
        line = where | dict(zip(CURVES, self._curves[-1], strict=True)) | totals | {"seconds": dict(self._seconds)}
        self.log.append(json_line(line))
        checkpointer.note(self.log[-1])

    def _measure(self, part: Dataset) -> tuple[float, float, np.ndarray]:
        loss, guess = self.learner.network.evaluate(part.inputs, part.labels, mirrored=self._config.mirrored)
        return loss, float(np.mean(guess == part.labels)), guess

    def _out_of_patience(self) -> bool:
        if not self._config.patience:
            return False
        accuracy = [entry[CURVES.index("validation_accuracy")] for entry in self._curves]
        return len(accuracy) - 1 - accuracy.index(max(accuracy)) >= self._config.patience
