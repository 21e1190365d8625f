"""Walls with a width or a tilt of their own: what the edges hold back, and the fastest motion about rest, by hand."""

import math

import numpy as np
import pytest

from dwcore.errors import InputError
from llg.constants import GAMMA_0, K_B, MU_0
from llg.device.device_file import device_from_mapping
from llg.landscape.wells import lowest_angle
from llg.runs.models import equation_of
from llg.walls.q_phi import Field, QPhiModel
from llg.walls.q_phi_chi import edge_stiffness
from llg.walls.q_phi_delta import QPhiDeltaModel, breathing_rate


@pytest.mark.parametrize("reach", [0.3, 1.5, 6.0])
def test_edges_stiffen_a_tilt_by_what_they_hold_back(reach):
    """Slope 2/pi at both edges, 1 far inside, 1 - (1 - 2/pi) cosh(y/l)/cosh(w/2l) between, l = (pi/2) Delta; its line."""
    Delta, slack = 7e-9, 0.5 * math.pi * 7e-9
    y = np.linspace(-reach, reach, 20001) * slack
    slope = 1 - (1 - 2 / math.pi) * np.cosh(y / slack) / math.cosh(reach)
    x = np.concatenate([[0.0], np.cumsum(0.5 * (slope[1:] + slope[:-1]) * np.diff(y))])
    fitted = np.polyfit(y / slack, x / slack, 1)[0]
    assert edge_stiffness(2 * reach * slack, Delta) == pytest.approx(1 / fitted - 1, rel=1e-3)


def slopes(model, *rest):
    """Slopes of the velocity (x/Delta, phi, third) by central differences at places of any number, shape (..., 3, 3)."""
    unit = np.array([model.Delta, 1.0, model.Delta if model.coordinates[2][1] == "m" else 1.0])
    found = []
    for i in range(3):
        there, back = (
            model.velocity(*(x + (sign * 1e-4 * unit[i] if i == j else 0.0) for j, x in enumerate(rest)))
            for sign in (1, -1)
        )
        found.append(np.stack([(a - b) / (2e-4 * u) for a, b, u in zip(there, back, unit, strict=True)], axis=-1))
    return np.stack(found, axis=-1)


def on_a_track(alpha, name, notch=None, width=24e-9, D=0.4e-3, **wall):
    """A rigid wall of a film of 0.6 nm, in a notch in the middle of 300 nm of track if one is given."""
    return device_from_mapping(
        {
            "name": "by hand",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": alpha},
            "wall": {"model": name, "shape": "rigid"} | wall,
            "track": {"length": 300e-9, "width": width, "thickness": 0.6e-9},
            "notch": [{"position": 150e-9} | notch] if notch else [],
        }
    )


@pytest.mark.parametrize("alpha", [0.05, 0.5])
@pytest.mark.parametrize(("name", "depth"), [("q-phi-delta", 0.0), ("q-phi-chi", 4e-9)])
def test_fastest_rate_bounds_the_motion_about_rest(name, depth, alpha):
    """Eigenvalues of the slopes of the velocity where the wall rests, on a narrow track without H_K: none is faster."""
    notch = {"shape": "cosine", "depth": depth, "width": 60e-9} if depth else None
    model = equation_of(device := on_a_track(alpha, name, notch, H_K=0.0)).model(device)
    fastest = np.abs(np.linalg.eigvals(slopes(model, *model.complete(150e-9, math.pi)))).max()
    assert fastest < model.fastest_rate() < 4 * fastest


@pytest.mark.parametrize("width", [24e-9, 64e-9, 240e-9])
def test_fastest_rate_adds_that_of_the_tilt(width):
    """On the straight track without H_K: gamma0 12 (h_sigma + pi |H_D|)(Delta/w)^2/alpha beside those of (q, phi).

    A wall tilted by 0.001 rad at rest relaxes with less, and with more than a third of it.
    """
    device = device_from_mapping(
        {
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 0.4e-3, "alpha": 0.2},
            "wall": {"H_K": 0.0, "model": "q-phi-chi"},
            "track": {"length": 300e-9, "width": width, "thickness": 0.6e-9},
        }
    )
    model = equation_of(device).model(device)
    upright = QPhiModel(device)
    h_sigma = model.sigma_0 / (2 * MU_0 * 7e5 * model.Delta)
    H_D = 0.4e-3 / (MU_0 * 7e5 * model.Delta)
    tilt = GAMMA_0 * 12 / 0.2 * (h_sigma + math.pi * H_D) * (model.Delta / width) ** 2
    assert model.fastest_rate() - upright.fastest_rate() == pytest.approx(tilt, rel=1e-9)
    relaxes = -float(model.velocity(150e-9, math.pi - 1e-3, 1e-3)[2]) / 1e-3
    assert tilt / 3 < relaxes < tilt


def test_width_at_rest_and_its_bounds():
    """An energy of the shape field alone shrinks the wall: Delta = Delta_0/sqrt(1 + H_K cos^2 phi/h_sigma)."""
    device = device_from_mapping(
        {
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 0.0, "alpha": 0.2},
            "wall": {"H_K": 1e5, "model": "q-phi-delta"},
            "track": {"length": 300e-9, "width": 64e-9, "thickness": 0.6e-9},
        }
    )
    model = equation_of(device).model(device)
    for phi in (0.0, 1.0):
        width = model.Delta / math.sqrt(1 + 1e5 * math.cos(phi) ** 2 / model.h_sigma)
        assert float(model.relaxed(150e-9, phi)) == pytest.approx(width, rel=1e-9)
    wide = 1.3 * model.Delta
    change, f3 = model.velocity(150e-9, 1.0, wide)[2], model.forces(150e-9, 1.0, wide)[2]
    assert float(change) == pytest.approx(12 / math.pi**2 * GAMMA_0 * wide * float(f3) / 0.2, rel=1e-12)
    assert model.bounds == (0.25, 4.0)
    soft = device.replace({"wall.sigma_0": 1e-6, "wall.Delta": 7e-9, "wall.H_K": 1e5})
    held = equation_of(soft).model(soft)
    assert float(held.relaxed(150e-9, 0.0)) == pytest.approx(0.25 * 7e-9, rel=1e-9)


NOTCHES = {
    "shallow": {"shape": "cosine", "depth": 8e-9, "width": 60e-9},
    "deep": {"shape": "triangular", "depth": 30e-9, "width": 50e-9},
    "steep": {"shape": "rectangular", "depth": 20e-9, "width": 40e-9},
}


@pytest.mark.parametrize("alpha", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("notch", NOTCHES)
@pytest.mark.parametrize("D", [0.0, 0.4e-3])
def test_a_wall_in_a_notch_breathes_no_faster_than_the_rate_that_sets_the_step(notch, alpha, D):
    """The largest eigenvalue at 300 places of the valley: a Bloch and a Neel wall, narrower and stiffer in the notch.

    The rate of the breathing is that eigenvalue to 0.5 %, and the sum with the rate of the rigid wall is above it.
    Negative control: the rate of the straight track, or of the width 1, is too low in each of these notches.
    """
    model = QPhiDeltaModel(device := on_a_track(alpha, "q-phi-delta", NOTCHES[notch], width=100e-9, D=D))
    q = np.linspace(0.0, 300e-9, 300)
    phi = lowest_angle(model, q)
    fastest = np.abs(np.linalg.eigvals(slopes(model, q, phi, model.relaxed(q, phi)))).max()
    assert breathing_rate(device) == pytest.approx(fastest, rel=5e-3)
    assert fastest < model.fastest_rate()
    assert model.fastest_rate() - breathing_rate(device) == pytest.approx(QPhiModel.fastest_rate(model), rel=1e-9)
    without = on_a_track(alpha, "q-phi-delta", None, width=100e-9, D=D)
    straight = GAMMA_0 * (model.h_sigma + model.H_K * math.cos(phi[0]) ** 2) / (alpha * math.pi**2 / 12)
    assert breathing_rate(without) == pytest.approx(straight, rel=1e-9) and straight < 0.97 * fastest


@pytest.mark.parametrize("H_y", [-2e4, 2e4])
def test_a_field_along_the_wall_changes_how_fast_it_breathes(H_y):
    """Exact eigenvalue of a Bloch wall in a notch in H_y, towards which the wall turns; it widens as pi H_y/2."""
    model = QPhiDeltaModel(device := on_a_track(0.05, "q-phi-delta", NOTCHES["deep"], width=100e-9, D=0.0))
    field = Field(H_y=H_y)
    q, phi = np.linspace(0.0, 300e-9, 300), math.copysign(math.pi / 2, H_y)
    rest = q, np.full_like(q, phi), model.relaxed(q, phi, field)
    change = (model.velocity(*rest[:2], rest[2] + s * 1e-4 * model.Delta, field=field)[2] for s in (1, -1))
    fastest = np.abs(np.subtract(*change)).max() / (2e-4 * model.Delta)
    assert breathing_rate(device, field) == pytest.approx(fastest, rel=2e-3)
    assert abs(breathing_rate(device) / fastest - 1) > 0.02


@pytest.mark.parametrize("name", ["q-phi-delta", "q-phi-chi"])
def test_a_wall_is_too_soft_below_15_kT_where_it_is_shortest(name):
    """sigma_0 s2 t in the middle of a notch, a third less than beside it: each to 1 %."""
    notch = {"shape": "cosine", "depth": 5e-9, "width": 80e-9}
    equation = equation_of(device := on_a_track(0.2, name, notch))
    model = equation.model(device)
    shortest = model.sigma_0 * float(model.widths(150e-9).s2) * 0.6e-9
    assert shortest < 0.7 * model.sigma_0 * 24e-9 * 0.6e-9
    hottest = shortest / (15 * K_B)
    equation.kernel_input(model, 0.99 * hottest, 1.0)
    with pytest.raises(InputError, match=r"sigma_0 s2 t = 14\.9 kB T at .* must be >= 15 kB T"):
        equation.kernel_input(model, 1.01 * hottest, 1.0)


@pytest.mark.parametrize("name", ["q-phi-delta", "q-phi-chi"])
def test_fields_at_rest_are_slopes_of_the_least_energy(name):
    """With the field-like torque alone, -dE/dq and -dE/(Delta dphi) over 2 mu0 Ms t s2 where E is least over the third."""
    notch = {"shape": "cosine", "depth": 4e-9, "width": 60e-9}
    device = on_a_track(0.2, name, notch).replace({"torque": {"theta_SH": 0.1, "k_FL": 3.0}})
    model, q, phi, J = equation_of(device).model(device), 140e-9, 0.8, 2e11
    model.H_DL_per_J = 0.0
    third = model.relaxed(q, phi, current_density=J)
    assert abs(third - model.relaxed(q, phi)) > 1e-2 * (model.Delta if name == "q-phi-delta" else 1.0)
    found, unit = model.fields(q, phi, J), 2 * MU_0 * model.Ms * model.t * model.widths(q).s2
    for i, (step, length) in enumerate(((1e-11, 1.0), (1e-4, third if name == "q-phi-delta" else model.Delta))):
        there, back = (model.energy(*np.add((q, phi), s * step * np.eye(2)[i]), current_density=J) for s in (1, -1))
        assert float(found[i]) == pytest.approx(-(there - back) / (2 * step * length * unit), rel=1e-4)
