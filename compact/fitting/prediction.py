"""Standard errors of fitted probabilities, from the covariance of the parameters to first order."""

import functools

import numpy as np

from compact.forms.result import Fit
from dwcore.arguments import checked

_STEP = 0.1  # of a standard error of each parameter


@checked
def prediction_error(
    fit: Fit, *, temperature: float, current_density: float, duration: float, device: int = 0
) -> np.ndarray:
    """Return the standard error of `fit.model.matrix` at a pulse, shape (S, S+1) [1].

    It grows by the root of the dispersion where the fit is not perfect. What the closed form itself may miss, most of
    all far outside the pulses it was fitted to, is not in it, nor are parameters that the counts do not determine.

    Args:
        fit: the fit.
        temperature: [K].
        current_density: signed [A/m^2].
        duration: [s].
        device: number of the device.

    Raises:
        InputError: as `FittedModel.matrix`.
    """
    model = fit.model
    matrix = functools.partial(
        model.matrix, temperature=temperature, current_density=current_density, duration=duration
    )
    centre = matrix(device=device)
    value, error = model.value[device], model.standard_error[device]
    known = np.flatnonzero(np.isfinite(error) & (error > 0))
    slope = np.empty((known.size, *centre.shape))
    for row, i in enumerate(known):
        step = min(_STEP * error[i], 0.5 * value[i]) if value[i] > 0 else _STEP * error[i]
        high, low = value.copy(), value.copy()
        high[i], low[i] = value[i] + step, max(value[i] - step, 0.0)
        difference = matrix(vector=high) - matrix(vector=low)
        slope[row] = difference / (high[i] - low[i])
    covariance = model.covariance[device][np.ix_(known, known)]
    variance = np.einsum("iab,ij,jab->ab", slope, covariance, slope)
    return np.sqrt(np.maximum(variance, 0.0) * max(fit.dispersion, 1.0))
