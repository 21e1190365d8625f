"""A static field of the device is the field of a drive that never ends, and it tilts the landscape as the Zeeman energy says."""

import dataclasses
import math

import numpy as np
import pytest

from dwcore.errors import InputError
from llg import Drive, load_device, simulate
from llg.calibration.fit import calibrate
from llg.calibration.mumax3 import mumax3_files
from llg.constants import GAMMA_0, K_B, MU_0
from llg.device.device_file import device_from_mapping
from llg.device.material import MODELS
from llg.device.pulse import Waveform
from llg.landscape.settling import Settling
from llg.landscape.wells import find_wells, well_index
from llg.rates.rate_matrix import rate_matrix
from llg.runs.depinning import depinning_current
from llg.runs.models import equation_of, with_model
from llg.runs.velocity import straight_track, velocity_against_current
from llg.walls.analytic import straight_track_velocity
from llg.walls.q_phi import Field, QPhiModel

HELD = {"H_x": 9e3, "H_y": -2e4, "H_z": 4e3}
KT = K_B * 300


def held(device, **field):
    return device.replace({f"field.{name}": value for name, value in (field or HELD).items()})


@pytest.mark.parametrize("name", MODELS)
def test_energy_and_torques_are_those_in_the_field(name):
    bare = with_model(load_device("five_state"), name)
    bare, tilted = (equation_of(d).model(d) for d in (bare, held(bare)))
    q, phi, J = np.linspace(100e-9, 300e-9, 9), np.linspace(-3, 3, 9), 3e11
    np.testing.assert_allclose(tilted.energy(q, phi), bare.energy(q, phi, field=Field(**HELD)), rtol=1e-13)
    forces = (
        np.array(m.fields(q, phi, J, f)) for m, f in ((tilted, Field(H_y=1e3)), (bare, Field(**HELD | {"H_y": -1.9e4})))
    )
    np.testing.assert_allclose(*forces, rtol=1e-12)
    assert np.abs(np.array(tilted.fields(q, phi)) - np.array(bare.fields(q, phi))).min() > 100  # [A/m], a control


@pytest.mark.parametrize("name", MODELS)
def test_time_loop_is_that_of_a_constant_field(name):
    """Without noise a wall under a pulse ends at the same place, whichever way the field is given.

    In the field of the device the width starts at rest in that field, in that of a drive it does not.
    """
    bare = with_model(load_device("five_state"), name)
    drive = Drive(waveform=Waveform([0.0, 0.5e-9], [1.0, 1.0]), current_density=4e11)
    run = {"n": 1, "start": (361e-9, math.pi), "seed": 0, "temperature": 0.0, "dt": 1e-13}
    ends = [
        simulate(d, dataclasses.replace(drive, field=f), **run).final
        for d, f in ((held(bare), Field()), (bare, Field(**HELD)), (bare, Field()))
    ]
    for key in ends[0]:
        assert ends[0][key] == pytest.approx(ends[1][key], rel=1e-12 if name != "q-phi-delta" else 1e-5)
    assert abs(ends[2]["q"][0] - ends[0]["q"][0]) > 1e-11


def test_field_along_z_adds_its_work_to_the_barriers():
    """Between two places 2 mu0 Ms t H_z integral s2 dq; what is left of the depinning field is less by the field."""
    bare = load_device("five_state")
    before, after = (find_wells(QPhiModel(d), 300.0)[2] for d in (bare, held(bare, H_z=4e3)))
    model = QPhiModel(bare)
    for edge, barrier, climbed in (
        (
            after.right_edge,
            after.barrier_right,
            model.energy(after.right_edge, math.pi) - model.energy(after.q, math.pi),
        ),
        (after.left_edge, after.barrier_left, model.energy(after.left_edge, math.pi) - model.energy(after.q, math.pi)),
    ):
        work = 2 * MU_0 * model.Ms * model.t * 4e3 * float(model.moment(edge) - model.moment(after.q))
        assert barrier == pytest.approx(climbed - work, rel=1e-6)
    assert after.depinning_field_right == pytest.approx(before.depinning_field_right - MU_0 * 4e3, rel=1e-4)
    assert after.depinning_field_left == pytest.approx(before.depinning_field_left + MU_0 * 4e3, rel=1e-4)


def test_surface_of_settling_holds_all_components():
    device = held(load_device("five_state"))
    model = QPhiModel(device)
    wells = find_wells(model, 300.0)
    settling, q, phi = Settling(model, wells, 300.0), device.geometry.q, 2.0
    surface = settling.surface(5e-9)
    energy = surface @ np.array([1.0, math.cos(phi) ** 2, math.cos(phi), math.sin(phi)])
    inside = np.isfinite(energy)
    level = np.array([bound.level(5e-9) for bound in settling.bounds])[well_index(wells, q)[inside]]
    np.testing.assert_allclose(energy[inside] + level, model.energy(q[inside], phi), atol=1e-4 * KT)
    without = surface[:, :3] @ np.array([1.0, math.cos(phi) ** 2, math.cos(phi)])
    assert np.abs(without[inside] + level - model.energy(q[inside], phi)).max() > KT


def two_wells(H_z):
    """Two equal wells on a straight track with a barrier of 7 kB T, in a field."""
    x, period = np.linspace(-80e-9, 80e-9, 641), 30e-9
    k = 2 * math.pi / period
    V = np.where(np.abs(x) < period / 2, 0.5 * (1 + np.cos(k * x)), 0.25 * k**2 * (np.abs(x) - period / 2) ** 2)
    return QPhiModel(device_from_mapping({
        "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 5e-4, "alpha": 0.5}, "wall": {"H_K": 0.0},
        "track": {"length": 300e-9, "width": 64e-9, "thickness": 0.6e-9}, "field": {"H_z": H_z},
        "potential": {"q": (150e-9 + x).tolist(), "V": (7 * KT * V).tolist()},
    }))  # fmt: skip


def test_disturb_by_a_field_against_counted_walls():
    """From each of two wells 7 kB T apart in a field of 2.5 mT; 6144 walls, three standard errors and 8 %."""
    model, n, time = two_wells(2000.0), 6144, 4e-9
    wells = find_wells(model, 300.0)
    rate = rate_matrix(model, wells, 300.0).rate
    share = []
    for start in (0, 1):
        rest = Drive(waveform=Waveform(np.array([0.0, time]), np.zeros(2)))
        first = (wells[start].q, wells[start].phi)
        end = simulate(model.device, rest, n=n, start=first, seed=12, temperature=300.0)
        share.append(float(np.mean(well_index(wells, end.q) != start)))
    both = rate[0, 1] + rate[1, 0]
    for start, p in enumerate(share):
        expected = rate[start, 1 - start] / both * (1 - math.exp(-both * time))
        assert p == pytest.approx(expected, abs=3 * math.sqrt(p / n) + 0.08 * expected)
    ratio = 2 * MU_0 * 7e5 * 0.6e-9 * 2000.0 * 64e-9 * (wells[1].q - wells[0].q) / KT
    assert math.log(rate[0, 1] / rate[1, 0]) == pytest.approx(ratio, rel=0.02)
    assert ratio > 0.9  # without the field both rates are equal


def test_velocity_curves_are_in_the_field():
    """At J = 0 the wall moves with gamma0 Delta H_z/alpha; a plane field along the moment leaves no formula."""
    device = load_device("five_state")
    walls = QPhiModel(straight_track(device, 200e-9))
    curve = velocity_against_current(held(device, H_z=2e3), np.array([0.0, 1e11]), walls=8, measured=5e-9)
    assert curve.noiseless[0] == pytest.approx(GAMMA_0 * walls.Delta * 2e3 / walls.alpha, rel=1e-3)
    assert curve.formula is None
    expected = straight_track_velocity(walls, np.array([1e11]), Field(H_z=2e3))[0]
    assert curve.exact[-1] == pytest.approx(expected[0], rel=1e-9)


def test_current_is_counted_from_the_field():
    """A field to the right lowers the current to the right and raises the one to the left; its sign stays that of J."""
    device = load_device("five_state")
    bare, tilted = (QPhiModel(d) for d in (device, held(device, H_z=1.5e4)))
    before, after = (find_wells(m, 300.0)[2] for m in (bare, tilted))
    right, left = depinning_current(tilted, after, 1), depinning_current(tilted, after, -1)
    assert right < depinning_current(bare, before, 1) < left


def test_soft_strip_takes_the_axes_of_the_track():
    """A held H_x drives the wall of a strip magnetized along x."""
    strip = device_from_mapping({
        "material": {"easy_axis": "x", "Ms": 8e5, "A": 1.3e-11, "K_u": 3e4, "alpha": 0.1}, "wall": {"H_K": -6.9e5},
        "track": {"length": 2e-6, "width": 1e-7, "thickness": 5e-9}, "field": {"H_x": 500.0},
    })  # fmt: skip
    model = QPhiModel(strip)
    velocity = straight_track_velocity(model, np.array([0.0]))[0][0]
    assert velocity == pytest.approx(GAMMA_0 * model.Delta * 500.0 / 0.1, rel=1e-6)


def test_calibration_and_scripts_refuse_it():
    device = held(load_device("five_state"))
    with pytest.raises(InputError, match=r"calibration takes one without \[field\]"):
        calibrate(device, [], ["alpha"])
    with pytest.raises(InputError, match=r"mumax3 takes a perpendicular film without \[field\]"):
        mumax3_files(device)
