"""Langer's rate and its correction for weak damping: against closed forms, flux sampling, and each other.

The wall sits in one of two narrow notches. Against flux sampling the formula may differ by 20 % and three standard
errors; at weak damping the uncorrected formula, the negative control, is far outside.
"""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from dwcore.errors import RunError
from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.landscape.fixed_points import fixed_points
from llg.landscape.wells import find_wells
from llg.rates.flux_sampling import flux_rates
from llg.rates.langer import Passage, free_energy, passages
from llg.rates.rate_matrix import rate_matrix
from llg.rates.thermal_grid import hessian, thermal_grid
from llg.rates.turnover import crossing_losses, transfer_factors
from llg.walls.q_phi import QPhiModel

TEMPERATURE = 300.0
KT = K_B * TEMPERATURE
WIDE = {"length": 160e-9, "width": 200e-9, "thickness": 0.6e-9, "pad_width": 400e-9, "pad_taper": 40e-9}


def notched(barrier, alpha, *, D=0.4e-3, count=2, **sections):
    """Narrow notches in a row, `barrier` kB T deep for D = 0.4 mJ/m^2, between pads."""
    notch = {"shape": "cosine", "depth": (barrier - 0.027) / 2.3234 * 1e-9, "width": 40e-9}
    length = 80e-9 + 40e-9 * count
    mapping = {
        "name": "notches in a row",
        "material": {"Ms": 1.1e6, "A": 16e-12, "K_u": 1.27e6, "D": D, "alpha": alpha},
        "wall": {"shape": "rigid"},
        "track": {"length": length, "width": 80e-9, "thickness": 0.6e-9, "pad_width": 160e-9, "pad_taper": 40e-9},
        "notch": [{"position": 60e-9 + 40e-9 * i, **notch} for i in range(count)],
    }
    model = QPhiModel(device_from_mapping(mapping | sections))
    return model, find_wells(model, TEMPERATURE)


PLATEAU = 250e-9


def far_apart(distance):
    """Two triangular notches with 7 kB T each between pads, an even track between them."""
    notch = {"shape": "triangular", "depth": 11e-9, "width": 30e-9}
    places = (0.5 * (PLATEAU - distance), 0.5 * (PLATEAU + distance))
    mapping = {
        "name": "far apart",
        "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
        "wall": {"shape": "rigid"},
        "track": {"length": PLATEAU, "width": 64e-9, "thickness": 0.6e-9, "pad_width": 160e-9, "pad_taper": 40e-9},
        "notch": [{"position": place, **notch} for place in places],
    }
    model = QPhiModel(device_from_mapping(mapping))
    return model, find_wells(model, TEMPERATURE)


def sampled(model, wells, trials=512):
    found = flux_rates(model, wells, 0, 1, temperature=TEMPERATURE, seed=2, trials=trials)
    return found.rate[1], found.rate_error[1]


def ways_of(model, wells):
    grid = thermal_grid(model, wells, TEMPERATURE)
    return grid, passages(model, wells, grid, TEMPERATURE)


def between(ways):
    """The way from the first well to the second."""
    return next(way for way in ways if way.left == 0)


def uncorrected(model, wells):
    grid, ways = ways_of(model, wells)
    return between(ways).rate(free_energy(grid, 0), grid.reference, TEMPERATURE)


def way(left, right, barrier=8.0):
    return Passage(left, right, (), barrier * KT, 1.0)


def depopulation(loss):
    """A(loss) of Melnikov and Meshkov for the loss on a whole swing, in kB T."""
    value, _ = quad(lambda w: math.log1p(-math.exp(-loss * (w * w + 0.25))) / (w * w + 0.25), -np.inf, np.inf)
    return math.exp(value / (2 * math.pi))


class TestFormula:
    def test_partition_function_of_a_deep_well_is_the_harmonic_one(self):
        model, wells = notched(60, 0.3, D=2e-3)
        grid = thermal_grid(model, wells, TEMPERATURE)
        harmonic = 2 * math.pi * KT / math.sqrt(np.linalg.det(hessian(model, wells[0].q, wells[0].phi)))
        assert math.exp(-free_energy(grid, 0)) == pytest.approx(harmonic, rel=0.02)

    def test_overdamped_wall_follows_kramers(self):
        """With a stiff angle q diffuses with kB T/(alpha N): sqrt(V'' |V''|)/(2 pi alpha N) exp(-barrier/kB T)."""
        model, wells = notched(24, 1.0, D=2e-3, track=WIDE)
        well, saddle = wells[0], between(ways_of(model, wells)[1]).saddles[0]
        k_q, k_hill = (hessian(model, p.q, p.phi)[0, 0] for p in (well, saddle))
        k_phi, k_phi_hill = (hessian(model, p.q, p.phi)[1, 1] for p in (well, saddle))
        assert k_phi > 20 * k_q
        barrier = float(model.energy(saddle.q, saddle.phi)) - well.energy
        kramers = math.sqrt(-k_q * k_hill * k_phi / k_phi_hill) / (2 * math.pi * float(model.friction(saddle.q)))
        kramers *= math.exp(-barrier / KT)
        assert rate_matrix(model, wells, TEMPERATURE).rate[0, 1] == pytest.approx(kramers, rel=0.1)

    def test_barrier_flat_over_many_wall_widths(self):
        """Notches 90 nm apart: diffusion over the track between, half as fast as the saddles' curvature says."""
        model, wells = far_apart(90e-9)
        formula = rate_matrix(model, wells, TEMPERATURE).rate[0, 1]
        rate, error = sampled(model, wells, trials=256)
        assert error < 0.1 * rate
        assert abs(formula - rate) < 0.2 * rate + 3 * error
        saddle = between(ways_of(model, wells)[1]).saddles[0]
        sharp = [p for p in fixed_points(model) if p.kind == "saddle" and abs(p.q - saddle.q) < 1e-9]
        curvature = hessian(model, sharp[0].q, sharp[0].phi)[0, 0]
        assert formula * math.sqrt(curvature / saddle.hessian[0, 0]) - rate > 0.2 * rate + 3 * error

    @pytest.mark.parametrize(("barrier", "alpha"), [(8, 0.3), (8, 1.0), (16, 0.3), (16, 1.0)])
    def test_within_twenty_percent_of_sampling(self, barrier, alpha):
        model, wells = notched(barrier, alpha)
        rate, error = sampled(model, wells)
        assert error < 0.1 * rate
        assert abs(rate_matrix(model, wells, TEMPERATURE).rate[0, 1] - rate) < 0.2 * rate + 3 * error

    def test_bloch_wall_takes_either_of_two_saddles(self):
        model, wells = notched(8, 0.3, D=0.0, wall={"H_K": 8e4})
        both = between(ways_of(model, wells)[1])
        assert sorted(s.phi for s in both.saddles) == pytest.approx([-math.pi / 2, math.pi / 2])
        rate, error = sampled(model, wells)
        formula = rate_matrix(model, wells, TEMPERATURE).rate[0, 1]
        assert abs(formula - rate) < 0.2 * rate + 3 * error
        assert rate - 0.5 * formula > 0.2 * rate + 3 * error  # one saddle only

    def test_wall_that_turns_freely_is_refused(self):
        model, wells = notched(8, 0.3, D=0.0, wall={"H_K": 1e4})
        with pytest.raises(RunError, match=r"angle of the wall is held by .* kB T at the saddle"):
            rate_matrix(model, wells, TEMPERATURE)

    def test_detailed_balance(self):
        model, wells = notched(8, 0.02, count=3)
        grid = thermal_grid(model, wells, TEMPERATURE)
        share = np.exp([-free_energy(grid, i) for i in range(3)])
        flow = share[:, None] * rate_matrix(model, wells, TEMPERATURE).rate
        assert flow == pytest.approx(flow.T, rel=0.02)
        assert flow[0, 2] > 0.01 * flow[0, 1]  # some pass through the middle well


class TestWeakDamping:
    @pytest.mark.parametrize(("left", "right"), [(0.05, 0.05), (0.3, 2.0), (1.0, 1.0), (5.0, 5.0), (0.1, 30.0)])
    def test_two_wells(self, left, right):
        factors = transfer_factors([way(0, 1)], np.array([left, right]), TEMPERATURE)
        expected = depopulation(2 * left) * depopulation(2 * right) / depopulation(2 * left + 2 * right)
        assert factors[0, 0, 1] == pytest.approx(expected, rel=0.005)
        assert factors[1, 0, 0] == pytest.approx(expected, rel=0.005)

    def test_one_well_with_two_exits(self):
        """Both exits at one height: a crossing of the well does what a whole swing does behind a single exit."""
        factors = transfer_factors([way(-1, 0), way(0, 1)], np.array([0.5]), TEMPERATURE)
        assert factors[1, 0, 1] == pytest.approx(depopulation(0.5), rel=0.005)
        assert factors[0, 1, 2] == pytest.approx(depopulation(0.5), rel=0.005)

    def test_strong_damping_leaves_langer(self):
        factors = transfer_factors([way(0, 1), way(1, 2)], np.full(3, 40.0), TEMPERATURE)
        assert factors[0, :, [1, 2]] == pytest.approx(np.eye(2), abs=0.01)

    def test_loss_on_a_crossing_of_a_cosine_well(self):
        """4 alpha barrier sqrt(k_phi/k_q) for k_phi >> k_q: half the area within the separatrix of a pendulum."""
        model, wells = notched(8, 0.01, D=2e-3)
        grid, ways = ways_of(model, wells)
        k_q, k_phi = np.diag(hessian(model, wells[0].q, wells[0].phi))
        loss = crossing_losses(model, grid, ways, 2, TEMPERATURE)[0]
        assert loss == pytest.approx(0.04 * wells[0].barrier_right / KT * math.sqrt(k_phi / k_q), rel=0.05)

    def test_corrected_rate_agrees_with_sampling(self):
        model, wells = notched(8, 0.01)
        rate, error = sampled(model, wells, trials=128)
        assert error < 0.1 * rate
        assert abs(rate_matrix(model, wells, TEMPERATURE).rate[0, 1] - rate) < 0.2 * rate + 3 * error
        assert uncorrected(model, wells) - rate > 0.3 * rate + 3 * error

    def test_weakest_damping_is_refused(self):
        model, wells = notched(8, 1e-5)
        with pytest.raises(RunError, match=r"loses only .* kB T on a crossing"):
            rate_matrix(model, wells, TEMPERATURE)
