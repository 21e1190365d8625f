"""What a design will be like, from those that were looked at: which of many candidates are worth a look.

Barriers, lengths and energies are about products of powers of what is free. So their logarithms are interpolated over
its logarithms between the designs that were looked at, by thin-plate splines with a linear part (J. Duchon, RAIRO Anal.
Numer. 10, 5 (1976)). The forecast chooses what is looked at next; it decides on no design.
"""

import math
from collections.abc import Sequence

import numpy as np

from dwsynapse.design.pulses import FALL
from dwsynapse.design.specification import LIMITS, LISTED, Specification
from dwsynapse.design.trial import Figures, Trial, misses, objectives

OF_THE_PULSE = "energy", "duration"
"""Figures that depend on the length of the pulse; energy is all but proportional to it."""
NAMES = (*(name for name in LIMITS if not name.startswith("one_step")), "duration", "current_density")
"""Figures that are forecast."""
SMOOTHING = 1e-4
"""Keeps designs that all but coincide from large coefficients."""
WEIGHT = 10.0
"""What one requirement that is missed twofold weighs against a power of ten of an objective."""


def forecast(spec: Specification, trials: Sequence[Trial], points: np.ndarray) -> list[Figures]:
    """Return the figures of points of the unit cube, shape (n, variables), as far as enough designs are known."""
    searched = [name for name in spec.variables if name not in (*LISTED, "duration")]

    def place(x: Sequence[float]) -> tuple[float, ...]:
        values = spec.values(np.array(x))
        return tuple(math.log(values[name]) for name in searched)

    places = np.array([place(point) for point in points])
    figures: list[Figures] = [{} for _ in points]
    kinds = [spec.listed(point) for point in points]
    for kind in dict.fromkeys(kinds):
        own = [i for i, other in enumerate(kinds) if other == kind]
        alike = [trial for trial in trials if spec.listed(np.array(trial.x)) == kind]
        for name in NAMES:
            known = {place(trial.x): math.log(value) for trial in alike
                     if (value := _figure(spec, trial, name)) is not None}  # fmt: skip
            if values := _interpolated(known, places[own]):
                for i, value in zip(own, values, strict=True):
                    figures[i][name] = math.exp(min(value, 700.0))
    return figures


def _figure(spec: Specification, trial: Trial, name: str) -> float | None:
    """Return a figure that has a logarithm; of a pulse that is not sure about what a sure one would have."""
    value, factor = trial.figures.get(name), 1.0
    if name in OF_THE_PULSE and spec.wanted is not None:
        p = trial.figures.get("one_step")
        factor = 0.0 if p is None else max(1.0, ((1 - p) / (1 - spec.wanted)) ** FALL)
    return value * factor if value is not None and 0 < value * factor < math.inf else None


def _interpolated(known: dict[tuple[float, ...], float], points: np.ndarray) -> list[float]:
    """Return what a spline through known values gives at points, shape (n, variables); nothing where they are too few."""
    from scipy.interpolate import RBFInterpolator  # slow to import

    if not points.shape[1] or len(known) < 2 * (points.shape[1] + 1):
        return []
    try:
        spline = RBFInterpolator(np.array(list(known)), np.array(list(known.values())), smoothing=SMOOTHING)
        return spline(points).tolist()
    except np.linalg.LinAlgError:  # the designs lie in a plane
        return []


def chosen(
    spec: Specification, trials: Sequence[Trial], front: Sequence[Trial], points: np.ndarray, n: int
) -> np.ndarray:
    """Return n of some points: one after the other the one that is forecast to gain most on the front and those before.

    The gain is the power of ten by which a point is better than each other design in some objective, less what it is
    forecast to miss of the requirements. A requirement of which too little is known counts as kept.
    """
    figures = forecast(spec, trials, points)
    if any(name not in one for one in figures for name in spec.minimize.names):
        return points[:n]
    kept = {name: getattr(spec.require, name) for name in LIMITS} | {"states": 1.0, "one_step": spec.wanted}
    missed = np.array([sum(misses(spec, kept | one).values()) for one in figures])
    if spec.free.duration:
        missed += [max(math.log((one.get("duration") or 0.0) / spec.free.duration[1] + 1e-9), 0.0) for one in figures]
    own = np.array([objectives(spec, one) for one in figures])
    rivals = [objectives(spec, trial.figures) for trial in front]
    gain = np.min([np.max(np.array(rival) - own, axis=1) for rival in rivals] or [-own.mean(axis=1)], axis=0)
    picked = list[int]()
    for _ in range(n):
        score = gain - WEIGHT * missed
        score[picked] = -np.inf
        picked.append(int(score.argmax()))
        gain = np.minimum(gain, np.max(own[picked[-1]] - own, axis=1))
    return points[picked]
