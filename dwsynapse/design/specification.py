"""What a device has to do, and what may be chosen: the specification that `dwsynapse design` takes.

The film, the stack, the junction and the spreads are those of a device that is there; notches, track and pulse are free
within bounds. The notches are alike and equally far apart; the track ends half a notch beyond the taper of the pads.
"""

import dataclasses
import functools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from compact.states.energy import pulse_energy
from dwcore.errors import InputError, nearest
from dwcore.toml import own_name, read_toml
from dwsynapse.design.pulses import aim
from dwsynapse.design.sections import (
    FEWEST_DEVICES,
    FINENESS,
    LISTED,
    ROUNDING,
    SECTIONS,
    Budget,
    Choice,
    Free,
    Objectives,
    Requirements,
)
from llg.device.device import Device
from llg.device.device_file import device_from_mapping, load_device
from llg.device.track import Track


@dataclasses.dataclass(frozen=True, kw_only=True)
class Specification:
    """A specification, ready for the search.

    Attributes:
        name: of the file.
        choice, free, require, minimize, budget: its sections.
        devices: what the designs begin with, in the order of the choice.
        text: what the file says.
    """

    name: str
    choice: Choice
    free: Free
    require: Requirements
    minimize: Objectives
    budget: Budget
    devices: tuple[Device, ...]
    text: str = dataclasses.field(default="", compare=False)

    def __post_init__(self):
        for device in self.devices:
            for section in ("stack", "readout", "pulse"):
                device.section(section)
            if not device.notches:
                raise InputError(f'device "{device.name}": has no notch to begin with')
            own = {"[potential]": device.potential, "[profile]": device.profile, "an outline": device.track.outline_x,
                   "a [gate] with ends": device.gate is not None and device.gate.local}  # fmt: skip
            if fixed := [name for name, part in own.items() if part]:
                raise InputError(
                    f'device "{device.name}": has {" and ".join(fixed)} along its track, which fits no other'
                )
            written, kept = self.require.temperature or device.temperature, self.require.retention_temperature
            if kept is not None and kept < written:
                raise InputError(f"require.retention_temperature = {kept:g} [K] must be >= that of writing, {written:g}, at "
                                 "which states are kept too; degrees Celsius are \"85 degC\"")  # fmt: skip
            if self.require.heating is not None and device.heating is None:
                raise InputError(f'require.heating: device "{device.name}" has no [heating] section')
            if self.free.duration and self.free.duration[1] < device.section("pulse").shortest:
                least = device.section("pulse").shortest
                raise InputError(f"free.duration ends at {self.free.duration[1]:g} s, the edges of the pulse of "
                                 f'"{device.name}" take {least:g} s')  # fmt: skip
        of_devices = self.require.one_step_of_devices
        if of_devices is None and (self.budget.devices, self.budget.device_pulses) != (
            Budget.devices,
            Budget.device_pulses,
        ):
            raise InputError("budget.devices and device_pulses need require.one_step_of_devices")
        if of_devices is not None and self.budget.devices < FEWEST_DEVICES:
            raise InputError(f"budget.devices = {self.budget.devices} must be >= {FEWEST_DEVICES}, or no count of them "
                             "shows with 95 % confidence that 95 % of all devices hold")  # fmt: skip
        directed = 2 * (self.require.states - 1)
        for name, key, whose in (
            ("one_step", "verify_pulses", "in all"),
            ("one_step_of_devices", "device_pulses", "of each device"),
        ):
            required, each = getattr(self.require, name), getattr(self.budget, key)
            if required is not None and aim(required, directed * each) is None:
                raise InputError(f"budget.{key} = {each}, {directed * each} pulses {whose}, cannot show {name} = "
                                 f"{required:.10g} with 95 % confidence")  # fmt: skip
        self._meet()

    @property
    def verify_pulses(self) -> int:
        """Pulses from all states in both directions that verify a design."""
        return 2 * (self.require.states - 1) * self.budget.verify_pulses

    @functools.cached_property
    def wanted(self) -> float | None:
        """Probability of one step that a pulse is aimed at; None where none is required."""
        require = self.require
        aims = [require.one_step and aim(require.one_step, self.verify_pulses), require.one_step_of_devices]
        return max(filter(None, aims), default=None)

    def _meet(self) -> None:
        """Refuse requirements that no outline within the bounds can meet."""
        require, free = self.require, self.free
        widest = max(free.track_width or (max(d.track.width for d in self.devices),))
        depth = min(free.notch_depth or (min(d.notches[0].depth for d in self.devices),))
        left = widest - depth * min(d.notches[0].edges for d in self.devices)
        if left <= 0:
            raise InputError(
                f"free.notch_depth begins at {depth:g} [m], which cuts through the widest track, {widest:g}"
            )
        if require.constriction is not None and left < require.constriction:
            raise InputError(f"require.constriction = {require.constriction:g} [m] is wider than the widest track leaves "
                             f"between the shallowest notches, {left:g}")  # fmt: skip
        least = [self._least(base) for base in self.devices]
        for name in ("area", "energy", "voltage", "heating"):
            bound = getattr(require, name)
            if bound is not None and (found := min(one[name] for one in least)) > bound * (1 + ROUNDING):
                unit = next(unit for key, unit, _ in Requirements.describe() if key == name)
                of = "" if name == "area" else "the least pulse in "
                raise InputError(f"require.{name} = {bound:g} [{unit}] is less than that of {of}the shortest and narrowest "
                                 f"track of {require.states} states, {found:g}")  # fmt: skip

    def _least(self, base: Device) -> dict[str, float]:
        """Return figures that no design of a device falls below.

        The current is I = J w_0 c(t), and the track's resistance R = (rho_HM/(w_0 c)) int w_0/w(x) dx. So I, the voltage
        I R, and the powers I^2 R rise with J, the thickness t, the width w_0 (also where the pads are wider) and the length;
        a notch only narrows. All are least with the least of each, without a notch.
        """
        least = {name: min(bounds) for name, bounds in self.free.to_dict().items() if bounds}
        track = self._row(base, least, self.require.states)[0]
        pulse = base.section("pulse")
        J, time = (least.get(name, abs(getattr(pulse, name))) for name in ("current_density", "duration"))
        pulse = dataclasses.replace(pulse, current_density=J, duration=max(time, pulse.shortest))
        return plain_figures(dataclasses.replace(base, track=track, notches=(), pulse=pulse, readout=None))

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of what is free: ranges, then choices with more than one entry."""
        ranges = [name for name, _, _ in self.free.describe() if getattr(self.free, name)]
        return (*ranges, *self.lists)

    @property
    def lists(self) -> dict[str, tuple[str, ...]]:
        """What is chosen from lists with more than one entry, by name."""
        lists = dict(zip(LISTED, (self.choice.devices, self.choice.shapes), strict=True))
        return {name: choices for name, choices in lists.items() if len(choices) > 1}

    def values(self, x: np.ndarray) -> dict[str, Any]:
        """Return what a point of the unit cube stands for, by name; a notch is never wider than the pitch."""
        found: dict[str, Any] = {}
        for name, u in zip(self.variables, x.tolist(), strict=True):
            if choices := self.lists.get(name):
                found[name] = choices[min(int(u * len(choices)), len(choices) - 1)]
            else:
                low, high = getattr(self.free, name)
                found[name] = low + u * (high - low)
        return found

    def base(self, values: Mapping[str, Any]) -> Device:
        """Return the device that a design of some values begins with."""
        return self.devices[self.choice.devices.index(values.get("device", self.choice.devices[0]))]

    def begin(self) -> np.ndarray:
        """Return the point of the unit cube that is nearest to the first device as it is."""
        device = self.devices[0]
        notch, track, pulse = device.notches[0], device.track, device.section("pulse")
        places = [n.position for n in device.notches[:2]]
        own = {"pitch": places[1] - places[0] if len(places) > 1 else notch.width, "notch_depth": notch.depth,
               "notch_width": notch.width, "track_width": track.width, "thickness": track.thickness,
               "current_density": abs(pulse.current_density), "duration": pulse.duration}  # fmt: skip
        ranges = {name: getattr(self.free, name) for name in self.variables if name in own}
        inside = [(own[name] - low) / (high - low) for name, (low, high) in ranges.items()]
        return np.clip([*inside, *(0.0 for name in self.variables if name not in own)], 0, 1)

    def lengths(self, x: np.ndarray) -> np.ndarray:
        """Return a point for each length of the pulse from the shortest to the longest, shape (lengths, variables).

        Their ratio is `FINENESS` at most. A length that is not free leaves the point alone.
        """
        if not self.free.duration:
            return x[None]
        low, high = self.free.duration
        least = max(low, self.base(self.values(x)).section("pulse").shortest)
        points = np.tile(x, (2 + int(math.log(high / least) / math.log(FINENESS)), 1))
        times = np.geomspace(least, high, len(points))
        points[:, self.variables.index("duration")] = np.clip((times - low) / (high - low), 0, 1)
        return points

    def device(self, values: Mapping[str, Any], states: int | None = None) -> Device:
        """Return the device of some values.

        Args:
            values: as ``values`` returns them.
            states: number of notches; by default the states that are required.

        Raises:
            InputError: there is no such device, for instance a notch through the track.
        """
        base, n = self.base(values), states or self.require.states
        track, pitch, width = self._row(base, values, n)
        end, first = track.pad_taper or 0.0, base.notches[0]
        notch: dict[str, Any] = {"depth": values.get("notch_depth", first.depth), "width": width,
                                 "shape": values.get("shape", next(iter(self.choice.shapes), first.shape))}  # fmt: skip
        pulse = {name: values[name] for name in ("current_density", "duration") if name in values}
        return dataclasses.replace(
            base, name=f"{self.name} ({n} states)", track=track, instance=0,
            temperature=self.require.temperature or base.temperature,
            notches=tuple(dataclasses.replace(first, position=end + width / 2 + i * pitch, **notch) for i in range(n)),
            readout=dataclasses.replace(base.section("readout"), start=end, end=track.length - end),
            pulse=dataclasses.replace(base.section("pulse"), **pulse),
        )  # fmt: skip

    def _row(self, base: Device, values: Mapping[str, Any], n: int) -> tuple[Track, float, float]:
        """Return the track of n notches, their pitch and their width [m]."""
        first, track = base.notches[0], base.track
        pitch = values.get("pitch", base.notches[1].position - first.position if len(base.notches) > 1 else first.width)
        width = min(values.get("notch_width", first.width), pitch)
        length = (n - 1) * pitch + width + 2 * (track.pad_taper or 0.0)
        return dataclasses.replace(track, length=length, width=values.get("track_width", track.width),
                                   thickness=values.get("thickness", track.thickness)), pitch, width  # fmt: skip

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Return the specification that `config` has told, without its text."""
        sections = {
            key: kind.from_mapping({name: value for name, value in config[key].items() if value is not None}, key)
            for key, kind in SECTIONS.items()
        }
        return cls(name=config["name"], devices=tuple(map(device_from_mapping, config["devices"])), **sections)

    def config(self) -> dict[str, Any]:
        """Return all that decides on the results, as plain numbers and texts."""
        sections = {name: getattr(self, name).to_dict() for name in SECTIONS}
        return {"name": self.name, **sections, "devices": [device.config() for device in self.devices]}


def load_specification(path: str | Path) -> Specification:
    """Read a specification.

    Raises:
        InputError: not a sound specification; one line.
    """
    content = read_toml(Path(path))
    problems = [f'unknown section "{key}"{nearest(key, SECTIONS)}' for key in content if key not in (*SECTIONS, "name")]
    if problems:
        raise InputError(f"{path}: {'; '.join(problems)}")
    name = own_name(content, Path(path).stem, str(path))
    sections = {key: kind.from_mapping(content.get(key, {}), f"{path} [{key}]") for key, kind in SECTIONS.items()}
    try:
        devices = tuple(load_device(source) for source in sections["choice"].devices)
        text = Path(path).read_text(encoding="utf-8-sig")
        return Specification(name=name, devices=devices, text=text, **sections)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def track_area(track: Track) -> float:
    """Return the area of a track, its length times its largest width [m^2]."""
    return track.length * max(track.width, track.pad_width or 0.0)


def plain_figures(device: Device) -> dict[str, float]:
    """Return what follows from the device without its walls; no heating without [heating]."""
    pulse, track, stack = device.section("pulse"), device.track, device.section("stack")
    J = pulse.current_density
    current = abs(stack.current(J, track.width, track.thickness))
    resistance = stack.resistance(device.geometry.q, device.geometry.w, track.thickness)
    found = {
        "energy": float(pulse_energy(device, [J], [pulse.duration])[0, 0]),
        "area": track_area(track),
        "duration": pulse.duration,
        "current_density": abs(J),
        "voltage": float(current * resistance),
        "constriction": float(track.width - max((notch.edges * notch.depth for notch in device.notches), default=0.0)),
    }
    return found if device.heating is None else found | {"heating": float(device.steady_rise(J))}
