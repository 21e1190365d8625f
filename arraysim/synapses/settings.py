"""Which synapses a chip is made of, as a command is told; light, so that options can be made of it."""

import dataclasses
from collections.abc import Iterator

from dwcore.parameters import Parameters, quantity, whole, word


@dataclasses.dataclass(frozen=True, kw_only=True)
class SynapseSettings(Parameters):
    """A transition table at a temperature, or an idealized ladder of states."""

    table: str | None = word("transition table, or ladder[:STATES] for an idealized synapse", default=None)
    states: int | None = whole("states of an idealized synapse, in place of a table", default=None, ge=2, le=124)
    temperature: float | None = quantity(
        "temperature of the chip; by default the lowest of the table", "K", default=None, gt=0
    )

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the fields taken together."""
        if self.states is not None and self.table not in (None, "ladder"):
            yield f"states = {self.states}: is of an idealized synapse, the states of {self.table} are its own"
        if self.temperature is not None and self.is_ideal:
            yield f"temperature = {self.temperature:g} [K]: an idealized synapse knows none, it needs a table"

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
        return [] if self.is_ideal or self.table is None else [self.table]
