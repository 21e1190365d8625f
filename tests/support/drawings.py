"""Figures as they are drawn, for tests of where things stand."""

import itertools

from matplotlib.backends.backend_agg import FigureCanvasAgg


def drawn(figure):
    """Return a figure after it was drawn, so that its texts and lines have places."""
    figure.set_dpi(100)
    FigureCanvasAgg(figure).draw()
    return figure


def overlapping(artists):
    """Return the pairs of artists that cover one another."""
    boxes = [artist.get_window_extent() for artist in artists]
    return [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlaps(pair[1])]
