"""The tests compare quantities in SI units, however small."""

import pytest


def test_small_quantities_are_compared_relatively():
    assert pytest.approx(6e-13) != 0.0 and pytest.approx(1e-19, rel=1e-3) != 1.01e-19
    assert pytest.approx(1e-19, rel=1e-3) == 1.0005e-19 and pytest.approx(0.0, abs=1e-30) == 1e-31
    assert pytest.approx([1e-15, 1e-13]) != [1e-13, 1e-15]
