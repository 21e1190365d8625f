"""What a training run yields: learning curves, and what happened to the hardware."""

import dataclasses
import html

import numpy as np

from arraysim.training.config import TrainingConfig
from arraysim.training.task import Task
from dwcore.canvas.number_text import counted
from dwcore.errors import InputError
from dwcore.storage.records import data, named, part

TOTALS = ("pulses", "reads", "energy", "state_histogram")
"""Fields of ``HardwareRecord`` with an entry per epoch."""
CURVES = ("loss", "train_accuracy", "validation_accuracy", "test_accuracy")
"""Fields of ``LearningCurve`` with an entry per epoch."""


def _words(name: str) -> str:
    return name.replace("_", " ")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LearningCurve:
    """Accuracy and loss from before the first epoch (entry 0) to after the last (entry E - 1).

    Attributes:
        loss: mean over training images, shape (E,) [1].
        train_accuracy: of the same images, shape (E,) [1].
        validation_accuracy: shape (E,); NaN where no images were kept to validate [1].
        test_accuracy: shape (E,) [1].
        confusion: test images at the end, true class by predicted class, shape (C, C), int64 [1].
        seconds: wall time of the run, None where the run was read from a file [s].
        training_seconds: the same without the measurements after each epoch [s].
    """

    loss: np.ndarray = data("mean loss over training images after each epoch", "1", "E")
    train_accuracy: np.ndarray = data(
        "share of these training images classified correctly after each epoch", "1", "E", ge=0, le=1
    )
    validation_accuracy: np.ndarray = data(
        "share of images kept to validate classified correctly after each epoch, NaN if none", "1", "E",
        nan=True, ge=0, le=1,
    )  # fmt: skip
    test_accuracy: np.ndarray = data("share of test images classified correctly after each epoch", "1", "E", ge=0, le=1)
    confusion: np.ndarray = data(
        "number of test images by true class and predicted class at the end", "1", "C C", dtype="i8", ge=0
    )
    seconds: float | None = None
    training_seconds: float | None = None

    def __repr__(self) -> str:
        """In one line; the arrays are in the fields."""
        return f"<LearningCurve of {counted(len(self.loss) - 1, 'epoch')}: test accuracy {self.test_accuracy[-1]:.4f}>"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class HardwareRecord:
    """What was sent to the synapses of L layers, and where it left them. Totals since the array was new.

    Attributes:
        pulses: shape (E,), int64 [1].
        reads: conductances read one by one to choose devices, shape (E,), int64 [1].
        energy: of the pulses, shape (E,) [J].
        state_histogram: synapses by state, those lost or broken last, shape (E, L, S+1), int64 [1].
        weight: per layer at the end, each of shape (rows, columns) [1].
        state: per layer at the end, each of shape (devices per weight, rows, columns), int8; S and S+1 are lost, S+2
            open, S+3 short [1].
        pulses_received: per layer, likewise, uint32 [1].
        conductance: per layer at the end, each of shape (planes, rows, columns) [S].
        weight_per_conductance: per layer, one per plane: the weights are the sum of their products, shape (planes,)
        [1/S].
        digital: what the digital layers remember, arrays by name.
        memory: per layer, what else it takes to go on with its arrays, by name.
    """

    pulses: np.ndarray = data("write pulses sent up to each epoch", "1", "E", dtype="i8", ge=0)
    reads: np.ndarray = data("single conductances read up to each epoch", "1", "E", dtype="i8", ge=0)
    energy: np.ndarray = data("energy of the write pulses up to each epoch", "J", "E", ge=0)
    state_histogram: np.ndarray = data(
        "number of synapses by epoch, layer and state, last column lost", "1", "E L S+1", dtype="i8", ge=0
    )
    weight: tuple[np.ndarray, ...] = data("weights at the end", "1", "rows columns", at="layer_{L}/weight")
    state: tuple[np.ndarray, ...] = data(
        "states of the two synapses of each pair at the end", "1", "devices rows columns", at="layer_{L}/state",
        dtype="i1", ge=0,
    )  # fmt: skip
    pulses_received: tuple[np.ndarray, ...] = data(
        "write pulses received by each synapse", "1", "devices rows columns", at="layer_{L}/pulses_received", dtype="u4"
    )
    conductance: tuple[np.ndarray, ...] = data(
        "conductances of each plane of devices at the end", "S", "planes rows columns", at="layer_{L}/conductance", ge=0
    )
    weight_per_conductance: tuple[np.ndarray, ...] = data(
        "number that each plane is multiplied by to give the weights", "1/S", "planes",
        at="layer_{L}/weight_per_conductance",
    )  # fmt: skip
    digital: dict[str, np.ndarray] = named(_words, "1", "_ _")
    memory: tuple[dict[str, np.ndarray], ...] = named(_words, "1", "_", dtype="int", at="layer_{L}/memory")

    def __repr__(self) -> str:
        """In one line; the arrays are in the fields."""
        return f"<HardwareRecord of {counted(len(self.weight), 'layer')}: {self.pulses[-1]} pulses, {self.energy[-1]:.3g} J>"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LearnedWeights:
    """A network as numbers, such as its twin has learned it.

    Attributes:
        weight: per layer, each of shape (rows, columns), float32 [1].
        digital: what the digital layers remember, arrays by name.
    """

    weight: tuple[np.ndarray, ...] = data("weights at the end", "1", "rows columns", at="layer_{L}/weight", dtype="f4")
    digital: dict[str, np.ndarray] = named(_words, "1", "_ _", dtype="f4")

    def __repr__(self) -> str:
        """In one line; the arrays are in the fields."""
        return f"<LearnedWeights of layers {', '.join(str(weight.shape) for weight in self.weight)}>"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ChipResult:
    """One seed of a chip, however its weights came about; what it takes to read it again.

    Attributes:
        seed: root seed [1].
        dataset: name of the data set.
        origin: what is remembered of the data, see ``Dataset.origin``; empty in files of before.
        config: network, division of the data and arrays, a ``Task`` and ``ArraySettings``.
        hardware: what happened to the synapses.
    """

    seed: int
    dataset: str
    origin: dict = dataclasses.field(default_factory=dict)
    config: Task
    hardware: HardwareRecord = part(HardwareRecord)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TrainingResult(ChipResult):
    """The network trained on chip and, unless left out, its float32 twin.

    Attributes:
        config: what the run was told.
        chip: learning curve of the network on chip.
        float32: learning curve of the twin: same network, same images in the same order, same number of epochs;
            None if there is none.
        learned: what the twin learned; None if there is no twin.
        found_rate: learning rate on chip that took the place of the default one, whose first epoch had failed; None
            where that was not so [1].
    """

    config: TrainingConfig
    chip: LearningCurve = part(LearningCurve)
    float32: LearningCurve | None = part(LearningCurve, default=None)
    learned: LearnedWeights | None = part(LearnedWeights, at="float32", default=None)
    found_rate: float | None = data(
        "learning rate on chip that took the place of the default one, whose first epoch had failed", "1", gt=0,
        at="chip/found_rate", default=None,
    )  # fmt: skip

    @property
    def accuracy(self) -> float:
        """Of the network on chip at the end, on the test images [1]."""
        return float(self.chip.test_accuracy[-1])

    def to_pandas(self):
        """Return a `pandas.DataFrame` with a row per network and epoch: accuracies, loss, pulses, reads, energy.

        Raises:
            InputError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise InputError('to_pandas needs pandas: pip install "dwsynapse[pandas]"') from None
        hardware, tables = self.hardware, []
        spent = {"pulses": hardware.pulses, "reads": hardware.reads, "energy_J": hardware.energy}
        for name, curve, more in (("chip", self.chip, spent), ("float32", self.float32, {})):
            if curve is not None:
                columns = {key: getattr(curve, key) for key in CURVES} | more
                head = {"seed": self.seed, "network": name, "epoch": range(len(curve.loss))}
                tables.append(pandas.DataFrame(head | columns))
        return pandas.concat(tables, ignore_index=True)

    def __repr__(self) -> str:
        """In one line, for interactive work; the arrays are in the fields."""
        last = [f"{self.accuracy:.4f} on chip"]
        if self.float32 is not None:
            last.append(f"{self.float32.test_accuracy[-1]:.4f} in float32")
        epochs, run = (
            len(self.chip.test_accuracy) - 1,
            f"{self.dataset}, {self.config.network.name}, {self.config.rule}",
        )
        return (
            f"<TrainingResult of seed {self.seed}: {run}, {counted(epochs, 'epoch')}, test accuracy {', '.join(last)}>"
        )

    def _repr_html_(self) -> str:
        """Return a table for notebooks."""
        rows: dict[str, object] = {
            "data set": self.dataset,
            "network": self.config.network.name,
            "rule": self.config.rule,
        }
        rows |= {"epochs": len(self.chip.test_accuracy) - 1, "test accuracy on chip": f"{self.accuracy:.4f}"}
        if self.float32 is not None:
            rows["test accuracy in float32"] = f"{self.float32.test_accuracy[-1]:.4f}"
        rows |= {"write pulses": int(self.hardware.pulses[-1]), "energy": f"{self.hardware.energy[-1]:.3g} J"}
        cells = "".join(f"<tr><th>{name}</th><td>{html.escape(str(value))}</td></tr>" for name, value in rows.items())
        return f"<table><caption>training of seed {self.seed}</caption>{cells}</table>"
