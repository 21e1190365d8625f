"""The settings of programming a network, apart from the weights, the synapses and the data."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from arraysim.synapses.settings import ArraySettings
from arraysim.training.task import Task
from dwcore.errors import InputError
from dwcore.parameters import Parameters, flag, quantity, whole

if TYPE_CHECKING:
    import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class WriteVerifyConfig(Parameters):
    """How to program; with a tolerance below one half some targets lie within reach of no level."""

    rounds: int = whole("rounds of reads and pulses, at most", default=50, ge=1)
    pulse_budget: int = whole("pulses per weight, at most", default=100, ge=1)
    tolerance: float = quantity("accepted error over the difference of two levels", "1", default=0.55, ge=0)
    read_noise: float = quantity(
        "standard deviation of one read of a weight over the largest weight", "1", default=0.0, ge=0
    )
    coarse: bool = flag("send as many pulses at once as the error has steps; otherwise always one", default=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoopSettings(WriteVerifyConfig):
    """The loop of reads and pulses, and which weights it programs."""

    quantile: float = quantity(
        "share of the weights of a layer up to which its range reaches; larger weights are cut to the largest",
        "1",
        default=0.995,
        gt=0,
        le=1,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProgrammingConfig(Task, ArraySettings, LoopSettings):
    """Network, arrays, and the loop of reads and pulses."""

    def largest_weight(self, weight: "np.ndarray") -> float:
        """Return the largest weight that the devices of a layer are to hold [1].

        Args:
            weight: of the layer [1].

        Raises:
            InputError: there is none but zero.
        """
        import numpy as np

        largest = float(np.quantile(np.abs(weight), self.quantile))
        if not largest > 0:
            raise InputError(f"quantile = {self.quantile:g} [1] of the weights of a layer is zero, must be > 0")
        return largest

    def to_mapping(self) -> dict:
        """Return what ``config_from_mapping`` takes, for files."""
        return {**self.to_dict(), "network": self.network.to_mapping()}


def config_from_mapping(mapping: Mapping, where: str) -> ProgrammingConfig:
    """Build a configuration from what a file holds.

    Raises:
        InputError: a name or value that does not fit.
    """
    from arraysim.networks.definition_file import definition_from_mapping

    fields = dict(mapping)
    if not isinstance(fields.get("network"), Mapping):
        raise InputError(f"{where}: lacks the network")
    fields["network"] = definition_from_mapping(fields["network"], where)
    try:
        return ProgrammingConfig(**fields)
    except TypeError as error:
        raise InputError(f"{where}: {error}") from None


def config_for(task: Task, **changes) -> ProgrammingConfig:
    """Return the configuration that programs the network of a training into arrays like those of the training.

    Args:
        task: a training's configuration, or only what the network is to do.
        changes: fields that are to have another value.

    Raises:
        InputError: a value that does not fit.
    """
    known = {field.name for field in dataclasses.fields(ProgrammingConfig)}
    shared = {field.name: getattr(task, field.name) for field in dataclasses.fields(task) if field.name in known}
    return ProgrammingConfig(**(shared | changes))
