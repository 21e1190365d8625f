"""What a command is told of a chip's synapses and of the arrays that hold its weights; light, so that options follow."""

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from arraysim.synapses.faults import Faults
from dwcore.parameters import Parameters, quantity, whole, word

if TYPE_CHECKING:
    from arraysim.synapses.pulse_law import PulseLaw
    from arraysim.synapses.weights import PulsedWeights


@dataclasses.dataclass(frozen=True, kw_only=True)
class SynapseSettings(Parameters):
    """A transition table at a temperature, a synapse known by its figures, or an idealized ladder of states."""

    table: str | None = word(
        "transition table, [synapse] TOML or shipped synapse, or ladder[:STATES] for an idealized one", default=None
    )
    states: int | None = whole("states of an idealized synapse, in place of a table", default=None, ge=2, le=124)
    temperature: float | None = quantity(
        "temperature of the chip; by default the lowest of the table", "K", default=None, gt=0
    )
    draw: int | None = whole(
        "number of a draw of the probabilities from what the counts of the table leave open; by default what was counted",
        default=None,
        ge=0,
    )

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the fields taken together."""
        if self.states is not None and self.table not in (None, "ladder"):
            yield f"states = {self.states}: is of an idealized synapse, the states of {self.table} are its own"
        if self.temperature is not None and self.is_ideal:
            yield f"temperature = {self.temperature:g} [K]: an idealized synapse knows none, it needs a table"
        if self.draw is not None and self.is_ideal:
            yield f"draw = {self.draw}: the probabilities of an idealized synapse are exact, it needs a table"

    @property
    def is_ideal(self) -> bool:
        """Whether the synapse is an idealized one."""
        return self.states is not None or str(self.table).partition(":")[0] == "ladder"

    @property
    def name(self) -> str | None:
        """What ``synapses_from`` takes."""
        return self.table if self.states is None else f"ladder:{self.states}"

    @property
    def inputs(self) -> list[str]:
        """Files that the synapses come from."""
        from compact.exchange.synapse_file import is_shipped_synapse

        return [] if self.is_ideal or self.table is None or is_shipped_synapse(self.table) else [self.table]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArraySettings(Faults):
    """Kind of weights, spread and faults of their devices."""

    conductance_std_dtod: float = quantity(
        "spread of the devices' conductance, standard deviation of its logarithm", "1", default=0.0, ge=0, lt=1
    )
    weights: str = word("kind of weights", default="pair", choices=("pair", "reference", "digits"))
    digits: int = whole("pairs per weight, of the kind digits", default=2, ge=1, le=16, needs="weights = digits")
    base: int = whole("significance of a digit over the one below", default=4, ge=1, le=16, needs="weights = digits")

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
