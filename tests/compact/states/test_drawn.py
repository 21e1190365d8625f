"""Which drawn parameters a table holds, under which names and in which units."""

import dataclasses

import numpy as np
import pytest

from compact.states.drawn import drawn_parameters, parameter_unit
from llg.device.device_file import load_device
from llg.device.gate import Gate
from llg.device.variation import Variation

BARE = load_device("five_state").replace({"variation": Variation()})
OF_SECTION = {
    "Ms": ("material", "A/m"), "A": ("material", "J/m"), "K_u": ("material", "J/m^3"), "D": ("material", "J/m^2"),
    "alpha": ("material", "1"), "thickness": ("track", "m"), "width": ("track", "m"), "theta_SH": ("torque", "1"),
    "k_FL": ("torque", "1"), "P": ("torque", "1"), "beta": ("torque", "1"), "RA": ("readout", "ohm m^2"),
    "TMR": ("readout", "1"),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_SECTION)
def test_each_spread_shows_the_parameter_that_it_is_of(name):
    """Of a device whose only spread it is, its values are those of the drawn devices, in their order."""
    section, unit = OF_SECTION[name]
    spread = BARE.replace({"variation": Variation(**{f"{name}_dtod": 0.01})})
    drawn = [spread.draw(number, 5) for number in (3, 8)]
    found = drawn_parameters(drawn)
    assert found.keys() == {"instance", name} and found["instance"].tolist() == [3, 8]
    assert found[name].tolist() == [getattr(getattr(one, section), name) for one in drawn]
    assert parameter_unit(name) == unit


@pytest.mark.parametrize("name", ["depth", "width", "position"])
def test_notches_are_counted_from_one(name):
    fields = {f"notch_{name}_dtod": 1e-9 if name == "position" else 0.01}
    drawn = [BARE.replace({"variation": Variation(**fields)}).draw(number, 5) for number in (1, 2)]
    found = drawn_parameters(drawn)
    assert list(found) == ["instance", *(f"notch_{number}_{name}" for number in range(1, 6))]
    for number in range(5):
        values = [getattr(one.notches[number], name) for one in drawn]
        assert found[f"notch_{number + 1}_{name}"].tolist() == values and len(set(values)) == 2
    assert parameter_unit(f"notch_4_{name}") == "m"


def test_a_gate_shows_its_strength_where_it_scatters():
    gated = dataclasses.replace(BARE, gate=Gate(xi=100e-15, voltage=1.0, oxide_thickness=2e-9))
    assert drawn_parameters([gated]).keys() == {"instance"}
    spread = gated.replace({"variation": Variation(gate_dtod=0.1)})
    drawn = [spread.draw(number, 5) for number in (1, 2)]
    found = drawn_parameters(drawn)
    assert found.keys() == {"instance", "gate_xi"}
    assert found["gate_xi"].tolist() == [one.gate.xi for one in drawn] and len(set(found["gate_xi"])) == 2


def test_without_spreads_there_are_the_numbers_alone():
    assert drawn_parameters([dataclasses.replace(BARE, instance=7)]).keys() == {"instance"}
    no_readout = dataclasses.replace(BARE.replace({"variation": Variation(RA_dtod=0.1)}), readout=None)
    assert drawn_parameters([no_readout]).keys() == {"instance"}
    assert [parameter_unit(name) for name in ("instance", "unheard_of", "notch_1_unheard")] == ["1", "SI", "SI"]
    assert all(isinstance(values, np.ndarray) for values in drawn_parameters([BARE]).values())
