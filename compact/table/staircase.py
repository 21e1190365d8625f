"""Potentiation and depression: what trains of equal pulses make of the conductance, by powers of the matrices."""

import dataclasses

import numpy as np

from compact.table.interpolate import transition_matrix
from compact.table.operating_point import OperatingPoint, write_points
from compact.table.origin import need_conductance, placeholders
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError

LEAST_PULSES = 8


@dataclasses.dataclass(frozen=True, eq=False)
class Staircase:
    """Distribution of the conductance after each pulse of a train up and a train down.

    Attributes:
        points: the pulse that raises the conductance and the one that lowers it.
        level: conductances of the states in ascending order, shape (S,) [S].
        share: of devices and trials in each of them after n pulses, from n = 0, shape (2, N+1, S) [1].
        lost: share of walls lost by then, shape (2, N+1) [1].
        placeholders: stand-ins of the table, see `compact.table.origin`.
    """

    points: tuple[OperatingPoint, OperatingPoint]
    level: np.ndarray
    share: np.ndarray
    lost: np.ndarray
    placeholders: dict[str, str] = dataclasses.field(default_factory=dict)

    def mean(self) -> np.ndarray:
        """Return the mean conductance of the walls not lost, shape (2, N+1) [S]."""
        return self.share @ self.level / np.maximum(self.share.sum(axis=-1), 1e-300)

    def quantile(self, q: float) -> np.ndarray:
        """Return the least conductance with the share q of the walls not lost at or below it, shape (2, N+1) [S]."""
        kept = np.maximum(self.share.sum(axis=-1, keepdims=True), 1e-300)
        index = np.argmax(np.cumsum(self.share / kept, axis=-1) >= q - 1e-12, axis=-1)
        return self.level[index]


@checked
def staircase(table: TransitionTable, *, pulses: int | None = None, temperature: int = 0) -> Staircase:
    """Return trains of write pulses, averaged over the devices: up from the lowest state, down from the highest.

    Args:
        table: the table.
        pulses: number of pulses N in each train; by default half as many again as there are states, at least 8.
        temperature: number of the temperature.

    Raises:
        InputError: the table has no pulses to write with or no conductances, or `pulses` is not positive.
    """
    need_conductance(table)
    S = table.position.size
    pulses = max(LEAST_PULSES, 3 * S // 2) if pulses is None else pulses
    if pulses < 1:
        raise InputError(f"pulses = {pulses} must be >= 1")
    points = write_points(table, temperature=float(table.temperature[temperature]))
    order = np.argsort(table.conductance)
    share, lost = np.zeros((2, pulses + 1, S)), np.zeros((2, pulses + 1))
    for train, point in enumerate(points):
        for device in range(table.counts.shape[0]):
            matrix = transition_matrix(table, **dataclasses.asdict(point), device=device)[:, :S]
            state = np.zeros(S)
            state[order[0 if train == 0 else -1]] = 1.0 / table.counts.shape[0]
            for n in range(pulses + 1):
                share[train, n] += state[order]
                state = state @ matrix
        lost[train] = 1.0 - share[train].sum(axis=-1)
    return Staircase(points, table.conductance[order], share, np.maximum(lost, 0.0), placeholders(table))
