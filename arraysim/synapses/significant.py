"""Weights held by several pairs of devices of different significance, like the digits of a number.

Few states per device then give many per weight. Updates go to the least significant pair; when it is full, the next
one takes a step and the lower ones step back (a carry on demand), see ``weight_kernel``.

References:
    S. Agarwal et al., Symp. VLSI Technol. 2017, T174, for the periodic carry between devices of different significance;
    I. Boybat et al., Nat. Commun. 9, 2514 (2018), for several devices of equal significance (base 1).
"""

from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.weights import PulsedWeights
from dwcore.errors import InputError


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
