"""Training of a network on chip and of its float32 twin, one seed."""

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
from arraysim.training.training_loop import TrainingLoop
from dwcore.errors import InputError
from dwcore.numerics.threads import use_array_threads, workers

MAX_SEED = 2**63 - 1


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
    if not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InputError(f"seed = {seed!r} must be an integer from 0 to {MAX_SEED}")
    # Overflow shows in the loss, which is looked at after each epoch.
    with workers(jobs), use_array_threads(jobs), np.errstate(over="ignore", invalid="ignore"):
        return _train(law, dataset, seed, config, checkpointer)


def _train(
    law: PulseLaw, dataset: Dataset, seed: int, config: TrainingConfig, checkpointer: Checkpointer
) -> TrainingResult:
    parts = divide(dataset, seed=seed, config=config)
    layers = array_layers(config.network, dataset.image_shape, dataset.classes)
    shape, classes = dataset.image_shape, dataset.classes
    make_chip, make_twin = learner_classes(config)
    chip = make_chip(law, layers, input_shape=shape, classes=classes, seed=seed, config=config)
    twin = make_twin(layers, input_shape=shape, classes=classes, seed=seed, config=config) if config.twin else None
    for learner in (chip,) if twin is None else (chip, twin):
        learner.network.prepare(parts.train.inputs, (seed, INITIAL))
    learners: list[Chip | FloatTwin] = [chip] if twin is None else [chip, twin]
    loops = {learner.name: TrainingLoop(learner, parts, seed=seed, config=config) for learner in learners}
    for name, saved in checkpointer.saved.items():
        if name in loops:
            loops[name].restore(saved)

    def state() -> dict:
        return {name: loop.checkpoint() for name, loop in loops.items() if loop.begun}

    for loop in loops.values():
        loop.run(checkpointer, state)
    checkpointer.finish(state)
    return TrainingResult(
        seed=seed,
        dataset=dataset.name,
        origin=dataset.origin(),
        config=config,
        chip=loops["chip"].curve(),
        float32=loops["float32"].curve() if config.twin else None,
        hardware=chip.record(),
        learned=None if twin is None else twin.record(),
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
