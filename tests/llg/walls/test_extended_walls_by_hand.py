"""Walls with a width or a tilt of their own: what the edges hold back, and the fastest motion about rest, by hand."""

import math

import numpy as np
import pytest

from llg.constants import GAMMA_0, MU_0
from llg.device.device_file import device_from_mapping
from llg.runs.models import equation_of
from llg.walls.q_phi import QPhiModel
from llg.walls.q_phi_chi import edge_stiffness


@pytest.mark.parametrize("reach", [0.3, 1.5, 6.0])
def test_edges_stiffen_a_tilt_by_what_they_hold_back(reach):
    """Slope 2/pi at both edges, 1 far inside, 1 - (1 - 2/pi) cosh(y/l)/cosh(w/2l) between, l = (pi/2) Delta; its line."""
    Delta, slack = 7e-9, 0.5 * math.pi * 7e-9
    y = np.linspace(-reach, reach, 20001) * slack
    slope = 1 - (1 - 2 / math.pi) * np.cosh(y / slack) / math.cosh(reach)
    x = np.concatenate([[0.0], np.cumsum(0.5 * (slope[1:] + slope[:-1]) * np.diff(y))])
    fitted = np.polyfit(y / slack, x / slack, 1)[0]
    assert edge_stiffness(2 * reach * slack, Delta) == pytest.approx(1 / fitted - 1, rel=1e-3)


@pytest.mark.parametrize("alpha", [0.05, 0.5])
@pytest.mark.parametrize(("name", "depth"), [("q-phi-delta", 0.0), ("q-phi-chi", 4e-9)])
def test_fastest_rate_bounds_the_motion_about_rest(name, depth, alpha):
    """Eigenvalues of the slopes of the velocity where the wall rests, on a narrow track without H_K: none is faster."""
    notch = {"position": 150e-9, "shape": "cosine", "depth": depth, "width": 60e-9}
    device = device_from_mapping(
        {
            "name": "narrow",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 0.4e-3, "alpha": alpha},
            "wall": {"H_K": 0.0, "model": name, "shape": "rigid"},
            "track": {"length": 300e-9, "width": 24e-9, "thickness": 0.6e-9},
            "notch": [notch] if depth else [],
        }
    )
    model = equation_of(device).model(device)
    rest = np.array(model.complete(150e-9, math.pi))
    unit = np.array([model.Delta, 1.0, model.Delta if name == "q-phi-delta" else 1.0])
    slopes = []
    for step in 1e-4 * np.diag(unit):
        there, back = (np.array(model.velocity(*(rest + sign * step))) / unit for sign in (1, -1))
        slopes.append((there - back) / 2e-4)
    fastest = np.abs(np.linalg.eigvals(np.array(slopes).T)).max()
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
