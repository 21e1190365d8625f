"""How well the fitted and the interpolated model describe pulses they have not seen, and whether intervals cover.

    dwsynapse sweep five_state -n 1000 --seed 1 -o raw.h5        # what is fitted
    dwsynapse sweep five_state -n 2000 --seed 2 -o fresh.h5      # the truth, other noise
    python benchmarks/compact_fit.py held-out raw.h5 fresh.h5
    python benchmarks/compact_fit.py coverage raw.h5 fresh.h5    # better with ten times more trajectories in fresh.h5
    python benchmarks/compact_fit.py forms raw.h5
    python benchmarks/compact_fit.py extrapolate raw.h5 hot.h5 long.h5   # other temperatures or durations, every form
    python benchmarks/compact_fit.py devices instances.h5 other_instances.h5   # drawn devices beside freshly swept ones

held-out: each third of the grid in turn is left out; the rest is fitted, and also made into a coarser table that is
interpolated. Total variation distances from the fresh counts are means over the states, less what sampling alone would
give.
"""

import argparse
import dataclasses
import json
import sys

import numpy as np
from scipy.stats import ks_2samp

from compact.fitting.drawn import drawn_matrices
from compact.fitting.estimate import fit_table
from compact.fitting.goodness import goodness_of_fit
from compact.fitting.intervals import intervals
from compact.fitting.run import compare_forms, folds, run_fit, with_fit
from compact.forms.registry import DEFAULT, FORMS
from compact.forms.result import Fit
from compact.table.interpolate import transition_matrix
from compact.table.operating_point import OperatingPoint
from compact.table.table_file import load_table
from compact.table.transition_table import TransitionTable


def distance(rows: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Mean total variation distance of shares from rows, and what sampling of the counts makes of it on average [1]."""
    n = counts.sum(axis=-1, keepdims=True)
    share = counts / n
    sampling = np.sqrt(2 * rows * (1 - rows) / (np.pi * n)).sum(axis=-1) / 2
    return float(0.5 * np.abs(share - rows).sum(axis=-1).mean()), float(sampling.mean())


def linear_rows(table: TransitionTable, held: np.ndarray, a: int, d: int) -> np.ndarray:
    """Probabilities interpolated linearly along the current between the nearest points kept, for comparison."""
    kept = np.flatnonzero(~held[0, :, d])
    J = table.current_density
    p = table.probability[0, 0, kept, d]
    i = int(np.clip(np.searchsorted(J[kept], J[a]), 1, kept.size - 1))
    w = (J[a] - J[kept[i - 1]]) / (J[kept[i]] - J[kept[i - 1]])
    return (1 - w) * p[i - 1] + w * p[i]


def interpolated_rows(table: TransitionTable, held: np.ndarray, a: int, d: int, fit) -> np.ndarray:
    """Row of the interpolated table along the current from the points kept at this duration."""
    kept = np.flatnonzero(~held[0, :, d])
    J = table.current_density
    if fit is not None:
        grid = {n: getattr(fit, n)[:, :, kept][..., [d]] for n in ("deviance", "expected_deviance", "residual")}
        fit = dataclasses.replace(fit, **grid)
    part = dataclasses.replace(
        table, current_density=J[kept], duration=table.duration[[d]], counts=table.counts[:, :, kept][:, :, :, [d]],
        energy_per_pulse=table.energy_per_pulse[kept][:, [d]], fit=fit,
    )  # fmt: skip
    pulse = {"temperature": float(table.temperature[0]), "duration": float(table.duration[d])}
    return transition_matrix(part, current_density=float(J[a]), **pulse)


def held_out(raw: TransitionTable, fresh: TransitionTable, form: str) -> dict:
    """Distances of each method on the grid points left out."""
    found = {name: [] for name in ("closed form", "table about the closed form", "table alone", "linear")}
    sampling = {name: [] for name in found}
    ratio = []
    for held in folds(raw):
        model = fit_table(raw, form, use=~held)
        goodness = goodness_of_fit(fresh, model)
        ratio.append((goodness.deviance[0][held].sum(), goodness.expected[0][held].sum()))
        fit = only_model(raw, model)
        for _, a, d in np.argwhere(held):
            kept = np.flatnonzero(~held[0, :, d])
            if not kept[0] < a < kept[-1]:
                continue  # a table does not answer outside its grid
            pulse = {"current_density": float(raw.current_density[a]), "duration": float(raw.duration[d])}
            rows = {
                "closed form": model.matrix(temperature=float(raw.temperature[0]), **pulse),
                "table about the closed form": interpolated_rows(raw, held, a, d, fit),
                "table alone": interpolated_rows(raw, held, a, d, None),
                "linear": linear_rows(raw, held, a, d),
            }
            counts = fresh.counts[0, 0, a, d].astype(float)
            for name, values in rows.items():
                one, noise = distance(values, counts)
                found[name].append(one)
                sampling[name].append(noise)
    deviance, expected = np.sum(ratio, axis=0)
    result = {
        "points": len(found["closed form"]),
        "deviance_per_degree_of_freedom_on_fresh_counts": deviance / expected,
    }
    for name, values in found.items():
        excess = np.array(values) - np.array(sampling[name])
        result[name] = {"mean": float(excess.mean()), "worst": float(excess.max()), "worst_with_sampling": max(values)}
    return result


def only_model(table: TransitionTable, model):
    """A fit that holds a model, for tables to interpolate about."""
    zero = np.zeros(table.counts.shape[:4])
    return Fit(model=model, deviance=zero, expected_deviance=zero, residual=zero, free=0, verdict="held out")


def coverage(raw: TransitionTable, fresh: TransitionTable, form: str) -> dict:
    """Share of entries whose 95 % interval holds the share of the fresh counts."""
    truth, result = fresh.probability[0], {}
    uncertain = (fresh.counts[0] > 0) & (fresh.counts[0] < fresh.counts[0].sum(axis=-1, keepdims=True))
    for name, fit in (("counts alone", None), ("about the closed form", run_fit(raw, form))):
        low, high = intervals(raw, fit=fit)
        inside = (truth >= low[0]) & (truth <= high[0])
        result[name] = {
            "all entries": float(inside.mean()),
            "entries neither never nor always seen in the fresh counts": float(inside[uncertain].mean()),
            "mean width there": float((high[0] - low[0])[uncertain].mean()),
        }
    return result | {"entries": int(uncertain.size), "uncertain entries": int(uncertain.sum())}


def extrapolate(raw: TransitionTable, others: dict[str, TransitionTable]) -> dict:
    """Distances of every form, fitted to one table, from the counts of others."""
    result = {}
    for form in FORMS:
        model, result[form] = fit_table(raw, form), {}
        for name, other in others.items():
            goodness = goodness_of_fit(other, model)
            excess = goodness.distance - goodness.sampling
            ratio = goodness.deviance.sum() / goodness.expected.sum()
            result[form][name] = {"mean": excess.mean(), "worst": excess.max(), "deviance_per_degree_of_freedom": ratio}
    return result


def devices(raw: TransitionTable, fresh: TransitionTable, form: str, drawn: int = 1000) -> list[dict]:
    """Chance to stay in each state: of devices drawn from the spread, and of device instances not fitted to."""
    table, found = with_fit(raw, run_fit(raw, form)), []
    for a, d in np.ndindex(fresh.current_density.size, fresh.duration.size):
        J, duration, T = fresh.current_density[a], fresh.duration[d], fresh.temperature[0]
        point = OperatingPoint(current_density=float(J), duration=float(duration), temperature=float(T))
        stay = drawn_matrices(table, [point], devices=drawn, seed=1)[:, 0]
        for s in range(fresh.position.size):
            model, swept = stay[:, s, s], fresh.probability[:, 0, a, d, s, s]
            n = fresh.counts[0, 0, a, d, s].sum()
            if swept.min() == 1:
                continue
            noise = (swept * (1 - swept)).mean() / n
            found.append({
                "current_density": float(J), "duration": float(duration), "state": s,
                "mean": [float(model.mean()), float(swept.mean())],
                "standard_deviation": [float(model.std()), float(np.sqrt(max(swept.var(ddof=1) - noise, 0.0)))],
                "kolmogorov_smirnov_p": float(ks_2samp(model, swept).pvalue),
            })  # fmt: skip
    return found


def main():
    """Run one of the measurements and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("held-out", "coverage", "forms", "extrapolate", "devices"))
    parser.add_argument("raw")
    parser.add_argument("fresh", nargs="*", help="one or more tables on the same grid, whose counts are added")
    parser.add_argument("--form", default=DEFAULT)
    arguments = parser.parse_args()
    raw = load_table(arguments.raw)
    if arguments.what == "forms":
        print(json.dumps(compare_forms(raw), indent=2))
        return
    if not arguments.fresh:
        sys.exit("needs further tables")
    if arguments.what == "extrapolate":
        print(json.dumps(extrapolate(raw, {path: load_table(path) for path in arguments.fresh}), indent=2))
        return
    if arguments.what == "devices":
        print(json.dumps(devices(raw, load_table(arguments.fresh[0]), arguments.form), indent=2))
        return
    tables = [load_table(path) for path in arguments.fresh]
    fresh = dataclasses.replace(tables[0], counts=sum(t.counts for t in tables))
    measure = held_out if arguments.what == "held-out" else coverage
    print(json.dumps(measure(raw, fresh, arguments.form), indent=2))


if __name__ == "__main__":
    main()
