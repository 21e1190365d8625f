"""Where walls are after a time without pulses: the exponential of the matrix of escape rates.

Rates span many orders of magnitude, and a billion synapses make rare escapes matter, so every step keeps
entries >= 0 and small ones to full relative precision: the Taylor series of the uniformized chain (no
subtractions) for a short time, squared until the time is reached, rows scaled back to one after each squaring.

References:
    A. Jensen, Skand. Aktuarietidskr. 36, 87 (1953), for uniformization.
"""

import math

import numpy as np

_TERMS = 18  # the series of exp(1/2) to double precision


def stay_probability(rate: np.ndarray, seconds: float) -> np.ndarray:
    """Return the probabilities to be in each state after a time.

    Args:
        rate: from-state by to-state, the diagonal is ignored, shape (..., S, S) [1/s].
        seconds: >= 0 [s].

    Returns:
        From-state by to-state, rows sum to 1, shape (..., S, S) [1].
    """
    escape = np.where(np.eye(rate.shape[-1], dtype=bool), 0.0, rate) * seconds
    total = escape.sum(axis=-1)
    fastest = float(total.max())
    squarings = max(0, math.ceil(math.log2(2 * fastest))) if fastest > 0 else 0
    short = math.ldexp(fastest, -squarings)
    chain = np.eye(rate.shape[-1]) if fastest == 0 else _diagonal_completed(escape / fastest)
    term = np.broadcast_to(np.eye(rate.shape[-1]), escape.shape) * math.exp(-short)
    found = term.copy()
    for k in range(1, _TERMS):
        term = term @ chain * (short / k)
        found += term
    for _ in range(squarings):
        found = _scaled(found) @ found
    return _scaled(found)


def _diagonal_completed(escape: np.ndarray) -> np.ndarray:
    """Return the rows completed to a sum of one on the diagonal."""
    stay = np.maximum(0.0, 1.0 - escape.sum(axis=-1))
    return escape + stay[..., None] * np.eye(escape.shape[-1])


def _scaled(rows: np.ndarray) -> np.ndarray:
    return rows / rows.sum(axis=-1, keepdims=True)
