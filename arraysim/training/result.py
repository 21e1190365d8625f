"""What a training run yields: learning curves, and what happened to the hardware."""

import dataclasses

import numpy as np

from arraysim.training.config import TrainingConfig

TOTALS = ("pulses", "reads", "energy", "state_histogram")
"""Fields of ``HardwareRecord`` with an entry per epoch."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LearningCurve:
    """Accuracy and loss from before the first epoch (entry 0) to after the last (entry E).

    Attributes:
        loss: mean over training images, shape (E+1,) [1].
        train_accuracy: of the same images, shape (E+1,) [1].
        validation_accuracy: shape (E+1,); NaN where no images were kept to validate [1].
        test_accuracy: shape (E+1,) [1].
        confusion: test images at the end, true class by predicted class, shape (C, C), int64 [1].
        seconds: wall time of the run, None where the run was read from a file [s].
        training_seconds: the same without the measurements after each epoch [s].
    """

    loss: np.ndarray
    train_accuracy: np.ndarray
    validation_accuracy: np.ndarray
    test_accuracy: np.ndarray
    confusion: np.ndarray
    seconds: float | None
    training_seconds: float | None


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class HardwareRecord:
    """What was sent to the synapses of L layers, and where it left them. Totals since the array was new.

    Attributes:
        pulses: shape (E+1,), int64 [1].
        reads: conductances read one by one to choose devices, shape (E+1,), int64 [1].
        energy: of the pulses, shape (E+1,) [J].
        state_histogram: synapses by state, those lost or broken last, shape (E+1, L, S+1), int64 [1].
        weight: per layer at the end, each of shape (rows, columns) [1].
        state: per layer at the end, each of shape (devices per weight, rows, columns), int8; S and S+1 are lost, S+2
            open, S+3 short [1].
        pulses_received: per layer, likewise, uint32 [1].
        conductance: per layer at the end, each of shape (planes, rows, columns) [S].
        weight_per_conductance: per layer, one per plane: the weights are the sum of their products, shape (planes,) [1/S].
        digital: what the digital layers remember, arrays by name.
    """

    pulses: np.ndarray
    reads: np.ndarray
    energy: np.ndarray
    state_histogram: np.ndarray
    weight: tuple[np.ndarray, ...]
    state: tuple[np.ndarray, ...]
    pulses_received: tuple[np.ndarray, ...]
    conductance: tuple[np.ndarray, ...]
    weight_per_conductance: tuple[np.ndarray, ...]
    digital: dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TrainingResult:
    """One seed: the network trained on chip and, unless left out, its float32 twin.

    Attributes:
        seed: root seed [1].
        dataset: name of the data set.
        config: what the run was told.
        chip: learning curve of the network on chip.
        float32: learning curve of the twin: same network, same images in the same order, same number of epochs;
            None if there is none.
        hardware: what happened to the synapses.
    """

    seed: int
    dataset: str
    config: TrainingConfig
    chip: LearningCurve
    float32: LearningCurve | None
    hardware: HardwareRecord
