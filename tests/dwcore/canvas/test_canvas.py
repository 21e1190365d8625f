"""Figures look alike on every machine, and a full disk names the file that it left no room for."""

import errno
import io
import os
import warnings

import matplotlib.image
import pytest
from matplotlib import rc_context, rcParams
from matplotlib.figure import Figure

from dwcore.canvas.figure_file import figure_bytes, save_figure
from dwcore.canvas.line_breaks import break_titles
from dwcore.canvas.movie_file import save_movie
from dwcore.canvas.style import (
    COLUMN,
    PAGE,
    WIDTH,
    axes_or_new,
    figure_of,
    is_narrow,
    legend_beside,
    new_figure,
    own_look,
    panels,
)
from dwcore.errors import InputError, RunError
from dwcore.storage.atomic import replacing

THEIRS = {"text.usetex": True, "lines.linewidth": 7, "axes.facecolor": "red", "savefig.dpi": 10}


def drawn() -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([1, 2])
    return figure


def test_settings_of_the_machine_change_no_figure():
    plain = figure_bytes(drawn())
    with rc_context(THEIRS):
        with own_look():
            figure = drawn()
        assert rcParams["lines.linewidth"] == 7
        assert figure_bytes(figure) == plain
    with rc_context({"axes.facecolor": "red"}):
        assert figure_bytes(drawn()) != plain  # drawn in their look


def test_a_pdf_embeds_truetype_fonts():
    content = figure_bytes(drawn(), "pdf")
    assert b"/Type3" not in content and b"/FontFile2" in content


def shown(width: float, title: str) -> Figure:
    """A figure of a curve, as wide as a screen, a page or a column."""
    with own_look(width):
        ax = axes_or_new(None, 4.0)
        ax.plot([0, 1], [0, 1], label="a curve")
        ax.set(title=title, xlabel="x", ylabel="y")
        figure = figure_of(ax)
        break_titles(figure)
    return figure


@pytest.mark.parametrize("width, pixels, points", [(WIDTH, 1320, 10.0), (PAGE, 2100, 9.0), (COLUMN, 1020, 8.0)])
def test_figures_of_papers_have_their_width_and_fonts(width, pixels, points):
    figure = shown(width, "short")
    height, wide, _ = matplotlib.image.imread(io.BytesIO(figure_bytes(figure))).shape
    assert wide == pixels and 0.4 < height / wide < 0.9
    assert figure.axes[0].xaxis.label.get_fontsize() == points
    with own_look(width):
        assert figure.axes[0].get_xticklabels()[0].get_fontsize() == points


def test_the_width_ends_with_the_look():
    with own_look(COLUMN):
        assert is_narrow() and new_figure(4.0).get_figwidth() == COLUMN
        with own_look(PAGE):
            assert not is_narrow()
        assert is_narrow()
    assert not is_narrow() and new_figure(4.0).get_figwidth() == WIDTH


def test_long_titles_are_broken_between_words_and_formulas_stay_whole():
    words = r"a title of many words with a current density of $7\times 10^{11}$ A/m$^2$ for 1 ns at room temperature"
    for width, least in ((WIDTH, 1), (COLUMN, 2)):
        figure = shown(width, words)
        lines = figure.axes[0].get_title().split("\n")
        assert len(lines) >= least and " ".join(lines) == words
        assert all(line.count("$") % 2 == 0 for line in lines)
        with own_look(width):
            figure.draw_without_rendering()
        box = figure.axes[0].title.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width


def test_letters_that_the_font_lacks_are_said_in_one_line(caplog, tmp_path):
    """However often they are drawn; other warnings stay what they are."""
    with warnings.catch_warnings(action="error"), own_look():
        figure = new_figure(height=4.0)
        figure.subplots().set(title="磁壁 of 磁 nm", xlabel="壁")
        break_titles(figure)
        save_figure(tmp_path / "a.png", figure)
    assert caplog.messages == ["the figure shows boxes in place of 壁磁, which the font DejaVu Sans lacks"]

    def warn(*args, **named):
        warnings.warn("another one", stacklevel=2)

    figure.savefig = warn
    with pytest.warns(UserWarning, match="another one"):
        figure_bytes(figure)


def test_panels_stand_side_by_side_on_screens_and_above_one_another_in_a_column():
    left, right = panels(4.0, 2)
    assert left.get_position().y0 == right.get_position().y0
    with own_look(COLUMN):
        upper, lower = panels(4.0, 2)
    assert upper.get_position().x0 == lower.get_position().x0 and upper.get_position().y0 > lower.get_position().y0


def test_a_legend_in_a_column_names_few_of_many_curves():
    for width, named in ((WIDTH, 32), (COLUMN, 11)):
        with own_look(width):
            ax = axes_or_new(None)
            for number in range(32):
                ax.plot([0, 1], [number, number], label=str(number))
            legend_beside(ax, series=True)
        legend = ax.get_legend() or figure_of(ax).legends[0]
        assert len(legend.get_texts()) == named


def test_a_legend_in_a_column_has_as_many_columns_as_fit():
    for words, columns in (
        ("short", 3),
        ("a name of some length", 2),
        ("a name that is longer than half of a column", 1),
    ):
        with own_look(COLUMN):
            ax = axes_or_new(None, 4.0)
            for number in range(6):
                ax.plot([0, number], label=f"{words} {number}")
            legend_beside(ax)
            (legend,) = figure_of(ax).legends
            assert legend._ncols == columns
            assert legend.get_window_extent().width < figure_of(ax).bbox.width


def test_panels_of_a_column_share_one_legend():
    with own_look(COLUMN):
        for ax, names in zip(panels(3.0, 2), (("a", "b"), ("b", "c")), strict=True):
            for name in names:
                ax.plot([0, 1], [0, 1], label=name)
            legend_beside(ax)
        (legend,) = figure_of(ax).legends
        assert sorted(text.get_text() for text in legend.get_texts()) == ["a", "b", "c"]


def test_a_notebook_shows_figures_though_they_are_made_without_pyplot():
    picture = new_figure(3.0)._repr_png_()
    assert picture.startswith(b"\x89PNG")
    assert matplotlib.image.imread(io.BytesIO(picture)).shape[:2] == (300, 880)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_names_the_file(tmp_path, number):
    with (
        pytest.raises(RunError, match=r"figure\.png could not be written: \w+"),
        replacing(tmp_path / "figure.png"),
    ):
        raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_other_faults_keep_their_own_words(tmp_path):
    with pytest.raises(PermissionError, match="elsewhere"), replacing(tmp_path / "figure.png"):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "elsewhere")
    save_figure(tmp_path / "figure.png", drawn())
    assert [path.name for path in tmp_path.iterdir()] == ["figure.png"]


def test_what_is_no_whole_figure_or_movie_is_refused(tmp_path):
    part, _ = Figure(figsize=(2, 1)).subfigures(2)
    with pytest.raises(InputError, match=r"a\.png: a part of a figure cannot be written, only the whole"):
        save_figure(tmp_path / "a.png", part)
    with pytest.raises(InputError, match=r"a\.png: the name of an animation must end in \.gif or \.mp4"):
        save_movie(tmp_path / "a.png", [])
    assert not os.listdir(tmp_path)
