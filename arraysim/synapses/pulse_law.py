"""The law an array writes by: for each device instance and each kind of pulse, where the wall goes."""

import dataclasses
import functools
import math
from collections.abc import Sequence

import numpy as np

from arraysim.synapses.alias_table import alias_table
from arraysim.synapses.retention import (
    between_temperatures,
    retention_rates,
    stay_probability,
    typical_retention_rates,
    with_losses,
)
from compact.exchange.synapse_table import table_of
from compact.fitting.drawn import drawn_matrices
from compact.table.interpolate import transition_matrix
from compact.table.operating_point import OperatingPoint, write_points
from compact.table.origin import need_conductance
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.canvas.number_text import counted, with_prefix
from dwcore.errors import InputError
from dwcore.numerics.plain_array import plain_array

MAX_STATES = 124  # with the two lost, the open and the short state they must fit an int8
MAX_INSTANCES = 2**16 - 1  # one more stands for devices that never move
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
        retention_rate: escape rates without pulses, from-state by to-state, shape (K, S, S) [1/s], or None.
        retention_lost: escape rates off the ends of the track without pulses, shape (K, S) [1/s]; None for none.
        instance_conductance: mean of each state of each device instance, shape (K, S) [S]; None: all as
        ``conductance``.
        instance_conductance_std_ctoc: likewise, of the standard deviations [S].
    """

    probability: np.ndarray
    conductance: np.ndarray
    conductance_std_ctoc: np.ndarray
    energy_per_pulse: np.ndarray
    retention_rate: np.ndarray | None = None
    retention_lost: np.ndarray | None = None
    instance_conductance: np.ndarray | None = None
    instance_conductance_std_ctoc: np.ndarray | None = None

    def __post_init__(self):
        """Check shapes and values.

        Raises:
            InputError: names the array and the rule.
        """
        for field in dataclasses.fields(self):
            if getattr(self, field.name) is None:
                continue
            values = np.array(
                plain_array(f"pulse law: {field.name}", getattr(self, field.name)), dtype=np.float64, order="C"
            )
            if field.name == "retention_rate" and values.ndim == 3 and values.shape[1] == values.shape[2]:
                values[:, np.eye(values.shape[1], dtype=bool)] = 0.0  # total rates of escape, if given
            known = values[~np.isnan(values)] if field.name.startswith("retention") else values  # nan: unknown
            if not np.all(np.isfinite(known)) or np.any(known < 0):
                raise InputError(f"pulse law: {field.name} must be finite and >= 0 everywhere")
            values.setflags(write=False)
            object.__setattr__(self, field.name, values)
        states = self.conductance.size
        if not 2 <= states <= MAX_STATES:
            raise InputError(f"pulse law: {states} states, there must be 2 to {MAX_STATES}")
        shape = self.probability.shape
        if len(shape) != 4 or shape[2:] != (states, states + 1) or not 1 <= shape[0] <= MAX_INSTANCES:
            raise InputError(f"pulse law: probability has the shape {shape}, (K, P, {states}, {states + 1}) is needed")
        needed = {"conductance_std_ctoc": (states,), "energy_per_pulse": (shape[1],)}
        optional = {
            "retention_rate": (shape[0], states, states),
            "retention_lost": (shape[0], states),
            "instance_conductance": (shape[0], states),
            "instance_conductance_std_ctoc": (shape[0], states),
        }
        needed |= {name: expected for name, expected in optional.items() if getattr(self, name) is not None}
        for name, expected in needed.items():
            if getattr(self, name).shape != expected:
                raise InputError(f"pulse law: {name} has the shape {getattr(self, name).shape}, {expected} is needed")
        worst = np.abs(self.probability.sum(axis=-1) - 1).max()
        if worst > ROW_SUM_TOLERANCE:
            raise InputError(f"pulse law: rows of probability must sum to 1, one is off by {worst:.3g}")

    def __repr__(self) -> str:
        low, high = self.conductance.min(), self.conductance.max()
        return (
            f"<PulseLaw: {self.states} states of {with_prefix(low, 'S')} to {with_prefix(high, 'S')}, "
            f"{self.pulses} pulses, {counted(self.instances, 'device instance')}>"
        )

    @classmethod
    @checked
    def load(cls, path, *, temperature: float | None = None) -> "PulseLaw":
        """Read a transition table or a `[synapse]` and take the two pulses that write weights best, up and down.

        Args:
            path: file, or name of a shipped synapse.
            temperature: of the chip, within the grid of the table; default its first [K].

        Raises:
            InputError: the file is no sound table, or no pulse of it moves walls in one of the senses.
        """
        table = table_of(path)
        temperature = float(table.temperature[0]) if temperature is None else temperature
        return cls.from_table(table, write_points(table, temperature=temperature))

    @classmethod
    @checked
    def from_table(
        cls, table: TransitionTable, points: Sequence[OperatingPoint], *, draw: int | None = None
    ) -> "PulseLaw":
        """Interpolate a transition table at the operating points; retention is that at the first one's temperature.

        Args:
            table: the table.
            points: the pulses.
            draw: number of a draw of the probabilities from what the counts leave open, see
                ``compact.table.interpolate``; None takes the shares that were counted.

        Raises:
            InputError: a point lies outside the grid of the table, or it knows no conductances.
        """
        need_conductance(table)
        probability = []
        for k in range(table.counts.shape[0]):
            rng = None if draw is None else np.random.default_rng([draw, k])
            probability.append([transition_matrix(table, **dataclasses.asdict(p), device=k, rng=rng) for p in points])
        return cls(
            probability=np.array(probability),
            conductance=table.conductance,
            conductance_std_ctoc=table.conductance_std_ctoc,
            energy_per_pulse=np.array([_pulse_energy(table, point) for point in points]),
            **retention_rates(table, points[0].temperature),
            **_instance_levels(table, points[0].temperature),
        )

    @classmethod
    @checked
    def from_fit(
        cls, table: TransitionTable, points: Sequence[OperatingPoint], *, devices: int, seed: int
    ) -> "PulseLaw":
        """Draw device instances from the spread that was fitted to a table; states and retention are those of the table.

        The first devices stay the same when more are drawn.

        Args:
            table: a table with a fit of at least 8 device instances.
            points: the pulses; any, since the fit also answers outside the grid (energies stop at its edge, and escape
                rates are unknown outside its temperatures).
            devices: number of device instances.
            seed: root seed.

        Raises:
            InputError: the table has no fit or the fit no spread, or it knows no conductances.
        """
        need_conductance(table)
        return cls(
            probability=drawn_matrices(table, points, devices=devices, seed=seed),
            conductance=table.conductance,
            conductance_std_ctoc=table.conductance_std_ctoc,
            energy_per_pulse=np.array([_pulse_energy(table, point) for point in points]),
            **typical_retention_rates(table, points[0].temperature, devices),
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
        """The matrices as alias tables for the kernels, shape (K+1, P, S+4, C), uint64.

        Two more states, open and short, are never left, and instance K never moves.
        """
        return _with_immovable(alias_table(self.markov))

    def waiting_table(self, seconds: float) -> np.ndarray:
        """Return the alias tables of a time without pulses, shape (K+1, 1, S+4, C), uint64.

        Raises:
            InputError: the law has no rates, or the time is negative.
        """
        if self.retention_rate is None:
            raise InputError("pulse law: retention_rate is needed to know what happens without pulses")
        if np.isnan(self.retention_rate).any():
            k, s = np.argwhere(np.isnan(self.retention_rate))[0][:2]
            raise InputError(
                f"pulse law: the escape rates of state {s} of instance {k} are unknown at this temperature, "
                "so nobody knows what happens without pulses"
            )
        if not (math.isfinite(seconds) and seconds >= 0):
            raise InputError(f"seconds = {seconds} [s] must be >= 0 and finite")
        rate = with_losses(self.retention_rate, self.retention_lost)
        return _with_immovable(alias_table(stay_probability(rate, seconds)[:, None]))

    @functools.cached_property
    def level(self) -> np.ndarray:
        """Mean conductance of the states and the two lost states, by device instance or for all, shape (K or 1, S+2) [S]."""
        return _with_lost(self.conductance, self.instance_conductance)

    @functools.cached_property
    def spread(self) -> np.ndarray:
        """Standard deviations from cycle to cycle that go with the levels, shape (K or 1, S+2) [S]."""
        return _with_lost(self.conductance_std_ctoc, self.instance_conductance_std_ctoc)

    def mean_step(self, pulse: int) -> float:
        """Return the mean change of conductance by one pulse [S].

        The mean runs over the device instances and over the states, except the one at the end the pulse drives
        to. A maker learns it when characterizing the wafer, so an update rule may know it.
        """
        change = (self.markov[:, pulse, : self.states] @ self.level[..., None])[..., 0] - self.level[:, : self.states]
        end = self.conductance.argmax() if change.mean() > 0 else self.conductance.argmin()
        return float(np.delete(change, end, axis=1).mean())


def _with_lost(nominal: np.ndarray, own: np.ndarray | None) -> np.ndarray:
    rows = nominal[None] if own is None else own
    return np.concatenate([rows, rows[:, [0, -1]]], axis=1)


def _moves(states: int) -> np.ndarray:
    """Return to-state minus from-state, shape (S, S)."""
    return np.subtract.outer(np.arange(states), np.arange(states)).T


def _with_immovable(table: np.ndarray) -> np.ndarray:
    """Return alias tables with rows that never move: the open state, the short state and one more instance.

    An entry of threshold zero always leads to its alias, so the number of columns need not grow.
    """
    instances, pulses, size, columns = table.shape
    full = np.empty((instances + 1, pulses, size + 2, columns), np.uint64)
    full[:] = np.arange(size + 2, dtype=np.uint64)[:, None]
    full[:-1, :, :size] = table
    return full


def _pulse_energy(table: TransitionTable, point: OperatingPoint) -> float:
    """Return the energy of one pulse, bilinear in current density and duration [J]."""
    at_duration = [np.interp(point.duration, table.duration, row) for row in table.energy_per_pulse]
    return float(np.interp(point.current_density, table.current_density, at_duration))


def _instance_levels(table: TransitionTable, temperature: float) -> dict[str, np.ndarray]:
    """Return conductance and spread of each device instance, linear in temperature, shape (K, S) [S]; empty without."""
    if table.instance_states is None:
        return {}
    found = {}
    for name in ("conductance", "conductance_std_ctoc"):
        low, high, share = between_temperatures(table, temperature, getattr(table.instance_states, name), lambda T: T)
        found[f"instance_{name}"] = (1 - share) * low + share * high
    return found
