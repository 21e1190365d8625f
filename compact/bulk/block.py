"""One block of a sweep: pulses at one operating point from every state of one instance, counted by where they end."""

import functools
import json
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Self

import numpy as np

from compact.bulk.instance import InstanceAtTemperature, StoredStates, describe_states, instance_at, nominal_wells
from compact.bulk.plan import SweepPlan
from compact.bulk.sweep_file import plan_from_config
from dwcore.numerics.shares import share
from dwcore.storage.provenance import canonical_json
from llg.runs.drive import Drive
from llg.runs.outcomes import count_outcomes
from llg.runs.run_plan import EnsembleCase

CONDITION, BLOCK = "condition", "block"
"""Kinds of tasks, each with a number."""
CACHED_INSTANCES = 16
GROWTH = 2
"""No round of adaptive sampling multiplies the number of trajectories by more."""


def plan_tasks(plan: SweepPlan, blocks: Iterable[int], conditions: Iterable[int]) -> Iterator[tuple[str, int]]:
    """Return tasks of some blocks in order, each wanted condition before its first block, conditions without a block last.

    Args:
        plan: the plan.
        blocks: numbers of the blocks.
        conditions: numbers of the conditions that are wanted.
    """
    wanted = dict.fromkeys(conditions)
    for block in blocks:
        condition = plan.condition(block)
        if condition in wanted:
            del wanted[condition]
            yield CONDITION, condition
        yield BLOCK, block
    for condition in wanted:
        yield CONDITION, condition


class Worker:
    """The job of a plan: runs its blocks, and keeps what blocks of one condition share.

    Args:
        plan: the plan.
    """

    def __init__(self, plan: SweepPlan):
        self.plan = plan
        self.states = nominal_wells(plan.device, plan.reference_temperature)
        self.instance = functools.lru_cache(CACHED_INSTANCES)(self._instance)

    def run(self, task: tuple[str, int], progress: Callable[[int], None]) -> StoredStates | np.ndarray:
        """Return the states of a condition, or the outcomes of a block."""
        kind, number = task
        return self.describe(number) if kind == CONDITION else self.count(number, progress)

    def text(self) -> str:
        """Return plan and seed as JSON."""
        return canonical_json({"plan": self.plan.config(), "seed": self.plan.seed})

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Make the worker of a plan again."""
        content = json.loads(text)
        return cls(plan_from_config(content["plan"], content["seed"]))

    def _instance(self, condition: int) -> InstanceAtTemperature:
        k, t = divmod(condition, len(self.plan.temperature))
        return instance_at(self.plan.instance(self.plan.instances[k]), self.plan.temperature[t], self.states)

    def describe(self, condition: int) -> StoredStates:
        """Return the states of a condition."""
        return describe_states(self.instance(condition))

    def count(self, block: int, progress: Callable[[int], None] = lambda done: None) -> np.ndarray:
        """Return the outcomes of a block, shape (S, S + 2), uint64.

        From-state by to-state, then in no state; the last column holds how many of all these had not settled.
        """
        plan = self.plan
        _, _, a, d = plan.place(block)
        instance = self.instance(plan.condition(block))
        waveform = instance.device.section("pulse").waveform(plan.grid.duration[d])
        drive = Drive(waveform=waveform, current_density=plan.grid.current_density[a])
        return np.array([_count_row(instance, drive, s, plan, progress) for s in range(len(self.states))])


def _count_row(
    instance: InstanceAtTemperature, drive: Drive, state: int, plan: SweepPlan, progress: Callable
) -> np.ndarray:
    """Return the outcomes from one state, in rounds until the standard error is small enough; shape (S + 2,)."""
    counts, unsettled, done, wanted = np.zeros(instance.present.size + 1, np.uint64), 0, 0, plan.n
    while done < wanted:
        walls = EnsembleCase(
            device=instance.device, drive=drive, n=wanted - done, first=done,
            start=tuple(instance.start[state].tolist()), seed=plan.seed, temperature=instance.temperature,
        )  # fmt: skip
        ends = count_outcomes(walls, instance.wells, settling=instance.settling, jobs=1, progress=progress)
        counts += instance.by_state(ends.counts)
        unsettled += ends.unsettled
        done, wanted = wanted, next_total(counts, plan.target_error)
    return np.append(counts, np.uint64(unsettled))


def next_total(counts: np.ndarray, target: float | None) -> int:
    """Return the number of trajectories after the next round: what the counts ask for, at most `GROWTH`-fold.

    Args:
        counts: outcomes so far, shape (S + 1,).
        target: largest standard error of a probability, None for no further round [1].

    Returns:
        The present number where that is enough. The standard error is that of the transition table, below 1/(2
        sqrt(n)), so that 1/(2 target)^2 trajectories are always enough.
    """
    n = int(counts.sum())
    if target is None:
        return n
    shares = share(counts, n)
    variance = float(np.max(shares * (1 - shares)))
    if variance <= target**2 * (n + 2):
        return n
    return min(math.ceil(variance / target**2), GROWTH * n)
