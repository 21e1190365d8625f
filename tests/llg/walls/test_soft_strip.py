"""Transverse walls of a soft strip (easy_axis = "x"): permalloy 100 nm x 5 nm, known velocities, axes and signs."""

import math

import numpy as np
import pytest

from dwcore.errors import InputError
from llg.constants import GAMMA_0, MU_0
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate
from llg.walls.q_phi import Field, QPhiModel

MS, A, ALPHA = 8.6e5, 1.3e-11, 0.02
K_SHAPE, H_K = 3e4, -0.8 * MS  # (mu0 Ms^2/2)(N_y - N_x) and -(N_z - N_y) Ms
DELTA = math.sqrt(A / K_SHAPE)


def make_device(Q=1.0, **changes):
    mapping = {
        "material": {"Ms": MS, "A": A, "K_u": K_SHAPE, "alpha": ALPHA, "easy_axis": "x"},
        "wall": {"Q": Q, "H_K": H_K},
        "track": {"length": 8e-6, "width": 100e-9, "thickness": 5e-9},
        "torque": {"P": 0.5, "beta": 0.04},
    }
    for section, values in changes.items():
        mapping[section] = mapping.get(section, {}) | values
    return device_from_mapping(mapping)


def velocity(device, time=20e-9, start=0.0, J=0.0, field=None):
    drive = Drive(waveform=Waveform([0.0, time], [1.0, 1.0]), current_density=J, field=field or Field())
    end = simulate(device, drive, n=1, start=(4e-6, start), seed=0, temperature=0.0, samples=2, jobs=1)
    q = end.q_samples[:, 0]
    return (q[2] - q[1]) / (time / 2), end.phi[0]


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_field_along_the_strip(Q):
    """Below the Walker field q' = Q gamma0 Delta H_x/alpha: head-to-head walls go with the field."""
    H = 0.05 * ALPHA * abs(H_K) / 2
    v, phi = velocity(make_device(Q), field=Field(H_x=H))
    assert v == pytest.approx(Q * GAMMA_0 * DELTA * H / ALPHA, rel=1e-3)
    assert abs(math.sin(2 * phi)) == pytest.approx(0.05, rel=0.01)


def test_walker_breakdown_lies_where_theory_puts_it():
    fields = [Field(H_x=factor * ALPHA * abs(H_K) / 2) for factor in (0.97, 1.2)]
    turned = [abs(velocity(make_device(), field=field, time=10e-9)[1]) for field in fields]
    assert turned[0] < math.pi / 2 < turned[1]


def test_spin_transfer():
    """v = beta u/alpha along the electrons."""
    device = make_device()
    u = -1e11 * device.torque.drift_velocity(MS)
    v, _ = velocity(device, J=1e11)
    assert v == pytest.approx(0.04 * u / ALPHA, rel=1e-3)


def test_energy_of_the_two_orientations():
    """phi = 0 is the transverse wall, 4 sqrt(A K); with its moment out of the plane mu0 Ms |H_K| Delta more."""
    model = QPhiModel(make_device())
    area = 100e-9 * 5e-9
    across, out = (float(model.energy(4e-6, phi)) / area for phi in (0.0, math.pi / 2))
    assert across == pytest.approx(4 * math.sqrt(A * K_SHAPE), rel=1e-9)
    assert out - across == pytest.approx(MU_0 * MS * abs(H_K) * DELTA, rel=1e-9)


def test_transverse_fields_have_the_axes_of_the_track():
    """H_y turns the moment of the wall along +y (phi = 0) from near 180 degrees, H_z tilts it out of the plane."""
    _, phi = velocity(make_device(material={"alpha": 0.5}), start=3.0, field=Field(H_y=5e5), time=3e-9)
    assert math.cos(phi) == pytest.approx(1, abs=1e-6)
    _, phi = velocity(make_device(material={"alpha": 0.5}), start=0.0, field=Field(H_z=5e4), time=3e-9)
    tilt = math.asin(0.5 * math.pi * 5e4 / abs(H_K))
    assert math.remainder(phi, 2 * math.pi) == pytest.approx(tilt, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"material": {"D": 1e-3}}, 'D = 0.001 [J/m^2] must be 0 where easy_axis = "x"'),
        ({"torque": {"theta_SH": 0.1}}, "theta_SH must be 0"),
        ({"wall": {"model": "q-phi-chi"}}, 'model must be "q-phi"'),
        ({"material": {"easy_axis": "y"}}, 'easy_axis = "y" must be one of z, x'),
    ],
)
def test_what_a_soft_strip_cannot_have(changes, said):
    with pytest.raises(InputError) as caught:
        make_device(**changes)
    assert said in str(caught.value)


def test_shape_field_must_be_given():
    mapping = make_device().config()
    del mapping["wall"]["H_K"]
    with pytest.raises(InputError, match=r"H_K = .* must be given"):
        device_from_mapping(mapping)


def test_given_shape_field_follows_the_magnetization():
    device = make_device(variation={"Ms_dtod": 0.05})
    ratios = [(d.straight_wall.H_K / H_K, d.material.Ms / MS) for d in (device.draw(i, 1) for i in range(1, 6))]
    np.testing.assert_allclose([r[0] for r in ratios], [r[1] for r in ratios], rtol=1e-12)
