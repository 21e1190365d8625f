"""Synapses whose cost is worked out by hand, and single entries of a cost."""

import numpy as np

from arraysim.cost.cell import Resistive
from arraysim.cost.ledger import BLOCKS, PHASES, ChipCost


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


def area(cost: ChipCost, block: str) -> float:
    """Return the area of a block [m^2]."""
    return cost.area[BLOCKS.index(block)]


def energy(cost: ChipCost, block: str, phase: str = "forward", layer: int = 1) -> float:
    """Return the energy of a block in a phase of a layer [J]."""
    return cost.energy[layer, BLOCKS.index(block), PHASES.index(phase)]


def latency(cost: ChipCost, block: str, phase: str = "forward", layer: int = 1) -> float:
    """Return the time that a block takes in a phase of a layer [s]."""
    return cost.latency[layer, BLOCKS.index(block), PHASES.index(phase)]
