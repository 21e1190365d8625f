"""Closed forms of `llg.walls.analytic` against the equations of `llg.walls.q_phi`, integrated in time by scipy."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from llg.constants import GAMMA_0
from llg.device.device_file import device_from_mapping
from llg.walls.analytic import (
    field_velocity,
    rest_angle,
    spin_hall_velocity,
    spin_transfer_velocity,
    straight_track_velocity,
    walker_drift,
    walker_field,
)
from llg.walls.q_phi import Field, QPhiModel

H_K = 2e4


def make_model(*, alpha=0.1, D=0.0, Q=1.0, shape_field=H_K, **torque):
    mapping = {
        "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": alpha},
        "wall": {"Q": Q, "H_K": shape_field},
        "track": {"length": 400e-9, "width": 64e-9, "thickness": 0.6e-9},
        "torque": torque,
    }
    return QPhiModel(device_from_mapping(mapping))


def integrated_velocity(model, current_density=0.0, field=None, *, start=None, settling=20e-9, turns=2):
    """Mean velocity from rest after some time, over whole turns of the angle where it turns."""
    field = field or Field()
    q = 0.5 * model.device.track.length  # nothing depends on it

    def motion(_t, x):
        v, rate = model.velocity(q, x[1], current_density, field)
        return [float(v) / model.Delta, float(rate)]

    options = {"rtol": 1e-8, "atol": 1e-10, "method": "LSODA"}
    first = [0.0, rest_angle(model, field) if start is None else start]
    settled = solve_ivp(motion, (0, settling), first, **options).y[:, -1]
    if abs(motion(0, settled)[1]) < 1e3:
        return motion(0, settled)[0] * model.Delta

    def whole(_t, x):
        return abs(x[1] - settled[1]) - 2 * math.pi * turns

    whole.terminal = True
    end = solve_ivp(motion, (0, 1e-5), settled, events=whole, **options)
    assert end.t_events[0].size == 1
    return (end.y[0, -1] - settled[0]) * model.Delta / end.t[-1]


def turns_for_ever(model, field):
    q, phi = 0.5 * model.device.track.length, np.linspace(0, 2 * np.pi, 100_001)
    rate = model.velocity(q, phi, 0.0, field)[1]
    return rate.min() > 0 or rate.max() < 0


@pytest.mark.parametrize("D", [0.0, 1e-5, -5e-5, 1e-3])
@pytest.mark.parametrize("shape_field", [2e4, -3e4, 0.0])
def test_walker_field_parts_rest_from_turning(D, shape_field):
    if D == shape_field == 0:
        assert walker_field(0.1, 0.0, 0.0) == 0
        return
    model = make_model(D=D, shape_field=shape_field)
    walker = walker_field(model.alpha, model.H_K, model.H_D)
    assert not turns_for_ever(model, Field(H_z=0.9999 * walker))
    assert turns_for_ever(model, Field(H_z=-1.0001 * walker))


def test_walker_field_without_and_with_strong_chirality():
    assert walker_field(0.1, H_K) == pytest.approx(0.1 * H_K / 2, rel=1e-12)
    for shape_field, H_D in ((1.0, -3e6), (0.0, -3e6), (0.0, 3e6)):
        assert walker_field(0.1, shape_field, H_D) == pytest.approx(0.1 * math.pi / 2 * 3e6, rel=1e-6)


@pytest.mark.parametrize(("D", "shape_field"), [(0.0, H_K), (3e-4, 0.0)])
@pytest.mark.parametrize("Q", [1.0, -1.0])
@pytest.mark.parametrize("share", [0.5, -0.98, 1.05, -1.6, 6.0])
def test_field_velocity(D, shape_field, Q, share):
    model = make_model(D=D, shape_field=shape_field, Q=Q)
    walker = walker_field(model.alpha, model.H_K, model.H_D)
    expected = field_velocity(share * walker, Q=Q, Delta=model.Delta, alpha=model.alpha, walker=walker)
    settling = 5e-9 if abs(share) > 1 else 400e-9
    found = integrated_velocity(model, field=Field(H_z=share * walker), settling=settling)
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("alpha", "beta"), [(0.1, 0.06), (0.1, 0.0), (0.1, 0.3), (0.05, 0.05)])
@pytest.mark.parametrize("share", [0.6, -0.99, 1.2, -3.0])
def test_spin_transfer_velocity(alpha, beta, share):
    model = make_model(alpha=alpha, P=0.5, beta=beta)
    most = walker_drift(Delta=model.Delta, alpha=alpha, beta=beta, H_K=H_K)
    u = share * (100.0 if math.isinf(most) else most)
    expected = spin_transfer_velocity(u, Delta=model.Delta, alpha=alpha, beta=beta, H_K=H_K)
    found = integrated_velocity(model, u / model.u_per_J, settling=20e-9 if abs(share) > 1 else 400e-9)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-4)
    if abs(share) < 1:
        assert expected == pytest.approx(beta * u / alpha, rel=1e-12)


@pytest.mark.parametrize("D", [1e-3, -3e-4])
@pytest.mark.parametrize("J", [3e10, -2e11, 3e12])
def test_spin_hall_velocity(D, J):
    model = make_model(D=D, alpha=0.3, shape_field=0.0, theta_SH=0.1)
    expected = spin_hall_velocity(model.H_DL_per_J * J, Delta=model.Delta, alpha=0.3, H_D=model.H_D)
    assert np.sign(expected) == np.sign(J * D)
    assert integrated_velocity(model, J, settling=10e-9) == pytest.approx(float(expected), rel=1e-4)
    assert np.all(spin_hall_velocity(np.array([-1e4, 0.0, 1e4]), Delta=7e-9, alpha=0.3, H_D=0.0) == 0)


@pytest.mark.parametrize("Q", [1.0, -1.0])
@pytest.mark.parametrize(
    ("J", "field"),
    [
        (2e11, Field()),
        (-6e11, Field(H_z=4e3)),
        (1e11, Field(H_z=9e4)),
        (2e11, Field(H_x=3e4, H_y=-2e4)),
        (0.0, Field(H_z=-7e4, H_y=1e4)),
    ],
)
def test_velocity_under_any_mixture_of_drives(Q, J, field):
    model = make_model(D=4e-4, alpha=0.2, Q=Q, theta_SH=0.1, k_FL=0.3, P=0.4, beta=0.1)
    (velocity,), (turns,) = straight_track_velocity(model, np.array([J]), field)
    assert turns == (abs(field.H_z) > 5e4)
    assert velocity == pytest.approx(integrated_velocity(model, J, field), rel=1e-4)


def test_a_wall_without_any_torque_stays():
    model = make_model(shape_field=0.0)
    assert straight_track_velocity(model, np.array([0.0]))[0] == pytest.approx(0, abs=1e-9)


def test_free_wall_in_a_field_turns():
    """Without shape field and chirality every field turns the wall: v = Q gamma0 Delta H_z alpha/(1 + alpha^2)."""
    model, H = make_model(shape_field=0.0), 1e4
    (velocity,), (turns,) = straight_track_velocity(model, np.array([0.0]), Field(H_z=H))
    expected = field_velocity(H, Q=1.0, Delta=model.Delta, alpha=model.alpha, walker=0.0)
    assert turns
    assert velocity == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("beyond", [1e-5, 1e-7])
def test_a_wall_just_beyond_breakdown_slips_slowly(beyond):
    """sqrt(H^2 - H_W^2)/(1 + alpha^2) of the field is lost, a thousandth of it and less, in turns that hardly begin."""
    model = make_model()
    walker = walker_field(model.alpha, model.H_K)
    H = (1 + beyond) * walker
    (velocity,), (turns,) = straight_track_velocity(model, np.array([0.0]), Field(H_z=H))
    lost = H - velocity * model.alpha / (GAMMA_0 * model.Delta)
    assert turns and lost == pytest.approx(math.sqrt(2 * beyond + beyond**2) * walker / (1 + model.alpha**2), rel=1e-3)


def test_a_wall_of_two_angles_starts_at_that_of_the_field():
    """H_K < 0 holds Neel walls of either angle: which of them a current moves, and so which way, H_x has decided before."""
    model = make_model(alpha=0.3, shape_field=-2e4, theta_SH=0.1)
    found = [straight_track_velocity(model, np.array([1e10]), Field(H_x=H_x))[0][0] for H_x in (2e3, -2e3)]
    assert found[0] == pytest.approx(-found[1], rel=1e-9) and abs(found[0]) > 1
    assert found[0] == pytest.approx(integrated_velocity(model, 1e10, Field(H_x=2e3)), rel=1e-4)
