"""Voltages and currents of the write pulses, where the table knows its device."""

import dataclasses

from compact.table.operating_point import OperatingPoint
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError
from llg.device.device import Device
from llg.device.device_file import device_from_mapping


@dataclasses.dataclass(frozen=True, kw_only=True)
class WriteLine:
    """The heavy-metal line that the write current goes through.

    Attributes:
        resistance: of the line with its contacts [ohm].
        current_per_density: total current over current density in the heavy metal [m^2].
    """

    resistance: float
    current_per_density: float

    def voltage(self, point: OperatingPoint) -> float:
        """Return the voltage over the line during a pulse [V]."""
        return abs(point.current_density) * self.current_per_density * self.resistance


def table_device(table: TransitionTable) -> Device | None:
    """Return the device that a table was made of; None for tables from elsewhere."""
    config = table.config.get("device")
    if not isinstance(config, dict):
        return None
    try:
        return device_from_mapping(config, "the device of the table")
    except InputError:  # a device of a later version, or of another program
        return None


def write_line(table: TransitionTable) -> WriteLine | None:
    """Return the write line of a table; None where its device or its [stack] is unknown."""
    device = table_device(table)
    if device is None or device.stack is None:
        return None
    track = device.track
    return WriteLine(
        resistance=device.stack.resistance(device.geometry.q, device.geometry.w, track.thickness),
        current_per_density=float(device.stack.current(1.0, track.width, track.thickness)),
    )
