"""Verification of a design: simulated again, in full length, with fresh noise and many device instances."""

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np
from scipy.special import betaincinv

from compact.bulk.job import Runner
from compact.bulk.local import run_threads
from compact.bulk.plan import Grid, SweepPlan
from compact.bulk.sweep import run_in_memory
from compact.table.transition_table import TransitionTable
from dwcore.errors import RunError
from dwsynapse.design.pulses import interval
from dwsynapse.design.sections import LIMITS, ROUNDING, Requirements
from dwsynapse.design.specification import Specification, plain_figures
from dwsynapse.design.trial import Figures, Trial, contrast, lowest_barrier, shortest_stay
from dwsynapse.front import unit_of
from llg.device.device import Device
from llg.landscape.wells import find_wells
from llg.walls.q_phi import QPhiModel

FRESH = 1_000_003
"""Added to the seed of the search, so that a design is not verified with the noise that it was chosen by."""
SHARE = 0.95
"""Share of all devices that must hold, with the same confidence."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a design keeps one requirement.

    Attributes:
        name: of the requirement.
        value: that was found.
        low, high: interval of 95 %, both the value where it is exact.
        bound: what is required.
        holds: whether the whole interval keeps to it.
        of: what the number is of, where the name does not tell it.
    """

    name: str
    value: float
    low: float
    high: float
    bound: float
    holds: bool
    of: str = ""

    @property
    def words(self) -> str:
        """Name, unit, and what the number is of."""
        unit = unit_of(self.name)
        return f"{self.name}{'' if unit == '1' else f' [{unit}]'}{self.of and f', {self.of}'}"

    def text(self) -> str:
        """Return it in words."""
        sign = ">=" if LIMITS.get(self.name, True) else "<="
        spread = "" if self.low == self.high else f" ({self.low:.5g} to {self.high:.5g})"
        return f"{self.words}: {self.value:.5g}{spread} {sign} {self.bound:.5g} {'holds' if self.holds else 'fails'}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verified:
    """A design with the verdict on each requirement.

    Attributes:
        trial: what the search knew of it.
        device: the whole device.
        figures: as those of a trial, of the whole device.
        verdicts: one per requirement.
        pulses: that were simulated, the last look of the trial among them.
    """

    trial: Trial
    device: Device
    figures: Figures
    verdicts: tuple[Verdict, ...]
    pulses: int

    @property
    def holds(self) -> bool:
        """Whether every requirement holds."""
        return all(verdict.holds for verdict in self.verdicts)

    def content(self) -> dict[str, Any]:
        """Return it as a journal keeps it; the device follows from the trial."""
        return {"trial": dataclasses.asdict(self.trial), "figures": self.figures, "pulses": self.pulses,
                "verdicts": [dataclasses.asdict(verdict) for verdict in self.verdicts]}  # fmt: skip

    @classmethod
    def of(cls, spec: Specification, content: dict[str, Any]) -> Self:
        """Return the one that `content` tells."""
        trial = Trial.of(content["trial"])
        return cls(trial=trial, device=spec.device(spec.values(np.array(trial.x))), figures=content["figures"],
                   verdicts=tuple(Verdict(**one) for one in content["verdicts"]), pulses=content["pulses"])  # fmt: skip


def verify(
    spec: Specification,
    trial: Trial,
    *,
    seed: int,
    runner: Runner = run_threads,
    progress: Callable[[int], None] = lambda pulses: None,
) -> Verified:
    """Simulate a design again and judge it.

    Args:
        spec: the specification.
        trial: the design.
        seed: root seed of the search.
        runner: runs the pulses, by default in threads.
        progress: called with the number of pulses done since the last call.
    """
    device = spec.device(spec.values(np.array(trial.x)))
    figures: Figures = {**plain_figures(device)}
    budget, require, fresh = spec.budget, spec.require, seed + FRESH
    verdicts = {}
    model = QPhiModel(device)
    try:
        wells = find_wells(model, device.temperature)
    except RunError:  # no wells at all
        wells = []
    figures["states"] = states = float(len(wells))
    verdicts["states"] = _exact("states", states, float(require.states), len(wells) == require.states)
    if not verdicts["states"].holds:
        return Verified(
            trial=trial, device=device, figures=figures, verdicts=tuple(verdicts.values()), pulses=trial.pulses
        )
    figures["barrier"] = lowest_barrier(wells, device.temperature)
    if require.retention is not None:
        figures["retention"] = shortest_stay(device, require.retention_temperature)
    table = _table(device, (0,), budget.verify_pulses, fresh, runner, progress)
    hits, n = (int(part.sum()) for part in one_step_counts(table))
    figures["one_step"] = hits / n
    figures["contrast"] = contrast(table.conductance, table.conductance_std_ctoc)
    pulses = trial.pulses + int(table.counts.sum())
    verdicts |= {verdict.name: verdict for verdict in _on_figures(require, figures)}
    if require.one_step is not None:
        low, high = interval(hits, n)
        verdicts["one_step"] = Verdict(name="one_step", value=hits / n, low=low, high=high, bound=require.one_step,
                                       holds=low >= require.one_step)  # fmt: skip
    if require.one_step_of_devices is not None and all(verdict.holds for verdict in verdicts.values()):
        table = _table(device, tuple(range(1, budget.devices + 1)), budget.device_pulses, fresh, runner, progress)
        each, of = (part.sum(axis=(1, 2)) for part in one_step_counts(table))
        figures["one_step_of_devices"] = float(np.min(each / of))
        verdicts["one_step_of_devices"] = _of_devices(each / of, require.one_step_of_devices)
        pulses += int(table.counts.sum())
    return Verified(trial=trial, device=device, figures=figures, verdicts=tuple(verdicts.values()), pulses=pulses)


def _on_figures(require: Requirements, figures: Figures) -> Iterator[Verdict]:
    """Yield the verdict on each requirement but those of pulses."""
    for name, at_least in LIMITS.items():
        bound, value = getattr(require, name), figures.get(name)
        if bound is not None and not name.startswith("one_step"):
            number = math.nan if value is None else value
            yield _exact(name, number, bound, _keeps(number, bound, at_least))


def _of_devices(each: np.ndarray, required: float) -> Verdict:
    """Return the verdict on what is required of 95 % of all devices, from that of each instance."""
    good = int(np.count_nonzero(each >= required))
    low = share_shown(good, each.size)
    return Verdict(name="one_step_of_devices", value=good / each.size, low=low, high=1.0, bound=SHARE,
                   holds=low >= SHARE, of=f"share that reaches {required:g}")  # fmt: skip


def share_shown(good: int, n: int) -> float:
    """Return the least share of all devices that `good` of n show with a confidence of `SHARE` (Clopper and Pearson)."""
    return float(betaincinv(good, n - good + 1, 1 - SHARE)) if good else 0.0


def _keeps(value: float, bound: float, at_least: bool) -> bool:
    """Whether a figure keeps to its bound, to rounding; one that is unknown does not."""
    return value >= bound * (1 - ROUNDING) if at_least else value <= bound * (1 + ROUNDING)


def _exact(name: str, value: float, bound: float, holds: bool) -> Verdict:
    return Verdict(name=name, value=value, low=value, high=value, bound=bound, holds=bool(holds))


def _table(device: Device, instances: tuple[int, ...], n: int, seed: int, runner: Runner, progress) -> TransitionTable:
    """Return the outcomes of the write pulse in both directions."""
    pulse = device.section("pulse")
    J = abs(pulse.current_density)
    grid = Grid(current_density=(-J, J), duration=(pulse.duration,))
    plan = SweepPlan(device=device, grid=grid, temperature=(device.temperature,), instances=instances, n=n, seed=seed)
    return run_in_memory(plan, runner, progress=progress)


def one_step_counts(table: TransitionTable) -> tuple[np.ndarray, np.ndarray]:
    """Return the pulses that moved the wall by one state, and all pulses.

    The first and the last state count in the direction in which there is another one. A state that an instance does
    not have counts as one that no pulse leaves.

    Returns:
        Two arrays of shape (K, 2, S - 1): instances, directions, states.
    """
    counts = table.counts[:, 0, :, 0].astype(np.int64)
    S = counts.shape[2]
    up, down = (np.stack([counts[:, :, s, s + step] for s in states], axis=-1)
                for step, states in ((1, range(S - 1)), (-1, range(1, S))))  # fmt: skip
    first_is_up = up[:, 0].sum() > down[:, 0].sum()
    forward, backward = (0, 1) if first_is_up else (1, 0)
    hits = np.stack([up[:, forward], down[:, backward]], axis=1)
    everything = counts.sum(axis=-1)
    n = np.stack([everything[:, forward, : S - 1], everything[:, backward, 1:]], axis=1)
    present = np.ones(hits.shape, bool)
    if table.instance_states is not None:
        there = table.instance_states.present[:, 0] > 0
        present = np.stack([there[:, : S - 1], there[:, 1:]], axis=1)
    return np.where(present, hits, 0), n
