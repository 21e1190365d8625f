"""The transition table: what one pulse does to a synapse, as counts of outcomes, with everything around it.

States are numbered along the track. Row i of `counts` holds where the trajectories that started in state i
were after one pulse; the last column counts those that left the track or ended in no state.
"""

import dataclasses
import functools
import json
import operator
from collections.abc import Iterator

import numpy as np

from compact.forms.passage import grid_pulses
from compact.forms.result import Fit
from dwcore.errors import InputError
from dwcore.storage.provenance import canonical_json

# Counts up to here are exact as float64, so that probabilities are.
MAX_COUNT = 2**53


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class InstanceStates:
    """The states of each device instance at each temperature; arrays become read-only copies in the table.

    Attributes:
        present: 1 where the instance has the state, 0 where no well of it counts as that state, shape (K, T, S) [1].
        position: where the wall of the state rests, for a missing one where it was put, shape (K, T, S) [m].
        conductance: mean conductance with the wall there, shape (K, T, S) [S].
        conductance_std_ctoc: standard deviation of it from read to read, shape (K, T, S) [S].
    """

    present: np.ndarray
    position: np.ndarray
    conductance: np.ndarray
    conductance_std_ctoc: np.ndarray


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TransitionTable:
    """Outcome statistics of pulses on K device instances; arrays are read-only copies.

    Attributes:
        position: position of each state on the track, strictly ascending, shape (S,) [m].
        conductance: mean conductance of each state, shape (S,) [S].
        conductance_std_ctoc: standard deviation of it from read to read, shape (S,) [S].
        current_density: signed, strictly ascending, shape (A,) [A/m^2].
        duration: strictly ascending, shape (D,) [s].
        temperature: strictly ascending, shape (T,) [K].
        counts: outcomes, from-state by to-state, shape (K, T, A, D, S, S+1) [1].
        energy_per_pulse: shape (A, D) [J].
        retention_rate: escape rate without drive, from-state by to-state, shape (K, T, S, S) [1/s], or None;
            the diagonal is zero or minus the total rate of escape. A row of nan is unknown, as for a missing state.
        retention_method: how the rates were found; not empty if there are any.
        devices: drawn parameters of the device instances, name -> values in SI, shape (K,).
        instance_states: the states of each instance, None where only those of the nominal device are known.
        fit: closed-form model fitted to the counts, or None.
        config: description of device and pulse timing, anything that has a JSON form.
        seed: root seed, 0 to 2**64 - 1 [1].
    """

    position: np.ndarray
    conductance: np.ndarray
    conductance_std_ctoc: np.ndarray
    current_density: np.ndarray
    duration: np.ndarray
    temperature: np.ndarray
    counts: np.ndarray
    energy_per_pulse: np.ndarray
    retention_rate: np.ndarray | None = None
    retention_method: str = ""
    devices: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    instance_states: InstanceStates | None = None
    fit: Fit | None = None
    config: dict = dataclasses.field(default_factory=dict)
    seed: int

    def __post_init__(self):
        """Copy, convert and check every field.

        Raises:
            InputError: all problems in one line.
        """
        # Each step takes for granted what the one before has checked.
        with np.errstate(invalid="ignore"):
            problems = [*self._convert()] or [*_shape_problems(self)] or [*_value_problems(self)]
        if problems:
            raise InputError(f"transition table: {'; '.join(problems)}")

    def _convert(self) -> Iterator[str]:
        for name in FLOATS:
            yield from self._set_array(name, getattr(self, name), np.float64)
        if self.retention_rate is not None:
            yield from self._set_array("retention_rate", self.retention_rate, np.float64)
        yield from self._set_array("counts", self.counts, np.uint64)
        yield from self._convert_devices()
        yield from self._convert_instance_states()
        if self.fit is not None and not isinstance(self.fit, Fit):
            yield f"fit of type {type(self.fit).__name__} must be a Fit"
        if not isinstance(self.retention_method, str):
            yield f"retention_method = {self.retention_method!r} must be text"
        try:
            object.__setattr__(self, "config", json.loads(canonical_json(self.config)))
        except InputError as error:
            yield str(error)
        else:
            if not isinstance(self.config, dict):
                yield f"config of type {type(self.config).__name__} must be a dictionary"
        try:
            object.__setattr__(self, "seed", operator.index(self.seed))
        except TypeError:
            object.__setattr__(self, "seed", -1)
        if not 0 <= self.seed < 2**64:
            yield f"seed must be an integer from 0 to {2**64 - 1}"

    def _set_array(self, name: str, values, dtype) -> Iterator[str]:
        try:
            object.__setattr__(self, name, _read_only(values, dtype))
        except (TypeError, ValueError, OverflowError) as error:
            yield f"{name} {error}"

    def _convert_instance_states(self) -> Iterator[str]:
        if self.instance_states is None:
            return
        converted = {}
        for field in dataclasses.fields(InstanceStates):
            dtype = np.uint8 if field.name == "present" else np.float64
            try:
                converted[field.name] = _read_only(getattr(self.instance_states, field.name), dtype)
            except (TypeError, ValueError, OverflowError) as error:
                yield f"instance_states.{field.name} {error}"
        if len(converted) == len(dataclasses.fields(InstanceStates)):
            object.__setattr__(self, "instance_states", InstanceStates(**converted))

    def _convert_devices(self) -> Iterator[str]:
        if not isinstance(self.devices, dict):
            yield f"devices of type {type(self.devices).__name__} must be a dictionary"
            return
        converted = {}
        for name, values in self.devices.items():
            if not isinstance(name, str) or not name or name == "." or "/" in name or "\0" in name:
                yield f"devices has the name {name!r}, it must be text without a slash and not empty"
                continue
            try:
                converted[name] = _read_only(values, np.float64)
            except (TypeError, ValueError, OverflowError) as error:
                yield f"devices[{name}] {error}"
        object.__setattr__(self, "devices", converted)

    @functools.cached_property
    def probability(self) -> np.ndarray:
        """Share of each outcome among the trajectories of its row, same shape as `counts` [1]."""
        return _frozen(self.counts / self.counts.sum(axis=-1, keepdims=True))

    @functools.cached_property
    def fitted_probability(self) -> np.ndarray | None:
        """What the fit says for every grid point, same shape as `probability` [1]; None without a fit."""
        if self.fit is None:
            return None
        model = self.fit.model
        axes = self.temperature, self.current_density, self.duration
        pulses = grid_pulses(*axes, self.position.size, model.upward)
        return _frozen(np.array([model.rows(pulses, vector) for vector in model.value]).reshape(self.counts.shape))

    @functools.cached_property
    def standard_error(self) -> np.ndarray:
        """Standard deviation of the Beta(c + 1/2, n - c + 1/2) posterior of `probability`, same shape [1].

        With Jeffreys' prior a count of zero among n still leaves an uncertainty, of about 0.7/n.

        References:
            L. D. Brown, T. T. Cai and A. DasGupta, Stat. Sci. 16, 101 (2001), section 3.
        """
        hit = self.counts.astype(np.float64)
        n = hit.sum(axis=-1, keepdims=True)
        return _frozen(np.sqrt((hit + 0.5) * (n - hit + 0.5) / (n + 2)) / (n + 1))


FLOATS = (
    "position",
    "conductance",
    "conductance_std_ctoc",
    "current_density",
    "duration",
    "temperature",
    "energy_per_pulse",
)
ASCENDING = {"position": "m", "current_density": "A/m^2", "duration": "s", "temperature": "K"}


def _frozen(values: np.ndarray) -> np.ndarray:
    values.setflags(write=False)
    return values


def _read_only(values, dtype) -> np.ndarray:
    """Return a read-only copy; conversions that would change a value raise ValueError."""
    given = np.asarray(values)
    if given.dtype.kind not in "iuf":
        raise ValueError(f"of type {given.dtype} must be numbers")
    copy = np.array(given, dtype=dtype, order="C")
    if np.issubdtype(dtype, np.unsignedinteger) and not np.all((given >= 0) & (given == copy)):
        raise ValueError("must be whole numbers >= 0" + (" and <= 255" if dtype == np.uint8 else ""))
    return _frozen(copy)


def _shape_problems(table: TransitionTable) -> Iterator[str]:
    """Yield every array that does not fit the lengths of the axes."""
    axes = {name: getattr(table, name).shape for name in ASCENDING}
    wrong = [name for name, shape in axes.items() if len(shape) != 1 or shape == (0,)]
    for name in wrong:
        yield f"{name} of shape {axes[name]} must be a list of at least one value"
    if wrong:
        return
    n_states, n_current = table.position.size, table.current_density.size
    n_duration, n_temperature = table.duration.size, table.temperature.size
    n_devices = table.counts.shape[0] if table.counts.ndim else 0
    expected = {
        "conductance": (n_states,),
        "conductance_std_ctoc": (n_states,),
        "counts": (max(n_devices, 1), n_temperature, n_current, n_duration, n_states, n_states + 1),
        "energy_per_pulse": (n_current, n_duration),
        "retention_rate": (n_devices, n_temperature, n_states, n_states),
    }
    arrays = {name: getattr(table, name) for name in expected}
    for name, values in table.devices.items():
        expected[f"devices[{name}]"], arrays[f"devices[{name}]"] = (n_devices,), values
    for name, values in _instance_arrays(table).items():
        expected[name], arrays[name] = (n_devices, n_temperature, n_states), values
    if table.fit is not None:
        grid = (n_devices, n_temperature, n_current, n_duration)
        expected["fit.deviance"], arrays["fit.deviance"] = grid, table.fit.deviance
        if table.fit.model.states != n_states:
            yield f"fit has {table.fit.model.states} states, {n_states} are needed"
    for name, shape in expected.items():
        if arrays[name] is not None and arrays[name].shape != shape:
            yield f"{name} has the shape {arrays[name].shape}, {shape} is needed"


def _instance_arrays(table: TransitionTable) -> dict[str, np.ndarray]:
    states = table.instance_states
    names = [field.name for field in dataclasses.fields(InstanceStates)] if states is not None else []
    return {f"instance_states.{name}": getattr(states, name) for name in names}


def _value_problems(table: TransitionTable) -> Iterator[str]:
    arrays = {name: getattr(table, name) for name in FLOATS} | _instance_arrays(table)
    arrays |= {f"devices[{name}]": values for name, values in table.devices.items()}
    for name, values in arrays.items():
        if values is not None and not np.all(np.isfinite(values)):
            yield f"{name} holds {values[~np.isfinite(values)][0]}, all values must be finite"
    for name, unit in ASCENDING.items():
        values = getattr(table, name)
        if np.any(np.diff(values) <= 0):
            yield f"{name} must be strictly ascending, is {np.array2string(values, threshold=8)} [{unit}]"
    yield from _bound_problems(table)
    yield from _row_problems(table.counts)
    if table.retention_rate is not None:
        yield from _retention_problems(table)


def _bound_problems(table: TransitionTable) -> Iterator[str]:
    """Yield quantities of the wrong sign."""
    if np.any(table.conductance <= 0):
        yield f"conductance = {table.conductance.min():g} [S] must be > 0"
    if table.duration[0] <= 0:
        yield f"duration = {table.duration[0]:g} [s] must be > 0"
    for name, unit in (("conductance_std_ctoc", "S"), ("temperature", "K"), ("energy_per_pulse", "J")):
        lowest = getattr(table, name).min()
        if lowest < 0:
            yield f"{name} = {lowest:g} [{unit}] must be >= 0"
    states = table.instance_states
    if states is not None:
        if np.any(states.present > 1):
            yield f"instance_states.present = {states.present.max()} must be 0 or 1"
        if np.any(states.conductance <= 0) or np.any(states.conductance_std_ctoc < 0):
            yield "instance_states.conductance [S] must be > 0, and its standard deviation >= 0"


def _row_problems(counts: np.ndarray) -> Iterator[str]:
    # In float64 first: a sum in uint64 may wrap around.
    total = counts.sum(axis=-1, dtype=np.float64)
    if total.max() > MAX_COUNT:
        yield f"counts has a row with {total.max():g} trajectories, at most 2^53 are exact"
    if np.any(total == 0):
        where = tuple(int(i) for i in np.argwhere(total == 0)[0])
        yield f"counts has {np.sum(total == 0)} rows without a trajectory, first at (K, T, A, D, S) = {where}"


def _retention_problems(table: TransitionTable) -> Iterator[str]:
    rate = table.retention_rate
    rows = rate.reshape(-1, rate.shape[-1])
    unknown = np.isnan(rows).all(axis=-1)
    if unknown.all() or not np.all(np.isfinite(rows[~unknown])):
        yield "retention_rate holds nan or infinity, rows must be finite, or nan throughout where unknown, but not all"
        return
    diagonal = np.eye(rate.shape[-1], dtype=bool)
    rate = np.where(np.isnan(rate), 0.0, rate)
    if np.any(rate[..., ~diagonal] < 0):
        yield f"retention_rate = {rate[..., ~diagonal].min():g} [1/s] must be >= 0 between two states"
    if np.any(rate[..., diagonal] > 0):
        yield f"retention_rate = {rate[..., diagonal].max():g} [1/s] must be <= 0 from a state to itself"
    if not table.retention_method:
        yield "retention_method must say how retention_rate was found"
