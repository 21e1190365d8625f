"""States and transition tables of a device against what its parts say, and the choice of write pulses."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from compact import build_table, find_states, load_table, reference_grid, save_table, write_points
from compact.bulk.sweep import Grid
from compact.states.energy import pulse_energy
from compact.table.operating_point import OperatingPoint, best_points, grid_index, single_step_score
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError
from llg import Drive, QPhiModel, load_device, simulate, well_index
from llg.constants import K_B

N, SEED = 96, 6
GRID = Grid(current_density=(-7e11, 5e11, 7e11), duration=(0.8e-9, 1e-9))


@pytest.fixture(scope="module")
def device():
    return load_device("five_state")


@pytest.fixture(scope="module")
def table(device):
    return build_table(device, GRID, n=N, seed=SEED)


def test_states_read_what_the_junction_gives(device):
    """Mean: the conductance at the bottom. Spread: its slope (G_P - G_AP)/length times the thermal spread of q.

    That spread is sqrt(kB T/E'') for the curvature of the valley at the bottom; the wells are not quite harmonic, which
    costs a few percent.
    """
    states = find_states(device)
    g, readout = device.geometry, device.readout
    for well, mean, spread in zip(states.wells, states.conductance, states.conductance_std_ctoc, strict=True):
        at = readout.conductance(np.array([well.q - 2e-9, well.q, well.q + 2e-9]), g.q, g.w, device.straight_wall.Delta)
        model, h = QPhiModel(device), 1e-9
        phi = np.linspace(well.phi - 0.3, well.phi + 0.3, 2001)
        low, bottom, high = (model.energy(well.q + k * h, phi).min() for k in (-1, 0, 1))
        sigma = np.sqrt(K_B * 300 / ((low - 2 * bottom + high) / h**2))
        assert spread == pytest.approx((at[2] - at[0]) / 4e-9 * sigma, rel=0.04)
        assert mean == pytest.approx(at[1], abs=0.05 * spread)
    assert np.all(np.diff(states.conductance) > 0)


def test_states_are_read_at_the_temperature_that_is_asked_for(device):
    """A wall in thermal motion covers sqrt(T): at a quarter of it half the spread, but for what is not harmonic.

    Where laws say how the film changes, the states are those of the film there, whose walls rest elsewhere.
    """
    cold, warm = find_states(device, 75.0), find_states(device, 300.0)
    np.testing.assert_allclose(cold.conductance_std_ctoc, warm.conductance_std_ctoc / 2, rtol=0.04)
    lawful = device.replace({"temperature_laws.T_C": 700.0})
    hot, same = find_states(lawful, 350.0), find_states(lawful.at_temperature(350.0))
    np.testing.assert_array_equal(hot.conductance, same.conductance)
    depth = [state.wells[2].barrier_right for state in (hot, find_states(device, 350.0))]
    assert hot.wells[2].barrier_right == same.wells[2].barrier_right and depth[0] < 0.95 * depth[1]


def test_table_counts_what_single_runs_give(device, table):
    """Every entry is a run of its own: the grid around it does not matter."""
    states = find_states(device)
    assert table.counts.shape == (1, 1, 3, 2, 5, 6) and np.all(table.counts.sum(axis=-1) == N)
    for a, d, s in ((0, 1, 4), (1, 0, 0), (2, 1, 2)):
        drive = Drive(waveform=device.pulse.waveform(GRID.duration[d]), current_density=GRID.current_density[a])
        well = states.wells[s]
        end = simulate(device, drive, n=N, start=(well.q, well.phi), seed=SEED)
        index = well_index(states.wells, end.q)
        expected = [np.sum(index == i) for i in range(5)] + [np.sum(index < 0)]
        assert table.counts[0, 0, a, d, s].tolist() == expected
    alone = build_table(device, Grid(current_density=(5e11,), duration=(0.8e-9,)), n=N, seed=SEED, jobs=1)
    assert np.array_equal(alone.counts[0, 0, 0, 0], table.counts[0, 0, 1, 0])
    other = build_table(device, Grid(current_density=(5e11,), duration=(0.8e-9,)), n=N, seed=SEED + 1)
    assert not np.array_equal(other.counts, alone.counts)


def test_table_says_where_it_came_from(device, table):
    assert table.seed == SEED and table.config["trajectories"] == N
    assert table.config["device"] == device.config()
    assert table.temperature.tolist() == [300.0]
    np.testing.assert_array_equal(table.energy_per_pulse, pulse_energy(device, GRID.current_density, GRID.duration))
    assert table.retention_method
    rate = table.retention_rate[0, 0]
    assert np.all(rate >= 0) and rate.max() < 1e-8  # 48 kB T hold for decades
    assert rate[1, 2] == pytest.approx(rate[2, 1], rel=1e-3) and rate[0, 2] < 1e-3 * rate[0, 1]


def test_walls_that_have_not_settled_are_counted(device, table, tmp_path):
    """On a long flat piece of track a strong pulse leaves most walls far from every well; the table says so."""
    assert table.unsettled.shape == table.counts.shape[:-1] and table.unsettled_share == 0
    shortened = device.replace({"track.length": 2e-6, "notches": device.notches[:2]})
    lost = build_table(shortened, Grid(current_density=(5e12,), duration=(1e-9,)), n=32, seed=SEED)
    assert lost.unsettled[0, 0, 0, 0, 1] > 24 and 0.5 < lost.unsettled_share <= 1
    assert lost.config["unsettled_share"] == lost.unsettled_share
    save_table(tmp_path / "lost.h5", lost)
    again = load_table(tmp_path / "lost.h5")
    np.testing.assert_array_equal(again.unsettled, lost.unsettled)
    with pytest.raises(InputError, match="unsettled has more trajectories than a row of counts"):
        dataclasses.replace(lost, unsettled=lost.unsettled + 33)


def test_progress_counts_every_trajectory(device):
    done = []
    build_table(device, Grid(current_density=(7e11,), duration=(1e-9,)), n=3, seed=1, progress=done.append)
    assert sum(done) == 5 * 3


@pytest.mark.parametrize("values", [(), (1.0, 1.0), (2.0, 1.0), (1.0, float("nan")), (float("inf"),), ((1.0, 2.0),)])
@pytest.mark.parametrize("name", ["current_density", "duration"])
def test_grids_must_ascend(name, values):
    good = {"current_density": (1e11,), "duration": (1e-9,)}
    with pytest.raises(InputError, match=f"{name} = .* must be finite and strictly ascending"):
        Grid(**good | {name: values})


@pytest.mark.parametrize("quick", [True, False])
def test_reference_grid_holds_the_nominal_pulse_with_both_signs(device, quick):
    grid = reference_grid(device, quick=quick)
    currents = np.array(grid.current_density)
    np.testing.assert_allclose(currents, -currents[::-1], rtol=1e-12)
    for axis, value in ((currents, 7e11), (currents, -7e11), (np.array(grid.duration), 1e-9)):
        assert np.isclose(axis, value, rtol=1e-12, atol=0).any()


def test_reference_grid_leaves_out_what_the_edges_do_not_allow(device):
    slow = dataclasses.replace(device, pulse=dataclasses.replace(device.pulse, rise_time=1e-9, fall_time=0.8e-9))
    assert reference_grid(device).duration == pytest.approx((0.7e-9, 1e-9, 1.3e-9, 1.6e-9))
    assert reference_grid(slow).duration == pytest.approx((1e-9, 1.3e-9, 1.6e-9))


# Choice of the write pulses


def ladder(p, energy, config=None, conductance=(1e-6, 2e-6, 3e-6)):
    """Table of three states whose pulses move by one state along the current with probabilities p, shape (A, D)."""
    p = np.asarray(p, float)
    currents = np.array([-2e11, -1e11, 1e11, 2e11])
    counts = np.zeros((1, 1, 4, p.shape[1], 3, 4), int)
    for a, J in enumerate(currents):
        for d in range(p.shape[1]):
            for s in range(3):
                to = min(max(s + int(np.sign(J)), 0), 2)
                hit = round(1000 * p[a, d])
                counts[0, 0, a, d, s, to] += hit
                counts[0, 0, a, d, s, s] += 1000 - hit
    return TransitionTable(
        position=[1e-8, 2e-8, 3e-8], conductance=conductance, conductance_std_ctoc=[0, 0, 0], current_density=currents,
        duration=[0.7e-9, 1e-9][: p.shape[1]], temperature=[300.0], counts=counts, energy_per_pulse=energy,
        config=config or {}, seed=1,
    )  # fmt: skip


NOMINAL = {"device": {"pulse": {"current_density": 1e11, "duration": 1e-9}}}
P = [[0.9, 0.95], [0.5, 0.6], [0.4, 0.7], [0.8, 0.85]]
ENERGY = [[4.0, 5.0], [1.0, 2.0], [1.0, 2.0], [4.0, 5.0]]


def point(J, duration):
    return OperatingPoint(current_density=J, duration=duration, temperature=300.0)


def test_nominal_pulse_is_taken_with_its_own_duration():
    """A duration 0.3 ns away is another one, though both are nothing beside an absolute tolerance of 1e-8."""
    table = ladder(P, ENERGY, NOMINAL)
    assert write_points(table, temperature=300.0) == (point(1e11, 1e-9), point(-1e11, 1e-9))
    short = {"device": {"pulse": {"current_density": 1e11, "duration": 0.7e-9}}}
    assert write_points(ladder(P, ENERGY, short), temperature=300.0) == (point(1e11, 0.7e-9), point(-1e11, 0.7e-9))


@pytest.mark.parametrize(
    "config", [{}, {"device": {"pulse": {"current_density": 1e11, "duration": 0.9e-9}}}, {"device": {"pulse": {}}}]
)
def test_without_a_nominal_pulse_on_the_grid_the_best_one_is_taken(config):
    table = ladder(P, ENERGY, config)
    best = (point(2e11, 1e-9), point(-2e11, 1e-9))
    assert write_points(table, temperature=300.0) == best_points(table, temperature=300.0) == best


def test_among_equals_the_cheaper_pulse_wins():
    table = ladder(np.full((4, 2), 0.9), ENERGY)
    assert best_points(table, temperature=300.0) == (point(1e11, 0.7e-9), point(-1e11, 0.7e-9))


def test_up_means_more_conductance():
    table = ladder(P, ENERGY, NOMINAL, conductance=(3e-6, 2e-6, 1e-6))
    assert write_points(table, temperature=300.0) == (point(-1e11, 1e-9), point(1e11, 1e-9))


def test_a_nominal_pulse_that_does_not_move_the_wall_is_refused():
    with pytest.raises(InputError, match="no pulse that raises the conductance at 300 K"):
        write_points(ladder([[0, 0], [0, 0], [0, 0], [0, 0]], ENERGY, NOMINAL), temperature=300.0)
    others = r"nominal pulse, 1e\+11 A/m\^2 for 1e-09 s, does not move .* others of the table do, such as 2e\+11 A/m\^2"
    with pytest.raises(InputError, match=others):
        write_points(ladder([[1, 1], [0, 0], [0, 0], [1, 1]], ENERGY, NOMINAL), temperature=300.0)


def test_one_state_is_no_weight():
    counts = np.array([9, 1]).reshape(1, 1, 1, 1, 1, 2)
    table = TransitionTable(
        position=[1e-8], conductance=[1e-6], conductance_std_ctoc=[0], current_density=[1e11], duration=[1e-9],
        temperature=[300.0], counts=counts, energy_per_pulse=[[1e-15]], seed=1,
    )  # fmt: skip
    with pytest.raises(InputError, match="one state only"):
        best_points(table, temperature=300.0)


def test_score_is_the_mean_single_step_less_the_loss():
    p = np.array([[0.1, 0.6, 0.2, 0.1], [0.0, 0.3, 0.5, 0.2], [0.0, 0.1, 0.9, 0.0]])
    conductance = np.array([1e-6, 2e-6, 3e-6])
    assert single_step_score(p, conductance, +1) == pytest.approx(((0.6 - 0.1) + (0.5 - 0.2)) / 2)
    assert single_step_score(p, conductance, -1) == pytest.approx(((0.1 - 0.0) + (0.0 - 0.2)) / 2)


def test_grid_index_is_the_nearest():
    table = ladder(P, ENERGY)
    assert grid_index(table, point(1.9e11, 0.8e-9)) == (3, 0)
    assert grid_index(table, point(-1e11, 1e-9)) == (1, 1)


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
@pytest.mark.parametrize("field", ["current_density", "duration", "temperature"])
def test_operating_points_are_finite(field, value):
    with pytest.raises(InputError, match=f"{field} = {value} must be finite"):
        dataclasses.replace(point(1e11, 1e-9), **{field: value})


def test_standard_errors_of_the_table_are_those_of_the_posterior(table):
    p, n = table.counts[0, 0, 2, 1, 2].astype(float), N
    np.testing.assert_allclose(table.standard_error[0, 0, 2, 1, 2], stats.beta(p + 0.5, n - p + 0.5).std(), rtol=1e-12)
