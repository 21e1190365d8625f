"""Do the 95 % intervals of a calibration hold the true value in 95 % of the trials?

For each kind of data, synthetic measurements of a known device with their noise, fitted from a start that is wrong by a
few percent. Printed per parameter: share of the trials whose interval holds the truth (its binomial standard error is
1.5 % at 200 trials), mean bias and scatter of the estimates in standard errors (0 and 1 if all is right). Depinning
counts are simulated pulse by pulse with seeds of their own, so that the error of the smoothed prediction shows.

Run: python benchmarks/calibration_coverage.py [KIND ...] [--trials 200] [--first 0] [--json]
"""

import argparse
import dataclasses
import json
import time

import numpy as np

from llg import device_from_mapping
from llg.calibration.depinning_curve import DepinningCurve, first_step
from llg.calibration.fit import calibrate
from llg.calibration.parameters import ParameterSpace
from llg.calibration.pinning_map import PinningMap
from llg.calibration.velocity_curve import VelocityCurve
from llg.calibration.wall_trace import WallTrace, place_of_rest
from llg.landscape.wells import find_wells
from llg.walls.q_phi import QPhiModel

TRUTH = {
    "name": "truth",
    "temperature": 300.0,
    "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
    "wall": {"shape": "rigid", "Delta": 7.2e-9, "sigma_0": 5.3e-3, "H_K": 1e4},
    "track": {"length": 1000e-9, "width": 64e-9, "thickness": 0.6e-9},
    "torque": {"theta_SH": 0.1, "current_crowding": 0.0},
    "pulse": {"current_density": 3e11, "duration": 2e-9, "rest_time": 1e-9, "relaxation_time": 2e-9},
    "notch": [{"position": 300e-9, "shape": "triangular", "depth": 12e-9, "width": 30e-9}],
}
START_OFF = 0.05
"""Standard deviation of the start values around the truth, relative."""


def pinning(device, rng, known=("Bz",)):
    """25 places around the notch; errors of the field, of the position, or none known."""
    q = np.linspace(-24e-9, 24e-9, 25)
    none, field, place = np.zeros(25), 0.5e-3, 0.3e-9
    errors = {"field_error": none, "position_error": none}
    exact = dataclasses.replace(_pinning(q, none, {**errors}, True), measured=none)
    measured = exact.predict(device)
    if "Bz" in known or not known:
        measured = measured + field * rng.standard_normal(25)
        errors["field_error"] = np.full(25, field)
    if "q" in known:
        q = q + place * rng.standard_normal(25)
        errors["position_error"] = np.full(25, place)
    return _pinning(q, measured, errors if known else {"field_error": none, "position_error": none}, bool(known))


def _pinning(q, measured, errors, known):
    series = np.zeros(q.size, int)
    common = {"source": "synthetic", "series": series, "origin": 300e-9, "integrated": False}
    return PinningMap(x=q, measured=measured, errors_known=known, **common, **errors)


def velocity(device, rng):
    """v(J) at 14 currents and v(B) at 6 fields, 1 m/s: the fields tell alpha from theta_SH."""
    J = np.concatenate([np.linspace(0.2e11, 4e11, 14), np.zeros(6)])
    B = np.concatenate([np.zeros(14), np.linspace(2e-3, 12e-3, 6)])
    data = VelocityCurve(
        source="synthetic",
        x=J,
        measured=np.zeros(20),
        series=np.zeros(20, int),
        errors_known=True,
        current_density=J,
        field=B,
        measured_error=np.ones(20),
    )
    return dataclasses.replace(data, measured=data.predict(device) + rng.standard_normal(20))


def trace(device, rng):
    """q(t) at a small and a large current, 0.5 nm, pinned and depinned."""
    t = np.tile(np.linspace(0.1e-9, 1.5e-9, 20), 2)
    data = WallTrace(
        source="synthetic",
        x=t,
        measured=np.zeros(40),
        series=np.repeat([0, 1], 20),
        labels=("", ""),
        errors_known=True,
        origin=300e-9,
        integrated=False,
        current_density=np.repeat([2e11, 6e11], 20),
        field=np.zeros(40),
        measured_error=np.full(40, 0.5e-9),
        temperature=0.0,
        first_start=place_of_rest(device, 300e-9),
        dt=first_step(device),
        seed=1,
        jobs=1,
    )
    return dataclasses.replace(data, measured=data.predict(device) + 0.5e-9 * rng.standard_normal(40))


def depinning(device, rng, shots=500):
    """Counts of 100 pulses at 8 currents."""
    J = np.linspace(2.6e11, 3.9e11, 8)
    seed = int(rng.integers(2**40))
    data = DepinningCurve(
        source="synthetic",
        x=J,
        measured=np.zeros(8),
        series=np.zeros(8, int),
        errors_known=True,
        trials=np.full(8, 100.0),
        duration=np.full(8, 2e-9),
        field=np.zeros(8),
        well=find_wells(QPhiModel(device), device.temperature)[0],
        dt=first_step(device),
        seed=seed,
        shots=100,
        jobs=1,
    )
    counts = np.array([data._count(device, float(j), np.arange(8) == i) for i, j in enumerate(J)])
    return dataclasses.replace(data, measured=counts / 100, seed=seed + 1, shots=shots)


KINDS = {
    "pinning": (pinning, ("sigma_0", "Delta")),
    "pinning, error estimated": (lambda d, r: pinning(d, r, ()), ("sigma_0", "Delta")),
    "pinning, error of q": (lambda d, r: pinning(d, r, ("q",)), ("sigma_0", "Delta")),
    "pinning, profile": (pinning, ("sigma_0", "notch_depth_scale", "notch_width_scale")),
    "velocity": (velocity, ("theta_SH", "D", "alpha")),
    "trajectory": (trace, ("theta_SH", "alpha")),
    "depinning": (depinning, ("theta_SH",)),
}


def one_trial(kind: str, number: int):
    """Whether each interval holds the truth, and the deviations in standard errors."""
    make, names = KINDS[kind]
    truth = device_from_mapping(TRUTH)
    space = ParameterSpace(truth, names)
    rng = np.random.default_rng((7, list(KINDS).index(kind), number))
    data = make(truth, rng)
    start = np.array(space.start) * (1 + START_OFF * np.clip(rng.standard_normal(len(names)), -2, 2))
    profile = "profile" in kind
    base = 1.0 / start if "notch" in " ".join(names) else None  # scale factors are relative to the start device
    result = calibrate(space.device(start), [data], names, profile=profile)
    value, wanted = result.value.copy(), np.array(space.start)
    for j, name in enumerate(names):
        if name.startswith("notch"):
            wanted[j] = base[j]
    ends = result.profile if profile else result.interval
    return (ends[:, 0] <= wanted) & (wanted <= ends[:, 1]), (value - wanted) / result.standard_error


def coverage(kind: str, trials: int, first: int) -> dict:
    """Coverage, bias and scatter per parameter."""
    begin = time.perf_counter()
    inside, z = (np.array(a) for a in zip(*(one_trial(kind, k) for k in range(first, first + trials)), strict=True))
    return {
        "kind": kind,
        "trials": trials,
        "parameters": list(KINDS[kind][1]),
        "coverage": inside.mean(axis=0).tolist(),
        "bias": z.mean(axis=0).tolist(),
        "scatter": z.std(axis=0, ddof=1).tolist() if trials > 1 else [],
        "seconds": time.perf_counter() - begin,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first trial, to run them in parts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for kind in options.kinds or KINDS:
        row = coverage(kind, options.trials, options.first)
        if options.json:
            print(json.dumps(row), flush=True)
            continue
        for name, share, bias, scatter in zip(
            row["parameters"], row["coverage"], row["bias"], row["scatter"], strict=True
        ):
            print(
                f"{kind:26s} {name:18s} coverage {100 * share:5.1f} %  bias {bias:+.2f}  scatter {scatter:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
