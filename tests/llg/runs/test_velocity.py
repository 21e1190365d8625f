"""Steady and mean velocities of the wall on a straight track against their closed forms, at T = 0."""

import math

import numpy as np
import pytest
from scipy import constants

from dwcore.errors import InputError
from dwcore.units import _registry
from llg.constants import GAMMA_0, MU_0
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.runs.ensemble import Drive, simulate
from llg.runs.velocity import velocity_against_current, velocity_against_field
from llg.walls.q_phi import Field

MS, DELTA, THICKNESS, H_K = 7e5, 7.2e-9, 0.6e-9, 2e4
MIDDLE = 2e-6


def make_device(*, alpha, D=0.0, Q=1.0, shape_field=H_K, torque=None):
    return device_from_mapping(
        {
            "name": "straight",
            "material": {"Ms": MS, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": alpha},
            "wall": {"Q": Q, "Delta": DELTA, "H_K": shape_field},
            "track": {"length": 2 * MIDDLE, "width": 64e-9, "thickness": THICKNESS},
            "torque": torque or {},
        }
    )


def run(device, length, *, phi, current=0.0, field=None, dt=None, samples=10):
    """Trajectories from the middle of the track under a steady drive, one per current density."""
    drive = Drive(
        waveform=Waveform(np.array([0.0, length]), np.array([1.0, 1.0])),
        current_density=current,
        field=field or Field(),
    )
    end = simulate(
        device, drive, n=np.size(current), start=(MIDDLE, phi), seed=0, temperature=0.0, dt=dt, samples=samples, jobs=1
    )
    assert not end.left.any()
    return end


def steady_velocity(end):
    """Slope over the last fifth of the run, shape (n,) [m/s]."""
    return (end.q_samples[-1] - end.q_samples[-3]) / (end.time[-1] - end.time[-3])


@pytest.mark.parametrize("Q", [1.0, -1.0])
@pytest.mark.parametrize("share", [0.3, -0.7, 0.95])
def test_field_below_walker(Q, share):
    """v = Q gamma0 Delta H_z/alpha, and the angle stands still."""
    alpha = 0.1
    H_z = share * alpha * H_K / 2
    end = run(make_device(alpha=alpha, Q=Q), 60e-9, phi=math.pi / 2, field=Field(H_z=H_z))
    assert steady_velocity(end)[0] == pytest.approx(Q * GAMMA_0 * DELTA * H_z / alpha, rel=1e-3)
    assert end.phi_samples[-1, 0] == pytest.approx(end.phi_samples[-3, 0], abs=1e-3)


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_walker_field(Q):
    """One percent below alpha H_K/2 the wall angle locks, one percent above it goes on turning."""
    alpha = 0.1
    walker = alpha * H_K / 2
    length = 1.1 * math.pi * (1 + alpha**2) / (GAMMA_0 * walker * math.sqrt(1.01**2 - 1))  # 1.1 half turns
    turned = []
    for share in (0.99, 1.01):
        end = run(make_device(alpha=alpha, Q=Q), length, phi=math.pi / 2, field=Field(H_z=share * walker))
        turned.append(abs(end.phi[0] - end.phi_samples[0, 0]))
    assert turned[0] < math.pi / 4
    assert turned[1] > math.pi


@pytest.mark.parametrize("share", [1.05, 1.5, 4.0, 200.0])
def test_mean_velocity_above_walker(share):
    """<v> = (gamma0 Delta/alpha) [H_z - sqrt(H_z^2 - H_W^2)/(1 + alpha^2)] over a whole number of half turns."""
    alpha = 0.1
    walker = alpha * H_K / 2
    H_z = share * walker
    slip = math.sqrt(H_z**2 - walker**2)
    period = math.pi * (1 + alpha**2) / (GAMMA_0 * slip)
    turns = max(1, round(40e-9 / period))
    end = run(make_device(alpha=alpha), turns * period, phi=1.0, field=Field(H_z=H_z))
    mean = (end.q[0] - MIDDLE) / (turns * period)
    assert end.phi[0] - 1.0 == pytest.approx(turns * math.pi, rel=1e-3)
    assert mean == pytest.approx(GAMMA_0 * DELTA / alpha * (H_z - slip / (1 + alpha**2)), rel=2e-3)


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_spin_transfer_velocity(Q):
    """v = beta u/alpha with u = mu_B P J_e/(e Ms) along the electron flow, that is against the current."""
    alpha, beta, P = 0.1, 0.06, 0.5
    J = np.array([-3e11, 1e11, 4e11])
    mu_B = constants.physical_constants["Bohr magneton"][0]
    u = -mu_B * P * J / (constants.e * MS)
    device = make_device(alpha=alpha, Q=Q, torque={"P": P, "beta": beta})
    end = run(device, 60e-9, phi=math.pi / 2, current=J)
    np.testing.assert_allclose(steady_velocity(end), beta * u / alpha, rtol=1e-3)


def test_intrinsic_pinning_without_beta():
    """beta = 0: no motion below u_c = gamma0 Delta H_K/2, mean velocity sqrt(u^2 - u_c^2)/(1 + alpha^2) above."""
    alpha, P = 0.1, 0.5
    u_c = GAMMA_0 * DELTA * H_K / 2
    per_current = constants.physical_constants["Bohr magneton"][0] * P / (constants.e * MS)
    device = make_device(alpha=alpha, torque={"P": P, "beta": 0.0})
    still = run(device, 60e-9, phi=math.pi / 2, current=0.9 * u_c / per_current)
    assert abs(steady_velocity(still)[0]) < 1e-3 * u_c
    slip = u_c * math.sqrt(1.5**2 - 1)
    period = math.pi * DELTA * (1 + alpha**2) / (alpha * slip)
    end = run(device, period, phi=1.0, current=-1.5 * u_c / per_current, dt=period / 4000)
    assert (end.q[0] - MIDDLE) / period == pytest.approx(slip / (1 + alpha**2), rel=2e-3)


@pytest.mark.parametrize("Q", [1.0, -1.0])
@pytest.mark.parametrize("D", [1e-3, -0.4e-3])
def test_spin_hall_velocity(Q, D):
    """v = (pi/2) gamma0 Delta |H_D|/sqrt(1 + (alpha H_D/H_DL)^2) without H_K, to +x for theta_SH J D > 0."""
    alpha, theta = 0.3, 0.1
    J = np.array([-4e11, -3e10, 2e10, 1e11, 1e12])
    H_D = -D / (MU_0 * MS * DELTA)
    H_DL = constants.hbar * theta * J / (2 * constants.e * MU_0 * MS * THICKNESS)
    expected = np.sign(J * D) * math.pi / 2 * GAMMA_0 * DELTA * abs(H_D) / np.sqrt(1 + (alpha * H_D / H_DL) ** 2)
    device = make_device(alpha=alpha, D=D, Q=Q, shape_field=0.0, torque={"theta_SH": theta})
    rest = 0.0 if Q * H_D > 0 else math.pi
    end = run(device, 4e-9, phi=rest, current=J)
    np.testing.assert_allclose(steady_velocity(end), expected, rtol=1e-3)


def test_spin_hall_velocity_needs_chirality():
    """A Bloch wall (D = 0, H_K > 0) does not move under the damping-like torque once its angle has settled."""
    device = make_device(alpha=0.3, torque={"theta_SH": 0.1})
    end = run(device, 30e-9, phi=math.pi / 2, current=np.array([5e10]))
    assert abs(steady_velocity(end)[0]) < 1e-2


CURVES = (velocity_against_current, velocity_against_field)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize(
    ("drives", "said"),
    [
        ([0.0, math.nan], "[0.0, nan], must be at least two, finite, ascending"),
        ([0.0, math.inf], "must be at least two, finite, ascending"),
        ([[0.0, 1.0], [2.0, 3.0]], "must be at least two, finite, ascending"),
        (np.ma.array([0.0, 1.0, 2.0], mask=[0, 1, 0]), "has masked entries"),
        ([1.0, 2.0] * _registry().MA, "is in megaampere"),
    ],
)
def test_drives_that_are_no_plain_numbers_are_refused(curve, drives, said):
    with pytest.raises(InputError) as caught:
        curve(make_device(alpha=0.1), drives)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"temperature": -1.0}, "temperature = -1 [K] must be >= 0"),
        ({"temperature": 1e9}, "temperature = 1e+09 [K] must be >= 0 and < 2000"),
        ({"measured": 1e-30}, "must be longer than two time steps"),
    ],
)
def test_impossible_options_are_refused(options, said):
    """A time shorter than a step gave nan."""
    device = make_device(alpha=0.1, torque={"theta_SH": 0.1})
    with pytest.raises(InputError) as caught:
        velocity_against_current(device, [0.0, 1e10], **({"walls": 2, "settling": 1e-10, "measured": 1e-10} | options))
    assert said in str(caught.value)
