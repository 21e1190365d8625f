"""The gallery script `calibrate_a_pinning_map`, with fewer places: the numbers that its docstring promises."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "gallery" / "calibrate_a_pinning_map.py"


def test_calibrate_a_pinning_map(capsys):
    spec = importlib.util.spec_from_file_location("calibrate_a_pinning_map", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    alone, both = script.main(places=21)
    more = (41 / 21) ** 0.5  # half the places
    assert abs(alone.value[0] - script.TRUE_SIGMA) < 3 * alone.standard_error[0]
    assert alone.standard_error[0] == pytest.approx(0.008e-3 * more, rel=0.15)
    assert 3 < both.standard_error[0] / alone.standard_error[0] < 6
    slope = both.correlation[0, 1] * both.standard_error[0] / both.standard_error[1]
    assert both.correlation[0, 1] > 0.95
    assert slope == pytest.approx(1.98, rel=0.05)
    assert "nearly degenerate" in capsys.readouterr().out
