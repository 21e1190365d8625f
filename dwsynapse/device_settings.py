"""The settings of commands on one device: what drives the wall, and every parameter of the device file."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dwcore.parameters import Parameters, quantity
from dwsynapse.settings import Given, Settings, fields_of
from llg.device.material import Material, Wall
from llg.device.static_field import StaticField

if TYPE_CHECKING:
    from llg.device.device import Device


@dataclasses.dataclass(frozen=True, kw_only=True)
class DriveSettings(Parameters):
    """What acts on the wall."""

    current: float | None = quantity("current density; that of the nominal pulse if not given", "A/m^2", default=None)
    duration: float | None = quantity(
        "full width at half maximum; that of the nominal pulse if not given", "s", default=None
    )
    period: float | None = quantity("from pulse to pulse; back to back if not given", "s", default=None)
    temperature: float | None = quantity("temperature; that of the device if not given", "K", default=None)
    H_x: float = quantity("field along x", "A/m", default=0.0)
    H_y: float = quantity("field along y", "A/m", default=0.0)
    H_z: float = quantity("field along z", "A/m", default=0.0)


def _device_sections() -> Mapping[str, type[Parameters]]:
    """Return the sections of a device file; some take time to import, and help needs none of them."""
    from llg.device.device import SECTIONS
    from llg.device.notch import Notch

    return {**SECTIONS, "notch": Notch}


def settings_on_device(
    command: str,
    drive: Iterable[str] = (),
    more: Callable[[], Mapping[str, Any]] = dict,
    *,
    held: bool = False,
) -> Settings:
    """Return the settings of a command on one device.

    Args:
        command: its name.
        drive: names of what it takes of `DriveSettings`, each with an option.
        more: imports and returns further sections, see `Settings`.
        held: whether `--H_x` and the like are the static field of the device, without a drive.
    """
    fields = [field for field in fields_of(DriveSettings) if field.name in drive]
    options = {f"drive.{name}": f"--{name}" for name in drive} | {"wall.model": "--model"}
    options |= {f"field.{field.name}": f"--{field.name}" for field in fields_of(StaticField) if held}
    light: dict[str, Any] = {"drive": fields, "material": Material, "wall": Wall, "field": StaticField}
    return Settings(command, light, options=options, more=lambda: {**_device_sections(), **more()})


def device_of(source: str, given: Given) -> "Device":
    """Return a device with the parameters that the settings change.

    Raises:
        InputError: no such device, or a value that it cannot have.
    """
    from llg.device.device import load_device

    device = load_device(source)
    of_a_device = _device_sections()
    sections = {section: values for section, values in given.items() if section in of_a_device}
    changes = {f"{section}.{name}": value for section, values in sections.items() for name, value in values.items()}
    return device.replace(changes) if changes else device


def on_what(source: str, given: Given) -> dict[str, Any]:
    """Return what decides on the results of a series: its device as it is, its settings, its file."""
    from llg.device.device import load_device

    config = {"device": load_device(source).config(), "given": dict(given)}
    return {"config": config, "inputs": [source] if source.endswith(".toml") else []}
