"""A chip whose weights were programmed, and how that went."""

import dataclasses

import numpy as np

from arraysim.programming.config import ProgrammingConfig
from arraysim.programming.write_verify import WriteVerifyResult
from arraysim.training.result import ChipResult, LearnedWeights
from dwcore.storage.records import data, part


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ProgrammedChip(ChipResult):
    """One seed. The totals of its hardware have two entries: after the reset, and at the end.

    Attributes:
        config: what programming was told.
        learned: the weights that were wanted.
        float32_accuracy: of the network as numbers, on the test images [1].
        accuracy: of the network on chip [1].
        layers: how programming went, by layer.
    """

    config: ProgrammingConfig
    learned: LearnedWeights = part(LearnedWeights, at="float32")
    float32_accuracy: float = data("share of test images that the network as numbers classifies correctly", ge=0, le=1)
    accuracy: float = data("share of test images that the programmed network classifies correctly", ge=0, le=1)
    layers: tuple[WriteVerifyResult, ...] = part(WriteVerifyResult, at="layer_{L}")

    def __repr__(self) -> str:
        """In one line, for interactive work; the arrays are in the fields."""
        reached = f"test accuracy {self.accuracy:.4f}, {self.float32_accuracy:.4f} as numbers"
        return f"<ProgrammedChip of seed {self.seed}: {self.dataset}, {self.config.network.name}, {reached}>"

    def summary(self) -> dict[str, float]:
        """Return the numbers that say how it went; means over all weights, errors over the largest of their layer."""
        sizes = np.array([layer.pulses.size for layer in self.layers], float)
        share = sizes / sizes.sum()
        each = [layer.summary() for layer in self.layers]
        found = {"rounds": max(layer["rounds"] for layer in each)}
        for name in ("rms_error_before", "rms_error_after"):
            found[name] = float(np.sqrt(share @ [layer[name] ** 2 for layer in each]))
        for name in (
            "share_accepted",
            "share_within_tolerance",
            "share_clipped",
            "pulses_per_weight",
            "reads_per_weight",
        ):
            found[name] = float(share @ [layer[name] for layer in each])
        reset = self.hardware.pulses[0] / sizes.sum(), float(self.hardware.energy[0])
        return found | {
            "most_pulses": max(layer["most_pulses"] for layer in each),
            "energy_J": sum(layer["energy_J"] for layer in each),
            "reset_pulses_per_weight": float(reset[0]),
            "reset_energy_J": reset[1],
        }
