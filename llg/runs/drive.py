"""What acts on a wall in time: current, field and gate."""

import dataclasses

import numpy as np

from dwcore.errors import InputError
from llg.device.device import Device
from llg.device.pulse import Waveform
from llg.walls.q_phi import NO_FIELD, Field


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drive:
    """What acts on the wall. Waveforms that end before the longest one hold their last value.

    Attributes:
        waveform: shape of the current in time.
        current_density: heavy-metal current density at w_0, a number or shape (n,) with one per trajectory [A/m^2].
        field: applied field, along the axes of the track.
        field_waveform: shape of the field in time; constant by default.
        gate_waveform: level of the device's gate in time; by default it goes from its rest level to 1 as the magnitude
            of `waveform` goes from 0 to 1.
    """

    waveform: Waveform
    current_density: float | np.ndarray = 0.0
    field: Field = NO_FIELD
    field_waveform: Waveform | None = None
    gate_waveform: Waveform | None = None

    @property
    def length(self) -> float:
        """Total time [s]."""
        return max(w.length for w in (self.waveform, self.field_waveform, self.gate_waveform) if w is not None)

    @property
    def largest_current(self) -> float:
        """Largest magnitude of the current density of any trajectory at any time [A/m^2]."""
        return float(np.max(np.abs(self.current_density)) * np.max(np.abs(self.waveform.value)))

    @property
    def single_current(self) -> float:
        """The current density that all trajectories share [A/m^2].

        Raises:
            InputError: there is one per trajectory.
        """
        if np.ndim(self.current_density):
            raise InputError("current_density must be one number for all trajectories here")
        return float(self.current_density)

    @property
    def largest_field(self) -> Field:
        """The field at the peak of its waveform."""
        if self.field_waveform is None:
            return self.field
        return scaled_field(self.field, float(np.max(np.abs(self.field_waveform.value))))

    def gate_levels(self, device: Device) -> Waveform | None:
        """Return the level of the gate in time; None where it does not change.

        Raises:
            InputError: a gate waveform for a device without a gate.
        """
        if self.gate_waveform is not None:
            device.section("gate")
            return self.gate_waveform
        if device.gate is None or device.gate_level is not None or device.gate.rest_level == 1:
            return None
        rest, magnitude = device.gate.rest_level, self.waveform.magnitude()
        return Waveform(magnitude.time, rest + (1 - rest) * magnitude.value)

    def values(self) -> tuple[float, ...]:
        """Return everything but the current density as numbers, for the noise of this operating point."""
        point = (*self.waveform.time, *self.waveform.value, *dataclasses.astuple(self.field))
        for waveform in (self.field_waveform, self.gate_waveform):
            if waveform is not None:
                point += (*waveform.time, *waveform.value)
        return point


def scaled_field(field: Field, factor) -> Field:
    """Return the field times a number or an array of them."""
    return Field(H_x=field.H_x * factor, H_y=field.H_y * factor, H_z=field.H_z * factor)
