"""The law an array writes by: for each device instance and each kind of pulse, where the wall goes."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from arraysim.synapses.update_kernel import fill_alias
from compact.interpolate import transition_matrix
from compact.operating_point import OperatingPoint
from compact.table import TransitionTable
from llg.errors import InputError

MAX_STATES = 125  # with the two lost states they must fit an int8
MAX_INSTANCES = 2**16
ROW_SUM_TOLERANCE = 1e-9


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PulseLaw:
    """What each of P pulses does to a synapse with S states, for K device instances.

    A wall that leaves the track leaves the device uniformly magnetized, and no pulse brings it back. Two states
    after the S ordinary ones say so: S with the conductance of the first state, S+1 with that of the last; which
    one follows from where the pulse drives walls on average.

    Attributes:
        probability: from-state by to-state, last column lost, shape (K, P, S, S+1) [1].
        conductance: mean of each state, shape (S,) [S].
        conductance_std_ctoc: standard deviation from cycle to cycle, absolute, shape (S,) [S].
        energy_per_pulse: shape (P,) [J].
    """

    probability: np.ndarray
    conductance: np.ndarray
    conductance_std_ctoc: np.ndarray
    energy_per_pulse: np.ndarray

    def __post_init__(self):
        """Check shapes and values.

        Raises:
            InputError: names the array and the rule.
        """
        for field in dataclasses.fields(self):
            values = np.array(getattr(self, field.name), dtype=np.float64, order="C")
            if not np.all(np.isfinite(values)) or np.any(values < 0):
                raise InputError(f"pulse law: {field.name} must be finite and >= 0 everywhere")
            values.setflags(write=False)
            object.__setattr__(self, field.name, values)
        states = self.conductance.size
        if not 2 <= states <= MAX_STATES:
            raise InputError(f"pulse law: {states} states, there must be 2 to {MAX_STATES}")
        shape = self.probability.shape
        if len(shape) != 4 or shape[2:] != (states, states + 1) or not 1 <= shape[0] <= MAX_INSTANCES:
            raise InputError(f"pulse law: probability has the shape {shape}, (K, P, {states}, {states + 1}) is needed")
        for name, expected in (("conductance_std_ctoc", (states,)), ("energy_per_pulse", (shape[1],))):
            if getattr(self, name).shape != expected:
                raise InputError(f"pulse law: {name} has the shape {getattr(self, name).shape}, {expected} is needed")
        worst = np.abs(self.probability.sum(axis=-1) - 1).max()
        if worst > ROW_SUM_TOLERANCE:
            raise InputError(f"pulse law: rows of probability must sum to 1, one is off by {worst:.3g}")

    @classmethod
    def from_table(cls, table: TransitionTable, points: Sequence[OperatingPoint]) -> "PulseLaw":
        """Interpolate a transition table at the operating points.

        Raises:
            InputError: a point lies outside the grid of the table.
        """
        instances = table.counts.shape[0]
        probability = [
            [transition_matrix(table, **dataclasses.asdict(point), device=k) for point in points]
            for k in range(instances)
        ]
        return cls(
            probability=np.array(probability),
            conductance=table.conductance,
            conductance_std_ctoc=table.conductance_std_ctoc,
            energy_per_pulse=np.array([_energy(table, point) for point in points]),
        )

    @property
    def instances(self) -> int:
        """Number of device instances K."""
        return self.probability.shape[0]

    @property
    def pulses(self) -> int:
        """Number of kinds of pulses P."""
        return self.probability.shape[1]

    @property
    def states(self) -> int:
        """Number of ordinary states S."""
        return self.conductance.size

    @functools.cached_property
    def markov(self) -> np.ndarray:
        """Transition matrices with the two lost states, shape (K, P, S+2, S+2) [1]."""
        states = self.states
        full = np.zeros((*self.probability.shape[:2], states + 2, states + 2))
        full[..., :states, :states] = self.probability[..., :states]
        drift = (self.probability[..., :states] * _moves(states)).sum(axis=(-2, -1))
        last_end = (drift > 0)[..., None]
        full[..., :states, states] = np.where(last_end, 0.0, self.probability[..., -1])
        full[..., :states, states + 1] = np.where(last_end, self.probability[..., -1], 0.0)
        full[..., states, states] = full[..., states + 1, states + 1] = 1.0
        return full

    @functools.cached_property
    def alias_table(self) -> np.ndarray:
        """The matrices as alias tables for the kernels, shape (K, P, S+2, S+2), uint64."""
        rows = self.markov.reshape(-1, self.states + 2)
        table = np.empty(rows.shape, np.uint64)
        fill_alias(rows, table)
        return table.reshape(self.markov.shape)

    @functools.cached_property
    def level(self) -> np.ndarray:
        """Mean conductance of the states and the two lost states, shape (S+2,) [S]."""
        return np.append(self.conductance, self.conductance[[0, -1]])

    def mean_step(self, pulse: int) -> float:
        """Mean change of conductance by one pulse [S].

        The mean runs over the device instances and over the states, except the one at the end the pulse drives
        to. A maker learns it when characterizing the wafer, so an update rule may know it.
        """
        change = self.markov[:, pulse, : self.states] @ self.level - self.conductance
        end = self.conductance.argmax() if change.mean() > 0 else self.conductance.argmin()
        return float(np.delete(change, end, axis=1).mean())


def _moves(states: int) -> np.ndarray:
    """Return to-state minus from-state, shape (S, S)."""
    return np.subtract.outer(np.arange(states), np.arange(states)).T


def _energy(table: TransitionTable, point: OperatingPoint) -> float:
    """Energy of one pulse, bilinear in current density and duration [J]."""
    at_duration = [np.interp(point.duration, table.duration, row) for row in table.energy_per_pulse]
    return float(np.interp(point.current_density, table.current_density, at_duration))
