"""Joule heating of the wall during a pulse: one thermal resistance, one time constant.

    tau_th d(Delta T)/dt = R_th P(t) - Delta T,     P = R I(t)^2

The temperature enters through the thermal noise; the material parameters keep their values, so that the model holds
for rises well below the Curie temperature.
"""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from dwcore.parameters import Parameters, quantity

if TYPE_CHECKING:
    from llg.device.device import Device


@dataclasses.dataclass(frozen=True, kw_only=True)
class Heating(Parameters):
    """Thermal path from the track to the substrate."""

    R_th: float = quantity("thermal resistance: temperature rise of the track per dissipated power", "K/W", ge=0)
    tau_th: float = quantity("thermal time constant", "s", gt=0)


def temperature_rise(device: "Device", current_density: float, shape: np.ndarray, step: float) -> np.ndarray:
    """Temperature rise at the ends of equal time steps.

    The power is taken as constant within a step, for which the solution is exact.

    Args:
        device: device with [heating] and [stack].
        current_density: amplitude of the pulse [A/m^2].
        shape: pulse shape at the ends of the steps, shape (n + 1,) [1].
        step: length of a step [s].

    Returns:
        Rise above the temperature of the substrate, shape (n + 1,) [K].

    Raises:
        InputError: the device has no [stack].
    """
    square = (shape[:-1] ** 2 + shape[:-1] * shape[1:] + shape[1:] ** 2) / 3
    target = steady_rise(device, current_density) * square
    decay = np.exp(-step / device.section("heating").tau_th)
    rise = np.zeros(shape.size)
    for n, goal in enumerate(target):
        rise[n + 1] = decay * rise[n] + (1 - decay) * goal
    return rise


def steady_rise(device: "Device", current_density: float) -> float:
    """Temperature rise [K] that a constant current density [A/m^2] would reach.

    Raises:
        InputError: the device has no [stack].
    """
    stack, heating, track = device.section("stack"), device.section("heating"), device.track
    resistance = stack.resistance(device.geometry.q, device.geometry.w, track.thickness)
    return heating.R_th * resistance * float(stack.current(current_density, track.width, track.thickness)) ** 2
