"""What a chip goes through before it is read, as a command is told; light, so that options can be made of it."""

import dataclasses

from dwcore.parameters import Parameters, quantity, word


@dataclasses.dataclass(frozen=True, kw_only=True)
class RestSettings(Parameters):
    """A time without pulses, during which walls may escape."""

    time: float | None = quantity("time that the chip has lain without pulses", "s", default=None, gt=0)
    temperature: float | None = quantity(
        "temperature of the rest; by default that of the writing", "K", default=None, gt=0
    )
    table: str | None = word("transition table of the synapses, with escape rates", default=None)
