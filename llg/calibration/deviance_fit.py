"""Least deviance of a model against several sets of data: residuals, derivatives, errors, covariance, intervals.

The law is that of `llg.calibration.fit`; this class keeps the state of one fit. Parameters are x, the values over their
scales; predictions are kept, so that nothing is computed twice.
"""

from collections.abc import Callable

import numpy as np
import scipy

from dwcore.errors import InputError, RunError
from llg.calibration.data import CalibrationData
from llg.calibration.parameters import FITTABLE, ParameterSpace
from llg.device.device import Device

CONFIDENCE = 0.95
_ROUNDS = 12
_SINGULAR = 1e-9
_SMALLEST_STEP = 1e-5
_BEND = 0.5
_DOUBLINGS = 8


class DevianceFit:
    """One fit; x are the parameters over their scales."""

    def __init__(self, space: ParameterSpace, data: tuple[CalibrationData, ...], progress: Callable[[int], None]):
        self.space, self.data, self.progress = space, data, progress
        self.scale = np.array(space.scale)
        self.bounds = np.array([space.lower, space.upper]) / self.scale
        self.step = np.full(self.scale.size, max((d.difference_step for d in data), default=1e-3))
        self.simulated = any(d.simulated for d in data)
        self.tolerance = 1e-4 if self.simulated else 1e-8
        self.known: dict[bytes, list[np.ndarray]] = {}
        self.error: list[np.ndarray] = []

    def check(self, x: np.ndarray):
        """Refuse what cannot be fitted, and find first errors."""
        n, p = sum(d.measured.size for d in self.data), x.size
        estimated = any(not d.errors_known for d in self.data)
        if n < p + estimated:
            raise InputError(f"{n} points cannot determine {p} parameters" + " and an error" * estimated)
        self.error = [self._first_error(d, f, x) for d, f in zip(self.data, self.predict(x), strict=True)]
        blind = np.flatnonzero(~np.any(self.jacobian(x), axis=0))
        if blind.size:
            name = self.space.names[blind[0]]
            value = f"{self.space.start[blind[0]]:g} [{FITTABLE[name].unit}]"
            raise InputError(f"cannot fit {name}: the prediction of these data does not change with it at {value}")

    def _first_error(self, data: CalibrationData, predicted: np.ndarray, x: np.ndarray) -> np.ndarray:
        error = data.error(self.device(x), predicted)
        if data.errors_known:
            return error
        size = np.std(data.measured - predicted) or np.abs(data.measured).max() or 1.0
        return error * size

    def converge(self, x: np.ndarray) -> np.ndarray:
        """Fit and new errors in turn until the parameters stay within a thousandth of their standard errors."""
        for _ in range(_ROUNDS):
            before = x
            x = self.minimize(x, np.ones(x.size, bool))
            self._reweight(x)
            spread = self.spread(x)
            limit = (0.02 if self.simulated else 1e-3) * spread
            if np.all(np.abs(x - before) <= np.maximum(limit, self.tolerance)):
                return x
            if not self.simulated:  # derivatives over no more than the errors, where the predictions may bend
                self.step = np.clip(spread, _SMALLEST_STEP, self.step)
        raise RunError(f"fit and errors did not settle in {_ROUNDS} rounds; start nearer or free less")

    def device(self, x: np.ndarray) -> Device:
        """Return the device with these parameters."""
        return self.space.device(x * self.scale)

    def predict(self, x: np.ndarray) -> list[np.ndarray]:
        """Return what each set of data should read, SI."""
        key = x.tobytes()
        if key not in self.known:
            device = self.device(x)
            self.known[key] = [d.predict(device) for d in self.data]
            self.progress(1)
        return self.known[key]

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """Return the predicted minus measured over the errors, shape (n,) [1]."""
        parts = zip(self.data, self.predict(x), self.error, strict=True)
        return np.concatenate([(f - d.measured) / e for d, f, e in parts])

    def deviance_roots(self, x: np.ndarray) -> np.ndarray:
        """Return the signed roots of the deviance of each point, shape (n,) [1]."""
        parts = zip(self.data, self.predict(x), self.error, strict=True)
        return np.concatenate([-d.deviance_roots(f, e) for d, f, e in parts])

    def jacobian(self, x: np.ndarray, function=None) -> np.ndarray:
        """Return the central differences that stay within the bounds, shape (n, p)."""
        function = function or self.residuals
        columns = []
        for j in range(x.size):
            low, high = x.copy(), x.copy()
            low[j] = max(x[j] - self.step[j], self.bounds[0, j])
            high[j] = min(x[j] + self.step[j], self.bounds[1, j])
            columns.append((function(high) - function(low)) / (high[j] - low[j]))
        return np.stack(columns, axis=1)

    def minimize(self, x: np.ndarray, free: np.ndarray) -> np.ndarray:
        """Return the least deviance over the parameters marked `free`."""

        def full(part):
            out = x.copy()
            out[free] = part
            return out

        inside = np.clip(x, self.bounds[0] + 1e-9, self.bounds[1] - 1e-9)[free]
        found = scipy.optimize.least_squares(
            lambda part: self.deviance_roots(full(part)),
            inside,
            jac=lambda part: self.jacobian(full(part), self.deviance_roots)[:, free],
            bounds=self.bounds[:, free],
            x_scale="jac",
            ftol=self.tolerance,
            xtol=self.tolerance,
            gtol=None,
            max_nfev=100,
        )
        if found.status <= 0:
            raise RunError("the fit did not converge in 100 steps; start nearer or free less")
        return full(found.x)

    def _reweight(self, x: np.ndarray):
        """Return the new errors at x: those the data predict, or the scatter of the residuals where none are known."""
        leverage = np.sum(np.linalg.svd(self.jacobian(x), full_matrices=False)[0] ** 2, axis=1)
        device, first = self.device(x), 0
        for i, (d, f) in enumerate(zip(self.data, self.predict(x), strict=True)):
            shape = d.error(device, f)
            if not d.errors_known:
                left = d.measured.size - leverage[first : first + d.measured.size].sum()
                scatter = np.sum(((d.measured - f) / shape) ** 2) / max(left, 1e-3)
                smallest = 1e-9 * np.abs(d.measured).max()
                shape = shape * max(np.sqrt(scatter), smallest)
            self.error[i] = shape
            first += d.measured.size

    def covariance(self, x: np.ndarray) -> np.ndarray:
        """Return the covariance of x; infinite for a parameter in a combination that the data do not determine."""
        J = self.jacobian(x)
        norm = np.linalg.norm(J, axis=0)
        norm[norm == 0] = 1.0
        _, s, vt = np.linalg.svd(J / norm, full_matrices=False)
        good = s > _SINGULAR * s[0]
        covariance = (vt[good].T / s[good] ** 2) @ vt[good]
        lost = np.any(np.abs(vt[~good]) > 1e-3, axis=0)
        covariance[lost, lost] = np.inf
        return covariance / np.outer(norm, norm)

    def spread(self, x: np.ndarray) -> np.ndarray:
        """Return the standard errors of x, shape (p,) [1]."""
        return np.sqrt(np.diag(self.covariance(x)))

    def quantile(self) -> float:
        """Return the half-width of the 95 % interval in standard errors."""
        left = sum(d.measured.size for d in self.data) - self.scale.size
        estimated = any(not d.errors_known for d in self.data)
        return float(
            scipy.stats.t.ppf(0.5 + CONFIDENCE / 2, left) if estimated else scipy.stats.norm.ppf(0.5 + CONFIDENCE / 2)
        )

    def abrupt(self, x: np.ndarray) -> np.ndarray:
        """Return whether the two one-sided differences disagree, per parameter."""
        bend, centre = np.zeros(x.size, bool), self.residuals(x)
        for j in range(x.size):
            ends = []
            for sign in (-1, 1):
                there = x.copy()
                there[j] = np.clip(x[j] + sign * self.step[j], *self.bounds[:, j])
                ends.append(self.residuals(there))
            second = np.linalg.norm(ends[0] + ends[1] - 2 * centre)
            bend[j] = second > _BEND * np.linalg.norm(ends[1] - ends[0])
        return bend


def profile_intervals(fit: DevianceFit, x: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return the ends of the 95 % intervals.

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
            ends[j, side] = _profile_end(fit, x, j, sign * min(spread[j], 1.0), highest)
    return ends


def _profile_end(fit: DevianceFit, x: np.ndarray, j: int, step: float, highest: float) -> float:
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
            return float(scipy.optimize.brentq(excess, inner, outer, xtol=1e-3 * abs(step), rtol=1e-8))
        if outer == edge:
            break
        inner = outer
    return float(np.copysign(np.inf, step))
