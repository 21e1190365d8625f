"""Small things that stand between a text and a number: bounds of options, the drive of a device, clocks, axes."""

import argparse
import dataclasses
import json
import types

import numpy as np
import pytest
from fit_cases import table_of
from matplotlib.figure import Figure

from dwsynapse import benchmark, draw, figures, options
from dwsynapse.device_settings import CURRENTS, DURATIONS, DriveSettings
from dwsynapse.figures import FigureKind
from dwsynapse.front_plot import SHOWN
from dwsynapse.variation import Outcome, Variation, VariedAxis
from dwsynapse.variation_plot import plot_variation
from llg.device.device_file import load_device
from llg.device.pulse import Pulse


def test_the_drive_of_an_option_is_that_of_a_device_file():
    """Plausible sizes and units are written twice, so that help need not import the pulse."""
    own, pulse = ({field.name: field.metadata for field in dataclasses.fields(kind)} for kind in (DriveSettings, Pulse))
    for name, of_pulse in (("current", "current_density"), ("duration", "duration")):
        assert own[name]["plausible"] == pulse[of_pulse]["plausible"] and own[name]["unit"] == pulse[of_pulse]["unit"]
    assert CURRENTS[:2] == (1e3, 1e15) and DURATIONS[:2] == (1e-15, 1e-2)
    assert {name: meta["unit"] for name, meta in own.items()} == {
        "current": "A/m^2", "duration": "s", "period": "s", "temperature": "K",
        "H_x": "A/m", "H_y": "A/m", "H_z": "A/m",
    }  # fmt: skip
    assert DriveSettings().to_dict() == {
        "current": None, "duration": None, "period": None, "temperature": None, "H_x": 0.0, "H_y": 0.0, "H_z": 0.0,
    }  # fmt: skip


def test_whole_numbers_of_options_have_both_ends():
    two_to_five = options.whole_number(2, 5)
    assert [two_to_five(text) for text in ("2", "5", "4e0")] == [2, 5, 4]
    for text in ("1", "6", "2.5", "x", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="must be a whole number >= 2 and <= 5"):
            two_to_five(text)
    assert options.whole_number(0)("0") == 0 and options.MAX_SEED == 2**62 and options.WIDTHS == (3.4, 7.0)


def test_numbers_of_options_are_in_si_and_finite():
    assert options.si("m")("30 nm") == pytest.approx(30e-9) and options.si("T")("1e-3") == 1e-3
    assert options.si_list("s")("1 ns,2e-9") == pytest.approx((1e-9, 2e-9))
    for text in ("inf", "nan", "-inf", "3 s", "x"):
        with pytest.raises(argparse.ArgumentTypeError):
            options.si("m")(text)
    parser = argparse.ArgumentParser()
    options.add_common(parser)
    given = parser.parse_args([])
    assert (given.seed, given.jobs, given.json) == (1, None, False)


def test_notes_go_to_stderr_a_line_each_and_stay_out_of_json(capsys):
    """What a file says may hold line breaks and escapes of a terminal; neither gets through."""
    result = {"notes": ["one\ntwo \x1b[31m"]}
    options.emit(types.SimpleNamespace(json=False), result, ["all\x1b[2J"])
    out, err = capsys.readouterr()
    assert out.count("\n") == err.count("\n") == 1 and "\x1b" not in out + err and err.startswith("note: one")
    options.emit(types.SimpleNamespace(json=True), result, [])
    out, err = capsys.readouterr()
    assert json.loads(out) == result and err == ""


def test_results_are_not_mixed_with_what_a_folder_holds(tmp_path):
    options.writable_folder(tmp_path / "new" / "one", False)
    (tmp_path / "new" / "one" / "kept").write_text("")
    with pytest.raises(options.InputError, match="is not empty; give --force"):
        options.writable_folder(tmp_path / "new" / "one", False)
    options.writable_folder(tmp_path / "new" / "one", True)


def test_the_temperature_of_a_figure_is_the_nearest_that_the_table_holds():
    table = types.SimpleNamespace(temperature=np.array([300.0, 350.0, 400.0]), counts=[0, 0])
    assert draw._view("t", table, 1, 400.0) == {"device": 1, "temperature": 2}
    assert draw._view("t", table, None, 350.0 * (1 + 1e-9)) == {"temperature": 1} and draw._view(
        "t", table, 0, None
    ) == {"device": 0}
    for device, temperature in ((2, None), (None, 360.0)):
        with pytest.raises(draw.InputError, match="must be"):
            draw._view("t", table, device, temperature)


def test_axes_of_a_front_are_in_units_for_readers():
    values = {"energy": 3e-15, "area": 3e-12, "duration": 3e-9, "current_density": 3e11}
    assert {name: round(SHOWN[name][0] * value, 9) for name, value in values.items()} == dict.fromkeys(values, 3.0)


@pytest.mark.parametrize(
    ("values", "scale"), [((1.0, 5.0, 29.0), "linear"), ((1.0, 5.0, 31.0), "log"), ((0.0, 5.0, 31.0), "linear")]
)
def test_a_wide_axis_is_logarithmic(values, scale):
    """From a thirtyfold on; a zero has no place on such an axis. Means are lines, seeds points, in ascending order."""
    axis = VariedAxis(name="a.b", label="b", unit="s", values=values[::-1])
    results = np.array([[3.0, 5.0], [2.0, 4.0], [1.0, 2.0]])
    reference = np.array([[1.0, np.nan], [np.nan, np.nan], [5.0, 7.0]])
    found = Variation(
        command="x", axes=(axis,), seeds=(1, 2), results={"y": results, "r": reference}, done=np.ones(3, bool),
        config={},
        outcomes={"y": Outcome(meaning="y", unit="J"), "r": Outcome(meaning="r", reference=True)},
    )  # fmt: skip
    ax = plot_variation(found)
    assert ax.get_xscale() == scale and ax.get_ylabel() == "y [J]"
    first, second, mean, wanted = ax.lines
    assert mean.get_xdata().tolist() == list(values) and mean.get_ydata().tolist() == [1.5, 3.0, 4.0]
    assert (first.get_ydata().tolist(), second.get_ydata().tolist()) == ([1.0, 2.0, 3.0], [2.0, 4.0, 5.0])
    assert (wanted.get_xdata().tolist(), wanted.get_ydata().tolist()) == ([values[0], values[2]], [6.0, 1.0])
    assert mean.get_label() == "mean of 2 seeds"


def test_the_best_rate_is_that_of_the_quickest_repetition(monkeypatch):
    """Repetitions of 3, 1 and 2 s do six units each; after 5 s none begins any more."""
    now, lasts, done = [0.0], iter((3.0, 1.0, 2.0, 0.1)), []
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: now[0])

    def work():
        now[0] += next(lasts)
        done.append(6.0)
        return 6.0

    assert benchmark.best_rate(work, 5.0) == 6.0 and len(done) == 3


def test_steps_are_counted_by_trajectory_and_the_pulse_is_as_long_as_a_thousand_of_them(monkeypatch):
    """Time steps of 20 ps: a pulse of 20 ns. Each repetition takes one second."""
    lengths, now = [], [0.0]
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: now[0])

    def simulate(device, drive, *, n, start, seed, jobs):
        lengths.append((n, drive.waveform.time[-1], jobs, drive.current_density))
        now[0] += 1.0
        return types.SimpleNamespace(n_steps=drive.waveform.time[-1] / 20e-12)

    monkeypatch.setattr(benchmark, "simulate", simulate)
    device = load_device("five_state")
    rate = benchmark.trajectory_steps_per_second(device, threads=2, seconds=0.5, n=10)
    assert rate == pytest.approx(10 * 1000) and lengths[-1] == (
        10,
        pytest.approx(20e-9),
        2,
        device.pulse.current_density,
    )


@pytest.mark.parametrize(("shown", "view"), [("all", {}), ("first", {"device": 0}), ("nominal", {})])
def test_a_figure_of_a_table_shows_what_its_kind_says(monkeypatch, shown, view):
    """All instances together, the first, or the nominal device; what is chosen stands in its place and in the title."""
    asked, titles = [], []
    monkeypatch.setattr(figures, "entitle", lambda figure, words: titles.append(words))

    def plot(content, **chosen):
        asked.append(chosen)
        return Figure()

    counts = np.ones((2, 1, 1, 1, 3, 4), int)
    table = table_of(counts, (1e11,), (1e-9,), config={"name": "made"}, devices={"instance": [0, 1]})
    kind = FigureKind(plot, "What it shows. More.", takes=("device", "temperature"), shown=shown)
    words = {"all": "2 device instances together", "first": "device instance 0 of 0 to 1", "nominal": "nominal device"}[
        shown
    ]
    kind.draw(table)
    kind.draw(table, device=1)
    kind.draw(table, subject="mine")
    assert titles == [f"made, {words}, 300 K", "made, device instance 1 of 0 to 1, 300 K", "mine"]
    assert asked == [view, {"device": 1}, view]
