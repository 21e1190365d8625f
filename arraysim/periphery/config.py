"""What stands between the numbers of a network and the conductances of its arrays, as a TOML file or in code.

    [tile]
    rows = 128
    columns = 128

    [wires]
    word_resistance = "1 ohm"
    bit_resistance = "1 ohm"

    [dac]
    bits = 8
    coding = "serial"

    [adc]
    bits = 6

Whatever is not given is ideal.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from arraysim.periphery.tiles import TileShape
from dwcore.errors import Problems, nearest
from dwcore.parameters import Parameters, quantity, whole, word
from dwcore.toml import read_toml

MAX_RESISTANCE = 1e9  # beyond it a value is a slip


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wires(Parameters):
    """Resistances between the ideal sources and sinks and the devices.

    Word line i runs from its driver on the left past the devices (i, 0), (i, 1), ...; bit line j runs from the device
    (0, j) down to its sink below the last row. There is one wire segment between neighbouring devices, one between the
    driver and the first device of a word line, and one between the last device of a bit line and the sink, which holds
    0 V.
    """

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
        """Return the wires of the same array with driven bit lines and sensed word lines, seen from the word lines.

        Reciprocity: what a source on bit line j sends into word line i is what a source on word line i sends into
        bit line j through the same resistances.
        """
        return dataclasses.replace(self, driver_resistance=self.sink_resistance, sink_resistance=self.driver_resistance)

    def transposed(self) -> "Wires":
        """Return the wires of the array with word and bit lines exchanged."""
        return Wires(
            word_resistance=self.bit_resistance,
            bit_resistance=self.word_resistance,
            driver_resistance=self.sink_resistance,
            sink_resistance=self.driver_resistance,
        )


MAX_BITS = 12
RESISTANCES = (
    "wires.word_resistance > 0 or wires.bit_resistance > 0 or wires.driver_resistance > 0 or wires.sink_resistance > 0"
)
"""What periphery needs so that its wires are not ideal."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TileWires(Wires):
    """Wires of every tile, and how closely they are followed while weights change."""

    solution: str = word(
        "exact: the circuit is solved whenever a device changed; fast: between solutions, changes count in the "
        "approximation of single passage",
        default="exact",
        choices=("exact", "fast"),
        needs=" or ".join(
            f"{one} > 0 and {other} > 0"  # along one kind of line alone nothing is sent back: both solutions are exact
            for one in ("word_resistance", "driver_resistance")
            for other in ("bit_resistance", "sink_resistance")
        ),
    )
    refresh: float = quantity(
        "fast: share of changed devices of a tile that makes it be solved again",
        "1",
        default=0.05,
        ge=0,
        le=1,
        needs="solution = fast",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dac(Parameters):
    """Converters that drive the lines."""

    bits: int = whole(
        "bits of the input, its sign included where it has one; 0: no quantization", default=0, le=MAX_BITS
    )
    coding: str = word(
        "serial: one read per bit with the line on or off; level: one read with as many voltages as the bits say",
        default="serial",
        choices=("serial", "level"),
    )
    full_scale: float | None = quantity(
        "largest input of a forward read; not given: the largest seen in the data",
        "1",
        default=None,
        gt=0,
        needs="bits > 0",
    )

    def problems(self) -> Iterator[str]:
        """Yield a resolution of one bit, which would be the sign alone."""
        if self.bits == 1:
            yield "bits = 1 [1] must be 0 or >= 2"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Adc(Parameters):
    """Converters behind the lines, and the errors of each of them."""

    bits: int = whole("bits of a partial sum; 0: no quantization and no error", default=0, le=MAX_BITS)
    kind: str = word("kind of converter, which decides the form of its nonlinearity", default="sar",
                     choices=("sar", "flash", "ramp"), needs="bits > 0")  # fmt: skip
    full_scale: float | None = quantity(
        "largest current it resolves; not given: calibrated from the data",
        "A",
        default=None,
        gt=0,
        needs="bits > 0",
    )
    lines: int = whole("lines that take turns at one converter", default=8, ge=1, needs="bits > 0")
    offset_dtod: float = quantity(
        "standard deviation of the offset, in steps", "1", default=0.0, ge=0, le=1e3, needs="bits > 0"
    )
    gain_dtod: float = quantity(
        "standard deviation of the gain, relative", "1", default=0.0, ge=0, lt=0.3, needs="bits > 0"
    )
    nonlinearity_dtod: float = quantity(
        "standard deviation, in steps: sar, of a unit capacitor; flash, of each threshold; ramp, of the bow of the "
        "ramp at half scale",
        "1",
        default=0.0,
        ge=0,
        le=1e3,
        needs="bits > 0",
    )

    def problems(self) -> Iterator[str]:
        """Yield what is wrong: one bit has no zero, capacitors keep their sign."""
        if self.bits == 1:
            yield "bits = 1 [1] must be 0 or >= 2"
        if self.kind == "sar" and self.nonlinearity_dtod >= 0.3:
            yield f"nonlinearity_dtod = {self.nonlinearity_dtod:g} [1] must be < 0.3 for a sar converter"

    @property
    def exact(self) -> bool:
        """Whether the thresholds are where they should be, up to gain and offset."""
        return self.nonlinearity_dtod == 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Read(Parameters):
    """Reading of the junctions."""

    voltage: float = quantity("voltage of a line driven at full scale", "V", default=0.1, gt=0, le=10)
    noise: float = quantity(
        "standard deviation of a junction's conductance in one read, relative", "1", default=0.0, ge=0, lt=1
    )
    integrator_noise: float = quantity(
        "standard deviation referred to the current of a line in one read", "A", default=0.0, ge=0, le=1
    )
    subtraction: str = word(
        "how the two lines of a pair are subtracted: analog, before one converter; digital, after two",
        default="analog",
        choices=("analog", "digital"),
    )
    passes: str = word(
        "passes that go through the periphery",
        default="both",
        choices=("both", "forward"),
        needs=f"adc.bits > 0 or dac.bits > 0 or noise > 0 or integrator_noise > 0 or {RESISTANCES}",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Periphery:
    """The whole periphery.

    Attributes:
        tile: size of the arrays.
        wires: resistances.
        dac: converters that drive the lines.
        adc: converters behind the lines.
        read: noise and how pairs are subtracted.
    """

    tile: TileShape = dataclasses.field(default_factory=TileShape)
    wires: TileWires = dataclasses.field(default_factory=TileWires)
    dac: Dac = dataclasses.field(default_factory=Dac)
    adc: Adc = dataclasses.field(default_factory=Adc)
    read: Read = dataclasses.field(default_factory=Read)

    def to_dict(self) -> dict:
        """Return the sections as plain numbers and texts; what is not given is left out."""
        sections = {field.name: getattr(self, field.name).to_dict() for field in dataclasses.fields(self)}
        return {name: {k: v for k, v in one.items() if v is not None} for name, one in sections.items()}


SECTIONS: dict[str, Any] = {field.name: field.default_factory for field in dataclasses.fields(Periphery)}


def periphery_from_mapping(mapping: Mapping, where: str) -> Periphery:
    """Build the periphery from sections of names and SI numbers or strings with units.

    Args:
        mapping: what the file holds.
        where: for messages.

    Raises:
        InputError: unknown sections or keys, impossible values.
    """
    sections, problems = {}, Problems()
    for name, values in mapping.items():
        if name not in SECTIONS:
            problems.found.append(f"{where}: unknown section [{name}]{nearest(name, SECTIONS)}")
            continue
        with problems.noted():
            sections[name] = SECTIONS[name].from_mapping(values, f"{where} [{name}]")
    problems.check(where)
    return Periphery(**sections)


def load_periphery(path) -> Periphery:
    """Read a periphery file.

    Raises:
        InputError: it cannot be read, or as for `periphery_from_mapping`.
    """
    return periphery_from_mapping(read_toml(path), str(path))
