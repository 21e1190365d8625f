"""Figures as files: PNG, PDF or SVG, complete or absent."""

import io
import logging
import re
import warnings
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure, SubFigure

from dwcore.canvas.style import NO_GLYPH, WIDTH, own_look
from dwcore.errors import InputError
from dwcore.storage.atomic import replacing

_log = logging.getLogger(__name__)
FORMATS = ("png", "pdf", "svg")
DPI, DPI_OF_PAPERS = 150, 300
"""Pixels per inch of figures for screens, and of those that are not as wide."""


def figure_format(path) -> str:
    """Return the format that the suffix of a path asks for.

    Raises:
        InputError: the suffix is none of `FORMATS`.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise InputError(f"{path}: the name of a figure must end in .png, .pdf or .svg")
    return suffix


def figure_bytes(figure: Figure, kind: str = "png") -> bytes:
    """Return the figure in one of `FORMATS`."""
    buffer = io.BytesIO()
    metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind)  # the same figure, the same bytes
    width = float(figure.get_figwidth())
    dpi = DPI if width >= WIDTH else DPI_OF_PAPERS
    with own_look(width), rc_context({"svg.hashsalt": "dwsynapse"}), warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", NO_GLYPH)
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    _tell(caught)
    return buffer.getvalue()


def _tell(caught: list[warnings.WarningMessage]) -> None:
    """Say in a line which letters the font lacks, and hand on all other warnings."""
    lacking: dict[str, str] = {}
    for one in caught:
        if found := re.fullmatch(NO_GLYPH, str(one.message)):
            lacking[chr(int(found[1]))] = found[2]
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if lacking:
        letters, fonts = "".join(lacking), ", ".join(dict.fromkeys(lacking.values()))
        _log.warning("the figure shows boxes in place of %s, which the font %s lacks", letters, fonts)


def save_figure(path, figure: Figure | SubFigure, *, force: bool = False) -> None:
    """Write a figure in the format that its suffix says.

    Raises:
        InputError: unknown suffix, not a whole figure, or the file exists and `force` is not set, or cannot be written.
    """
    kind = figure_format(path)
    if not isinstance(figure, Figure):
        raise InputError(f"{path}: a part of a figure cannot be written, only the whole")
    content = figure_bytes(figure, kind)
    with replacing(path, force=force) as temporary:
        temporary.write_bytes(content)
