"""How to predict a depinning probability that is fitted: bare counts, or counts smoothed over the current?

For the five-state device and 1 ns pulses: a reference of many shots, then many small simulations with seeds of their
own. Printed for bare counts and for probit polynomials of degree 1 to 4: bias and standard deviation of P, and of its
derivative with the logarithm of theta_SH by a central difference with common noise, over all currents.

Run: python benchmarks/depinning_surrogate.py [--seeds 64] [--shots 500] [--reference 100000]
"""

import argparse
import dataclasses

import numpy as np

from llg import Drive, QPhiModel, find_wells, load_device, simulate
from llg.calibration import depinning_curve as law

CURRENTS = np.linspace(4.4e11, 6.0e11, 9)
STEP = law.DepinningCurve.difference_step


def counts(device, well, J, shots, seed, dt):
    """Depinned pulses at each current."""
    out = []
    for j in J:
        drive = Drive(waveform=device.pulse.waveform(1e-9), current_density=float(j))
        end = simulate(device, drive, n=shots, start=(well.q, well.phi), seed=seed, dt=dt)
        out.append(np.sum((end.q < well.left_foot) | (end.q > well.right_foot)))
    return np.array(out, float)


def scaled(device, factor):
    """The device with another spin Hall angle."""
    torque = dataclasses.replace(device.torque, theta_SH=factor * device.torque.theta_SH)
    return dataclasses.replace(device, torque=torque)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--shots", type=int, default=500)
    parser.add_argument("--reference", type=int, default=100_000)
    options = parser.parse_args()
    device = load_device("five_state")
    model = QPhiModel(device)
    well = find_wells(model, device.temperature)[2]
    dt = 0.1 / model.fastest_rate()
    around = law.currents_around(CURRENTS)
    inside = np.isin(around, CURRENTS)
    devices = [scaled(device, f) for f in (1.0, 1 - STEP, 1 + STEP)]
    exact = [counts(d, well, CURRENTS, options.reference, 999, dt) / options.reference for d in devices]
    print("P of the reference:", np.round(exact[0], 4))
    slope = (exact[2] - exact[1]) / (2 * STEP)
    raw = np.array([[counts(d, well, around, options.shots, s, dt) for d in devices] for s in range(options.seeds)])
    noise = np.sqrt(np.max(exact[0] * (1 - exact[0])) / options.reference)
    print(
        f"standard error of the reference at most {noise:.4f}, of the biases that and std P / {options.seeds**0.5:.1f}"
    )
    print("method     bias P (worst)  std P (rms)   bias dP (worst)  std dP (rms)")
    for degree in (None, 1, 2, 3, 4):
        if degree is None:
            P = raw[..., inside] / options.shots
        else:
            law._DEGREE = degree
            P = np.array([[law.smooth_probability(around, k, options.shots, CURRENTS) for k in seed] for seed in raw])
        dP = (P[:, 2] - P[:, 1]) / (2 * STEP)
        bias, dbias = P[:, 0].mean(0) - exact[0], dP.mean(0) - slope
        rms = np.sqrt(np.mean(P[:, 0].var(0, ddof=1))), np.sqrt(np.mean(dP.var(0, ddof=1)))
        name = "counts" if degree is None else f"degree {degree}"
        worst = np.abs(bias).max(), np.abs(dbias).max()
        print(f"{name:10s} {worst[0]:12.4f} {rms[0]:13.4f} {worst[1]:15.3f} {rms[1]:14.3f}", flush=True)
        print("           bias P at each current:", np.round(bias, 4))


if __name__ == "__main__":
    main()
