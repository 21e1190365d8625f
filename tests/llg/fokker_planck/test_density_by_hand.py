"""The density of a pulse by hand: the size of its cells, the shares of the states, and what is left out."""

import types

import numpy as np
import pytest

from dwcore.errors import InputError
from llg import load_device
from llg.constants import K_B
from llg.fokker_planck.operator import CellGrid
from llg.fokker_planck.run import DensityRun, _check, _shares, thermal_width
from llg.runs.drive import Drive

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
    run = DensityRun(case, None, None, np.ones(1), np.zeros(1), 3e-7)
    assert run.mean_velocity == pytest.approx(50.0)


def test_what_the_density_does_not_know_is_refused():
    device = load_device("five_state")
    pulse = device.pulse.waveform(1e-9)
    good = Drive(waveform=pulse, current_density=1e11)
    _check(device, good, 300.0, 1.0)
    hot = device.replace({"heating.R_th": 1e4, "heating.tau_th": 1e-9})
    for one, drive, temperature, cell, words in (
        (device, good, 300.0, 1.01, "cell = 1.01"), (device, good, 300.0, 0.0, "cell = 0"), (device, good, 0.0, 0.3, "temperature = 0"),
        (hot, good, 300.0, 0.3, r"\[heating\] is not covered"),
        (device.replace({"wall.model": "q-phi-delta"}), good, 300.0, 0.3, 'must be "q-phi"'),
        (device, Drive(waveform=pulse, current_density=np.inf), 300.0, 0.3, "must be finite"),
        (device, Drive(waveform=pulse, field_waveform=pulse), 300.0, 0.3, "fields and gates that change in time"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            _check(one, drive, temperature, cell)
