"""Each unit that a column of measurements may have, and what simulators call their columns."""

import numpy as np
import pytest

from dwcore.errors import InputError
from dwcore.storage.measurements import UNITS, Measurements, unit_of
from dwcore.units import to_si

SI = {
    "length": {"m": 1, "um": 1e-6, "nm": 1e-9},
    "field": {"T": 1, "mT": 1e-3, "G": 1e-4, "Oe": 1e-4},
    "time": {"s": 1, "us": 1e-6, "ns": 1e-9, "ps": 1e-12, "ms": 1e-3},
    "speed": {"m/s": 1, "nm/ns": 1, "cm/s": 1e-2, "nm/us": 1e-3},
    "current density": {"A/m2": 1, "1e10 A/m2": 1e10, "1e11 A/m2": 1e11, "1e12 A/m2": 1e12, "MA/cm2": 1e6 / 1e-4,
                        "A/cm2": 1e4, "GA/m2": 1e9, "1e6 A/cm2": 1e10},
    "current": {"A": 1, "mA": 1e-3, "uA": 1e-6},
    "voltage": {"V": 1, "mV": 1e-3},
    "conductance": {"S": 1, "mS": 1e-3, "uS": 1e-6, "nS": 1e-9, "pS": 1e-12},
    "resistance": {"ohm": 1, "kohm": 1e3, "Mohm": 1e6},
    "energy": {"J": 1, "aJ": 1e-18, "zJ": 1e-21, "eV": 1.602176634e-19},
    "number": {"": 1},
}  # fmt: skip
"""By hand: a flux density of 1 Oe is 1e-4 T in vacuum, 1 MA/cm2 is 1e6 A on 1e-4 m2."""


def table(tmp_path, text):
    path = tmp_path / "data.csv"
    path.write_text(text)
    return Measurements(path)


def test_units_have_their_factors():
    assert UNITS.keys() == SI.keys()
    for kind, units in SI.items():
        assert {unit: UNITS[kind][unit] for unit in units} == pytest.approx(units, rel=1e-12), kind


def test_all_factors_are_those_of_the_units_library():
    """Files of parameters know all units. To 1e-9: there 1 Oe is 1e-4 T times mu_0 of today over 4 pi 1e-7."""
    si = {"length": "m", "field": "T", "time": "s", "speed": "m/s", "current density": "A/m^2", "current": "A",
          "voltage": "V", "conductance": "S", "resistance": "ohm", "energy": "J"}  # fmt: skip
    for kind, wanted in si.items():
        for unit, factor in UNITS[kind].items():
            text = unit if unit.startswith("1e") else f"1 {unit}"
            assert factor == pytest.approx(to_si(text, wanted), rel=1e-9), unit


@pytest.mark.parametrize(
    ("quantity", "kind"),
    [("q", "length"), ("q_S", "length"), ("Bz", "field"), ("t", "time"), ("duration", "time"), ("v", "speed"),
     ("J", "current density"), ("E", "energy"), ("dE", "energy")],
)  # fmt: skip
def test_quantities_are_read_in_each_of_their_units(tmp_path, quantity, kind):
    """The unit at the end of the header or in brackets, and the same for the standard error."""
    for unit, factor in SI[kind].items():
        for header in (f"{quantity}_{unit}".replace("/", "_per_").replace(" ", "_"), f"{quantity} ({unit})"):
            found = table(tmp_path, f"{header},{quantity}_error_{unit}\n2,0.5\n4,0.25\n")
            np.testing.assert_allclose(found.get(quantity), factor * np.array([2, 4]), rtol=1e-12)
            np.testing.assert_allclose(found.get(quantity, error=True), factor * np.array([0.5, 0.25]), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "unit", "quantity", "factor"),
    [
        ("mz", "", "mz", 1),
        ("B_extz", "mT", "Bz", 1e-3),
        ("ext_dwpos", "m", "q", 1),
        ("ext_dwxpos", "nm", "q", 1e-9),
        ("ext_dwspeed", "m/s", "v", 1),
    ],
)
def test_columns_of_simulators(tmp_path, name, unit, quantity, factor):
    found = table(tmp_path, f"# t (ns)\tmx ()\t{name} ({unit})\n1\t0.25\t3\n2\t0.5\t5\n")
    np.testing.assert_allclose(found.get("t"), [1e-9, 2e-9])
    np.testing.assert_allclose(found.get(quantity), [3 * factor, 5 * factor])
    others = {"mz", "Bz", "q", "v"} - {quantity}
    assert not any(found.has(other) for other in others)


@pytest.mark.parametrize(("header", "kind"), [("t_min", "time"), ("v_c", "speed"), ("q_in", "length"), ("t_h", "time")])
def test_what_only_looks_like_a_unit_is_none(header, kind):
    assert unit_of(header, UNITS[kind]) is None


@pytest.mark.parametrize("header", ["q_nm,q_um", "# t (ns)\text_dwpos (m)\text_dwxpos (m)"])
def test_a_quantity_that_two_columns_hold_is_not_guessed(tmp_path, header):
    found = table(tmp_path, f"{header}\n" + ("1,2\n3,4\n" if "," in header else "1\t2\t3\n"))
    with pytest.raises(InputError, match=r"columns .* and .* both hold q; choose with --column q=NAME"):
        found.get("q")


def test_columns_that_nobody_asked_for_are_said(tmp_path, caplog):
    """Of a simulator only a drive that is not zero: it has many columns of its own."""
    found = table(tmp_path, "t_ns,q_nm,J_1e11_A_per_m2\n1,2,3\n")
    found.get("q")
    found.note_unread()
    assert caplog.messages == [f'{tmp_path / "data.csv"}: not read: "t_ns", "J_1e11_A_per_m2"']
    caplog.clear()
    found = table(tmp_path, "# t (ns)\tmx ()\tB_extx (T)\tB_exty (T)\text_dwpos (m)\n1\t0.5\t0\t0.1\t2\n")
    found.get("q")
    found.note_unread()
    assert caplog.messages == [f'{tmp_path / "data.csv"}: not read: "B_exty"']
