"""The states of a synapse: where the wall rests, and what the junction reads there."""

import dataclasses

import numpy as np

from llg.device import Device
from llg.ensemble import Drive, simulate
from llg.landscape import Well, find_wells, well_index
from llg.pulse import Waveform
from llg.q_phi import QPhiModel

REST = 5e-9
"""Time at rest after which the spread of the conductance is taken [s]."""
READ_TRAJECTORIES = 1024


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


def find_states(device: Device, *, seed: int, jobs: int | None = None) -> States:
    """Find the states of a device and read them with the wall in thermal motion.

    Args:
        device: device (instance) with a [readout].
        seed: root seed.
        jobs: threads.

    Raises:
        InputError: the device has no [readout].
        RunError: the track has no well.
    """
    readout = device.section("readout")
    wells = find_wells(QPhiModel(device), device.temperature)
    x, w = device.geometry.q, device.geometry.w
    rest = Drive(waveform=Waveform(np.array([0.0, REST]), np.zeros(2)))
    mean, spread = np.empty(len(wells)), np.empty(len(wells))
    for i, well in enumerate(wells):
        end = simulate(device, rest, n=READ_TRAJECTORIES, start=(well.q, well.phi), seed=seed, jobs=jobs)
        read = readout.conductance(end.q[well_index(wells, end.q) == i], x, w, device.straight_wall.Delta)
        mean[i], spread[i] = read.mean(), read.std()
    return States(wells, mean, spread)
