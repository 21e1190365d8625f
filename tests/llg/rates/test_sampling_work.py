"""What flux sampling saves: it stops at the error asked for, takes one of like wells and one side of mirrored tracks."""

import math
import types

import numpy as np
import pytest

from dwcore.errors import RunError
from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.kernels.heun import LANES
from llg.landscape.wells import find_wells
from llg.rates import flux_sampling as module_of_flux
from llg.rates import rate_matrix as module
from llg.rates import summary
from llg.rates.escape_coordinate import _LEVELS, _way_back, motion_in_well
from llg.rates.flux_kernel import UNDECIDED, run_basin, run_trials
from llg.rates.flux_sampling import Escape, NoWayOut, OutOfSteps, flux_rates
from llg.rates.rate_matrix import RateMatrix, rate_matrix
from llg.rates.thermal_grid import ThermalGrid, thermal_grid
from llg.walls.q_phi import QPhiModel

TEMPERATURE = 300.0
GAP = 40e-9


def row(depths=(3e-9,) * 7, length=None, **material):
    """Notches in a row, the ends of the track as far from the outer ones as these from each other."""
    mapping = {
        "name": "row",
        "material": {"Ms": 1.1e6, "A": 16e-12, "K_u": 1.27e6, "D": 0.4e-3, "alpha": 0.3} | material,
        "wall": {"shape": "rigid"},
        "track": {"length": length or GAP * (1 + len(depths)), "width": 80e-9, "thickness": 0.6e-9},
        "notch": [
            {"position": GAP * (1 + i), "shape": "cosine", "depth": depth, "width": 40e-9}
            for i, depth in enumerate(depths)
        ],
    }
    model = QPhiModel(device_from_mapping(mapping))
    return model, find_wells(model, TEMPERATURE)


def test_it_stops_at_the_error_asked_for_and_at_the_steps_allowed():
    """Batches of replicas: all, as many as the error needs, or those that the steps allow, on any number of threads."""
    model, wells = row((3e-9,) * 2)
    asked = {"temperature": TEMPERATURE, "seed": 5, "trials": 64, "replicas": 24}
    full = flux_rates(model, wells, 0, 1, **asked, jobs=1)
    early = flux_rates(model, wells, 0, 1, **asked, error=0.3, jobs=2)
    short = flux_rates(model, wells, 0, 1, **asked, most=0.85 * full.steps, jobs=2)
    assert [found.total.size for found in (full, early, short)] == [24, 8, 16]
    assert np.array_equal(full.total[:8], early.total) and np.array_equal(full.total[:16], short.total)
    assert early.total.std(ddof=1) <= 0.3 * math.sqrt(8) * early.total.mean()
    with pytest.raises(RunError, match=r"in 1e\+03 time steps"):
        flux_rates(model, wells, 0, 1, **asked, most=1e3)


def test_no_batch_is_begun_that_leaves_its_fair_share():
    """The error is not reached by one batch, and a second one would take as much again."""
    model, wells = row((3e-9,) * 2)
    asked = {"temperature": TEMPERATURE, "seed": 5, "trials": 64, "replicas": 24, "jobs": 1}
    one = flux_rates(model, wells, 0, 1, **asked | {"replicas": 8})
    two = flux_rates(model, wells, 0, 1, **asked | {"replicas": 16})
    batch = two.steps - one.steps
    for fair, size in ((1.0, 8), (one.steps + 0.8 * batch, 8), (two.steps + 0.3 * batch, 16)):
        found = flux_rates(model, wells, 0, 1, **asked, fair=fair)
        assert found.total.size == size and found.steps == (one if size == 8 else two).steps


def test_steps_are_for_all_sides_together(monkeypatch):
    """Also those of sides that were not reached: each may take half of what is left, the last one all of it."""
    model, wells = row((3e-9,) * 3, length=10 * GAP)  # no mirror, no two wells alike: six sides
    seen = []

    def unreached(*args, most, fair, **options):
        seen.append((most, fair))
        problem = OutOfSteps("not reached", 1.0)
        problem.steps = 0.8 * most
        raise problem

    monkeypatch.setattr(module, "flux_rates", unreached)
    found = rate_matrix(model, wells, TEMPERATURE, "flux", most=1e9)
    left = [1e9 * 0.6**k for k in range(6)]
    assert [most for most, _ in seen] == pytest.approx([0.5 * steps for steps in left[:5]] + left[5:])
    assert [fair for _, fair in seen] == pytest.approx([steps / (6 - k) for k, steps in enumerate(left)])
    assert np.isnan(found.retention).all() and found.bound == pytest.approx([2.0, 2.0, 2.0])


def test_work_is_said_with_what_was_not_reached():
    model, wells = row((3e-9,) * 2)
    with pytest.raises(OutOfSteps) as stopped:
        flux_rates(model, wells, 0, 1, temperature=TEMPERATURE, seed=1, trials=64, most=2e6, jobs=1)
    assert 2e6 < stopped.value.steps < 2e7


def test_all_sides_are_reached_with_the_work_of_their_first_batches():
    """The error cannot be reached, and the first of three sides does not take what the others need."""
    model, wells = row((3e-9,) * 3)
    options = {"seed": 2, "trials": 64, "replicas": 32, "error": 1e-9, "jobs": 1}
    found = rate_matrix(model, wells, TEMPERATURE, "flux", most=2.5e7, **options)
    assert np.isfinite(found.retention).all() and found.gaps == ""


def test_wells_that_are_alike_are_sampled_once(monkeypatch):
    """Of seven wells, mirrored, six sides; the rate of each other one is its own, sampled, within both errors."""
    model, wells = row()
    calls = []
    monkeypatch.setattr(module, "flux_rates", lambda *a, **k: calls.append(a[2:]) or flux_rates(*a, **k))
    options = {"seed": 2, "trials": 128, "replicas": 8, "jobs": 2}
    shared = rate_matrix(model, wells, TEMPERATURE, "flux", **options)
    assert len(calls) == 6, calls  # both sides of the first, of the second, and of those within
    assert shared.mirrored and np.array_equal(shared.rate, shared.rate[::-1, ::-1])
    assert np.array_equal(shared.lost, shared.lost[::-1, ::-1]) and np.all(np.isfinite(shared.retention))
    home = next(h for h in (2, 3, 4) if (h, 1) not in calls)
    own = flux_rates(model, wells, home, 1, temperature=TEMPERATURE, **options)
    error = math.hypot(own.rate_error[home + 1], shared.rate_error[home, home + 1])
    assert abs(own.rate[home + 1] - shared.rate[home, home + 1]) < 3.5 * error < own.rate[home + 1]


def test_what_differs_is_not_taken_for_alike():
    """A notch 3 % deeper, 0.2 kB T, and a longer end: the wells about it are others; none is its own mirror image."""
    assert module._alike(*row(), TEMPERATURE) == [0, 1, 2, 2, 2, 5, 6]
    odd = (3e-9,) * 6 + (3.1e-9,) + (3e-9,) * 2
    assert module._alike(*row(odd), TEMPERATURE) == [0, 1, 2, 2, 4, 5, 6, 7, 8]
    assert thermal_grid(*row(), TEMPERATURE).mirrored
    assert not thermal_grid(*row(odd), TEMPERATURE).mirrored
    assert not thermal_grid(*row(length=9 * GAP), TEMPERATURE).mirrored


def test_a_sample_whose_walls_fly_too_far_is_not_shared():
    model, wells = row()
    found = flux_rates(model, wells, 2, 1, temperature=TEMPERATURE, seed=1, trials=64, replicas=8)
    here = module._moved(found, 2, 3)
    assert np.array_equal(here.rate[1:-1], found.rate[:-2]) and here.rate[0] == 0
    found.rate[6] = 1.0  # four wells on
    assert module._moved(found, 2, 3) is None


@pytest.mark.parametrize(("home", "lost", "shared"), [(2, 0.0, True), (2, 1.0, False), (4, 1.0, False), (1, 1.0, True)])
def test_walls_that_leave_the_track_from_far_within_are_of_that_well_alone(home, lost, shared):
    """Of seven wells, more than one to each end: the way to the end is not alike; beside it, it is."""
    rate = np.zeros(8)
    rate[[home + 1, 7]] = 5.0, lost
    moved = module._moved(Escape(rate, 0.1 * rate, np.ones(2), np.zeros(0), 10, 1e-12), home, 3)
    assert (moved is not None) is shared
    if shared:
        assert moved.rate.tolist() == [0, 0, 0, 0, 5, 0, 0, lost] and moved.rate_error == pytest.approx(
            0.1 * moved.rate
        )


def test_the_middle_well_of_a_mirrored_track_has_one_sample_for_both_sides():
    rate, lost = np.zeros((3, 3)), np.zeros((3, 2))
    rate[1, [0, 2]], lost[0, 0], lost[2, 1] = 3.0, 2.0, 2.0
    mirrored = RateMatrix("by hand", rate, 0.1 * rate, lost, 0.1 * lost, mirrored=True)
    assert mirrored.retention_error == pytest.approx([0.1 / 2, 0.1 / 6, 0.1 / 2])
    apart = RateMatrix("by hand", rate, 0.1 * rate, lost, 0.1 * lost)
    assert apart.retention_error[1] == pytest.approx(0.1 / math.sqrt(2) / 6)


def test_two_mirrored_wells_have_a_sample_of_each_side():
    """No well lies in the middle: 0.3 and 0.4 of a rate of 7 are 0.5 together."""
    rate, lost = np.array([[0.0, 3.0], [3.0, 0.0]]), np.array([[4.0, 0.0], [0.0, 4.0]])
    found = RateMatrix("by hand", rate, 0.1 * rate, lost, 0.1 * lost, mirrored=True)
    assert found.retention_error == pytest.approx([0.5 / 49, 0.5 / 49])


def test_a_mirror_turns_the_angle_as_well():
    """x sin phi is its own image, sin phi, of a field across, is not; a thousandth of kB T is not seen."""
    x, phi = np.linspace(-1, 1, 5)[:, None], np.linspace(0, 2 * math.pi, 9)
    across = np.sin(phi)
    for energy, mirrored in (
        (x * across, True), (x**2 + 0 * phi, True), (across + 0 * x, False), (x + 0 * phi, False),
        (0.49e-3 * x + 0 * phi, True), (0.51e-3 * x + 0 * phi, False),
    ):  # fmt: skip
        assert made_grid(energy, x[:, 0], phi).mirrored is mirrored


def test_a_side_far_above_the_other_one_is_not_sampled():
    """More than ten above the lower of both barriers."""
    wells = [types.SimpleNamespace(barrier_left=left, barrier_right=right) for left, right in ((5, 14.9), (15.1, 5))]
    assert module._sides(wells, 10.0) == [(5, 0, -1), (14.9, 0, 1), (5, 1, 1)]


@pytest.mark.parametrize(
    ("error", "below", "shut"), [(0.0, 0.99, True), (0.0, 1.01, False), (0.3, 9.9, True), (0.3, 10.1, False)]
)
def test_a_way_counts_as_shut_below_a_hundredth_or_a_third_of_the_error(monkeypatch, error, below, shut):
    """Of the rate to the other well, 100 a second; where the work is not limited, a way that is not shut is an error."""
    model, wells = row((3e-9,) * 2)

    def sampled(model, wells, home, direction, **options):
        if direction < 0:
            raise NoWayOut("nothing leaves there", below)
        return Escape(np.array([0.0, 100.0, 0.0]), np.ones(3), np.array([100.0]), np.zeros(0), 10, 1e-12)

    monkeypatch.setattr(module, "flux_rates", sampled)
    found = rate_matrix(model, wells, TEMPERATURE, "flux", most=1e9, error=error)
    assert found.gaps == ("" if shut else "nothing leaves there") and found.bound == pytest.approx([100 + below] * 2)
    assert (found.retention == pytest.approx([0.01, 0.01])) is shut
    if shut:
        rate_matrix(model, wells, TEMPERATURE, "flux", error=error)
    else:
        with pytest.raises(NoWayOut, match="nothing leaves there"):
            rate_matrix(model, wells, TEMPERATURE, "flux", error=error)


@pytest.mark.parametrize(("depth", "held"), [(3e-9, False), (12e-9, True)])
def test_walls_settle_before_the_flux_is_counted(depth, held):
    """Six relaxation times, or times to wander off where a barrier below 20 kB T lets them; looks are four steps apart."""
    model, wells = row((depth,) * 2)
    assert (wells[0].barrier_right > 20 * K_B * TEMPERATURE) is held
    sampler = module_of_flux._Sampler(model, wells, 0, 1, TEMPERATURE, 1, 1e-13, 1.0, 64, math.inf, 0.0)
    relaxation = 1 / motion_in_well(model, wells[0]).slowest
    wandering = module_of_flux.wandering_time(model, wells, 0, TEMPERATURE)
    assert wandering > 2 * relaxation
    assert sampler.burn_in == int(6 * (relaxation if held else wandering) / 4e-13) + 1
    assert sampler.limit == int(max(3000 * relaxation, 300 * wandering) / 4e-13) + 1


def test_looks_that_count_are_those_after_the_burn_in_and_of_walls_that_live():
    """13 of 20 looks at all lanes; 10 at each of five walls about the saddle, which none of them has left in 4 ps."""
    model, wells = row((3e-9,) * 2)
    sampler = module_of_flux._Sampler(model, wells, 0, 1, TEMPERATURE, 1, 1e-13, 1.0, 64, math.inf, 0.0)
    time = np.zeros(1, np.int64)
    run_basin(sampler.pool, np.uint64(5), 0, np.inf, 7, 20, sampler.motion, sampler.place, np.empty((9, 2)), time)
    assert time == 13 * LANES
    saddle = np.array([[wells[0].right_edge / model.Delta, wells[0].phi]])
    fate, n = np.zeros(5, np.int64), 5
    whose = (saddle, np.zeros(n, np.int64), np.full(n, 7, np.uint64), np.arange(n, dtype=np.uint64))
    fixed = (sampler.motion, sampler.place, fate, np.empty(n), np.empty((n, 2)))
    assert run_trials(*whose, 0, np.inf, 10, 0, *fixed) == 50 and np.all(fate == UNDECIDED)


@pytest.mark.parametrize("below", [1.0, 1e9])
def test_a_way_that_nothing_leaves_by_counts_as_shut_where_that_is_sure(monkeypatch, below):
    """The bound of its rate is far below, or far above, that of the other way."""
    model, wells = row((3e-9,) * 2)

    def sampled(model, wells, home, direction, **options):
        if direction < 0:
            raise NoWayOut("nothing leaves there", below)
        return flux_rates(model, wells, home, direction, **options)

    monkeypatch.setattr(module, "flux_rates", sampled)
    monkeypatch.setattr(module, "thermal_grid", lambda *_: type("Grid", (), {"mirrored": False}))
    options = {"seed": 1, "trials": 64, "replicas": 8, "most": 1e9}
    found = rate_matrix(model, wells, TEMPERATURE, "flux", **options)
    assert found.gaps == ("" if below == 1.0 else "nothing leaves there")
    assert np.isfinite(found.retention).tolist() == ([True, True] if below == 1.0 else [False, False])


def test_a_batch_in_which_no_wall_leaves_is_not_enough():
    """Its error is none, and so is its rate: what was asked for is reached with the next batch, 16 of 32 replicas."""

    class Sampler:
        wells, steps = (None,), 0

        def run(self, replicas, interfaces):
            return np.array([[1.0, 0.0] if r >= module_of_flux.BATCH else [0.0, 0.0] for r in replicas])

    rates = module_of_flux._batches(Sampler(), [], 32, 0.3, 1)
    assert len(rates) == 16 and rates.sum() == 8


def test_a_rate_below_all_interest_is_bounded():
    """The pilot ends at once where 1e12 a second are asked for; the bound holds, and the retention is said to be longer."""
    model, wells = row((3e-9,) * 2)
    with pytest.raises(
        OutOfSteps, match=r"fewer than 1e\+12 walls a second get out of the well at .* to the right"
    ) as stopped:
        flux_rates(model, wells, 0, 1, temperature=TEMPERATURE, seed=1, least=1e12)
    assert stopped.value.below == 1e12
    found = rate_matrix(model, wells, TEMPERATURE, "flux", most=1e9, least=1e12)
    assert np.all(np.isnan(found.retention)) and found.bound == pytest.approx([2e12, 2e12])
    assert [summary._at_least(found, i) for i in (0, 1)] == pytest.approx([1e-13, 1e-13], rel=1e-9)
    formula = rate_matrix(model, wells, TEMPERATURE)
    assert np.all(formula.escape < found.bound) and summary._at_least(formula, 0) == 0


def test_many_interfaces_have_ten_trials_each(monkeypatch):
    """With eight trials asked for, each of the replicas runs with ten times the number of interfaces."""
    model, wells = row((3e-9,) * 2)
    seen = []
    monkeypatch.setattr(module_of_flux, "_batches", lambda sampler, *a: seen.append(sampler.n) or np.ones((2, 3)))
    found = flux_rates(model, wells, 0, 1, temperature=TEMPERATURE, seed=1, trials=8)
    assert seen == [10 * found.interfaces.size] and found.interfaces.size > 2


def test_errors_are_those_of_the_mean_of_the_replicas_that_ran(monkeypatch):
    """1, 2, 3 and 6 out of 16: mean 3, variance 14/3, so that the error is sqrt(14/12)."""
    model, wells = row((3e-9,) * 2)
    found_by_hand = np.outer([1.0, 2.0, 3.0, 6.0], [0.0, 1.0, 2.0])
    monkeypatch.setattr(module_of_flux, "_batches", lambda *a: found_by_hand)
    found = flux_rates(model, wells, 0, 1, temperature=TEMPERATURE, seed=1, trials=8, replicas=16)
    assert found.rate.tolist() == [0.0, 3.0, 6.0] and found.total.tolist() == [3.0, 6.0, 9.0, 18.0]
    assert found.rate_error == pytest.approx([0.0, math.sqrt(14 / 12), 2 * math.sqrt(14 / 12)])


def made_grid(energy, q, phi):
    """A landscape by hand, places in wall widths."""
    return ThermalGrid(q, phi, energy, 0.0, np.zeros(q.size, int), 1.0, float(1 / (q[1] - q[0])))


def test_a_wall_on_the_other_side_counts_as_what_it_passes_the_bottom_with():
    """Over an even floor d(sqrt E)/dx = -alpha sqrt(kappa/2), so that a wall from x has lost what it has there by hand."""
    alpha, kappa = 0.05, 40.0
    q, phi = np.linspace(0, 12, 1201), np.linspace(0, 2 * math.pi, 257)
    energy = np.broadcast_to(kappa * (1 - np.cos(phi)), (q.size, phi.size))
    back = _way_back(alpha, made_grid(energy, q, phi), energy, lambda X, Y: 0.5 * Y**2)
    loss, between = (
        alpha * math.sqrt(kappa / 2),
        math.sqrt(2 * kappa) / (_LEVELS - 1),
    )  # of sqrt E, a step and the levels
    share = loss * q[1] / between
    for i, k in ((0, 60), (400, 60), (1200, 60), (800, 20)):
        by_hand = max(math.sqrt(energy[i, k]) - loss * (q[i] + q[1]), 0) ** 2  # the first step is lost at the bottom
        interpolated = (
            i * share * (1 - share) * between**2
        )  # what straight lines between the levels lie above E at most
        assert by_hand - 1e-3 < back[i, k] < by_hand + interpolated + 1e-3
    assert back[400, 60] < 0.95 * energy[400, 60]


def test_a_wall_passes_the_bottom_with_no_more_than_its_angle_can_hold():
    """Without damping it keeps its energy, up to 2 kappa; on a hill of 60 kT its angle turns around, and it stays there."""
    kappa = 10.0
    q, phi = np.linspace(0, 6, 601), np.linspace(0, 2 * math.pi, 129)
    energy = 10.0 * q[:, None] + kappa * (1 - np.cos(phi))
    back = _way_back(0.0, made_grid(energy, q, phi), energy, lambda X, Y: 0.5 * Y**2)
    valley = back[:, 0]
    assert valley[150] == pytest.approx(15.0, rel=0.01)
    assert valley[-1] == pytest.approx(2 * kappa, rel=0.01)
