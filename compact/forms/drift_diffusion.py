"""Drift, diffusion and thermal activation: the wall as a Brownian particle between reflecting well and next ridge.

With the current over threshold j = J/J_c, the drift in units of the way to the first ridge

    v = b u / (1 + s max(u, 0)),   u = j - 1,

diffusion D = sigma^2 T / T_0, ways A_k = 1 + (k - 1) a and time left t_k (see `forms.wait_and_run`), the time of first
passage is inverse Gaussian,

    F_k = Phi((v t_k - A_k) / sqrt(D t_k)) + exp(2 v A_k / D) Phi(-(v t_k + A_k) / sqrt(D t_k)).

Below threshold it saturates at exp(-2 A |v| / D); a wall that has fallen back tries again, which gives escapes at the
rate

    Gamma = f exp(-(E_0 / kB T) (1 - j)_+^(3/2)),   f = D / A_1^2,

once the well is filled, after about 1/f: they count as y_k = Gamma [t_k - (1 - exp(-f t_k)) / f], and k of them came
with the Erlang probability P(k, y_k). Both add up to passed_k = 1 - (1 - F_k)(1 - P(k, y_k)). The barrier E_0 is that
which gives the known rate of escape at rest; where none is known, that of the wedge which the drift describes, 2 b / D.

References:
    E. Schrodinger, Phys. Z. 16, 289 (1915); M. C. K. Tweedie, Ann. Math. Stat. 28, 362 (1957): inverse Gaussian.
    J. Kurkijarvi, Phys. Rev. B 6, 832 (1972); A. Garg, Phys. Rev. B 51, 15592 (1995): exponent 3/2.
    W. F. Brown, Phys. Rev. 130, 1677 (1963): rate of escape.
"""

import numpy as np
import scipy

from compact.forms.forms import T_REFERENCE, Form, Parameter, dead_times, wait_and_run

COLDEST = 1.0  # below, the noise of one pulse is too small to matter and divisions too large [K]
PARAMETERS = (
    Parameter(name="pace", unit="1/s", meaning="slope b of the drift at threshold, in ways to the first ridge", start=5.0,
              scale="rate"),
    Parameter(name="diffusion", unit="1/s", meaning="diffusion sigma^2 at 300 K, in squares of that way", start=0.25,
              scale="rate"),
    Parameter(name="run_way", unit="1", meaning="way a to each further ridge over that to the first", start=1.1),
    Parameter(name="saturation", unit="1", meaning="s, how the drift saturates with current", start=0.1,
              positive=False),
    *dead_times(),
)  # fmt: skip


def drift(values: dict, ratio: np.ndarray) -> np.ndarray:
    """Return the drift at J over threshold, same shape [ways per second]."""
    u = ratio - 1.0
    return values["pace"] * u / (1.0 + values["saturation"] * np.maximum(u, 0.0))


def first_passage(v: np.ndarray, way: np.ndarray, D: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return the inverse Gaussian distribution function of the first passage [1]; consistent units, broadcast."""
    root = np.sqrt(D * t)
    with np.errstate(over="ignore"):
        mirrored = np.exp(np.minimum(2.0 * v * way / D + scipy.special.log_ndtr(-(v * t + way) / root), 0.0))
    return np.minimum(scipy.special.ndtr((v * t - way) / root) + mirrored, 1.0)


def barrier_at_rest(values: dict, rest: tuple[float, float] | None) -> float:
    """Return E_0 over kB T_REFERENCE [1]; see `forms.Form` for `rest`."""
    if rest is None:
        return 2.0 * values["pace"] / values["diffusion"]
    rate, temperature = rest
    heat = temperature / T_REFERENCE
    return heat * max(np.log(values["diffusion"] * heat / rate), 0.0)


def activated(values: dict, ratio: np.ndarray, t: np.ndarray, temperature: np.ndarray, rest) -> np.ndarray:
    """Return the chance that at least k thermal escapes have come, shape (n, k) [1]."""
    barrier = barrier_at_rest(values, rest)
    f = values["diffusion"] * (temperature / T_REFERENCE)[:, None]
    exponent = barrier * (T_REFERENCE / temperature)[:, None] * np.maximum(1.0 - ratio, 0.0) ** 1.5
    filled = t + np.expm1(-f * t) / f
    return scipy.special.gammainc(1.0 + np.arange(ratio.shape[1]), f * np.exp(-exponent) * filled)


def passed(values: dict, ratio: np.ndarray, duration: np.ndarray, temperature: np.ndarray, rest=None):
    """Return the chance to have passed k ridges, shape (n, k) [1]; see `forms.Form`."""
    temperature = np.maximum(temperature, COLDEST)
    t = wait_and_run(values, ratio, duration)
    D = values["diffusion"] * (temperature / T_REFERENCE)[:, None]
    way = 1.0 + values["run_way"] * np.arange(ratio.shape[1])
    reached = first_passage(drift(values, ratio), way, D, t)
    return 1.0 - (1.0 - reached) * (1.0 - activated(values, ratio, t, temperature, rest))


def position_passed(values: dict, ratio: np.ndarray, duration: np.ndarray, temperature: np.ndarray, rest=None):
    """Return `passed` by the position at the end of the pulse alone, which is normally distributed.

    Below threshold the chance to be beyond a ridge is largest after the time way / |v| and is held from there on.
    """
    v, way = drift(values, ratio), 1.0 + values["run_way"] * np.arange(ratio.shape[1])
    t = np.minimum(wait_and_run(values, ratio, duration), way / np.maximum(-v, 1e-300))
    D = values["diffusion"] * (np.maximum(temperature, COLDEST) / T_REFERENCE)[:, None]
    return scipy.special.ndtr((v * t - way) / np.sqrt(D * t))


FORMS = (
    Form(
        name="drift-diffusion",
        reference="Schrodinger 1915, Tweedie 1957; Kurkijarvi 1972, Garg 1995 for the barrier",
        parameters=PARAMETERS,
        passed=passed,
        share=lambda values: values["run_way"],
    ),
    Form(
        name="position",
        reference="normal position at the end of the pulse (Einstein 1905)",
        parameters=PARAMETERS,
        passed=position_passed,
        share=lambda values: values["run_way"],
    ),
)
