"""Intervals from the likelihood: where the deviance, with all other parameters fitted again, has risen enough."""

import numpy as np
from scipy import optimize

from llg.calibration.deviance_fit import DevianceFit

_DOUBLINGS = 8


def profile_intervals(fit: DevianceFit, x: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Ends of the 95 % intervals.

    Args:
        fit: a fit that has settled.
        x: its best parameters over their scales, shape (p,) [1].
        spread: their standard errors, shape (p,) [1].

    Returns:
        Where the deviance has risen by the squared quantile on either side, shape (p, 2) [1]; infinite where a bound
        comes first.
    """
    highest = np.sum(fit.deviance_roots(x) ** 2) + fit.quantile() ** 2
    ends = np.empty((x.size, 2))
    for j in range(x.size):
        for side, sign in enumerate((-1, 1)):
            ends[j, side] = _end(fit, x, j, sign * min(spread[j], 1.0), highest)
    return ends


def _end(fit: DevianceFit, x: np.ndarray, j: int, step: float, highest: float) -> float:
    free = np.arange(x.size) != j
    nearby = x

    def excess(value: float) -> float:
        nonlocal nearby
        nearby = nearby.copy()
        nearby[j] = value
        if free.any():
            nearby = fit.minimize(nearby, free)
        return float(np.sum(fit.deviance_roots(nearby) ** 2) - highest)

    inner, edge = x[j], fit.bounds[int(step > 0), j]
    for doubling in range(_DOUBLINGS):
        outer = x[j] + 2 * step * 1.5**doubling
        outer = min(outer, edge) if step > 0 else max(outer, edge)
        if excess(outer) > 0:
            return float(optimize.brentq(excess, inner, outer, xtol=1e-3 * abs(step), rtol=1e-8))
        if outer == edge:
            break
        inner = outer
    return float(np.copysign(np.inf, step))
