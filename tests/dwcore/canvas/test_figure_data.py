"""What a figure shows comes out as the numbers that were drawn: curves with errors, bars, maps, marks, bands."""

import csv

import numpy as np
import pytest
from matplotlib.figure import Figure

from dwcore.canvas.figure_data import HEAD, figure_rows, save_figure_data


def rows_of(ax):
    return [row[3:] for row in figure_rows(ax.figure)]


def test_curves_are_named_numbered_and_have_their_errors():
    ax = Figure().subplots()
    ax.set(xlabel="x (nm)", ylabel="y (mT)")
    ax.plot([1, 2], [3, 5], label="law")
    ax.errorbar([1, 2], [4, 6], [0.5, 0.25], label="measured", capsize=3)
    ax.plot([7], [8])
    ax.axvline(3)  # spans the axes, not the data
    assert [row[:3] for row in figure_rows(ax.figure)] == [(1, "x (nm)", "y (mT)")] * 5
    assert rows_of(ax) == [
        ("law", 1, 3, "", ""), ("law", 2, 5, "", ""), ("measured", 1, 4, 0.5, ""), ("measured", 2, 6, 0.25, ""),
        ("curve 3", 7, 8, "", ""),
    ]  # fmt: skip


def test_bars_are_their_middles_and_tops():
    """Also those that stand on others."""
    ax = Figure().subplots()
    ax.bar([1, 2], [3, 4], width=0.5)
    ax.bar([1], [2], width=0.5, bottom=[3])
    assert rows_of(ax) == [("bar 1", 1, 3, "", ""), ("bar 2", 2, 4, "", ""), ("bar 3", 1, 5, "", "")]


@pytest.mark.parametrize("origin", ["upper", "lower"])
def test_cells_of_a_picture_are_at_their_middles(origin):
    ax = Figure().subplots()
    ax.imshow([[1, 2], [3, 4]], extent=(0, 20, 0, 2), origin=origin, aspect="auto")
    first, second = (1.5, 0.5) if origin == "upper" else (0.5, 1.5)
    assert rows_of(ax) == [
        ("map", 5, first, "", 1), ("map", 15, first, "", 2), ("map", 5, second, "", 3), ("map", 15, second, "", 4),
    ]  # fmt: skip


def test_cells_of_a_mesh_marks_and_bands():
    figure = Figure()
    mesh, marks, band = figure.subplots(1, 3)
    mesh.pcolormesh([0, 1, 3], [0, 2], [[5, 6]])
    marks.scatter([1, 2], [3, 4])
    band.fill_between([0, 1], [0, 0], [1, 2])
    found = list(figure_rows(figure))
    assert [row[0] for row in found[:4]] == [1, 1, 2, 2]
    assert [row[3:] for row in found[:4]] == [
        ("map", 0.5, 1, "", 5), ("map", 2, 1, "", 6), ("shape 1", 1, 3, "", ""), ("shape 1", 2, 4, "", ""),
    ]  # fmt: skip
    corners = {row[4:6] for row in found[4:]}
    assert {(0.0, 0.0), (1.0, 0.0), (1.0, 2.0), (0.0, 1.0)} <= corners


def test_the_file_has_a_head_and_one_row_each(tmp_path):
    figure = Figure()
    figure.subplots().plot([1e-9, 2e-9], [0.1, np.nan], label="a, b")
    save_figure_data(tmp_path / "a.csv", figure)
    with open(tmp_path / "a.csv", newline="") as stream:
        found = list(csv.reader(stream))
    assert tuple(found[0]) == HEAD
    assert found[1:] == [["1", "", "", "a, b", "1e-09", "0.1", "", ""], ["1", "", "", "a, b", "2e-09", "nan", "", ""]]
