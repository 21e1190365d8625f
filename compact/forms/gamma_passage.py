"""Waiting in stages: the time of passage is a gamma variable whose rate follows a barrier law.

    passed_k = P(kappa + (k - 1) kappa_run, lambda(J, T) t_k),   P: regularized incomplete gamma function,

with the time left t_k of `forms.wait_and_run`. Gamma times with one rate add up, kappa = 1 is the exponential law of a
single activated step. Barrier laws for the rate lambda:

    power p:      lambda = f exp(-(E_0 / kB T) (1 - j)_+^p), saturating at f above threshold
    saddle-node:  lambda = f / [Ai(z)^2 + Bi(z)^2], z = c (1 - j) (T_0/T)^(2/3): the mean time past a saddle-node with noise

References:
    A. Garg, Phys. Rev. B 51, 15592 (1995); J. Kurkijarvi, Phys. Rev. B 6, 832 (1972): p = 3/2.
    L. Neel, Ann. Geophys. 5, 99 (1949); W. F. Brown, Phys. Rev. 130, 1677 (1963): p = 2, f.
    D. Sigeti and W. Horsthemke, J. Stat. Phys. 54, 1217 (1989): saddle-node with noise.
"""

import numpy as np
import scipy

from compact.forms.forms import T_REFERENCE, Form, Parameter, dead_times, wait_and_run

COLDEST = 1.0
HIGHEST_Z = 60.0  # Bi^2 of it is finite; the rate there is zero for any pulse
STAGES = (
    Parameter(name="pace", unit="1/s", meaning="rate f of a stage at threshold", start=20.0, scale="rate"),
    Parameter(name="stages", unit="1", meaning="shape kappa of the first passage", start=4.5),
    Parameter(name="run_stages", unit="1", meaning="shape of each further passage", start=3.5),
)
BARRIER = Parameter(name="barrier", unit="1", meaning="E_0 over kB 300 K", start=8.0)


def _stages(values: dict, rate: np.ndarray, ratio: np.ndarray, duration: np.ndarray) -> np.ndarray:
    shape = values["stages"] + np.arange(ratio.shape[1]) * values["run_stages"]
    return scipy.special.gammainc(shape, rate * wait_and_run(values, ratio, duration))


def _power(values: dict, ratio: np.ndarray, temperature: np.ndarray, p: float) -> np.ndarray:
    heat = (T_REFERENCE / np.maximum(temperature, COLDEST))[:, None]
    return values["pace"] * np.exp(-values["barrier"] * heat * np.maximum(1.0 - ratio, 0.0) ** p)


def _power_form(name: str, p: float | None, reference: str) -> Form:
    free = () if p is not None else (Parameter(name="exponent", unit="1", meaning="p", start=1.5, highest=6.0),)

    def passed(values, ratio, duration, temperature, rest=None):
        rate = _power(values, ratio, temperature, values["exponent"] if p is None else p)
        return _stages(values, rate, ratio, duration)

    return Form(name=name, reference=reference, parameters=(*STAGES, BARRIER, *free, *dead_times()), passed=passed)


def saddle_node_passed(values, ratio, duration, temperature, rest=None):
    """Return the chance to have passed k ridges by the law of a saddle-node with noise; see `forms.Form`."""
    heat = (T_REFERENCE / np.maximum(temperature, COLDEST))[:, None]
    z = np.minimum(values["sharpness"] * (1.0 - ratio) * heat ** (2 / 3), HIGHEST_Z)
    ai, _, bi, _ = scipy.special.airy(z)
    return _stages(values, values["pace"] / (ai**2 + bi**2), ratio, duration)


FORMS = (
    _power_form("barrier-1", 1.0, "Arrhenius law, barrier linear in the current"),
    _power_form("barrier-3/2", 1.5, "Kurkijarvi 1972, Garg 1995"),
    _power_form("barrier-2", 2.0, "Neel 1949, Brown 1963"),
    _power_form("barrier-p", None, "the same with a free exponent"),
    Form(
        name="saddle-node",
        reference="Sigeti and Horsthemke 1989",
        parameters=(
            *STAGES,
            Parameter(name="sharpness", unit="1", meaning="c, how fast the barrier closes", start=4.0),
            *dead_times(),
        ),
        passed=saddle_node_passed,
    ),
)
