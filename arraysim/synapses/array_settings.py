"""The settings of the arrays that hold the weights of a network."""

import dataclasses
from typing import TYPE_CHECKING, Any

from arraysim.synapses.faults import Faults
from dwcore.parameters import quantity, whole, word

if TYPE_CHECKING:
    from arraysim.synapses.pulse_law import PulseLaw
    from arraysim.synapses.weights import PulsedWeights


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArraySettings(Faults):
    """Kind of weights, spread and faults of their devices."""

    conductance_std_dtod: float = quantity(
        "spread of the devices' conductance, standard deviation of its logarithm", "1", default=0.0, ge=0, lt=1
    )
    weights: str = word("kind of weights", default="pair", choices=("pair", "reference", "digits"))
    digits: int = whole("pairs per weight, of the kind digits", default=2, ge=1, le=16)
    base: int = whole("significance of a digit over the one below", default=4, ge=1, le=16)

    def make(self, law: "PulseLaw", **more) -> "PulsedWeights":
        """Return new weights, every wall in its first state; which devices they have is a function of the seed.

        Args:
            law: pulse 0 raises the conductance, pulse 1 lowers it.
            more: `rows`, `columns`, `largest_weight`, `seed`, `number` and `reader` of ``PairedWeights``.

        Raises:
            InputError: the law does not fit.
        """
        from arraysim.synapses.weight_kinds import make_weights

        own: dict[str, Any] = {
            "digits": self.digits,
            "base": self.base,
            "conductance_std_dtod": self.conductance_std_dtod,
        }
        return make_weights(self.weights, law, faults=self, **own, **more)
