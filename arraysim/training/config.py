"""The settings of a training run, apart from the synapses and the data."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from arraysim.rules.registry import RULES
from arraysim.synapses.settings import ArraySettings
from arraysim.training.schedules import SCHEDULES
from arraysim.training.task import Task
from dwcore.errors import InputError
from dwcore.parameters import flag, numbers, quantity, whole, word

if TYPE_CHECKING:
    from arraysim.periphery.config import Periphery

_DIGITAL = "twin = true or network.digital_parameters = true"
"""What trains digitally, and whether a network has any of it follows from its layers."""

TENSOR_DEVICES = ("cpu-torch", "cuda")
"""Devices on which a chip is tensors of PyTorch (extra `torch`)."""
TENSOR_RULES = ("mixed-precision", "sign")
"""Update rules that tensors know."""

# Purposes of the random generators of a run, each seeded with (seed, purpose, layer or epoch).
SPLIT, INITIAL, ORDER, RULE, AUGMENT, VERIFY = range(6)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig(Task, ArraySettings):
    """Network, arrays, rule and schedule; what each field means is declared with it (``TrainingConfig.describe()``)."""

    rule: str = word("update rule on chip", default="mixed-precision", choices=tuple(RULES))
    epochs: int = whole("passes through the training images", default=60, ge=1)
    batch_size: int = whole("images per update", default=16, ge=1)
    learning_rate: float | None = quantity(
        "learning rate on chip, the largest of the schedule; by default that of the rule", "1", default=None, gt=0
    )
    schedule: str = word("how learning rates fall", default="cosine", choices=tuple(SCHEDULES))
    decay: float = quantity(
        "factor on the learning rates per epoch, of the schedule step",
        "1",
        default=0.65,
        gt=0,
        le=1,
        needs="schedule = step",
    )
    pulse_threshold: float = quantity(
        "level of a digital accumulator at which a pulse is sent, over the mean step of a pulse",
        "1",
        default=1.0,
        gt=0.5,
        le=1,
    )
    weight_range: float = quantity(
        "largest weight a pair can hold times the square root of the inputs of its layer", "1", default=4.0, gt=0
    )
    layer_ranges: tuple[float, ...] = numbers("factors on weight_range, one per crossbar; by default all 1", "1")
    layer_rates: tuple[float, ...] = numbers("factors on learning_rate, one per crossbar; by default all 1", "1")
    initial_share: float = quantity(
        "largest initial weight as a share of the largest a pair can hold", "1", default=0.5, gt=0, le=1
    )
    periphery: "Periphery | None" = dataclasses.field(
        default=None, metadata={"kind": "part", "meaning": "wires and converters of the arrays; none: ideal"}
    )
    patience: int = whole("epochs without a better validation accuracy that end the training; 0: never", default=0)
    shift: int = whole("largest shift of training images, in pixels", default=0, le=16)
    border: str = word(
        "what comes in from outside by a shift", default="black", choices=("black", "reflect"), needs="shift > 0"
    )
    flip: bool = flag("mirror half of the training images", default=False)
    alternate: bool = flag(
        "with flip: mirror an image in every second epoch instead of by chance", default=False, needs="flip = true"
    )
    cutout: int = whole("side of a square of mean grey in each training image, in pixels; 0: none", default=0, le=64)
    float32_learning_rate: float = quantity(
        "learning rate of the twin and of digital parameters (normalization) at the start",
        "1",
        default=0.05,
        gt=0,
        needs=_DIGITAL,
    )
    float32_momentum: float = quantity(
        "momentum of the twin and of digital parameters (normalization)",
        "1",
        default=0.9,
        ge=0,
        lt=1,
        needs=_DIGITAL,
    )
    device: str = word(
        "where arrays and passes are: compiled kernels on the processor, or tensors of PyTorch there or on a GPU",
        default="processor",
        choices=("processor", *TENSOR_DEVICES),
    )
    device_products: str = word(
        "numbers that are multiplied on tensors",
        default="float32",
        choices=("float32", "bfloat16"),
        needs=" or ".join(f"device = {name}" for name in TENSOR_DEVICES),
    )
    twin: bool = flag("train the float32 twin too", default=True)
    monitor_images: int = whole(
        "training images, at most, on which the loss after each epoch is taken", default=5000, ge=1
    )

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the fields taken together."""
        yield from super().problems()
        if self.patience and not self.validation_fraction:
            yield f"patience = {self.patience} needs a validation_fraction > 0"
        if self.alternate and not self.flip:
            yield "alternate = true says how flip mirrors, and flip is false"
        if self.device in TENSOR_DEVICES:
            yield from (f"device = {self.device} {problem}" for problem in self._not_on_tensors())
        elif self.device_products != "float32":
            yield f"device_products = {self.device_products} needs a device of tensors, device = {self.device} is none"
        crossbars = self.network.crossbars
        for name in ("layer_ranges", "layer_rates"):
            factors = getattr(self, name)
            if factors and (len(factors) != crossbars or min(factors) <= 0):
                yield f"{name} must be {crossbars} numbers > 0, one per crossbar, are {', '.join(map(str, factors))}"

    def _not_on_tensors(self) -> Iterator[str]:
        """Yield what tensors do not know."""
        if self.rule not in TENSOR_RULES:
            yield f"knows the rules {' and '.join(TENSOR_RULES)}, not {self.rule}"
        if self.products != "numpy":
            yield f"multiplies by PyTorch, products = {self.products} has no effect; set device_products"
        if self.periphery is None:
            return
        read, adc = self.periphery.read, self.periphery.adc
        unknown = {
            "wires with resistance": not self.periphery.wires.ideal,
            "read.noise": read.noise > 0,
            "read.integrator_noise": read.integrator_noise > 0,
            "read.subtraction = digital": read.subtraction == "digital",
            "adc.nonlinearity_dtod": adc.bits > 0 and not adc.exact,
        }
        if found := [name for name, there in unknown.items() if there]:
            yield f"knows no {', '.join(found)} of a periphery; device = processor does"

    @property
    def rate(self) -> float:
        """Learning rate on chip, at the start [1]."""
        return RULES[self.rule].rate if self.learning_rate is None else self.learning_rate

    def to_mapping(self) -> dict:
        """Return what ``config_from_mapping`` takes, for files."""
        periphery = None if self.periphery is None else self.periphery.to_dict()
        return {**self.to_dict(), "network": self.network.to_mapping(), "periphery": periphery}


OF_THE_CHIP = (
    "rule",
    "learning_rate",
    "pulse_threshold",
    "weight_range",
    "layer_ranges",
    "layer_rates",
    "initial_share",
)
"""Fields of a configuration that its float32 twin does not feel, as it does not feel arrays, synapses and periphery."""


def config_from_mapping(mapping: Mapping, where: str) -> TrainingConfig:
    """Build a configuration from what a file holds.

    Raises:
        InputError: a name or value that does not fit.
    """
    from arraysim.networks.definition_file import definition_from_mapping
    from arraysim.periphery.config import periphery_from_mapping

    fields = dict(mapping)
    if not isinstance(fields.get("network"), Mapping):
        raise InputError(f"{where}: lacks the network")
    if "momentum" in fields:  # files of before told one for the twin and the rules
        fields["float32_momentum"] = fields.pop("momentum")
    fields["network"] = definition_from_mapping(fields["network"], where)
    if fields.get("periphery") is not None:
        fields["periphery"] = periphery_from_mapping(fields["periphery"], where)
    for name in ("layer_ranges", "layer_rates"):
        if isinstance(fields.get(name), list):
            fields[name] = tuple(fields[name])
    try:
        return TrainingConfig(**fields)
    except TypeError as error:
        raise InputError(f"{where}: {error}") from None
