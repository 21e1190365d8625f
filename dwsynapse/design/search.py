"""The search: an evolution strategy over the unit cube of what is free, with every trial kept in a journal as it comes.

The journal is a text of one JSON object per line, the first of which says what it belongs to. A search that goes on
takes what is there and gives the same generations, bit for bit, as trials depend on the specification and the seed
alone, and the optimizer on the trials.

References:
    J. D. Knowles, D. W. Corne, Evol. Comput. 8, 149 (2000): evolution strategies whose parents are the archive of
    designs that nothing found so far surpasses.
"""

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from dwcore.errors import InputError
from dwcore.numerics.threads import thread_count
from dwcore.storage.provenance import canonical_json
from dwsynapse.design.specification import Specification
from dwsynapse.design.trial import Trial, examine, objectives

STEPS = -2.5, -0.6
"""Powers of ten of the smallest and the largest standard deviation of a step from a design, in the unit cube."""
MOVED, REDRAWN = 0.6, 0.1
"""Share of the variables that a step changes, and chance that a choice from a list is drawn anew."""
FOLLOWED = 4
"""Designs that lead while none holds."""
Run = Callable[[np.ndarray], list[Trial]]
"""Looks at designs, points of the unit cube of shape (n, variables)."""


class Trials:
    """The trials of a search by their number, kept in a file.

    Args:
        path: the journal; None keeps nothing.
        config: what the journal belongs to.
        resume: go on with what it holds.

    Raises:
        InputError: it belongs to another search.
    """

    def __init__(self, path: Path | None, config: dict, *, resume: bool):
        self.path, self.known = path, dict[int, Trial]()
        head = canonical_json(config)
        if path is None:
            return
        if resume and path.exists():
            lines = path.read_text(encoding="utf-8").split("\n")
            if lines[0] != head:
                raise InputError(f"{path}: belongs to another search; --force starts anew")
            for line in lines[1:-1]:  # what follows the last end of a line is unfinished
                number, trial = json.loads(line)
                self.known[number] = Trial(**trial | {"x": tuple(trial["x"])})
            path.write_text("\n".join([head, *lines[1:-1], ""]), encoding="utf-8")
        else:
            path.write_text(f"{head}\n", encoding="utf-8")

    def put(self, number: int, trial: Trial) -> None:
        """Keep a trial."""
        self.known[number] = trial
        if self.path is not None:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps([number, dataclasses.asdict(trial)]) + "\n")
                file.flush()
                os.fsync(file.fileno())


def search(
    spec: Specification,
    optimizer: Callable[[Specification, int, Run], Iterator[list[Trial]]] | None = None,
    *,
    seed: int,
    jobs: int | None = None,
    journal: Path | None = None,
    resume: bool = False,
    progress: Callable[[int], None] = lambda pulses: None,
) -> list[Trial]:
    """Return all trials of a search, in the order of their generations.

    Args:
        spec: the specification.
        optimizer: yields generation after generation, each of which it has had looked at; `evolve` by default.
        seed: root seed of the optimizer and of the noise.
        jobs: threads; results do not depend on them.
        journal: file that keeps the trials.
        resume: go on with what the journal holds.
        progress: called with the number of pulses that were spent.
    """
    kept = Trials(journal, {"specification": spec.config(), "seed": seed}, resume=resume)
    found: list[Trial] = []
    pool = ThreadPoolExecutor(thread_count(jobs))

    def run(points: np.ndarray) -> list[Trial]:
        begin, held = len(found), [objectives(spec, trial.figures) for trial in found if trial.holds]
        missing = [i for i in range(len(points)) if begin + i not in kept.known]
        tasks = {i: pool.submit(examine, spec, points[i], seed, held) for i in missing}
        for i, task in tasks.items():
            kept.put(begin + i, task.result())
        trials = [kept.known[begin + i] for i in range(len(points))]
        found.extend(trials)
        progress(sum(trial.pulses for trial in trials))
        return trials

    try:
        for _ in (optimizer or evolve)(spec, seed, run):
            if sum(trial.pulses for trial in found) >= spec.budget.pulses:
                break
    finally:  # an interrupted search does not wait for the designs that are looked at
        pool.shutdown(wait=False, cancel_futures=True)
    return found


def evolve(spec: Specification, seed: int, run: Run) -> Iterator[list[Trial]]:
    """Yield generations of an evolution strategy with an archive, without end.

    The first is drawn evenly, but for the device that is there. Each later point is a design of the front, moved along
    some of its variables by normal steps; their size is drawn evenly by its logarithm, so that the search comes from
    far and ends close. A choice from a list is drawn anew now and then. While no design holds, the nearest ones lead.
    """
    rng = np.random.default_rng(seed)
    shape = spec.budget.population, len(spec.variables)
    listed = np.isin(spec.variables, ("device", "shape"))
    points, found = rng.random(shape), list[Trial]()
    points[0] = spec.begin()
    while True:
        trials = run(points)
        yield trials
        found.extend(trials)
        leading = front(spec, found) or sorted(found, key=_distance)[:FOLLOWED]
        own = np.array([trial.x for trial in leading])[rng.integers(len(leading), size=shape[0])]
        moved = rng.random(shape) < MOVED
        moved[np.arange(shape[0]), rng.integers(shape[1], size=shape[0])] = True
        step = 10 ** rng.uniform(*STEPS, size=(shape[0], 1)) * rng.standard_normal(shape)
        anew = rng.random(shape)
        near = np.abs(own + step * moved)  # reflected at the faces of the cube
        near = np.clip(np.where(near > 1, 2 - near, near), 0, 1)
        points = np.where(listed, np.where(anew < REDRAWN, anew / REDRAWN, own), near)


def front(spec: Specification, trials: list[Trial]) -> list[Trial]:
    """Return the designs that hold and that none that holds surpasses, by the first objective."""
    holding = list({trial.x: trial for trial in trials if trial.holds}.values())
    F = np.array([objectives(spec, trial.figures) for trial in holding]).reshape(len(holding), len(spec.minimize.names))
    best = [
        trial
        for trial, own in zip(holding, F, strict=True)
        if not ((own >= F).all(axis=1) & (own > F).any(axis=1)).any()
    ]
    return sorted(best, key=lambda trial: (objectives(spec, trial.figures), trial.x))


def nearest_design(trials: list[Trial]) -> Trial:
    """Return the design that misses the requirements by the least in all."""
    return min(trials, key=_distance)


def _distance(trial: Trial) -> tuple:
    """Return what orders trials by how far they miss the requirements in all; what is unknown is missed by more."""
    known = [name for name in trial.misses if trial.figures.get(name) is not None]
    return sum(m / (1 + m) if name in known else m for name, m in trial.misses.items()), trial.x


def first_missed(trial: Trial) -> str:
    """Return the requirement that a trial misses by most, of those that were looked for."""
    known = {name: miss for name, miss in trial.misses.items() if miss and trial.figures.get(name) is not None}
    missed = known or trial.misses
    return max(missed, key=lambda name: missed[name])
