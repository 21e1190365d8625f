"""Declared parameters: units, bounds, defaults, and messages that name what is wrong."""

import dataclasses
import math

import numpy as np
import pytest

from dwcore import units
from dwcore.errors import InputError
from dwcore.parameters import Parameters, as_number, descent, numbers, quantity, whole, word
from dwcore.units import is_number, plain_whole, to_si
from llg.device.material import Material, Wall
from llg.device.variation import Variation

MU_0 = 1.25663706127e-6  # T m/A


@dataclasses.dataclass(frozen=True, kw_only=True)
class Room(Parameters):
    """A section with one field of every kind."""

    height: float = quantity("height of the room", "m", gt=0, le=10)
    share: float = quantity("share of glass", "1", default=0.5, ge=0, lt=1)
    load: float | None = quantity("load on the floor", "N", default=None)
    floor: str = word("floor covering", default="wood", choices=("wood", "stone"))
    beams: tuple[float, ...] = numbers("places of the beams", "m")

    def problems(self):
        if self.beams and max(self.beams) > self.height:
            yield "beams must lie in the room"


def complaint(function, *arguments, **keywords):
    """The message of the InputError that a call raises; it must be one line."""
    with pytest.raises(InputError) as caught:
        function(*arguments, **keywords)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("0.6 nm", "m", 0.6e-9),
        ("700 kA/m", "A/m", 7e5),
        ("20 ohm um^2", "ohm m^2", 20e-12),
        ("150 %", "1", 1.5),
        ("1e11 A/m^2", "A/m^2", 1e11),
        ("0.48 MJ/m^3", "J/m^3", 4.8e5),
        ("1 mJ/m^2", "J/m^2", 1e-3),
        ("27 degC", "K", 300.15),
        ("0.3", "1", 0.3),
        ("2.5 ns", "s", 2.5e-9),
        ("7e7 A/cm2", "A/m^2", 7e11),
        ("3 mJ/m2", "J/m^2", 3e-3),
        ("6e23 m-3", "1/m^3", 6e23),
        ("5 mT", "A/m", 5e-3 / MU_0),
        ("50 Oe", "A/m", 50 * 1000 / (4 * math.pi)),
        ("10 G", "T", 1e-3),
        ("1e4 A/m", "T", 1e4 * MU_0),
        ("1100 emu/cm^3", "A/m", 1.1e6),
        ("20 uOhm cm", "ohm m", 2e-7),
        ("05 nm", "m", 5e-9),
        ("\u22120.6 nm", "m", -0.6e-9),
        ("1e\u22129", "1", 1e-9),
        ("2 A m^\u22122", "A/m^2", 2.0),
        ("-007.50e1 ns", "s", -75e-9),
        ("000 nm", "m", 0.0),
        ("1e5nm", "m", 1e-4),
        (".5 µm", "m", 5e-7),
        ("5. [nm]", "m", 5e-9),
        ("3 (1/s)", "1/s", 3.0),
        ("4 1/m^2", "1/m^2", 4.0),
        ("1e9/m", "1/m", 1e9),
        ("6 nm**2", "m^2", 6e-18),
        ("6 nm²", "m^2", 6e-18),
        ("2 kg·m s^-2", "N", 2.0),
        ("7 nm^(1/2) nm^0.5", "m", 7e-9),
        ("25 °C", "K", 298.15),
    ],
)
def test_text_to_si(text, unit, value):
    assert to_si(text, unit) == pytest.approx(value, rel=1e-12)


def test_the_units_library_logs_nothing(caplog):
    """Notebooks often show what libraries warn of."""
    units._registry.cache_clear()
    assert to_si("1 ns", "s") == 1e-9
    assert not caplog.records


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        ("0.6 A", "m", "wrong unit"),
        ("27 C", "K", "wrong unit; expected K or degC"),
        ("0.6", "m", "lacks a unit"),
        ("six", "m", "not a number with a unit"),
        ("", "m", "a unit"),
        ("1 nm nm nm x", "m", "not a number with a unit"),
        ("__import__('os')", "m", "not a number with a unit"),
        ("3 m", "1", "wrong unit"),
        ("3 px", "m", "wrong unit"),
        ("1½ nm", "m", "not a number with a unit"),
        ("1 ৴nm", "m", "not a number with a unit"),
        ("1 000 nm", "m", "not a number with a unit"),
        ("2 + 3 nm", "m", "not a number with a unit"),
        ("2*3 nm", "m", "not a number with a unit"),
        ("10**10**10 A/m^2", "A/m^2", "not a number with a unit"),
        ("9**9**9**9 K", "K", "not a number with a unit"),
        ("2^99999999 m", "m", "not a number with a unit"),
        ("ns", "s", "not a number with a unit"),
        ("5 nm # or 6", "m", "not a number with a unit"),
        ("5_0 nm", "m", "not a number with a unit"),
        ("5_0", "1", "not a number"),
        ("٥ nm", "m", "not a number with a unit"),
        ("٥", "1", "not a number"),
        *(
            (text, "m", "not a number with a unit")
            for text in (
                "5.2(3) nm",
                "5.2 (3) nm",
                "5.2±0.3 nm",
                "5.2 +/- 0.3 nm",
                "5~10 nm",
                "5-10 nm",
                "5..10 nm",
                "1.5.2 nm",
                "5//2 nm",
                "5/2 nm",
                "5 m^2//m",
                "5 nm/2",
                "5 nm*2",
                "5%nm",
                "5 nm%2",
                "5|nm",
                "5;nm",
                "5=nm",
                "5 nm!",
                "5 nm\u200b",
                "5 m^9999 m^-9998",
                "0x10 nm",
                "5e3e3 nm",
                "5 nm (3)",
                "٥ nm",
                "５ nm",
                "5 nm^٢",
            )
        ),
        ("50 %%", "1", "not a number"),
        ("1,5 ns", "s", "holds a comma"),
        ("7,0e11", "1", "holds a comma"),
        ("5 nm", "A/m", "wrong unit"),
        ("5 emu", "A/m", "wrong unit"),
        ("3 xyz", "m", 'there is no unit "xyz"'),
        ("1.3 Mj/m^3", "J/m^3", 'there is no unit "Mj"; did you mean "MJ"?'),
        ("1.3 Mj/m^3", "A/m", 'there is no unit "Mj"'),
    ],
)
def test_wrong_text(text, unit, said):
    message = complaint(to_si, text, unit)
    assert said in message
    assert f'"{text}"' in message


@pytest.mark.parametrize("value", [True, None, [1.0], {}, b"1 nm", 1j])
def test_not_a_number(value):
    assert "must be a number" in complaint(as_number, value, "m")


def test_number_too_large_for_a_float():
    assert "too large" in complaint(as_number, 10**400, "m")


def test_defaults_and_plain_values():
    room = Room(height=3.0)
    assert (room.share, room.load, room.floor, room.beams) == (0.5, None, "wood", ())
    assert Room.from_mapping({"height": "250 cm", "beams": [1, "20 cm"]}, "house") == Room(height=2.5, beams=(1.0, 0.2))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"height": 0.0}, "height = 0 [m] must be > 0"),
        ({"height": 10.5}, "height = 10.5 [m] must be <= 10"),
        ({"height": math.nan}, "height = nan [m] must be finite"),
        ({"height": math.inf}, "height = inf [m] must be finite"),
        ({"height": "tall"}, 'height: "tall" is not a number'),
        ({"height": "3 kg"}, 'height: "3 kg" has the wrong unit; expected one like m'),
        ({"share": 1.0}, "share = 1 [1] must be < 1"),
        ({"share": -0.1}, "share = -0.1 [1] must be >= 0"),
        ({"floor": "stome"}, 'floor = "stome" must be one of wood, stone; did you mean "stone"?'),
        ({"floor": 3}, "floor: 3 must be a text"),
        ({"beams": 1.0}, "beams: 1.0 must be a list of numbers"),
        ({"beams": [1.0, math.nan]}, "beams [m] must hold finite numbers only"),
        ({"beams": ["one"]}, 'beams: "one" is not a number'),
        ({"beams": [5.0]}, "beams must lie in the room"),
        ({"glass": 0.2}, 'unknown key "glass"; did you mean "share"?'),
        ({"glass_share": 0.2}, 'unknown key "glass_share"; did you mean "share"?'),
        ({"the_floor": 2.0}, 'unknown key "the_floor"; did you mean "load"?'),
        ({"beam": 1.0}, 'unknown key "beam"; did you mean "beams"?'),
        ({"of": 1.0}, 'unknown key "of"; valid names: beams'),
        ({"hieght": 1.0}, 'unknown key "hieght"; did you mean "height"?'),
        ({"zzz": 1.0}, 'unknown key "zzz"; valid names: beams, floor, height, load, share'),
    ],
)
def test_wrong_mapping(wrong, said):
    message = complaint(Room.from_mapping, {"height": 3.0} | wrong, "house.toml [room]")
    assert message.startswith("house.toml [room]: ")
    assert said in message


def test_missing_value_says_what_it_means():
    assert 'missing "height" (height of the room)' in complaint(Room.from_mapping, {}, "house")


def test_all_problems_at_once():
    message = complaint(Room.from_mapping, {"hieght": 1, "share": "much", "beams": 3}, "house")
    for part in ('"hieght"', 'missing "height"', "share:", "beams:"):
        assert part in message
    message = complaint(Room, height=-1.0, share=2.0)
    assert "height = -1" in message
    assert "share = 2" in message


@pytest.mark.parametrize("mapping", [None, [1, 2], "height", 3.0])
def test_not_a_table(mapping):
    assert "must be a table" in complaint(Room.from_mapping, mapping, "house")


def test_integers_and_numpy_floats_are_numbers():
    """Bounds must not be cast to the type of the value: int(0.5) = 0 and numpy comparisons are not `True`."""
    assert Variation(Ms_dtod=0).Ms_dtod == 0
    assert Material(Ms=np.float64(7e5), A=1e-11, K_u=4.8e5, alpha=np.float64(1)).alpha == 1
    assert "must be < 0.5" in complaint(Variation, Ms_dtod=1)


def test_plain_form_and_description():
    assert Room(height=3.0, beams=(1.0, 2.0)).to_dict() == {
        "height": 3.0,
        "share": 0.5,
        "load": None,
        "floor": "wood",
        "beams": [1.0, 2.0],
    }
    assert ("height", "m", "height of the room") in Room.describe()


def test_sections_are_frozen_and_keyword_only():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Room(height=3.0).height = 4.0
    with pytest.raises(TypeError):
        Room(3.0)


def test_film_must_be_perpendicular():
    assert "must be > mu0 Ms^2/2" in complaint(Material, Ms=7e5, A=1e-11, K_u=3e5, alpha=0.1)


def test_wall_of_the_material_and_its_overrides():
    material = Material(Ms=7e5, A=1e-11, K_u=4.8e5, alpha=0.1)
    K_eff = 4.8e5 - 0.5 * 4e-7 * math.pi * 7e5**2
    wall = Wall().resolved(material, 0.6e-9)
    assert wall.Delta == pytest.approx(math.sqrt(1e-11 / K_eff), rel=1e-8)
    assert wall.sigma_0 == pytest.approx(4 * math.sqrt(1e-11 * K_eff), rel=1e-8)
    shape_field = 7e5 * 0.6e-9 * math.log(2) / (math.pi * wall.Delta)
    assert wall.to_dict()["H_K"] == pytest.approx(shape_field, rel=1e-8)
    given = Wall(Q=-1.0, Delta=7e-9, sigma_0=1e-3, H_K=0.0)
    assert given.resolved(material, 0.6e-9).to_dict() == given.to_dict()
    assert "Q = 0.5 [1] must be +1 or -1" in complaint(Wall, Q=0.5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lens(Parameters):
    """Quantities that have a sign, may be zero, and have a size that is plausible."""

    focus: float = quantity("focal length, < 0 where it spreads light", "m", default=0.0, plausible=(1e-4, 10.0, "mm"))
    marks: tuple[float, ...] = numbers("places of marks", "m", plausible=(0.0, 1.0, "mm"))
    count: int = whole("number of lenses", default=1, ge=1, le=9)


def test_plausible_sizes_hold_for_either_sign_and_leave_out_zero():
    assert Lens(focus=0.0).focus == 0.0 and Lens(focus=-0.2).focus == -0.2
    assert complaint(Lens, focus=-50.0) == 'focus = -50 [m] must be 0.0001 to 10 in size; did you mean "-50 mm"?'
    assert complaint(Lens, focus=1e-5) == "focus = 1e-05 [m] must be 0.0001 to 10 in size"
    assert complaint(Lens, focus=2e5) == "focus = 200000 [m] must be 0.0001 to 10 in size"
    assert 'marks holds -30 [m], must be <= 1 in size; did you mean "-30 mm"?' in complaint(Lens, marks=(0.1, -30.0))


def test_a_plausible_bound_may_be_given_in_its_unit():
    """100 times 1e-9 is more than 1e-7 in doubles."""
    assert as_number("100 nm", "m") > 1e-7
    assert Lens(focus=-math.nextafter(10.0, math.inf)).focus < -10 and Lens(focus=math.nextafter(1e-4, 0)).focus < 1e-4
    assert "in size" in complaint(Lens, focus=10.0001) and "in size" in complaint(Lens, focus=0.9999e-4)


@pytest.mark.parametrize("value", [True, 2.0, "2", math.nan])
def test_a_whole_number_is_no_truth_and_no_float(value):
    assert complaint(Lens, count=value) == f"count = {value!r} must be a whole number"
    assert complaint(Lens, count=10) == "count = 10 [1] must be <= 9" and Lens(count=9).count == 9


def test_a_number_has_no_unit():
    assert [text for text in ("1", "-1e3", "nan", "5_0", "1 nm", "m", "") if is_number(text)] == ["1", "-1e3", "nan"]


def test_a_file_may_write_a_whole_number_as_a_float():
    """TOML has no other way to write 1e5; what is not whole, not finite or out of bounds is refused as ever."""
    read = Lens.from_mapping({"count": 9.0}, "lens")
    assert read.count == 9 and isinstance(read.count, int)
    for value, words in ((2.5, "count = 2.5 must be a whole number"), (math.inf, "count = inf must be a whole number"),
                         (1e300, "count = 1e+300 must be a whole number"), (1e19, "count = 1e+19 must be a whole number"),
                         (10.0, "count = 10 [1] must be <= 9")):  # fmt: skip
        with pytest.raises(InputError) as error:
            Lens.from_mapping({"count": value}, "lens")
        assert words in str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" -12", -12),
        ("1e5", 100_000),
        ("5.0", 5),
        ("0e999999999999", 0),
        ("9007199254740993", 2**53 + 1),
        ("1e18", 10**18),
    ],
)
def test_a_whole_number_is_read_to_its_last_digit(text, value):
    assert plain_whole(text) == value and isinstance(plain_whole(text), int)


@pytest.mark.parametrize(
    "text",
    [
        "1_0",
        "\u0663",
        "1.5",
        "1e-1",
        "1e-400",
        "0x10",
        "",
        "inf",
        "nan",
        "1e19",
        "1e999",
        "9007199254740992.5",
        "9" * 9999,
    ],
)
def test_what_is_no_whole_number_is_refused(text):
    with pytest.raises(ValueError):
        plain_whole(text)


def test_a_text_longer_than_any_quantity_is_none():
    """A number of 250 digits with a unit is no input of a user, and parsers take long for longer ones."""
    assert to_si("0" * 150 + "5 nm", "m") == pytest.approx(5e-9)
    assert "is not a number with a unit like m" in complaint(to_si, "0" * 250 + "5 nm", "m")


def test_the_first_number_that_does_not_ascend_is_named():
    assert descent("x", ()) == descent("x", (3.0,)) == descent("x", (-1.0, 0.0, 2.5)) == ""
    assert descent("x", (0.0, 2e-7, 2e-7, 1e-7)) == "x must be strictly ascending; number 3, 2e-07, comes after 2e-07"
    assert descent("x", (1.0, 0.5)) == "x must be strictly ascending; number 2, 0.5, comes after 1"
    assert "comes after 1" in descent("x", (1.0, math.nan))


def test_sections_built_in_python_are_checked_and_can_be_keys():
    """Lists become tuples; a text is no number, nor is a truth value."""
    room = Room(height=2.0, beams=[0.5, 1.5])
    assert room.beams == (0.5, 1.5) and {room: 1}[Room(height=2.0, beams=(0.5, 1.5))] == 1
    assert complaint(Room, height="2 m") == "height = '2 m' must be a number [m]"
    assert complaint(Room, height=True) == "height = True must be a number [m]"
    assert complaint(Room, height=2.0, beams=(0.5, math.nan)) == "beams [m] must hold finite numbers only"
    assert complaint(Room, height=2.0, beams=[0.5, 2.5]) == "beams must lie in the room"


def test_numbers_of_other_libraries_become_those_of_python():
    """Of a loop over `np.arange`, or a cell of a table: a file keeps plain numbers."""
    room = Room(height=np.float32(2.5), load=np.int64(3), beams=np.array([1, 2], np.uint8))
    assert (room.height, room.load, room.beams) == (2.5, 3, (1, 2))
    assert {type(value) for value in (room.height, room.load, *room.beams)} == {float, int}
    assert Room.from_mapping({"height": np.float32(2.5), "beams": [np.int8(1)]}, "room").beams == (1.0,)


@pytest.mark.parametrize("value", [True, np.True_, 1j, np.array([1.0]), "1 m", None])
def test_what_is_no_number_is_refused_in_one_line(value):
    assert "height = " in complaint(Room, height=value, beams=())
    assert "beams [m] must hold finite numbers only" in complaint(Room, height=1.0, beams=[value])


def test_a_value_that_is_shown_in_several_lines_is_told_in_one():
    assert "height = array([[0., 0.], [0., 0.]]) must be a number" in complaint(Room, height=np.zeros((2, 2)), beams=())
