"""The sections of a device file: what each holds, and where a parameter of a given name stands."""

import dataclasses
from collections.abc import Iterable, Mapping

from dwcore.errors import InputError, nearest
from dwcore.parameters import Parameters
from llg.device.electrical import Heating, Readout, Stack, Torque
from llg.device.gate import Gate
from llg.device.material import Material, Wall
from llg.device.notch import Notch, Potential
from llg.device.profile import Profile
from llg.device.pulse import Pulse
from llg.device.static_field import StaticField
from llg.device.temperature_laws import TemperatureLaws
from llg.device.track import Track
from llg.device.variation import Variation

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
    "gate": Gate,
    "field": StaticField,
    "temperature_laws": TemperatureLaws,
    "profile": Profile,
    "variation": Variation,
}
OPTIONAL = ("stack", "readout", "pulse", "potential", "heating", "gate", "field", "temperature_laws", "profile")
"""Those that a device may lack."""
ON_DEMAND = ("field", "temperature_laws", "profile")
"""Sections without required parameters that a change of one of them makes."""
_PLACES: dict[str, list[str]] = {}
"""Sections that have a parameter of each name."""
for _key, _section in {**SECTIONS, "notch": Notch}.items():
    for _field in dataclasses.fields(_section):
        _PLACES.setdefault(_field.name, []).append(_key)


def place_of(name: str, own: Iterable[str]) -> tuple[str, str]:
    """Return section and field of a parameter name of `Device.replace`.

    Args:
        name: "alpha", or "track.width" where the parameter alone is not unique.
        own: names of the device itself, for messages.

    Raises:
        InputError: no or several parameters have this name.
    """
    section, dot, field = name.rpartition(".")
    places = _PLACES.get(field, [])
    if dot and section in places:
        return section, field
    if not dot and len(places) == 1:
        return places[0], field
    if not dot and places:
        raise InputError(f'parameter "{name}" is ambiguous; use {" or ".join(f"{key}.{name}" for key in places)}')
    joined = [f"{key}.{field}" for field, keys in _PLACES.items() for key in keys]
    known = joined if dot else [*own, *(field for field, keys in _PLACES.items() if len(keys) == 1)]
    raise InputError(f'unknown parameter "{name}"{nearest(name, known)}')


def changed(part: Parameters, values: Mapping[str, object], where: str) -> Parameters:
    """Return a section or notch with other values; None takes an optional one away."""
    before = {name: value for name, value in part.to_dict().items() if value is not None}
    empty = {f.name for f in dataclasses.fields(part) if f.default is None and values.get(f.name, 0) is None}
    merged = {name: value for name, value in (before | dict(values)).items() if name not in empty}
    return type(part).from_mapping(merged, where)
