"""Sweeps over instances and temperatures: each is what a sweep of it alone gives; states that shift or vanish."""

import dataclasses
import functools

import numpy as np
import pytest

from compact import build_table, load_table, save_table
from compact.bulk.block import Worker, next_total
from compact.bulk.gather import gather
from compact.bulk.instance import describe_states, instance_at, nominal_wells
from compact.bulk.local import run_threads
from compact.bulk.plan import Grid, SweepPlan, shard_blocks
from compact.bulk.sweep import run_in_memory
from dwcore.errors import InputError, RunError
from llg import QPhiModel, device_from_mapping, find_wells, load_device
from llg.rates.rate_matrix import RateMatrix, rate_matrix
from llg.runs.ensemble import Drive, simulate

GRID = Grid(current_density=(-7e11, 6e11), duration=(1e-9,))
N, SEED = 24, 9


@pytest.fixture(scope="module")
def device():
    return load_device("five_state")


def make_plan(device, **changes):
    fields = {"device": device, "grid": GRID, "temperature": (300.0, 360.0), "instances": (1, 4), "n": N, "seed": SEED}
    return SweepPlan(**fields | changes)


@pytest.fixture(scope="module")
def table(device):
    return run_in_memory(make_plan(device))


def test_each_instance_and_temperature_is_a_sweep_of_its_own(device, table):
    """Counts do not depend on what else is in the plan, nor on the number of threads."""
    for k, number in enumerate((1, 4)):
        for t, T in enumerate((300.0, 360.0)):
            plan = make_plan(device, instances=(number,), temperature=(T,))
            alone = run_in_memory(plan, functools.partial(run_threads, jobs=1))
            assert np.array_equal(alone.counts[0, 0], table.counts[k, t])
            assert np.array_equal(alone.retention_rate[0, 0], table.retention_rate[k, t])
    assert not np.array_equal(table.counts[0, 0], table.counts[1, 0])
    assert not np.array_equal(table.counts[:, 0], table.counts[:, 1])


def test_counts_are_those_of_the_drawn_device(device, table):
    drawn = device.draw(4, SEED)
    wells = find_wells(QPhiModel(drawn), 360.0)
    drive = Drive(waveform=drawn.pulse.waveform(1e-9), current_density=6e11)
    end = simulate(drawn, drive, n=N, start=(wells[2].q, wells[2].phi), seed=SEED, temperature=360.0)
    edges = [wells[0].left_edge, *(w.right_edge for w in wells)]
    assert table.counts[1, 1, 1, 0, 2, :5].tolist() == np.histogram(end.q, edges)[0].tolist()


def test_table_tells_the_drawn_parameters_and_states(device, table, tmp_path):
    drawn = [device.draw(k, SEED) for k in (1, 4)]
    assert table.devices["instance"].tolist() == [1, 4]
    assert table.devices["theta_SH"].tolist() == [d.torque.theta_SH for d in drawn]
    assert table.devices["notch_3_depth"].tolist() == [d.notches[2].depth for d in drawn]
    assert "Ms" not in table.devices  # it has no spread
    states = table.instance_states
    assert states.present.all() and states.present.shape == (2, 2, 5)
    shift = states.position[:, 0] - table.position
    assert 0.1e-9 < np.abs(shift).max() < 10e-9
    assert np.all(states.conductance_std_ctoc[:, 1] > states.conductance_std_ctoc[:, 0])  # hotter
    save_table(tmp_path / "table.h5", table)
    back = load_table(tmp_path / "table.h5")
    for field in dataclasses.fields(states):
        assert np.array_equal(getattr(back.instance_states, field.name), getattr(states, field.name))


def test_nominal_table_is_instance_zero(device, table):
    nominal = build_table(device, GRID, n=N, seed=SEED)
    assert nominal.devices["instance"].tolist() == [0]
    assert np.array_equal(nominal.instance_states.position[0, 0], nominal.position)
    assert np.array_equal(nominal.instance_states.conductance[0, 0], nominal.conductance)
    assert np.array_equal(nominal.position, table.position)


# Matching of states


def without_notch(device, number):
    return dataclasses.replace(
        device, notches=tuple(n for i, n in enumerate(device.notches) if i != number), instance=7
    )


def test_a_vanished_well_is_missing_and_keeps_a_row(device):
    """The wall put there goes to a neighbour; nothing is ever counted as ending in the missing state."""
    states = nominal_wells(device, 300.0)
    condition = instance_at(without_notch(device, 2), 300.0, states)
    assert condition.present.tolist() == [True, True, False, True, True]
    assert condition.state.tolist() == [0, 1, 3, 4]
    assert condition.start[2, 0] == states[2].q
    found = describe_states(condition)
    assert found.conductance_std_ctoc[2] == 0 and np.isnan(found.retention_rate[2]).all()
    assert np.isfinite(found.retention_rate[[0, 1, 3, 4]]).all() and not found.retention_rate[[0, 1, 3, 4], 2].any()
    assert np.all(np.diff(found.conductance) > 0)
    end = simulate(condition.device, Drive(waveform=device.pulse.waveform(1e-9), current_density=0.0), n=64,
                   start=tuple(condition.start[2]), seed=1)  # fmt: skip
    outcomes = condition.outcomes(end.q)
    assert outcomes[2] == 0 and outcomes.sum() == 64 and outcomes[[1, 3]].sum() > 0


def test_two_wells_between_the_saddles_of_one_state_count_as_one(device):
    """A state of the nominal device may split in an instance, here because the nominal one lacks the notch between."""
    merged = without_notch(device, 2)
    states = nominal_wells(merged, 300.0)
    assert len(states) == 4
    condition = instance_at(device, 300.0, states)
    assert len(condition.wells) == 5 and condition.present.all()
    s = condition.state[2]
    assert s in (1, 2) and condition.state.tolist() in ([0, 1, 1, 2, 3], [0, 1, 2, 2, 3])
    twins = [well for well, own in zip(condition.wells, condition.state, strict=True) if own == s]
    assert condition.start[s, 0] == min(twins, key=lambda well: well.energy).q
    assert condition.outcomes(np.array([well.q for well in twins]))[s] == 2
    found = describe_states(condition)
    assert np.isfinite(found.retention_rate).all()
    apart = describe_states(instance_at(device, 300.0, nominal_wells(device, 300.0))).conductance
    for number in np.flatnonzero(condition.state == s):  # whichever of the two is the deeper: 18 % lie between them
        start = condition.start.copy()
        start[s, 0] = condition.wells[number].q
        read = describe_states(dataclasses.replace(condition, start=start)).conductance[s]
        assert read == pytest.approx(apart[number], rel=1e-3)


def test_rates_that_one_temperature_lacks_are_kept_at_the_other(device):
    """Unknown rates stay unknown, and losses off the track come with the rates."""
    plan = make_plan(device, instances=(1,))
    known = describe_states(instance_at(device, 300.0, nominal_wells(device, 300.0)))
    known = dataclasses.replace(known, retention_lost=np.arange(5.0))
    blank = {"retention_rate": np.full((5, 5), np.nan), "retention_lost": np.full(5, np.nan)}
    unknown = dataclasses.replace(known, **blank)
    counts = np.zeros((4, 5, 7), np.uint64)
    counts[:, :, 0] = 1
    table = gather(plan, counts, [known, unknown])
    assert np.array_equal(table.retention_rate[0, 0], known.retention_rate)
    assert np.array_equal(table.retention_lost[0, 0], np.arange(5.0))
    assert np.isnan(table.retention_rate[0, 1]).all() and np.isnan(table.retention_lost[0, 1]).all()
    nowhere = gather(plan, counts, [unknown, unknown])
    assert nowhere.retention_rate is None and nowhere.retention_lost is None and nowhere.retention_method == ""


def test_a_well_beyond_all_states_is_no_state(device):
    states = nominal_wells(without_notch(device, 4), 300.0)
    shorter = [dataclasses.replace(well, right_edge=min(well.right_edge, 540e-9)) for well in states]
    condition = instance_at(device, 300.0, shorter)
    assert condition.state.tolist() == [0, 1, 2, 3, 4] and condition.present.all()
    assert condition.outcomes(np.array([condition.wells[4].q, condition.wells[0].q])).tolist() == [1, 0, 0, 0, 1]


# Adaptive sampling


def test_trajectories_go_on_where_they_ended(device):
    drive = Drive(waveform=device.pulse.waveform(1e-9), current_density=6e11)
    run = {"start": (3.6e-7, np.pi), "seed": 3}
    whole = simulate(device, drive, n=70, **run)
    parts = [simulate(device, drive, n=n, first=first, **run).q for n, first in ((3, 0), (66, 3), (1, 69))]
    assert np.array_equal(np.concatenate(parts), whole.q)


def test_adaptive_rows_reach_the_target_and_no_more(device):
    plan = make_plan(device, instances=(0,), temperature=(300.0,), n=40, target_error=0.04,
                     grid=Grid(current_density=(5.2e11, 9e11), duration=(1e-9,)))  # fmt: skip
    table = run_in_memory(plan)
    total = table.counts.sum(axis=-1)
    assert table.standard_error.max() <= 0.04
    assert total.min() == 40 and total.max() > 80
    assert total.max() <= 1 / (2 * 0.04) ** 2 + 1
    more = np.unravel_index(total.argmax(), total.shape)
    fixed = run_in_memory(make_plan(device, instances=(0,), temperature=(300.0,), n=int(total[more]), grid=plan.grid))
    assert np.array_equal(fixed.counts[more], table.counts[more])


@pytest.mark.parametrize(
    ("counts", "target", "total"),
    [
        ([50, 50], None, 100),  # no target
        ([5000, 5000], 0.0051, 10000),  # reached
        ([50, 50], 0.01, 200),  # at most twice
        ([5000, 5000], 0.0049, 10413),  # what is needed: 0.25/0.0049^2
        ([100, 0], 0.01, 100),  # sure enough
        ([100, 0], 0.001, 200),
    ],
)
def test_next_round(counts, target, total):
    assert next_total(np.array(counts, np.uint64), target) == total


# The plan


def test_blocks_cover_the_plan_once(device):
    plan = make_plan(device, grid=Grid(current_density=(-7e11, 6e11, 7e11), duration=(1e-9, 1.2e-9)))
    places = [plan.place(block) for block in range(plan.blocks)]
    assert len(set(places)) == 24 and places[0] == (0, 0, 0, 0) and places[-1] == (1, 1, 2, 1)
    assert [plan.condition(block) for block in (0, 5, 6, 23)] == [0, 0, 1, 3]
    for shards in (1, 5, 24):
        cut = [block for i in range(shards) for block in shard_blocks(plan, i + 1, shards)]
        assert cut == list(range(24))
        sizes = [len(shard_blocks(plan, i + 1, shards)) for i in range(shards)]
        assert max(sizes) - min(sizes) <= 1
    for shard, shards in ((0, 2), (3, 2), (1, 25)):
        with pytest.raises(InputError, match="shard"):
            shard_blocks(plan, shard, shards)


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"temperature": ()}, "temperature = .* strictly ascending"),
        ({"temperature": (360.0, 300.0)}, "temperature = .* strictly ascending"),
        ({"temperature": (0.0, 300.0)}, "must be > 0"),
        ({"temperature": (300.0, 3000.0)}, "must be > 0 and < 2000"),
        ({"instances": ()}, "instances must be 1 to"),
        ({"instances": (1, 1)}, "different numbers"),
        ({"instances": (-1,)}, "instance = -1"),
        ({"n": 0}, "n = 0 must be >= 1"),
        ({"target_error": 0.0}, "target_error = 0 must be"),
        ({"target_error": float("nan")}, "target_error = nan must be"),
        ({"grid": Grid(current_density=(7e11,), duration=(0.1e-9,))}, "duration = 1e-10"),
    ],
)
def test_impossible_plans(device, changes, fragment):
    with pytest.raises(InputError, match=fragment):
        make_plan(device, **changes)


def test_an_impossible_draw_is_named(device):
    wide = dataclasses.replace(device, variation=dataclasses.replace(device.variation, notch_depth_dtod=0.49))
    with pytest.raises(InputError, match=r'device "five-state reference", instance \d+: '):
        make_plan(wide, instances=tuple(range(1, 200)))


def test_a_worker_needs_states(device):
    flat = dataclasses.replace(
        device, notches=(), track=dataclasses.replace(device.track, pad_width=None, pad_taper=None)
    )
    with pytest.raises(RunError, match="no well"):
        Worker(make_plan(flat))


def test_losses_off_open_ends_count():
    """Without pads the outer walls also escape off the track; a table tells the retention that `rates` tells."""
    notches = [{"position": q, "shape": "triangular", "depth": 20e-9, "width": 60e-9} for q in (140e-9, 260e-9, 380e-9)]
    device = device_from_mapping(
        {
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1.2e-3, "alpha": 0.3},
            "track": {"length": 520e-9, "width": 100e-9, "thickness": 0.6e-9},
            "readout": {"RA": 3e-11, "TMR": 1.5, "start": 0.0, "end": 520e-9},
            "notch": notches,
        }
    )
    states = nominal_wells(device, 300.0)
    found = describe_states(instance_at(device, 300.0, states))
    exact = rate_matrix(QPhiModel(device), states, 300.0)
    assert found.retention_lost[0] > 0.1 * found.retention_rate[0].sum()
    assert 1 / (found.retention_rate.sum(axis=1) + found.retention_lost) == pytest.approx(exact.retention, rel=1e-9)


def test_escapes_to_no_state_are_those_of_no_state(device, monkeypatch):
    """A wall that escapes into a well that is no state is neither in the last state nor off the track."""
    states = nominal_wells(without_notch(device, 4), 300.0)
    shorter = [dataclasses.replace(well, right_edge=min(well.right_edge, 540e-9)) for well in states]
    it = instance_at(device, 300.0, shorter)
    assert it.state.tolist() == [0, 1, 2, 3, 4] and it.present.size == 4
    made_up = 1.0 + np.arange(25.0).reshape(5, 5) * (1 - np.eye(5))
    lost = np.arange(10.0).reshape(5, 2)
    monkeypatch.setattr(
        "compact.bulk.instance.rate_matrix", lambda *_: RateMatrix("", made_up, made_up, lost, np.zeros((5, 2)))
    )
    found = describe_states(it)
    np.testing.assert_array_equal(found.retention_rate, made_up[:4, :4] - np.diag(np.diag(made_up[:4, :4])))
    np.testing.assert_array_equal(found.retention_lost, lost[:4].sum(axis=1))
