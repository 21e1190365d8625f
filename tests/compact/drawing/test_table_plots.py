"""Figures of a transition table."""

import itertools

import numpy as np
import pytest
from drawings import drawn, overlapping
from fit_cases import table_of

from compact.drawing.transition_plots import (
    plot_conductance_states,
    plot_move_probability,
    plot_transition_matrix,
    transition_figure,
)
from compact.table.moves import move_probability
from compact.table.phase_diagram import phase_diagram
from dwcore.canvas.style import WIDTH, new_figure


def table(counts, current=(-7e11, -5e11, 5e11, 7e11), duration=(1e-9,)):
    """Table from counts of shape (A, D, S, S+1), K = 1, or (K, T, A, D, S, S+1)."""
    return table_of(counts[None, None] if counts.ndim == 4 else counts, current, duration)


def stepping_counts(S, shifts=(-1, 0, 0, 1), n_durations=1, n=100):
    """Every wall moves by the shift of its current, at most to the end of the track."""
    counts = np.zeros((len(shifts), n_durations, S, S + 1), np.int64)
    for (a, shift), state in itertools.product(enumerate(shifts), range(S)):
        counts[a, :, state, np.clip(state + shift, 0, S - 1)] = n
    return counts


@pytest.mark.parametrize("S", [2, 8, 16, 24])
def test_transition_matrix_shows_every_outcome_in_its_cell(S):
    counts = stepping_counts(S)
    counts[3, 0, 0, -1] = 7
    ax = plot_transition_matrix(table(counts), 3, 0)
    drawn(ax.figure)
    shown = ax.images[0].get_array()
    assert shown.shape == (S, S + 1)
    assert (shown.mask == (counts[3, 0] == 0)).all()
    if S > 20:
        assert not ax.texts
        return
    assert {text.get_position() for text in ax.texts} == {(c, r) for r, c in np.argwhere(counts[3, 0])}
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels[:-1] == [str(i) for i in range(S)]
    assert "left" in labels[-1]


@pytest.mark.parametrize(("S", "fine"), [(5, "0.1"), (16, "1")])
def test_transition_matrix_never_rounds_to_certainty(S, fine):
    counts = stepping_counts(S, n=100_000)
    counts[3, 0, 0, 0] = 3
    texts = {text.get_text() for text in plot_transition_matrix(table(counts), 3, 0).texts}
    assert texts == {"100", f"<{fine}", f">{100 - float(fine):g}"}


@pytest.mark.parametrize("S", [2, 5, 8, 16])
def test_transition_figure_compares_up_and_down_and_its_numbers_fit(S):
    counts = np.full((2, 1, S, S + 1), 13)
    figure = drawn(transition_figure(table(counts, current=(-7e11, 7e11))))
    up, down, bar = figure.axes
    assert up.get_title().startswith("up")
    assert down.get_title().startswith("down")
    assert "%" in bar.get_ylabel()
    assert not overlapping([*up.texts, *down.texts])
    assert not overlapping([up.title, down.title])
    for ax in (up, down):
        assert not overlapping([label for label in ax.get_xticklabels() if label.get_text()])


def test_transition_figure_takes_the_pulses_it_is_given():
    law = table(stepping_counts(3))
    chosen = [ax.get_title() for ax in transition_figure(law, ((2, 0), (1, 0))).axes[:2]]
    assert "+5" in chosen[0]
    assert "-5" in chosen[1]
    best = [ax.get_title() for ax in transition_figure(law).axes[:2]]
    assert "+7" in best[0]
    assert "-7" in best[1]


@pytest.mark.parametrize(("S", "moves"), [(2, 1), (3, 2), (16, 2)])
@pytest.mark.parametrize("durations", [(1e-9,), tuple(1e-9 * np.arange(1, 12))])
def test_move_probability_has_a_curve_per_duration_sign_and_reach(S, moves, durations):
    law = table(stepping_counts(S, n_durations=len(durations)), duration=durations)
    ax = plot_move_probability(law)
    drawn(ax.figure)
    assert len(ax.containers) == moves * len(durations) * 2
    entries = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(entries) == len(durations) + moves
    assert "1 ns" in entries
    assert not overlapping(ax.get_legend().get_texts())
    assert "10^{11}$ A/m" in ax.get_xlabel()
    assert "[1]" in ax.get_ylabel()


@pytest.mark.parametrize("to", [0, -1])
def test_nothing_that_moves_as_wanted_still_draws(to):
    counts = np.zeros((4, 1, 5, 6), np.int64)
    counts[..., to] = 10
    law = table(counts if to else stepping_counts(5, shifts=(0, 0, 0, 0)))
    drawn(transition_figure(law))
    ax = plot_move_probability(law)
    assert all(np.all(container.lines[0].get_ydata() == 0) for container in ax.containers)


def test_only_one_sign_of_current():
    law = table(stepping_counts(3, shifts=(1,)), current=(7e11,))
    assert len(plot_move_probability(law).containers) == 2


@pytest.mark.parametrize("S", [1, 2, 5, 16])
def test_conductance_shows_states_spread_and_step(S):
    law = table(stepping_counts(S))
    ax = plot_conductance_states(law)
    drawn(ax.figure)
    (points,) = ax.containers
    np.testing.assert_allclose(points.lines[0].get_ydata(), 1e3 * law.conductance)
    (segment, *_) = points.lines[2][0].get_segments()
    assert np.ptp(segment[:, 1]) == pytest.approx(2 * 3e-3)
    assert "(mS)" in ax.get_ylabel()
    assert ("step 200 µS" in ax.get_title()) == (S > 1)
    assert not overlapping([*ax.texts, ax.get_legend()])


def test_new_figures_are_as_wide_as_the_page():
    law = table(stepping_counts(5))
    figures = (transition_figure(law), plot_move_probability(law).figure)
    assert {figure.get_size_inches()[0] for figure in figures} == {WIDTH}


def test_given_axes_are_used():
    law = table(stepping_counts(5))
    ax = new_figure(3).subplots()
    for draw in (plot_move_probability, plot_conductance_states):
        assert draw(law, ax=ax) is ax
    assert plot_transition_matrix(law, 0, 0, ax=ax) is ax


def test_a_pulse_of_unknown_current_is_not_drawn_in_amperes_per_square_metre():
    from compact.drawing.drive_words import drive_axis, duration_text, table_pulse_text

    sign = {"current_density": "-1 and +1, the direction of the pulse only", "duration": "1, unknown"}
    assert table_pulse_text(sign, -1.0, 1.0) == "pulse -1"
    assert drive_axis(sign) == (1.0, "direction of the pulse")
    assert duration_text(sign, 1.0) == "duration unknown"
    volts = {"current_density": "the amplitude of the pulse in V"}
    assert table_pulse_text(volts, 0.5, 2e-9) == "+0.5 V for 2 ns"
    assert drive_axis(volts) == (1.0, "amplitude of the pulse (V)")
    assert "A/m$^2$ for 1 ns" in table_pulse_text({"energy_per_pulse": "zero, unknown"}, 7e11, 1e-9)
    assert drive_axis({})[0] == 1e11


def test_figures_show_the_mean_over_the_devices_or_the_one_that_was_chosen():
    """Two devices: the first always moves by one, the second in half of the trials."""
    counts = np.zeros((2, 1, 2, 1, 2, 3), dtype=np.uint64)
    counts[:, 0, :, 0, 0, 0], counts[:, 0, :, 0, 1, 1] = 100, 100
    counts[0, 0, 1, 0, 0], counts[1, 0, 1, 0, 0] = (0, 100, 0), (50, 50, 0)
    law = table(counts, current=(-7e11, 7e11))
    first, second = (law.probability[k, 0, 1, 0, 0, 1] for k in (0, 1))
    shown = plot_transition_matrix(law, 1, 0).images[0].get_array()
    assert shown[0, 1] == pytest.approx((first + second) / 2) and first > second + 0.4
    assert plot_transition_matrix(law, 1, 0, device=1).images[0].get_array()[0, 1] == pytest.approx(second)
    mean, error = move_probability(law, 1)
    each = [move_probability(law, 1, device=k) for k in (0, 1)]
    assert mean[0, 1, 0] == pytest.approx((each[0][0][0, 1, 0] + each[1][0][0, 1, 0]) / 2)
    assert error[0, 1, 0] == pytest.approx(np.hypot(each[0][1][0, 1, 0], each[1][1][0, 1, 0]) / 2)
    assert len([c for c in plot_move_probability(law).collections if c.get_alpha() == 0.15]) >= 1
    assert [c for c in plot_move_probability(law, device=0).collections if c.get_alpha() == 0.15] == []


@pytest.mark.parametrize("sign", [1, -1])
def test_phase_diagram_by_hand(sign):
    """The first device steps by one; the second, looked at three times as often, loses its walls. Torques of either sign."""
    steps = stepping_counts(3, shifts=(-sign, -sign, sign, sign), n_durations=2)
    lost = 3 * steps.sum(axis=-1, keepdims=True) * np.eye(4, dtype=np.int64)[3]
    law = table(np.stack([steps, lost])[:, None], duration=(1e-9, 4e-9))
    one, other, both = (phase_diagram(law, device=device) for device in (0, 1, None))
    up = np.sign(one.current_density) == sign
    assert np.all(one.steps == np.where(up, 1, -1)[:, None]) and np.all(one.probability > 0.99)
    assert np.all(both.steps == np.where(up, 3, -3)[:, None]) and both.probability == pytest.approx(0.75, abs=0.01)
    assert np.all(np.abs(other.steps) == 3) and other.probability == pytest.approx(1.0, abs=0.01)
    assert one.duration[1:] / one.duration[:-1] == pytest.approx(4 ** (1 / 31)), "even in its logarithm"
    assert np.all(np.diff(one.current_density) > 0) and np.abs(one.current_density).min() == 5e11, "none in the gap"


def test_phase_diagram_of_one_current_to_a_side_goes_through_the_gap():
    law = table(stepping_counts(3, (-1, 1, 1), n_durations=2), current=(-7e11, 5e11, 7e11), duration=(1e-9, 4e-9))
    found = phase_diagram(law, device=0).current_density
    assert np.diff(found) == pytest.approx(np.diff(found)[0]) and found[[0, -1]].tolist() == [-7e11, 7e11]


def test_phase_diagram_goes_on_from_no_current_to_the_positive_ones():
    law = table(
        stepping_counts(3, (-1, -1, 0, 1), n_durations=2), current=(-7e11, -5e11, 0.0, 7e11), duration=(1e-9, 4e-9)
    )
    found = phase_diagram(law, device=0).current_density
    assert not np.any((found > -5e11) & (found < 0)) and found[32:] == pytest.approx(np.linspace(0, 7e11, 32))


def test_phase_diagram_of_one_sign_of_the_current_is_as_fine_and_of_its_temperature():
    """Walls stay when it is cold and move on when it is warm."""
    counts = np.concatenate([stepping_counts(3, (shift, shift), n_durations=2)[None] for shift in (0, 1)])
    law = table_of(counts[None], (5e11, 7e11), (1e-9, 4e-9), temperature=(300.0, 400.0))
    cold, warm = (phase_diagram(law, temperature=t) for t in (0, 1))
    assert warm.current_density == pytest.approx(np.linspace(5e11, 7e11, 64))
    assert not cold.steps.any() and np.all(warm.steps == 1)
