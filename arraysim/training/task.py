"""The task of a network: its layers, and how its images are divided."""

import dataclasses
from typing import TYPE_CHECKING

from arraysim.networks.settings import PRODUCTS
from dwcore.errors import InputError
from dwcore.parameters import Parameters, flag, quantity, word

if TYPE_CHECKING:
    from arraysim.datasets.datasets import Dataset
    from arraysim.networks.definition import NetworkDefinition


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task(Parameters):
    """Network, loss and division of the data.

    The network may be given by its description, such as "mlp:256" or the path of a TOML file.
    """

    network: "NetworkDefinition" = dataclasses.field(
        default="mlp",  # type: ignore[assignment]  # a description, replaced by what it says
        metadata={"kind": "part", "meaning": "layers"},
    )
    label_smoothing: float = quantity(
        "share of the target spread evenly over the classes", "1", default=0.1, ge=0, lt=1
    )
    test_fraction: float = quantity(
        "share of each class kept for the test, of data without a test set", "1", default=0.2, gt=0, lt=1
    )
    validation_fraction: float = quantity("share of the training images kept to validate", "1", default=0.0, ge=0, lt=1)
    mirrored: bool = flag("measure with the mean of the outputs for an image and its mirror image", default=False)
    products: str = word("what multiplies, where no converters stand between", default="numpy", choices=PRODUCTS)

    def __post_init__(self):
        from arraysim.networks.definition import NetworkDefinition  # here, since the options of a command need none
        from arraysim.networks.presets import network_from

        if isinstance(self.network, str):
            object.__setattr__(self, "network", network_from(self.network))
        if not isinstance(self.network, NetworkDefinition):
            raise InputError(f"network = {self.network!r} must be a NetworkDefinition or its description")
        super().__post_init__()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageSets:
    """The images of one seed: to train, to validate (None if there are none) and to test."""

    train: "Dataset"
    validation: "Dataset | None"
    test: "Dataset"


def divide(dataset: "Dataset", *, seed: int, config: Task) -> ImageSets:
    """Return the images of one seed.

    Raises:
        InputError: a part is left without one of the classes.
    """
    train, test = dataset.split(seed=seed, test_fraction=config.test_fraction)
    validation = None
    if config.validation_fraction:
        train, validation = train.divide(seed=seed, purpose=1, fraction=config.validation_fraction)
    return ImageSets(train=train, validation=validation, test=test)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataSettings(Parameters):
    """Which images a command works on."""

    dataset: str = word(
        "digits, mnist, fashion-mnist, emnist-letters and the like, cifar10, an .npz, or a folder of pictures by class",
        default="digits",
    )
