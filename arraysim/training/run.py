"""Training of a network on chip and of its float32 twin, one seed."""

import contextlib
import dataclasses
from typing import Any

import numpy as np

from arraysim.datasets.datasets import Dataset
from arraysim.networks.crossbars import array_layers
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.checkpoint import Checkpointer
from arraysim.training.chip import Chip
from arraysim.training.config import INITIAL, TENSOR_DEVICES, TrainingConfig
from arraysim.training.float_twin import FloatTwin
from arraysim.training.result import TrainingResult
from arraysim.training.task import divide
from arraysim.training.training_loop import Learner, TrainingLoop
from arraysim.training.watch import FACTORS, guesses, has_learned
from dwcore.arguments import checked
from dwcore.errors import InputError, RunError
from dwcore.numerics.threads import use_array_threads, workers

MAX_SEED = 2**63 - 1


@checked
def train(
    law: PulseLaw,
    dataset: Dataset,
    *,
    seed: int,
    config: TrainingConfig | None = None,
    checkpointer: Checkpointer | None = None,
    jobs: int = 1,
) -> TrainingResult:
    """Train on chip and, for comparison, in float32.

    Args:
        law: what the two pulses, up and down, do to the synapses.
        dataset: labelled images.
        seed: root seed, 0 to 2**63 - 1 [1].
        config: network, rule and schedule; default ``TrainingConfig()``.
        checkpointer: keeps checkpoints, and holds the one to go on from; default none.
        jobs: threads; the result does not depend on them [1].

    Raises:
        InputError: the law, the data, the seed or the checkpoint do not fit.
        RunError: the loss is no longer finite.
        KeyboardInterrupt: the checkpointer was told to stop.
    """
    config = TrainingConfig() if config is None else config
    checkpointer = Checkpointer() if checkpointer is None else checkpointer
    if not 0 <= seed <= MAX_SEED:
        raise InputError(f"seed = {seed!r} must be an integer from 0 to {MAX_SEED}")
    # Overflow shows in the loss, which is looked at after each epoch.
    with workers(jobs), use_array_threads(jobs), np.errstate(over="ignore", invalid="ignore"):
        return _train(law, dataset, seed, config, checkpointer)


def _train(
    law: PulseLaw, dataset: Dataset, seed: int, config: TrainingConfig, checkpointer: Checkpointer
) -> TrainingResult:
    made = _Seed(law, dataset, seed, config, checkpointer)
    made.train_chip()
    chip, twin = made.chip, made.twin
    if twin is not None:
        twin.run(checkpointer, made.state)
    checkpointer.finish(made.state)
    return TrainingResult(
        seed=seed,
        dataset=dataset.name,
        origin=dataset.origin(),
        config=config,
        chip=chip.curve(),
        float32=None if twin is None else twin.curve(),
        hardware=chip.learner.record(),
        learned=None if twin is None else twin.learner.record(),
        found_rate=chip.found_rate,
    )


def learner_classes(config: TrainingConfig) -> tuple[type[Chip], type[FloatTwin]]:
    """Return the classes of chip and twin on the device of a configuration.

    Raises:
        InputError: PyTorch is not there.
    """
    if config.device not in TENSOR_DEVICES:
        return Chip, FloatTwin
    try:
        from arraysim.training.on_tensors import TensorChip, TensorTwin
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise InputError(f'device = {config.device} needs PyTorch: pip install "dwsynapse[torch]"') from None
    return TensorChip, TensorTwin


class _Seed:
    """Chip and twin of one seed on their way.

    Attributes:
        chip: loop of the chip.
        twin: loop of the twin; None if it is not trained.
    """

    def __init__(self, law: PulseLaw, dataset: Dataset, seed: int, config: TrainingConfig, checkpointer: Checkpointer):
        self._law, self._seed, self._config, self._checkpointer = law, seed, config, checkpointer
        self._parts = divide(dataset, seed=seed, config=config)
        self._layers = array_layers(config.network, dataset.image_shape, dataset.classes)
        self._shape, self._classes = dataset.image_shape, dataset.classes
        self._kinds = learner_classes(config)
        saved = checkpointer.saved
        self.chip = self._new_chip(_found_rate(saved.get(Chip.name, {})))
        self.twin = self._new_twin() if config.twin else None
        for name, loop in self._loops.items():
            if name in saved:
                loop.restore(saved[name])

    @property
    def _loops(self) -> dict[str, TrainingLoop]:
        return {loop.learner.name: loop for loop in (self.chip, self.twin) if loop is not None}

    def state(self) -> dict:
        """Return what a later run needs to go on."""
        return {name: loop.checkpoint() for name, loop in self._loops.items() if loop.begun}

    def train_chip(self) -> None:
        """Train the chip; if its first epoch fails with the default rate, do so with one that does not.

        The epoch has failed if the chip classifies as guessing does, or its loss overflows, while the twin has learned.
        The rate is then that of ``FACTORS`` which learns most in one epoch, of those that learn at all.
        """
        loop, fault = self.chip, None
        watched = self._config.learning_rate is None and loop.found_rate is None

        def failed() -> bool:
            return watched and loop.epochs_done == 1 and guesses(loop.learned, self._classes)

        try:
            loop.run(self._checkpointer, self.state, failed)
        except RunError as error:
            if not failed():
                raise
            fault = error
        if failed() and self._config.epochs > 1 and self._twin_learns() and (rate := self._best_rate()) is not None:
            self.chip = self._new_chip(rate)
            self.chip.log = loop.log
        elif fault is not None:
            raise fault
        self.chip.run(self._checkpointer, self.state)

    def _twin_learns(self) -> bool:
        """Whether the twin has learned after its first epoch; it does one if it has done none yet."""
        twin = self._new_twin() if self.twin is None else self.twin
        self._one_epoch(twin, self._checkpointer.of_trial() if self.twin is None else self._checkpointer)
        return has_learned(twin.learned, self._classes)

    def _best_rate(self) -> float | None:
        """Return the rate that learns most in one epoch; None if none learns."""
        found = {}
        for factor in FACTORS:
            rate = factor * self._config.rate
            trial = self._new_chip(rate)
            self._one_epoch(trial, self._checkpointer.of_trial())
            found[rate] = trial.learned
        best = max(found, key=found.__getitem__)
        return None if guesses(found[best], self._classes) else best

    def _one_epoch(self, loop: TrainingLoop, checkpointer: Checkpointer) -> None:
        with contextlib.suppress(RunError):  # its loss overflows: it has learned nothing then
            loop.run(checkpointer, self.state, lambda: loop.epochs_done >= 1)

    def _new_chip(self, rate: float | None) -> TrainingLoop[Chip]:
        config = self._config if rate is None else dataclasses.replace(self._config, learning_rate=rate)
        return self._loop(self._kinds[0](self._law, self._layers, **self._size(config)), rate)

    def _new_twin(self) -> TrainingLoop[FloatTwin]:
        return self._loop(self._kinds[1](self._layers, **self._size(self._config)))

    def _size(self, config: TrainingConfig) -> dict[str, Any]:
        return {"input_shape": self._shape, "classes": self._classes, "seed": self._seed, "config": config}

    def _loop(self, learner: Learner, rate: float | None = None) -> TrainingLoop[Learner]:
        learner.network.prepare(self._parts.train.inputs, (self._seed, INITIAL))
        return TrainingLoop(learner, self._parts, seed=self._seed, config=self._config, found_rate=rate)


def _found_rate(saved: dict[str, np.ndarray]) -> float | None:
    """Return the learning rate that a checkpoint of a chip says was found."""
    rate = saved.get("own/found_rate", np.array(np.nan))
    return float(rate) if rate.shape == () and rate.dtype.kind == "f" and 0 < rate < np.inf else None
