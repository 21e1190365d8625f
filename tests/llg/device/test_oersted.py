"""The Oersted field of the heavy metal: against Biot and Savart over its cross-section, and what it does to a wall."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from dwcore.errors import InputError
from llg import load_device
from llg.walls.q_phi import Field, QPhiModel

T_HM, T, W = 5e-9, 0.8e-9, 60e-9


def stack(side, t_HM=T_HM):
    return dataclasses.replace(load_device("five_state").stack, t_HM=t_HM, oersted=side)


def biot_savart(y):
    """H_y [A/m] at the height of the middle of the ferromagnet for 1 A/m^2 along +x in the layer below it."""

    def wire(height, across):  # of a wire at (across, height): H = I x cross r/(2 pi r^2)
        dy, dz = y - across, 0.5 * T - height
        return -dz / (2 * math.pi * (dy**2 + dz**2))

    return dblquad(wire, -0.5 * W, 0.5 * W, -T_HM, 0.0, epsabs=1e-14, epsrel=1e-7)[0]


def test_field_is_that_of_all_wires():
    mean = quad(biot_savart, 0, 0.5 * W, epsrel=1e-5, epsabs=1e-13)[0] / (0.5 * W)
    below = stack("below").oersted_field(W, T)
    assert below == pytest.approx(mean, rel=1e-4)
    assert stack("above").oersted_field(W, T) == -below
    assert stack(None).oersted_field(W, T) == 0
    assert -0.95 < below / (0.5 * T_HM) < -0.8  # the endless layer would be off by more than 5 %


def test_wide_layer_is_a_sheet():
    """H = J t_HM/2 beside a layer much wider than thick."""
    assert stack("above").oersted_field(1.0, T) == pytest.approx(0.5 * T_HM, rel=1e-6)


@pytest.mark.parametrize("name", ["q-phi", "q-phi-chi"])
def test_wall_feels_it_as_a_field_along_y(name):
    """Torques under a current are those without it in a field H_y, with uniform current; 1.2 kA/m at 5e11 A/m^2."""
    device = load_device("five_state").replace({"torque.current_crowding": 0.0, "wall.model": name})
    with_field = device.replace({"stack.oersted": "below"})
    J, q, phi = 5e11, np.linspace(300e-9, 420e-9, 7), np.linspace(2, 4, 7)
    H = device.stack.t_HM * J * 0.5
    size = (
        dataclasses.replace(device.stack, oersted="below").oersted_field(device.track.width, device.track.thickness) * J
    )
    assert -H < size < -0.85 * H
    np.testing.assert_allclose(
        QPhiModel(with_field).fields(q, phi, J), QPhiModel(device).fields(q, phi, J, Field(H_y=size)), rtol=1e-12
    )
    assert np.abs(np.subtract(QPhiModel(with_field).fields(q, phi, J), QPhiModel(device).fields(q, phi, J))).max() > 500


def test_files_of_older_devices_say_nothing_of_it():
    assert "oersted" not in load_device("five_state").config()["stack"]
    with pytest.raises(InputError, match='oersted = "left" must be one of below, above'):
        load_device("five_state").replace({"stack.oersted": "left"})
