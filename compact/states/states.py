"""The states of a synapse: where the wall rests, and what the junction reads there."""

import dataclasses

import numpy as np

from dwcore.arguments import checked
from llg.device.device import Device
from llg.landscape.wells import Well, find_wells
from llg.rates.thermal_grid import ThermalGrid, thermal_grid
from llg.walls.q_phi import QPhiModel

NEGLIGIBLE = 1e-12
"""Positions less likely than this, relative to the likeliest, are left out of the averages."""


@dataclasses.dataclass(frozen=True)
class States:
    """States of one device at one temperature.

    Attributes:
        wells: the well of each state, from left to right.
        conductance: mean conductance of each, shape (S,) [S].
        conductance_std_ctoc: spread of the conductance by thermal motion of the wall, shape (S,) [S].
    """

    wells: list[Well]
    conductance: np.ndarray
    conductance_std_ctoc: np.ndarray


@checked
def find_states(device: Device, temperature: float | None = None) -> States:
    """Find the states of a device and read them with the wall in thermal motion.

    Averages run over the equilibrium of a rigid wall in each well, exp(-E(q, phi)/kB T) between its saddles.

    Args:
        device: device (instance) with a [readout].
        temperature: temperature [K]; the device's own by default.

    Raises:
        InputError: the device has no [readout].
        RunError: the track has no well.
    """
    temperature = device.temperature if temperature is None else temperature
    device.section("readout")
    device = device.at_temperature(temperature)
    model = QPhiModel(device)
    wells = find_wells(model, temperature)
    grid = thermal_grid(model, wells, temperature)
    reads = np.array([read_well(device, grid, number) for number in range(len(wells))])
    return States(wells, reads[:, 0], reads[:, 1])


def unread(states: int) -> np.ndarray:
    """Return what stands for the conductances [S] of so many states of a device without a [readout]: their numbers."""
    return np.arange(1.0, states + 1)


def read_well(device: Device, grid: ThermalGrid, number: int) -> tuple[float, float]:
    """Return the mean and standard deviation of the conductance of a wall at rest in a well [S]."""
    inside = grid.owner == number
    energy = grid.energy[inside, :-1]
    weight = np.exp(-(energy - energy.min())).sum(axis=1)
    likely = weight > NEGLIGIBLE * weight.max()
    weight = weight[likely] / weight[likely].sum()
    geometry = device.geometry
    read = device.section("readout").conductance(
        grid.q[inside][likely], geometry.q, geometry.w, device.straight_wall.Delta
    )
    mean = float(weight @ read)
    return mean, float(np.sqrt(weight @ (read - mean) ** 2))
