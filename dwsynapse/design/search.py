"""The search: NSGA-II over the unit cube of what is free, with every trial kept in a journal as it comes.

The journal is a text of one JSON object per line, the first of which says what it belongs to. A search that goes on
takes what is there and gives the same generations, bit for bit, as trials depend on the specification and the seed
alone, and the optimizer on the trials.

References:
    K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, IEEE Trans. Evol. Comput. 6, 182 (2002).
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
from dwsynapse.design.trial import Trial, examine, misses, objectives

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
        optimizer: yields generation after generation, each of which it has had looked at; `nsga2` by default.
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
        for _ in (optimizer or nsga2)(spec, seed, run):
            if sum(trial.pulses for trial in found) >= spec.budget.pulses:
                break
    finally:  # an interrupted search does not wait for the designs that are looked at
        pool.shutdown(wait=False, cancel_futures=True)
    return found


def nsga2(spec: Specification, seed: int, run: Run) -> Iterator[list[Trial]]:
    """Yield generations of NSGA-II without end.

    Raises:
        InputError: the optimizer is not installed.
    """
    try:
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.core.evaluator import Evaluator
        from pymoo.core.problem import Problem
        from pymoo.problems.static import StaticProblem
    except ImportError:
        raise InputError('design needs the extra "design": pip install "dwsynapse[design]"') from None

    required = len(misses(spec, {}))
    problem = Problem(n_var=len(spec.variables), n_obj=len(spec.minimize.names), n_ieq_constr=required, xl=0.0, xu=1.0)
    first = np.random.default_rng(seed).random((spec.budget.population, len(spec.variables)))
    first[0] = spec.begin()
    algorithm = NSGA2(pop_size=spec.budget.population, sampling=first)
    algorithm.setup(problem, termination=("n_gen", 10**9), seed=seed, verbose=False)
    while True:
        population = algorithm.ask()
        trials = run(np.asarray(population.get("X"), float))
        F = np.array([objectives(spec, trial.figures) for trial in trials])
        G = np.array([list(trial.misses.values()) for trial in trials])
        Evaluator().eval(StaticProblem(problem, F=F, G=G), population)
        algorithm.tell(infills=population)
        yield trials


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
    return min(trials, key=lambda trial: (sum(trial.misses.values()), trial.x))
