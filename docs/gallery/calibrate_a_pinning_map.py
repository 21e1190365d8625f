"""Goal: find the wall energy of a track from a pinning map, and see what such a map cannot tell.

Physics: a rigid wall. A field B_z holds the wall at the place q where it balances the slope of the energy. In a notch that is
sigma_0 ds2/dq - pi D ds1/dq for a Neel wall. The two averaged widths have much the same shape, only s1 is shallower.
So a map fixes one combination of sigma_0 and D well and each of them badly. The data are 41 places, made with known
values and a noise of 0.3 mT.

Expected: with D known, sigma_0 is 5.30 mJ/m^2 within three standard errors of 0.008 mJ/m^2. With D free the
standard error grows fourfold, the correlation is 0.97, and what is fixed is sigma_0 - 1.98 D.
"""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np

from llg import QPhiModel, device_from_mapping
from llg.calibration.fit import calibrate
from llg.calibration.parameters import with_values
from llg.calibration.pinning_map import holding_field, read_pinning_map
from llg.calibration.report import as_text

TRUE_SIGMA, NOISE = 5.3e-3, 0.3e-3


def make_track():
    """A notched Pt/Co-like track whose wall energy is the one to be found."""
    return device_from_mapping(
        {
            "name": "notched track",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
            "wall": {"shape": "rigid", "Delta": 7.2e-9, "sigma_0": TRUE_SIGMA, "H_K": 1e4},
            "track": {"length": 400e-9, "width": 64e-9, "thickness": 0.6e-9},
            "notch": [{"position": 200e-9, "shape": "triangular", "depth": 10e-9, "width": 30e-9}],
        }
    )


def write_map(path: Path, device, places: int):
    """A noisy map, q counted from the notch."""
    q = np.linspace(-40e-9, 40e-9, places)
    noise = NOISE * np.random.default_rng(1).standard_normal(places)
    B = holding_field(QPhiModel(device), 200e-9 + q) + noise
    rows = [f"{1e9 * a:.3f},{1e3 * b:.4f},{1e3 * NOISE}" for a, b in zip(q, B, strict=True)]
    path.write_text("# position from the notch, holding field, its error\nq_nm,Bz_mT,Bz_error_mT\n" + "\n".join(rows))


def main(places: int = 41):
    """Fit once with D known and once with D free; returns both fits."""
    device = make_track()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.csv"
        write_map(path, device, places)
        start = with_values(device, {"sigma_0": 5.0e-3})
        data = dataclasses.replace(read_pinning_map(path, start), source="map.csv")
    fits = [calibrate(start, [data], free) for free in (["sigma_0"], ["sigma_0", "D"])]
    for fit in fits:
        print("\n".join(as_text(fit)), end="\n\n")
    return fits


if __name__ == "__main__":
    main()
