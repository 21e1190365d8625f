"""Calibration on the reference micromagnetics: what is fitted on one notch predicts the other."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from llg import QPhiModel, device_from_mapping
from llg.calibration.fit import calibrate
from llg.calibration.parameters import with_values
from llg.calibration.pinning_map import holding_field, read_pinning_map
from llg.calibration.potential_map import read_potential_map, with_potential
from llg.calibration.velocity_curve import read_velocity_curve
from llg.rates.summary import find_wells

ROOT = Path(__file__).resolve().parents[3]
PLACES = [base / "reference" / "micromagnetics" for base in (ROOT.parent / "shared", ROOT / "shared")]
REFERENCE = next((place for place in PLACES if place.is_dir()), None)
pytestmark = pytest.mark.skipif(REFERENCE is None, reason="no reference micromagnetics in ../shared/reference")


def make_device(depth):
    return device_from_mapping(
        {
            "name": "reference",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
            "wall": {"shape": "rigid", "Delta": 7.17e-9, "sigma_0": 2.18e-3 + math.pi * 1e-3, "H_K": 0.0},
            "track": {"length": 400e-9, "width": 64e-9, "thickness": 0.6e-9},
            "torque": {"theta_SH": 0.1, "current_crowding": 0.0},
            "notch": [{"position": 200e-9, "shape": "triangular", "depth": depth * 1e-9, "width": 30e-9}],
        }
    )


def map_file(depth):
    return REFERENCE / f"task2_notch_d{depth}_W30_dx1_D1_L240.csv"


def measured_field(depth):
    return 1e-3 * float(re.search(r"B_dep = ([\d.]+) mT", map_file(depth).read_text()).group(1))


@pytest.mark.parametrize("free", [("sigma_0",), ("sigma_0", "Delta")])
@pytest.mark.parametrize(("fitted", "other"), [(6, 10), (10, 6)])
def test_one_notch_predicts_the_other(free, fitted, other):
    """The demand on depinning fields, 8 %, holds for a depth that was not fitted."""
    data = read_pinning_map(map_file(fitted), make_device(fitted))
    result = calibrate(make_device(fitted), [data], free)
    device = with_values(make_device(other), dict(zip(free, map(float, result.value), strict=True)))
    found = np.max(holding_field(QPhiModel(device), np.linspace(200e-9, 240e-9, 2001)))
    assert found == pytest.approx(measured_field(other), rel=0.08)


@pytest.mark.parametrize("depth", [6, 10])
def test_map_as_potential_has_its_depinning_field(depth):
    device = make_device(depth)
    even = with_potential(device, read_potential_map(map_file(depth), device, mirror=True))
    (well,) = find_wells(QPhiModel(even), 300)
    assert well.depinning_field_right == pytest.approx(measured_field(depth), rel=0.01)


def test_velocities_are_fitted_by_the_chiral_field(tmp_path):
    rows = ["J_1e11_A_per_m2,v_m_per_s"]
    for J in ("0.5", "1", "2"):
        text = (REFERENCE / f"task3_sot_J{J}.csv").read_text()
        rows.append(f"{J},{re.search(r'v_steady = ([0-9.]+) m/s', text).group(1)}")
    path = tmp_path / "velocity.csv"
    path.write_text("\n".join(rows))
    data = read_velocity_curve(path, make_device(6))
    before = np.abs(data.predict(make_device(6)) / data.measured - 1).max()
    result = calibrate(make_device(6), [data], ["D"])
    after = np.abs(result.predicted[0] / data.measured - 1).max()
    assert after < 0.01 < before
