"""From measured pulse responses to a transition table: states found in the conductances, transitions counted.

The states are the levels of each device (`level_mixture`); their number is the same for all devices, given or that of
the least sum of the information criteria. A transition counts where a reading follows that of the pulse before it, both
of them at a level. The counts are trials, so that the standard errors of the table mean what they say.
"""

import dataclasses

import numpy as np

from compact.exchange.crosssim_import import PulseFacts
from compact.exchange.level_mixture import LEAST_READINGS, Levels, Readings, find_levels, grouped
from compact.exchange.pulse_data import PulseData
from compact.table.transition_table import InstanceStates, TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError

MOST_STATES = 40
PATIENCE = 3
"""Numbers of states in a row without an improvement after which the search ends [1]."""
SAME = 1e-3
"""Amplitudes and durations that differ by less, relatively, are one."""
MOST_MISPLACED = 0.1


@dataclasses.dataclass(frozen=True, kw_only=True)
class PulseReport:
    """What was counted and what was left out.

    Attributes:
        readings: rows with a conductance [1].
        transitions: counted [1].
        outliers: readings at no level [1].
        gaps: pulses without a reading before or after, or after a jump in their number [1].
        misplaced: expected share of readings put to a wrong level, worst device [1].
        empty_rows: rows of the table without a trial that were assumed to stay [1].
        bic: information criterion for each number of states tried, summed over the devices.
    """

    readings: int
    transitions: int
    outliers: int
    gaps: int
    misplaced: float
    empty_rows: int
    bic: dict[int, float]


@checked
def import_pulses(
    data: PulseData,
    *,
    states: int | None = None,
    facts: PulseFacts | None = None,
    area: float | None = None,
    assume_stay: bool = False,
) -> tuple[TransitionTable, PulseReport]:
    """Make a transition table of pulse responses.

    Args:
        data: the responses.
        states: number of states, found from the data by default [1].
        facts: temperature and energy of a pulse, where known; amplitude and duration come from the data.
        area: cross-section of the heavy metal, makes current densities of currents [m^2].
        assume_stay: let a wall stay where a pulse was never sent from its state, instead of refusing.

    Raises:
        InputError: too few readings, no clear states, or pulses that were not sent from every state.
    """
    facts = PulseFacts() if facts is None else facts
    amplitude, missing = _current_density(data, area)
    rows = _rows_read(data)
    levels, bic = _levels(data, rows, states)
    state, worst = _states_of(data, rows, levels)
    S = levels[0].mean.size
    before, after = _steps(data)
    sound = (state[before] >= 0) & (state[after] >= 0)
    gaps = int(np.sum(data.amplitude != 0)) - int(sound.sum())
    before, after = before[sound], after[sound]
    if after.size == 0:
        raise InputError(f"{data.path}: no two readings of consecutive pulses, transitions cannot be counted")
    J, a = _axis(amplitude[after])
    duration, d = _axis(data.duration[after])
    counts = np.zeros((len(levels), 1, J.size, duration.size, S, S + 1), np.uint64)
    np.add.at(counts, (data.device[after], np.intp(0), a, d, state[before], state[after]), 1)
    empty = np.argwhere(counts.sum(axis=-1) == 0)
    if empty.size and not assume_stay:
        k, _, a0, d0, s = empty[0]
        raise InputError(
            f"{data.path}: {len(empty)} of {counts[..., 0].size} rows have no trial: the pulse of {J[a0]:g} "
            f"{'A/m^2' if 'current_density' not in missing else data.amplitude_unit}, {duration[d0]:g} s was never sent "
            f"to device {data.labels[k]} in state {s}; give --assume-stay to let it stay there, or fewer --states"
        )
    for k, t, a0, d0, s in empty:
        counts[k, t, a0, d0, s, s] = 1
    if empty.size:
        missing["counts"] = f"{len(empty)} rows without a trial hold one trial that stayed"
    report = PulseReport(
        readings=int(np.isfinite(data.conductance).sum()),
        transitions=int(after.size),
        outliers=int(np.sum(state[np.isfinite(data.conductance)] < 0)),
        gaps=gaps,
        misplaced=worst,
        empty_rows=len(empty),
        bic=bic,
    )
    return _table(data, facts, levels, missing, J, duration, counts), report


def _states_of(data: PulseData, rows: list[np.ndarray], levels: list[Levels]) -> tuple[np.ndarray, float]:
    """Return the state of each reading, -1 for none, and the largest share of a device that is misplaced [1].

    Raises:
        InputError: the states overlap.
    """
    state = np.full(data.device.size, -1)
    for mine, found in zip(rows, levels, strict=True):
        state[mine] = found.level
    worst = max(found.misplaced for found in levels)
    if worst > MOST_MISPLACED:
        raise InputError(
            f"{data.path}: the states overlap, {worst:.0%} of the readings would be misplaced, at most "
            f"{MOST_MISPLACED:.0%} is allowed; give fewer --states"
        )
    return state, worst


def _table(
    data: PulseData, facts: PulseFacts, levels: list[Levels], missing: dict[str, str], J, duration, counts
) -> TransitionTable:
    """Return the table, with stand-ins for what the data do not tell."""
    return TransitionTable(
        position=np.arange(levels[0].mean.size, dtype=float),
        conductance=np.mean([found.mean for found in levels], axis=0),
        conductance_std_ctoc=np.sqrt(np.mean([found.std**2 for found in levels], axis=0)),
        current_density=J,
        duration=duration,
        temperature=np.array([300.0 if facts.temperature is None else facts.temperature]),
        counts=counts,
        energy_per_pulse=np.full((J.size, duration.size), 0.0 if facts.energy is None else facts.energy),
        instance_states=_instance_states(levels),
        config={"origin": {"format": "pulses", "placeholders": _placeholders(facts, missing), "devices": data.labels}},
        seed=0,
    )


def _rows_read(data: PulseData) -> list[np.ndarray]:
    """Return the rows of each device that hold a reading, in sequence."""
    read = np.flatnonzero(np.isfinite(data.conductance))
    device = data.device[read]
    ends = np.cumsum(np.bincount(device, minlength=len(data.labels)))
    return np.split(read[np.argsort(device, kind="stable")], ends[:-1])


def _levels(data: PulseData, rows: list[np.ndarray], states: int | None) -> tuple[list[Levels], dict[int, float]]:
    """Return the levels of each device, of the given number or of that with the least information criterion."""
    for label, mine in zip(data.labels, rows, strict=True):
        least = LEAST_READINGS * (2 if states is None else states)
        if mine.size < least:
            raise InputError(
                f"{data.path}: device {label} has {mine.size} readings, at least {least} are needed "
                f"({LEAST_READINGS} per state)"
            )
    readings = [grouped(data.conductance[mine]) for mine in rows]
    if states is not None:
        found = _all_devices(readings, states)
        if found is None:
            raise InputError(
                f"{data.path}: the readings do not carry {states} states in every device ({LEAST_READINGS} readings "
                f"in each are needed); give fewer --states or none"
            )
        return found, {states: sum(levels.bic for levels in found)}
    bic, best, worse = {}, None, 0
    for S in range(1, MOST_STATES + 1):
        found = _all_devices(readings, S)
        if found is not None:
            bic[S] = sum(levels.bic for levels in found)
            if best is None or bic[S] < bic[best[0].mean.size]:
                best, worse = found, 0
                continue
        worse += 1
        if worse > PATIENCE:
            break
    if best is None or best[0].mean.size < 2:
        fewest = min(mine.size for mine in rows)
        raise InputError(
            f"{data.path}: the conductances show one level only; a level needs {LEAST_READINGS} readings, so {fewest} tell "
            f"at most {fewest // LEAST_READINGS} apart; give more readings, or --states to insist on more levels"
        )
    if best[0].mean.size == MOST_STATES:
        raise InputError(f"{data.path}: the conductances show no clear states up to {MOST_STATES}; give --states")
    return best, bic


def _all_devices(readings: list[Readings], states: int) -> list[Levels] | None:
    found = []
    for of_device in readings:
        levels = find_levels(of_device, states)
        if levels is None:
            return None
        found.append(levels)
    return found


def _steps(data: PulseData) -> tuple[np.ndarray, np.ndarray]:
    """Return rows before and after each pulse that has a reading just before it; a device's rows are in sequence."""
    order = np.argsort(data.device, kind="stable")
    before, after = order[:-1], order[1:]
    sound = (data.device[before] == data.device[after]) & (data.pulse[after] == data.pulse[before] + 1)
    sound &= data.amplitude[after] != 0
    return before[sound], after[sound]


def _axis(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the grid points of nearly equal values, ascending, and the number of that of each value."""
    ranked = np.unique(values)
    apart = np.diff(ranked) > SAME * np.maximum(np.abs(ranked[1:]), np.abs(ranked[:-1]))
    group = np.append(0, np.cumsum(apart))[np.searchsorted(ranked, values)]
    return np.bincount(group, values) / np.bincount(group), group


def _current_density(data: PulseData, area: float | None) -> tuple[np.ndarray, dict[str, str]]:
    """Return the amplitudes for the axis of current density, and words where they are none."""
    if data.amplitude_unit == "A/m^2":
        if area is not None:
            raise InputError(f"{data.path}: the amplitudes are current densities, --area has no use")
        return data.amplitude, {}
    if area is None:
        return data.amplitude, {"current_density": f"the amplitude of the pulse in {data.amplitude_unit}"}
    if data.amplitude_unit != "A" or not area > 0:
        raise InputError(f"{data.path}: --area = {area:g} [m^2] must be > 0 and needs amplitudes in A, they are in V")
    return data.amplitude / area, {}


def _placeholders(facts: PulseFacts, missing: dict[str, str]) -> dict[str, str]:
    words = {"position": "number of the state, no length", **missing}
    if facts.temperature is None:
        words["temperature"] = "300, assumed"
    if facts.energy is None:
        words["energy_per_pulse"] = "zero, unknown"
    return words


def _instance_states(levels: list[Levels]) -> InstanceStates:
    conductance = np.array([found.mean for found in levels])[:, None, :]
    return InstanceStates(
        present=np.ones(conductance.shape, np.uint8),
        position=np.broadcast_to(np.arange(conductance.shape[-1], dtype=float), conductance.shape),
        conductance=conductance,
        conductance_std_ctoc=np.array([found.std for found in levels])[:, None, :],
    )
