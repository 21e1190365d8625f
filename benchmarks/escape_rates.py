"""Escape rates by formula, by flux sampling and by waiting, side by side, with errors and times.

Two narrow notches between pads, wells of 4 to 40 kB T at 300 K and three dampings; last, notches of 7 kB T that are 90
nm apart, a barrier flat over many wall widths. Waiting stops at 8 kB T. Run: python benchmarks/escape_rates.py
[--escapes 400] [--json]
"""

import argparse
import json
import time

from llg import QPhiModel, device_from_mapping, find_wells
from llg.constants import K_B
from llg.rates.brute_force import brute_rates
from llg.rates.flux_sampling import flux_rates
from llg.rates.rate_matrix import rate_matrix

T = 300.0
SOFT = {"Ms": 1.1e6, "A": 16e-12, "K_u": 1.27e6, "D": 0.4e-3}
STIFF = SOFT | {"D": 1.2e-3}
WAITING_UP_TO = 8
FORTY = 46.8  # 40 kB T in stiff material


def narrow_notches(barrier: float, alpha: float, material: dict):
    """Notches of a cosine shape side by side; their depth sets the barrier [kB T], in soft material."""
    notch = {"shape": "cosine", "depth": (barrier - 0.027) / 2.3234 * 1e-9, "width": 40e-9}
    track = {"length": 160e-9, "width": 80e-9, "thickness": 0.6e-9, "pad_width": 160e-9, "pad_taper": 40e-9}
    notches = [{"position": place, **notch} for place in (60e-9, 100e-9)]
    return device_from_mapping(
        {
            "name": "two wells",
            "material": material | {"alpha": alpha},
            "wall": {"shape": "rigid"},
            "track": track,
            "notch": notches,
        }
    )


def far_apart(alpha: float):
    """Triangular notches with an even track between them."""
    notch = {"shape": "triangular", "depth": 11e-9, "width": 30e-9}
    return device_from_mapping(
        {
            "name": "far apart",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": alpha},
            "wall": {"shape": "rigid"},
            "track": {
                "length": 250e-9, "width": 64e-9, "thickness": 0.6e-9, "pad_width": 160e-9, "pad_taper": 40e-9,
            },
            "notch": [{"position": place, **notch} for place in (80e-9, 170e-9)],
        }
    )  # fmt: skip


def row(name: str, device, alpha: float, escapes: int) -> dict:
    """Rates from the first well to the second by all methods that answer."""
    model = QPhiModel(device)
    wells = find_wells(model, T)
    found = {"device": name, "barrier_kT": wells[0].barrier_right / (K_B * T), "alpha": alpha}
    found["langer"] = float(rate_matrix(model, wells, T).rate[0, 1])
    begin = time.perf_counter()
    flux = flux_rates(model, wells, 0, 1, temperature=T, seed=1)
    found |= {"flux": float(flux.rate[1]), "flux_error": float(flux.rate_error[1])}
    found["flux_seconds"] = time.perf_counter() - begin
    if found["barrier_kT"] < WAITING_UP_TO + 0.5:
        begin = time.perf_counter()
        waited = brute_rates(model, wells, 0, temperature=T, seed=1, expected_rate=found["langer"], escapes=escapes)
        found |= {"waiting": float(waited.rate[1]), "waiting_error": float(waited.rate_error[1])}
        found["waiting_seconds"] = time.perf_counter() - begin
    return found


def words(found: dict) -> str:
    """One line of the table."""
    flux, error = found["flux"], found["flux_error"]
    line = f"{found['device']:10s} {found['barrier_kT']:5.1f} kT  alpha {found['alpha']:<5g} "
    line += f"formula {found['langer']:.3e} ({100 * (found['langer'] / flux - 1):+5.1f} % of flux)  "
    line += f"flux {flux:.3e} +- {100 * error / flux:4.1f} % in {found['flux_seconds']:5.1f} s"
    if "waiting" in found:
        wait, its = found["waiting"], found["waiting_error"]
        line += f"  waiting {wait:.3e} +- {100 * its / wait:3.1f} % in {found['waiting_seconds']:5.1f} s"
        line += f"  difference {(flux - wait) / (error**2 + its**2) ** 0.5:+.1f} errors"
    return line


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--escapes", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cases = [
        ("narrow", narrow_notches(b, alpha, SOFT), alpha) for b in (4, 6, 8, 16) for alpha in (0.01, 0.05, 0.3, 1.0)
    ]
    cases += [("stiff", narrow_notches(FORTY, alpha, STIFF), alpha) for alpha in (0.05, 0.3, 1.0)]
    cases += [("far apart", far_apart(alpha), alpha) for alpha in (0.05, 0.3, 1.0)]
    for name, device, alpha in cases:
        found = row(name, device, alpha, options.escapes)
        print(json.dumps(found) if options.json else words(found), flush=True)


if __name__ == "__main__":
    main()
