"""Resistance, pulse energy and conductance of a straight track, worked out by hand."""

import dataclasses
import math
import types

import numpy as np
import pytest

from compact.states.energy import pulse_energy
from compact.states.states import read_well
from dwcore.errors import InputError
from llg.device.device_file import device_from_mapping

STACK = {"t_HM": "4 nm", "rho_HM": "20 uohm cm", "rho_FM": "40 uohm cm", "R_contact": "50 ohm"}
READOUT = {"RA": "10 ohm um^2", "TMR": "100 %", "start": "400 nm", "end": "600 nm"}
PULSE = {"current_density": "1e12 A/m^2", "duration": "1 ns", "rise_time": "0.3 ns", "fall_time": "0.6 ns"}


def make_device(**sections):
    return device_from_mapping(
        {
            "name": "by hand",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
            "track": {"length": "1 um", "width": "100 nm", "thickness": "1 nm"},
            "stack": STACK,
            "readout": READOUT,
            "pulse": PULSE,
            **sections,
        }
    )


def test_pulse_energy_of_a_straight_track():
    """Ten squares of 4 nm/2e-7 ohm m + 1 nm/4e-7 ohm m = 22.5 mS in parallel, and the contacts in series.

    R = 10/22.5 mS + 50 ohm = 494.4 ohm. In 100 nm of width 1e12 A/m^2 drive 400 uA through the heavy metal and, at the
    same field, half that density through a quarter of the height of the ferromagnet: 50 uA. The square of linear edges
    integrates to a third of their length: 1 ns - (0.3 + 0.6)/2 ns at the top and (0.3 + 0.6)/3 ns for the edges.
    """
    device = make_device()
    R, current = 10 / 22.5e-3 + 50, 450e-6
    one = R * current**2 * (1e-9 - 0.45e-9 + 0.3e-9)
    assert one == pytest.approx(8.5103e-14, rel=1e-4)
    np.testing.assert_allclose(pulse_energy(device, [1e12], [1e-9]), [[one]], rtol=1e-9)
    more = pulse_energy(device, [-1e12, 0.0, 2e12], [1e-9, 3e-9])
    longer = R * current**2 * (3e-9 - 0.15e-9)
    np.testing.assert_allclose(more, [[one, longer], [0, 0], [4 * one, 4 * longer]], rtol=1e-9)


def test_narrow_places_cost_more():
    """A rectangular notch that halves the width over a tenth of the length makes that part twice as long in squares."""
    notch = [{"position": "500 nm", "shape": "rectangular", "depth": "25 nm", "width": "100 nm"}]
    straight, notched = (pulse_energy(make_device(**extra), [1e12], [1e-9])[0, 0] for extra in ({}, {"notch": notch}))
    R = 10 / 22.5e-3
    assert notched / straight == pytest.approx((1.1 * R + 50) / (R + 50), rel=2e-3)


def test_energy_needs_a_stack_and_a_pulse_that_holds_its_edges():
    with pytest.raises(InputError, match=r"needs a \[stack\] section"):
        pulse_energy(dataclasses.replace(make_device(), stack=None), [1e12], [1e-9])
    with pytest.raises(InputError, match="must be >="):
        pulse_energy(make_device(), [1e12], [0.4e-9])


def conductance(device, q):
    g = device.geometry
    return device.readout.conductance(np.asarray(q, float), g.q, g.w, device.straight_wall.Delta)


def test_conductance_of_a_straight_track():
    """100 nm x 200 nm of 10 ohm um^2: 2 mS parallel, half of it antiparallel; the wall shares them out by place."""
    device = make_device()
    G_P, G_AP = 2e-3, 1e-3
    G = conductance(device, [900e-9, 100e-9, 500e-9, 450e-9, 550e-9])
    share = np.array([1, 0, 0.5, 0.25, 0.75])
    np.testing.assert_allclose(G, G_AP + share * (G_P - G_AP), rtol=1e-6)  # the tail of the wall 50 nm away


def test_conductance_at_the_edge_of_the_junction():
    """A wall at the left end has half of its profile inside: the integral of 1 - tanh from 0 is ln 2 of its width."""
    device = make_device()
    Delta = device.straight_wall.Delta
    expected = 1e-3 + 1e-3 * 0.5 * math.log(2) * Delta / 200e-9
    assert conductance(device, [400e-9])[0] == pytest.approx(expected, rel=1e-12)


def test_a_junction_ends_where_it_does():
    """Of 20 nm, and of less than a cell of the grid, both beside its points: area over RA, the wall far to the right."""
    device = make_device()
    for start, end in ((400.07e-9, 420.03e-9), (400.01e-9, 400.03e-9)):
        narrow = device.replace({"readout.start": start, "readout.end": end})
        found = conductance(narrow, [900e-9, 100e-9])
        np.testing.assert_allclose(found, np.array([1, 0.5]) * 100e-9 * (end - start) / 1e-11, rtol=1e-9)


def test_conductance_over_a_taper():
    """Of w = 100 nm - x/20 with the wall far away: the mean width over the junction, 75 nm, on a coarse grid, too."""
    readout = make_device().readout
    for x in (np.linspace(0, 1e-6, 8), np.linspace(0, 1e-6, 4001)):
        found = readout.conductance(np.array([2e-6]), x, 100e-9 - x / 20, 7e-9)
        assert found == pytest.approx(75e-9 * 200e-9 / 1e-11, rel=1e-12)


def test_both_signs_of_the_wall_read_alike():
    q = np.linspace(0, 1e-6, 21)
    up, down = (conductance(make_device(wall={"Q": Q}), q) for Q in (1, -1))
    np.testing.assert_array_equal(up, down)
    assert np.all(np.diff(up) >= -4 * np.spacing(up.max()))  # sums are rounded where the wall is far away


def test_junction_must_have_a_length():
    with pytest.raises(InputError, match=r"end = 4e-07 \[m\] must be > start"):
        make_device(readout=READOUT | {"end": "400 nm"})


def test_a_state_is_read_over_all_angles_of_the_wall():
    """Mean and spread over the places, each with the sum of its Boltzmann weights, where the last angle is the first."""
    device = make_device()
    weight = np.array([[4.0, 4.0, 4.0, 4.0], [1.0, 8.0, 1.0, 1.0], [1e-99, 2.0, 1e-99, 1e-99], [9.0, 9.0, 9.0, 9.0]])
    q = np.array([450e-9, 500e-9, 525e-9, 575e-9])
    grid = types.SimpleNamespace(q=q, energy=3.0 - np.log(weight), owner=np.array([2, 2, 2, 1]))
    share, G = np.array([12, 10, 2]) / 24, 1e-3 * (1 + np.array([0.25, 0.5, 0.625]))  # as of a straight track
    mean = share @ G
    expected = mean, math.sqrt(share @ (G - mean) ** 2)
    assert read_well(device, grid, 2) == pytest.approx(expected, rel=1e-3)
