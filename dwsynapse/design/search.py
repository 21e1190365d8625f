"""The search: an evolution strategy over the unit cube of what is free, with every trial kept in a journal as it comes.

The journal is a text of one JSON value per line, the first of which says what it belongs to; all others end with a hash
of that and of themselves. A search that goes on takes what is there and gives the same generations, bit for bit, as
trials depend on the specification and the seed alone, and the optimizer on the trials.

References:
    J. D. Knowles, D. W. Corne, Evol. Comput. 8, 149 (2000): evolution strategies whose parents are the archive of
    designs that nothing found so far surpasses.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from compact.bulk.job import Runner
from compact.bulk.local import run_threads
from dwcore.errors import InputError
from dwcore.numerics.threads import one_blas_thread
from dwcore.storage.provenance import canonical_json
from dwsynapse.design.forecast import Forecast, chosen
from dwsynapse.design.sections import LISTED
from dwsynapse.design.specification import Specification
from dwsynapse.design.trial import Examiner, Figures, Trial, objectives

VERSION = 3
"""Of the search: raised with every change of what is looked at and of what a look finds, so that no journal goes on with
designs that were drawn in another way."""
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


class Trials:
    """The trials of a search by their number, kept in a file.

    Args:
        path: the journal; None keeps nothing.
        config: what the journal belongs to.
        resume: go on with what it holds.

    Raises:
        InputError: it belongs to another search, or a line of it is damaged.
    """

    def __init__(self, path: Path | None, config: dict, *, resume: bool):
        self.path, self.known = path, dict[int, Trial]()
        config = {"search": VERSION, **config}
        self._head = canonical_json(config)
        if path is None:
            return
        if resume and path.exists() and (size := path.read_bytes().rfind(b"\n") + 1):
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
            _compare(path, lines[0], config)
            for i, line in enumerate(lines[1:], 2):
                text = f"{line.rpartition(', ')[0]}]"
                if self._sealed(text) != line:
                    raise InputError(f"{path}: line {i} is damaged; --force starts anew")
                number, trial = json.loads(text)
                self.known[number] = Trial(**trial | {"x": tuple(trial["x"])})
            os.truncate(path, size)  # what follows the last end of a line is unfinished
        else:
            path.write_text(f"{self._head}\n", encoding="utf-8")

    def put(self, number: int, trial: Trial) -> None:
        """Keep a trial."""
        self.known[number] = trial
        if self.path is not None:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(self._sealed(json.dumps([number, dataclasses.asdict(trial)])) + "\n")
                file.flush()
                os.fsync(file.fileno())

    def _sealed(self, text: str) -> str:
        """Return a list in JSON with one more entry, the hash of it and of what the journal belongs to."""
        return f'{text[:-1]}, "{hashlib.sha256((self._head + text).encode()).hexdigest()[:16]}"]'


def _compare(path: Path, head: str, config: dict) -> None:
    """Refuse the journal of another search, which its first line tells."""
    config = json.loads(canonical_json(config))
    try:
        begun = json.loads(head)
    except (ValueError, RecursionError):
        begun = None
    if not isinstance(begun, dict):
        raise InputError(f"{path}: belongs to another search, or to none; --force starts anew")
    version = begun.get("search", 1)
    if version != VERSION:
        raise InputError(f"{path}: was begun by version {version} of the search, and this is {VERSION}, which draws other "
                         "designs; --force starts anew")  # fmt: skip
    if different := [name for name in config if config[name] != begun.get(name)]:
        raise InputError(
            f"{path}: belongs to another search, of another {' and '.join(different)}; --force starts anew"
        )


def search(
    spec: Specification,
    optimizer: Callable[[Specification, int, Run], Iterator[list[Trial]]] | None = None,
    *,
    seed: int,
    tuned: bool = True,
    runner: Runner = run_threads,
    journal: Path | None = None,
    resume: bool = False,
    progress: Callable[[int], None] = lambda pulses: None,
) -> list[Trial]:
    """Return all trials of a search, in the order of their generations.

    Args:
        spec: the specification.
        optimizer: yields generation after generation, each of which it has had looked at; `evolve` by default.
        seed: root seed of the optimizer and of the noise.
        tuned: the shortest sure pulse of each design is found; otherwise its length is one of the variables.
        runner: looks at the designs of a generation, by default in threads; results do not depend on it.
        journal: file that keeps the trials.
        resume: go on with what the journal holds.
        progress: called with the number of pulses that were spent.
    """
    kept = Trials(journal, {"specification": spec.config(), "seed": seed}, resume=resume)
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
            kept.put(number, trial)
        trials = [kept.known[begin + i] for i in range(len(points))]
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
    to it. The later points are chosen by `dwsynapse.design.forecast` from many: points that are drawn evenly, and designs
    of the front, moved along some of their variables by normal steps, then again from steps from the best of these. The
    size of a step is drawn evenly by its logarithm, a choice from a list is drawn anew now and then. While no design
    holds, the nearest ones lead.
    """
    rng = np.random.default_rng(seed)
    n, size = spec.budget.population, len(spec.variables)
    order = rng.permuted(np.tile(np.arange(n)[:, None], size), axis=0)
    points, found = (order + rng.random((n, size))) / n, list[Trial]()
    ranges = ~np.isin(spec.variables, LISTED)
    points[1::2, ranges] = (points[1::2, ranges] + spec.begin()[ranges]) / 2
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
