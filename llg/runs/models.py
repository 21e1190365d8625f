"""The equations of motion by name: which model holds the energy and velocities, which function feeds its kernel."""

import dataclasses
from collections.abc import Callable
from typing import Any

from dwcore.arguments import checked
from llg.device.device import Device
from llg.runs.scaling import KernelInput, chi_input, delta_input, kernel_input
from llg.walls.q_phi import QPhiModel
from llg.walls.q_phi_chi import QPhiChiModel
from llg.walls.q_phi_delta import QPhiDeltaModel


@dataclasses.dataclass(frozen=True)
class EquationOfMotion:
    """One set of equations of motion.

    A model has the attributes `device` and `coordinates` (name and unit of each), and the methods `complete` (all
    coordinates of a wall at rest where some are given), `fastest_rate` (limits the time step), `energy` and `velocity`.

    Attributes:
        model: makes the model of a device.
        kernel_input: scales a model to its kernel; arguments (model, temperature, noise_scale).
    """

    model: Callable[[Device], QPhiModel]
    kernel_input: Callable[[Any, float, float], KernelInput]


EQUATIONS = {
    "q-phi": EquationOfMotion(QPhiModel, kernel_input),
    "q-phi-delta": EquationOfMotion(QPhiDeltaModel, delta_input),
    "q-phi-chi": EquationOfMotion(QPhiChiModel, chi_input),
}


def equation_of(device: Device) -> EquationOfMotion:
    """Return the equations of motion that a device asks for in [wall] model."""
    return EQUATIONS[device.wall.model]


@checked
def with_model(device: Device, name: str | None) -> Device:
    """Return the device with other equations of motion; unchanged without a name."""
    return device if name is None else device.replace({"wall.model": name})
