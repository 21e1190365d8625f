"""The density solver: exact law at rest, Ornstein-Uhlenbeck moments, conservation, order, and the ensemble.

The comparison with the ensemble is a chi-square test of the outcomes with a fixed seed; two right solvers fail it with
probability P_MIN. The discretization error of the grid is a fifth of the sampling error. Its negative control runs the
density at a temperature 10 % off.
"""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import expm

from llg.constants import GAMMA_0, K_B, MU_0
from llg.device.device_file import device_from_mapping, load_device
from llg.device.pulse import Waveform
from llg.fokker_planck.density import evolve
from llg.fokker_planck.operator import Operator, make_grid
from llg.fokker_planck.run import gaussian, pulse_density, run_pulse_density
from llg.runs.ensemble import Drive, simulate
from llg.runs.simulation import run_pulse
from llg.walls.q_phi import NO_FIELD, QPhiModel

P_MIN = 1e-3
MS, DELTA, THICKNESS, WIDTH, ALPHA, H_D = 7e5, 7.2e-9, 0.6e-9, 64e-9, 0.3, 1.5e5
D = MU_0 * MS * DELTA * H_D


def straight_track(length, Q=1.0, **sections):
    mapping = {
        "name": "straight",
        "material": {"Ms": MS, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": ALPHA},
        "wall": {"Q": Q, "Delta": DELTA, "H_K": 0.0},
        "track": {"length": length, "width": WIDTH, "thickness": THICKNESS},
        "torque": {"theta_SH": 0.1, "current_crowding": 1.0},
    }
    return device_from_mapping(mapping | sections)


def two_notches():
    """Two wells 110 nm apart, with short times before and after the pulse."""
    notch = {"shape": "cosine", "depth": 14e-9, "width": 100e-9}
    return straight_track(
        250e-9,
        track={"length": 250e-9, "width": WIDTH, "thickness": THICKNESS, "pad_width": 2.5 * WIDTH, "pad_taper": 25e-9},
        notch=[notch | {"position": 70e-9}, notch | {"position": 180e-9}],
        pulse={
            "current_density": 3.5e11, "duration": 0.6e-9, "rise_time": 0.1e-9, "fall_time": 0.1e-9,
            "rest_time": 0.2e-9, "relaxation_time": 0.8e-9,
        },
    )  # fmt: skip


def rest(length):
    return Waveform(np.array([0.0, length]), np.zeros(2))


def moments(grid, p):
    """Mean and covariance of (q/Delta, phi) of a density that stays away from phi = +-pi."""
    x, phi = grid.q / DELTA, grid.phi
    px, pphi = p.sum(axis=1), p.sum(axis=0)
    mean = np.array([px @ x, pphi @ phi])
    dx, dphi = x - mean[0], phi - mean[1]
    cross = dx @ p @ dphi
    return mean, np.array([[px @ dx**2, cross], [cross, pphi @ dphi**2]])


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_harmonic_well_relaxes_as_ornstein_and_uhlenbeck_say(Q):
    """The only approximation is sin phi = phi, off by <phi^2>/2 = 0.1 %. The field turns the wall to phi = 0."""
    T, length = 20.0, 24e-9
    kT, stiffness = K_B * T, 2e-4  # J/m^2
    places = np.linspace(0.0, length, 101)
    V = 0.5 * stiffness * (places - length / 2) ** 2
    device = straight_track(length, Q, potential={"q": places.tolist(), "V": V.tolist()})
    field = NO_FIELD.__class__(H_x=(1 + Q) * H_D)  # H_x + Q H_D of the model, whose H_D is -H_D here, is H_D
    model = QPhiModel(device)
    N = 2 * MU_0 * MS * DELTA * THICKNESS * WIDTH / GAMMA_0
    hessian = np.diag([stiffness * DELTA**2, math.pi * DELTA * MU_0 * MS * H_D * THICKNESS * WIDTH])
    mobility = np.linalg.inv(N * np.array([[ALPHA, Q], [-Q, ALPHA]]))
    equilibrium = kT * np.linalg.inv(hessian)
    width = np.sqrt(np.diag(equilibrium))

    grid = make_grid(model, 0.4 * width.min(), 0.3 * width.min())
    operator = Operator(model, grid, T, field)
    first, spread = np.array([length / 2 / DELTA + 1.5 * width[0], width[1]]), np.diag((0.7 * width) ** 2)
    x, phi = grid.q[:, None] / DELTA - first[0], grid.phi[None, :] - first[1]
    p = np.exp(-0.5 * (x**2 / spread[0, 0] + phi**2 / spread[1, 1]))
    for time in (5e-12, 30e-12):
        turn = expm(-mobility @ hessian * time)
        centre = np.array([length / 2 / DELTA, 0.0])
        mean, covariance = moments(grid, evolve(operator, p / p.sum(), rest(time)).p)
        exact_mean = centre + turn @ (first - centre)
        exact_covariance = equilibrium + turn @ (spread - equilibrium) @ turn.T
        scale = np.sqrt(np.outer(np.diag(exact_covariance), np.diag(exact_covariance)))
        assert np.abs((mean - exact_mean) / width).max() < 4e-3
        assert np.abs((covariance - exact_covariance) / scale).max() < 4e-3
        without_motion = np.abs((covariance - spread) / scale).max()
        assert without_motion > 0.05
        point_mean, point_covariance = gaussian(
            model, tuple(first * [DELTA, 1.0]), time, temperature=T, field=field, current=lambda t: 0.0
        )
        assert np.abs((point_mean - exact_mean) / width).max() < 4e-3
        assert point_covariance == pytest.approx(equilibrium - turn @ equilibrium @ turn.T, rel=5e-3, abs=1e-6)


def test_law_at_rest_is_stationary_to_rounding():
    """On a grid with the default cells; without the correction the law is off by its fourth-order error."""
    model = QPhiModel(load_device("five_state"))
    operator = Operator(model, make_grid(model, 0.09, 0.06), 300.0, NO_FIELD)
    law = operator.law_at_rest().ravel()
    largest = abs(operator.at_rest).sum(axis=0).max()
    assert np.abs(operator.at_rest @ law).sum() < 1e-13 * largest
    assert np.abs(operator.driven @ law).sum() > 1e-7 * largest
    columns = np.asarray(operator.at_rest.sum(axis=0)).ravel()
    assert np.abs(columns).max() < 1e-13 * largest


def test_law_at_rest_stays():
    device = two_notches()
    model = QPhiModel(device)
    grid = make_grid(model, 0.09, 0.06)
    operator = Operator(model, grid, 300.0, NO_FIELD)
    law = operator.law_at_rest()
    after = evolve(operator, law, rest(50e-12))
    assert np.abs(after.p - law).sum() < 1e-7
    warm = Operator(model, grid, 303.0, NO_FIELD)
    assert np.abs(evolve(warm, law, rest(50e-12)).p - law).sum() > 1e-4


def test_probability_is_conserved_and_positive():
    """Also while walls leave over the end, and where the grid is too coarse."""
    device = straight_track(80e-9)
    model = QPhiModel(device)
    pulse = Waveform(np.array([0.0, 0.1e-9, 0.5e-9, 0.5e-9]), np.array([0.0, 1.0, 1.0, 0.0]))
    density = pulse_density(model, make_grid(model, 0.25, 0.15), (40e-9, math.pi), pulse, 1.5e11, temperature=300.0)
    assert abs(density.p.sum() + density.left.sum() - 1) < 1e-12
    assert density.p.min() >= 0
    assert density.left[0] < 1e-3 < 0.1 < density.left[1] < 0.99
    ends = simulate(device, Drive(waveform=pulse, current_density=1.5e11), n=20_000, start=(40e-9, math.pi), seed=5)
    share = ends.left.mean()
    assert abs(density.left.sum() - share) < 4 * math.sqrt(share * (1 - share) / 20_000)


def test_a_free_wall_leaves_over_both_ends_as_diffusion_does():
    """Forty cells between absorbing ends; ends that lay half a cell off would leave 1.6 % more.

    A share 8/pi^2 sum over odd n of exp(-n^2 pi^2 D t/L^2)/n^2 of walls spread evenly stays; by hand,
    D = kB T alpha/((1 + alpha^2) F) in widths^2/s, F = 2 mu_0 Ms Delta t w/gamma_0.
    """
    length = 10 * DELTA
    free = {"material": {"Ms": MS, "A": 1e-11, "K_u": 4.8e5, "D": 0.0, "alpha": ALPHA}}
    model = QPhiModel(straight_track(length, **free))
    grid = make_grid(model, 0.25, 0.8)
    friction = 2 * MU_0 * MS * DELTA * THICKNESS * WIDTH / GAMMA_0
    rate = K_B * 300.0 * ALPHA / ((1 + ALPHA**2) * friction) * math.pi**2 / 10**2
    time = 0.5 / rate
    after = evolve(Operator(model, grid, 300.0, NO_FIELD), np.full(grid.shape, 1 / math.prod(grid.shape)), rest(time))
    odd = np.arange(1, 40, 2)
    stays = 8 / math.pi**2 * np.sum(np.exp(-(odd**2) * rate * time) / odd**2)
    assert grid.shape[0] == 40 and after.p.sum() == pytest.approx(stays, rel=2e-3)
    assert after.left[0] == pytest.approx(after.left[1]) == pytest.approx((1 - stays) / 2, rel=4e-3)


def test_error_shrinks_with_the_fourth_power_of_the_cell():
    device = two_notches()
    runs = [run_pulse_density(device, state=0, cell=cell) for cell in (0.6, 0.4)]
    change = [run.probability[1] for run in runs]
    assert runs[0].standard_error[1] > 5 * runs[1].standard_error[1]
    assert abs(change[0] - change[1]) < runs[0].standard_error[1]


def test_density_agrees_with_the_ensemble():
    device, n = two_notches(), 25_000
    run = run_pulse_density(device, state=0, cell=0.4)
    assert 0.1 < run.probability[1] < 0.9
    assert run.standard_error.max() < 0.2 * 0.5 / math.sqrt(n)
    ensemble = run_pulse(device, state=0, n=n, seed=4, dt=0.6e-12)
    hits = ensemble.probability * n
    assert chi_square(hits, run.probability) > P_MIN
    hot = run_pulse_density(device, state=0, cell=0.4, temperature=330.0)
    assert chi_square(hits, hot.probability) < P_MIN


def chi_square(hits, probability):
    expected = probability * hits.sum()
    kept = expected >= 25
    assert hits[~kept].sum() <= 25
    return stats.chisquare(hits[kept], expected[kept] * hits[kept].sum() / expected[kept].sum()).pvalue
