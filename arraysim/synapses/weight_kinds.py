"""The kinds of weights by name: pairs of devices, single devices with a reference, several pairs as digits.

A single device is counted from a reference column that all columns of an array share: half the devices and half the
area of pairs. A weight that needs the other sense must move its one device back, and the deviation of a row's reference
is common to all its weights.

Several pairs of different significance, like the digits of a number, give many states per weight. Updates go to the
least significant pair; when it is full, the next one takes a step and the lower ones step back (a carry on demand), see
``weight_kernel``.

References:
    S. Agarwal et al., Symp. VLSI Technol. 2017, T174, for the periodic carry between devices of different significance;
    I. Boybat et al., Nat. Commun. 9, 2514 (2018), for several devices of equal significance (base 1).
"""

from typing import Any

import numpy as np

from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.synapse_array import SynapseArray
from arraysim.synapses.weights import DOWN, RESET_PULSES_PER_STATE, UP, PairedWeights, PulsedWeights
from dwcore.arguments import checked
from dwcore.errors import InputError, nearest

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
        settings: dict[str, Any] = {
            key: more[key] for key in ("conductance_std_dtod", "faults", "count_wear") if key in more
        }
        self.reference = SynapseArray(
            law, shape=(rows,), seed=seed, number=_REFERENCE_NUMBER + number, **{"count_wear": True, **settings}
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


class SignificantWeights(PulsedWeights):
    """Weight = scale * (sum over digits of base**digit (G+ - G-)), scaled so that all digits full are the largest weight."""

    def __init__(self, law: PulseLaw, *, digits: int = 2, base: int = 4, **more):
        """Build the array.

        Args:
            law: pulse ``UP`` raises the conductance, ``DOWN`` lowers it.
            digits: pairs per weight, 1 to 16 [1].
            base: weight of each digit over that of the one below, 1 to 16; the read path scales with it [1].
            more: as for ``PairedWeights``.

        Raises:
            InputError: as for ``PairedWeights``, or a step of a digit is beyond what the digits below can step back.
        """
        if isinstance(base, int) and base > 2 * (law.states - 1):
            raise InputError(
                f"base = {base} must be <= {2 * (law.states - 1)}, the steps of a pair of {law.states} states"
            )
        super().__init__(law, digits=digits, base=base, **more)

    def _kind(self) -> dict:
        return {"digits": self._digits, "base": self._base}


WEIGHT_KINDS = {"pair": PairedWeights, "reference": ReferencedWeights, "digits": SignificantWeights}


@checked
def make_weights(kind: str, law: PulseLaw, *, digits: int = 2, base: int = 4, **more) -> PulsedWeights:
    """Return new weights.

    Args:
        kind: one of ``WEIGHT_KINDS``.
        law: pulse 0 raises the conductance, pulse 1 lowers it.
        digits: of the kind of that name [1].
        base: of the kind of that name [1].
        more: as for ``PairedWeights``.

    Raises:
        InputError: there is no such kind, or what it needs does not fit.
    """
    if kind not in WEIGHT_KINDS:
        raise InputError(f'kind of weights "{kind}" is unknown{nearest(kind, WEIGHT_KINDS)}')
    own = {"digits": digits, "base": base} if kind == "digits" else {}
    return WEIGHT_KINDS[kind](law, **own, **more)
