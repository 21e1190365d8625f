"""Levels in a list of conductances: a mixture of Gaussians on a line, with a flat share for outliers.

Likelihood of each reading: (1 - w) sum_s p_s N(G; mean_s, std_s) + w / range. Expectation and maximization start from
the best partition of the sorted values into S intervals (least sum of squares, found exactly by dynamic programming),
so that the result does not depend on a seed. The number of levels is that of the least Bayesian information criterion.

References:
    A. P. Dempster, N. M. Laird and D. B. Rubin, J. R. Stat. Soc. B 39, 1 (1977).
    G. Schwarz, Ann. Stat. 6, 461 (1978).
    J. D. Banfield and A. E. Raftery, Biometrics 49, 803 (1993): the flat share.
"""

import dataclasses

import numpy as np

LEAST_READINGS = 8
"""Readings that a level must account for; fewer are outliers [1]."""
OUTLIER_START = 1e-3
MOST_OUTLIERS = 0.2
NARROWEST = 1e-4
"""Least standard deviation of a level as a share of the range, where the readings are not coarser [1]."""
BINS = 400
MOST_SINGLE, BINS_OF_MANY = 20_000, 4096
ROUNDS = 300
CONVERGED = 1e-8


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """Readings of one device; of many, those within a bin stand together.

    Attributes:
        value: mean of each bin, of few readings one by one, shape (m,).
        number: readings in it, shape (m,).
        variance: of them, shape (m,).
        bin: of each reading, shape (n,).
        kept: whether a bin is of more than stragglers, shape (m,).
    """

    value: np.ndarray
    number: np.ndarray
    variance: np.ndarray
    bin: np.ndarray
    kept: np.ndarray


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Levels:
    """Levels of one device.

    Attributes:
        mean: ascending, shape (S,).
        std: shape (S,).
        share: of the readings at each level, shape (S,); the rest are outliers.
        level: number of the level of each reading, -1 for outliers, shape (n,).
        misplaced: expected share of readings put to a wrong level [1].
        bic: Bayesian information criterion, to be small.
    """

    mean: np.ndarray
    std: np.ndarray
    share: np.ndarray
    level: np.ndarray
    misplaced: float
    bic: float


def grouped(values: np.ndarray) -> Readings:
    """Return readings as `find_levels` takes them.

    More than `MOST_SINGLE` stand in bins, the width h of which is 1/`BINS_OF_MANY` of their range. A bin keeps number,
    mean and variance of its readings; it is put to one level. Against single readings, with levels of standard deviation
    s, means move by less than 0.1 (h/s)^2 s and standard deviations by less than (h/s)^2 s (2 to 19 levels, measured).

    Args:
        values: finite readings, shape (n,).
    """
    odd = stragglers(values)
    if values.size <= MOST_SINGLE:
        one = np.ones(values.size)
        return Readings(value=values, number=one, variance=0 * one, bin=np.arange(values.size), kept=~odd)
    low, high = values[~odd].min(initial=np.inf), values[~odd].max(initial=-np.inf)
    place = np.floor((values - low) / max(high - low, 1e-300) * BINS_OF_MANY)
    place = np.where(odd, BINS_OF_MANY + 1 + np.arange(values.size), np.clip(place, 0, BINS_OF_MANY))
    first, number = np.unique(place, return_inverse=True)
    count = np.bincount(number).astype(float)
    mean = np.bincount(number, values) / count
    variance = np.bincount(number, (values - mean[number]) ** 2) / count
    return Readings(value=mean, number=count, variance=variance, bin=number, kept=first <= BINS_OF_MANY)


def find_levels(readings: Readings, levels: int) -> Levels | None:
    """Fit a given number of levels; None where the readings do not carry as many.

    Args:
        readings: see `grouped`.
        levels: their number S.
    """
    values, number = readings.value, readings.number
    kept = readings.kept
    if number[kept].sum() < levels * LEAST_READINGS:
        return None
    start = _start(values[kept], number[kept], readings.variance[kept], levels)
    if start is None:
        return None
    mean, std, share = start
    flat = 1.0 / max(np.ptp(values), 1e-300)
    floor = _floor(values[kept])
    outside = OUTLIER_START
    before = -np.inf
    for _ in range(ROUNDS):
        density = _densities(readings, mean, np.maximum(std, floor), share * (1 - outside))
        total = density.sum(axis=1) + outside * flat
        likelihood = float((number * np.log(total)).sum())
        weight = density / (total / number)[:, None]
        size = weight.sum(axis=0)
        if size.min() < LEAST_READINGS / 2:
            return None
        mean = weight.T @ values / size
        square = (values[:, None] - mean) ** 2 + readings.variance[:, None]
        std = np.sqrt(np.maximum(np.einsum("ns,ns->s", weight, square) / size, floor**2))
        outside = float(np.clip(1 - size.sum() / number.sum(), 1e-6, MOST_OUTLIERS))
        share = size / size.sum()
        if likelihood - before < CONVERGED * abs(likelihood):
            break
        before = likelihood
    return _result(readings, mean, std, share, outside, flat)


def _result(readings: Readings, mean, std, share, outside, flat) -> Levels | None:
    number = readings.number
    order = np.argsort(mean)
    mean, std, share = mean[order], std[order], share[order] * (1 - outside)
    density = _densities(readings, mean, std, share)
    total = density.sum(axis=1) + outside * flat
    level = np.where(density.max(axis=1) > outside * flat, density.argmax(axis=1), -1)
    sure = level >= 0
    count = np.bincount(level[sure], number[sure], minlength=mean.size)
    if count.min() < LEAST_READINGS or np.any(np.diff(mean) <= 0):
        return None
    right = density[sure].max(axis=1) / density[sure].sum(axis=1)
    misplaced = float(1 - (number[sure] * right).sum() / number[sure].sum())
    bic = 3 * mean.size * np.log(number.sum()) - 2 * float((number * np.log(total)).sum())
    return Levels(mean=mean, std=std, share=share, level=level[readings.bin], misplaced=misplaced, bic=float(bic))


def stragglers(values: np.ndarray) -> np.ndarray:
    """Return which readings lie in groups of fewer than `LEAST_READINGS`, apart from all others, shape (n,), bool."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    low, high = np.quantile(ranked, [0.05, 0.95])
    gap = np.diff(ranked) > 0.1 * max(high - low, 1e-300)
    group = np.append(0, np.cumsum(gap))
    few = np.bincount(group) < LEAST_READINGS
    found = np.empty(values.size, bool)
    found[order] = few[group]
    return found


def _floor(values: np.ndarray) -> float:
    """Return the least standard deviation: of the last digit of the readings, or a small share of their range."""
    steps = np.diff(np.unique(values))
    last_digit = float(steps.min()) / np.sqrt(12) if steps.size else 0.0
    return max(NARROWEST * np.ptp(values), last_digit, 1e-9 * float(np.abs(values).max()))


def _densities(readings: Readings, mean, std, share) -> np.ndarray:
    """Return the density of each level at each bin: the geometric mean over its readings, shape (m, S)."""
    z = (readings.value[:, None] - mean) / std
    return share / (np.sqrt(2 * np.pi) * std) * np.exp(-0.5 * (z**2 + readings.variance[:, None] / std**2))


def _start(values, number, variance, levels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return the means, spreads and shares of the best partition into intervals; None for too few different values."""
    edges = np.linspace(values.min(), values.max(), BINS + 1)
    edges[-1] = np.inf
    filled, bin_of = np.unique(np.searchsorted(edges, values, side="right") - 1, return_inverse=True)
    above = values - values.min()
    n, total, square = (np.bincount(bin_of, number * x) for x in (1.0, above, above**2 + variance))
    if filled.size < levels:
        return None
    part = _partition(n, total, square, levels)[bin_of]
    size = np.bincount(part, number, minlength=levels)
    mean = np.bincount(part, number * values, minlength=levels) / np.maximum(size, 1)
    square = (values - mean[part]) ** 2 + variance
    std = np.sqrt(np.bincount(part, number * square, minlength=levels) / np.maximum(size, 1))
    return mean, np.maximum(std, np.ptp(values) / (20 * levels)), np.maximum(size, 0.5) / number.sum()


def _partition(n: np.ndarray, total: np.ndarray, square: np.ndarray, parts: int) -> np.ndarray:
    """Return the part of each bin in the partition into intervals of least summed squares, shape (bins,)."""
    sums = [np.append(0.0, np.cumsum(x)) for x in (n, total, square)]
    count, mass, power = (s[None, :] - s[:, None] for s in sums)  # from bin i up to before bin j
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.where(count > 0, power - mass**2 / count, 0.0)
    cost[np.tril_indices(cost.shape[0])] = np.inf
    best, cuts = cost[0].copy(), []
    for _ in range(parts - 1):
        through = best[:, None] + cost
        cuts.append(through.argmin(axis=0))
        best = through.min(axis=0)
    bounds, end = [n.size], n.size
    for cut in reversed(cuts):
        end = int(cut[end])
        bounds.append(end)
    return np.searchsorted(np.array(bounds[::-1]), np.arange(n.size), side="right")
