"""Fit a closed form to the counts of a transition table."""

import dataclasses
from collections.abc import Callable

import numpy as np

from compact.fitting.likelihood import deviance
from compact.fitting.problem import DeviceRows, Layout
from compact.fitting.scoring import Estimate, maximize
from compact.forms.forms import T_REFERENCE
from compact.forms.model import DOWN, UP, FittedModel
from compact.forms.passage import Pulses, grid_pulses, to_displacement_counts
from compact.forms.registry import DEFAULT, form_by_name
from compact.table.moves import upward_sign
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError

LEAST_LOST = 3
"""So many walls must have been lost over an end for it to get a threshold; fewer belong to the stray share."""
STRETCHES = (1.0, 0.5, 2.0, 0.25, 4.0)
START_THRESHOLDS = np.geomspace(0.25, 1.6, 17)
START_DEVICES = 2


def fit_table(
    table: TransitionTable,
    form: str = DEFAULT,
    *,
    use: np.ndarray | None = None,
    progress: Callable[[int], None] = lambda rounds: None,
) -> FittedModel:
    """Fit a closed form to a table by maximum likelihood.

    Args:
        table: the counts.
        form: name of the closed form.
        use: grid points to use, shape (T, A, D), bool; all by default.
        progress: called with 1 after each step.

    Raises:
        InputError: no such form, or a table without two states or without a move.
        RunError: no convergence.
    """
    layout = _layout(table, form, use)
    upward = upward_sign(table)
    devices = [DeviceRows(layout, *device_rows(table, k, use)) for k in range(table.counts.shape[0])]
    if sum(device.counts[:, 1:].sum() for device in devices) == 0:
        raise InputError("fit: no pulse of the table moved a wall, there is nothing to fit")
    start = _start(layout, devices[:START_DEVICES])
    found = maximize(layout, devices, np.tile(start, (len(devices), 1)), progress)
    return _model(layout, upward, found)


def table_pulses(table: TransitionTable) -> Pulses:
    """Return all pulses of the grid from all states, in the order of the table's axes (T, A, D, S)."""
    S = table.position.size
    return grid_pulses(table.temperature, table.current_density, table.duration, S, upward_sign(table))


def table_rows(table: TransitionTable, device: int, use: np.ndarray | None = None) -> np.ndarray:
    """Return which of those pulses tell about a device, shape (n,), bool.

    Pulses without current do not, nor do those from a state that the device does not have.

    Args:
        table: the counts.
        device: number of the device.
        use: grid points to use, shape (T, A, D), bool; all by default.
    """
    shape = table.counts.shape[1:4]
    use = np.ones(shape, bool) if use is None else np.asarray(use, bool)
    if use.shape != shape:
        raise InputError(f"fit: use has the shape {use.shape}, {shape} is needed")
    use = use & (table.current_density != 0)[:, None]
    present = np.ones((shape[0], table.position.size), bool)
    if table.instance_states is not None:
        present = table.instance_states.present[device] > 0
    return (use[..., None] & present[:, None, None, :]).ravel()


def pick(pulses: Pulses, rows: np.ndarray) -> Pulses:
    """Return some of the pulses."""
    return Pulses(**{f.name: getattr(pulses, f.name)[rows] for f in dataclasses.fields(pulses)})


def device_rows(table: TransitionTable, device: int, use: np.ndarray | None = None) -> tuple[Pulses, np.ndarray]:
    """Return the pulses on a device and their outcomes by ridges passed, see `passage.to_displacement_counts`."""
    rows = table_rows(table, device, use)
    chosen = pick(table_pulses(table), rows)
    counts = table.counts[device].reshape(-1, table.position.size + 1).astype(float)[rows]
    return chosen, to_displacement_counts(counts, chosen)


def _layout(table: TransitionTable, form: str, use: np.ndarray | None) -> Layout:
    S = table.position.size
    if S < 2:
        raise InputError("fit: the table has one state only, there is nothing to fit")
    used = (use if use is not None else True) & (table.current_density != 0)[:, None]
    used = np.broadcast_to(used, table.counts.shape[1:4])
    if not used.any():
        raise InputError("fit: the table has no pulse with a current")
    up = table.current_density * upward_sign(table) > 0
    lost = np.where(used[..., None], table.counts[..., S].sum(axis=0), 0).sum(axis=(0, 2, 3))
    ridges = []
    for side, along in enumerate((up, ~up)):
        if used[:, along].any():
            ridges += [(side, r) for r in range(1, S)]
            ridges += [(side, 0 if side else S)] if lost[along].sum() >= LEAST_LOST else []
    return Layout(
        form=form_by_name(form),
        states=S,
        ridges=tuple(ridges),
        duration=float(np.exp(np.mean(np.log(table.duration)))),
        current_density=float(np.abs(table.current_density).max()),
        rest=_rest(table),
        own_pace=table.counts.shape[0] > 1,
    )


def _rest(table: TransitionTable) -> tuple[float, float] | None:
    """Return the typical rate of escape to one neighbour at the temperature nearest to 300 K, None without any."""
    if table.retention_rate is None:
        return None
    S, t = table.position.size, int(np.argmin(np.abs(table.temperature - T_REFERENCE)))
    near = np.abs(np.subtract.outer(np.arange(S), np.arange(S))) == 1
    rate = table.retention_rate[:, t, near]
    good = rate > 0
    if not good.any() or table.temperature[t] <= 0:
        return None
    return float(np.exp(np.mean(np.log(rate[good])))), float(table.temperature[t])


def _start(layout: Layout, devices: list[DeviceRows]) -> np.ndarray:
    """Return the best of a few first guesses that differ in threshold and time scale."""
    guesses = [layout.start(J, stretch) for stretch in STRETCHES for J in START_THRESHOLDS]
    cost = [sum(deviance(d.counts, d.probability(z)).sum() for d in devices) for z in guesses]
    return guesses[int(np.argmin(cost))]


def _model(layout: Layout, upward: int, found: Estimate) -> FittedModel:
    slope = np.array([layout.value_slope(z) for z in found.z])
    covariance = found.covariance * slope[:, :, None] * slope[:, None, :]
    error = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 0.0))
    parameters = layout.shape_parameters
    return FittedModel(
        form=layout.form.name,
        states=layout.states,
        upward=upward,
        rest_rate=np.nan if layout.rest is None else layout.rest[0],
        rest_temperature=np.nan if layout.rest is None else layout.rest[1],
        names=tuple([p.name for p in parameters] + [f"{(UP, DOWN)[side]}{r}" for side, r in layout.ridges]),
        units=tuple([p.unit for p in parameters] + ["A/m^2"] * len(layout.ridges)),
        shared=layout.shared,
        value=np.array([layout.value(z) for z in found.z]),
        standard_error=np.where(found.known, error, np.inf),
        covariance=covariance,
    )
