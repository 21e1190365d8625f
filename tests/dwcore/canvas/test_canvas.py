"""Figures look alike on every machine, and a full disk names the file that it left no room for."""

import errno
import os

import pytest
from matplotlib import rc_context, rcParams
from matplotlib.figure import Figure

from dwcore.canvas.figure_file import figure_bytes, save_figure
from dwcore.canvas.style import own_look
from dwcore.errors import RunError
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
