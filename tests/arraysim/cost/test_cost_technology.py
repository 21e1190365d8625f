"""Nodes and published component figures: tables, scaling rules, bad input."""

import math

import numpy as np
import pytest

from arraysim.cost.components import Parts, published
from arraysim.cost.technology import gate_delay, gate_energy, relative_area, technology
from dwcore.errors import InputError

KNOWN_SCALINGS = {"analog", "area", "energy", "delay", "wire", "length", "none"}


def test_gate_of_a_tabulated_node_follows_the_polynomials():
    node = technology(32)
    assert node.supply == 0.9
    assert node.gate_energy == pytest.approx(1e-15 * (0.9559 * 0.81 - 0.7823 * 0.9 + 0.471), rel=1e-12)
    assert node.gate_delay == pytest.approx(1e-12 * (-325.9 * 0.729 + 1374 * 0.81 - 1922 * 0.9 + 913.2), rel=1e-12)
    assert technology(32, "HP").gate_energy == pytest.approx(1e-15 * (0.8367 * 0.81 - 0.4341 * 0.9 + 0.1701))
    assert node.sram_cell == pytest.approx(0.171e-12)


def test_between_two_nodes_the_logarithm_is_interpolated():
    share = math.log(28 / 20) / math.log(32 / 20)
    assert relative_area(28) == pytest.approx(0.46 ** (1 - share), rel=1e-12)
    assert technology(28).supply == pytest.approx(0.9)


@pytest.mark.parametrize("part", [1.0, 0.95])
def test_neighbours_of_a_node_are_taken_at_the_same_share_of_their_own_supply(part):
    """At 40 nm, between 0.9 V at 32 nm and 1 V at 45 nm."""
    share = math.log(40 / 32) / math.log(45 / 32)
    below, above = (technology(nm, supply=part * volt).gate_delay for nm, volt in ((32, 0.9), (45, 1.0)))
    found = technology(40, supply=part * technology(40).supply).gate_delay
    assert found == pytest.approx(below ** (1 - share) * above**share, rel=1e-12)


@pytest.mark.parametrize(("node", "supply"), [(65, 1.1), (90, 1.2)])
def test_low_power_transistors_of_older_nodes_are_as_much_slower_as_at_45_nm(node, supply):
    """The polynomials of 45 nm at 1 V: 57.1 against 12.5 ps; older nodes have one polynomial for both kinds."""
    slower = (-285.7 + 1239 - 1795 + 898.8) / (-501.6 + 1567 - 1619 + 566.1)
    assert gate_delay(node, "LP", supply) / gate_delay(node, "HP", supply) == pytest.approx(slower)


def test_smaller_nodes_take_less_area_and_energy():
    nodes = [technology(nm) for nm in (130, 90, 65, 45, 32, 20, 16, 14, 10, 7)]
    assert np.all(np.diff([node.area for node in nodes]) < 0)
    assert np.all(np.diff([node.gate_energy for node in nodes]) < 0)
    assert np.all(np.diff([node.sram_cell for node in nodes]) < 0)


def test_every_component_is_complete_and_scales_by_a_known_rule():
    for part in published().values():
        assert part.source
        assert part.value > 0
        assert part.scaling in KNOWN_SCALINGS
        assert part.scaling == "none" or part.node_nm > 0


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("adder_bit_area", 1 / 2.2),
        ("adder_bit_energy", gate_energy(32, "LP", 0.9) / gate_energy(45, "HP", 0.9)),
        ("dac_unit_energy", 0.9**2),
        ("gate_width", 32 / 45),
        ("HBM2_bit_energy", 1.0),
    ],
)
def test_figures_are_brought_to_a_node_by_their_rule(name, factor):
    parts = Parts(technology(32))
    assert parts[name] == pytest.approx(published()[name].value * factor, rel=1e-12)


def test_analog_parts_do_not_shrink_below_the_node_they_are_known_at():
    """28 nm at 1 V: at 45 nm they are larger by the ratio, at 22 nm only the supply counts."""
    known = published()["adc_bit_energy"].value
    for node, larger in ((45, 45 / 28), (22, 1.0)):
        target = technology(node, supply=0.9)
        assert Parts(target)["adc_bit_energy"] == pytest.approx(known * larger * 0.9**2)


def test_resistance_of_a_transistor_is_that_of_the_square_law():
    assert Parts(technology(32)).linear_resistance == pytest.approx((0.9 - 0.5) / (2 * 600.0))


@pytest.mark.parametrize("node", [5, 131, float("nan")])
def test_nodes_outside_the_tables_are_refused(node):
    with pytest.raises(InputError, match="node"):
        technology(node)


def test_supplies_outside_the_fits_are_refused():
    with pytest.raises(InputError, match=r"supply = 0\.5 \[V\]"):
        technology(32, supply=0.5)


def test_unknown_components_and_impossible_factors_are_refused():
    with pytest.raises(InputError, match='did you mean "comparator_energy"'):
        Parts(technology(32), {"comparator_energie": 2.0})
    with pytest.raises(InputError, match="must be > 0"):
        Parts(technology(32), {"comparator_energy": -1.0})
