"""A field that acts on the wall at all times: of a magnet, or of the layers around the film.

It belongs to the device. Wells, barriers, retention, tables and pulses are those in this field; a field of a drive
comes on top. Along z it tilts the landscape, and the depinning fields are those on top of it.
"""

import dataclasses
from collections.abc import Mapping

from dwcore.parameters import Parameters, quantity
from llg.constants import MU_0

FIELDS = (0, 1e8, "A/m")
"""Plausible fields [A/m]."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class StaticField(Parameters):
    """Uniform field, in A/m, T or Oe."""

    H_x: float = quantity("field along the track, at all times", "A/m", default=0.0, plausible=FIELDS)
    H_y: float = quantity("field across the track, at all times", "A/m", default=0.0, plausible=FIELDS)
    H_z: float = quantity("field along z, at all times", "A/m", default=0.0, plausible=FIELDS)


def field_words(field: Mapping[str, float] | None) -> str:
    """Return a static field in words, as "H_z = 10 mT"; empty without one.

    Args:
        field: section `[field]` as in the configuration of a device [A/m].
    """
    parts = [f"{name} = {1e3 * MU_0 * value:.4g} mT" for name, value in (field or {}).items() if value]
    return ", ".join(parts)
