"""Intervals of transition probabilities: Dirichlet posterior of the counts, about the closed form if there is one.

The outcomes of a row are multinomial. With a Dirichlet prior of weights alpha the posterior is Dirichlet with weights
counts + alpha, and each probability by itself has the posterior Beta(c + alpha, n + sum(alpha) - c - alpha).

The prior: an outcome has the weight 1/2 against 1/2 for all others together, Jeffreys' prior of one share, which the
standard errors of the table use too. With a fit come w more trials that came out as the fitted row p says, alpha = 1/2
+ w p against 1/2 + w (1 - p). They are a quarter of the row's own trials, at most 100, and fewer by the dispersion
(deviance per degree of freedom) of the fit: the closed form draws no probability by more than a fifth of the way
towards it. The interval is the one between equal tails, but it begins at zero for an outcome that never came about and
ends at one for one that always did.

References:
    L. D. Brown, T. T. Cai and A. DasGupta, Stat. Sci. 16, 101 (2001): such intervals and their coverage.
    A. Gelman et al., Bayesian Data Analysis, 3rd ed. (2013), section 3.4: the multinomial model.
"""

import dataclasses

import numpy as np
import scipy

from compact.forms.result import Fit
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.numerics.shares import PRIOR

SHARE, MOST = 0.25, 100.0
"""The fitted row is worth this share of the row's own trials, and at most so many."""


@checked
def intervals(table: TransitionTable, *, level: float = 0.95, fit: Fit | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the credible intervals of all transition probabilities.

    Args:
        table: the counts.
        level: posterior probability of each interval [1].
        fit: fit whose rows centre the prior; none by default.

    Returns:
        Lower and upper ends, each of shape (K, T, A, D, S, S+1) [1].

    Raises:
        InputError: an impossible level, or a fit that does not belong to the table.
    """
    if not 0 < level < 1:
        raise InputError(f"level = {level:g} must be > 0 and < 1")
    counts = table.counts.astype(float)
    total = counts.sum(axis=-1, keepdims=True)
    a, b = counts + PRIOR, total - counts + PRIOR
    row = None if fit is None else dataclasses.replace(table, fit=fit).fitted_probability
    if fit is not None and row is not None:
        worth = np.minimum(SHARE * total, MOST) / max(fit.dispersion, 1.0)
        a, b = a + worth * row, b + worth * (1 - row)
    tail = (1 - level) / 2
    low = np.where(counts == 0, 0.0, scipy.special.betaincinv(a, b, tail))
    high = np.where(counts == total, 1.0, scipy.special.betaincinv(a, b, 1 - tail))
    return low, high
