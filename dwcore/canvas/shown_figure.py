"""A figure that a notebook shows when it ends a cell, though it was made without pyplot."""

import io

from matplotlib.figure import Figure

DPI = 100


class ShownFigure(Figure):
    """A figure with a picture of itself."""

    def _repr_png_(self) -> bytes:
        """Return the picture, as notebooks ask for it."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=DPI)
        return buffer.getvalue()
