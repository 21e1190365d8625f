"""Measured pulse responses: states and probabilities of synthetic devices are found again within their intervals."""

import itertools
import types

import numpy as np
import pytest
from scipy.stats import beta

from compact.exchange import pulse_import
from compact.exchange.crosssim_import import PulseFacts
from compact.exchange.level_mixture import BINS_OF_MANY, MOST_SINGLE, _floor, _start, find_levels, grouped, stragglers
from compact.exchange.pulse_data import read_pulse_data
from compact.exchange.pulse_import import _axis, import_pulses
from compact.table.table_file import load_table, save_table
from dwcore.errors import InputError

S, K, READ_NOISE = 5, 3, 0.07  # noise relative to the spacing of the levels
AMPLITUDES = (-6e11, -5e11, 5e11, 6e11)
HEADER = "device,pulse,polarity,amplitude_1e11_A_per_m2,duration_ns,conductance_uS"


def truth(amplitude: float) -> np.ndarray:
    """Moves by one level, none or two, surer with more current, shape (S, S)."""
    hit = 0.9 if abs(amplitude) > 5.5e11 else 0.7
    p = np.zeros((S, S))
    for i in range(S):
        for move, chance in ((0, 0.97 - hit), (1, hit), (2, 0.03)):
            p[i, int(np.clip(i + np.sign(amplitude) * move, 0, S - 1))] += chance
    return p


def level(device: int, state) -> np.ndarray:
    """Conductances of a device [uS]."""
    return (20 + 3 * device) + (5 + 0.4 * device) * np.asarray(state)


def rows_of(rng, pulses: int = 1600, devices: int = K) -> list[str]:
    """Rows of a file: trains of random length and direction."""
    rows = []
    for device in range(devices):
        state, number = 0, 0
        rows.append(f"dev{device},0,0,0,0,{level(device, 0):.5g}")
        while number < pulses:
            amplitude = rng.choice(AMPLITUDES)
            for _ in range(rng.integers(1, 7)):
                state = rng.choice(S, p=truth(amplitude)[state])
                number += 1
                read = level(device, state) + READ_NOISE * 5 * rng.standard_normal()
                sign = "+1" if amplitude > 0 else "-1"
                rows.append(f"dev{device},{number},{sign},{abs(amplitude) / 1e11:g},2,{read:.6g}")
    return rows


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    path = tmp_path_factory.mktemp("pulses") / "clean.csv"
    path.write_text("\n".join([HEADER, *rows_of(np.random.default_rng(5))]))
    return path


def write(path, rows, header=HEADER):
    path.write_text("\n".join([header, *rows]))
    return read_pulse_data(path)


def within_intervals(table, p_of, level_of_confidence):
    """Clopper-Pearson intervals of all outcomes, corrected for their number: whether all hold the truth."""
    alpha = (1 - level_of_confidence) / table.counts.size
    n = table.counts.sum(axis=-1, keepdims=True).astype(float)
    hit = table.counts.astype(float)
    low = np.where(hit > 0, beta.ppf(alpha / 2, hit, n - hit + 1), 0.0)
    high = np.where(hit < n, beta.ppf(1 - alpha / 2, hit + 1, n - hit), 1.0)
    true = np.stack([np.concatenate([p_of(J), np.zeros((S, 1))], axis=1) for J in table.current_density])
    true = true[None, None, :, None]
    return np.all((low <= true + 1e-12) & (true - 1e-12 <= high))


def test_states_and_probabilities_are_found_again(clean, tmp_path):
    table, report = import_pulses(read_pulse_data(clean))
    assert table.counts.shape == (K, 1, 4, 1, S, S + 1)
    assert min(report.bic, key=report.bic.get) == S
    assert table.current_density == pytest.approx(AMPLITUDES) and table.duration == pytest.approx([2e-9])
    for k in range(K):
        found = table.instance_states.conductance[k, 0] * 1e6
        error = 5 * READ_NOISE * 5 / np.sqrt(200)
        assert found == pytest.approx(level(k, np.arange(S)), abs=error)
        assert table.instance_states.conductance_std_ctoc[k, 0] * 1e6 == pytest.approx(READ_NOISE * 5, rel=0.25)
    own = table.instance_states
    assert table.conductance == pytest.approx(own.conductance[:, 0].mean(axis=0))
    assert table.conductance_std_ctoc**2 == pytest.approx((own.conductance_std_ctoc[:, 0] ** 2).mean(axis=0))
    assert within_intervals(table, truth, 0.999)
    other = truth(4e11) + np.diag(np.full(S, 0.2)) - np.diag(np.full(S - 1, 0.2), 1)
    assert not within_intervals(table, lambda J: other if J > 0 else truth(J), 0.999)  # the intervals can tell
    for a, J in enumerate(AMPLITUDES):  # the devices are alike: their sum is sharper
        moved = table.counts[:, 0, a, 0].sum(axis=0)
        inner = range(S - 1) if J > 0 else range(1, S)
        hit, n = sum(moved[i, i + int(np.sign(J))] for i in inner), sum(moved[i].sum() for i in inner)
        true = np.mean([truth(J)[i, i + int(np.sign(J))] for i in inner])
        weighted = sum(moved[i].sum() * truth(J)[i, i + int(np.sign(J))] for i in inner) / n
        assert hit / n == pytest.approx(weighted, abs=4 * np.sqrt(true * (1 - true) / n))
    save_table(tmp_path / "t.h5", table, inputs=[clean])
    assert np.array_equal(load_table(tmp_path / "t.h5").counts, table.counts)


def test_what_a_meter_writes_at_overflow_is_no_reading(tmp_path):
    rows = rows_of(np.random.default_rng(8), devices=1)
    kept = ([row.rsplit(",", 1)[0] + end if n % 10 == 0 else row for n, row in enumerate(rows)]
                   for end in (",", ",9.91E+37", ",9.9E37"))  # fmt: skip
    found = [import_pulses(write(tmp_path / "a.csv", some))[0] for some in kept]
    assert found[0].position.size == S
    assert np.array_equal(found[0].counts, found[1].counts) and np.array_equal(found[0].counts, found[2].counts)


def test_outliers_and_gaps_are_left_out(tmp_path):
    rng = np.random.default_rng(8)
    rows = rows_of(rng, devices=1)
    parts = [row.split(",") for row in rows]
    for i in rng.choice(np.arange(1, len(parts)), 12, replace=False):
        parts[i][-1] = f"{rng.uniform(60, 200):.4g}"
    blank = rng.choice(np.arange(1, len(parts)), 20, replace=False)
    for i in blank:
        parts[i][-1] = rng.choice(["", "nan"])
    text = [",".join(part) for i, part in enumerate(parts) if i not in (300, 301)]
    table, report = import_pulses(write(tmp_path / "a.csv", text))
    assert table.position.size == S
    assert report.outliers == sum(1 for i in set(range(len(parts))) - {300, 301}
                                  if parts[i][-1] not in ("", "nan") and float(parts[i][-1]) > 50)  # fmt: skip
    assert report.readings == sum(not line.endswith((",", "nan")) for line in text)
    assert 0 < report.gaps <= 2 * (12 + 20 + 2)
    assert report.transitions + report.gaps == len(text) - 1
    assert within_intervals(table, truth, 0.999)


def test_voltages_stand_in_and_currents_convert(tmp_path):
    parts = [row.split(",") for row in rows_of(np.random.default_rng(9), pulses=900, devices=1)]
    rows = [",".join([*part[:3], f"{float(part[3]) / 10:g}", *part[4:]]) for part in parts]
    volts = write(tmp_path / "v.csv", rows, HEADER.replace("amplitude_1e11_A_per_m2", "amplitude_V"))
    table, _ = import_pulses(volts)
    assert "in V" in table.config["origin"]["placeholders"]["current_density"]
    assert table.current_density == pytest.approx([-0.6, -0.5, 0.5, 0.6])
    with pytest.raises(InputError, match="needs amplitudes in A"):
        import_pulses(volts, area=1e-15)
    amperes = write(tmp_path / "i.csv", rows, HEADER.replace("amplitude_1e11_A_per_m2", "amplitude_mA"))
    table, _ = import_pulses(amperes, area=1e-15)
    assert table.current_density == pytest.approx(AMPLITUDES)
    assert "current_density" not in table.config["origin"]["placeholders"]


def test_resistances_signed_amplitudes_and_one_device(tmp_path):
    rows = []
    for row in rows_of(np.random.default_rng(10), pulses=900, devices=1):
        _, pulse, sign, amplitude, duration, G = row.split(",")
        rows.append(f"{pulse},{'-' if sign == '-1' else ''}{amplitude},{duration},{1e3 / float(G):.6g}")
    data = write(tmp_path / "r.csv", rows, "pulse,J_1e11_A_per_m2,duration_ns,resistance_kohm")
    table, _ = import_pulses(data)
    assert table.position.size == S and table.conductance[0] == pytest.approx(20e-6, rel=0.01)
    assert within_intervals(table, truth, 0.999)


@pytest.mark.parametrize("levels", [2, 8, 16])
def test_the_information_criterion_finds_the_number_of_levels(levels):
    rng = np.random.default_rng(levels)
    mean = np.arange(levels) + 0.1 * rng.standard_normal(levels)
    state = rng.integers(levels, size=60 * levels)
    values = mean[state] + 0.12 * rng.standard_normal(state.size)
    readings = grouped(values)
    found = {n: find_levels(readings, n) for n in range(max(levels - 2, 1), levels + 3)}
    best = min((n for n in found if found[n] is not None), key=lambda n: found[n].bic)
    assert best == levels
    assert np.mean(found[best].level != state) < 0.01
    assert found[best].std == pytest.approx(0.12, rel=0.35)


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_levels_begin_with_the_intervals_of_least_squares(parts):
    """Of all ways to cut twelve sorted values, of one to five readings each; by trying them all."""
    rng = np.random.default_rng(parts)
    values, number = np.sort(rng.uniform(0, 1, 12)), rng.integers(1, 6, 12).astype(float)

    def pieces(cuts):
        return [slice(a, b) for a, b in itertools.pairwise((0, *cuts, 12))]

    def square(cut):
        mean = np.average(values[cut], weights=number[cut])
        return number[cut] @ (values[cut] - mean) ** 2

    every = itertools.combinations(range(1, 12), parts - 1)
    best = pieces(min(every, key=lambda cuts: sum(map(square, pieces(cuts)))))
    mean, std, share = _start(values, number, np.zeros(12), parts)
    assert mean == pytest.approx([np.average(values[cut], weights=number[cut]) for cut in best])
    least = np.ptp(values) / (20 * parts)
    assert std == pytest.approx([max(np.sqrt(square(cut) / number[cut].sum()), least) for cut in best])
    assert share == pytest.approx([number[cut].sum() / number.sum() for cut in best])


def test_few_readings_apart_from_all_others_are_stragglers():
    values = np.append(np.repeat([1.0, 2.0, 3.0], 30) + np.linspace(-0.05, 0.05, 90), [50, -20, 51])
    assert np.flatnonzero(stragglers(values)).tolist() == [90, 91, 92]


@pytest.mark.parametrize(("levels", "noise"), [(5, 0.02), (5, 0.15), (12, 0.25)])
def test_many_readings_have_the_levels_that_they_have_one_by_one(levels, noise, monkeypatch):
    rng = np.random.default_rng(levels)
    values = rng.integers(levels, size=MOST_SINGLE + 1) + noise * rng.standard_normal(MOST_SINGLE + 1)
    values[:3] = [-9.0, 40.0, 41.0]
    binned = find_levels(grouped(values), levels)
    monkeypatch.setattr("compact.exchange.level_mixture.MOST_SINGLE", values.size)
    single = find_levels(grouped(values), levels)
    share = np.ptp(values[3:]) / BINS_OF_MANY / single.std.min()
    assert 0.005 < share < 0.15  # the bins are not so narrow that they hold single readings
    assert np.abs(binned.mean - single.mean).max() < 0.1 * share**2 * single.std.min()
    assert np.abs(binned.std / single.std - 1).max() < share**2
    assert binned.bic == pytest.approx(single.bic, rel=1e-6)
    assert np.mean(binned.level != single.level) < 0.05 * share
    assert binned.level[:3].tolist() == [-1, -1, -1]


def test_the_last_digit_of_readings_is_the_least_spread_of_a_level():
    """Rounded to 0.5 a reading is off by up to a quarter to either side, evenly: 0.5/sqrt(12); else 1e-4 of the range."""
    assert _floor(np.array([10.0, 10.5, 12.0])) == pytest.approx(0.5 / np.sqrt(12))
    assert _floor(np.array([10.0, 10.0001, 20.0])) == pytest.approx(1e-4 * 10)


def test_equal_readings_are_no_levels_of_their_own():
    assert find_levels(grouped(np.repeat([1.0, 2.0], 40)), 3) is None


GOOD = [f"a,{i},{'+1' if i % 2 else '-1'},5,1,{10 + 10 * (i % 2) + 0.1 * (i % 7)}" for i in range(60)]


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        (GOOD[:10], HEADER, "device a has 10 readings, at least 16 are needed"),
        ([row.rsplit(",", 1)[0] + ",10" for row in GOOD], HEADER, "one level only"),
        (GOOD, HEADER, "was never sent to device a in state"),
        (GOOD, HEADER.replace("pulse", "step"), "no column for the pulse; name it one of pulse"),
        (
            GOOD,
            HEADER.replace("conductance_uS", "conductance"),
            'one of conductance_S.*; the header is .*"conductance"',
        ),
        (GOOD, HEADER.replace("amplitude_1e11_A_per_m2", "amplitude_ohm"), "no column for the amplitude"),
        (GOOD, HEADER.replace("duration_ns", "time_ns"), "no column for the duration"),
        ([row.replace("+1", "sideways") for row in GOOD], HEADER, 'line 3: polarity = "sideways" must be'),
        ([row.replace("+1,5", "+1,-5") for row in GOOD], HEADER, "line 3: .* is negative although"),
        ([row.replace(",5,1,", ",5_0,1,") for row in GOOD], HEADER, 'line 2: .* = "5_0" must be a finite number'),
        ([row[: row.rfind(",") + 1] + "1_0" for row in GOOD], HEADER, '"1_0" must be a number or empty'),
        ([row.replace("a,7,", "a,7.5,") for row in GOOD], HEADER, "line 9: pulse = 7.5 must be a whole number"),
        ([row.replace(",5,1,", ",5,0,") for row in GOOD], HEADER, "line 2: duration_ns must be > 0"),
        ([row[: row.rfind(",") + 1] + "x" for row in GOOD], HEADER, 'line 2: conductance_uS = "x" must be a number'),
        ([row.replace(row.split(",")[1], str(3 * i), 1) for i, row in enumerate(GOOD)], HEADER, "no two readings"),
    ],
)
def test_bad_data_are_refused_in_one_line(tmp_path, rows, header, words):
    with pytest.raises(InputError, match=words) as error:
        import_pulses(write(tmp_path / "bad.csv", rows, header))
    assert "bad.csv" in str(error.value) and "\n" not in str(error.value)


def test_rows_without_a_trial_may_be_assumed_to_stay(tmp_path):
    data = write(tmp_path / "a.csv", GOOD)
    table, report = import_pulses(data, states=2, assume_stay=True)
    assert report.empty_rows == 2 and "2 rows" in table.config["origin"]["placeholders"]["counts"]
    assert table.counts[0, 0, :, 0, :, :2].sum() == report.transitions + 2


def test_a_read_between_two_pulses_is_no_transition(tmp_path):
    """Up, read, down, read: every pulse moves, and the reads, which stay, count nowhere."""
    order = (("+1", 20), ("0", 20), ("-1", 10), ("0", 10))
    rows = [f"a,{i + 1},{order[i % 4][0]},5,1,{order[i % 4][1] + 0.1 * (i % 7)}" for i in range(80)]
    table, report = import_pulses(write(tmp_path / "a.csv", ["a,0,0,0,0,10", *rows]), states=2, assume_stay=True)
    assert table.current_density == pytest.approx([-5e11, 5e11])
    assert (report.transitions, report.gaps, report.empty_rows) == (40, 0, 2)
    assert table.counts[0, 0, :, 0, :, :2].tolist() == [[[1, 0], [20, 0]], [[0, 20], [0, 1]]]


def test_a_device_does_not_go_on_where_another_ended(tmp_path):
    """Pulses are numbered through two devices; the first of the second has no reading before it. Facts go to the table."""
    order = (("+1", 20), ("0", 20), ("-1", 10), ("0", 10))
    rows = [f"{'ab'[i // 80]},{i + 1},{order[i % 4][0]},5,1,{order[i % 4][1] + 0.1 * (i % 7)}" for i in range(160)]
    data = write(tmp_path / "a.csv", ["a,0,0,0,0,10", *rows])
    facts = PulseFacts(temperature=350.0, energy=5e-14)
    table, report = import_pulses(data, states=2, assume_stay=True, facts=facts)
    assert (report.transitions, report.gaps) == (79, 1) and table.counts[1, 0, 1, 0, 0].tolist() == [0, 19, 0]
    assert table.temperature.tolist() == [350.0] and (table.energy_per_pulse == 5e-14).all()
    assert not {"temperature", "energy_per_pulse"} & table.config["origin"]["placeholders"].keys()


def test_negative_amplitudes_and_polarities_say_the_same(tmp_path):
    """Minus twice is minus; what conducts nothing is no reading; numbers of pulses are exact."""
    rows = [f"a,{i},-1,{sign}5,1,{G}" for i, (sign, G) in enumerate((("", 10), ("-", 11), ("-", 0), ("", -1)))]
    data = write(tmp_path / "a.csv", rows)
    assert data.amplitude == pytest.approx([-5e11] * 4)
    assert data.conductance[:2] == pytest.approx([10e-6, 11e-6]) and np.isnan(data.conductance[2:]).all()
    for number in ("1e17", "-1e17"):
        with pytest.raises(InputError, match=r"pulse = -?1e.17 must be a whole number of at most 9"):
            write(tmp_path / "a.csv", [f"a,{number},-1,5,1,10"])


def test_values_that_are_the_same_but_for_rounding_are_one_of_their_mean():
    """Within a thousandth; their mean counts each."""
    axis, place = _axis(np.array([1.0005, 2.0, 1.0, 1.0005, -1.0]))
    assert axis == pytest.approx([-1.0, 1 + 1e-3 / 3, 2.0]) and place.tolist() == [1, 2, 1, 1, 0]
    assert _axis(np.array([1.0, 1.0011]))[0].size == 2


def test_the_search_for_levels_goes_on_until_four_in_a_row_are_worse(monkeypatch, clean):
    """Two worse ones, then three, do not end it; four do, whatever would have come."""
    bic, asked = [10, 9.5, 9.6, 9.7, 9, 10, 10, 10, 8, 10, 10, 10, 10, 1], []

    def scripted(readings, states):
        asked.append(states)
        return [types.SimpleNamespace(bic=bic[states - 1], mean=np.zeros(states))]

    monkeypatch.setattr(pulse_import, "_all_devices", scripted)
    data = read_pulse_data(clean)
    levels, found = pulse_import._levels(data, pulse_import._rows_read(data), None)
    assert levels[0].mean.size == 9 and asked == list(range(1, 14)) and found == dict(enumerate(bic[:-1], 1))


def test_one_device_whose_states_overlap_is_enough(tmp_path):
    rng, rows = np.random.default_rng(2), []
    for device, noise in (("a", 0.01), ("b", 0.9)):
        for i in range(400):
            read = 10 + 1.0 * (i % 4 // 2) + noise * rng.standard_normal()
            rows.append(f"{device},{i},{'+1' if i % 4 < 2 else '-1'},5,1,{read:.5g}")
    with pytest.raises(InputError, match="the states overlap"):
        import_pulses(write(tmp_path / "a.csv", rows), states=2)


def test_overlapping_states_are_refused(tmp_path):
    rng = np.random.default_rng(2)
    rows = []
    for i in range(400):
        read = 10 + 1.0 * (i % 4 // 2) + 0.6 * rng.standard_normal()
        rows.append(f"a,{i},{'+1' if i % 4 < 2 else '-1'},5,1,{read:.5g}")
    with pytest.raises(InputError, match="the states overlap"):
        import_pulses(write(tmp_path / "a.csv", rows), states=2)


def mapped(tmp_path, rows, header, **columns):
    path = tmp_path / "own.csv"
    path.write_text("\n".join([header, *rows]))
    return read_pulse_data(path, columns)


def test_columns_with_names_of_their_own_are_named(tmp_path):
    rows = ["a,1,5,0.4,10,200", "a,2,-5,0.4,9.91E+37,200", "a,3,5,0.4,12,0"]
    header = "chip,n,bias (mV),write (mA),I (nA),V (mV)"
    header = header.replace("I (nA)", "I (uA)")
    data = mapped(tmp_path, rows, header, device="chip", pulse="n", amplitude="bias", duration="100 ns", G="I/V")
    assert data.labels == ("a",)
    assert data.amplitude == pytest.approx([5e-3, -5e-3, 5e-3]) and data.amplitude_unit == "V"
    assert data.duration == pytest.approx([1e-7] * 3)
    assert data.conductance[0] == pytest.approx(10e-6 / 0.2)
    assert np.isnan(data.conductance[1:]).all()  # an overflow, and no voltage
    dense = header.replace("write (mA)", "write (1e11 A/m2)")
    data = mapped(tmp_path, rows, dense, amplitude="write (1e11 A/m2)", duration="100 ns", R="V/I")
    assert data.amplitude == pytest.approx([0.4e11] * 3) and data.amplitude_unit == "A/m^2"
    with pytest.raises(InputError, match="has no unit at its end"):
        mapped(tmp_path, rows, header.replace("(nA)", "(10 nA)").replace("write (mA)", "write (10 mA)"),
               amplitude="write (10 mA)", duration="100 ns", R="V/I")  # fmt: skip
    data = mapped(tmp_path, rows, header, amplitude="write (mA)", duration="100 ns", R="V/I")
    assert data.conductance[0] == pytest.approx(10e-6 / 0.2) and data.amplitude_unit == "A"
    both = [row.replace("9.91E+37,200", "-9.91E+37,-9.91E+37") for row in rows]
    data = mapped(tmp_path, both, header, amplitude="write (mA)", duration="100 ns", G="I/V")
    assert np.isnan(data.conductance[1]), "one overflow over the other is no conductance"
    two = header.replace("write (mA)", "I (mA)")
    with pytest.raises(InputError, match="conductance=I/V: no such column"):
        mapped(tmp_path, rows, two, amplitude="bias (mV)", duration="100 ns", G="I/V")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"conductanc": "I/V"}, 'no such quantity; did you mean "conductance"'),
        ({"G": "I/U"}, "--column conductance=I/U: no such column"),
        ({"G": "n"}, 'the column "n" has no unit at its end, one of S, mS'),
        ({"duration": "5 V"}, "--column duration=5 V: no such column"),
    ],
)
def test_columns_that_do_not_exist_are_refused_by_name(tmp_path, columns, words):
    with pytest.raises(InputError, match=words):
        mapped(tmp_path, ["1,5,3,4"], "n,amplitude_V,I (uA),V (mV)", **columns)


def test_too_few_readings_for_the_levels_there_are_say_so(tmp_path):
    """Ten clean levels of four readings each: no level has the eight that it needs."""
    path, stairs = tmp_path / "few.csv", [*range(10), *range(9, -1, -1)] * 2
    rows = [f"{n},{1 if n % 20 < 10 else -1},10,{1 + level}e-5" for n, level in enumerate(stairs)]
    path.write_text("\n".join(["pulse,amplitude_V,duration_ns,conductance_S", *rows]))
    with pytest.raises(InputError, match="a level needs 8 readings, so 40 tell at most 5 apart"):
        import_pulses(read_pulse_data(path))


def test_a_column_of_pulses_that_holds_nothing_known_is_said(tmp_path, caplog):
    """Without `device` all rows are of one device: a column of samples may be meant."""
    path = tmp_path / "pulses.csv"
    path.write_text("sample,pulse,amplitude_mA,duration_ns,conductance_uS\nA,1,1,10,5\nB,1,1,10,6\n")
    assert read_pulse_data(path).labels == ("1",)
    assert 'not read: "sample"' in caplog.text
    caplog.clear()
    assert read_pulse_data(path, {"device": "sample"}).labels == ("A", "B")
    assert "not read" not in caplog.text
