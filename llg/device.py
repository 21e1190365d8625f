"""A device: everything a TOML file says about one synapse, validated, and what follows from it."""

import dataclasses
import functools
import importlib.resources
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from .errors import InputError, nearest
from .geometry import Geometry, average_width
from .heating import Heating
from .material import Material, Wall
from .notch import Notch
from .parameters import Parameters, as_number
from .potential import Potential
from .pulse import Pulse
from .readout import Readout
from .stack import Stack
from .torque import Torque
from .track import Track, outline, outline_problems
from .variation import Variation, draw_normal, rough_edge

SECTIONS: dict[str, type[Parameters]] = {
    "material": Material,
    "wall": Wall,
    "track": Track,
    "torque": Torque,
    "stack": Stack,
    "readout": Readout,
    "pulse": Pulse,
    "potential": Potential,
    "heating": Heating,
    "variation": Variation,
}
_REQUIRED = ("material", "track")
_OPTIONAL_NONE = ("stack", "readout", "pulse", "potential", "heating")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Device:
    """One domain-wall synapse; sections as in the device file. `instance` 0 is the nominal device."""

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
    variation: Variation = dataclasses.field(default_factory=Variation)
    instance: int = 0
    roughness: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self):
        problems = list(self._problems())
        if problems:
            raise InputError("; ".join(problems))

    def _problems(self) -> Iterator[str]:
        if not 0 < self.temperature < 2000:
            yield f"temperature = {self.temperature:g} [K] must be > 0 and < 2000"
        yield from outline_problems(self.track, self.notches)
        if self.readout is not None and self.readout.end > self.track.length:
            yield f"[readout] end = {self.readout.end:g} [m] must be <= the track length = {self.track.length:g}"

    @functools.cached_property
    def straight_wall(self) -> Wall:
        """The wall with Delta, sigma_0 and H_K filled in."""
        return self.wall.resolved(self.material, self.track.thickness)

    @functools.cached_property
    def geometry(self) -> Geometry:
        """Averaged widths along the track."""
        return average_width(self.width_at, self.track.length, self.straight_wall.Delta, self.track.width)

    def width_at(self, x) -> np.ndarray:
        """Full width w(x) [m] at x [m], with notches and the roughness of this instance."""
        w = outline(self.track, self.notches, x)
        if self.roughness:
            x_rough, deviation = self.roughness
            w = w + np.interp(x, x_rough, deviation)
        return w

    def section(self, name: str):
        """Return an optional section ("stack", "readout", "pulse", "heating").

        Raises:
            InputError: the device does not have it.
        """
        value = getattr(self, name)
        if value is None:
            raise InputError(f'device "{self.name}": needs a [{name}] section for this')
        return value

    def config(self) -> dict:
        """The device as plain numbers and texts in SI, in the layout of the device file."""
        sections = {key: getattr(self, key) for key in SECTIONS}
        config = {key: value.to_dict() for key, value in sections.items() if value is not None}
        config = {k: {n: v for n, v in section.items() if v is not None} for k, section in config.items()}
        notches = [notch.to_dict() for notch in self.notches]
        return {"name": self.name, "temperature": self.temperature, **config, "notch": notches}

    def draw(self, instance: int, seed: int) -> "Device":
        """Return device instance number `instance`, a pure function of (device, seed, instance); 0 is nominal.

        Raises:
            InputError: the drawn values are impossible, for instance a notch through the track.
        """
        if instance == 0:
            return self
        rng = np.random.default_rng((seed, instance))
        spread = self.variation

        def varied(section, *names):
            factors = {n: 1 + getattr(spread, f"{n}_dtod") * draw_normal(rng) for n in names}
            return dataclasses.replace(section, **{n: getattr(section, n) * f for n, f in factors.items()})

        def varied_notch(notch):
            return dataclasses.replace(
                notch,
                depth=notch.depth * (1 + spread.notch_depth_dtod * draw_normal(rng)),
                width=notch.width * (1 + spread.notch_width_dtod * draw_normal(rng)),
                position=notch.position + spread.notch_position_dtod * draw_normal(rng),
            )

        return dataclasses.replace(
            self,
            material=varied(self.material, "Ms", "A", "K_u", "D", "alpha"),
            torque=varied(self.torque, "theta_SH"),
            track=varied(self.track, "thickness", "width"),
            notches=tuple(varied_notch(n) for n in self.notches),
            roughness=self._draw_roughness(rng),
            instance=instance,
        )

    def _draw_roughness(self, rng) -> tuple[tuple[float, ...], ...]:
        rms, correlation_length = self.track.edge_roughness_rms, self.track.edge_roughness_length
        if rms == 0:
            return ()
        x = np.linspace(0, self.track.length, int(np.ceil(8 * self.track.length / correlation_length)) + 1)
        deviation = sum(rough_edge(rng, x, rms, correlation_length) for _edge in range(2))
        return tuple(x), tuple(deviation)


def shipped_devices() -> list[str]:
    """Names of the devices that come with the package."""
    files = importlib.resources.files("dwsynapse_data").iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


def load_device(source: str | Path) -> Device:
    """Read a device from a TOML file, or by the name of a shipped one.

    Raises:
        InputError: no such device or file, not TOML, or not a sound device; one line.
    """
    text, where = _read(str(source))
    try:
        mapping = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # tomllib lets through what int() and deep nesting raise
        raise InputError(f"{where}: not a TOML file: {error}") from None
    return device_from_mapping(mapping, where)


def device_from_mapping(mapping: Mapping, where: str = "device") -> Device:
    """Build a device from the content of a device file.

    Args:
        mapping: sections, as `Device.config` returns them or as a TOML file holds them.
        where: name for messages.

    Raises:
        InputError: unknown, missing or impossible content; one line.
    """
    known = {"name", "temperature", "notch", *SECTIONS}
    problems = [f'unknown key "{key}"{nearest(key, known)}' for key in mapping if key not in known]
    problems += [f"missing [{key}]" for key in _REQUIRED if key not in mapping]
    if problems:
        raise InputError(f"{where}: " + "; ".join(problems))
    sections = {
        key: cls.from_mapping(mapping.get(key, {}), f"{where} [{key}]")
        for key, cls in SECTIONS.items()
        if key in mapping or key not in _OPTIONAL_NONE
    }
    entries = mapping.get("notch", [])
    if not isinstance(entries, list):
        raise InputError(f"{where}: notch must be a list of [[notch]] tables")
    notches = tuple(Notch.from_mapping(n, f"{where} [[notch]] {i}") for i, n in enumerate(entries, 1))
    name = mapping.get("name", where)
    if not isinstance(name, str):
        raise InputError(f"{where}: name = {name!r} must be a text")
    try:
        temperature = as_number(mapping.get("temperature", 300.0), "K")
        return Device(name=name, temperature=temperature, notches=notches, **sections)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _read(source: str) -> tuple[str, str]:
    path = Path(source)
    try:
        if path.suffix == ".toml" or path.exists():
            return path.read_text(encoding="utf-8"), source
        resource = importlib.resources.files("dwsynapse_data") / f"{source}.toml"
        if resource.is_file():
            return resource.read_text(encoding="utf-8"), source
    except UnicodeDecodeError:
        raise InputError(f"{source}: not a text file") from None
    except OSError as error:
        raise InputError(f"{source}: cannot read: {error.strerror}") from None
    raise InputError(f"{source}: no such file or shipped device{nearest(source, shipped_devices())}")
