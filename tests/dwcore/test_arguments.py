"""Scalars that a function takes are of the type that it is annotated with, or refused in a line."""

import dataclasses
import inspect

import numpy as np
import pytest

import arraysim
import compact
import dwsynapse
import llg
from dwcore.arguments import checked, scalars
from dwcore.errors import InputError


@checked
def taken(n: int, x: float | None = None, *more, flag: bool = False, word: str = "a", either: int | str = 0, **named):
    return n, x, more, flag, word, either, named


@checked
@dataclasses.dataclass(frozen=True)
class Made:
    n: int
    x: float = 0.5
    rest: tuple = ()


def test_numbers_of_other_libraries_come_as_those_of_python():
    found = taken(np.int32(3), np.float32(0.5), np.int32(4), flag=np.bool_(True), either=np.array(7), other="4")
    assert found == (3, 0.5, (4,), True, "a", 7, {"other": "4"}) and type(found[3]) is bool
    assert [type(value) for value in (found[0], found[1], found[2][0])] == [int, float, np.int32]
    assert taken(3, None, either="b")[:2] == (3, None) and taken(3, 2)[1] == 2
    assert Made(np.int64(3)) == Made(n=3, x=0.5) and dataclasses.replace(Made(3), x=1.0).x == 1.0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n": "4"}, "n = '4' must be a whole number"),
        ({"n": 1.5}, "n = 1.5 must be a whole number"),
        ({"n": np.float64(4)}, "n = 4.0 must be a whole number"),
        ({"n": True}, "n = True must be a whole number"),
        ({"n": None}, "n = None must be a whole number"),
        ({"n": list(range(100))}, "n = [0, 1, 2, 3, 4, 5, ...] must be a whole number"),
        ({"x": "300 K"}, "x = '300 K' must be a number or None"),
        ({"x": 1j}, "x = 1j must be a number or None"),
        ({"x": False}, "x = False must be a number or None"),
        ({"x": np.ma.masked}, "x has masked entries, must be without"),
        ({"flag": 1}, "flag = 1 must be True or False"),
        ({"flag": "no"}, "flag = 'no' must be True or False"),
        ({"word": 3}, "word = 3 must be a text"),
        ({"either": 1.5}, "either = 1.5 must be a whole number or a text"),
    ],
)
def test_others_are_refused_in_a_line(given, words):
    with pytest.raises(InputError) as caught:
        taken(**{"n": 1} | given)
    assert str(caught.value).startswith(words)


def test_dataclasses_refuse_them_as_they_are_made():
    for make in (lambda: Made("3"), lambda: Made(n=3, x="1"), lambda: dataclasses.replace(Made(3), n=2.5)):
        with pytest.raises(InputError, match="must be a"):
            make()


def test_public_functions_are_checked():
    """All that take a scalar; what is checked is wrapped."""
    public = {
        name: getattr(package, name) for package in (llg, compact, arraysim, dwsynapse) for name in package.__all__
    }
    found = {name: one for name, one in public.items() if inspect.isfunction(one) and scalars(one)}
    assert len(found) > 60
    assert [name for name, one in found.items() if not hasattr(one, "__wrapped__")] == []


def test_a_run_refuses_what_it_would_have_truncated():
    device = llg.load_device("five_state")
    for given in ({"n": 4.0}, {"seed": 1.5}, {"seed": True}, {"samples": "10"}, {"jobs": 1.5}, {"pulses": 2.0}):
        with pytest.raises(InputError, match=f"{next(iter(given))} = .* must be a whole number"):
            llg.run_pulse(device, **{"n": 4, "seed": 1} | given)
    drive = llg.Drive(waveform=device.pulse.waveform(1e-9), current_density=1e11)
    for start in ("x", (1e-7,), ("a", 0.0)):
        with pytest.raises(InputError, match="start "):
            llg.simulate(device, drive, n=1, seed=1, start=start)
    with pytest.raises(InputError, match="jobs = 4097 must be >= 1 and <= 4096"):
        llg.simulate(device, drive, n=1, seed=1, start=(1e-7, 0.0), jobs=4097)
    with pytest.raises(InputError, match=r"n = 1\.5 must be a whole number"):
        compact.SweepPlan(
            device=device, grid=compact.reference_grid(device), temperature=(300.0,), instances=(0,), n=1.5, seed=1
        )
