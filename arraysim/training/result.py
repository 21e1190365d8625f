"""What a training run yields: learning curves, and what happened to the hardware."""

import dataclasses

import numpy as np

from arraysim.training.config import TrainingConfig
from arraysim.training.task import Task

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
        memory: per layer, what else it takes to go on with its arrays, by name; empty where the record was read from a
            file that lacks it.
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
    memory: tuple[dict[str, np.ndarray], ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LearnedWeights:
    """A network as numbers, such as its twin has learned it.

    Attributes:
        weight: per layer, each of shape (rows, columns), float32 [1].
        digital: what the digital layers remember, arrays by name.
    """

    weight: tuple[np.ndarray, ...]
    digital: dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ChipResult:
    """One seed of a chip, however its weights came about; what it takes to read it again.

    Attributes:
        seed: root seed [1].
        dataset: name of the data set.
        config: network, division of the data and arrays, a ``Task`` and ``ArraySettings``.
        hardware: what happened to the synapses.
    """

    seed: int
    dataset: str
    config: Task
    hardware: HardwareRecord


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TrainingResult(ChipResult):
    """The network trained on chip and, unless left out, its float32 twin.

    Attributes:
        config: what the run was told.
        chip: learning curve of the network on chip.
        float32: learning curve of the twin: same network, same images in the same order, same number of epochs;
            None if there is none.
        learned: what the twin learned; None if there is no twin, or the result was read from a file that lacks it.
    """

    config: TrainingConfig
    chip: LearningCurve
    float32: LearningCurve | None
    learned: LearnedWeights | None = None

    @property
    def accuracy(self) -> float:
        """Of the network on chip at the end, on the test images [1]."""
        return float(self.chip.test_accuracy[-1])

    def __repr__(self) -> str:
        """In one line, for interactive work; the arrays are in the fields."""
        last = [f"{self.accuracy:.4f} on chip"]
        if self.float32 is not None:
            last.append(f"{self.float32.test_accuracy[-1]:.4f} in float32")
        epochs, run = (
            len(self.chip.test_accuracy) - 1,
            f"{self.dataset}, {self.config.network.name}, {self.config.rule}",
        )
        return f"<TrainingResult of seed {self.seed}: {run}, {epochs} epochs, test accuracy {', '.join(last)}>"
