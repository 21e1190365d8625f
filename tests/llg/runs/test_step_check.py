"""Whether a time step is small enough: what is run again, the test of both outcomes, and the verdict in words."""

import dataclasses
import types

import numpy as np
import pytest
from scipy.stats import chi2

from llg.runs.step_check import OTHER_SEED, StepCheck, _same_law, check_step

SOUND = StepCheck(dt=2e-13, probability=np.array([0.25, 0.75]), p_value=0.5, shift=1e-11, Delta=1e-8)


def test_counts_of_the_same_law_by_hand():
    """Outcomes seen fewer than ten times in both runs together count as one."""
    a, b = np.array([40, 60, 3, 2, 0]), np.array([60, 40, 2, 4, 0])
    square = 20**2 / 100 + 20**2 / 100 + 1 / 11
    assert _same_law(a, b) == pytest.approx(chi2.sf(square, 2)) == _same_law(b, a)
    several = np.array([90, 10, 0, 0]), np.array([71, 0, 20, 9])  # ten are enough to count alone, nine are not
    assert _same_law(*several) == pytest.approx(chi2.sf(19**2 / 161 + 10 + 20 + 9, 3))
    fewer = np.array([90, 10, 6, 0]), np.array([97, 0, 0, 9])
    assert _same_law(*fewer) == pytest.approx(chi2.sf(7**2 / 187 + 10 + 3**2 / 15, 2))
    assert _same_law(np.array([100, 0]), np.array([100, 0])) == 1.0
    assert _same_law(np.array([9, 91]), np.array([1, 99])) == pytest.approx(chi2.sf(64 / 10 + 64 / 190, 1))


def test_chance_of_a_false_alarm_is_that_of_its_level():
    """Two draws of one law over six outcomes: a fiftieth falls below 2 %, to four standard errors."""
    rng, n = np.random.default_rng(1), 2000
    pairs = rng.multinomial(500, [0.5, 0.3, 0.1, 0.06, 0.03, 0.01], size=(n, 2))
    low = np.mean([_same_law(*pair) < 0.02 for pair in pairs])
    assert low == pytest.approx(0.02, abs=4 * np.sqrt(0.02 * 0.98 / n))


def test_half_the_step_is_run_with_other_noise_and_once_without():
    asked = []

    def again(**options):
        asked.append(options)
        moved = {2e-13: 3.0e-9, 1e-13: 3.5e-9}[options["dt"]]
        outcomes = types.SimpleNamespace(counts=np.array([30, 70]), displacement=moved)
        return types.SimpleNamespace(outcomes=outcomes, probability=np.array([0.3, 0.7]))

    device = types.SimpleNamespace(straight_wall=types.SimpleNamespace(Delta=1e-8))
    run = types.SimpleNamespace(outcomes=types.SimpleNamespace(dt=2e-13, counts=np.array([30, 70])))
    found = check_step(device, run, again)
    assert asked == [
        {"dt": 1e-13, "seed": OTHER_SEED},
        *({"dt": dt, "n": 1, "temperature": 0.0} for dt in (2e-13, 1e-13)),
    ]
    assert (found.dt, found.p_value, found.Delta) == (2e-13, 1.0, 1e-8)
    assert found.shift == pytest.approx(0.5e-9) and found.probability.tolist() == [0.3, 0.7]


@pytest.mark.parametrize(
    ("changed", "sound"),
    [({}, True), ({"shift": 2.1e-10}, False), ({"shift": -2.1e-10}, False), ({"p_value": 9e-4}, False),
     ({"shift": -1.9e-10, "p_value": 1.1e-3}, True)],
)  # fmt: skip
def test_verdict_needs_both(changed, sound):
    """Outcomes within chance, at a thousandth, and a wall within a fiftieth of its width, to either side."""
    found = dataclasses.replace(SOUND, **changed)
    assert found.sound is sound is found.as_json()["sound"]
    assert ("use dt = 1e-13 s and check again" in found.advice()) is not sound
    assert (found.as_json()["dt_s"], found.as_json()["half_dt_s"]) == (2e-13, 1e-13)
    assert f"moves by {1e9 * found.shift:.3g} nm" in found.advice()
