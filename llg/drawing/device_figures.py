"""The figures of a device under a drive: what is computed for each, over which range, and how it is drawn."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from dwcore.canvas.style import figure_of
from dwcore.errors import InputError
from llg.device.device import Device
from llg.drawing.curve_plots import plot_retention, plot_velocity_against_current, plot_velocity_against_field
from llg.drawing.energy_surface import energy_surface
from llg.drawing.flow import flow
from llg.drawing.surface_plots import plot_energy_surface, plot_phase_portrait
from llg.landscape.minimum_energy_path import has_energy
from llg.rates.retention_curve import retention_against_temperature
from llg.runs.velocity import velocity_against_current, velocity_against_field
from llg.walls.analytic import walker_field
from llg.walls.q_phi import Field, QPhiModel, wall_field

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPERATURES = np.linspace(250.0, 500.0, 16)
"""Temperatures of the retention curves [K]."""
CURRENTS, FIELDS = 21, 17
"""Points of the velocity curves."""
TIMES_NOMINAL, TIMES_WALKER = 2.0, 3.0
"""Largest current over that of the nominal pulse, largest field over the Walker field."""
CURRENT_WITHOUT_PULSE, FIELD_WITHOUT_WALKER = 1e12, 8e4
"""Ends of the velocity curves where the device sets no scale [A/m^2], [A/m]."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DrivenDevice:
    """A device and the drive to show it under; None leaves the choice to the figure.

    Attributes:
        device: the device (instance).
        current_density: held current density, or the end of the axis of currents [A/m^2].
        H_z: perpendicular field, or the end of the axis of fields [A/m].
    """

    device: Device
    current_density: float | None = None
    H_z: float | None = None

    @property
    def held(self) -> tuple[float, Field]:
        """Current density [A/m^2] and field, none where not given."""
        return self.current_density or 0.0, Field(H_z=self.H_z or 0.0)


def landscape_figure(driven: DrivenDevice) -> Figure:
    """Draw the energy over (q, phi); the motion instead where the torque of the current has no energy."""
    model = QPhiModel(driven.device)
    current_density, field = driven.held
    if has_energy(model, current_density):
        in_frame = wall_field(driven.device, field)
        return figure_of(plot_energy_surface(energy_surface(model, field=in_frame, current_density=current_density)))
    return _phase_portrait(driven, current_density, (0.0, driven.device.track.length))


def phase_figure(driven: DrivenDevice) -> Figure:
    """Draw the phase portrait around the middle state, under the current of the nominal pulse by default."""
    current_density = driven.held[0]
    if driven.current_density is None and driven.H_z is None and driven.device.pulse is not None:
        current_density = driven.device.pulse.current_density
    return _phase_portrait(driven, current_density, None)


def _phase_portrait(driven: DrivenDevice, current_density: float, q_range: tuple[float, float] | None) -> Figure:
    field = driven.held[1]
    in_frame = wall_field(driven.device, field)
    motion = flow(QPhiModel(driven.device), q_range=q_range, current_density=current_density, field=in_frame)
    return figure_of(plot_phase_portrait(dataclasses.replace(motion, field=field)))


def velocity_figure(driven: DrivenDevice) -> Figure:
    """Draw the velocity against current on the straight track, in a constant field."""
    end = driven.current_density
    if end is None:
        pulse = driven.device.pulse
        end = CURRENT_WITHOUT_PULSE if pulse is None else TIMES_NOMINAL * pulse.current_density
    currents = _axis(end, CURRENTS, "current density", "A/m^2")
    return figure_of(
        plot_velocity_against_current(velocity_against_current(driven.device, currents, field=driven.held[1]))
    )


def field_velocity_figure(driven: DrivenDevice) -> Figure:
    """Draw the velocity against the field along the easy axis on the straight track, under a constant current.

    Raises:
        InputError: H_z is given for a soft strip, which H_x drives.
    """
    end = driven.H_z
    if end is not None and driven.device.material.in_plane:
        raise InputError(f'device "{driven.device.name}": H_z does not drive a soft strip, so it cannot be the axis')
    if end is None:
        model = QPhiModel(driven.device)
        end = TIMES_WALKER * walker_field(model.alpha, model.H_K, model.H_D) or FIELD_WITHOUT_WALKER
    fields = _axis(end, FIELDS, "H_z", "A/m")
    curve = velocity_against_field(driven.device, fields, current_density=driven.held[0])
    return figure_of(plot_velocity_against_field(curve))


def retention_figure(driven: DrivenDevice) -> Figure:
    """Draw the retention of each state against temperature, at rest."""
    return figure_of(plot_retention(retention_against_temperature(driven.device, TEMPERATURES)))


def _axis(end: float, points: int, name: str, unit: str) -> np.ndarray:
    """Return the values from 0 to `end`, ascending.

    Raises:
        InputError: the end is 0.
    """
    if end == 0:
        raise InputError(f"{name} = 0 [{unit}] must not be 0: it is the end of the axis of this figure")
    return np.sort(np.linspace(0.0, end, points))
