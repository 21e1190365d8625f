"""One device instance at one temperature: its wells, and which of the sweep's states each of them is.

The states of a sweep are the wells of the nominal device. Wells of an instance are shifted, and there may be more or
fewer of them. Each well counts as the state between whose saddles, in the nominal device, it lies; two wells there
count as one state, with its walls starting in the deeper one. Where no well of the instance lies, the state is missing:
no wall is ever counted as ending in it, and its row holds what a pulse does to a wall that was put there.
"""

import dataclasses
import functools

import numpy as np

from compact.states.states import read_well, unread
from dwcore.errors import RunError
from dwcore.storage.records import data
from llg.device.device import Device
from llg.landscape.settling import Settling
from llg.landscape.wells import Well, find_wells, valley, well_index
from llg.rates.rate_matrix import rate_matrix
from llg.rates.thermal_grid import thermal_grid
from llg.walls.q_phi import QPhiModel

RETENTION_METHOD = "Langer, corrected for weak damping"
"""How the rates of escape between the states at rest are found."""


@dataclasses.dataclass(frozen=True, eq=False)
class InstanceAtTemperature:
    """An instance at a temperature, ready for pulses.

    Attributes:
        device: the instance.
        temperature: [K].
        wells: its wells from left to right.
        state: state that each well counts as, S for none, one per well.
        present: which states it has, shape (S,).
        start: q [m] and phi [rad] from which the walls of each state start, shape (S, 2).
    """

    device: Device
    temperature: float
    wells: list[Well]
    state: np.ndarray
    present: np.ndarray
    start: np.ndarray

    @functools.cached_property
    def settling(self) -> Settling:
        """When a wall of this instance counts as settled, so that its trajectory may stop."""
        return Settling(QPhiModel(self.device), self.wells, self.temperature)

    def outcomes(self, q: np.ndarray) -> np.ndarray:
        """Return the numbers of walls at q [m] by state, those in none last, shape (S + 1,)."""
        index = well_index(self.wells, q)
        return self.by_state(np.bincount(np.where(index < 0, len(self.wells), index), minlength=len(self.wells) + 1))

    def by_state(self, counts: np.ndarray) -> np.ndarray:
        """Return walls by state, shape (S + 1,), from walls by well; those in none come last in both."""
        S = self.present.size
        return np.array([counts[np.append(self.state, S) == s].sum() for s in range(S + 1)], np.uint64)


@dataclasses.dataclass(frozen=True, eq=False)
class StoredStates:
    """What is stored about the states of one instance at one temperature.

    Attributes:
        present: 1 for each state that the instance has, shape (S,).
        position: of the deepest well of each state, or where walls of a missing one start, shape (S,) [m].
        conductance: mean, shape (S,) [S].
        conductance_std_ctoc: standard deviation from read to read, 0 for a missing state, shape (S,) [S].
        retention_rate: between the states, shape (S, S), zero on the diagonal [1/s]; rows of missing states and, where
            the formula does not hold, all rows are nan.
        retention_lost: off both ends of the track, shape (S,) [1/s]; nan where the rates are.
    """

    present: np.ndarray = data("1 where the instance has the state, else 0", "1", "S", dtype="u1")
    position: np.ndarray = data("position of the state on the track", "m", "S")
    conductance: np.ndarray = data("mean conductance of the state", "S", "S")
    conductance_std_ctoc: np.ndarray = data("standard deviation of the conductance from read to read", "S", "S")
    retention_rate: np.ndarray = data("rate of escape by state before and state after", "1/s", "S S")
    retention_lost: np.ndarray = data("rate of escape off both ends of the track", "1/s", "S")


def nominal_wells(device: Device, temperature: float) -> list[Well]:
    """Return the wells of the nominal device, which are the states of a sweep.

    Raises:
        RunError: the track has no well.
    """
    return find_wells(QPhiModel(device.at_temperature(temperature)), temperature)


def instance_at(device: Device, temperature: float, states: list[Well]) -> InstanceAtTemperature:
    """Find the wells of an instance and match them with the states.

    Args:
        device: the instance.
        temperature: temperature [K].
        states: wells of the nominal device.

    Raises:
        RunError: the instance has no well; says which.
    """
    device = device.at_temperature(temperature)
    model = QPhiModel(device)
    try:
        wells = find_wells(model, temperature)
    except RunError as error:
        raise RunError(f"instance {device.instance} at {temperature:g} K: {error}") from None
    state = well_index(states, np.array([well.q for well in wells]))
    state = np.where(state < 0, len(states), state)
    start = np.array([_start(model, states[s], [w for w, own in zip(wells, state, strict=True) if own == s])
                      for s in range(len(states))])  # fmt: skip
    return InstanceAtTemperature(device, temperature, wells, state, np.isin(np.arange(len(states)), state), start)


def _start(model: QPhiModel, nominal: Well, wells: list[Well]) -> tuple[float, float]:
    """Return the bottom of the deepest well of a state; without any, the nominal position and its lowest angle."""
    if wells:
        deepest = min(wells, key=lambda well: well.energy)
        return deepest.q, deepest.phi
    path = valley(model)
    return nominal.q, float(np.interp(nominal.q, path.q, path.phi))


def describe_states(instance: InstanceAtTemperature) -> StoredStates:
    """Read the junction in every state, if there is one, and find the rates of escape."""
    device, S = instance.device, instance.present.size
    model, spread = QPhiModel(device), np.zeros(S)
    if device.readout is None:
        present = instance.present.astype(np.uint8)
        return StoredStates(present, instance.start[:, 0], unread(S), spread, *_retention(instance, model))
    grid = thermal_grid(model, instance.wells, instance.temperature)
    geometry, Delta = device.geometry, device.straight_wall.Delta
    conductance = device.readout.conductance(instance.start[:, 0], geometry.q, geometry.w, Delta)
    for number, well in enumerate(instance.wells):
        s = instance.state[number]
        if s < S and well.q == instance.start[s, 0]:
            conductance[s], spread[s] = read_well(device, grid, number)
    return StoredStates(
        instance.present.astype(np.uint8), instance.start[:, 0], conductance, spread, *_retention(instance, model)
    )


def _retention(instance: InstanceAtTemperature, model: QPhiModel) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates from the deepest well of each state to all wells of each other state, and off the track [1/s]."""
    S = instance.present.size
    rate, lost = np.full((S, S), np.nan), np.full(S, np.nan)
    try:
        found = rate_matrix(model, instance.wells, instance.temperature)
    except RunError:
        return rate, lost
    onto = np.eye(S + 1)[instance.state]
    for number, well in enumerate(instance.wells):
        s = instance.state[number]
        if s < S and well.q == instance.start[s, 0]:
            rate[s] = (found.rate[number] @ onto)[:S]
            rate[s, s] = 0.0
            lost[s] = found.lost[number].sum()
    return rate, lost
