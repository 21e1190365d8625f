"""`pytest.approx` for quantities in SI units: without its absolute tolerance of 1e-12, beside which all energies agree.

And torch's random numbers begin anew with each test: none depends on which ran before it.
"""

import sys

import pytest

_approx = pytest.approx


def approx(expected, rel=None, abs=None, nan_ok=False):
    """Return `pytest.approx` with a relative tolerance of 1e-6 unless one is given, and an absolute one only if given."""
    if abs is None:
        return _approx(expected, rel=1e-6 if rel is None else rel, abs=0, nan_ok=nan_ok)
    return _approx(expected, rel=rel, abs=abs, nan_ok=nan_ok)


pytest.approx = approx


@pytest.fixture(autouse=True)
def _seeded_torch():
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
