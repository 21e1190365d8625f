"""A sweep step by step: what a block asks the solver for, what becomes of its counts, what a resumed run does."""

import dataclasses
import types
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest

from compact.bulk import block, gather, instance, run, sweep, sweep_file
from compact.bulk.block import CONDITION, Worker, next_total
from compact.bulk.instance import StoredStates, describe_states, instance_at, nominal_wells
from compact.bulk.local import _in_flight, run_processes
from compact.bulk.plan import Grid, SweepPlan
from compact.bulk.run import partial_path, run_shard
from compact.bulk.sweep_file import SweepFile, check_sweep
from compact.states.states import States
from dwcore.errors import InputError, Interrupted, RunError
from dwcore.storage.files import open_checked, provenance
from dwcore.storage.provenance import versions
from llg.device.device_file import load_device
from llg.device.electrical import Heating

S = 5
GRID = Grid(current_density=(-9e11, 6e11), duration=(1e-9, 3e-9))


@pytest.fixture(scope="module")
def device():
    return load_device("five_state")


def plan_of(device, **changes):
    fields = {
        "device": device,
        "grid": GRID,
        "temperature": (280.0, 310.0, 400.0),
        "instances": (0, 4),
        "n": 10,
        "seed": 9,
    }
    return SweepPlan(**fields | changes)


def rows(*diagonal):
    """Outcomes of a block in which all stay: so many trials from each state, of which one had not settled."""
    return np.concatenate([np.diag(diagonal), np.zeros((S, 1)), np.ones((S, 1))], axis=1).astype(np.uint64)


def condition(number=1.0):
    return StoredStates(np.ones(S, np.uint8), np.arange(S) * 1e-9, number * np.arange(1.0, S + 1), np.zeros(S),
                        np.full((S, S), np.nan), np.full(S, np.nan))  # fmt: skip


# The plan


def test_the_pulse_that_a_device_lacks_is_the_largest_of_the_grid(device):
    pulse = plan_of(dataclasses.replace(device, pulse=None)).device.pulse
    assert (pulse.current_density, pulse.duration) == (9e11, 3e-9)


def test_states_are_those_at_the_temperature_nearest_to_that_of_the_device(device):
    assert device.temperature == 300.0
    assert plan_of(device).reference_temperature == 310.0
    assert plan_of(device, temperature=(295.0, 310.0)).reference_temperature == 295.0


def test_instances_are_drawn_with_the_seed_of_the_plan_but_for_the_device_itself(device):
    fourth = device.draw(4, 9)
    assert plan_of(device).instance(4).config() == fourth.config()
    assert fourth.config() != device.draw(4, 0).config()
    own = plan_of(fourth, instances=(4, 5))
    assert own.instance(4) is fourth and own.instance(5) is not fourth


@pytest.mark.parametrize(
    ("bound", "beyond", "words"),
    [
        ({"n": 1}, {"n": 0}, "n = 0 must be >= 1"),
        ({"n": 10**8}, {"n": 10**8 + 1}, "n = 100000001 must be >= 1 and <= 100000000"),
        ({"target_error": 1e-4}, {"target_error": 0.99e-4}, "target_error = 9.9e-05 must be >= 0.0001"),
        ({"target_error": 0.999}, {"target_error": 1.0}, "must be >= 0.0001 and < 1"),
        (
            {"temperature": (1.0, 300.0)},
            {"temperature": (0.0, 300.0)},
            r"temperature = \[0.0, 300.0\] \[K\] must be > 0",
        ),
        ({"temperature": (299.0, 300.0)}, {"temperature": (300.0, 300.0)}, "strictly ascending"),
    ],
)
def test_bounds_of_a_plan(device, bound, beyond, words):
    plan_of(device, **bound)
    with pytest.raises(InputError, match=words):
        plan_of(device, **beyond)


def test_at_most_4096_instances(device, monkeypatch):
    monkeypatch.setattr(SweepPlan, "instance", lambda self, number: device)
    plan_of(device, instances=tuple(range(4096)))
    with pytest.raises(InputError, match="must be 1 to 4096 different numbers, are 4097"):
        plan_of(device, instances=tuple(range(4097)))


def test_reference_grid_by_hand(device):
    """Times 7e11 A/m^2 and 1 ns."""
    full, quick = sweep.reference_grid(device), sweep.reference_grid(device, quick=True)
    steps = [3.5, 4.2, 4.9, 5.6, 6.3, 7.0, 7.7, 8.4, 9.1]
    assert full.current_density == pytest.approx([1e11 * J for J in (*(-J for J in steps[::-1]), *steps)])
    assert full.duration == pytest.approx([0.7e-9, 1e-9, 1.3e-9, 1.6e-9])
    few = [4.9, 5.95, 7.0, 8.05]
    assert quick.current_density == pytest.approx([1e11 * J for J in (*(-J for J in few[::-1]), *few)])
    assert quick.duration == pytest.approx([1e-9])
    pulse = types.SimpleNamespace(current_density=1.0, duration=1.0, shortest=1.0)
    edges_alone = sweep.reference_grid(types.SimpleNamespace(section=lambda *_: pulse))
    assert edges_alone.duration == (1.0, 1.3, 1.6)


# A block


def test_a_block_asks_for_its_own_pulse_and_counts_all_rounds(device, monkeypatch):
    """Each round leaves 3 walls unsettled; the rows need one round more, from where the first ended."""
    asked = []

    def count_outcomes(walls, wells, *, settling, jobs, progress):
        asked.append(walls)
        return types.SimpleNamespace(counts=np.array([walls.n, 0, 0, 0, 0, 0]), unsettled=3)

    monkeypatch.setattr(block, "count_outcomes", count_outcomes)
    monkeypatch.setattr(block, "next_total", lambda counts, target: min(int(counts.sum()) + 5, 15))
    plan = plan_of(device)
    worker = Worker(plan)
    for number in (0, 1, 6, 23):
        asked.clear()
        k, t, a, d = plan.place(number)
        found = worker.count(number)
        assert found.tolist() == [[15, 0, 0, 0, 0, 0, 6]] * S
        assert [(walls.n, walls.first) for walls in asked] == [(10, 0), (5, 10)] * S
        drive, start = asked[0].drive, worker.instance(plan.condition(number)).start
        assert drive.current_density == GRID.current_density[a]
        assert drive.waveform.square_time() == device.pulse.waveform(GRID.duration[d]).square_time()
        assert {(walls.seed, walls.temperature) for walls in asked} == {(9, plan.temperature[t])}
        assert asked[0].device.instance == plan.instances[k]
        assert [walls.start for walls in asked[::2]] == [tuple(one) for one in start.tolist()]


@pytest.mark.parametrize(
    ("counts", "target", "total"),
    [
        ([6000, 3000, 1000], 0.004, 15001),  # (6000.5/10001)(4000.5/10001)/0.004^2 = 15000.1: the worst of all outcomes
        ([6000, 3000, 1000], 0.0049, 10000),  # 0.24 < 0.0049^2 (10000 + 2)
        ([6000, 3000, 1000], 0.00489, 10037),  # 0.24/0.00489^2 = 10036.8
        ([5, 5, 0], 0.15, 10),  # 0.25/(10 + 2) = 0.144^2 is enough, 0.25/10 = 0.158^2 would not be
    ],
)
def test_the_least_certain_outcome_decides_on_a_round(counts, target, total):
    assert next_total(np.array(counts, np.uint64), target) == total


def test_so_many_tasks_are_in_flight_and_no_more():
    most = []

    def submit(task):
        most.append(task)
        future = Future()
        future.set_result(10 * task)
        return future

    running = _in_flight(submit, range(9), 4)
    first = next(running)
    assert len(most) == 4 and first[1] == 10 * first[0]
    assert sorted([first, *running]) == [(task, 10 * task) for task in range(9)]


def test_a_process_that_dies_ends_the_run_in_words(device):
    """Workers are told the job as text, and the version that it is of."""
    asked = []

    def submit(*call):
        asked.append(call)
        future = Future()
        if len(asked) < 3:
            future.set_result("done")
        else:
            future.set_exception(BrokenProcessPool("gone"))
        return future

    worker = types.SimpleNamespace(text=lambda: "all of it")
    running = run_processes(types.SimpleNamespace(submit=submit), 1, worker, range(5))
    assert [next(running), next(running)] == [(0, "done"), (1, "done")]
    with pytest.raises(RunError, match=r"^a process died, perhaps for want of memory$"):
        next(running)
    assert asked[2][1:] == (types.SimpleNamespace, "all of it", versions()["dwsynapse"], 2)


# Instances


def test_an_instance_is_one_at_its_temperature(device):
    """With a Curie temperature of 700 K barriers are lower at 400 K than at 300 K, as those of the film then."""
    device = device.replace({"temperature_laws.T_C": 700.0})
    warm, hot = nominal_wells(device, 300.0), nominal_wells(device, 400.0)
    assert hot[2].barrier_right < 0.8 * warm[2].barrier_right
    found = instance_at(device, 400.0, warm)
    assert found.device.temperature == 400.0 and found.device.material.Ms < 0.9 * device.material.Ms
    assert found.wells[2].barrier_right == pytest.approx(hot[2].barrier_right, rel=1e-9)
    assert found.settling.temperature == 400.0


def test_an_instance_without_a_well_is_named(device, monkeypatch):
    def none(model, temperature):
        raise RunError(f"no well at {temperature:g} K")

    monkeypatch.setattr(instance, "find_wells", none)
    with pytest.raises(RunError, match=r"^instance 7 at 350 K: no well at 350 K$"):
        instance_at(dataclasses.replace(device, instance=7), 350.0, [])


def test_walls_of_a_missing_state_are_put_at_rest_in_their_angle(device):
    """The chirality of the reference device wants m_x = -1 in an up-down wall, which is the angle pi."""
    states = nominal_wells(device, 300.0)
    less = dataclasses.replace(device, notches=tuple(n for i, n in enumerate(device.notches) if i != 2), instance=7)
    found = instance_at(less, 300.0, states)
    assert not found.present[2]
    assert np.cos(found.start[:, 1]) == pytest.approx(-np.ones(S), rel=1e-3)


def test_a_missing_state_is_read_where_its_walls_are_put(device):
    """The second of five; without a junction all states have their numbers for conductances, and no spread."""
    states = nominal_wells(device, 300.0)
    less = dataclasses.replace(device, notches=(device.notches[0], *device.notches[2:]), instance=7)
    found, geometry = describe_states(instance_at(less, 300.0, states)), less.geometry
    assert found.present.tolist() == [1, 0, 1, 1, 1]
    at = np.array([states[1].q])
    read = less.readout.conductance(at, geometry.q, geometry.w, less.straight_wall.Delta)
    assert found.conductance[1] == pytest.approx(read[0], rel=1e-12)
    bare = describe_states(instance_at(dataclasses.replace(less, readout=None), 300.0, states))
    assert bare.conductance.tolist() == [1, 2, 3, 4, 5] and not bare.conductance_std_ctoc.any()


def test_a_wall_in_no_well_is_in_no_state(device):
    found = instance_at(device, 300.0, nominal_wells(device, 300.0))
    beyond = found.wells[-1].right_edge + 1e-9
    assert found.outcomes(np.array([beyond, found.wells[0].q, beyond])).tolist() == [1, 0, 0, 0, 0, 2]


# The table


def test_a_table_tells_shares_energies_and_states_of_the_reference_temperature(device, monkeypatch):
    asked = []

    def find_states(one, temperature):
        asked.append(temperature)
        return States(nominal_wells(device, 300.0), np.arange(1.0, S + 1), np.arange(S) / 10)

    monkeypatch.setattr(gather, "find_states", find_states)
    plan = plan_of(device.replace({"pulse.rise_time": 0.0, "pulse.fall_time": 0.0}))
    counts = np.array([rows(10, 10, 10, 10, 10)] * plan.blocks)
    table = gather.gather(plan, counts, [condition()] * plan.conditions)
    assert asked == [310.0]
    assert table.config["unsettled_share"] == pytest.approx(1 / 10)
    assert table.config["wall_shape"] == device.wall_shape
    assert table.conductance_std_ctoc.tolist() == [0, 0.1, 0.2, 0.3, 0.4]
    assert table.energy_per_pulse[:, 1] == pytest.approx(3 * table.energy_per_pulse[:, 0])  # 3 ns and 1 ns, no edges
    assert table.energy_per_pulse[0] == pytest.approx(table.energy_per_pulse[1] * (9 / 6) ** 2)
    stack, geometry, thickness = device.stack, device.geometry, device.track.thickness
    resistance = stack.resistance(geometry.q, geometry.w, thickness)
    current = stack.current(6e11, device.track.width, thickness)
    assert table.energy_per_pulse[1, 0] == pytest.approx(resistance * current**2 * 1e-9)


def test_the_notes_are_of_the_largest_pulse_at_the_farthest_temperature(device):
    """Without edges 3 ns of 9e11 A/m^2 at 400 K heat the track by R_th R I^2 (1 - e^(-3 ns/2 ns))."""
    stack, geometry, track = device.stack, device.geometry, device.track
    current = stack.current(9e11, track.width, track.thickness)
    power = stack.resistance(geometry.q, geometry.w, track.thickness) * current**2
    still = device.replace({"pulse.rise_time": 0.0, "pulse.fall_time": 0.0, "wall.shape": "rigid"})
    plan = plan_of(dataclasses.replace(still, heating=Heating(R_th=50 / power, tau_th=2e-9)))
    rigid, heated, empty = gather._strains(plan, 1e-9 * np.array([120, 240, 360, 480]))
    assert rigid.startswith("shape: the wall stays straight in the notches")
    hottest = 400 + 50 * (1 - np.exp(-1.5))
    assert heated.startswith(
        f"temperature: the pulse heats the track to {hottest:.4g} K, with Ms, K_u, A and D of 300 K"
    )
    assert empty.startswith("notch: [[notch]] 5 at 600 nm without a well")


def test_a_bare_device_has_its_wells_at_the_reference_temperature(device, monkeypatch):
    asked = []
    wells = nominal_wells(device, 300.0)
    monkeypatch.setattr(gather, "nominal_wells", lambda one, temperature: asked.append(temperature) or wells)
    plan = plan_of(dataclasses.replace(device, readout=None, stack=None))
    counts = np.array([rows(10, 10, 10, 10, 10)] * plan.blocks)
    table = gather.gather(plan, counts, [condition()] * plan.conditions)
    assert asked == [310.0] and table.position.tolist() == [well.q for well in wells]
    assert table.config["origin"]["placeholders"].keys() == {"conductance", "energy_per_pulse"}
    assert not table.energy_per_pulse.any() and table.conductance.tolist() == [1, 2, 3, 4, 5]


class Shard:
    """Blocks and conditions of a shard that are finished."""

    def __init__(self, blocks, conditions):
        self.path, self._blocks, self._conditions = "shard.h5", blocks, conditions

    def finished(self):
        return np.array(sorted(self._conditions)), np.array(sorted(self._blocks))

    def counts(self, number):
        return self._blocks[number]

    def states(self, number):
        return self._conditions[number]


def test_blocks_of_shards_come_in_their_place_or_are_missed(device):
    plan = plan_of(device, instances=(0,), temperature=(280.0, 310.0))
    blocks = {number: rows(10 + number, 10, 10, 10, 10) for number in range(8)}
    states = {0: condition(1.0), 1: condition(2.0)}
    odd = Shard({n: blocks[n] for n in (1, 3, 5, 7)}, {1: states[1]})
    even = Shard({n: blocks[n] for n in (0, 2, 4, 6)}, {0: states[0]})
    counts, conditions = gather.read_blocks([odd, even], plan, S)
    assert counts[:, 0, 0].tolist() == list(range(10, 18))
    assert [one.conductance[0] for one in conditions] == [1.0, 2.0]
    with pytest.raises(InputError, match=r"^4 of 8 blocks are missing, the first is 0$"):
        gather.read_blocks([odd], plan, S)
    all_blocks = Shard(blocks, {0: states[0]})
    with pytest.raises(InputError, match=r"^1 of 2 conditions are missing, the first is 1$"):
        gather.read_blocks([all_blocks], plan, S)
    gather.read_blocks([all_blocks, odd], plan, S)
    with pytest.raises(InputError, match="block 3 differs from that of another file"):
        gather.read_blocks([odd, Shard({3: rows(10, 13, 10, 10, 10)}, {})], plan, S)
    last_digit = Shard(blocks, {0: condition(1.0 + 1e-13), 1: states[1]})
    gather.read_blocks([last_digit, odd, even], plan, S)
    with pytest.raises(InputError, match="condition 1 has other states than in another file"):
        gather.read_blocks([odd, even, Shard({}, {1: condition(2.001)})], plan, S)


# Runs


def worker_result(task):
    return condition() if task[0] == CONDITION else rows(10, 10, 10, 10, 10)


def test_a_resumed_run_does_what_is_missing_once(device, tmp_path):
    """Three of the twelve blocks of the second half, the first block of its second condition among them, were done."""
    plan, out, done, told = plan_of(device), tmp_path / "b.h5", [], []

    def first(worker, tasks):
        for number, task in enumerate(tasks):
            done.append(task)
            yield task, worker_result(task)
            if number == 5:
                raise KeyboardInterrupt

    def second(worker, tasks):
        for task in tasks:
            done.append(task)
            yield task, worker_result(task)

    class Bar:
        def __init__(self, total, words, unit, *, disk):
            told.append([total, 0])

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return False

        def __call__(self, number):
            told[-1][1] += number

    with pytest.raises(Interrupted, match=r"4 of 12 blocks are kept in .*b\.h5, --resume goes on"):
        run_shard(plan, (2, 2), out, first, progress=Bar)
    with SweepFile(out) as journal:
        conditions, blocks = journal.finished()
        assert conditions.tolist() == [3, 4] and blocks.tolist() == [12, 13, 14, 15]
        assert journal.conditions == range(3, 6) and journal.blocks == range(12, 24)
    assert run_shard(plan, (2, 2), out, second, resume=True, progress=Bar) == (12, 24)
    assert sorted(done) == sorted([("condition", n) for n in (3, 4, 5)] + [("block", n) for n in range(12, 24)])
    assert told == [[12, 4], [8, 8]]
    assert check_sweep(out) == [
        "shard 2/2 of a plan of 24 blocks", "12 of 12 blocks and 3 of 3 conditions are finished",
    ]  # fmt: skip
    with pytest.raises(InputError, match="with the seed 9, not 8"):
        run_shard(plan_of(device, seed=8), (2, 2), out, second, resume=True)


@pytest.mark.parametrize(
    ("trials", "target", "said"),
    [((10, 10, 10, 10, 10), None, ""), ((10, 10, 9, 10, 10), None, "of 9 trajectories, 10 are planned"),
     ((10, 10, 11, 10, 10), None, "10 are planned"), ((10, 10, 12, 10, 10), 0.1, ""),
     ((10, 10, 9, 10, 10), 0.1, "of 9 trajectories")],
)  # fmt: skip
def test_rows_of_a_file_hold_what_is_planned(device, tmp_path, trials, target, said):
    """All of it, or more where a target may ask for more."""
    plan = plan_of(device, instances=(0,), temperature=(300.0,), target_error=target)
    out = tmp_path / "a.h5"

    def runner(worker, tasks):
        for kind, number in tasks:
            yield (kind, number), condition() if kind == CONDITION else rows(*trials)

    run_shard(plan, (1, 1), out, runner)
    if said:
        with pytest.raises(InputError, match=f"block 0 has a row {said}" if said.startswith("of") else said):
            check_sweep(out)
    else:
        assert len(check_sweep(out)) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("states", 5.0), ("states", True), ("states", -1), ("shard", [1.0, 2]), ("shard", [1]), ("trajectories", 9.5),
     ("temperature", [float("nan")]), ("current_density", [-1e11, float("inf")]), ("duration", ["long"]),
     ("instances", [False]), ("target_error", "small")],
)  # fmt: skip
def test_a_file_holds_the_configuration_of_a_sweep(device, monkeypatch, name, value):
    plan = plan_of(device).config()
    sound = {"plan": plan, "states": 5, "shard": [1, 2]}
    wrong = sound | ({name: value} if name in sound else {"plan": plan | {name: value}})
    for config in (sound, wrong):
        journal = types.SimpleNamespace(config=config, seed=9, expect=lambda *_: None, close=lambda: None)
        monkeypatch.setattr(sweep_file, "Journal", lambda *_, journal=journal, **__: journal)
        if config is sound:
            assert (SweepFile("a.h5").shard, SweepFile("a.h5").n_states) == ((1, 2), 5)
        else:
            with pytest.raises(InputError, match=r"a\.h5: the configuration is not that of a sweep"):
                SweepFile("a.h5")


def test_a_table_in_memory_is_of_the_device_as_it_is(device, monkeypatch):
    """Its own temperature and instance number; the progress is of trajectories, without the column of the unsettled."""
    own = device.replace({"temperature": 350.0}).draw(3, 1)
    asked, done = [], []

    def runner(worker, tasks, *, jobs):
        asked.append((worker.plan.temperature, worker.plan.instances))
        for kind, number in tasks:
            yield (kind, number), condition() if kind == CONDITION else rows(10, 10, 10, 10, 10)

    monkeypatch.setattr(sweep, "run_threads", runner)
    table = sweep.build_table(own, GRID, n=10, seed=2, progress=done.append)
    assert asked == [((350.0,), (3,))] and done == [50] * 4
    assert table.temperature.tolist() == [350.0] and table.devices["instance"].tolist() == [3]


def everything(worker, tasks):
    """Run all tasks at once, without a simulation."""
    for task in tasks:
        yield task, worker_result(task)


def test_a_merged_table_tells_its_shards(device, tmp_path):
    plan, paths = plan_of(device, instances=(0,)), [tmp_path / f"{i}.h5" for i in (1, 2)]
    for number, path in enumerate(paths, 1):
        run_shard(plan, (number, 2), path, everything)
    found, table = gather.merge(paths[::-1], tmp_path / "table.h5")
    assert (found.n, found.seed, table.counts.sum()) == (10, 9, 12 * 50)
    with open_checked(tmp_path / "table.h5") as file:
        assert sorted(provenance(file)["inputs"]) == ["1.h5", "2.h5"]
    run_shard(plan_of(device, instances=(0,), seed=8), (1, 2), paths[0], everything, force=True)
    with pytest.raises(InputError, match=r"2\.h5: is of another sweep than .*1\.h5"):
        gather.merge(paths, tmp_path / "other.h5")


def test_a_table_that_is_there_is_left_as_it_is_or_made_anew(device, tmp_path):
    """Resumed it takes no task; forced it takes both conditions and all 8 blocks again, also where it may be resumed."""
    rigid, out, done = device.replace({"wall.shape": "rigid"}), tmp_path / "table.h5", []
    plan = plan_of(rigid, instances=(0,), temperature=(300.0, 310.0))

    def runner(worker, tasks):
        for task in tasks:
            done.append(task)
            yield task, worker_result(task)

    def tasks(**how):
        done.clear()
        table = run.run_to_table(plan, out, runner, **how)
        assert table.counts.sum() == 8 * 50 and [one.name for one in tmp_path.iterdir()] == ["table.h5"]
        return len(done)

    assert tasks() == tasks(force=True) == tasks(resume=True, force=True) == 2 + 8
    assert tasks(resume=True) == 0
    with pytest.raises(InputError, match=r"table\.h5: exists; give --force to overwrite it"):
        tasks()
    run_shard(plan, (1, 1), partial_path(out), runner)
    assert tasks(resume=True) == 0, "and what is left of its blocks is removed"


def test_a_shard_goes_on_as_the_one_that_it_is(device, tmp_path):
    plan, out = plan_of(device.replace({"wall.shape": "rigid"}), instances=(0,)), tmp_path / "shard.h5"
    run_shard(plan, (1, 2), out, everything)
    for other in ((1, 3), (2, 2)):
        with pytest.raises(InputError, match=f"holds shard 1/2, not {other[0]}/{other[1]}"):
            run_shard(plan, other, out, everything, resume=True)
    assert run_shard(plan, (1, 2), out, everything, resume=True) == (6, 12)


def test_a_file_of_other_states_is_not_gone_on_with(device, tmp_path, monkeypatch):
    """A later version of the program might find four wells where there were five."""
    plan, path = plan_of(device, instances=(0,)), tmp_path / "a.h5"
    run_shard(plan, (1, 1), path, everything)
    made = types.SimpleNamespace(states=[None] * 4)
    monkeypatch.setattr(run, "Worker", lambda plan: made)
    with pytest.raises(InputError, match="has 5 states, this program finds 4"):
        run_shard(plan, (1, 1), path, everything, resume=True)
