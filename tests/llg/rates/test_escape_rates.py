"""Escape rates from a well: forward flux sampling against waiting, at barriers of 4, 6 and 8 kB T and three dampings.

Both state a standard error; the difference may be three times their root sum of squares. Waiting runs on
`llg.runs.ensemble.simulate`, sampling on its own loop. The negative control samples with 10 % more noise, which
multiplies a rate over 8 kB T by four.
"""

import functools
import math

import numpy as np
import pytest
from scipy import stats

from dwcore.errors import InputError
from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.landscape.wells import find_wells
from llg.rates.brute_force import brute_rates
from llg.rates.flux_sampling import flux_rates
from llg.rates.rate_matrix import RateMatrix, rate_matrix
from llg.walls.q_phi import QPhiModel

TEMPERATURE = 300.0
KT = K_B * TEMPERATURE
ESCAPES = {4: 120, 6: 100, 8: 60}
STIFF = {"Ms": 1.1e6, "A": 16e-12, "K_u": 1.27e6, "D": 1.2e-3, "alpha": 0.3}


def two_wells(barrier, alpha, **changes):
    """Two narrow notches, about `barrier` kB T deep, between pads; stiff along the track as well as in angle."""
    notch = {"shape": "cosine", "depth": (barrier - 0.027) / 2.3234 * 1e-9, "width": 40e-9}
    mapping = {
        "name": "two wells",
        "material": {"Ms": 1.1e6, "A": 16e-12, "K_u": 1.27e6, "D": 0.4e-3, "alpha": alpha},
        "wall": {"shape": "rigid"},
        "track": {"length": 160e-9, "width": 80e-9, "thickness": 0.6e-9, "pad_width": 160e-9, "pad_taper": 40e-9},
        "notch": [{"position": 60e-9, **notch}, {"position": 100e-9, **notch}],
    }
    model = QPhiModel(device_from_mapping(mapping | changes))
    return model, find_wells(model, TEMPERATURE)


def sampled(model, wells, seed=1, **options):
    found = flux_rates(model, wells, 0, 1, temperature=TEMPERATURE, seed=seed, jobs=2, **options)
    return found.rate[1], found.rate_error[1]


@pytest.fixture(scope="module")
def waited():
    """Rates by waiting for some 120 to 60 escapes, and their errors, by barrier and damping."""

    @functools.cache
    def wait(barrier, alpha):
        model, wells = two_wells(barrier, alpha)
        assert wells[0].barrier_right == pytest.approx(barrier * KT, rel=0.01)
        expected = rate_matrix(model, wells, TEMPERATURE).rate[0, 1]
        found = brute_rates(
            model, wells, 0, temperature=TEMPERATURE, seed=1, expected_rate=expected, escapes=ESCAPES[barrier]
        )
        return found.rate[1], found.rate_error[1]

    return wait


@pytest.mark.parametrize("alpha", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("barrier", [4, 6, 8])
def test_sampling_agrees_with_waiting(waited, barrier, alpha):
    rate, error = sampled(*two_wells(barrier, alpha), trials=256)
    reference, reference_error = waited(barrier, alpha)
    assert error < 0.1 * rate
    assert reference_error < 0.16 * reference
    assert abs(rate - reference) < 3 * math.hypot(error, reference_error)


def test_ten_percent_more_noise_shows(waited):
    rate, error = sampled(*two_wells(8, 0.3), trials=256, noise_scale=1.1)
    reference, reference_error = waited(8, 0.3)
    assert rate - reference > 6 * math.hypot(error, reference_error)


def test_forty_kt_within_twenty_percent():
    """An escape in hours to years, from a second of motion in all; Langer's formula holds to a few percent there."""
    model, wells = two_wells(46.8, 0.3, material=STIFF)
    assert wells[0].barrier_right == pytest.approx(40 * KT, rel=0.01)
    rate, error = sampled(model, wells, trials=1024)
    assert error < 0.2 * rate
    formula = rate_matrix(model, wells, TEMPERATURE).rate[0, 1]
    assert abs(rate - formula) < 3 * error + 0.05 * formula


def test_errors_are_what_they_say():
    """Twelve runs at 12 kB T: their spread against the errors that they state, chi-square at 1e-3 on both sides."""
    model, wells = two_wells(12, 0.3)
    rate, error = np.array([sampled(model, wells, seed, trials=64) for seed in range(12)]).T
    assert 0.04 < np.median(error / rate) < 0.4
    square = np.sum((rate - rate.mean()) ** 2 / np.mean(error**2))
    assert 1e-3 < stats.chi2.cdf(square, rate.size - 1) < 1 - 1e-3


def test_same_seed_same_rate_on_any_number_of_threads():
    model, wells = two_wells(6, 0.3)
    one, two = (
        flux_rates(model, wells, 1, -1, temperature=TEMPERATURE, seed=3, trials=64, jobs=jobs) for jobs in (1, 2)
    )
    assert np.array_equal(one.total, two.total)
    other = flux_rates(model, wells, 1, -1, temperature=TEMPERATURE, seed=4, trials=64)
    assert not np.array_equal(one.total, other.total)


def test_matrix_by_sampling_agrees_with_the_formula():
    model, wells = two_wells(12, 0.3)
    formula = rate_matrix(model, wells, TEMPERATURE)
    matrix = rate_matrix(model, wells, TEMPERATURE, "flux", seed=2, trials=256)
    assert np.all(np.abs(matrix.rate - formula.rate) <= 3 * matrix.rate_error + 0.1 * formula.rate)
    assert np.all(matrix.rate[[0, 1], [1, 0]] > 0)
    assert np.isnan(formula.retention_error).all()
    relative = matrix.rate_error[[0, 1], [1, 0]] / matrix.rate[[0, 1], [1, 0]]
    assert matrix.retention_error == pytest.approx(relative * matrix.retention)


def test_waiting_for_high_barriers_is_refused():
    model, wells = two_wells(40, 0.3, material=STIFF)
    with pytest.raises(InputError, match="too long for brute force"):
        rate_matrix(model, wells, TEMPERATURE, "brute")


def test_retention_counts_all_ways_out():
    """By hand: to the other well at 2/s and 1/s, off the left end at 3/s from the first, off the right at 5/s."""
    rate, lost = np.array([[0.0, 2.0], [1.0, 0.0]]), np.array([[3.0, 0.0], [0.0, 5.0]])
    found = RateMatrix("by hand", rate, 0.4 * rate, lost, 0.2 * lost)
    assert found.escape.tolist() == [5.0, 6.0]
    assert found.retention.tolist() == [1 / 5, 1 / 6]
    assert found.retention_error == pytest.approx([math.hypot(0.8, 0.6) / 25, math.hypot(0.4, 1.0) / 36])
