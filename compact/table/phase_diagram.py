"""The most likely displacement over current density and duration: the phase diagram of a synapse."""

import dataclasses
from typing import Any

import numpy as np

from compact.table.interpolate import transition_matrix
from compact.table.moves import upward_sign
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError

CURRENTS, DURATIONS = 64, 32


@dataclasses.dataclass(frozen=True, eq=False)
class PhaseDiagram:
    """Displacement from the state farthest from the end a pulse drives to.

    Attributes:
        current_density: shape (n,) [A/m^2].
        duration: shape (m,) [s].
        steps: most likely displacement, signed, S where the wall is most likely lost, shape (n, m) [1].
        probability: of it, shape (n, m) [1].
    """

    current_density: np.ndarray
    duration: np.ndarray
    steps: np.ndarray
    probability: np.ndarray


@checked
def phase_diagram(table: TransitionTable, *, device: int | None = None, temperature: int = 0) -> PhaseDiagram:
    """Return the most likely displacement on a fine grid within the table's own, interpolated.

    Args:
        table: the table.
        device: number of the device instance; by default the trials of all are taken together.
        temperature: number of the temperature.

    Raises:
        InputError: the table has one current density or one duration only.
    """
    if table.current_density.size < 2 or table.duration.size < 2:
        raise InputError("a phase diagram takes a table of at least two current densities and two durations")
    J = _without_gap(table.current_density)
    duration = np.geomspace(table.duration[0], table.duration[-1], DURATIONS)
    seen = _together(table) if device is None else table
    steps, probability = np.zeros((J.size, DURATIONS)), np.zeros((J.size, DURATIONS))
    sign, S, T = (
        upward_sign(table, device=device, temperature=temperature),
        table.position.size,
        float(table.temperature[temperature]),
    )
    for a, d in np.ndindex(J.size, DURATIONS):
        pulse: dict[str, Any] = {"temperature": T, "current_density": float(J[a]), "duration": float(duration[d])}
        rows = transition_matrix(seen, **pulse, device=device or 0)
        up = sign * J[a] >= 0
        start = 0 if up else S - 1
        best = int(np.argmax(rows[start]))
        steps[a, d] = (1 if up else -1) * S if best == S else best - start
        probability[a, d] = rows[start, best]
    return PhaseDiagram(J, duration, steps, probability)


def _together(table: TransitionTable) -> TransitionTable:
    """Return the table of one device that did what all instances did."""
    return dataclasses.replace(
        table,
        counts=table.counts.sum(axis=0, keepdims=True),
        unsettled=None,
        retention_rate=None,
        retention_lost=None,
        retention_method="",
        devices={},
        instance_states=None,
        fit=None,
    )


def _without_gap(current: np.ndarray) -> np.ndarray:
    """Return the fine grid over each sign of the current that the table has, not over the gap between them."""
    parts = [part for part in (current[current < 0], current[current >= 0]) if part.size]
    if min(part.size for part in parts) < 2:
        return np.linspace(current[0], current[-1], CURRENTS)
    return np.concatenate([np.linspace(part[0], part[-1], CURRENTS // len(parts)) for part in parts])
