"""What changes along the track: K_u, D and the thickness of the film, and the stray field of other layers.

The rigid wall weighs what changes with its profile. With <f>_1 and <f>_2 the sech and sech^2 averages over the wall
(`llg.device.geometry`), w the width, tau the thickness over that of [track], kappa and delta K_u and D over those of
[material], the energy is that of the uniform film with w tau in place of w, and

    2 Delta t K_u <w tau (kappa - 1)>_2                                   anisotropy, to first order
    pi Q t D <w tau (delta - 1)>_1 cos phi                                chirality
    -pi Delta mu0 Ms t [<w tau H_x>_1 cos phi + <w tau H_y>_1 sin phi]    field in the plane
    -2 Q mu0 Ms t integral <w tau H_z>_2 dq                               field along z

The first order of the anisotropy is 2 Delta dK_u instead of that of 4 sqrt(A K_eff): 2.4 % more at a tenth of K_eff,
for the wall keeps its width. K_u and D are volume densities: where they come from an interface they fall with the
thickness, which is then to be given with it. The damping-like torque of the heavy metal acts per area, whatever the
thickness.

A file is CSV with a column x and further ones, each with its unit in the header. K_u, D and thickness without a unit
are relative to the device.

    x_nm, K_u [MJ/m^3], D [mJ/m^2], H_z_mT          or      x [nm], K_u, thickness
    0,    1.27,         1.00,       -2.0                    0,      1.00, 1.0
"""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from dwcore.errors import InputError, nearest
from dwcore.parameters import Parameters, descent, numbers, word
from dwcore.storage.column_file import ColumnFile, read_columns
from dwcore.units import to_si
from llg.device.material import ANISOTROPIES, CHIRALITIES
from llg.device.notch import PLACES
from llg.device.static_field import FIELDS
from llg.device.track import THICKNESSES

_RELATIVE = ("K_u", "D", "thickness")
_FIELDS = ("H_x", "H_y", "H_z")
_UNITS = {"x": "m", "K_u": "J/m^3", "D": "J/m^2", "thickness": "m"} | dict.fromkeys(_FIELDS, "A/m")
_FACTORS = (0, 100, "%")
"""Plausible factors on what is uniform [1]."""
_HEADER = re.compile(r"(?P<name>x|K_u|D|thickness|H_[xyz])(?:_(?P<a>\S+)|\s*\[(?P<b>[^\]]+)\]|\s*\((?P<c>[^)]+)\))?")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Profile(Parameters):
    """Values at places along the track, straight lines between them, constant beyond; or the file that holds them."""

    file: str | None = word("CSV with a column x and further ones, instead of the lists", default=None)
    x: tuple[float, ...] = numbers("places along the track, ascending", "m", plausible=PLACES)
    K_u_factor: tuple[float, ...] = numbers("K_u at x over that of [material]", "1", plausible=_FACTORS)
    K_u_at: tuple[float, ...] = numbers("K_u at x, instead of its factor", "J/m^3", plausible=ANISOTROPIES)
    D_factor: tuple[float, ...] = numbers(
        "D at x over that of [material]", "1", needs="material.D != 0", plausible=_FACTORS
    )
    D_at: tuple[float, ...] = numbers("D at x, instead of its factor", "J/m^2", plausible=CHIRALITIES)
    thickness_factor: tuple[float, ...] = numbers("thickness at x over that of [track]", "1", plausible=_FACTORS)
    thickness_at: tuple[float, ...] = numbers("thickness at x, instead of its factor", "m", plausible=THICKNESSES)
    H_x_at: tuple[float, ...] = numbers("stray field along the track at x", "A/m", plausible=FIELDS)
    H_y_at: tuple[float, ...] = numbers("stray field across the track at x", "A/m", plausible=FIELDS)
    H_z_at: tuple[float, ...] = numbers("stray field along z at x", "A/m", plausible=FIELDS)

    @classmethod
    def from_mapping(cls, mapping: Mapping, where: str) -> Any:
        """Build the section as `Parameters.from_mapping` does; a file is read, relative to the present folder."""
        if isinstance(mapping, Mapping) and isinstance(mapping.get("file"), str):
            others = {key for key, value in mapping.items() if key != "file" and value not in ([], ())}
            if others:
                raise InputError(f"{where}: file and {sorted(others)[0]} must not be given together")
            mapping = read_profile(mapping["file"])
        return super().from_mapping(mapping, where)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong: lists of one length, one way to say each, what is left must be > 0."""
        lists = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name not in ("file", "x")}
        given = {name: values for name, values in lists.items() if values}
        n = len(self.x)
        if self.file is not None:
            yield "file is read when a device is loaded or changed; here the lists must be given"
        elif n < 2 or not given:
            yield "x must have a length >= 2 and come with another list"
        elif wrong := descent("x", self.x):
            yield wrong
        for name, values in given.items():
            if len(values) != n:
                yield f"x ({n}) and {name} ({len(values)}) must have the same length"
            if name.startswith(("K_u", "thickness")) and min(values) <= 0:
                yield f"{name} must be > 0"
        for name in _RELATIVE:
            if lists[f"{name}_factor"] and lists[f"{name}_at"]:
                yield f"{name}_factor and {name}_at must not be given together"

    def relative(self, **of: float) -> "Profile":
        """Return the same with K_u, D and thickness relative to those of the device.

        Args:
            of: K_u [J/m^3], D [J/m^2] and thickness [m] of the device.

        Raises:
            InputError: D is given along a device that has none.
        """
        changes: dict[str, Any] = {}
        for name, value in of.items():
            if values := getattr(self, f"{name}_at"):
                if value == 0:
                    raise InputError(f"[profile]: {name}_at needs a {name} other than 0 in [material]")
                changes |= {f"{name}_at": (), f"{name}_factor": tuple(v / value for v in values)}
        return dataclasses.replace(self, **changes) if changes else self

    def factor(self, name: str) -> Callable[[np.ndarray], np.ndarray] | None:
        """Return K_u, D or the thickness over its nominal value as a function of x [m]; None where it is uniform."""
        return self._function(f"{name}_factor")

    def field(self, name: str) -> Callable[[np.ndarray], np.ndarray] | None:
        """Return a component of the stray field [A/m] as a function of x [m]; None where there is none."""
        return self._function(f"{name}_at")

    def _function(self, name: str) -> Callable[[np.ndarray], np.ndarray] | None:
        values = getattr(self, name)
        return (lambda x: np.interp(x, self.x, values)) if values else None

    @property
    def varied(self) -> list[str]:
        """What changes along the track, of K_u, D, thickness, H_x, H_y and H_z."""
        found = [name for name in _RELATIVE if getattr(self, f"{name}_factor")]
        return found + [name for name in _FIELDS if getattr(self, f"{name}_at")]


def read_profile(path) -> dict[str, list[float]]:
    """Read a profile: the keys of `[profile]` as the columns of a CSV file say them.

    Raises:
        InputError: no such file, an unknown column, no unit where one is needed, or no column x.
    """
    table, found = read_columns(path), dict[str, list[float]]()
    for column, apart in zip(table.names, table.units, strict=True):
        name, unit = _named(table, column, apart)
        if name in _RELATIVE and not unit:
            key, factor = f"{name}_factor", 1.0
        elif not unit:
            raise InputError(f'{path}: column "{column}" must name its unit, as in {name} [{_UNITS[name]}]')
        else:
            key, factor = name if name == "x" else f"{name}_at", _factor(table, column, unit, _UNITS[name])
        if key in found:
            raise InputError(f'{path}: column "{column}" says {name} a second time')
        found[key] = (factor * table.numbers(column)).tolist()
    if "x" not in found or len(found) < 2:
        raise InputError(f"{path}: must have a column x with its unit, as x_nm, and another one")
    return found


def _named(table: ColumnFile, column: str, apart: str | None) -> tuple[str, str]:
    match = _HEADER.fullmatch(column)
    if match is None:
        raise InputError(f'{table.path}: column "{column}" must be one of {", ".join(_UNITS)}{nearest(column, _UNITS)}')
    return match["name"], match["a"] or match["b"] or match["c"] or apart or ""


def _factor(table: ColumnFile, column: str, unit: str, si: str) -> float:
    try:
        return to_si(f"1 {unit.replace('_per_', '/')}", si)
    except InputError:
        name = column.removesuffix("_factor")
        if name in _RELATIVE:
            raise InputError(
                f'{table.path}: column "{column}" must be "{name}", which is relative without a unit'
            ) from None
        raise InputError(f'{table.path}: column "{column}" has the unit "{unit}", must be one like {si}') from None
