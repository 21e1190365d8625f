"""Multinomial likelihood of rows of counts: deviance, what it should be, and its derivatives."""

import functools

import numpy as np
import scipy

FLOOR = 1e-12
"""No probability counts as smaller, so that one impossible count costs a finite amount."""
_LARGEST_SMALL = 60.0  # beyond, the deviance of a Poisson count follows its asymptotic series


def deviance(counts: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return twice the log likelihood ratio of the observed shares to p, shape (n,) [1]; cells on the last axis."""
    total = counts.sum(axis=-1, keepdims=True)
    xlogy = scipy.special.xlogy
    return 2.0 * (xlogy(counts, counts / np.maximum(total, 1)) - xlogy(counts, np.maximum(p, FLOOR))).sum(axis=-1)


def log_likelihood(counts: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return the log likelihood without the multinomial coefficient, shape (n,)."""
    return scipy.special.xlogy(counts, np.maximum(p, FLOOR)).sum(axis=-1)


def expected_deviance(total: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return the mean of the deviance of rows drawn from p itself, shape (n,) [1].

    Cells count as independent Poisson numbers, of which the given total takes one degree of freedom. With few expected
    counts a cell contributes less than one: rows that cannot vary contribute nothing.

    Args:
        total: trials per row, shape (n,).
        p: shape (n, m).
    """
    mean = _poisson_deviance(total[:, None] * p).sum(axis=-1)
    return np.maximum(mean - _poisson_deviance(np.maximum(total, 0).astype(float)), 0.0)


def _poisson_deviance(mu: np.ndarray) -> np.ndarray:
    """Return the mean of 2 [n ln(n/mu) - n + mu] for Poisson numbers n of mean mu."""
    grid, mean = _poisson_table()
    inside = np.clip(np.log(np.maximum(mu, 1e-300)), grid[0], grid[-1])
    large = mu > _LARGEST_SMALL
    safe = np.where(large, mu, 1.0)
    small = np.exp(grid[0])
    low = np.minimum(mu / small, 1.0)  # it vanishes in proportion to mu (up to a logarithm)
    return np.where(large, 1.0 + 1.0 / (6.0 * safe), low * np.interp(inside, grid, mean))


@functools.cache
def _poisson_table() -> tuple[np.ndarray, np.ndarray]:
    grid = np.linspace(np.log(1e-8), np.log(_LARGEST_SMALL * 1.1), 400)
    mu, n = np.exp(grid)[:, None], np.arange(220)
    weight = np.exp(n * np.log(mu) - mu - scipy.special.gammaln(n + 1))
    value = 2.0 * (scipy.special.xlogy(n, n / mu) - n + mu)
    return grid, (weight * value).sum(axis=1)


def score_and_information(counts: np.ndarray, p: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient of the log likelihood, and the expected information.

    Args:
        counts: shape (n, m).
        p: shape (n, m).
        slope: derivatives of p, shape (q, n, m).

    Returns:
        Shapes (q,) and (q, q).
    """
    inverse = np.where(p > FLOOR, 1.0 / np.maximum(p, FLOOR), 0.0)
    flat = slope.reshape(len(slope), -1)
    gradient = flat @ (counts * inverse).ravel()
    weighted = flat * np.sqrt(counts.sum(axis=-1)[:, None] * inverse).ravel()
    return gradient, weighted @ weighted.T
