"""What a page is given to choose from, without a simulation: grids, numbers of trials, units, what is shown first."""

import base64
import types

import numpy as np
import pytest

from compact.bulk.plan import Grid, SweepPlan
from compact.table.operating_point import OperatingPoint
from dwsynapse.chain import explorer
from llg.device.device_file import load_device

DEVICE = load_device("five_state")
S = 5


def test_grid_to_choose_from_by_hand():
    """Times 7e11 A/m^2 and 1 ns; an edge of 1.5 ns leaves no shorter pulse."""
    grid = explorer.choice_grid(DEVICE)
    steps = [4.9, 5.95, 7.0, 8.05, 9.1]
    assert grid.current_density == pytest.approx([1e11 * J for J in (*(-J for J in steps[::-1]), *steps)])
    assert grid.duration == pytest.approx([0.7e-9, 1e-9, 1.6e-9])
    slow = DEVICE.replace({"pulse.rise_time": 1e-9, "pulse.fall_time": 0.9e-9})
    assert explorer.choice_grid(slow).duration == pytest.approx([1e-9, 1.6e-9])


def made_up(currents, durations, temperature=320.0):
    """A table of these pulses whose every wall stays, with energies that tell the pulses apart."""
    A, D = len(currents), len(durations)
    counts = np.zeros((1, 1, A, D, S, S + 1), int)
    counts[..., range(S), range(S)] = 10
    return types.SimpleNamespace(
        current_density=np.array(currents), duration=np.array(durations), temperature=np.array([temperature]),
        counts=counts, conductance=np.arange(1.0, S + 1), energy_per_pulse=1e-14 * (1 + np.arange(A * D)).reshape(A, D),
    )  # fmt: skip


@pytest.fixture
def told(monkeypatch):
    """What the solvers are asked for; walls run to 1.2 track lengths."""
    asked = {"plans": [], "walls": [], "wells": []}

    def run_in_memory(plan, runner, progress):
        asked["plans"].append(plan)
        K, _, A, D = plan.shape
        counts = np.zeros((K, 1, A, D, S, S + 1), int)
        counts[..., S] = plan.n
        return types.SimpleNamespace(counts=counts, instance_states=None)

    def simulate(device, drive, *, n, start, seed, temperature, samples, jobs):
        asked["walls"].append(
            {"n": n, "seed": seed, "temperature": temperature, "samples": samples, "J": drive.current_density}
        )
        time = np.linspace(0, 4e-9, samples + 1)
        place = np.full((samples + 1, n), 1.2 * device.track.length)
        place[0] = 0.5 * device.track.length
        return types.SimpleNamespace(q_samples=place, time=time)

    wells = explorer.nominal_wells

    def nominal_wells(device, T):
        asked["wells"].append(T)
        return wells(device, T)

    def best(table, T):
        J, t = table.current_density, float(table.duration[-1])
        points = [OperatingPoint(current_density=float(value), duration=t, temperature=T) for value in (J[-2], J[1])]
        return tuple(points)

    monkeypatch.setattr(explorer, "run_in_memory", run_in_memory)
    monkeypatch.setattr(explorer, "simulate", simulate)
    monkeypatch.setattr(explorer, "nominal_wells", nominal_wells)
    monkeypatch.setattr(explorer, "_write_points", best)
    return asked


def test_choices_have_the_units_of_the_page(told):
    """Positions and times in nm and ns, energies in J; the pulse lasts from half its rise to half its fall."""
    table = made_up((-7e11, -6e11, 0.0, 6e11, 7e11), (1e-9, 2e-9))
    found = explorer.explore(table, DEVICE, seed=8, jobs=2)
    assert found["temperature"] == 320.0 and set(told["wells"]) == {320.0}
    assert found["currents"] == [-7e11, -6e11, 0.0, 6e11, 7e11] and found["durations"] == [1e-9, 2e-9]
    assert found["energy"] == pytest.approx(np.array([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]) * 1e-14)
    assert found["first"] == [3, 1], "the pulse upwards"
    centres = [1e9 * notch.position for notch in DEVICE.notches]
    assert found["position"][0] == pytest.approx(centres, abs=5) and found["present"] == [[1] * S] * 4
    assert found["length"] == pytest.approx(720) and found["instances"] == [0, 1, 2, 3]
    pulse = DEVICE.pulse
    begin = 1e9 * (pulse.rest_time + pulse.rise_time / 2)
    assert found["pulse"] == [pytest.approx([begin, begin + 1]), pytest.approx([begin, begin + 2])]
    assert found["times"][0][-1] == pytest.approx(4.0) and len(found["times"]) == 2
    numbers = np.frombuffer(base64.b64decode(found["q"]), "<u2").reshape(-1, len(found["times"][0]))
    assert set(numbers[:, 0]) == {round(0.5 * 65535)} and set(numbers[:, 1:].ravel()) == {65535}, "held on the track"


def test_trials_of_all_instances_share_the_pulses(told):
    """50000 among three instances of five states: at 60 pulses 55 trials, at six 200, the most."""
    table = made_up(np.array([-5.0, -4, -3, -2, -1, 1, 2, 3, 4, 5]) * 1e11, (1e-9, 2e-9, 3e-9))
    explorer.explore(table, DEVICE, seed=8)
    few = made_up((-7e11, 7e11), (1e-9, 2e-9, 3e-9))
    explorer.explore(few, DEVICE, seed=8)
    assert [plan.n for plan in told["plans"]] == [50_000 // (3 * 30 * S), 200]
    for plan in told["plans"]:
        assert isinstance(plan, SweepPlan)
        assert (plan.seed, plan.temperature, plan.instances) == (8, (320.0,), (1, 2, 3))
    assert {(one["seed"], one["temperature"]) for one in told["walls"]} == {(8, 320.0)}


def test_at_least_so_many_trials(told, monkeypatch):
    monkeypatch.setattr(explorer, "PULSES", 100)
    explorer.explore(made_up((-7e11, 7e11), (1e-9,)), DEVICE, seed=8)
    assert [plan.n for plan in told["plans"]] == [25]


def test_of_large_tables_so_many_pulses_are_kept(told):
    """Ten currents, as many of each sign, and three durations."""
    J = 1e11 * np.arange(1, 9)
    found = explorer.explore(made_up(np.concatenate([-J[::-1], J]), np.arange(1, 6) * 1e-9), DEVICE, seed=8)
    assert len(found["currents"]) == 10 and sum(J < 0 for J in found["currents"]) == 5 and len(found["durations"]) == 3


def test_without_a_write_pulse_the_strongest_is_shown_first(told, monkeypatch):
    monkeypatch.setattr(explorer, "_write_points", lambda table, T: ())
    assert explorer.explore(made_up((-7e11, 6e11, 7e11), (1e-9, 2e-9)), DEVICE, seed=8)["first"] == [2, 0]


def test_positions_of_a_page_are_at_most_so_many(told, monkeypatch):
    """Samples first, 48 at most and the start: 2000 positions of 4 x 2 x 5 x 1 choices are those of one wall."""
    for largest, samples, walls in ((2000, 48, 1), (3919, 48, 1), (3920, 48, 2), (1000, 24, 1), (60, 1, 1)):
        monkeypatch.setattr(explorer, "LARGEST", largest)
        cases = [explorer.instance_at(DEVICE, 300.0, explorer.nominal_wells(DEVICE, 300.0))] * 4
        grid = Grid(current_density=(7e11,), duration=(1e-9, 2e-9))
        told["walls"].clear()
        found = explorer._trajectories(cases, grid, 300.0, 8, None)
        assert (told["walls"][0]["samples"], found["walls"]) == (samples, walls)
        assert told["walls"][0]["J"].tolist() == [7e11] * walls


def test_instances_without_a_well_are_passed_over_but_not_for_ever(told, monkeypatch):
    """Of numbers up to twice as many as wanted."""
    states, sound = explorer.nominal_wells(DEVICE, 300.0), explorer.instance_at

    def instance_at(device, T, states):
        if device.instance in (1, 2, 3, 5, 6, 7):
            raise explorer.RunError("no well")
        return sound(device, T, states)

    monkeypatch.setattr(explorer, "instance_at", instance_at)
    found = explorer._instances(DEVICE, 300.0, states, 8)
    assert [case.device.instance for case in found] == [0, 4, 8]


def test_numbers_of_a_page_have_six_digits():
    assert explorer.as_text([{"a": 0.123456789, "b": [float("nan"), 3], "c": "<"}]) == (
        '[{"a":0.123457,"b":[null,3],"c":"\\u003c"}]'
    )
