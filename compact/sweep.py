"""Transition statistics: pulses from every state over a grid of current densities and durations."""

import dataclasses
from collections.abc import Callable

import numpy as np

from llg.device import Device
from llg.ensemble import Drive, simulate
from llg.errors import InputError
from llg.landscape import Well, well_index
from llg.q_phi import QPhiModel

from .energy import pulse_energy
from .retention import METHOD, retention_rates
from .states import find_states
from .table import TransitionTable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grid:
    """Operating points: every current density with every duration.

    Attributes:
        current_density: signed, ascending [A/m^2].
        duration: full widths at half maximum, ascending [s].
    """

    current_density: tuple[float, ...]
    duration: tuple[float, ...]

    def __post_init__(self):
        for name in ("current_density", "duration"):
            values = np.asarray(getattr(self, name), float)
            if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all() or np.any(np.diff(values) <= 0):
                raise InputError(
                    f"{name} = {values.tolist()} must be finite and strictly ascending, at least one value"
                )


def reference_grid(device: Device, *, quick: bool = False) -> Grid:
    """Grid around the nominal pulse: both signs, 0.5 to 1.3 times its current, 0.7 to 1.6 times its duration.

    Durations too short for the edges of the pulse are left out.
    """
    pulse = device.section("pulse")
    factors = np.array([0.7, 0.85, 1.0, 1.15]) if quick else np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3])
    stretch = np.array([1.0]) if quick else np.array([0.7, 1.0, 1.3, 1.6])
    current = pulse.current_density * np.concatenate([-factors[::-1], factors])
    duration = pulse.duration * stretch
    return Grid(current_density=tuple(current), duration=tuple(duration[duration >= pulse.shortest]))


def build_table(
    device: Device,
    grid: Grid,
    *,
    n: int,
    seed: int,
    jobs: int | None = None,
    progress: Callable[[int], None] = lambda trajectories: None,
) -> TransitionTable:
    """Run n trajectories from every state at every point of the grid and count where they end.

    Each starts at the bottom of its well, comes to thermal equilibrium during the pulse's rest time, sees the pulse,
    and is read after the relaxation time. The noise of a point depends on its values, not on the grid around it.

    Args:
        device: the device (instance), with [stack], [readout] and [pulse].
        grid: current densities and durations.
        n: trajectories per state and point.
        seed: root seed.
        jobs: threads.
        progress: called with the number of trajectories done since the last call.

    Raises:
        InputError: a section is missing or the grid does not fit the pulse edges.
        RunError: the track has no well, or a trajectory diverged.
    """
    pulse = device.section("pulse")
    energy = pulse_energy(device, grid.current_density, grid.duration)
    states = find_states(device, seed=seed, jobs=jobs)
    S = len(states.wells)
    counts = np.zeros((1, 1, len(grid.current_density), len(grid.duration), S, S + 1), np.uint64)
    for d, duration in enumerate(grid.duration):
        waveform = pulse.waveform(duration)
        for a, J in enumerate(grid.current_density):
            drive = Drive(waveform=waveform, current_density=J)
            for s in range(S):
                counts[0, 0, a, d, s] = _count(device, drive, states.wells, s, n, seed, jobs)
                progress(n)
    rates = retention_rates(QPhiModel(device), states.wells, device.temperature)
    return TransitionTable(
        position=np.array([w.q for w in states.wells]),
        conductance=states.conductance,
        conductance_std_ctoc=states.conductance_std_ctoc,
        current_density=np.array(grid.current_density),
        duration=np.array(grid.duration),
        temperature=np.array([device.temperature]),
        counts=counts,
        energy_per_pulse=energy,
        retention_rate=None if rates is None else rates[None, None],
        retention_method="" if rates is None else METHOD,
        devices={"instance": np.array([device.instance])},
        config={"device": device.config(), "trajectories": n},
        seed=seed,
    )


def _count(device: Device, drive: Drive, wells: list[Well], state: int, n: int, seed: int, jobs) -> np.ndarray:
    start = (wells[state].q, wells[state].phi)
    end = simulate(device, drive, n=n, start=start, seed=seed, jobs=jobs)
    index = well_index(wells, end.q)
    return np.bincount(np.where(index < 0, len(wells), index), minlength=len(wells) + 1)
