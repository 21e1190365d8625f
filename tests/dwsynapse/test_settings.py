"""Settings of a command: one declaration gives options, --set, --vary and the listing, and nothing is ignored."""

import argparse
import dataclasses
import json

import pytest

from dwcore.errors import InputError
from dwcore.parameters import Parameters, flag, numbers, quantity, whole, word
from dwsynapse.setting import plain
from dwsynapse.settings import Settings, fields_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Oven(Parameters):
    time: float = quantity("of baking; longer is darker", "s", default=600.0, gt=0, le=7200)
    share: float | None = quantity("of the power; not given: all", "1", default=None, ge=0, le=1)
    trays: int = whole("in the oven", default=1, ge=1, le=4)
    fan: bool = flag("the fan turns", default=False)
    mode: str = word("where heat comes from", default="top", choices=("top", "bottom"))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dough(Parameters):
    time: float = quantity("of rest", "s", default=60.0, ge=0)
    layers: tuple[float, ...] = numbers("thickness of each", "m", default=(0.01,))
    shape: str = word("round, or a file", default="round")
    filling: object = dataclasses.field(default=None, metadata={"kind": "part", "meaning": "no text says it"})


BAKE = Settings("bake", {"oven": Oven, "dough": fields_of(Dough)}, options={"trays": "", "oven.time": "--bake-for"})


def bake(*argv):
    parser = argparse.ArgumentParser(prog="bake")
    parser.add_argument("what")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=lambda arguments: None)
    BAKE.add_to(parser)
    return parser.parse_args(argv)


def given(*argv):
    return BAKE.given(bake("bread", *argv))


def test_values_are_read_by_their_declaration():
    found = given("--set", "share=5 %", "--set", "dough.time=2 min", "--set", "fan=true", "--set", "layers=1 mm,0.002",
                  "--bake-for", "0.5 h", "--trays", "3", "--set", "shape=long.toml")  # fmt: skip
    assert found["oven"] == {"share": 0.05, "fan": True, "time": 1800.0, "trays": 3}
    assert found["dough"] == {"time": 120.0, "layers": (0.001, 0.002), "shape": "long.toml"}
    assert given("--set", "share=none")["oven"] == {"share": None}
    assert given("--trays", "4e0")["oven"] == {"trays": 4}
    assert given() == {"oven": {}, "dough": {}}


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--set", "time=3"], ["not unique", "oven.time", "dough.time"]),
        (["--set", "tray=3"], ["unknown", "trays"]),
        (["--set", "oven.tim=3"], ["unknown", "oven.time"]),
        (["--set", "filling=jam"], ["unknown"]),
        (["--set", "trays=5"], ["trays = 5", "<= 4"]),
        (["--set", "trays=1.5"], ["trays = '1.5'", "whole number"]),
        (["--trays", "0"], ["--trays", ">= 1"]),
        (["--set", "share=3 m"], ["share", "wrong unit"]),
        (["--set", "oven.time=nan"], ["finite"]),
        (["--set", "oven.time=none"], ["time", "none"]),
        (["--set", "fan=yes"], ["true or false"]),
        (["--set", "mode=botom"], ["bottom"]),
        (["--set", "oven.time"], ["SECTION.NAME=VALUE"]),
        (["--trays", "2", "--set", "trays=3"], ["--trays", "--set", "once"]),
        (["--set", "trays=3", "--vary", "oven.trays=3,4"], ["--vary", "--set", "once"]),
        (["--vary", "trays=1,9"], ["trays = 9"]),
        (["--vary", "trays=1,1"], ["twice"]),
    ],
)
def test_what_cannot_be_said_is_refused_in_a_line(argv, words):
    with pytest.raises(InputError) as caught:
        given(*argv)
    text = str(caught.value)
    assert "\n" not in text and len(text) < 300
    for word_ in words:
        assert word_ in text


def test_two_axes_make_a_grid_and_leave_the_rest_alone():
    found = given("--set", "fan=true", "--vary", "trays=1,2", "--vary", "mode=top,bottom")
    assert [(axis.setting.name, axis.values) for axis in found.axes] == [
        ("oven.trays", (1, 2)),
        ("oven.mode", ("top", "bottom")),
    ]
    assert found.at((2, "top"))["oven"] == {"fan": True, "trays": 2, "mode": "top"}
    assert found["oven"] == {"fan": True}


def test_what_is_gone_on_with_is_a_series_in_a_file():
    several, one = bake("bread", "--vary", "trays=1,2"), bake("bread")
    for arguments, out, words in (
        (several, None, "what lies at --out, which is missing"),
        (one, "a.h5", "a --vary, which"),
    ):
        arguments.resume, arguments.out = True, out
        with pytest.raises(InputError, match=f"^bake: --resume goes on (from|with) {words}"):
            BAKE.given(arguments)
    several.out = "a.h5"
    assert BAKE.given(several).axes and BAKE.given(one, resumable=True) == given()


def test_lists_and_names_with_commas_are_set_apart_by_semicolons():
    (lists, names) = given("--vary", "layers=0.01,0.02;0.03", "--vary", "shape=a:1,2;b").axes
    assert lists.values == ((0.01, 0.02), (0.03,))
    assert names.values == ("a:1,2", "b")


def test_refusal_names_how_it_was_said():
    found = given("--bake-for", "60", "--set", "dough.time=3")
    found.refuse("is fixed", "oven.trays")
    with pytest.raises(InputError, match=r"^--bake-for: is fixed$"):
        found.refuse("is fixed", "oven.time")
    with pytest.raises(InputError, match=r"^--set dough.time: is fixed$"):
        found.refuse("is fixed", "dough")


@pytest.mark.parametrize("how", [["--settings"], ["--set", "help=1"]])
def test_the_listing_needs_nothing_else(how, capsys):
    arguments = bake(*how, "--json")
    arguments.run(arguments)
    listing = json.loads(capsys.readouterr().out)["settings"]
    assert list(listing) == [*(f"oven.{f}" for f in ("time", "share", "trays", "fan", "mode")),
                             *(f"dough.{f}" for f in ("time", "layers", "shape"))]  # fmt: skip
    assert listing["oven.time"]["bounds"] == {">": 0, "<=": 7200}
    assert listing["oven.time"]["unit"] == "s" and listing["oven.time"]["option"] == "--bake-for"
    assert listing["oven.mode"]["choices"] == ["top", "bottom"]
    arguments = bake(*how)
    arguments.run(arguments)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(listing)
    assert lines[0].split()[:2] == ["oven.time", "[s]"] and "600" in lines[0] and "--bake-for" in lines[0]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kiln(Parameters):
    heat: float = quantity("of the kiln; at its middle", "K", default=300.0, ge=0, plausible=(1e-3, 2000, "K"))
    ramp: tuple[float, ...] = numbers("of its heat", "s", default=(60.0, 5.0), needs="heat > 0")
    rests: tuple[float, ...] = numbers("on the way", "s")
    lid: bool = flag("is closed", default=True)


def test_a_listing_tells_all_that_is_declared():
    heat, ramp, rests, lid = map(Settings("fire", {"kiln": Kiln}).find, ("heat", "ramp", "rests", "lid"))
    assert heat.label == "kiln.heat: of the kiln [K]" and heat.rule() == ">= 0 and 0.001 to 2000 in size"
    assert heat.describe()["plausible"] == [1e-3, 2000] and heat.describe()["bounds"] == {">=": 0}
    assert ramp.describe()["default"] == [60.0, 5.0] and ramp.describe()["needs"] == "heat > 0"
    assert ramp.line().endswith("of its heat (numbers; default 60.0,5.0; needs heat > 0)")
    assert rests.line().endswith("on the way (numbers)") and plain(()) == "none" and plain((1, None)) == "1,none"
    assert [lid.value(text) for text in ("True", " FALSE ")] == [True, False]
    assert BAKE.find("shape").values("a:1,2;") == ("a:1,2",), "one name that holds a comma"


def test_the_name_of_an_option_names_its_setting():
    assert given("--set", "bake-for=5")["oven"] == given("--set", "bake_for=5")["oven"] == {"time": 5.0}
    assert given("--vary", "bake-for=5,6").axes[0].setting.name == "oven.time"
    with pytest.raises(InputError, match="must be said once"):
        given("--bake-for", "5", "--set", "oven.time=5")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grill(Parameters):
    heat: float = quantity("of the grill", "W", default=0.0, ge=0)
    turns: int = whole("of the spit", default=1, ge=1, needs="heat > 0")
    light: bool = flag("is on", default=True)


def grilled(*argv):
    settings, parser = Settings("grill", {"grill": Grill}, options=("light",)), argparse.ArgumentParser()
    settings.add_to(parser)
    return settings, settings.given(parser.parse_args(argv))


def test_a_setting_has_an_effect_at_one_point_at_least():
    for argv in (("--set", "turns=2"), ("--set", "turns=2", "--vary", "light=true,false")):
        settings, found = grilled(*argv)
        with pytest.raises(InputError, match=r"grill: --set grill.turns: has no effect without grill.heat > 0"):
            settings.check_effect(found)
    settings, found = grilled("--set", "turns=2", "--vary", "heat=5,0")
    settings.check_effect(found)
    settings, found = grilled("--set", "heat=5")
    with pytest.raises(
        InputError, match=r"--set grill.heat: has no effect without grill.light = false; grill.light = t"
    ):
        settings.check_effect(found, more={"grill": "light = false"})
    settings.check_effect(found, more={"grill": "light = false", "grill.heat": "light = true"})


def test_the_option_of_a_flag_that_is_set_takes_it_back():
    assert grilled("--no-light")[1]["grill"] == {"light": False}


def test_sizes_of_a_drive_are_those_of_the_nominal_pulse():
    """Help imports no pulse, so that they are said twice."""
    from dwsynapse.device_settings import DriveSettings
    from llg.device.pulse import Pulse

    sizes = [{f.name: f.metadata["plausible"] for f in fields_of(kind)} for kind in (DriveSettings, Pulse)]
    assert sizes[0]["current"] == sizes[1]["current_density"]
    assert sizes[0]["duration"] == sizes[1]["duration"]


def test_keys_of_a_device_without_an_effect_are_named():
    from dwsynapse.device_settings import idle_keys
    from llg import load_device

    device = load_device("five_state")
    assert idle_keys(device) == []
    found = idle_keys(device.replace({"beta": 0.3}))
    assert found == ["[torque] beta has no effect without torque.P > 0; torque.P = 0.0"]
    assert idle_keys(device.replace({"beta": 0.3, "P": 0.5})) == []
    flat = device.replace({"notch.top": 0.3})
    assert len(flat.notches) == 5 and len(idle_keys(flat)) == 1, "said once for all notches"


def test_values_of_notches_are_those_of_all_of_them():
    """The first of five is trapezoidal; sections that a device lacks have none."""
    from dwsynapse.device_settings import _values
    from llg import load_device

    device = load_device("five_state")
    first = dataclasses.replace(device.notches[0], shape="trapezoidal")
    found = _values(dataclasses.replace(device, notches=(first, *device.notches[1:])))
    assert found["notch.shape"] == ("trapezoidal", *["cosine"] * 4) and found["track.width"] == device.track.width
    assert len(found["notch.depth"]) == 5 and not any(name.startswith("heating.") for name in found)
