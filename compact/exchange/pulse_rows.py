"""The two pulses that write a table, as plain transition matrices over states in the order of their conductance.

With the mean and spread of what one pulse does, and the staircases that pulses of one kind climb.
"""

import dataclasses

import numpy as np

from compact.table.interpolate import inside, transition_matrix
from compact.table.operating_point import OperatingPoint, grid_index, write_points
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PulseRows:
    """What other simulators know of a synapse: states and the two pulses that write it.

    Attributes:
        conductance: ascending for the nominal device, shape (K, S) [S].
        spread: of the conductance from read to read, same shape [S].
        up: probability from state to state by the pulse that raises the conductance, shape (K, S, S) [1].
        down: by the one that lowers it, shape (K, S, S) [1].
        lost: largest probability of either pulse to drive the wall off the track, which `up` and `down` count as
            arriving at the end that the pulse drives to [1].
        points: the two pulses, up first.
        energy: of the two pulses [J].
    """

    conductance: np.ndarray
    spread: np.ndarray
    up: np.ndarray
    down: np.ndarray
    lost: float
    points: tuple[OperatingPoint, OperatingPoint]
    energy: tuple[float, float]

    @property
    def levels(self) -> int:
        """Number of states [1]."""
        return self.conductance.shape[1]


@checked
def pulse_rows(table: TransitionTable, *, temperature: float | None = None) -> PulseRows:
    """Return the states and write pulses of a table.

    Args:
        table: the table.
        temperature: of the chip; the lowest of the table by default [K].

    Raises:
        InputError: the table has no pulses both ways, or the temperature is outside it.
    """
    T = float(table.temperature[0]) if temperature is None else temperature
    T = inside("temperature", T, table.temperature, "K")
    points = write_points(table, temperature=T)
    order = np.argsort(table.conductance, kind="stable")
    devices = table.counts.shape[0]
    full = np.array(
        [[transition_matrix(table, **dataclasses.asdict(point), device=k) for k in range(devices)] for point in points]
    )
    inner = full[..., order, :][..., order]
    for side, end in enumerate((-1, 0)):
        inner[side, :, :, end] += full[side][:, order, -1]
    up_energy, down_energy = (float(table.energy_per_pulse[grid_index(table, point)]) for point in points)
    return PulseRows(
        conductance=_of_device(table, "conductance", order, T),
        spread=_of_device(table, "conductance_std_ctoc", order, T),
        up=inner[0],
        down=inner[1],
        lost=float(full[..., -1].max()),
        points=points,
        energy=(up_energy, down_energy),
    )


def _of_device(table: TransitionTable, field: str, order: np.ndarray, T: float) -> np.ndarray:
    """Return conductances or their spread by device and state, shape (K, S) [S]; nominal where no others are known."""
    if table.instance_states is None:
        return np.tile(getattr(table, field)[order], (table.counts.shape[0], 1))
    nearest = int(np.argmin(np.abs(table.temperature - T)))
    return getattr(table.instance_states, field)[:, nearest, order]


def step_mean(conductance: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the mean change of conductance from each state, shape (S,) [S].

    Args:
        conductance: of the states, shape (S,) [S].
        matrix: probability from state to state, shape (S, S) [1].
    """
    return matrix @ conductance - conductance


def step_std(conductance: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the standard deviation of the conductance after one pulse from each state, shape (S,) [S]."""
    mean = matrix @ conductance
    return np.sqrt(np.maximum(matrix @ conductance**2 - mean**2, 0.0))


def staircase(conductance: np.ndarray, matrix: np.ndarray, *, start: int, pulses: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the conductance after 0, 1, ... pulses, each of shape (pulses + 1,) [S].

    Args:
        conductance: of the states, shape (S,) [S].
        matrix: probability from state to state, shape (S, S) [1].
        start: number of the state before the first pulse.
        pulses: number of pulses.
    """
    law = np.eye(conductance.size)[start]
    mean, square = np.empty(pulses + 1), np.empty(pulses + 1)
    for n in range(pulses + 1):
        mean[n], square[n] = law @ conductance, law @ conductance**2
        law = law @ matrix
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))
