"""Constants of a device worked out by hand from CODATA values, in numbers; signs from what the current does to a wall."""

import numpy as np
import pytest

from llg.device.device_file import device_from_mapping
from llg.device.notch import Form
from llg.walls.q_phi import QPhiModel

HBAR, E, MU_0, MU_B = 1.054571817e-34, 1.602176634e-19, 1.25663706212e-6, 9.2740100783e-24


def make_model(**torque):
    return QPhiModel(
        device_from_mapping(
            {
                "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 0.0, "alpha": 0.1},
                "track": {"length": 400e-9, "width": 64e-9, "thickness": 0.6e-9},
                "torque": torque,
            }
        )
    )


def test_shape_field_of_a_neel_wall():
    """Ms t ln 2/(pi Delta) with Delta = sqrt(A/K_eff): K_eff = 172124 J/m^3, Delta = 7.622 nm, H_K = 12157 A/m."""
    model = make_model()
    assert model.Delta == pytest.approx(7.6222e-9, rel=1e-4)
    assert pytest.approx(12157, rel=1e-3) == model.H_K


def test_damping_like_field():
    """hbar theta/(2 e mu0 Ms t): 0.1 at 1e12 A/m^2 in 0.6 nm is 78.4 mT."""
    model = make_model(theta_SH=0.1)
    field = model.device.torque.damping_like_field(7e5, 0.6e-9) * 1e12 * MU_0
    assert field == pytest.approx(HBAR * 0.1 / (2 * E * 7e5 * 0.6e-9) * 1e12, rel=1e-8)
    assert field == pytest.approx(78.4e-3, rel=1e-3)


@pytest.mark.parametrize("current", [1e12, -1e12])
def test_electrons_take_the_wall_along(current):
    """With beta = alpha the wall drifts at u = mu_B P J/(e Ms), 41.35 m/s at 1e12 A/m^2 and P = 0.5, against the current."""
    model = make_model(P=0.5, beta=0.1, current_crowding=0.0)
    velocity, rate = model.velocity(np.array(200e-9), np.array(0.0), current)
    assert velocity == pytest.approx(-MU_B * 0.5 * current / (E * 7e5), rel=1e-8)
    assert abs(velocity) == pytest.approx(41.35, rel=1e-3)
    assert rate == pytest.approx(0, abs=1e-3)  # 1/s, where the drift of the angle is of the order 1e9


@pytest.mark.parametrize("top", [0.2, 0.5, 0.8])
def test_flanks_of_a_trapezoid_begin_at_its_bottom(top):
    """Full depth up to `top`, none at the edge, half of it half way."""
    shares = Form("trapezoidal", top).share(np.array([0.0, top, 0.5 * (1 + top), 1.0, -0.5 * (1 + top)]))
    np.testing.assert_allclose(shares, [1, 1, 0.5, 0, 0.5], rtol=0, atol=1e-12)
