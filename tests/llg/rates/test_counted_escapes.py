"""The rate between two wells by formula, against counting walls that have crossed.

Two equal wells, V = (B/2)(1 + cos(2 pi x/L)) between their bottoms at x = -L/2 and L/2 and harmonic outside, on a
straight track with a chiral wall. Started in one well, the share in the other is (1 - exp(-2 k t))/2 once the wall has
relaxed within its well, which takes 0.1 ns.

The formula takes well and barrier as integrals, so that strong damping leaves no error of order kB T/B; the curvatures
alone would give 7 % more at 5.5 kB T (1/8 kB T/B from the well, 1/4 from the saddle). Counting 6144 walls until a
quarter has crossed has a standard error of 3 %. Allowed are 8 % and three standard errors.
"""

import math

import numpy as np
import pytest

from llg import Drive, simulate
from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.landscape.wells import find_wells, well_index
from llg.rates.rate_matrix import rate_matrix
from llg.walls.q_phi import QPhiModel

TEMPERATURE, PERIOD, CENTRE, LENGTH, N = 300.0, 30e-9, 150e-9, 300e-9, 6144
KT = K_B * TEMPERATURE


def model(barrier, alpha):
    """Two wells with a barrier [kB T] between them."""
    x = np.linspace(-80e-9, 80e-9, 641)
    k = 2 * math.pi / PERIOD
    inside = np.abs(x) < PERIOD / 2
    V = np.where(inside, 0.5 * (1 + np.cos(k * x)), 0.25 * k**2 * (np.abs(x) - PERIOD / 2) ** 2)
    return QPhiModel(
        device_from_mapping(
            {
                "name": "two wells",
                "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 5e-4, "alpha": alpha},
                "wall": {"H_K": 0.0},
                "track": {"length": LENGTH, "width": "64 nm", "thickness": "0.6 nm"},
                "potential": {"q": (CENTRE + x).tolist(), "V": (barrier * KT * V).tolist()},
            }
        )
    )


def counted(it, wells, time):
    """Rate between the wells [1/s] and its standard error, from the walls in the other well after `time` [s]."""
    rest = Drive(waveform=Waveform(np.array([0.0, time]), np.zeros(2)))
    start = (wells[0].q, wells[0].phi)
    end = simulate(it.device, rest, n=N, start=start, seed=12, temperature=TEMPERATURE)
    assert not end.left.any()
    p = np.mean(well_index(wells, end.q) == 1)
    error = math.sqrt(p * (1 - p) / N) / (1 - 2 * p) / time
    return -math.log(1 - 2 * p) / (2 * time), error


@pytest.mark.parametrize("alpha", [0.2, 0.5])
def test_rate_between_two_wells(alpha):
    it = model(5.5, alpha)
    wells = find_wells(it, TEMPERATURE)
    assert len(wells) == 2
    assert wells[0].barrier_right / KT == pytest.approx(5.5, abs=0.01)
    rate = rate_matrix(it, wells, TEMPERATURE).rate
    assert rate[0, 1] == pytest.approx(rate[1, 0], rel=1e-3)
    assert rate[0, 0] == rate[1, 1] == 0
    k, error = counted(it, wells, 0.35 / rate[0, 1])
    assert abs(rate[0, 1] - k) < 0.08 * k + 3 * error
    # Negative control: 0.4 kB T more of barrier would show.
    assert abs(math.exp(-0.4) * rate[0, 1] - k) > 0.08 * k + 3 * error
