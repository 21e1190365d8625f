"""The gallery scripts on one wall, reduced: the numbers that their docstrings promise."""

import importlib.util
import math
from pathlib import Path

import pytest

GALLERY = Path(__file__).resolve().parents[2] / "docs" / "gallery"


def script(name):
    spec = importlib.util.spec_from_file_location(name, GALLERY / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_velocity_against_current(capsys):
    chiral, achiral, most = script("velocity_against_current").main(points=2, walls=64, measured=10e-9)
    assert most == pytest.approx(251, abs=0.5)
    assert chiral.drive[1] == pytest.approx(7e11)
    assert chiral.noiseless[1] == pytest.approx(157, abs=0.5)
    assert chiral.exact[12] == pytest.approx(157, abs=0.5)
    assert chiral.velocity[1] == pytest.approx(0.99 * 157, abs=4 * chiral.error[1] + 0.5)
    assert abs(achiral.velocity[1]) < 4 * achiral.error[1] < 3
    assert "7.00e+11" in capsys.readouterr().out


def test_landscape_of_a_notch(capsys):
    achiral, chiral = script("landscape_of_a_notch").main(constants=(0.0, 1e-3))
    assert achiral == (2, pytest.approx(11.5, abs=0.05), pytest.approx(0.60, abs=0.005))
    assert chiral[0] == 1 and chiral[1] == pytest.approx(6.3, abs=0.05) and math.isnan(chiral[2])
    assert "0.60 kB T to the other angle" in capsys.readouterr().out
