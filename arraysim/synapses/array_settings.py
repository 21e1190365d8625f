"""What the arrays that hold the weights of a network are made of, as a run is told."""

import dataclasses
from collections.abc import Iterator

from arraysim.synapses.faults import Faults
from arraysim.synapses.kinds import WEIGHT_KINDS, make_weights
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.weights import PulsedWeights
from dwcore.parameters import Parameters, quantity, whole, word


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArraySettings(Parameters):
    """Kind of weights, spread and faults of their devices."""

    conductance_std_dtod: float = quantity(
        "spread of the devices' conductance, standard deviation of its logarithm", "1", default=0.0, ge=0, lt=1
    )
    weights: str = word("kind of weights", default="pair", choices=tuple(WEIGHT_KINDS))
    digits: int = whole("pairs per weight, of the kind digits", default=2, ge=1, le=16)
    base: int = whole("significance of a digit over the one below", default=4, ge=1, le=16)
    stuck: float = quantity("share of devices that no pulse moves", "1", default=0.0, ge=0, le=1)
    open: float = quantity("share of devices without a contact", "1", default=0.0, ge=0, le=1)
    short: float = quantity("share of devices that are short", "1", default=0.0, ge=0, le=1)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the fields taken together."""
        yield from super().problems()
        if self.stuck + self.open + self.short > 1:
            yield "stuck + open + short must be <= 1"

    def make(self, law: PulseLaw, **more) -> PulsedWeights:
        """Return new weights, every wall in its first state; which devices they have is a function of the seed.

        Args:
            law: pulse 0 raises the conductance, pulse 1 lowers it.
            more: `rows`, `columns`, `largest_weight`, `seed`, `number` and `reader` of ``PairedWeights``.

        Raises:
            InputError: the law does not fit.
        """
        return make_weights(
            self.weights,
            law,
            digits=self.digits,
            base=self.base,
            faults=Faults(stuck=self.stuck, open=self.open, short=self.short),
            conductance_std_dtod=self.conductance_std_dtod,
            **more,
        )
