"""Transition statistics: pulses from every state over a grid of current densities and durations."""

import functools
from collections.abc import Callable

import numpy as np

from compact.bulk.block import Worker, plan_tasks
from compact.bulk.gather import gather
from compact.bulk.instance import StoredStates
from compact.bulk.job import Runner
from compact.bulk.local import run_threads
from compact.bulk.plan import Grid, SweepPlan
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from llg.device.device import Device

__all__ = ["Grid", "build_table", "reference_grid", "run_in_memory"]


@checked
def reference_grid(device: Device, *, quick: bool = False) -> Grid:
    """Return grid around the nominal pulse: both signs, 0.5 to 1.3 times its current, 0.7 to 1.6 times its duration.

    Durations too short for the edges of the pulse are left out.
    """
    pulse = device.section("pulse", "a grid (--currents and --durations)")
    factors = np.array([0.7, 0.85, 1.0, 1.15]) if quick else np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3])
    stretch = np.array([1.0]) if quick else np.array([0.7, 1.0, 1.3, 1.6])
    current = pulse.current_density * np.concatenate([-factors[::-1], factors])
    duration = pulse.duration * stretch
    return Grid(current_density=tuple(current), duration=tuple(duration[duration >= pulse.shortest]))


@checked
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
        device: the device (instance); what it lacks is unknown to the table, see `SweepPlan`.
        grid: current densities and durations.
        n: trajectories per state and point.
        seed: root seed.
        jobs: threads.
        progress: called with the number of trajectories done since the last call.

    Raises:
        InputError: the grid does not fit the pulse edges.
        RunError: the track has no well, or a trajectory diverged.
    """
    plan = SweepPlan(
        device=device, grid=grid, temperature=(device.temperature,), instances=(device.instance,), n=n, seed=seed
    )
    return run_in_memory(plan, functools.partial(run_threads, jobs=jobs), progress=progress)


def run_in_memory(
    plan: SweepPlan, runner: Runner = run_threads, *, progress: Callable[[int], None] = lambda trajectories: None
) -> TransitionTable:
    """Run a whole plan without files.

    Args:
        plan: what to run.
        runner: runs the blocks, by default in threads.
        progress: called with the number of trajectories done since the last call.

    Raises:
        RunError: the track has no well, or a trajectory diverged.
    """
    worker = Worker(plan)
    S = len(worker.states)
    counts, conditions = np.zeros((plan.blocks, S, S + 2), np.uint64), dict[int, StoredStates]()
    tasks = plan_tasks(plan, range(plan.blocks), range(plan.conditions))
    for (_, number), result in runner(worker, tasks):
        if isinstance(result, StoredStates):
            conditions[number] = result
        else:
            counts[number] = result
            progress(int(result[:, :-1].sum()))
    return gather(plan, counts, [conditions[number] for number in range(plan.conditions)])
