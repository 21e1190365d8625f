"""Statistics of a relaxed wall: the same from trajectories, from the density, and at rest from exp(-E/kB T)."""

import numpy as np
import pytest
from scipy import stats

from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.fokker_planck.run import run_pulse_density
from llg.landscape.wells import well_index
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate
from llg.walls.q_phi import QPhiModel

KT = K_B * 300.0


KINDS = {"Neel": (1e-3, None), "weak DMI": (0.3e-3, None), "Bloch-Neel": (0.11e-3, 30e3)}
"""D [J/m^2] and H_K [A/m]; the last rests 30 degrees from Neel."""


def make_device(shape="relaxed", kind="Neel"):
    D, H_K = KINDS[kind]
    return device_from_mapping(
        {
            "name": "two notches",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": 0.3},
            "wall": {"shape": shape} | ({"H_K": H_K} if H_K else {}),
            "track": {"length": "280 nm", "width": "64 nm", "thickness": "0.6 nm"},
            "torque": {"theta_SH": 0.1},
            "pulse": {"current_density": 2e11, "duration": "0.6 ns", "relaxation_time": "1 ns", "rest_time": "0.3 ns"},
            "notch": [
                {"position": q, "shape": "triangular", "depth": "12 nm", "width": "30 nm"} for q in (100e-9, 180e-9)
            ],
        }
    )


def test_outcomes_of_pulses_are_those_of_the_density():
    """Left, right, or in no well at the end of the drive, at a current that moves about half of the walls."""
    n = 6000
    density = run_pulse_density(make_device(), current_density=3e11, state=0, cell=0.4)
    case, p = density.case, density.probability
    assert p.min() > 0.01
    for shape in ("relaxed", "rigid"):
        end = simulate(make_device(shape), case.drive, n=n, start=case.start, seed=11)
        index = well_index(case.wells, end.q)
        counts = np.bincount(np.where(index < 0, 2, index), minlength=3)
        surprise = float(np.sum((counts - n * p) ** 2 / (n * p)))  # chi squared with 2 degrees of freedom
        assert surprise < 14 if shape == "relaxed" else surprise > 40, (shape, counts / n, p)


@pytest.mark.parametrize(("kind", "current"), [("weak DMI", 5e11), ("Bloch-Neel", 1e12)])
def test_walls_held_loosely_in_angle_leave_as_their_density_does(kind, current):
    """The share that a pulse moves to the right well: 0.47 at D = 0.3 mJ/m^2, and 0.043 of a wall that rests 30 degrees off."""
    n = 6000
    density = run_pulse_density(make_device(kind=kind), current_density=current, state=0, cell=0.4)
    case, p = density.case, float(density.probability[1])
    for shape in ("relaxed", "rigid"):
        end = simulate(make_device(shape, kind), case.drive, n=n, start=case.start, seed=11)
        moved = np.mean(well_index(case.wells, end.q) == 1)
        surprise = abs(moved - p) / np.sqrt(p * (1 - p) / n)
        assert surprise < 3.5 if shape == "relaxed" else surprise > 8, (shape, moved, p)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampled", ["relaxed", "rigid"])
def test_equilibrium_in_the_notch(sampled, kind):
    """Places of 40,000 walls after 2 ns follow exp(-E/kB T) dq dphi of the relaxed wall; rigid ones do not."""
    relaxed, device = QPhiModel(make_device(kind=kind)), make_device(sampled, kind)
    rest = Drive(waveform=Waveform(np.array([0.0, 2e-9]), np.zeros(2)))
    end = simulate(device, rest, n=40_000, start=(100e-9, np.pi), seed=5)
    q, phi = np.linspace(70e-9, 130e-9, 1201), np.linspace(0, 2 * np.pi, 361)
    weight = np.exp(-(relaxed.energy(q[:, None], phi) - relaxed.energy(100e-9, np.pi)) / KT)
    below = np.cumsum(weight.sum(axis=1))
    inside = np.abs(end.q - 100e-9) < 30e-9
    assert inside.mean() > 0.99
    p_value = stats.kstest(end.q[inside], lambda x: np.interp(x, q, below / below[-1])).pvalue
    assert p_value > 1e-3 if sampled == "relaxed" else p_value < 1e-6, p_value
