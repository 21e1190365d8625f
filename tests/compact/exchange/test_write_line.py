"""What a table knows of the line that carries its pulses, by hand."""

from types import SimpleNamespace

import pytest

from compact.exchange.write_line import write_line

DEVICE = {
    "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
    "torque": {"theta_SH": 0.1},
    "stack": {"t_HM": 4e-9, "rho_HM": 2e-6, "rho_FM": 1e-6, "R_contact": 100.0},
    "track": {"length": 400e-9, "width": 50e-9, "thickness": 1e-9},
    "notch": [],
}


def line(device):
    return write_line(SimpleNamespace(config={"device": device}))


def test_line_of_two_layers_side_by_side():
    """4 nm of heavy metal and 1 nm that conducts twice as well carry 6 nm x 50 nm of the current density; 8 squares."""
    found = line(DEVICE)
    assert found.current_per_density == pytest.approx(50e-9 * 6e-9)
    assert found.resistance == pytest.approx(8 / (4e-9 / 2e-6 + 1e-9 / 1e-6) + 100.0)
    assert found.voltage(SimpleNamespace(current_density=-5e11)) == pytest.approx(5e11 * 3e-16 * found.resistance)


def test_a_narrow_place_adds_to_the_resistance():
    """Half the width over 100 nm makes two squares of that length four; the current is that of the full width."""
    notch = {"position": 200e-9, "shape": "rectangular", "depth": 12.5e-9, "width": 100e-9}
    plain, notched = line(DEVICE), line(DEVICE | {"notch": [notch]})
    assert notched.resistance - 100.0 == pytest.approx(10 / 8 * (plain.resistance - 100.0), rel=0.01)
    assert notched.current_per_density == plain.current_per_density


def test_no_line_without_a_stack_or_a_device():
    assert line({name: part for name, part in DEVICE.items() if name != "stack"}) is None
    assert line(None) is None
    assert line({"material": {"Ms": -1}}) is None
