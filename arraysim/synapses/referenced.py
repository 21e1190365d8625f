"""Weights held by one device each, counted from a reference column that all columns of an array share.

Half the devices and half the area of pairs; a weight that needs the other sense must move its one device back, and the
deviation of a row's reference is common to all its weights.
"""

import numpy as np

from arraysim.synapses.synapse_array import SynapseArray
from arraysim.synapses.weights import DOWN, RESET_PULSES_PER_STATE, UP, PulsedWeights

# References are arrays with numbers of their own, beyond those of any layer.
_REFERENCE_NUMBER = 1 << 20


class ReferencedWeights(PulsedWeights):
    """Weight = scale (G - reference of the row); the references are devices near the middle of the window.

    Attributes:
        reference: one device per row, shape (rows,).
    """

    def __init__(self, law, *, rows: int, columns: int, largest_weight: float, seed: int, number: int = 0, **more):
        """Build the array and program its references; arguments as for ``PairedWeights``.

        Raises:
            InputError: as for ``PairedWeights``.
        """
        settings = {key: more[key] for key in ("conductance_std_dtod", "faults", "count_wear") if key in more}
        self.reference = SynapseArray(
            law, shape=(rows,), seed=seed, number=_REFERENCE_NUMBER + number, **({"count_wear": True} | settings)
        )
        _centre(self.reference)
        super().__init__(
            law, rows=rows, columns=columns, largest_weight=largest_weight, seed=seed, number=number, sides=1, **more
        )

    @property
    def arrays(self) -> list[SynapseArray]:
        """The devices of the weights, and the references."""
        return [self.array, self.reference]

    @property
    def conductances(self) -> tuple[np.ndarray, ...]:
        """The plane of devices, (rows, columns), and the reference column, (rows, 1), float32 [S]."""
        return (*super().conductances, self.reference.conductance[:, None])

    def initialize(self, share: float, rng: np.random.Generator) -> None:
        """Drive every wall to its lowest level, then send random numbers of pulses up, spread evenly about the middle.

        Args:
            share: largest initial weight as a share of the largest weight [1].
            rng: chooses numbers of pulses.
        """
        middle = (self.array.law.states - 1) / 2
        self._reset(self.array)
        low, high = round(middle * (1 - share)), round(middle * (1 + share))
        number = rng.integers(low, high, size=self.values.size, endpoint=True)
        for sent in range(high):
            self.array.apply(np.flatnonzero(number > sent), UP)
        self.refresh()

    def clear(self) -> None:
        """Bring all weights to about zero by pulses that do not look: every wall to its lowest level, then half way up."""
        self.initialize(0.0, np.random.default_rng(0))

    def memory(self) -> dict[str, np.ndarray]:
        """Return those of the devices, and those of the references under names that begin with ``reference_``."""
        return super().memory() | {f"reference_{name}": array for name, array in self.reference.memory().items()}

    def _offset(self) -> np.ndarray:
        return self.reference.conductance


def _centre(reference: SynapseArray) -> None:
    """Send pulses until each device reads as near to the middle of the window as its levels allow.

    Devices are reset, then read after each of a limited number of pulses; one that is within half a level is left.
    """
    law = reference.law
    target, near = (law.conductance.min() + law.conductance.max()) / 2, np.ptp(law.conductance) / (law.states - 1) / 2
    every = np.arange(reference.size)
    for _ in range(RESET_PULSES_PER_STATE * law.states):
        reference.apply_all(DOWN)
    for _ in range(RESET_PULSES_PER_STATE * law.states):
        error = target - reference.read(every)
        off = np.abs(error) > near * 1.001
        reference.apply(every[off], np.where(error[off] > 0, UP, DOWN))
