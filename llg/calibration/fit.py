"""Fit parameters of a device to measurements by maximum likelihood, as least squares.

For measured y, predicted f(theta) and standard errors s the fit minimizes the deviance: the sum of ((y - f)/s)^2 for
normal errors, the binomial deviance for counts; its signed roots are the residuals. Normal errors may depend on the fit
(those of a position act through the slope), so fit and errors are found in turn until they settle. Errors that are not
known are taken as one number per set, estimated from its residuals with the degrees of freedom its points have left (n
minus the sum of their leverages). The covariance is (J^T J)^-1 with the Jacobian J of f/s, for counts with
s^2 = P(1 - P)/n, which makes it the inverse of Fisher's information. The 95 % intervals are normal, or Student's where
an error was estimated. Profile intervals hold a parameter at values around its best, fit the others again and stop
where the deviance has risen by the square of that quantile.

References:
    G. A. F. Seber, C. J. Wild, Nonlinear Regression (Wiley 1989), chapters 2 and 5.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from dwcore.arguments import checked
from llg.calibration.data import CalibrationData, refuse_static_field
from llg.calibration.deviance_fit import DevianceFit, profile_intervals
from llg.calibration.parameters import ParameterSpace
from llg.device.device import Device

_ROUNDS = 4  # of the fit, each with relaxed walls expanded about the result of the one before


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calibration:
    """A fit and how well it is known.

    Attributes:
        device: the device with the fitted values.
        names: fitted parameters, p of them.
        start: values before, shape (p,), SI.
        value: fitted values, shape (p,), SI.
        standard_error: shape (p,), SI; infinite for what the data do not determine.
        interval: 95 % intervals from the standard errors, shape (p, 2), SI.
        profile: 95 % intervals from the likelihood, shape (p, 2), SI; infinite where a bound is reached first; or None.
        correlation: shape (p, p) [1].
        sensitivity: derivatives of the predictions over their errors, shape (n, p), 1/SI.
        at_bound: the value lies on a bound of the search, shape (p,), bool.
        abrupt: the predictions bend within the step of their derivative, shape (p,), bool.
        data: what was fitted.
        predicted: predictions of each set, SI.
        error: standard errors of each set, given or estimated, SI.
        degrees_of_freedom: points minus parameters.
        evaluations: number of devices that were predicted.
    """

    device: Device
    names: tuple[str, ...]
    start: np.ndarray
    value: np.ndarray
    standard_error: np.ndarray
    interval: np.ndarray
    profile: np.ndarray | None
    correlation: np.ndarray
    sensitivity: np.ndarray
    at_bound: np.ndarray
    abrupt: np.ndarray
    data: tuple[CalibrationData, ...]
    predicted: tuple[np.ndarray, ...]
    error: tuple[np.ndarray, ...]
    degrees_of_freedom: int
    evaluations: int

    @property
    def chi2(self) -> float:
        """Sum of the squared residuals over their errors; that of estimated errors is their degrees of freedom."""
        parts = zip(self.data, self.predicted, self.error, strict=True)
        return float(sum(np.sum(((d.measured - p) / e) ** 2) for d, p, e in parts))


@checked
def calibrate(
    device: Device,
    data: Sequence[CalibrationData],
    free: Sequence[str],
    *,
    profile: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> Calibration:
    """Fit parameters of a device.

    Args:
        device: where the fit starts; holds all that is not fitted.
        data: measurements, see `llg.calibration.pinning_map`, `velocity_curve`, `depinning_curve` and `wall_trace`.
        free: names of the parameters to fit, keys of `llg.calibration.parameters.FITTABLE`.
        profile: find the intervals from the likelihood as well.
        progress: called with 1 after each prediction of all data.

    Raises:
        InputError: too few points, a parameter on which no data depend, or a device in a static field.
        RunError: the fit did not converge.
    """
    refuse_static_field(device)
    space = ParameterSpace(device, free)
    fit = DevianceFit(space, tuple(data), progress)
    x = np.array(space.start) / fit.scale
    fit.check(x)
    x = fit.converge(x)
    for _ in range(_ROUNDS):
        if not space.centre_on(x * fit.scale):
            break
        fit = DevianceFit(space, tuple(data), progress)
        fit.check(x)
        x = fit.converge(x)
    return _result(fit, x, profile)


def _result(fit: DevianceFit, x: np.ndarray, profile: bool) -> Calibration:
    covariance = fit.covariance(x)
    spread = np.sqrt(np.diag(covariance))
    known = np.isfinite(spread)
    correlation = np.eye(x.size)  # what the data do not determine is left uncorrelated
    pairs = np.ix_(known, known)
    correlation[pairs] = covariance[pairs] / np.outer(spread[known], spread[known])
    half = fit.quantile() * spread
    intervals = profile_intervals(fit, x, spread) if profile else None
    return Calibration(
        device=dataclasses.replace(fit.device(x), nominal=None),
        names=fit.space.names,
        start=np.array(fit.space.start),
        value=x * fit.scale,
        standard_error=spread * fit.scale,
        interval=np.stack([x - half, x + half], axis=1) * fit.scale[:, None],
        profile=None if intervals is None else intervals * fit.scale[:, None],
        correlation=correlation,
        sensitivity=fit.jacobian(x) / fit.scale,
        at_bound=np.any(np.abs(x - fit.bounds) < 1e-6 * np.maximum(np.abs(x), 1), axis=0),
        abrupt=fit.abrupt(x),
        data=fit.data,
        predicted=tuple(fit.predict(x)),
        error=tuple(fit.error),
        degrees_of_freedom=sum(d.measured.size for d in fit.data) - x.size,
        evaluations=len(fit.known),
    )
