"""Mirrors and the half turn map one solution onto another, to the rounding of the geometry table.

The magnetization and fields are axial vectors, the current and the place along the track polar ones, and interfacial D,
theta_SH, k_FL, P and beta stay what they are under every operation that keeps the film's normal. By hand:

    operation        place    Q    phi         H_x  H_y  H_z   J
    mirror x -> -x   L - q    Q    -phi         +    -    -    -
    half turn on z   L - q   -Q    phi + pi     -    -    +    -
    mirror y -> -y   q       -Q    pi - phi     -    +    -    +

The first: a wall up on the left stays up on the left, since the mirror swaps the sides and turns m_z over. The third is
the product of the other two.
"""

import math

import numpy as np
import pytest

from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.runs.ensemble import Drive, simulate
from llg.walls.q_phi import Field, QPhiModel

LENGTH = 300e-9
FIELD = (2e4, -1.5e4, 3e3)
CURRENT = np.array([-1.5e11, -0.6e11, 0.4e11, 1.1e11, 2e11])
WAVEFORM = Waveform(np.array([0.0, 1e-9, 2e-9, 3e-9]), np.array([0.0, 1.0, 1.0, -0.5]))
START = (165e-9, 2.0)


def mirrored(place):
    return LENGTH - place


OPERATIONS = {
    "mirror x": (True, 1, lambda phi: -phi, (1, -1, -1), -1),
    "half turn": (True, -1, lambda phi: phi + math.pi, (-1, -1, 1), -1),
    "mirror y": (False, -1, lambda phi: math.pi - phi, (-1, 1, -1), 1),
}


def make_device(Q, mirror):
    """Lopsided notches and potential, every torque on."""
    place = mirrored if mirror else (lambda x: x)
    q = np.linspace(0, LENGTH, 31)
    V = 3e-21 * np.cos(place(q) / 40e-9)
    return device_from_mapping(
        {
            "name": "lopsided",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 0.4e-3, "alpha": 0.15},
            "wall": {"Q": Q, "H_K": 2e4},
            "track": {"length": LENGTH, "width": 64e-9, "thickness": 0.6e-9},
            "notch": [
                {"position": place(150e-9), "shape": "triangular", "depth": 14e-9, "width": 60e-9},
                {"position": place(190e-9), "shape": "gaussian", "depth": 8e-9, "width": 30e-9},
            ],
            "torque": {"theta_SH": 0.12, "k_FL": -0.3, "P": 0.6, "beta": 0.2, "current_crowding": 0.4},
            "potential": {"q": q.tolist(), "V": V.tolist()},
        }
    )


def trajectory(Q, mirror, start, signs, current):
    field = Field(**dict(zip(("H_x", "H_y", "H_z"), np.multiply(signs, FIELD), strict=True)))
    drive = Drive(waveform=WAVEFORM, current_density=current, field=field)
    return simulate(
        make_device(Q, mirror), drive, n=current.size, start=start, seed=0, temperature=0.0, samples=30, jobs=1
    )


@pytest.mark.parametrize("Q", [1.0, -1.0])
@pytest.mark.parametrize("name", OPERATIONS)
def test_trajectories_map_onto_each_other(name, Q):
    mirror, flip, turn, signs, current_sign = OPERATIONS[name]
    place = mirrored if mirror else (lambda q: q)
    original = trajectory(Q, False, START, (1, 1, 1), CURRENT)
    image = trajectory(flip * Q, mirror, (place(START[0]), turn(START[1])), signs, current_sign * CURRENT)
    assert original.n_steps == image.n_steps
    np.testing.assert_allclose(place(image.q_samples), original.q_samples, rtol=0, atol=1e-14)
    np.testing.assert_allclose(image.phi_samples, turn(original.phi_samples), rtol=0, atol=1e-6)
    assert np.all(np.ptp(original.q_samples, axis=0) > 5e-9)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_wrong_sign_breaks_the_symmetry(name):
    """Negative control: each single sign of the table matters."""
    mirror, flip, turn, signs, current_sign = OPERATIONS[name]
    place = mirrored if mirror else (lambda q: q)
    original = trajectory(1.0, False, START, (1, 1, 1), CURRENT)
    start = (place(START[0]), turn(START[1]))
    wrong = [(flip, np.where(np.arange(3) == i, -1, 1) * signs, current_sign) for i in range(3)]
    wrong += [(-flip, signs, current_sign), (flip, signs, -current_sign)]
    for Q, fields, sign in wrong:
        image = trajectory(Q, mirror, start, fields, sign * CURRENT)
        assert np.abs(place(image.q_samples) - original.q_samples).max() > 1e-9


@pytest.mark.parametrize("name", OPERATIONS)
def test_energy_has_the_symmetry(name):
    mirror, flip, turn, signs, current_sign = OPERATIONS[name]
    place = mirrored if mirror else (lambda q: q)
    rng = np.random.default_rng(2)
    q, phi = rng.uniform(80e-9, 220e-9, 100), rng.uniform(-4, 4, 100)
    fields = [Field(H_x=s[0] * FIELD[0], H_y=s[1] * FIELD[1], H_z=s[2] * FIELD[2]) for s in ((1, 1, 1), signs)]
    original = QPhiModel(make_device(1.0, False)).energy(q, phi, fields[0], 1e11)
    image = QPhiModel(make_device(flip, mirror)).energy(place(q), turn(phi), fields[1], current_sign * 1e11)
    difference = image - original
    # The Zeeman energy counts from the left end, so that a constant may remain.
    np.testing.assert_allclose(difference - difference.mean(), 0, atol=1e-9 * np.ptp(original))
