"""What figures of tables and fits show, against numbers worked out by hand: units, quantiles, errors, words."""

import types

import numpy as np
import pytest
from fit_cases import drawn_table, known_model, spread_model, table_of

from compact.drawing import fit_plots, phase_plots, spread_plots, staircase_plots, transition_plots
from compact.drawing.drive_words import table_view_text
from compact.forms.spread import Spread
from compact.table.operating_point import OperatingPoint
from compact.table.phase_diagram import PhaseDiagram
from compact.table.staircase import Staircase, staircase
from compact.table.transition_table import InstanceStates
from dwcore.errors import InputError

YEAR = 365.25 * 86400.0
POINTS = tuple(OperatingPoint(current_density=J, duration=1e-9, temperature=300.0) for J in (7e11, -6e11))


def rate_table(rate, lost=None, devices=1):
    """A table of three states whose pulses do nothing."""
    counts = np.zeros((devices, 1, 2, 1, 3, 4), int)
    counts[..., range(3), range(3)] = 10
    more = {} if lost is None else {"retention_lost": np.array(lost, float).reshape(devices, 1, 3)}
    return table_of(counts, (-1e11, 1e11), (1e-9,), retention_rate=np.array(rate, float).reshape(devices, 1, 3, 3),
                    retention_method="made up", **more)  # fmt: skip


# Staircases


def test_a_staircase_is_drawn_in_millisiemens_over_the_walls_that_are_left():
    """1, 2 and 4 mS; of ten walls two are lost by the second pulse, and quantiles are of those that are left."""
    share = np.zeros((2, 3, 3))
    share[0] = [[1.0, 0, 0], [0.45, 0.55, 0], [0.04, 0.06, 0.7]]
    share[1] = share[0, :, ::-1]
    stairs = Staircase(POINTS, np.array([1e-3, 2e-3, 4e-3]), share, 1 - share.sum(axis=-1))
    ax = staircase_plots.plot_staircase(stairs, 0)
    lines = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert lines["mean"].get_xdata().tolist() == [0, 1, 2]
    assert lines["mean"].get_ydata() == pytest.approx([1.0, 1.55, (0.04 + 0.12 + 2.8) / 0.8])
    assert lines["median"].get_ydata() == pytest.approx([1.0, 2.0, 4.0])
    low, high = (1e3 * stairs.quantile(q)[0] for q in (0.05, 0.95))
    assert low == pytest.approx([1.0, 1.0, 1.0]) and high == pytest.approx([1.0, 2.0, 4.0])
    (band,) = ax.collections
    edges = band.get_paths()[0].vertices
    assert (edges[:, 1].min(), edges[:, 1].max()) == (1.0, 4.0)
    assert (
        band.get_label() == "5 to 95 %" and ax.get_title().startswith("up: ") and ax.get_title().endswith("; 20 % lost")
    )
    assert staircase_plots.plot_staircase(stairs, 1).get_title().startswith("down: ")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xlim()) == ("number of pulses", "conductance (mS)", (-0.5, 2.5))


@pytest.mark.parametrize(("S", "pulses"), [(3, 8), (5, 8), (6, 9), (16, 24)])
def test_a_train_has_half_as_many_pulses_again_as_states(S, pulses):
    counts = np.zeros((1, 1, 2, 1, S, S + 1), int)
    for s in range(S):
        counts[0, 0, 0, 0, s, max(s - 1, 0)] = counts[0, 0, 1, 0, s, min(s + 1, S - 1)] = 10
    stairs = staircase(table_of(counts, (-1e11, 1e11), (1e-9,)))
    assert stairs.share.shape == (2, pulses + 1, S) and stairs.lost.max() == 0
    assert stairs.mean()[0, S - 1] == pytest.approx(stairs.level[-1], rel=0.2)


# Retention


def test_retention_of_two_states_is_an_exponential_and_a_loss():
    """Rates a forth and b back: (b + a exp(-(a + b) t))/(a + b); the third state only loses its wall."""
    a, b, loss = 1e-9, 3e-9, 2e-9
    ax = staircase_plots.plot_state_retention(rate_table([[0, a, 0], [b, 0, 0], [0, 0, 0]], [0, 0, loss]))
    first, second, third = ax.lines[:3]
    t = first.get_xdata()
    assert t[0] == pytest.approx(1e-2 / b) and t[-1] == pytest.approx(max(30 / a, 30 * YEAR))
    assert first.get_ydata() == pytest.approx((b + a * np.exp(-(a + b) * t)) / (a + b), rel=1e-6)
    assert second.get_ydata() == pytest.approx((a + b * np.exp(-(a + b) * t)) / (a + b), rel=1e-6)
    assert third.get_ydata() == pytest.approx(np.exp(-loss * t), rel=1e-6, abs=1e-12)
    assert [line.get_label() for line in (first, second, third)] == ["0: 1e+09 s", "1: 3.3e+08 s", "2: 5e+08 s"]
    assert ax.lines[3].get_xdata()[0] == pytest.approx(10 * YEAR)


def test_retention_is_the_mean_over_devices_and_unknown_where_one_is():
    rates = np.zeros((2, 3, 3))
    rates[0, 0, 1], rates[1, 0, 1], rates[1, 1] = 1e-9, 4e-9, np.nan
    ax = staircase_plots.plot_state_retention(rate_table(rates, devices=2))
    t = ax.lines[0].get_xdata()
    assert ax.lines[0].get_ydata() == pytest.approx((np.exp(-1e-9 * t) + np.exp(-4e-9 * t)) / 2, rel=1e-6, abs=1e-12)
    labels = [line.get_label() for line in ax.lines[:3]]
    assert labels == [f"0: {(1e9 + 0.25e9) / 2:.2g} s", "1: unknown", "2: never leaves"]
    one = staircase_plots.plot_state_retention(rate_table(rates, devices=2), device=1)
    assert one.lines[0].get_ydata() == pytest.approx(np.exp(-4e-9 * one.lines[0].get_xdata()), rel=1e-6, abs=1e-12)


def test_retention_is_that_of_the_chosen_temperature():
    """Cold walls stay, warm ones leave the first state at 1e-9/s and the track at as much, from it alone."""
    counts = np.zeros((1, 2, 2, 1, 3, 4), int)
    counts[..., range(3), range(3)] = 10
    rate, lost = np.zeros((1, 2, 3, 3)), np.zeros((1, 2, 3))
    rate[0, 1, 0, 1] = lost[0, 1, 0] = 1e-9
    table = table_of(counts, (-1e11, 1e11), (1e-9,), (300.0, 400.0), retention_rate=rate, retention_lost=lost,
                     retention_method="made up")  # fmt: skip
    warm = staircase_plots.plot_state_retention(table, temperature=1).lines[0]
    assert warm.get_ydata() == pytest.approx(np.exp(-2e-9 * warm.get_xdata()), rel=1e-6, abs=1e-12)
    assert warm.get_label() == "0: 5e+08 s"
    with pytest.raises(InputError, match="no rates of escape"):
        staircase_plots.plot_state_retention(table, temperature=0)


# Moves


def moving_table():
    """Three states, two devices, temperatures and durations; of a hundred walls so many move on by one with the current."""
    hits = 10 * (1 + np.arange(8)).reshape(2, 2, 1, 2) * np.array([0.5, 1.0]).reshape(1, 1, 2, 1)
    counts = np.zeros((2, 2, 2, 2, 3, 4), int)
    for (k, t, a, d), hit in np.ndenumerate(hits.astype(int)):
        for s in range(3):
            counts[k, t, a, d, s, min(max(s + (-1, 1)[a], 0), 2)] += hit
            counts[k, t, a, d, s, s] += 100 - hit
    return table_of(counts, (-2e11, 3e11), (1e-9, 4e-9), (300.0, 400.0))


def bars_of(ax):
    """Place, height and error of all points with bars, in their order."""
    return [(one.lines[0].get_xdata()[0], one.lines[0].get_ydata()[0], np.ptp(one.lines[2][0].get_segments()[0][:, 1]) / 2)
            for one in ax.containers]  # fmt: skip


def test_chances_to_move_stand_at_their_current_with_their_error():
    """Of the second device at the second temperature 70 and 80 of 100 go up, 35 and 40 down, from two states of three; the
    mean with the first, of which 30 and 40 go up. Two states at a time none goes."""
    table = moving_table()
    error = [np.sqrt((n + 0.5) * (100.5 - n) / 102) / 101 for n in range(101)]
    ax = transition_plots.plot_move_probability(table, device=1, temperature=1)
    one = [bar for bar in bars_of(ax) if bar[1] > 0]
    expected = [(-2, 0.35, 35), (3, 0.70, 70), (-2, 0.40, 40), (3, 0.80, 80)]
    assert one == [pytest.approx((x, p, error[n] / np.sqrt(2))) for x, p, n in expected]
    ax = transition_plots.plot_move_probability(table, temperature=1)
    both = [bar[:2] for bar in bars_of(ax) if bar[1] > 0]
    assert both == [pytest.approx(at) for at in ((-2, 0.25), (3, 0.50), (-2, 0.30), (3, 0.60))]
    bands = [band.get_paths()[0].vertices for band in ax.collections if band.get_alpha() == 0.15]
    ends = [(v[:, 0].min(), v[:, 1].min(), v[:, 1].max()) for v in bands[:4]]
    assert ends == [pytest.approx(at) for at in ((-2, 0.15, 0.35), (3, 0.3, 0.7), (-2, 0.2, 0.4), (3, 0.4, 0.8))]


def test_a_matrix_is_that_of_the_chosen_pulse_temperature_and_device():
    """60 and 80 of 100 walls of the devices at 400 K: see the table."""
    table = moving_table()
    for device, shown in ((None, 0.6), (0, 0.4), (1, 0.8)):
        ax = transition_plots.plot_transition_matrix(table, 1, 1, device=device, temperature=1)
        assert ax.images[0].get_array()[0, 1] == pytest.approx(shown)
    figure = transition_plots.transition_figure(table, ((1, 0), (0, 1)), device=0, temperature=1)
    up, down = (ax.images[0].get_array() for ax in figure.axes[:2])
    assert (up[0, 1], down[2, 1]) == pytest.approx((0.3, 0.2))


# Fits


def test_walls_that_passed_ridges_are_counted_along_the_drive():
    """Of three states: up from the first, one ridge or more is the second, the third and the end of the track."""
    rows = np.array([[[50.0, 30, 15, 5], [10, 60, 20, 10], [5, 15, 70, 10]]])
    share, error = fit_plots._reached(rows, np.array([0, 1]), 1, True)
    assert share == pytest.approx([(30 + 15 + 5 + 20 + 10) / 200])
    n, hits = 200, 80
    assert error == pytest.approx([np.sqrt((hits + 0.5) * (n - hits + 0.5) / (n + 2)) / (n + 1)])
    assert fit_plots._reached(rows, np.array([0]), 2, True)[0] == pytest.approx([20 / 100])
    assert fit_plots._reached(rows, np.array([1, 2]), 1, False)[0] == pytest.approx([(10 + 10 + 5 + 15 + 10) / 200])
    assert fit_plots._reached(rows, np.array([2]), 2, False)[0] == pytest.approx([(5 + 10) / 100])


@pytest.mark.parametrize(("durations", "shown"), [(1, [0]), (6, [0, 1, 2, 3, 4, 5]), (11, [0, 2, 4, 6, 8, 10])])
def test_of_many_durations_six_are_drawn(durations, shown):
    assert fit_plots._shown(durations) == shown


@pytest.mark.parametrize(("worst", "limit"), [(1.0, 4.0), (10.0, 11.0)])
def test_residuals_stand_beside_two_standard_errors(worst, limit):
    table = table_of(np.ones((1, 1, 2, 1, 3, 4), int), (-7e11, 7e11), (1e-9,))
    residual = np.array([[[[-worst], [0.5]]]])
    stand_in = types.SimpleNamespace(
        needed_fit=lambda: types.SimpleNamespace(residual=residual), duration=table.duration, config={},
        current_density=table.current_density,
    )  # fmt: skip
    ax = fit_plots.plot_residuals(stand_in)
    points, *levels = ax.lines
    assert points.get_xdata().tolist() == [-7, 7] and points.get_ydata().tolist() == [-worst, 0.5]
    assert [line.get_ydata()[0] for line in levels] == [0, 2, -2] and ax.get_ylim() == (-limit, limit)


def test_residuals_are_those_of_the_chosen_device_and_temperature():
    residual = np.arange(16.0).reshape(2, 2, 2, 2)
    stand_in = types.SimpleNamespace(
        needed_fit=lambda: types.SimpleNamespace(residual=residual), duration=np.array([1e-9, 4e-9]), config={},
        current_density=np.array([-7e11, 7e11]),
    )  # fmt: skip
    first, second, *_ = fit_plots.plot_residuals(stand_in, device=1, temperature=0).lines
    assert (first.get_ydata().tolist(), second.get_ydata().tolist()) == ([8, 10], [9, 11])


def test_the_line_of_a_fit_is_that_of_the_chosen_device_and_temperature():
    """At the ends of each line stand the chances of the model there."""
    model, current = spread_model(2), 7e11 * np.array([-1.1, -0.8, 0.8, 1.1])
    raw = drawn_table(model, n=50, temperature=(300.0, 400.0), current=current, duration=(1e-9,))
    names = ("current_density", "position", "duration", "config", "temperature", "counts", "probability")
    fake = types.SimpleNamespace(**{name: getattr(raw, name) for name in (*names, "standard_error")})
    fake.needed_fit = lambda: types.SimpleNamespace(model=model)
    ax = fit_plots.plot_fit(fake, device=1, temperature=1)
    line = next(
        line for line in ax.lines if len(line.get_xdata()) == 200 and line.get_xdata()[-1] == pytest.approx(7.7)
    )
    rows = model.matrix(temperature=400.0, current_density=7.7e11, duration=1e-9, device=1)
    S = len(rows)
    expected = sum(rows[s, s + 1 :].sum() for s in range(S - 1)) / (S - 1)
    assert line.get_ydata()[-1] == pytest.approx(expected, rel=1e-9)


# Spreads


def test_thresholds_have_their_mean_and_deviation():
    """Of 3.8, 4.0 and 4.5 times 1e11 A/m^2 the deviation is that of a sample."""
    model = known_model(3)
    value = model.value.copy()
    i = model.names.index("threshold_up_2")
    value[:, i] = [3.8e11, 4.0e11, 4.5e11]
    ax = spread_plots.plot_thresholds(type(model)(**vars(model) | {"value": value}))
    bars = {round(float(one.lines[0].get_xdata()[0]), 2): one for one in ax.containers}
    bar = bars[1.82]
    assert bar.lines[0].get_ydata()[0] == pytest.approx(4.1)
    (segment,) = bar.lines[2][0].get_segments()
    assert np.ptp(segment[:, 1]) == pytest.approx(2 * np.std([3.8, 4.0, 4.5], ddof=1))
    assert sorted(bars) == [0.82, 1.18, 1.82, 2.18, 2.82, 3.18], "upwards to the left, downwards to the right"
    shown = next(line for line in ax.lines if sorted(line.get_ydata()) == pytest.approx([3.8, 4.0, 4.5]))
    assert shown.get_xdata() == pytest.approx([1.72, 1.82, 1.92])


def test_thresholds_that_are_not_known_are_not_drawn():
    """Of three devices the counts tell the first and the last; no threshold of a ridge that none tells has a bar."""
    model = known_model(3)
    error = model.standard_error.copy()
    error[1, model.names.index("threshold_up_2")] = error[:, model.names.index("threshold_down_1")] = np.inf
    value = model.value.copy()
    value[:, model.names.index("threshold_up_2")] = [3.8e11, 9e11, 4.6e11]
    ax = spread_plots.plot_thresholds(type(model)(**vars(model) | {"value": value, "standard_error": error}))
    bars = {round(float(one.lines[0].get_xdata()[0]), 2): one.lines[0].get_ydata()[0] for one in ax.containers}
    assert sorted(bars) == [0.82, 1.82, 2.18, 2.82, 3.18] and bars[1.82] == pytest.approx(4.2)
    shown = next(line for line in ax.lines if sorted(line.get_ydata()) == pytest.approx([3.8, 4.6]))
    assert shown.get_xdata() == pytest.approx([1.72, 1.92])


def test_correlations_stand_in_their_cells():
    """Two parameters of one factor with loadings 0.3 and -0.4 and variances 0.07 and 0.09 beside it."""
    spread = Spread(
        names=("pace", "threshold_up_1"), log_mean=[0, 0], loading=[[0.3], [-0.4]], specific=[0.07, 0.09], devices=9
    )
    expected = -0.12 / np.sqrt(0.16 * 0.25)
    ax = spread_plots.plot_correlation(spread)
    np.testing.assert_allclose(ax.images[0].get_array(), [[1, expected], [expected, 1]])
    assert ax.images[0].get_clim() == (-1, 1)
    assert {t.get_position(): t.get_text() for t in ax.texts} == {
        (0, 0): "1",
        (1, 0): "-0.6",
        (0, 1): "-0.6",
        (1, 1): "1",
    }
    assert ax.get_title() == "correlation between devices: 1 factor"


# Phase diagrams and pulses


def test_regions_of_a_phase_diagram_have_their_step():
    """Three states; nanoseconds and 1e11 A/m^2; within the line moves are surer than nine in ten."""
    J = np.array([-3e11, -2e11, -1e11, 1e11, 2e11, 3e11])
    tau = np.geomspace(1e-9, 4e-9, 5)
    steps = np.repeat([-3.0, -1, 0, 0, 1, 3], 5).reshape(6, 5)
    probability = np.tile(np.linspace(0.8, 1.0, 5), (6, 1))
    table = table_of(np.ones((1, 1, 2, 2, 3, 4), int), (-3e11, 3e11), (1e-9, 4e-9))
    ax = phase_plots.plot_phase_diagram(PhaseDiagram(J, tau, steps, probability), table)
    words = sorted((round(t.get_position()[0]), t.get_text()) for t in ax.texts)
    assert words == [(-3, "lost"), (-2, "-1"), (-1, "0"), (1, "0"), (2, "+1"), (3, "lost")]
    contours = [c for c in ax.collections if hasattr(c, "levels")]
    assert [list(c.levels) for c in contours] == [[0.9], [0.9]]
    heights = contours[0].get_paths()[0].vertices[:, 1]
    assert heights == pytest.approx(np.full(heights.size, 2.0)), "half way from 0.8 to 1, which is 2 ns"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["1", "4"] and ax.get_yticks().tolist() == [1, 4]
    dots = ax.lines[-1]
    assert sorted(zip(dots.get_xdata(), dots.get_ydata(), strict=True)) == [(-3, 1), (-3, 4), (3, 1), (3, 4)]
    assert "surer than 90 %" in ax.get_title()


@pytest.mark.parametrize(
    ("p", "decimals", "text"),
    [(1.0, 1, "100"), (0.12345, 1, "12.3"), (0.12345, 0, "12"), (0.0004, 1, "<0.1"), (0.9996, 1, ">99.9"),
     (0.0006, 1, "0.1"), (0.004, 0, "<1"), (0.006, 0, "1"), (0.996, 0, ">99")],
)  # fmt: skip
def test_percents_are_never_rounded_to_certainty(p, decimals, text):
    assert transition_plots._percent(p, decimals=decimals) == text


def test_conductances_have_their_steps_and_spread_in_microsiemens():
    """1.0, 1.2 and 1.7 mS with spreads of 3, 6 and 9 uS."""
    table = table_of(np.ones((1, 1, 1, 1, 3, 4), int), (1e11,), (1e-9,))
    table = type(table)(
        **vars(table) | {"conductance": [1e-3, 1.2e-3, 1.7e-3], "conductance_std_ctoc": [3e-6, 6e-6, 9e-6]}
    )
    ax = transition_plots.plot_conductance_states(table)
    assert ax.get_title() == "step 350 µS on average, 200 to 500 µS"
    assert [text.get_text() for text in ax.texts] == ["+200 µS", "+500 µS"]
    assert [text.xy for text in ax.texts] == [pytest.approx((0.5, 1.1)), pytest.approx((1.5, 1.45))]
    assert r"thermal spread $\pm$6 µS" in ax.get_legend().get_texts()[0].get_text().replace("\n", " ")


def test_a_table_without_write_pulses_shows_its_strongest():
    table = table_of(np.ones((1, 1, 3, 2, 3, 4), int) * np.array([0, 0, 0, 1]), (-3e11, 1e11, 2e11), (1e-9, 2e-9))
    assert transition_plots._write_pulses(table, 0) == ((2, 0), (0, 0))


def test_axes_of_moves_say_where_currents_drive():
    """A torque of the other sign moves walls down with a positive current."""
    for sign, words in ((1, ("lower", "higher")), (-1, ("higher", "lower"))):
        counts = np.zeros((1, 1, 2, 1, 3, 4), int)
        for s in range(3):
            counts[0, 0, 0, 0, s, np.clip(s - sign, 0, 2)] = counts[0, 0, 1, 0, s, np.clip(s + sign, 0, 2)] = 10
        label = transition_plots.plot_move_probability(table_of(counts, (-1e11, 1e11), (1e-9,))).get_xlabel()
        assert label.startswith(f"to {words[0]} states") and label.endswith(f"to {words[1]} states")


def test_what_a_figure_shows_of_a_table_is_said():
    K = 3
    states = InstanceStates(present=np.ones((K, 2, 3)), position=np.ones((K, 2, 3)) * [1e-7, 2e-7, 3e-7],
                            conductance=np.ones((K, 2, 3)), conductance_std_ctoc=np.zeros((K, 2, 3)))  # fmt: skip
    table = table_of(np.ones((K, 2, 1, 1, 3, 4), int), (1e11,), (1e-9,), (300.0, 350.0), instance_states=states,
                     devices={"instance": [0, 1, 2]}, config={"name": "made"})  # fmt: skip
    assert table_view_text(table) == "made, 3 device instances together, 300 K"
    assert table_view_text(table, device=2, temperature=1) == "made, device instance 2 of 0 to 2, 350 K"
    assert table_view_text(table, nominal=True) == "made, nominal device, 300 K"
    single = table_of(np.ones((1, 1, 1, 1, 3, 4), int), (1e11,), (1e-9,), config={"name": "made"})
    assert table_view_text(single, device=0) == "made, 300 K"
