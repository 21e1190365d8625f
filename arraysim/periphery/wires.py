"""Resistance of the wires of an array.

Word line i runs from its driver on the left past the devices (i, 0), (i, 1), ...; bit line j runs from the device
(0, j) down to its sink below the last row. There is one wire segment between neighbouring devices, one between the driver and the
first device of a word line, and one between the last device of a bit line and the sink, which holds 0 V.
"""

import dataclasses

from dwcore.parameters import Parameters, quantity

MAX_RESISTANCE = 1e9  # beyond it a value is a slip


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wires(Parameters):
    """Resistances between the ideal sources and sinks and the devices."""

    word_resistance: float = quantity("one segment of a word line", "ohm", default=0.0, ge=0, le=MAX_RESISTANCE)
    bit_resistance: float = quantity("one segment of a bit line", "ohm", default=0.0, ge=0, le=MAX_RESISTANCE)
    driver_resistance: float = quantity("source of a driven line", "ohm", default=0.0, ge=0, le=MAX_RESISTANCE)
    sink_resistance: float = quantity("input of a sensed line", "ohm", default=0.0, ge=0, le=MAX_RESISTANCE)

    @property
    def ideal(self) -> bool:
        """Whether no wire has a resistance."""
        return not any(getattr(self, field.name) for field in dataclasses.fields(Wires))

    @property
    def word(self) -> tuple[float, float]:
        """Resistance of a segment and from the source to the first device of a word line [ohm]."""
        return self.word_resistance, self.word_resistance + self.driver_resistance

    @property
    def bit(self) -> tuple[float, float]:
        """Resistance of a segment and from the last device of a bit line to ground [ohm]."""
        return self.bit_resistance, self.bit_resistance + self.sink_resistance

    def turned(self) -> "Wires":
        """Wires of the same array with driven bit lines and sensed word lines, seen from the word lines.

        Reciprocity: what a source on bit line j sends into word line i is what a source on word line i sends into
        bit line j through the same resistances.
        """
        return dataclasses.replace(self, driver_resistance=self.sink_resistance, sink_resistance=self.driver_resistance)

    def transposed(self) -> "Wires":
        """Wires of the array with word and bit lines exchanged."""
        return Wires(
            word_resistance=self.bit_resistance,
            bit_resistance=self.word_resistance,
            driver_resistance=self.sink_resistance,
            sink_resistance=self.driver_resistance,
        )
