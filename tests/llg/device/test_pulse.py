"""Pulse shapes: charge and energy do not depend on how many steps sample them."""

import numpy as np
import pytest
from scipy.integrate import quad

from dwcore.errors import InputError
from llg.device.pulse import Pulse, Waveform

EDGED = Pulse(
    current_density=1e11,
    duration=2e-9,
    rise_time=0.3e-9,
    fall_time=0.7e-9,
    rest_time=1.1e-9,
    relaxation_time=2.3e-9,
)
SQUARE = Pulse(current_density=1e11, duration=2e-9, rest_time=0.7e-9, relaxation_time=0.0)
STEP = Waveform(np.array([0.0, 3e-9]), np.array([1.0, 1.0]))
TRIANGLE = Waveform(np.array([0.0, 1e-9, 4e-9]), np.array([0.0, 2.0, -1.0]))
COUNTS = [1, 2, 3, 7, 10, 64, 1001, 20_000]


def exact_charge(waveform):
    return float(np.trapezoid(waveform.value, waveform.time))


@pytest.mark.parametrize("n_steps", COUNTS)
@pytest.mark.parametrize("waveform", [EDGED.waveform(2e-9), SQUARE.waveform(1.234e-9), STEP, TRIANGLE])
def test_charge_is_exact_for_any_step_count(waveform, n_steps):
    value = waveform.sample(n_steps)
    assert value.shape == (n_steps + 1,)
    charge = np.trapezoid(value) * waveform.length / n_steps
    assert charge == pytest.approx(exact_charge(waveform), rel=1e-11)


@pytest.mark.parametrize("duration", [0.5e-9, 2e-9, 7.77e-9])
def test_duration_is_the_full_width_at_half_maximum(duration):
    waveform = EDGED.waveform(duration)
    assert exact_charge(waveform) == pytest.approx(duration, rel=1e-12)
    time = np.linspace(0, waveform.length, 200_001)
    above = time[np.interp(time, waveform.time, waveform.value) > 0.5]
    assert above[-1] - above[0] == pytest.approx(duration, abs=2 * time[1])
    assert waveform.length == pytest.approx(1.1e-9 + duration + 0.5e-9 + 2.3e-9, rel=1e-12)


@pytest.mark.parametrize("waveform", [EDGED.waveform(2e-9), SQUARE.waveform(1e-9), STEP, TRIANGLE])
def test_square_time_is_the_integral_of_the_square(waveform):
    total = 0.0
    for t0, t1, v0, v1 in zip(waveform.time, waveform.time[1:], waveform.value, waveform.value[1:], strict=False):
        if t1 > t0:
            total += quad(lambda t, t0=t0, t1=t1, v0=v0, v1=v1: (v0 + (v1 - v0) * (t - t0) / (t1 - t0)) ** 2, t0, t1)[0]
    assert waveform.square_time() == pytest.approx(total, rel=1e-12)


def test_square_time_of_a_trapezoid():
    assert EDGED.waveform(2e-9).square_time() == pytest.approx(2e-9 - (0.3e-9 + 0.7e-9) / 6, rel=1e-12)


def test_samples_follow_the_linear_edges():
    """Away from corners the mean over a step around a point of a straight line is the line itself."""
    waveform = EDGED.waveform(2e-9)
    n_steps = 997
    time = np.linspace(0, waveform.length, n_steps + 1)
    corner = np.min(np.abs(time[:, None] - waveform.time), axis=1)
    away = corner > waveform.length / n_steps
    exact = np.interp(time, waveform.time, waveform.value)
    np.testing.assert_allclose(waveform.sample(n_steps)[away], exact[away], atol=1e-12)
    assert np.unique(np.round(exact[away], 3)).size > 100


def test_a_jump_between_steps_is_shared_by_its_place():
    waveform = Waveform(np.array([0.0, 4.25, 4.25, 10.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    np.testing.assert_allclose(waveform.sample(10), [0, 0, 0, 0, 0.25, 1, 1, 1, 1, 1, 1], atol=1e-12)


def test_edge_is_the_time_from_nothing_to_the_peak_at_the_steepest_place():
    """1.5 in 1 s, of 3, are 2 s; then 1 in 0.1 s are 0.3 s; a jump takes no time; nothing that changes has no edge."""
    slow, fast = Waveform([0.0, 1.0, 3.0], [1.5, 3.0, 3.0]), Waveform([0.0, 1.0, 1.1], [0.0, -3.0, -2.0])
    assert (slow.edge, fast.edge) == pytest.approx((2.0, 0.3))
    assert Waveform([0.0, 1.0, 1.0], [0.0, 0.0, 1.0]).edge == 0.0 and STEP.edge == np.inf


@pytest.mark.parametrize("duration", [0.49e-9, 0.0, -1e-9, float("nan")])
def test_edges_must_fit(duration):
    with pytest.raises(InputError, match=r"must be (> 0|>= \(rise_time \+ fall_time\)/2)"):
        EDGED.waveform(duration)


def test_nominal_edges_must_fit():
    with pytest.raises(InputError, match="duration = 1e-10"):
        Pulse(current_density=1e11, duration=1e-10, rise_time=1e-9)
