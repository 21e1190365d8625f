"""Waveforms from CSV files, trains of pulses, and how waveforms are put together."""

import numpy as np
import pytest

from dwcore.errors import InputError
from llg.device.pulse import MOST_POINTS, Pulse, Waveform, read_waveform

PULSE = Pulse(current_density=1e11, duration=1e-9, rise_time=0.2e-9, fall_time=0.4e-9, rest_time=1e-9,
              relaxation_time=3e-9)  # fmt: skip


def write(tmp_path, text):
    path = tmp_path / "wave.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("header", ["time_ns,value", "time [ns], value", "time (ns),value"])
def test_relative_values(tmp_path, header):
    path = write(tmp_path, f"# oscilloscope\n{header}\n\n0,0\n0.2, 1\n1,1\n# off\n1.5,-0.25\n")
    waveform, amplitude = read_waveform(path, "A/m^2")
    np.testing.assert_allclose(waveform.time, [0, 0.2e-9, 1e-9, 1.5e-9], rtol=1e-12)
    np.testing.assert_allclose(waveform.value, [0, 1, 1, -0.25])
    assert amplitude is None


@pytest.mark.parametrize(
    ("header", "factor"),
    [("time_s,value_A_per_m^2", 1.0), ("time_s,value [MA/cm^2]", 1e10), ("value (A/m^2),time_s", 1.0)],
)
def test_values_with_a_unit(tmp_path, header, factor):
    rows = [("0", "0"), ("1e-9", "-4"), ("2e-9", "2")]
    order = slice(None, None, -1) if header.startswith("value") else slice(None)
    path = write(tmp_path, "\n".join([header, *(",".join(row[order]) for row in rows)]))
    waveform, amplitude = read_waveform(path, "A/m^2")
    assert amplitude == pytest.approx(4 * factor)
    np.testing.assert_allclose(waveform.value, [0, -1, 0.5])
    np.testing.assert_allclose(waveform.time, [0, 1e-9, 2e-9])


def test_the_first_value_holds_before_the_first_time_and_jumps_are_kept(tmp_path):
    waveform, _ = read_waveform(write(tmp_path, "time_ps,value\n100,0.5\n200,0.5\n200,1\n300,1"))
    np.testing.assert_allclose(waveform.time, np.array([0, 100, 200, 200, 300]) * 1e-12, rtol=1e-12)
    np.testing.assert_allclose(waveform.value, [0.5, 0.5, 0.5, 1, 1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no line that names the columns"),
        ("time_ns,value\n", "has no rows"),
        ("time_ns,value\n0,0\n", "has 1 rows, must have >= 2"),
        ("time_ns,value\n0,0\n1,1,1\n", "wave.csv line 3: has 3 cells, must be 2"),
        ("time_ns,value\n0,0\n# x\n1,high\n", 'wave.csv line 4: value = "high" must be a finite number'),
        ("time_ns,value\n0,0\n1,nan\n", 'line 3: value = "nan" must be a finite number'),
        ("time_ns,value\n0,0\ninf,1\n", 'line 3: time_ns = "inf" must be a finite number'),
        ("time_ns,value\n0,0\n2,1\n1,0\n", "wave.csv line 4: time = 1e-09 [s] must be >= that of the row before"),
        ("time_ns,value\n-1,0\n2,1\n", "wave.csv line 2: time = -1e-09 [s] must be >= 0"),
        ("time_ns,value\n0,0\n0,1\n", "line 3: the last time must be > 0"),
        ("time,value\n0,0\n1,1\n", 'column "time" must name its unit, as in time_ns'),
        ("time_ns,J\n0,0\n1,1\n", 'column "J" must be time with a unit, as time_ns, or value'),
        ("time_ns,time_s\n0,0\n1,1\n", 'column "time_s" must be time'),
        ("time_ns\n0\n1\n", 'no column "value"; the header must be like time_ns,value'),
        ("time_m,value\n0,0\n1,1\n", 'column "time_m" has the unit "m", must be one like s'),
        ("time_ns,value_furlong\n0,0\n1,1\n", 'has the unit "furlong", must be one like A/m^2'),
        ("time_ns,value_V\n0,0\n1,1\n", 'has the unit "V", must be one like A/m^2'),
        ("time_ns,value\n0,0\n1,1\0\n", "not a text file"),
    ],
)
def test_bad_files(tmp_path, text, said):
    with pytest.raises(InputError) as caught:
        read_waveform(write(tmp_path, text), "A/m^2")
    message = str(caught.value)
    assert said in message
    assert "wave.csv" in message
    assert "\n" not in message


def test_values_that_must_be_relative(tmp_path):
    with pytest.raises(InputError, match="must have no unit, its values are relative"):
        read_waveform(write(tmp_path, "time_ns,value_A/m\n0,0\n1,1\n"))
    with pytest.raises(InputError, match="cannot read"):
        read_waveform(tmp_path / "none.csv")
    rows = "\n".join(f"{i},0" for i in range(MOST_POINTS + 1))
    with pytest.raises(InputError, match=f"must have >= 2 and <= {MOST_POINTS}"):
        read_waveform(write(tmp_path, f"time_ns,value\n{rows}\n"))


@pytest.mark.parametrize("alternating", [False, True])
def test_train(alternating):
    train = PULSE.waveform(1e-9, pulses=3, period=2e-9, alternating=alternating)
    assert train.length == pytest.approx(1e-9 + 2 * 2e-9 + 1.3e-9 + 3e-9)
    signs = (1, -1, 1) if alternating else (1, 1, 1)
    for number, sign in enumerate(signs):
        begin = 1e-9 + 2e-9 * number
        times = begin + np.array([0, 0.1e-9, 0.2e-9, 0.9e-9, 1.1e-9, 1.3e-9, 1.7e-9])
        values = np.interp(times, train.time, train.value)
        np.testing.assert_allclose(values, sign * np.array([0, 0.5, 1, 1, 0.5, 0, 0]), atol=1e-9)
    assert train.square_time() == pytest.approx(3 * PULSE.waveform(1e-9).square_time(), rel=1e-9)


def test_back_to_back_and_single():
    train = PULSE.waveform(1e-9, pulses=2)
    assert train.length == pytest.approx(1e-9 + 2 * 1.3e-9 + 3e-9)
    one = PULSE.waveform(1e-9)
    np.testing.assert_array_equal(one.time, PULSE.waveform(1e-9, pulses=1, period=7e-9).time)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pulses": 0}, "pulses = 0 must be >= 1"),
        ({"pulses": MOST_POINTS + 1}, f"must be >= 1 and <= {MOST_POINTS}"),
        ({"pulses": 2, "period": 1.2e-9}, "period = 1.2e-09 [s] must be >= 1.3e-09"),
        ({"pulses": 2, "period": float("nan")}, "period = nan [s] must be >= 1.3e-09"),
        ({"pulses": 2, "period": float("inf")}, "period = inf [s] must be >= 1.3e-09"),
    ],
)
def test_bad_trains(options, said):
    with pytest.raises(InputError) as caught:
        PULSE.waveform(1e-9, **options)
    assert said in str(caught.value)


def test_framed_delayed_held_and_magnitude():
    shape = Waveform([0.0, 1e-9, 2e-9], [1.0, 1.0, -0.5])
    framed = PULSE.framed(shape)
    at = np.array([0.5, 1.5, 2.5, 3.5]) * 1e-9
    np.testing.assert_allclose(np.interp(at, framed.time, framed.value), [0, 1, 0.25, 0])
    assert framed.length == pytest.approx(6e-9)
    later = shape.delayed(1e-9).held(6e-9)
    np.testing.assert_allclose(np.interp(at, later.time, later.value), [1, 1, 0.25, -0.5])
    assert later.length == 6e-9
    assert shape.held(1e-9) is shape
    size = shape.magnitude()
    fine = np.linspace(0, 2e-9, 301)
    np.testing.assert_allclose(
        np.interp(fine, size.time, size.value), np.abs(np.interp(fine, shape.time, shape.value)), atol=1e-12
    )


@pytest.mark.parametrize(
    ("time", "value"),
    [([0.0], [1.0]), ([0.0, 1.0], [1.0]), ([0.0, np.nan], [1.0, 1.0]), ([0.1, 1.0], [1.0, 1.0]),
     ([0.0, 2.0, 1.0], [0.0, 0.0, 0.0]), ([0.0, 0.0], [0.0, 1.0]), ([0.0, 1.0], [0.0, np.inf])],
)  # fmt: skip
def test_bad_waveforms(time, value):
    with pytest.raises(InputError, match="waveform: time"):
        Waveform(time, value)
