"""What a training run is told, apart from the synapses and the data."""

import dataclasses
import math

from arraysim.networks.network import ACTIVATIONS
from arraysim.rules.registry import DEFAULT_RATE, check_rule
from llg.errors import InputError, nearest

# Purposes of the random generators of a run, each seeded with (seed, purpose, layer or epoch).
SPLIT, INITIAL, ORDER, RULE = range(4)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Network, rule and schedule. The learning rates fall to zero along half a cosine.

    Attributes:
        hidden: width of each hidden layer [1].
        activation: of the hidden layers.
        rule: update rule on chip.
        epochs: passes through the training images [1].
        batch_size: images per update [1].
        learning_rate: on chip, at the start; None takes the default of the rule [1].
        momentum: on chip, where the rule has one, and of the float32 twin [1].
        label_smoothing: share of the target spread evenly over the classes, on chip and for the twin [1].
        weight_range: largest weight a pair can hold times the square root of the layer's inputs [1].
        initial_share: largest initial weight as a share of the largest a pair can hold [1].
        conductance_std_dtod: spread of the devices' conductance, standard deviation of its logarithm [1].
        test_fraction: share of each class kept for the test [1].
        float32_learning_rate: of the twin, at the start [1].
    """

    hidden: tuple[int, ...] = (32,)
    activation: str = "tanh"
    rule: str = "mixed-precision"
    epochs: int = 60
    batch_size: int = 16
    learning_rate: float | None = None
    momentum: float = 0.9
    label_smoothing: float = 0.1
    weight_range: float = 4.0
    initial_share: float = 0.5
    conductance_std_dtod: float = 0.0
    test_fraction: float = 0.2
    float32_learning_rate: float = 0.05

    def __post_init__(self):
        """Check every field.

        Raises:
            InputError: all problems in one line.
        """
        check_rule(self.rule)
        if self.activation not in ACTIVATIONS:
            raise InputError(f'activation "{self.activation}" is unknown{nearest(self.activation, ACTIVATIONS)}')
        if problems := [*self._whole_number_problems(), *self._number_problems()]:
            raise InputError(f"training: {'; '.join(problems)}")

    @property
    def rate(self) -> float:
        """Learning rate on chip, at the start [1]."""
        return DEFAULT_RATE[self.rule] if self.learning_rate is None else self.learning_rate

    def _whole_number_problems(self):
        values = {f"hidden[{i}]": width for i, width in enumerate(self.hidden)}
        values |= {name: getattr(self, name) for name in ("epochs", "batch_size")}
        for name, value in values.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                yield f"{name} = {value!r} must be an integer >= 1"

    def _number_problems(self):
        rules = {
            "rate": ("> 0", lambda x: x > 0),
            "float32_learning_rate": ("> 0", lambda x: x > 0),
            "weight_range": ("> 0", lambda x: x > 0),
            "initial_share": ("> 0 and <= 1", lambda x: 0 < x <= 1),
            "momentum": (">= 0 and < 1", lambda x: 0 <= x < 1),
            "label_smoothing": (">= 0 and < 1", lambda x: 0 <= x < 1),
            "conductance_std_dtod": (">= 0 and < 1", lambda x: 0 <= x < 1),
            "test_fraction": ("> 0 and < 1", lambda x: 0 < x < 1),
        }
        for name, (rule, holds) in rules.items():
            value = getattr(self, name)
            if not isinstance(value, int | float) or not math.isfinite(value) or not holds(value):
                yield f"{'learning_rate' if name == 'rate' else name} = {value!r} [1] must be {rule}"
