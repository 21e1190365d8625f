"""What a command line sets and varies: each point of a grid has its own, and options come before files."""

import types

import pytest

from dwcore.errors import InputError
from dwsynapse.given import Axis, Given


def setting(name):
    section, _, field = name.partition(".")
    return types.SimpleNamespace(name=name, section=section, field=types.SimpleNamespace(name=field))


@pytest.fixture
def given():
    found = Given(["drive", "wall"])
    found.put(setting("drive.current"), 3.0, "--current")
    found.vary(Axis(setting=setting("drive.duration"), values=(1.0, 2.0)), "--vary")
    found.vary(Axis(setting=setting("wall.shape"), values=("rigid", "relaxed")), "--vary")
    return found


def test_points_of_a_grid_do_not_feel_each_other(given):
    """The last axis is the fastest; what a file says at one point is neither that of another nor of all."""
    points = list(given.points())
    assert [(point["drive"]["duration"], point["wall"]["shape"]) for point in points] == [
        (1.0, "rigid"), (1.0, "relaxed"), (2.0, "rigid"), (2.0, "relaxed"),
    ]  # fmt: skip
    for number, point in enumerate(points):
        point.under({"drive": {"pulses": number, "current": 9.0}}, f"{number}.toml")
    assert [point["drive"]["pulses"] for point in points] == [0, 1, 2, 3]
    assert {point["drive"]["current"] for point in points} == {3.0}, "an option comes before a file"
    assert points[1].how("drive.pulses") == "1.toml drive.pulses" and points[1].how("drive.current") == "--current"
    assert given["drive"] == {"current": 3.0} and "drive.pulses" not in given.said
    assert (given.varies("wall"), points[0].varies("wall")) == (True, False)


def test_nothing_is_said_twice(given):
    with pytest.raises(InputError, match=r"drive\.current: must be said once, not by --current and --set"):
        given.put(setting("drive.current"), 4.0, "--set")
    with pytest.raises(InputError, match=r"drive\.current: must be said once, not by --current and --vary"):
        given.vary(Axis(setting=setting("drive.current"), values=(1.0,)), "--vary")
    assert given["drive"]["current"] == 3.0 and len(given.axes) == 2


def test_options_are_refused_by_setting_or_section_and_files_are_not(given):
    given.under({"wall": {"Q": -1}}, "a.toml")
    assert given.by_options() == ["drive.current", "drive.duration", "wall.shape"]
    given.refuse("of no use here", "wall.Q", "driv", "current")
    with pytest.raises(InputError, match=r"^--current: of no use here$"):
        given.refuse("of no use here", "drive.current")
    with pytest.raises(InputError, match=r"^--vary wall\.shape: of no use here$"):
        given.refuse("of no use here", "wall")
