"""Goal: choose notch depth and write pulse of the five-state reference synapse, as docs/reference-devices.md does.

Physics: the barrier between states grows with the depth of the notches. So does the current that moves the wall. A
pulse moves the wall by one state when it ends after the wall has passed one ridge and before it passes the next. The
window of durations is one pitch over the velocity. It is wide compared with the thermal jitter of the depinning time.

Expected: barriers of at least 40 kB T from a depth of 18 nm on; at 20 nm and 7e11 A/m^2 a pulse of 1 ns moves the wall
by one state in more than 95 % of the trials.
"""

import dataclasses

import numpy as np

from llg import Drive, QPhiModel, depinning_current, find_wells, load_device, simulate, well_index
from llg.constants import K_B


def with_depth(device, depth: float):
    """Return the device with all notches cut to another depth [m]."""
    return dataclasses.replace(device, notches=tuple(dataclasses.replace(n, depth=depth) for n in device.notches))


def barriers(device, depths):
    """Lowest barrier of any state [kB T] and depinning current of the middle state [A/m^2], per depth."""
    rows = []
    for depth in depths:
        model = QPhiModel(with_depth(device, depth))
        wells = find_wells(model, device.temperature)
        lowest = min(min(w.barrier_left, w.barrier_right) for w in wells) / (K_B * device.temperature)
        rows.append((depth, lowest, depinning_current(model, wells[len(wells) // 2], +1)))
    return rows


def step_probability(device, currents, durations, n: int):
    """Probability to move the middle state by one and by two states, shape (2, currents, durations)."""
    wells = find_wells(QPhiModel(device), device.temperature)
    middle = len(wells) // 2
    start = (wells[middle].q, wells[middle].phi)
    p = np.empty((2, len(currents), len(durations)))
    for a, J in enumerate(currents):
        for d, duration in enumerate(durations):
            drive = Drive(waveform=device.pulse.waveform(duration), current_density=J)
            moved = well_index(wells, simulate(device, drive, n=n, start=start, seed=1).q) - middle
            p[:, a, d] = np.mean(moved == 1), np.mean(moved == 2)
    return p


def main(n: int = 1000):
    """Print both scans; returns them for the tests."""
    device = load_device("five_state")
    found = barriers(device, (14e-9, 16e-9, 18e-9, 20e-9, 22e-9))
    for depth, lowest, J in found:
        print(f"depth {1e9 * depth:.0f} nm: lowest barrier {lowest:.1f} kB T, depinning current {J:.3g} A/m^2")
    currents, durations = (5e11, 6e11, 7e11, 8e11), (0.6e-9, 0.8e-9, 1.0e-9, 1.2e-9, 1.4e-9)
    p = step_probability(device, currents, durations, n)
    for a, J in enumerate(currents):
        row = "  ".join(f"{p[0, a, d]:.3f}/{p[1, a, d]:.3f}" for d in range(len(durations)))
        print(f"J = {J:.1e} A/m^2, one/two states at {[round(1e9 * t, 1) for t in durations]} ns: {row}")
    return found, p


if __name__ == "__main__":
    main()
