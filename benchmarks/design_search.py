"""The search of `dwsynapse design` beside a random search with ten times its budget: hypervolume of what each finds.

    python benchmarks/design_search.py specification.toml --seeds 3 --pulses 100000

Both look at designs in the same way (`dwsynapse.design.trial`), with the same noise, and begin with the same first
generation; random search draws every further point of the unit cube evenly. The hypervolume is the share of the box
between zero and the first device of the specification, as it stands, that some design which holds surpasses in all
objectives (E. Zitzler, L. Thiele, IEEE Trans. Evol. Comput. 3, 257 (1999)). Prints one JSON object.
"""

import argparse
import dataclasses
import json
import time

import numpy as np
from pymoo.indicators.hv import HV

from dwsynapse.design.search import front, nsga2, search
from dwsynapse.design.specification import load_specification
from dwsynapse.design.trial import objectives


def at_random(spec, seed, run):
    """Yield generations of points that are drawn evenly; the first is that of `nsga2`."""
    rng = np.random.default_rng(seed)
    points = rng.random((spec.budget.population, len(spec.variables)))
    points[0] = spec.begin()
    while True:
        yield run(points)
        points = rng.random(points.shape)


def found(spec, optimizer, seed, pulses, jobs):
    """Return what a search with a budget finds."""
    spec = dataclasses.replace(spec, budget=dataclasses.replace(spec.budget, pulses=pulses))
    begin = time.perf_counter()
    trials = search(spec, optimizer, seed=seed, jobs=jobs)
    seconds = time.perf_counter() - begin
    reference = np.array(objectives(spec, trials[0].figures))
    best = np.array([objectives(spec, trial.figures) for trial in front(spec, trials)]).reshape(-1, reference.size)
    volume = HV(ref_point=np.ones(reference.size))(best / reference) if len(best) else 0.0
    lowest = dict(zip(spec.minimize.names, (best / reference).min(axis=0), strict=True)) if len(best) else {}
    return {"hypervolume": float(volume), "lowest": lowest, "designs": len(trials), "front": len(best),
            "pulses": sum(trial.pulses for trial in trials), "seconds": round(seconds, 1)}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specification")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pulses", type=int, help="budget of the search; that of the specification by default")
    parser.add_argument("--more", type=int, default=10, help="how many times as much random search gets")
    parser.add_argument("--jobs", type=int)
    arguments = parser.parse_args()
    spec = load_specification(arguments.specification)
    pulses = arguments.pulses or spec.budget.pulses
    rows = []
    for seed in range(1, arguments.seeds + 1):
        rows.append({"seed": seed, "nsga2": found(spec, nsga2, seed, pulses, arguments.jobs),
                     "random": found(spec, at_random, seed, arguments.more * pulses, arguments.jobs)})  # fmt: skip
        print(json.dumps(rows[-1]), flush=True)
    print(json.dumps({"no_worse": sum(row["nsga2"]["hypervolume"] >= row["random"]["hypervolume"] for row in rows),
                      "seeds": len(rows)}))  # fmt: skip


if __name__ == "__main__":
    main()
