"""What a design will be like, from those that were looked at: which of many candidates are worth a look.

The logarithms of barriers, lengths and energies are smooth in what is free. Between the designs that were looked at they
are interpolated by thin-plate splines with a linear part (J. Duchon, RAIRO Anal. Numer. 10, 5 (1976)). The forecast
chooses what is looked at next; it decides on no design.
"""

import math
from collections.abc import Sequence

import numpy as np

from dwsynapse.design.specification import LIMITS, LISTED, Specification
from dwsynapse.design.trial import Figures, Trial, misses, objectives

OF_THE_PULSE = "energy", "duration"
"""Figures that are known of a design only where its shortest sure pulse is."""
NAMES = (*(name for name in LIMITS if not name.startswith("one_step")), "duration", "current_density")
"""Figures that are forecast."""
SMOOTHING = 1e-4
"""Keeps designs that all but coincide from large coefficients."""
WEIGHT = 10.0
"""What one requirement that is missed twofold weighs against a power of ten of an objective."""


def forecast(spec: Specification, trials: Sequence[Trial], points: np.ndarray) -> list[Figures]:
    """Return the figures of points of the unit cube, shape (n, variables), as far as enough designs are known."""
    searched = ~np.isin(spec.variables, (*LISTED, "duration"))
    figures: list[Figures] = [{} for _ in points]
    kinds = [spec.listed(point) for point in points]
    for kind in dict.fromkeys(kinds):
        own = [i for i, other in enumerate(kinds) if other == kind]
        alike = [trial for trial in trials if spec.listed(np.array(trial.x)) == kind]
        for name in NAMES:
            known = {tuple(np.array(trial.x)[searched]): math.log(value) for trial in alike
                     if (value := _figure(spec, trial, name)) is not None}  # fmt: skip
            if values := _interpolated(known, points[own][:, searched]):
                for i, value in zip(own, values, strict=True):
                    figures[i][name] = math.exp(min(value, 700.0))
    return figures


def _figure(spec: Specification, trial: Trial, name: str) -> float | None:
    """Return a figure that has a logarithm; None of a pulse that is not sure."""
    sure = spec.wanted is None or (trial.figures.get("one_step") or 0.0) >= spec.wanted
    value = trial.figures.get(name) if sure or name not in OF_THE_PULSE else None
    return value if value is not None and 0 < value < math.inf else None


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
