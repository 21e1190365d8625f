"""The sections of a specification, each with its declared keys, and what holds for all requirements.

Notches, track and pulse are free within bounds; what is required is a bound on a number, what is made small is named.
"""

import dataclasses
import math
from collections.abc import Iterator

from dwcore.errors import nearest
from dwcore.parameters import Parameters, flag, numbers, quantity, whole, word
from llg.device.material import LARGEST_TEMPERATURE
from llg.device.notch import SHAPES, Notch
from llg.device.pulse import Pulse
from llg.device.track import Track


def _range(meaning: str, section: type[Parameters], name: str):
    """Declare a range of values, with the unit and the plausible sizes of a field of the device."""
    meta = section.__dataclass_fields__[name].metadata
    return numbers(f"{meaning}: from and to; not given: that of the device", meta["unit"], plausible=meta["plausible"])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice(Parameters):
    """What is chosen from a list."""

    device: str = word("devices whose film, stack, junction and spreads are taken, set apart by commas",
                       default="five_state")  # fmt: skip
    shape: str = word("shapes of a notch, set apart by commas; not given: that of the device", default="")

    @property
    def devices(self) -> tuple[str, ...]:
        """Names or files of the devices."""
        return _words(self.device)

    @property
    def shapes(self) -> tuple[str, ...]:
        """Names of the shapes."""
        return _words(self.shape)

    def problems(self) -> Iterator[str]:
        """Yield lists that name nothing, and shapes that do not exist."""
        if not self.devices:
            yield "device must name one at least"
        yield from (f'shape "{name}" is unknown{nearest(name, SHAPES)}' for name in self.shapes if name not in SHAPES)
        for key, names in (("device", self.devices), ("shape", self.shapes)):
            yield from (f'{key} names "{name}" twice' for name in sorted(set(names)) if names.count(name) > 1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Free(Parameters):
    """What may be chosen between bounds."""

    pitch: tuple[float, ...] = _range("distance from notch to notch", Notch, "width")
    notch_depth: tuple[float, ...] = _range("depth of a notch, per edge", Notch, "width")
    notch_width: tuple[float, ...] = _range("width of a notch at the edge, at most the pitch", Notch, "width")
    track_width: tuple[float, ...] = _range("width of the track", Track, "width")
    thickness: tuple[float, ...] = _range("thickness of the ferromagnet", Track, "thickness")
    current_density: tuple[float, ...] = _range("current density of the write pulse", Pulse, "current_density")
    duration: tuple[float, ...] = _range(
        "length of the write pulse, at half its height, the shortest sure one", Pulse, "duration"
    )

    def problems(self) -> Iterator[str]:
        """Yield ranges that are none."""
        for name, _, _ in self.describe():
            bounds = getattr(self, name)
            if bounds and not (len(bounds) == 2 and 0 < bounds[0] < bounds[1] and math.isfinite(bounds[1])):
                given = ", ".join(f"{bound:g}" for bound in bounds)
                yield f"{name} = [{given}] must be two numbers > 0, the lower one first; [choice] device holds what is fixed"
        if not any(getattr(self, name) for name, _, _ in self.describe()):
            yield 'nothing is free: give bounds such as pitch = ["80 nm", "160 nm"]'
        if self.pitch and self.notch_width and self.notch_width[0] >= self.pitch[-1]:
            yield f"notch_width begins at {self.notch_width[0]:g} [m], and no notch is wider than the pitch, {self.pitch[-1]:g}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Requirements(Parameters):
    """What a device must do; what is not given is not required."""

    states: int = whole("number of states, one well each", ge=2, le=64)
    temperature: float | None = quantity("temperature of writing; that of the device if not given", "K", default=None,
                                         gt=0, lt=LARGEST_TEMPERATURE)  # fmt: skip
    barrier: float | None = quantity("least barrier between states, in kB T of writing", "1", default=None, gt=0)
    retention: float | None = quantity("least mean time in a state at rest", "s", default=None, gt=0)
    retention_temperature: float | None = quantity("temperature of the retention; that of writing if not given", "K",
                                                   default=None, gt=0, lt=LARGEST_TEMPERATURE)  # fmt: skip
    one_step: float | None = quantity("least probability that a pulse moves the wall by one state and no more", "1",
                                      default=None, gt=0, lt=1)  # fmt: skip
    one_step_of_devices: float | None = quantity("the same, reached by 95 % of all devices", "1", default=None, gt=0,
                                                 lt=1)  # fmt: skip
    contrast: float | None = quantity("least step of the conductance over the noise of a read", "1", default=None, gt=0)
    energy: float | None = quantity("most energy of a write pulse", "J", default=None, gt=0)
    voltage: float | None = quantity("most voltage of a write pulse", "V", default=None, gt=0)
    heating: float | None = quantity("most temperature rise of a long pulse, for a device with [heating]", "K",
                                     default=None, gt=0)  # fmt: skip
    area: float | None = quantity("largest area, length times largest width", "m^2", default=None, gt=0)
    constriction: float | None = quantity("least width between two notches, the lithography's", "m", default=None, gt=0)

    def problems(self) -> Iterator[str]:
        """Yield what would go unread."""
        if self.retention_temperature is not None and self.retention is None:
            yield "retention_temperature needs retention"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Objectives(Parameters):
    """What is made as small as can be; several give a front."""

    energy: bool = flag("energy of a write pulse", default=True)
    area: bool = flag("area of the track", default=True)
    duration: bool = flag("length of a write pulse", default=False)
    current_density: bool = flag("current density of a write pulse", default=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the objectives."""
        return tuple(name for name, _, _ in self.describe() if getattr(self, name))

    def problems(self) -> Iterator[str]:
        """Yield that there is none."""
        if not self.names:
            yield "one objective at least must be true"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Budget(Parameters):
    """How much is simulated; pulses are counted, not seconds, so that results do not depend on the machine."""

    pulses: int = whole("simulated pulses of the search; each design counts as 500 more, as 5000 with a relaxed wall",
                        default=500_000, ge=1000, le=10**10)  # fmt: skip
    population: int = whole("designs per generation", default=8, ge=4, le=1000)
    designs: int = whole("designs that are offered, at most", default=3, ge=1, le=20)
    verify_pulses: int = whole("pulses per state and direction that verify a design", default=4000, ge=100, le=10**6)
    devices: int = whole("device instances that verify a design", default=64, ge=1, le=10_000)
    device_pulses: int = whole("pulses per state and direction of each instance", default=200, ge=10, le=10**6)


SECTIONS: dict[str, type[Parameters]] = {
    "choice": Choice,
    "free": Free,
    "require": Requirements,
    "minimize": Objectives,
    "budget": Budget,
}
FEWEST_DEVICES = 59
"""So many without a failure show with a confidence of 95 % that 95 % of all devices hold: 0.95^59 < 0.05."""
LISTED = "device", "shape"
"""Names of what is chosen from a list."""
FINENESS = 1.01
"""Ratio of one length of the pulse to the next that is tried."""
ROUNDING = 1e-9
"""A figure at its bound holds, whatever its last digits say."""
LIMITS = {
    "barrier": True,
    "retention": True,
    "one_step": True,
    "one_step_of_devices": True,
    "contrast": True,
    "constriction": True,
    "energy": False,
    "voltage": False,
    "heating": False,
    "area": False,
}
"""Requirements on numbers -> whether the number must be at least the bound; else it must be at most the bound."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))
