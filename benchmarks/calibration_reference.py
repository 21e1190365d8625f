"""Fits to the reference micromagnetics, and what parameters fitted on one notch say about another.

Each set of free parameters is fitted to the whole pinning map of the 6 nm notch (1 nm cells) and then predicts the
depinning field and the map of the 10 nm notch, and the other way round. The start, "straight wall", is the wall width
and energy of the relaxed straight wall. Nothing is tuned to the predicted map.

Run: python benchmarks/calibration_reference.py [FOLDER]      (default ../shared/reference/micromagnetics)
"""

import math
import re
import sys
from pathlib import Path

import numpy as np

from llg import QPhiModel, device_from_mapping
from llg.calibration.fit import calibrate
from llg.calibration.parameters import with_values
from llg.calibration.pinning_map import holding_field, read_pinning_map
from llg.calibration.velocity_curve import read_velocity_curve

FOLDER = Path(__file__).resolve().parents[2] / "shared/reference/micromagnetics"
SETS = (("sigma_0",), ("sigma_0", "Delta"), ("sigma_0", "D"), ("sigma_0", "notch_width_scale"))


def track(depth: float):
    """The reference track with a notch of this depth [m]."""
    notch = {"position": 200e-9, "shape": "triangular", "depth": depth, "width": 30e-9}
    return device_from_mapping(
        {
            "name": "reference",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
            "wall": {"shape": "rigid", "Delta": 7.17e-9, "sigma_0": 2.18e-3 + math.pi * 1e-3, "H_K": 0.0},
            "track": {"length": 400e-9, "width": 64e-9, "thickness": 0.6e-9},
            "torque": {"theta_SH": 0.1, "current_crowding": 0.0},
            "notch": [notch],
        }
    )


def score(device, folder: Path, depth: int) -> str:
    """Depinning field and rms difference of the map of a notch, for a device."""
    path = folder / f"task2_notch_d{depth}_W30_dx1_D1_L240.csv"
    truth = float(re.search(r"B_dep = ([\d.]+) mT", path.read_text()).group(1))
    data = read_pinning_map(path, device)
    found = 1e3 * np.max(holding_field(QPhiModel(device), np.linspace(200e-9, 240e-9, 2001)))
    rms = 1e3 * np.sqrt(np.mean((data.predict(device) - data.measured) ** 2))
    return f"d = {depth:2d} nm: {found:6.2f} mT ({100 * (found / truth - 1):+5.1f} %), map rms {rms:.2f} mT"


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    devices = {depth: track(depth * 1e-9) for depth in (6, 10)}
    for depth, device in devices.items():
        print(f"straight wall, no fit         -> {score(device, folder, depth)}")
    for fitted_on, other in ((6, 10), (10, 6)):
        for free in SETS:
            device = devices[fitted_on]
            data = read_pinning_map(folder / f"task2_notch_d{fitted_on}_W30_dx1_D1_L240.csv", device)
            result = calibrate(device, [data], free)
            values = dict(zip(free, map(float, result.value), strict=True))
            text = ", ".join(f"{n} = {v:.4g}" for n, v in values.items())
            print(f"{', '.join(free)} on d = {fitted_on}: {text}")
            for depth in (fitted_on, other):
                kind = "fit    " if depth == fitted_on else "predict"
                print(f"    {kind} {score(with_values(devices[depth], values), folder, depth)}")
    rows = ["J_1e11_A_per_m2,v_m_per_s"]
    for J in ("0.5", "1", "2"):
        text = (folder / f"task3_sot_J{J}.csv").read_text()
        rows.append(f"{J},{re.search(r'v_steady = ([0-9.]+) m/s', text).group(1)}")
    _velocities(devices[6], rows)


def _velocities(device, rows: list[str]):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "velocity.csv"
        path.write_text("\n".join(rows))
        data = read_velocity_curve(path, device)
    print("velocities, no fit:", np.round(data.predict(device), 2), "measured", data.measured)
    for free in (("theta_SH",), ("D",)):
        result = calibrate(device, [data], free)
        deviation = 100 * (result.predicted[0] / data.measured - 1)
        print(f"{free[0]} = {result.value[0]:.5g} +- {result.standard_error[0]:.2g}: off by {np.round(deviation, 1)} %")


if __name__ == "__main__":
    main()
