"""The settings of commands on one device: what drives the wall, and every parameter of the device file."""

import argparse
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dwcore.parameters import Parameters, quantity
from dwcore.toml import is_toml
from dwsynapse.given import Given
from dwsynapse.settings import Settings, fields_of
from llg.device.material import Material, Wall
from llg.device.static_field import FIELDS, StaticField

if TYPE_CHECKING:
    from llg.device.device import Device


CURRENTS, DURATIONS = (1e3, 1e15, "TA/m^2"), (1e-15, 1e-2, "ns")
"""Plausible sizes, those of `llg.device.pulse.Pulse`, which help need not import."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DriveSettings(Parameters):
    """What acts on the wall."""

    current: float | None = quantity(
        "current density; if not given that of the nominal pulse, and none in rates",
        "A/m^2",
        default=None,
        plausible=CURRENTS,
    )
    duration: float | None = quantity(
        "full width at half maximum; that of the nominal pulse if not given", "s", default=None, plausible=DURATIONS
    )
    period: float | None = quantity(
        "from pulse to pulse; back to back if not given", "s", default=None, plausible=(1e-15, 1, "ns")
    )
    temperature: float | None = quantity("temperature; that of the device if not given", "K", default=None)
    H_x: float = quantity("field along x", "A/m", default=0.0, plausible=FIELDS)
    H_y: float = quantity("field along y", "A/m", default=0.0, plausible=FIELDS)
    H_z: float = quantity("field along z", "A/m", default=0.0, plausible=FIELDS)


OF_INSTANCES = ("variation", "track.edge_roughness_rms", "track.edge_roughness_length", "track.edge_roughness_rms_lower",
                "track.edge_roughness_length_lower")  # fmt: skip
"""Settings that only instances of a device feel, not the nominal one."""


def _device_sections() -> Mapping[str, type[Parameters]]:
    """Return the sections of a device file; some take time to import, and help needs none of them."""
    from llg.device.notch import Notch
    from llg.device.sections import SECTIONS

    return {**SECTIONS, "notch": Notch}


def settings_on_device(
    command: str,
    drive: Iterable[str] = (),
    more: Callable[[], Mapping[str, Any]] = dict,
    unused: Mapping[str, str] | None = None,
    *,
    held: bool = False,
) -> Settings:
    """Return the settings of a command on one device.

    Args:
        command: its name.
        drive: names of what it takes of `DriveSettings`, each with an option.
        more: imports and returns further sections, see `Settings`.
        unused: what the command does not feel of a device, and why.
        held: whether `--H_x` and the like are the static field of the device, without a drive.
    """
    fields = [field for field in fields_of(DriveSettings) if field.name in drive]
    options = {f"drive.{name}": f"--{name}" for name in drive} | {"wall.model": "--model"}
    options |= {f"field.{field.name}": f"--{field.name}" for field in fields_of(StaticField) if held}
    light: dict[str, Any] = {"drive": fields, "material": Material, "wall": Wall, "field": StaticField}
    return Settings(command, light, options=options, more=lambda: {**_device_sections(), **more()},
                    unused=unused)  # fmt: skip


def given_on_device(
    settings: Settings,
    arguments: argparse.Namespace,
    *,
    drawn: bool = False,
    known: Mapping[str, Any] | None = None,
    more: Mapping[str, str] | None = None,
) -> Given:
    """Return what the options set and vary on the device of a command.

    Args:
        settings: of the command.
        arguments: as parsed, with the device.
        drawn: whether instances of it are drawn from its spreads.
        known: values by name of what is no setting.
        more: what settings need in this command, see `Settings.check_effect`.

    Raises:
        InputError: a setting does not fit, or has no effect.
    """
    given = settings.given(arguments, resumable=True)
    if not drawn:
        given.refuse("has no effect on the nominal device, only on instances drawn from the spreads", *OF_INSTANCES)
    if given.said:
        values = known or {}
        settings.check_effect(given, lambda point: {**_values(device_of(arguments.device, point)), **values}, more)
    return given


def _values(device: "Device") -> dict[str, Any]:
    """Return all parameters of a device by name; those of notches as tuples."""
    found: dict[str, Any] = {}
    for section in _device_sections():
        if section == "notch":
            continue
        for name, value in ({} if (part := getattr(device, section)) is None else part.to_dict()).items():
            found[f"{section}.{name}"] = value
    for notch in device.notches:
        for name, value in notch.to_dict().items():
            found[f"notch.{name}"] = (*found.get(f"notch.{name}", ()), value)
    return found


def device_of(source: str, given: Given) -> "Device":
    """Return a device with the parameters that the settings change.

    Raises:
        InputError: no such device, or a value that it cannot have.
    """
    from llg.device.device_file import load_device

    device = load_device(source)
    of_a_device = _device_sections()
    sections = {section: values for section, values in given.items() if section in of_a_device}
    changes = {f"{section}.{name}": value for section, values in sections.items() for name, value in values.items()}
    return device.replace(changes) if changes else device


def on_what(source: str, given: Given) -> dict[str, Any]:
    """Return what decides on the results of a series: its device as it is, its settings, its file."""
    from llg.device.device_file import load_device

    config = {"device": load_device(source).config(), "given": dict(given)}
    return {"config": config, "inputs": [source] if is_toml(source) else []}


def idle_keys(device: "Device") -> list[str]:
    """Return the keys of a device that have no effect as it is, one line each: what they need of others is not met."""
    from dwsynapse.needs import lacking

    parts = [(name, getattr(device, name)) for name in _device_sections() if name != "notch"]
    parts += [("notch", notch) for notch in device.notches]
    found, known = [], _values(device)
    for section, part in parts:
        if part is None:
            continue
        values = known | {f"{section}.{name}": value for name, value in part.to_dict().items()}
        for field in dataclasses.fields(part):
            needs = field.metadata.get("needs", "")
            given = getattr(part, field.name) not in (None, (), field.default)
            if needs and given and (without := lacking(needs, section, values.get)):
                found.append(f"[{section}] {field.name} has no effect without {without}")
    return list(dict.fromkeys(found))
