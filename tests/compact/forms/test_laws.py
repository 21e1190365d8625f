"""The closed forms against the laws they are named after, integrated or summed here."""

import math
import types

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import airy, gammainc, ndtr

from compact.forms import drift_diffusion as form
from compact.forms.forms import T_REFERENCE, wait_and_run
from compact.forms.passage import Pulses, displacement, reached, to_displacement_counts
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


def test_the_barrier_gives_the_rate_at_rest_at_its_temperature():
    """At 360 K, where D is 1.2 times that at 300 K: Gamma = f exp(-(E_0/kB T)) is the known rate; over kB 300 K, E_0 is 1.2
    times as large as over kB T. A wall that escapes faster than it is driven has no barrier."""
    barrier = form.barrier_at_rest(VALUES, (1e3, 360.0))
    assert 1.2 * VALUES["diffusion"] * math.exp(-barrier * 300 / 360) == pytest.approx(1e3)
    assert form.barrier_at_rest(VALUES, (1e12, 360.0)) == 0


def test_the_drift_saturates_above_threshold_alone():
    """b u / (1 + s u) above, b u below: at half, at once and at one and a half times the threshold."""
    found = form.drift(VALUES, np.array([0.5, 1.0, 1.5]))
    assert found == pytest.approx([-1.5e9, 0.0, 3e9 * 0.5 / 1.25])


def test_some_time_is_left_of_the_shortest_pulse():
    """Dead times of 0.5 ns for the first ridge, at threshold 0.2 ns of which are the edges, leave nothing of 0.3 ns."""
    left = wait_and_run(VALUES | {"dead_first": 0.3e-9}, np.array([[1.0, 1.0]]), np.array([0.3e-9]))
    assert left[0] == pytest.approx([3e-16, 3e-16])


def test_both_ways_to_pass_add_up_as_independent_chances():
    ratio, duration, T = np.array([[1.2, 1.1, 0.9]]), np.array([1.5e-9]), np.array([300.0])
    t = wait_and_run(VALUES, ratio, duration)
    np.testing.assert_allclose(t[0], 1.5e-9 - 0.2e-9 / ratio[0] - 0.1e-9 - 0.3e-9 * np.arange(3))
    u = ratio[0] - 1
    v = 3e9 * u / (1 + 0.5 * np.maximum(u, 0))
    F = form.first_passage(v, 1 + 1.3 * np.arange(3), np.full(3, 0.2e9), t[0])
    P = form.activated(VALUES, ratio, t, T, None)[0]
    np.testing.assert_allclose(FORMS["drift-diffusion"].passed(VALUES, ratio, duration, T)[0], 1 - (1 - F) * (1 - P))


@pytest.mark.parametrize("T", [450.0, 20.0])
def test_position_form_is_the_normal_law_of_the_end_position(T):
    ratio, duration = np.array([[1.4, 1.4]]), np.array([1.5e-9])
    t, v = wait_and_run(VALUES, ratio, duration)[0], 3e9 * 0.4 / 1.2
    exact = ndtr((v * t - np.array([1.0, 2.3])) / np.sqrt(0.2e9 * T / 300 * t))
    np.testing.assert_allclose(FORMS["position"].passed(VALUES, ratio, duration, np.array([T]))[0], exact)


def test_position_form_below_threshold_holds_its_largest_chance():
    """Drifting back at v the wall is likeliest beyond the ridge after way/|v|: (v t - way)/sqrt(D t) = -2 sqrt(way |v|/D)."""
    v, way = 3e9 * 0.5, np.array([1.0, 2.3])
    found = FORMS["position"].passed(VALUES, np.array([[0.5, 0.5]]), np.array([50e-9]), np.array([300.0]))[0]
    np.testing.assert_allclose(found, ndtr(-2 * np.sqrt(way * v / 0.2e9)))


@pytest.mark.parametrize("T", [400.0, 50.0])
@pytest.mark.parametrize(
    ("name", "power"), [("barrier-1", 1.0), ("barrier-3/2", 1.5), ("barrier-2", 2.0), ("barrier-p", 1.7)]
)
def test_barriers_close_with_their_power(name, power, T):
    values = VALUES | {"stages": 4.0, "run_stages": 3.0, "barrier": 8.0, "pace": 5e9, "exponent": 1.7}
    ratio, duration = np.array([[0.7, 0.9]]), np.array([3e-9])
    rate = 5e9 * np.exp(-8 * 300 / T * (1 - ratio[0]) ** power)
    t = wait_and_run(values, ratio, duration)[0]
    found = FORMS[name].passed(values, ratio, duration, np.array([T]))[0]
    np.testing.assert_allclose(found, gammainc([4.0, 7.0], rate * t))


@pytest.mark.parametrize("name", FORMS)
def test_below_one_kelvin_all_is_as_at_one(name):
    """Without heat nothing would be left to divide by. Walls pass at 1 K above the threshold, and a trifle below it."""
    values = VALUES | {"stages": 4.0, "run_stages": 3.0, "barrier": 8.0, "exponent": 1.7, "sharpness": 3.0}
    values |= {} if name in ("drift-diffusion", "position") else {"pace": 5e9}
    ratio, duration = np.array([[1.35, 1.3], [0.9995, 0.9995]]), np.full(2, 1.5e-9)
    found = [FORMS[name].passed(values, ratio, duration, np.full(2, T)) for T in (0.0, 0.3, 1.0)]
    assert (found[0] == found[2]).all() and (found[1] == found[2]).all()
    assert 0.01 < found[2][0, 0] <= 1


@pytest.mark.parametrize("T", [400.0, 20.0])
def test_saddle_node_follows_the_airy_functions(T):
    values = VALUES | {"stages": 4.0, "run_stages": 3.0, "sharpness": 3.0, "pace": 5e9}
    ratio, duration = np.array([[0.8, 1.1]]), np.array([1.5e-9])
    ai, _, bi, _ = airy(3.0 * (1 - ratio[0]) * (300 / T) ** (2 / 3))
    t = wait_and_run(values, ratio, duration)[0]
    exact = gammainc([4.0, 7.0], 5e9 / (ai**2 + bi**2) * t)
    np.testing.assert_allclose(FORMS["saddle-node"].passed(values, ratio, duration, np.array([T]))[0], exact)
    without = FORMS["saddle-node"].passed(values, 0 * ratio, duration, np.array([0.0]))
    assert (without == 0).all(), "no current and no heat: Bi is beyond all numbers"


def test_walls_that_stray_end_in_each_outcome_alike():
    """Three states, the second, on its way up: of 40 % strays a quarter ends in each of three states, and off the track."""
    p = displacement(np.array([[0.5, 0.2, 0.0]]), np.array([2]), 0.4)
    np.testing.assert_allclose(p, [[0.6 * 0.5 + 0.1, 0.6 * 0.3 + 0.1, 0.6 * 0.2 + 0.1, 0.0, 0.1]])


def test_no_wall_passes_more_ridges_more_often():
    """Of the second ridge, which is lower, the form alone would say 0.5; beyond the end of the track nothing passes."""
    rising = types.SimpleNamespace(passed=lambda *_: np.array([[0.3, 0.5, 0.1]]))
    one = {name: np.ones(1) for name in ("current_density", "duration", "temperature", "state", "up")}
    effective = np.array([[1.0, 1.0, np.inf]])
    assert reached(rising, {}, Pulses(**one), effective).tolist() == [[0.3, 0.3, 0.0]]
    few = types.SimpleNamespace(passed=lambda values, ratio, *_: 0.3 * ratio)
    assert reached(few, {}, Pulses(**one), effective, most=1).tolist() == [[0.3, 0.0, 0.0]]


def test_walls_that_went_against_the_drive_are_counted_apart():
    """From the second of three states upwards: 3 stayed, 2 passed a ridge, 1 the end of the track, 4 went down."""
    one = {name: np.ones(1) for name in ("current_density", "duration", "temperature")}
    pulses = Pulses(state=np.array([1]), up=np.array([True]), **one)
    assert to_displacement_counts(np.array([[4, 3, 2, 1]]), pulses).tolist() == [[3, 2, 1, 0, 4]]
