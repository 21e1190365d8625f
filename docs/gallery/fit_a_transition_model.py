"""Goal: fit a transition model to counts, ask it about pulses never simulated, and see how far to trust it.

Physics: a wall driven by j = J/J_c drifts and diffuses towards the next ridge. The chance to pass it in time is a first
passage. Noise grows with temperature. Everything is fitted to pulses of 0.7 to 1.6 ns at 300 K on the five-state
device. Then the model is asked about another temperature and compared with trajectories.

Expected: a threshold of 4.05e11 A/m^2 at the second ridge within 5 %, a sound fit, and rows at 400 K that differ from
200 trajectories per state there by less than 0.05 in total variation distance on average.
"""

import dataclasses

import numpy as np

from compact import Grid, build_table, load_table, run_fit, save_table, with_fit
from llg import load_device

FACTORS = np.array([0.6, 0.7, 0.8, 0.9, 1.0, 1.2])
STRETCH = np.array([0.7, 1.0, 1.3, 1.6])


def table_at(device, temperature: float, factors, stretch, n: int, seed: int):
    """Counts of pulses both ways around the nominal one."""
    pulse = device.pulse
    current = pulse.current_density * np.concatenate([-factors[::-1], factors])
    grid = Grid(current_density=tuple(current), duration=tuple(pulse.duration * stretch))
    return build_table(dataclasses.replace(device, temperature=temperature), grid, n=n, seed=seed)


def distance(model, table) -> float:
    """Mean total variation distance between the model and the shares of a table."""
    found = []
    for a, J in enumerate(table.current_density):
        for d, duration in enumerate(table.duration):
            pulse = {"current_density": float(J), "duration": float(duration)}
            rows = model.matrix(temperature=float(table.temperature[0]), **pulse)
            found.append(0.5 * np.abs(rows - table.probability[0, 0, a, d]).sum(axis=-1).mean())
    return float(np.mean(found))


def main(n: int = 200, path: str | None = None):
    """Fit at 300 K, ask at 400 K; returns the fit and the distance there."""
    device = load_device("five_state")
    raw = table_at(device, 300.0, FACTORS, STRETCH, n, seed=1)
    fit = run_fit(raw)
    print(fit.verdict)
    i = fit.model.names.index("threshold_up_2")
    print(f"threshold {fit.model.value[0, i]:.3g} +- {fit.model.standard_error[0, i]:.1g} A/m^2")
    if path is not None:
        save_table(path, with_fit(raw, fit))
        fit = load_table(path).fit
    hot = table_at(device, 400.0, FACTORS[1:4], STRETCH[1:3], n, seed=2)
    away = distance(fit.model, hot)
    print(f"distance at 400 K: {away:.3f}")
    return fit, away


if __name__ == "__main__":
    main()
