"""How surely a pulse moves the wall, the shortest that does, and the probability that a verification is likely to show."""

import dataclasses
import math

import numpy as np
import pytest

from compact.bulk.local import run_threads
from compact.bulk.plan import Grid, SweepPlan
from compact.bulk.sweep import run_in_memory
from dwcore.errors import InputError
from dwsynapse.design import verification
from dwsynapse.design.pulses import FALL, Row, aim, interval, shortest
from dwsynapse.design.sections import FINENESS
from dwsynapse.design.specification import load_specification
from dwsynapse.design.trial import Look, shortest_stay, steps
from dwsynapse.design.verification import one_step_counts
from llg.device.device_file import load_device
from llg.device.temperature_laws import TemperatureLaws
from llg.landscape.wells import find_wells
from llg.rates.rate_matrix import rate_matrix
from llg.walls.q_phi import QPhiModel


def test_the_least_number_is_found_from_any_guess():
    for top, least in ((0, 0), (1, 1), (7, 3), (200, 0), (200, 61), (200, 200)):
        for guess in {0, least, top // 2, 1000}:
            for scale in (0.0, 0.5, 1.0, 2.0):  # how well the distance is judged, from not at all
                tried = []

                def judge(number, least=least, scale=scale, tried=tried):
                    tried.append(number)
                    return number >= least, scale * (least - number)

                assert shortest(judge, top, guess) == least
                assert len(tried) == len(set(tried)) <= 16 and max(tried) <= top
    assert shortest(lambda number: (False, 3.0), 9, 4) == 9  # none is enough


def test_a_number_near_the_least_takes_fewer_looks():
    tried = {1: 0, 3: 0}
    for within in tried:
        for least in range(200):

            def judge(number, least=least, within=within):
                tried[within] += 1
                return number >= least, 0.0

            assert least <= shortest(judge, 200, 90, within) < least + within
    assert tried[3] <= tried[1] - 200  # one look less for each
    assert (
        shortest(lambda number: (number == 9, 0.0), 9, 4, 3) == 9
    )  # the last one is looked at before all are given up


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(2)
    for p, n in ((0.97, 400), (0.5, 50)):
        inside = [low <= p <= high for low, high in (interval(int(k), n) for k in rng.binomial(n, p, 2000))]
        assert 0.925 < np.mean(inside) < 0.985
    assert interval(50, 50)[1] == 1.0 and interval(0, 50)[0] == 0.0


@pytest.mark.parametrize(("required", "n"), [(0.997, 32_000), (0.97, 400), (0.9, 2000)])
def test_what_is_aimed_at_is_shown_by_nearly_every_sample(required, n):
    """A device that has just what is required is hardly ever shown to have it: the aim must lie above it."""
    wanted, rng = aim(required, n), np.random.default_rng(4)
    assert wanted is not None and required < wanted < 1

    def shown(p):
        return np.mean([interval(int(hits), n)[0] >= required for hits in rng.binomial(n, p, 1000)])

    assert shown(wanted) > 0.85 and shown(required) < 0.06


def test_no_probability_is_aimed_at_that_cannot_be_shown(tmp_path):
    assert aim(0.9999, 400) is None and interval(400, 400)[0] < 0.9999
    assert aim(0.3, 4000) == 0.3
    path = tmp_path / "spec.toml"
    path.write_text('[free]\npitch = ["100 nm", "160 nm"]\n[require]\nstates = 3\none_step = 0.9999\n[budget]\n'
                    "verify_pulses = 100\n")  # fmt: skip
    with pytest.raises(InputError, match="verify_pulses = 100, 400 pulses in all, cannot show one_step = 0\\.9999"):
        load_specification(path)


def _row(device, states=None, **how):
    wells = find_wells(QPhiModel(device), device.temperature)
    return Row(device=device, wells=wells, states=states or len(wells), longest=1e-9, seed=5, **how)


@pytest.fixture(scope="module")
def rigid():
    """A shipped device with a rigid wall and another current density."""

    def make(name, current_density):
        device = load_device(name)
        pulse = dataclasses.replace(device.pulse, current_density=current_density)
        return dataclasses.replace(device, pulse=pulse, wall=dataclasses.replace(device.wall, shape="rigid"))

    return make


def test_a_row_agrees_with_the_sweep_that_verifies(rigid):
    """All states in both directions together; a pulse that is too short, so that the states differ."""
    device = rigid("five_state", 6.2e11)
    counts = _row(device).outcomes(0.85e-9, 0, 1000)
    J = device.pulse.current_density
    plan = SweepPlan(device=device, grid=Grid(current_density=(-J, J), duration=(0.85e-9,)), temperature=(300.0,),
                     instances=(0,), n=250, seed=8)  # fmt: skip
    hits, n = (part.sum() for part in one_step_counts(run_in_memory(plan)))
    p, q = counts[1] / counts.sum(), hits / n
    assert counts.sum() == n == 2000 and 0.3 < q < 0.98
    assert abs(p - q) < 4 * math.sqrt(2 * q * (1 - q) / n)


def test_the_current_may_drive_the_other_way(rigid):
    device = rigid("five_state", 7e11)
    turned = device.replace({"torque.theta_SH": -device.torque.theta_SH})
    p, q = (one.outcomes(1e-9, 0, 64)[1] / 128 for one in (_row(device), _row(turned)))
    assert p > 0.95 and q > 0.95


def test_five_notches_stand_for_sixteen_with_their_ends():
    """The ends count as often as they do in the whole: 2 of 15 pulses in each direction."""
    row = Row(device=load_device("five_state"), wells=[None] * 5, states=16, longest=1e-9, seed=1)  # type: ignore[list-item]
    assert row.shares.tolist() == pytest.approx([1 / 15, 6.5 / 15, 6.5 / 15, 1 / 15])
    few = dataclasses.replace(row, wells=[None] * 2, states=2)  # type: ignore[list-item]
    assert few.shares.tolist() == [1.0] and row.shares.sum() == pytest.approx(1.0)


def test_rounds_end_early_only_where_the_pulse_is_not_sure(rigid):
    row = _row(rigid("five_state", 7e11))
    sure, not_sure = row.certainty(1e-9, 0.98, (32, 200)), row.certainty(0.5e-9, 0.98, (32, 200))
    assert sure.sum() == 400 and sure[1] >= 0.98 * 400
    assert not_sure.sum() == 64 and not_sure[0] > 0.5 * 64
    assert (row.outcomes(1e-9, 0, 32) + row.outcomes(1e-9, 32, 200) == row.outcomes(1e-9, 0, 200)).all()


def test_the_share_that_stays_falls_by_e_within_a_few_percent_of_length(rigid):
    row = _row(rigid("five_state", 7e11))
    times = 0.6e-9 * np.exp(FALL * np.arange(3))
    stayed = [row.outcomes(time, 0, 600)[0] for time in times]
    assert stayed[0] > stayed[1] > stayed[2] and 0.1 < math.log(stayed[0] / stayed[2]) / 2 < 3


def test_how_many_lengths_a_pulse_is_too_short():
    """Each length is longer by one factor; a pulse longer by `FALL` leaves fewer walls behind by a factor of e."""
    number = steps(0.2, 0.01)
    assert FINENESS**number == pytest.approx((0.2 / 0.01) ** FALL) and number > 1
    assert steps(0.01, 0.01) == 0.0 and steps(0.001, 0.01) < 0


def test_the_time_in_a_state_is_that_of_the_film_at_the_temperature_that_is_asked_for(rigid):
    """A film that loses anisotropy as it gets hotter holds its walls for less time than one that keeps it."""
    cold = rigid("five_state", 7e11)
    at = dataclasses.replace(cold, temperature_laws=TemperatureLaws(T_C=800.0))
    hot = at.at_temperature(400.0)
    model = QPhiModel(hot)
    expected = rate_matrix(model, find_wells(model, 400.0), 400.0).retention.min()
    assert shortest_stay(at, 400.0) == pytest.approx(expected, rel=1e-9)
    assert expected < 0.1 * shortest_stay(cold, 400.0)


def test_a_design_is_verified_with_its_own_pulse_both_ways(rigid, monkeypatch):
    device, plans = rigid("five_state", 6.5e11), []
    monkeypatch.setattr(verification, "run_in_memory", lambda plan, *_, **__: plans.append(plan))
    verification._table(device, (3, 4), 50, 7, run_threads, None)
    (plan,) = plans
    assert (plan.grid.current_density, plan.grid.duration) == ((-6.5e11, 6.5e11), (device.pulse.duration,))
    assert (plan.temperature, plan.instances, plan.n, plan.seed) == ((device.temperature,), (3, 4), 50, 7)


def test_figures_of_a_rigid_wall_are_scaled_and_those_before_are_kept(rigid, specification):
    look = Look(specification(), rigid("five_state", 7e11), np.array([1e-9, 2e-9]), 1, 1)
    found = {}
    look.closer(found, 0, (10,), 1, rigid={"barrier": 0.5})
    assert found["barrier"] == pytest.approx(0.5 * found["rigid_barrier"]) and found["rigid_barrier"] > 40
    assert look._pulsed(rigid, []).longest == 2e-9  # which way a current drives is told by the longest pulse
