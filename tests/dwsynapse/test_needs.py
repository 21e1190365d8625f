"""Words that say what a setting needs: what they mean, and that each of them speaks of settings that there are."""

import importlib

import pytest

from dwsynapse.needs import comparisons, lacking

COMMANDS = ("train", "infer", "program", "cost", "simulate", "rates", "sweep", "calibrate", "run")
OF_LAYERS = "network.digital_parameters"
"""Follows from the layers of the network; no setting."""


@pytest.mark.parametrize(
    ("needs", "values", "met"),
    [
        ("bits > 0", {"adc.bits": 4}, True),
        ("bits > 0", {"adc.bits": 0}, False),
        ("bits > 0", {"adc.bits": None}, False),
        ("dac.bits > 0", {"adc.bits": 4, "dac.bits": 0}, False),
        ("theta != 0", {"adc.theta": -0.1}, True),
        ("theta != 0", {"adc.theta": 0.0}, False),
        ("kind = sar|ramp", {"adc.kind": "ramp"}, True),
        ("kind = sar|ramp", {"adc.kind": "flash"}, False),
        ("on = true", {"adc.on": True}, True),
        ("on = true", {"adc.on": False}, False),
        ("copies = none", {"adc.copies": ()}, True),
        ("copies = none", {"adc.copies": (2.0,)}, False),
        ("shape = table", {"adc.shape": ("cosine", "table")}, True),
        ("a > 0 and b > 0", {"adc.a": 1, "adc.b": 0}, False),
        ("a > 0 and b > 0 or c > 0", {"adc.a": 1, "adc.b": 0, "adc.c": 1}, True),
    ],
)
def test_what_the_words_mean(needs, values, met):
    assert (lacking(needs, "adc", values.__getitem__) == "") == met


def test_what_is_lacking_in_words():
    values = {"a.b": 0, "c.d": "x", "c.e": None, "c.f": False}.__getitem__
    assert lacking("a.b > 0 or d = y|z", "c", values) == "a.b > 0 or c.d = y or z; a.b = 0, c.d = x"
    assert lacking("a.b > 0 or d = y or e > 0 or f = true", "c", values).endswith("or c.f = true")


@pytest.mark.parametrize("name", COMMANDS)
def test_needs_speak_of_settings_that_there_are(name):
    settings = importlib.import_module(f"dwsynapse.commands.{name}").SETTINGS
    settings.complete()
    for setting in settings.all.values():
        for one in (one for each in comparisons(setting.needs, setting.section) for one in each):
            if one.name == OF_LAYERS:
                continue
            governing = settings.all[one.name]
            assert governing.name != setting.name
            if one.sign == "=":
                for word in one.right.split("|"):
                    if word != "none":
                        governing.value(word)  # raises where it is none of its values
            else:
                assert governing.is_number and one.right == "0"
