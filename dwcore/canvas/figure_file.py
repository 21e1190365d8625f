"""Figures as files: PNG, PDF or SVG, complete or absent."""

import io
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure, SubFigure

from dwcore.canvas.style import WIDTH, own_look
from dwcore.errors import InputError
from dwcore.storage.atomic import replacing

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
    with own_look(width), rc_context({"svg.hashsalt": "dwsynapse"}):
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


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
