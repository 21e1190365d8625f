"""Numbers as text for readers."""

from dwcore.canvas.number_text import counted


def test_one_thing_is_not_several():
    words = [counted(n, "device instance") for n in (0, 1, 2)]
    assert words == ["0 device instances", "1 device instance", "2 device instances"]
