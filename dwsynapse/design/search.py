"""The search: an evolution strategy over the unit cube of what is free, with every trial kept in a journal as it comes.

A search that goes on takes what the journal holds and gives the same generations, bit for bit, as trials depend on the
specification and the seed alone, and the optimizer on the trials.

References:
    J. D. Knowles, D. W. Corne, Evol. Comput. 8, 149 (2000): evolution strategies whose parents are the archive of
    designs that nothing found so far surpasses.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from compact.bulk.job import Runner
from compact.bulk.local import run_threads
from dwcore.numerics.threads import one_blas_thread
from dwsynapse.design.forecast import Forecast, chosen
from dwsynapse.design.journal import Journal
from dwsynapse.design.sections import LISTED
from dwsynapse.design.specification import Specification
from dwsynapse.design.trial import Examiner, Figures, Trial, objectives

STEPS = -2.5, -0.6
"""Powers of ten of the smallest and the largest standard deviation of a step from a design, in the unit cube."""
MOVED, REDRAWN = 0.6, 0.1
"""Share of the variables that a step changes, and chance that a choice from a list is drawn anew."""
FOLLOWED = 4
"""Designs that lead while none holds."""
CANDIDATES, REFINED = 500, 4
"""Points that a generation is chosen from by their forecast, and how often so many more are drawn about the best."""
CLOSER = 4
"""Designs of a generation that are looked at with a relaxed wall and instances, at most."""
Run = Callable[[np.ndarray], list[Trial]]
"""Looks at designs, points of the unit cube of shape (n, variables)."""


def search(
    spec: Specification,
    optimizer: Callable[[Specification, int, Run], Iterator[list[Trial]]] | None = None,
    *,
    seed: int,
    tuned: bool = True,
    runner: Runner = run_threads,
    journal: Journal | None = None,
    progress: Callable[[int], None] = lambda pulses: None,
) -> list[Trial]:
    """Return all trials of a search, in the order of their generations.

    Args:
        spec: the specification.
        optimizer: yields generation after generation, each of which it has had looked at; `evolve` by default.
        seed: root seed of the optimizer and of the noise.
        tuned: the shortest sure pulse of each design is found; otherwise its length is one of the variables.
        runner: looks at the designs of a generation, by default in threads; results do not depend on it.
        journal: keeps the trials; what it holds is not looked at again.
        progress: called with the number of pulses that were spent.
    """
    kept = journal or Journal(None, spec, seed)
    found: list[Trial] = []
    job = Examiner(spec, seed, tuned=tuned)
    relaxed = [device for device in spec.devices if device.wall_shape == "relaxed"]
    screened = bool(relaxed) or spec.require.one_step_of_devices is not None

    def look(points: np.ndarray, before: Sequence[Figures]) -> list[Trial]:
        """Look at designs with rigid walls, or with relaxed ones at what was looked at before."""
        begin, held = len(found), [objectives(spec, trial.figures) for trial in front(spec, found)]
        factors = Forecast(spec, found).softening if screened and not before else None
        tasks = [(begin + i, point, {"held": held, "rigid": factors and factors(point), "before": before[i] if before else {}})
                 for i, point in enumerate(points) if begin + i not in kept.known]  # fmt: skip
        for (number, *_), trial in runner(job, tasks):
            kept.put(number, dataclasses.asdict(trial))
        trials = [Trial.of(kept.known[begin + i]) for i in range(len(points))]
        found.extend(trials)
        progress(sum(trial.pulses for trial in trials))
        return trials

    def run(points: np.ndarray) -> list[Trial]:
        trials = look(points, ())
        best = unsurpassed(spec, [trial for trial in trials if trial.promising]) if screened else []
        best = [best[i] for i in np.unique(np.linspace(0, len(best) - 1, min(len(best), CLOSER)).round().astype(int))]
        closer = look(np.array([trial.x for trial in best]), [trial.figures for trial in best]) if best else []
        instead = {trial.x: other for trial, other in zip(best, closer, strict=True)}
        return [instead.get(trial.x, trial) for trial in trials]

    with one_blas_thread():  # the equations of the forecast round alike for any number of threads
        for _ in (optimizer or evolve)(spec, seed, run):
            if sum(trial.pulses for trial in found) >= spec.budget.pulses:
                break
    return found


def evolve(spec: Specification, seed: int, run: Run) -> Iterator[list[Trial]]:
    """Yield generations of an evolution strategy with an archive, without end.

    The first is spread evenly (a Latin hypercube), but for the device that is there; every other point is drawn half way
    to it. Each entry of a list is looked at once at least, as a forecast does not know the factor of one that was not
    seen. The later points are chosen by `dwsynapse.design.forecast` from many: points that are drawn evenly, and designs
    of the front, moved along some of their variables by normal steps, then again from steps from the best of these. The
    size of a step is drawn evenly by its logarithm, a choice from a list is drawn anew now and then. While no design
    holds, the nearest ones lead.
    """
    rng = np.random.default_rng(seed)
    n, size = spec.budget.population, len(spec.variables)
    first = max(n, *map(len, spec.lists.values()), 0)
    order = rng.permuted(np.tile(np.arange(first)[:, None], size), axis=0)
    points, found = (order + rng.random((first, size))) / first, list[Trial]()
    ranges = ~np.isin(spec.variables, LISTED)
    points[1::2, ranges] = (points[1::2, ranges] + spec.begin()[ranges]) / 2
    for name, choices in spec.lists.items():
        column = spec.variables.index(name)
        points[:, column] = ((order[:, column] - order[0, column]) % first % len(choices) + 0.5) / len(choices)
    points[0] = spec.begin()
    while True:
        trials = run(points)
        yield trials
        found.extend(trials)
        best = front(spec, found)
        points = np.array([trial.x for trial in best or sorted(found, key=_distance)[:FOLLOWED]])
        others, known = rng.random((CANDIDATES, size)), Forecast(spec, found)
        for _ in range(REFINED):
            many = np.concatenate([_moved(spec, rng, points, CANDIDATES), others])
            points = others = chosen(known, best, many, n)


def _moved(spec: Specification, rng: np.random.Generator, leading: np.ndarray, n: int) -> np.ndarray:
    """Return n points a step from some points, both of shape (points, variables)."""
    shape = n, len(spec.variables)
    listed = np.isin(spec.variables, LISTED)
    own = leading[rng.integers(len(leading), size=n)]
    moved = rng.random(shape) < MOVED
    moved[np.arange(n), rng.integers(shape[1], size=n)] = True
    step = 10 ** rng.uniform(*STEPS, size=(n, 1)) * rng.standard_normal(shape)
    anew = rng.random(shape)
    near = np.abs(own + step * moved)  # reflected at the faces of the cube
    near = np.clip(np.where(near > 1, 2 - near, near), 0, 1)
    return np.where(listed, np.where(anew < REDRAWN, anew / REDRAWN, own), near)


def front(spec: Specification, trials: list[Trial]) -> list[Trial]:
    """Return the designs that hold and that none that holds surpasses, by the first objective."""
    return unsurpassed(spec, [trial for trial in trials if trial.holds])


def unsurpassed(spec: Specification, trials: list[Trial]) -> list[Trial]:
    """Return the designs that no other one surpasses, by the first objective."""
    trials = list({trial.x: trial for trial in trials}.values())
    F = np.array([objectives(spec, trial.figures) for trial in trials]).reshape(len(trials), len(spec.minimize.names))
    best = [
        trial
        for trial, own in zip(trials, F, strict=True)
        if not ((own >= F).all(axis=1) & (own > F).any(axis=1)).any()
    ]
    return sorted(best, key=lambda trial: (objectives(spec, trial.figures), trial.x))


def nearest_design(trials: list[Trial]) -> Trial:
    """Return the design that misses the requirements by the least in all; one that was only screened may miss none."""
    return min([trial for trial in trials if not trial.promising] or trials, key=_distance)


def _distance(trial: Trial) -> tuple:
    """Return what orders trials by how far they miss the requirements in all; what is unknown is missed by more."""
    known = [name for name in trial.misses if trial.figures.get(name) is not None]
    return sum(m / (1 + m) if name in known else m for name, m in trial.misses.items()), trial.x


def first_missed(trial: Trial) -> str:
    """Return the requirement that a trial misses by most, of those that were looked for."""
    known = {name: miss for name, miss in trial.misses.items() if miss and trial.figures.get(name) is not None}
    missed = known or trial.misses
    return max(missed, key=lambda name: missed[name])
