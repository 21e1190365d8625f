"""Shares found by counting, and how sure they are, with Jeffreys' prior: half an outcome of each kind beforehand.

With it a count of zero among n still leaves an uncertainty, of about 0.7/n.

References:
    L. D. Brown, T. T. Cai and A. DasGupta, Stat. Sci. 16, 101 (2001), section 3.
"""

import numpy as np

PRIOR = 0.5
"""Outcomes of each of two kinds that count as seen beforehand."""


def share(hits, n):
    """Return the mean of the posterior Beta(hits + 1/2, n - hits + 1/2) of a share, never zero or one, same shape [1].

    Args:
        hits: outcomes of one kind.
        n: all outcomes.
    """
    return (hits + PRIOR) / (n + 2 * PRIOR)


def share_error(hits, n) -> np.ndarray:
    """Return the standard deviation of the same posterior, same shape [1]; arguments as `share`."""
    return np.sqrt((hits + PRIOR) * (n - hits + PRIOR) / (n + 2)) / (n + 1)
