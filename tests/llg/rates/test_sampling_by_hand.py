"""Parts of the flux sampling on landscapes made by hand: where a wall counts as gone, its first places, steps and batches."""

import math
import threading
import types

import numpy as np
import pytest

from dwcore.errors import InputError, RunError
from llg.constants import K_B
from llg.rates import brute_force, flux_sampling
from llg.rates.brute_force import Waiting, _count, brute_rates
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
        (1e9, 4e10, 1e10, 2e-12),
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


def made_sampler(**more):
    """A sampler of the escapes to the right from the first of two wells, whose walls are given by hand."""
    sampler = object.__new__(flux_sampling._Sampler)
    given = {
        "wells": [types.SimpleNamespace(q=1e-7), types.SimpleNamespace(q=2e-7)], "home": 0, "direction": 1, "n": 4,
        "pilot_n": 128, "burn_in": 50, "looks": 1000, "limit": 2000, "steps": 0, "most": math.inf, "least": 0.0,
        "reached": math.inf, "lock": threading.Lock(), "motion": None, "place": None,
        "stream_of": lambda replica, level: np.uint64(0), "_first_interface": lambda: 1.0,
    }  # fmt: skip
    vars(sampler).update(given | more)
    return sampler


def pilot(peak, escaped=0.0):
    """A pilot whose trials fall back from peaks spread evenly up to one, reach a target below it, or later on escape."""

    def trials(replicas, level, starts, n, target):
        peaks = peak * (np.arange(n) + 1) / n
        fate = np.where(peaks >= target, REACHED, FELL_BACK)
        fate[: int(escaped * n) if level > 1 else 0] = 1
        sizes.append((level, n))
        return fate[None], peaks[None], np.zeros((1, n, 2))

    sizes = []
    sampler = made_sampler(basin=lambda *_: (5e9, np.zeros((200, 2))), trials=trials)
    return sampler, sizes


def test_no_way_out_is_bounded_by_what_the_pilot_would_have_seen():
    """Peaks up to the first interface and no further: 16 times the trials, then 20 of 2048 bound the share."""
    sampler, sizes = pilot(1.0)
    with pytest.raises(flux_sampling.NoWayOut, match=r"no way out of the well at 1e-07 m beyond 1\.0 kB T") as stopped:
        sampler.place_interfaces()
    assert sizes == [(1, 128), (1, 512), (1, 2048)]
    assert stopped.value.below == pytest.approx(5e9 * 20 / 2048)


def test_interfaces_lie_where_three_tenths_of_the_trials_get_to():
    """The 38th of 128 peaks from above, of 4/128 to 4; then four in ten leave the well and it ends.

    By then so many walls a second get there: 5e9 times 38/128.
    """
    sampler, sizes = pilot(4.0, escaped=0.4)
    assert sampler.place_interfaces() == [1.0, 4 * 91 / 128]
    assert sizes == [(1, 128), (1, 128), (2, 128)] and sampler.reached == pytest.approx(5e9 * 38 / 128)


@pytest.mark.parametrize(("gone", "beyond", "ends"), [(39, 0, True), (25, 20, True), (22, 23, False), (21, 18, False)])
def test_no_interface_is_placed_where_most_that_get_further_leave(gone, beyond, ends):
    """Of 128: three tenths leave, or more than half of 40 or more that get beyond the last interface."""

    def trials(replicas, level, starts, n, target):
        fate, peaks = np.full(n, FELL_BACK), np.full(n, 0.5)
        peaks[: gone + beyond] = 2.0
        fate[: gone if level == 1 else n] = 1
        return fate[None], peaks[None], np.zeros((1, n, 2))

    sampler = made_sampler(basin=lambda *_: (5e9, np.zeros((200, 2))), trials=trials)
    assert len(sampler.place_interfaces()) == (1 if ends else 2)


@pytest.mark.parametrize(("share", "goes_on"), [(50.0, True), (101.0, False)])
def test_a_pilot_ends_where_a_hundred_times_its_rate_is_below_all_interest(share, goes_on):
    """Of 5e9 walls a second, and then 38 of 128 of them."""
    sampler, sizes = pilot(4.0, escaped=0.4)
    sampler.least = share * 5e9 * 38 / 128
    if goes_on:
        assert len(sampler.place_interfaces()) == 2
    else:
        with pytest.raises(
            flux_sampling.OutOfSteps, match=r"fewer than 1.499\d+e\+11 walls a second get out of the well"
        ):
            sampler.place_interfaces()
        assert sizes == [(1, 128), (1, 128)]


@pytest.mark.parametrize(("most", "error"), [(math.inf, RunError), (1e6, flux_sampling.OutOfSteps)])
def test_walls_that_hardly_move_or_get_stuck_are_told(monkeypatch, most, error):
    """Looks are doubled until the limit of 2000; a tenth of a pilot of 128 may be undecided, 12 and not 13."""
    sampler = made_sampler(basin=lambda *_: (0.0, np.zeros((5, 2))), most=most, reached=7.0)
    words = (
        r"hardly moves in the well at 1e-07 m" if most == math.inf else r"has not reached the way out of the well at"
    )
    with pytest.raises(error, match=words) as stopped:
        sampler.place_interfaces()
    assert sampler.looks == 4000
    assert most == math.inf or stopped.value.below == 700.0  # a hundred times what reached the last interface

    def run_trials(*given):
        fate = given[-3]
        fate[:] = FELL_BACK
        fate[: sampler.stuck] = UNDECIDED
        return 0

    monkeypatch.setattr(flux_sampling, "run_trials", run_trials)
    for replicas, stuck in (([-1], 12), ([3], 0)):
        sampler.stuck = stuck
        sampler.trials(replicas, 1, [np.zeros((2, 2))], 128, 2.0)
        sampler.stuck = stuck + 1
        with pytest.raises(
            error, match="is stuck between the wells" if most == math.inf else "has not reached the way out"
        ):
            sampler.trials(replicas, 1, [np.zeros((2, 2))], 128, 2.0)


def test_a_run_multiplies_the_shares_that_get_further():
    """8e9 a second, half of them beyond 2, then half to the other well and a quarter off the end; one replica has none."""
    looks, fates = [], [np.array([REACHED, FELL_BACK, 1, FELL_BACK]), np.array([1, FELL_BACK, LOST_RIGHT, 1])]

    def basin(replica, target, many):
        looks.append((replica, target, many))
        return (8e9, np.zeros((4, 2))) if replica == 5 else (4e9, np.zeros((0, 2)))

    def trials(replicas, level, starts, n, target):
        assert (replicas, n) == ([5], 4) and target == (2.0 if level == 1 else math.inf)
        assert starts[0].shape == ((4, 2) if level == 1 else (2, 2))
        return fates[level - 1][None], np.zeros((1, 4)), np.arange(8.0).reshape(1, 4, 2)

    found = made_sampler(basin=basin, trials=trials).run([5, 6], [1.0, 2.0])
    assert found.tolist() == [[0, 2e9, 1e9], [0, 0, 0]]
    share = 2 * 4 / 128  # of the looks of the pilot, twice the trials over its own
    assert looks == [(5, 1.0, int(50 + share * 1000)), (6, 1.0, int(50 + share * 1000))]
    none = made_sampler(basin=lambda *_: (1e9, np.zeros((0, 2)))).run([0], [1.0])
    assert none.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("given", [{"trials": 7}, {"replicas": 1}])
def test_too_little_to_sample_is_refused(given):
    asked = {"temperature": 300.0, "seed": 1, "trials": 8, "replicas": 2} | given
    with pytest.raises(InputError, match=r"trials = \d must be >= 8, replicas = \d must be >= 2"):
        flux_sampling.flux_rates(None, [], 0, 1, **asked)


def test_waiting_needs_an_escape_and_a_rate():
    for escapes, rate in ((0, 1e9), (10, 0.0), (10, math.nan), (10, -1.0)):
        with pytest.raises(InputError, match=r"escapes = \d+ and expected_rate = .* must be > 0"):
            brute_rates(None, [], 0, temperature=300.0, seed=1, expected_rate=rate, escapes=escapes)


def test_rates_of_waiting_weigh_early_escapes_and_those_of_settled_walls():
    """Ten walls: two leave early within 3 ns together, eight settle; four escapes in 8 ns then, one each 2 ns.

    The mean time is (3 + 8 2)/10 = 1.9 ns; to the other well go 1 + 8 3/4 = 7 of ten, off the end 1 + 8/4 = 3.
    """
    waited = Waiting(10, np.array([0.0, 1.0, 0.0, 1.0]), 3e-9, np.array([0.0, 3.0, 0.0, 1.0]), 8e-9)
    assert waited.rate == pytest.approx(np.array([0, 7, 0, 3]) / (10 * 1.9e-9))
    lone = 10 / 6 / (10 * 1.9e-9)  # of one escape, where none was seen: the total over the six that were
    assert waited.rate_error == pytest.approx([lone, 7 / 2 / (10 * 1.9e-9), lone, 3 / math.sqrt(2) / (10 * 1.9e-9)])
    twice = waited + waited
    assert (twice.walls, twice.time, twice.escapes.tolist()) == (20, 16e-9, [0, 6, 0, 2])


def test_a_wall_has_escaped_once_another_core_has_it_or_an_end():
    """Of five walls one is caught at 2 ns, as it falls below the core of its well, 3 kB T; two leave at 1 and at 3 ns.

    In ns until the end at 4, those before settling at 1.5 first: 1.5 + 2.5, 1.5 + 0.5, 1 left, 1.5 + 1.5 right, and
    1.5 + 2.5 beyond all wells.
    """
    kT, ns = K_B * 300.0, 1e-9
    wells = [
        types.SimpleNamespace(left_edge=20e-9, right_edge=50e-9, energy=0.0, barrier_left=9 * kT, barrier_right=9 * kT),
        types.SimpleNamespace(
            left_edge=50e-9, right_edge=80e-9, energy=2 * kT, barrier_left=9 * kT, barrier_right=9 * kT
        ),
    ]
    model = types.SimpleNamespace(
        energy=lambda q, phi: kT * phi, device=types.SimpleNamespace(track=types.SimpleNamespace(length=100e-9))
    )
    q = 1e-9 * np.array(
        [[30] * 5, [30, 60, 60, 60, 60], [30, 0, 0, 0, 0], [30, 30, 40, 100, 100], [30, 90, 90, 90, 90]]
    )
    energy = np.array([[0] * 5, [0, 3.1, 2.9, 2.9, 2.9], [0] * 5, [0] * 5, [0] * 5])
    watched = types.SimpleNamespace(q_samples=q.T, phi_samples=energy.T, time=ns * np.arange(5))
    found = _count(model, wells, 0, 300.0, watched, 1.5 * ns)
    assert (found.walls, found.early_escapes.tolist(), found.escapes.tolist()) == (5, [0, 0, 1, 0], [0, 1, 0, 1])
    assert (found.early_time, found.time) == pytest.approx((7 * ns, 7 * ns))


def test_walls_that_are_waited_for_live_as_those_of_the_device(monkeypatch):
    """Six relaxation times of 1 ns and two mean times of 10 ns: a run of 256 sees 256 (1 - exp(-2)), two see 400.

    They have the current, the step and the temperature asked for, and 2 looks a radian; 2e10 steps are the most.
    """
    asked, S = [], 1
    swing = types.SimpleNamespace(frequency=2e10, slowest=1e9)
    monkeypatch.setattr(brute_force, "motion_in_well", lambda model, well: swing)
    monkeypatch.setattr(brute_force, "time_step", lambda model, dt: dt)
    monkeypatch.setattr(brute_force, "simulate", lambda *drive, **rest: asked.append((drive, rest)))
    monkeypatch.setattr(brute_force, "_count", lambda *_: Waiting(256, np.zeros(S + 2), 0.0, np.ones(S + 2), 1e-9))
    model = types.SimpleNamespace(device=types.SimpleNamespace(instance=3), current_density=2e10)
    case = {"temperature": 310.0, "seed": 1, "expected_rate": 1e8}
    found = brute_rates(model, [types.SimpleNamespace(q=1e-7, phi=3.0)], 0, **case, dt=1e-12, jobs=1)
    assert (found.walls, len(asked)) == (512, 2) and asked[0][1]["seed"] != asked[1][1]["seed"]
    for (device, drive), given in asked:
        assert device is model.device and drive.current_density == 2e10 and drive.length == pytest.approx(26e-9)
        assert (given["n"], given["start"], given["samples"]) == (256, (1e-7, 3.0), 1040)
        assert (given["temperature"], given["dt"]) == (310.0, 1e-12)
    most = 400 / (1 - math.exp(-2)) * 26e-9 / 2e10
    brute_rates(model, [types.SimpleNamespace(q=1e-7, phi=3.0)], 0, **case, dt=1.01 * most)
    with pytest.raises(InputError, match=r"the well at 1e-07 m holds the wall too long for brute force: 400 escapes"):
        brute_rates(model, [types.SimpleNamespace(q=1e-7, phi=3.0)], 0, **case, dt=0.99 * most)
