"""The rigid wall on a straight and on a tapered track, term by term from its formulas, and the bound on its rates."""

import math

import numpy as np
import pytest

from llg.constants import E_CHARGE, GAMMA_0, HBAR, MU_0, MU_B
from llg.device.device_file import device_from_mapping
from llg.walls.analytic import rest_angle, straight_track_velocity
from llg.walls.q_phi import Field, QPhiModel, wall_field

MS, DELTA, SIGMA, H_K, W, T, LENGTH, D, ALPHA = 7e5, 7e-9, 5e-3, 2e4, 64e-9, 0.6e-9, 400e-9, 4e-4, 0.2
H_D = -D / (MU_0 * MS * DELTA)
FIELD = Field(H_x=2e4, H_y=-1.5e4, H_z=3e3)
TORQUE = {"theta_SH": 0.12, "k_FL": -0.3, "P": 0.6, "beta": 0.1, "current_crowding": 0.4}


def make_model(Q=1.0, wall=None, material=None, **sections):
    return QPhiModel(
        device_from_mapping(
            {
                "material": {"Ms": MS, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": ALPHA} | (material or {}),
                "wall": {"Q": Q, "Delta": DELTA, "sigma_0": SIGMA, "H_K": H_K, "shape": "rigid"} | (wall or {}),
                "track": {"length": LENGTH, "width": W, "thickness": T},
                "torque": TORQUE,
                **sections,
            }
        )
    )


def drive_fields(J):
    """H_DL, H_FL and u/(Delta gamma0) of a current density."""
    H_DL = HBAR * 0.12 * J / (2 * E_CHARGE * MU_0 * MS * T)
    return H_DL, -0.3 * H_DL, -MU_B * 0.6 * J / (E_CHARGE * MS) / (DELTA * GAMMA_0)


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_every_term_on_a_straight_track(Q):
    model, J, phi = make_model(Q), 2e11, np.linspace(-3, 3, 13)
    H_DL, H_FL, u = drive_fields(J)
    f1, f2 = model.fields(0.5 * LENGTH, phi, J, FIELD)
    np.testing.assert_allclose(f1, Q * 3e3 + 0.1 * u - 0.5 * math.pi * Q * H_DL * np.cos(phi), rtol=1e-9)
    in_plane = (2e4 + Q * H_D) * np.sin(phi) + 1.5e4 * np.cos(phi)
    expected = H_K * np.sin(phi) * np.cos(phi) - 0.5 * math.pi * (in_plane - H_FL * np.cos(phi)) - Q * u
    np.testing.assert_allclose(f2, expected, rtol=1e-9)
    v, rate = model.velocity(0.5 * LENGTH, phi, J, FIELD)
    np.testing.assert_allclose(v, DELTA * GAMMA_0 / (1 + ALPHA**2) * (ALPHA * f1 - Q * f2), rtol=1e-12)
    np.testing.assert_allclose(rate, GAMMA_0 / (1 + ALPHA**2) * (Q * f1 + ALPHA * f2), rtol=1e-12)
    energy = SIGMA + MU_0 * MS * H_K * DELTA * np.cos(phi) ** 2
    turned = (2e4 + Q * H_D) * np.cos(phi) - 1.5e4 * np.sin(phi) + H_FL * np.sin(phi)
    energy = energy - math.pi * DELTA * MU_0 * MS * turned - 2 * Q * MU_0 * MS * 3e3 * 0.5 * LENGTH
    np.testing.assert_allclose(model.energy(0.5 * LENGTH, phi, FIELD, J), T * W * energy, rtol=1e-9)
    assert model.friction(0.5 * LENGTH) == pytest.approx(2 * MU_0 * MS * DELTA * T * W / GAMMA_0)
    assert model.least_friction == pytest.approx(2 * MU_0 * MS * DELTA * T * W / GAMMA_0)


def test_terms_of_the_slope_on_a_taper():
    """w = 40 nm + 0.1 x: s1 = s2 = w, both slopes 0.1; the crowded part of the current feels no slope."""
    model = make_model(track={"length": LENGTH, "width": W, "thickness": T, "outline_x": [0, LENGTH],
                              "outline_width": [40e-9, 80e-9]})  # fmt: skip
    q, phi, J = 200e-9, 1.1, 2e11
    H_DL, H_FL, u = drive_fields(J)
    s, slope, sine, cosine = 60e-9, 0.1, math.sin(phi), math.cos(phi)
    s_J = 0.6 * s + 0.4 * W
    f1, f2 = model.fields(q, phi, J, FIELD)
    expected = 3e3 + 0.1 * u * s_J / s - 0.5 * math.pi * s_J / s * H_DL * cosine
    expected -= slope / s * (SIGMA / (2 * MU_0 * MS) + 0.5 * H_K * DELTA * cosine**2)
    expected += 0.5 * math.pi * DELTA * slope / s * ((2e4 + H_D) * cosine - 1.5e4 * sine + 0.6 * H_FL * sine)
    assert float(f1) == pytest.approx(expected, rel=1e-6)
    expected = H_K * sine * cosine - 0.5 * math.pi * ((2e4 + H_D) * sine + 1.5e4 * cosine) - u * s_J / s
    expected += 0.5 * math.pi * (s_J / s * H_FL * cosine + DELTA * 0.6 * slope / s * H_DL * sine)
    assert float(f2) == pytest.approx(expected, rel=1e-6)
    swept = float(model.moment(300e-9) - model.moment(100e-9))
    assert swept == pytest.approx(40e-9 * 200e-9 + 0.05 * (300e-9**2 - 100e-9**2), rel=1e-9)
    assert model.moment(2 * LENGTH) == model.moment(LENGTH)


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_fastest_rate_on_a_straight_track(Q):
    """gamma0/sqrt(1 + alpha^2) times all fields: |H_K|, pi/2 of those in the plane, |H_z|, those of the torques."""
    model, J = make_model(Q), -2e11
    H_DL, H_FL, u = (abs(x) for x in drive_fields(J))
    fields = H_K + 0.5 * math.pi * math.hypot(2e4 + abs(H_D), 1.5e4) + 3e3
    torques = 0.5 * math.pi * (H_DL + H_FL) + 1.1 * u
    unit = GAMMA_0 / math.sqrt(1 + ALPHA**2)
    assert model.fastest_rate(FIELD, J) == pytest.approx(unit * (fields + torques), rel=1e-9)
    assert model.fastest_rate() == pytest.approx(unit * (H_K + 0.5 * math.pi * abs(H_D)), rel=1e-9)


def test_fastest_rate_adds_the_stiffest_place():
    """Delta/(2 mu0 Ms t s2) times the largest second derivative of the energy of a chiral wall, without H_K."""
    V = {
        "potential": {
            "q": np.linspace(0, LENGTH, 401).tolist(),
            "V": (2e-20 * np.sin(np.linspace(0, 60, 401))).tolist(),
        }
    }
    notch = {"position": 200e-9, "shape": "cosine", "depth": 10e-9, "width": 60e-9}
    torque = {"torque": {"theta_SH": 0.12, "current_crowding": 0.0}}
    for sections in ({"notch": [notch]}, V):
        model = make_model(wall={"H_K": 0.0}, **sections, **torque)
        q = model.device.geometry.q
        curvature = np.gradient(np.gradient(model.energy(q, math.pi), q), q)[3:-3]
        w = model.widths(q)
        stiffest = np.max(np.abs(curvature) / w.s2[3:-3]) * DELTA / (2 * MU_0 * MS * T)
        angle = 0.5 * math.pi * abs(H_D) * np.max(w.s1 / w.s2)
        rate = GAMMA_0 / math.sqrt(1 + ALPHA**2) * (angle + stiffest)
        assert model.fastest_rate() == pytest.approx(rate, rel=0.02) and stiffest > 0.02 * angle


def test_rates_of_a_wall_that_favours_neel_and_friction_where_it_is_shortest():
    """|H_K| counts, whatever its sign; 2 mu0 Ms Delta t s2/gamma0 of the middle of a notch is the least friction."""
    both = [make_model(wall={"H_K": H}, material={"D": 0.0}).fastest_rate() for H in (H_K, -H_K)]
    assert both[0] == both[1] == pytest.approx(GAMMA_0 / math.sqrt(1 + ALPHA**2) * H_K)
    model = make_model(notch=[{"position": 0.5 * LENGTH, "shape": "cosine", "depth": 10e-9, "width": 60e-9}])
    assert model.least_friction == pytest.approx(float(model.friction(0.5 * LENGTH)), rel=1e-6)
    assert model.least_friction < 0.9 * float(model.friction(0.0))


def test_axes_of_a_soft_strip():
    """(x, y, z) of the track are (z, x, y) of the wall."""
    strip = device_from_mapping(
        {
            "material": {"easy_axis": "x", "Ms": 8e5, "A": 1.3e-11, "K_u": 3e4, "alpha": 0.1},
            "wall": {"H_K": -6.9e5},
            "track": {"length": 2e-6, "width": 1e-7, "thickness": 5e-9},
        }
    )
    assert wall_field(strip, Field(H_x=1.0, H_y=2.0, H_z=3.0)) == Field(H_x=2.0, H_y=3.0, H_z=1.0)
    assert wall_field(make_model().device, FIELD) == FIELD


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_angle_at_rest(Q):
    """Bloch along H_y; between Bloch and Neel at cos phi = pi (H_x + Q H_D)/(2 H_K); Neel along the stronger field."""
    bloch = make_model(Q, material={"D": 0.0})
    for H_y in (2e3, -2e3):
        assert rest_angle(bloch, Field(H_y=H_y)) == pytest.approx(math.copysign(math.pi / 2, H_y), abs=1e-6)
    canted = make_model(Q, material={"D": 4e-5})
    H_x = 2e3
    cosine = math.pi * (H_x + Q * H_D / 10) / (2 * H_K)
    assert abs(cosine) < 0.9 and math.cos(rest_angle(canted, Field(H_x=H_x))) == pytest.approx(cosine, abs=1e-6)
    assert math.cos(rest_angle(make_model(Q))) == pytest.approx(-Q, abs=1e-6)
    assert math.cos(rest_angle(make_model(Q), Field(H_x=2 * Q * abs(H_D)))) == pytest.approx(Q, abs=1e-6)


def test_the_first_angle_at_which_a_wall_stands_still():
    """A Bloch wall stands still at sin 2 phi = 2 H_z/(alpha H_K) on its own side; beyond the Walker field it turns."""
    model = make_model(material={"D": 0.0})
    H_z = 0.5 * ALPHA * H_K / 2
    (velocity,), (turns,) = straight_track_velocity(model, np.zeros(1), Field(H_z=H_z))
    assert not turns and velocity == pytest.approx(GAMMA_0 * DELTA * H_z / ALPHA, rel=1e-9)
    (velocity,), (turns,) = straight_track_velocity(model, np.zeros(1), Field(H_z=4 * H_z))
    slip = math.sqrt((4 * H_z) ** 2 - (2 * H_z) ** 2)
    assert turns and velocity == pytest.approx(GAMMA_0 * DELTA / ALPHA * (4 * H_z - slip / (1 + ALPHA**2)), rel=1e-6)


def test_a_stack_drives_the_ferromagnet_with_its_share_of_the_current_and_its_oersted_field():
    """J_FM/J_HM = rho_HM/rho_FM = 1/4; H_y of a layer below as wide is -t_HM/2, less a tenth or so at its edges."""
    stack = {"t_HM": 5e-9, "rho_HM": 2e-7, "rho_FM": 8e-7, "oersted": "below"}
    model, J = make_model(stack=stack), 2e11
    H_DL, H_FL, u = drive_fields(J)
    assert model.H_DL_per_J * J == pytest.approx(H_DL)
    assert model.u_per_J * J == pytest.approx(0.25 * u * DELTA * GAMMA_0)
    assert (model.H_FL_per_J * J - H_FL) / (-0.5 * 5e-9 * J) == pytest.approx(0.9, abs=0.05)
