"""What a transition table says about the cost of its device: conductances, and the energy of its write pulses."""

import numpy as np

from arraysim.cost.cell import Resistive, synapse_of
from compact.table.operating_point import grid_index, write_points
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError
from llg.device.device import device_from_mapping


def synapse_of_table(table: TransitionTable, where: str) -> Resistive:
    """Take conductances, write pulse and its energy from a table, the geometry from the device in its configuration.

    Args:
        table: the table.
        where: its name for messages.

    Raises:
        InputError: the table was not made from a device file, or no pulse of it writes.
    """
    if "device" not in table.config:
        raise InputError(f"{where}: holds no device, the cost model needs its geometry")
    device = device_from_mapping(table.config["device"], where)
    points = write_points(table, temperature=float(table.temperature[0]))
    energies = [float(table.energy_per_pulse[grid_index(table, point)]) for point in points]
    strongest = max(points, key=lambda point: abs(point.current_density))
    return synapse_of(
        device,
        conductance=table.conductance,
        energy=float(np.mean(energies)),
        point=(strongest.current_density, strongest.duration),
    )
