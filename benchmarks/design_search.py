"""The search of `dwsynapse design` beside NSGA-II and a random search with ten times its budget: hypervolume of each.

    python benchmarks/design_search.py specification.toml --seeds 3 --pulses 100000

NSGA-II (K. Deb et al., IEEE Trans. Evol. Comput. 6, 182 (2002)) is that of pymoo (extra `bench`). All look at designs
in the same way (`dwsynapse.design.trial`), with the same noise. Only the search finds the length of the pulse for each
design; for the others it is one more variable. Random search draws every point of the unit cube evenly. The hypervolume
is the share of the box between zero and the first device of the specification, as it stands, that some design which
holds surpasses in all objectives (E. Zitzler, L. Thiele, IEEE Trans. Evol. Comput. 3, 257 (1999)). Prints one JSON object
per seed, and one of all.
"""

import argparse
import dataclasses
import functools
import json
import time

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.evaluator import Evaluator
from pymoo.core.problem import Problem
from pymoo.indicators.hv import HV
from pymoo.problems.static import StaticProblem

from compact.bulk.local import run_threads
from dwsynapse.design.search import evolve, front, search
from dwsynapse.design.specification import load_specification, plain_figures
from dwsynapse.design.trial import misses, objectives

POPULATION = 32
"""Designs of a generation of NSGA-II, which needs more than the search does."""


def at_random(spec, seed, run):
    """Yield generations of points that are drawn evenly, but for the device that is there."""
    rng = np.random.default_rng(seed)
    points = rng.random((spec.budget.population, len(spec.variables)))
    points[0] = spec.begin()
    while True:
        yield run(points)
        points = rng.random(points.shape)


def nsga2(spec, seed, run):
    """Yield generations of NSGA-II, the first of which is drawn evenly, but for the device that is there."""
    first = np.random.default_rng(seed).random((POPULATION, len(spec.variables)))
    first[0] = spec.begin()
    required, aims = len(misses(spec, {})), len(spec.minimize.names)
    problem = Problem(n_var=first.shape[1], n_obj=aims, n_ieq_constr=required, xl=0.0, xu=1.0)
    algorithm = NSGA2(pop_size=len(first), sampling=first)
    algorithm.setup(problem, termination=("n_gen", 10**9), seed=seed, verbose=False)
    while True:
        population = algorithm.ask()
        trials = run(np.asarray(population.get("X"), float))
        F = np.array([objectives(spec, trial.figures) for trial in trials])
        G = np.array([list(trial.misses.values()) for trial in trials])
        Evaluator().eval(StaticProblem(problem, F=F, G=G), population)
        algorithm.tell(infills=population)
        yield trials


def found(spec, optimizer, seed, pulses, jobs):
    """Return what a search with a budget finds."""
    spec = dataclasses.replace(spec, budget=dataclasses.replace(spec.budget, pulses=pulses))
    begin = time.process_time()
    trials = search(
        spec, optimizer, seed=seed, tuned=optimizer is evolve, runner=functools.partial(run_threads, jobs=jobs)
    )
    seconds = time.process_time() - begin
    reference = 10 ** np.array(objectives(spec, plain_figures(spec.devices[0])))
    best = 10 ** np.array([objectives(spec, trial.figures) for trial in front(spec, trials)]).reshape(
        -1, reference.size
    )
    volume = HV(ref_point=np.ones(reference.size))(best / reference) if len(best) else 0.0
    lowest = dict(zip(spec.minimize.names, (best / reference).min(axis=0), strict=True)) if len(best) else {}
    return {"hypervolume": float(volume), "lowest": lowest, "designs": len(trials), "front": len(best),
            "pulses": sum(trial.pulses for trial in trials), "processor_seconds": round(seconds, 1)}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specification")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pulses", type=int, help="budget of the search; that of the specification by default")
    parser.add_argument("--more", type=int, default=10, help="how many times as much random search gets")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--against", nargs="+", choices=("nsga2", "random"), default=["nsga2", "random"])
    arguments = parser.parse_args()
    spec = load_specification(arguments.specification)
    pulses = arguments.pulses or spec.budget.pulses
    rows = []
    for seed in range(1, arguments.seeds + 1):
        rows.append({"seed": seed, "search": found(spec, evolve, seed, pulses, arguments.jobs)})
        if "nsga2" in arguments.against:
            rows[-1]["nsga2"] = found(spec, nsga2, seed, pulses, arguments.jobs)
        if "random" in arguments.against:
            rows[-1]["random"] = found(spec, at_random, seed, arguments.more * pulses, arguments.jobs)
        print(json.dumps(rows[-1]), flush=True)
    for other in arguments.against:
        no_worse = sum(row["search"]["hypervolume"] >= row[other]["hypervolume"] for row in rows)
        print(json.dumps({"against": other, "no_worse": no_worse, "seeds": len(rows)}))


if __name__ == "__main__":
    main()
