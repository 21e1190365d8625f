"""The spread between devices: found from fitted values without the errors of the fits, and drawn again."""

import dataclasses
import types

import numpy as np
import pytest

from compact.fitting.drawn import drawn_matrices
from compact.forms.spread import LEAST_DEVICES, Spread, _factors, find_spread
from compact.table.operating_point import OperatingPoint
from dwcore.errors import InputError

NAMES = ("pace", "up1", "up2")
TRUE = np.array([[0.09, 0.05, 0.0], [0.05, 0.04, 0.0], [0.0, 0.0, 0.01]])
"""Covariance of the logarithms between devices."""
ERROR = np.array([[0.03, -0.02, 0.0], [-0.02, 0.05, 0.0], [0.0, 0.0, 0.02]])
"""Covariance of the logarithms by the fits."""
MEAN = np.array([2.0, -1.0, 0.5])


def fitted_devices(number, seed=1):
    """Values of devices as fits find them, and the covariance that each fit states."""
    rng = np.random.default_rng(seed)
    log = MEAN + rng.multivariate_normal(np.zeros(3), TRUE + ERROR, number)
    value = np.exp(log)
    return value, ERROR * value[:, :, None] * value[:, None, :]


def errors_of_covariance(number):
    """Standard errors of the covariance of so many draws: (S_ii S_jj + S_ij^2)/n for Gaussian numbers."""
    S = TRUE + ERROR
    return np.sqrt((np.outer(np.diag(S), np.diag(S)) + S**2) / number)


def test_errors_of_the_fits_are_taken_off():
    """Variances come out as those of the devices; factors that hold at least 95 % of them cost a little beside."""
    number = 20_000
    value, covariance = fitted_devices(number)
    found = find_spread(NAMES, value, covariance, np.ones_like(value, bool))
    allowed = 5 * errors_of_covariance(number)
    assert np.all(np.abs(np.diag(found.covariance - TRUE)) < np.diag(allowed))
    assert abs(found.covariance[0, 1] - TRUE[0, 1]) < allowed[0, 1] + 0.05 * np.trace(TRUE)
    np.testing.assert_allclose(found.log_mean, MEAN, atol=5 * np.sqrt(0.12 / number))
    # Negative control: a fit that claims no error leaves its own error in the spread.
    naive = find_spread(NAMES, value, 0 * covariance, np.ones_like(value, bool))
    assert np.all(np.diag(naive.covariance - TRUE) > np.diag(allowed))


def test_drawn_devices_have_the_covariance_of_the_factors():
    spread = Spread(
        names=NAMES, log_mean=MEAN, loading=np.array([[0.3, 0.0], [0.1, 0.2], [0.0, -0.2]]),
        specific=np.array([0.01, 0.0, 0.04]), devices=20,
    )  # fmt: skip
    number = 4000
    log = np.log([spread.draw(k, seed=3) for k in range(number)])
    S = spread.covariance
    np.testing.assert_allclose(S, [[0.10, 0.03, 0.0], [0.03, 0.05, -0.04], [0.0, -0.04, 0.08]], atol=1e-15)
    allowed = 5 * np.sqrt((np.outer(np.diag(S), np.diag(S)) + S**2) / number)
    assert np.all(np.abs(np.cov(log, rowvar=False) - S) < allowed)
    assert np.all(np.abs(log.mean(axis=0) - MEAN) < 5 * np.sqrt(np.diag(S) / number))


def test_common_factors_hold_at_least_95_percent_of_the_variance():
    """Of 90, 6 and 4 parts in a hundred the first two; what they leave is each parameter's own."""
    loading, specific = _factors(np.diag([6.0, 90.0, 4.0]))
    assert loading[:, 0].tolist() == [0, np.sqrt(90), 0] and loading[:, 1].tolist() == [np.sqrt(6), 0, 0]
    assert loading.shape == (3, 2) and specific == pytest.approx([0, 0, 4], abs=1e-12)
    loading, specific = _factors(np.diag([4.0, -1.0]))  # what errors that are too large leave of a variance is none
    assert np.abs(loading).tolist() == [[2], [0]] and specific.tolist() == [0, 0]
    loading, specific = _factors(np.zeros((2, 2)))
    assert loading.shape == (2, 0) and specific.tolist() == [0, 0]


def test_factors_raise_more_than_they_lower():
    """The sign of a factor is free, and eigenvectors come with either."""
    for seed in range(20):
        half = np.random.default_rng(seed).standard_normal((4, 4))
        loading, _ = _factors(half @ half.T)
        assert (loading.sum(axis=0) >= 0).all()


def test_a_parameter_that_does_not_vary_is_correlated_with_itself_alone():
    spread = Spread(names=NAMES, log_mean=MEAN, loading=[[0.3], [0.0], [0.4]], specific=[0.0, 0.0, 0.09], devices=9)
    assert spread.correlation == pytest.approx(np.array([[1, 0, 0.8], [0, 1, 0], [0.8, 0, 1]]))
    with pytest.raises(InputError, match="devices >= 1"):
        dataclasses.replace(spread, devices=0)
    with pytest.raises(InputError, match="specific variances must be >= 0"):
        dataclasses.replace(spread, specific=[0.0, -1e-9, 0.0])


def test_variances_of_few_devices_are_those_of_the_population():
    """Sum of squares over one less than the number of devices, less the mean of the errors of 0, 1, ... 7 percent."""
    value, _ = fitted_devices(LEAST_DEVICES)
    covariance = np.array([np.diag((0.01 * k * each) ** 2) for k, each in enumerate(value)])
    found = find_spread(NAMES, value, covariance, np.ones_like(value, bool))
    expected = np.log(value).var(axis=0, ddof=1) - np.mean((0.01 * np.arange(8)) ** 2)
    assert np.diag(found.covariance) == pytest.approx(expected)


def test_a_drawn_device_is_of_its_seed_and_number():
    """Device 2 of seed 1 is not device 1 of seed 2."""
    spread = Spread(names=NAMES, log_mean=MEAN, loading=np.zeros((3, 1)), specific=np.ones(3), devices=20)
    assert (spread.draw(2, seed=1) == spread.draw(2, seed=1)).all()
    assert (spread.draw(2, seed=1) != spread.draw(1, seed=2)).all()


def test_devices_that_are_not_known_in_full_do_not_count():
    value, covariance = fitted_devices(LEAST_DEVICES + 1)
    known = np.ones_like(value, bool)
    known[0, 1] = False
    odd = value.copy()
    odd[0] = 1e6
    found = find_spread(NAMES, odd, covariance, known)
    assert found.devices == LEAST_DEVICES and found.log_mean.max() < 5
    known[1, 0] = False
    assert find_spread(NAMES, odd, covariance, known) is None


def test_a_drawn_device_is_the_same_in_arrays_of_any_size():
    """Each by its number and the seed alone."""
    model = types.SimpleNamespace(matrix=lambda *, vector, **_: vector)
    fit = types.SimpleNamespace(model=model, drawn_vector=lambda number, seed: np.array([number, seed]))
    point = OperatingPoint(current_density=7e11, duration=1e-9, temperature=300.0)
    found = drawn_matrices(types.SimpleNamespace(needed_fit=lambda: fit), [point] * 2, devices=2, seed=7, first=3)
    assert found.tolist() == [[[3, 7]] * 2, [[4, 7]] * 2]
    with pytest.raises(InputError, match="devices = 0 must be >= 1"):
        drawn_matrices(types.SimpleNamespace(needed_fit=lambda: fit), [point], devices=0, seed=7)
