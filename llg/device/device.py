"""A device: everything a TOML file says about one synapse, validated, and what follows from it."""

import dataclasses
import functools
import html
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.parameters import Parameters, as_number
from llg.constants import MU_0
from llg.device.electrical import Heating, Readout, Stack, Torque
from llg.device.film_along import film_along, film_problems
from llg.device.gate import Gate
from llg.device.geometry import Geometry, average_width
from llg.device.material import (
    LARGEST_TEMPERATURE,
    Material,
    StraightWall,
    Wall,
    energy_problems,
    gained_by_angle,
)
from llg.device.notch import Notch, Potential
from llg.device.profile import Profile
from llg.device.profile_averages import ProfileAverages, profile_problems
from llg.device.pulse import Pulse
from llg.device.sections import ON_DEMAND, OPTIONAL, SECTIONS, changed, place_of
from llg.device.static_field import StaticField
from llg.device.temperature_laws import TemperatureLaws
from llg.device.track import Track, edge_cuts, outline, outline_problems, spans
from llg.device.variation import Variation, drawn_values

if TYPE_CHECKING:
    from llg.device.notched_track import NotchedTrack

WIDEST = 40.0
"""Most wall widths across the track that a wall relaxed at a given moment crosses as one piece."""
LONGEST = 200.0
"""Length of a notch in wall widths up to which a wall is relaxed in it; longer ones have slopes of no weight."""


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Device:
    """One domain-wall synapse; sections as in the device file.

    `instance` 0 is the nominal device. `gate_level` is the present level of the gate, None for that between pulses.
    With [temperature_laws] the film and the wall are those at `temperature`, whatever they were given for.
    `nominal` is the device that this one was drawn from or is a state of, None if neither.
    """

    name: str
    temperature: float
    material: Material
    wall: Wall
    track: Track
    notches: tuple[Notch, ...]
    torque: Torque
    stack: Stack | None = None
    readout: Readout | None = None
    pulse: Pulse | None = None
    potential: Potential | None = None
    heating: Heating | None = None
    gate: Gate | None = None
    field: StaticField | None = None
    temperature_laws: TemperatureLaws | None = None
    profile: Profile | None = None
    variation: Variation = dataclasses.field(default_factory=Variation)
    instance: int = 0
    gate_level: float | None = None
    nominal: "Device | None" = dataclasses.field(default=None, compare=False)

    def __post_init__(self):
        try:
            object.__setattr__(self, "temperature", as_number(self.temperature, "K"))
        except InputError as error:
            raise InputError(f"temperature: {error}") from None
        if self.profile is not None:
            nominal = {"K_u": self.material.K_u, "D": self.material.D, "thickness": self.track.thickness}
            object.__setattr__(self, "profile", self.profile.relative(**nominal))
        self._follow_temperature()
        problems = list(self._problems())
        if problems:
            raise InputError("; ".join(problems))

    def _problems(self) -> Iterator[str]:
        if not 0 < self.temperature < LARGEST_TEMPERATURE:
            yield f"temperature = {self.temperature:g} [K] must be > 0 and < {LARGEST_TEMPERATURE:g}"
        yield from outline_problems(self.track, self.notches)
        if self.wall.model == "q-phi-chi" and any(notch.edge is not None for notch in self.notches):
            yield '[[notch]] edge: a cut of one edge needs [wall] model = "q-phi" or "q-phi-delta", not "q-phi-chi"'
        if self.readout is not None and self.readout.end > self.track.length:
            yield f"[readout] end = {self.readout.end:g} [m] must be <= the track length = {self.track.length:g}"
        if self.material.in_plane:
            if self.wall.H_K is None:
                yield '[wall]: H_K = -(N_z - N_y) Ms must be given where [material] easy_axis = "x"'
            if self.wall.model != "q-phi" or self.torque.theta_SH != 0:
                yield '[wall] model must be "q-phi" and [torque] theta_SH must be 0 where [material] easy_axis = "x"'
        if not self.material.in_plane or self.wall.H_K is not None:
            yield from energy_problems(self.wall, self.material, self.track.thickness)
        if self.field is not None and not self.material.in_plane:
            wall = self.wall.resolved(self.material, self.track.thickness)
            gained = gained_by_angle(wall, self.material, self.field.H_x, self.field.H_y)
            if gained >= (most := wall.sigma_0 + MU_0 * self.material.Ms * max(wall.H_K, 0.0) * wall.Delta):
                yield (
                    f"[field]: H_x = {self.field.H_x:g} and H_y = {self.field.H_y:g} [A/m] gain a wall {gained:.3g} J/m^2 "
                    f"with D, must be below its energy {most:.3g}: beyond it walls form by themselves"
                )
        if self.wall.shape == "relaxed" and self.nominal is None and (reason := self.not_relaxed):
            yield f'[wall] shape = "relaxed" must be "rigid" or "auto": {reason}'
        if self.profile is not None:
            yield from profile_problems(self.profile, self.material, self.wall, self.track, self.torque)
        if self.potential is not None and not spans(q := self.potential.q, self.track.length):
            yield f"[potential]: q = {q[0]:g} to {q[-1]:g} [m] must span part of the track, 0 to {self.track.length:g}"
        if self.gate is None and self.gate_level is not None:
            yield f"gate_level = {self.gate_level:g} needs a [gate] section"
        if self.gate is not None:
            start, end = self.gate.ends
            if not (start < self.track.length and end > 0):
                yield f"[gate]: start = {start:g} [m] and end = {end:g} must span part of the track"
        if where := " and ".join(f"[{name}]" for name in ("profile", "gate") if getattr(self, name) is not None):
            yield from film_problems(self.film_along, self.material, self.wall, self.track.thickness, where)

    @property
    def film_along(self) -> np.ndarray:
        """Places, K_eff and D along the track with the gate at each level that it takes, see `llg.device.film_along`."""
        levels: tuple[float, ...] = ()
        if self.gate is not None:
            levels = (self.gate.rest_level, 1.0) if self.gate_level is None else (self.gate_level,)
            levels = tuple(self.gate.change(level, self.track.thickness) for level in levels)
        return film_along(self.material, self.profile, self.gate, levels)

    def _follow_temperature(self) -> None:
        """Bring the film and what is given of its wall to the temperature of the device."""
        laws, film, thickness = self.temperature_laws, self.material, self.track.thickness
        if laws is None or not 0 < self.temperature < LARGEST_TEMPERATURE or self.temperature == laws.measured_at:
            return
        followed = laws.film(film, self.temperature)
        now = dataclasses.replace(laws, measured_at=self.temperature)
        wall = self.wall.following((film, thickness), (followed, thickness))
        for name, value in {"material": followed, "wall": wall, "temperature_laws": now}.items():
            object.__setattr__(self, name, value)

    @checked
    def at_temperature(self, temperature: float) -> "Device":
        """Return the device at a temperature [K]; the same where no laws say how it changes, or at 0 K, without noise.

        Raises:
            InputError: the film is not magnetic, or not perpendicular, there.
        """
        if self.temperature_laws is None or temperature in (0, self.temperature):
            return self
        return dataclasses.replace(self, temperature=temperature, nominal=self.nominal or self)

    @property
    def gate_change(self) -> float:
        """Change of K_u under the gate at its present level [J/m^3]."""
        if self.gate is None:
            return 0.0
        level = self.gate.rest_level if self.gate_level is None else self.gate_level
        return self.gate.change(level, self.track.thickness)

    @checked
    def at_gate_level(self, level: float) -> "Device":
        """Return the device with its gate held at a level [1].

        Raises:
            InputError: the gate takes away all of the anisotropy.
        """
        return dataclasses.replace(self, gate_level=level, nominal=self.nominal or self)

    @property
    def wall_shape(self) -> str:
        """Shape of the wall in the notches, "rigid" or "relaxed": as given, else relaxed where that can be."""
        if self.wall.shape != "auto":
            return self.wall.shape
        if self.nominal is not None:
            return self.nominal.wall_shape
        return "relaxed" if self.notches and not self.not_relaxed else "rigid"

    @functools.cached_property
    def not_relaxed(self) -> str:
        """Why the wall cannot be relaxed in the notches, empty where it can."""
        if self.material.in_plane:
            return 'only walls of perpendicular films are relaxed, not easy_axis = "x"'
        Delta = self.wall.resolved(self.material, self.track.thickness).Delta
        for number, notch in enumerate(self.notches, 1):
            width = float(self.track.base_width(np.array(notch.position)))
            for name, size, most in (("track width", width, WIDEST), ("length", 2 * notch.reach, LONGEST)):
                if size > most * Delta:
                    return f"[[notch]] {number}: {name} = {size:g} [m] must be <= {most:g} Delta = {most * Delta:.3g}"
        return ""

    @functools.cached_property
    def straight_wall(self) -> StraightWall:
        """The wall with Delta, sigma_0 and H_K filled in, under a gate over the whole track at its present level."""
        film, thickness = self.material, self.track.thickness
        wall = self.wall.resolved(film, thickness)
        if self.gate is None or self.gate.local or self.gate_change == 0:
            return wall
        gated = dataclasses.replace(film, K_u=film.K_u + self.gate_change)
        return wall.following((film, thickness), (gated, thickness))

    def extra_potential(self, q) -> tuple[np.ndarray, np.ndarray]:
        """Return V_extra [J] and its derivative [N] at q [m]: table, local gate, profile, shape in the notches."""
        V, slope = self.potential.evaluate(q) if self.potential else np.zeros((2, *np.shape(q)))
        if self.gate is not None and self.gate.local and self.gate_change != 0:
            inside = np.clip(q, 0.0, self.track.length)
            V = V + self.gate_change * self._gate_potential(inside)
            slope = slope + self.gate_change * self._gate_potential(inside, 1)
        if self.averages is not None:
            inside = np.clip(q, 0.0, self.track.length)
            V, slope = V + self.averages.potential(inside), slope + self.averages.potential(inside, 1)
        if self.wall_shape == "relaxed" and self.notches:
            inside = np.clip(q, 0.0, self.track.length)
            V, slope = V + self._relaxed_potential(inside), slope + self._relaxed_potential(inside, 1)
        return V, slope

    @functools.cached_property
    def _relaxed_potential(self) -> Callable[..., np.ndarray]:
        """Spline of what the wall gains by its shape in the notches [J] over q [m]."""
        from scipy.interpolate import CubicHermiteSpline

        wall, q = self.straight_wall, self.geometry.q
        nominal = None if self.nominal is None else self.nominal.notched_track
        V, slope = self.notched_track.potential(q, nominal)
        unit = wall.sigma_0 * wall.Delta * self.track.thickness
        return CubicHermiteSpline(q, unit * V, unit / wall.Delta * slope)

    @property
    def notched_track(self) -> "NotchedTrack":
        """What the gain of a relaxed wall depends on."""
        from llg.device.notched_track import NotchedTrack  # compiles, and rigid walls never need it

        wall = self.straight_wall
        delta = abs(self.material.D) * self.material.neel_share(wall) / wall.sigma_0
        return NotchedTrack(self.notches, self.track.base_width, wall.Delta, delta)

    @functools.cached_property
    def _gate_potential(self) -> Callable[..., np.ndarray]:
        size = self.track.length, self.track.thickness, self.straight_wall.Delta
        return self.section("gate").potential(self.magnetic_width_at, *size)

    @functools.cached_property
    def averages(self) -> ProfileAverages | None:
        """What the wall sees of the profile, None without one."""
        if self.profile is None:
            return None
        return ProfileAverages(self.profile, self.material, self.straight_wall, self.track, self.magnetic_width_at)

    @functools.cached_property
    def geometry(self) -> Geometry:
        """Averaged widths along the track."""
        g = average_width(self.magnetic_width_at, self.track.length, self.straight_wall.Delta, self.track.width)
        return g if self.profile is None else dataclasses.replace(g, w=self.width_at(g.q))

    def width_at(self, x) -> np.ndarray:
        """Return the full width w(x) [m] at x [m], with notches and the roughness of this instance."""
        return outline(self.track, self.notches, x)

    def middle_at(self, x) -> np.ndarray:
        """Return the place [m] across the track of its middle at x [m], which notches of one edge shift."""
        upper, lower = edge_cuts(self.notches, np.asarray(x, float))
        return 0.5 * (lower - upper)

    def magnetic_width_at(self, x) -> np.ndarray:
        """Return the width [m] at x [m] times the thickness over that of [track]."""
        thickness = self.profile.factor("thickness") if self.profile else None
        return self.width_at(x) * (1.0 if thickness is None else thickness(x))

    def section(self, name: str, instead: str = "") -> Any:
        """Return an optional section ("stack", "readout", "pulse", "potential", "heating", "gate").

        Args:
            name: of the section.
            instead: what would do in its place, for the message.

        Raises:
            InputError: the device does not have it.
        """
        value = getattr(self, name)
        if value is None:
            way = f", or {instead}" if instead else " for this"
            raise InputError(f'device "{self.name}": needs a [{name}] section{way}')
        return value

    def config(self) -> dict:
        """Return the device as plain numbers and texts in SI, in the layout of the device file."""
        sections = {key: getattr(self, key) for key in SECTIONS}
        config = {key: value.to_dict() for key, value in sections.items() if value is not None}
        config = {k: {n: v for n, v in section.items() if v is not None} for k, section in config.items()}
        notches = [{n: v for n, v in notch.to_dict().items() if v is not None} for notch in self.notches]
        return {"name": self.name, "temperature": self.temperature, **config, "notch": notches}

    @checked
    def steady_rise(self, current_density: float) -> float:
        """Return the temperature rise [K] that a constant current density [A/m^2] would reach by Joule heating.

        Raises:
            InputError: the device has no [heating] or no [stack].
        """
        stack, heating, track = self.section("stack"), self.section("heating"), self.track
        resistance = stack.resistance(self.geometry.q, self.geometry.w, track.thickness)
        return heating.R_th * resistance * float(stack.current(current_density, track.width, track.thickness)) ** 2

    @checked
    def draw(self, instance: int, seed: int) -> "Device":
        """Return device instance number `instance`, a pure function of (device, seed, instance); 0 is nominal.

        Raises:
            InputError: a negative number, or the drawn values are impossible, for instance a notch through the track.
        """
        if instance < 0 or seed < 0:
            raise InputError(f"instance = {instance} and seed = {seed} must be >= 0")
        if instance == 0:
            return self
        sections = {key: getattr(self, key) for key in SECTIONS}
        try:
            values = drawn_values(sections, self.notches, self.variation, seed, instance)
            return dataclasses.replace(self, instance=instance, nominal=self, **values)
        except InputError as error:
            raise InputError(f'device "{self.name}", instance {instance}: {error}') from None

    def replace(self, changes: Mapping[str, object] | None = None, /, **named) -> "Device":
        """Return the device with other values of its parameters, at any depth.

        >>> device.replace(alpha=0.1, temperature="350 K")  # doctest: +SKIP
        >>> device.replace({"track.width": "60 nm", "notch.depth": 12e-9})  # doctest: +SKIP

        Args:
            changes: values by name, SI numbers or texts with units as in the device file. A name is that of a field of
                the device ("temperature", "notches", "torque"), of a parameter ("alpha"), or both joined where the
                parameter alone is not unique ("track.width"); "notch.NAME" is that of all notches.
            named: the same as keywords; two underscores stand for the dot, as in `track__width`.

        Raises:
            InputError: an unknown or ambiguous name, a section that the device lacks, or an impossible value.
        """
        wanted = {**(changes or {}), **{name.replace("__", "."): value for name, value in named.items()}}
        own: dict[str, Any] = {}
        inner: dict[str, dict[str, object]] = {}
        for name, value in wanted.items():
            if name in _OWN:
                own[name] = _own_value(name, value)
            else:
                section, field = place_of(name, _OWN)
                inner.setdefault(section, {})[field] = value
        for key, values in inner.items():
            if key == "notch":
                own["notches"] = tuple(changed(n, values, "[[notch]]") for n in own.get("notches", self.notches))
            else:
                own[key] = self._changed_section(key, own.get(key) or getattr(self, key), values)
        try:
            return dataclasses.replace(self, **own)
        except InputError as error:
            raise InputError(f'device "{self.name}": {error}') from None

    def _changed_section(self, key: str, before: Parameters | None, values: Mapping[str, object]) -> Parameters:
        """Return a section with other values; one that the device lacks is made where nothing of it is missing."""
        needed = {f.name for f in dataclasses.fields(SECTIONS[key]) if f.default is dataclasses.MISSING}
        if before is None and (needed <= values.keys() if needed else key in ON_DEMAND):
            return SECTIONS[key].from_mapping(values, f"[{key}]")
        return changed(before or self.section(key), values, f"[{key}]")

    def __repr__(self) -> str:
        track, film, wall = self.track, self.material, self.wall.model
        size = " x ".join(f"{1e9 * length:.4g}" for length in (track.length, track.width, track.thickness))
        drawn = f", instance {self.instance}" if self.instance else ""
        return (
            f"<Device {self.name!r}: track {size} nm, {len(self.notches)} notches, Ms = {film.Ms:.4g} A/m, "
            f"K_u = {film.K_u:.4g} J/m^3, D = {film.D:.4g} J/m^2, alpha = {film.alpha:.4g}, {wall}, "
            f"{self.temperature:.4g} K{drawn}>"
        )

    def _repr_html_(self) -> str:
        rows = [f"<tr><th colspan=4>{html.escape(self.name)}, {self.temperature:g} K</th></tr>"]
        parts = [(key, getattr(self, key)) for key in SECTIONS] + [("notch", notch) for notch in self.notches]
        for key, part in parts:
            for name, unit, meaning in part.describe() if part is not None else ():
                value = getattr(part, name)
                if value not in (None, (), 0.0):
                    shown = f"{value:.6g}" if isinstance(value, float) else html.escape(str(value)[:40])
                    rows.append(f"<tr><td>[{key}] {name}</td><td>{shown}</td><td>{unit}</td><td>{meaning}</td></tr>")
        return f"<table>{''.join(rows)}</table>"


_OWN = {field.name for field in dataclasses.fields(Device)}


def _own_value(name: str, value: Any) -> Any:
    """Return the value of a field of the device itself, a section also from a mapping.

    Raises:
        InputError: not what this field holds.
    """
    if name == "temperature":  # which every device checks
        return value
    if name == "gate_level" and value is not None:
        return as_number(value, "1")
    if name in SECTIONS and isinstance(value, Mapping):
        return SECTIONS[name].from_mapping(value, f"[{name}]")
    kinds: dict[str, type] = {"name": str, "notches": tuple, "instance": int, **SECTIONS}
    kind = kinds.get(name, float)
    if isinstance(value, kind) or (value is None and name in (*OPTIONAL, "gate_level")):
        return value
    raise InputError(f"{name} = {value!r} must be of the kind {kind.__name__}")
