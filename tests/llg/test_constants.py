"""The constants are those of scipy, whose edition of CODATA may be another: they agree to its uncertainty."""

import math

import pytest
from scipy import constants as reference

from llg import constants


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (constants.MU_0, reference.mu_0),
        (constants.K_B, reference.k),
        (constants.HBAR, reference.hbar),
        (constants.E_CHARGE, reference.e),
        (constants.MU_B, reference.physical_constants["Bohr magneton"][0]),
    ],
)
def test_same_as_scipy(value, expected):
    assert value == pytest.approx(expected, rel=1e-9)


def test_gyromagnetic_ratio():
    gamma_e = reference.physical_constants["electron gyromag. ratio"][0]
    assert math.isclose(constants.GAMMA_0, reference.mu_0 * gamma_e, rel_tol=1e-7)
    g = constants.GAMMA_0 * constants.HBAR / (constants.MU_B * constants.MU_0)
    assert math.isclose(g, 2.0023, rel_tol=1e-4)
