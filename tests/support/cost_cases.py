"""Synapses whose cost is worked out by hand."""

import numpy as np

from arraysim.cost.cell import Resistive


def small_synapse(conductance: np.ndarray) -> Resistive:
    """A junction with these conductances [S] on a track of 400 nm x 100 nm."""
    return Resistive(
        name="test",
        conductance=conductance,
        length=400e-9,
        breadth=100e-9,
        pulse_energy=50e-15,
        pulse_current=1e-4,
        pulse_voltage=0.2,
        pulse_time=1.5e-9,
    )
