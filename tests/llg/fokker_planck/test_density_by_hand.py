"""The density of a pulse by hand: the size of its cells, the shares of the states, and what is left out."""

import types

import numpy as np
import pytest
import scipy

from dwcore.errors import InputError
from llg import device_from_mapping, load_device
from llg.constants import K_B
from llg.device.pulse import Waveform
from llg.fokker_planck import run
from llg.fokker_planck.density import _around, _Run, _runge_kutta, _stretches, evolve
from llg.fokker_planck.operator import CellGrid, Operator, _small, make_grid
from llg.fokker_planck.run import DensityRun, _check, _shares, thermal_width
from llg.runs.drive import Drive
from llg.walls.q_phi import QPhiModel

KT = K_B * 300.0


def test_cells_suit_the_stiffest_direction_of_the_stiffest_place():
    """E = kB T (7 + (a x^2 + 2 b x phi + c phi^2)/2) about each place; 1/sqrt of the largest eigenvalue."""
    matrices = {1e-8: np.array([[9.0, 4.0], [4.0, 30.0]]), 3e-8: np.array([[50.0, -20.0], [-20.0, 8.0]])}

    def energy(q, phi):
        place = 1e-8 if np.mean(q) < 2e-8 else 3e-8
        x, (a, b, c) = (q - place) / 5e-9, matrices[place][[0, 0, 1], [0, 1, 1]]
        return KT * (7 + 0.5 * (a * x**2 + 2 * b * x * (phi - 1.0) + c * (phi - 1.0) ** 2))

    model = types.SimpleNamespace(Delta=5e-9, energy=energy)
    widths = [thermal_width(model, [(place, 1.0)], 300.0) for place in matrices]
    assert widths == pytest.approx([np.linalg.eigvalsh(matrix)[-1] ** -0.5 for matrix in matrices.values()], rel=1e-6)
    assert thermal_width(model, [(1e-8, 1.0), (3e-8, 1.0)], 300.0) == pytest.approx(min(widths))
    assert thermal_width(model, [(1e-8, 1.0)], 1200.0) == pytest.approx(2 * widths[0])


def test_cells_of_a_grid_are_at_most_as_large_as_asked():
    """100.5 cells of half a wall width of 4 nm become 101, and 12.5 over a turn 13, centred; eight at the least."""
    model = types.SimpleNamespace(Delta=4e-9, device=types.SimpleNamespace(track=types.SimpleNamespace(length=201e-9)))
    grid = make_grid(model, 0.5, 2 * np.pi / 12.5)
    assert grid.shape == (101, 13) and (grid.dx, grid.dphi) == pytest.approx((201 / 101 / 4, 2 * np.pi / 13))
    assert grid.q[[0, -1]] == pytest.approx([201e-9 / 202, 201e-9 * 201 / 202])
    assert grid.phi[[0, -1]] == pytest.approx([-np.pi * 12 / 13, np.pi * 12 / 13])
    assert make_grid(model, 20.0, 2.0).shape == (8, 8)


def test_shares_of_the_states_are_what_lies_between_their_edges():
    """Ten cells of 10 nm, wells from 20 to 50 and to 80 nm: edges on faces, so that the sums are exact."""
    q, p = 5e-9 + 10e-9 * np.arange(10), np.arange(1.0, 21.0).reshape(10, 2)
    grid, density = CellGrid(q, np.zeros(2), 1.0, 1.0), types.SimpleNamespace(p=p / 250)
    wells = [
        types.SimpleNamespace(left_edge=20e-9, right_edge=50e-9),
        types.SimpleNamespace(left_edge=50e-9, right_edge=80e-9),
    ]
    rows = p.sum(axis=1) / 250
    first, second = rows[2:5].sum(), rows[5:8].sum()
    assert _shares(wells, grid, density) == pytest.approx([first, second, 1 - first - second])
    wells[0].left_edge, wells[1].right_edge = -1e-9, 200e-9  # beyond the ends there is nothing
    assert _shares(wells, grid, density) == pytest.approx([rows[:5].sum(), rows[5:].sum(), 1 - rows.sum()])
    assert _shares([], grid, density).tolist() == [1.0]


def test_velocity_is_that_from_the_start():
    case = types.SimpleNamespace(start=(2e-7, 0.0), duration=2e-9)
    found = DensityRun(case, None, None, np.ones(1), np.zeros(1), 3e-7)
    assert found.mean_velocity == pytest.approx(50.0)


def test_what_the_density_does_not_know_is_refused():
    device = load_device("five_state")
    pulse = device.pulse.waveform(1e-9)
    good = Drive(waveform=pulse, current_density=1e11)
    _check(device, good, 300.0, 1.0)
    gated = device_from_mapping(device.config() | {"gate": {"delta_K_u": 1e4}})
    _check(gated.at_gate_level(0.5), good, 300.0, 1.0)
    hot = device.replace({"heating.R_th": 1e4, "heating.tau_th": 1e-9})
    for one, drive, temperature, cell, words in (
        (device, good, 300.0, 1.01, "cell = 1.01"), (device, good, 300.0, 0.0, "cell = 0"), (device, good, 0.0, 0.3, "temperature = 0"),
        (hot, good, 300.0, 0.3, r"\[heating\] is not covered"),
        (device.replace({"wall.model": "q-phi-delta"}), good, 300.0, 0.3, 'must be "q-phi"'),
        (device, Drive(waveform=pulse, current_density=np.inf), 300.0, 0.3, "must be finite"),
        (device, Drive(waveform=pulse, field_waveform=pulse), 300.0, 0.3, "fields and gates that change in time"),
        (gated, good, 300.0, 0.3, "fields and gates that change in time"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            _check(one, drive, temperature, cell)


def test_a_pulse_is_its_stretches_from_where_the_density_begins():
    """From 0 to 2e11 in 1 ns, then to 1e11 in 2 ns; in ns and 1e11 A/m^2."""
    pulse = Waveform(np.array([0.0, 1e-9, 3e-9]), np.array([0.0, 1.0, 0.5]))
    for begin, wanted in (
        (0.0, [(1, 0, 2), (2, 2, 1)]),
        (0.25e-9, [(0.75, 0.5, 2), (2, 2, 1)]),
        (2e-9, [(1, 1.5, 1)]),
    ):
        found = np.array(list(_stretches(pulse, 2e11, begin))) / [1e-9, 1e11, 1e11]
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_a_current_that_rises_within_a_step_acts_at_its_times():
    """dy/dt = t y from y = 1 on over 1: k = 0, 1/2, 5/8, 13/8, so 1 + (2 1/2 + 2 5/8 + 13/8)/6, exp(1/2) to 0.2 %."""
    none, one = scipy.sparse.csr_matrix((1, 1)), scipy.sparse.csr_matrix([[1.0]])
    (end,) = _runge_kutta(none, one, np.ones(1), 1.0, np.array([0.0, 0.5, 1.0]))
    assert end == pytest.approx(1 + 3.875 / 6) and abs(end / np.exp(0.5) - 1) < 2e-3


def test_walls_leave_over_an_end_by_diffusion_and_by_what_drives_them_there():
    """2 D/dx^2 and the drift outward over dx: to the left at the first row of cells, to the right at the last."""
    operator = object.__new__(Operator)
    operator.grid = types.SimpleNamespace(dx=0.5)
    operator._D = np.array([[3.0], [9.0], [5.0]])
    operator._drift = np.array([[[1.0, -2.0], [9, 9], [4.0, -4.0]], [[9, 9]] * 3])
    operator._drift_per_J = np.array([[[-2.0, 0.0], [9, 9], [1.0, 3.0]], [[9, 9]] * 3])
    assert operator.escape(0.0).tolist() == [[24, 24 + 4], [40 + 8, 40]]
    assert operator.escape(2.0).tolist() == [[24 + 6, 24 + 4], [40 + 12, 40 + 4]]


def test_where_nobody_is_left_nothing_moves():
    """All walls have left: the density stays what it is, and the time passes."""
    done = []
    pulse = Waveform(np.array([0.0, 1e-9]), np.ones(2))
    after = evolve(None, np.zeros((3, 4)), pulse, 1e11, progress=done.append)
    assert not after.p.any() and not after.left.any() and done == [1e-9]


@pytest.mark.parametrize(("cells", "share"), [(1, None), (200, 0.5)])
def test_a_point_is_a_gaussian_until_it_is_two_cells_wide(monkeypatch, cells, share):
    """For (2 dx)^2/(2 D), but no longer than half of the pulse; D = kB T alpha/((1 + alpha^2) N)."""
    asked = []

    def gaussian(model, start, time, **rest):
        asked.append((time, [rest["current"](t) for t in (0.0, 1e-9)]))
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "gaussian", gaussian)
    model = types.SimpleNamespace(alpha=0.5, friction=lambda q: 3e-30)
    grid = CellGrid(np.zeros(1), np.zeros(1), 0.02 * cells, 0.01 * cells)
    pulse = Waveform(np.array([0.0, 2e-9]), np.array([1.0, 0.0]))
    with pytest.raises(KeyboardInterrupt):
        run.pulse_density(model, grid, (1e-7, 0.0), pulse, 2e11, temperature=300.0)
    D = KT * 0.5 / (1.25 * 3e-30)
    assert asked == [(pytest.approx(share * 2e-9 if share else (2 * 0.02) ** 2 / (2 * D)), [2e11, 1e11])]


def test_a_run_compares_two_grids_and_counts_those_that_left(monkeypatch):
    """Cells 1.5 times as large give the error; walls beyond the right end stand at the length of the track.

    The film is that of the temperature.
    """
    laws = {"temperature_laws.T_C": 900.0, "wall.shape": "rigid"}
    device, sizes = load_device("five_state").replace(laws), []

    def outcome(case, model, temperature, size, progress):
        sizes.append((size, temperature, model.Ms))
        grid = CellGrid(np.array([1e-7, 3e-7]), np.zeros(1), 1.0, 1.0)
        density = types.SimpleNamespace(p=np.array([[0.2], [0.4]]), left=np.array([0.1, 0.3]), dt=1e-12)
        return np.array([0.6, 0.4]) if len(sizes) == 1 else np.array([0.5, 0.5]), grid, density

    monkeypatch.setattr(run, "_outcome", outcome)
    found = run.run_pulse_density(device, current_density=1e11, cell=0.2, temperature=310.0)
    model = QPhiModel(device.at_temperature(310.0))
    size = 0.2 * thermal_width(model, [(w.q, w.phi) for w in found.case.wells], 310.0)
    assert sizes == [(pytest.approx(1.5 * size), 310.0, model.Ms), (pytest.approx(size), 310.0, model.Ms)]
    assert found.probability.tolist() == [0.5, 0.5] and found.standard_error == pytest.approx([0.1, 0.1])
    assert found.mean_q == pytest.approx(0.2 * 1e-7 + 0.4 * 3e-7 + 0.3 * device.track.length)
    assert repr(found) == "<DensityRun on (2, 1) cells: probability 0.5, 0.5 of 5 states, none>"
    monkeypatch.setattr(run, "case_json", lambda case, **rest: rest)
    told = run.as_json(found)
    assert told["left"] == pytest.approx(0.4) and told["dt"] == 1e-12 and told["n"] is None


def test_cells_along_the_track_are_larger_and_not_too_many(monkeypatch):
    """1.5 times those of the angle in units of Delta; each of the two grids is half of the work."""
    device, done = load_device("five_state"), []
    model = QPhiModel(device)

    def density(model, grid, start, waveform, current_density, *, progress, **rest):
        progress(waveform.length)
        return types.SimpleNamespace(p=np.ones(grid.shape) / np.prod(grid.shape))

    monkeypatch.setattr(run, "pulse_density", density)
    case = run.pulse_case(device, current_density=1e11)
    shares, grid, _ = run._outcome(case, model, 300.0, 0.2, done.append)
    assert grid.dphi == pytest.approx(0.2, rel=0.04) and grid.dx == pytest.approx(0.3, rel=0.01) and done == [0.5]
    assert shares.sum() == pytest.approx(1)
    with pytest.raises(InputError, match=r"temperature = 3 \[K\] needs .* cells, must be <= 4e\+06"):
        run._outcome(case, model, 3.0, 0.002, done.append)


def test_cells_around_are_those_beyond_the_turn_as_well():
    """A step to each side; the angle goes on at its other end, the track does not."""
    occupied = np.zeros((5, 6), bool)
    occupied[0, 0] = True
    expected = np.zeros((5, 6), bool)
    expected[np.ix_([0, 1], [5, 0, 1])] = True
    np.testing.assert_array_equal(_around(occupied, 1), expected)


@pytest.mark.parametrize("ends", [(0.0, 9.0), (9.0, 0.0)])
def test_steps_are_stable_at_either_end_of_a_stretch(ends):
    """Columns of 2 + 2 J add up to 20 at J = 9: within 2.5 over that, 8 steps take 1 s."""
    density = object.__new__(_Run)
    vars(density).update(p=np.ones((1, 2)), left=np.zeros(2), mended=0.0, dt=np.inf, cells=np.ones((1, 2), bool))
    column = np.array([[-1.0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    density._matrices = lambda *_: (scipy.sparse.csr_matrix(column),) * 2
    assert density.advance(1.0, *ends) == pytest.approx(1.0) and density.dt == pytest.approx(1 / 8)
    assert density.p.sum() == pytest.approx(2) and density.p.min() >= 0


def test_the_law_at_rest_is_mended_by_half_the_drift_at_most():
    flux, density = np.array([1.0, 1.0, -3.0, 1.0]), np.array([2.0, 2.0, 2.0, 0.0])
    assert _small(flux, density, np.array([1.01, 0.99, 3.01, 9.0])).tolist() == [0.5, 0.0, -1.5, 0.0]
