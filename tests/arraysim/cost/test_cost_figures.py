"""Bars, points and pies of made-up chips: units, error bars, what is gathered, and where a bar ends."""

import types

import numpy as np
import pytest

from arraysim.cost.ledger import BLOCKS, PHASES, ChipCost
from arraysim.cost.merits import UNCERTAINTY
from arraysim.cost.sensitivity import Sensitivity
from arraysim.drawing import cost_plots as plots

ARRAYS, BUFFERS, LEAKAGE = (BLOCKS.index(name) for name in ("arrays", "buffers", "leakage"))


def chip(name="made", area=(3e-6, 1e-6, 0.02e-6), energy=(6e-9, 3e-9, 0.05e-9), latency=(4e-6, 2e-6, 0.0)):
    """Two layers and all phases share energy and time of three blocks alike."""
    books = np.zeros((3, len(BLOCKS)))
    for book, values in zip(books, (area, energy, latency), strict=True):
        book[[ARRAYS, BUFFERS, LEAKAGE]] = values
    share = np.full((2, 1, len(PHASES)), 1 / (2 * len(PHASES)))
    return ChipCost(name, ("a", "b"), books[0], share * books[1][:, None], share * books[2][:, None], {}, {})


@pytest.mark.parametrize(
    ("what", "largest", "unit", "scale"),
    [("area", 2e-6, "mm²", 1e6), ("area", 0.99e-6, "µm²", 1e12), ("energy", 1e-3, "mJ", 1e3),
     ("energy", 0.9e-3, "µJ", 1e6),
     ("energy", 5e-9, "nJ", 1e9), ("energy", 5e-14, "pJ", 1e12),
     ("latency", 2e-3, "ms", 1e3), ("latency", 2e-6, "µs", 1e6)],
)  # fmt: skip
def test_units_leave_a_digit_before_the_point(what, largest, unit, scale):
    assert plots._unit(what, largest)[1:] == (unit, scale)


def test_bars_are_blocks_and_blocks_too_small_are_one():
    """Leakage is 0.5 % of one bar and 2 % of the other: it stands for itself once a bar shows it."""
    ax = plots.plot_chips([chip(), chip("other", area=(0.9e-6, 0.09e-6, 0.01e-6))], what="area")
    shown = {
        bar.get_label(): [patch.get_width() for patch in bar]
        for bar in ax.containers
        if bar.get_label() in (*BLOCKS, "other")
    }
    assert shown["arrays"] == pytest.approx([3.0, 0.9]) and shown["buffers"] == pytest.approx([1.0, 0.09])
    assert shown["other"] == pytest.approx([0.02, 0.01]) and plots.SMALL == 0.015
    factor = UNCERTAINTY["area"]
    assert ax.get_xlabel() == f"area (mm²), error bars: a factor {factor:g}"
    (segments,) = [c.get_segments() for c in ax.collections if len(c.get_segments()) == 2]
    totals = [4.02, 1.0]
    assert [list(one[:, 0]) for one in segments] == [pytest.approx([t / factor, t * factor]) for t in totals]
    assert [text.get_text() for text in ax.texts] == ["4.02", "1"]
    assert ax.get_xlim()[1] == pytest.approx((factor + 0.14) * 4.02)
    visible = plots.plot_chips([chip(area=(3e-6, 1e-6, 0.08e-6))], what="area")
    assert {bar.get_label() for bar in visible.containers} >= {"leakage"}
    beside = plots.plot_chips([chip(area=(3e-6, 1e-6, 0.08e-6)), chip(area=(4e-6, 0, 0))], what="area")
    assert {bar.get_label() for bar in beside.containers} >= {"leakage"}, "one bar that shows it is enough"


def test_bars_of_phases_add_up_to_the_chip():
    """A quarter of 9.05 nJ in each phase, without error bars."""
    ax = plots.plot_phases(chip())
    widths = np.array([[patch.get_width() for patch in bar] for bar in ax.containers])
    assert (
        widths.sum(axis=0) == pytest.approx(np.full(len(PHASES), 9.05 / 4))
        and ax.get_xlabel() == "energy per image (nJ)"
    )
    assert len(widths[0]) == len(PHASES)


@pytest.mark.parametrize(("totals", "end"), [([1.0, 9.0], 9.0), ([1.0, 10.1], 1.0), ([5.0], 5.0), ([0.0, 3.0], 3.0)])
def test_a_bar_ten_times_as_long_as_the_next_one_runs_out(totals, end):
    assert plots._end(np.array(totals)) == end


def test_accuracy_stands_over_the_total_with_its_uncertainty():
    """In percent; others have the accuracy of the twin."""
    both = types.SimpleNamespace(
        chip=chip(), baselines={"one": chip("one", energy=(20e-9, 0, 0)), "two": chip("two", area=(8e-6, 0, 0))}
    )
    for what, totals in (("energy", [9.05, 20.0, 9.05]), ("area", [4.02, 4.02, 8.0])):
        ax = plots.plot_accuracy(both, {"on_chip": 0.9, "float32": 0.97}, what=what)
        marks = [bar.lines[0] for bar in ax.containers]
        assert [line.get_xdata()[0] for line in marks] == pytest.approx(totals)
        assert [line.get_ydata()[0] for line in marks] == pytest.approx([90, 97, 97])
        (ends,) = ax.containers[0].lines[2][0].get_segments()
        assert ends[:, 0] == pytest.approx([totals[0] / UNCERTAINTY[what], totals[0] * UNCERTAINTY[what]])
    assert len(plots.plot_accuracy(both, {"on_chip": 0.9}).containers) == 1


def test_a_pie_has_shares_in_percent():
    """6, 3 and 0.05 of 9.05: the last is gathered and has no number."""
    ax = plots.plot_share(chip())
    assert [text.get_text() for text in ax.texts] == ["66%", "33%", ""]
    assert ax.get_title() == "energy per image: 9.05 nJ"
    angles = [(patch.theta2 - patch.theta1) / 360 for patch in ax.patches]
    assert angles == pytest.approx([6 / 9.05, 3 / 9.05, 0.05 / 9.05], rel=1e-4)


def test_a_tornado_has_the_strongest_assumption_on_top():
    """Bars reach from the ratio as assumed to those under the two values; a halving swings as much as a doubling."""

    def one(name, low, high):
        return Sensitivity(
            name=name, kind="k", low="a", high="b", low_ratios={"energy": low}, high_ratios={"energy": high}
        )

    found = [one("weak", 1.9, 2.2), one("strong", 1.0, 3.0), one("down", 2.0, 0.8)]
    ax = plots.plot_tornado(({"energy": 2.0}, found), most=2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["strong: a | b", "down: a | b"]
    assert [(patch.get_x(), patch.get_width()) for patch in ax.patches] == [
        pytest.approx(pair) for pair in ((2.0, -1.0), (2.0, 1.0), (2.0, 0.0), (2.0, -1.2))
    ]
    assert ax.lines[0].get_xdata()[0] == 2.0
