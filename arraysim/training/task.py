"""What a network is to do: its layers, and how its images are divided."""

import dataclasses

from arraysim.networks.definition import NetworkDefinition
from arraysim.networks.presets import mlp
from llg.parameters import Parameters, quantity


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task(Parameters):
    """Network, loss and division of the data."""

    network: NetworkDefinition = dataclasses.field(default_factory=mlp, metadata={"kind": "part", "meaning": "layers"})
    label_smoothing: float = quantity(
        "share of the target spread evenly over the classes", "1", default=0.1, ge=0, lt=1
    )
    test_fraction: float = quantity(
        "share of each class kept for the test, of data without a test set", "1", default=0.2, gt=0, lt=1
    )
    validation_fraction: float = quantity("share of the training images kept to validate", "1", default=0.0, ge=0, lt=1)
