"""Training of a network on chip and of its float32 twin, one seed."""

import numpy as np

from arraysim.datasets.datasets import Dataset
from arraysim.networks.definition import array_layers
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.chip import Chip
from arraysim.training.config import TrainingConfig
from arraysim.training.float_twin import FloatTwin
from arraysim.training.keeper import Keeper
from arraysim.training.result import TrainingResult
from arraysim.training.trainee import Trainee, divide
from dwcore.errors import InputError
from dwcore.numerics.threads import numba_threads, workers

MAX_SEED = 2**63 - 1


def train(
    law: PulseLaw,
    dataset: Dataset,
    *,
    seed: int,
    config: TrainingConfig | None = None,
    keeper: Keeper | None = None,
    jobs: int = 1,
) -> TrainingResult:
    """Train on chip and, for comparison, in float32.

    Args:
        law: what the two pulses, up and down, do to the synapses.
        dataset: labelled images.
        seed: root seed, 0 to 2**63 - 1 [1].
        config: network, rule and schedule; default ``TrainingConfig()``.
        keeper: keeps checkpoints, and holds the one to go on from; default none.
        jobs: threads; the result does not depend on them [1].

    Raises:
        InputError: the law, the data, the seed or the checkpoint do not fit.
        RunError: the loss is no longer finite.
        KeyboardInterrupt: the keeper was told to stop.
    """
    config = TrainingConfig() if config is None else config
    keeper = Keeper() if keeper is None else keeper
    if not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InputError(f"seed = {seed!r} must be an integer from 0 to {MAX_SEED}")
    # Overflow shows in the loss, which is looked at after each epoch.
    with workers(jobs), numba_threads(jobs), np.errstate(over="ignore", invalid="ignore"):
        return _train(law, dataset, seed, config, keeper)


def _train(law: PulseLaw, dataset: Dataset, seed: int, config: TrainingConfig, keeper: Keeper) -> TrainingResult:
    parts = divide(dataset, seed=seed, config=config)
    image = {"input_shape": dataset.image_shape, "classes": dataset.classes, "seed": seed, "config": config}
    layers = array_layers(config.network, dataset.image_shape, dataset.classes)
    learners = [Chip(law, layers, **image)]
    if config.twin:
        learners.append(FloatTwin(layers, **image))
    trainees = {learner.name: Trainee(learner, parts, seed=seed, config=config) for learner in learners}
    for name, saved in keeper.saved.items():
        if name in trainees:
            trainees[name].restore(saved)

    def state() -> dict:
        return {name: trainee.checkpoint() for name, trainee in trainees.items() if trainee.begun}

    for trainee in trainees.values():
        trainee.run(keeper, state)
    keeper.finish(state)
    return TrainingResult(
        seed=seed,
        dataset=dataset.name,
        config=config,
        chip=trainees["chip"].curve(),
        float32=trainees["float32"].curve() if config.twin else None,
        hardware=trainees["chip"].learner.record(),
        learned=trainees["float32"].learner.record() if config.twin else None,
    )
