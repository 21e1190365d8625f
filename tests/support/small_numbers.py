"""Comparison of quantities in SI units, which may be far below the absolute tolerance 1e-12 of `pytest.approx`."""

import pytest


def approx(expected, rel=1e-6, **tolerance):
    """Return `pytest.approx` without an absolute tolerance, beside which any two energies of a gate are alike."""
    return pytest.approx(expected, rel=rel, **{"abs": 0} | tolerance)
