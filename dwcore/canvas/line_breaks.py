"""Titles and labels of a figure, broken into lines where they are wider than their axes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_WORD = re.compile(r"(?:\\\$|\$[^$]*\$|[^\s$])+")
"""A formula stays whole, whatever blanks it holds."""
_COMMANDS = re.compile(r"\\[a-z]+|[${}^_]")


def literal(words: str) -> str:
    """Return names and words of a user for a figure: a dollar in them begins no formula."""
    return words.replace("$", r"\$")


def entitle(figure: Figure, words: str) -> None:
    """Put words above a figure and what it says there itself, and break its titles into lines that fit.

    A figure whose axes are placed by hand has its words in their titles, and gets no others.
    """
    if words and figure.get_layout_engine() is not None:
        figure.suptitle("\n".join(filter(None, (literal(words), figure.get_suptitle()))), fontsize="medium")
    break_titles(figure)


def break_titles(figure: Figure) -> None:
    """Break titles and labels of axes that are wider than the figure has room for, between words."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    width = figure.bbox.width
    for ax in figure.axes:
        box = ax.get_window_extent()
        middle = (box.x0 + box.x1) / 2
        room = min(2 * min(middle, width - middle), 0.95 * width / max(_beside(ax, figure), 1))
        for text in (ax.title, ax.xaxis.label):
            _break(text, text.get_window_extent().width / room)
        for left in ax.findobj(lambda one: one.get_gid() == "title"):
            if isinstance(left, Text):
                _break(left, left.get_window_extent().width / (width - box.x0))
        label = ax.yaxis.label
        _break(label, label.get_window_extent().height / max(ax.get_window_extent().height, 0.2 * width))
    for text in (one for one in figure.texts if one.get_text() == figure.get_suptitle()):
        _break(text, text.get_window_extent().width / (0.96 * width))


def _beside(ax: Axes, figure: Figure) -> int:
    """Return how many axes of a figure stand side by side at the height of one of them, colour bars apart."""
    box = ax.get_window_extent()
    others = [one.get_window_extent() for one in figure.axes if one.get_label() != "<colorbar>"]
    return sum(one.y0 < box.y1 and box.y0 < one.y1 for one in others)


def _break(text: Text, widths: float) -> None:
    """Break a text that is as wide as so many widths into lines of about one length."""
    words, lines = _WORD.findall(text.get_text()), math.ceil(widths)
    if lines < 2 or len(words) < 2 or "\n" in text.get_text():
        return
    sizes = [len(_COMMANDS.sub("", word)) + 1 for word in words]
    broken, length = words[0], sizes[0]
    for word, size in zip(words[1:], sizes[1:], strict=True):
        fits = length + size / 2 <= sum(sizes) / lines
        broken += (" " if fits else "\n") + word
        length = length + size if fits else size
    text.set_text(broken)
