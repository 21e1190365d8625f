"""Paths between wells piece by piece: barriers, equal spacing, which wells are joined, what has an energy."""

import math
import types

import numpy as np
import pytest

from llg.device.device_file import device_from_mapping
from llg.landscape.fixed_points import FixedPoint, classified, fixed_points, refined, wrapped
from llg.landscape.minimum_energy_path import (
    EnergyPath,
    _along,
    _around,
    _equally_spaced,
    _places,
    _relaxed_angle,
    has_energy,
    minimum_energy_path,
)
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel


def make_model(D=0.0, notches=(200e-9,), **torque):
    notch = {"shape": "cosine", "depth": 8e-9, "width": 60e-9}
    return QPhiModel(
        device_from_mapping(
            {
                "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": 0.3},
                "wall": {"shape": "rigid", "H_K": 2e4},
                "track": {"length": 400e-9, "width": 64e-9, "thickness": 0.6e-9},
                "notch": [{"position": place, **notch} for place in notches],
                "torque": torque or {"theta_SH": 0.1, "current_crowding": 0.0},
            }
        )
    )


def point(q, phi, kind="stable"):
    return FixedPoint(q, phi, kind, np.zeros(2, complex), np.eye(2, dtype=complex))


def test_angles_between_two_ends_of_a_turn():
    np.testing.assert_allclose(
        wrapped(np.array([-4.0, 0.0, 4.0, 10.0])), [2 * np.pi - 4, 0, 4 - 2 * np.pi, 10 - 4 * np.pi]
    )
    np.testing.assert_allclose(wrapped(np.array([-1.0, 7.0]), 0.0), [2 * np.pi - 1, 7 - 2 * np.pi])


def test_barrier_counts_from_the_start_of_the_path():
    path = EnergyPath(np.arange(4.0), np.zeros(4), np.array([3.0, 1.0, 5.0, 0.0]), None)
    assert path.barrier == 2.0


def test_images_are_spread_evenly_along_a_bent_string():
    """A corner of 3 and 4 long: eight images each 1 apart."""
    x = np.array([[0, 0], [0.1, 0], [2.9, 0], [3, 0], [3, 1], [3, 1.5], [3, 3.9], [3, 4]], float)
    found = _equally_spaced(x)
    np.testing.assert_allclose(np.abs(np.diff(found, axis=0)).sum(axis=1), 1)
    np.testing.assert_allclose(found[[0, 3, -1]], [[0, 0], [3, 0], [3, 4]], atol=1e-12)


def test_wells_of_one_place_and_the_ways_between_places():
    """Bloch wells at +-90 degrees, one Neel well beside them: each to the nearest angle, from left to right."""
    model = make_model()
    up, down, single = point(100e-9, 1.5), point(100.5e-9, -1.5), point(200e-9, 1.2)
    places = _places(model, [single, down, up])
    assert [[p.q for p in place] for place in places] == [[100e-9, 100.5e-9], [200e-9]]
    assert [len(p) for p in _places(model, [up, point(100e-9 + 1.1 * model.Delta, 1.5)])] == [1, 1]
    ways = list(_along(*places))
    assert ways == [((100e-9, 1.5), (200e-9, pytest.approx(1.2))), ((100.5e-9, -1.5), (200e-9, pytest.approx(1.2)))]
    back = list(_along([single], [point(300e-9, 1.0), point(300e-9, -3.0)]))
    assert back == [
        ((200e-9, 1.2), (300e-9, pytest.approx(1.0))),
        ((200e-9, 1.2), (300e-9, pytest.approx(2 * np.pi - 3.0))),
    ]
    right = [point(300e-9, 1.4), point(300e-9, -1.4)]
    assert [(a[1], b[1]) for a, b in _along([up, down], right)] == [
        (1.5, pytest.approx(1.4)),
        (-1.5, pytest.approx(-1.4)),
    ]


def test_ways_around_the_circle_at_one_place():
    """From each angle to the next one upwards, and from the last to the first a turn later; none of one alone."""
    ways = list(_around([point(1.0, 1.5), point(2.0, -1.5)]))
    assert ways == [((2.0, -1.5), (1.0, pytest.approx(1.5))), ((1.0, 1.5), (2.0, pytest.approx(2 * np.pi - 1.5)))]
    assert list(_around([point(1.0, 1.5)])) == []


def test_which_torques_have_an_energy():
    for torque, there in (
        ({"theta_SH": 0.1}, False), ({"P": 0.5}, False), ({"theta_SH": 0.1, "P": 0.5}, False),
        ({"current_crowding": 1.0}, True),
    ):  # fmt: skip
        model = make_model(**torque)
        assert has_energy(model, 0.0) and has_energy(model, 1e11) is there


def test_angle_to_which_a_held_wall_relaxes():
    """Bloch to the nearer side; with a field along y and without H_K's help to that of the field."""
    model = make_model()
    for start, end in ((1.2, 0.5 * math.pi), (-0.3, -0.5 * math.pi), (3.0, 0.5 * math.pi)):
        assert _relaxed_angle(model, 100e-9, start, NO_FIELD, 0.0) == pytest.approx(end, abs=1e-4)
    assert _relaxed_angle(model, 100e-9, -1.5, Field(H_y=3e4), 0.0) == pytest.approx(0.5 * math.pi, abs=1e-4)


def test_path_in_the_field_like_torque_of_a_current():
    """That of a field along y: H_FL takes the place of H_y, in the energy of each image too."""
    model = make_model(2e-5, notches=(130e-9, 270e-9))
    model.H_FL_per_J, model.H_DL_per_J = 1e-7, 0.0
    J, field = 1e11, Field(H_y=1e4)
    ends = [(p.q, p.phi) for p in fixed_points(model, 0.0, field) if p.kind == "stable"]
    driven = minimum_energy_path(model, *ends[:2], current_density=J, images=31)
    still = minimum_energy_path(model, *ends[:2], field, images=31)
    np.testing.assert_allclose(driven.energy, model.energy(driven.q, driven.phi, NO_FIELD, J), rtol=1e-12)
    assert driven.barrier == pytest.approx(still.barrier, rel=1e-6) and still.barrier > 1e-20
    assert 150e-9 < driven.saddle.q < 250e-9 and driven.saddle.kind == "saddle"
    assert driven.phi[np.argmax(driven.energy)] == pytest.approx(driven.saddle.phi, abs=1e-9)


@pytest.mark.parametrize("turns", [-1, 2])
def test_a_path_on_another_turn_of_the_angle_is_the_same_path(turns):
    """Its top too, though the saddle itself is named by its angle from -pi to pi."""
    model = make_model(2e-5, notches=(130e-9, 270e-9))
    ends = [(p.q, p.phi) for p in fixed_points(model) if p.kind == "stable"][:2]
    here = minimum_energy_path(model, *ends, images=21)
    there = minimum_energy_path(model, *((q, phi + 2 * np.pi * turns) for q, phi in ends), images=21)
    assert here.saddle is not None
    np.testing.assert_allclose(there.phi - 2 * np.pi * turns, here.phi, atol=1e-6)
    np.testing.assert_allclose(there.energy, here.energy, rtol=1e-9)


def test_a_fixed_point_is_looked_for_within_a_width_and_a_radian():
    model = make_model(1e-3)
    at = refined(model, 200e-9 + 0.5 * model.Delta, np.pi - 0.3)
    assert at.q == pytest.approx(200e-9, abs=1e-12) and at.kind == "stable"
    assert refined(model, 200e-9 + 1.2 * model.Delta, np.pi) is None
    assert refined(model, 200e-9, np.pi - 1.05) is None


@pytest.mark.parametrize(("x", "on_track"), [(-0.05, False), (0.05, True), (19.95, True), (20.05, False)])
def test_places_beyond_the_ends_of_the_track_do_not_count(x, on_track):
    """A wall that f1 = x_0 - x and f2 = 0.3 - phi hold; the track is 20 wall widths long."""
    model = types.SimpleNamespace(
        Delta=5e-9, sigma_0=1e-9, Ms=1e6, device=types.SimpleNamespace(track=types.SimpleNamespace(length=20 * 5e-9)),
        fields=lambda q, phi, *_: np.broadcast_arrays(x - q / 5e-9, 0.3 - phi),
        velocity=lambda q, phi, *_: np.broadcast_arrays(5e-9 * x - q, 0.3 - phi),
    )  # fmt: skip
    found = [(p.q / 5e-9, p.phi) for p in fixed_points(model)]
    assert found == ([pytest.approx((x, 0.3))] if on_track else [])


def test_rates_about_a_fixed_point():
    """Angle and place of a Neel wall in a notch, in units of Delta: eigenvalues of the slopes of the velocity."""
    model = make_model(1e-3)
    found = classified(model, 200e-9, np.pi)
    h = 1e-4
    columns = []
    for dq, dphi in ((h * model.Delta, 0), (0, h)):
        ahead, behind = (np.array(model.velocity(200e-9 + s * dq, np.pi + s * dphi)) for s in (1, -1))
        columns.append((ahead - behind) / (2 * h) / [model.Delta, 1])
    matrix = np.array(columns).T
    expected = np.linalg.eigvals(matrix)
    scale = np.abs(matrix).max()
    np.testing.assert_allclose(matrix @ found.directions / scale, found.directions * found.rates / scale, atol=1e-5)
    np.testing.assert_allclose(np.sort(found.rates.real), np.sort(expected.real), rtol=1e-6)
    assert found.rates.real[0] == found.rates.real.max() < 0 and found.kind == "stable"
