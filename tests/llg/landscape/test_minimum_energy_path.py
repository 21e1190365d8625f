"""Fixed points on (q, phi) and the minimum-energy paths between wells, for walls with one angle and with two."""

import collections
import functools

import numpy as np
import pytest

from dwcore.errors import InputError, RunError
from llg.constants import K_B, MU_0
from llg.device.device_file import device_from_mapping, load_device
from llg.landscape import minimum_energy_path as minimum_energy_path_module
from llg.landscape.fixed_points import fixed_points, refined, wrapped
from llg.landscape.minimum_energy_path import has_energy, minimum_energy_path, paths_of_track
from llg.landscape.wells import find_wells
from llg.walls.q_phi import Field, QPhiModel

KT = K_B * 300
PLACES = (130e-9, 200e-9, 270e-9)


@functools.cache
def make_model(D=0.0, places=PLACES, **torque):
    notch = {"shape": "triangular", "depth": 10e-9, "width": 30e-9}
    mapping = {
        "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": 0.3},
        "wall": {"shape": "rigid"},
        "track": {"length": 400e-9, "width": 64e-9, "thickness": 0.6e-9},
        "notch": [{"position": place, **notch} for place in places],
        "torque": {"theta_SH": 0.1, **torque},
    }
    return QPhiModel(device_from_mapping(mapping))


def count(points):
    return collections.Counter(point.kind for point in points)


@pytest.mark.parametrize("field", [Field(), Field(H_x=2e4, H_y=-1e4, H_z=2e3)])
@pytest.mark.parametrize("current_density", [0.0, 1e11])
def test_fixed_points_stand_still_and_are_told_apart(field, current_density):
    """Each kind by the motion of a wall beside it: it comes back from everywhere, from somewhere, from nowhere."""
    model = make_model(4e-4)
    points = fixed_points(model, current_density, field)
    assert count(points)["stable"] == 3 and count(points)["saddle"] >= 5
    for point in points:
        v, rate = model.velocity(point.q, point.phi, current_density, field)
        assert abs(v) < 1e-6 and abs(rate) < 1e3
        growing = {"stable": 0, "saddle": 1, "unstable": 2}[point.kind]
        assert (point.rates.real > 0).sum() == growing and point.rates.real[0] == point.rates.real.max()
        for value, direction in zip(point.rates, point.directions.T, strict=True):
            x = 1e-4 * direction.real
            dq, dphi = model.velocity(point.q + x[0] * model.Delta, point.phi + x[1], current_density, field)
            if np.all(point.rates.imag == 0):
                np.testing.assert_allclose([dq / model.Delta, dphi], value.real * x, atol=0.02 * abs(value * 1e-4))


def test_all_fixed_points_of_bloch_walls():
    """Two angles per notch, the Neel walls between them, and the same again on the hills between the notches."""
    points = fixed_points(make_model(0.0))
    assert count(points) == {"stable": 6, "saddle": 3 * 2 + 2 * 2, "unstable": 2 * 2}
    stable = [p for p in points if p.kind == "stable"]
    np.testing.assert_allclose([abs(p.phi) for p in stable], np.pi / 2, atol=1e-6)
    np.testing.assert_allclose([p.q for p in stable], np.repeat(PLACES, 2), atol=0.1e-9)
    neel = [p for p in points if p.kind == "saddle" and np.abs(np.subtract(PLACES, p.q)).min() < 1e-9]
    np.testing.assert_allclose([abs(np.sin(p.phi)) for p in neel], 0, atol=1e-6)


def test_angles_that_a_field_has_brought_close_are_told_apart():
    """H_K cos phi = (pi/2) (s1/s2) H_x at 4 degrees to either side of the Neel wall between them, which is a saddle."""
    model = make_model(0.0, places=(200e-9,))
    w = model.widths(200e-9)
    most = 2 / np.pi * model.H_K * float(w.s2 / w.s1)
    points = fixed_points(model, 0.0, Field(H_x=most * np.cos(np.radians(4))))
    near = [p for p in points if abs(p.q - 200e-9) < 1e-9 and abs(p.phi) < 1]
    np.testing.assert_allclose(np.degrees([p.phi for p in near]), [-4, 0, 4], atol=1e-3)
    assert [p.kind for p in near] == ["stable", "saddle", "stable"]


def test_a_straight_track_has_no_isolated_fixed_point():
    assert fixed_points(make_model(1e-3, places=())) == []
    assert refined(make_model(1e-3, places=()), 200e-9, np.pi) is None


@pytest.mark.parametrize("name", ["five_state", "sixteen_state"])
def test_paths_of_the_shipped_devices_climb_the_barriers_of_their_wells(name):
    model = QPhiModel(load_device(name))
    wells = find_wells(model, 300)
    paths = paths_of_track(model)
    along = [path for path in paths if path.saddle is not None]
    assert len(paths) == len(wells) + 1 and not any(path.turns for path in paths)
    for path, well in zip(along, wells, strict=False):
        assert path.barrier == pytest.approx(well.barrier_right, rel=1e-5)
        assert path.saddle.q == pytest.approx(well.right_edge, abs=0.2e-9)


def test_bloch_walls_keep_their_angle_along_the_track_and_turn_through_neel_walls():
    model = make_model(0.0)
    paths = paths_of_track(model)
    along = [path for path in paths if path.saddle is not None and not path.turns]
    turning = [path for path in paths if path.turns]
    assert len(along) == 4 and len(turning) == 6
    for path in along:
        np.testing.assert_allclose(np.abs(path.phi), np.pi / 2, atol=1e-4)
    for path in turning:
        area = model.t * float(model.widths(path.q[0]).s2)
        assert path.barrier == pytest.approx(area * MU_0 * model.Ms * model.H_K * model.Delta, rel=1e-3)
        assert abs(np.sin(path.saddle.phi)) < 1e-6
    assert {int(np.sign(np.cos(path.saddle.phi))) for path in turning} == {-1, 1}


def test_path_splits_around_a_hill():
    """Weakly chiral walls are Neel walls in a notch and canted to either side between: two saddles, a hill between."""
    model = make_model(5e-5)
    along = [p for p in paths_of_track(model) if p.saddle is not None and 140e-9 < p.saddle.q < 190e-9]
    assert len(along) == 2
    angles = sorted(float(wrapped(path.saddle.phi, 0.0)) for path in along)
    assert np.pi - angles[0] == pytest.approx(angles[1] - np.pi, rel=1e-3)
    assert angles[1] - angles[0] > 0.3
    hill = float(model.energy(along[0].saddle.q, np.pi))
    assert hill > along[0].energy.max()


def test_path_is_one_of_steepest_descent():
    """The force has no part across the string: with H_y the angle changes along it."""
    model, field = make_model(1e-4), Field(H_y=1e4)
    wells = [p for p in fixed_points(model, 0.0, field) if p.kind == "stable"]
    path = minimum_energy_path(model, *((w.q, w.phi) for w in wells[:2]), field)
    x = np.stack([path.q / model.Delta, path.phi], axis=1)
    tangent = x[2:] - x[:-2]
    tangent /= np.hypot(*tangent.T)[:, None]
    force = np.stack(model.fields(path.q, path.phi, 0.0, field), axis=1)[1:-1]
    across = np.abs(force[:, 0] * tangent[:, 1] - force[:, 1] * tangent[:, 0])
    assert across.max() < 0.01 * np.hypot(*force.T).max()
    assert np.ptp(path.phi) > 0.01
    straight = x[0] + np.linspace(0, 1, len(x))[:, None] * (x[-1] - x[0])
    assert path.barrier < model.energy(straight[:, 0] * model.Delta, straight[:, 1], field).max() - path.energy[0]


def test_paths_lead_to_the_ends_of_the_track():
    model = make_model(0.0, places=(200e-9,))
    out = [path for path in paths_of_track(model) if not path.turns]
    assert sorted(path.q[-1] for path in out) == pytest.approx([0, 0, 400e-9, 400e-9])
    assert {path.saddle for path in out} == {None}  # a plateau without a top
    step = float(model.energy(0.0, np.pi / 2) - model.energy(200e-9, np.pi / 2))
    assert [path.barrier for path in out] == pytest.approx([step] * 4, rel=1e-5)
    assert step > 5 * KT


def test_no_path_where_the_torque_has_no_energy():
    model = make_model(1e-3)
    assert has_energy(model, 0.0) and not has_energy(model, 1e11)
    with pytest.raises(InputError, match=r"current_density = 1e\+11 .* no energy"):
        minimum_energy_path(model, (130e-9, np.pi), (200e-9, np.pi), current_density=1e11)


def test_a_path_that_does_not_come_to_rest_is_no_path(monkeypatch):
    monkeypatch.setattr(minimum_energy_path_module, "_ITERATIONS", 3)
    with pytest.raises(RunError, match=r"no minimum-energy path from q = 1.3e-07 m to 2e-07 m after 3 steps"):
        minimum_energy_path(make_model(1e-3), (130e-9, np.pi), (200e-9, np.pi), bulge=0.5)
