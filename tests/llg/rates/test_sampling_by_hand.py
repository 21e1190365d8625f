"""Parts of the flux sampling on landscapes made by hand: where a wall counts as gone, its first places, steps and batches."""

import math
import types

import numpy as np
import pytest

from llg.constants import K_B
from llg.rates import flux_sampling
from llg.rates.escape_coordinate import Place
from llg.rates.flux_kernel import FELL_BACK, LOST_LEFT, LOST_RIGHT, REACHED, UNDECIDED, _judge, observe

# Five places half a wall width apart and angles a quarter turn apart; progress is that of the place and of the angle.
ENERGY = np.array([[0.0, 2.0, 4.0, 2.0, 0.0]] * 2 + [[6.0, 8.0, 9.0, 8.0, 6.0]] + [[1.0, 3.0, 5.0, 3.0, 1.0]] * 2)
PROGRESS = np.arange(5.0)[:, None] + 0.1 * np.arange(5.0)
CORE, OWNER = np.array([3.0, 3.0, 3.0, 2.0, 2.0]), np.array([0, 0, -1, 1, 1])
PLACE = (2.0, ENERGY, PROGRESS, CORE, OWNER)


@pytest.mark.parametrize(
    ("x", "phi", "progress", "well"),
    [
        (0.25, 0.0, 0.5, 0), (0.5, math.pi / 4, 1.05, 0), (0.25, math.pi, 0.7, -1),  # 4 kB T are above the core
        (1.75, 0.0, 3.5, 1), (1.75, 3 * math.pi / 2, 3.8, -1), (1.0, 0.0, 2.0, -1),
        (0.5, -math.pi / 4, 1.35, 0), (0.5, 7 * math.pi / 4 + 4 * math.pi, 1.35, 0),  # the same angle, turns away
        (-3.0, 0.0, 0.0, 0), (9.0, 0.0, 4.0, 1),  # beyond the ends the table stays that at the end
    ],
)  # fmt: skip
def test_a_look_is_bilinear_and_knows_the_cores(x, phi, progress, well):
    found = observe(x, phi, PLACE)
    assert found[0] == pytest.approx(progress, abs=1e-5) and found[1] == well


@pytest.mark.parametrize(
    ("x", "fate"),
    [
        (0.0, LOST_LEFT),
        (-0.1, LOST_LEFT),
        (2.0, LOST_RIGHT),
        (0.25, FELL_BACK),
        (1.75, 1),
        (0.99, None),
        (1.05, REACHED),
    ],
)
def test_fates_of_a_trial_from_the_left_well(x, fate):
    """The ends of the track come first, then the core of a well, then the interface at a progress of 2.05."""
    fates, peak = np.zeros(3, np.int64), np.array([9.0, 0.7, 9.0])
    decided = _judge(x, 0.0, 0, 2.05, 2.0, PLACE, 1, fates, peak)
    assert decided is (fate is not None) or decided == (fate is not None)
    assert fate is None or fates[1] == fate
    assert peak.tolist() == [9.0, pytest.approx(max(0.7, 2 * min(max(x, 0.0), 2.0)), abs=1e-5), 9.0]


@pytest.mark.parametrize(("direction", "gone"), [(1, [0, 0, 1, 0, 1, 0, 0, 0]), (-1, [1, 0, 0, 1, 0, 0, 0, 0])])
def test_gone_is_what_lies_on_the_side_asked_for(direction, gone):
    sampler = object.__new__(flux_sampling._Sampler)
    sampler.home, sampler.direction = 1, direction
    fates = np.array([0, 1, 2, LOST_LEFT, LOST_RIGHT, FELL_BACK, REACHED, UNDECIDED])
    assert sampler.gone(fates).tolist() == [bool(one) for one in gone]


@pytest.mark.parametrize(("direction", "barrier"), [(-1, 20.0), (1, 30.0)])
def test_a_step_turns_the_fastest_motion_by_little_and_loses_little_energy(monkeypatch, direction, barrier):
    """The least of that of the model, sqrt(4 e/B) over the fastest rate and (4 e g/(w B))^(1/3)/w, e a fiftieth."""
    well = types.SimpleNamespace(barrier_left=20.0 * K_B * 300.0, barrier_right=30.0 * K_B * 300.0)
    for damping, frequency, fastest, plain in (
        (1e9, 4e10, 1e10, 1e-12),
        (9e10, 1e10, 5e11, 1e-12),
        (9e9, 1e10, 1e10, 1e-14),
    ):
        swing = types.SimpleNamespace(matrix=np.diag([fastest, 0.1 * fastest]), damping=damping, frequency=frequency)
        monkeypatch.setattr(flux_sampling, "motion_in_well", lambda model, well, swing=swing: swing)
        monkeypatch.setattr(flux_sampling, "time_step", lambda model, temperature, plain=plain: plain)
        damped = math.sqrt(0.08 / barrier) / fastest
        driven = (0.08 * damping / frequency / barrier) ** (1 / 3) / frequency
        found = flux_sampling.flux_step(None, well, direction, 300.0)
        assert found == pytest.approx(min(plain, damped, driven))


def test_time_to_wander_off_is_that_of_diffusion_to_the_farther_neighbour():
    """Gaps of 100 and 250 nm; L^2/(pi^2 D) with D = kB T Delta^2/(alpha N)."""
    wells = [types.SimpleNamespace(q=q) for q in (100e-9, 350e-9)]
    model = types.SimpleNamespace(Delta=5e-9, alpha=0.5, friction=lambda q: 3e-20 * (1 + (q > 200e-9)),
                                  device=types.SimpleNamespace(track=types.SimpleNamespace(length=500e-9)))  # fmt: skip
    for home, reach, friction in ((0, 250e-9, 3e-20), (1, 250e-9, 6e-20)):
        diffusion = K_B * 300.0 * 25e-18 / (0.5 * friction)
        assert flux_sampling.wandering_time(model, wells, home, 300.0) == pytest.approx(
            reach**2 / (math.pi**2 * diffusion)
        )
    near = [types.SimpleNamespace(q=q) for q in (300e-9, 350e-9)]
    assert flux_sampling.wandering_time(model, near, 0, 300.0) == pytest.approx(
        (300e-9) ** 2 / (math.pi**2 * K_B * 300.0 * 25e-18 / (0.5 * 6e-20))
    )


def test_first_places_follow_the_law_at_rest_within_the_core():
    """exp(-E) over the cells of the right well below its core, evenly within each; the last angle is the first again."""
    place = Place(inverse_step=2.0, energy=ENERGY, progress=PROGRESS, core=CORE, owner=OWNER)
    n = 40_000
    pool = flux_sampling._boltzmann_pool(place, 1, 5, np.full(5, 4.0), n)
    cell = np.rint(pool[:, 0] * 2.0).astype(int), np.rint(pool[:, 1] / (math.pi / 2)).astype(int) % 4
    seen = np.zeros((5, 4))
    np.add.at(seen, cell, 1)
    wanted = np.where(np.array(OWNER)[:, None] == 1, np.where(ENERGY[:, :4] < 4.0, np.exp(-ENERGY[:, :4]), 0.0), 0.0)
    wanted *= n / wanted.sum()
    assert np.all(np.abs(seen - wanted) < 5 * np.sqrt(wanted) + 1e-9)
    assert pool[:, 1].min() >= 0 and pool[:, 1].max() < 2 * math.pi
    within = pool[:, 0] * 2.0 - cell[0]
    assert within.std() == pytest.approx(1 / math.sqrt(12), rel=0.02) and abs(within.mean()) < 5 / math.sqrt(12 * n)


def batches(error, fair=math.inf):
    """Rates of at most 20 replicas of 0.9 and 1.1 in turn, each of ten steps."""
    sampler = types.SimpleNamespace(wells=[None], steps=0)

    def run(group, interfaces):
        sampler.steps += 10 * len(group)
        return np.array([[0.0, 0.9 + 0.2 * (number % 2)] for number in group])

    sampler.run = run
    return flux_sampling._batches(sampler, [1.0], 20, error, 1, fair)


@pytest.mark.parametrize(("error", "replicas"), [(0.0, 20), (0.2, 8), (0.03, 16)])
def test_batches_end_where_the_error_of_the_mean_is_small_enough(error, replicas):
    """An error of 0.1069/sqrt(n) after n = 8, 0.1033/sqrt(n) after 16; 20 are the most."""
    rates = batches(error)
    assert rates[:, 1].tolist() == [0.9 + 0.2 * (number % 2) for number in range(replicas)]


@pytest.mark.parametrize(("fair", "replicas"), [(159, 8), (160, 16), (239, 16), (240, 20)])
def test_batches_end_where_another_one_would_take_more_than_the_fair_share(fair, replicas):
    """Each of the first two takes 80 steps; the first is always run."""
    assert len(batches(0.0, fair)) == replicas and len(batches(0.0, 0)) == 8
