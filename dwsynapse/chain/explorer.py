"""Pulses that a reader of a report can choose: outcomes and trajectories over a small grid, on a few device instances.

The solver counts and records all of it beforehand. The page draws what is chosen, and takes powers of the matrices for
trains of equal pulses; `explorer.js` beside this module is its script.
"""

import base64
import dataclasses
import functools
import json
import math
from collections.abc import Callable
from importlib.resources import files

import numpy as np

from compact.bulk.instance import InstanceAtTemperature, instance_at, nominal_wells
from compact.bulk.local import run_threads
from compact.bulk.plan import Grid, SweepPlan
from compact.bulk.sweep import run_in_memory
from compact.table.operating_point import grid_index, write_points
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError, RunError
from llg.device.device import Device
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate

CURRENTS, DURATIONS, INSTANCES = 10, 3, 4
"""Most values to choose from; the grid of the table is thinned to them."""
SAMPLES, WALLS, LARGEST = 48, 12, 600_000
"""Most times of a trajectory, most trajectories of a choice, and most positions on a page, which bound its size."""
MOST_TRIALS, LEAST_TRIALS, PULSES = 200, 25, 50_000
"""Trials from a state of an instance that is not the nominal one, and how many pulses all of them may take together."""
_FULL = 65535


def choice_grid(device: Device) -> Grid:
    """Return a grid around the nominal pulse to choose from, where there is no table: 0.7 to 1.3 times its current.

    Durations too short for the edges of the pulse are left out.
    """
    pulse = device.section("pulse")
    current = pulse.current_density * np.array([-1.3, -1.15, -1.0, -0.85, -0.7, 0.7, 0.85, 1.0, 1.15, 1.3])
    duration = pulse.duration * np.array([0.7, 1.0, 1.6])
    return Grid(current_density=tuple(np.sort(current)), duration=tuple(duration[duration >= pulse.shortest]))


def explore(
    table: TransitionTable,
    device: Device,
    *,
    seed: int,
    jobs: int | None = None,
    progress: Callable[[int], None] = lambda pulses: None,
) -> dict:
    """Return what a reader can choose from, as JSON values; positions are 16-bit numbers in base64.

    Args:
        table: the table of the nominal device, whose counts it shows as they are.
        device: the nominal device.
        seed: root seed of the instances, their trials and all trajectories.
        jobs: threads.
        progress: called with the number of pulses done since the last call.
    """
    T = float(table.temperature[0])
    a, d = _chosen(table, T)
    grid = Grid(current_density=tuple(table.current_density[a]), duration=tuple(table.duration[d]))
    states = nominal_wells(device, T)
    cases = _instances(device, T, states, seed)
    counts, conductance = [table.counts[0, 0][np.ix_(a, d)]], [table.conductance]
    if len(cases) > 1:
        trials = int(np.clip(PULSES // ((len(cases) - 1) * a.size * d.size * len(states)), LEAST_TRIALS, MOST_TRIALS))
        numbers = tuple(case.device.instance for case in cases[1:])
        plan = SweepPlan(device=device, grid=grid, temperature=(T,), instances=numbers, n=trials, seed=seed)
        others = run_in_memory(plan, functools.partial(run_threads, jobs=jobs), progress=progress)
        counts += list(others.counts[:, 0])
        conductance += [] if others.instance_states is None else list(others.instance_states.conductance[:, 0])
    return {
        "name": device.name,
        "temperature": T,
        "instances": [case.device.instance for case in cases],
        "currents": list(grid.current_density),
        "durations": list(grid.duration),
        "first": _first(table, T, a, d),
        "energy": table.energy_per_pulse[np.ix_(a, d)].tolist(),
        "present": [case.present.astype(int).tolist() for case in cases],
        "position": [(1e9 * case.start[:, 0]).tolist() for case in cases],
        "conductance": [list(map(float, one)) for one in conductance],
        "rows": _rows(np.array(counts, np.int64)),
        **_trajectories(cases, grid, T, seed, jobs),
    }


def _chosen(table: TransitionTable, T: float) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of the currents and durations of a table to choose from, those of the write pulses among them."""
    points = [grid_index(table, point) for point in _write_points(table, T)]
    a = np.arange(table.current_density.size)
    signs = [a[table.current_density < 0], a[table.current_density >= 0]]
    currents = [_thinned(part, CURRENTS // 2, [i for i, _ in points]) for part in signs if part.size]
    return np.concatenate(currents), _thinned(np.arange(table.duration.size), DURATIONS, [j for _, j in points])


def _thinned(numbers: np.ndarray, most: int, kept: list[int]) -> np.ndarray:
    """Return at most `most` of some numbers, evenly spaced but for those to be kept, which replace the nearest ones."""
    chosen = numbers[np.unique(np.linspace(0, numbers.size - 1, min(most, numbers.size)).round().astype(int))]
    for number in set(kept) & set(numbers.tolist()):
        chosen[np.argmin(np.abs(chosen - number))] = number
    return np.unique(chosen)


def _write_points(table: TransitionTable, T: float):
    try:
        return write_points(table, temperature=T)
    except InputError:  # no pulse writes; there is none to be kept
        return ()


def _first(table: TransitionTable, T: float, a: np.ndarray, d: np.ndarray) -> list[int]:
    """Return the numbers of current and duration that the page shows first: the write pulse upwards."""
    points = _write_points(table, T)
    i, j = grid_index(table, points[0]) if points else (a[-1], d[0])
    return [int(np.searchsorted(a, i)), int(np.searchsorted(d, j))]


def _instances(device: Device, T: float, states: list, seed: int) -> list[InstanceAtTemperature]:
    """Return the nominal device and the first sound instances; only the nominal one where devices have no spread."""
    cases = [instance_at(device, T, states)]
    number = 0
    while len(cases) < INSTANCES and number < 2 * INSTANCES:
        number += 1
        try:
            drawn = device.draw(number, seed)
            if dataclasses.replace(drawn, instance=device.instance).config() == device.config():
                break
            cases.append(instance_at(drawn, T, states))
        except (InputError, RunError):  # a notch through the track, or no well at all
            continue
    return cases


def _rows(counts: np.ndarray) -> list[list[int]]:
    """Return the rows of counts, shape (..., S + 1), in order; of each: state, how many, state, how many, and so on."""
    flat = counts.reshape(-1, counts.shape[-1])
    return [np.stack([to := np.flatnonzero(row), row[to]], axis=1).ravel().tolist() for row in flat]


def _trajectories(cases: list[InstanceAtTemperature], grid: Grid, T: float, seed: int, jobs: int | None) -> dict:
    """Return recorded trajectories: instance, duration, state, current, wall, time."""
    J, S = np.array(grid.current_density), len(cases[0].start)
    choices = len(cases) * len(grid.duration) * S * J.size
    samples = max(min(SAMPLES, LARGEST // choices - 1), 1)
    walls = max(min(WALLS, LARGEST // (choices * (samples + 1))), 1)
    length = cases[0].device.track.length
    parts, time, on = [], [], []
    for case in cases:
        for duration in grid.duration:
            waveform = case.device.section("pulse").waveform(duration)
            drive = Drive(waveform=waveform, current_density=np.repeat(J, walls))
            for start in case.start:
                ran = simulate(case.device, drive, n=J.size * walls, start=(float(start[0]), float(start[1])),
                               seed=seed, temperature=T, samples=samples, jobs=jobs)  # fmt: skip
                parts.append(np.clip(ran.q_samples.T / length, 0, 1))
            if case is cases[0]:
                pulse = case.device.section("pulse")
                begin = pulse.rest_time + pulse.rise_time / 2  # from half the amplitude to half the amplitude
                time.append((1e9 * ran.time).tolist())
                on.append([1e9 * begin, 1e9 * (begin + duration)])
    words = np.round(_FULL * np.array(parts)).astype("<u2")
    return {
        "length": 1e9 * length, "walls": walls, "times": time, "pulse": on,
        "q": base64.b64encode(words.tobytes()).decode("ascii"),
    }  # fmt: skip


def script() -> str:
    """Return the script of the page."""
    return files("dwsynapse.chain").joinpath("explorer.js").read_text(encoding="utf-8")


def as_text(devices: list[dict]) -> str:
    """Return what the page takes as JSON that can stand within a script element."""
    return json.dumps(_rounded(devices), separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _rounded(value):
    """Return numbers to six digits, which are more than a page shows."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value
