"""Device-to-device spread of fitted parameters in few dimensions, and devices drawn from it.

The logarithms of the parameters that devices have on their own (pace, thresholds) are taken as Gaussian,

    ln x = m + L z + sqrt(psi) w,   z, w standard normal,

a factor model: R common factors L, and a specific variance psi per parameter. The covariance of the fitted values is
that of the devices plus that of the fits; the latter, known from the fits, is subtracted first. The factors are the
leading eigenvectors of the rest, psi what they leave on its diagonal.

References:
    K. G. Joreskog, Psychometrika 32, 443 (1967): factor analysis. Principal factors are used here, not his likelihood.
"""

import dataclasses

import numpy as np

from dwcore.errors import InputError
from dwcore.storage.records import data

LEAST_DEVICES = 8
SHARE = 0.95
"""So much of the variance the common factors must hold."""
LARGEST_NUMBER = 2**62


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """Gaussian factor model of Q logarithmic parameters with R factors.

    Attributes:
        names: of the parameters.
        log_mean: mean logarithm of the SI value, shape (Q,).
        loading: factors as columns, largest first, shape (Q, R) [1].
        specific: variance beyond the factors, shape (Q,) [1].
        devices: number of devices it was found from.
    """

    names: tuple[str, ...] = data("parameters that differ between devices", "1", "Q", dtype="text", at="parameter")
    log_mean: np.ndarray = data("mean logarithm of the SI values", "1", "Q")
    loading: np.ndarray = data("common factors of the logarithms as columns", "1", "Q _")
    specific: np.ndarray = data("variance of the logarithms beyond the factors", "1", "Q", ge=0)
    devices: int = data("number of devices it was found from", dtype="i8", ge=1)

    def __post_init__(self):
        """Convert and check.

        Raises:
            InputError: shapes or values do not fit.
        """
        object.__setattr__(self, "names", tuple(str(name) for name in self.names))
        for field in ("log_mean", "loading", "specific"):
            values = np.array(getattr(self, field), dtype=np.float64)
            values.setflags(write=False)
            object.__setattr__(self, field, values)
        Q = len(self.names)
        if self.log_mean.shape != (Q,) or self.specific.shape != (Q,) or self.loading.shape[:1] != (Q,):
            raise InputError(f"spread: arrays must have {Q} rows, one per parameter")
        if self.loading.ndim != 2 or not all(
            np.isfinite(a).all() for a in (self.log_mean, self.loading, self.specific)
        ):
            raise InputError("spread: loading must be a matrix and all values finite")
        if np.any(self.specific < 0) or self.devices < 1:
            raise InputError("spread: specific variances must be >= 0 and devices >= 1")

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the logarithms between devices, shape (Q, Q) [1]."""
        return self.loading @ self.loading.T + np.diag(self.specific)

    @property
    def correlation(self) -> np.ndarray:
        """Correlation of the logarithms between devices, shape (Q, Q), one on the diagonal [1]."""
        size = np.sqrt(np.diag(self.covariance))
        size = np.where(size > 0, size, 1.0)
        out = self.covariance / np.outer(size, size)
        np.fill_diagonal(out, 1.0)
        return out

    def draw(self, number: int, seed: int) -> np.ndarray:
        """Return the SI values of device `number`, a pure function of (spread, seed, number), shape (Q,).

        Raises:
            InputError: a negative number or seed.
        """
        if not (0 <= number < LARGEST_NUMBER and 0 <= seed < LARGEST_NUMBER):
            raise InputError(f"number = {number} and seed = {seed} must be >= 0 and < 2^62")
        rng = np.random.default_rng((seed, number))
        specific = rng.standard_normal(len(self.names))
        common = rng.standard_normal(self.loading.shape[1])
        return np.exp(self.log_mean + self.loading @ common + np.sqrt(self.specific) * specific)


def find_spread(names, value: np.ndarray, covariance: np.ndarray, known: np.ndarray) -> Spread | None:
    """Return the factor model of some devices.

    Args:
        names: of the parameters.
        value: SI values, positive, shape (K, Q).
        covariance: of the fit of each device, shape (K, Q, Q).
        known: whether the counts determine the parameter, shape (K, Q), bool.

    Returns:
        The spread, None with fewer than LEAST_DEVICES devices that are known in full.
    """
    good = known.all(axis=1)
    if good.sum() < LEAST_DEVICES:
        return None
    value, covariance = value[good], covariance[good]
    log = np.log(value)
    error = (covariance / (value[:, :, None] * value[:, None, :])).mean(axis=0)
    total = np.atleast_2d(np.cov(log, rowvar=False))
    loading, specific = _factors(total - error)
    return Spread(names=names, log_mean=log.mean(axis=0), loading=loading, specific=specific, devices=int(good.sum()))


def _factors(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the leading eigenvectors scaled by the roots of their eigenvalues, and what they leave on the diagonal."""
    value, vector = np.linalg.eigh(covariance)
    value, vector = np.maximum(value[::-1], 0.0), vector[:, ::-1]
    if value.sum() == 0:
        return np.zeros((len(value), 0)), np.zeros(len(value))
    count = 1 + int(np.searchsorted(np.cumsum(value) / value.sum(), SHARE))
    loading = vector[:, :count] * np.sqrt(value[:count])
    loading *= np.where(loading.sum(axis=0) < 0, -1.0, 1.0)
    return loading, np.maximum(np.diag(covariance) - (loading**2).sum(axis=1), 0.0)
