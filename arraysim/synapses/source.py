"""Where the synapses of a chip come from, as the command line names it: a table, a `[synapse]`, or an idealized ladder."""

import dataclasses
from pathlib import Path

from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.retention import retention_rates
from compact.exchange.synapse_file import is_shipped_synapse
from compact.exchange.synapse_table import table_of
from compact.table.interpolate import inside
from compact.table.operating_point import OperatingPoint, write_points
from compact.table.origin import placeholders, subject
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Synapses:
    """Synapses and what is known of them.

    Attributes:
        law: pulse 0 raises the conductance, pulse 1 lowers it.
        name: as given.
        table: None for idealized synapses.
        points: the two pulses; empty for idealized synapses.
    """

    law: PulseLaw
    name: str
    table: TransitionTable | None = None
    points: tuple[OperatingPoint, ...] = ()

    @property
    def knows_energy(self) -> bool:
        """Whether the pulses have an energy; idealized synapses and tables made of foreign data may hold a stand-in."""
        return self.table is not None and "energy_per_pulse" not in placeholders(self.table)

    @property
    def notes(self) -> list[str]:
        """Where their device strains the model that their table is of, one line each."""
        return [] if self.table is None else self.table.notes

    @property
    def subject(self) -> str:
        """What these synapses are, in words, for the titles of figures."""
        if self.table is None:
            return f"idealized synapse {self.name}"
        K = len(self.table.counts)
        return subject(self.table, self.points[0].temperature, f"{K} device instances" if K > 1 else "")

    @property
    def config(self) -> dict:
        """What a file made with these synapses says about them."""
        if self.table is None:
            return {"synapses": self.subject, "table": self.name}
        said = {"synapses": self.subject, "write_pulses": [dataclasses.asdict(point) for point in self.points]}
        named = {"table": self.name} if is_shipped_synapse(self.name) else {}
        return said | named | ({"notes": self.notes} if "notes" in self.table.config else {})

    @property
    def inputs(self) -> list[str]:
        """Files they come from."""
        return [] if self.table is None or is_shipped_synapse(self.name) else [self.name]

    def resting_at(self, temperature: float | None) -> "Synapses":
        """Return the same synapses with the escape rates of a temperature; None keeps those of the writing.

        Raises:
            InputError: no rates are known, or the temperature lies outside the table.
        """
        if self.law.retention_rate is None:
            raise InputError(f"{self.name}: holds no escape rates, so what happens without pulses is unknown")
        if temperature is None or self.table is None:
            return self
        T = inside("temperature", temperature, self.table.temperature, "K", where=f"{self.name}: ")
        return dataclasses.replace(self, law=dataclasses.replace(self.law, **retention_rates(self.table, T)))


@checked
def synapses_from(
    name: str | Path | None,
    *,
    temperature: float | None = None,
    points: list[dict] | None = None,
    draw: int | None = None,
) -> Synapses:
    """Return synapses.

    Args:
        name: file of a transition table or of a `[synapse]`, shipped synapse, or ``ladder[:STATES]``.
        temperature: of the chip; default the lowest of the table [K].
        points: the pulses a file says it was written with, as ``Synapses.config`` has them; default the best ones.
        draw: number of a draw of the table's probabilities, as of ``PulseLaw.from_table``.

    Raises:
        InputError: there is no such thing, or it was not counted and is to be drawn.
    """
    if name is None:
        raise InputError("needs --table FILE, a transition table or a [synapse], or --table ladder[:STATES]")
    kind, mark, states = str(name).partition(":")
    if kind == "ladder":
        if draw is not None:
            raise InputError(f"draw = {draw}: the probabilities of an idealized synapse are exact, it needs a table")
        if temperature is not None:
            raise InputError(f"temperature = {temperature:g} [K]: an idealized synapse knows none, it needs a table")
        if mark and not (states.isascii() and states.isdecimal()):
            raise InputError(f"--table {name}: {states!r} must be a number of states")
        return Synapses(law=ladder_law(states=int(states)) if states else ladder_law(), name=str(name))
    table = table_of(name)
    pulses: tuple[OperatingPoint, ...]
    if points is None:
        temperature = float(table.temperature[0]) if temperature is None else temperature
        pulses = write_points(table, temperature=temperature)
    else:
        pulses = tuple(OperatingPoint(**point) for point in points)
    if draw is not None and "counts" in table.config.get("origin", {}):
        raise InputError(f"draw = {draw}: the probabilities of {name} were given, not counted, so nothing is left open")
    try:
        law = PulseLaw.from_table(table, pulses, draw=draw)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return Synapses(law=law, name=str(name), table=table, points=pulses)
