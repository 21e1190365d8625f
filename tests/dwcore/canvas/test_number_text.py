"""Numbers as text for readers."""

import math

import pytest

from dwcore.canvas.number_text import counted, memory_text, percent_text, power_of_ten, signed, time_text, with_prefix


def test_one_thing_is_not_several():
    words = [counted(n, "device instance") for n in (0, 1, 2)]
    assert words == ["0 device instances", "1 device instance", "2 device instances"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (47.8e-15, "47.8 fJ"), (999.4e-15, "999 fJ"), (999.6e-15, "1 pJ"), (1.0, "1 J"), (1000.0, "1 kJ"), (0.001, "1 mJ"),
        (-2.346e-3, "−2.35 mJ"), (0.0, "0 J"), (1.5e-18, "1.5 aJ"), (9e14, "900 TJ"), (1e15, "1 × 10¹⁵ J"), (3e-19, "3 × 10⁻¹⁹ J"),
        (None, "–"), (math.inf, "–"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_quantities_have_three_digits_and_a_prefix(value, text):
    assert with_prefix(value, "J") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.01, "0.01"), (0.00999, "9.99 × 10⁻³"), (9994.0, "9990"), (1e4, "1 × 10⁴"), (-7.2e11, "−7.2 × 10¹¹"),
     (None, "–"), (math.inf, "–")],
)  # fmt: skip
def test_large_and_small_numbers_are_powers_of_ten(value, text):
    assert power_of_ten(value) == text
    assert signed(-0.12345) == "−0.123"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2e-12, "2 ps"), (59.94, "59.9 s"), (59.96, "1 min 0 s"), (61.4, "1 min 1 s"), (3599.4, "59 min 59 s"), (3599.6, "1 h"),
        (5400.0, "1.5 h"), (364 * 86400.0, "8740 h"), (10 * 365.25 * 86400.0, "10 years"), (1e12, "3.17 × 10⁴ years"),
        (999 * 365.25 * 86400.0, "999 years"),
        (None, "–"), (math.inf, "–"),
    ],
)  # fmt: skip
def test_times_are_in_the_unit_that_suits_them(seconds, text):
    assert time_text(seconds) == text


def test_sizes_are_in_mebibytes_and_gibibytes():
    assert [memory_text(size) for size in (None, 3 * 2**19, 2**30 - 2**20, 2**30, 5 * 2**29)] == [
        "–", "2 MiB", "1023 MiB", "1.00 GiB", "2.50 GiB"]  # fmt: skip


def test_shares_have_the_deviation_of_one_where_there_are_several():
    """0.5 and 0.7 lie 0.1 off their mean: sqrt(2) of that."""
    assert percent_text([0.5]) == "50.0 %" and percent_text([0.5, 0.7]) == "60.0 ± 14.1 %"
