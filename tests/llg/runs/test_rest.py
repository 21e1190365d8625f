"""Walls that have not settled when their drive ends go on until they have, or are counted as unsettled."""

import dataclasses

import numpy as np
import pytest

from dwcore.numerics.noise import trajectory_keys
from llg import load_device
from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.landscape.settling import CHANCE, Settling
from llg.landscape.wells import find_wells, well_index
from llg.runs.drive import Drive
from llg.runs.ensemble import LaneRun, simulate
from llg.runs.outcomes import count_outcomes, ensemble_outcomes
from llg.runs.rest import Rest
from llg.runs.run_plan import EnsembleCase
from llg.runs.simulation import as_json, notes_on, run_pulse
from llg.walls.q_phi import QPhiModel

KT = K_B * 300.0
NOTCH = {"shape": "triangular", "depth": "20 nm", "width": "60 nm"}


def make_device(places=(140e-9, 260e-9, 380e-9), *, depth="20 nm", model="q-phi", relaxation="0.1 ns", **more):
    return device_from_mapping(
        {
            "name": "three notches",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1.2e-3, "alpha": 0.3},
            "wall": {"model": model, "shape": "rigid"},
            "track": {"length": "520 nm", "width": "100 nm", "thickness": "0.6 nm"},
            "torque": {"theta_SH": 0.07},
            "pulse": {"current_density": 8e11, "duration": "0.4 ns", "relaxation_time": relaxation},
            "notch": [{"position": q} | NOTCH | {"depth": depth} for q in places],
            **more,
        }
    )


def case_of(device, n=200, **changed):
    wells = find_wells(QPhiModel(device), 300.0)
    pulse = device.pulse
    drive = Drive(waveform=pulse.waveform(pulse.duration), current_density=pulse.current_density)
    walls = EnsembleCase(device=device, drive=drive, n=n, start=(wells[1].q, wells[1].phi), seed=3, temperature=300.0)
    return dataclasses.replace(walls, **changed), wells


def test_level_of_a_deep_well_has_the_stated_chance_that_of_a_shallow_one_is_thermal():
    case, wells = case_of(load_device("five_state"))
    settling = Settling(QPhiModel(case.device), wells, 300.0)
    levels = settling.rest_levels(2e-9)
    for level, bound, well in zip(levels, settling.bounds, wells, strict=True):
        assert bound.chance(well.energy + level, 2e-9) == pytest.approx(CHANCE, rel=1e-6)
    shallow = make_device()
    low = find_wells(QPhiModel(shallow), 300.0)
    barriers = np.array([min(well.barrier_left, well.barrier_right) for well in low])
    assert barriers.min() > 6 * KT and barriers.max() < 20 * KT
    found = Settling(QPhiModel(shallow), low, 300.0).rest_levels(2e-9)
    assert found == pytest.approx(np.minimum(5 * KT, barriers - 3 * KT))
    assert Settling(QPhiModel(shallow), low, 0.0).rest_levels(2e-9) == pytest.approx(barriers)


@pytest.mark.parametrize("model", ["q-phi", "q-phi-delta", "q-phi-chi"])
def test_walls_settle_after_a_short_relaxation(model):
    """0.1 ns after the pulse many walls still move; what is counted is what a relaxation of 3 ns leads to."""
    case, wells = case_of(make_device(model=model))
    end = simulate(case.device, case.drive, n=case.n, start=case.start, seed=case.seed)
    rest = Rest(LaneRun(case), wells)
    moving = rest.moving(np.array(list(end.final.values())))
    assert moving.mean() > 0.2
    ends = count_outcomes(case, wells)
    assert ends.unsettled == 0 and ends.counts.sum() == case.n
    long, _ = case_of(make_device(model=model, relaxation="3 ns"))
    later = count_outcomes(long, wells)
    error = np.sqrt(np.maximum(ends.counts + later.counts, 1))
    assert np.all(np.abs(ends.counts - later.counts) < 4.5 * error)
    at_the_end = np.bincount(np.where(well_index(wells, end.q) < 0, 3, well_index(wells, end.q)), minlength=4)
    assert model != "q-phi" or not np.array_equal(at_the_end, ends.counts)


def test_walls_that_have_settled_stay_as_they_are():
    case, wells = case_of(make_device(relaxation="3 ns"), n=128)
    end = simulate(case.device, case.drive, n=case.n, start=case.start, seed=case.seed)
    rest, final = Rest(LaneRun(case), wells), np.array(list(end.final.values()))
    moving, after = rest.moving(final), final.copy()
    assert rest.finish(slice(0, case.n), after) == 0
    np.testing.assert_array_equal(after[:, ~moving], final[:, ~moving])
    assert not rest.moving(after).any()


def test_each_look_has_noise_of_its_own():
    case, wells = case_of(make_device(), n=64)
    end = simulate(case.device, case.drive, n=case.n, start=case.start, seed=case.seed)
    lanes, asked = LaneRun(case), []
    stream_of = lanes.stream_of
    lanes.stream_of = lambda *which: asked.append(which) or stream_of(*which)
    Rest(lanes, wells).finish(slice(0, case.n), np.array(list(end.final.values())))
    assert len(asked) > 3 and asked == [(8e11, float(look)) for look in range(len(asked))]
    assert len({int(stream_of(*which)) for which in asked}) == len(asked)


def test_counts_depend_on_nothing_but_the_trajectory():
    """Whole or stopped early, in blocks of any size, in parts, or of an ensemble that keeps its trajectories."""
    case, wells = case_of(make_device(), n=256)
    whole = count_outcomes(case, wells, jobs=1)
    settling = Settling(QPhiModel(case.device), wells, 300.0)
    parts = [dataclasses.replace(case, n=n, first=first) for n, first in ((100, 0), (156, 100))]
    ensemble = simulate(case.device, case.drive, n=case.n, start=case.start, seed=case.seed)
    others = [
        count_outcomes(case, wells, settling=settling),
        count_outcomes(case, wells, jobs=2, block=64),
        ensemble_outcomes(ensemble, case, wells),
    ]
    for other in others:
        np.testing.assert_array_equal(other.counts, whole.counts)
    first, second = (count_outcomes(part, wells).counts for part in parts)
    np.testing.assert_array_equal(first + second, whole.counts)


def test_no_rest_under_a_current_that_goes_on():
    """Walls under current to the end have no rest to go on with; those that move are counted."""
    device = make_device()
    case, wells = case_of(device)
    on = Drive(waveform=Waveform(np.array([0.0, 0.4e-9]), np.ones(2)), current_density=8e11)
    case = dataclasses.replace(case, drive=on)
    end = simulate(device, on, n=case.n, start=case.start, seed=case.seed)
    ends = count_outcomes(case, wells)
    index = well_index(wells, end.q)
    np.testing.assert_array_equal(ends.counts, np.bincount(np.where(index < 0, 3, index), minlength=4))
    assert 0 < ends.unsettled <= case.n


def test_share_is_said():
    """A wall on a flat track far from the one notch settles nowhere: walls pushed there are counted and noted."""
    lonely = make_device((100e-9,), track={"length": "2 um", "width": "100 nm", "thickness": "0.6 nm"})
    run = run_pulse(lonely, n=64, seed=1, current_density=3e12, duration=1e-9)
    result = as_json(run)
    assert result["left_track"] == 0 and 0.95 < result["unsettled_share"] < 1.0
    assert any(note.startswith("unsettled: 9") for note in notes_on(run))
    quiet = run_pulse(make_device(), n=64, seed=1, current_density=1e10)
    assert as_json(quiet)["unsettled_share"] == 0 and not any("unsettled" in note for note in notes_on(quiet))


def test_walls_go_on_without_drive_with_the_noise_of_the_step():
    """What the kernel gets for the 0.5 ns between two looks: no current, the field at rest, noise of a step, keys."""
    case, wells = case_of(make_device(), n=100, first=1000)
    run = LaneRun(case)
    plan, data = run.plan, run.plan.stretches[-1].input
    asked = []

    def advance(*arguments):
        asked.append(arguments)
        arguments[0][:] = wells[0].q / data.units[0]  # all at rest in the first well

    stub = dataclasses.replace(plan.stretches[-1], input=dataclasses.replace(data, advance=advance))
    run.plan = dataclasses.replace(plan, stretches=[*plan.stretches[:-1], stub])
    final = np.array([np.linspace(130e-9, 390e-9, 100), np.full(100, wells[0].phi)])
    rest = Rest(run, wells)
    moving = np.flatnonzero(rest.moving(final[:, 10:60]))
    after = final[:, 10:60].copy()
    assert rest.finish(slice(10, 60), after) == 0 and 5 < moving.size < 45
    (given,) = asked
    x, phi, current, key_1, key_2, drive, first, count, step, noise = given[:10]
    still = np.setdiff1d(np.arange(50), moving)
    np.testing.assert_array_equal(after[:, still], final[:, 10:60][:, still])
    np.testing.assert_allclose(after[0, moving], wells[0].q, rtol=1e-12)
    assert x.size == 64 and not current.any() and phi[: moving.size] == pytest.approx(wells[0].phi)
    assert (first, drive.shape) == (0, (count + 1, 5)) and 0 <= count * plan.dt - 0.5e-9 < plan.dt
    np.testing.assert_array_equal(drive, np.tile(plan.still, (count + 1, 1)))
    assert step == pytest.approx(plan.dt * data.rate)
    assert noise == pytest.approx(data.noise_per_sqrt_dt * np.sqrt(plan.dt * data.rate))
    stream, keys = run.stream_of(8e11, 0.0), np.empty((2, 50), np.uint64)
    trajectory_keys(stream, np.uint64(1010), keys[0], keys[1])
    np.testing.assert_array_equal(np.array([key_1, key_2])[:, : moving.size], keys[:, moving])


def test_a_wall_moves_above_the_level_of_its_own_well():
    """Three notches of unequal depth: just below and above the level of each; beyond all wells, or off the track."""
    device = make_device()
    cut = [dataclasses.replace(n, depth=d) for n, d in zip(device.notches, (20e-9, 26e-9, 15e-9), strict=True)]
    device = dataclasses.replace(device, notches=tuple(cut))
    case, wells = case_of(device)
    rest = Rest(LaneRun(case), wells)
    model = QPhiModel(device)
    assert np.ptp([well.energy for well in wells]) > 5 * KT
    for well, level in zip(wells, rest.levels, strict=True):
        q = np.linspace(well.q, well.right_edge, 4001)
        energy = model.energy(q, well.phi) - well.energy
        at = q[np.argmax(energy > level)]
        final = np.array([[well.q, at - 0.2e-9, at + 0.2e-9], [well.phi] * 3])
        assert rest.moving(final).tolist() == [False, False, True]
    outside = np.array([[0.5 * wells[0].left_edge, 0.0, 520e-9], [np.pi] * 3])
    assert wells[0].left_edge > 0
    assert rest.moving(outside).tolist() == [True, False, False]
    rest.levels = np.full(3, np.inf)  # whatever its energy
    assert rest.moving(outside).tolist() == [True, False, False]


def test_levels_are_those_of_the_time_that_is_left():
    case, wells = case_of(load_device("five_state").replace({"wall.shape": "rigid"}))
    run = LaneRun(case)
    rest, settling = Rest(run, wells), Settling(QPhiModel(case.device), wells, 300.0)
    left = run.plan.rest_steps() * run.plan.dt
    assert left == pytest.approx(case.device.pulse.relaxation_time, rel=1e-3)
    assert rest.levels == pytest.approx(settling.rest_levels(left), rel=1e-6)
    assert rest.levels.max() < settling.rest_levels(0.0).max() - KT


@pytest.mark.parametrize(("depths", "goes_on"), [((20e-9, 20e-9, 9e-9), True), ((9e-9, 9e-9, 9e-9), False)])
def test_walls_do_not_go_on_where_all_wells_are_too_shallow(depths, goes_on):
    """A level above 2 kB T in one well is enough."""
    device = make_device()
    cut = tuple(dataclasses.replace(n, depth=d) for n, d in zip(device.notches, depths, strict=True))
    case, wells = case_of(dataclasses.replace(device, notches=cut))
    rest = Rest(LaneRun(case), wells)
    assert len(wells) == 3 and rest.levels.min() < 2 * KT and bool(rest.levels.max() > 2 * KT) is goes_on
    assert (rest.steps > 0) is goes_on
