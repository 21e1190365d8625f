"""The transition table: what one pulse does to a synapse, as counts of outcomes, with everything around it.

States are numbered along the track. Row i of `counts` holds where the trajectories that started in state i
were after one pulse; the last column counts those that left the track or ended in no state.
"""

import copy
import dataclasses
import functools
import json
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from compact.forms.passage import grid_pulses
from compact.forms.result import Fit
from compact.states.drawn import parameter_unit
from dwcore.errors import InputError
from dwcore.numerics.plain_array import plain_array
from dwcore.numerics.shares import share_error
from dwcore.storage import records
from dwcore.storage.notes import notes_in
from dwcore.storage.provenance import canonical_json
from dwcore.storage.records import data, named, part

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

    present: np.ndarray = data(
        "1 where the device instance has the state at the temperature, else 0", "1", "K T S", dtype="u1",
        at="instance_present", le=1,
    )  # fmt: skip
    position: np.ndarray = data("position of the state by device and temperature", "m", "K T S", at="instance_position")
    conductance: np.ndarray = data(
        "mean conductance of the state by device and temperature", "S", "K T S", at="instance_conductance", gt=0
    )
    conductance_std_ctoc: np.ndarray = data(
        "standard deviation from read to read by device and temperature", "S", "K T S",
        at="instance_conductance_std_ctoc", ge=0,
    )  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
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
        unsettled: how many of `counts` had not settled when they were counted, shape (K, T, A, D, S) [1], or None where
            unknown.
        retention_rate: escape rate without drive, from-state by to-state, shape (K, T, S, S) [1/s], or None;
            the diagonal is zero or minus the total rate of escape. A row of nan is unknown, as for a missing state.
        retention_lost: rate of escape off both ends of the track without drive, shape (K, T, S) [1/s], or None where
            unknown; nan where the row of `retention_rate` is.
        retention_method: how the rates were found; not empty if there are any.
        devices: drawn parameters of the device instances, name -> values in SI, shape (K,).
        instance_states: the states of each instance, None where only those of the nominal device are known.
        fit: closed-form model fitted to the counts, or None.
        config: description of device and pulse timing, and the `notes`; anything that has a JSON form.
        seed: root seed, 0 to 2**64 - 1 [1].
    """

    position: np.ndarray = data("position of the state on the track", "m", "S", at="states/position", ascending=True)
    conductance: np.ndarray = data("mean conductance of the state", "S", "S", at="states/conductance", gt=0)
    conductance_std_ctoc: np.ndarray = data(
        "standard deviation from read to read", "S", "S", at="states/conductance_std_ctoc", ge=0
    )
    current_density: np.ndarray = data(
        "current density of the pulse in the heavy metal", "A/m^2", "A", at="pulses/current_density", ascending=True
    )
    duration: np.ndarray = data("duration of the pulse", "s", "D", at="pulses/duration", ascending=True, gt=0)
    temperature: np.ndarray = data("temperature", "K", "T", at="pulses/temperature", ascending=True, ge=0)
    counts: np.ndarray = data(
        "trajectories by device, temperature, current density, duration, state before and state after", "1",
        "K T A D S S+1", dtype="u8", at="transitions/counts",
    )  # fmt: skip
    energy_per_pulse: np.ndarray = data(
        "energy of one pulse by current density and duration", "J", "A D", at="energy/per_pulse", ge=0
    )
    unsettled: np.ndarray | None = data(
        "trajectories that had not settled by device, temperature, current density, duration and state before", "1",
        "K T A D S", dtype="u8", at="transitions/unsettled", default=None,
    )  # fmt: skip
    retention_rate: np.ndarray | None = data(
        "rate of escape without drive by device, temperature, state before and state after", "1/s", "K T S S",
        at="retention/rate", finite=False, default=None,
    )  # fmt: skip
    retention_lost: np.ndarray | None = data(
        "rate of escape off both ends of the track without drive", "1/s", "K T S", at="retention/lost", finite=False,
        default=None,
    )  # fmt: skip
    retention_method: str = data("how the rates were found", dtype="text", at="retention/method", default="")
    devices: dict[str, np.ndarray] = named(
        lambda name: f"{name} of each device instance", parameter_unit, "K", default_factory=dict
    )
    instance_states: InstanceStates | None = part(InstanceStates, at="states", default=None)
    fit: Fit | None = part(Fit, default=None)
    config: dict = dataclasses.field(default_factory=dict)
    seed: int

    def __post_init__(self):
        """Copy, convert and check every field.

        Raises:
            InputError: all problems in one line.
        """
        # Each step takes for granted what the one before has checked.
        problems = [*self._convert()] or [*records.problems(self)] or [*_value_problems(self)]
        if problems:
            raise InputError(f"transition table: {'; '.join(problems)}")

    def _convert(self) -> Iterator[str]:
        yield from _set_arrays(self, "")
        if isinstance(self.instance_states, InstanceStates):
            object.__setattr__(self, "instance_states", copy.copy(self.instance_states))
            yield from _set_arrays(self.instance_states, "instance_states.")
        yield from self._convert_devices()
        if self.fit is not None and not isinstance(self.fit, Fit):
            yield f"fit of type {type(self.fit).__name__} must be a Fit"
        elif self.fit is not None and np.ndim(self.position) == 1 and self.fit.model.states != self.position.size:
            yield f"fit has {self.fit.model.states} states, {self.position.size} are needed"
        if not isinstance(self.retention_method, str):
            yield f"retention_method = {self.retention_method!r} must be text"
        try:
            object.__setattr__(self, "config", json.loads(canonical_json(self.config)))
            notes_in(self.config)
        except InputError as error:
            yield str(error)
        else:
            if not isinstance(self.config, dict):
                yield f"config of type {type(self.config).__name__} must be a dictionary"
            else:
                yield from _told_problems(self.config)
        try:
            object.__setattr__(self, "seed", operator.index(self.seed))
        except TypeError:
            object.__setattr__(self, "seed", -1)
        if not 0 <= self.seed < 2**64:
            yield f"seed must be an integer from 0 to {2**64 - 1}"

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
                converted[name] = _read_only(values, np.dtype(np.float64))
            except (TypeError, ValueError, OverflowError) as error:
                yield f"devices[{name}] {error}"
        object.__setattr__(self, "devices", converted)

    def __repr__(self) -> str:
        """In one line, for interactive work; the arrays are in the fields."""
        return f"<TransitionTable: {', '.join(f'{words} {name}' for name, words in self._content())}>"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{name}</td><td>{words}</td></tr>" for name, words in self._content())
        return f"<table><tr><th colspan=2>Transition table</th></tr>{rows}</table>"

    def _content(self) -> list[tuple[str, str]]:
        """Return what the table holds, (name, words)."""
        K, T, S = self.counts.shape[0], self.temperature.size, self.position.size
        J, t, G = self.current_density, self.duration, self.conductance
        found = [
            ("states", f"{S}"),
            ("device instances", f"{K}"),
            ("K" if T == 1 else "temperatures in K", _range(self.temperature)),
            ("A/m^2", _range(J)),
            ("s", _range(t)),
            ("S", f"{G.min():.3g} to {G.max():.3g}"),
            ("trajectories", f"{int(self.counts.sum())}"),
        ]
        return found if self.fit is None else [*found, ("fit", self.fit.model.form)]

    def to_xarray(self):
        """Return the table as an `xarray.Dataset` with named axes, units and meanings.

        Raises:
            InputError: xarray is not installed.
        """
        try:
            import xarray
        except ImportError:
            raise InputError('to_xarray needs xarray: pip install "dwsynapse[xarray]"') from None
        names = {"K": "device", "T": "temperature", "A": "current_density", "D": "duration", "S": "state"}
        names["S+1"] = "outcome"
        arrays = {}
        for record in (self, Derived(probability=self.probability, standard_error=self.standard_error)):
            for name, item, _ in records.items(type(record)):
                values = getattr(record, name)
                if item.record is None and not item.named and isinstance(values, np.ndarray):
                    axes = [names[axis] for axis in (item.axes or "").split()]
                    axes[-1:] = ["state_after"] if name == "retention_rate" else axes[-1:]
                    arrays[name] = (axes, values, {"units": item.unit, "long_name": item.meaning})
        arrays |= {
            f"device_{name}": ("device", values, {"units": parameter_unit(name)})
            for name, values in self.devices.items()
        }
        return xarray.Dataset(arrays, attrs={"seed": self.seed, "config": canonical_json(self.config)})

    @property
    def notes(self) -> list[str]:
        """Where the device strained the model that made the table, one line each; none of tables that do not say."""
        return notes_in(self.config)

    @property
    def unsettled_share(self) -> float:
        """Share of all trajectories that had not settled when they were counted [1]; nan where unknown."""
        return float("nan") if self.unsettled is None else float(self.unsettled.sum() / self.counts.sum())

    @functools.cached_property
    def probability(self) -> np.ndarray:
        """Share of each outcome among the trajectories of its row, same shape as `counts` [1]."""
        return _frozen(self.counts / self.counts.sum(axis=-1, keepdims=True))

    def needed_fit(self) -> Fit:
        """Return the fit.

        Raises:
            InputError: the table has none.
        """
        if self.fit is None:
            raise InputError("the table has no fit, make one with `dwsynapse fit`")
        return self.fit

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
        """Standard error of `probability`, same shape [1]; see `dwcore.numerics.shares`."""
        counts = self.counts.astype(np.float64)
        return _frozen(share_error(counts, counts.sum(axis=-1, keepdims=True)))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Derived:
    """What the file of a table holds beside its fields, for readers of other programs; it follows from the counts."""

    probability: np.ndarray = data("counts over their row sum", "1", "K T A D S S+1", at="transitions/probability")
    standard_error: np.ndarray = data(
        "posterior standard deviation of the probability", "1", "K T A D S S+1", at="transitions/standard_error"
    )


def _range(values: np.ndarray) -> str:
    if values.size == 1:
        return f"{values[0]:.3g}"
    return f"{values.size} from {values[0]:.3g} to {values[-1]:.3g}"


def _frozen(values: np.ndarray) -> np.ndarray:
    values.setflags(write=False)
    return values


def _set_arrays(record, where: str) -> Iterator[str]:
    """Replace the arrays of a record by read-only copies of their type; yield what cannot be converted."""
    for name, item, optional in records.items(type(record)):
        value = getattr(record, name)
        if item.record is None and not item.named and item.dtype != "text" and not (optional and value is None):
            try:
                object.__setattr__(record, name, _read_only(value, np.dtype(item.dtype)))
            except (TypeError, ValueError, OverflowError) as error:
                yield f"{where}{name} {error}"


def _read_only(values, dtype: np.dtype) -> np.ndarray:
    """Return a read-only copy; conversions that would change a value raise ValueError."""
    given = plain_array("", values)
    with np.errstate(invalid="ignore"):
        copied = np.array(given, dtype=dtype, order="C")
    if dtype.kind == "u" and not np.all((given >= 0) & (given == copied)):
        raise ValueError("must be whole numbers >= 0" + (" and <= 255" if dtype == np.uint8 else ""))
    return _frozen(copied)


_TOLD: dict[str, tuple[str, ...]] = {
    "origin": (),
    "origin.placeholders": (),
    "origin.fidelity": ("mean_step", "std_ratio", "largest_shift"),
    "device": (),
    "device.pulse": ("current_density", "duration"),
}
"""Entries of the configuration that results are made from, and the numbers that one holds unless it is empty."""


def _told_problems(config: dict) -> Iterator[str]:
    """Yield which entries of a configuration are of another type than those who use them need."""
    for where, numbers in _TOLD.items():
        entry: Any = config
        for key in where.split("."):
            entry = entry.get(key, {}) if isinstance(entry, dict) else {}
        if not isinstance(entry, dict):
            yield f"config.{where} of type {type(entry).__name__} must be a dictionary"
        elif entry and (wrong := [name for name in numbers if type(entry.get(name)) not in (int, float)]):
            yield f"config.{where}.{wrong[0]} = {entry.get(wrong[0])!r} must be a number"


def _value_problems(table: TransitionTable) -> Iterator[str]:
    """Yield what no bound of a single value says."""
    yield from _row_problems(table.counts)
    if table.unsettled is not None and np.any(table.unsettled > table.counts.sum(axis=-1)):
        yield "unsettled has more trajectories than a row of counts"
    if table.retention_rate is not None:
        yield from _retention_problems(table.retention_rate, table.retention_method)
    lost = table.retention_lost
    if lost is not None and not np.all(np.isnan(lost) | ((lost >= 0) & np.isfinite(lost))):
        yield "retention_lost [1/s] must be finite and >= 0, or nan where unknown"


def _row_problems(counts: np.ndarray) -> Iterator[str]:
    # In float64 first: a sum in uint64 may wrap around.
    total = counts.sum(axis=-1, dtype=np.float64)
    if total.max() > MAX_COUNT:
        yield f"counts has a row with {total.max():g} trajectories, at most 2^53 are exact"
    if np.any(total == 0):
        where = tuple(int(i) for i in np.argwhere(total == 0)[0])
        yield f"counts has {np.sum(total == 0)} rows without a trajectory, first at (K, T, A, D, S) = {where}"


def _retention_problems(rate: np.ndarray, method: str) -> Iterator[str]:
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
    if not method:
        yield "retention_method must say how retention_rate was found"
