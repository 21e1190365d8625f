"""Averages over widened and tilted walls against sums over the area of the track, and how well the fitted law holds."""

import math

import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline

from llg.device.device_file import device_from_mapping, load_device
from llg.runs.models import with_model
from llg.walls import deformed_geometry
from llg.walls.deformed_geometry import (
    _beyond,
    _Deformed,
    _deformed,
    _full,
    _moment_difference,
    _response,
    _slanted,
    tilt_response,
    widening_response,
)
from llg.walls.q_phi_chi import QPhiChiModel

LENGTH, CENTRE, DELTA = 400e-9, 200e-9, 7.2e-9


def make_device(depth=10e-9, width=50e-9, crowding=0.4, centre=CENTRE):
    return device_from_mapping(
        {
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
            "wall": {"Delta": DELTA},
            "track": {"length": LENGTH, "width": 64e-9, "thickness": 0.6e-9},
            "notch": [{"position": centre, "shape": "triangular", "depth": depth, "width": width}] if depth else [],
            "torque": {"current_crowding": crowding},
        }
    )


def area_sums(device, place, Delta, chi):
    """(s1, s2, moment/2, P) of one wall by midpoint sums over the track; moment and P from its middle."""
    x = np.arange(-100e-9, LENGTH + 100e-9, 0.25e-9) + 0.125e-9
    eta = (np.arange(64) + 0.5) / 64 - 0.5
    w = device.width_at(x)
    z = ((x[:, None] - place) * math.cos(chi) - eta * w[:, None] * math.sin(chi)) / Delta
    area, across = (w / 64)[:, None] * 0.25e-9, Delta / math.cos(chi)
    kappa = device.torque.current_crowding
    flow = (1 - kappa) + kappa * device.track.width / w[:, None]
    gudermann = 2 * np.arctan(np.tanh(0.5 * z))
    return (
        np.sum(area / np.cosh(z)) / (math.pi * across),
        np.sum(area / np.cosh(z) ** 2) / (2 * across),
        -0.5 * np.sum(area * np.tanh(z)),
        -np.sum(area * flow * gudermann) / math.pi,
    )


@pytest.mark.parametrize("centre", [CENTRE, 25e-9])
@pytest.mark.parametrize(("factor", "degrees"), [(1.3, 0), (0.7, 0), (1.0, 25)])
def test_deformed_walls_against_sums_over_the_area(factor, degrees, centre):
    """At the place where the deformed wall has the magnetic moment of the upright one at q, beside an end as well."""
    device, chi = make_device(centre=centre), math.radians(degrees)
    outline, flow = _slanted(device, math.tan(chi)) if degrees else (device.width_at, _full(device))
    exact = _deformed(device, outline, flow, factor * DELTA / math.cos(chi))
    upright = _deformed(device, device.width_at, _full(device), DELTA)
    q = device.geometry.q
    for place in (centre, centre + 9e-9, centre - 20e-9, centre + 40e-9):
        _, _, moment, P_upright = area_sums(device, place, DELTA, 0.0)
        low, high = place - 15e-9, place + 15e-9
        for _ in range(40):  # bisection
            middle = 0.5 * (low + high)
            low, high = (middle, high) if area_sums(device, middle, factor * DELTA, chi)[2] < moment else (low, middle)
        s1, s2, _, P = area_sums(device, middle, factor * DELTA, chi)
        assert np.interp(place, q, exact.s1) == pytest.approx(s1, abs=0.02e-9)
        assert np.interp(place, q, exact.s2) == pytest.approx(s2, abs=0.02e-9)
        assert np.interp(place, q, exact.P - upright.P) == pytest.approx(P - P_upright, abs=0.5e-18)
    assert np.ptp(exact.s2 - upright.s2) > 1e-9


def test_slopes():
    """Derivatives along the track, and dP/dq = s_J of the deformed wall per place of the upright one."""
    device = make_device()
    chi = math.radians(20)
    exact = _deformed(device, *_slanted(device, math.tan(chi)), DELTA / math.cos(chi))
    step = device.geometry.step
    for values, slope in ((exact.s1, exact.ds1), (exact.s2, exact.ds2), (exact.P, exact.dP)):
        np.testing.assert_allclose(
            np.gradient(values, step)[2:-2], slope[2:-2], rtol=0, atol=1e-3 * np.abs(slope).max()
        )


def test_law_of_the_width():
    """Linear in the width: to 0.2 nm of 64 within 20 %, to 1 nm at half and at one and a half times the width."""
    device = make_device()
    g, r = device.geometry, widening_response(device)
    for factor, allowed in ((0.5, 1e-9), (0.8, 0.2e-9), (0.9, 0.1e-9), (1.2, 0.2e-9), (1.5, 1e-9)):
        exact = _deformed(device, device.width_at, _full(device), factor * DELTA)
        np.testing.assert_allclose(exact.s1, g.s1 + (factor - 1) * r.b1, rtol=0, atol=allowed)
        np.testing.assert_allclose(exact.s2, g.s2 + (factor - 1) * r.b2, rtol=0, atol=allowed)
    assert np.abs(r.b1).max() > 3e-9


def test_law_of_the_tilt():
    """To 0.5 nm of 64 up to 30 degrees, where the largest change is 9 nm."""
    device = make_device()
    g, r = device.geometry, tilt_response(device)
    for degrees in (10, 20, 30):
        chi = math.radians(degrees)
        exact = _deformed(device, *_slanted(device, math.tan(chi)), DELTA / math.cos(chi))
        zeta = math.sin(chi) ** 2 / (1 + r.saturation * math.sin(chi) ** 2)
        np.testing.assert_allclose(exact.s1, g.s1 + zeta * r.b1, rtol=0, atol=0.5e-9)
        np.testing.assert_allclose(exact.s2, g.s2 + zeta * r.b2, rtol=0, atol=0.5e-9)
    assert np.abs(exact.s2 - g.s2).max() > 8e-9
    assert np.all(g.s2 + r.b2 / (1 + r.saturation) > 0)


def test_tilted_walls_of_a_mirrored_track_are_mirrored():
    """The moment counts over the whole track: a slanted line moves the area of each notch, the far ones too."""
    device = load_device("five_state")
    response, largest = tilt_response(device), device.track.width
    for name in ("b1", "b2"):
        there = getattr(response, name)
        assert np.abs(there).max() > 0.1 * largest
        np.testing.assert_allclose(there, there[::-1], atol=1e-4 * largest)
    model = with_model(device, "q-phi-chi")
    wall, middle = QPhiChiModel(model), 0.5 * device.track.length
    one, other = (np.array(wall.velocity(middle + s * 17e-9, np.pi + s * 0.4, s * 0.3, s * 4e11)) for s in (1, -1))
    np.testing.assert_allclose(one, -other, rtol=1e-4)


def test_an_integral_goes_on_with_the_width_at_the_ends():
    """Of w = 1 + x/10 from 0 to 10: 15 at its end, 2 more for each step beyond, and less 1 for each before the start."""
    w = CubicHermiteSpline([0.0, 10.0], [1.0, 2.0], [0.1, 0.1])
    np.testing.assert_allclose(_beyond(w.antiderivative(), w, np.array([-2.0, 4.0, 12.0]), 10.0), [-2.0, 4.8, 19.0])


def test_constant_of_the_moment():
    """Half of what sgn(x) weighs of 1 less 2 on the right: -5 of ten lengths."""
    x = np.arange(-9.95, 10, 0.1)
    found = _moment_difference(x, np.ones_like, 1.0, lambda x: np.where(x > 0, 2.0, 1.0), 1.0, np.sign)
    assert found == pytest.approx(-5.0, rel=1e-12)


def test_straight_track_does_not_respond():
    device = make_device(depth=0.0)
    for response in (widening_response(device), tilt_response(device)):
        assert max(np.abs(b).max() for b in (response.b1, response.b2)) < 1e-15
        assert max(np.abs(b).max() for b in (response.db1, response.db2)) < 1e-7


@pytest.mark.parametrize("kappa", [0.0, 3.5, 8.0])
def test_a_tilt_that_saturates_by_the_law_is_fitted_by_it(monkeypatch, kappa):
    """Averages that change by sin^2 chi/(1 + kappa sin^2 chi) of a shape give back kappa and the shape."""
    device = make_device()
    g = device.geometry
    shape = 3e-9 * np.exp(-(((g.q - CENTRE) / 20e-9) ** 2))

    def deformed(_device, _outline, _crowded, Delta):
        square = 1 - (DELTA / Delta) ** 2  # Delta is that along x, over cos chi
        part = square / (1 + kappa * square)
        return _Deformed(
            s1=g.s1 + part * shape, s2=g.s2 - part * shape, ds1=g.ds1 + part, ds2=g.ds2 - 2 * part, P=4 * part * g.q,
            dP=5 * part + 0 * g.q,
        )  # fmt: skip

    monkeypatch.setattr(deformed_geometry, "_deformed", deformed)
    response = tilt_response.__wrapped__(device)
    assert response.saturation == kappa
    for found, expected in (
        (response.b1, shape), (response.b2, -shape), (response.db1, 1), (response.db2, -2), (response.p, 4 * g.q),
        (response.dp, 5),
    ):  # fmt: skip
        np.testing.assert_allclose(found, np.broadcast_to(expected, g.q.shape), rtol=1e-9, atol=1e-18)


def test_a_width_responds_with_the_slope_between_four_fifths_and_six_fifths(monkeypatch):
    device = make_device()
    g = device.geometry

    def deformed(_device, _outline, _crowded, Delta):
        zeta = Delta / DELTA - 1
        even = 7e-9 * zeta**2  # what is even in the widening drops out
        return _Deformed(*(factor * zeta * np.ones_like(g.q) + even for factor in (1e-9, 2e-9, 3, 4, 5, 6)))

    monkeypatch.setattr(deformed_geometry, "_deformed", deformed)
    response = widening_response.__wrapped__(device)
    found = (response.b1, response.b2, response.db1, response.db2, response.p, response.dp)
    for values, expected in zip(found, (1e-9, 2e-9, 3, 4, 5, 6), strict=True):
        np.testing.assert_allclose(values, expected, rtol=1e-9)
    assert response.saturation == 0.0


def test_averages_of_large_tilts_keep_a_fifth_of_the_width():
    """Where the law would take s1 or s2 below that, the change is -0.8 of it, and its slope that of it."""
    device = make_device()
    g = device.geometry
    deep = np.abs(g.q - CENTRE) < 30e-9
    change = np.stack([np.where(deep, -0.9, -0.5) * g.s1, np.where(deep, -0.7, -1.5) * g.s2, g.ds1, g.ds2, g.q, g.q**2])
    found = _response(device, change, 2.0)
    np.testing.assert_allclose(found.b1, np.where(deep, -0.8, -0.5) * g.s1)
    np.testing.assert_allclose(found.b2, np.where(deep, -0.7, -0.8) * g.s2)
    np.testing.assert_allclose(found.db1, np.where(deep, -0.8, 1.0) * g.ds1, atol=1e-15)
    np.testing.assert_allclose(found.db2, np.where(deep, 1.0, -0.8) * g.ds2, atol=1e-15)
    assert found.saturation == 2.0 and np.array_equal(found.p, g.q) and np.array_equal(found.dp, g.q**2)
