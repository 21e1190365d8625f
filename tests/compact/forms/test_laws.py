"""The closed forms against the laws they are named after, integrated or summed here."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import airy, gammainc, ndtr

from compact.forms import drift_diffusion as form
from compact.forms.forms import T_REFERENCE, wait_and_run
from compact.forms.passage import displacement
from compact.forms.registry import FORMS

VALUES = {
    "pace": 3e9, "diffusion": 0.2e9, "run_way": 1.3, "saturation": 0.5,
    "dead_first": 0.1e-9, "dead_run": 0.3e-9, "dead_edge": 0.2e-9,
}  # fmt: skip


@pytest.mark.parametrize("v", [2.0, 0.3, 0.0, -0.3])
@pytest.mark.parametrize("way", [1.0, 2.3])
def test_first_passage_is_the_integral_of_its_density(v, way):
    """Schrodinger's density A/sqrt(2 pi D t^3) exp(-(A - v t)^2/(2 D t)), also where the wall drifts back."""
    D, end = 0.4, 1.7

    def density(t):
        return way / math.sqrt(2 * math.pi * D * t**3) * math.exp(-((way - v * t) ** 2) / (2 * D * t))

    exact = quad(density, 0, end, epsabs=1e-12)[0]
    found = form.first_passage(np.array([v]), np.array([way]), np.array([D]), np.array([end]))[0]
    assert found == pytest.approx(exact, abs=1e-9)
    # Negative control: the end position alone, without the mirrored term, misses the walls that came back.
    assert exact - ndtr((v * end - way) / math.sqrt(D * end)) > 1e-4


def test_thermal_escapes_come_one_after_another():
    """k escapes at a rate Gamma that sets in once the well is filled: 1 - sum of the first k Poisson shares."""
    ratio, t, T = np.full((1, 3), 0.8), np.full((1, 3), 2e-9), np.array([360.0])
    rest = 1e3, 300.0
    heat = T[0] / T_REFERENCE
    f, barrier = VALUES["diffusion"] * heat, math.log(VALUES["diffusion"] / rest[0]) / heat
    y = f * math.exp(-barrier * 0.2**1.5) * (2e-9 - (1 - math.exp(-f * 2e-9)) / f)
    exact = [1 - sum(math.exp(-y) * y**i / math.factorial(i) for i in range(k)) for k in (1, 2, 3)]
    np.testing.assert_allclose(form.activated(VALUES, ratio, t, T, rest)[0], exact, rtol=1e-9)
    # Without a known rate at rest the barrier is that of the wedge, 2 b/D.
    assert form.barrier_at_rest(VALUES, None) == pytest.approx(2 * 3e9 / 0.2e9)


def test_both_ways_to_pass_add_up_as_independent_chances():
    ratio, duration, T = np.array([[1.2, 1.1, 0.9]]), np.array([1.5e-9]), np.array([300.0])
    t = wait_and_run(VALUES, ratio, duration)
    np.testing.assert_allclose(t[0], 1.5e-9 - 0.2e-9 / ratio[0] - 0.1e-9 - 0.3e-9 * np.arange(3))
    u = ratio[0] - 1
    v = 3e9 * u / (1 + 0.5 * np.maximum(u, 0))
    F = form.first_passage(v, 1 + 1.3 * np.arange(3), np.full(3, 0.2e9), t[0])
    P = form.activated(VALUES, ratio, t, T, None)[0]
    np.testing.assert_allclose(FORMS["drift-diffusion"].passed(VALUES, ratio, duration, T)[0], 1 - (1 - F) * (1 - P))


def test_position_form_is_the_normal_law_of_the_end_position():
    ratio, duration, T = np.array([[1.4, 1.4]]), np.array([1.5e-9]), np.array([450.0])
    t, v = wait_and_run(VALUES, ratio, duration)[0], 3e9 * 0.4 / 1.2
    exact = ndtr((v * t - np.array([1.0, 2.3])) / np.sqrt(0.2e9 * 1.5 * t))
    np.testing.assert_allclose(FORMS["position"].passed(VALUES, ratio, duration, T)[0], exact)


@pytest.mark.parametrize(("name", "power"), [("barrier-1", 1.0), ("barrier-3/2", 1.5), ("barrier-2", 2.0)])
def test_barriers_close_with_their_power(name, power):
    values = VALUES | {"stages": 4.0, "run_stages": 3.0, "barrier": 8.0, "pace": 5e9}
    ratio, duration, T = np.array([[0.7, 0.9]]), np.array([3e-9]), np.array([400.0])
    rate = 5e9 * np.exp(-8 * 300 / 400 * (1 - ratio[0]) ** power)
    t = wait_and_run(values, ratio, duration)[0]
    np.testing.assert_allclose(FORMS[name].passed(values, ratio, duration, T)[0], gammainc([4.0, 7.0], rate * t))


def test_saddle_node_follows_the_airy_functions():
    values = VALUES | {"stages": 4.0, "run_stages": 3.0, "sharpness": 3.0, "pace": 5e9}
    ratio, duration, T = np.array([[0.8, 1.1]]), np.array([1.5e-9]), np.array([400.0])
    ai, _, bi, _ = airy(3.0 * (1 - ratio[0]) * (300 / 400) ** (2 / 3))
    t = wait_and_run(values, ratio, duration)[0]
    exact = gammainc([4.0, 7.0], 5e9 / (ai**2 + bi**2) * t)
    np.testing.assert_allclose(FORMS["saddle-node"].passed(values, ratio, duration, T)[0], exact)


def test_walls_that_stray_end_in_each_outcome_alike():
    """Three states, the second, on its way up: of 40 % strays a quarter ends in each of three states, and off the track."""
    p = displacement(np.array([[0.5, 0.2, 0.0]]), np.array([2]), 0.4)
    np.testing.assert_allclose(p, [[0.6 * 0.5 + 0.1, 0.6 * 0.3 + 0.1, 0.6 * 0.2 + 0.1, 0.0, 0.1]])
