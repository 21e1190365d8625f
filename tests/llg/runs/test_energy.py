"""Energy and its gradient: the forces derive from it, damping takes it away, conserved parts keep it."""

import numpy as np
import pytest

from llg.constants import MU_0
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.runs.ensemble import Drive, simulate
from llg.walls.q_phi import Field, QPhiModel

LENGTH = 300e-9
FIELD = Field(H_x=2e4, H_y=-1.5e4, H_z=3e3)


def make_model(Q=1.0, alpha=0.15, **torque):
    q = np.linspace(0, LENGTH, 31)
    return QPhiModel(
        device_from_mapping(
            {
                "name": "notched",
                "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 0.4e-3, "alpha": alpha},
                "wall": {"Q": Q, "H_K": 2e4},
                "track": {"length": LENGTH, "width": 64e-9, "thickness": 0.6e-9},
                "notch": [{"position": 150e-9, "shape": "triangular", "depth": 14e-9, "width": 60e-9}],
                "torque": torque,
                "potential": {"q": q.tolist(), "V": (2e-21 * np.cos(q / 40e-9)).tolist()},
            }
        )
    )


def places(n=200):
    rng = np.random.default_rng(4)
    return rng.uniform(90e-9, 210e-9, n), rng.uniform(-4, 4, n)


def gradient(energy, q, phi):
    """Numerical (dE/dq, dE/dphi), of fourth order; steps of 2 pm seldom meet a corner of the outline or of a table."""
    slopes = []
    for dq, dphi in ((0.002e-9, 0.0), (0.0, 1e-3)):
        near, far = (energy(q + k * dq, phi + k * dphi) - energy(q - k * dq, phi - k * dphi) for k in (1, 2))
        slopes.append((8 * near - far) / 12 / (dq or dphi))
    return slopes


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_fields_are_minus_the_gradient_of_the_energy(Q):
    """All fields and the field-like torque, with half-crowded current; the damping-like and spin transfer are off."""
    model = make_model(Q, theta_SH=0.1, k_FL=0.4, current_crowding=0.5)
    model.H_DL_per_J = 0.0  # keeps the field-like torque, which has an energy
    current = 2e11
    q, phi = places()
    dE_dq, dE_dphi = gradient(lambda a, b: model.energy(a, b, FIELD, current), q, phi)
    f1, f2 = model.fields(q, phi, current, FIELD)
    per_field = 2 * MU_0 * model.Ms * model.t * model.widths(q).s2
    np.testing.assert_allclose(f1, -dE_dq / per_field, atol=2e-6 * np.abs(f1).max())
    np.testing.assert_allclose(f2, -dE_dphi / (per_field * model.Delta), atol=2e-6 * np.abs(f2).max())
    without, _ = model.fields(q, phi, 0.0, FIELD)
    assert np.abs(f1 - without).max() > 1e-3 * np.abs(f1).max()  # the field-like torque was really there


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_damping_like_torque_is_the_work_of_its_effective_field(Q):
    """f_1 = integral of w H . dm/dq dx/(2 s2), f_2 the same with dm/dphi over 2 s2 Delta, where H = -H_DL m x y."""
    model = make_model(Q, theta_SH=0.1, current_crowding=0.0)
    current = 2e11
    H_DL = model.H_DL_per_J * current
    x = np.linspace(-150e-9, LENGTH + 150e-9, 20_001)
    w = model.device.width_at(x)
    off = [a - b for a, b in zip(model.fields(*places(8), current), model.fields(*places(8)), strict=True)]
    for i, (q, phi) in enumerate(zip(*places(8), strict=True)):
        z = (x - q) / model.Delta
        sech, tanh = 1 / np.cosh(z), np.tanh(z)
        m = np.array([sech * np.cos(phi), sech * np.sin(phi), -Q * tanh])
        H = -H_DL * np.cross(m.T, [0, 1, 0]).T
        dm_dq = np.array([sech * tanh * np.cos(phi), sech * tanh * np.sin(phi), Q * sech**2]) / model.Delta
        dm_dphi = np.array([-m[1], m[0], np.zeros_like(x)])
        s2 = model.widths(q).s2
        work = [np.trapezoid(w * np.sum(H * dm, axis=0), x) for dm in (dm_dq, dm_dphi)]
        assert off[0][i] == pytest.approx(work[0] / (2 * s2), abs=1e-4 * H_DL)
        assert off[1][i] == pytest.approx(work[1] / (2 * s2 * model.Delta), abs=1e-4 * H_DL)


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_rate_of_loss(Q):
    """dE/dt = -alpha N [(q'/Delta)^2 + phi'^2] in any static field without current."""
    model = make_model(Q)
    q, phi = places()
    dE_dq, dE_dphi = gradient(lambda a, b: model.energy(a, b, FIELD), q, phi)
    v, rate = model.velocity(q, phi, 0.0, FIELD)
    loss = model.alpha * model.friction(q) * ((v / model.Delta) ** 2 + rate**2)
    np.testing.assert_allclose(dE_dq * v + dE_dphi * rate, -loss, atol=1e-5 * loss.max())
    assert loss.min() > 0


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_energy_never_rises_along_a_trajectory(Q):
    model = make_model(Q)
    drive = Drive(waveform=Waveform(np.array([0.0, 5e-9]), np.array([0.0, 0.0])), field=FIELD)
    for start in ((120e-9, 2.0), (170e-9, -1.0), (205e-9, 0.3)):
        end = simulate(model.device, drive, n=1, start=start, seed=0, temperature=0.0, samples=500, jobs=1)
        energy = model.energy(end.q_samples[:, 0], end.phi_samples[:, 0], FIELD)
        total = energy[0] - energy[-1]
        assert total > 1e-21
        assert np.diff(energy).max() < 1e-6 * total


def test_nearly_undamped_wall_keeps_its_energy():
    """alpha = 1e-6: the precession exchanges wall and shape energy without loss; 1e-4 of the amount exchanged."""
    model = make_model(alpha=1e-6)
    drive = Drive(waveform=Waveform(np.array([0.0, 1e-9]), np.array([0.0, 0.0])), field=FIELD)
    dt = 0.01 / model.fastest_rate(FIELD)
    end = simulate(model.device, drive, n=1, start=(140e-9, 0.5), seed=0, temperature=0.0, dt=dt, samples=200, jobs=1)
    energy = model.energy(end.q_samples[:, 0], end.phi_samples[:, 0], FIELD)
    exchanged = np.ptp(model.energy(end.q_samples[:, 0], 0.0, FIELD))
    assert exchanged > 1e-21
    assert np.ptp(energy) < 1e-3 * exchanged
